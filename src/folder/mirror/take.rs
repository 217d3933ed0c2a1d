//! Taking up one file: where its links lead, whether it may be read, its text, its hash, and that it did not change meanwhile.

use super::known::{Hash, Shared};
use super::roots::Spot;
use super::stamp::Stamp;
use crate::folder::context::tree::{self, CLOSED};
use rustix::fs::{AtFlags, CWD, FileType, Stat};
use rustix::io::Errno;
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// How often a file is read that changes while it is read.
const TRIES: usize = 3;

/// What stands at a place.
#[derive(Debug)]
pub(super) enum Taken {
    /// Nothing.
    Nothing,
    /// A folder.
    Folder,
    /// A text.
    Text(Text),
    /// Something that is not read, and why, as the end of a sentence.
    Not(String, Stamp),
    /// It changes faster than it can be read.
    Changing,
}

/// A text that was read.
#[derive(Debug)]
pub(super) struct Text {
    pub(super) text: String,
    pub(super) hash: Hash,
    pub(super) stamp: Stamp,
    /// What it is, for the mode.
    pub(super) mode: u32,
    /// The file itself, behind a link.
    pub(super) path: PathBuf,
}

/// SHA-256 of a text.
pub(super) fn hash(text: &str) -> Hash {
    Sha256::digest(text.as_bytes()).into()
}

/// What stands at a path, itself and not what it links to.
pub(super) fn look(path: &Path) -> Result<Option<Stat>, Errno> {
    match rustix::fs::statat(CWD, path, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(stat) => Ok(Some(stat)),
        Err(Errno::NOENT | Errno::NOTDIR) => Ok(None),
        Err(errno) => Err(errno),
    }
}

/// The kind of what was looked at.
pub(super) fn kind(stat: &Stat) -> FileType {
    FileType::from_raw_mode(stat.st_mode)
}

/// Takes up the file at a place.
pub(super) fn take(shared: &Shared, spot: &Spot) -> Taken {
    let path = shared.roots.on_disk(spot);
    for _ in 0..TRIES {
        match try_take(shared, spot, &path) {
            Taken::Changing => {}
            taken => return taken,
        }
    }
    Taken::Changing
}

fn try_take(shared: &Shared, spot: &Spot, path: &Path) -> Taken {
    let stat = match look(path) {
        Ok(None) => return Taken::Nothing,
        Ok(Some(stat)) => stat,
        Err(errno) => return Taken::Not(unreadable(errno.into()), Stamp::default()),
    };
    match kind(&stat) {
        FileType::Directory => Taken::Folder,
        FileType::RegularFile => read(path, &stat, shared.limits.memory_bytes_max),
        FileType::Symlink => match target(shared, spot, path) {
            Ok((target, stat)) => read(&target, &stat, shared.limits.memory_bytes_max),
            Err(Target::Folder) => Taken::Folder,
            Err(Target::Not(why)) => Taken::Not(why, Stamp::of(&stat)),
        },
        _ => Taken::Not("is a pipe, a socket or a device".to_owned(), Stamp::of(&stat)),
    }
}

/// Why a link to a file is not followed.
pub(super) enum Target {
    Folder,
    Not(String),
}

/// Where a link to a file leads, if that is a regular file below the root or below a folder that is linked into it.
pub(super) fn target(shared: &Shared, spot: &Spot, path: &Path) -> Result<(PathBuf, Stat), Target> {
    let not = |why: &str| Target::Not(why.to_owned());
    let real = path.canonicalize().map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => not("is a link that leads nowhere"),
        _ => Target::Not(unreadable(error)),
    })?;
    let stat = match look(&real) {
        Ok(Some(stat)) => stat,
        Ok(None) => return Err(not("is a link that leads nowhere")),
        Err(errno) => return Err(Target::Not(unreadable(errno.into()))),
    };
    if kind(&stat) == FileType::Directory {
        return Err(Target::Folder);
    }
    let root = shared.roots.path(spot.root).canonicalize().map_err(|error| Target::Not(unreadable(error)))?;
    let folders = shared.folders();
    let base = std::iter::once(&root).chain(&folders.linked).find(|base| real.starts_with(base));
    let Some(inside) = base.and_then(|base| real.strip_prefix(base).ok()) else {
        return Err(not("is a link to a file outside of the memories; link its folder, or copy it here"));
    };
    if inside.components().any(|part| CLOSED.iter().any(|closed| part.as_os_str() == *closed)) {
        return Err(not("is a link into a folder that is never shown"));
    }
    if kind(&stat) != FileType::RegularFile {
        return Err(not("is a link to something that is no regular file"));
    }
    Ok((real, stat))
}

fn read(path: &Path, stat: &Stat, bytes_max: usize) -> Taken {
    let before = Stamp::of(stat);
    if before.size > bytes_max as u64 {
        return Taken::Not(format!("is over the limit of {bytes_max} bytes"), before);
    }
    let (bytes, after) = match read_bytes(path, bytes_max) {
        Ok(read) => read,
        // Gone or replaced between the look and the reading.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Taken::Changing,
        Err(error) if error.raw_os_error() == Some(Errno::LOOP.raw_os_error()) => return Taken::Changing,
        Err(error) => return Taken::Not(unreadable(error), before),
    };
    if after != before || bytes.len() as u64 != after.size {
        return Taken::Changing;
    }
    let hash = Sha256::digest(&bytes).into();
    match String::from_utf8(bytes) {
        Ok(text) => Taken::Text(Text { text, hash, stamp: after, mode: stat.st_mode, path: path.to_owned() }),
        Err(_) => Taken::Not("is not UTF-8 text".to_owned(), after),
    }
}

fn read_bytes(path: &Path, bytes_max: usize) -> io::Result<(Vec<u8>, Stamp)> {
    let mut file: File = tree::open(path, false)?;
    let stat = rustix::fs::fstat(&file)?;
    if kind(&stat) != FileType::RegularFile {
        return Err(Errno::LOOP.into());
    }
    let mut bytes = Vec::with_capacity(usize::try_from(stat.st_size).unwrap_or(0).min(bytes_max));
    Read::by_ref(&mut file).take(bytes_max as u64 + 1).read_to_end(&mut bytes)?;
    Ok((bytes, Stamp::of(&rustix::fs::fstat(&file)?)))
}

fn unreadable(error: io::Error) -> String {
    match error.kind() {
        io::ErrorKind::PermissionDenied => "cannot be read: permission denied".to_owned(),
        _ => format!("cannot be read: {error}"),
    }
}
