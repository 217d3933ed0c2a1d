//! One file's place in its folder, the folder held open: writing beside it, exchanging, taking away. A folder that is moved
//! meanwhile is followed, not made a second time.

use super::known::Hash;
use super::stamp::Stamp;
use super::take;
use crate::folder::error::Error;
use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags, RenameFlags};
use rustix::io::Errno;
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

/// The bits of a mode that are kept.
const MODE_BITS: u32 = 0o7777;

/// A file's place.
#[derive(Debug)]
pub(super) struct Place {
    folder: OwnedFd,
    path: PathBuf,
    /// The file's name in its folder.
    pub(super) file: String,
}

/// What a rename came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Renamed {
    Done,
    /// What was to be renamed, or exchanged with, is not there.
    Nothing,
    /// Something stands at the target.
    Taken,
    /// The file system knows no such rename.
    Unknown,
}

/// What stands under a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Stands {
    Nothing,
    /// A regular file: its hash, stamp, and text if it is text within the limit.
    File(Hash, Stamp, Option<String>),
    /// A folder, a link, something else, or a file that cannot be read.
    Other,
}

impl Place {
    /// Opens the folder of a path.
    pub(super) fn open(path: &Path) -> Result<Self, Error> {
        let gone = || Error::io(path, "open the folder of", Errno::NOENT);
        let parent = path.parent().ok_or_else(gone)?;
        let file = path.file_name().and_then(|name| name.to_str()).ok_or_else(gone)?.to_owned();
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let folder = rustix::fs::openat(CWD, parent, flags, Mode::empty());
        let folder = folder.map_err(|errno| Error::io(parent, "open the folder", errno))?;
        Ok(Self { folder, path: parent.to_owned(), file })
    }

    /// The path of a name in the folder, for messages.
    pub(super) fn path_of(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Writes a new file under a temporary name; `mode`: the one to give it, else what the umask leaves.
    pub(super) fn write_new(&self, name: &str, bytes: &[u8], mode: Option<u32>) -> Result<Stamp, Error> {
        self.try_write_new(name, bytes, mode).map_err(|error| {
            // One that stood there before is somebody else's, or was left by a crash.
            if error.kind() != std::io::ErrorKind::AlreadyExists {
                self.unlink(name);
            }
            Error::io(&self.path_of(&self.file), "write", error)
        })
    }

    /// Whether a name of the folder is free.
    pub(super) fn is_free(&self, name: &str) -> bool {
        matches!(rustix::fs::statat(&self.folder, name, AtFlags::SYMLINK_NOFOLLOW), Err(Errno::NOENT))
    }

    fn try_write_new(&self, name: &str, bytes: &[u8], mode: Option<u32>) -> std::io::Result<Stamp> {
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let initial = mode.map_or(0o666, |mode| mode & 0o777);
        let mut file = File::from(rustix::fs::openat(&self.folder, name, flags, Mode::from_raw_mode(initial))?);
        file.write_all(bytes)?;
        let stat = rustix::fs::fstat(&file)?;
        if let Some(mode) = mode
            && stat.st_mode & MODE_BITS != mode & MODE_BITS
        {
            // A file system without modes (FAT, some shares) says no; there is none to keep then.
            let _without_modes = rustix::fs::fchmod(&file, Mode::from_raw_mode(mode & MODE_BITS));
        }
        Ok(Stamp::of(&stat))
    }

    /// What stands under a name of the folder; links are not followed.
    pub(super) fn stands(&self, name: &str, bytes_max: usize) -> Stands {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        // Asked before opening: opening a device can do something.
        let size = match rustix::fs::statat(&self.folder, name, AtFlags::SYMLINK_NOFOLLOW) {
            Err(Errno::NOENT) => return Stands::Nothing,
            Ok(stat) if take::kind(&stat) == FileType::RegularFile => usize::try_from(stat.st_size).unwrap_or(0),
            _ => return Stands::Other,
        };
        let Ok(opened) = rustix::fs::openat(&self.folder, name, flags, Mode::empty()) else { return Stands::Other };
        let mut file = File::from(opened);
        let mut bytes = Vec::with_capacity(size.min(bytes_max) + 1);
        if Read::by_ref(&mut file).take(bytes_max as u64 + 1).read_to_end(&mut bytes).is_err() {
            return Stands::Other;
        }
        let Ok(stat) = rustix::fs::fstat(&file) else { return Stands::Other };
        let hash = Sha256::digest(&bytes).into();
        let text = if bytes.len() > bytes_max { None } else { String::from_utf8(bytes).ok() };
        Stands::File(hash, Stamp::of(&stat), text)
    }

    /// Exchanges two names in one step.
    pub(super) fn exchange(&self, one: &str, other: &str) -> Result<Renamed, Error> {
        self.renamed(one, other, RenameFlags::EXCHANGE)
    }

    /// Renames, unless something stands at the target.
    pub(super) fn rename_new(&self, from: &str, to: &str) -> Result<Renamed, Error> {
        self.renamed(from, to, RenameFlags::NOREPLACE)
    }

    /// Renames, replacing what stands at the target.
    pub(super) fn rename(&self, from: &str, to: &str) -> Result<Renamed, Error> {
        self.renamed(from, to, RenameFlags::empty())
    }

    fn renamed(&self, from: &str, to: &str, flags: RenameFlags) -> Result<Renamed, Error> {
        match rustix::fs::renameat_with(&self.folder, from, &self.folder, to, flags) {
            Ok(()) => Ok(Renamed::Done),
            Err(Errno::NOENT) => Ok(Renamed::Nothing),
            Err(Errno::EXIST | Errno::NOTEMPTY | Errno::ISDIR) => Ok(Renamed::Taken),
            Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) if !flags.is_empty() => Ok(Renamed::Unknown),
            Err(errno) => Err(Error::io(&self.path_of(&self.file), "write", errno)),
        }
    }

    /// Removes a file of the folder; one that is not there, or that cannot be removed, is found by the next start.
    pub(super) fn unlink(&self, name: &str) {
        let _left = rustix::fs::unlinkat(&self.folder, name, AtFlags::empty());
    }
}
