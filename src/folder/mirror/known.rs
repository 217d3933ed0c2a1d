//! What is remembered of each file: where it is, its stamp and its hash; shared between the mirror's thread and those who
//! look. Texts are not kept.

use super::limits::Limits;
use super::roots::{Roots, Spot};
use super::stamp::Stamp;
use crate::board::MemoryName;
use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::{Duration, Instant};

/// File systems give times in steps; a second write within a step of at most this long leaves the stamp as it was.
const TIME_STEP_MAX: Duration = Duration::from_millis(50);

/// SHA-256 of a text.
pub(super) type Hash = [u8; 32];

/// One file.
#[derive(Clone, Debug)]
pub(super) struct Known {
    /// Where it is, as it is spelled on the disk.
    pub(super) spot: Spot,
    /// What it holds.
    pub(super) hash: Hash,
    /// How it was when it was read; `None`: known from a mark, not seen yet.
    pub(super) stamp: Option<Stamp>,
    /// Until when the stamp alone says nothing: the file was read so soon after its last write, as far as anybody knows, that
    /// another write may have left the same stamp. `None`: a reading after that time gave the same text.
    pub(super) doubtful: Option<Instant>,
    /// The last look through that saw it.
    pub(super) seen: u64,
}

impl Known {
    /// Whether a file with this stamp needs no reading.
    pub(super) fn is(&self, stamp: &Stamp, now: Instant) -> bool {
        self.stamp.as_ref() == Some(stamp) && self.doubtful.is_none_or(|until| now < until)
    }
}

/// A folder that is looked into.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct FolderId {
    pub(super) device: u64,
    pub(super) inode: u64,
}

/// The folders that are looked into.
#[derive(Debug, Default)]
pub(super) struct Folders {
    /// Each by what it is, so that none is looked into twice under two names.
    pub(super) by_id: HashMap<FolderId, Spot>,
    /// Each by its place.
    pub(super) by_spot: BTreeMap<Spot, FolderId>,
    /// Where the links among them lead. Links to files may lead below these.
    pub(super) linked: Vec<PathBuf>,
}

impl Folders {
    pub(super) fn insert(&mut self, spot: Spot, id: FolderId) {
        self.by_id.insert(id, spot.clone());
        self.by_spot.insert(spot, id);
    }

    pub(super) fn remove(&mut self, spot: &Spot) {
        if let Some(id) = self.by_spot.remove(spot)
            && self.by_id.get(&id) == Some(spot)
        {
            self.by_id.remove(&id);
        }
    }
}

/// What the mirror's thread and those who look have in common.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) roots: Roots,
    pub(super) limits: Limits,
    files: RwLock<HashMap<MemoryName, Known>>,
    folders: RwLock<Folders>,
}

impl Shared {
    pub(super) fn new(roots: Roots, limits: Limits) -> Self {
        Self { roots, limits, files: RwLock::default(), folders: RwLock::default() }
    }

    // Nothing panics while it holds one of these locks, and each change of what they guard is whole: a poisoned one is as good.
    pub(super) fn files(&self) -> RwLockReadGuard<'_, HashMap<MemoryName, Known>> {
        self.files.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn files_mut(&self) -> RwLockWriteGuard<'_, HashMap<MemoryName, Known>> {
        self.files.write().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn folders(&self) -> RwLockReadGuard<'_, Folders> {
        self.folders.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn folders_mut(&self) -> RwLockWriteGuard<'_, Folders> {
        self.folders.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is known of a memory's file.
    pub(super) fn known(&self, name: &MemoryName) -> Option<Known> {
        self.files().get(name).cloned()
    }

    /// Where a memory's file is, or would be.
    pub(super) fn spot(&self, name: &MemoryName) -> Spot {
        self.files().get(name).map_or_else(|| self.roots.place(name), |known| known.spot.clone())
    }

    /// From now on, the file holds this.
    pub(super) fn remember(&self, name: &MemoryName, spot: Spot, hash: Hash, stamp: Stamp, now: Instant) {
        let doubtful = Some(now + TIME_STEP_MAX);
        let mut files = self.files_mut();
        let seen = files.get(name).map_or(0, |known| known.seen);
        files.insert(name.clone(), Known { spot, hash, stamp: Some(stamp), doubtful, seen });
    }

    /// The file was read again at `now` and holds what it held.
    pub(super) fn confirm(&self, name: &MemoryName, hash: &Hash, stamp: Stamp, now: Instant) {
        if let Some(known) = self.files_mut().get_mut(name)
            && known.hash == *hash
        {
            let waited = known.stamp == Some(stamp) && known.doubtful.is_none_or(|until| until <= now);
            known.doubtful = if waited { None } else { Some(now + TIME_STEP_MAX) };
            known.stamp = Some(stamp);
        }
    }

    pub(super) fn forget(&self, name: &MemoryName) -> Option<Known> {
        self.files_mut().remove(name)
    }
}

/// A hash as it is shown: lower-case hex.
pub(super) fn hex(hash: &Hash) -> String {
    use std::fmt::Write as _;
    hash.iter().fold(String::with_capacity(64), |mut text, byte| {
        let _infallible = write!(text, "{byte:02x}");
        text
    })
}

/// Reads a hash as it is shown.
pub(super) fn from_hex(text: &str) -> Option<Hash> {
    let mut hash = Hash::default();
    if text.len() != 2 * hash.len() {
        return None;
    }
    for (at, byte) in hash.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * at..2 * at + 2)?, 16).ok()?;
    }
    Some(hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_and_its_text_are_one() {
        let hash: Hash = std::array::from_fn(|at| u8::try_from(at * 8).unwrap_or(0));
        assert_eq!(from_hex(&hex(&hash)), Some(hash));
        assert_eq!(from_hex("00"), None);
        assert_eq!(from_hex(&"g".repeat(64)), None);
    }

    #[test]
    fn a_stamp_is_trusted_only_when_a_later_reading_gave_the_same() {
        let now = Instant::now();
        let later = now + TIME_STEP_MAX;
        let stamp = Stamp { inode: 1, size: 2, modified: 3 };
        let shared = Shared::new(Roots { memories: "/m".into(), global: None }, Limits::default());
        let name = MemoryName::parse("a");
        let Ok(name) = name else { return };
        let spot = shared.roots.place(&name);
        shared.remember(&name, spot, [0; 32], stamp, now);
        let is = |when| shared.known(&name).is_some_and(|known| known.is(&stamp, when));
        // A write that slips into the same step is told by its event; after the step, a look has to read once.
        assert!(is(now) && !is(later));
        shared.confirm(&name, &[0; 32], stamp, later);
        assert!(is(later + TIME_STEP_MAX));
    }
}
