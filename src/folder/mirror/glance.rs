//! Looking at the folder from any thread: one memory's file now, Synod's own pages, lists of them.

use super::change::{Found, Look, Skipped};
use super::error::MirrorError;
use super::known::{FolderId, Known, Shared, hex};
use super::pages::{self, Listed};
use super::roots::Spot;
use super::stamp::Stamp;
use super::take::{self, Taken};
use crate::board::MemoryName;
use rustix::fs::FileType;
use std::sync::Arc;
use std::time::Instant;

/// Looks at files. Cheap to clone, for any thread.
#[derive(Clone, Debug)]
pub struct Glance {
    pub(super) shared: Arc<Shared>,
}

impl Glance {
    /// Looks at one memory's file now: one `stat` while it is unchanged; read and hashed when it is not.
    pub fn look(&self, name: &MemoryName) -> Look {
        let shared = &self.shared;
        let known = shared.known(name);
        let spot = known.as_ref().map_or_else(|| shared.roots.place(name), |known| known.spot.clone());
        let now = Instant::now();
        match take::look(&shared.roots.on_disk(&spot)) {
            Ok(None) => return if known.is_some() { Look::Away } else { Look::Same },
            Ok(Some(stat))
                if take::kind(&stat) == FileType::RegularFile
                    && known.as_ref().is_some_and(|known| known.is(&Stamp::of(&stat), now)) =>
            {
                return Look::Same;
            }
            // A link, something else, or no answer: taking it up says what is the matter.
            _ => {}
        }
        if known.is_none() && is_alias(shared, &spot) {
            return Look::Same;
        }
        self.compare(name, known.as_ref(), &spot, now)
    }

    fn compare(&self, name: &MemoryName, known: Option<&Known>, spot: &Spot, now: Instant) -> Look {
        match take::take(&self.shared, spot) {
            Taken::Text(text) if known.is_some_and(|known| known.hash == text.hash) => {
                self.shared.confirm(name, &text.hash, text.stamp, now);
                Look::Same
            }
            // An editor that writes in place empties the file first.
            Taken::Text(text) if text.text.is_empty() && known.is_some() => Look::Away,
            Taken::Text(text) => Look::Changed(Found {
                name: name.clone(),
                hash: hex(&text.hash),
                text: text.text,
                stamp: text.stamp,
                moved_from: None,
            }),
            Taken::Nothing | Taken::Changing => {
                if known.is_some() {
                    Look::Away
                } else {
                    Look::Same
                }
            }
            Taken::Folder => Look::Unfit(Skipped { path: spot.path.clone(), why: "is a folder".to_owned() }),
            Taken::Not(why, _) => Look::Unfit(Skipped { path: spot.path.clone(), why }),
        }
    }

    /// Reads one of Synod's own pages; `None`: there is none of this name, or the name is no page's.
    ///
    /// # Errors
    /// It is there and cannot be read.
    pub fn read_page(&self, name: &MemoryName) -> Result<Option<Found>, MirrorError> {
        if !name.is_own_page() {
            return Ok(None);
        }
        let spot = self.shared.roots.place(name);
        match take::take(&self.shared, &spot) {
            Taken::Text(text) => Ok(Some(Found {
                name: name.clone(),
                hash: hex(&text.hash),
                text: text.text,
                stamp: text.stamp,
                moved_from: None,
            })),
            Taken::Nothing | Taken::Folder => Ok(None),
            Taken::Not(why, _) => Err(MirrorError::Refused { path: spot.path, why }),
            Taken::Changing => {
                Err(MirrorError::Refused { path: spot.path, why: "changes faster than it can be read".to_owned() })
            }
        }
    }

    /// The names of Synod's own pages that begin with `below` and come after `after`, in order, at most `limit`; read from the
    /// file system.
    ///
    /// # Errors
    /// A folder cannot be listed.
    pub fn list(&self, below: &str, after: Option<&str>, limit: usize) -> Result<Listed, MirrorError> {
        Ok(pages::list(&self.shared, below, after, limit)?)
    }

    /// The hash of what a memory's file was last known to hold; `None`: there is no file that is known.
    pub fn known(&self, name: &MemoryName) -> Option<String> {
        self.shared.files().get(name).map(|known| hex(&known.hash))
    }
}

/// Whether a place lies, or would lie, in a folder that is known under another name, so that its file is another memory.
pub(super) fn is_alias(shared: &Shared, spot: &Spot) -> bool {
    let mut parent = spot.path.parent();
    while let Some(path) = parent {
        let folder = Spot::new(spot.root, path);
        if let Ok(stat) = rustix::fs::stat(shared.roots.on_disk(&folder)) {
            let id = FolderId { device: stat.st_dev, inode: stat.st_ino };
            let folders = shared.folders();
            return folders
                .by_id
                .get(&id)
                .is_some_and(|known| *known != folder && shared.roots.on_disk(known).is_dir());
        }
        parent = path.parent();
    }
    false
}
