//! How memories and the work of outside agents look from outside.

use crate::board::{MemoryChange, Role, StepId, TaskId, Timestamp, WorkerName};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A memory in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MemoryRow {
    /// Its name, without `.md`.
    pub name: String,
    /// The revision that stands, from 1.
    pub revision: u64,
    /// SHA-256 of its text, lower-case hex.
    pub hash: String,
    /// Length of its text in bytes.
    pub bytes: u64,
    /// Who wrote that revision; `file`: it was found in the folder.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// It can be read and not written.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub read_only: bool,
    /// Who works on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lease: Option<LeaseView>,
}

/// An advisory lease.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LeaseView {
    /// Who holds it.
    pub by: String,
    /// Until when.
    pub until: Timestamp,
}

/// What one revision did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RevisionRow {
    /// Its number, from 1, without gaps.
    pub revision: u64,
    /// What was done.
    pub change: MemoryChange,
    /// SHA-256 of the text that stands since, lower-case hex; `None`: none stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hash: Option<String>,
    /// Length of that text in bytes.
    pub bytes: u64,
    /// Who.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// Where a search found something.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct MemoryHit {
    /// The memory.
    pub name: String,
    /// The revision that was searched.
    pub revision: u64,
    /// A passage around the find, the found words between `«` and `»`.
    pub snippet: String,
    /// How well it fits; higher is better. Comparable within one search only.
    pub score: f64,
}

/// A step that an outside agent has taken.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Work {
    /// What to name when renewing and submitting. Nobody can guess it.
    pub claim: String,
    /// The task.
    pub task: TaskId,
    /// The step.
    pub step: StepId,
    /// As which worker.
    pub worker: WorkerName,
    /// In which role.
    pub role: Role,
    /// What the agent is asked, whole: instruction, task, context and how to end with a verdict.
    pub prompt: String,
    /// When the claim lapses and the step is given to somebody else, unless renewed.
    pub lease_until: Timestamp,
    /// When the step must be done in any case.
    pub deadline: Timestamp,
}
