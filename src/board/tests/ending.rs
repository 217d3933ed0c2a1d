//! How a task ends, what is left of it, and what a damaged journal cannot do.

use super::harness::{Board, START, attempt, names, task};
use crate::board::{
    self, AttemptState, Ending, Event, FailureClass, Input, Mode, Refusal, Seq, State, Thread, Timestamp,
};

#[test]
fn a_making_task_from_offer_to_archive() {
    let mut board = Board::of(&["a", "b", "c"]);
    board.build("t", Mode::Medium);
    board.answer("t#2");
    board.answer("t#1");
    board.answer("t#3");
    let upto = board.state.seq;
    board.take(Input::Published { at: board.now, upto }).unwrap();
    assert_eq!(
        board.story(),
        [
            "accept t",
            "plan t#1: make/0 a",
            "plan t#2: make/1 b",
            "start t#1",
            "start t#2",
            "answer t#2",
            "answer t#1",
            "plan t#3: check/0 c",
            "start t#3",
            "answer t#3",
            "decide t",
            "end t: done",
            "archive t",
        ]
    );
    assert!(board.state.tasks.is_empty());
}

#[test]
fn only_what_stands_in_files_is_archived() {
    let mut board = Board::of(&["a"]);
    for id in ["one", "two", "three"] {
        board.build(id, Mode::Simple);
    }
    board.answer("one#1");
    let upto = board.state.seq;
    board.answer("two#1");
    let ended =
        |board: &Board, upto| -> Vec<String> { board.state.ended_upto(upto).map(|task| task.id.to_string()).collect() };
    assert_eq!(ended(&board, upto), ["one"]);
    assert_eq!(ended(&board, Seq(0)), [""; 0]);
    board.story();
    board.take(Input::Published { at: board.now, upto }).unwrap();
    board.take(Input::Published { at: board.now, upto }).unwrap();
    assert_eq!(board.story(), ["archive one"], "once");
    board.take(Input::Published { at: board.now, upto: board.state.seq }).unwrap();
    assert_eq!(board.story(), ["archive two"], "three has not ended");
}

#[test]
fn one_answer_is_enough_for_a_decision_that_names_the_others() {
    let mut board = Board::of(&["a", "b", "c"]);
    board.review("t", Mode::Architectural);
    board.fail("t#1", FailureClass::Timeout);
    board.answer("t#3");
    board.fail("t#2", FailureClass::RequestRefused);
    assert_eq!(board.phase("t"), "done");
    let decision = board.state.tasks[&task("t")].phase.decision().unwrap();
    let failed: Vec<String> =
        decision.failed_workers.iter().map(|failed| format!("{} {}", failed.worker, failed.error)).collect();
    assert_eq!(failed, ["a timeout: it broke", "b request_refused: it broke"]);
    assert_eq!((decision.model_count, decision.attempts), (1, 3));
    assert_eq!(decision.cost_usd, 0.25 + 2.0 * 0.125, "failed calls cost too");
}

#[test]
fn no_check_is_no_obstacle_to_an_answer() {
    let mut board = Board::of(&["a", "b", "c"]);
    board.build("t", Mode::Medium);
    board.answer("t#1");
    board.answer("t#2");
    board.fail("t#3", FailureClass::RequestRefused);
    board.fail("t#4", FailureClass::RequestRefused);
    board.fail("t#5", FailureClass::RequestRefused);
    assert_eq!(board.phase("t"), "done");
    let decision = board.state.tasks[&task("t")].phase.decision().unwrap();
    assert!(decision.votes.is_empty() && decision.needs_human_review, "{decision:#?}");
}

#[test]
fn reports_count_once_and_only_for_what_runs() {
    let mut board = Board::of(&["a"]);
    board.rules.workers[0].max_concurrent = 1;
    board.build("t", Mode::Simple);
    board.build("u", Mode::Simple);
    for key in ["u#1", "t#2", "none#1"] {
        let refused = board.try_fail(key, FailureClass::Transient);
        assert_eq!(refused, Err(Refusal::NotRunning { key: attempt(key) }), "planned, not made, unknown");
    }
    board.answer("t#1");
    let refused = board.try_fail("t#1", FailureClass::Transient);
    assert_eq!(refused, Err(Refusal::NotRunning { key: attempt("t#1") }));
    let adopted = board.take(Input::Adopted { at: board.now, key: attempt("t#1"), deadline: board.now });
    assert_eq!(adopted, Err(Refusal::NotRunning { key: attempt("t#1") }));
}

#[test]
fn a_rejected_file_touches_no_task() {
    let mut board = Board::of(&["a"]);
    let reason = board::Reason { what: "empty".to_owned(), line: None, mend: "write something".to_owned() };
    let (name, hash) = ("x.md".to_owned(), "h".to_owned());
    board.take(Input::BadFile { at: board.now, name, hash, reason }).unwrap();
    assert_eq!(board.story(), ["reject x.md"]);
    assert!(board.state.tasks.is_empty());
}

#[test]
fn pending_names_the_calls_that_ran_with_all_they_need() {
    let mut board = Board::of(&["a", "b", "c"]);
    board.build("t", Mode::Medium);
    board.answer("t#1");
    board.answer("t#2");
    board.build("u", Mode::Simple);
    let asks = board::pending(&board.replayed());
    let told: Vec<String> =
        asks.iter().map(|ask| format!("{} {} sees {}", ask.key, ask.worker, ask.inputs.len())).collect();
    assert_eq!(told, ["t#3 c sees 2", "u#1 a sees 0"]);
}

/// Events that a sound journal never holds, over a state in which they do not fit, change nothing.
#[test]
fn events_that_do_not_fit_change_nothing() {
    let mut board = Board::of(&["a"]);
    board.build("ended", Mode::Simple);
    board.answer("ended#1");
    board.offer("open", |spec| spec.models = names(&["a"])).unwrap();
    let known: Vec<Event> = board.journal.iter().map(|(_, event)| event.clone()).collect();
    let at = START;
    let failure = board::Failure {
        class: FailureClass::Transient,
        message: String::new(),
        after_s: 0.0,
        usage: board::Usage::default(),
    };
    let failed = |key| Event::AttemptFailed { at, key: attempt(key), failure: failure.clone(), rest_until: None };
    let ended = |id| Event::TaskEnded { at, task: task(id), ending: Ending::Done, file: None };
    let started = |key| Event::AttemptStarted {
        at,
        key: attempt(key),
        deadline: at,
        thread: Thread::default(),
        along: Vec::new(),
        asked: None,
    };
    let adopted = |key| Event::AttemptAdopted { at, key: attempt(key), deadline: at };
    // Everything once more that belongs to the task that has ended, and much about what was never there.
    let mut strange: Vec<Event> = known.into_iter().filter(|event| event.task() == Some(&task("ended"))).collect();
    strange.extend([ended("ended"), ended("none"), failed("none#1"), started("none#1"), adopted("none#1")]);
    strange.extend([started("ended#1"), adopted("ended#1"), started("open#1"), failed("open#7")]);
    strange.push(Event::TaskArchived { at, task: task("none") });
    strange.push(Event::DependencyEnded { at, task: task("none"), on: task("ended"), well: true });
    for event in strange {
        let mut state = board.state.clone();
        let before = (state.tasks.clone(), state.open(), state.running(), state.globals.health.clone());
        let next = state.seq.next();
        board::apply(&mut state, next, &event);
        if !matches!(event, Event::AttemptFailed { .. }) {
            assert_eq!(state.globals.health, before.3, "{event:?}");
        }
        assert_eq!(
            (state.tasks, state.index.open, state.index.running_total),
            (before.0, before.1, before.2),
            "{event:?}"
        );
    }
}

#[test]
fn a_state_goes_on_from_stored_globals_without_counting_twice() {
    let mut board = Board::of(&["a"]);
    board.build("t", Mode::Simple);
    board.fail("t#1", FailureClass::Transient);
    let mut resumed = State::resume(board.state.globals.clone(), board.state.memories.clone());
    for (seq, event) in &board.journal {
        board::apply(&mut resumed, *seq, event);
    }
    assert_eq!(resumed.globals, board.state.globals, "one failure, however often it is read");
    assert_eq!(resumed.tasks, board.state.tasks);
}

#[test]
fn times_are_kept_as_they_happened() {
    let mut board = Board::of(&["a"]);
    board.build("t", Mode::Simple);
    board.now = Timestamp(START.0 + 4_000);
    board.answer("t#1");
    let task = &board.state.tasks[&task("t")];
    assert!(
        matches!(task.attempts[&1].state, AttemptState::Answered { started: START, ended, .. } if ended == board.now)
    );
    assert_eq!(task.phase.decision().unwrap().duration_s, 4.0);
}
