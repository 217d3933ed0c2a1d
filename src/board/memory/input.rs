//! What can come in about memories, and why it may be refused.

use super::name::{MemoryName, NameFault};
use super::{Hashed, MemoryChange};
use crate::board::time::Timestamp;

/// Something asked of the memory bus, or found in its folder.
#[derive(Clone, Debug, PartialEq)]
pub enum MemoryAct {
    /// Give a memory this text.
    Write {
        /// Which.
        name: MemoryName,
        /// The text.
        content: Hashed,
        /// Only if this revision stands; 0: only if none does.
        if_revision: Option<u64>,
        /// [`MemoryChange::Written`] or [`MemoryChange::Restored`].
        change: MemoryChange,
    },
    /// Take it away.
    Delete {
        /// Which.
        name: MemoryName,
        /// Only if this revision stands.
        if_revision: Option<u64>,
    },
    /// Give it another name, and rewrite the references to it in the same commit.
    Rename {
        /// The old name.
        from: MemoryName,
        /// The new one; it must be free.
        to: MemoryName,
        /// The revision of `from` that was looked at.
        if_revision: u64,
        /// The texts with their references rewritten, each memory once. One of a revision that no longer stands refuses the
        /// whole act. The text of `from` is among them when it refers to itself.
        rewrites: Vec<Rewrite>,
    },
    /// The folder holds this text, and it is not the one that the bus last knew to be there. The same text as the one that
    /// stands changes nothing.
    Found {
        /// Which.
        name: MemoryName,
        /// The text.
        content: Hashed,
        /// The revision that the folder is known to have held before; `None`: it held none.
        known: Option<u64>,
        /// Its file came from another name in one move. The two histories are linked when the bus holds this very text under
        /// the other name; otherwise (it was edited too, or the bus has moved on) the other name is left as it is. Say
        /// [`MemoryAct::Gone`] of it as well: that does what is still to be done, or nothing.
        moved_from: Option<MemoryName>,
    },
    /// The folder no longer holds a file that it held. Refused as [`MemoryRefusal::Stale`] when the bus has moved on: what
    /// stands must then be written to the folder again.
    Gone {
        /// Which.
        name: MemoryName,
        /// The revision that the folder is known to have held before.
        known: Option<u64>,
    },
    /// Somebody works on it, until then; `None`: no longer. A lease of somebody else that has not lapsed refuses it.
    Lease {
        /// Which.
        name: MemoryName,
        /// Until when.
        until: Option<Timestamp>,
    },
}

/// A memory's text with its references rewritten.
#[derive(Clone, Debug, PartialEq)]
pub struct Rewrite {
    /// Which.
    pub name: MemoryName,
    /// The revision that was rewritten.
    pub if_revision: u64,
    /// Its new text.
    pub content: Hashed,
}

/// Why an act on a memory was refused. Nothing has changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MemoryRefusal {
    /// The spelling is no name.
    #[error(transparent)]
    Name(#[from] NameFault),
    /// There is none of this name.
    #[error("there is no memory called {name}")]
    Missing {
        /// The name.
        name: MemoryName,
    },
    /// The new name is not free.
    #[error("a memory called {name} exists already")]
    Exists {
        /// The name.
        name: MemoryName,
    },
    /// Somebody else was quicker.
    #[error("{name} stands at revision {stands}, not {asked}")]
    Stale {
        /// The name.
        name: MemoryName,
        /// The revision that stands; 0: none does.
        stands: u64,
        /// The one that was named.
        asked: u64,
    },
    /// It can be read and not written.
    #[error("{name} is read-only: it matches the pattern `{pattern}`")]
    ReadOnly {
        /// The name.
        name: MemoryName,
        /// The pattern.
        pattern: String,
    },
    /// It matches a pattern of what the bus leaves alone.
    #[error("{name} matches the pattern `{pattern}` of what is ignored, and is left alone")]
    Ignored {
        /// The name.
        name: MemoryName,
        /// The pattern.
        pattern: String,
    },
    /// Its text is too long.
    #[error("{name} would have {bytes} bytes; limits.memory_bytes_max is {bytes_max}")]
    TooLarge {
        /// The name.
        name: MemoryName,
        /// The length asked for.
        bytes: u64,
        /// The limit.
        bytes_max: u64,
    },
    /// There are too many.
    #[error("there are {count} memories already, which is the limit: delete some first")]
    TooMany {
        /// How many.
        count: usize,
    },
    /// It belongs to Synod's own pages.
    #[error("{name} is written by Synod itself")]
    Own {
        /// The name.
        name: MemoryName,
    },
    /// Somebody else works on it.
    #[error("{by} works on {name} until {until}")]
    Leased {
        /// The name.
        name: MemoryName,
        /// Who.
        by: String,
        /// Until when.
        until: Timestamp,
    },
}
