//! The eyes on the memory folders: file events, sorted and queued. Events are hints; the truth is what stands there. The
//! watcher's own thread only pushes into the queue.

use super::names;
use crate::folder::unwatched;
use notify::event::{AccessKind, AccessMode, CreateKind, EventKind, ModifyKind, RenameMode};
use notify::{Event, RecommendedWatcher, RecursiveMode, Watcher};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

/// What an event says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Seen {
    /// A file was closed after writing, or something was moved in.
    Landed(PathBuf),
    /// Something was made: a folder, a link, or a file that is not whole yet.
    Made(PathBuf),
    /// Something was removed or moved away.
    Vanished(PathBuf),
    /// Events were lost: everything must be looked through.
    Lost,
    /// The owner is wanted.
    Woken,
}

/// The queue that the watcher and those who wake fill.
pub(super) struct Queue {
    receiver: Receiver<Seen>,
    overflow: Arc<AtomicBool>,
    woken: Arc<AtomicBool>,
    sender: SyncSender<Seen>,
}

/// Fills the queue.
#[derive(Clone, Debug)]
pub(super) struct Filler {
    sender: SyncSender<Seen>,
    overflow: Arc<AtomicBool>,
    woken: Arc<AtomicBool>,
}

impl Filler {
    pub(super) fn push(&self, seen: Seen) {
        // A full queue wakes its reader anyway, and the reader then looks through everything.
        if self.sender.try_send(seen).is_err() {
            self.overflow.store(true, Ordering::Release);
            let _reader_may_just_have_drained_it = self.sender.try_send(Seen::Lost);
        }
    }

    pub(super) fn wake(&self) {
        if !self.woken.swap(true, Ordering::AcqRel) {
            // A full queue has its reader awake.
            let _full = self.sender.try_send(Seen::Woken);
        }
    }
}

impl Queue {
    pub(super) fn new(length: usize) -> Self {
        let (sender, receiver) = sync_channel(length.max(1));
        Self { receiver, overflow: Arc::default(), woken: Arc::default(), sender }
    }

    pub(super) fn filler(&self) -> Filler {
        Filler { sender: self.sender.clone(), overflow: Arc::clone(&self.overflow), woken: Arc::clone(&self.woken) }
    }

    /// The next one that is already here.
    pub(super) fn try_next(&self) -> Option<Seen> {
        match self.receiver.try_recv() {
            Ok(seen) => Some(seen),
            Err(_) => self.overflow.swap(false, Ordering::AcqRel).then_some(Seen::Lost),
        }
    }

    /// Waits for the next one, at most so long (`None`: for ever).
    pub(super) fn wait(&self, at_most: Option<Duration>) -> Option<Seen> {
        match at_most {
            Some(at_most) => self.receiver.recv_timeout(at_most).ok(),
            None => self.receiver.recv().ok(),
        }
    }

    /// Whether the owner was woken since it last asked.
    pub(super) fn was_woken(&self) -> bool {
        self.woken.swap(false, Ordering::AcqRel)
    }
}

/// A running watcher.
pub(super) struct Watch(RecommendedWatcher);

impl Watch {
    /// Starts to watch nothing yet.
    pub(super) fn start(filler: Filler) -> Result<Self, notify::Error> {
        let watcher = notify::recommended_watcher(move |event: Result<Event, notify::Error>| match event {
            Ok(event) => read(event, &mut |seen| filler.push(seen)),
            Err(_) => filler.push(Seen::Lost),
        })?;
        Ok(Self(watcher))
    }

    /// Watches a folder, or watches it again when another one stands at its path now.
    pub(super) fn add(&mut self, folder: &Path) -> Result<(), notify::Error> {
        // An old watch of the same path follows a folder that was moved away; without one this fails, which is fine.
        let _was_not_watched = self.0.unwatch(folder);
        self.0.watch(folder, RecursiveMode::NonRecursive)
    }
}

/// What an event says, if it can matter; everything else is dropped here, on the watcher's thread.
fn read(event: Event, say: &mut dyn FnMut(Seen)) {
    if event.need_rescan() {
        return say(Seen::Lost);
    }
    let sort: fn(PathBuf) -> Seen = match event.kind {
        EventKind::Access(AccessKind::Close(AccessMode::Write)) => Seen::Landed,
        // A rename within the folders comes as From, To and Both; To is always among them.
        EventKind::Modify(ModifyKind::Name(RenameMode::To)) => Seen::Landed,
        EventKind::Modify(ModifyKind::Name(RenameMode::From)) | EventKind::Remove(_) => Seen::Vanished,
        EventKind::Create(CreateKind::Folder | CreateKind::File | CreateKind::Any) => Seen::Made,
        _ => return,
    };
    let closed = matches!(event.kind, EventKind::Access(_));
    for path in event.paths {
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
            // A name that is no text is told by the next look through.
            continue;
        };
        // A folder's event does not say that it is one, so other endings than .md can matter, too.
        if (closed && !names::is_memory_file(name)) || !names::is_open_folder(name) {
            continue;
        }
        say(sort(path));
    }
}

/// A sentence about why the folders cannot be watched, and what is done instead.
pub(super) fn trouble(error: &notify::Error) -> String {
    let why = unwatched::why(error);
    format!(
        "the memories cannot be watched: {why}; until then they are looked through now and then, and when they are read"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(kind: EventKind, path: &str) -> Vec<Seen> {
        let mut all = Vec::new();
        read(Event::new(kind).add_path(path.into()), &mut |seen| all.push(seen));
        all
    }

    #[test]
    fn a_file_is_never_read_while_it_is_written() {
        let close = EventKind::Access(AccessKind::Close(AccessMode::Write));
        assert_eq!(seen(close, "/m/a.md"), [Seen::Landed("/m/a.md".into())]);
        assert_eq!(seen(EventKind::Modify(ModifyKind::Any), "/m/a.md"), []);
        for ignored in ["/m/.a.md.swp", "/m/4913", "/m/a.md~", "/m/a.md___jb_tmp___", "/m/.#a.md", "/m/a.md.x.tmp"] {
            assert_eq!(seen(close, ignored), [], "{ignored}");
        }
        assert_eq!(seen(EventKind::Modify(ModifyKind::Name(RenameMode::To)), "/m/x"), [Seen::Landed("/m/x".into())]);
    }

    #[test]
    fn a_queue_that_runs_over_says_so() {
        let queue = Queue::new(2);
        let filler = queue.filler();
        for _ in 0..3 {
            filler.push(Seen::Landed("/m/a.md".into()));
        }
        let all: Vec<Seen> = std::iter::from_fn(|| queue.try_next()).collect();
        assert_eq!(all.last(), Some(&Seen::Lost));
        assert_eq!(queue.try_next(), None);
    }

    #[test]
    fn waking_twice_wakes_once() {
        let queue = Queue::new(8);
        let filler = queue.filler();
        filler.wake();
        filler.wake();
        assert_eq!(queue.try_next(), Some(Seen::Woken));
        assert_eq!(queue.try_next(), None);
        assert!(queue.was_woken() && !queue.was_woken());
    }
}
