//! The start of the memory bus: the shelf from what stands, the folder from what it is known to hold, the index from how far
//! it came.

use super::desk::{Desk, Files};
use super::dirty::Dirty;
use super::following::{Following, differing};
use super::held::{Held, HeldFiles};
use super::mirroring::MirrorJob;
use super::searching::{self, Beginning, Searcher};
use super::shelf::Shelf;
use crate::board::memory::{Memories, MemoryName};
use crate::board::{Rules, Seq, State};
use crate::daemon::incoming::Incoming;
use crate::daemon::jobs::Jobs;
use crate::daemon::start::{Error, MemoryParts};
use crate::folder::mirror::{Glance, Mirror, Waker};
use crate::store::{Blobs, Store};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// The memory bus as it is put together.
pub(in crate::daemon) struct Bus {
    shelf: Shelf,
    sender: mpsc::Sender<Incoming>,
    mirror: Option<Mirrored>,
    index: Option<Arc<Dirty>>,
}

/// The folder before its thread is started.
struct Mirrored {
    mirror: Mirror,
    glance: Glance,
    waker: Waker,
    dirty: Arc<Dirty>,
    held: HeldFiles,
    undone: BTreeSet<MemoryName>,
    looked: CancellationToken,
}

impl Bus {
    /// Opens the folder.
    pub(in crate::daemon) fn open(
        parts: &MemoryParts,
        store: &Store,
        state: &State,
        sender: &mpsc::Sender<Incoming>,
    ) -> Result<Self, Error> {
        let blobs = store.blobs().clone();
        let shelf = Shelf::new(&state.memories, state.seq, blobs, parts.cache_bytes_max);
        let mirror = match &parts.folders {
            None => None,
            Some((roots, limits)) => {
                let marks = store.mirrored()?;
                let held = held(store, &state.memories, &marks)?;
                let known = held.iter().map(|(name, held)| (name.clone(), held.hash.clone()));
                let mirror = Mirror::open(roots.clone(), *limits, known)?;
                let (glance, waker) = (mirror.glance(), mirror.waker());
                let undone = differing(&state.memories, &marks);
                let held = HeldFiles::new(held);
                let looked = CancellationToken::new();
                Some(Mirrored { mirror, glance, waker, dirty: Arc::default(), held, undone, looked })
            }
        };
        let index = parts.index.as_ref().map(|_| Arc::default());
        Ok(Self { shelf, sender: sender.clone(), mirror, index })
    }

    /// What those who ask work with; starts the index's thread. `journal`: up to which event the journal was moved away, and
    /// which memories it still tells of.
    pub(in crate::daemon) fn desk(
        &self,
        parts: &MemoryParts,
        journal: (Seq, Vec<(Seq, MemoryName)>),
        rules: &Rules,
        page_items_max: usize,
        jobs: &Jobs,
    ) -> Result<Desk, Error> {
        let (known_from, changed) = journal;
        let opened = parts.index.as_deref().and_then(searching::open);
        let searcher = match (opened, &self.index) {
            (Some(opened), Some(dirty)) => {
                let beginning = Beginning { opened, known_from, changed };
                let (shelf, sender) = (self.shelf.clone(), self.sender.clone());
                let searcher = Searcher::start(beginning, shelf, Arc::clone(dirty), sender, jobs);
                Some(searcher.map_err(Error::Thread)?)
            }
            _ => None,
        };
        Ok(Desk {
            shelf: self.shelf.clone(),
            rules: Arc::new(rules.memory.clone()),
            files: self.mirror.as_ref().map(|mirror| Files {
                glance: mirror.glance.clone(),
                held: mirror.held.clone(),
                looked: mirror.looked.clone(),
            }),
            searcher,
            page_items_max,
        })
    }

    /// What the loop tells of each commit.
    pub(in crate::daemon) fn following(&self) -> Following {
        Following {
            shelf: self.shelf.clone(),
            mirror: self.mirror.as_ref().map(|mirror| (Arc::clone(&mirror.dirty), mirror.waker.clone())),
            index: self.index.clone(),
            marks: BTreeMap::new(),
        }
    }

    /// Starts the folder's thread. `places`: the memories folder and the coordination folder.
    pub(in crate::daemon) fn mirror(self, blobs: Blobs, places: (PathBuf, PathBuf), jobs: &Jobs) -> Result<(), Error> {
        let Some(Mirrored { mirror, waker, dirty, held, undone, looked, .. }) = self.mirror else { return Ok(()) };
        // The first round must not wait for the folder to change: it may be what stands that has.
        waker.wake();
        let job = MirrorJob {
            mirror,
            shelf: self.shelf,
            blobs,
            dirty,
            sender: self.sender,
            places,
            held,
            marks: BTreeMap::new(),
            flush_at: None,
            follow_at: None,
            undone,
            troubles: BTreeMap::new(),
            looked,
        };
        job.start(jobs).map_err(Error::Thread)
    }
}

/// What each file is known to hold, from the marks. A mark whose revision had no text is none.
fn held(
    store: &Store,
    memories: &Memories,
    marks: &BTreeMap<MemoryName, u64>,
) -> Result<BTreeMap<MemoryName, Held>, Error> {
    let mut held = BTreeMap::new();
    for (name, revision) in marks {
        let standing = memories.standing(name).filter(|_| memories.stands_at(name) == *revision);
        let hash = match standing {
            Some(standing) => Some(standing.content.hash.clone()),
            None => store.memory_revision(name, *revision)?.and_then(|row| row.content).map(|content| content.hash),
        };
        held.extend(hash.map(|hash| (name.clone(), Held { hash, revision: *revision })));
    }
    Ok(held)
}
