//! What the routes about the daemon itself take: its log, workers, notices, standing and end.

use super::{Nothing, ask};
use crate::api::{Overrides, Request, Seq, TaskId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How many log entries are shown when nobody says.
const LOG_ENTRIES: usize = 20;

/// The last entries of the handoff log.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct Log {
    /// How many; 20 when nobody says.
    pub(in crate::http) entries: Option<usize>,
}

ask!(Log: "log" as Get "/log", "read_log", "log", waits false,
    Nothing: |Self { entries }, Nothing| {
    Request::Log { entries: entries.unwrap_or(LOG_ENTRIES) }
});

/// Check the handoff log's chain.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct VerifyLog {}

ask!(VerifyLog: "verify_log" as Get "/log/verify", "verify_log", "log_verified", waits false,
    Nothing: |Self {}, Nothing| Request::VerifyLog);

/// What a text would be taken for, and who would be asked.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct Route {
    /// The text.
    #[schemars(length(min = 1))]
    pub(in crate::http) text: String,
    /// What the person names.
    #[serde(default)]
    pub(in crate::http) overrides: Overrides,
}

ask!(Route: "route" as Post "/route", "route_text", "route", waits false,
    Nothing: |Self { text, overrides }, Nothing| {
    Request::Route { text, overrides }
});

/// The workers and how they stand.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct Workers {}

ask!(Workers: "workers" as Get "/workers", "list_workers", "workers", waits false,
    Nothing: |Self {}, Nothing| Request::Workers);

/// What happened after a point. As JSON: one reply, waiting for it if nothing has happened yet. As
/// `text/event-stream`: everything from there on, one event for each notice with its place in the journal as the id, until
/// the daemon ends.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct Notices {
    /// The last event already known.
    #[serde(default)]
    pub(in crate::http) after: u64,
    /// Only those of this task.
    pub(in crate::http) task: Option<TaskId>,
    /// Milliseconds to wait at most; a stream waits for ever.
    #[serde(default)]
    pub(in crate::http) wait_ms: u64,
}

ask!(Notices: "notices" as Get "/notices", "read_notices", "notices", waits true,
    Nothing: |Self { after, task, wait_ms }, Nothing| {
    Request::Notices { after: Seq(after), task, wait_ms }
});

/// How the daemon is.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct Status {}

ask!(Status: "status" as Get "/status", "status", "status", waits false,
    Nothing: |Self {}, Nothing| Request::Status);

/// End the daemon.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct Shutdown {
    /// At once, instead of letting running calls finish within the grace.
    #[serde(default)]
    pub(in crate::http) hard: bool,
}

ask!(Shutdown: "shutdown" as Post "/shutdown", "shut_down", "done", waits false,
    Nothing: |Self { hard }, Nothing| {
    Request::Shutdown { hard }
});
