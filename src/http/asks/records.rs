//! What the routes about the records take: the report, and what an older system kept.

use super::{Nothing, ask, who};
use crate::api::{ReportBy, Request};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What the workers did: tasks, success, time, tokens, cost and recoveries, by worker, role, kind and day.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct Report {
    /// From this side only; all of them when nobody says.
    pub(in crate::http) by: Option<ReportBy>,
    /// Only since this day (`2026-11-20`) or over the last days (`7d`, `4w`); everything when nobody says.
    pub(in crate::http) since: Option<String>,
}

ask!(Report: "report" as Get "/report", "report", "report", waits false,
    Nothing: |Self { by, since }, Nothing| Request::Report { by, since });

/// Take over the metrics file that an older system kept (`.agent/multi_model_metrics.json`). A file is counted once.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct ImportRecords {
    /// The file's name, for the log.
    pub(in crate::http) file: String,
    /// What it holds, as text.
    #[schemars(length(min = 1))]
    pub(in crate::http) content: String,
    /// Who says so; `http` when nobody does.
    #[serde(default)]
    pub(in crate::http) by: String,
}

ask!(ImportRecords: "import_records" as Post "/report/import", "import_records", "records_imported", waits false,
    Nothing: |Self { file, content, by }, Nothing| {
    Request::ImportRecords { file, content, by: who(by) }
});
