//! The mirror at work: events, doubts and looks through become changes. What one file is taken for is in `sight`, looking
//! through everything in `through`, writing in `write`.

use super::change::Change;
use super::doubts::Doubts;
use super::error::MirrorError;
use super::glance::Glance;
use super::known::{FolderId, Known, Shared, from_hex};
use super::limits::Limits;
use super::linger::Linger;
use super::roots::{Roots, Spot};
use super::stamp::Stamp;
use super::unflushed::Unflushed;
use super::watch::{Filler, Queue, Seen, Watch};
use crate::board::MemoryName;
use crate::folder::error::Error;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Changes handed out at once.
const CHANGES_AT_ONCE: usize = 256;

/// Bytes of text after which no further file is looked at before what was found is handed out.
const BYTES_AT_ONCE: usize = 4 << 20;

/// Events taken from the queue before files are looked at.
const EVENTS_AT_ONCE: usize = 4096;

/// How a root folder stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RootState {
    /// It has never been there: the user's folder, before the first global memory.
    Never,
    /// It is there.
    There(FolderId),
    /// It is away, and counts as missing from then on.
    Away(Instant),
    /// It was there and is missing.
    Missing,
}

/// Holds the memory folder and what is known of it together. One thread owns it.
pub struct Mirror {
    pub(super) shared: Arc<Shared>,
    pub(super) queue: Queue,
    pub(super) watch: Option<Watch>,
    /// Why the folders cannot be watched, as it was told last.
    pub(super) unwatched: Option<String>,
    pub(super) roots: Vec<RootState>,
    /// Files to be looked at; `true`: what is found is believed, however strange it looks.
    pub(super) wanted: BTreeMap<Spot, bool>,
    /// Files to be looked at again at a time, to be believed then.
    pub(super) later: BTreeMap<Spot, Instant>,
    /// Folders to be listed again at a time: files that came between their making and their watch are found then.
    pub(super) relist: BTreeMap<Spot, Instant>,
    pub(super) doubts: Doubts,
    pub(super) out: VecDeque<Change>,
    pub(super) out_bytes: usize,
    /// What is left alone and was told, with how it stood then.
    pub(super) told: HashMap<Spot, (String, Stamp)>,
    pub(super) rescan_at: Option<Instant>,
    /// The number of the last look through.
    pub(super) generation: u64,
    /// The number of the last temporary file.
    pub(super) number: u32,
    /// Folders made for memories, which go again when they are empty.
    pub(super) made: HashSet<Spot>,
    pub(super) linger: Linger,
    pub(super) unflushed: Unflushed,
    /// Left temporary files whose texts were handed out.
    pub(super) strays: Vec<PathBuf>,
    /// Links to files, by what they lead to: no event tells of them when that changes.
    pub(super) links: HashMap<PathBuf, BTreeSet<Spot>>,
    /// What a test does between the look at a file and its exchange.
    #[cfg(test)]
    pub(super) between: Option<Box<dyn FnMut() + Send>>,
}

impl std::fmt::Debug for Mirror {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Mirror").field("roots", &self.shared.roots).field("states", &self.roots).finish_non_exhaustive()
    }
}

/// Wakes the thread that waits in [`Mirror::next`]. Cheap to clone, for any thread.
#[derive(Clone, Debug)]
pub struct Waker(Filler);

impl Waker {
    /// Makes [`Mirror::next`] return, now or the next time it is called.
    pub fn wake(&self) {
        self.0.wake();
    }
}

impl Mirror {
    /// Begins to watch. `known`: the hashes (SHA-256, lower-case hex) of what the files are known to hold, from the marks that
    /// were stored after a [`Self::flush`]; files that differ, that are missing and that are not among them are told by the
    /// first calls of [`Self::next`].
    ///
    /// # Errors
    /// The memories folder cannot be made. That it cannot be watched is no error: it is told, and it is looked through now
    /// and then.
    pub fn open(
        roots: Roots,
        limits: Limits,
        known: impl IntoIterator<Item = (MemoryName, String)>,
    ) -> Result<Self, MirrorError> {
        let made = !roots.memories.is_dir();
        if made {
            let path = &roots.memories;
            std::fs::create_dir_all(path).map_err(|error| Error::io(path, "create the folder", error))?;
        }
        let shared = Shared::new(roots, limits);
        for (name, hash) in known {
            if let Some(hash) = from_hex(&hash) {
                let spot = shared.roots.place(&name);
                shared.files_mut().insert(name, Known { spot, hash, stamp: None, doubtful: None, seen: 0 });
            }
        }
        let mut states = vec![RootState::Never; shared.roots.count()];
        if made {
            // Its files are not taken for deleted one by one.
            states[0] = RootState::Missing;
        }
        let queue = Queue::new(limits.queue_max);
        let mut mirror = Self {
            shared: Arc::new(shared),
            queue,
            watch: None,
            unwatched: None,
            roots: states,
            wanted: BTreeMap::new(),
            later: BTreeMap::new(),
            relist: BTreeMap::new(),
            doubts: Doubts::default(),
            out: VecDeque::new(),
            out_bytes: 0,
            told: HashMap::new(),
            rescan_at: None,
            generation: 0,
            // Numbers of an earlier run, or of another daemon on a shared folder, are others.
            number: std::process::id() << 16,
            made: HashSet::new(),
            linger: Linger::default(),
            unflushed: Unflushed::default(),
            strays: Vec::new(),
            links: HashMap::new(),
            #[cfg(test)]
            between: None,
        };
        mirror.watch_anew();
        Ok(mirror)
    }

    /// To look at files from other threads.
    pub fn glance(&self) -> Glance {
        Glance { shared: Arc::clone(&self.shared) }
    }

    /// To wake the thread that waits here.
    pub fn waker(&self) -> Waker {
        Waker(self.queue.filler())
    }

    /// Waits until something changed in the folder and hands it out, a few hundred changes at most; nothing when it was woken
    /// or when `at_most` has passed (`None`: waits for ever). What is handed out is known from then on: it is not handed out
    /// again, unless [`Self::doubt`] is called.
    pub fn next(&mut self, at_most: Option<Duration>) -> Vec<Change> {
        let until = at_most.map(|at_most| Instant::now() + at_most);
        loop {
            self.take_events();
            self.run_clocks(Instant::now());
            self.look_at_wanted();
            if !self.out.is_empty() {
                self.out_bytes = 0;
                let count = self.out.len().min(CHANGES_AT_ONCE);
                return self.out.drain(..count).collect();
            }
            if self.queue.was_woken() {
                return Vec::new();
            }
            let now = Instant::now();
            if !self.wanted.is_empty() {
                continue;
            }
            if until.is_some_and(|until| until <= now) {
                return Vec::new();
            }
            let wait = [until, self.next_clock()].into_iter().flatten().min();
            if let Some(seen) = self.queue.wait(wait.map(|moment| moment.saturating_duration_since(now))) {
                self.take_event(seen);
            }
        }
    }

    /// A text of this memory that was handed out could not be taken in: it is handed out again, as soon as [`Self::next`] is
    /// called. A [`Change::Gone`] is not: who could not take one in keeps it and tries again.
    pub fn doubt(&mut self, name: &MemoryName) {
        let spot = self.shared.spot(name);
        self.shared.forget(name);
        self.wanted.insert(spot, true);
    }

    fn next_clock(&self) -> Option<Instant> {
        let later = self.later.values().min().copied();
        let relist = self.relist.values().min().copied();
        let doubts = self.doubts.next_due().map(|due| due.max(self.hold_until()));
        [self.rescan_at, later, relist, doubts, self.linger.next_due()].into_iter().flatten().min()
    }

    /// A file's absence says nothing while its root is away; the next look at the roots settles that.
    fn hold_until(&self) -> Instant {
        let away =
            self.roots.iter().filter_map(|state| if let RootState::Away(until) = state { Some(*until) } else { None });
        away.max().unwrap_or_else(Instant::now)
    }

    fn run_clocks(&mut self, now: Instant) {
        if self.rescan_at.is_some_and(|moment| moment <= now) {
            self.look_through(now);
        }
        let due = |moments: &BTreeMap<Spot, Instant>| -> Vec<Spot> {
            moments.iter().filter(|(_, moment)| **moment <= now).map(|(spot, _)| spot.clone()).collect()
        };
        for spot in due(&self.later) {
            self.later.remove(&spot);
            self.wanted.insert(spot, true);
        }
        for spot in due(&self.relist) {
            self.relist.remove(&spot);
            self.look_into(spot, now, false);
        }
        self.end_lingering(now);
    }

    fn look_at_wanted(&mut self) {
        while self.out.len() < CHANGES_AT_ONCE && self.out_bytes < BYTES_AT_ONCE {
            let Some((spot, believed)) = self.wanted.pop_first() else { break };
            self.look_at(spot, believed, Instant::now());
        }
        // A file that is away is told as gone only after everything that came was looked at: it may have been renamed.
        if self.wanted.is_empty() {
            self.settle_doubts(Instant::now());
        }
    }

    fn take_events(&mut self) {
        for _ in 0..EVENTS_AT_ONCE {
            let Some(seen) = self.queue.try_next() else { return };
            self.take_event(seen);
        }
    }

    fn take_event(&mut self, seen: Seen) {
        let now = Instant::now();
        match seen {
            Seen::Landed(path) => self.landed(&path, now, true),
            Seen::Made(path) => self.landed(&path, now, false),
            Seen::Vanished(path) => self.vanished(&path, now),
            Seen::Lost => self.watch_anew(),
            Seen::Woken => {}
        }
    }
}

impl Drop for Mirror {
    fn drop(&mut self) {
        self.linger.drop_all();
    }
}
