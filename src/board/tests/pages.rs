//! Exactly what is written for people and programs: log entries, message lines, state files, sessions, progress notes.

use super::harness::{Board, names, secs, task};
use crate::board::{
    Effect, FailureClass, Input, Kind, LogEntry, Mode, Page, PersonAnswer, Priority, Purpose, Reason, Stance, Text,
};
use serde_json::{Value, json};

/// An entry in one line: who (model) about | context | work | files | next | blockers | to.
fn told(entry: &LogEntry) -> String {
    format!(
        "{} ({}) {} | {} | {} | {} | {} | {}",
        entry.who,
        entry.model,
        entry.about,
        entry.context,
        entry.work_done,
        entry.next_steps,
        entry.blockers,
        entry.handoff_to.join(" ")
    )
}

fn entries(board: &Board) -> Vec<String> {
    let entry = |effect: &Effect| match effect {
        Effect::Publish(Page::Log(entry)) => Some(told(entry)),
        _ => None,
    };
    board.effects.iter().filter_map(entry).collect()
}

fn messages(board: &Board) -> Vec<String> {
    let message = |effect: &Effect| match effect {
        Effect::Publish(Page::Message(line)) => Some(line.to_string()),
        _ => None,
    };
    board.effects.iter().filter_map(message).collect()
}

/// The last state file of the last input.
fn state_file(board: &Board) -> Value {
    let state = |effect: &Effect| match effect {
        Effect::Publish(Page::TaskState { state, .. }) => Some(state.clone()),
        _ => None,
    };
    board.effects.iter().filter_map(state).next_back().unwrap()
}

/// The names of the pages of the last input, in order.
fn pages(board: &Board) -> Vec<&'static str> {
    let name = |effect: &Effect| match effect {
        Effect::Ask(_) => "ask",
        Effect::Validate(_) => "validate",
        Effect::Stop(_) => "stop",
        Effect::Remember(_) => "remember",
        Effect::Publish(page) => match page {
            Page::TaskFile { .. } => "task file",
            Page::TaskState { .. } => "state",
            Page::Rejected { .. } => "rejected",
            Page::Session { .. } => "session",
            Page::Output(_) => "output",
            Page::Decision(_) => "decision",
            Page::Architecture { .. } => "architecture",
            Page::Progress { .. } => "progress",
            Page::Log(_) => "log",
            Page::Message(_) => "message",
            Page::Closed { .. } => "closed",
            Page::AnswerTaken { .. } => "answer taken",
        },
    };
    board.effects.iter().map(name).collect()
}

#[test]
fn each_handoff_is_one_entry() {
    let mut board = Board::of(&["a", "b", "c"]);
    board.build("t", Mode::Medium);
    assert_eq!(
        entries(&board),
        ["synod (router) t | a task came in by test: Do t | taken as build (mode medium, priority normal) | \
          make, then check |  | a b c"]
    );
    board.answer("t#1");
    assert_eq!(
        entries(&board),
        ["a (model-1) t | asked as implementer to do: Do t | what t#1 says | go on with what this one said |  | c"]
    );
    board.answer("t#2");
    board.answer("t#3");
    assert_eq!(
        entries(&board),
        [
            "c (model-1) t | asked as reviewer to judge 2 candidate(s) | what t#3 says\nVerdict: approve, approve; \
             0 claim(s) | weigh the answers |  | synod",
            "synod (consensus) t | 3 answer(s), 2 vote(s) | decided: proceed (confidence 0.91, threshold 0.70) | \
             read decisions/t.md |  | person",
        ]
    );
}

#[test]
fn failures_and_bad_ends_say_what_is_in_the_way() {
    let mut board = Board::of(&["a"]);
    board.build("t", Mode::Simple);
    board.fail("t#1", FailureClass::RequestRefused);
    assert_eq!(
        entries(&board),
        [
            "a (implementer) t | asked as implementer to do: Do t | no answer | try again, ask another, or go on without \
             it | request_refused: it broke | synod",
            "synod (engine) t | the task t | the task failed | mend what is in the way, then: synod retry t | no worker \
             gave an answer (a: it broke) | person",
        ]
    );
    board.build("u", Mode::Simple);
    board.cancel("u").unwrap();
    assert_eq!(
        entries(&board).pop().unwrap(),
        "synod (engine) u | the task u | the task was cancelled by anna | mend what is in the way, then: synod retry u |  | \
         person"
    );
}

#[test]
fn a_waiting_task_says_for_what() {
    let mut board = Board::of(&["a"]);
    board.offer("t", |spec| spec.depends_on = vec![task("one"), task("two")]).unwrap();
    assert_eq!(
        entries(&board),
        ["synod (router) t | a task came in by test: Do t | taken as build (mode simple, priority normal) | make | \
          waits for one, two | a"]
    );
    let state = state_file(&board);
    assert_eq!((state["state"].clone(), state["waits_for"].clone()), (json!("waiting"), json!(["one", "two"])));
}

#[test]
fn a_person_is_asked_and_heard_in_the_log() {
    let mut board = Board::of(&["a"]);
    board.offer("t", |spec| spec.priority = Priority::Critical).unwrap();
    board.answer("t#1");
    let asked = entries(&board).pop().unwrap();
    assert!(asked.contains("| a person approves or rejects: decisions/t.approve or decisions/t.reject |"), "{asked}");
    board.person("t", PersonAnswer::Reject { why: Text::short("too risky") }).unwrap();
    assert_eq!(
        entries(&board),
        [
            "person (anna) t | the decision on t | rejected the decision: too risky | close the task |  | synod",
            "synod (engine) t | the task t | the task failed | mend what is in the way, then: synod retry t | rejected by \
             anna: too risky | person",
        ]
    );
}

#[test]
fn a_refused_file_is_told_with_what_to_mend() {
    let mut board = Board::of(&["a"]);
    let reason =
        Reason { what: "`moode` is no key".to_owned(), line: Some(2), mend: "did you mean `mode`?".to_owned() };
    let (at, name, hash) = (board.now, "x.md".to_owned(), "h".to_owned());
    board.take(Input::BadFile { at, name, hash, reason }).unwrap();
    assert_eq!(pages(&board), ["rejected", "log", "message"]);
    assert_eq!(
        entries(&board),
        ["synod (intake) x.md | the file x.md was dropped into tasks/ | it was refused and moved to tasks/rejected/ | did you \
          mean `mode`? | `moode` is no key | person"]
            .map(|line| line.replace(" | person", " | "))
    );
    assert_eq!(
        messages(&board),
        [
            r#"{"at":"2026-11-20T19:26:22Z","event":"file_rejected","task":null,"file":"x.md","reason":{"what":"`moode` is no key","line":2,"mend":"did you mean `mode`?"}}"#
        ]
    );
}

#[test]
fn an_events_number_names_its_entry() {
    let mut board = Board::of(&["a", "b", "c"]);
    board.build("t", Mode::Medium);
    board.fail("t#1", FailureClass::Transient);
    board.pass(secs(3));
    for number in [2, 3, 4] {
        board.answer(&format!("t#{number}"));
    }
    let mut state = crate::board::State::default();
    for (seq, event) in &board.journal {
        crate::board::apply(&mut state, *seq, event);
        let effects = crate::board::react(&state, event);
        let logged = effects.iter().filter(|effect| matches!(effect, Effect::Publish(Page::Log(_)))).count();
        assert!(logged <= 1, "{event:?} makes {logged} entries");
    }
}

#[test]
fn message_lines_are_exact() {
    let mut board = Board::of(&["a"]);
    board.build("t", Mode::Simple);
    assert_eq!(
        messages(&board),
        [
            r#"{"at":"2026-11-20T19:26:22Z","event":"task_accepted","task":"t","title":"Do t","kind":"build","mode":"simple","workers":["a"]}"#,
            r#"{"at":"2026-11-20T19:26:22Z","event":"attempt_planned","task":"t","attempt":1,"step":"make","worker":"a","role":"implementer"}"#,
            r#"{"at":"2026-11-20T19:26:22Z","event":"attempt_started","task":"t","attempt":1,"worker":"a"}"#,
        ]
    );
    board.pass(secs(2));
    board.answer("t#1");
    assert_eq!(
        messages(&board),
        [
            r#"{"at":"2026-11-20T19:26:24Z","event":"attempt_answered","task":"t","attempt":1,"worker":"a","model":"model-1","bytes":13,"usage":{"input_tokens":100,"output_tokens":10,"cached_tokens":0,"cost_usd":0.25}}"#,
            r#"{"at":"2026-11-20T19:26:24Z","event":"task_decided","task":"t","recommendation":"proceed","confidence":0.75}"#,
            r#"{"at":"2026-11-20T19:26:24Z","event":"task_ended","task":"t","ending":{"ending":"done"}}"#,
        ]
    );
    let upto = board.state.seq;
    board.take(Input::Published { at: board.now, upto }).unwrap();
    assert_eq!(messages(&board), [""; 0], "archiving is nobody's business outside");
}

#[test]
fn the_state_file_holds_every_attempt_as_it_stands() {
    let mut board = Board::of(&["a", "b"]);
    board.rules.workers[1].max_concurrent = 0;
    let named = names(&["a", "b"]);
    board
        .offer("t", |spec| {
            (spec.models, spec.labels, spec.title) = (named, vec!["auth".to_owned()], Some("The title".to_owned()));
        })
        .unwrap();
    board.fail("t#1", FailureClass::Transient);
    board.pass(secs(3));
    assert_eq!(
        state_file(&board),
        json!({
            "schema": 1, "task": "t", "title": "The title", "state": "working", "kind": "build", "mode": "simple",
            "priority": "normal", "labels": ["auth"], "accepted": "2026-11-20T19:26:22Z",
            "steps": [
                { "id": "make", "role": "implementer", "needs": [], "workers": ["a", "b"] },
                { "id": "check", "role": "reviewer", "needs": ["make"], "workers": ["a", "b"] },
            ],
            "attempts": [
                { "number": 1, "step": "make", "worker": "a", "role": "implementer", "try": 1, "state": "failed",
                  "class": "transient", "error": "it broke" },
                { "number": 2, "step": "make", "worker": "b", "role": "implementer", "try": 1, "state": "planned" },
                { "number": 3, "step": "make", "worker": "a", "role": "implementer", "try": 2, "state": "running",
                  "started": "2026-11-20T19:26:25Z" },
            ],
        })
    );
    board.cancel("t").unwrap();
    let state = state_file(&board);
    assert_eq!(
        (&state["state"], &state["ended"], &state["cancelled_by"]),
        (&json!("cancelled"), &json!("2026-11-20T19:26:25Z"), &json!("anna"))
    );
}

#[test]
fn a_session_adds_up_what_one_worker_cost_also_where_it_failed() {
    let mut board = Board::of(&["a"]);
    board.build("t", Mode::Simple);
    board.fail("t#1", FailureClass::Transient);
    board.pass(secs(3));
    board.pass(secs(4));
    board.answer("t#2");
    let session = board.effects.iter().find_map(|effect| match effect {
        Effect::Publish(Page::Session { session, .. }) => Some(session.clone()),
        _ => None,
    });
    assert_eq!(
        session.unwrap(),
        json!({
            "schema": 1, "task": "t", "worker": "a", "model": "model-1", "session": "session of t#2", "cost_usd": 0.375,
            "tokens": { "input": 150, "output": 10 },
            "attempts": [
                { "number": 1, "step": "make", "worker": "a", "role": "implementer", "try": 1, "state": "failed",
                  "class": "transient", "error": "it broke" },
                { "number": 2, "step": "make", "worker": "a", "role": "implementer", "try": 2, "state": "answered",
                  "seconds": 4.0, "cost_usd": 0.25 },
            ],
        })
    );
}

#[test]
fn the_progress_note_is_a_list_of_steps_and_attempts() {
    let mut board = Board::of(&["a", "b", "c"]);
    board.build("t", Mode::Medium);
    board.answer("t#1");
    board.fail("t#2", FailureClass::RequestRefused);
    let note = board.effects.iter().find_map(|effect| match effect {
        Effect::Publish(Page::Progress { text, .. }) => Some(text.clone()),
        _ => None,
    });
    assert_eq!(
        note.unwrap(),
        "# Do t\n\nt: working\n\n- make (implementer)\n  - 1. a: answered at 2026-11-20T19:26:22Z\n  - 2. b: failed: it \
         broke\n- check (reviewer)\n"
    );
}

#[test]
fn an_answer_is_published_whole_with_its_verdicts() {
    let mut board = Board::of(&["a"]);
    board.review("t", Mode::Simple);
    board.pass(secs(7));
    board.answer_with("t#1", Stance::Reject);
    let output = board.effects.iter().find_map(|effect| match effect {
        Effect::Publish(Page::Output(output)) => Some(output.clone()),
        _ => None,
    });
    let output = output.unwrap();
    assert_eq!((output.number, output.step.as_str(), output.seconds), (1, "judge", 7.0));
    assert_eq!((output.text.clone(), output.verdicts[0].stance), (Text::short("what t#1 says"), Stance::Reject));
}

#[test]
fn the_pages_of_a_whole_life_come_in_this_order() {
    let mut board = Board::of(&["a"]);
    board.offer("t", |spec| spec.kind = Some(Kind::new("architecture"))).unwrap();
    assert_eq!(
        pages(&board),
        ["task file", "state", "progress", "log", "message", "message", "ask", "state", "message"]
    );
    board.answer("t#1");
    assert_eq!(
        pages(&board),
        [
            "output",
            "session",
            "state",
            "progress",
            "log",
            "message",
            "decision",
            "state",
            "progress",
            "log",
            "message",
            "architecture",
            "state",
            "progress",
            "closed",
            "message",
        ]
    );
}

#[test]
fn only_accepted_designs_are_kept_with_the_architecture() {
    for (answer, kept) in [(PersonAnswer::Approve, 1), (PersonAnswer::Reject { why: Text::short("no") }, 0)] {
        let mut board = Board::of(&["a"]);
        let kind = Some(Kind::new("architecture"));
        board.offer("t", |spec| (spec.kind, spec.priority) = (kind, Priority::Critical)).unwrap();
        board.answer("t#1");
        board.person("t", answer).unwrap();
        assert_eq!(pages(&board).iter().filter(|page| **page == "architecture").count(), kept);
    }
}

#[test]
fn a_checker_is_shown_the_others_candidates_and_nothing_else() {
    let mut board = Board::of(&["a", "b", "c"]);
    board.build("t", Mode::Architectural);
    for key in ["t#1", "t#2", "t#3"] {
        board.answer(key);
    }
    let asks = board.effects.iter().filter_map(|effect| match effect {
        Effect::Ask(ask) => Some(ask.clone()),
        _ => None,
    });
    for ask in asks {
        let Purpose::Check { candidates } = &ask.purpose else { panic!("{} is no check", ask.key) };
        let shown: Vec<u32> = ask.inputs.iter().map(|seen| seen.number).collect();
        assert_eq!(shown, *candidates);
        let own = format!("what t#{} says", ask.key.number - 3);
        assert!(ask.inputs.iter().all(|seen| seen.text != Text::short(own.clone())), "{} sees its own", ask.worker);
        assert_eq!(ask.deadline, board.now.after(secs(60)));
    }
}
