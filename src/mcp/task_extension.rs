//! The Tasks extension of the protocol, for clients that declare it: a call of `orchestrate` becomes a task of the protocol
//! whose id is the task's id on the board. The board keeps it, so it is there after a restart of the daemon, and for as long
//! as the board has it.

use super::answer;
use super::tools::{result_of, task_id};
use crate::api::{Ending, Error, ErrorKind, Handle, Reply, Request, TaskId, TaskView};
use rmcp::ErrorData;
use rmcp::model::{CallToolResponse, CreateTaskResult, DetailedTask, GetTaskResult, Task, TaskPayload, TaskStatus};
use rmcp::service::{RequestContext, RoleServer};
use serde_json::{Value, json};

/// How often a client should look, in milliseconds.
const POLL_MS: u64 = 2000;

/// Whether the client can be handed a task instead of a result.
pub(super) fn is_declared(context: &RequestContext<RoleServer>) -> bool {
    !super::is_legacy(context) && context.client_capabilities().is_some_and(|declared| declared.supports_tasks())
}

/// The handle of a task that was just accepted.
pub(super) async fn created(board: &Handle, task: &TaskId) -> CallToolResponse {
    match board.ask(Request::Show { task: task.clone() }).await {
        Ok(Reply::Task(view)) => CreateTaskResult::new(as_task(&view)).into(),
        Ok(_) => answer::refused(&answer::unexpected()).into(),
        Err(error) => answer::refused(&error).into(),
    }
}

/// How a task stands.
pub(super) async fn get(board: &Handle, id: &str) -> Result<GetTaskResult, ErrorData> {
    let view = show(board, id).await?;
    Ok(GetTaskResult::new(DetailedTask::new(as_task(&view), payload(&view)?)))
}

/// Takes answers to questions that a task asked. Ours ask none this way, so there is nothing to take; that the task is there
/// is all that can be said.
pub(super) async fn update(board: &Handle, id: &str) -> Result<(), ErrorData> {
    show(board, id).await.map(|_| ())
}

/// Asks for a task to be stopped. One that has ended already is as stopped as can be.
pub(super) async fn cancel(board: &Handle, id: &str, by: String) -> Result<(), ErrorData> {
    let task = task_id(id).ok_or_else(|| unknown(id))?;
    match board.ask(Request::Cancel { task, by }).await {
        Ok(_) => Ok(()),
        Err(error) if error.kind == ErrorKind::Conflict => Ok(()),
        Err(error) => Err(refused(&error, id)),
    }
}

async fn show(board: &Handle, id: &str) -> Result<TaskView, ErrorData> {
    let task = task_id(id).ok_or_else(|| unknown(id))?;
    match board.ask(Request::Show { task }).await {
        Ok(Reply::Task(view)) => Ok(*view),
        Ok(_) => Err(ErrorData::internal_error(answer::unexpected().what, None)),
        Err(error) => Err(refused(&error, id)),
    }
}

fn as_task(view: &TaskView) -> Task {
    let created = view.row.accepted.rfc3339();
    let updated = view.row.ended.map_or_else(|| created.clone(), |ended| ended.rfc3339());
    let answered = view.attempts.iter().filter(|attempt| attempt.state == "answered").count();
    let message = match view.row.state.as_str() {
        "awaiting_person" => "the decision waits for a person".to_owned(),
        "working" => format!("{answered} of {} answered", view.attempts.len()),
        state => state.to_owned(),
    };
    let task = Task::new(view.row.id.as_str(), TaskStatus::Working, created, updated);
    task.with_status_message(message).with_poll_interval_ms(POLL_MS)
}

fn payload(view: &TaskView) -> Result<TaskPayload, ErrorData> {
    if matches!(view.row.ending, Some(Ending::Cancelled { .. })) {
        return Ok(TaskPayload::Cancelled);
    }
    if !view.rests() {
        return Ok(TaskPayload::Working);
    }
    match serde_json::to_value(result_of(view)) {
        Ok(Value::Object(result)) => Ok(TaskPayload::Completed { result }),
        Ok(_) | Err(_) => Err(ErrorData::internal_error("the result cannot be written as JSON", None)),
    }
}

fn unknown(id: &str) -> ErrorData {
    ErrorData::invalid_params(format!("there is no task {id}"), Some(json!({ "taskId": id })))
}

fn refused(error: &Error, id: &str) -> ErrorData {
    match error.kind {
        ErrorKind::NotFound => unknown(id),
        _ => ErrorData::internal_error(answer::words(error), None),
    }
}
