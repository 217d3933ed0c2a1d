//! A plan: the graph of steps that carries a task out. Where it came from is its source; the engine treats all alike.

use super::id::{Role, StepId, WorkerName};
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
}
