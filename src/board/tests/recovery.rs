//! What follows a failure: the same worker again, another one, or an end.

use super::harness::{Board, START, attempt, names, secs, task, written};
use crate::board::recovery::backoff;
use crate::board::{AttemptKey, FailureClass, Input, Mode, Timestamp};
use proptest::prelude::*;
use std::time::Duration;

fn limited(seconds: u64) -> FailureClass {
    FailureClass::RateLimited { retry_after: Some(secs(seconds)) }
}

#[test]
fn each_class_of_failure_has_its_own_answer() {
    let table: &[(FailureClass, &[&str])] = &[
        (FailureClass::Transient, &["fail t#1: transient, it broke", "plan t#2: make/0 a, try 2, in 1.4 s"]),
        (limited(20), &["fail t#1: rate_limited, it broke, rests 20 s", "plan t#2: make/0 a, try 2, in 20.0 s"]),
        (limited(61), &["fail t#1: rate_limited, it broke, rests 61 s", "plan t#2: make/0 b"]),
        (
            FailureClass::RateLimited { retry_after: None },
            &["fail t#1: rate_limited, it broke, rests 15 s", "plan t#2: make/0 a, try 2, in 15.0 s"],
        ),
        (FailureClass::Timeout, &["fail t#1: timeout, it broke", "plan t#2: make/0 b"]),
        (FailureClass::RequestRefused, &["fail t#1: request_refused, it broke", "plan t#2: make/0 b"]),
        (FailureClass::WorkerBlocked, &["fail t#1: worker_blocked, it broke, blocked", "plan t#2: make/0 b"]),
        (FailureClass::Interrupted, &["fail t#1: interrupted, it broke", "plan t#2: make/0 a"]),
        (
            FailureClass::Cancelled,
            &["fail t#1: cancelled, it broke", "end t: failed, no worker gave an answer (a: it broke)"],
        ),
    ];
    for (class, expected) in table {
        let mut board = Board::of(&["a", "b"]);
        board.build("t", Mode::Simple);
        board.story();
        board.fail("t#1", class.clone());
        assert_eq!(board.plot(), *expected, "{}", class.as_str());
    }
}

#[test]
fn tries_are_counted_by_worker_and_the_chain_ends() {
    let mut board = Board::of(&["a", "b"]);
    board.rules.plans.recoveries_max = 0;
    board.build("t", Mode::Simple);
    let mut plot = board.plot();
    for number in 1..=4 {
        while board.running().is_empty() {
            board.ring().unwrap();
        }
        board.fail(&format!("t#{number}"), FailureClass::Transient);
        plot.extend(board.plot().into_iter().map(|line| line.split(", in").next().unwrap().to_owned()));
    }
    assert_eq!(
        plot,
        [
            "plan t#1: make/0 a",
            "fail t#1: transient, it broke",
            "plan t#2: make/0 a, try 2",
            "fail t#2: transient, it broke",
            "plan t#3: make/0 b",
            "fail t#3: transient, it broke",
            "plan t#4: make/0 b, try 2",
            "fail t#4: transient, it broke",
            "end t: failed, no worker gave an answer (a: it broke; a: it broke; b: it broke; b: it broke)",
        ]
    );
}

#[test]
fn interruptions_are_asked_again_and_count_as_no_try() {
    let mut board = Board::of(&["a", "b"]);
    board.build("t", Mode::Simple);
    for number in 1..=5 {
        board.fail(&format!("t#{number}"), FailureClass::Interrupted);
    }
    board.fail("t#6", FailureClass::Transient);
    let last = board.plot().pop().unwrap();
    assert!(last.starts_with("plan t#7: make/0 a, try 2"), "the one try that counts is still left: {last}");
}

#[test]
fn a_daemon_that_never_stays_up_does_not_ask_for_ever() {
    let mut board = Board::of(&["a"]);
    board.rules.limits.attempts_per_task_max = 4;
    board.build("t", Mode::Simple);
    for number in 1..=4 {
        board.fail(&format!("t#{number}"), FailureClass::Interrupted);
    }
    assert_eq!(board.phase("t"), "failed");
}

#[test]
fn attempts_never_exceed_the_limit_even_when_many_are_planned_at_once() {
    for limit in 1..=6u32 {
        let mut board = Board::of(&["a", "b", "c", "d", "e"]);
        board.rules.limits.attempts_per_task_max = limit;
        board.review("t", Mode::Architectural);
        let made = board.state.tasks[&task("t")].attempts.len();
        assert_eq!(made, limit.min(5) as usize);
        for number in 1..=made {
            board.answer(&format!("t#{number}"));
        }
        assert_eq!(board.phase("t"), "done", "what was answered is decided on");
    }
}

#[test]
fn a_fallback_sits_down_once_in_a_step() {
    let mut board = Board::of(&["a", "b", "c"]);
    board.build("t", Mode::Medium);
    board.story();
    board.fail("t#1", FailureClass::RequestRefused);
    board.fail("t#2", FailureClass::RequestRefused);
    assert_eq!(
        board.plot(),
        ["fail t#1: request_refused, it broke", "plan t#3: make/0 c", "fail t#2: request_refused, it broke",],
        "c takes one place; nobody is left for the other"
    );
    board.answer("t#3");
    assert_eq!(
        board.plot(),
        ["answer t#3", "plan t#4: check/0 a"],
        "c cannot check its own candidate, so one that failed at making is asked to check it"
    );
}

#[test]
fn a_seats_own_worker_gets_its_turn_when_it_has_rested() {
    let mut board = Board::of(&["a", "b"]);
    board.build("first", Mode::Simple);
    board.fail("first#1", limited(62));
    board.story();
    board.offer("second", |_| {}).unwrap();
    assert_eq!(board.plot(), ["plan second#1: make/0 b"], "a rests, b is awake");
    board.pass(secs(62));
    board.story();
    board.fail("second#1", FailureClass::RequestRefused);
    assert_eq!(board.plot(), ["fail second#1: request_refused, it broke", "plan second#2: make/0 a"]);
}

#[test]
fn a_retry_does_not_wait_for_a_long_rest_while_another_is_awake() {
    let mut board = Board::of(&["a", "b"]);
    board.rules.limits.failures_before_rest = 1;
    board.build("t", Mode::Simple);
    board.story();
    board.fail("t#1", FailureClass::Transient);
    assert_eq!(board.plot(), ["fail t#1: transient, it broke, rests 30 s", "plan t#2: make/0 b"]);
    board.fail("t#2", FailureClass::Transient);
    let plot = board.plot();
    assert!(plot[1].starts_with("plan t#3: make/0 b, try 2"), "nobody else is left, so b it is: {plot:?}");
}

#[test]
fn those_who_wait_for_a_worker_that_rests_long_are_given_to_another() {
    let mut board = Board::of(&["a", "b"]);
    board.rules.workers[0].max_concurrent = 1;
    board.offer("one", |spec| spec.models = names(&["a"])).unwrap();
    board.build("two", Mode::Simple);
    board.offer("three", |spec| spec.models = names(&["a"])).unwrap();
    board.story();
    board.fail("one#1", limited(3600));
    assert_eq!(
        board.story(),
        [
            "fail one#1: rate_limited, it broke, rests 3600 s",
            "end one: failed, no worker gave an answer (a: it broke)",
            "fail two#1: rate_limited, the worker rests until 2026-11-20T20:26:22Z",
            "plan two#2: make/0 b",
            "start two#2",
        ],
        "three names a alone and waits"
    );
    assert_eq!(board.phase("three"), "working");
    assert_eq!(board.ring(), Some(secs(70)), "b's call would be overdue first");
}

#[test]
fn a_step_goes_on_without_a_worker_that_rests_for_hours() {
    let mut board = Board::of(&["a", "b", "c"]);
    board.rules.workers[2].max_concurrent = 1;
    board.offer("one", |spec| spec.models = names(&["c"])).unwrap();
    board.review("t", Mode::Architectural);
    board.fail("one#1", limited(7200));
    board.answer("t#1");
    board.story();
    assert_eq!(board.phase("t"), "working", "b may still answer");
    board.answer("t#2");
    assert_eq!(
        board.story(),
        [
            "answer t#2",
            "fail t#3: rate_limited, the worker rests until 2026-11-20T21:26:22Z",
            "decide t",
            "end t: done",
        ]
    );
    let decision = board.state.tasks[&task("t")].phase.decision().unwrap();
    let failed: Vec<&str> = decision.failed_workers.iter().map(|failed| failed.worker.as_str()).collect();
    assert_eq!(failed, ["c"], "the decision names who is missing");
}

#[test]
fn a_short_rest_is_waited_for() {
    let mut board = Board::of(&["a", "b"]);
    board.rules.workers[1].max_concurrent = 1;
    board.offer("one", |spec| spec.models = names(&["b"])).unwrap();
    board.review("t", Mode::Architectural);
    board.fail("one#1", limited(50));
    board.answer("t#1");
    assert_eq!(board.phase("t"), "working");
    assert_eq!(board.ring(), Some(secs(50)));
    assert_eq!(board.running(), ["one#2 b"], "the older task first");
}

#[test]
fn a_worker_taken_out_of_the_settings_holds_nothing() {
    let mut board = Board::of(&["a", "b"]);
    board.rules.workers[0].max_concurrent = 0;
    board.build("t", Mode::Simple);
    board.offer("named", |spec| spec.models = names(&["a"])).unwrap();
    board.story();
    board.rules.workers.remove(0);
    board.state = board.replayed();
    board.take(Input::Started { at: board.now }).unwrap();
    assert_eq!(
        board.story(),
        [
            "started",
            "fail named#1: request_refused, the worker is no longer configured",
            "end named: failed, no worker gave an answer (a: the worker is no longer configured)",
            "fail t#1: request_refused, the worker is no longer configured",
            "plan t#2: make/0 b",
            "start t#2",
        ]
    );
}

#[test]
fn who_only_looks_judges_no_worker() {
    let mut board = Board::of(&["a"]);
    board.rules.workers[0].max_concurrent = 0;
    board.build("t", Mode::Simple);
    board.story();
    board.rules.workers.clear();
    board.rules.limits.concurrent_calls_max = 0;
    board.take(Input::Started { at: board.now }).unwrap();
    assert_eq!(board.story(), ["started"]);
}

#[test]
fn a_failed_step_takes_what_builds_on_it_down_and_nothing_else() {
    let mut board = Board::of(&["a"]);
    board.rules.plans.recoveries_max = 0;
    let plan = written(&[
        ("left", &[], 1, false),
        ("right", &[], 1, false),
        ("after-left", &["left"], 1, false),
        ("after-right", &["right"], 1, false),
    ]);
    board.offer("t", |spec| spec.plan = Some(plan)).unwrap();
    board.story();
    board.fail("t#1", FailureClass::RequestRefused);
    board.answer("t#2");
    board.answer("t#3");
    assert_eq!(
        board.plot(),
        [
            "fail t#1: request_refused, it broke",
            "answer t#2",
            "plan t#3: after-right/0 a",
            "answer t#3",
            "decide t, a person must answer",
        ]
    );
}

proptest! {
    #[test]
    fn a_pause_lies_between_half_of_its_ceiling_and_the_whole(
        name in "[a-z]{1,12}", number in 1u32..1000, tries in 0u32..40, first in 1u64..5_000, max in 5_000u64..600_000,
    ) {
        let mut limits = Board::of(&["a"]).rules.limits;
        limits.backoff_first = Duration::from_millis(first);
        limits.backoff_max = Duration::from_millis(max);
        let key = AttemptKey { task: task(&name), number };
        let pause = backoff(&limits, &key, tries);
        let doubled = u128::from(first) << tries.min(20);
        let ceiling = u64::try_from(doubled.min(u128::from(max))).unwrap();
        let ceiling = Duration::from_millis(ceiling);
        prop_assert!(pause <= ceiling && pause + Duration::from_nanos(1) >= ceiling / 2, "{pause:?} of {ceiling:?}");
        prop_assert_eq!(pause, backoff(&limits, &key, tries), "the same attempt pauses the same");
    }
}

#[test]
fn pauses_of_a_burst_are_spread() {
    let limits = Board::of(&["a"]).rules.limits;
    let pauses: Vec<u128> =
        (0..200).map(|number| backoff(&limits, &attempt(&format!("task-{number}#1")), 0).as_millis()).collect();
    for quarter in 0..4 {
        let from = 1000 + quarter * 250;
        let inside = pauses.iter().filter(|pause| (from..from + 250).contains(*pause)).count();
        assert!((20..=80).contains(&inside), "{inside} of 200 pauses lie in quarter {quarter}");
    }
}

#[test]
fn a_moment_saturates_instead_of_wrapping() {
    assert_eq!(START.after(Duration::MAX), Timestamp(i64::MAX));
    assert_eq!(Timestamp(i64::MIN).since(Timestamp(i64::MAX)), Duration::ZERO);
}

/// A task that `slow` begins, with an outside agent and `other` behind it.
fn agent_behind(workers: &[&str]) -> Board {
    let mut board = Board::of(workers);
    for rule in &mut board.rules.workers {
        rule.outside = rule.name.as_str() == "agent";
        rule.tier = if rule.name.as_str() == "auto" { 2 } else { 4 };
    }
    board.build("t", Mode::Simple);
    board.story();
    board
}

#[test]
fn somebody_outside_takes_a_place_only_when_no_automated_worker_comes_soon() {
    let mut board = agent_behind(&["slow", "agent", "auto"]);
    board.fail("t#1", FailureClass::Timeout);
    assert_eq!(board.plot()[1..], ["plan t#2: make/0 auto"], "stronger, but nobody has to wait for a person");
    board.fail("t#2", FailureClass::RequestRefused);
    assert_eq!(board.plot()[1..], ["plan t#3: make/0 agent"], "nobody else is left");

    // One that sleeps for less than a retry would pause is waited for; one that sleeps for an hour is not.
    for (seconds, next) in [(50, "auto"), (3600, "agent")] {
        let mut board = agent_behind(&["slow", "agent", "auto"]);
        board.offer("other", |spec| spec.models = names(&["auto"])).unwrap();
        board.fail("other#1", limited(seconds));
        board.fail("t#1", FailureClass::Timeout);
        let plot = board.plot();
        assert!(plot.iter().any(|line| line.starts_with(&format!("plan t#2: make/0 {next}"))), "{plot:?}");
    }

    // A retry that has to wait a little is worth more than a day of waiting.
    let mut board = agent_behind(&["slow", "agent"]);
    board.rules.limits.failures_before_rest = 1;
    board.fail("t#1", FailureClass::Transient);
    let plot = board.plot();
    assert!(plot[1].starts_with("plan t#2: make/0 slow, try 2"), "{plot:?}");
}
