//! What can come in: the closed list of things that the loop decides on. Every moment and every id comes in with it.

use super::attempt::{Answer, Failure};
use super::event::Placed;
use super::evidence::Validation;
use super::id::{AttemptKey, Seq, TaskId};
use super::memory::{MemoryAct, MemoryRefusal};
use super::needs::Needs;
use super::page::Reason;
use super::spec::{Source, TaskSpec};
use super::tally::Imported;
use super::text::Text;
use super::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Something that came in.
#[derive(Clone, Debug, PartialEq)]
pub enum Input {
    /// A task is handed in.
    Offer(Box<Offer>),
    /// A dropped file that cannot be a task.
    BadFile {
        /// When it was seen.
        at: Timestamp,
        /// Its name in the drop folder.
        name: String,
        /// SHA-256 of its bytes, lower-case hex.
        hash: String,
        /// What is wrong with it.
        reason: Reason,
    },
    /// A call ended well.
    Answered {
        /// When.
        at: Timestamp,
        /// Which.
        key: AttemptKey,
        /// With what.
        answer: Box<Answer>,
    },
    /// A call ended badly.
    Failed {
        /// When.
        at: Timestamp,
        /// Which.
        key: AttemptKey,
        /// Why.
        failure: Failure,
    },
    /// What an attempt made was tried.
    Validated {
        /// When.
        at: Timestamp,
        /// Which.
        key: AttemptKey,
        /// How it went.
        validation: Box<Validation>,
    },
    /// A patch stands on the user's files, or has been taken off them.
    Placed {
        /// When.
        at: Timestamp,
        /// The patch.
        patch: Box<Placed>,
        /// Whether it was taken off.
        reverted: bool,
    },
    /// A call that asked for several steps at once ended well: what came of each.
    AnsweredTogether {
        /// When.
        at: Timestamp,
        /// Each attempt with its part of the answer, or why there is none.
        parts: Vec<(AttemptKey, Result<Box<Answer>, Failure>)>,
    },
    /// A call is about to be made under a budget, and money for it is to be set aside.
    Reserve {
        /// When.
        at: Timestamp,
        /// Which.
        key: AttemptKey,
        /// The most it can cost, in USD; `None`: nobody knows.
        usd: Option<f64>,
    },
    /// A call that was running when the daemon ended is still running, or has ended since; its report will come.
    Adopted {
        /// When.
        at: Timestamp,
        /// Which.
        key: AttemptKey,
        /// When it must have ended, anew.
        deadline: Timestamp,
    },
    /// A person approves or rejects a task that waits for it.
    Person {
        /// When.
        at: Timestamp,
        /// Which task.
        task: TaskId,
        /// Who, for the log.
        by: String,
        /// What.
        answer: PersonAnswer,
        /// When it was given. An answer older than the decision is no answer to it.
        given: Timestamp,
        /// The answering file in `decisions/`, where there is one.
        file: Option<String>,
    },
    /// A person has handed in what a step asked for. What it says lies where the attempt's call waits for it.
    HandedIn {
        /// When.
        at: Timestamp,
        /// Which task.
        task: TaskId,
        /// The step or the worker that is meant; `None`: the one that waits.
        which: Option<String>,
        /// Who, for the log.
        by: String,
        /// When it was given. An answer older than the question is no answer to it.
        given: Timestamp,
        /// The file in `decisions/` that it came in, where there is one.
        file: Option<String>,
    },
    /// A person cancels a task.
    Cancel {
        /// When.
        at: Timestamp,
        /// Which task.
        task: TaskId,
        /// Who, for the log.
        by: String,
        /// The answering file in `tasks/active/`, where there is one.
        file: Option<String>,
    },
    /// The daemon has started and replayed the journal.
    Started {
        /// When.
        at: Timestamp,
    },
    /// A moment that the state asked to be woken at has come.
    Tick {
        /// Now.
        at: Timestamp,
    },
    /// A standing order was woken and is not carried out.
    OrderHeld {
        /// When.
        at: Timestamp,
        /// Its place among the `[[trigger]]` tables, from 1.
        number: u32,
        /// The memory or the task that woke it.
        by: String,
        /// Why, as a sentence.
        why: String,
    },
    /// Records that another system kept, read from a file of it.
    ImportRecords {
        /// When.
        at: Timestamp,
        /// Who says so.
        by: String,
        /// The file's name, for people.
        file: String,
        /// SHA-256 of the file, lower-case hex.
        hash: String,
        /// What it holds.
        records: Vec<Imported>,
    },
    /// Something about a memory.
    Memory {
        /// When.
        at: Timestamp,
        /// Who; `file`: it was found in the folder.
        by: String,
        /// What.
        act: Box<MemoryAct>,
    },
    /// Everything up to this event stands in files.
    Published {
        /// When.
        at: Timestamp,
        /// The last event that is published whole.
        upto: Seq,
    },
}

impl Input {
    /// When it came in.
    pub fn at(&self) -> Timestamp {
        match self {
            Self::Offer(offer) => offer.at,
            Self::BadFile { at, .. }
            | Self::Answered { at, .. }
            | Self::AnsweredTogether { at, .. }
            | Self::Failed { at, .. }
            | Self::Validated { at, .. }
            | Self::Placed { at, .. }
            | Self::Reserve { at, .. }
            | Self::Adopted { at, .. }
            | Self::Person { at, .. }
            | Self::HandedIn { at, .. }
            | Self::Cancel { at, .. }
            | Self::Started { at }
            | Self::OrderHeld { at, .. }
            | Self::ImportRecords { at, .. }
            | Self::Memory { at, .. }
            | Self::Tick { at }
            | Self::Published { at, .. } => *at,
        }
    }
}

/// A task handed in, with what the pure core cannot look up itself.
#[derive(Clone, Debug, PartialEq)]
pub struct Offer {
    /// When.
    pub at: Timestamp,
    /// The id it gets when it is accepted: the first free one of its name.
    pub id: TaskId,
    /// What is asked.
    pub spec: TaskSpec,
    /// The task's text, whole, for classification only.
    pub words: String,
    /// Where it came from.
    pub source: Source,
    /// The tasks it depends on that have ended already, and whether they ended well.
    pub ended: BTreeMap<TaskId, bool>,
    /// What it brings along, as far as it was measured.
    pub needs: Needs,
}

/// What a person says about a decision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum PersonAnswer {
    /// Accepts it.
    Approve,
    /// Wants the failed steps of a partial result tried again.
    Retry,
    /// Refuses it.
    Reject {
        /// Why, in the person's words.
        why: Text,
    },
}

/// Why an input was not taken. Nothing has changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The same bytes are being worked on.
    #[error("the same task is already being worked on as {of}")]
    Duplicate {
        /// As which task.
        of: TaskId,
    },
    /// The task cannot be carried out as written.
    #[error("{}", .0.what)]
    Unacceptable(Reason),
    /// No worker can take it.
    #[error("no worker is configured that could take this task")]
    NoWorker,
    /// Too many open tasks; try again later.
    #[error("{open} tasks are open, which is the limit; it is taken as soon as one ends")]
    Busy {
        /// How many are open.
        open: usize,
    },
    /// There is no such open task.
    #[error("no open task is called {task}")]
    NoSuchTask {
        /// What was asked for.
        task: TaskId,
    },
    /// The task is not in a state in which this can be done.
    #[error("{task} {state}")]
    WrongState {
        /// Which task.
        task: TaskId,
        /// How it stands, as the end of a sentence (`is not waiting for a person`).
        state: String,
    },
    /// The same file of records was imported before.
    #[error("{file} was imported before: its records are counted already")]
    ImportedBefore {
        /// The file's name.
        file: String,
    },
    /// An act on a memory was refused.
    #[error(transparent)]
    Memory(#[from] MemoryRefusal),
    /// The call could cost more than what is left of a budget, or nobody knows what it could cost. It is not made.
    #[error("{why}")]
    OverBudget {
        /// Which budget, how much of it is left, and what would help.
        why: String,
    },
    /// What is left of the budget is set aside for calls that run. It may do when they have ended.
    #[error("what is left of the budget is set aside for calls that are running")]
    BudgetInUse,
    /// A report about an attempt that is not running: late, double or false. It is dropped.
    #[error("attempt {key} is not running")]
    NotRunning {
        /// Which attempt.
        key: AttemptKey,
    },
}
