//! Where each request goes on the wire: method, path with query, body. The other half is `routes`; a test sends every
//! request through both and compares.

use crate::api::{NewTask, Overrides, Request, TaskId};
use axum::http::Method;
use serde::{Deserialize, Serialize};

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
    pub(super) body: Option<Body>,
}

/// The bodies that requests have.
#[derive(Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub(super) enum Body {
    /// A task.
    Submit(Box<NewTask>),
    /// Who acts on a task.
    Act(Act),
    /// A text to route.
    Route(Routed),
    /// How to end.
    Shutdown(Shutdown),
}

/// Who does something to a task, and why.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Act {
    /// Who; empty: `http`.
    pub(super) by: String,
    /// Why; only rejecting needs it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) why: String,
}

/// A text to route, with what the person names.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Routed {
    /// The text.
    pub(super) text: String,
    /// What the person names.
    #[serde(default)]
    pub(super) overrides: Overrides,
}

/// How to end.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Shutdown {
    /// At once.
    pub(super) hard: bool,
}

impl Target {
    /// Where a request goes.
    pub(super) fn of(request: Request) -> Self {
        match request {
            Request::Submit(new) => Self::post("/tasks", Body::Submit(new)),
            Request::Tasks { state, limit, before } => {
                let limit = limit.map(|limit| limit.to_string());
                let before = before.map(|id| id.to_string());
                Self::get("/tasks", &[("state", state), ("limit", limit), ("before", before)])
            }
            Request::Show { task } => Self::get(&of_task(&task, ""), &[]),
            Request::Wait { task, for_ms } => {
                Self::get(&of_task(&task, "/wait"), &[("for_ms", Some(for_ms.to_string()))])
            }
            Request::Cancel { task, by } => Self::act(&task, "/cancel", by, String::new()),
            Request::Retry { task, by } => Self::act(&task, "/retry", by, String::new()),
            Request::Approve { task, by } => Self::act(&task, "/approve", by, String::new()),
            Request::Reject { task, by, why } => Self::act(&task, "/reject", by, why),
            Request::Why { task } => Self::get(&of_task(&task, "/why"), &[]),
            Request::Log { entries } => Self::get("/log", &[("entries", Some(entries.to_string()))]),
            Request::VerifyLog => Self::get("/log/verify", &[]),
            Request::Route { text, overrides } => Self::post("/route", Body::Route(Routed { text, overrides })),
            Request::Workers => Self::get("/workers", &[]),
            Request::Notices { after, task, wait_ms } => {
                let task = task.map(|id| id.to_string());
                let wait = Some(wait_ms.to_string());
                Self::get("/notices", &[("after", Some(after.to_string())), ("task", task), ("wait_ms", wait)])
            }
            Request::MemoryList { .. }
            | Request::MemoryRead { .. }
            | Request::MemoryWrite { .. }
            | Request::MemoryEdit { .. }
            | Request::MemoryDelete { .. }
            | Request::MemoryRename { .. }
            | Request::MemoryHistory { .. }
            | Request::MemoryRestore { .. }
            | Request::MemorySearch { .. }
            | Request::MemoryLease { .. }
            | Request::ClaimWork { .. }
            | Request::RenewWork { .. }
            | Request::SubmitWork { .. } => Self::get("/memories", &[]),
            Request::Status => Self::get("/status", &[]),
            Request::Shutdown { hard } => Self::post("/shutdown", Body::Shutdown(Shutdown { hard })),
        }
    }

    fn get(path: &str, query: &[(&str, Option<String>)]) -> Self {
        let given = query.iter().filter_map(|(name, value)| Some((name, value.as_ref()?)));
        let query: Vec<String> = given.map(|(name, value)| format!("{name}={}", encode(value))).collect();
        let mark = if query.is_empty() { "" } else { "?" };
        Self { method: Method::GET, path: format!("{PREFIX}{path}{mark}{}", query.join("&")), body: None }
    }

    fn post(path: &str, body: Body) -> Self {
        Self { method: Method::POST, path: format!("{PREFIX}{path}"), body: Some(body) }
    }

    fn act(task: &TaskId, what: &str, by: String, why: String) -> Self {
        Self::post(&of_task(task, what), Body::Act(Act { by, why }))
    }
}

/// The path of one task, or of something about it.
fn of_task(task: &TaskId, what: &str) -> String {
    format!("/tasks/{}{what}", encode(task.as_str()))
}

/// Percent-encodes every byte that is not unreserved (RFC 3986, 2.3); ids may hold letters of any script.
fn encode(text: &str) -> String {
    text.bytes().fold(String::with_capacity(text.len()), |mut out, byte| {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
        out
    })
}
