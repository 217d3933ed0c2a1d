//! What can be asked of the board. Each request exists on every face, or on a short list of exceptions.

use super::report::ReportBy;
use crate::board::consensus::VotingRule;
use crate::board::{Kind, Mode, Priority, Role, Seq, TaskId, WorkerName};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
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
    /// Hand in an ended task once more, under a new name; of one that waits for a person with a partial result, try the
    /// failed steps again.
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
    /// Hand in what a person says to a step that waits for one.
    Answer {
        /// Which task.
        task: TaskId,
        /// The step or the worker that is meant; when nobody says: the only one that waits.
        #[serde(default)]
        step: Option<String>,
        /// Who says so.
        by: String,
        /// What: for a judgement the first line says approve, approve with changes, reject or abstain.
        text: String,
    },
    /// How a decision came about, as a sum that can be redone on paper.
    Why {
        /// Which task.
        task: TaskId,
    },
    /// A decision made again from what was recorded, without some of the workers or by another rule. Nobody is asked.
    Replay {
        /// Which task.
        task: TaskId,
        /// Workers whose answers are left out.
        #[serde(default)]
        without: Vec<WorkerName>,
        /// The rule: `bayes` (the one that decides), `majority`, `best-single`, `tier`.
        #[serde(default)]
        rule: VotingRule,
    },
    /// Put the patch of a task on the workspace's files, or take it off again: whole or not at all, without a commit.
    Apply {
        /// Which task.
        task: TaskId,
        /// Whose patch; else the one that the decision chose.
        #[serde(default)]
        worker: Option<WorkerName>,
        /// Also where files have changes that are not committed.
        #[serde(default)]
        allow_dirty: bool,
        /// Take it off instead.
        #[serde(default)]
        revert: bool,
        /// Who says so.
        by: String,
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
    /// What the workers did: tasks, success, time, tokens, cost and recoveries.
    Report {
        /// From this side only (`worker`, `role`, `kind`); all of them when nobody says.
        #[serde(default)]
        by: Option<ReportBy>,
        /// Only since this day (`2026-11-20`) or over the last days (`7d`, `4w`); everything when nobody says.
        #[serde(default)]
        since: Option<String>,
    },
    /// Take over the metrics file that an older system kept (`.agent/multi_model_metrics.json`).
    ImportRecords {
        /// The file's name, for the log.
        file: String,
        /// What it holds.
        content: String,
        /// Who says so.
        #[serde(default)]
        by: String,
    },
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
    /// A page of the memories' names, in the order of their names.
    MemoryList {
        /// Only those below this folder (`design`), or the memory of this very name.
        #[serde(default)]
        topic: Option<String>,
        /// Where the last page ended.
        #[serde(default)]
        after: Option<String>,
        /// At most so many; bounded by `limits.page_items_max`.
        #[serde(default)]
        limit: Option<usize>,
    },
    /// One memory, whole.
    MemoryRead {
        /// Which; a leading `mem:` and a closing `.md` may stand or be left out, here and below.
        name: String,
        /// An earlier revision instead of the one that stands.
        #[serde(default)]
        revision: Option<u64>,
    },
    /// Make a memory, or give it a new text.
    MemoryWrite {
        /// Which.
        name: String,
        /// The text, whole.
        text: String,
        /// Only if this revision stands; 0: only if there is no such memory.
        #[serde(default)]
        if_revision: Option<u64>,
        /// Who says so.
        #[serde(default)]
        by: String,
    },
    /// Replace a passage of a memory.
    MemoryEdit {
        /// Which.
        name: String,
        /// What is looked for.
        needle: String,
        /// What stands there afterwards.
        replacement: String,
        /// How the needle is read.
        #[serde(default)]
        mode: EditMode,
        /// Replace every occurrence, instead of refusing when there is more than one.
        #[serde(default)]
        all: bool,
        /// Only if this revision stands.
        #[serde(default)]
        if_revision: Option<u64>,
        /// Who says so.
        #[serde(default)]
        by: String,
    },
    /// Take a memory away; its history stays and can be restored.
    MemoryDelete {
        /// Which.
        name: String,
        /// Only if this revision stands.
        #[serde(default)]
        if_revision: Option<u64>,
        /// Who says so.
        #[serde(default)]
        by: String,
    },
    /// Give a memory another name; `mem:` references to it in other memories are rewritten.
    MemoryRename {
        /// The old name.
        from: String,
        /// The new name; it must be free.
        to: String,
        /// Who says so.
        #[serde(default)]
        by: String,
    },
    /// The revisions of a memory, newest first.
    MemoryHistory {
        /// Which; also one that was taken away.
        name: String,
        /// Only revisions before this one.
        #[serde(default)]
        before: Option<u64>,
        /// At most so many; bounded by `limits.page_items_max`.
        #[serde(default)]
        limit: Option<usize>,
    },
    /// Make an earlier revision stand again, as a new revision.
    MemoryRestore {
        /// Which.
        name: String,
        /// The revision.
        revision: u64,
        /// Who says so.
        #[serde(default)]
        by: String,
    },
    /// Full-text search over the memories that stand.
    MemorySearch {
        /// Words; all of them must occur. `"two words"` is a phrase, `auth*` a beginning, `-word` must not occur.
        query: String,
        /// Only below this folder.
        #[serde(default)]
        topic: Option<String>,
        /// How many hits to pass over.
        #[serde(default)]
        after: Option<u64>,
        /// At most so many hits; bounded by `limits.page_items_max`.
        #[serde(default)]
        limit: Option<usize>,
    },
    /// Say that somebody works on a memory. Advisory: nobody is kept from writing, everybody is told.
    MemoryLease {
        /// Which.
        name: String,
        /// Who works on it.
        by: String,
        /// Milliseconds it holds; asking again before it lapses renews it. 0 lets it go.
        for_ms: u64,
    },
    /// Take a step that waits for an outside agent.
    ClaimWork {
        /// Only steps of this worker (one with `provider = "external"`).
        #[serde(default)]
        worker: Option<WorkerName>,
        /// Who takes it.
        by: String,
        /// Milliseconds to wait at most while there is none.
        #[serde(default)]
        wait_ms: u64,
    },
    /// Keep a claimed step for longer.
    RenewWork {
        /// The claim.
        claim: String,
    },
    /// Hand in what came of a claimed step.
    SubmitWork {
        /// The claim.
        claim: String,
        /// The answer; empty with `failed`.
        #[serde(default)]
        text: String,
        /// Why there is none: the step is given to somebody else.
        #[serde(default)]
        failed: Option<String>,
        /// The model that did it.
        #[serde(default)]
        model: Option<String>,
        /// Tokens read, where known.
        #[serde(default)]
        input_tokens: Option<u64>,
        /// Tokens written, where known.
        #[serde(default)]
        output_tokens: Option<u64>,
        /// What it cost, in USD, where known.
        #[serde(default)]
        cost_usd: Option<f64>,
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

/// How the needle of an edit is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum EditMode {
    /// As it stands.
    #[default]
    Literal,
    /// As a regular expression; `.` matches line ends, `^` and `$` match at lines, `$!1` in the replacement is group 1.
    Regex,
}

/// A task as a face hands it in.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewTask {
    /// The name to make the id from; else the title or the first line.
    #[serde(default)]
    pub name: Option<String>,
    /// The text, or the content of a task file.
    #[schemars(length(min = 1))]
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
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
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
    /// A named team.
    pub team: Option<String>,
    /// Globs of context files.
    pub context: Vec<String>,
    /// A specification file.
    pub spec: Option<String>,
    /// Memories.
    pub memories: Vec<String>,
    /// Tasks that must end first.
    pub depends_on: Vec<TaskId>,
    /// Ask anew, also where an identical call has been answered before.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub no_cache: bool,
}
