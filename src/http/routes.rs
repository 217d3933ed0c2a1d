//! The routes: one table, of which the router and the OpenAPI document are made. Each turns what came over the wire into
//! one `api::Request`, asks, and writes the reply as JSON. No route decides anything.

use super::asks::{self, Ask, Subject, Verb};
use super::extract::{Body, Params};
use super::limits::Limits;
use super::metrics;
use super::openapi;
use super::problem::Problem;
use super::stream;
use super::target::PREFIX;
use crate::api::{Error, ErrorKind, Handle, Reply, Request};
use axum::extract::{DefaultBodyLimit, FromRequest, FromRequestParts, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get, post};
use axum::{Router, extract};
use schemars::{Schema, SchemaGenerator};
use tokio_util::sync::CancellationToken;

/// What every route holds.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    /// The way to the board.
    pub(super) handle: Handle,
    /// Set when the face ends: requests that wait for something are answered at once.
    pub(super) stop: CancellationToken,
}

/// One route.
pub(super) struct Route {
    /// The request it is the way to.
    request: &'static str,
    /// How it is asked.
    pub(super) verb: Verb,
    /// Its path below the prefix.
    pub(super) path: &'static str,
    /// Its name.
    pub(super) name: &'static str,
    /// The tag of its reply.
    pub(super) reply: &'static str,
    /// Its path names a task.
    pub(super) of_task: bool,
    /// It answers with a stream of events when asked to.
    pub(super) streams: bool,
    /// What it takes.
    pub(super) takes: fn(&mut SchemaGenerator) -> Schema,
    handler: MethodRouter<Asked>,
}

/// Every route, in the order of the document.
pub(super) fn table() -> Vec<Route> {
    vec![
        route::<asks::Submit>(),
        route::<asks::ListTasks>(),
        route::<asks::Show>(),
        route::<asks::Wait>(),
        route::<asks::Cancel>(),
        route::<asks::Retry>(),
        route::<asks::Approve>(),
        route::<asks::Answer>(),
        route::<asks::Reject>(),
        route::<asks::Apply>(),
        route::<asks::Why>(),
        route::<asks::Replay>(),
        route::<asks::ListMemories>(),
        route::<asks::ReadMemory>(),
        route::<asks::WriteMemory>(),
        route::<asks::EditMemory>(),
        route::<asks::DeleteMemory>(),
        route::<asks::RenameMemory>(),
        route::<asks::MemoryHistory>(),
        route::<asks::RestoreMemory>(),
        route::<asks::SearchMemories>(),
        route::<asks::LeaseMemory>(),
        route::<asks::ClaimWork>(),
        route::<asks::RenewWork>(),
        route::<asks::SubmitWork>(),
        route::<asks::Log>(),
        route::<asks::VerifyLog>(),
        route::<asks::Route>(),
        route::<asks::Workers>(),
        route::<asks::Report>(),
        route::<asks::ImportRecords>(),
        Route { streams: true, handler: get(stream::notices), ..route::<asks::Notices>() },
        route::<asks::Status>(),
        route::<asks::Shutdown>(),
    ]
}

/// Every request that has a route, by its name on the wire, with the route's path.
pub fn covered() -> Vec<(&'static str, &'static str)> {
    table().into_iter().map(|route| (route.request, route.path)).collect()
}

/// All routes, with the document that describes them.
pub(super) fn router(handle: Handle, limits: &Limits, stop: CancellationToken) -> Router {
    let mut routes = Router::new().route("/openapi.json", get(openapi::document));
    for route in table() {
        routes = routes.route(route.path, route.handler);
    }
    Router::new()
        .nest(PREFIX, routes)
        .route("/metrics", get(metrics::metrics))
        .fallback(no_such_path)
        .method_not_allowed_fallback(wrong_method)
        .layer(DefaultBodyLimit::max(limits.body_bytes_max))
        .with_state(Asked { handle, stop })
}

fn route<A: Ask>() -> Route
where
    A::Of: FromRequestParts<Asked, Rejection = Problem>,
{
    let handler = match A::VERB {
        Verb::Get => get(answer::<A>),
        Verb::Post => post(answer::<A>),
    };
    Route {
        request: A::REQUEST,
        verb: A::VERB,
        path: A::PATH,
        name: A::NAME,
        reply: A::REPLY,
        of_task: A::Of::IS_TASK,
        streams: false,
        takes: SchemaGenerator::root_schema_for::<A>,
        handler,
    }
}

/// Answers a route.
async fn answer<A: Ask>(State(asked): State<Asked>, of: A::Of, request: extract::Request) -> Result<Answer, Problem>
where
    A::Of: FromRequestParts<Asked, Rejection = Problem>,
{
    let ask = match A::VERB {
        Verb::Get => Params::<A>::from_request(request, &asked).await?.0,
        Verb::Post => Body::<A>::from_request(request, &asked).await?.0,
    };
    let request = ask.request(of)?;
    if A::WAITS { asked.ask_long(request).await } else { asked.ask(request).await }
}

impl Asked {
    /// Asks, however long it takes.
    pub(super) async fn ask(&self, request: Request) -> Result<Answer, Problem> {
        Ok(Answer(self.handle.ask(request).await?))
    }

    /// Asks something that may wait for long; the end of the face ends the wait.
    pub(super) async fn ask_long(&self, request: Request) -> Result<Answer, Problem> {
        tokio::select! {
            reply = self.handle.ask(request) => Ok(Answer(reply?)),
            () = self.stop.cancelled() => {
                Err(Error::new(ErrorKind::Stopping, "the daemon is ending").hint("start it again with: synod up").into())
            }
        }
    }
}

/// A reply on its way out.
pub(super) struct Answer(pub(super) Reply);

/// Room for a reply beside its long texts, in bytes.
const REPLY_BYTES: usize = 512;

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        // A memory's text is most of what is sent; with room for it from the start it is copied once.
        let text = match &self.0 {
            Reply::Memory { text, .. } | Reply::Why { text, .. } => text.len(),
            _ => 0,
        };
        let mut body = Vec::with_capacity(REPLY_BYTES + text + text / 16);
        match serde_json::to_writer(&mut body, &self.0) {
            Ok(()) => ([(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))], body).into_response(),
            Err(error) => {
                let error = Error::new(ErrorKind::Internal, format!("the reply cannot be written: {error}"));
                Problem::from(error).into_response()
            }
        }
    }
}

async fn no_such_path(request: extract::Request) -> Problem {
    let what = format!("there is nothing at {}", request.uri().path());
    let error = Error::new(ErrorKind::NotFound, what).hint(format!("the paths are listed at {PREFIX}/openapi.json"));
    Problem::with_status(StatusCode::NOT_FOUND, error)
}

async fn wrong_method(request: extract::Request) -> Problem {
    let what = format!("{} cannot be asked with {}", request.uri().path(), request.method());
    let error = Error::new(ErrorKind::Invalid, what).hint("reading is GET, everything else is POST");
    Problem::with_status(StatusCode::METHOD_NOT_ALLOWED, error)
}
