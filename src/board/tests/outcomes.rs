//! Outcomes as the board counts them: when, for whom, once, and for later decisions alone.

use super::harness::{Board, attempt, task, written};
use crate::board::{
    self, Decision, Event, Input, Kind, Mode, Patch, PersonAnswer, Placed, Priority, Role, Stance, Tally, TaskSpec,
    Text, Validation, WorkerName, WorkspaceAccess,
};

fn of(board: &Board, worker: &str) -> (u64, u64) {
    let tally = whole(board, worker);
    (tally.right, tally.wrong)
}

fn whole(board: &Board, worker: &str) -> Tally {
    board.state.globals.tallies.all.workers.get(&WorkerName::new(worker)).copied().unwrap_or_default()
}

fn no() -> PersonAnswer {
    PersonAnswer::Reject { why: Text::short("no") }
}

/// A review by a, b and c that waits for a person; they say what `stances` says.
fn reviewed(board: &mut Board, id: &str, stances: [Stance; 3]) {
    let asks = |spec: &mut TaskSpec| {
        (spec.kind, spec.mode) = (Some(Kind::new("review")), Mode::Architectural);
        spec.priority = Priority::Critical;
    };
    board.offer(id, asks).unwrap();
    for (number, stance) in (1..).zip(stances) {
        board.answer_with(&format!("{id}#{number}"), stance);
    }
    assert_eq!(board.phase(id), "awaiting_person");
}

fn decision(board: &Board, id: &str) -> Decision {
    let decided = board.journal.iter().find_map(|(_, event)| match event {
        Event::TaskDecided { task: of, decision, .. } if *of == task(id) => Some(decision.as_ref().clone()),
        _ => None,
    });
    decided.unwrap()
}

const SPLIT: [Stance; 3] = [Stance::Approve, Stance::Approve, Stance::Reject];

#[test]
fn a_persons_word_makes_those_right_who_voted_for_what_it_says() {
    for (answer, expected) in [(PersonAnswer::Approve, [(1, 0), (1, 0), (0, 1)]), (no(), [(0, 1), (0, 1), (1, 0)])] {
        let mut board = Board::of(&["a", "b", "c"]);
        reviewed(&mut board, "t", SPLIT);
        assert_eq!(of(&board, "a"), (0, 0), "nothing is known before the person has spoken");
        board.person("t", answer).unwrap();
        assert_eq!(["a", "b", "c"].map(|worker| of(&board, worker)), expected);
        let pair = board.state.globals.tallies.of(&WorkerName::new("c"), &Role::new("reviewer"), &Kind::new("review"));
        assert_eq!((pair.right, pair.wrong), expected[2]);
        assert_eq!(board.replayed().globals.tallies, board.state.globals.tallies);
    }
}

#[test]
fn an_abstention_and_a_cancelled_task_have_no_outcome() {
    let mut board = Board::of(&["a", "b", "c"]);
    reviewed(&mut board, "t", [Stance::Approve, Stance::Abstain, Stance::Approve]);
    reviewed(&mut board, "u", SPLIT);
    board.person("t", PersonAnswer::Approve).unwrap();
    board.cancel("u").unwrap();
    assert_eq!(["a", "b", "c"].map(|worker| of(&board, worker)), [(1, 0), (0, 0), (1, 0)]);
}

#[test]
fn what_a_worker_states_of_its_confidence_is_scored() {
    let mut board = Board::of(&["a", "b", "c"]);
    reviewed(&mut board, "t", SPLIT);
    board.person("t", PersonAnswer::Approve).unwrap();
    // All of them stated 0.8: a was right, c was wrong.
    let (a, c) = (whole(&board, "a"), whole(&board, "c"));
    assert!((a.brier().unwrap() - 0.04).abs() < 1e-9 && (c.brier().unwrap() - 0.64).abs() < 1e-9, "{a:?} {c:?}");
}

/// Time order: what becomes of other tasks after a decision changes nothing of it; what became of them before does.
#[test]
fn a_decision_is_weighed_by_earlier_outcomes_alone() {
    let lived = |before: [bool; 2], after: [bool; 2]| {
        let mut board = Board::of(&["a", "b", "c"]);
        for id in ["one", "two", "three", "four"] {
            reviewed(&mut board, id, SPLIT);
        }
        let mut speak = |id: &str, yes: bool| board.person(id, if yes { PersonAnswer::Approve } else { no() }).unwrap();
        speak("one", before[0]);
        speak("two", before[1]);
        reviewed(&mut board, "t", SPLIT);
        let mut speak = |id: &str, yes: bool| board.person(id, if yes { PersonAnswer::Approve } else { no() }).unwrap();
        speak("three", after[0]);
        speak("four", after[1]);
        serde_json::to_string(&decision(&board, "t")).unwrap()
    };
    let decided = lived([true, true], [true, true]);
    for after in [[true, false], [false, true], [false, false]] {
        assert_eq!(lived([true, true], after), decided);
    }
    assert_eq!(lived([true, false], [true, true]), lived([false, true], [true, true]), "their order does not matter");
    assert_ne!(lived([false, false], [true, true]), decided);
}

fn patch() -> Patch {
    let text = Text::short("diff --git a/a.rs b/a.rs\n");
    Patch { text, base: "c0ffee".into(), files: vec!["a.rs".into()], added: 1, removed: 0, note: None, unseen: 0 }
}

/// Two makers with patches, one of which passes its tests; `at_base` whether the tests pass without them.
fn tried(board: &mut Board, at_base: bool) {
    let asks = |spec: &mut TaskSpec| {
        spec.plan = Some(written(&[("make", &[], 2, false)]));
        spec.workspace = WorkspaceAccess::Worktree;
        spec.validate = Some("make test".into());
    };
    board.offer("t", asks).unwrap();
    for (key, passed) in [("t#1", true), ("t#2", false)] {
        board.answer_as(key, |made| made.patch = Some(patch()));
        let output = Text::short("said");
        let exit = Some(i32::from(!passed));
        let validation = Validation { command: "make test".into(), passed, exit, output, seconds: 1.0, at_base };
        let at = board.now;
        board.take(Input::Validated { at, key: attempt(key), validation: Box::new(validation) }).unwrap();
    }
    assert_eq!(board.phase("t"), "done");
}

fn place(board: &mut Board, number: u32, reverted: bool) {
    let worker = WorkerName::new(if number == 1 { "a" } else { "b" });
    let (role, kind) = (Role::new("implementer"), Kind::new("build"));
    let placed =
        Placed { task: task("t"), attempt: number, worker, role, kind, by: "anna".into(), files: vec!["a.rs".into()] };
    let at = board.now;
    board.take(Input::Placed { at, patch: Box::new(placed), reverted }).unwrap();
}

#[test]
fn tests_that_failed_count_only_where_they_pass_without_the_change() {
    for (at_base, loser) in [(true, (0, 1)), (false, (0, 0))] {
        let mut board = Board::of(&["a", "b"]);
        tried(&mut board, at_base);
        assert_eq!((of(&board, "a"), of(&board, "b")), ((1, 0), loser));
    }
}

/// The task has ended and left memory when its patch is applied and reverted: what was counted is replaced, never added to.
#[test]
fn what_becomes_of_a_patch_replaces_what_was_counted_even_long_after() {
    let mut board = Board::of(&["a", "b"]);
    tried(&mut board, true);
    let seq = board.state.seq.next();
    board::apply(&mut board.state, seq, &Event::TaskArchived { at: board.now, task: task("t") });
    assert!(board.state.tasks.is_empty());
    for (number, reverted, expected) in [
        (2, false, [(1, 0), (1, 0)]),
        (2, true, [(1, 0), (0, 1)]),
        (1, false, [(1, 0), (0, 1)]),
        (1, true, [(0, 1), (0, 1)]),
    ] {
        place(&mut board, number, reverted);
        assert_eq!(["a", "b"].map(|worker| of(&board, worker)), expected, "{number} {reverted}");
        let tallies = &board.state.globals.tallies;
        assert_eq!(tallies.all.workers, tallies.days.values().next().unwrap().workers, "and so on its day");
    }
    place(&mut board, 2, false);
    let duel = board.state.globals.tallies.all.duel;
    assert!(duel.tasks() <= 1, "one task is compared once: {duel:?}");
}

#[test]
fn a_patch_of_a_task_that_nobody_knows_changes_nothing() {
    let mut board = Board::of(&["a", "b"]);
    place(&mut board, 1, true);
    assert_eq!(of(&board, "a"), (0, 0));
}

#[test]
fn the_panel_is_counted_beside_the_worker_with_the_best_record() {
    let mut board = Board::of(&["a", "b", "c"]);
    reviewed(&mut board, "one", SPLIT);
    board.person("one", no()).unwrap();
    reviewed(&mut board, "t", SPLIT);
    let single = decision(&board, "t").best_single.unwrap();
    assert_eq!((single.worker.as_str(), single.good, single.agrees), ("c", false, false), "c alone was right before");
    board.person("t", no()).unwrap();
    let duel = board.state.globals.tallies.all.duel;
    assert_eq!(
        (duel.neither, duel.single, duel.tasks()),
        (1, 1, 2),
        "at first a stood for the best, of equals the first"
    );
}
