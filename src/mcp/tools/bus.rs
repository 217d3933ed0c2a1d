//! What the memory bus can do beyond Serena's tools: search, history, restoring, leases.

use super::schema::{flag, object, objects, text, whole};
use super::{Arguments, CHANGES, Call, Entry, SETS, wrong_arguments};
use crate::api::Request;
use rmcp::model::CallToolResponse;
use std::time::Duration;

/// How long a lease holds when nobody says, in seconds.
const LEASE_S: u64 = 600;

/// How many hits are given when nobody says.
const HITS: usize = 10;

pub(super) fn entries() -> Vec<Entry> {
    vec![
        Entry::new(
            "search_memories",
            "Search Memories",
            "Find memories by the words in them, best first, with the passage around each find.",
            |call, arguments| Box::pin(search(call, arguments)),
        )
        .takes(vec![
            text("query", "Words that must all occur. \"two words\" is a phrase, auth* a beginning, -word must not occur.").required(),
            text("topic", "Only below this folder."),
            whole("limit", "At most so many.").or(HITS).at_least(1),
            whole("after", "How many to pass over: next of the page before.").at_least(0),
        ])
        .gives(vec![
            objects("hits", "Best first: name, revision, snippet with the finds between « and », score.").required(),
            whole("next", "Pass this as after to go on; absent: that was all."),
        ])
        .asks(&["memory_search"]),
        Entry::new(
            "memory_history",
            "Memory History",
            "The revisions of a memory, newest first; also of one that was deleted. Read one with read_memory and its revision.",
            |call, arguments| Box::pin(history(call, arguments)),
        )
        .takes(vec![
            text("memory_name", "Name of the memory.").required(),
            whole("before", "Only revisions before this one: next of the page before.").at_least(1),
            whole("limit", "At most so many.").at_least(1),
        ])
        .gives(vec![
            text("name", "The memory.").required(),
            objects("revisions", "revision, change, hash, bytes, by, at (milliseconds since 1970).").required(),
            whole("next", "Pass this as before to go on; absent: that was all."),
        ])
        .asks(&["memory_history"]),
        Entry::new(
            "restore_memory",
            "Restore Memory",
            "Make an earlier revision of a memory stand again, as a new revision. Also brings a deleted one back.",
            |call, arguments| Box::pin(restore(call, arguments)),
        )
        .takes(vec![
            text("memory_name", "Name of the memory.").required(),
            whole("revision", "The revision whose text shall stand again.").required().at_least(1),
        ])
        .gives(vec![
            text("name", "The memory.").required(),
            whole("revision", "The revision that stands now.").required(),
            text("hash", "SHA-256 of its text.").required(),
        ])
        .hints(CHANGES)
        .asks(&["memory_restore"]),
        Entry::new(
            "lease_memory",
            "Lease Memory",
            "Say that you work on a memory, so that others see it. Nobody is kept from writing. Ask again before it lapses to keep it.",
            |call, arguments| Box::pin(lease(call, arguments)),
        )
        .takes(vec![
            text("memory_name", "Name of the memory.").required(),
            whole("for_s", "Seconds it holds; 0 lets it go.").or(LEASE_S).at_least(0),
        ])
        .gives(vec![
            text("name", "The memory.").required(),
            flag("granted", "You hold it. Not so when somebody else does.").required(),
            object("lease", "The lease that stands: by, until (milliseconds since 1970)."),
        ])
        .hints(SETS)
        .asks(&["memory_lease"]),
    ]
}

async fn search(call: Call, mut arguments: Arguments) -> CallToolResponse {
    let request = Request::MemorySearch {
        query: arguments.text("query"),
        topic: arguments.word("topic"),
        after: arguments.count("after"),
        limit: Some(arguments.count("limit").and_then(|n| usize::try_from(n).ok()).unwrap_or(HITS)),
    };
    relayed("search_memories", call, &arguments, request).await
}

async fn history(call: Call, mut arguments: Arguments) -> CallToolResponse {
    let request = Request::MemoryHistory {
        name: arguments.text("memory_name"),
        before: arguments.count("before"),
        limit: arguments.count("limit").and_then(|n| usize::try_from(n).ok()),
    };
    relayed("memory_history", call, &arguments, request).await
}

async fn restore(call: Call, mut arguments: Arguments) -> CallToolResponse {
    let request = Request::MemoryRestore {
        name: arguments.text("memory_name"),
        revision: arguments.needed_count("revision"),
        by: call.by.clone(),
    };
    relayed("restore_memory", call, &arguments, request).await
}

async fn lease(call: Call, mut arguments: Arguments) -> CallToolResponse {
    let for_s = Duration::from_secs(arguments.count("for_s").unwrap_or(LEASE_S));
    let request = Request::MemoryLease {
        name: arguments.text("memory_name"),
        by: call.by.clone(),
        for_ms: u64::try_from(for_s.as_millis()).unwrap_or(u64::MAX),
    };
    relayed("lease_memory", call, &arguments, request).await
}

/// Asks, once the arguments are known to be right.
async fn relayed(tool: &str, call: Call, arguments: &Arguments, request: Request) -> CallToolResponse {
    match arguments.checked() {
        Ok(()) => call.relay(request).await.into(),
        Err(mistakes) => wrong_arguments(tool, &mistakes).into(),
    }
}
