//! The tools about tasks that are on the board already: how they stand, stopping, answering, why, once more.

use super::schema::{flag, object, objects, text, texts, whole};
use super::{ADDS, Arguments, CHANGES, Call, Entry, SETS, wrong_arguments};
use crate::api::{Ending, Error, Reply, Request, TaskId, TaskView, VotingRule, WorkerName};
use crate::mcp::answer;
use rmcp::model::CallToolResponse;
use serde_json::{Value, json};
use std::time::Duration;

/// Longest wait in one call of `task_status`.
const WAIT_MAX: Duration = Duration::from_secs(50);

const TASK: &str = "The task's id.";

pub(super) fn entries() -> Vec<Entry> {
    let mut entries = looking();
    entries.extend(acting());
    entries
}

fn looking() -> Vec<Entry> {
    vec![
        Entry::new(
            "task_status",
            "Task Status",
            "Everything about one task: state, plan, attempts, and the decision once there is one.",
            |call, arguments| Box::pin(status(call, arguments)),
        )
        .takes(vec![
            text("task", TASK).required(),
            whole("wait_s", "Seconds to wait for its end (at most 50) before telling how it stands.").or(0).at_least(0),
        ])
        .gives(vec![
            text("id", TASK).required(),
            text("title", "Its title.").required(),
            text("state", "waiting, working, awaiting_person, done, failed or cancelled.").required(),
            text("answer", "The answer, whole, once there is one."),
            object("decision", "The decision, once there is one."),
            objects("steps", "Its plan.").required(),
            objects("attempts", "Every call of a worker.").required(),
        ])
        .asks(&["show", "wait"]),
        Entry::new(
            "list_tasks",
            "List Tasks",
            "The tasks on the board: open ones first, then ended ones, newest first.",
            |call, arguments| Box::pin(list(call, arguments)),
        )
        .takes(vec![
            text("state", "Only those in this state.").one_of(&["waiting", "working", "awaiting_person", "done", "failed", "cancelled"]),
            whole("limit", "At most so many.").or(20).at_least(1),
            whole("before", "next of the page before.").at_least(0),
        ])
        .gives(vec![
            objects("tasks", "id, title, state, kind, priority, accepted and ended (milliseconds since 1970), recommendation, cost_usd.").required(),
            whole("next", "Pass this as before to go on; absent: that was all."),
        ])
        .asks(&["tasks"]),
        Entry::new(
            "why_task",
            "Why Task",
            "How a task's decision came about: votes, weights and the sum, so that it can be redone by hand.",
            |call, arguments| Box::pin(why(call, arguments)),
        )
        .takes(vec![text("task", TASK).required()])
        .gives(vec![text("text", "In words and numbers.").required(), object("decision", "The decision.").required()])
        .asks(&["why"]),
        Entry::new(
            "replay_task",
            "Replay Task",
            "Decide a task again from its recorded answers, without some workers or by another rule. Nobody is asked, nothing changes.",
            |call, arguments| Box::pin(replay(call, arguments)),
        )
        .takes(vec![
            text("task", TASK).required(),
            texts("without", "Workers whose answers are left out."),
            text("rule", "The rule by which votes weigh; absent: bayes, the one that decides.").one_of(&VotingRule::ALL.map(VotingRule::as_str)),
        ])
        .gives(vec![
            text("text", "In words and numbers.").required(),
            texts("changes", "What differs from the recorded decision; empty: nothing.").required(),
            object("recorded", "The decision as it was recorded; absent: not decided yet."),
            object("decision", "The decision made again.").required(),
        ])
        .asks(&["replay"]),
    ]
}

fn acting() -> Vec<Entry> {
    let done = || vec![text("task", TASK).required(), flag("done", "It was done.").required()];
    vec![
        Entry::new(
            "cancel_task",
            "Cancel Task",
            "Stop a task. Calls that run are ended; what was answered stays in its files.",
            |call, arguments| Box::pin(cancel(call, arguments)),
        )
        .takes(vec![text("task", TASK).required()])
        .gives(done())
        .hints(SETS)
        .asks(&["cancel"]),
        Entry::new(
            "answer_task",
            "Answer Task",
            "Pass on a person's answer: to a decision that waits to be approved (`approve`, and `why` for a refusal), or to a step that waits for a person (`text`). Only with the person's own words: this is the point at which a human decides.",
            |call, arguments| Box::pin(answer_task(call, arguments)),
        )
        .takes(vec![
            text("task", TASK).required(),
            flag("approve", "The decision is accepted; false: refused."),
            text("why", "Why it is refused."),
            text("text", "What the person says to a step; a judgement's first line says approve, approve with changes, reject or abstain."),
            text("step", "The step or the worker that is meant; absent: the only one that waits."),
        ])
        .gives(done())
        .hints(CHANGES)
        .asks(&["approve", "reject", "answer"]),
        Entry::new(
            "retry_task",
            "Retry Task",
            "Hand in an ended task once more, under a new id.",
            |call, arguments| Box::pin(retry(call, arguments)),
        )
        .takes(vec![text("task", TASK).required()])
        .gives(vec![text("task", "The new id.").required()])
        .hints(super::Hints { open_world: true, ..ADDS })
        .asks(&["retry"]),
    ]
}

/// An argument that names a task.
pub(super) fn task(arguments: &mut Arguments) -> Option<TaskId> {
    let id = arguments.text("task");
    let task = task_id(&id);
    if task.is_none() && !id.is_empty() {
        arguments.wrong("task", "Input should be the id of a task", "value_error", Value::String(id));
    }
    task
}

/// A task's id, however it is spelt: alone, or as the address of its resource.
pub(in crate::mcp) fn task_id(text: &str) -> Option<TaskId> {
    let text = text.trim();
    TaskId::parse(text.strip_prefix("task://").unwrap_or(text))
}

/// The task an argument names, when all arguments are right.
fn checked(tool: &str, arguments: &Arguments, task: Option<TaskId>) -> Result<TaskId, Box<CallToolResponse>> {
    let mistakes = match (arguments.checked(), task) {
        (Ok(()), Some(task)) => return Ok(task),
        (Err(mistakes), _) => mistakes,
        (Ok(()), None) => "task: Input should be the id of a task".to_owned(),
    };
    Err(Box::new(wrong_arguments(tool, &mistakes).into()))
}

async fn status(call: Call, mut arguments: Arguments) -> CallToolResponse {
    let (task, wait_s) = (task(&mut arguments), arguments.count("wait_s").unwrap_or(0));
    let task = match checked("task_status", &arguments, task) {
        Ok(task) => task,
        Err(response) => return *response,
    };
    let for_ms = u64::try_from(Duration::from_secs(wait_s).min(WAIT_MAX).as_millis()).unwrap_or(u64::MAX);
    let request = if for_ms == 0 { Request::Show { task } } else { Request::Wait { task, for_ms } };
    match call.ask(request).await {
        Ok(Reply::Task(view)) => answer::structured(view_json(&view)).into(),
        Ok(_) => answer::refused(&answer::unexpected()).into(),
        Err(error) => answer::refused(&error).into(),
    }
}

async fn list(call: Call, mut arguments: Arguments) -> CallToolResponse {
    let request = Request::Tasks {
        state: arguments.word("state"),
        limit: Some(arguments.count("limit").and_then(|n| usize::try_from(n).ok()).unwrap_or(20)),
        before: arguments.count("before"),
    };
    match arguments.checked() {
        Ok(()) => call.relay(request).await.into(),
        Err(mistakes) => wrong_arguments("list_tasks", &mistakes).into(),
    }
}

async fn why(call: Call, mut arguments: Arguments) -> CallToolResponse {
    let task = task(&mut arguments);
    match checked("why_task", &arguments, task) {
        Ok(task) => call.relay(Request::Why { task }).await.into(),
        Err(response) => *response,
    }
}

async fn replay(call: Call, mut arguments: Arguments) -> CallToolResponse {
    let task = task(&mut arguments);
    let without = arguments.list("without").into_iter().map(WorkerName::new).collect();
    let rule = arguments.optional_choice("rule", &VotingRule::ALL.map(VotingRule::as_str));
    let rule = rule.and_then(|word| VotingRule::ALL.into_iter().find(|rule| rule.as_str() == word)).unwrap_or_default();
    match checked("replay_task", &arguments, task) {
        Ok(task) => call.relay(Request::Replay { task, without, rule }).await.into(),
        Err(response) => *response,
    }
}

async fn cancel(call: Call, mut arguments: Arguments) -> CallToolResponse {
    let task = task(&mut arguments);
    match checked("cancel_task", &arguments, task) {
        Ok(task) => {
            let request = Request::Cancel { task: task.clone(), by: call.by.clone() };
            done(&task, call.ask(request).await)
        }
        Err(response) => *response,
    }
}

async fn answer_task(call: Call, mut arguments: Arguments) -> CallToolResponse {
    let task = task(&mut arguments);
    let (approve, why) = (arguments.optional_flag("approve"), arguments.word("why"));
    let (said, step) = (arguments.word("text"), arguments.word("step"));
    let task = match checked("answer_task", &arguments, task) {
        Ok(task) => task,
        Err(response) => return *response,
    };
    let by = call.by.clone();
    let request = match (approve, why, said) {
        (None, None, Some(text)) => Request::Answer { task: task.clone(), step, by, text },
        (_, _, Some(_)) | (None, _, None) => {
            let what = "give either `approve` for a decision, or `text` for a step; ask the person which is meant";
            return answer::mistaken(what.to_owned()).into();
        }
        (Some(true), _, None) => Request::Approve { task: task.clone(), by },
        (Some(false), Some(why), None) => Request::Reject { task: task.clone(), by, why },
        (Some(false), None, None) => {
            return answer::mistaken("a refusal needs its reason in `why`; ask the person for it".to_owned()).into();
        }
    };
    done(&task, call.ask(request).await)
}

async fn retry(call: Call, mut arguments: Arguments) -> CallToolResponse {
    let task = task(&mut arguments);
    match checked("retry_task", &arguments, task) {
        Ok(task) => {
            let request = Request::Retry { task, by: call.by.clone() };
            call.relay(request).await.into()
        }
        Err(response) => *response,
    }
}

fn done(task: &TaskId, answered: Result<Reply, Error>) -> CallToolResponse {
    match answered {
        Ok(_) => answer::structured(json!({ "task": task, "done": true })).into(),
        Err(error) => answer::refused(&error).into(),
    }
}

/// A task as JSON, its answer whole wherever it stands.
pub(in crate::mcp) fn view_json(view: &TaskView) -> Value {
    let mut value = serde_json::to_value(view).unwrap_or_default();
    if let (Some(decision), Some(answer)) = (value.get_mut("decision"), &view.answer) {
        decision["answer"] = json!(answer);
    }
    value
}

/// What a task came to: its decision with the whole answer, or how it ended without one. Always with `task` and `state`.
pub(in crate::mcp) fn decision_of(view: &TaskView) -> Value {
    let mut value = view.decision.as_ref().and_then(|decision| serde_json::to_value(decision).ok()).unwrap_or_default();
    if !value.is_object() {
        value = json!({ "task": view.row.id });
    }
    value["state"] = json!(view.row.state);
    value["title"] = json!(view.row.title);
    if let Some(answer) = &view.answer {
        value["answer"] = json!(answer);
    }
    match &view.row.ending {
        Some(Ending::Failed { why }) => value["error"] = json!(why),
        Some(Ending::Cancelled { by }) => value["error"] = json!(format!("cancelled by {by}")),
        Some(Ending::Done) | None => {}
    }
    if view.row.state == "awaiting_person" {
        let hint = "The decision waits for a person. Show it, and pass on the answer with answer_task.";
        value["hint"] = json!(hint);
    }
    value
}
