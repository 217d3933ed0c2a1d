//! Files that are away: each for a moment, until it is back, is found to have been renamed, or counts as deleted.

use super::known::{Hash, Known};
use super::stamp::Stamp;
use crate::board::MemoryName;
use std::collections::{BTreeSet, HashMap};
use std::time::Instant;

/// What is remembered of a file that is away.
#[derive(Clone, Debug)]
struct Doubt {
    due: Instant,
    stamp: Option<Stamp>,
    hash: Hash,
}

/// The files that are away.
#[derive(Debug, Default)]
pub(super) struct Doubts {
    by_name: HashMap<MemoryName, Doubt>,
    by_due: BTreeSet<(Instant, MemoryName)>,
    /// A rename leaves the stamp as it is, so a new file with the stamp of one that is away is that one.
    by_stamp: HashMap<Stamp, MemoryName>,
    /// Of files that were known from a mark only there is no stamp; one that appears with the same text is taken for it.
    by_hash: HashMap<Hash, MemoryName>,
}

impl Doubts {
    /// The file is away; it counts as deleted at `due`. One that is away already keeps its time.
    pub(super) fn add(&mut self, name: &MemoryName, known: &Known, due: Instant) {
        if self.by_name.contains_key(name) {
            return;
        }
        match known.stamp {
            Some(stamp) => self.by_stamp.insert(stamp, name.clone()),
            None => self.by_hash.insert(known.hash, name.clone()),
        };
        self.by_due.insert((due, name.clone()));
        self.by_name.insert(name.clone(), Doubt { due, stamp: known.stamp, hash: known.hash });
    }

    /// It is not away any more, or its end is told.
    pub(super) fn remove(&mut self, name: &MemoryName) {
        let Some(doubt) = self.by_name.remove(name) else { return };
        self.by_due.remove(&(doubt.due, name.clone()));
        // Two files with one stamp (links) or one text: the entry may be the other's.
        if let Some(stamp) = doubt.stamp
            && self.by_stamp.get(&stamp) == Some(name)
        {
            self.by_stamp.remove(&stamp);
        }
        if doubt.stamp.is_none() && self.by_hash.get(&doubt.hash) == Some(name) {
            self.by_hash.remove(&doubt.hash);
        }
    }

    /// The file that is away and has this stamp, or had this text: its name, and when it counts as deleted.
    pub(super) fn renamed(&self, stamp: &Stamp, hash: &Hash) -> Option<(MemoryName, Instant)> {
        let name = self.by_stamp.get(stamp).or_else(|| self.by_hash.get(hash))?;
        let doubt = self.by_name.get(name)?;
        (doubt.hash == *hash).then(|| (name.clone(), doubt.due))
    }

    /// When the first of them counts as deleted.
    pub(super) fn next_due(&self) -> Option<Instant> {
        self.by_due.first().map(|(due, _)| *due)
    }

    /// Takes out one whose time has come.
    pub(super) fn take_due(&mut self, now: Instant) -> Option<MemoryName> {
        let (_, name) = self.by_due.first().filter(|(due, _)| *due <= now)?.clone();
        self.remove(&name);
        Some(name)
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.by_name.len()
    }

    /// Drops those for which `keep` says no.
    pub(super) fn retain(&mut self, keep: impl Fn(&MemoryName) -> bool) {
        let dropped: Vec<MemoryName> = self.by_name.keys().filter(|name| !keep(name)).cloned().collect();
        for name in dropped {
            self.remove(&name);
        }
    }
}
