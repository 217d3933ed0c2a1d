//! Which attempt starts next, and that the limits on calls hold.

use super::harness::{Board, names, secs};
use crate::board::{FailureClass, Mode, Priority, Refusal};

#[test]
fn higher_priority_first_then_the_older_task() {
    let mut board = Board::of(&["a"]);
    board.rules.workers[0].max_concurrent = 1;
    board.build("running", Mode::Simple);
    for (id, priority) in [
        ("old-low", Priority::Low),
        ("old-normal", Priority::Normal),
        ("high", Priority::High),
        ("new-normal", Priority::Normal),
        ("critical", Priority::Critical),
    ] {
        board.now = board.now.after(secs(1));
        board.offer(id, |spec| (spec.priority, spec.models) = (priority, names(&["a"]))).unwrap();
    }
    let mut order = Vec::new();
    while let Some(running) = board.running().pop() {
        let key = running.split(' ').next().unwrap().to_owned();
        order.push(key.clone());
        board.answer(&key);
    }
    assert_eq!(order, ["running#1", "critical#1", "high#1", "old-normal#1", "new-normal#1", "old-low#1"]);
}

#[test]
fn calls_are_limited_by_worker_and_in_all() {
    // (calls at once in all, of each worker, tasks for a, tasks for b, calls that run of a and of b)
    type Row = (u32, u32, usize, usize, (u32, u32));
    let table: &[Row] = &[
        (10, 2, 5, 5, (2, 2)),
        (3, 2, 5, 5, (2, 1)),
        (1, 2, 5, 5, (1, 0)),
        (10, 3, 1, 5, (1, 3)),
        (4, 10, 0, 9, (0, 4)),
        (0, 2, 3, 3, (0, 0)),
    ];
    for (all, each, for_a, for_b, expected) in table {
        let mut board = Board::of(&["a", "b"]);
        board.rules.limits.concurrent_calls_max = *all;
        board.rules.workers.iter_mut().for_each(|worker| worker.max_concurrent = *each);
        let tasks = std::iter::repeat_n("a", *for_a).chain(std::iter::repeat_n("b", *for_b));
        for (number, worker) in tasks.enumerate() {
            board.offer(&format!("{worker}{number}"), |spec| spec.models = names(&[worker])).unwrap();
        }
        let of = |name: &str| board.state.running_of(&crate::board::WorkerName::new(name));
        assert_eq!((of("a"), of("b")), *expected, "{all} in all, {each} each");
        assert_eq!(board.state.running(), expected.0 + expected.1);
    }
}

#[test]
fn a_slot_that_comes_free_is_filled_in_the_same_breath() {
    let mut board = Board::of(&["a"]);
    board.rules.workers[0].max_concurrent = 1;
    board.build("t", Mode::Simple);
    board.build("u", Mode::Simple);
    board.story();
    board.answer("t#1");
    assert_eq!(board.story(), ["answer t#1", "decide t", "end t: done", "start u#1"]);
}

#[test]
fn a_pausing_attempt_does_not_hold_up_those_behind_it() {
    let mut board = Board::of(&["a"]);
    board.rules.workers[0].max_concurrent = 1;
    board.offer("first", |spec| spec.priority = Priority::High).unwrap();
    board.build("second", Mode::Simple);
    board.fail("first#1", FailureClass::Transient);
    assert_eq!(board.running(), ["second#1 a"]);
    board.pass(secs(5));
    board.answer("second#1");
    assert_eq!(board.running(), ["first#2 a"], "it is first again once its pause is over");
}

#[test]
fn a_busy_worker_does_not_hold_up_another() {
    let mut board = Board::of(&["a", "b"]);
    for number in 0..5 {
        board.offer(&format!("a{number}"), |spec| spec.models = names(&["a"])).unwrap();
    }
    board.offer("late", |spec| (spec.models, spec.priority) = (names(&["b"]), Priority::Low)).unwrap();
    assert_eq!(board.running(), ["a0#1 a", "a1#1 a", "late#1 b"]);
}

#[test]
fn a_full_board_refuses_but_takes_what_others_wait_for() {
    let mut board = Board::of(&["a"]);
    board.rules.limits.open_tasks_max = 2;
    for id in ["one", "two"] {
        board.offer(id, |spec| spec.depends_on = vec![super::harness::task("base")]).unwrap();
    }
    assert_eq!(board.offer("other", |_| {}), Err(Refusal::Busy { open: 2 }));
    assert!(board.state.is_awaited(&super::harness::task("base")));
    board.build("base", Mode::Simple);
    assert!(!board.state.is_awaited(&super::harness::task("base")), "it is here");
    for key in ["base#1", "one#1", "two#1"] {
        board.answer(key);
    }
    assert_eq!(board.state.open(), 0, "they did not wait for each other");
    board.offer("other", |_| {}).unwrap();
}

#[test]
fn the_same_bytes_are_one_task_while_the_first_is_open() {
    let mut board = Board::of(&["a"]);
    board.build("t", Mode::Simple);
    let again = |board: &Board| {
        let mut offer = board.an_offer("t-2", |_| {});
        offer.source = board.an_offer("t", |_| {}).source;
        crate::board::Input::Offer(Box::new(offer))
    };
    let input = again(&board);
    assert_eq!(board.take(input), Err(Refusal::Duplicate { of: super::harness::task("t") }));
    board.answer("t#1");
    let input = again(&board);
    board.take(input).unwrap();
    assert_eq!(board.phase("t-2"), "working");
}

#[test]
fn an_id_that_is_taken_never_replaces_a_task() {
    let mut board = Board::of(&["a"]);
    board.build("t", Mode::Simple);
    let mut offer = board.an_offer("t", |_| {});
    offer.source = board.an_offer("u", |_| {}).source;
    let taken = board.take(crate::board::Input::Offer(Box::new(offer)));
    assert_eq!(taken, Err(Refusal::Duplicate { of: super::harness::task("t") }));
    assert_eq!(board.running(), ["t#1 a"]);
}

/// Thousands of attempts that pause must not make each start slower: the work is counted, not timed.
#[test]
fn thousands_of_paused_attempts_leave_the_queue_short() {
    let mut board = Board::of(&["a"]);
    board.rules.limits.open_tasks_max = 10_000;
    board.rules.limits.failures_before_rest = u32::MAX;
    for number in 0..2_000 {
        let id = format!("t{number}");
        board.build(&id, Mode::Simple);
        board.fail(&format!("{id}#1"), FailureClass::Transient);
    }
    let queue = &board.state.index.waiting[&crate::board::WorkerName::new("a")];
    assert_eq!((queue.ready.len(), queue.paused.len()), (0, 2_000));
    board.pass(secs(10));
    let queue = &board.state.index.waiting[&crate::board::WorkerName::new("a")];
    assert_eq!((queue.ready.len(), queue.paused.len()), (1_998, 0));
}
