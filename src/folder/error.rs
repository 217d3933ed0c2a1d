//! What can go wrong when files are written, always with the path. The incoming half has errors of its own.

use std::io;
use std::path::{Path, PathBuf};

/// Why files could not be written or read. Nothing is half done for good: the same batch can be published again.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The medium or the quota is full.
    #[error("{path}: the disk is full; free some space, publishing goes on by itself ({source})")]
    Full {
        /// What was being written.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Any other failure of the file system.
    #[error("{path}: cannot {doing}: {source}")]
    Io {
        /// Which file or folder.
        path: PathBuf,
        /// What was being done to it, a verb (`write`, `create the folder`).
        doing: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// A text that stands in the blob store could not be loaded.
    #[error("{path}: its text cannot be loaded: {why}")]
    Text {
        /// The page that needs it.
        path: PathBuf,
        /// What the loader said.
        why: String,
    },
}

impl Error {
    /// Whether space is what is missing: taking work should stop until a write succeeds again.
    pub fn is_full(&self) -> bool {
        matches!(self, Self::Full { .. })
    }

    /// Whether the file or folder was not there.
    pub(crate) fn is_missing(&self) -> bool {
        matches!(self, Self::Io { source, .. } if source.kind() == io::ErrorKind::NotFound)
    }

    /// Sorts a failure of the system.
    pub(crate) fn io(path: &Path, doing: &'static str, source: impl Into<io::Error>) -> Self {
        let (path, source) = (path.to_owned(), source.into());
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full { path, source },
            _ => Self::Io { path, doing, source },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_told_from_other_failures_and_names_the_path() {
        let full = Error::io(Path::new("a/b.md"), "write", rustix::io::Errno::NOSPC);
        assert!(full.is_full() && full.to_string().contains("a/b.md"), "{full}");
        let gone = Error::io(Path::new("a/b.md"), "write", rustix::io::Errno::NOENT);
        assert!(!gone.is_full() && gone.is_missing() && gone.to_string().starts_with("a/b.md: cannot write"), "{gone}");
    }
}
