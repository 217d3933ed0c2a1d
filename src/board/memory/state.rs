//! What stands on the memory bus now. Earlier revisions are in the store, not here.

use super::name::MemoryName;
use super::{Hashed, MemoryChange};
use crate::board::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Every memory that stands or ever stood.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Memories {
    /// By name.
    pub by_name: BTreeMap<MemoryName, Memory>,
}

/// One memory; also what the store keeps of it to start from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Memory {
    /// Its newest revision, from 1. One that was taken away and made anew goes on counting.
    pub revision: u64,
    /// What stands; `None`: it was taken away or went to another name.
    pub standing: Option<Standing>,
    /// Who works on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lease: Option<Lease>,
}

/// The revision that stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// Its text.
    pub content: Hashed,
    /// What it did.
    pub change: MemoryChange,
    /// Who wrote it; `file`: it was found in the folder.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// An advisory lease. One whose time is over is none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    /// Who holds it.
    pub by: String,
    /// Until when.
    pub until: Timestamp,
}
