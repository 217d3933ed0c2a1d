//! Tasks that wait for other tasks.

use super::harness::{Board, secs, task};
use crate::board::{FailureClass, Input, Mode, Reason, Refusal};

/// A simple task that needs these first.
fn after(board: &mut Board, id: &str, on: &[&str]) -> Result<(), Refusal> {
    board.offer(id, |spec| spec.depends_on = on.iter().map(|on| task(on)).collect())
}

#[test]
fn a_task_begins_when_all_it_needs_have_ended_well() {
    let mut board = Board::of(&["a"]);
    board.build("one", Mode::Simple);
    board.build("two", Mode::Simple);
    after(&mut board, "last", &["one", "two", "one"]).unwrap();
    assert_eq!(board.phase("last"), "waiting");
    board.answer("two#1");
    assert_eq!(board.phase("last"), "waiting");
    board.story();
    board.answer("one#1");
    assert_eq!(
        board.story(),
        [
            "answer one#1",
            "decide one",
            "end one: done",
            "tell last: one ended well",
            "plan last#1: make/0 a",
            "start last#1"
        ]
    );
}

#[test]
fn what_has_ended_already_is_not_waited_for() {
    let mut board = Board::of(&["a"]);
    let mut offer = board.an_offer("last", |spec| spec.depends_on = vec![task("one")]);
    offer.ended.insert(task("one"), true);
    board.take(Input::Offer(Box::new(offer))).unwrap();
    assert_eq!(board.phase("last"), "working");
}

#[test]
fn what_has_ended_badly_is_refused_by_name() {
    let mut board = Board::of(&["a"]);
    let mut offer = board.an_offer("last", |spec| spec.depends_on = vec![task("one")]);
    offer.ended.insert(task("one"), false);
    let reason = Reason {
        what: "`depends_on` names one, which has ended without success".to_owned(),
        line: None,
        mend: "run that task again and name the new one, or take it out".to_owned(),
    };
    assert_eq!(board.take(Input::Offer(Box::new(offer))), Err(Refusal::Unacceptable(reason)));
}

#[test]
fn a_task_may_need_one_that_nobody_has_dropped_yet() {
    let mut board = Board::of(&["a"]);
    after(&mut board, "last", &["later"]).unwrap();
    assert_eq!(board.ring(), None, "it waits without a clock");
    board.build("later", Mode::Simple);
    board.answer("later#1");
    assert_eq!(board.phase("last"), "working");
}

#[test]
fn circles_are_refused_however_long() {
    let mend = "take one of the two dependencies out".to_owned();
    let circle =
        |what: &str| Err(Refusal::Unacceptable(Reason { what: what.to_owned(), line: None, mend: mend.clone() }));
    let mut board = Board::of(&["a"]);
    assert_eq!(
        after(&mut board, "t", &["t"]),
        circle("`depends_on` makes a circle: t waits for t, which waits for it in turn")
    );
    after(&mut board, "t1", &["t2"]).unwrap();
    after(&mut board, "t2", &["t3", "elsewhere"]).unwrap();
    assert_eq!(
        after(&mut board, "t3", &["other", "t1"]),
        circle("`depends_on` makes a circle: t3 waits for t1, which waits for it in turn")
    );
    after(&mut board, "t3", &["other"]).unwrap();
}

#[test]
fn a_diamond_is_no_circle() {
    let mut board = Board::of(&["a"]);
    board.build("top", Mode::Simple);
    after(&mut board, "left", &["top"]).unwrap();
    after(&mut board, "right", &["top"]).unwrap();
    after(&mut board, "bottom", &["left", "right"]).unwrap();
    for key in ["top#1", "left#1", "right#1", "bottom#1"] {
        board.answer(key);
    }
    assert_eq!(board.phase("bottom"), "done");
}

#[test]
fn a_chain_of_failures_names_each_task_in_turn() {
    let mut board = Board::of(&["a"]);
    board.build("one", Mode::Simple);
    after(&mut board, "two", &["one"]).unwrap();
    after(&mut board, "three", &["two"]).unwrap();
    board.story();
    board.fail("one#1", FailureClass::RequestRefused);
    assert_eq!(
        board.story(),
        [
            "fail one#1: request_refused, it broke",
            "end one: failed, no worker gave an answer (a: it broke)",
            "tell two: one ended badly",
            "end two: failed, one was needed first and failed: no worker gave an answer (a: it broke)",
            "tell three: two ended badly",
            "end three: failed, two was needed first and failed: one was needed first and failed: no worker gave an \
             answer (a: it broke)",
        ]
    );
}

#[test]
fn a_cancelled_dependency_is_named_with_who_did_it() {
    let mut board = Board::of(&["a"]);
    after(&mut board, "two", &["one"]).unwrap();
    board.build("one", Mode::Simple);
    board.story();
    board.cancel("one").unwrap();
    assert_eq!(
        board.plot(),
        [
            "fail one#1: cancelled, the task was cancelled",
            "end one: cancelled by anna",
            "tell two: one ended badly",
            "end two: failed, one was needed first and was cancelled by anna",
        ]
    );
}

#[test]
fn a_long_chain_of_failures_does_not_grow_its_reasons() {
    let mut board = Board::of(&["a"]);
    board.build("t0", Mode::Simple);
    for number in 1..60 {
        after(&mut board, &format!("t{number}"), &[&format!("t{}", number - 1)]).unwrap();
    }
    board.story();
    board.cancel("t0").unwrap();
    let story = board.story();
    let longest = story.iter().map(String::len).max().unwrap();
    assert!(longest < 400, "{longest}");
    assert!(
        story.last().unwrap().starts_with("end t59: failed, t58 was needed first and failed: t57 was needed first")
    );
    assert_eq!(board.state.open(), 0);
}

#[test]
fn who_needs_two_that_fail_ends_once() {
    let mut board = Board::of(&["a"]);
    for id in ["one", "two"] {
        board.offer(id, |spec| spec.timeout = Some(secs(10))).unwrap();
    }
    after(&mut board, "last", &["one", "two"]).unwrap();
    board.story();
    board.ring();
    let story = board.story();
    let ends: Vec<&String> = story.iter().filter(|line| line.starts_with("end last")).collect();
    assert_eq!(
        ends,
        ["end last: failed, one was needed first and failed: no worker gave an answer (a: the task's time was up)"]
    );
    assert!(!story.contains(&"tell last: two ended badly".to_owned()), "what has ended is told nothing");
}

#[test]
fn a_waiting_task_can_be_cancelled_and_is_told_nothing_more() {
    let mut board = Board::of(&["a"]);
    board.build("one", Mode::Simple);
    after(&mut board, "two", &["one"]).unwrap();
    after(&mut board, "three", &["two"]).unwrap();
    board.cancel("two").unwrap();
    assert_eq!((board.phase("two"), board.phase("three")), ("cancelled", "failed"));
    board.story();
    board.answer("one#1");
    assert_eq!(board.story(), ["answer one#1", "decide one", "end one: done"]);
    assert!(board.state.index.dependents.is_empty(), "nobody waits any more");
}

#[test]
fn a_waiting_tasks_time_runs_too() {
    let mut board = Board::of(&["a"]);
    let on = vec![task("never")];
    board.offer("t", |spec| (spec.depends_on, spec.timeout) = (on, Some(secs(30)))).unwrap();
    board.story();
    assert_eq!(board.ring(), Some(secs(30)));
    assert_eq!(board.story(), ["end t: failed, its time was up before the tasks it waits for had ended"]);
    assert!(!board.state.is_awaited(&task("never")), "a task that comes late makes nobody start");
}

#[test]
fn those_who_wait_still_wait_after_a_restart_and_an_archived_task() {
    let mut board = Board::of(&["a"]);
    board.build("one", Mode::Simple);
    after(&mut board, "two", &["one", "three"]).unwrap();
    board.answer("one#1");
    let at = board.now;
    board.take(Input::Published { at, upto: board.state.seq }).unwrap();
    board.journal.retain(|(_, event)| event.task() != Some(&task("one")));
    board.state = board.replayed();
    board.take(Input::Started { at }).unwrap();
    assert_eq!(board.phase("two"), "waiting");
    board.build("three", Mode::Simple);
    board.answer("three#1");
    assert_eq!(board.phase("two"), "working");
}
