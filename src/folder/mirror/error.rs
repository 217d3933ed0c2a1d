//! Why a memory's file could not be looked at or written, always with its path.

use crate::folder::error::Error;
use std::path::PathBuf;

/// Why the mirror could not do it. Nothing is half done: the same call can be made again.
#[derive(Debug, thiserror::Error)]
pub enum MirrorError {
    /// The file system said no.
    #[error(transparent)]
    Files(#[from] Error),
    /// What stands there must not be replaced.
    #[error("{path} {why}; it was not touched")]
    Refused {
        /// The path.
        path: PathBuf,
        /// Why, as the end of a sentence.
        why: String,
    },
    /// The root folder is not there.
    #[error("the folder {root} is not there; make it again, or set workspace.memories to another one")]
    RootMissing {
        /// The root.
        root: PathBuf,
    },
}

impl MirrorError {
    /// Whether space is what is missing: it can be tried again when there is some.
    pub fn is_full(&self) -> bool {
        matches!(self, Self::Files(error) if error.is_full())
    }
}
