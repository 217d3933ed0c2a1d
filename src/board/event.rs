//! What is true and stored. The journal is a sequence of these; the state and every file are made from it.

use super::attempt::{Answer, Failure, Purpose, Rung, Thread};
use super::decision::Decision;
use super::evidence::Validation;
use super::id::{AttemptKey, Kind, Role, StepId, TaskId, WorkerName};
use super::input::PersonAnswer;
use super::memory::{Hashed, MemoryChange, MemoryName};
use super::needs::Needs;
use super::page::Reason;
use super::people::Waiting;
use super::plan::{Plan, PlanSource, Step};
use super::spec::{Source, TaskSpec};
use super::tally::Imported;
use super::time::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// A task was accepted, with the plan that will carry it out.
    TaskAccepted {
        /// When.
        at: Timestamp,
        /// Its id.
        task: TaskId,
        /// What is asked.
        spec: Box<TaskSpec>,
        /// Where it came from.
        source: Source,
        /// What it was taken for.
        route: Box<Route>,
        /// How it will be carried out.
        plan: Box<Plan>,
        /// Tasks that must end first.
        waits_for: Vec<TaskId>,
    },
    /// A dropped file was refused.
    FileRejected {
        /// When.
        at: Timestamp,
        /// Its name in the drop folder.
        name: String,
        /// SHA-256 of its bytes.
        hash: String,
        /// Why, and how to mend it.
        reason: Reason,
    },
    /// The daemon was started. Blocked workers may be tried again.
    DaemonStarted {
        /// When.
        at: Timestamp,
    },
    /// A task it depends on ended.
    DependencyEnded {
        /// When.
        at: Timestamp,
        /// The waiting task.
        task: TaskId,
        /// The one that ended.
        on: TaskId,
        /// Whether it ended well.
        well: bool,
    },
    /// A call will be made once there is a slot.
    AttemptPlanned {
        /// When.
        at: Timestamp,
        /// Which.
        key: AttemptKey,
        /// Its step.
        step: StepId,
        /// The seat of the step it fills.
        seat: u32,
        /// Who will be asked.
        worker: WorkerName,
        /// In which role.
        role: Role,
        /// What for.
        purpose: Purpose,
        /// Tries of this worker for this seat before this one.
        tries_before: u32,
        /// How far up the recovery ladder it stands.
        #[serde(default)]
        rung: Rung,
        /// What led to this rung; empty for the first.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        why: String,
        /// Not before.
        not_before: Timestamp,
    },
    /// The worker is being asked.
    AttemptStarted {
        /// When.
        at: Timestamp,
        /// Which.
        key: AttemptKey,
        /// When it must have ended.
        deadline: Timestamp,
        /// Which conversation it goes on with, and whether it can be gone on with.
        #[serde(default, skip_serializing_if = "Thread::is_plain")]
        thread: Thread,
        /// The attempts of other steps that are asked in the same call, by number.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        along: Vec<u32>,
        /// It is a person who is asked, and is waited for so.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        asked: Option<Waiting>,
    },
    /// Money was set aside for a call that is about to be made under a budget. Settled when the attempt ends.
    CostReserved {
        /// When.
        at: Timestamp,
        /// Which.
        key: AttemptKey,
        /// The most it can cost, in USD.
        usd: f64,
    },
    /// A call that outlived the daemon is being waited for again.
    AttemptAdopted {
        /// When.
        at: Timestamp,
        /// Which.
        key: AttemptKey,
        /// When it must have ended, anew.
        deadline: Timestamp,
    },
    /// The worker answered. From here on the call is never made again.
    AttemptAnswered {
        /// When.
        at: Timestamp,
        /// Which.
        key: AttemptKey,
        /// With what.
        answer: Box<Answer>,
    },
    /// The call failed.
    AttemptFailed {
        /// When.
        at: Timestamp,
        /// Which.
        key: AttemptKey,
        /// Why.
        failure: Failure,
        /// Until when the worker is not asked anything, where the failure calls for it.
        rest_until: Option<Rest>,
    },
    /// What a worker made was tried.
    AttemptValidated {
        /// When.
        at: Timestamp,
        /// Which.
        key: AttemptKey,
        /// How it went.
        validation: Box<Validation>,
    },
    /// An attempt's patch was put on the user's files. The task may have ended long ago, so this is no part of its history
    /// and carries all that the records need.
    PatchApplied {
        /// When.
        at: Timestamp,
        /// The patch.
        patch: Box<Placed>,
    },
    /// An attempt's patch was taken off the user's files again.
    PatchReverted {
        /// When.
        at: Timestamp,
        /// The patch.
        patch: Box<Placed>,
    },
    /// The plan has other steps: the only way in which it changes after acceptance. Steps that run or have
    /// given something are never dropped.
    PlanChanged {
        /// When.
        at: Timestamp,
        /// Which task.
        task: TaskId,
        /// The attempt whose proposal this comes from.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<u32>,
        /// What laid out the new steps.
        source: PlanSource,
        /// The new steps, each after those it needs, with their seats filled.
        adds: Vec<Step>,
        /// The steps that are no longer done.
        drops: Vec<StepId>,
        /// A review after every so many ended steps from now on; `None`: as before.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        checkpoint_every: Option<u32>,
        /// Why, as a sentence.
        why: String,
    },
    /// So many steps of a long plan have ended.
    Progressed {
        /// When.
        at: Timestamp,
        /// Which task.
        task: TaskId,
        /// How far it is.
        progress: Progress,
    },
    /// The workers' answers were weighed.
    TaskDecided {
        /// When.
        at: Timestamp,
        /// Which task.
        task: TaskId,
        /// The decision.
        decision: Box<Decision>,
        /// Whether a person must approve before the task ends.
        waits_for_person: bool,
        /// How long, where one must.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        waiting: Option<Waiting>,
    },
    /// A person who has not answered was reminded.
    PersonReminded {
        /// When.
        at: Timestamp,
        /// Of which task.
        task: TaskId,
        /// Of which attempt; `None`: of the decision, which waits to be approved or rejected.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        attempt: Option<u32>,
    },
    /// A person has handed in what a step asked for; the attempt's answer follows.
    PersonHandedIn {
        /// When.
        at: Timestamp,
        /// Which attempt.
        key: AttemptKey,
        /// Who.
        by: String,
        /// The file it came in, if any.
        file: Option<String>,
    },
    /// A person answered.
    PersonAnswered {
        /// When.
        at: Timestamp,
        /// Which task.
        task: TaskId,
        /// Who.
        by: String,
        /// What.
        answer: PersonAnswer,
        /// The file it came in, if any.
        file: Option<String>,
    },
    /// The task is over.
    TaskEnded {
        /// When.
        at: Timestamp,
        /// Which task.
        task: TaskId,
        /// How.
        ending: Ending,
        /// The answering file that caused it, if any.
        file: Option<String>,
    },
    /// A standing order was woken and not carried out. Told for the first in a row only.
    OrderHeld {
        /// When.
        at: Timestamp,
        /// Its place among the `[[trigger]]` tables, from 1.
        number: u32,
        /// The memory or the task that woke it.
        by: String,
        /// Why it was not carried out, as a sentence.
        why: String,
    },
    /// Records that another system kept were taken over.
    RecordsImported {
        /// When.
        at: Timestamp,
        /// Who says so.
        by: String,
        /// The file's name, for people.
        file: String,
        /// SHA-256 of the file, lower-case hex: it is not taken twice.
        hash: String,
        /// What it held.
        records: Vec<Imported>,
    },
    /// A memory has a new revision.
    MemoryRevised {
        /// When.
        at: Timestamp,
        /// Which.
        name: MemoryName,
        /// The new revision.
        revision: u64,
        /// What it did.
        change: MemoryChange,
        /// The text that stands since; `None`: none does.
        content: Option<Hashed>,
        /// Who; `file`: it was found in the folder.
        by: String,
    },
    /// Somebody works on a memory, or no longer does.
    MemoryLeased {
        /// When.
        at: Timestamp,
        /// Which.
        name: MemoryName,
        /// Who.
        by: String,
        /// Until when; `None`: no longer.
        until: Option<Timestamp>,
    },
    /// All files of an ended task are written; its events leave the journal for its history.
    TaskArchived {
        /// When.
        at: Timestamp,
        /// Which task.
        task: TaskId,
    },
}

/// How far a plan is, in steps that work on the task.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Progress {
    /// Steps in all, as the plan stands now.
    pub steps: u32,
    /// Those that ended well.
    pub done: u32,
    /// Those that failed, or that cannot be done because one they need failed.
    pub failed: u32,
}

impl Progress {
    /// Steps that have ended, well or not.
    pub fn ended(self) -> u32 {
        self.done.saturating_add(self.failed)
    }

    /// How far it is, for people: `10 of 42 steps done`.
    pub fn line(self) -> String {
        let failed = if self.failed > 0 { format!(", {} failed", self.failed) } else { String::new() };
        format!("{} of {} steps done{failed}", self.done, self.steps)
    }
}

/// A patch that was put on the user's files, or taken off them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Placed {
    /// The task it came from.
    pub task: TaskId,
    /// The attempt that made it.
    pub attempt: u32,
    /// Who made it.
    pub worker: WorkerName,
    /// In which role.
    pub role: Role,
    /// The task's kind.
    pub kind: Kind,
    /// Who put it there, or took it off.
    pub by: String,
    /// The files it changes.
    pub files: Vec<String>,
}

/// How long a worker is not asked anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "rest", rename_all = "snake_case")]
pub enum Rest {
    /// Until a moment.
    Until {
        /// The moment.
        at: Timestamp,
    },
    /// Until a person mends it and the daemon is started anew, or another call of it succeeds.
    Blocked,
}

/// How a task ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "ending", rename_all = "snake_case")]
pub enum Ending {
    /// With a decision.
    Done,
    /// Without a usable result, or refused by a person.
    Failed {
        /// Why.
        why: String,
    },
    /// By a person.
    Cancelled {
        /// Who.
        by: String,
    },
}

/// What a task was taken for, and why.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Route {
    /// Its kind.
    pub kind: Kind,
    /// What it is about, where that is plain.
    pub category: Option<String>,
    /// The mode chosen.
    pub mode: super::spec::Mode,
    /// The priority that it goes by. Journals older than the key did not say it again here.
    #[serde(default)]
    pub priority: super::spec::Priority,
    /// The workers chosen, in order.
    pub workers: Vec<WorkerName>,
    /// The reasons, a line each.
    pub why: Vec<String>,
    /// What it brings along, which decided who has room for it. Journals older than the measuring say nothing of it.
    #[serde(default, skip_serializing_if = "Needs::are_unknown")]
    pub needs: Needs,
    /// The steps it would take; filled for those who ask what a text would be taken for. An accepted task has its plan.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<RoutedStep>,
}

/// A step of a plan, as told to those who ask what a text would be taken for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RoutedStep {
    /// Its name.
    pub step: StepId,
    /// Its role.
    pub role: Role,
    /// What it asks for: `make`, `judge`, `check`, `synthesize`, `plan`.
    pub aim: String,
    /// The steps whose outputs it waits for and sees.
    pub needs: Vec<StepId>,
    /// Who does it, side by side.
    pub workers: Vec<WorkerName>,
}

impl Event {
    /// Whether it is about a memory, and about no task.
    pub fn is_of_memory(&self) -> bool {
        matches!(self, Self::MemoryRevised { .. } | Self::MemoryLeased { .. })
    }

    /// The task whose history it is part of; `None` for a file or an order that never became one, for memories and records,
    /// and for patches that are put somewhere, since that may happen long after their task has ended.
    pub fn task(&self) -> Option<&TaskId> {
        match self {
            Self::TaskAccepted { task, .. }
            | Self::DependencyEnded { task, .. }
            | Self::PlanChanged { task, .. }
            | Self::Progressed { task, .. }
            | Self::TaskDecided { task, .. }
            | Self::PersonReminded { task, .. }
            | Self::PersonAnswered { task, .. }
            | Self::TaskEnded { task, .. }
            | Self::TaskArchived { task, .. } => Some(task),
            Self::AttemptPlanned { key, .. }
            | Self::PersonHandedIn { key, .. }
            | Self::AttemptStarted { key, .. }
            | Self::CostReserved { key, .. }
            | Self::AttemptAdopted { key, .. }
            | Self::AttemptAnswered { key, .. }
            | Self::AttemptFailed { key, .. }
            | Self::AttemptValidated { key, .. } => Some(&key.task),
            Self::FileRejected { .. }
            | Self::DaemonStarted { .. }
            | Self::OrderHeld { .. }
            | Self::RecordsImported { .. }
            | Self::PatchApplied { .. }
            | Self::PatchReverted { .. }
            | Self::MemoryRevised { .. }
            | Self::MemoryLeased { .. } => None,
        }
    }

    /// When it happened.
    pub fn at(&self) -> Timestamp {
        match self {
            Self::TaskAccepted { at, .. }
            | Self::FileRejected { at, .. }
            | Self::DaemonStarted { at }
            | Self::DependencyEnded { at, .. }
            | Self::AttemptPlanned { at, .. }
            | Self::AttemptStarted { at, .. }
            | Self::CostReserved { at, .. }
            | Self::AttemptAdopted { at, .. }
            | Self::AttemptAnswered { at, .. }
            | Self::AttemptFailed { at, .. }
            | Self::AttemptValidated { at, .. }
            | Self::PatchApplied { at, .. }
            | Self::PatchReverted { at, .. }
            | Self::PlanChanged { at, .. }
            | Self::Progressed { at, .. }
            | Self::TaskDecided { at, .. }
            | Self::PersonReminded { at, .. }
            | Self::PersonHandedIn { at, .. }
            | Self::PersonAnswered { at, .. }
            | Self::TaskEnded { at, .. }
            | Self::OrderHeld { at, .. }
            | Self::RecordsImported { at, .. }
            | Self::MemoryRevised { at, .. }
            | Self::MemoryLeased { at, .. }
            | Self::TaskArchived { at, .. } => *at,
        }
    }

    /// One word for logs and notices.
    pub fn name(&self) -> &'static str {
        match self {
            Self::TaskAccepted { .. } => "task_accepted",
            Self::FileRejected { .. } => "file_rejected",
            Self::DaemonStarted { .. } => "daemon_started",
            Self::DependencyEnded { .. } => "dependency_ended",
            Self::AttemptPlanned { .. } => "attempt_planned",
            Self::AttemptStarted { .. } => "attempt_started",
            Self::CostReserved { .. } => "cost_reserved",
            Self::AttemptAdopted { .. } => "attempt_adopted",
            Self::AttemptAnswered { .. } => "attempt_answered",
            Self::AttemptFailed { .. } => "attempt_failed",
            Self::AttemptValidated { .. } => "attempt_validated",
            Self::PatchApplied { .. } => "patch_applied",
            Self::PatchReverted { .. } => "patch_reverted",
            Self::PlanChanged { .. } => "plan_changed",
            Self::Progressed { .. } => "progressed",
            Self::TaskDecided { .. } => "task_decided",
            Self::PersonReminded { .. } => "person_reminded",
            Self::PersonHandedIn { .. } => "person_handed_in",
            Self::PersonAnswered { .. } => "person_answered",
            Self::TaskEnded { .. } => "task_ended",
            Self::OrderHeld { .. } => "order_held",
            Self::RecordsImported { .. } => "records_imported",
            Self::MemoryRevised { .. } => "memory_revised",
            Self::MemoryLeased { .. } => "memory_leased",
            Self::TaskArchived { .. } => "task_archived",
        }
    }
}
