//! Taking trees away, also those in which a model made folders that nobody may write to. Never follows a link.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// Removes a folder with all that is in it, or the file or link that stands in its place; nothing there is fine.
pub(super) fn remove(path: &Path) -> io::Result<()> {
    let Ok(data) = fs::symlink_metadata(path) else { return Ok(()) };
    if !data.is_dir() {
        return fs::remove_file(path);
    }
    match fs::remove_dir_all(path) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(_) => {
            open_up(path);
            fs::remove_dir_all(path)
        }
    }
}

/// Lets every folder below be read and written by its owner.
pub(super) fn open_up(folder: &Path) {
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        let Ok(data) = fs::symlink_metadata(&folder) else { continue };
        let mode = data.permissions().mode();
        if mode & 0o700 != 0o700 {
            // What cannot be opened shows when it is read or removed.
            fs::set_permissions(&folder, fs::Permissions::from_mode(mode | 0o700)).ok();
        }
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        let folders = entries.flatten().filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
        open.extend(folders.map(|entry| entry.path()));
    }
}
