//! The tools of the records: what the workers did, and what an older system kept of it.

use super::schema::{object, objects, text, texts, whole};
use super::{ADDS, Arguments, Call, Entry, Hints, wrong_arguments};
use crate::api::{ReportBy, Request};
use rmcp::model::CallToolResponse;

/// A file is counted once, so asking again changes nothing more.
const ADDS_ONCE: Hints = Hints { idempotent: true, ..ADDS };

pub(super) fn entries() -> Vec<Entry> {
    let columns = "name, tasks, done, calls, answered, failed, success_rate, mean_seconds, tokens, cost_usd, recovered";
    vec![
        Entry::new(
            "report",
            "Report",
            "What the workers did: tasks, success, time, tokens, cost and recoveries, by worker, role, kind and day.",
            |call, arguments| Box::pin(report(call, arguments)),
        )
        .takes(vec![
            text("by", "From this side only; absent: all of them.").one_of(&ReportBy::ALL.map(ReportBy::as_str)),
            text("since", "Only since this day (2026-11-20) or over the last days (7d, 4w); absent: everything."),
        ])
        .gives(vec![
            object("ended", "Tasks by how they ended: done, failed, cancelled.").required(),
            object("total", &format!("Everything together: {columns}.")).required(),
            objects("workers", "The same by worker.").required(),
            objects("roles", "The same by role.").required(),
            objects("kinds", "The same by kind of task.").required(),
            objects("days", "The same by day, the oldest first.").required(),
            objects("records", "How often each worker was right, by kind: outcomes, right, accuracy, low, high, brier.").required(),
            object("panel", "How often the panel and its best worker alone were right.").required(),
        ])
        .asks(&["report"]),
        Entry::new(
            "import_records",
            "Import Records",
            "Take over the metrics file that an older system kept (.agent/multi_model_metrics.json). A file counts once.",
            |call, arguments| Box::pin(import(call, arguments)),
        )
        .takes(vec![
            text("file", "Its name, for the log.").required(),
            text("content", "What it holds, whole.").required(),
        ])
        .gives(vec![
            whole("entries", "Entries that were read.").required(),
            whole("unread", "Entries that could not be read.").required(),
            texts("told", "What could not be read or had to be assumed.").required(),
        ])
        .hints(ADDS_ONCE)
        .asks(&["import_records"]),
    ]
}

async fn report(call: Call, mut arguments: Arguments) -> CallToolResponse {
    let by = arguments.optional_choice("by", &ReportBy::ALL.map(ReportBy::as_str));
    let by = by.and_then(|word| ReportBy::ALL.into_iter().find(|by| by.as_str() == word));
    let request = Request::Report { by, since: arguments.word("since") };
    match arguments.checked() {
        Ok(()) => call.relay(request).await.into(),
        Err(mistakes) => wrong_arguments("report", &mistakes).into(),
    }
}

async fn import(call: Call, mut arguments: Arguments) -> CallToolResponse {
    let (file, content) = (arguments.text("file"), arguments.text("content"));
    let request = Request::ImportRecords { file, content, by: call.by.clone() };
    match arguments.checked() {
        Ok(()) => call.relay(request).await.into(),
        Err(mistakes) => wrong_arguments("import_records", &mistakes).into(),
    }
}
