//! What is counted, once each, and bounded.

use super::harness::{Board, START, secs, task};
use crate::board::tally::{DAYS_MAX, Imported, NAMES_MAX, OTHERS, PAIRS_MAX};
use crate::board::{
    self, Day, FailureClass, Input, Kind, Mode, Refusal, Role, State, Tallies, Tally, Timestamp, WorkerName,
};

fn of(board: &Board, worker: &str) -> Tally {
    board.state.globals.tallies.all.workers.get(&WorkerName::new(worker)).copied().unwrap_or_default()
}

fn imported(day: &str, worker: &str, role: &str, kind: &str) -> Imported {
    let tally = Tally { tasks: 1, done: 1, attempts: 1, answered: 1, seconds: 2.5, ..Tally::default() };
    let (worker, role, kind) = (WorkerName::new(worker), Role::new(role), Kind::new(kind));
    Imported { day: Day::parse(day).unwrap(), worker, role, kind, tally }
}

fn import(board: &mut Board, hash: &str, records: Vec<Imported>) -> Result<(), Refusal> {
    let (at, by, file) = (board.now, "anna".to_owned(), "metrics.json".to_owned());
    board.take(Input::ImportRecords { at, by, file, hash: hash.to_owned(), records })
}

#[test]
fn an_answered_call_counts_for_its_worker_role_and_kind() {
    let mut board = Board::of(&["a"]);
    board.build("t", Mode::Simple);
    board.pass(secs(4));
    board.answer("t#1");
    let expected = Tally {
        tasks: 1,
        done: 1,
        attempts: 1,
        answered: 1,
        seconds: 4.0,
        input_tokens: 100,
        output_tokens: 10,
        cost_usd: 0.25,
        ..Tally::default()
    };
    let tallies = &board.state.globals.tallies;
    let (worker, role, kind) = (WorkerName::new("a"), Role::new("implementer"), Kind::new("build"));
    assert_eq!(tallies.of(&worker, &role, &kind), expected);
    assert_eq!(tallies.of_kind(&worker, &kind), expected);
    assert_eq!((tallies.all.roles[&role], tallies.all.kinds[&kind]), (expected, expected));
    assert_eq!(tallies.all.total(), expected);
    assert_eq!(tallies.days[&Day::of(START)], tallies.all);
}

#[test]
fn a_failure_is_counted_where_it_happened_and_the_recovery_where_it_was_done() {
    let mut board = Board::of(&["a", "b"]);
    board.build("t", Mode::Simple);
    board.fail("t#1", FailureClass::RequestRefused);
    board.answer("t#2");
    let (a, b) = (of(&board, "a"), of(&board, "b"));
    assert_eq!((a.attempts, a.answered, a.failed, a.recovered, a.tasks), (1, 0, 1, 0, 1));
    assert_eq!((b.attempts, b.answered, b.failed, b.recovered, b.tasks), (1, 1, 0, 1, 1));
    assert_eq!((a.cost_usd, a.success()), (0.125, Some(0.0)), "a failed call is paid all the same");
    let total = board.state.globals.tallies.all.total();
    assert_eq!((total.tasks, total.attempts), (1, 2), "a task of two workers is one task");
}

#[test]
fn a_call_that_was_stopped_blames_nobody_and_one_that_never_started_is_none() {
    let mut board = Board::of(&["a"]);
    for id in ["one", "two", "three"] {
        board.build(id, Mode::Simple);
    }
    board.pass(secs(1));
    // The one that waits first, else it would be given the slot that the others leave.
    for id in ["three", "two", "one"] {
        board.cancel(id).unwrap();
    }
    let a = of(&board, "a");
    assert_eq!((a.attempts, a.failed, a.tasks, a.success()), (2, 0, 0, None), "two ran, the third waited for a slot");
    assert_eq!(board.state.globals.tallies.all.ended.cancelled, 3);
}

#[test]
fn an_interrupted_call_that_is_asked_again_is_no_recovery() {
    let mut board = Board::of(&["a"]);
    board.build("t", Mode::Simple);
    board.fail("t#1", FailureClass::Interrupted);
    board.answer("t#2");
    assert_eq!((of(&board, "a").recovered, of(&board, "a").attempts), (0, 2));
}

#[test]
fn days_are_those_of_the_events() {
    let mut board = Board::of(&["a"]);
    board.build("t", Mode::Simple);
    board.answer("t#1");
    board.now = Timestamp(START.0 + 86_400_000);
    board.build("u", Mode::Simple);
    board.answer("u#1");
    let tallies = &board.state.globals.tallies;
    let days: Vec<&str> = tallies.days.keys().map(Day::as_str).collect();
    assert_eq!(days, ["2026-11-20", "2026-11-21"]);
    assert_eq!(tallies.since(Day::parse("2026-11-21").as_ref()).total().tasks, 1);
    assert_eq!(tallies.since(None).total().tasks, 2);
    assert_eq!(tallies.since(Day::parse("2027-01-01").as_ref()).total(), Tally::default());
}

#[test]
fn every_event_counts_once_however_often_it_is_read() {
    let mut board = Board::of(&["a", "b"]);
    board.review("r", Mode::Medium);
    board.fail("r#1", FailureClass::Transient);
    board.build("t", Mode::Simple);
    import(&mut board, "h", vec![imported("2026-01-01", "old", "planner", "planning")]).unwrap();
    let mut resumed = State::resume(board.state.globals.clone(), board.state.memories.clone());
    for (seq, event) in &board.journal {
        board::apply(&mut resumed, *seq, event);
    }
    assert_eq!(resumed.globals.tallies, board.state.globals.tallies);
    assert_eq!(board.replayed().globals.tallies, board.state.globals.tallies);
    // The end of a task that has ended already says nothing new.
    board.cancel("t").unwrap();
    let ended = board.state.globals.tallies.clone();
    let again = board.journal.iter().rev().find(|(_, event)| event.name() == "task_ended").cloned().unwrap();
    let next = board.state.seq.next();
    board::apply(&mut board.state, next, &again.1);
    assert_eq!(board.state.globals.tallies, ended);
    assert!(board.state.tasks.contains_key(&task("t")));
}

#[test]
fn a_file_is_imported_once() {
    let mut board = Board::of(&["a"]);
    import(&mut board, "h", vec![imported("2026-01-01", "old", "planner", "planning")]).unwrap();
    let once = board.state.globals.tallies.clone();
    assert_eq!(once.all.ended.done, 1);
    let twice = import(&mut board, "h", vec![imported("2026-01-01", "old", "planner", "planning")]);
    assert_eq!(twice, Err(Refusal::ImportedBefore { file: "metrics.json".to_owned() }));
    assert_eq!(board.state.globals.tallies, once);
}

#[test]
fn days_names_and_pairs_are_bounded_and_nothing_is_lost_from_the_sums() {
    let mut board = Board::of(&["a"]);
    let first = START.0 - 500 * 86_400_000;
    let day = |n: i64| Timestamp(first + n * 86_400_000).day();
    let count = 450;
    let records = (0..count).map(|n| imported(&day(n), &format!("w{n}"), &format!("r{n}"), "k"));
    import(&mut board, "many", records.collect()).unwrap();
    let one = (0..count).map(|n| imported(&day(0), "w0", &format!("r{n}"), &format!("k{n}")));
    import(&mut board, "pairs", one.collect()).unwrap();
    let tallies: &Tallies = &board.state.globals.tallies;
    assert_eq!(tallies.days.len(), DAYS_MAX);
    assert!(!tallies.days.contains_key(&Day::parse(&day(49)).unwrap()), "the oldest ones go");
    assert_eq!((tallies.all.workers.len(), tallies.pairs.len()), (NAMES_MAX + 1, NAMES_MAX + 1));
    let pairs: usize = tallies.pairs[&WorkerName::new("w0")].0.values().map(|kinds| kinds.len()).sum();
    assert_eq!(pairs, PAIRS_MAX + 1);
    assert!(tallies.all.workers.contains_key(&WorkerName::new(OTHERS)));
    assert_eq!(tallies.all.total().answered, 900);
}
