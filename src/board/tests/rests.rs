//! The circuit breaker: when a worker rests, for how long, and what ends it.

use super::harness::{Board, names, secs};
use crate::board::state::{Health, Resting};
use crate::board::{FailureClass, Input, Mode, Timestamp, WorkerName};

fn limited(seconds: Option<u64>) -> FailureClass {
    FailureClass::RateLimited { retry_after: seconds.map(secs) }
}

/// `count` single-worker tasks for a, all of which run.
fn many(count: u32) -> Board {
    let mut board = Board::of(&["a"]);
    board.rules.workers[0].max_concurrent = count;
    board.rules.limits.concurrent_calls_max = count;
    board.rules.limits.retries_max = 0;
    for number in 0..count {
        board.build(&format!("t{number}"), Mode::Simple);
    }
    board
}

fn health(board: &Board) -> Option<&Health> {
    board.state.globals.health.get(&WorkerName::new("a"))
}

fn rest(board: &Board) -> Resting {
    health(board).map(|health| health.rest.clone()).unwrap_or_default()
}

fn until(at: Timestamp) -> Resting {
    Resting::Until { at }
}

#[test]
fn failures_in_a_row_make_a_rest_and_only_some_classes_count() {
    let table: &[(&[FailureClass], Option<u32>, bool)] = &[
        (&[FailureClass::Transient, FailureClass::Transient], Some(2), false),
        (&[FailureClass::Transient, FailureClass::Timeout, FailureClass::Transient], Some(3), true),
        (&[FailureClass::RequestRefused, FailureClass::RequestRefused, FailureClass::RequestRefused], None, false),
        (&[FailureClass::Interrupted, FailureClass::Interrupted, FailureClass::Interrupted], None, false),
        (&[FailureClass::Transient, FailureClass::RequestRefused, FailureClass::Transient], Some(2), false),
    ];
    for (failures, count, rests) in table {
        let mut board = many(3);
        for (number, class) in failures.iter().enumerate() {
            board.fail(&format!("t{number}#1"), class.clone());
        }
        assert_eq!(health(&board).map(|health| health.failures_in_a_row), *count, "{failures:?}");
        assert_eq!(rest(&board) != Resting::Awake, *rests, "{failures:?}");
    }
}

#[test]
fn calls_that_fail_together_make_one_rest() {
    let mut board = many(8);
    for number in 0..8 {
        board.fail(&format!("t{number}#1"), FailureClass::Transient);
    }
    assert_eq!(rest(&board), until(board.now.after(secs(30))), "not doubled by those that began before");
    assert_eq!(health(&board).unwrap().rests_in_a_row, 1);
}

#[test]
fn a_rest_doubles_with_each_probe_that_fails_up_to_its_limit() {
    let mut board = many(3);
    for number in 0..3 {
        board.fail(&format!("t{number}#1"), FailureClass::Transient);
    }
    let mut rests = Vec::new();
    for number in 0..7 {
        let id = format!("probe{number}");
        board.build(&id, Mode::Simple);
        assert_eq!(board.running(), [""; 0], "nothing starts while it rests");
        rests.push(board.ring().unwrap().as_secs());
        assert_eq!(board.running(), [format!("{id}#1 a")]);
        board.fail(&format!("{id}#1"), FailureClass::Transient);
    }
    assert_eq!(rests, [30, 60, 120, 240, 480, 600, 600]);
}

#[test]
fn after_a_rest_one_call_tries_it_and_a_success_frees_all_slots() {
    let mut board = many(4);
    for number in 0..3 {
        board.fail(&format!("t{number}#1"), FailureClass::Transient);
    }
    board.answer("t3#1");
    for number in 4..8 {
        board.build(&format!("t{number}"), Mode::Simple);
    }
    board.ring();
    assert_eq!(board.running(), ["t4#1 a"]);
    board.answer("t4#1");
    assert_eq!(board.running(), ["t5#1 a", "t6#1 a", "t7#1 a"]);
    assert_eq!(health(&board), None, "it is well again");
}

#[test]
fn a_probe_that_says_nothing_of_the_worker_leaves_it_on_one_call() {
    let mut board = many(3);
    for number in 0..3 {
        board.fail(&format!("t{number}#1"), FailureClass::Transient);
    }
    for number in 3..6 {
        board.build(&format!("t{number}"), Mode::Simple);
    }
    board.ring();
    board.fail("t3#1", FailureClass::RequestRefused);
    assert_eq!(board.running(), ["t4#1 a"], "the next one probes");
    board.cancel("t4").unwrap();
    assert_eq!(board.running(), ["t5#1 a"], "a cancelled probe does not hold the worker");
}

#[test]
fn a_success_from_before_a_rest_does_not_end_it() {
    let mut board = many(2);
    board.fail("t0#1", limited(Some(40)));
    board.pass(secs(5));
    board.answer("t1#1");
    assert_eq!(rest(&board), until(board.now.after(secs(35))));
    board.build("next", Mode::Simple);
    assert_eq!(board.running(), [""; 0]);
    assert_eq!(board.ring(), Some(secs(35)));
    assert_eq!(board.running(), ["next#1 a"]);
}

#[test]
fn rests_are_only_ever_made_longer() {
    // (failures one second apart, seconds until it may be asked, from the last of them)
    let table: &[(&[FailureClass], u64)] = &[
        (&[limited(Some(40)), limited(Some(5))], 39),
        (&[limited(Some(5)), limited(Some(40))], 40),
        (&[limited(Some(5)), limited(None)], 4),
        (&[limited(None), limited(None)], 14),
        (&[limited(Some(40)), FailureClass::Transient, FailureClass::Transient, FailureClass::Transient], 37),
        (&[limited(Some(1)), limited(Some(0)), limited(Some(7))], 7),
    ];
    for (failures, seconds) in table {
        let mut board = many(4);
        for (number, class) in failures.iter().enumerate() {
            if number > 0 {
                board.pass(secs(1));
            }
            board.fail(&format!("t{number}#1"), class.clone());
        }
        assert_eq!(rest(&board), until(board.now.after(secs(*seconds))), "{failures:?}");
    }
}

#[test]
fn a_retry_after_of_years_is_believed_for_a_day() {
    let mut board = many(1);
    board.fail("t0#1", limited(Some(u64::MAX / 1000)));
    assert_eq!(rest(&board), until(board.now.after(secs(24 * 60 * 60))));
}

#[test]
fn rate_limits_without_a_time_double_their_rest() {
    let mut board = many(1);
    let mut rests = Vec::new();
    for number in 0..8 {
        board.fail(&format!("t{number}#1"), limited(None));
        board.build(&format!("t{}", number + 1), Mode::Simple);
        rests.push(board.ring().unwrap().as_secs());
    }
    assert_eq!(rests, [15, 30, 60, 120, 240, 480, 600, 600]);
}

#[test]
fn a_block_stands_until_the_daemon_starts_or_a_call_succeeds() {
    let mut board = many(6);
    board.fail("t0#1", FailureClass::WorkerBlocked);
    let blocked = Resting::Blocked { why: "it broke".to_owned() };
    assert_eq!(rest(&board), blocked);
    board.fail("t1#1", limited(Some(1)));
    assert_eq!(rest(&board), blocked, "a late rate limit does not turn a block into a short rest");
    for number in 2..5 {
        board.fail(&format!("t{number}#1"), FailureClass::Transient);
    }
    assert_eq!(rest(&board), blocked, "nor do late failures");
    board.answer("t5#1");
    assert_eq!(rest(&board), Resting::Awake, "its key works after all");

    let mut board = many(1);
    board.fail("t0#1", FailureClass::WorkerBlocked);
    board.take(Input::Started { at: board.now }).unwrap();
    assert_eq!(rest(&board), Resting::Awake);
}

#[test]
fn a_rest_outlives_the_daemon() {
    let mut board = many(1);
    board.fail("t0#1", limited(Some(40)));
    board.take(Input::Started { at: board.now }).unwrap();
    assert_eq!(rest(&board), until(board.now.after(secs(40))));
}

#[test]
fn those_who_wait_for_a_worker_that_is_blocked_are_given_up_at_once() {
    let mut board = Board::of(&["a", "b"]);
    board.rules.workers[0].max_concurrent = 1;
    board.offer("one", |spec| spec.models = names(&["a"])).unwrap();
    board.offer("two", |spec| spec.models = names(&["a"])).unwrap();
    board.build("three", Mode::Simple);
    board.story();
    board.fail("one#1", FailureClass::WorkerBlocked);
    let plot = board.plot();
    assert!(plot.contains(&"plan three#2: make/0 b".to_owned()), "{plot:?}");
    assert_eq!((board.phase("one"), board.phase("two")), ("failed", "failed"));
}

#[test]
fn a_tasks_own_time_says_nothing_of_its_worker() {
    let mut board = Board::of(&["a"]);
    board.rules.limits.failures_before_rest = 1;
    board.offer("t", |spec| spec.timeout = Some(secs(5))).unwrap();
    board.pass(secs(5));
    assert_eq!(board.phase("t"), "failed");
    assert_eq!(health(&board), None);
    // The call's own report may come first.
    board.offer("u", |spec| spec.timeout = Some(secs(5))).unwrap();
    board.now = board.now.after(secs(5));
    board.fail("u#1", FailureClass::Timeout);
    assert_eq!(health(&board), None);
}

#[test]
fn calls_lost_together_count_one_by_one() {
    let mut board = many(3);
    board.pass(secs(70));
    assert_eq!(health(&board).map(|health| health.failures_in_a_row), Some(3));
    assert_eq!(rest(&board), until(board.now.after(secs(30))), "the third lost call rests it");
}
