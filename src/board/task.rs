//! An open task as the state holds it. Each phase is a variant with only its own data.

use super::attempt::{Attempt, AttemptState};
use super::decision::Decision;
use super::event::{Ending, Route};
use super::growth::Growth;
use super::id::{StepId, TaskId};
use super::people::Waiting;
use super::plan::{Plan, Step};
use super::spec::{Source, TaskSpec};
use super::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A task that has been accepted and whose files are not all written yet.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Task {
    /// Its id.
    pub id: TaskId,
    /// What is asked.
    pub spec: TaskSpec,
    /// Where it came from.
    pub source: Source,
    /// What it was taken for.
    pub route: Route,
    /// How it is carried out.
    pub plan: Plan,
    /// When it was accepted.
    pub accepted: Timestamp,
    /// Every attempt so far; the key is its number.
    pub attempts: BTreeMap<u32, Attempt>,
    /// What became of its plan after it was accepted.
    #[serde(default)]
    pub growth: Growth,
    /// What a person said to its decision; `None`: nothing yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved: Option<bool>,
    /// How it stands.
    pub phase: Phase,
}

/// How a task stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "phase", rename_all = "snake_case")]
pub enum Phase {
    /// Tasks it depends on have not ended.
    Waiting {
        /// Which.
        on: Vec<TaskId>,
    },
    /// Its steps are being done.
    Working,
    /// Decided; a person must approve or reject.
    AwaitingPerson {
        /// Since when.
        since: Timestamp,
        /// How long.
        #[serde(default)]
        waiting: Waiting,
        /// The decision.
        decision: Box<Decision>,
    },
    /// Decided, and no person is waited for; it ends at once.
    Decided {
        /// The decision.
        decision: Box<Decision>,
    },
    /// Over; its last files are being written.
    Ended {
        /// When.
        at: Timestamp,
        /// How.
        ending: Ending,
        /// The decision, where there was one.
        decision: Option<Box<Decision>>,
    },
}

impl Phase {
    /// One word for lists: `waiting`, `working`, `awaiting_person`, `done`, `failed`, `cancelled`.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Waiting { .. } => "waiting",
            Self::Working | Self::Decided { .. } => "working",
            Self::AwaitingPerson { .. } => "awaiting_person",
            Self::Ended { ending, .. } => match ending {
                Ending::Done => "done",
                Ending::Failed { .. } => "failed",
                Ending::Cancelled { .. } => "cancelled",
            },
        }
    }

    /// The decision, where there is one.
    pub fn decision(&self) -> Option<&Decision> {
        match self {
            Self::AwaitingPerson { decision, .. } | Self::Decided { decision } => Some(decision),
            Self::Ended { decision, .. } => decision.as_deref(),
            Self::Waiting { .. } | Self::Working => None,
        }
    }
}

/// How a step stands; derived from the attempts, never stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepStanding {
    /// A step it needs has not ended.
    Blocked,
    /// It may start.
    Ready,
    /// It has attempts that have not ended, or seats not yet tried.
    Running,
    /// Its workers gave nothing, and others are to bring about what it should have.
    Recovering,
    /// Every seat has ended and at least one answered.
    Done,
    /// Every seat has ended and none answered, or a step it needs failed.
    Failed,
}

impl Task {
    /// A step by name.
    pub fn step(&self, id: &StepId) -> Option<&Step> {
        self.plan.steps.iter().find(|step| step.id == *id)
    }

    /// Whether any part of it is done in trees of their own.
    pub fn is_done_apart(&self) -> bool {
        !self.spec.workspace.is_read() || self.plan.steps.iter().any(|step| !step.workspace.is_read())
    }

    /// The attempts of a step, by number.
    pub fn attempts_of<'a>(&'a self, step: &'a StepId) -> impl Iterator<Item = &'a Attempt> {
        self.attempts.values().filter(move |attempt| attempt.step == *step)
    }

    /// The answered attempts, by number, with their answers.
    pub fn answered(&self) -> impl Iterator<Item = (&Attempt, &super::attempt::Answer)> {
        self.attempts.values().filter_map(|attempt| match &attempt.state {
            AttemptState::Answered { answer, .. } => Some((attempt, answer.as_ref())),
            AttemptState::Planned { .. } | AttemptState::Running { .. } | AttemptState::Failed { .. } => None,
        })
    }
}
