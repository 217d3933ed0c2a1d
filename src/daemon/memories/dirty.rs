//! Names of memories that changed and have not been seen to yet. The loop adds, one thread takes; a name that changes ten
//! times meanwhile waits once, so what waits is bounded by how many memories there are.

use crate::board::Seq;
use crate::board::memory::MemoryName;
use std::collections::BTreeSet;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The names that wait.
#[derive(Debug, Default)]
pub(in crate::daemon) struct Dirty {
    waiting: Mutex<Waiting>,
    bell: Condvar,
}

/// What waits.
#[derive(Debug, Default)]
struct Waiting {
    names: BTreeSet<MemoryName>,
    /// The last event that is covered once the names are seen to.
    upto: Seq,
    /// How often names were taken.
    taken: u64,
    /// Up to which taking they have been seen to.
    done: u64,
    hurries: bool,
    /// Somebody waits for what was added so far.
    wanted: bool,
    ended: bool,
}

/// What was taken to be seen to.
#[derive(Debug, Default, PartialEq, Eq)]
pub(in crate::daemon) struct Taken {
    /// The names, each once.
    pub(in crate::daemon) names: BTreeSet<MemoryName>,
    /// The last event that is covered by them.
    pub(in crate::daemon) upto: Seq,
    /// Which taking it was, for [`Dirty::done`].
    pub(in crate::daemon) taking: u64,
    /// Somebody waits until everything is seen to.
    pub(in crate::daemon) hurries: bool,
    /// Nothing more will come.
    pub(in crate::daemon) ended: bool,
}

impl Dirty {
    /// These changed, by events up to `upto`. `false`: others waited already, so whoever takes them has been woken.
    pub(in crate::daemon) fn add(&self, names: impl IntoIterator<Item = MemoryName>, upto: Seq) -> bool {
        let mut waiting = self.lock();
        let first = waiting.names.is_empty();
        waiting.names.extend(names);
        waiting.upto = waiting.upto.max(upto);
        if first {
            self.bell.notify_all();
        }
        first
    }

    /// From now on somebody waits until everything is seen to.
    pub(in crate::daemon) fn hurry(&self) {
        self.lock().hurries = true;
        self.bell.notify_all();
    }

    /// Somebody waits for what was added so far.
    pub(in crate::daemon) fn want(&self) {
        self.lock().wanted = true;
        self.bell.notify_all();
    }

    /// Nothing more will come.
    pub(in crate::daemon) fn end(&self) {
        self.lock().ended = true;
        self.bell.notify_all();
    }

    /// Whether somebody waits for what was added, or nothing more will come.
    pub(in crate::daemon) fn is_pressing(&self) -> bool {
        let waiting = self.lock();
        waiting.hurries || waiting.ended
    }

    /// Whether nothing waits and nobody is at work.
    pub(in crate::daemon) fn is_done(&self) -> bool {
        let waiting = self.lock();
        waiting.names.is_empty() && waiting.done == waiting.taken
    }

    /// Takes what waits, without waiting for more. The taker is at work until [`Self::done`], however often it takes.
    pub(in crate::daemon) fn take(&self) -> Taken {
        let mut waiting = self.lock();
        waiting.taken += u64::from(!waiting.names.is_empty());
        let names = std::mem::take(&mut waiting.names);
        waiting.wanted = false;
        let Waiting { upto, taken: taking, hurries, ended, .. } = *waiting;
        Taken { names, upto, taking, hurries, ended }
    }

    /// Waits until something was added, or the end, or for `at_most`; then for as long as `patience` for more, unless somebody
    /// wants what there is. Blocks the thread. `seen`: what is covered already.
    pub(in crate::daemon) fn wait(&self, seen: Seq, at_most: Duration, patience: Duration) -> Taken {
        let nothing = |waiting: &mut Waiting| waiting.names.is_empty() && !waiting.ended && waiting.upto <= seen;
        let something = self.bell.wait_timeout_while(self.lock(), at_most, nothing);
        let something = something.unwrap_or_else(PoisonError::into_inner).0;
        let unwanted = |waiting: &mut Waiting| !(waiting.wanted || waiting.hurries || waiting.ended);
        drop(self.bell.wait_timeout_while(something, patience, unwanted).unwrap_or_else(PoisonError::into_inner));
        self.take()
    }

    /// What was taken up to this taking has been seen to.
    pub(in crate::daemon) fn done(&self, taking: u64) {
        let mut waiting = self.lock();
        waiting.done = waiting.done.max(taking);
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
