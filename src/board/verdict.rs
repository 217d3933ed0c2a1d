//! A worker's structured judgement, as data. Reading one out of a model's words is `verdict_reader`; weighing it is `consensus`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a worker says about the matter or about one candidate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Stance {
    /// Good as it is.
    Approve,
    /// Good once the claims are dealt with.
    ApproveWithChanges,
    /// Not good.
    Reject,
    /// No judgement: said so, or could not be read. Never a vote.
    Abstain,
}

impl Stance {
    /// The word in JSON and in tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::ApproveWithChanges => "approve_with_changes",
            Self::Reject => "reject",
            Self::Abstain => "abstain",
        }
    }
}

/// How bad a claimed fault is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Worth knowing.
    Low,
    /// Should be mended.
    Medium,
    /// Must be mended.
    High,
    /// Must be mended before anything else.
    Critical,
}

impl Severity {
    /// The word in JSON and in tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

/// One fault that a worker claims to have found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Claim {
    /// How bad.
    pub severity: Severity,
    /// File and line (`src/auth.rs:63`), or empty when the worker named none.
    #[serde(rename = "where", default)]
    pub place: String,
    /// What is wrong.
    pub what: String,
    /// How to mend it, or empty.
    #[serde(default)]
    pub fix: String,
}

/// Where a verdict came from in the worker's answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Reading {
    /// A JSON value that fitted as it stood.
    Strict,
    /// Mended by a JSON repairer first; never counts as approval.
    Repaired,
    /// Nothing readable: the verdict is an abstention.
    Unreadable,
}

impl Reading {
    /// What a stance that was read so counts as in a vote: what it says, but a repaired approval is an abstention,
    /// because the repair may have lost the words that withheld it. A repaired rejection still rejects.
    pub fn counted(self, stance: Stance) -> Stance {
        match (self, stance) {
            (Self::Strict, stance) => stance,
            (Self::Repaired, Stance::Reject) => Stance::Reject,
            (Self::Repaired | Self::Unreadable, _) => Stance::Abstain,
        }
    }
}

/// One judgement: of the matter itself, or of one candidate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// The attempt number of the candidate judged; `None` when the matter itself is judged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub candidate: Option<u32>,
    /// The judgement.
    pub stance: Stance,
    /// The faults claimed.
    #[serde(default)]
    pub claims: Vec<Claim>,
    /// The confidence that the worker states for itself, 0 to 1. Recorded; it does not vote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stated_confidence: Option<f64>,
    /// What would change its mind, or empty.
    #[serde(default)]
    pub would_change_my_mind: String,
    /// How it was read.
    pub reading: Reading,
}

impl Verdict {
    /// What the verdict counts as in a vote.
    pub fn counted(&self) -> Stance {
        self.reading.counted(self.stance)
    }

    /// The verdict of an answer in which none could be read.
    pub fn unreadable(candidate: Option<u32>) -> Self {
        Self {
            candidate,
            stance: Stance::Abstain,
            claims: Vec::new(),
            stated_confidence: None,
            would_change_my_mind: String::new(),
            reading: Reading::Unreadable,
        }
    }
}
