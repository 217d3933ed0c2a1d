//! Acts on the memory bus by chance: writes of many hands, a folder that a person edits, leases.

use super::chance::Chance;
use std::time::Duration;
use synod::board::memory::{Hashed, Memories, MemoryAct, MemoryChange, MemoryName, Rewrite};
use synod::board::{Text, Timestamp};

const NAMES: [&str; 4] = ["notes", "design/auth", "orchestration/inbox/more", "global/style"];

/// An act on one of a few memories, more often than not of a revision that stands.
pub(crate) fn act(chance: &mut Chance, memories: &Memories, now: Timestamp) -> MemoryAct {
    let name = some_name(chance);
    let stands = memories.stands_at(&name);
    let known = if chance.percent(70) { Some(stands) } else { Some(chance.below(5)) };
    let if_revision = if chance.percent(50) { None } else { known };
    match chance.below(10) {
        0..4 => {
            let content = some_text(chance);
            MemoryAct::Write { name, content, if_revision, change: MemoryChange::Written }
        }
        4 => MemoryAct::Delete { name, if_revision },
        5 => {
            let other = some_name(chance);
            let if_revision = memories.stands_at(&other);
            let rewrites = vec![Rewrite { name: other, if_revision, content: some_text(chance) }];
            MemoryAct::Rename { from: name, to: some_name(chance), if_revision: stands, rewrites }
        }
        6..8 => {
            let moved_from = chance.percent(20).then(|| some_name(chance));
            let known = known.filter(|known| *known > 0);
            MemoryAct::Found { name, content: some_text(chance), known, moved_from }
        }
        8 => MemoryAct::Gone { name, known },
        _ => {
            let until = now.after(Duration::from_secs(chance.below(300)));
            MemoryAct::Lease { name, until: chance.percent(70).then_some(until) }
        }
    }
}

/// The texts that an act hands over, by hash.
pub(crate) fn texts(act: &MemoryAct) -> Vec<String> {
    match act {
        MemoryAct::Write { content, .. } | MemoryAct::Found { content, .. } => vec![content.hash.clone()],
        MemoryAct::Rename { rewrites, .. } => rewrites.iter().map(|rewrite| rewrite.content.hash.clone()).collect(),
        MemoryAct::Delete { .. } | MemoryAct::Gone { .. } | MemoryAct::Lease { .. } => Vec::new(),
    }
}

fn some_name(chance: &mut Chance) -> MemoryName {
    MemoryName::parse(chance.of::<&str>(&NAMES)).unwrap()
}

/// Few texts, so that the same one comes again; its hash is the text itself.
fn some_text(chance: &mut Chance) -> Hashed {
    let text = format!("text {}", chance.below(20));
    Hashed { text: Text::short(text.clone()), hash: text }
}
