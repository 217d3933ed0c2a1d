//! Taking one file up from disk: never through a symlink, never a pipe or a device, never more than the limit, and only
//! when it did not change meanwhile.

use crate::board::Timestamp;
use crate::folder::context::tree;
use sha2::{Digest, Sha256};
use std::fs::Metadata;
use std::io::{self, Read};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::Path;

/// Largest file, in bytes, that is hashed when it is over its limit anyway, so that it can be moved to the rejected ones. A
/// larger one is left where it is.
pub(super) const HASHED_BYTES_MAX: u64 = 64 << 20;

/// What tells whether a file is still the same: its inode, size and times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    pub(super) inode: u64,
    pub(super) size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Stamp {
    pub(super) fn of(meta: &Metadata) -> Self {
        Self {
            inode: meta.ino(),
            size: meta.size(),
            modified: (meta.mtime(), meta.mtime_nsec()),
            changed: (meta.ctime(), meta.ctime_nsec()),
        }
    }

    /// When the file was last written, moved or linked: unlike the time of its content, nobody sets this one by hand.
    pub(super) fn given(&self) -> Timestamp {
        let (seconds, nanos) = self.changed;
        Timestamp(seconds.saturating_mul(1000).saturating_add(nanos / 1_000_000))
    }

    /// Whether the content cannot have changed between two looks.
    pub(super) fn same_content(&self, other: &Self) -> bool {
        (self.inode, self.size, self.modified) == (other.inode, other.size, other.modified)
    }
}

/// What stands at a path.
#[derive(Debug)]
pub(super) enum Picked {
    /// Nothing, or a folder.
    Nothing,
    /// A regular file, unchanged while it was read.
    Whole(Vec<u8>, Stamp),
    /// A regular file over the limit.
    Large(Stamp),
    /// A regular file that changed while it was read.
    Changing(Stamp),
    /// Something that is not read, and why, as the end of a sentence.
    Not(&'static str, Stamp),
    /// Reading it failed.
    Unreadable(io::Error, Option<Stamp>),
}

/// Where a path stands now, itself and not what it points to.
pub(super) fn stamp(path: &Path) -> Option<Stamp> {
    path.symlink_metadata().ok().map(|meta| Stamp::of(&meta))
}

/// Takes a file up.
pub(super) fn pick(path: &Path, bytes_max: usize) -> Picked {
    let meta = match path.symlink_metadata() {
        Ok(meta) => meta,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Picked::Nothing,
        Err(error) => return Picked::Unreadable(error, None),
    };
    let (kind, before) = (meta.file_type(), Stamp::of(&meta));
    // Asked before opening: opening a pipe or a device can wait for ever or do something.
    if kind.is_dir() {
        return Picked::Nothing;
    }
    if kind.is_symlink() {
        return Picked::Not("is a symlink", before);
    }
    if kind.is_fifo() || kind.is_socket() || !kind.is_file() {
        return Picked::Not("is a pipe, a socket or a device", before);
    }
    if before.size > bytes_max as u64 {
        return Picked::Large(before);
    }
    match read(path, bytes_max) {
        Ok((bytes, after)) if after.same_content(&before) && bytes.len() as u64 == after.size => {
            Picked::Whole(bytes, after)
        }
        Ok((_, after)) => Picked::Changing(after),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Picked::Nothing,
        Err(error) => Picked::Unreadable(error, Some(before)),
    }
}

fn read(path: &Path, bytes_max: usize) -> io::Result<(Vec<u8>, Stamp)> {
    let mut file = tree::open(path, false)?;
    let known = file.metadata()?;
    if !known.is_file() {
        return Err(io::Error::other("it is no longer a regular file"));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(known.len()).unwrap_or(0).min(bytes_max));
    Read::by_ref(&mut file).take(bytes_max as u64 + 1).read_to_end(&mut bytes)?;
    Ok((bytes, Stamp::of(&file.metadata()?)))
}

/// SHA-256 of bytes, lower-case hex.
pub(super) fn hash(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(64), |mut text, byte| {
        let _infallible = write!(text, "{byte:02x}");
        text
    })
}

/// What tells a dropped file from another of its name: SHA-256 of its bytes, lower-case hex, read in pieces.
///
/// # Errors
/// The file is gone, is no regular file, or cannot be read.
pub fn fingerprint(path: &Path) -> io::Result<String> {
    if !path.symlink_metadata()?.is_file() {
        return Err(io::Error::other("not a regular file"));
    }
    let mut file = tree::open(path, false)?;
    let bytes = usize::try_from(file.metadata()?.len()).unwrap_or(usize::MAX);
    let (mut sum, mut buffer) = (Sha256::new(), vec![0; bytes.clamp(1, 64 << 10)]);
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(hex(&sum.finalize())),
            count => sum.update(&buffer[..count]),
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot go on should end where it stands")]
mod tests {
    use super::*;

    #[test]
    fn the_fingerprint_of_a_file_is_the_hash_of_its_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        std::fs::write(&path, "abc").unwrap();
        assert_eq!(fingerprint(&path).unwrap(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!(fingerprint(&path).unwrap(), hash(b"abc"));
    }

    #[test]
    fn a_file_over_the_limit_is_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        std::fs::File::create(&path).unwrap().set_len(1 << 40).unwrap();
        assert!(matches!(pick(&path, 10), Picked::Large(_)));
    }

    #[test]
    fn only_regular_files_are_opened() {
        let folder = tempfile::tempdir().unwrap();
        let (pipe, link) = (folder.path().join("pipe"), folder.path().join("link"));
        rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, rustix::fs::Mode::RUSR, 0).unwrap();
        std::os::unix::fs::symlink("/etc/passwd", &link).unwrap();
        assert!(matches!(pick(&pipe, 10), Picked::Not(..)));
        assert!(matches!(pick(&link, 10), Picked::Not(..)));
        assert!(matches!(pick(folder.path(), 10), Picked::Nothing));
        assert!(matches!(pick(&folder.path().join("none"), 10), Picked::Nothing));
    }
}
