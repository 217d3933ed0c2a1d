//! What routes take out of a request, each with an error that a person can act on: a task's id, a query, a JSON body.

use super::asks::Nothing;
use super::patience::Late;
use super::problem::Problem;
use crate::api::{Error, ErrorKind, TaskId};
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse;
use serde::de::DeserializeOwned;

/// The task that the path names.
pub(super) struct Task(pub(super) TaskId);

impl<S: Send + Sync> FromRequestParts<S> for Nothing {
    type Rejection = Problem;

    async fn from_request_parts(_parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        Ok(Self)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Task {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Path(id) = Path::<String>::from_request_parts(parts, state)
            .await
            .map_err(|rejection| invalid(rejection.body_text(), "write the task's id as it stands in the list"))?;
        task_id(&id).map(Self)
    }
}

/// The query's parameters.
pub(super) struct Params<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Params<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Query(params) = Query::<T>::from_request_parts(parts, state)
            .await
            .map_err(|rejection| unfit_query(&rejection.body_text()))?;
        Ok(Self(params))
    }
}

/// Why a query does not fit, without the words of the library that read it.
fn unfit_query(said: &str) -> Problem {
    let why = said.rsplit_once("query string: ").map_or(said, |(_, why)| why);
    match why.strip_prefix("missing field `").and_then(|rest| rest.strip_suffix('`')) {
        Some(name) => {
            invalid(format!("the parameter {name} is missing"), &format!("add it behind the question mark: ?{name}=…"))
        }
        None => invalid(format!("the query is not as it should be: {why}"), "mend the part behind the question mark"),
    }
}

/// A JSON body. It must say that it is JSON, because a web page may send anything else to a local port unasked.
pub(super) struct Body<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let json = is_json(request.headers());
        let bytes = Bytes::from_request(request, state).await.map_err(unread)?;
        if !json {
            let error = Error::new(ErrorKind::Invalid, "the body is not announced as JSON")
                .hint("send it with the header `Content-Type: application/json`");
            return Err(Problem::with_status(StatusCode::UNSUPPORTED_MEDIA_TYPE, error));
        }
        serde_json::from_slice(&bytes).map(Self).map_err(unfit)
    }
}

/// Reads a task's id.
pub(super) fn task_id(text: &str) -> Result<TaskId, Problem> {
    TaskId::parse(text).ok_or_else(|| {
        let error = Error::new(ErrorKind::NotFound, format!("no task is called {text:?}"))
            .hint("ids consist of letters, digits and hyphens; see the tasks with: synod tasks");
        Problem::with_status(StatusCode::NOT_FOUND, error)
    })
}

/// Why a body that was read is not what the route takes: it is no JSON, or JSON of another form (RFC 9110, 15.5.21).
fn unfit(error: serde_json::Error) -> Problem {
    let status = if error.is_data() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::BAD_REQUEST };
    let what = format!("the body is not as it should be: {error}");
    Problem::with_status(status, Error::new(ErrorKind::Invalid, what).hint("mend it and send it again"))
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"))
}

/// Why a body could not be read: too large, or the connection broke.
fn unread(rejection: BytesRejection) -> Problem {
    if is_late(&rejection) {
        let error = Error::new(ErrorKind::Invalid, "the body did not come in time").hint("send it again, whole");
        return Problem::with_status(StatusCode::REQUEST_TIMEOUT, error);
    }
    let status = rejection.into_response().status();
    let error = match status {
        StatusCode::PAYLOAD_TOO_LARGE => Error::new(ErrorKind::Invalid, "the body is too large")
            .hint("shorten it, or raise limits.http_body_bytes_max in synod.toml"),
        _ => Error::new(ErrorKind::Invalid, "the body could not be read whole").hint("send it again"),
    };
    Problem::with_status(status, error)
}

/// Whether the body was given up because it took too long.
fn is_late(error: &(dyn std::error::Error + 'static)) -> bool {
    error.is::<Late>() || error.source().is_some_and(is_late)
}

fn invalid(what: String, hint: &str) -> Problem {
    Error::new(ErrorKind::Invalid, what).hint(hint).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_that_lacks_something_is_told_what() {
        let said = |text: &str| format!("{:?}", unfit_query(text));
        let missing = said("Failed to deserialize query string: missing field `query`");
        assert!(missing.contains("the parameter query is missing") && missing.contains("?query="), "{missing}");
        let wrong = said("Failed to deserialize query string: limit: invalid digit found in string");
        assert!(wrong.contains("it should be: limit: invalid digit"), "{wrong}");
    }
}
