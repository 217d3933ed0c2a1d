//! What the board answers.

use super::memory::{LeaseView, MemoryHit, MemoryRow, RevisionRow, Work};
use super::notice::Notice;
use super::report::Report;
use super::view::{TaskRow, TaskView};
use crate::board::{Decision, Route, Seq, TaskId, WorkerName};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One reply.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "reply", rename_all = "snake_case")]
pub enum Reply {
    /// The task is in the journal.
    Accepted {
        /// Its id.
        task: TaskId,
    },
    /// A page of tasks.
    Tasks {
        /// The rows.
        tasks: Vec<TaskRow>,
        /// Ask for those before this to go on; `None`: that was all.
        next: Option<u64>,
    },
    /// One task.
    Task(Box<TaskView>),
    /// Done, nothing to say.
    Done,
    /// The sum behind a decision.
    Why {
        /// In words and numbers.
        text: String,
        /// The decision it explains.
        decision: Box<Decision>,
    },
    /// A decision was made again.
    Replayed {
        /// In words and numbers.
        text: String,
        /// What differs from the recorded decision, a line each; empty: nothing.
        changes: Vec<String>,
        /// The decision as it was recorded; absent: the task is not decided yet.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        recorded: Option<Box<Decision>>,
        /// The decision made again.
        decision: Box<Decision>,
    },
    /// A patch stands on the workspace's files, or was taken off them.
    Placed {
        /// The task it came from.
        task: TaskId,
        /// The attempt that made it.
        attempt: u32,
        /// Who made it.
        worker: WorkerName,
        /// The files it changes.
        files: Vec<String>,
        /// Lines it adds.
        added: u32,
        /// Lines it removes.
        removed: u32,
        /// What was left out of it, and why.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        note: Option<String>,
        /// It was taken off.
        reverted: bool,
    },
    /// Entries of the handoff log, as they stand in the file.
    Log {
        /// Oldest first.
        entries: Vec<String>,
    },
    /// The handoff log's chain was checked.
    LogVerified {
        /// Whole entries.
        entries: u64,
        /// What is wrong with the first altered entry; `None`: nothing.
        broken: Option<String>,
    },
    /// What a text is taken for.
    Route(Box<Route>),
    /// The workers.
    Workers {
        /// In order of preference.
        workers: Vec<WorkerRow>,
    },
    /// What the workers did.
    Report(Box<Report>),
    /// Records of an older system are counted.
    RecordsImported {
        /// Entries that were read.
        entries: u64,
        /// Entries that could not be read.
        unread: u64,
        /// What could not be read or had to be assumed, a sentence each.
        told: Vec<String>,
    },
    /// What happened.
    Notices {
        /// Oldest first.
        notices: Vec<Notice>,
        /// The last event considered; ask after it to go on.
        upto: Seq,
    },
    /// A page of memories.
    Memories {
        /// In the order of their names.
        memories: Vec<MemoryRow>,
        /// Ask for those after this name to go on; `None`: that was all.
        next: Option<String>,
    },
    /// One memory.
    Memory {
        /// Its row.
        #[serde(flatten)]
        row: MemoryRow,
        /// Its text, whole.
        text: String,
    },
    /// A memory has a new revision, or already had the text.
    MemoryWritten {
        /// Its name as it is kept.
        name: String,
        /// The revision that stands now.
        revision: u64,
        /// SHA-256 of its text, lower-case hex.
        hash: String,
        /// There was no such memory before.
        created: bool,
        /// Passages that an edit replaced; 1 for a write.
        replaced: u64,
        /// Who else works on it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        lease: Option<LeaseView>,
    },
    /// A memory was taken away.
    MemoryDeleted {
        /// Its name.
        name: String,
        /// The revision that took it away.
        revision: u64,
    },
    /// A memory has another name.
    MemoryRenamed {
        /// The old name.
        from: String,
        /// The new name.
        to: String,
        /// The revision under the new name.
        revision: u64,
        /// Memories in which references were rewritten.
        rewritten: Vec<String>,
    },
    /// A page of revisions.
    MemoryHistory {
        /// The memory.
        name: String,
        /// Newest first.
        revisions: Vec<RevisionRow>,
        /// Ask for those before this revision to go on; `None`: that was all.
        next: Option<u64>,
    },
    /// A page of hits.
    MemoryHits {
        /// Best first.
        hits: Vec<MemoryHit>,
        /// How many to pass over to go on; `None`: that was all.
        next: Option<u64>,
    },
    /// Who works on a memory now.
    MemoryLeased {
        /// The memory.
        name: String,
        /// The lease that stands; `None`: it was let go.
        lease: Option<LeaseView>,
        /// The asker holds it. Not so when somebody else does.
        granted: bool,
    },
    /// A step for an outside agent; `None`: there is none now.
    Work {
        /// The step.
        work: Option<Box<Work>>,
    },
    /// How the daemon is.
    Status(Status),
}

/// A worker and how it stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct WorkerRow {
    /// Its name.
    pub name: String,
    /// How it is reached.
    pub provider: String,
    /// The model behind it.
    pub model: String,
    /// 1 strongest … 5.
    pub tier: u8,
    /// Whose votes are not independent of its own.
    pub family: String,
    /// `ready`, `resting until …` or `blocked: …`.
    pub standing: String,
    /// Calls running now.
    pub running: u32,
}

/// How the daemon is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Status {
    /// Its process.
    pub pid: u32,
    /// Its version.
    pub version: String,
    /// The workspace it serves.
    pub workspace: String,
    /// Tasks that have not ended.
    pub open_tasks: usize,
    /// The same by how they stand (`waiting`, `working`, `awaiting_person`).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub phases: BTreeMap<String, u64>,
    /// Calls running now.
    pub running_calls: u32,
    /// The last event.
    pub seq: Seq,
    /// The last event that stands in files.
    pub published: Seq,
    /// The TCP address that it serves beside the socket (`127.0.0.1:4820`); absent: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub listen: Option<String>,
    /// What keeps it from taking work (disk full, folder gone); `None`: nothing.
    pub trouble: Option<String>,
}
