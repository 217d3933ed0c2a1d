//! What a bridge remembers of the conversation that passes through it: how it was opened, what waits for an answer, what is
//! subscribed to. With it a new daemon can be brought to where the old one was, and nobody waits for an answer that will
//! never come.

use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Most subscriptions that are opened again.
const SUBSCRIPTIONS_MAX: usize = 1000;

/// What is read of a message; everything else passes unread.
#[derive(Deserialize)]
struct Head {
    id: Option<Value>,
    method: Option<String>,
}

/// What is read of the messages that the bridge must understand.
#[derive(Deserialize)]
struct Body {
    params: Option<Params>,
}

#[derive(Deserialize)]
struct Params {
    uri: Option<String>,
    #[serde(rename = "requestId")]
    request_id: Option<Value>,
}

/// The conversation so far.
#[derive(Debug, Default)]
pub(super) struct Book {
    /// The client's `initialize` and its id, for clients of the older era.
    opening: Option<(String, Vec<u8>)>,
    /// The daemon has answered it.
    opened: bool,
    /// The client's `notifications/initialized`.
    confirmed: Option<Vec<u8>>,
    /// Subscribed resources, each with the client's line.
    subscribed: BTreeMap<String, Vec<u8>>,
    /// Ids that wait for an answer, as JSON.
    waiting: BTreeSet<String>,
    /// Ids of repeated requests, whose answers the client has had already.
    repeated: BTreeSet<String>,
}

impl Book {
    /// Takes note of a line that goes to the daemon.
    pub(super) fn sent(&mut self, line: &[u8]) {
        let Ok(head) = serde_json::from_slice::<Head>(line) else { return };
        let Some(method) = head.method else { return };
        let id = head.id.map(|id| id.to_string());
        match (method.as_str(), &id) {
            ("initialize", Some(id)) => self.opening = Some((id.clone(), line.to_vec())),
            ("notifications/initialized", None) => self.confirmed = Some(line.to_vec()),
            ("notifications/cancelled", None) => {
                let cancelled = body(line).and_then(|params| params.request_id);
                if let Some(id) = cancelled {
                    self.waiting.remove(&id.to_string());
                }
            }
            ("resources/subscribe", Some(_)) => {
                if let Some(uri) = body(line).and_then(|params| params.uri)
                    && self.subscribed.len() < SUBSCRIPTIONS_MAX
                {
                    self.subscribed.insert(uri, line.to_vec());
                }
            }
            ("resources/unsubscribe", Some(_)) => {
                if let Some(uri) = body(line).and_then(|params| params.uri) {
                    self.subscribed.remove(&uri);
                }
            }
            _ => {}
        }
        self.waiting.extend(id);
    }

    /// Takes note of a line that comes from the daemon. Whether the client is to have it.
    pub(super) fn came(&mut self, line: &[u8]) -> bool {
        let Ok(Head { id: Some(id), method: None }) = serde_json::from_slice::<Head>(line) else { return true };
        let id = id.to_string();
        if self.repeated.remove(&id) {
            return false;
        }
        self.waiting.remove(&id);
        self.opened |= self.opening.as_ref().is_some_and(|(opening, _)| *opening == id);
        true
    }

    /// Whether the client waits for something.
    pub(super) fn is_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// The daemon is gone: what the client must be told. An opening that was not answered is not lost, it is repeated.
    pub(super) fn lost(&mut self) -> Vec<Vec<u8>> {
        let opening = self.opening.as_ref().filter(|_| !self.opened).map(|(id, _)| id.clone());
        let lost = std::mem::take(&mut self.waiting);
        let (kept, lost): (BTreeSet<_>, BTreeSet<_>) = lost.into_iter().partition(|id| Some(id) == opening.as_ref());
        self.waiting = kept;
        let why = "the daemon went away while it worked on this; look what became of it, or ask again";
        lost.iter().filter_map(|id| refusal(id, why)).collect()
    }

    /// What a new daemon must be told first, so that it knows the client.
    pub(super) fn repeat(&mut self) -> Vec<Vec<u8>> {
        self.repeated.clear();
        let Some((id, line)) = &self.opening else { return Vec::new() };
        let mut lines = vec![line.clone()];
        if !self.opened {
            return lines;
        }
        self.repeated.insert(id.clone());
        lines.extend(self.confirmed.clone());
        for line in self.subscribed.values() {
            let id = serde_json::from_slice::<Head>(line).ok().and_then(|head| head.id);
            self.repeated.extend(id.map(|id| id.to_string()));
            lines.push(line.clone());
        }
        lines
    }
}

fn body(line: &[u8]) -> Option<Params> {
    serde_json::from_slice::<Body>(line).ok()?.params
}

/// The answer to a request that cannot be passed on; `None`: the line is no request.
pub(super) fn refused(line: &[u8], why: &str) -> Option<Vec<u8>> {
    match serde_json::from_slice::<Head>(line) {
        Ok(Head { id: Some(id), method: Some(_) }) => refusal(&id.to_string(), why),
        _ => None,
    }
}

/// The answer to a message that was not read.
pub(super) fn unread(why: &str) -> Vec<u8> {
    // JSON-RPC 2.0, 5.1: an invalid request whose id could not be read is answered with the id null.
    line_of(&json!({ "jsonrpc": "2.0", "id": null, "error": { "code": -32600, "message": why } }))
}

fn refusal(id: &str, why: &str) -> Option<Vec<u8>> {
    let id: Value = serde_json::from_str(id).ok()?;
    Some(line_of(&json!({ "jsonrpc": "2.0", "id": id, "error": { "code": -32000, "message": why } })))
}

fn line_of(message: &Value) -> Vec<u8> {
    let mut line = message.to_string().into_bytes();
    line.push(b'\n');
    line
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failing test may stop where it stands")]
mod tests {
    use super::*;

    const OPENING: &[u8] = br#"{"jsonrpc":"2.0","id":0,"method":"initialize","params":{}}"#;
    const CONFIRMED: &[u8] = br#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;

    fn ids(lines: &[Vec<u8>]) -> Vec<Value> {
        lines.iter().map(|line| serde_json::from_slice::<Value>(line).unwrap()["id"].clone()).collect()
    }

    fn opened() -> Book {
        let mut book = Book::default();
        book.sent(OPENING);
        assert!(book.came(br#"{"jsonrpc":"2.0","id":0,"result":{}}"#));
        book.sent(CONFIRMED);
        book
    }

    #[test]
    fn a_new_daemon_is_told_how_the_client_opened_and_the_answers_stay_here() {
        let mut book = opened();
        book.sent(br#"{"jsonrpc":"2.0","id":"s","method":"resources/subscribe","params":{"uri":"memory://a"}}"#);
        book.sent(br#"{"jsonrpc":"2.0","id":"t","method":"resources/subscribe","params":{"uri":"memory://b"}}"#);
        book.sent(br#"{"jsonrpc":"2.0","id":"u","method":"resources/unsubscribe","params":{"uri":"memory://b"}}"#);
        for id in ["s", "t", "u"] {
            assert!(book.came(format!(r#"{{"jsonrpc":"2.0","id":"{id}","result":{{}}}}"#).as_bytes()));
        }
        assert_eq!(book.lost(), Vec::<Vec<u8>>::new());
        let lines = book.repeat();
        assert_eq!(lines.len(), 3);
        assert_eq!((lines[0].as_slice(), lines[1].as_slice()), (OPENING, CONFIRMED));
        assert!(!book.came(br#"{"jsonrpc":"2.0","id":0,"result":{}}"#));
        assert!(!book.came(br#"{"jsonrpc":"2.0","id":"s","result":{}}"#));
        assert!(book.came(br#"{"jsonrpc":"2.0","method":"notifications/resources/list_changed"}"#));
    }

    #[test]
    fn who_waits_is_told_and_who_cancelled_is_not() {
        let mut book = opened();
        book.sent(br#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"x"}}"#);
        book.sent(br#"{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"x"}}"#);
        book.sent(br#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":2}}"#);
        assert!(book.is_waiting());
        assert_eq!(ids(&book.lost()), [json!(1)]);
        assert!(!book.is_waiting());
    }

    #[test]
    fn an_opening_without_an_answer_is_asked_again_and_answered_then() {
        let mut book = Book::default();
        book.sent(OPENING);
        assert!(book.lost().is_empty());
        assert_eq!(book.repeat().len(), 1);
        assert!(book.came(br#"{"jsonrpc":"2.0","id":0,"result":{}}"#), "the client has not had it yet");
    }

    #[test]
    fn a_client_of_the_stateless_era_needs_no_opening() {
        let mut book = Book::default();
        book.sent(br#"{"jsonrpc":"2.0","id":7,"method":"tools/list","params":{"_meta":{}}}"#);
        assert_eq!(ids(&book.lost()), [json!(7)]);
        assert!(book.repeat().is_empty());
    }

    #[test]
    fn only_requests_are_refused() {
        assert!(refused(CONFIRMED, "x").is_none());
        assert!(refused(b"no JSON", "x").is_none());
        let text = refused(OPENING, "no daemon").unwrap();
        assert!(String::from_utf8(text).unwrap().contains("no daemon"));
    }
}
