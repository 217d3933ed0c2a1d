//! The names of memories: how a spelling becomes a name, and why one cannot be a name.

use serde::{Deserialize, Serialize};

/// The name of a memory: slash-separated, without `.md`, in Unicode form C, no empty, `.` or `..` part.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MemoryName(String);

/// Why a spelling is no name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameFault {
    /// It has a `..` part.
    #[error("memory name cannot contain '..' segments. Got: {0}")]
    Dots(String),
    /// It is absolute, empty or has an empty part.
    #[error("memory name cannot be absolute or contain empty path segments. Got: {0}")]
    Empty(String),
}

impl MemoryName {
    /// Reads a spelling.
    ///
    /// # Errors
    /// Why it is no name.
    pub fn parse(spelling: &str) -> Result<Self, NameFault> {
        if spelling.is_empty() {
            return Err(NameFault::Empty(spelling.to_owned()));
        }
        Ok(Self(spelling.to_owned()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for MemoryName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}
