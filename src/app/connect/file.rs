//! A settings file of another program: read whole, written by exchanging it at once, its mode kept, links followed, its text
//! from before the first change kept beside it.

use super::error::Error;
use super::{Scope, Wish};
use std::ffi::OsString;
use std::fs::{self, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// Longest file that is read, in bytes. Programs keep much more than settings in some of them.
const BYTES_MAX: u64 = 64 << 20;
/// How the text from before the first change is called, behind the file's name.
const BACKUP_ENDING: &str = ".before-synod";
/// The mode of a new file of the user's: settings of such programs may come to hold keys.
const USER_MODE: u32 = 0o600;
/// The mode of a new file of the project's, before the umask.
const PROJECT_MODE: u32 = 0o666;

/// A file as it was found.
#[derive(Clone, Debug)]
pub(super) struct File {
    /// Where it really is, links followed.
    pub(super) path: PathBuf,
    /// Whether it was there.
    pub(super) existed: bool,
    /// What it says; empty when it was not there.
    pub(super) text: String,
}

impl File {
    /// Reads it.
    pub(super) fn read(path: &Path) -> Result<Self, Error> {
        let path = real(path)?;
        let bytes = match bytes(&path) {
            Ok(bytes) => Some(bytes),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(source) => return Err(Error::File { path, doing: "read", source }),
        };
        let existed = bytes.is_some();
        match String::from_utf8(bytes.unwrap_or_default()) {
            Ok(text) => Ok(Self { path, existed, text }),
            Err(error) => {
                let why = format!("it is not UTF-8 text (byte {})", error.utf8_error().valid_up_to());
                Err(Error::Unreadable { path, why })
            }
        }
    }

    /// Where the text from before the first change is, when it is kept.
    pub(super) fn backup(&self) -> Option<PathBuf> {
        Some(self.beside(BACKUP_ENDING)).filter(|path| path.is_file())
    }

    /// That text.
    pub(super) fn backup_text(&self) -> Option<String> {
        fs::read_to_string(self.backup()?).ok()
    }

    /// The text is no longer needed: the file says the same.
    pub(super) fn forget_backup(&self) -> Result<(), Error> {
        let Some(path) = self.backup() else { return Ok(()) };
        fs::remove_file(&path).map_err(|source| Error::File { path, doing: "remove", source })
    }

    /// Writes it anew, and gives where its old text was kept when this was the first change.
    pub(super) fn write(&self, text: &str, wish: &Wish) -> Result<Option<PathBuf>, Error> {
        let failed = |doing| move |source| Error::File { path: self.path.clone(), doing, source };
        let folder = self.path.parent().unwrap_or(Path::new("/"));
        fs::create_dir_all(folder).map_err(failed("make the folder of"))?;
        let mode = match fs::metadata(&self.path) {
            Ok(metadata) => Some(metadata.permissions().mode() & 0o7777),
            Err(_) => None,
        };
        let backup = self.beside(BACKUP_ENDING);
        let keep = self.existed && wish.what == super::What::Write && !backup.exists();
        if keep {
            write_new(&backup, &self.text, mode, USER_MODE).map_err(failed("keep a copy of"))?;
        }
        let temporary = self.beside(&format!(".{}.tmp", std::process::id()));
        let fresh = if wish.scope == Scope::Project { PROJECT_MODE } else { USER_MODE };
        let written = write_new(&temporary, text, mode, fresh).map_err(failed("write")).and_then(|()| {
            self.unchanged()?;
            fs::rename(&temporary, &self.path).map_err(failed("write"))
        });
        if written.is_err() {
            // What was not put in place is of no use; that it may not go either changes nothing.
            let _ = fs::remove_file(&temporary);
        }
        written.map(|()| keep.then_some(backup))
    }

    /// Removes it; `folder`: and its folder, when nothing is in it then.
    pub(super) fn remove(&self, folder: bool) -> Result<Option<PathBuf>, Error> {
        self.unchanged()?;
        fs::remove_file(&self.path).map_err(|source| Error::File {
            path: self.path.clone(),
            doing: "remove",
            source,
        })?;
        if folder
            && let Some(parent) = self.path.parent()
            && parent.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."))
        {
            // A folder with something in it refuses to go, which is what is wanted.
            let _ = fs::remove_dir(parent);
        }
        Ok(None)
    }

    /// The program whose settings these are may have written them meanwhile.
    fn unchanged(&self) -> Result<(), Error> {
        let now = bytes(&self.path).ok();
        if now.as_deref() == self.existed.then_some(self.text.as_bytes()) {
            return Ok(());
        }
        Err(Error::Raced { path: self.path.clone() })
    }

    fn beside(&self, ending: &str) -> PathBuf {
        let mut name = OsString::from(self.path.file_name().unwrap_or_default());
        name.push(ending);
        self.path.with_file_name(name)
    }
}

/// Follows links, also to a file that is not there yet.
fn real(path: &Path) -> Result<PathBuf, Error> {
    let failed = |source| Error::File { path: path.to_owned(), doing: "find", source };
    match path.canonicalize() {
        Ok(real) => Ok(real),
        Err(error) if error.kind() == io::ErrorKind::NotFound => match fs::read_link(path) {
            Ok(target) => Ok(path.parent().unwrap_or(Path::new("/")).join(target)),
            Err(_) => Ok(path.to_owned()),
        },
        Err(error) => Err(failed(error)),
    }
}

fn bytes(path: &Path) -> io::Result<Vec<u8>> {
    let file = fs::File::open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("it is not a file"));
    }
    let mut bytes = Vec::new();
    file.take(BYTES_MAX + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > BYTES_MAX {
        return Err(io::Error::other(format!("it is larger than {BYTES_MAX} bytes")));
    }
    Ok(bytes)
}

/// Writes a file that must not be there: with this mode, or with the fresh one less the umask.
fn write_new(path: &Path, text: &str, mode: Option<u32>, fresh: u32) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode.unwrap_or(fresh)).open(path)?;
    if let Some(mode) = mode {
        file.set_permissions(fs::Permissions::from_mode(mode))?;
    }
    file.write_all(text.as_bytes())?;
    file.sync_all()
}
