//! The routes: each turns what came over the wire into one `api::Request`, asks, and writes the reply as JSON. No route
//! decides anything.

use super::extract::{Body, Params, Task, task_id};
use super::limits::Limits;
use super::problem::Problem;
use super::target::{Act, PREFIX, Routed, Shutdown};
use crate::api::{Error, ErrorKind, Handle, NewTask, Reply, Request, Seq};
use axum::extract::{DefaultBodyLimit, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use tokio_util::sync::CancellationToken;

/// How many log entries are shown when nobody says.
const LOG_ENTRIES: usize = 20;

/// What a route answers.
type Answer = Result<Json<Reply>, Problem>;

/// What every route holds.
#[derive(Clone, Debug)]
struct Asked {
    handle: Handle,
    /// Set when the face ends: requests that wait for something are answered at once.
    stop: CancellationToken,
}

/// The routes of the first version.
pub(super) fn router(handle: Handle, limits: &Limits, stop: CancellationToken) -> Router {
    let routes = Router::new()
        .route("/tasks", post(submit).get(tasks))
        .route("/tasks/{id}", get(show))
        .route("/tasks/{id}/wait", get(wait))
        .route("/tasks/{id}/cancel", post(cancel))
        .route("/tasks/{id}/retry", post(retry))
        .route("/tasks/{id}/approve", post(approve))
        .route("/tasks/{id}/reject", post(reject))
        .route("/tasks/{id}/why", get(why))
        .route("/log", get(log))
        .route("/log/verify", get(verify_log))
        .route("/route", post(route))
        .route("/workers", get(workers))
        .route("/notices", get(notices))
        .route("/status", get(status))
        .route("/shutdown", post(shutdown));
    Router::new()
        .nest(PREFIX, routes)
        .fallback(no_such_path)
        .method_not_allowed_fallback(wrong_method)
        .layer(DefaultBodyLimit::max(limits.body_bytes_max))
        .with_state(Asked { handle, stop })
}

impl Asked {
    async fn ask(&self, request: Request) -> Answer {
        Ok(Json(self.handle.ask(request).await?))
    }

    /// Asks something that may wait for long; the end of the face ends the wait.
    async fn ask_long(&self, request: Request) -> Answer {
        tokio::select! {
            reply = self.handle.ask(request) => Ok(Json(reply?)),
            () = self.stop.cancelled() => {
                Err(Error::new(ErrorKind::Stopping, "the daemon is ending").hint("start it again with: synod up").into())
            }
        }
    }
}

async fn submit(State(face): State<Asked>, Body(mut new): Body<NewTask>) -> Answer {
    new.by = who(new.by);
    face.ask(Request::Submit(Box::new(new))).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TasksQuery {
    state: Option<String>,
    limit: Option<usize>,
    before: Option<u64>,
}

async fn tasks(State(face): State<Asked>, Params(query): Params<TasksQuery>) -> Answer {
    let TasksQuery { state, limit, before } = query;
    face.ask(Request::Tasks { state, limit, before }).await
}

async fn show(State(face): State<Asked>, Task(task): Task) -> Answer {
    face.ask(Request::Show { task }).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WaitQuery {
    #[serde(default)]
    for_ms: u64,
}

async fn wait(State(face): State<Asked>, Task(task): Task, Params(query): Params<WaitQuery>) -> Answer {
    let WaitQuery { for_ms } = query;
    face.ask_long(Request::Wait { task, for_ms }).await
}

async fn cancel(State(face): State<Asked>, Task(task): Task, Body(act): Body<Act>) -> Answer {
    face.ask(Request::Cancel { task, by: who(act.by) }).await
}

async fn retry(State(face): State<Asked>, Task(task): Task, Body(act): Body<Act>) -> Answer {
    face.ask(Request::Retry { task, by: who(act.by) }).await
}

async fn approve(State(face): State<Asked>, Task(task): Task, Body(act): Body<Act>) -> Answer {
    face.ask(Request::Approve { task, by: who(act.by) }).await
}

async fn reject(State(face): State<Asked>, Task(task): Task, Body(act): Body<Act>) -> Answer {
    face.ask(Request::Reject { task, by: who(act.by), why: act.why }).await
}

async fn why(State(face): State<Asked>, Task(task): Task) -> Answer {
    face.ask(Request::Why { task }).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LogQuery {
    entries: Option<usize>,
}

async fn log(State(face): State<Asked>, Params(query): Params<LogQuery>) -> Answer {
    let LogQuery { entries } = query;
    face.ask(Request::Log { entries: entries.unwrap_or(LOG_ENTRIES) }).await
}

async fn verify_log(State(face): State<Asked>) -> Answer {
    face.ask(Request::VerifyLog).await
}

async fn route(State(face): State<Asked>, Body(routed): Body<Routed>) -> Answer {
    face.ask(Request::Route { text: routed.text, overrides: routed.overrides }).await
}

async fn workers(State(face): State<Asked>) -> Answer {
    face.ask(Request::Workers).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NoticesQuery {
    #[serde(default)]
    after: u64,
    task: Option<String>,
    #[serde(default)]
    wait_ms: u64,
}

async fn notices(State(face): State<Asked>, Params(query): Params<NoticesQuery>) -> Answer {
    let NoticesQuery { after, task, wait_ms } = query;
    let task = task.map(|id| task_id(&id)).transpose()?;
    face.ask_long(Request::Notices { after: Seq(after), task, wait_ms }).await
}

async fn status(State(face): State<Asked>) -> Answer {
    face.ask(Request::Status).await
}

async fn shutdown(State(face): State<Asked>, Body(how): Body<Shutdown>) -> Answer {
    face.ask(Request::Shutdown { hard: how.hard }).await
}

async fn no_such_path(request: axum::extract::Request) -> Problem {
    let what = format!("there is nothing at {}", request.uri().path());
    Error::new(ErrorKind::NotFound, what).hint(format!("the paths begin with {PREFIX}")).into()
}

async fn wrong_method(request: axum::extract::Request) -> Problem {
    let what = format!("{} cannot be asked with {}", request.uri().path(), request.method());
    let error = Error::new(ErrorKind::Invalid, what).hint("reading is GET, everything else is POST");
    Problem::with_status(StatusCode::METHOD_NOT_ALLOWED, error)
}

/// Who asks; a request that does not say came over HTTP.
fn who(by: String) -> String {
    if by.trim().is_empty() { "http".to_owned() } else { by }
}
