//! What happens to the store folder before the engine is let at it: made in one step where there is none, refused where it
//! only looks like a store.

use super::engine::{DB_FILE, Engine, Ops};
use super::error::Error;
use super::medium::{sync, sync_whole};
use std::fs;
use std::io;
use std::path::Path;

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
        Err(source) => Err(Error::io("listing", folder, source)),
    }
}

/// Makes the store beside its place and renames it there, so that a crash leaves either no store or a whole one.
fn create(folder: &Path, first: &Ops) -> Result<(), Error> {
    let parent = folder.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
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
    sync(parent)
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
    Err(Error::Unopenable { path: folder.to_owned(), what })
}
