//! Memories in the store: what stands, every revision there ever was, and which revision each file is known to hold.

use super::error::Error;
use super::journal::Store;
use crate::board::Timestamp;
use crate::board::memory::{Hashed, Memories, MemoryChange, MemoryName};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Most revisions that one call returns.
pub const REVISIONS_MAX: usize = 1000;

/// One revision of a memory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revision {
    /// Its number, from 1, without gaps.
    pub revision: u64,
    /// What it did.
    pub change: MemoryChange,
    /// The text that stands since; `None`: none does.
    pub content: Option<Hashed>,
    /// Who.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

impl Store {
    /// What stands on the memory bus, to start from. It is read once, at opening.
    pub fn memories(&self) -> Memories {
        Memories::default()
    }

    /// Which revision of each memory its file is known to hold.
    pub fn mirrored(&self) -> BTreeMap<MemoryName, u64> {
        BTreeMap::new()
    }

    /// Revisions of a memory, the newest first, at most `limit` and never more than [`REVISIONS_MAX`]. `before`: the number of
    /// the last one of the page before. Empty when there never was such a memory.
    ///
    /// # Errors
    /// [`Error::Damaged`] or [`Error::Io`].
    pub fn memory_history(
        &self,
        _name: &MemoryName,
        _before: Option<u64>,
        _limit: usize,
    ) -> Result<Vec<Revision>, Error> {
        Ok(Vec::new())
    }

    /// One revision of a memory; `None` when there never was one of that number.
    ///
    /// # Errors
    /// [`Error::Damaged`] or [`Error::Io`].
    pub fn memory_revision(&self, _name: &MemoryName, _revision: u64) -> Result<Option<Revision>, Error> {
        Ok(None)
    }
}
