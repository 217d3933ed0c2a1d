//! Why a request was not answered, in the parts that a person and a program need.

use super::fault::MemoryFault;
use crate::board::MemoryRefusal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A refused request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error, JsonSchema)]
#[error("{what}")]
pub struct Error {
    /// What sort of refusal it is; it decides exit codes and HTTP status.
    pub kind: ErrorKind,
    /// What is wrong, one sentence.
    pub what: String,
    /// What to do about it, one sentence; empty when there is nothing to do.
    #[serde(default)]
    pub hint: String,
    /// What exactly stands in the way, where it is a memory's; faces that speak another's language choose their words by it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<MemoryFault>,
}

/// What sort of refusal it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ErrorKind {
    /// The request cannot be carried out as written.
    Invalid,
    /// There is no such thing.
    NotFound,
    /// The thing is not in a state in which this can be done.
    Conflict,
    /// No worker can take it.
    NoWorker,
    /// Too much is being done already; try again later.
    Busy,
    /// The daemon is ending.
    Stopping,
    /// Nobody answers where the daemon should be.
    Unreachable,
    /// Something failed that should not (disk full, damaged store); the text says what.
    Internal,
}

impl Error {
    /// An error with nothing to do about it.
    pub fn new(kind: ErrorKind, what: impl Into<String>) -> Self {
        Self { kind, what: what.into(), hint: String::new(), fault: None }
    }

    /// The same error with what to do.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = hint.into();
        self
    }

    /// The same error with what exactly stands in a memory's way.
    #[must_use]
    pub fn fault(mut self, fault: MemoryFault) -> Self {
        self.fault = Some(fault);
        self
    }
}

impl From<&MemoryRefusal> for Error {
    fn from(refusal: &MemoryRefusal) -> Self {
        let fault = MemoryFault::from(refusal);
        Self::new(fault.kind(), refusal.to_string()).fault(fault)
    }
}
