//! When the state must be woken: each alarm rings once, and none is missed.

use super::harness::{Board, attempt, names, secs, task};
use crate::board::{FailureClass, Input, Mode, Phase, Priority};
use std::time::Duration;

#[test]
fn nothing_rings_while_nothing_waits() {
    let mut board = Board::of(&["a"]);
    assert_eq!(board.ring(), None);
    board.build("t", Mode::Simple);
    board.answer("t#1");
    assert_eq!(board.ring(), None, "an ended task wants nothing");
}

#[test]
fn a_running_call_rings_once_its_time_and_the_grace_are_over() {
    let mut board = Board::of(&["a"]);
    board.build("t", Mode::Simple);
    board.story();
    assert_eq!(board.ring(), Some(secs(70)), "60 s and 10 s of grace");
    assert_eq!(
        board.story(),
        [
            "fail t#1: timeout, no report came within its time",
            "end t: failed, no worker gave an answer (a: no report came within its time)"
        ]
    );
    assert_eq!(board.ring(), None);
}

#[test]
fn a_report_within_the_grace_counts() {
    let mut board = Board::of(&["a"]);
    board.build("t", Mode::Simple);
    board.pass(secs(69));
    board.answer("t#1");
    assert_eq!(board.phase("t"), "done");
}

#[test]
fn a_pause_that_ends_between_deciding_and_looking_still_rings() {
    let mut board = Board::of(&["a"]);
    board.build("t", Mode::Simple);
    board.fail("t#1", FailureClass::Transient);
    // Storing took long: when the loop looks for its next alarm the pause is over already.
    board.now = board.now.after(secs(5));
    assert_eq!(board.ring(), Some(Duration::ZERO), "the alarm lies in the past and rings at once");
    assert_eq!(board.running(), ["t#2 a"]);
}

#[test]
fn a_rest_that_ends_between_deciding_and_looking_still_rings() {
    let mut board = Board::of(&["a"]);
    board.build("t", Mode::Simple);
    board.fail("t#1", FailureClass::RateLimited { retry_after: Some(secs(1)) });
    board.build("u", Mode::Simple);
    board.now = board.now.after(secs(2));
    assert_eq!(board.ring(), Some(Duration::ZERO));
    assert_eq!(board.running(), ["t#2 a"], "one call tries whether the worker is well");
    board.answer("t#2");
    assert_eq!(board.running(), ["u#1 a"]);
}

#[test]
fn what_waits_for_a_slot_does_not_ring() {
    let mut board = Board::of(&["a"]);
    board.rules.workers[0].max_concurrent = 1;
    board.build("t", Mode::Simple);
    board.build("u", Mode::Simple);
    assert_eq!(board.state.next_alarm(&board.rules), Some(board.now.after(secs(70))), "only the call that runs");
    board.pass(secs(1));
    assert_eq!(board.state.next_alarm(&board.rules), Some(board.now.after(secs(69))));
}

#[test]
fn a_rest_that_is_over_does_not_ring_again_while_its_probe_runs() {
    let mut board = Board::of(&["a"]);
    board.build("t", Mode::Simple);
    board.fail("t#1", FailureClass::RateLimited { retry_after: Some(secs(1)) });
    board.build("u", Mode::Simple);
    board.ring();
    assert_eq!(board.running(), ["t#2 a"]);
    assert_eq!(board.state.next_alarm(&board.rules), Some(board.now.after(secs(70))), "u waits for the probe");
}

#[test]
fn the_clock_may_go_back() {
    let mut board = Board::of(&["a"]);
    board.build("t", Mode::Simple);
    board.fail("t#1", FailureClass::RateLimited { retry_after: Some(secs(30)) });
    let end = board.now.after(secs(30));
    board.now = crate::board::Timestamp(board.now.0 - 3_600_000);
    board.take(Input::Tick { at: board.now }).unwrap();
    assert_eq!(board.running(), [""; 0]);
    assert_eq!(board.state.next_alarm(&board.rules), Some(end));
    board.ring();
    assert_eq!(board.running(), ["t#2 a"]);
}

#[test]
fn a_tasks_time_ends_what_runs_and_what_waits_and_rings_once() {
    let mut board = Board::of(&["a", "b"]);
    board.rules.workers[1].max_concurrent = 0;
    board.offer("t", |spec| (spec.models, spec.timeout) = (names(&["a", "b"]), Some(secs(20)))).unwrap();
    board.story();
    assert_eq!(board.ring(), Some(secs(20)));
    assert_eq!(
        board.story(),
        [
            "fail t#1: timeout, the task's time was up",
            "fail t#2: cancelled, the task's time was up before it started",
            "end t: failed, no worker gave an answer (a: the task's time was up; b: the task's time was up before it started)",
        ]
    );
    assert_eq!(board.ring(), None);
}

#[test]
fn what_was_answered_before_the_time_was_up_is_decided_on() {
    let mut board = Board::of(&["a", "b", "c"]);
    board.offer("t", |spec| (spec.mode, spec.timeout) = (Mode::Medium, Some(secs(20)))).unwrap();
    board.answer("t#1");
    board.story();
    board.ring();
    assert_eq!(board.story(), ["fail t#2: timeout, the task's time was up", "decide t", "end t: done"]);
}

#[test]
fn a_call_gets_no_more_time_than_its_task() {
    let mut board = Board::of(&["a"]);
    board.offer("short", |spec| spec.timeout = Some(secs(20))).unwrap();
    board.offer("long", |spec| spec.timeout = Some(secs(2000))).unwrap();
    let deadline = |id: &str| match board.state.tasks[&task(id)].attempts[&1].state {
        crate::board::AttemptState::Running { started, deadline } => deadline.since(started),
        _ => panic!("{id} does not run"),
    };
    assert_eq!((deadline("short"), deadline("long")), (secs(20), secs(60)));
}

#[test]
fn a_person_is_given_all_the_time_they_need() {
    let mut board = Board::of(&["a"]);
    board.offer("t", |spec| (spec.priority, spec.timeout) = (Priority::Critical, Some(secs(20)))).unwrap();
    board.answer("t#1");
    board.ring();
    board.pass(secs(1_000_000));
    assert!(matches!(board.state.tasks[&task("t")].phase, Phase::AwaitingPerson { .. }));
    assert_eq!(board.ring(), None);
}

#[test]
fn no_time_at_all_is_an_end_at_once() {
    let mut board = Board::of(&["a"]);
    board.offer("t", |spec| spec.timeout = Some(Duration::ZERO)).unwrap();
    assert_eq!(board.story(), ["accept t", "end t: failed, its time was up before it began"]);
}

#[test]
fn an_adopted_call_is_overdue_by_its_new_time() {
    let mut board = Board::of(&["a"]);
    board.build("t", Mode::Simple);
    board.now = board.now.after(secs(500));
    let (at, deadline) = (board.now, board.now.after(secs(30)));
    board.take(Input::Started { at }).unwrap();
    board.take(Input::Adopted { at, key: attempt("t#1"), deadline }).unwrap();
    assert_eq!(board.running(), ["t#1 a"], "a call that outlived the daemon is not given up before it is adopted");
    assert_eq!(board.ring(), Some(secs(40)));
    assert_eq!(board.phase("t"), "failed");
}

#[test]
fn alarms_are_the_same_after_a_restart() {
    let mut board = Board::of(&["a", "b"]);
    board.offer("t", |spec| spec.timeout = Some(secs(500))).unwrap();
    board.build("u", Mode::Simple);
    board.fail("u#1", FailureClass::Transient);
    let alarm = board.state.next_alarm(&board.rules);
    assert!(alarm.is_some());
    assert_eq!(board.replayed().next_alarm(&board.rules), alarm);
}
