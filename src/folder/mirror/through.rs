//! Looking through everything: at the start, when events were lost, every half a minute, and a new folder when it comes.
//! Here, too: root folders that go and come back.

use super::change::{Change, Found};
use super::known::{FolderId, Folders, hex};
use super::names;
use super::roots::Spot;
use super::run::{Mirror, RootState};
use super::stamp::Stamp;
use super::take::{self, Taken};
use super::walk::{self, Walked};
use super::watch::{self, Watch};
use crate::board::MemoryName;
use rustix::fs::FileType;
use std::path::Path;
use std::time::{Duration, Instant};

/// How long after a folder is newly watched it is listed again: files that came between its making and its watch are found.
const RELIST_AFTER: Duration = Duration::from_millis(50);

/// How long a root must be away before it counts as missing. A branch that is checked out may remove it and make it again.
const ROOT_SETTLE: Duration = Duration::from_secs(1);

/// How often a root that is not there is looked for.
const ROOT_PAUSE: Duration = Duration::from_millis(250);

impl Mirror {
    /// Starts a new watcher and looks through everything.
    pub(super) fn watch_anew(&mut self) {
        match Watch::start(self.queue.filler()) {
            Ok(watch) => self.watch = Some(watch),
            Err(error) => {
                self.watch = None;
                self.say_unwatched(watch::trouble(&error));
            }
        }
        self.look_through_once(Instant::now());
    }

    /// Looks through everything. What is found this way was missed by the watcher, which is then replaced: watchers die
    /// without a word.
    pub(super) fn look_through(&mut self, now: Instant) {
        if self.look_through_once(now) {
            self.watch_anew();
        }
    }

    /// Whether anything was found that no event had told.
    fn look_through_once(&mut self, now: Instant) -> bool {
        self.check_roots(now);
        self.generation += 1;
        let mut news = false;
        let mut folders = Folders::default();
        for root in 0..self.roots.len() {
            if !matches!(self.roots[root], RootState::There(_)) {
                continue;
            }
            let (walked, trouble) = self.walk(Spot::new(root, ""), &folders);
            if let Some(why) = trouble {
                self.say_unwatched(why);
            }
            news |= self.take_in(&walked, now);
            news |= self.miss(root, &walked, now);
            // Later on, such a file is one of our own or of another daemon's that shares the folder.
            if self.generation == 1 {
                for spot in &walked.temporary {
                    self.meet_temporary(spot);
                }
            }
            for (spot, id) in walked.folders.by_spot {
                folders.insert(spot, id);
            }
            folders.linked.extend(walked.folders.linked);
        }
        *self.shared.folders_mut() = folders;
        let waits = self.roots.iter().any(|state| matches!(state, RootState::Away(_) | RootState::Missing));
        let rescan = self.shared.limits.rescan;
        self.rescan_at = if waits {
            Some(now + ROOT_PAUSE)
        } else if rescan.is_zero() {
            None
        } else {
            Some(now + rescan)
        };
        news
    }

    /// Looks into one folder that is new, or newly listed.
    pub(super) fn look_into(&mut self, folder: Spot, now: Instant, new: bool) {
        if !matches!(self.roots.get(folder.root), Some(RootState::There(_))) {
            return;
        }
        let shared = std::sync::Arc::clone(&self.shared);
        let (walked, trouble) = {
            let others = shared.folders();
            self.walk(folder, &others)
        };
        if let Some(why) = trouble {
            self.say_unwatched(why);
        }
        self.take_in(&walked, now);
        let mut folders = self.shared.folders_mut();
        for (spot, id) in walked.folders.by_spot {
            if new {
                self.relist.insert(spot.clone(), now + RELIST_AFTER);
            }
            folders.insert(spot, id);
        }
        for link in walked.folders.linked {
            if !folders.linked.contains(&link) {
                folders.linked.push(link);
            }
        }
    }

    fn walk(&mut self, from: Spot, others: &Folders) -> (Walked, Option<String>) {
        let mut trouble = None;
        let watch = &mut self.watch;
        let walked = walk::walk(&self.shared, from, others, &mut |path: &Path| {
            if let Some(watch) = watch
                && let Err(error) = watch.add(path)
                && trouble.is_none()
                && !is_gone(&error)
            {
                trouble = Some(watch::trouble(&error));
            }
        });
        (walked, trouble)
    }

    /// Sorts what a walk met; whether there is anything new among it.
    fn take_in(&mut self, walked: &Walked, now: Instant) -> bool {
        let mut news = false;
        for spot in &walked.files {
            news |= self.meet(spot, now);
        }
        for (spot, why) in &walked.skipped {
            self.leave(spot, why.clone(), Stamp::default());
        }
        news
    }

    /// A file that a walk met: looked at if its stamp is another one.
    fn meet(&mut self, spot: &Spot, now: Instant) -> bool {
        let stamp = match take::look(&self.shared.roots.on_disk(spot)) {
            Ok(Some(stat)) if take::kind(&stat) == FileType::RegularFile => Some(Stamp::of(&stat)),
            _ => None,
        };
        let mut unchanged = false;
        if let Ok(name) = self.shared.roots.name(spot)
            && let Some(known) = self.shared.files_mut().get_mut(&name)
            && known.spot == *spot
        {
            known.seen = self.generation;
            if stamp.is_some_and(|stamp| known.is(&stamp, now)) {
                return false;
            }
            unchanged = known.stamp == stamp;
        }
        // Told already, and still as it was then.
        if let (Some(stamp), Some((_, told))) = (stamp, self.told.get(spot))
            && *told == stamp
            && self.told_for_good(spot)
        {
            return false;
        }
        let waits = self.wanted.contains_key(spot) || self.later.contains_key(spot);
        if !waits {
            self.want(spot.clone());
        }
        // A link is always looked at, what was left alone may be fit by now: neither says that an event was missed.
        !waits && !unchanged && stamp.is_some() && !self.told.contains_key(spot)
    }

    /// Whether what was told of a file depends on its content alone, and not on rights or on other files.
    fn told_for_good(&self, spot: &Spot) -> bool {
        self.told.get(spot).is_some_and(|(why, _)| why.starts_with("is not UTF-8") || why.starts_with("is over"))
    }

    /// What was known below a root and was not met any more; whether that was news.
    fn miss(&mut self, root: usize, walked: &Walked, now: Instant) -> bool {
        let dark = |spot: &Spot| walked.dark.iter().any(|dark| spot.path.starts_with(&dark.path));
        let due = now + self.shared.limits.settle;
        let before = self.doubts.len();
        for (name, known) in &*self.shared.files() {
            if known.spot.root == root && known.seen != self.generation && !dark(&known.spot) {
                self.doubts.add(name, known, due);
            }
        }
        self.doubts.len() > before
    }

    /// A temporary file of ours that stands there at the start was left by a crash: its text is handed out.
    fn meet_temporary(&mut self, spot: &Spot) {
        let path = self.shared.roots.on_disk(spot);
        let file = spot.path.file_name().and_then(|name| name.to_str()).and_then(names::of_temporary);
        let name =
            file.and_then(|file| self.shared.roots.name(&Spot::new(spot.root, spot.path.with_file_name(file))).ok());
        if let (Some(name), Taken::Text(text)) = (name, take::take(&self.shared, spot)) {
            self.out_bytes += text.text.len();
            let hash = hex(&text.hash);
            self.out.push_back(Change::Stray(Found {
                name,
                text: text.text,
                hash,
                stamp: text.stamp,
                moved_from: None,
            }));
        }
        self.strays.push(path);
    }

    /// Looks how the roots stand, and tells those that went or came back.
    pub(super) fn check_roots(&mut self, now: Instant) {
        for root in 0..self.roots.len() {
            let path = self.shared.roots.path(root).to_owned();
            let stat = rustix::fs::stat(&path).ok().filter(|stat| take::kind(stat) == FileType::Directory);
            let id = stat.map(|stat| FolderId { device: stat.st_dev, inode: stat.st_ino });
            let state = match (self.roots[root], id) {
                (RootState::Missing, Some(id)) => {
                    let lacks = self.lacking(root);
                    self.out.push_back(Change::RootBack { root: path, lacks });
                    RootState::There(id)
                }
                // One that was made anew in a moment is looked through like any other.
                (_, Some(id)) => RootState::There(id),
                (RootState::There(_), None) => RootState::Away(now + ROOT_SETTLE),
                (RootState::Away(until), None) if until <= now => {
                    self.doubts.retain(|name| self.shared.spot(name).root != root);
                    self.out.push_back(Change::RootMissing { root: path });
                    RootState::Missing
                }
                (state, None) => state,
            };
            if state != self.roots[root] {
                self.roots[root] = state;
                self.rescan_at =
                    Some(now + if matches!(state, RootState::There(_)) { Duration::ZERO } else { ROOT_PAUSE });
            }
        }
    }

    /// Forgets the files that a root does not hold any more, and names them.
    fn lacking(&mut self, root: usize) -> Vec<MemoryName> {
        let known: Vec<(MemoryName, Spot)> = {
            let files = self.shared.files();
            files
                .iter()
                .filter(|(_, known)| known.spot.root == root)
                .map(|(name, known)| (name.clone(), known.spot.clone()))
                .collect()
        };
        let absent = |spot: &Spot| matches!(take::look(&self.shared.roots.on_disk(spot)), Ok(None));
        let mut lacks: Vec<MemoryName> =
            known.into_iter().filter(|(_, spot)| absent(spot)).map(|(name, _)| name).collect();
        for name in &lacks {
            self.shared.forget(name);
        }
        lacks.sort_unstable();
        lacks
    }

    fn say_unwatched(&mut self, why: String) {
        if self.unwatched.as_ref() != Some(&why) {
            self.unwatched = Some(why.clone());
            self.out.push_back(Change::Unwatched { why });
        }
    }
}

/// Whether a folder went before it could be watched, or is closed to us: the listing tells about that.
fn is_gone(error: &notify::Error) -> bool {
    match &error.kind {
        notify::ErrorKind::PathNotFound => true,
        notify::ErrorKind::Io(io) => {
            matches!(
                io.kind(),
                std::io::ErrorKind::NotFound | std::io::ErrorKind::PermissionDenied | std::io::ErrorKind::NotADirectory
            )
        }
        _ => false,
    }
}
