//! The three watched folders: whether they stand, whether they are watched, whether they must be listed; and what is said
//! when one of them is not as it should be.

use super::listing::{FolderStamp, Identity};
use super::spot::Place;
use super::watch::{self, Seen, Watch};
use super::{Error, Found, Limits, Places};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::time::Instant;

/// A long listing of the answering folders is not repeated before this many times its length has passed, so that a million
/// decisions cost a hundredth of a core at most. The drop folder is listed whenever it changed.
const REST_FACTOR: u32 = 100;

/// One of the folders.
struct Folder {
    place: Place,
    path: PathBuf,
    /// What is watched there.
    watched: Option<Identity>,
    /// How it stood when it was last to be listed.
    listed: Option<FolderStamp>,
    /// A change within one tick of the file system's clock does not show, so each change is followed by a second listing.
    again: bool,
    not_before: Option<Instant>,
    trouble: Option<String>,
}

/// All of them.
pub(super) struct Folders {
    root: PathBuf,
    folders: [Folder; 3],
    watch: Option<Watch>,
    watch_trouble: Option<String>,
    limits: Limits,
}

/// What a check found.
#[derive(Default)]
pub(super) struct Checked {
    /// The folders to be listed now.
    pub(super) list: Vec<Place>,
    /// A folder is newly watched: what came into it just before must be listed again in a moment.
    pub(super) new: bool,
    /// What is to be said.
    pub(super) said: Vec<Found>,
}

impl Folders {
    /// Makes the folders that are missing.
    pub(super) fn open(places: &Places, limits: &Limits) -> Result<Self, Error> {
        if !places.root.is_dir() {
            return Err(Error::NoRoot { path: places.root.clone() });
        }
        let folders = Place::ALL.map(|place| Folder {
            place,
            path: places.coordination.join(place.path()),
            watched: None,
            listed: None,
            again: false,
            not_before: None,
            trouble: None,
        });
        for folder in &folders {
            std::fs::create_dir_all(&folder.path)
                .map_err(|source| Error::Folder { path: folder.path.clone(), source })?;
        }
        Ok(Self { root: places.root.clone(), folders, watch: None, watch_trouble: None, limits: limits.clone() })
    }

    pub(super) fn path(&self, place: Place) -> Option<&PathBuf> {
        self.folders.iter().find(|folder| folder.place == place).map(|folder| &folder.path)
    }

    /// The next event that is already here.
    pub(super) fn try_event(&mut self) -> Option<Seen> {
        self.watch.as_mut()?.try_next()
    }

    /// Waits for the next event, for ever when nothing is watched. Cancel-safe.
    pub(super) async fn event(&mut self) -> Seen {
        let Some(watch) = &mut self.watch else { return std::future::pending().await };
        let seen = watch.next().await;
        // Without its thread the watcher is of no use; the next check starts another.
        seen.unwrap_or_else(|| {
            self.watch = None;
            Seen::Lost
        })
    }

    /// An event told of a change of the folders themselves: what is watched may no longer be what stands there.
    pub(super) fn doubt(&mut self) {
        for folder in &mut self.folders {
            folder.watched = None;
        }
    }

    /// How often to look without events; `None`: never. Without a watcher there is always a next look.
    pub(super) fn rescan(&self) -> Option<Duration> {
        let wanted = (!self.limits.rescan.is_zero()).then_some(self.limits.rescan);
        let blind = self.watch.is_none() || self.folders.iter().any(|folder| folder.watched.is_none());
        wanted.or_else(|| blind.then_some(Limits::default().rescan))
    }

    /// A listing of a folder took so long.
    pub(super) fn listed(&mut self, place: Place, now: Instant, took: Duration) {
        if place == Place::Tasks {
            return;
        }
        for folder in self.folders.iter_mut().filter(|folder| folder.place == place) {
            folder.not_before = now.checked_add(took.saturating_mul(REST_FACTOR));
        }
    }

    /// Sees that all folders stand and are watched. `all`: each is to be listed, changed or not.
    pub(super) fn check(&mut self, now: Instant, all: bool) -> Checked {
        let mut checked = Checked::default();
        self.check_watch(&mut checked);
        for at in 0..self.folders.len() {
            self.check_folder(at, now, all, &mut checked);
        }
        checked
    }

    fn check_watch(&mut self, checked: &mut Checked) {
        if self.watch.is_some() {
            return;
        }
        self.doubt();
        let paths = self.folders.each_ref().map(|folder| (folder.place, folder.path.clone()));
        match Watch::start(paths, &self.limits) {
            Ok(watch) => self.watch = Some(watch),
            Err(error) => say(&mut self.watch_trouble, watch::trouble(&error), &mut checked.said),
        }
    }

    fn check_folder(&mut self, at: usize, now: Instant, all: bool, checked: &mut Checked) {
        let Some(folder) = self.folders.get_mut(at) else { return };
        let stamp =
            match FolderStamp::of(&folder.path).or_else(|error| remake(&self.root, folder, error, &mut checked.said)) {
                Ok(stamp) => stamp,
                Err(error) => {
                    let path = folder.path.display();
                    let trouble =
                        format!("{path} cannot be looked into ({error}); files dropped there are taken once it can");
                    folder.watched = None;
                    folder.listed = None;
                    return say(&mut folder.trouble, trouble, &mut checked.said);
                }
            };
        if folder.trouble.take().is_some() {
            checked.said.push(Found::Mended(format!("{} is there again and looked after", folder.path.display())));
        }
        if let Some(watch) = &mut self.watch
            && folder.watched != Some(stamp.identity)
        {
            match watch.add(&folder.path) {
                Ok(()) => {
                    folder.watched = Some(stamp.identity);
                    folder.listed = None;
                    checked.new = true;
                }
                Err(error) => say(&mut self.watch_trouble, watch::trouble(&error), &mut checked.said),
            }
        }
        folder.want(stamp, now, all, checked);
        if self.folders.iter().all(|folder| folder.watched.is_some()) && self.watch_trouble.take().is_some() {
            checked.said.push(Found::Mended("dropped files are watched for again".to_owned()));
        }
    }
}

impl Folder {
    /// Whether it must be listed: it changed, or it changed shortly before it was last listed.
    fn want(&mut self, stamp: FolderStamp, now: Instant, all: bool, checked: &mut Checked) {
        let changed = self.listed != Some(stamp);
        let rests = self.listed.is_some() && self.not_before.is_some_and(|moment| now < moment);
        if !all && (rests || !(changed || self.again)) {
            return;
        }
        self.again = changed;
        self.listed = Some(stamp);
        checked.list.push(self.place);
    }
}

/// A folder that was removed is made again, unless the whole workspace is gone.
fn remake(root: &Path, folder: &mut Folder, error: io::Error, said: &mut Vec<Found>) -> io::Result<FolderStamp> {
    if error.kind() != io::ErrorKind::NotFound || !root.is_dir() {
        return Err(error);
    }
    let trouble = format!("{} was removed; it is made again, files that stood in it are gone", folder.path.display());
    say(&mut folder.trouble, trouble, said);
    folder.watched = None;
    std::fs::create_dir_all(&folder.path)?;
    FolderStamp::of(&folder.path)
}

/// Says a trouble once, until it changes or ends.
fn say(last: &mut Option<String>, trouble: String, said: &mut Vec<Found>) {
    if last.as_ref() != Some(&trouble) {
        said.push(Found::Trouble(trouble.clone()));
        *last = Some(trouble);
    }
}
