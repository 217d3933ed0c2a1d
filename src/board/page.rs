//! What is to be written where people and programs read: pure data, made by `react`. How it looks and where it lands is
//! the folder's business. Every page can be written again without changing what already stands.

use super::attempt::Usage;
use super::decision::Decision;
use super::event::Ending;
use super::evidence::Validation;
use super::id::{Role, StepId, TaskId, WorkerName};
use super::patch::Patch;
use super::spec::{Source, TaskSpec};
use super::text::Text;
use super::time::Timestamp;
use super::verdict::Verdict;
use serde::{Deserialize, Serialize};

/// One thing to write.
#[derive(Clone, Debug, PartialEq)]
pub enum Page {
    /// `tasks/active/<id>.md`: the dropped file is moved there; a task that came over a face, or whose file is gone, is written.
    /// Also the memories `task-definition` and `shared-context` of the task.
    TaskFile {
        /// The task.
        task: TaskId,
        /// Where it came from.
        source: Source,
        /// What it asks.
        spec: Box<TaskSpec>,
    },
    /// `tasks/active/<id>_state.json` (or where the task's files now stand).
    TaskState {
        /// The task.
        task: TaskId,
        /// The whole content.
        state: serde_json::Value,
    },
    /// `tasks/rejected/<name>` and `<name>.why.md`: the file is moved there.
    Rejected {
        /// Its name in the drop folder.
        name: String,
        /// SHA-256 of its bytes; a file of the same name with other bytes is left alone.
        hash: String,
        /// When.
        at: Timestamp,
        /// Why.
        reason: Reason,
    },
    /// `sessions/<worker>_<id>.json`.
    Session {
        /// The task.
        task: TaskId,
        /// The worker.
        worker: WorkerName,
        /// The whole content.
        session: serde_json::Value,
    },
    /// `outputs/<id>/<nn>-<step>-<worker>.md`, and the memory `orchestration/model-outputs/<id>/<worker>`.
    Output(Box<OutputPage>),
    /// `decisions/<id>.md` and `.json`, and the memories `…/coordination/<id>/…`.
    Decision(Box<Decision>),
    /// A paragraph at the end of `decisions/architecture_decisions.md`.
    Architecture {
        /// When.
        at: Timestamp,
        /// The task.
        task: TaskId,
        /// Its title.
        title: String,
        /// The decision.
        decision: Box<Decision>,
    },
    /// `memories/orchestration/current-task/<id>/progress`.
    Progress {
        /// The task.
        task: TaskId,
        /// Markdown.
        text: String,
    },
    /// An entry of the handoff log.
    Log(LogEntry),
    /// A line of `communication/model_messages.log`; the folder adds the event's sequence number.
    Message(serde_json::Value),
    /// The task's files move from `active/` to `done/` or `failed/`, its memories to `history/`.
    Closed {
        /// The task.
        task: TaskId,
        /// When.
        at: Timestamp,
        /// How it ended.
        ending: Ending,
    },
    /// An answering file was taken in; it is renamed to `<name>.taken`.
    AnswerTaken {
        /// Its path relative to the coordination folder (`decisions/x.approve`).
        path: String,
    },
}

/// What a model said, for a file of its own.
#[derive(Clone, Debug, PartialEq)]
pub struct OutputPage {
    /// The task.
    pub task: TaskId,
    /// The attempt's number.
    pub number: u32,
    /// Its step.
    pub step: StepId,
    /// Who.
    pub worker: WorkerName,
    /// The model behind it.
    pub model: String,
    /// In which role.
    pub role: Role,
    /// When it ended.
    pub at: Timestamp,
    /// Seconds it took.
    pub seconds: f64,
    /// What it said, whole.
    pub text: Text,
    /// The verdicts read out of it.
    pub verdicts: Vec<Verdict>,
    /// Tokens and money.
    pub usage: Usage,
    /// It is the kept answer of an identical call.
    pub cached: bool,
    /// What it changed, for a file of its own beside this one.
    pub patch: Option<Patch>,
    /// How that was tried.
    pub validation: Option<Validation>,
}

/// One entry of the handoff log, in the fields of its fixed form. Texts are raw; escaping, masking and the hash chain are the folder's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogEntry {
    /// When.
    pub at: Timestamp,
    /// Who hands off (`claude`, `synod`, `person`).
    pub who: String,
    /// The model behind it, or the role of the one who hands off.
    pub model: String,
    /// The task, or the name of a rejected file.
    pub about: String,
    /// What it received.
    pub context: String,
    /// What it did.
    pub work_done: String,
    /// What it changed; empty: none.
    pub files_modified: Vec<String>,
    /// What should happen next.
    pub next_steps: String,
    /// What is in the way; empty: none.
    pub blockers: String,
    /// To whom; empty: nobody.
    pub handoff_to: Vec<String>,
}

/// Why something handed in cannot be accepted, in the parts a person needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// What is wrong, one sentence that names the key.
    pub what: String,
    /// The line of the file, from 1, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// How to mend it, one sentence; with the nearest valid spelling where there is one.
    pub mend: String,
}
