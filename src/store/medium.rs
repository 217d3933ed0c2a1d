//! Files and folders reaching the medium, and the leftovers of a crash leaving it.

use super::error::Error;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

/// The files directly in a folder and its entries reach the medium.
pub(super) fn sync_whole(folder: &Path) -> Result<(), Error> {
    for path in files(folder)? {
        sync(&path)?;
    }
    sync(folder)
}

/// Syncs a file, or the entries of a folder.
pub(super) fn sync(path: &Path) -> Result<(), Error> {
    File::open(path).and_then(|file| file.sync_all()).map_err(|source| Error::io("syncing", path, source))
}

/// A snapshot that was being written when the process died makes the engine refuse the store; nobody needs it. Returns what it removed.
pub(super) fn clear_leftovers(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let mut removed = Vec::new();
    for path in files(folder)? {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.starts_with("snap.") && name.ends_with(".generating") {
            fs::remove_file(&path).map_err(|source| Error::io("removing", &path, source))?;
            removed.push(path);
        }
    }
    Ok(removed)
}

/// The plain files directly in a folder.
pub(super) fn files(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let list = || -> io::Result<Vec<PathBuf>> {
        let mut paths = Vec::new();
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            if entry.file_type()?.is_file() {
                paths.push(entry.path());
            }
        }
        Ok(paths)
    };
    list().map_err(|source| Error::io("listing", folder, source))
}
