//! Where each request goes on the wire: method, path with query, body. The other half is `routes`; a test sends every
//! request through both and compares.

use super::asks::{self, Ask, Verb};
use crate::api::{Request, TaskId, WorkerName};
use axum::http::Method;

/// The prefix of every path; its number changes when a client of today could no longer read the answers.
pub(super) const PREFIX: &str = "/api/v1";

/// A request as it is sent.
#[derive(Debug, PartialEq)]
pub(super) struct Target {
    /// The method.
    pub(super) method: Method,
    /// The path with its query.
    pub(super) path: String,
    /// The body as JSON; `None`: no body.
    pub(super) body: Option<Vec<u8>>,
}

impl Target {
    /// Where a request goes.
    ///
    /// # Errors
    /// When it cannot be written as JSON.
    pub(super) fn of(request: Request) -> Result<Self, serde_json::Error> {
        match request {
            Request::Submit(new) => Self::to(&asks::Submit(new)),
            Request::Tasks { state, limit, before } => Self::to(&asks::ListTasks { state, limit, before }),
            Request::Show { task } => Self::about(&asks::Show {}, &task),
            Request::Wait { task, for_ms } => Self::about(&asks::Wait { for_ms }, &task),
            Request::Cancel { task, by } => Self::about(&asks::Cancel { by }, &task),
            Request::Retry { task, by } => Self::about(&asks::Retry { by }, &task),
            Request::Approve { task, by } => Self::about(&asks::Approve { by }, &task),
            Request::Reject { task, by, why } => Self::about(&asks::Reject { by, why }, &task),
            Request::Apply { task, worker, allow_dirty, revert, by } => {
                Self::about(&asks::Apply { worker, allow_dirty, revert, by }, &task)
            }
            Request::Answer { task, step, by, text } => Self::about(&asks::Answer { step, by, text }, &task),
            Request::Why { task } => Self::about(&asks::Why {}, &task),
            Request::Replay { task, without, rule } => {
                let names: Vec<&str> = without.iter().map(WorkerName::as_str).collect();
                let without = (!names.is_empty()).then(|| names.join(","));
                Self::about(&asks::Replay { without, rule: Some(rule) }, &task)
            }
            Request::Log { entries } => Self::to(&asks::Log { entries: Some(entries) }),
            Request::VerifyLog => Self::to(&asks::VerifyLog {}),
            Request::Route { text, overrides } => Self::to(&asks::Route { text, overrides }),
            Request::Workers => Self::to(&asks::Workers {}),
            Request::Report { by, since } => Self::to(&asks::Report { by, since }),
            Request::ImportRecords { file, content, by } => Self::to(&asks::ImportRecords { file, content, by }),
            Request::Notices { after, task, wait_ms } => Self::to(&asks::Notices { after: after.0, task, wait_ms }),
            Request::Status => Self::to(&asks::Status {}),
            Request::Shutdown { hard } => Self::to(&asks::Shutdown { hard }),
            Request::ClaimWork { worker, by, wait_ms } => Self::to(&asks::ClaimWork { worker, by, wait_ms }),
            Request::RenewWork { claim } => Self::to(&asks::RenewWork { claim }),
            Request::SubmitWork { claim, text, failed, model, input_tokens, output_tokens, cost_usd } => {
                Self::to(&asks::SubmitWork { claim, text, failed, model, input_tokens, output_tokens, cost_usd })
            }
            Request::MemoryList { topic, after, limit } => Self::to(&asks::ListMemories { topic, after, limit }),
            Request::MemoryRead { name, revision } => Self::to(&asks::ReadMemory { name, revision }),
            Request::MemoryWrite { name, text, if_revision, by } => {
                Self::to(&asks::WriteMemory { name, text, if_revision, by })
            }
            Request::MemoryEdit { name, needle, replacement, mode, all, if_revision, by } => {
                Self::to(&asks::EditMemory { name, needle, replacement, mode, all, if_revision, by })
            }
            Request::MemoryDelete { name, if_revision, by } => Self::to(&asks::DeleteMemory { name, if_revision, by }),
            Request::MemoryRename { from, to, by } => Self::to(&asks::RenameMemory { from, to, by }),
            Request::MemoryHistory { name, before, limit } => Self::to(&asks::MemoryHistory { name, before, limit }),
            Request::MemoryRestore { name, revision, by } => Self::to(&asks::RestoreMemory { name, revision, by }),
            Request::MemorySearch { query, topic, after, limit } => {
                Self::to(&asks::SearchMemories { query, topic, after, limit })
            }
            Request::MemoryLease { name, by, for_ms } => Self::to(&asks::LeaseMemory { name, by, for_ms }),
        }
    }

    fn to<A: Ask>(ask: &A) -> Result<Self, serde_json::Error> {
        Self::at(ask, None)
    }

    fn about<A: Ask>(ask: &A, task: &TaskId) -> Result<Self, serde_json::Error> {
        Self::at(ask, Some(task))
    }

    fn at<A: Ask>(ask: &A, task: Option<&TaskId>) -> Result<Self, serde_json::Error> {
        let path = format!("{PREFIX}{}", asks::path_of(A::PATH, task));
        Ok(match A::VERB {
            Verb::Get => Self { method: Method::GET, path: path + &query(&serde_json::to_value(ask)?), body: None },
            Verb::Post => Self { method: Method::POST, path, body: Some(serde_json::to_vec(ask)?) },
        })
    }
}

/// The members of an object as a query, with its question mark; what is null is left out.
fn query(members: &serde_json::Value) -> String {
    let mut out = String::new();
    for (name, value) in members.as_object().into_iter().flatten().filter(|(_, value)| !value.is_null()) {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        out.push(if out.is_empty() { '?' } else { '&' });
        out.push_str(&format!("{name}={}", encode(&value)));
    }
    out
}

/// Percent-encodes every byte that is not unreserved (RFC 3986, 2.3); ids may hold letters of any script.
pub(super) fn encode(text: &str) -> String {
    text.bytes().fold(String::with_capacity(text.len()), |mut out, byte| {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
        out
    })
}
