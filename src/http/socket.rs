//! Taking the workspace's socket: who may reach it, what is cleared away first, what is refused.

use crate::config::Layout;
use rustix::process::geteuid;
use std::io;
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use tokio::net::UnixListener;

/// The user alone may enter the socket's folder.
const FOLDER_MODE: u32 = 0o700;
/// The user alone may connect.
const SOCKET_MODE: u32 = 0o600;
/// Longest path that Linux takes for a socket, in bytes without the end mark (`sockaddr_un`).
const SOCKET_PATH_BYTES_MAX: usize = 107;

/// Why the socket could not be taken.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// The path does not fit into a socket's address.
    #[error(
        "the socket's path {} has {} bytes, and a socket takes {SOCKET_PATH_BYTES_MAX}; set XDG_RUNTIME_DIR to a short folder",
        path.display(), path.as_os_str().len()
    )]
    TooLong {
        /// The path.
        path: PathBuf,
    },
    /// Something that is no socket stands in its place.
    #[error("{} is in the way of the socket and is no socket; move it away", path.display())]
    InTheWay {
        /// What stands there.
        path: PathBuf,
    },
    /// The folder belongs to somebody else, who could answer in the daemon's name.
    #[error("the socket's folder {} belongs to another user or is no folder; remove it, or set XDG_RUNTIME_DIR to a folder of your own", path.display())]
    NotOurs {
        /// The folder.
        path: PathBuf,
    },
    /// The system refused.
    #[error("cannot take the socket {}: {source}; check the permissions of its folder", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// Takes the workspace's socket with mode 0600 in a folder with mode 0700. The caller holds the daemon's lock, so a
/// socket that already stands there belongs to a daemon that is gone, and is removed.
///
/// Must be called inside a tokio runtime.
///
/// # Errors
/// [`BindError`], which says what to do.
pub fn bind(layout: &Layout) -> Result<UnixListener, BindError> {
    bind_at(&layout.socket)
}

/// [`bind`] for a path.
pub(super) fn bind_at(path: &Path) -> Result<UnixListener, BindError> {
    if path.as_os_str().len() > SOCKET_PATH_BYTES_MAX {
        return Err(BindError::TooLong { path: path.to_owned() });
    }
    own_folder(path.parent().unwrap_or(Path::new("/")))?;
    clear(path)?;
    let io = |source| BindError::Io { path: path.to_owned(), source };
    let listener = UnixListener::bind(path).map_err(io)?;
    // Between these two lines the folder's mode alone keeps others out.
    std::fs::set_permissions(path, PermissionsExt::from_mode(SOCKET_MODE)).map_err(io)?;
    Ok(listener)
}

/// Makes the folder ours alone. A symbolic link counts as not ours: in a folder that all may write to, its target is
/// anybody's choice.
fn own_folder(folder: &Path) -> Result<(), BindError> {
    let io = |source| BindError::Io { path: folder.to_owned(), source };
    match std::fs::DirBuilder::new().mode(FOLDER_MODE).create(folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(io(error)),
        Ok(()) | Err(_) => {}
    }
    let metadata = std::fs::symlink_metadata(folder).map_err(io)?;
    if !metadata.is_dir() || metadata.uid() != geteuid().as_raw() {
        return Err(BindError::NotOurs { path: folder.to_owned() });
    }
    if metadata.mode() & 0o7777 != FOLDER_MODE {
        std::fs::set_permissions(folder, PermissionsExt::from_mode(FOLDER_MODE)).map_err(io)?;
    }
    Ok(())
}

/// Removes the socket of a daemon that is gone.
fn clear(path: &Path) -> Result<(), BindError> {
    match std::fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(source) => Err(BindError::Io { path: path.to_owned(), source }),
        Ok(metadata) if metadata.file_type().is_socket() => {
            std::fs::remove_file(path).map_err(|source| BindError::Io { path: path.to_owned(), source })
        }
        Ok(_) => Err(BindError::InTheWay { path: path.to_owned() }),
    }
}
