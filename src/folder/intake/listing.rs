//! Listing a watched folder in bounded pieces, and telling whether it must be listed at all.

use super::spot::{Place, Sort, Spot, sort};
use std::fs::{Metadata, ReadDir};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Names read in one piece.
const NAMES_AT_ONCE: usize = 4096;

/// What tells one folder from another.
pub(super) type Identity = (u64, u64, Option<SystemTime>);

/// Which folder stands at a path, and when a name in it last changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FolderStamp {
    /// Device, inode and time of birth: an inode alone may be given to the next folder at once.
    pub(super) identity: Identity,
    changed: (i64, i64),
}

impl FolderStamp {
    /// The folder at a path; an error of kind `NotADirectory` when it is something else.
    pub(super) fn of(path: &Path) -> io::Result<Self> {
        let meta: Metadata = path.metadata()?;
        if !meta.is_dir() {
            return Err(io::ErrorKind::NotADirectory.into());
        }
        Ok(Self { identity: (meta.dev(), meta.ino(), meta.created().ok()), changed: (meta.mtime(), meta.mtime_nsec()) })
    }
}

/// A listing under way.
pub(super) struct Listing {
    pub(super) place: Place,
    pub(super) number: u64,
    names: ReadDir,
}

/// A piece of a listing.
pub(super) struct Piece {
    /// The files in it whose names matter.
    pub(super) spots: Vec<Spot>,
    /// Names that are no UTF-8 text, as well as they can be shown.
    pub(super) strange: Vec<String>,
    /// Whether it was the last.
    pub(super) last: bool,
}

impl Listing {
    pub(super) fn begin(place: Place, number: u64, folder: &PathBuf) -> io::Result<Self> {
        Ok(Self { place, number, names: std::fs::read_dir(folder)? })
    }

    /// The next names.
    pub(super) fn step(&mut self) -> io::Result<Piece> {
        let mut piece = Piece { spots: Vec::new(), strange: Vec::new(), last: false };
        for _ in 0..NAMES_AT_ONCE {
            let Some(entry) = self.names.next() else {
                piece.last = true;
                return Ok(piece);
            };
            let entry = entry?;
            // Folders are nobody's answer or task; where the kind is not known, the look at the file tells.
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                continue;
            }
            match entry.file_name().into_string() {
                Ok(name) if sort(self.place, &name) == Sort::Ignored => {}
                Ok(name) => piece.spots.push(Spot { place: self.place, name }),
                Err(name) if self.place == Place::Tasks => piece.strange.push(name.to_string_lossy().into_owned()),
                Err(_) => {}
            }
        }
        Ok(piece)
    }
}
