//! Acts on the memory bus, one at a time: what each makes true, what refuses it, and what is done outside.

use crate::board::memory::{
    Hashed, MemoryAct, MemoryChange, MemoryName, MemoryRefusal, MemoryRules, Patterns, Rewrite,
};
use crate::board::rules::Rules;
use crate::board::{Effect, Event, Input, Page, Refusal, State, Text, Timestamp, react, take};
use std::time::Duration;

/// A bus with a clock that stands still until it is told.
pub(super) struct Bus {
    pub(super) state: State,
    pub(super) rules: Rules,
    pub(super) now: Timestamp,
    pub(super) events: Vec<Event>,
    pub(super) effects: Vec<Effect>,
}

pub(super) fn name(spelling: &str) -> MemoryName {
    MemoryName::parse(spelling).unwrap()
}

/// A text whose hash is the text itself: the board only compares hashes.
pub(super) fn hashed(text: &str) -> Hashed {
    Hashed { text: Text::short(text), hash: format!("hash of {text}") }
}

impl Bus {
    pub(super) fn new() -> Self {
        let rules = super::harness::Board::of(&["claude"]).rules;
        Self { state: State::default(), rules, now: super::harness::START, events: Vec::new(), effects: Vec::new() }
    }

    /// Does an act; the refusal of a memory, or what came of it, a line each.
    pub(super) fn act(&mut self, by: &str, act: MemoryAct) -> Result<Vec<String>, MemoryRefusal> {
        let input = Input::Memory { at: self.now, by: by.to_owned(), act: Box::new(act) };
        match self.take(input) {
            Ok(lines) => Ok(lines),
            Err(Refusal::Memory(refusal)) => Err(refusal),
            Err(other) => panic!("{other}"),
        }
    }

    fn take(&mut self, input: Input) -> Result<Vec<String>, Refusal> {
        let mut lines = Vec::new();
        let (events, effects) = (&mut self.events, &mut self.effects);
        take(&mut self.state, &self.rules, input, &mut |state, _, event| {
            effects.extend(react(state, &event));
            lines.push(line(&event));
            events.push(event);
        })?;
        Ok(lines)
    }

    fn write(&mut self, spelling: &str, text: &str, if_revision: Option<u64>) -> Result<Vec<String>, MemoryRefusal> {
        let change = MemoryChange::Written;
        self.act("anna", MemoryAct::Write { name: name(spelling), content: hashed(text), if_revision, change })
    }

    fn delete(&mut self, spelling: &str) -> Result<Vec<String>, MemoryRefusal> {
        self.act("anna", MemoryAct::Delete { name: name(spelling), if_revision: None })
    }

    fn rename(
        &mut self,
        from: &str,
        to: &str,
        at: u64,
        rewrites: &[(&str, u64, &str)],
    ) -> Result<Vec<String>, MemoryRefusal> {
        let rewrite = |(spelling, if_revision, text): &(&str, u64, &str)| Rewrite {
            name: name(spelling),
            if_revision: *if_revision,
            content: hashed(text),
        };
        let rewrites = rewrites.iter().map(rewrite).collect();
        self.act("anna", MemoryAct::Rename { from: name(from), to: name(to), if_revision: at, rewrites })
    }

    fn found(
        &mut self,
        spelling: &str,
        text: &str,
        known: Option<u64>,
        from: Option<&str>,
    ) -> Result<Vec<String>, MemoryRefusal> {
        let moved_from = from.map(name);
        self.act("file", MemoryAct::Found { name: name(spelling), content: hashed(text), known, moved_from })
    }

    fn gone(&mut self, spelling: &str, known: Option<u64>) -> Result<Vec<String>, MemoryRefusal> {
        self.act("file", MemoryAct::Gone { name: name(spelling), known })
    }

    fn lease(&mut self, by: &str, spelling: &str, seconds: Option<u64>) -> Result<Vec<String>, MemoryRefusal> {
        let until = seconds.map(|seconds| self.now.after(Duration::from_secs(seconds)));
        self.act(by, MemoryAct::Lease { name: name(spelling), until })
    }

    fn text(&self, spelling: &str) -> Option<&str> {
        self.state.memories.standing(&name(spelling)).map(|standing| standing.content.text.head())
    }
}

/// An event as a short line.
fn line(event: &Event) -> String {
    match event {
        Event::MemoryRevised { name, revision, change, by, .. } => {
            let did = match change {
                MemoryChange::Written => "written".to_owned(),
                MemoryChange::Restored { revision } => format!("restored {revision}"),
                MemoryChange::Conflicted { with } => format!("conflicts with {with}"),
                MemoryChange::Deleted => "deleted".to_owned(),
                MemoryChange::RenamedFrom { name } => format!("from {name}"),
                MemoryChange::RenamedTo { name } => format!("to {name}"),
            };
            format!("{name} {revision} {did} by {by}")
        }
        Event::MemoryLeased { name, by, until: Some(_), .. } => format!("{name} leased by {by}"),
        Event::MemoryLeased { name, by, until: None, .. } => format!("{name} let go by {by}"),
        other => panic!("{other:?} is not about a memory"),
    }
}

fn stale(spelling: &str, stands: u64, asked: u64) -> MemoryRefusal {
    MemoryRefusal::Stale { name: name(spelling), stands, asked }
}

#[test]
fn writes_compare_and_set() {
    let mut bus = Bus::new();
    assert_eq!(bus.write("a", "x", Some(1)), Err(stale("a", 0, 1)));
    assert_eq!(bus.write("a", "x", Some(0)).unwrap(), ["a 1 written by anna"]);
    assert_eq!(bus.write("a", "y", Some(0)), Err(stale("a", 1, 0)));
    assert_eq!(bus.write("a", "y", Some(1)).unwrap(), ["a 2 written by anna"]);
    assert_eq!(bus.write("a", "z", Some(1)), Err(stale("a", 2, 1)));
    assert!(bus.write("a", "y", None).unwrap().is_empty(), "the same text is no new revision");
    assert_eq!((bus.text("a"), bus.state.memories.len()), (Some("y"), 1));
    assert!(bus.effects.contains(&Effect::Remember(name("a"))));
}

#[test]
fn a_memory_taken_away_goes_on_counting() {
    let mut bus = Bus::new();
    assert_eq!(bus.delete("a"), Err(MemoryRefusal::Missing { name: name("a") }));
    bus.write("a", "x", None).unwrap();
    assert_eq!(bus.delete("a").unwrap(), ["a 2 deleted by anna"]);
    assert_eq!(bus.delete("a"), Err(MemoryRefusal::Missing { name: name("a") }));
    assert_eq!((bus.text("a"), bus.state.memories.len()), (None, 0));
    assert_eq!(bus.write("a", "x", Some(2)), Err(stale("a", 0, 2)), "nothing stands");
    assert_eq!(bus.write("a", "x", Some(0)).unwrap(), ["a 3 written by anna"], "the old text counts as new");
}

#[test]
fn a_rename_is_one_step_for_all() {
    let mut bus = Bus::new();
    bus.write("a", "I am mem:a", None).unwrap();
    bus.write("b", "see mem:a", None).unwrap();
    bus.write("c", "c", None).unwrap();
    let renamed = bus.rename("a", "d", 1, &[("b", 1, "see mem:d"), ("a", 1, "I am mem:d")]).unwrap();
    assert_eq!(renamed, ["a 2 to d by anna", "d 1 from a by anna", "b 2 written by anna"]);
    assert_eq!((bus.text("a"), bus.text("d"), bus.text("b")), (None, Some("I am mem:d"), Some("see mem:d")));
    for touched in ["a", "b", "d"] {
        assert!(bus.effects.contains(&Effect::Remember(name(touched))), "{touched}");
    }
    let before = bus.state.memories.clone();
    assert_eq!(bus.rename("a", "e", 2, &[]), Err(MemoryRefusal::Missing { name: name("a") }));
    assert_eq!(bus.rename("c", "d", 1, &[]), Err(MemoryRefusal::Exists { name: name("d") }));
    assert_eq!(bus.rename("c", "c", 1, &[]), Err(MemoryRefusal::Exists { name: name("c") }));
    assert_eq!(bus.rename("c", "e", 2, &[]), Err(stale("c", 1, 2)));
    assert_eq!(bus.rename("c", "e", 1, &[("b", 1, "x")]), Err(stale("b", 2, 1)), "somebody was quicker with b");
    assert_eq!(bus.rename("c", "e", 1, &[("b", 2, "x"), ("b", 2, "y")]), Err(stale("b", 3, 2)));
    let nothing = bus.rename("c", "e", 1, &[("e", 0, "x")]);
    assert_eq!(nothing, Err(MemoryRefusal::Missing { name: name("e") }), "nothing stands there to rewrite");
    assert_eq!(bus.state.memories, before);
    assert_eq!(
        bus.rename("c", "a", 1, &[]).unwrap(),
        ["c 2 to a by anna", "a 3 from c by anna"],
        "a name can be free again"
    );
}

#[test]
fn what_the_folder_holds_is_taken_in() {
    let mut bus = Bus::new();
    assert_eq!(bus.found("a", "x", None, None).unwrap(), ["a 1 written by file"]);
    assert!(bus.found("a", "x", None, None).unwrap().is_empty(), "the same text");
    assert_eq!(bus.found("a", "y", Some(1), None).unwrap(), ["a 2 written by file"]);
    bus.write("a", "z", None).unwrap();
    assert!(bus.found("a", "z", Some(2), None).unwrap().is_empty(), "both sides made the same change");
    assert_eq!(bus.found("a", "mine", Some(2), None).unwrap(), ["a 4 conflicts with 3 by file"]);
    assert_eq!(bus.text("a"), Some("mine"), "the later stands");
    bus.delete("a").unwrap();
    assert_eq!(bus.found("a", "kept", Some(4), None).unwrap(), ["a 6 conflicts with 5 by file"]);
    assert_eq!(bus.found("b", "x", Some(7), None).unwrap(), ["b 1 conflicts with 0 by file"], "a mark of a lost store");
    let log: Vec<_> = bus.effects.iter().filter(|effect| matches!(effect, Effect::Publish(Page::Log(_)))).collect();
    assert_eq!(log.len(), 3, "conflicts are told to people, and nothing else is: {log:?}");
}

#[test]
fn a_file_that_is_gone_takes_only_what_it_held() {
    let mut bus = Bus::new();
    bus.write("a", "x", None).unwrap();
    assert_eq!(bus.gone("a", None), Err(stale("a", 1, 0)), "it was not written there yet");
    bus.write("a", "y", None).unwrap();
    assert_eq!(bus.gone("a", Some(1)), Err(stale("a", 2, 1)), "the bus has moved on");
    assert_eq!(bus.gone("a", Some(2)).unwrap(), ["a 3 deleted by file"]);
    assert!(bus.gone("a", Some(2)).unwrap().is_empty());
    assert!(bus.gone("never", None).unwrap().is_empty());
}

#[test]
fn a_moved_file_keeps_its_history() {
    let mut bus = Bus::new();
    bus.found("a", "x", None, None).unwrap();
    assert_eq!(bus.found("b", "x", None, Some("a")).unwrap(), ["a 2 to b by file", "b 1 from a by file"]);
    assert!(bus.gone("a", Some(1)).unwrap().is_empty(), "that is done already");
    bus.write("b", "newer", None).unwrap();
    assert_eq!(bus.found("c", "x", None, Some("b")).unwrap(), ["c 1 written by file"], "b is no longer what moved");
    assert_eq!(bus.gone("b", Some(1)), Err(stale("b", 2, 1)));
    bus.write("d", "other", None).unwrap();
    let over = bus.found("d", "x", None, Some("c")).unwrap();
    assert_eq!(
        over,
        ["c 2 to d by file", "d 2 conflicts with 1 by file"],
        "moved over one that the folder did not have"
    );
    bus.write("e", "x", None).unwrap();
    assert_eq!(bus.found("e", "x", None, Some("d")).unwrap(), ["d 3 to e by file"], "e holds that text already");
}

#[test]
fn some_names_are_not_for_acts() {
    let mut bus = Bus::new();
    bus.rules.memory = MemoryRules {
        read_only: Patterns::new(&["frozen/**"]).unwrap(),
        ignored: Patterns::new(&["_archive/*"]).unwrap(),
        text_bytes_max: 10,
        ..MemoryRules::default()
    };
    let read_only = |spelling| MemoryRefusal::ReadOnly { name: name(spelling), pattern: "frozen/**".to_owned() };
    bus.write("a", "x", None).unwrap();
    assert_eq!(bus.write("./frozen/a", "x", None), Err(read_only("frozen/a")));
    assert_eq!(bus.delete("frozen/a"), Err(read_only("frozen/a")));
    assert_eq!(bus.rename("a", "frozen/a", 1, &[]), Err(read_only("frozen/a")));
    assert_eq!(bus.found("frozen/a", "x", None, None).unwrap(), ["frozen/a 1 written by file"], "a person may");
    assert_eq!(bus.rename("frozen/a", "b", 1, &[]), Err(read_only("frozen/a")));
    assert_eq!(bus.rename("a", "b", 1, &[("frozen/a", 1, "y")]), Err(read_only("frozen/a")));
    let ignored = MemoryRefusal::Ignored { name: name("_archive/a"), pattern: "_archive/*".to_owned() };
    assert_eq!(bus.write("_archive/a", "x", None), Err(ignored.clone()));
    assert_eq!(bus.found("_archive/a", "x", None, None), Err(ignored));
    let own = "orchestration/current-task/t/progress";
    assert_eq!(bus.write(own, "x", None), Err(MemoryRefusal::Own { name: name(own) }));
    assert_eq!(bus.found(own, "x", None, None), Err(MemoryRefusal::Own { name: name(own) }));
    bus.write("orchestration/current-task/t/shared-context", "x", None).unwrap();
    let too_large = MemoryRefusal::TooLarge { name: name("a"), bytes: 11, bytes_max: 10 };
    assert_eq!(bus.write("a", "12345678901", None), Err(too_large.clone()));
    assert_eq!(bus.found("a", "12345678901", Some(1), None), Err(too_large));
}

#[test]
fn there_are_only_so_many() {
    let mut bus = Bus::new();
    bus.rules.memory.memories_max = 2;
    bus.write("a", "x", None).unwrap();
    bus.write("b", "x", None).unwrap();
    assert_eq!(bus.write("c", "x", None), Err(MemoryRefusal::TooMany { count: 2 }));
    assert_eq!(bus.found("c", "x", None, None), Err(MemoryRefusal::TooMany { count: 2 }));
    bus.write("a", "y", None).unwrap();
    bus.rename("a", "c", 2, &[]).unwrap();
    bus.delete("b").unwrap();
    bus.write("b", "again", None).unwrap();
    for number in 0..7 {
        bus.lease("anna", &format!("n{number}"), Some(1)).unwrap();
    }
    assert_eq!(bus.lease("anna", "n7", Some(1)), Err(MemoryRefusal::TooMany { count: 10 }), "names count too");
}

#[test]
fn leases_hold_until_they_lapse() {
    let mut bus = Bus::new();
    bus.write("a", "x", None).unwrap();
    assert_eq!(bus.lease("anna", "a", Some(60)).unwrap(), ["a leased by anna"]);
    assert!(bus.lease("anna", "a", Some(60)).unwrap().is_empty(), "she has it already");
    let until = bus.now.after(Duration::from_secs(60));
    let leased = MemoryRefusal::Leased { name: name("a"), by: "anna".to_owned(), until };
    assert_eq!(bus.lease("ben", "a", Some(60)), Err(leased.clone()));
    assert_eq!(bus.lease("ben", "a", None), Err(leased));
    assert!(!bus.write("a", "y", None).unwrap().is_empty(), "advisory: nobody is kept from writing");
    bus.delete("a").unwrap();
    assert_eq!(bus.state.next_alarm(&bus.rules), Some(until));
    bus.now = until;
    assert_eq!(bus.take(Input::Tick { at: until }).unwrap(), ["a let go by anna"], "a lapse is said");
    assert_eq!(bus.state.next_alarm(&bus.rules), None);
    assert_eq!(bus.lease("ben", "a", Some(60)).unwrap(), ["a leased by ben"]);
    assert_eq!(bus.lease("ben", "a", None).unwrap(), ["a let go by ben"]);
    assert!(bus.lease("ben", "a", None).unwrap().is_empty());
    assert_eq!(bus.lease("ben", "new", Some(9)).unwrap(), ["new leased by ben"], "one that is still to be written");
    assert_eq!(bus.lease("ben", "new", None).unwrap(), ["new let go by ben"]);
    assert!(bus.state.memories.get(&name("new")).is_none(), "nothing is left of it");
    bus.lease("ben", "a", Some(u64::from(u32::MAX))).unwrap();
    let lease = bus.state.memories.get(&name("a")).and_then(|memory| memory.lease_at(bus.now)).cloned().unwrap();
    assert_eq!(lease.until, bus.now.after(bus.rules.memory.lease_max));
}
