//! Memories for people: the list, hits of a search, revisions.

use crate::api::{LeaseView, MemoryChange, MemoryHit, MemoryRow, RevisionRow};
use crate::cli::table::Table;

/// Characters of a hash in a table; enough to see which revisions are the same text.
const HASH_CHARS: usize = 12;

/// The list.
pub(in crate::cli) fn memories(memories: &[MemoryRow]) -> String {
    let mut table = Table::new(&["NAME", "REVISION", "BYTES", "BY", "AT", "NOTE"]);
    for memory in memories {
        let lease = memory.lease.as_ref().map(|LeaseView { by, until }| format!("{by} works on it until {until}"));
        let note = memory.read_only.then(|| "read-only".to_owned()).into_iter().chain(lease);
        table.row([
            memory.name.clone(),
            revision(memory.revision),
            memory.bytes.to_string(),
            memory.by.clone(),
            memory.at.rfc3339(),
            note.collect::<Vec<_>>().join(", "),
        ]);
    }
    table.text()
}

/// Pages that Synod writes itself have no revisions.
fn revision(number: u64) -> String {
    if number == 0 { "-".to_owned() } else { number.to_string() }
}

/// What a search found: the name, and the passage below it.
pub(in crate::cli) fn memory_hits(hits: &[MemoryHit]) -> String {
    let lines = hits.iter().map(|hit| {
        let passage = hit.snippet.split_whitespace().collect::<Vec<_>>().join(" ");
        if passage.is_empty() { format!("{}\n", hit.name) } else { format!("{}\n    {passage}\n", hit.name) }
    });
    lines.collect()
}

/// The revisions.
pub(in crate::cli) fn revisions(revisions: &[RevisionRow]) -> String {
    let mut table = Table::new(&["REVISION", "AT", "BY", "BYTES", "HASH", "WHAT"]);
    for one in revisions {
        let hash: String = one.hash.as_deref().unwrap_or("-").chars().take(HASH_CHARS).collect();
        let bytes = if one.hash.is_some() { one.bytes.to_string() } else { "-".to_owned() };
        table.row([one.revision.to_string(), one.at.rfc3339(), one.by.clone(), bytes, hash, change(&one.change)]);
    }
    table.text()
}

fn change(change: &MemoryChange) -> String {
    match change {
        MemoryChange::Written => "written".to_owned(),
        MemoryChange::Restored { revision } => format!("restored revision {revision}"),
        MemoryChange::Conflicted { with } => format!("found in the folder beside revision {with}"),
        MemoryChange::Deleted => "deleted".to_owned(),
        MemoryChange::RenamedFrom { name } => format!("renamed from {name}"),
        MemoryChange::RenamedTo { name } => format!("renamed to {name}"),
    }
}
