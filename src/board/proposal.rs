//! What a worker says on how to go on: the steps of a plan, how the one at hand goes, what became of a claim. Reading it out of an answer is
//! `plan_reader`; what becomes of it is `settle`.

use super::decision::IssueStatus;
use super::spec::WrittenPlan;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What was read out of an answer that may change the plan or the weighing. What could not be read says why, for the worker that is asked
/// again and for the log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Proposal {
    /// The steps of a plan.
    Plan(Result<WrittenPlan, String>),
    /// How the plan goes.
    Review(Result<Checkpoint, String>),
    /// What became of a claim that was to be shown or refuted.
    Proof(Result<Proof, String>),
}

/// What became of a claim that a worker was to show or to refute.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    /// Confirmed, refuted, or still no more than claimed.
    pub status: IssueStatus,
    /// What shows it or refutes it; may be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub why: String,
    /// How it can be seen again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reproduction: Option<Reproduction>,
}

/// How a fault can be seen again, as a worker tells it. Nobody has run the command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Reproduction {
    /// A command, from the root of the workspace; may be empty.
    pub command: String,
    /// What it prints, or the lines that show the fault; may be empty.
    pub observed: String,
}

/// A reviewer's word on how the plan goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// How it goes.
    pub course: Course,
    /// What to do.
    pub advice: Advice,
    /// Why, in a sentence or two; may be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub why: String,
}

/// How a plan goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Course {
    /// As it should.
    OnTrack,
    /// Not as it should.
    NeedsAdjustment,
}

impl Course {
    /// The word in answers and logs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OnTrack => "on_track",
            Self::NeedsAdjustment => "needs_adjustment",
        }
    }
}

/// What a reviewer would do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Advice {
    /// Go on with the plan.
    Continue,
    /// Try the failed steps again.
    Retry,
    /// Plan anew what is left.
    Replan,
}

impl Advice {
    /// The word in answers and logs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Continue => "continue",
            Self::Retry => "retry",
            Self::Replan => "replan",
        }
    }
}
