//! Handing a task to several models, and waiting for what they come to. The call is only a way to look on: a call that is
//! given up, by a cancel notice or by a connection that breaks, leaves the task running, unless it was asked to take the
//! task with it. Whoever looks again finds the task under its id.

mod progress;

use super::schema::{flag, number, objects, text, texts, whole};
use super::{Arguments, CALLS_OUT, Call, Entry, decision_of, overrides, wrong_arguments};
use crate::api::{Ending, Error, NewTask, Reply, Request, TaskId, TaskView};
use crate::mcp::answer;
use crate::mcp::task_extension;
use progress::Progress;
use rmcp::model::{CallToolResponse, CallToolResult};
use serde_json::json;
use std::time::Duration;

/// Longest silence while a task is worked on. Clients give a call up after a minute or more without progress.
const SILENCE_MAX: Duration = Duration::from_secs(9);

pub(super) fn entries() -> Vec<Entry> {
    let mut takes = vec![
        text("task", "What is to be done, in full: the models see nothing else but the context you name.").required(),
        text("name", "A short name to make the task's id from."),
        flag("wait", "Wait for the decision; false: return the task's id at once, for task_status.").or(true),
        flag("cancel_on_disconnect", "Stop the task too when this call is cancelled or the connection ends.").or(false),
    ];
    takes.extend(overrides::properties());
    let entry = Entry::new(
        "orchestrate",
        "Orchestrate",
        "Hand a task to several AI models at once and get one reasoned decision: answer, votes, dissent, issues, cost. For reviews, audits, design choices and second opinions. Takes from seconds to many minutes and costs money; progress is reported for each model.",
        |call, arguments| Box::pin(orchestrate(call, arguments)),
    );
    vec![entry.takes(takes).gives(gives()).hints(CALLS_OUT).asks(&["submit"])]
}

fn gives() -> Vec<super::schema::Property> {
    vec![
        text("task", "The task's id.").required(),
        text("state", "working, awaiting_person, done, failed or cancelled.").required(),
        text("title", "The task's title."),
        text("recommendation", "proceed, proceed_with_caution, review_required or conflict_resolution_needed."),
        text("answer", "The answer, whole."),
        number("overall_confidence", "Posterior of the winning verdict, 0 to 1."),
        number("threshold", "What it had to reach."),
        objects("votes", "Each worker's vote and its weight."),
        texts("dissenters", "Workers that voted against the result."),
        objects("issues", "The faults that were claimed, worst first."),
        text("reasoning", "How the number came about, in words."),
        objects("failed_workers", "Who gave nothing, and why."),
        flag("needs_human_review", "A person should look."),
        texts("review_reasons", "Why."),
        number("cost_usd", "Known cost in USD."),
        number("duration_s", "Seconds it took."),
        whole("attempts", "Calls made."),
        text("error", "Why there is no decision."),
        text("hint", "What to do next."),
    ]
}

async fn orchestrate(call: Call, mut arguments: Arguments) -> CallToolResponse {
    let (content, name) = (arguments.text("task"), arguments.word("name"));
    let (wait, take_along) = (arguments.flag("wait", true), arguments.flag("cancel_on_disconnect", false));
    let overrides = overrides::read(&mut arguments);
    if let Err(mistakes) = arguments.checked() {
        return wrong_arguments("orchestrate", &mistakes).into();
    }
    let new = NewTask { name, content, format: None, overrides, by: call.by.clone() };
    let task = match call.ask(Request::Submit(Box::new(new))).await {
        Ok(Reply::Accepted { task }) => task,
        Ok(_) => return answer::refused(&answer::unexpected()).into(),
        Err(error) => return answer::refused(&error).into(),
    };
    if wait && task_extension::is_declared(&call.context) {
        return task_extension::created(&call.board, &task).await;
    }
    if !wait {
        let hint = "Ask for it with task_status; stop it with cancel_task.";
        return answer::structured(json!({ "task": task, "state": "working", "hint": hint })).into();
    }
    let stop = call.context.ct.clone();
    tokio::select! {
        come_to = come_to(&call, &task) => come_to.into(),
        () = stop.cancelled() => {
            if take_along {
                // Nobody is left to be told when this is refused; the task's own log says what became of it.
                let _ = call.ask(Request::Cancel { task: task.clone(), by: call.by.clone() }).await;
            }
            answer::mistaken(format!("the call was cancelled; the task is {task}")).into()
        }
    }
}

/// Waits until nothing more happens unless a person acts, and tells of it meanwhile.
async fn come_to(call: &Call, task: &TaskId) -> CallToolResult {
    let view = match Progress::of(call, task) {
        Some(progress) => progress.follow().await,
        None => wait(call, task).await,
    };
    match view {
        Ok(view) => result_of(&view),
        Err(error) => {
            let hint = format!("The task {task} goes on; ask for it with task_status. {}", error.hint);
            answer::refused(&error.hint(hint))
        }
    }
}

/// The result of a call that waited.
pub(in crate::mcp) fn result_of(view: &TaskView) -> CallToolResult {
    let value = decision_of(view);
    match view.row.ending {
        Some(Ending::Failed { .. } | Ending::Cancelled { .. }) => answer::failed(value),
        Some(Ending::Done) | None => answer::structured(value),
    }
}

/// Waits in silence, for a client that asked for no progress.
async fn wait(call: &Call, task: &TaskId) -> Result<TaskView, Error> {
    let for_ms = u64::try_from(SILENCE_MAX.as_millis()).unwrap_or(u64::MAX);
    loop {
        match call.ask(Request::Wait { task: task.clone(), for_ms }).await? {
            Reply::Task(view) if view.rests() => return Ok(*view),
            Reply::Task(_) => {}
            _ => return Err(answer::unexpected()),
        }
    }
}
