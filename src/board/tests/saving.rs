//! Money that is not spent: the cheapest reliable worker first, calls ended when a vote is settled.

use super::harness::{Board, secs, task};
use crate::board::rules::Price;
use crate::board::tally::Imported;
use crate::board::{Day, FailureClass, Input, Kind, Mode, Priority, Role, Stance, Tally, WorkerName};

/// Workers with their prices, and how often each answered on `build`.
fn known(workers: &[(&str, f64, u64, u64)]) -> Board {
    let names: Vec<&str> = workers.iter().map(|(name, ..)| *name).collect();
    let mut board = Board::of(&names);
    for (rule, (_, usd, ..)) in board.rules.workers.iter_mut().zip(workers) {
        rule.price = Some(Price { input: *usd, output: *usd });
    }
    let record = |(worker, _, answered, failed): &(&str, f64, u64, u64)| Imported {
        day: Day::parse("2026-11-01").unwrap(),
        worker: WorkerName::new(*worker),
        role: Role::new("implementer"),
        kind: Kind::new("build"),
        tally: Tally { attempts: answered + failed, answered: *answered, failed: *failed, ..Tally::default() },
    };
    let (at, by, file, hash) = (board.now, "anna".to_owned(), "metrics.json".to_owned(), "hash".to_owned());
    let records = workers.iter().map(record).collect();
    board.take(Input::ImportRecords { at, by, file, hash, records }).unwrap();
    board
}

fn first(board: &mut Board, id: &str) -> String {
    board.build(id, Mode::Simple);
    board.steps(id)[0].clone()
}

#[test]
fn the_cheapest_worker_that_is_reliable_on_the_kind_comes_first_and_it_is_said() {
    let mut board = known(&[("strong", 10.0, 50, 0), ("middling", 2.0, 60, 1), ("cheap", 0.5, 30, 20)]);
    assert_eq!(first(&mut board, "t"), "make: middling");
    let why = "selection: middling first, 60 of 61 on build (at least 93 %, 95 % sure) at $2.00 instead of strong's $10.00 per million tokens";
    assert!(board.why("t").iter().any(|line| line == why), "{:?}", board.why("t"));
    board.fail("t#1", FailureClass::RequestRefused);
    assert_eq!(board.running(), ["t#2 strong"], "who was first is the next to be asked");
}

#[test]
fn without_enough_outcomes_or_a_known_price_the_order_stands() {
    let mut few = known(&[("strong", 10.0, 50, 0), ("cheap", 0.5, 19, 0)]);
    few.rules.selection.explore = 0.0;
    assert_eq!(first(&mut few, "t"), "make: strong", "nineteen are fewer than twenty");
    let mut unpriced = known(&[("strong", 10.0, 50, 0), ("cheap", 0.5, 50, 0)]);
    unpriced.rules.workers[1].price = None;
    assert_eq!(first(&mut unpriced, "t"), "make: strong");
    let mut off = known(&[("strong", 10.0, 50, 0), ("cheap", 0.5, 50, 0)]);
    off.rules.selection.cheapest = false;
    assert_eq!(first(&mut off, "t"), "make: strong");
    let mut fresh = Board::of(&["strong", "cheap"]);
    assert_eq!(first(&mut fresh, "t"), "make: strong");
}

#[test]
fn a_cheaper_worker_that_is_not_known_is_tried_now_and_then_and_never_when_it_matters() {
    let mut board = known(&[("strong", 10.0, 50, 0), ("new", 0.5, 0, 0)]);
    board.rules.limits.open_tasks_max = 10_000;
    let tried = |board: &mut Board, number: u32| first(board, &format!("t{number}")) == "make: new";
    let share = (0..500).filter(|number| tried(&mut board, *number)).count();
    assert!((20..90).contains(&share), "{share} of 500 at a tenth");
    for number in 0..100 {
        let id = format!("high{number}");
        board.offer(&id, |spec| spec.priority = Priority::High).unwrap();
        assert_eq!(board.steps(&id)[0], "make: strong");
    }
}

fn reviewed(priority: Priority) -> Board {
    let mut board = Board::of(&["a", "b", "c", "d", "e"]);
    board.rules.limits.concurrent_calls_max = 10;
    board.rules.consensus.early_stop = true;
    let review = |spec: &mut crate::board::TaskSpec| {
        (spec.kind, spec.mode, spec.priority) = (Some(Kind::new("review")), Mode::Architectural, priority);
    };
    board.offer("t", review).unwrap();
    board.pass(secs(1));
    board
}

#[test]
fn calls_that_can_no_longer_change_a_vote_are_ended() {
    let mut board = reviewed(Priority::Normal);
    for number in 1..=4 {
        board.answer_with(&format!("t#{number}"), Stance::Reject);
    }
    let stopped = board
        .story()
        .into_iter()
        .any(|line| line == "fail t#5: cancelled, not waited for: the vote could no longer change");
    assert!(stopped, "four of five reject");
    let decision = board.state.tasks[&task("t")].phase.decision().unwrap().clone();
    assert_eq!(decision.verdict, Stance::Reject);
}

#[test]
fn approvals_that_one_rejection_could_not_turn_are_settled_too() {
    let mut board = reviewed(Priority::Normal);
    for number in 1..=4 {
        board.answer_with(&format!("t#{number}"), Stance::Approve);
    }
    assert_eq!(board.running(), Vec::<String>::new());
    assert_eq!(board.state.tasks[&task("t")].phase.decision().unwrap().verdict, Stance::Approve);
}

#[test]
fn a_vote_that_one_more_could_change_waits_for_it_and_so_does_a_critical_one() {
    let mut open = reviewed(Priority::Normal);
    open.answer_with("t#1", Stance::Approve);
    open.answer_with("t#2", Stance::Reject);
    open.answer_with("t#3", Stance::Approve);
    open.answer_with("t#4", Stance::Approve);
    assert_eq!(open.running(), ["t#5 e"], "one more rejection would make it a conflict");
    let mut critical = reviewed(Priority::Critical);
    for number in 1..=4 {
        critical.answer_with(&format!("t#{number}"), Stance::Reject);
    }
    assert_eq!(critical.running(), ["t#5 e"]);
    let mut off = reviewed(Priority::Normal);
    off.rules.consensus.early_stop = false;
    for number in 1..=4 {
        off.answer_with(&format!("t#{number}"), Stance::Reject);
    }
    assert_eq!(off.running(), ["t#5 e"]);
}
