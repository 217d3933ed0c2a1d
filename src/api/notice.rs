//! What faces are told without asking: one notice for each event.

use crate::board::{Seq, TaskId, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Notice {
    /// The event's place in the journal.
    pub seq: Seq,
    /// When.
    pub at: Timestamp,
    /// The task, where it belongs to one.
    pub task: Option<TaskId>,
    /// The event's name (`attempt_answered`).
    pub event: String,
    /// The same facts as the event's line in `model_messages.log`.
    pub facts: serde_json::Value,
}
