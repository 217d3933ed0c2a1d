//! What the routes about memories take. Names stand in queries and bodies, never in paths: they hold slashes, and a path
//! would be rewritten on its way by whatever normalises paths.

use super::{Nothing, ask, who};
use crate::api::{EditMode, Request};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A page of the memories' names, in the order of their names.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct ListMemories {
    /// Only those below this folder (`design`), or the memory of this very name.
    pub(in crate::http) topic: Option<String>,
    /// `next` of the page before.
    pub(in crate::http) after: Option<String>,
    /// At most so many; bounded by `limits.page_items_max`.
    pub(in crate::http) limit: Option<usize>,
}

ask!(ListMemories: "memory_list" as Get "/memories", "list_memories", "memories", waits false,
    Nothing: |Self { topic, after, limit }, Nothing| {
    Request::MemoryList { topic, after, limit }
});

/// One memory, whole.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct ReadMemory {
    /// Which; a leading `mem:` and a closing `.md` may stand or be left out.
    #[schemars(length(min = 1))]
    pub(in crate::http) name: String,
    /// An earlier revision instead of the one that stands.
    pub(in crate::http) revision: Option<u64>,
}

ask!(ReadMemory: "memory_read" as Get "/memories/text", "read_memory", "memory", waits false,
    Nothing: |Self { name, revision }, Nothing| {
    Request::MemoryRead { name, revision }
});

/// Make a memory, or give it a new text.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct WriteMemory {
    /// Which.
    #[schemars(length(min = 1))]
    pub(in crate::http) name: String,
    /// The text, whole.
    pub(in crate::http) text: String,
    /// Only if this revision stands; 0: only if there is no such memory.
    pub(in crate::http) if_revision: Option<u64>,
    /// Who says so; empty: `http`.
    #[serde(default)]
    pub(in crate::http) by: String,
}

ask!(WriteMemory: "memory_write" as Post "/memories/write", "write_memory", "memory_written", waits false,
    Nothing: |Self { name, text, if_revision, by }, Nothing| {
    Request::MemoryWrite { name, text, if_revision, by: who(by) }
});

/// Replace a passage of a memory.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct EditMemory {
    /// Which.
    #[schemars(length(min = 1))]
    pub(in crate::http) name: String,
    /// What is looked for.
    pub(in crate::http) needle: String,
    /// What stands there afterwards.
    pub(in crate::http) replacement: String,
    /// How the needle is read.
    #[serde(default)]
    pub(in crate::http) mode: EditMode,
    /// Replace every occurrence, instead of refusing when there is more than one.
    #[serde(default)]
    pub(in crate::http) all: bool,
    /// Only if this revision stands.
    pub(in crate::http) if_revision: Option<u64>,
    /// Who says so; empty: `http`.
    #[serde(default)]
    pub(in crate::http) by: String,
}

ask!(EditMemory: "memory_edit" as Post "/memories/edit", "edit_memory", "memory_written", waits false,
    Nothing: |Self { name, needle, replacement, mode, all, if_revision, by }, Nothing| {
    Request::MemoryEdit { name, needle, replacement, mode, all, if_revision, by: who(by) }
});

/// Take a memory away; its history stays and can be restored.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct DeleteMemory {
    /// Which.
    #[schemars(length(min = 1))]
    pub(in crate::http) name: String,
    /// Only if this revision stands.
    pub(in crate::http) if_revision: Option<u64>,
    /// Who says so; empty: `http`.
    #[serde(default)]
    pub(in crate::http) by: String,
}

ask!(DeleteMemory: "memory_delete" as Post "/memories/delete", "delete_memory", "memory_deleted", waits false,
    Nothing: |Self { name, if_revision, by }, Nothing| {
    Request::MemoryDelete { name, if_revision, by: who(by) }
});

/// Give a memory another name; `mem:` references to it in other memories are rewritten.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct RenameMemory {
    /// The old name.
    #[schemars(length(min = 1))]
    pub(in crate::http) from: String,
    /// The new name; it must be free.
    #[schemars(length(min = 1))]
    pub(in crate::http) to: String,
    /// Who says so; empty: `http`.
    #[serde(default)]
    pub(in crate::http) by: String,
}

ask!(RenameMemory: "memory_rename" as Post "/memories/rename", "rename_memory", "memory_renamed", waits false,
    Nothing: |Self { from, to, by }, Nothing| {
    Request::MemoryRename { from, to, by: who(by) }
});

/// The revisions of a memory, newest first.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct MemoryHistory {
    /// Which; also one that was taken away.
    #[schemars(length(min = 1))]
    pub(in crate::http) name: String,
    /// `next` of the page before.
    pub(in crate::http) before: Option<u64>,
    /// At most so many; bounded by `limits.page_items_max`.
    pub(in crate::http) limit: Option<usize>,
}

ask!(MemoryHistory: "memory_history" as Get "/memories/history", "memory_history", "memory_history", waits false,
    Nothing: |Self { name, before, limit }, Nothing| {
    Request::MemoryHistory { name, before, limit }
});

/// Make an earlier revision stand again, as a new revision.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct RestoreMemory {
    /// Which.
    #[schemars(length(min = 1))]
    pub(in crate::http) name: String,
    /// The revision.
    pub(in crate::http) revision: u64,
    /// Who says so; empty: `http`.
    #[serde(default)]
    pub(in crate::http) by: String,
}

ask!(RestoreMemory: "memory_restore" as Post "/memories/restore", "restore_memory", "memory_written", waits false,
    Nothing: |Self { name, revision, by }, Nothing| {
    Request::MemoryRestore { name, revision, by: who(by) }
});

/// Full-text search over the memories that stand.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct SearchMemories {
    /// Words; all of them must occur. `"two words"` is a phrase, `auth*` a beginning, `-word` must not occur.
    #[schemars(length(min = 1))]
    pub(in crate::http) query: String,
    /// Only below this folder.
    pub(in crate::http) topic: Option<String>,
    /// How many hits to pass over: `next` of the page before.
    pub(in crate::http) after: Option<u64>,
    /// At most so many hits; bounded by `limits.page_items_max`.
    pub(in crate::http) limit: Option<usize>,
}

ask!(SearchMemories: "memory_search" as Get "/memories/search", "search_memories", "memory_hits", waits false,
    Nothing: |Self { query, topic, after, limit }, Nothing| {
    Request::MemorySearch { query, topic, after, limit }
});

/// Say that somebody works on a memory. Advisory: nobody is kept from writing, everybody is told.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct LeaseMemory {
    /// Which.
    #[schemars(length(min = 1))]
    pub(in crate::http) name: String,
    /// Who works on it; empty: `http`.
    #[serde(default)]
    pub(in crate::http) by: String,
    /// Milliseconds it holds; asking again before it lapses renews it. 0 lets it go.
    pub(in crate::http) for_ms: u64,
}

ask!(LeaseMemory: "memory_lease" as Post "/memories/lease", "lease_memory", "memory_leased", waits false,
    Nothing: |Self { name, by, for_ms }, Nothing| {
    Request::MemoryLease { name, by: who(by), for_ms }
});
