//! A plan: the graph of steps that carries a task out. Where it came from is its source; the engine treats all alike.

use super::id::{Role, StepId, WorkerName};
use super::spec::WorkspaceAccess;
use super::verdict::Claim;
use serde::{Deserialize, Serialize};

/// What a step asks its workers for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepAim {
    /// Judge the matter.
    Judge,
    /// Make candidates.
    Make,
    /// Judge the candidates of the steps it needs.
    Check,
    /// Write the steps that carry the task out, or those that are left of it.
    Plan,
    /// Look at the steps it needs, which have ended well or not, and say whether the plan is on track.
    Review,
    /// Write the steps that bring about what a failed step should have.
    Recover,
    /// Make one whole of the outputs it sees.
    Synthesize,
    /// Judge once more, after seeing what the others said.
    Reconsider,
    /// Show or refute a claim.
    Prove,
}

impl StepAim {
    /// The word for people and programs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Judge => "judge",
            Self::Make => "make",
            Self::Check => "check",
            Self::Plan => "plan",
            Self::Review => "review",
            Self::Recover => "recover",
            Self::Synthesize => "synthesize",
            Self::Reconsider => "reconsider",
            Self::Prove => "prove",
        }
    }

    /// Whether it steers the plan instead of working on the task.
    pub fn steers(self) -> bool {
        match self {
            Self::Plan | Self::Review | Self::Recover => true,
            Self::Judge | Self::Make | Self::Check | Self::Synthesize | Self::Reconsider | Self::Prove => false,
        }
    }

    /// Whether it belongs to the weighing of the answers: it was added because the workers contradict each other.
    pub fn deliberates(self) -> bool {
        match self {
            Self::Reconsider | Self::Prove => true,
            Self::Judge | Self::Make | Self::Check | Self::Plan | Self::Review | Self::Recover | Self::Synthesize => {
                false
            }
        }
    }

    /// Whether its workers say what they think of something that stands.
    pub fn judges(self) -> bool {
        matches!(self, Self::Judge | Self::Check | Self::Reconsider)
    }

    /// Whether it works on the task itself: it neither steers the plan nor belongs to the weighing.
    pub fn works(self) -> bool {
        !self.steers() && !self.deliberates()
    }
}

/// One piece of a plan. Its seats are filled when the plan is made, so that replaying needs no settings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// Its name, unique in the plan.
    pub id: StepId,
    /// The role it is done in.
    pub role: Role,
    /// What to do; `None` when the task's text says it all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instruction: Option<String>,
    /// The steps that must have ended before it starts, and whose outputs it sees.
    #[serde(default)]
    pub needs: Vec<StepId>,
    /// What it asks for.
    pub aim: StepAim,
    /// The places to fill: each with its first worker and those that may take its place.
    pub seats: Vec<Seat>,
    /// Whether the decision is made on what it gives; where no step is marked, the last ones count.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub answer: bool,
    /// The failed step whose place it takes: those that need that one go on with this one's output.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stands_for: Option<StepId>,
    /// Which files its workers may touch.
    #[serde(default, skip_serializing_if = "WorkspaceAccess::is_read")]
    pub workspace: WorkspaceAccess,
    /// The command that each patch of its workers is tried with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validate: Option<String>,
}

/// One place in a step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seat {
    /// The worker asked first.
    pub worker: WorkerName,
    /// Who may take its place, in order.
    #[serde(default)]
    pub fallbacks: Vec<WorkerName>,
}

/// Where a plan came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "source", rename_all = "snake_case")]
pub enum PlanSource {
    /// A mode of DESIGN section 7.
    Mode {
        /// Its word.
        mode: String,
    },
    /// Workers or a role named by the person.
    Named,
    /// Written by hand in the task file.
    Written,
    /// A team of the catalog.
    Team {
        /// Its name.
        name: String,
    },
    /// A pipeline of the catalog or of the settings.
    Pipeline {
        /// Its name.
        name: String,
    },
    /// Written by a planner.
    Planner,
    /// Written to bring about what a failed step should have.
    Recovery,
    /// A look at how the plan goes.
    Checkpoint,
    /// What is left to do when a planner gave no plan that could be used.
    Simple,
    /// A person asked for failed steps to be tried again.
    Person,
    /// The workers contradict each other, so each is asked once more with the others' answers before it.
    Round {
        /// Which round it is; the first answers were round 1.
        round: u32,
        /// The candidate that the votes are about (attempt number); `None`: the matter itself.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        candidate: Option<u32>,
    },
    /// A worker is to show or to refute what a few claim.
    Proof {
        /// The claim.
        claim: Claim,
        /// Who raised it.
        raised_by: Vec<WorkerName>,
        /// The candidate that it is about (attempt number); `None`: the matter itself.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        candidate: Option<u32>,
    },
}

impl PlanSource {
    /// One word for logs and pages.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Mode { .. } => "mode",
            Self::Named => "named",
            Self::Written => "written",
            Self::Team { .. } => "team",
            Self::Pipeline { .. } => "pipeline",
            Self::Planner => "planner",
            Self::Recovery => "recovery",
            Self::Checkpoint => "checkpoint",
            Self::Simple => "simple",
            Self::Person => "person",
            Self::Round { .. } => "round",
            Self::Proof { .. } => "proof",
        }
    }
}

/// What a step's workers see of the others' outputs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Share {
    /// The outputs of the steps it needs.
    #[default]
    Needs,
    /// The outputs of all steps that ended before it began.
    All,
}

/// Whether the workers' verdicts are the result, or candidates are made and judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shape {
    /// Reviews, audits, checks, choices.
    Judging,
    /// Implementations, documents, plans, ideas.
    Making,
}

/// The graph of steps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// Where it came from.
    pub source: PlanSource,
    /// How the decision is made.
    pub shape: Shape,
    /// The steps, each after those it needs.
    pub steps: Vec<Step>,
    /// A review after every so many ended steps; `None`: no reviews.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checkpoint_every: Option<u32>,
    /// What a step's workers see of the others' outputs.
    #[serde(default)]
    pub share: Share,
}

impl Plan {
    /// A plan without reviews, whose steps see the outputs of their needs.
    pub fn of(source: PlanSource, shape: Shape, steps: Vec<Step>) -> Self {
        Self { source, shape, steps, checkpoint_every: None, share: Share::Needs }
    }
}
