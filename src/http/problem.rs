//! Errors on the wire: `application/problem+json` (RFC 9457) with the error's kind and hint as members of their own.
//! Both directions stand here, so that what the server writes is what the client reads.

use crate::api::{Error, ErrorKind, MemoryFault};
use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The media type of an error.
const PROBLEM_JSON: HeaderValue = HeaderValue::from_static("application/problem+json");

/// How soon a busy daemon may be asked again, in seconds.
const BUSY_RETRY_AFTER_S: HeaderValue = HeaderValue::from_static("1");

/// The body of an error.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(super) struct Body {
    /// The status in words.
    title: String,
    /// The status as a number.
    status: u16,
    /// What is wrong.
    detail: String,
    /// What sort of refusal it is.
    kind: ErrorKind,
    /// What to do; absent when there is nothing.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    hint: String,
    /// What exactly stands in a memory's way; absent where it is something else.
    #[serde(flatten, default, skip_serializing_if = "Option::is_none")]
    fault: Option<MemoryFault>,
}

/// Stands with a response that refuses what should not have been asked, with the reason; it is logged.
#[derive(Clone, Debug)]
pub(super) struct Refused(pub(super) String);

/// An error as a response, with a status of its own where the kind's is too coarse (413, 405).
#[derive(Debug)]
pub(super) struct Problem {
    status: StatusCode,
    error: Error,
    /// Refused for how it was asked, before the board was.
    by_form: bool,
}

impl Problem {
    /// An error with a status that says more than its kind.
    pub(super) fn with_status(status: StatusCode, error: Error) -> Self {
        Self { status, error, by_form: true }
    }
}

impl Problem {
    /// The whole response as it goes over a connection on which HTTP is not spoken yet; it closes the connection.
    pub(super) fn into_bytes(self) -> Vec<u8> {
        let (status, busy, body) = self.into_body();
        let reason = status.canonical_reason().unwrap_or("Error");
        // The body is strings and numbers, which cannot fail to be written; were it empty, the status still says it.
        let body = serde_json::to_vec(&body).unwrap_or_default();
        let (number, length) = (status.as_u16(), body.len());
        let retry = if busy { "retry-after: 1\r\n" } else { "" };
        let mut bytes = format!(
            "HTTP/1.1 {number} {reason}\r\ncontent-type: application/problem+json\r\n{retry}content-length: {length}\r\nconnection: close\r\n\r\n"
        )
        .into_bytes();
        bytes.extend(body);
        bytes
    }

    /// The status and what is wrong.
    pub(super) fn said(&self) -> (u16, &str) {
        (self.status.as_u16(), &self.error.what)
    }

    fn into_body(self) -> (StatusCode, bool, Body) {
        let Self { status, error, by_form: _ } = self;
        let title = status.canonical_reason().unwrap_or("Error").to_owned();
        let busy = error.kind == ErrorKind::Busy;
        let Error { kind, what, hint, fault } = error;
        (status, busy, Body { title, status: status.as_u16(), detail: what, kind, hint, fault })
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        Self { status: status(error.kind), error, by_form: false }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        // What is not there (any more), not in the right state, or too much at once is everyday life.
        let refused = (self.by_form || self.error.kind == ErrorKind::Invalid).then(|| Refused(self.error.what.clone()));
        let (status, busy, body) = self.into_body();
        let mut response = (status, Json(body)).into_response();
        response.headers_mut().insert(header::CONTENT_TYPE, PROBLEM_JSON);
        if busy {
            response.headers_mut().insert(header::RETRY_AFTER, BUSY_RETRY_AFTER_S);
        }
        if let Some(refused) = refused {
            response.extensions_mut().insert(refused);
        }
        response
    }
}

/// The status of a kind of error.
fn status(kind: ErrorKind) -> StatusCode {
    match kind {
        ErrorKind::Invalid => StatusCode::BAD_REQUEST,
        ErrorKind::NotFound => StatusCode::NOT_FOUND,
        ErrorKind::Conflict => StatusCode::CONFLICT,
        ErrorKind::Busy => StatusCode::TOO_MANY_REQUESTS,
        // Both pass when somebody does something about it, so a client may try again later.
        ErrorKind::NoWorker | ErrorKind::Stopping => StatusCode::SERVICE_UNAVAILABLE,
        ErrorKind::Unreachable => StatusCode::BAD_GATEWAY,
        ErrorKind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// Reads an error back from a response's body. A body that is no problem of ours becomes an internal error.
pub(super) fn read(status: StatusCode, body: &[u8]) -> Error {
    match serde_json::from_slice::<Body>(body) {
        Ok(body) => Error { kind: body.kind, what: body.detail, hint: body.hint, fault: body.fault },
        Err(_) => Error::new(ErrorKind::Internal, format!("the daemon answered {status} in a form that is not known"))
            .hint("it may be of another version; restart it with: synod down, synod up"),
    }
}
