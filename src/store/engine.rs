//! sled behind five verbs: open, get, page, commit, close. The only file that names it. Every call into it runs where a panic
//! becomes an error, and a commit has reached the medium when it returns.
//!
//! sled's own `flush` writes the data but not the file's length, so a power cut can lose what it acknowledged; `commit` syncs
//! the file itself afterwards. Only this file flushes, from one thread: `flush_async` hangs with seven waiters.

use super::error::{Error, is_full};
use super::medium;
use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What a batch does: a value to store under each key, or `None` to remove it.
pub(super) type Ops = BTreeMap<Vec<u8>, Option<Vec<u8>>>;

/// A key and its value.
pub(super) type Pair = (Vec<u8>, Vec<u8>);

/// sled's cache, in bytes. Only the live journal is read often; everything else is read once.
const CACHE_BYTES: u64 = 4 * 1024 * 1024;

/// sled's own journal file inside the store folder.
pub(super) const DB_FILE: &str = "db";

/// How sled cuts its file. It stands in the settings beside the file; another number there only makes commits slower.
const SEGMENT_BYTES: u64 = 512 * 1024;

/// What is put where nothing stands.
static ZEROS: [u8; 64 * 1024] = [0; 64 * 1024];

/// A lock that the process itself still holds for a moment after closing is waited for this long in all.
const LOCK_TRIES: u32 = 21;
const LOCK_PAUSE: Duration = Duration::from_millis(50);

/// How many pairs one read brings at most.
const PAGE_PAIRS: usize = 64;

/// An open sled database.
pub(super) struct Engine {
    folder: PathBuf,
    /// `None` after a failure, until it has been opened again.
    open: Option<Handles>,
    /// Set once a sync has failed; from then on nothing may be believed.
    medium_failed: Option<String>,
}

struct Handles {
    db: sled::Db,
    /// The same file that sled writes, for the sync that sled does not do.
    file: File,
}

/// In which order a range is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// Smallest key first.
    Up,
    /// Largest key first.
    Down,
}

impl Engine {
    /// Opens the database in `folder`; sled makes what is missing. A held lock is waited for, for a second. Also returns the
    /// leftovers of a crash that were removed.
    pub(super) fn open(folder: &Path) -> Result<(Self, Vec<PathBuf>), Error> {
        let removed = if folder.exists() { medium::clear_leftovers(folder)? } else { Vec::new() };
        let open = Some(open_handles(folder)?);
        Ok((Self { folder: folder.to_owned(), open, medium_failed: None }, removed))
    }

    /// The store folder.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The value of a key.
    pub(super) fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Error> {
        let db = &self.handles()?.db;
        self.guarded("reading", || Ok(db.get(key)?.map(|value| value.to_vec())))
    }

    /// Up to a page of the pairs from `from` (with it) to `to` (without it). A shorter page than [`Self::page_pairs`] is the last.
    pub(super) fn page(&self, from: &[u8], to: &[u8], order: Order) -> Result<Vec<Pair>, Error> {
        let db = &self.handles()?.db;
        let pair =
            |pair: sled::Result<(sled::IVec, sled::IVec)>| pair.map(|(key, value)| (key.to_vec(), value.to_vec()));
        self.guarded("reading", || {
            let range = db.range(from..to);
            match order {
                Order::Up => range.take(PAGE_PAIRS).map(pair).collect(),
                Order::Down => range.rev().take(PAGE_PAIRS).map(pair).collect(),
            }
        })
    }

    /// How many pairs a page has that is not the last.
    pub(super) fn page_pairs() -> usize {
        PAGE_PAIRS
    }

    /// Stores all of `ops` or none of them, and returns when they are on the medium. After an error they may or may not be
    /// there; the next commit opens the database again first.
    pub(super) fn commit(&mut self, ops: &Ops) -> Result<(), Error> {
        if let Some(why) = &self.medium_failed {
            return Err(Error::MediumFailed { path: self.folder.clone(), why: why.clone() });
        }
        if self.open.is_none() {
            medium::clear_leftovers(&self.folder)?;
            self.open = Some(open_handles(&self.folder)?);
        }
        let written = self.write(ops);
        if written.is_err() {
            // sled answers every later call with the first failure; only a new start of it clears that.
            self.open = None;
            return written;
        }
        self.lengthen();
        self.sync()
    }

    /// Gives the segment that sled has begun at the end of the file its whole length, in zeros, which is what sled itself puts
    /// where nothing stands. A sync must else bring the file's new length and block to the medium with every commit, through
    /// the file system's own journal, together with whatever others have written meanwhile. sled writes nothing at this
    /// moment: only a commit makes it write, and it has returned. What cannot be written only costs time later.
    fn lengthen(&self) {
        let Some(Handles { file, .. }) = &self.open else { return };
        let Ok(length) = file.metadata().map(|meta| meta.len()) else { return };
        let end = length.next_multiple_of(SEGMENT_BYTES);
        let mut at = length;
        while at < end {
            let piece = usize::try_from(end - at).unwrap_or(usize::MAX).min(ZEROS.len());
            if file.write_all_at(&ZEROS[..piece], at).is_err() {
                return;
            }
            at += piece as u64;
        }
    }

    fn write(&self, ops: &Ops) -> Result<(), Error> {
        let db = &self.handles()?.db;
        let mut batch = sled::Batch::default();
        for (key, value) in ops {
            match value {
                Some(value) => batch.insert(key.as_slice(), value.as_slice()),
                None => batch.remove(key.as_slice()),
            }
        }
        self.guarded("writing", || {
            db.apply_batch(batch)?;
            db.flush().map(|_bytes| ())
        })
    }

    /// Makes what was written durable. A failed sync may have thrown the data away while the system still shows it, so it is
    /// never tried again.
    fn sync(&mut self) -> Result<(), Error> {
        let Err(error) = self.handles()?.file.sync_data() else { return Ok(()) };
        self.medium_failed = Some(error.to_string());
        Err(Error::MediumFailed { path: self.folder.clone(), why: error.to_string() })
    }

    fn handles(&self) -> Result<&Handles, Error> {
        self.open.as_ref().ok_or_else(|| Error::Io {
            doing: "reading",
            path: self.folder.clone(),
            source: std::io::Error::other("the store is closed after a failed write until a write succeeds"),
        })
    }

    fn guarded<T>(&self, doing: &'static str, call: impl FnOnce() -> sled::Result<T>) -> Result<T, Error> {
        match caught(call) {
            Ok(value) => Ok(value),
            Err(Failure::Sled(sled::Error::Io(source))) => Err(Error::io(doing, &self.folder, source)),
            Err(failure) => {
                Err(Error::Damaged { what: "the journal".to_owned(), path: self.folder.clone(), why: failure.text() })
            }
        }
    }
}

/// How a call into sled failed.
enum Failure {
    Sled(sled::Error),
    Panic(String),
}

impl Failure {
    fn text(&self) -> String {
        match self {
            Self::Sled(sled::Error::Corruption { at, .. }) => match at {
                Some(place) => format!("the storage engine reads corrupt data at {place:?}"),
                None => "the storage engine reads corrupt data".to_owned(),
            },
            Self::Sled(error) => format!("the storage engine says: {error}"),
            Self::Panic(message) => message.clone(),
        }
    }
}

/// Runs a call into sled so that a panic in it is a value. sled is not used again after one without being opened anew, or only
/// read, so what the panic left half done is not seen.
fn caught<T>(call: impl FnOnce() -> sled::Result<T>) -> Result<T, Failure> {
    match catch_unwind(AssertUnwindSafe(call)) {
        Ok(result) => result.map_err(Failure::Sled),
        Err(panic) => {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no message");
            Err(Failure::Panic(format!("the storage engine stopped: {text}")))
        }
    }
}

/// Opens sled, then syncs the snapshot and the settings that it may have written; it syncs no folder itself.
fn open_handles(folder: &Path) -> Result<Handles, Error> {
    let path = folder.join(DB_FILE);
    for attempt in 1..=LOCK_TRIES {
        let opened = caught(|| {
            // No flushing thread: nothing but `commit` may flush.
            sled::Config::new().path(folder).cache_capacity(CACHE_BYTES).flush_every_ms(None).open()
        });
        match opened {
            Ok(db) => {
                let file = OpenOptions::new()
                    .read(true)
                    .write(true)
                    .open(&path)
                    .map_err(|source| Error::io("opening", &path, source))?;
                medium::sync_whole(folder)?;
                return Ok(Handles { db, file });
            }
            Err(failure) if is_lock(&failure) && attempt < LOCK_TRIES => std::thread::sleep(LOCK_PAUSE),
            Err(failure) if is_lock(&failure) => break,
            Err(Failure::Sled(sled::Error::Io(source))) if is_full(&source) => {
                return Err(Error::io("opening", &path, source));
            }
            Err(failure) => {
                return Err(Error::Unopenable { path: folder.to_owned(), what: failure.text(), unchanged: false });
            }
        }
    }
    Err(Error::Locked { path: folder.to_owned() })
}

/// sled has no error kind for a held lock, only this sentence.
fn is_lock(failure: &Failure) -> bool {
    matches!(failure, Failure::Sled(sled::Error::Io(error)) if error.to_string().contains("could not acquire lock"))
}

/// What a panicking call is turned into.
#[cfg(test)]
pub(super) fn panic_text(call: impl FnOnce() -> sled::Result<()>) -> String {
    caught(call).err().map(|failure| failure.text()).unwrap_or_default()
}
