//! The eyes: file events of the watched folders, sorted and queued. Events are hints; the truth is a listing. The watcher's
//! own thread only pushes into the queue.

use super::Limits;
use super::spot::{Place, Sort, sort};
use crate::folder::unwatched;
use notify::event::{AccessKind, AccessMode, CreateKind, EventKind, ModifyKind, RemoveKind, RenameMode};
use notify::{Event, RecommendedWatcher, RecursiveMode, Watcher};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::mpsc;

/// What an event says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Seen {
    /// A file was closed after writing, or moved in: it should be whole.
    Landed(Place, String),
    /// A file was made; whether it is whole is not known.
    Made(Place, String),
    /// A file was removed or moved away.
    Vanished(Place, String),
    /// A watched folder itself was made, moved or removed.
    Folder,
    /// Events were lost: everything must be listed.
    Lost,
}

/// A running watcher and its queue.
pub(super) struct Watch {
    watcher: RecommendedWatcher,
    queue: mpsc::Receiver<Seen>,
    overflow: Arc<AtomicBool>,
}

impl Watch {
    /// Starts to watch nothing yet. `folders` are the paths that [`Self::add`] will be given.
    pub(super) fn start(folders: [(Place, PathBuf); 3], limits: &Limits) -> Result<Self, notify::Error> {
        let (sender, queue) = mpsc::channel(limits.queue_max.max(1));
        let overflow = Arc::new(AtomicBool::new(false));
        let full = Arc::clone(&overflow);
        let watcher = notify::recommended_watcher(move |event: Result<Event, notify::Error>| {
            let seen = event.map_or_else(|_| vec![Seen::Lost], |event| read(&event, &folders));
            for seen in seen {
                // A full queue wakes its reader anyway, and the reader then lists everything.
                if sender.try_send(seen).is_err() {
                    full.store(true, Ordering::Release);
                    let _reader_may_just_have_drained_it = sender.try_send(Seen::Lost);
                }
            }
        })?;
        Ok(Self { watcher, queue, overflow })
    }

    /// Watches a folder, or watches it again when another one stands at its path now.
    pub(super) fn add(&mut self, folder: &Path) -> Result<(), notify::Error> {
        // An old watch of the same path follows a folder that was moved away; without one this fails, which is fine.
        let _was_not_watched = self.watcher.unwatch(folder);
        self.watcher.watch(folder, RecursiveMode::NonRecursive)
    }

    /// The next event that is already here.
    pub(super) fn try_next(&mut self) -> Option<Seen> {
        match self.queue.try_recv() {
            Ok(seen) => Some(seen),
            Err(_) => self.overflow.swap(false, Ordering::AcqRel).then_some(Seen::Lost),
        }
    }

    /// Waits for the next event; `None` when the watcher's thread is gone. Cancel-safe.
    pub(super) async fn next(&mut self) -> Option<Seen> {
        self.queue.recv().await
    }
}

/// What an event says about files that matter; everything else is dropped here, on the watcher's thread.
fn read(event: &Event, folders: &[(Place, PathBuf); 3]) -> Vec<Seen> {
    if event.need_rescan() {
        return vec![Seen::Lost];
    }
    let say: fn(Place, String) -> Seen = match event.kind {
        EventKind::Access(AccessKind::Close(AccessMode::Write)) => Seen::Landed,
        // A rename within the folders comes as From, To and Both; To is always among them.
        EventKind::Modify(ModifyKind::Name(RenameMode::To)) => Seen::Landed,
        EventKind::Modify(ModifyKind::Name(RenameMode::From)) | EventKind::Remove(_) => Seen::Vanished,
        EventKind::Create(CreateKind::Folder) => |_, _| Seen::Folder,
        EventKind::Create(_) => Seen::Made,
        _ => return Vec::new(),
    };
    let folder_gone = matches!(event.kind, EventKind::Remove(RemoveKind::Folder));
    event.paths.iter().filter_map(|path| about(path, folders, say, folder_gone)).collect()
}

fn about(path: &Path, folders: &[(Place, PathBuf); 3], say: fn(Place, String) -> Seen, gone: bool) -> Option<Seen> {
    if folders.iter().any(|(_, folder)| folder == path) {
        return Some(Seen::Folder);
    }
    let (place, _) = folders.iter().find(|(_, folder)| path.parent() == Some(folder))?;
    let name = path.file_name()?;
    match name.to_str() {
        Some(name) if sort(*place, name) == Sort::Ignored => None,
        Some(_) if gone => None,
        Some(name) => match say(*place, name.to_owned()) {
            Seen::Folder => None,
            seen => Some(seen),
        },
        // A name that is no text cannot be queued; the next listing tells about it.
        None => None,
    }
}

/// A sentence about why the folders cannot be watched, and what is done instead.
pub(super) fn trouble(error: &notify::Error) -> String {
    let why = unwatched::why(error);
    format!("dropped files cannot be watched for: {why}; until then the folders are listed every few seconds")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folders() -> [(Place, PathBuf); 3] {
        Place::ALL.map(|place| (place, Path::new("/c").join(place.path())))
    }

    fn seen(kind: EventKind, path: &str) -> Vec<Seen> {
        read(&Event::new(kind).add_path(path.into()), &folders())
    }

    #[test]
    fn only_what_should_be_whole_has_landed() {
        let close = EventKind::Access(AccessKind::Close(AccessMode::Write));
        let landed = vec![Seen::Landed(Place::Tasks, "a.md".to_owned())];
        assert_eq!(seen(close, "/c/tasks/a.md"), landed);
        assert_eq!(seen(EventKind::Modify(ModifyKind::Name(RenameMode::To)), "/c/tasks/a.md"), landed);
        assert_eq!(seen(EventKind::Modify(ModifyKind::Any), "/c/tasks/a.md"), []);
        assert_eq!(
            seen(EventKind::Create(CreateKind::File), "/c/tasks/a.md"),
            [Seen::Made(Place::Tasks, "a.md".to_owned())]
        );
        for ignored in
            ["/c/tasks/.a.md.swp", "/c/tasks/4913", "/c/tasks/active/a.md", "/c/decisions/a.json", "/c/tasks/x/a.md"]
        {
            assert_eq!(seen(close, ignored), [], "{ignored}");
        }
    }

    #[test]
    fn lost_events_and_changed_folders_are_told() {
        let overflow = Event::new(EventKind::Other).set_flag(notify::event::Flag::Rescan);
        assert_eq!(read(&overflow, &folders()), [Seen::Lost]);
        assert_eq!(seen(EventKind::Remove(RemoveKind::Folder), "/c/tasks"), [Seen::Folder]);
        assert_eq!(seen(EventKind::Create(CreateKind::Folder), "/c/tasks/active"), [Seen::Folder]);
        assert_eq!(seen(EventKind::Create(CreateKind::Folder), "/c/tasks/x.md"), []);
    }

    #[test]
    fn a_reached_limit_names_its_setting() {
        let error = notify::Error::new(notify::ErrorKind::MaxFilesWatch);
        assert!(trouble(&error).contains("fs.inotify.max_user_watches"));
        assert_eq!(
            trouble(&error),
            trouble(&notify::Error::new(notify::ErrorKind::MaxFilesWatch).add_path("/c".into()))
        );
        let error = notify::Error::io(rustix::io::Errno::MFILE.into());
        assert!(trouble(&error).contains("fs.inotify.max_user_instances"));
    }
}
