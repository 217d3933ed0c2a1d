//! Notices as they happen: server-sent events (the HTML standard, 9.2), one for each notice. The stream asks the board for
//! the next notices only when its reader has taken the ones before, so a slow reader costs no memory; one that stops
//! reading is cut off by the connection.

use super::asks::{Ask, Nothing, Notices};
use super::extract::Params;
use super::problem::Problem;
use super::routes::Asked;
use crate::api::{Error, ErrorKind, Notice, Reply, Request, Seq, TaskId};
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures::stream::{self, Stream};
use std::collections::VecDeque;
use std::convert::Infallible;
use std::time::Duration;

/// Between two comments on a stream on which nothing happens, so that both sides notice when the other is gone.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// How long one question of a stream waits; then the same is asked again.
const WAIT: Duration = Duration::from_secs(60);

/// How soon a reader is to come back when the stream ends.
const COME_BACK: Duration = Duration::from_secs(1);

/// Notices as JSON, or as a stream when the reader asks for one.
pub(super) async fn notices(
    State(asked): State<Asked>,
    headers: HeaderMap,
    Params(mut query): Params<Notices>,
) -> Result<Response, Problem> {
    if !wants_stream(&headers) {
        let answer = asked.ask_long(query.request(Nothing)?).await?;
        return Ok(answer.into_response());
    }
    if let Some(seq) = last_event(&headers)? {
        query.after = seq;
    }
    let reader = Reader { asked, after: Seq(query.after), task: query.task, waiting: VecDeque::new(), greeted: false };
    let keep_alive = KeepAlive::new().interval(KEEP_ALIVE).text("nothing new");
    Ok(Sse::new(events(reader)).keep_alive(keep_alive).into_response())
}

fn wants_stream(headers: &HeaderMap) -> bool {
    let kinds = headers.get_all(header::ACCEPT).into_iter().filter_map(|value| value.to_str().ok());
    kinds
        .flat_map(|kinds| kinds.split(','))
        .any(|kind| kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("text/event-stream")))
}

/// Where a reader that was here before left off.
fn last_event(headers: &HeaderMap) -> Result<Option<u64>, Problem> {
    let Some(id) = headers.get("last-event-id").filter(|id| !id.is_empty()) else { return Ok(None) };
    let seq = id.to_str().ok().and_then(|id| id.parse().ok());
    seq.map(Some).ok_or_else(|| {
        Error::new(ErrorKind::Invalid, "the Last-Event-ID is no place in the journal")
            .hint("send back the `id` of the last event, or leave the header out")
            .into()
    })
}

/// One reader of the stream.
struct Reader {
    asked: Asked,
    after: Seq,
    task: Option<TaskId>,
    waiting: VecDeque<Notice>,
    greeted: bool,
}

fn events(reader: Reader) -> impl Stream<Item = Result<Event, Infallible>> {
    stream::unfold(reader, |mut reader| async move {
        if !reader.greeted {
            // Something at once, so that the reader knows that it is heard before anything happens.
            reader.greeted = true;
            return Some((Ok(Event::default().retry(COME_BACK).comment("notices")), reader));
        }
        let event = reader.next().await?;
        Some((Ok(event), reader))
    })
}

impl Reader {
    /// The next event; `None` ends the stream.
    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(notice) = self.waiting.pop_front() {
                return event(&notice);
            }
            let wait_ms = u64::try_from(WAIT.as_millis()).unwrap_or(u64::MAX);
            let request = Request::Notices { after: self.after, task: self.task.clone(), wait_ms };
            let reply = tokio::select! {
                reply = self.asked.handle.ask(request) => reply,
                () = self.asked.stop.cancelled() => return None,
            };
            match reply {
                Ok(Reply::Notices { notices, upto }) => {
                    self.waiting = notices.into();
                    self.after = upto;
                }
                // The reader comes back after a moment, and is then told what is wrong.
                Ok(_) | Err(_) => return None,
            }
        }
    }
}

/// A notice as an event. Its id is its place in the journal, so that a reader can go on from there.
fn event(notice: &Notice) -> Option<Event> {
    Event::default().id(notice.seq.to_string()).json_data(notice).ok()
}
