//! What people say: approve, reject, cancel.

use super::harness::{Board, secs, task};
use crate::board::{Effect, Input, Mode, Page, PersonAnswer, Phase, Priority, Refusal, Stance, Text};

/// A critical review by two, decided, that waits for a person.
fn awaiting() -> Board {
    let mut board = Board::of(&["a", "b"]);
    board.offer("t", |spec| spec.priority = Priority::Critical).unwrap();
    for number in 1..=4 {
        board.answer(&format!("t#{number}"));
    }
    assert_eq!(board.story().pop().unwrap(), "decide t, a person must answer");
    board
}

fn wrong(state: &str) -> Result<(), Refusal> {
    Err(Refusal::WrongState { task: task("t"), state: state.to_owned() })
}

fn refuse(why: &str) -> PersonAnswer {
    PersonAnswer::Reject { why: Text::short(why) }
}

#[test]
fn approval_ends_it_well_and_keeps_the_decision() {
    let mut board = awaiting();
    board.person("t", PersonAnswer::Approve).unwrap();
    assert_eq!(board.story(), ["anna approves t", "end t: done"]);
    let Phase::Ended { decision, .. } = &board.state.tasks[&task("t")].phase else { panic!("it has not ended") };
    assert!(decision.as_ref().unwrap().needs_human_review);
}

#[test]
fn a_refusal_ends_it_badly_with_its_reason() {
    let mut board = awaiting();
    board.person("t", refuse("  too risky\n")).unwrap();
    assert_eq!(board.story(), ["anna rejects t", "end t: failed, rejected by anna: too risky"]);
}

#[test]
fn a_refused_task_takes_those_down_that_need_it() {
    let mut board = awaiting();
    board.offer("next", |spec| spec.depends_on = vec![task("t")]).unwrap();
    board.person("t", refuse("no")).unwrap();
    assert_eq!(board.story().pop().unwrap(), "end next: failed, t was needed first and failed: rejected by anna: no");
}

#[test]
fn nobody_answers_twice_or_before_they_are_asked() {
    let mut board = Board::of(&["a"]);
    assert_eq!(board.person("t", PersonAnswer::Approve), Err(Refusal::NoSuchTask { task: task("t") }));
    board.build("t", Mode::Simple);
    assert_eq!(board.person("t", PersonAnswer::Approve), wrong("is not waiting for a person"));
    board.answer("t#1");
    assert_eq!(board.person("t", refuse("late")), wrong("is not waiting for a person"));
    let mut board = awaiting();
    board.person("t", PersonAnswer::Approve).unwrap();
    assert_eq!(board.person("t", refuse("second thoughts")), wrong("is not waiting for a person"));
    assert_eq!(board.phase("t"), "done");
}

#[test]
fn an_answer_older_than_the_decision_is_no_answer_to_it() {
    let mut board = awaiting();
    let given = crate::board::Timestamp(board.now.0 - 1_001);
    let (at, by, answer) = (board.now, "file".to_owned(), PersonAnswer::Approve);
    let input =
        |given| Input::Person { at, task: task("t"), by: by.clone(), answer: answer.clone(), given, file: None };
    assert_eq!(
        board.take(input(given)),
        wrong("was decided after this answer was given; read the decision and answer anew")
    );
    board.take(input(given.after(std::time::Duration::from_millis(1)))).unwrap();
    assert_eq!(board.phase("t"), "done");
}

#[test]
fn who_must_be_asked_is_a_setting() {
    let table: &[(&[Priority], Priority, &str)] = &[
        (&[Priority::Critical], Priority::High, "done"),
        (&[Priority::Critical, Priority::High], Priority::High, "awaiting_person"),
        (&[], Priority::Critical, "done"),
        (&[Priority::Low], Priority::Low, "awaiting_person"),
    ];
    for (required, priority, phase) in table {
        let mut board = Board::of(&["a"]);
        board.rules.consensus.require_human = required.to_vec();
        board.offer("t", |spec| spec.priority = *priority).unwrap();
        board.answer("t#1");
        assert_eq!(board.phase("t"), *phase, "{required:?} {priority:?}");
    }
}

#[test]
fn cancelling_stops_every_call_and_ends_once() {
    let mut board = Board::of(&["a", "b", "c"]);
    board.review("t", Mode::Architectural);
    board.answer("t#1");
    board.pass(secs(3));
    board.story();
    board.cancel("t").unwrap();
    assert_eq!(
        board.story(),
        [
            "fail t#2: cancelled, the task was cancelled",
            "fail t#3: cancelled, the task was cancelled",
            "end t: cancelled by anna"
        ]
    );
    let stopped: Vec<u32> = board
        .effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Stop(key) => Some(key.number),
            _ => None,
        })
        .collect();
    assert_eq!(stopped, [2, 3]);
    let task = &board.state.tasks[&task("t")];
    assert!(
        matches!(&task.attempts[&2].state, crate::board::AttemptState::Failed { failure, .. } if failure.after_s == 3.0)
    );
    assert_eq!(board.cancel("t"), wrong("has ended already"));
    assert_eq!(board.cancel("other"), Err(Refusal::NoSuchTask { task: super::harness::task("other") }));
    assert_eq!(board.state.running(), 0);
}

#[test]
fn a_decided_task_can_still_be_cancelled() {
    let mut board = awaiting();
    board.cancel("t").unwrap();
    assert_eq!(board.story(), ["end t: cancelled by anna"]);
    assert!(board.state.tasks[&task("t")].phase.decision().is_some(), "what was decided is kept");
}

#[test]
fn a_late_report_about_a_cancelled_call_is_dropped() {
    let mut board = Board::of(&["a"]);
    board.build("t", Mode::Simple);
    board.cancel("t").unwrap();
    let before = board.state.tasks.clone();
    let refused = board.try_fail("t#1", crate::board::FailureClass::Transient);
    assert_eq!(refused, Err(Refusal::NotRunning { key: super::harness::attempt("t#1") }));
    assert_eq!(board.state.tasks, before);
}

#[test]
fn an_answering_file_is_put_away_whatever_it_said() {
    let mut board = awaiting();
    let (at, by, file) = (board.now, "file".to_owned(), Some("decisions/t.approve".to_owned()));
    board.take(Input::Person { at, task: task("t"), by, answer: PersonAnswer::Approve, given: at, file }).unwrap();
    let put_away = Effect::Publish(Page::AnswerTaken { path: "decisions/t.approve".to_owned() });
    assert_eq!(board.effects.iter().filter(|effect| **effect == put_away).count(), 1);

    let mut board = Board::of(&["a"]);
    board.build("t", Mode::Simple);
    let (at, by, file) = (board.now, "file".to_owned(), Some("tasks/active/t.cancel".to_owned()));
    board.take(Input::Cancel { at, task: task("t"), by, file }).unwrap();
    let put_away = Effect::Publish(Page::AnswerTaken { path: "tasks/active/t.cancel".to_owned() });
    assert_eq!(board.effects.iter().filter(|effect| **effect == put_away).count(), 1);
}

#[test]
fn a_conflict_is_said_and_still_ends_when_no_person_is_required() {
    let mut board = Board::of(&["a", "b"]);
    board.review("t", Mode::Complex);
    board.answer_with("t#1", Stance::Approve);
    board.answer_with("t#2", Stance::Reject);
    assert_eq!(board.phase("t"), "done");
    let decision = board.state.tasks[&task("t")].phase.decision().unwrap();
    assert!(decision.has_conflict && decision.needs_human_review);
}
