//! Which conversation a call goes on with: a worker's own, of the steps that the new one needs, and never for a judge.

use super::harness::{Board, attempt, written};
use crate::board::rules::Sessions;
use crate::board::spec::WrittenPlan;
use crate::board::{self, Ask, Effect, FailureClass, State, Text, Thread, WorkerName};

/// A board whose workers keep their sessions themselves, or are told their history again.
fn board(workers: &[&str], sessions: Sessions) -> Board {
    let mut board = Board::of(workers);
    for worker in &mut board.rules.workers {
        worker.sessions = sessions;
    }
    board
}

/// A plan of steps with their needs, each for one named worker.
fn plan(steps: &[(&str, &[&str], &str)]) -> WrittenPlan {
    let rows: Vec<(&str, &[&str], u32, bool)> = steps.iter().map(|(id, needs, _)| (*id, *needs, 1, false)).collect();
    let mut plan = written(&rows);
    for (step, (_, _, worker)) in plan.steps.iter_mut().zip(steps) {
        step.models = vec![WorkerName::new(*worker)];
    }
    plan
}

fn begin(board: &mut Board, plan: WrittenPlan) {
    board.offer("t", |spec| spec.plan = Some(plan)).unwrap();
}

fn thread(board: &Board, key: &str) -> Thread {
    let key = attempt(key);
    board.state.tasks[&key.task].attempts[&key.number].thread
}

/// The one call that was asked for last.
fn asked(board: &Board) -> Ask {
    let ask = board.effects.iter().rev().find_map(|effect| match effect {
        Effect::Ask(ask) => Some(ask.as_ref().clone()),
        _ => None,
    });
    ask.unwrap()
}

#[test]
fn a_later_step_goes_on_with_the_workers_own_session() {
    let mut board = board(&["a", "b"], Sessions::Own);
    begin(&mut board, plan(&[("design", &[], "a"), ("look", &["design"], "b"), ("build", &["look"], "a")]));
    assert!(thread(&board, "t#1").is_plain());
    board.answer("t#1");
    assert!(thread(&board, "t#2").is_plain(), "another worker begins anew");
    board.answer("t#2");
    assert_eq!(thread(&board, "t#3"), Thread { resumes: Some(1), keeps: false });
    let resume = asked(&board).resume.unwrap();
    assert_eq!((resume.attempt, resume.session.as_deref()), (1, Some("session of t#1")));
    assert_eq!((resume.known, resume.turns.len()), (vec![1], 0), "what the other said is new to it");
}

#[test]
fn a_task_of_one_step_and_a_worker_that_cannot_begin_anew_and_keep_nothing() {
    let mut one = board(&["a"], Sessions::History);
    begin(&mut one, plan(&[("make", &[], "a")]));
    assert!(thread(&one, "t#1").is_plain() && !asked(&one).keep_prompt);
    let mut none = board(&["a"], Sessions::None);
    begin(&mut none, plan(&[("make", &[], "a"), ("more", &["make"], "a")]));
    none.answer("t#1");
    assert!(thread(&none, "t#2").is_plain() && asked(&none).resume.is_none());
}

#[test]
fn who_judges_or_checks_always_begins_anew() {
    for sessions in [Sessions::Own, Sessions::History] {
        let mut board = board(&["a", "b"], sessions);
        let mut plan = plan(&[("make", &[], "a"), ("other", &[], "b"), ("check", &["make", "other"], "a")]);
        plan.steps[2].consensus = true;
        begin(&mut board, plan);
        assert!(thread(&board, "t#1").is_plain(), "nothing later could go on from it");
        board.answer("t#1");
        board.answer("t#2");
        assert!(thread(&board, "t#3").is_plain() && asked(&board).resume.is_none());
    }
}

#[test]
fn what_the_step_does_not_need_is_not_gone_on_with() {
    let mut board = board(&["a", "b"], Sessions::Own);
    begin(&mut board, plan(&[("one", &[], "a"), ("two", &[], "b"), ("three", &["two"], "a")]));
    board.answer("t#1");
    board.answer("t#2");
    assert!(thread(&board, "t#3").is_plain(), "it must see what it needs and nothing else");
}

#[test]
fn a_session_is_a_line_and_a_history_may_fork() {
    let fork: &[(&str, &[&str], &str)] =
        &[("root", &[], "a"), ("left", &["root"], "a"), ("right", &["root"], "a"), ("join", &["left", "right"], "a")];
    let mut own = board(&["a"], Sessions::Own);
    begin(&mut own, plan(fork));
    own.answer("t#1");
    assert_eq!((thread(&own, "t#2").resumes, thread(&own, "t#3").resumes), (Some(1), None));
    own.answer("t#2");
    own.answer("t#3");
    assert_eq!(thread(&own, "t#4").resumes, Some(3), "the latest answer");

    let mut told = board(&["a"], Sessions::History);
    begin(&mut told, plan(fork));
    keep(&mut told, "t#1", None);
    assert_eq!((thread(&told, "t#2").resumes, thread(&told, "t#3").resumes), (Some(1), Some(1)));
}

/// Answers as the job would for a worker that is told its history again.
fn keep(board: &mut Board, key: &str, resumed: Option<u32>) {
    board.answer_as(key, |answer| {
        answer.session = None;
        answer.prompt = Some(Text::short(format!("what {key} was asked")));
        answer.resumed = resumed;
    });
}

#[test]
fn a_history_is_told_whole_and_knows_what_stands_in_it() {
    let mut board = board(&["a", "b"], Sessions::History);
    let steps: &[(&str, &[&str], &str)] =
        &[("one", &[], "a"), ("two", &["one"], "b"), ("three", &["two"], "a"), ("four", &["two", "three"], "a")];
    begin(&mut board, plan(steps));
    assert!(thread(&board, "t#1").keeps);
    keep(&mut board, "t#1", None);
    assert!(!thread(&board, "t#2").keeps, "b has no later step");
    board.answer("t#2");
    keep(&mut board, "t#3", Some(1));
    let ask = asked(&board);
    let resume = ask.resume.unwrap();
    assert_eq!((resume.attempt, resume.session, resume.known), (3, None, vec![1, 2, 3]));
    let told: Vec<&str> = resume.turns.iter().map(|turn| turn.prompt.head()).collect();
    assert_eq!(told, ["what t#1 was asked", "what t#3 was asked"]);
    assert_eq!(resume.turns[1].answer.head(), "what t#3 says");
    assert!(!ask.keep_prompt, "nothing comes after the last step");
}

#[test]
fn a_lost_session_is_asked_afresh_once_and_then_another_worker_is() {
    let mut board = board(&["a", "b"], Sessions::Own);
    let mut plan = written(&[("one", &[], 1, false), ("two", &["one"], 1, false)]);
    plan.steps[0].models = vec![WorkerName::new("a")];
    board.rules.plans.recoveries_max = 0;
    begin(&mut board, plan);
    board.answer("t#1");
    // The second step is for b; it fails, and a takes its place and goes on from the first.
    board.fail("t#2", FailureClass::RequestRefused);
    board.story();
    assert_eq!(thread(&board, "t#3").resumes, Some(1));
    board.fail("t#3", FailureClass::RequestRefused);
    assert_eq!(board.plot(), ["fail t#3: request_refused, it broke", "plan t#4: two/0 a"]);
    assert!(thread(&board, "t#4").is_plain() && asked(&board).resume.is_none(), "everything is told once more");
    board.fail("t#4", FailureClass::RequestRefused);
    assert_eq!(board.plot()[0], "fail t#4: request_refused, it broke");
    assert_eq!(
        board.phase("t"),
        "awaiting_person",
        "nobody is left; whether the first step's answer will do is for a person"
    );
}

#[test]
fn a_try_that_failed_otherwise_goes_on_with_the_same_session_again() {
    let mut board = board(&["a"], Sessions::Own);
    begin(&mut board, plan(&[("one", &[], "a"), ("two", &["one"], "a")]));
    board.answer("t#1");
    board.fail("t#2", FailureClass::Interrupted);
    assert_eq!(thread(&board, "t#3").resumes, Some(1));
    board.fail("t#3", FailureClass::Transient);
    board.ring();
    assert_eq!(thread(&board, "t#4").resumes, Some(1));
}

#[test]
fn replaying_the_journal_goes_on_with_the_same_conversations() {
    let mut board = board(&["a"], Sessions::Own);
    begin(&mut board, plan(&[("one", &[], "a"), ("two", &["one"], "a")]));
    board.answer("t#1");
    let mut replayed = State::default();
    for (seq, event) in &board.journal {
        let stored = serde_json::to_string(event).unwrap();
        board::apply(&mut replayed, *seq, &serde_json::from_str(&stored).unwrap());
    }
    let asks = board::pending(&replayed);
    assert_eq!(asks, [asked(&board)]);
    assert_eq!(asks[0].resume.as_ref().unwrap().session.as_deref(), Some("session of t#1"));
}
