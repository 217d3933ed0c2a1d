//! What exactly stands in the way of a request about a memory, for faces that must say it in words of their own (an error
//! of another program's tools) or act on it (ask again after a newer revision). The text for people is in the error.

use super::ErrorKind;
use crate::board::MemoryRefusal;
use crate::board::memory::NameFault;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What stands in the way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "fault", rename_all = "snake_case")]
pub enum MemoryFault {
    /// The spelling is no name.
    Name,
    /// A part of the name, or all of it, is longer than a file's name may be.
    NameTooLong,
    /// There is no such memory.
    Missing,
    /// The new name is not free.
    Exists,
    /// Another revision stands than the one that was named.
    Stale {
        /// The revision that stands; 0: none does.
        stands: u64,
    },
    /// It can be read and not written.
    ReadOnly,
    /// Synod writes it itself.
    Own,
    /// A pattern of the settings hides it.
    Ignored,
    /// Somebody else works on it.
    Leased,
    /// The text is larger than a memory may be.
    TooLarge,
    /// There are as many memories as there may be.
    TooMany,
    /// What an edit looks for does not occur.
    NoMatch,
    /// What an edit looks for occurs more than once, and not all were meant.
    Occurrences {
        /// How often.
        count: u64,
    },
    /// A match of several lines matches again inside itself, so it is not clear which was meant.
    Ambiguous,
    /// The regular expression cannot be read, or takes too many steps; the error says why.
    Expression,
}

impl MemoryFault {
    /// The kind of error that goes with it.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Name | Self::NameTooLong | Self::TooLarge | Self::Expression => ErrorKind::Invalid,
            Self::Missing | Self::Ignored => ErrorKind::NotFound,
            Self::Exists
            | Self::Stale { .. }
            | Self::ReadOnly
            | Self::Own
            | Self::Leased
            | Self::TooMany
            | Self::NoMatch
            | Self::Occurrences { .. }
            | Self::Ambiguous => ErrorKind::Conflict,
        }
    }
}

impl From<&MemoryRefusal> for MemoryFault {
    fn from(refusal: &MemoryRefusal) -> Self {
        match refusal {
            MemoryRefusal::Name(NameFault::PartTooLong { .. } | NameFault::TooLong { .. }) => Self::NameTooLong,
            MemoryRefusal::Name(_) => Self::Name,
            MemoryRefusal::Missing { .. } => Self::Missing,
            MemoryRefusal::Exists { .. } => Self::Exists,
            MemoryRefusal::Stale { stands, .. } => Self::Stale { stands: *stands },
            MemoryRefusal::ReadOnly { .. } => Self::ReadOnly,
            MemoryRefusal::Own { .. } => Self::Own,
            MemoryRefusal::Leased { .. } => Self::Leased,
            MemoryRefusal::Ignored { .. } => Self::Ignored,
            MemoryRefusal::TooLarge { .. } => Self::TooLarge,
            MemoryRefusal::TooMany { .. } => Self::TooMany,
        }
    }
}
