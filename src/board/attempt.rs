//! One call of one worker: what is asked, how it stands, what came back. Making the call is the worker room's business.

use super::batching::Part;
use super::evidence::Validation;
use super::id::{AttemptKey, Role, StepId, WorkerName};
use super::patch::Patch;
use super::people::Waiting;
use super::proposal::Proposal;
use super::spec::WorkspaceAccess;
use super::text::Text;
use super::time::Timestamp;
use super::verdict::{Claim, Verdict};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// What an attempt is for; it decides which prompt is made and what is read out of the answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "purpose", rename_all = "snake_case")]
pub enum Purpose {
    /// Judge the matter: the answer holds a verdict block.
    Judge,
    /// Make a candidate: a text, no verdict asked.
    Make,
    /// Judge other workers' candidates, names hidden: a verdict for each.
    Check {
        /// The attempts whose outputs are judged, in the order in which they are shown (A, B, …).
        candidates: Vec<u32>,
    },
    /// Write a plan: the answer holds its steps.
    Plan {
        /// What was wrong with the plan it gave before.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        error: Option<String>,
    },
    /// Say whether the plan is on track: the answer holds a checkpoint.
    Review {
        /// The steps looked at, which have ended.
        steps: Vec<StepId>,
    },
    /// Write the steps that take a failed one's place: the answer holds them as a plan.
    Recover {
        /// The failed step.
        step: StepId,
        /// What was wrong with the plan it gave before.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        error: Option<String>,
    },
    /// Make one whole of the outputs shown: a text, no verdict asked.
    Synthesize,
    /// Judge once more with the others' answers in view, names hidden. What it says takes the place of its own answer.
    Reconsider {
        /// What it was asked before: [`Purpose::Judge`], or [`Purpose::Check`] of the one candidate that is contested.
        first: Box<Purpose>,
        /// Its own answer so far.
        own: u32,
        /// All answers so far, its own among them, in the order in which they are shown.
        answers: Vec<u32>,
    },
    /// Show or refute a claim: the answer says which, and how.
    Prove {
        /// The claim.
        claim: Claim,
        /// The candidate that it is about; `None`: the matter itself.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        candidate: Option<u32>,
    },
}

impl Purpose {
    /// The candidates that are judged, in the order in which they are shown; empty where none are.
    pub fn candidates(&self) -> &[u32] {
        match self {
            Self::Check { candidates } => candidates,
            Self::Reconsider { first, .. } => first.candidates(),
            Self::Prove { candidate, .. } => candidate.as_slice(),
            Self::Judge
            | Self::Make
            | Self::Plan { .. }
            | Self::Review { .. }
            | Self::Recover { .. }
            | Self::Synthesize => &[],
        }
    }
}

/// How far up the recovery ladder a call stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Rung {
    /// The first call for its place.
    #[default]
    First,
    /// The same worker once more.
    Retry,
    /// Another worker, no stronger than the one asked first.
    NextWorker,
    /// A worker of a stronger tier than the one asked first.
    StrongerTier,
    /// A planner reads the error and lays out other steps.
    RecoveryPlan,
    /// A person decides on what there is.
    Person,
}

impl Rung {
    /// Its words, for logs and pages.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::Retry => "retry",
            Self::NextWorker => "next worker",
            Self::StrongerTier => "stronger tier",
            Self::RecoveryPlan => "recovery plan",
            Self::Person => "person",
        }
    }
}

/// Everything a job needs to make one call. Self-contained but for the texts, which it loads by hash.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ask {
    /// Which attempt this is.
    pub key: AttemptKey,
    /// The step it belongs to.
    pub step: StepId,
    /// Who is asked.
    pub worker: WorkerName,
    /// In which role.
    pub role: Role,
    /// What for.
    pub purpose: Purpose,
    /// What the step says is to be done; `None` when the task's text says it all.
    pub instruction: Option<String>,
    /// The steps that are asked for in this call, this attempt's first; empty where it is its own step alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<Part>,
    /// The task's text.
    pub task_text: Text,
    /// The task's title.
    pub title: String,
    /// Globs of context files.
    pub context: Vec<String>,
    /// The specification file.
    pub spec: Option<String>,
    /// Memories to give.
    pub memories: Vec<String>,
    /// The outputs it sees: (attempt number, step, text), in order.
    pub inputs: Vec<SeenOutput>,
    /// How the plan stands, where the answer may change it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub situation: Option<String>,
    /// When the call must have ended.
    pub deadline: Timestamp,
    /// The conversation that the call goes on with; `None`: it begins one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resume: Option<Resume>,
    /// Whether a later step may go on from here by its messages, so that the prompt is kept with the answer.
    #[serde(default)]
    pub keep_prompt: bool,
    /// The task has a budget of its own, so the call's worst case is reserved before it is made.
    #[serde(default)]
    pub budgeted: bool,
    /// Whether an identical call's answer may stand for it.
    #[serde(default)]
    pub cache: bool,
    /// Which files the worker may touch.
    #[serde(default, skip_serializing_if = "WorkspaceAccess::is_read")]
    pub workspace: WorkspaceAccess,
    /// Whether the task is done in trees of their own. Then nobody is let into the user's files, not even who only looks: a
    /// program that changes files whatever it is asked for changes its own.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub apart: bool,
    /// The patches of the steps it builds on, put on its tree before it begins: (attempt number, patch), in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub onto: Vec<(u32, Patch)>,
}

/// A conversation of this worker on this task that a call goes on with, instead of being given everything once more.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Resume {
    /// The attempt that spoke last in it.
    pub attempt: u32,
    /// Its role: what that role is told was said already.
    pub role: Role,
    /// The worker's own name for the session, for workers that keep it themselves.
    pub session: Option<String>,
    /// What was said so far, for workers that are told it again; empty for the others.
    pub turns: Vec<Turn>,
    /// The attempts whose outputs stand in it: the worker's own, and those it was shown.
    pub known: Vec<u32>,
}

/// One exchange of a conversation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Turn {
    /// What was asked.
    pub prompt: Text,
    /// What was answered.
    pub answer: Text,
}

/// How an attempt stands in the conversations of its task. Decided when it starts, so that replaying needs no settings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Thread {
    /// The attempt whose conversation it goes on with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resumes: Option<u32>,
    /// Whether its prompt is kept, so that a later step can go on from it.
    #[serde(default)]
    pub keeps: bool,
}

impl Thread {
    /// Whether it neither goes on with anything nor is gone on with.
    pub fn is_plain(&self) -> bool {
        *self == Self::default()
    }
}

/// An earlier output that an attempt is shown.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SeenOutput {
    /// The attempt that made it.
    pub number: u32,
    /// Its step.
    pub step: StepId,
    /// The text.
    pub text: Text,
    /// What it changed, as a diff.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub patch: Option<Text>,
}

/// Tokens and money of one call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Usage {
    /// Tokens sent, cached ones included.
    pub input_tokens: u64,
    /// Tokens received, reasoning included.
    pub output_tokens: u64,
    /// Tokens of the input that the provider read from its cache.
    #[serde(default)]
    pub cached_tokens: u64,
    /// Cost in USD; `None` when neither the provider nor the price table knows.
    pub cost_usd: Option<f64>,
}

impl Usage {
    /// Nothing was used, and it is known to have cost nothing.
    pub const FREE: Self = Self { input_tokens: 0, output_tokens: 0, cached_tokens: 0, cost_usd: Some(0.0) };
}

/// What a finished call gave.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// What the model said, whole.
    pub text: Text,
    /// The verdicts read out of it; empty when none was asked for.
    #[serde(default)]
    pub verdicts: Vec<Verdict>,
    /// The model that says it answered.
    pub model: String,
    /// The session to resume, where the worker has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
    /// Tokens and money.
    pub usage: Usage,
    /// Files the worker says or is seen to have changed.
    #[serde(default)]
    pub files_modified: Vec<String>,
    /// What the task names and the worker was not given: a specification, glob or memory, and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_given: Vec<String>,
    /// What the worker was asked, where a later step may go on with its conversation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prompt: Option<Text>,
    /// The attempt whose conversation it went on with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resumed: Option<u32>,
    /// It is the kept answer of an identical call: nobody was asked and nothing was paid.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cached: bool,
    /// By what an identical call finds this answer again; `None`: it is not kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call_hash: Option<String>,
    /// What it proposes for the plan, where it was asked to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proposal: Option<Proposal>,
    /// What it changed in a tree of its own; `None`: it had none, or changed nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub patch: Option<Patch>,
}

impl Answer {
    /// The patch, where there is one that changes something.
    pub fn change(&self) -> Option<&Patch> {
        self.patch.as_ref().filter(|patch| !patch.is_empty())
    }
}

/// Why a call gave nothing, and with it what may be done next.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Failure {
    /// The class, which decides about retry and rest.
    pub class: FailureClass,
    /// What happened, for a person: one line, no secrets.
    pub message: String,
    /// Seconds the call ran.
    pub after_s: f64,
    /// Money spent all the same.
    #[serde(default)]
    pub usage: Usage,
}

/// What kind of failure it was.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "class", rename_all = "snake_case")]
pub enum FailureClass {
    /// May work when tried again: connection lost, 5xx, overloaded, answer cut short, empty answer.
    Transient,
    /// Too many requests; the worker rests until the time given, or for the configured rest.
    RateLimited {
        /// How long the provider asked to wait.
        retry_after: Option<Duration>,
    },
    /// The deadline passed.
    Timeout,
    /// The worker will not work until a person does something: bad key, out of credit, program missing.
    WorkerBlocked,
    /// This request will not work with this worker: too long, refused content, unknown model.
    RequestRefused,
    /// The call was not made: it could have cost more than what is left of a budget, or nobody knows what it could cost.
    OverBudget,
    /// The call was stopped by the daemon's own end or by a crash that left nothing to harvest; it is asked again and counts as no try.
    Interrupted,
    /// The call was stopped because the task was cancelled or no longer needs it.
    Cancelled,
}

impl FailureClass {
    /// One word for tables and `failed_workers`.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Transient => "transient",
            Self::RateLimited { .. } => "rate_limited",
            Self::Timeout => "timeout",
            Self::WorkerBlocked => "worker_blocked",
            Self::RequestRefused => "request_refused",
            Self::OverBudget => "over_budget",
            Self::Interrupted => "interrupted",
            Self::Cancelled => "cancelled",
        }
    }
}

/// How an attempt stands. Each state holds what exists in it and nothing else.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum AttemptState {
    /// Waits for a slot, or for the time before which it must not start.
    Planned {
        /// Not before.
        not_before: Timestamp,
    },
    /// The worker has been asked.
    Running {
        /// Since when.
        started: Timestamp,
        /// When it must have ended.
        deadline: Timestamp,
    },
    /// It answered.
    Answered {
        /// Since when it ran.
        started: Timestamp,
        /// When it ended.
        ended: Timestamp,
        /// What it gave.
        answer: Box<Answer>,
    },
    /// It failed.
    Failed {
        /// When it ended.
        ended: Timestamp,
        /// Why.
        failure: Failure,
    },
}

/// Money set aside for a call: the most it can cost.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reserved {
    /// When; its day is the one that pays.
    pub at: Timestamp,
    /// How much, in USD.
    pub usd: f64,
}

/// An attempt within a task.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Attempt {
    /// Its number within the task, from 1.
    pub number: u32,
    /// The step it belongs to.
    pub step: StepId,
    /// Which of the step's places (0 …) it fills; a retry and a fallback fill the same place.
    pub seat: u32,
    /// Who is asked.
    pub worker: WorkerName,
    /// In which role.
    pub role: Role,
    /// What for.
    pub purpose: Purpose,
    /// How many tries of this worker for this seat came before (0: the first).
    pub tries_before: u32,
    /// Which conversation it belongs to, since it started.
    #[serde(default, skip_serializing_if = "Thread::is_plain")]
    pub thread: Thread,
    /// What was set aside for it, where a budget asked for that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reserved: Option<Reserved>,
    /// The attempt in whose call it is asked together with others, which may be itself; `None`: it is asked alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch: Option<u32>,
    /// Since it started, when a person is asked; `None`: none is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked: Option<Waiting>,
    /// How far up the recovery ladder it stands.
    #[serde(default)]
    pub rung: Rung,
    /// How the step's `validate` command ended on what it made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validation: Option<Validation>,
    /// How it stands.
    pub state: AttemptState,
}

impl Attempt {
    /// Whether it has no call of its own: it is asked in that of another attempt.
    pub fn goes_along(&self) -> bool {
        self.batch.is_some_and(|first| first != self.number)
    }
}
