//! People who are asked for a step or for an approval: what the log says, one reminder, what follows when they are silent.

use super::harness::{Board, START, names, secs, task, written};
use crate::board::people::PeopleRules;
use crate::board::{Effect, Input, Mode, Page, PersonAnswer, Phase, Priority, Refusal, Timestamp};

const HOUR: u64 = 3600;

/// A board with two models and a person, who is reminded after four hours and given a day.
fn board(deadline: Option<u64>) -> Board {
    let mut board = Board::of(&["a", "b", "anna"]);
    board.rules.people = PeopleRules { remind_after: Some(secs(4 * HOUR)), deadline: deadline.map(secs) };
    let anna = &mut board.rules.workers[2];
    (anna.outside, anna.person, anna.timeout) = (true, true, secs(24 * HOUR));
    for worker in &mut board.rules.workers[..2] {
        worker.timeout = secs(24 * HOUR);
    }
    board
}

/// One step that the person is asked for first.
fn asked(board: &mut Board) {
    let mut plan = written(&[("look", &[], 1, false)]);
    plan.steps[0].models = names(&["anna"]);
    board.offer("t", |spec| spec.plan = Some(plan)).unwrap();
}

/// The log's entries of the last input, as `what was done / what is in the way`.
fn log(board: &Board) -> Vec<String> {
    let entry = |effect: &Effect| match effect {
        Effect::Publish(Page::Log(entry)) => Some(format!("{} / {}", entry.work_done, entry.blockers)),
        _ => None,
    };
    board.effects.iter().filter_map(entry).collect()
}

fn hand_in(board: &mut Board, which: Option<&str>, given: Timestamp) -> Result<(), Refusal> {
    let file = Some("decisions/t.look.answer".to_owned());
    let (at, which) = (board.now, which.map(str::to_owned));
    board.take(Input::HandedIn { at, task: task("t"), which, by: "file".to_owned(), given, file })
}

#[test]
fn the_log_says_what_is_asked_of_whom_and_how_it_is_answered() {
    let mut board = board(None);
    asked(&mut board);
    assert!(
        log(&board).contains(&format!(
            "anna was asked, as implementer / waits for anna until {}",
            START.after(secs(24 * HOUR))
        ))
    );
    let entries: Vec<String> = board
        .effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Publish(Page::Log(entry)) => Some(format!("{}\n{}", entry.context, entry.next_steps)),
            _ => None,
        })
        .collect();
    let told = entries.last().unwrap();
    assert!(told.contains("step look: anna is to do: Do t\ndo look\nthe task: tasks/active/t.md"), "{told}");
    assert!(told.contains("decisions/t.look.answer, or: synod answer t --step look TEXT"), "{told}");
}

#[test]
fn a_person_is_reminded_once_and_not_again_after_a_restart() {
    let mut board = board(None);
    asked(&mut board);
    board.story();
    assert_eq!(board.ring(), Some(secs(4 * HOUR)), "nothing is looked at before");
    assert_eq!(board.story(), ["remind of t#1"]);
    assert_eq!(log(&board), [format!("reminded / waits for anna until {}", START.after(secs(24 * HOUR)))]);
    board.state = board.replayed();
    board.pass(secs(HOUR));
    assert_eq!(board.story(), Vec::<String>::new());
    // A restart in between does not lose the reminder either.
    let mut other = self::board(None);
    asked(&mut other);
    other.story();
    other.state = other.replayed();
    other.pass(secs(5 * HOUR));
    assert_eq!(other.story(), ["remind of t#1"]);
}

#[test]
fn who_answers_in_time_is_not_reminded() {
    let mut board = board(None);
    asked(&mut board);
    board.answer("t#1");
    board.story();
    board.pass(secs(10 * HOUR));
    assert_eq!(board.story(), Vec::<String>::new());
}

#[test]
fn a_silent_person_s_seat_goes_down_the_ladder() {
    let mut board = board(None);
    asked(&mut board);
    board.pass(secs(5 * HOUR));
    board.story();
    board.pass(secs(20 * HOUR));
    let story = board.plot();
    assert!(story[0].starts_with("fail t#1: timeout"), "{story:?}");
    assert!(story[1].starts_with("change t (recovery)"), "nobody else was named for it: {story:?}");
}

#[test]
fn an_answer_is_for_the_step_that_waits_and_not_older_than_the_question() {
    let mut board = board(None);
    board.now = START.after(secs(10));
    asked(&mut board);
    board.story();
    let nobody =
        Err(Refusal::WrongState { task: task("t"), state: "has no step that waits for a person's answer".to_owned() });
    let now = board.now;
    assert_eq!(hand_in(&mut board, Some("other"), now), nobody);
    assert_eq!(hand_in(&mut board, None, START), nobody, "it was written before anybody asked");
    for which in [None, Some("look"), Some("anna")] {
        hand_in(&mut board, which, now).unwrap();
        assert_eq!(board.story(), ["file hands in t#1"]);
        assert!(
            board.effects.contains(&Effect::Publish(Page::AnswerTaken { path: "decisions/t.look.answer".to_owned() }))
        );
    }
    // The same file seen again after a crash, when its answer has been taken already.
    let given = board.now;
    board.answer("t#1");
    hand_in(&mut board, None, given).unwrap();
    let later = given.after(secs(60));
    assert_eq!(hand_in(&mut board, None, later), nobody, "what comes later is for nobody");
}

fn awaiting(deadline: Option<u64>) -> Board {
    let mut board = board(deadline);
    board
        .offer("t", |spec| (spec.mode, spec.priority, spec.models) = (Mode::Simple, Priority::Critical, names(&["a"])))
        .unwrap();
    let mut number = 1;
    while board.phase("t") == "working" {
        board.answer(&format!("t#{number}"));
        number += 1;
    }
    assert_eq!(board.phase("t"), "awaiting_person");
    board.story();
    board
}

#[test]
fn an_approval_is_reminded_of_once_and_ends_undecided_at_its_deadline() {
    let mut board = awaiting(Some(24 * HOUR));
    assert_eq!(board.ring(), Some(secs(4 * HOUR)));
    assert_eq!(board.story(), ["remind of t"]);
    board.state = board.replayed();
    assert_eq!(board.ring(), Some(Default::default()), "alarms of what is over ring once more");
    assert_eq!(board.ring(), Some(secs(20 * HOUR)));
    let why = "end t: failed, nobody approved or rejected the decision within 24 h; it stands in decisions/t.md as it was made";
    assert_eq!(board.story(), [why]);
    let Phase::Ended { decision, .. } = &board.state.tasks[&task("t")].phase else { panic!("it has not ended") };
    assert!(decision.is_some(), "the decision stays");
    assert!(board.person("t", PersonAnswer::Approve).is_err());
}

#[test]
fn without_a_deadline_an_approval_waits_for_ever() {
    let mut board = awaiting(None);
    board.pass(secs(4 * HOUR));
    board.pass(secs(10_000 * HOUR));
    assert_eq!(board.story(), ["remind of t"]);
    board.person("t", PersonAnswer::Approve).unwrap();
    assert_eq!(board.phase("t"), "done");
}
