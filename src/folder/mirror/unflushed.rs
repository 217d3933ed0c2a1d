//! What was written and is not durable yet, and making it so: file by file while it is little, by file system when it is much.

use crate::folder::error::Error;
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use std::collections::BTreeSet;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

/// Files and folders that are flushed one by one; for more, the whole file system is.
const ONE_BY_ONE_MAX: usize = 6;

/// What is not durable yet.
#[derive(Debug, Default)]
pub(super) struct Unflushed {
    files: BTreeSet<PathBuf>,
    folders: BTreeSet<PathBuf>,
}

impl Unflushed {
    /// A file was written, and its folder with it.
    pub(super) fn file(&mut self, path: &Path) {
        self.folder_of(path);
        if self.files.len() <= ONE_BY_ONE_MAX {
            self.files.insert(path.to_owned());
        }
    }

    /// A name came to its folder, or went.
    pub(super) fn folder_of(&mut self, path: &Path) {
        if let Some(folder) = path.parent() {
            self.folders.insert(folder.to_owned());
        }
    }

    /// Makes it durable.
    ///
    /// # Errors
    /// The system said no; everything is tried again the next time.
    pub(super) fn flush(&mut self) -> Result<(), Error> {
        if self.files.len() + self.folders.len() <= ONE_BY_ONE_MAX {
            for path in self.files.iter().chain(&self.folders) {
                if let Some(open) = open(path)? {
                    rustix::fs::fsync(open).map_err(|errno| Error::io(path, "flush", errno))?;
                }
            }
        } else {
            self.flush_file_systems()?;
        }
        self.files.clear();
        self.folders.clear();
        Ok(())
    }

    fn flush_file_systems(&self) -> Result<(), Error> {
        let mut flushed = BTreeSet::new();
        for path in &self.folders {
            let Some(open) = open(path)? else { continue };
            let stat = rustix::fs::fstat(&open).map_err(|errno| Error::io(path, "flush", errno))?;
            if flushed.insert(stat.st_dev) {
                rustix::fs::syncfs(open).map_err(|errno| Error::io(path, "flush", errno))?;
            }
        }
        Ok(())
    }
}

/// Opens a file or folder to flush it; one that somebody removed or closed to us has nothing of ours to keep.
fn open(path: &Path) -> Result<Option<OwnedFd>, Error> {
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOFOLLOW | OFlags::NOCTTY | OFlags::CLOEXEC;
    match rustix::fs::open(path, flags, Mode::empty()) {
        Ok(open) => Ok(Some(open)),
        // The folder itself may be a link.
        Err(Errno::LOOP) => match rustix::fs::open(path, flags - OFlags::NOFOLLOW, Mode::empty()) {
            Ok(open) => Ok(Some(open)),
            Err(Errno::NOENT | Errno::NOTDIR) => Ok(None),
            Err(errno) => Err(Error::io(path, "flush", errno)),
        },
        Err(Errno::NOENT | Errno::NOTDIR) => Ok(None),
        Err(errno) => Err(Error::io(path, "flush", errno)),
    }
}
