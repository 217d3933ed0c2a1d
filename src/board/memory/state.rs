//! What stands on the memory bus now, and what an event makes of it. Earlier revisions are in the store, not here.

use super::name::MemoryName;
use super::{Hashed, MemoryChange};
use crate::board::event::Event;
use crate::board::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Every memory that stands or ever stood.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Memories {
    /// By name; only `apply` changes it.
    by_name: BTreeMap<MemoryName, Memory>,
    /// How many of them stand.
    standing: usize,
    /// When leases lapse, earliest first.
    lapses: BTreeSet<(Timestamp, MemoryName)>,
}

/// One memory; also what the store keeps of it to start from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Memory {
    /// Its newest revision, from 1; 0: it was never written, only leased. One that was taken away and made anew goes on
    /// counting.
    pub revision: u64,
    /// What stands; `None`: it was taken away or went to another name.
    pub standing: Option<Standing>,
    /// Who works on it, whether or not the time is over; [`Memory::lease_at`] minds the time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lease: Option<Lease>,
}

/// The revision that stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// Its text.
    pub content: Hashed,
    /// What it did.
    pub change: MemoryChange,
    /// Who wrote it; `file`: it was found in the folder.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// An advisory lease. One whose time is over is none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    /// Who holds it.
    pub by: String,
    /// Until when.
    pub until: Timestamp,
}

impl Memory {
    /// The revision that stands; 0: none does. It is what compare-and-set compares with.
    pub fn stands_at(&self) -> u64 {
        if self.standing.is_some() { self.revision } else { 0 }
    }

    /// The lease, unless its time is over.
    pub fn lease_at(&self, now: Timestamp) -> Option<&Lease> {
        self.lease.as_ref().filter(|lease| lease.until > now)
    }
}

impl Memories {
    /// The memories as they were stored.
    pub fn new(by_name: BTreeMap<MemoryName, Memory>) -> Self {
        let standing = by_name.values().filter(|memory| memory.standing.is_some()).count();
        let until = |(name, memory): (&MemoryName, &Memory)| Some((memory.lease.as_ref()?.until, name.clone()));
        let lapses = by_name.iter().filter_map(until).collect();
        Self { by_name, standing, lapses }
    }

    /// All of them, those taken away included.
    pub fn by_name(&self) -> &BTreeMap<MemoryName, Memory> {
        &self.by_name
    }

    /// One of them, also one that was taken away.
    pub fn get(&self, name: &MemoryName) -> Option<&Memory> {
        self.by_name.get(name)
    }

    /// What stands under a name.
    pub fn standing(&self, name: &MemoryName) -> Option<&Standing> {
        self.by_name.get(name)?.standing.as_ref()
    }

    /// The revision that stands; 0: none does.
    pub fn stands_at(&self, name: &MemoryName) -> u64 {
        self.by_name.get(name).map_or(0, Memory::stands_at)
    }

    /// How many stand.
    pub fn len(&self) -> usize {
        self.standing
    }

    /// Whether none stands.
    pub fn is_empty(&self) -> bool {
        self.standing == 0
    }

    /// When the next lease lapses.
    pub(in crate::board) fn next_lapse(&self) -> Option<Timestamp> {
        self.lapses.first().map(|(until, _)| *until)
    }

    /// The first lease that has lapsed, as the event that says so.
    pub(in crate::board) fn lapsed(&self, at: Timestamp) -> Option<Event> {
        let (_, name) = self.lapses.first().filter(|(until, _)| *until <= at)?;
        let by = self.by_name.get(name)?.lease.as_ref()?.by.clone();
        Some(Event::MemoryLeased { at, name: name.clone(), by, until: None })
    }

    /// Makes an event about a memory part of the state; any other does nothing. An event whose revision is there already
    /// (the stored memories are at least as new as the journal) changes nothing.
    pub(in crate::board) fn apply(&mut self, event: &Event) {
        match event {
            Event::MemoryRevised { name, .. } => {
                let memory = self.by_name.entry(name.clone()).or_default();
                let stood = memory.standing.is_some();
                memory.revised(event);
                self.standing =
                    (self.standing + usize::from(memory.standing.is_some())).saturating_sub(usize::from(stood));
            }
            Event::MemoryLeased { name, until, .. } => {
                let memory = self.by_name.entry(name.clone()).or_default();
                if let Some(old) = &memory.lease {
                    self.lapses.remove(&(old.until, name.clone()));
                }
                self.lapses.extend(until.map(|until| (until, name.clone())));
                memory.leased(event);
                if memory.is_nothing() {
                    self.by_name.remove(name);
                }
            }
            _ => {}
        }
    }
}

impl Memory {
    /// Makes an event about this memory part of it; any other does nothing. The store does the same with its rows.
    pub fn take(&mut self, event: &Event) {
        self.revised(event);
        self.leased(event);
    }

    /// Whether there is nothing to keep: it was never written, and nobody works on it any more.
    pub fn is_nothing(&self) -> bool {
        self.revision == 0 && self.lease.is_none()
    }

    fn revised(&mut self, event: &Event) {
        let Event::MemoryRevised { at, revision, change, content, by, .. } = event else { return };
        if *revision <= self.revision {
            return;
        }
        self.revision = *revision;
        self.standing =
            content.clone().map(|content| Standing { content, change: change.clone(), by: by.clone(), at: *at });
    }

    /// Leases lie beside the revisions: no revision touches one, so replaying the last events again ends in the same lease.
    fn leased(&mut self, event: &Event) {
        let Event::MemoryLeased { by, until, .. } = event else { return };
        self.lease = until.map(|until| Lease { by: by.clone(), until });
    }
}
