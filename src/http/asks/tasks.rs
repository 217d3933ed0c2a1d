//! What the routes about tasks take.

use super::super::extract::Task;
use super::{Nothing, ask, who};
use crate::api::{NewTask, Request, VotingRule, WorkerName};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Hand in a task.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub(in crate::http) struct Submit(pub(in crate::http) Box<NewTask>);

ask!(Submit: "submit" as Post "/tasks", "submit_task", "accepted", waits false,
    Nothing: |Self(mut new), Nothing| {
    new.by = who(new.by);
    Request::Submit(new)
});

/// List tasks, newest first.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct ListTasks {
    /// Only those in this state (`waiting`, `working`, `awaiting_person`, `done`, `failed`, `cancelled`).
    #[schemars(length(min = 1))]
    pub(in crate::http) state: Option<String>,
    /// At most so many; bounded by `limits.page_items_max`.
    pub(in crate::http) limit: Option<usize>,
    /// `next` of the page before.
    pub(in crate::http) before: Option<u64>,
}

ask!(ListTasks: "tasks" as Get "/tasks", "list_tasks", "tasks", waits false,
    Nothing: |Self { state, limit, before }, Nothing| {
    Request::Tasks { state, limit, before }
});

/// Everything about one task.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct Show {}

ask!(Show: "show" as Get "/tasks/{id}", "show_task", "task", waits false,
    Task: |Self {}, Task(task)| Request::Show { task });

/// Wait until a task has ended or waits for a person, and show it.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct Wait {
    /// Milliseconds to wait at most; then the task is shown as it stands.
    #[serde(default)]
    pub(in crate::http) for_ms: u64,
}

ask!(Wait: "wait" as Get "/tasks/{id}/wait", "wait_for_task", "task", waits true,
    Task: |Self { for_ms }, Task(task)| {
    Request::Wait { task, for_ms }
});

/// Stop a task.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct Cancel {
    /// Who says so; empty: `http`.
    #[serde(default)]
    pub(in crate::http) by: String,
}

ask!(Cancel: "cancel" as Post "/tasks/{id}/cancel", "cancel_task", "done", waits false,
    Task: |Self { by }, Task(task)| {
    Request::Cancel { task, by: who(by) }
});

/// Hand in an ended task once more, under a new name.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct Retry {
    /// Who says so; empty: `http`.
    #[serde(default)]
    pub(in crate::http) by: String,
}

ask!(Retry: "retry" as Post "/tasks/{id}/retry", "retry_task", "accepted", waits false,
    Task: |Self { by }, Task(task)| {
    Request::Retry { task, by: who(by) }
});

/// Accept a decision that waits for a person.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct Approve {
    /// Who says so; empty: `http`.
    #[serde(default)]
    pub(in crate::http) by: String,
}

ask!(Approve: "approve" as Post "/tasks/{id}/approve", "approve_decision", "done", waits false,
    Task: |Self { by }, Task(task)| {
    Request::Approve { task, by: who(by) }
});

/// Refuse a decision that waits for a person.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct Reject {
    /// Who says so; empty: `http`.
    #[serde(default)]
    pub(in crate::http) by: String,
    /// Why.
    #[serde(default)]
    pub(in crate::http) why: String,
}

ask!(Reject: "reject" as Post "/tasks/{id}/reject", "reject_decision", "done", waits false,
    Task: |Self { by, why }, Task(task)| {
    Request::Reject { task, by: who(by), why }
});

/// Put the patch of a task on the workspace's files, or take it off again.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct Apply {
    /// Whose patch; else the one that the decision chose.
    #[serde(default)]
    pub(in crate::http) worker: Option<WorkerName>,
    /// Also where files have changes that are not committed.
    #[serde(default)]
    pub(in crate::http) allow_dirty: bool,
    /// Take it off instead.
    #[serde(default)]
    pub(in crate::http) revert: bool,
    /// Who says so; empty: `http`.
    #[serde(default)]
    pub(in crate::http) by: String,
}

ask!(Apply: "apply" as Post "/tasks/{id}/apply", "apply_patch", "placed", waits false,
    Task: |Self { worker, allow_dirty, revert, by }, Task(task)| {
    Request::Apply { task, worker, allow_dirty, revert, by: who(by) }
});

/// Hand in what a person says to a step that waits for one.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct Answer {
    /// The step or the worker that is meant; absent: the only one that waits.
    #[serde(default)]
    pub(in crate::http) step: Option<String>,
    /// Who says so; empty: `http`.
    #[serde(default)]
    pub(in crate::http) by: String,
    /// What: for a judgement the first line says approve, approve with changes, reject or abstain.
    pub(in crate::http) text: String,
}

ask!(Answer: "answer" as Post "/tasks/{id}/answer", "answer_step", "done", waits false,
    Task: |Self { step, by, text }, Task(task)| {
    Request::Answer { task, step, by: who(by), text }
});

/// How a decision came about, as a sum that can be redone on paper.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct Why {}

ask!(Why: "why" as Get "/tasks/{id}/why", "explain_decision", "why", waits false,
    Task: |Self {}, Task(task)| Request::Why { task });

/// A decision made again from what was recorded, without some of the workers or by another rule. Nobody is asked.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct Replay {
    /// Workers whose answers are left out, with commas between them; nobody when nobody says.
    pub(in crate::http) without: Option<String>,
    /// The rule: `bayes` (the one that decides, and the default), `majority`, `best-single`, `tier`.
    pub(in crate::http) rule: Option<VotingRule>,
}

ask!(Replay: "replay" as Get "/tasks/{id}/replay", "replay_decision", "replayed", waits false,
    Task: |Self { without, rule }, Task(task)| {
    let names = without.iter().flat_map(|names| names.split(',')).map(str::trim).filter(|name| !name.is_empty());
    Request::Replay { task, without: names.map(WorkerName::new).collect(), rule: rule.unwrap_or_default() }
});
