//! What a worker proposes for the plan: the steps of one, or how the one at hand goes. Reading it out of an answer is
//! `plan_reader`; what becomes of it is `settle`.

use super::spec::WrittenPlan;
use serde::{Deserialize, Serialize};

/// What was read out of an answer that may change the plan. What could not be read says why, for the worker that is asked
/// again and for the log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Proposal {
    /// The steps of a plan.
    Plan(Result<WrittenPlan, String>),
    /// How the plan goes.
    Review(Result<Checkpoint, String>),
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
