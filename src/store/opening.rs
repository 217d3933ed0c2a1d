//! What happens to the store folder before the engine is let at it: made in one step where there is none, refused where it
//! only looks like a store, put back as it was where the engine fails on it.

use super::engine::{DB_FILE, Engine, Ops};
use super::error::Error;
use super::medium::{files, sync, sync_whole};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Stores up to this size are copied before the engine may touch them. Copying that much takes about as long as one busy sync.
const COPY_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// Sees to it that `folder` is a store: makes one holding `first` where there is none. Returns whether it did.
pub(super) fn ready(folder: &Path, first: &Ops) -> Result<bool, Error> {
    if is_absent(folder)? {
        create(folder, first)?;
        return Ok(true);
    }
    refuse_what_is_no_store(folder)?;
    Ok(false)
}

/// Nothing there, or an empty folder.
fn is_absent(folder: &Path) -> Result<bool, Error> {
    match fs::read_dir(folder) {
        Ok(mut entries) => Ok(entries.next().is_none()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
            let what = "a file stands where its folder should be".to_owned();
            Err(Error::Unopenable { path: folder.to_owned(), what, unchanged: true })
        }
        Err(source) => Err(Error::io("listing", folder, source)),
    }
}

/// The folder that holds a path.
fn above(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Makes the store beside its place and renames it there, so that a crash leaves either no store or a whole one.
fn create(folder: &Path, first: &Ops) -> Result<(), Error> {
    let parent = above(folder);
    fs::create_dir_all(parent).map_err(|source| Error::io("making", parent, source))?;
    let draft = folder.with_extension("creating");
    match fs::remove_dir_all(&draft) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(Error::io("removing", &draft, error)),
        _ => {}
    }
    let (mut engine, _) = Engine::open(&draft)?;
    engine.commit(first)?;
    drop(engine);
    sync_whole(&draft)?;
    fs::rename(&draft, folder).map_err(|source| Error::io("making", folder, source))?;
    sync(parent)?;
    // Whoever made the parent, here or earlier, need not have made its name durable.
    sync(above(parent))
}

/// The engine would take a folder without its file, or with an empty one, for a new store and forget everything.
pub(super) fn refuse_what_is_no_store(folder: &Path) -> Result<(), Error> {
    let path = folder.join(DB_FILE);
    let what = match fs::metadata(&path) {
        Ok(file) if file.is_file() && file.len() > 0 => return Ok(()),
        Ok(_) => format!("its file `{DB_FILE}` is empty"),
        Err(error) if error.kind() == io::ErrorKind::NotFound => format!("its file `{DB_FILE}` is missing"),
        Err(source) => return Err(Error::io("reading", &path, source)),
    };
    Err(Error::Unopenable { path: folder.to_owned(), what, unchanged: true })
}

/// Runs `open` on a store; when it finds the store damaged, the folder is as it was before. The engine clears whatever follows
/// the first thing it cannot read, taking it for a write that a crash cut short, and so spoils what a person could still save.
pub(super) fn undoing<T>(folder: &Path, open: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    let copy = copied(folder)?;
    let opened = open();
    let Some(copy) = copy else { return opened };
    let opened = match opened {
        Err(Error::Unopenable { path, what, .. }) => {
            put_back(folder, &copy)?;
            Err(Error::Unopenable { path, what, unchanged: true })
        }
        other => other,
    };
    // It is only in the way: the next start removes it too.
    let _ = fs::remove_dir_all(&copy);
    opened
}

/// Copies the store's files beside it. `None` when they are too many bytes for that.
fn copied(folder: &Path) -> Result<Option<PathBuf>, Error> {
    let copy = folder.with_extension("before");
    let _ = fs::remove_dir_all(&copy);
    let files = files(folder)?;
    let bytes: u64 = files.iter().filter_map(|path| fs::metadata(path).ok()).map(|meta| meta.len()).sum();
    if bytes > COPY_BYTES_MAX {
        return Ok(None);
    }
    fs::create_dir(&copy).map_err(|source| Error::io("making", &copy, source))?;
    for path in files {
        let to = copy.join(path.file_name().unwrap_or_default());
        fs::copy(&path, &to).map_err(|source| Error::io("copying", &path, source))?;
    }
    Ok(Some(copy))
}

fn put_back(folder: &Path, copy: &Path) -> Result<(), Error> {
    for path in files(folder)? {
        if !copy.join(path.file_name().unwrap_or_default()).exists() {
            fs::remove_file(&path).map_err(|source| Error::io("removing", &path, source))?;
        }
    }
    for path in files(copy)? {
        let to = folder.join(path.file_name().unwrap_or_default());
        sync(&path)?;
        fs::rename(&path, &to).map_err(|source| Error::io("restoring", &to, source))?;
    }
    sync(folder)
}
