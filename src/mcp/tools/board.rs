//! The tools that look at the board as a whole: its log, its workers, how it is, and what a text would be taken for.

use super::schema::{number, objects, text, texts, whole};
use super::{Arguments, Call, Entry, overrides, wrong_arguments};
use crate::api::Request;
use rmcp::model::CallToolResponse;

/// How many log entries are given when nobody says.
const LOG_ENTRIES: u64 = 20;

pub(super) fn entries() -> Vec<Entry> {
    let mut routed = vec![text("task", "The text.").required()];
    routed.extend(overrides::properties());
    vec![
        Entry::new(
            "read_log",
            "Read Log",
            "The last entries of the handoff log: who handed what to whom.",
            |call, arguments| Box::pin(read_log(call, arguments)),
        )
        .takes(vec![whole("entries", "How many.").or(LOG_ENTRIES).at_least(1)])
        .gives(vec![texts("entries", "Oldest first, as they stand in the file.").required()])
        .asks(&["log"]),
        Entry::new("verify_log", "Verify Log", "Check that nobody altered the handoff log.", |call, _| {
            Box::pin(async move { call.relay(Request::VerifyLog).await.into() })
        })
        .gives(vec![
            whole("entries", "Whole entries.").required(),
            text("broken", "What is wrong with the first altered entry; absent: nothing."),
        ])
        .asks(&["verify_log"]),
        Entry::new(
            "route_task",
            "Route Task",
            "What a task's text would be taken for, and who would be asked, without handing it in.",
            |call, arguments| Box::pin(route(call, arguments)),
        )
        .takes(routed)
        .gives(vec![
            text("kind", "What sort of task.").required(),
            text("category", "What it is about, where that is plain."),
            text("mode", "How it would be carried out.").required(),
            text("priority", "Its priority.").required(),
            texts("workers", "Who would be asked.").required(),
            texts("why", "The reasons.").required(),
        ])
        .asks(&["route"]),
        Entry::new("list_workers", "List Workers", "The models that can be asked, and how each stands.", |call, _| {
            Box::pin(async move { call.relay(Request::Workers).await.into() })
        })
        .gives(vec![
            objects("workers", "In order of preference: name, provider, model, tier, family, standing, running.")
                .required(),
        ])
        .asks(&["workers"]),
        Entry::new(
            "board_status",
            "Board Status",
            "How the daemon is: its workspace, open tasks, running calls, and what keeps it from taking work.",
            |call, _| Box::pin(async move { call.relay(Request::Status).await.into() }),
        )
        .gives(vec![
            text("workspace", "The folder it serves.").required(),
            text("version", "Its version.").required(),
            number("open_tasks", "Tasks that have not ended.").required(),
            number("running_calls", "Calls running now.").required(),
            text("trouble", "What keeps it from taking work; absent: nothing."),
        ])
        .asks(&["status"]),
    ]
}

async fn read_log(call: Call, mut arguments: Arguments) -> CallToolResponse {
    let entries = arguments.count("entries").unwrap_or(LOG_ENTRIES);
    match arguments.checked() {
        Ok(()) => call.relay(Request::Log { entries: usize::try_from(entries).unwrap_or(usize::MAX) }).await.into(),
        Err(mistakes) => wrong_arguments("read_log", &mistakes).into(),
    }
}

async fn route(call: Call, mut arguments: Arguments) -> CallToolResponse {
    let request = Request::Route { text: arguments.text("task"), overrides: overrides::read(&mut arguments) };
    match arguments.checked() {
        Ok(()) => call.relay(request).await.into(),
        Err(mistakes) => wrong_arguments("route_task", &mistakes).into(),
    }
}
