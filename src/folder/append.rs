//! Files that only grow, in which every entry stands exactly once whatever crashed. What an entry looks like is the
//! business of a [`Form`]; here is how the end is found again and how a torn end is completed.
//!
//! The rule: an entry carries the journal number of the event that made it. What is already there is skipped by number;
//! of the entries of the last number as many are skipped as stand in the file, for one event may make several. A torn
//! end that is the beginning of what comes next is completed; any other end is a person's text and stays.

use super::error::Error;
use crate::board::Seq;
use rustix::fs::{Mode, OFlags};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::fd::BorrowedFd;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// How much of a file's end is looked at first, in bytes; more only when no whole entry stands in it.
const WINDOW_BYTES: u64 = 128 << 10;

/// The highest number that is taken for a journal's: what JSON readers still tell apart.
const NUMBER_MAX: u64 = 1 << 53;

/// What is known about a file's end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Standing {
    /// The number of the last whole entry; 0: none.
    pub(crate) last: u64,
    /// How many entries of that number stand at the end.
    pub(crate) same: usize,
    /// What the next entry must know of the last one (its hash), or nothing.
    pub(crate) link: String,
    /// Where in the bytes looked at the last whole entry ends.
    pub(crate) end: usize,
    /// Whether an entry of another number was seen before those: then `same` is sure.
    pub(crate) bounded: bool,
}

/// How the entries of one file look.
pub(crate) trait Form {
    /// What an entry is made from.
    type Item: ?Sized;
    /// What an empty file begins with.
    fn opening(&self) -> &str;
    /// What stands behind every entry.
    fn closing(&self) -> &str;
    /// Finds the end in the last bytes of the file, which begin at the start of a line.
    fn find_end(&self, bytes: &[u8]) -> Standing;
    /// An entry's bytes, and what the one after it must know of it.
    fn entry(&self, seq: Seq, item: &Self::Item, link: &str) -> (String, String);
    /// Whether an end that can be no one's but a torn entry of ours is cut off.
    fn is_torn(&self, end: &[u8]) -> bool;
}

/// A file as it was left, so that its end need not be read again.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Left {
    device: u64,
    inode: u64,
    bytes: u64,
    standing: Standing,
}

/// One growing file.
#[derive(Debug)]
pub(crate) struct AppendFile<F> {
    form: F,
    name: &'static str,
    left: Option<Left>,
    /// The highest number found at first or handed over since.
    highest: Option<u64>,
}

impl<F: Form> AppendFile<F> {
    /// A file `name` of entries in `form`; nothing is opened yet.
    pub(crate) fn new(form: F, name: &'static str) -> Self {
        Self { form, name, left: None, highest: None }
    }

    /// Forgets how the file was left, so that its end is read again.
    pub(crate) fn forget(&mut self) {
        self.left = None;
    }

    /// The number of the last whole entry that stands in the file; 0 when there is none, or one that no journal reaches.
    pub(crate) fn last_number(&self, folder: BorrowedFd<'_>, shown: &Path) -> Result<u64, Error> {
        let path = shown.join(self.name);
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let mut file = match rustix::fs::openat(folder, self.name, flags, Mode::empty()) {
            Ok(file) => File::from(file),
            Err(rustix::io::Errno::NOENT) => return Ok(0),
            Err(error) => return Err(Error::io(&path, "open", error)),
        };
        let (standing, _) = self.read_end(&mut file).map_err(|error| Error::io(&path, "read", error))?;
        Ok(if standing.last <= NUMBER_MAX { standing.last } else { 0 })
    }

    /// Appends those of `items` that do not stand yet, in one write. `folder` is `shown` in errors.
    pub(crate) fn append(
        &mut self,
        folder: BorrowedFd<'_>,
        shown: &Path,
        items: &[(Seq, &F::Item)],
    ) -> Result<(), Error> {
        if items.is_empty() {
            return Ok(());
        }
        let path = shown.join(self.name);
        let known = self.left.take();
        let flags = OFlags::RDWR | OFlags::APPEND | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let opened = rustix::fs::openat(folder, self.name, flags, Mode::from_raw_mode(0o666));
        let mut file = File::from(opened.map_err(|error| Error::io(&path, "open", error))?);
        let io = |error| Error::io(&path, "append to", error);
        let meta = file.metadata().map_err(io)?;
        let same = |left: &Left| (left.device, left.inode, left.bytes) == (meta.dev(), meta.ino(), meta.len());
        let (standing, end) = match known.filter(same) {
            Some(left) => (left.standing, self.form.closing().as_bytes().to_vec()),
            None => self.read_end(&mut file).map_err(io)?,
        };
        let fresh = standing.last == 0;
        let standing = self.ours(standing, items);
        let (text, standing) = self.next(items, standing);
        let closing = self.form.closing().as_bytes();
        if text.is_empty() && (fresh || !closing.starts_with(solid(&end))) {
            return Ok(());
        }
        let mut bytes = meta.len();
        if !text.is_empty() || end != closing {
            let (keep, piece) = self.joined(&end, fresh, &text);
            bytes -= (end.len() - keep) as u64;
            if bytes < meta.len() {
                file.set_len(bytes).map_err(io)?;
            }
            file.write_all(&piece).map_err(io)?;
            bytes += piece.len() as u64;
        }
        self.left = Some(Left { device: meta.dev(), inode: meta.ino(), bytes, standing });
        Ok(())
    }

    /// Flushes what was appended, and the file's name in its folder.
    pub(crate) fn sync(&self, folder: BorrowedFd<'_>, shown: &Path) -> Result<(), Error> {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let opened = rustix::fs::openat(folder, self.name, flags, Mode::empty());
        let synced = opened.and_then(|file| rustix::fs::fdatasync(&file)).and_then(|()| rustix::fs::fsync(folder));
        synced.map_err(|error| Error::io(&shown.join(self.name), "flush", error))
    }

    /// The standing without an end that cannot be ours: while this file is open nobody else numbers entries, so one beyond
    /// all that were found or handed over was put there by somebody else, and must not make the log fall silent. Only its
    /// link counts then.
    fn ours(&mut self, standing: Standing, items: &[(Seq, &F::Item)]) -> Standing {
        let highest = self.highest.unwrap_or(standing.last.min(NUMBER_MAX));
        let newest = items.last().map_or(0, |(seq, _)| seq.0);
        self.highest = Some(highest.max(newest));
        if standing.last > highest.max(newest) { Standing { last: 0, same: 0, ..standing } } else { standing }
    }

    /// The entries that do not stand yet, as text, and the standing once they do.
    fn next(&self, items: &[(Seq, &F::Item)], mut standing: Standing) -> (String, Standing) {
        let (last, mut skip) = (standing.last, standing.same);
        let mut text = String::new();
        for (seq, item) in items {
            if seq.0 < last {
                continue;
            }
            if seq.0 == last && skip > 0 {
                skip -= 1;
                continue;
            }
            let (entry, link) = self.form.entry(*seq, item, &standing.link);
            text.push_str(&entry);
            text.push_str(self.form.closing());
            standing.same = if standing.last == seq.0 { standing.same + 1 } else { 1 };
            standing.last = seq.0;
            standing.link = link;
        }
        (text, standing)
    }

    /// How many bytes of the present end stay (`end` is everything behind the last whole entry), and what is written after
    /// them so that `text` follows.
    fn joined(&self, end: &[u8], fresh: bool, text: &str) -> (usize, Vec<u8>) {
        let closing = self.form.closing();
        let lead = if fresh { self.form.opening() } else { closing };
        let want = [lead.as_bytes(), text.as_bytes()].concat();
        let mut end = solid(end);
        if let Some(rest) = want.strip_prefix(end) {
            return (end.len(), rest.to_vec());
        }
        let line = end.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        if self.form.is_torn(&end[line..]) {
            end = &end[..line];
        }
        let paragraphs = closing.ends_with("\n\n");
        let gap = match end {
            [] | [.., b'\n', b'\n'] => "",
            [.., b'\n'] if paragraphs => "\n",
            [.., b'\n'] => "",
            _ if paragraphs => "\n\n",
            _ => "\n",
        };
        (end.len(), [gap.as_bytes(), text.as_bytes()].concat())
    }

    /// Reads the file's end: how it stands, and the bytes behind the last whole entry.
    fn read_end(&self, file: &mut File) -> std::io::Result<(Standing, Vec<u8>)> {
        let length = file.metadata()?.len();
        let mut window = WINDOW_BYTES;
        loop {
            let from = length.saturating_sub(window);
            let mut bytes = Vec::with_capacity(usize::try_from(length - from).unwrap_or(0));
            file.seek(SeekFrom::Start(from))?;
            file.take(length - from).read_to_end(&mut bytes)?;
            // A window that begins within a line begins with its next line.
            let skip = if from == 0 {
                0
            } else {
                bytes.iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |at| at + 1)
            };
            let standing = self.form.find_end(&bytes[skip..]);
            if from == 0 || (standing.last > 0 && standing.bounded) {
                let end = bytes.split_off(skip + standing.end);
                return Ok((standing, end));
            }
            window *= 4;
        }
    }
}

/// The bytes without zeros at their end: a power cut may leave those where data was to come, and no one writes them on purpose.
fn solid(bytes: &[u8]) -> &[u8] {
    &bytes[..bytes.iter().rposition(|byte| *byte != 0).map_or(0, |at| at + 1)]
}
