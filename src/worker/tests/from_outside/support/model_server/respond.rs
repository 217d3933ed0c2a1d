//! Turns a reply into the bytes of its wire, ill-behaved ones included, and notes how the call ended.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures::stream;
use serde_json::Value;
use tokio::sync::OwnedSemaphorePermit;

use super::record::{Outcome, Seen};
use super::routes::{Shared, document_response};
use super::script::{Reply, ToolCall, Usage};
use super::wire::{Answer, Stop};

/// A call that is being answered. Dropped before its end was noted, the client has gone away.
pub(super) struct Open {
    shared: Arc<Shared>,
    number: usize,
    _permit: OwnedSemaphorePermit,
}

impl Open {
    pub(super) fn new(shared: Arc<Shared>, number: usize, permit: OwnedSemaphorePermit) -> Self {
        Self { shared, number, _permit: permit }
    }

    fn ended(&self, outcome: Outcome) {
        self.shared.end(self.number, outcome);
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        // The first noted end stands, so this only speaks for calls that had none.
        self.ended(Outcome::ClientGone);
    }
}

const JSON: &str = "application/json";

/// What follows the bytes of a body.
#[derive(Clone, Copy)]
enum Ending {
    /// The proper end; the outcome is noted once the last byte was asked for.
    Complete(Outcome),
    /// The connection is cut.
    Cut,
    /// Silence until the client leaves.
    Silence,
}

/// The response to a call. `plain_array` is for Gemini's stream without `alt=sse`, which is a JSON array.
pub(super) async fn respond(open: Open, call: &Seen, plain_array: bool, reply: Reply) -> Response {
    let mut reply = reply;
    loop {
        reply = match reply {
            Reply::Delay(time, then) => {
                tokio::time::sleep(time).await;
                *then
            }
            Reply::Held(gate, then) => {
                gate.passed().await;
                *then
            }
            other => break at_once(open, call, plain_array, other).await,
        };
    }
}

async fn at_once(open: Open, call: &Seen, plain_array: bool, reply: Reply) -> Response {
    let answered = Ending::Complete(Outcome::Answered);
    match reply {
        Reply::Status { code, retry_after, body } => status(open, call, code, retry_after, body),
        Reply::HangForever => {
            // The call stays open until the client, or the server as a whole, goes away.
            let _open = open;
            std::future::pending().await
        }
        Reply::EmptyBody => pieces(open, JSON, Vec::new(), Ending::Complete(Outcome::Failed)),
        Reply::Html => html(open),
        Reply::Text(text) => send(open, call, plain_array, &plain(call, &text, Stop::End), answered),
        Reply::Priced { text, usage } => {
            let answer = model_answer(call, &text, &[], Stop::End, Some(usage));
            send(open, call, plain_array, &answer, answered)
        }
        Reply::Tools(tools) => {
            let answer = model_answer(call, "", &tools, Stop::Tools, None);
            send(open, call, plain_array, &answer, answered)
        }
        Reply::EmptyText => send(open, call, plain_array, &plain(call, "", Stop::End), answered),
        Reply::RefusalStop(text) => send(open, call, plain_array, &plain(call, &text, Stop::Refusal), answered),
        Reply::LengthStop(text) => send(open, call, plain_array, &plain(call, &text, Stop::Length), answered),
        Reply::HangMidStream(text) => send(open, call, plain_array, &plain(call, &text, Stop::End), Ending::Silence),
        Reply::TruncateMidStream(text) => send(open, call, plain_array, &plain(call, &text, Stop::End), Ending::Cut),
        Reply::SseError(text) => error_inside(open, call, &plain(call, &text, Stop::End)),
        Reply::Delay(..) | Reply::Held(..) => {
            unreachable!("waiting replies are taken apart before")
        }
    }
}

/// An answer of text alone, with the estimated usage.
fn plain<'a>(call: &'a Seen, text: &'a str, stop: Stop) -> Answer<'a> {
    model_answer(call, text, &[], stop, None)
}

fn model_answer<'a>(
    call: &'a Seen,
    text: &'a str,
    tools: &'a [ToolCall],
    stop: Stop,
    usage: Option<Usage>,
) -> Answer<'a> {
    // Four bytes a token is near enough for tests; the exact counts matter only where a test sets them.
    let tokens = |bytes: usize| u64::try_from(bytes.div_ceil(4)).unwrap_or(u64::MAX);
    let estimate =
        Usage { input: tokens(call.conversation.len()), output: tokens(text.len()), cached: 0, cost_usd: 0.0 };
    let id = format!("test{:06}", call.number);
    Answer { id, model: &call.model, text, tools, stop, usage: usage.unwrap_or(estimate) }
}

/// The answer as a stream or as one document, whichever was asked for, followed by the ending. An ending before the
/// end sends the first half.
fn send(open: Open, call: &Seen, plain_array: bool, answer: &Answer<'_>, ending: Ending) -> Response {
    let framed = call.stream && !plain_array;
    let mut parts = if framed { call.wire.frames(answer) } else { halves(call, plain_array, answer) };
    if !matches!(ending, Ending::Complete(_)) {
        parts.truncate(parts.len().div_ceil(2));
    }
    pieces(open, if framed { call.wire.stream_type() } else { JSON }, parts, ending)
}

/// The answer as one document, in two pieces so that it can be cut between them.
fn halves(call: &Seen, plain_array: bool, answer: &Answer<'_>) -> Vec<String> {
    let document = call.wire.whole(answer);
    let text = if plain_array && call.stream { format!("[{document}]") } else { document.to_string() };
    let middle = text.floor_char_boundary(text.len() / 2);
    let (half, rest) = text.split_at(middle);
    vec![half.to_owned(), rest.to_owned()]
}

/// Half of the frames, then the wire's error frame; a call without a stream gets the error as its document.
fn error_inside(open: Open, call: &Seen, answer: &Answer<'_>) -> Response {
    let failed = Ending::Complete(Outcome::Failed);
    if !call.stream {
        return pieces(open, JSON, vec![call.wire.error_body(503).to_string()], failed);
    }
    let mut frames = call.wire.frames(answer);
    frames.truncate(frames.len() / 2);
    frames.push(call.wire.error_frame());
    pieces(open, call.wire.stream_type(), frames, failed)
}

fn status(open: Open, call: &Seen, code: u16, retry_after: Option<String>, body: Option<Value>) -> Response {
    let body = body.unwrap_or_else(|| call.wire.error_body(code));
    let status = StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = document_response(status, &body);
    if let Some(Ok(value)) = retry_after.map(|value| HeaderValue::from_str(&value)) {
        response.headers_mut().insert(header::RETRY_AFTER, value);
    }
    open.ended(Outcome::Failed);
    response
}

fn html(open: Open) -> Response {
    open.ended(Outcome::Failed);
    let page = "<html><body><h1>502 Bad Gateway</h1></body></html>";
    (StatusCode::OK, [(header::CONTENT_TYPE, "text/html")], page).into_response()
}

/// HTTP 200 with these pieces as its body, each handed over only when the connection took the one before. A complete
/// answer counts as ended with its last piece: a client that holds all of it can rely on the record saying so.
fn pieces(open: Open, kind: &'static str, parts: Vec<String>, ending: Ending) -> Response {
    let state = (open, parts.into_iter(), ending);
    let body = stream::unfold(state, |(open, mut parts, ending)| async move {
        let part = parts.next();
        if parts.len() == 0
            && let Ending::Complete(outcome) = ending
        {
            open.ended(outcome);
        }
        if let Some(part) = part {
            return Some((Ok(part), (open, parts, ending)));
        }
        match ending {
            Ending::Complete(_) => None,
            Ending::Cut => {
                open.ended(Outcome::Failed);
                // Lets the connection write what it has: an error at once would discard the half that was sent.
                tokio::time::sleep(Duration::from_millis(50)).await;
                Some((Err(io::Error::other("cut as scripted")), (open, parts, Ending::Silence)))
            }
            Ending::Silence => std::future::pending().await,
        }
    });
    ([(header::CONTENT_TYPE, kind)], Body::from_stream(body)).into_response()
}
