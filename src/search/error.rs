//! What can go wrong with the search index, always with its path.

use super::query::QueryFault;
use rusqlite::ErrorCode;
use std::io;
use std::path::{Path, PathBuf};

/// Why the index could not do what was asked. Nothing is half done: a batch is in it whole or not at all.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// What was typed is no search.
    #[error(transparent)]
    Query(#[from] QueryFault),
    /// What stands in the file is not what was written. [`Index::start_over`](super::Index::start_over) mends it.
    #[error("{}: the search index is damaged ({why}); it is made again from the memories", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What was found.
        why: String,
    },
    /// The medium or the quota is full. The same call works again once there is space.
    #[error("{}: the disk is full, so new memories are not found by searching yet; free some space", path.display())]
    Full {
        /// The file.
        path: PathBuf,
    },
    /// The file could not be removed or opened.
    #[error("{}: cannot {doing} the search index: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What was being done to it, a verb.
        doing: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// Anything else that SQLite refused.
    #[error("{}: cannot {doing} the search index: {source}", path.display())]
    Sqlite {
        /// The file.
        path: PathBuf,
        /// What was being done, a verb.
        doing: &'static str,
        /// What SQLite said.
        source: rusqlite::Error,
    },
}

impl Error {
    /// Whether the index must be started over before it is of use again.
    pub fn is_damaged(&self) -> bool {
        matches!(self, Self::Damaged { .. })
    }

    /// Whether space must be made, after which the same call works again.
    pub fn is_full(&self) -> bool {
        matches!(self, Self::Full { .. })
    }

    /// Sorts what SQLite says.
    pub(super) fn sqlite(path: &Path, doing: &'static str, source: rusqlite::Error) -> Self {
        let path = path.to_owned();
        match source.sqlite_error_code() {
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
                Self::Damaged { path, why: source.to_string() }
            }
            Some(ErrorCode::DiskFull) => Self::Full { path },
            _ => Self::Sqlite { path, doing, source },
        }
    }
}
