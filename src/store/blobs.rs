//! Long texts in files of our own, named by the SHA-256 of their content: `.synod/blobs/ab/cdef…`. Usable from any thread while
//! the loop owns the journal. A blob is on the medium before its name is given out, so no event can name a blob that is lost.

use super::error::Error;
use super::medium::sync;
use crate::board::text::{HEAD_BYTES_MAX, INLINE_BYTES_MAX, Text, cut};
use sha2::{Digest, Sha256};
use std::collections::HashSet;
use std::fmt::Write as _;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Longest blob, in bytes. Above the longest answer that a worker may give, with room for settings that raise that limit.
pub const BLOB_BYTES_MAX: u64 = 256 * 1024 * 1024;

/// Where blobs are written before they get their names; cleared at start.
const DRAFTS: &str = "drafts";

/// The blob store. Clones share it.
#[derive(Clone, Debug)]
pub struct Blobs {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    folder: PathBuf,
    /// Sub-folders whose own entry is known to be on the medium.
    durable: Mutex<HashSet<String>>,
    /// Makes the names of drafts unique within the process.
    drafts: AtomicU64,
}

/// The SHA-256 of a blob's content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Hash([u8; 32]);

impl Hash {
    pub(super) fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    pub(super) fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    fn of(content: &[u8]) -> Self {
        Self(Sha256::digest(content).into())
    }

    fn hex(&self) -> String {
        self.0.iter().fold(String::with_capacity(64), |mut hex, byte| {
            // Writing into a String cannot fail.
            let _ = write!(hex, "{byte:02x}");
            hex
        })
    }

    /// Reads 64 lower-case hex digits.
    fn parse(hex: &str) -> Option<Self> {
        let digits = hex.as_bytes();
        if digits.len() != 64 || digits.iter().any(|digit| !matches!(digit, b'0'..=b'9' | b'a'..=b'f')) {
            return None;
        }
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(hex.as_bytes().chunks(2)) {
            *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
        }
        Some(Self(bytes))
    }
}

impl Blobs {
    /// Opens the blob store in `folder`, making it where it is missing. Removes drafts that a crash left.
    ///
    /// # Errors
    /// The folder cannot be made or read.
    pub fn open(folder: &Path) -> Result<Self, Error> {
        let drafts = folder.join(DRAFTS);
        fs::create_dir_all(&drafts).map_err(|source| Error::io("making", &drafts, source))?;
        let entries = fs::read_dir(&drafts).map_err(|source| Error::io("listing", &drafts, source))?;
        for entry in entries.flatten() {
            fs::remove_file(entry.path()).map_err(|source| Error::io("removing", &entry.path(), source))?;
        }
        sync(folder)?;
        if let Some(parent) = folder.parent().filter(|parent| !parent.as_os_str().is_empty()) {
            sync(parent)?;
        }
        let shared = Shared { folder: folder.to_owned(), durable: Mutex::default(), drafts: AtomicU64::new(0) };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// Takes a text in: a short one stays inside the value, a longer one is on the medium when this returns. Blocks on the disk.
    ///
    /// # Errors
    /// [`Error::Full`], [`Error::Io`], or [`Error::TooLarge`] beyond [`BLOB_BYTES_MAX`].
    pub fn put(&self, text: &str) -> Result<Text, Error> {
        if text.len() <= INLINE_BYTES_MAX {
            return Ok(Text::Inline { text: text.to_owned() });
        }
        let hash = self.keep(text.as_bytes())?;
        Ok(Text::Blob { hash: hash.hex(), bytes: text.len() as u64, head: cut(text, HEAD_BYTES_MAX).to_owned() })
    }

    /// The whole text, checked against its hash. Blocks on the disk.
    ///
    /// # Errors
    /// [`Error::Damaged`] when the blob is missing or not as it was written, [`Error::Io`] when it cannot be read.
    pub fn get(&self, text: &Text) -> Result<String, Error> {
        let (hash, bytes) = match text {
            Text::Inline { text } => return Ok(text.clone()),
            Text::Blob { hash, bytes, .. } => (hash, *bytes),
        };
        let damaged =
            |path: PathBuf, why: &str| Error::Damaged { what: format!("blob {hash}"), path, why: why.to_owned() };
        let hash = Hash::parse(hash).ok_or_else(|| damaged(self.shared.folder.clone(), "its name is not a SHA-256"))?;
        let content = self.kept(&hash)?;
        if content.len() as u64 != bytes {
            return Err(damaged(self.path(&hash), "its length is not the one the event names"));
        }
        String::from_utf8(content).map_err(|_| damaged(self.path(&hash), "it is not UTF-8"))
    }

    /// The folder of the blobs.
    pub fn folder(&self) -> &Path {
        &self.shared.folder
    }

    /// Stores a content and returns its name once both are on the medium.
    pub(super) fn keep(&self, content: &[u8]) -> Result<Hash, Error> {
        if content.len() as u64 > BLOB_BYTES_MAX {
            return Err(Error::TooLarge {
                what: "a text".to_owned(),
                bytes: content.len() as u64,
                bytes_max: BLOB_BYTES_MAX,
            });
        }
        let hash = Hash::of(content);
        let path = self.path(&hash);
        let shard = self.shard(&hash)?;
        if !holds(&path, content) {
            let draft = self.draft(content)?;
            fs::rename(&draft, &path).map_err(|source| Error::io("writing", &path, source))?;
        }
        // Also for a blob that was there: whoever wrote it may not have come to this line yet.
        sync(&shard)?;
        Ok(hash)
    }

    /// The content of a name, checked.
    pub(super) fn kept(&self, hash: &Hash) -> Result<Vec<u8>, Error> {
        let path = self.path(hash);
        let damaged = |why: &str| Error::Damaged {
            what: format!("blob {}", hash.hex()),
            path: path.clone(),
            why: why.to_owned(),
        };
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(damaged("its file is missing")),
            Err(source) => return Err(Error::io("reading", &path, source)),
        };
        let mut content = Vec::new();
        file.take(BLOB_BYTES_MAX + 1)
            .read_to_end(&mut content)
            .map_err(|source| Error::io("reading", &path, source))?;
        if Hash::of(&content) == *hash { Ok(content) } else { Err(damaged("its content does not match its name")) }
    }

    /// Removes a blob that nothing names any more. Best effort: a file that stays only takes space.
    pub(super) fn forget(&self, hash: &Hash) {
        let _ = fs::remove_file(self.path(hash));
    }

    fn path(&self, hash: &Hash) -> PathBuf {
        let hex = hash.hex();
        let (shard, rest) = hex.split_at(2);
        self.shared.folder.join(shard).join(rest)
    }

    /// The sub-folder of a name, made and durable.
    fn shard(&self, hash: &Hash) -> Result<PathBuf, Error> {
        let name = hash.hex()[..2].to_owned();
        let path = self.shared.folder.join(&name);
        let mut durable = self.shared.durable.lock().unwrap_or_else(PoisonError::into_inner);
        if !durable.contains(&name) || !path.is_dir() {
            fs::create_dir_all(&path).map_err(|source| Error::io("making", &path, source))?;
            // Also for one that was there: the process that made it may have died before its entry was durable.
            sync(&self.shared.folder)?;
            durable.insert(name);
        }
        Ok(path)
    }

    /// Writes and syncs a draft.
    fn draft(&self, content: &[u8]) -> Result<PathBuf, Error> {
        let number = self.shared.drafts.fetch_add(1, Ordering::Relaxed);
        let path = self.shared.folder.join(DRAFTS).join(format!("{}-{number}", std::process::id()));
        let write = || -> io::Result<()> {
            let mut file = OpenOptions::new().write(true).create(true).truncate(true).open(&path)?;
            file.write_all(content)?;
            file.sync_all()
        };
        write().map_err(|source| {
            // A draft that did not become whole only takes the space that may be missing.
            let _ = fs::remove_file(&path);
            Error::io("writing", &path, source)
        })?;
        Ok(path)
    }
}

/// Whether a file holds exactly this content. One that was damaged is written anew.
fn holds(path: &Path, content: &[u8]) -> bool {
    let Ok(file) = File::open(path) else { return false };
    let mut there = Vec::new();
    let same_length = file.metadata().is_ok_and(|meta| meta.len() == content.len() as u64);
    same_length && file.take(content.len() as u64 + 1).read_to_end(&mut there).is_ok() && there == content
}
