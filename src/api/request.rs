//! What can be asked of the board. Each request exists on every face, or on a short list of exceptions.

use crate::board::{Kind, Mode, Priority, Role, Seq, TaskId, WorkerName};
use serde::{Deserialize, Serialize};

/// One request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "request", rename_all = "snake_case")]
pub enum Request {
    /// Hand in a task.
    Submit(Box<NewTask>),
    /// List tasks, newest first.
    Tasks {
        /// Only those in this state (`working`, `done`, …).
        #[serde(default)]
        state: Option<String>,
        /// At most so many; bounded by `limits.page_items_max`.
        #[serde(default)]
        limit: Option<usize>,
        /// Where the last page ended; open tasks stand on the first page.
        #[serde(default)]
        before: Option<u64>,
    },
    /// Everything about one task.
    Show {
        /// Which.
        task: TaskId,
    },
    /// Wait until a task has ended or waits for a person.
    Wait {
        /// Which.
        task: TaskId,
        /// Milliseconds to wait at most; then the task is shown as it stands.
        for_ms: u64,
    },
    /// Stop a task.
    Cancel {
        /// Which.
        task: TaskId,
        /// Who says so.
        by: String,
    },
    /// Hand in an ended task once more, under a new name.
    Retry {
        /// Which.
        task: TaskId,
        /// Who says so.
        by: String,
    },
    /// Accept a decision that waits for a person.
    Approve {
        /// Which task.
        task: TaskId,
        /// Who says so.
        by: String,
    },
    /// Refuse a decision that waits for a person.
    Reject {
        /// Which task.
        task: TaskId,
        /// Who says so.
        by: String,
        /// Why.
        why: String,
    },
    /// How a decision came about, as a sum that can be redone on paper.
    Why {
        /// Which task.
        task: TaskId,
    },
    /// The last entries of the handoff log.
    Log {
        /// How many.
        entries: usize,
    },
    /// Check the handoff log's chain.
    VerifyLog,
    /// What a text would be taken for, and who would be asked.
    Route {
        /// The text.
        text: String,
        /// What the person names.
        #[serde(default)]
        overrides: Overrides,
    },
    /// The workers and how they stand.
    Workers,
    /// What happened after a point, waiting for it if nothing has.
    Notices {
        /// The last event already known.
        after: Seq,
        /// Only those of this task.
        #[serde(default)]
        task: Option<TaskId>,
        /// Milliseconds to wait at most.
        wait_ms: u64,
    },
    /// How the daemon is.
    Status,
    /// End the daemon.
    Shutdown {
        /// At once, instead of letting running calls finish within the grace.
        #[serde(default)]
        hard: bool,
    },
}

/// A task as a face hands it in.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewTask {
    /// The name to make the id from; else the title or the first line.
    #[serde(default)]
    pub name: Option<String>,
    /// The text, or the content of a task file.
    pub content: String,
    /// How to read it: the ending of a task file's name (`md`, `txt`, `json`, `yaml`, `toml`). Default: `txt`, all text.
    #[serde(default)]
    pub format: Option<String>,
    /// What is set besides; it outranks the content's own keys.
    #[serde(default)]
    pub overrides: Overrides,
    /// Which face and who; empty: the face that takes the request names itself.
    #[serde(default)]
    pub by: String,
}

/// Keys that a person sets beside a task's text.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Overrides {
    /// The kind.
    pub kind: Option<Kind>,
    /// The priority.
    pub priority: Option<Priority>,
    /// The mode.
    pub mode: Option<Mode>,
    /// One role instead of a team.
    pub role: Option<Role>,
    /// These workers.
    pub models: Vec<WorkerName>,
    /// A named pipeline.
    pub pipeline: Option<String>,
    /// Globs of context files.
    pub context: Vec<String>,
    /// A specification file.
    pub spec: Option<String>,
    /// Memories.
    pub memories: Vec<String>,
    /// Tasks that must end first.
    pub depends_on: Vec<TaskId>,
}
