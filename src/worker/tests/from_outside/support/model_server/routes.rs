//! What the server does with a request: read it, keep it, choose a reply. Also the small questions clients ask
//! beside the call itself: token counts, model lists, whether anyone is there.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use super::record::{Outcome, Record, Seen};
use super::script::{Reply, Script};
use super::wire::Wire;
use super::{request, respond};

/// The largest request body taken, in bytes.
const BODY_MAX: usize = 64 * 1024 * 1024;
/// Calls open at once; further ones are answered 503.
const OPEN_MAX: usize = 512;

/// What the handle and the handlers share.
pub(super) struct Shared {
    script: Mutex<Script>,
    record: Mutex<Record>,
    changed: Condvar,
    open: Arc<Semaphore>,
}

impl Default for Shared {
    fn default() -> Self {
        Self {
            script: Mutex::default(),
            record: Mutex::default(),
            changed: Condvar::new(),
            open: Arc::new(Semaphore::new(OPEN_MAX)),
        }
    }
}

impl Shared {
    pub(super) fn script(&self) -> MutexGuard<'_, Script> {
        self.script.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn record(&self) -> MutexGuard<'_, Record> {
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes the end of a call and wakes whoever waits for it.
    pub(super) fn end(&self, number: usize, outcome: Outcome) {
        self.record().end(number, outcome);
        self.changed.notify_all();
    }

    pub(super) fn wait_until(&self, deadline: Duration, reached: impl Fn(&[Seen]) -> bool) -> bool {
        let end = Instant::now() + deadline;
        let mut record = self.record();
        while !reached(record.view()) {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            let woken = self.changed.wait_timeout(record, left);
            record = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }
}

/// One handler for every path: clients differ in the prefixes they put before a wire's own path.
pub(super) fn router(shared: Arc<Shared>) -> Router {
    Router::new().fallback(answer).with_state(shared)
}

async fn answer(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(bytes) = axum::body::to_bytes(body, BODY_MAX).await else {
        return refusal(StatusCode::PAYLOAD_TOO_LARGE, "the request body is over the test server's limit");
    };
    let wire = Wire::of_path(parts.uri.path()).filter(|_| parts.method == Method::POST);
    let Some(wire) = wire else {
        shared.record().stray(format!("{} {}", parts.method, parts.uri.path()));
        return beside(&parts, bytes.len());
    };
    let Ok(body) = serde_json::from_slice::<Value>(&bytes) else {
        return refusal(StatusCode::UNSUPPORTED_MEDIA_TYPE, "the request body is not plain JSON");
    };
    let Ok(permit) = Arc::clone(&shared.open).try_acquire_owned() else {
        return refusal(StatusCode::SERVICE_UNAVAILABLE, "too many calls are open on the test server");
    };
    let Some(call) = shared.record().add(request::read(wire, &parts, body)) else {
        return refusal(StatusCode::SERVICE_UNAVAILABLE, "the test server's record is full");
    };
    shared.changed.notify_all();
    let choice = shared.script().choose(&call);
    let reply: Reply = choice.unwrap_or_else(|otherwise| otherwise(&call));
    let plain_array = wire == Wire::Gemini && !parts.uri.query().unwrap_or_default().contains("alt=sse");
    respond::respond(respond::Open::new(shared, call.number, permit), &call, plain_array, reply).await
}

/// Requests beside the call itself.
fn beside(parts: &Parts, body_bytes: usize) -> Response {
    let path = parts.uri.path();
    if parts.headers.get(header::UPGRADE).is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"websocket")) {
        // A client that tries a socket first falls back to HTTP on 426; some take any other refusal for final.
        return refusal(StatusCode::UPGRADE_REQUIRED, "no web sockets here");
    }
    let tokens = (body_bytes / 4).max(1);
    let known = match path {
        "/" => Some(json!({})),
        _ if path.ends_with("/count_tokens") => Some(json!({ "input_tokens": tokens })),
        _ if path.ends_with(":countTokens") => Some(json!({ "totalTokens": tokens })),
        "/v1/models" | "/api/v1/models" | "/models" => Some(models()),
        "/v1beta/models" => Some(json!({ "models": [{ "name": "models/scripted" }] })),
        "/api/tags" => Some(json!({ "models": [{ "name": "scripted:latest", "model": "scripted:latest" }] })),
        "/api/version" => Some(json!({ "version": "0.0.0" })),
        _ => None,
    };
    match known {
        Some(document) => document_response(StatusCode::OK, &document),
        None => refusal(StatusCode::NOT_FOUND, "no such path on the test server"),
    }
}

/// A list that reads as OpenAI's and as Anthropic's.
fn models() -> Value {
    let model = json!({ "id": "scripted", "object": "model", "type": "model", "display_name": "Scripted",
        "created": 1_750_000_000, "created_at": "2026-01-01T00:00:00Z", "owned_by": "tests" });
    json!({ "object": "list", "data": [model], "has_more": false, "first_id": "scripted", "last_id": "scripted" })
}

fn refusal(status: StatusCode, why: &str) -> Response {
    document_response(status, &json!({ "error": { "type": "invalid_request_error", "message": why } }))
}

pub(super) fn document_response(status: StatusCode, document: &Value) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json")], Body::from(document.to_string())).into_response()
}
