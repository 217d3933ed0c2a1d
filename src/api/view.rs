//! How a task looks from outside: a row in a list, and all of it. Made from the board's task, and from nothing else.

use crate::board::{
    AttemptState, Decision, Ending, Kind, Mode, Phase, Priority, Role, Spent, StepId, Task, TaskId, Timestamp,
    WorkerName,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How a task can stand, as [`TaskRow::state`] says it and a list can be asked for.
pub const TASK_STATES: [&str; 6] = ["waiting", "working", "awaiting_person", "done", "failed", "cancelled"];

/// A task in a list; it is also what the store keeps of an ended task beside its history.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TaskRow {
    /// Its id.
    pub id: TaskId,
    /// Its title.
    pub title: String,
    /// One of [`TASK_STATES`].
    pub state: String,
    /// Its kind.
    pub kind: Kind,
    /// Its priority.
    pub priority: Priority,
    /// When it was accepted.
    pub accepted: Timestamp,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<Timestamp>,
    /// How it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ending: Option<Ending>,
    /// What was recommended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recommendation: Option<String>,
    /// What it cost so far, in USD, as far as that is known.
    pub cost_usd: f64,
    /// Answers whose cost nobody told.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub cost_unknown: u32,
}

impl TaskRow {
    /// The row of a task.
    pub fn of(task: &Task) -> Self {
        let (ended, ending) = match &task.phase {
            Phase::Ended { at, ending, .. } => (Some(*at), Some(ending.clone())),
            Phase::Waiting { .. } | Phase::Working | Phase::AwaitingPerson { .. } | Phase::Decided { .. } => {
                (None, None)
            }
        };
        let spent = Spent::of(task);
        Self {
            id: task.id.clone(),
            title: task.spec.title(),
            state: task.phase.as_str().to_owned(),
            kind: task.route.kind.clone(),
            priority: task.spec.priority,
            accepted: task.accepted,
            ended,
            ending,
            recommendation: task.phase.decision().map(|decision| decision.recommendation.as_str().to_owned()),
            cost_usd: spent.cost_usd,
            cost_unknown: spent.cost_unknown,
        }
    }
}

fn is_zero(count: &u32) -> bool {
    *count == 0
}

/// A step of a task's plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StepView {
    /// Its name.
    pub id: StepId,
    /// Its role.
    pub role: Role,
    /// What it waits for.
    pub needs: Vec<StepId>,
    /// Who is to do it.
    pub workers: Vec<WorkerName>,
}

/// An attempt of a task.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AttemptView {
    /// Its number.
    pub number: u32,
    /// Its step.
    pub step: StepId,
    /// Who.
    pub worker: WorkerName,
    /// `planned`, `running`, `answered`, `failed`.
    pub state: String,
    /// Seconds it took.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds: Option<f64>,
    /// What it cost in USD, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost_usd: Option<f64>,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Who has it, or that it waits for somebody, where an outside agent is to do it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// All of a task.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TaskView {
    /// The row.
    #[serde(flatten)]
    pub row: TaskRow,
    /// The mode it runs in.
    pub mode: Mode,
    /// Why it was taken for what it was.
    pub why_routed: Vec<String>,
    /// Tasks it waits for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub waits_for: Vec<TaskId>,
    /// Its plan.
    pub steps: Vec<StepView>,
    /// Every attempt.
    pub attempts: Vec<AttemptView>,
    /// The decision, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<Decision>,
    /// The answer, whole, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<String>,
}

impl TaskView {
    /// The view of a task; `answer` is the decision's answer, loaded.
    pub fn of(task: &Task, answer: Option<String>) -> Self {
        let steps = task.plan.steps.iter().map(|step| StepView {
            id: step.id.clone(),
            role: step.role.clone(),
            needs: step.needs.clone(),
            workers: step.seats.iter().map(|seat| seat.worker.clone()).collect(),
        });
        Self {
            row: TaskRow::of(task),
            mode: task.route.mode,
            why_routed: route_of(task),
            waits_for: match &task.phase {
                Phase::Waiting { on } => on.clone(),
                Phase::Working | Phase::AwaitingPerson { .. } | Phase::Decided { .. } | Phase::Ended { .. } => {
                    Vec::new()
                }
            },
            steps: steps.collect(),
            attempts: task.attempts.values().map(AttemptView::of).collect(),
            decision: task.phase.decision().cloned(),
            answer,
        }
    }

    /// Whether nothing more happens unless a person acts.
    pub fn rests(&self) -> bool {
        self.row.ended.is_some() || self.row.state == "awaiting_person"
    }
}

/// Why a task was taken for what it was; and where its planner gave no plan, what is done instead, so that the route does not
/// promise a planner above the steps of none.
fn route_of(task: &Task) -> Vec<String> {
    let instead = task.growth.unplanned().map(str::to_owned);
    task.route.why.iter().cloned().chain(instead).collect()
}

impl AttemptView {
    fn of(attempt: &crate::board::Attempt) -> Self {
        let (state, seconds, cost_usd, error) = match &attempt.state {
            AttemptState::Planned { .. } => ("planned", None, None, None),
            AttemptState::Running { .. } => ("running", None, None, None),
            AttemptState::Answered { started, ended, answer } => {
                ("answered", Some(ended.since(*started).as_secs_f64()), answer.usage.cost_usd, None)
            }
            AttemptState::Failed { failure, .. } => {
                ("failed", Some(failure.after_s), failure.usage.cost_usd, Some(failure.message.clone()))
            }
        };
        Self {
            number: attempt.number,
            step: attempt.step.clone(),
            worker: attempt.worker.clone(),
            state: state.to_owned(),
            seconds,
            cost_usd,
            error,
            note: None,
        }
    }
}
