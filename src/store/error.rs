//! What can go wrong in the store, in words that say where it happened and what to do about it.

use crate::board::Seq;
use std::io;
use std::path::{Path, PathBuf};

/// Why the store could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Another process holds the store.
    #[error("the store {} is in use by another process: end it with `synod down`, then try again", path.display())]
    Locked {
        /// The store folder.
        path: PathBuf,
    },
    /// The store could not be opened.
    #[error(
        "cannot open the store {}: {what}. {} Copy the folder somewhere safe first; then restore it from a backup, or move it \
         aside (`mv {} {}.damaged`) to begin an empty journal: the files below the coordination folder stay, and tasks that \
         had not ended must be dropped again",
        path.display(), what_became(*unchanged), path.display(), path.display()
    )]
    Unopenable {
        /// The store folder.
        path: PathBuf,
        /// What was found.
        what: String,
        /// Whether the folder is as it was; a large store is not copied first, and the engine may have cleared its end.
        unchanged: bool,
    },
    /// The medium is full. What was acknowledged before is safe; the same call works again once there is space.
    #[error("no space left while {doing} {}: free some; the daemon goes on by itself once a test write succeeds", path.display())]
    Full {
        /// What was being done.
        doing: &'static str,
        /// Where.
        path: PathBuf,
    },
    /// A file could not be read or written.
    #[error("{doing} {} failed: {source}", path.display())]
    Io {
        /// What was being done.
        doing: &'static str,
        /// Where.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Something stored is not as it was written.
    #[error("{what} in {} is damaged: {why}; `synod doctor --store` lists all damage, a backup of the folder mends it", path.display())]
    Damaged {
        /// What: `event 412`, `the history of review-auth`.
        what: String,
        /// The store folder or the blob's file.
        path: PathBuf,
        /// What was found.
        why: String,
    },
    /// The medium refused to make written data durable. What it holds now cannot be known before the store is opened anew.
    #[error("the medium under {} did not keep what was written to it ({why}): end the daemon and look at the disk before starting it again", path.display())]
    MediumFailed {
        /// The store folder.
        path: PathBuf,
        /// What the system said.
        why: String,
    },
    /// A batch whose numbers do not follow the journal. A batch that failed must be sent again as it was.
    #[error("event {first} cannot follow event {last}: after a failed append the very same batch must be sent again")]
    OutOfOrder {
        /// The offending number.
        first: Seq,
        /// The number it has to exceed.
        last: Seq,
    },
    /// A text or record beyond what the store takes.
    #[error("{what} is {bytes} bytes long; the store takes at most {bytes_max}")]
    TooLarge {
        /// What.
        what: String,
        /// Its length.
        bytes: u64,
        /// The limit.
        bytes_max: u64,
    },
}

impl Error {
    /// Whether space must be made, after which the same call works again.
    pub fn is_full(&self) -> bool {
        matches!(self, Self::Full { .. })
    }

    /// The error for a failed call of the system.
    pub(super) fn io(doing: &'static str, path: &Path, source: io::Error) -> Self {
        let path = path.to_owned();
        if is_full(&source) { Self::Full { doing, path } } else { Self::Io { doing, path, source } }
    }
}

fn what_became(unchanged: bool) -> &'static str {
    if unchanged {
        "Nothing in it was changed."
    } else {
        "The storage engine may have cleared what it took for an unfinished end."
    }
}

/// Whether the system says that there is no space left, on the medium or within a quota.
pub(super) fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}
