//! The loop's side of the memory bus: acts are decided on, and after each commit the shelf, the mirror and the index are told
//! which memories changed.

use super::dirty::Dirty;
use super::shelf::Shelf;
use crate::board::memory::{Memories, MemoryAct, MemoryName};
use crate::board::{Event, Input, Refusal, Seq, State};
use crate::daemon::engine::{Engine, Reply, Round};
use crate::daemon::incoming::Acted;
use crate::folder::mirror::Waker;
use crate::store::Batch;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use tokio::sync::oneshot;

/// Earlier revisions that a text from the folder is compared with. A file that lags behind by more was not written for long.
const REVISIONS_LOOKED_AT_MAX: usize = 1000;

/// Those who follow what happens to memories.
#[derive(Debug)]
pub(in crate::daemon) struct Following {
    /// For readers.
    pub(in crate::daemon) shelf: Shelf,
    /// The folder's thread and how to wake it; `None`: there is no folder.
    pub(in crate::daemon) mirror: Option<(Arc<Dirty>, Waker)>,
    /// The index's thread; `None`: there is no index.
    pub(in crate::daemon) index: Option<Arc<Dirty>>,
    /// What the files are known to hold, and was not stored yet. It is no reason for a commit of its own.
    pub(in crate::daemon) marks: BTreeMap<MemoryName, Option<u64>>,
}

impl Following {
    /// Files are known to hold these revisions, and what changed up to this taking stands in them.
    pub(in crate::daemon) fn mark(&mut self, marks: Vec<(MemoryName, Option<u64>)>, taking: u64) {
        self.marks.extend(marks);
        if let Some((dirty, _)) = &self.mirror {
            dirty.done(taking);
        }
    }

    /// The marks, to be stored.
    pub(in crate::daemon) fn take_marks(&mut self) -> Vec<(MemoryName, Option<u64>)> {
        std::mem::take(&mut self.marks).into_iter().collect()
    }

    /// Tells everyone which memories these stored events changed.
    pub(in crate::daemon) fn follow(&self, state: &State, events: &[(Seq, Event)]) {
        let (mut touched, mut revised) = (BTreeSet::new(), BTreeSet::new());
        for (_, event) in events {
            match event {
                Event::MemoryRevised { name, .. } => {
                    touched.insert(name);
                    revised.insert(name);
                }
                Event::MemoryLeased { name, .. } => {
                    touched.insert(name);
                }
                _ => {}
            }
        }
        if touched.is_empty() {
            return;
        }
        // Readers first: whoever writes the file or the index reads from there. Leases are nothing to search.
        let upto = if revised.is_empty() { self.shelf.upto() } else { state.seq };
        self.shelf.put(&state.memories, touched.into_iter(), upto);
        if revised.is_empty() {
            return;
        }
        let revised = || revised.iter().map(|name| (*name).clone());
        if let Some((dirty, waker)) = &self.mirror
            && dirty.add(revised(), state.seq)
        {
            waker.wake();
        }
        if let Some(dirty) = &self.index {
            dirty.add(revised(), state.seq);
        }
    }

    /// The loop is about to end and waits for the folder.
    pub(in crate::daemon) fn hurry(&self) {
        if let Some((dirty, waker)) = &self.mirror {
            dirty.hurry();
            waker.wake();
        }
    }

    /// Whether the folder holds everything that it should.
    pub(in crate::daemon) fn is_settled(&self) -> bool {
        self.mirror.as_ref().is_none_or(|(dirty, _)| dirty.is_done())
    }
}

/// However the loop came to its end, nothing more will come for those who follow.
impl Drop for Following {
    fn drop(&mut self) {
        if let Some((dirty, waker)) = &self.mirror {
            dirty.end();
            waker.wake();
        }
        if let Some(dirty) = &self.index {
            dirty.end();
        }
    }
}

impl Engine {
    /// Decides on an act; who asked is told how the memory stands once it is stored.
    pub(in crate::daemon) fn memory(
        &mut self,
        act: MemoryAct,
        by: String,
        reply: oneshot::Sender<Result<Acted, Refusal>>,
        round: &mut Round,
    ) {
        let name = subject(&act).clone();
        let stood = self.state.memories.stands_at(&name) > 0;
        let lags_at = self.lags_at(&act, round);
        let taken = if lags_at.is_some() {
            Ok(())
        } else {
            self.decide(Input::Memory { at: self.clock.now(), by: by.clone(), act: Box::new(act) }, round)
        };
        let acted = taken.map(|()| {
            let memory = self.state.memories.get(&name);
            Acted {
                revision: memory.map_or(0, |memory| memory.revision),
                hash: self.state.memories.standing(&name).map(|standing| standing.content.hash.clone()),
                lease: memory.and_then(|memory| memory.lease.clone()),
                name,
                stood,
                by,
                lags_at,
            }
        });
        round.replies.push(Reply::Memory(reply, acted));
    }

    /// The revision that a text from the folder is, when the file only lags behind: its writing was cut off, or somebody took
    /// the text in a moment earlier and the bus has moved on. Nobody wrote it anew, so it must not stand again.
    fn lags_at(&self, act: &MemoryAct, round: &Round) -> Option<u64> {
        let MemoryAct::Found { name, content, known, .. } = act else { return None };
        let stands = self.state.memories.stands_at(name);
        let newest = self.state.memories.get(name).map_or(0, |memory| memory.revision);
        let holds = self.state.memories.standing(name).is_some_and(|standing| standing.content.hash == content.hash);
        // What comes in where nothing stands and nothing was is new, even if the text is not.
        if holds || *known == Some(newest) || (known.is_none() && stands == 0) {
            return None;
        }
        let known = known.unwrap_or(0);
        let decided = round.batch.events.iter().rev().find_map(|(_, event)| match event {
            Event::MemoryRevised { name: of, revision, content: Some(text), .. } => {
                (of == name && text.hash == content.hash).then_some(*revision)
            }
            _ => None,
        });
        if decided.is_some() {
            return decided;
        }
        let stored = self.store.memory_history(name, None, REVISIONS_LOOKED_AT_MAX);
        let stored = stored.inspect_err(|error| tracing::error!(%error, "a history could not be read")).ok()?;
        let same = |row: &&crate::store::Revision| row.content.as_ref().is_some_and(|text| text.hash == content.hash);
        stored.iter().take_while(|row| row.revision >= known).find(same).map(|row| row.revision)
    }

    /// Stores the last marks, at the end.
    pub(in crate::daemon) fn store_marks(&mut self) -> Result<(), String> {
        let mirrored = self.following.take_marks();
        if mirrored.is_empty() {
            return Ok(());
        }
        self.append(&Batch { mirrored, ..Batch::default() })
    }
}

/// The memory that an act is about; for a rename the new name.
fn subject(act: &MemoryAct) -> &MemoryName {
    match act {
        MemoryAct::Write { name, .. }
        | MemoryAct::Delete { name, .. }
        | MemoryAct::Found { name, .. }
        | MemoryAct::Gone { name, .. }
        | MemoryAct::Lease { name, .. } => name,
        MemoryAct::Rename { to, .. } => to,
    }
}

/// Which memories stand at another text than their files are known to hold, or stand and have no file, or have one and do not
/// stand.
pub(in crate::daemon) fn differing(memories: &Memories, marks: &BTreeMap<MemoryName, u64>) -> BTreeSet<MemoryName> {
    let standing = memories.by_name().iter().filter(|(name, memory)| {
        let (stands, marked) = (memory.stands_at(), marks.get(*name).copied().unwrap_or(0));
        stands != marked
    });
    let gone = marks.keys().filter(|name| memories.stands_at(name) == 0);
    standing.map(|(name, _)| name).chain(gone).cloned().collect()
}
