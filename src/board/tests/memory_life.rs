//! Lives of a memory bus by chance: whatever is done to it, no text that was taken is lost, revisions have no gaps, and the
//! events alone lead to the same state.

use super::memory_acts::{Bus, hashed, name};
use crate::board::memory::{Memories, MemoryAct, MemoryChange, MemoryName, Rewrite};
use crate::board::{Event, Seq, State, apply};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

const NAMES: [&str; 5] = ["a", "b", "design/c", "frozen/d", "global/e"];

fn some_name() -> impl Strategy<Value = MemoryName> {
    (0..NAMES.len()).prop_map(|at| name(NAMES[at]))
}

/// An act as anyone could send it: revisions that stand, that stood and that never were.
fn some_act() -> impl Strategy<Value = MemoryAct> {
    let text = || (0..6u8).prop_map(|number| hashed(&format!("text {number}")));
    let revision = || proptest::option::of(0..6u64);
    let write = (some_name(), text(), revision()).prop_map(|(name, content, if_revision)| MemoryAct::Write {
        name,
        content,
        if_revision,
        change: MemoryChange::Written,
    });
    let delete = (some_name(), revision()).prop_map(|(name, if_revision)| MemoryAct::Delete { name, if_revision });
    let rewrite =
        (some_name(), 0..4u64, text()).prop_map(|(name, if_revision, content)| Rewrite { name, if_revision, content });
    let rename = (some_name(), some_name(), 1..5u64, proptest::collection::vec(rewrite, 0..3))
        .prop_map(|(from, to, if_revision, rewrites)| MemoryAct::Rename { from, to, if_revision, rewrites });
    let found = (some_name(), text(), revision(), proptest::option::of(some_name()))
        .prop_map(|(name, content, known, moved_from)| MemoryAct::Found { name, content, known, moved_from });
    let gone = (some_name(), revision()).prop_map(|(name, known)| MemoryAct::Gone { name, known });
    let lease = (some_name(), proptest::option::of(-5..50i64)).prop_map(|(name, seconds)| MemoryAct::Lease {
        name,
        until: seconds.map(|seconds| crate::board::Timestamp(super::harness::START.0 + seconds * 1000)),
    });
    prop_oneof![4 => write, 2 => delete, 2 => rename, 4 => found, 2 => gone, 1 => lease]
}

/// The texts that an act hands over.
fn texts(act: &MemoryAct) -> Vec<String> {
    match act {
        MemoryAct::Write { content, .. } | MemoryAct::Found { content, .. } => vec![content.hash.clone()],
        MemoryAct::Rename { rewrites, .. } => rewrites.iter().map(|rewrite| rewrite.content.hash.clone()).collect(),
        MemoryAct::Delete { .. } | MemoryAct::Gone { .. } | MemoryAct::Lease { .. } => Vec::new(),
    }
}

proptest! {
    #[test]
    fn nothing_that_was_taken_is_lost(acts in proptest::collection::vec((some_act(), 0..3u64), 1..60)) {
        let mut bus = Bus::new();
        let mut taken: BTreeSet<String> = BTreeSet::new();
        for (act, seconds) in acts {
            bus.now = bus.now.after(Duration::from_secs(seconds));
            let (texts, before) = (texts(&act), bus.state.memories.clone());
            match bus.act("chance", act) {
                Ok(_) => taken.extend(texts),
                Err(_) => prop_assert_eq!(&before, &bus.state.memories, "a refusal changes nothing"),
            }
        }
        let mut newest: BTreeMap<MemoryName, u64> = BTreeMap::new();
        let mut history: BTreeSet<String> = BTreeSet::new();
        for event in &bus.events {
            if let Event::MemoryRevised { name, revision, content, .. } = event {
                let before = newest.insert(name.clone(), *revision).unwrap_or(0);
                prop_assert_eq!(*revision, before + 1, "{} has a gap", name);
                history.extend(content.iter().map(|content| content.hash.clone()));
            }
        }
        prop_assert!(taken.is_subset(&history), "{taken:?} were taken, {history:?} are kept");
        replays_to_the_same(&bus)?;
    }
}

/// From nothing, and from what the store kept at any moment: the stored memories are at least as new as the journal.
fn replays_to_the_same(bus: &Bus) -> Result<(), TestCaseError> {
    let numbered: Vec<(Seq, &Event)> = (1..).map(Seq).zip(&bus.events).collect();
    let replay = |from: Memories, events: &[(Seq, &Event)]| {
        let mut state = State::resume(Default::default(), from);
        events.iter().for_each(|(seq, event)| apply(&mut state, *seq, event));
        state.memories
    };
    prop_assert_eq!(&replay(Memories::default(), &numbered), &bus.state.memories);
    let stored = Memories::new(bus.state.memories.by_name().clone());
    prop_assert_eq!(&stored, &bus.state.memories, "what is derived follows from what is stored");
    for first in 0..numbered.len() {
        prop_assert_eq!(&replay(stored.clone(), &numbered[first..]), &bus.state.memories, "from event {}", first);
    }
    Ok(())
}
