//! What the server was sent: one [`Seen`] a call, and how each call ended.

use std::time::Instant;

use serde_json::Value;

use super::wire::Wire;

/// Calls kept before the server refuses further ones: far above what a test sends, and a bound on its memory.
const CALLS_MAX: usize = 20_000;
/// Other requests kept, as `METHOD path`.
const STRAYS_MAX: usize = 1_000;

/// One generating call as it arrived.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    /// Position in order of arrival, from 0.
    pub(crate) number: usize,
    pub(crate) wire: Wire,
    pub(crate) path: String,
    pub(crate) model: String,
    /// Whether the client asked for a stream.
    pub(crate) stream: bool,
    /// The text of the last user message.
    pub(crate) prompt: String,
    /// Every text of the conversation: instructions, earlier turns, tool results, the prompt.
    pub(crate) conversation: String,
    /// Tool results that the conversation carries: 0 until the client has run a tool.
    pub(crate) tool_results: usize,
    /// How the client showed its key.
    pub(crate) auth: Auth,
    /// Header names in lower case, in order of arrival.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Value,
    pub(crate) at: Instant,
    pub(crate) outcome: Outcome,
}

/// Where the key stood, and the key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Auth {
    Absent,
    Bearer(String),
    ApiKeyHeader(String),
    GoogleHeader(String),
    QueryKey(String),
}

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Still being answered, or held.
    Open,
    /// An answer was sent to its last byte.
    Answered,
    /// An HTTP error, an error event or a cut, as scripted: not an answer.
    Failed,
    /// The client went away before the end.
    ClientGone,
}

#[derive(Default)]
pub(super) struct Record {
    calls: Vec<Seen>,
    strays: Vec<String>,
}

impl Record {
    pub(super) fn calls(&self) -> Vec<Seen> {
        self.calls.clone()
    }

    pub(super) fn view(&self) -> &[Seen] {
        &self.calls
    }

    pub(super) fn strays(&self) -> Vec<String> {
        self.strays.clone()
    }

    /// Keeps the call and numbers it; `None` when the record is full.
    pub(super) fn add(&mut self, mut call: Seen) -> Option<Seen> {
        if self.calls.len() >= CALLS_MAX {
            return None;
        }
        call.number = self.calls.len();
        self.calls.push(call.clone());
        Some(call)
    }

    pub(super) fn stray(&mut self, request: String) {
        if self.strays.len() < STRAYS_MAX {
            self.strays.push(request);
        }
    }

    /// Notes the end of a call; the first end stands.
    pub(super) fn end(&mut self, number: usize, outcome: Outcome) {
        if let Some(call) = self.calls.get_mut(number)
            && call.outcome == Outcome::Open
        {
            call.outcome = outcome;
        }
    }
}
