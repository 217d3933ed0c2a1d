//! The language as it stands on the wire. Faces of other versions and programs of other people read these exact texts, so a
//! change here is a change of the contract: add, do not rename.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should end where it stands")]

use super::*;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::fmt::Debug;

fn task() -> TaskId {
    TaskId::slug("review auth")
}

/// The text is exactly this, and reads back as what was written.
fn stands_as<T: Serialize + DeserializeOwned + PartialEq + Debug>(value: &T, text: &str) {
    assert_eq!(serde_json::to_string(value).unwrap(), text);
    assert_eq!(&serde_json::from_str::<T>(text).unwrap(), value, "{text}");
}

/// A text as a program may write it, with what may be left out left out.
fn reads_as<T: DeserializeOwned + PartialEq + Debug>(text: &Value, value: &T) {
    assert_eq!(&serde_json::from_value::<T>(text.clone()).unwrap(), value, "{text}");
}

#[test]
fn a_task_that_is_handed_in() {
    let new = NewTask {
        name: Some("auth".to_owned()),
        content: "Review it.".to_owned(),
        format: Some("md".to_owned()),
        overrides: Overrides {
            kind: Some(Kind::new("security-review")),
            priority: Some(Priority::High),
            mode: Some(Mode::Architectural),
            role: Some(Role::new("critic")),
            models: vec![WorkerName::new("claude")],
            pipeline: Some("review".to_owned()),
            team: Some("core".to_owned()),
            context: vec!["src/**".to_owned()],
            spec: Some("spec.md".to_owned()),
            memories: vec!["design/auth".to_owned()],
            depends_on: vec![task()],
            no_cache: false,
        },
        by: "cli".to_owned(),
    };
    stands_as(
        &Request::Submit(Box::new(new)),
        r#"{"request":"submit","name":"auth","content":"Review it.","format":"md","overrides":{"kind":"security-review","priority":"high","mode":"architectural","role":"critic","models":["claude"],"pipeline":"review","team":"core","context":["src/**"],"spec":"spec.md","memories":["design/auth"],"depends_on":["review-auth"]},"by":"cli"}"#,
    );
}

#[test]
fn a_task_needs_nothing_but_its_content() {
    let bare = NewTask { content: "Do it.".to_owned(), ..NewTask::default() };
    reads_as(&json!({ "request": "submit", "content": "Do it." }), &Request::Submit(Box::new(bare)));
    let none = serde_json::from_value::<Request>(json!({ "request": "submit" })).unwrap_err();
    assert!(none.to_string().contains("content"), "{none}");
}

#[test]
fn a_misspelt_key_of_a_task_is_refused_by_name() {
    for text in [
        json!({ "request": "submit", "content": "x", "naem": "y" }),
        json!({ "request": "submit", "content": "x", "overrides": { "naem": "y" } }),
        json!({ "request": "route", "text": "x", "overrides": { "naem": "y" } }),
    ] {
        let error = serde_json::from_value::<Request>(text.clone()).unwrap_err();
        assert!(error.to_string().contains("naem"), "{text}: {error}");
    }
}

#[test]
fn requests_about_one_task() {
    let by = || "me".to_owned();
    stands_as(&Request::Show { task: task() }, r#"{"request":"show","task":"review-auth"}"#);
    stands_as(&Request::Wait { task: task(), for_ms: 500 }, r#"{"request":"wait","task":"review-auth","for_ms":500}"#);
    stands_as(&Request::Cancel { task: task(), by: by() }, r#"{"request":"cancel","task":"review-auth","by":"me"}"#);
    stands_as(&Request::Retry { task: task(), by: by() }, r#"{"request":"retry","task":"review-auth","by":"me"}"#);
    let answer = Request::Answer { task: task(), step: Some("look".to_owned()), by: by(), text: "approve".to_owned() };
    stands_as(&answer, r#"{"request":"answer","task":"review-auth","step":"look","by":"me","text":"approve"}"#);
    stands_as(&Request::Approve { task: task(), by: by() }, r#"{"request":"approve","task":"review-auth","by":"me"}"#);
    stands_as(
        &Request::Reject { task: task(), by: by(), why: "untested".to_owned() },
        r#"{"request":"reject","task":"review-auth","by":"me","why":"untested"}"#,
    );
    stands_as(&Request::Why { task: task() }, r#"{"request":"why","task":"review-auth"}"#);
    stands_as(
        &Request::Replay { task: task(), without: vec![WorkerName::new("grok")], rule: VotingRule::BestSingle },
        r#"{"request":"replay","task":"review-auth","without":["grok"],"rule":"best-single"}"#,
    );
    reads_as(
        &json!({ "request": "replay", "task": "review-auth" }),
        &Request::Replay { task: task(), without: Vec::new(), rule: VotingRule::Bayes },
    );
    let worker = Some(WorkerName::new("codex"));
    stands_as(
        &Request::Apply { task: task(), worker, allow_dirty: true, revert: false, by: by() },
        r#"{"request":"apply","task":"review-auth","worker":"codex","allow_dirty":true,"revert":false,"by":"me"}"#,
    );
}

#[test]
fn requests_about_the_board() {
    stands_as(
        &Request::Tasks { state: Some("done".to_owned()), limit: Some(20), before: Some(7) },
        r#"{"request":"tasks","state":"done","limit":20,"before":7}"#,
    );
    reads_as(&json!({ "request": "tasks" }), &Request::Tasks { state: None, limit: None, before: None });
    stands_as(&Request::Log { entries: 3 }, r#"{"request":"log","entries":3}"#);
    stands_as(&Request::VerifyLog, r#"{"request":"verify_log"}"#);
    stands_as(&Request::Workers, r#"{"request":"workers"}"#);
    stands_as(
        &Request::Report { by: Some(ReportBy::Worker), since: Some("7d".to_owned()) },
        r#"{"request":"report","by":"worker","since":"7d"}"#,
    );
    reads_as(&json!({ "request": "report" }), &Request::Report { by: None, since: None });
    stands_as(&Request::Status, r#"{"request":"status"}"#);
    stands_as(
        &Request::Notices { after: Seq(4), task: Some(task()), wait_ms: 1000 },
        r#"{"request":"notices","after":4,"task":"review-auth","wait_ms":1000}"#,
    );
    reads_as(
        &json!({ "request": "notices", "after": 0, "wait_ms": 0 }),
        &Request::Notices { after: Seq(0), task: None, wait_ms: 0 },
    );
    let bare = Request::Route { text: "Fix it".to_owned(), overrides: Overrides::default() };
    reads_as(&json!({ "request": "route", "text": "Fix it" }), &bare);
    stands_as(&Request::Shutdown { hard: true }, r#"{"request":"shutdown","hard":true}"#);
    reads_as(&json!({ "request": "shutdown" }), &Request::Shutdown { hard: false });
}

#[test]
fn a_request_that_nobody_knows_is_refused_with_those_that_are_known() {
    let error = serde_json::from_value::<Request>(json!({ "request": "explode" })).unwrap_err().to_string();
    assert!(error.contains("explode") && error.contains("submit"), "{error}");
}

#[test]
fn numbers_at_their_ends_survive() {
    let request = Request::Wait { task: task(), for_ms: u64::MAX };
    stands_as(&request, r#"{"request":"wait","task":"review-auth","for_ms":18446744073709551615}"#);
    stands_as(&Timestamp(i64::MIN), "-9223372036854775808");
}

fn row() -> TaskRow {
    TaskRow {
        id: task(),
        title: "Review auth".to_owned(),
        state: "working".to_owned(),
        kind: Kind::new("check"),
        priority: Priority::Normal,
        accepted: Timestamp(1_000),
        ended: None,
        ending: None,
        recommendation: None,
        cost_usd: 0.1 + 0.2,
        cost_unknown: 0,
    }
}

#[test]
fn rows_leave_out_what_is_not_there() {
    let text = r#"{"id":"review-auth","title":"Review auth","state":"working","kind":"check","priority":"normal","accepted":1000,"cost_usd":0.30000000000000004}"#;
    stands_as(&row(), text);
    stands_as(
        &TaskRow {
            ended: Some(Timestamp(2_000)),
            ending: Some(Ending::Failed { why: "no".to_owned() }),
            recommendation: Some("proceed".to_owned()),
            state: "failed".to_owned(),
            cost_usd: 0.0,
            ..row()
        },
        r#"{"id":"review-auth","title":"Review auth","state":"failed","kind":"check","priority":"normal","accepted":1000,"ended":2000,"ending":{"ending":"failed","why":"no"},"recommendation":"proceed","cost_usd":0.0}"#,
    );
}

#[test]
fn endings_are_objects_that_name_themselves() {
    stands_as(&Ending::Done, r#"{"ending":"done"}"#);
    stands_as(&Ending::Cancelled { by: "me".to_owned() }, r#"{"ending":"cancelled","by":"me"}"#);
}

fn view() -> TaskView {
    TaskView {
        row: row(),
        mode: Mode::Simple,
        why_routed: vec!["`review` is a verb of check".to_owned()],
        waits_for: Vec::new(),
        steps: vec![StepView {
            id: StepId::new("judge"),
            role: Role::new("reviewer"),
            needs: Vec::new(),
            workers: vec![WorkerName::new("claude")],
        }],
        attempts: vec![AttemptView {
            number: 1,
            step: StepId::new("judge"),
            worker: WorkerName::new("claude"),
            state: "answered".to_owned(),
            seconds: Some(1.5),
            cost_usd: None,
            error: None,
            note: None,
        }],
        decision: None,
        answer: Some("fine".to_owned()),
    }
}

#[test]
fn a_task_stands_flat_beside_its_row() {
    stands_as(
        &Reply::Task(Box::new(view())),
        r#"{"reply":"task","id":"review-auth","title":"Review auth","state":"working","kind":"check","priority":"normal","accepted":1000,"cost_usd":0.30000000000000004,"mode":"simple","why_routed":["`review` is a verb of check"],"steps":[{"id":"judge","role":"reviewer","needs":[],"workers":["claude"]}],"attempts":[{"number":1,"step":"judge","worker":"claude","state":"answered","seconds":1.5}],"answer":"fine"}"#,
    );
}

#[test]
fn a_task_rests_when_only_a_person_can_go_on() {
    assert!(!view().rests());
    let waits = TaskView { row: TaskRow { state: "awaiting_person".to_owned(), ..row() }, ..view() };
    let over = TaskView { row: TaskRow { ended: Some(Timestamp(5)), ..row() }, ..view() };
    assert!(waits.rests() && over.rests());
}

#[test]
fn short_replies() {
    stands_as(&Reply::Accepted { task: task() }, r#"{"reply":"accepted","task":"review-auth"}"#);
    stands_as(&Reply::Done, r#"{"reply":"done"}"#);
    stands_as(&Reply::Log { entries: vec!["## …".to_owned()] }, r###"{"reply":"log","entries":["## …"]}"###);
    stands_as(
        &Reply::LogVerified { entries: 4, broken: None },
        r#"{"reply":"log_verified","entries":4,"broken":null}"#,
    );
    stands_as(
        &Reply::LogVerified { entries: 0, broken: Some("line 3".to_owned()) },
        r#"{"reply":"log_verified","entries":0,"broken":"line 3"}"#,
    );
    stands_as(&Reply::Tasks { tasks: Vec::new(), next: None }, r#"{"reply":"tasks","tasks":[],"next":null}"#);
    let page = Reply::Tasks { tasks: vec![row()], next: Some(9) };
    assert_eq!(serde_json::to_value(&page).unwrap()["next"], 9);
    stands_as(&page, &serde_json::to_string(&page).unwrap());
}

#[test]
fn workers_and_status() {
    let worker = WorkerRow {
        name: "claude".to_owned(),
        provider: "claude-code".to_owned(),
        model: "opus".to_owned(),
        tier: 1,
        family: "anthropic".to_owned(),
        standing: "ready".to_owned(),
        running: 2,
    };
    stands_as(
        &Reply::Workers { workers: vec![worker] },
        r#"{"reply":"workers","workers":[{"name":"claude","provider":"claude-code","model":"opus","tier":1,"family":"anthropic","standing":"ready","running":2}]}"#,
    );
    let status = Status {
        pid: 42,
        version: "0.1.0".to_owned(),
        workspace: "/w".to_owned(),
        open_tasks: 3,
        phases: Default::default(),
        running_calls: 2,
        seq: Seq(17),
        published: Seq(16),
        listen: None,
        trouble: Some("no space left".to_owned()),
    };
    stands_as(
        &Reply::Status(status),
        r#"{"reply":"status","pid":42,"version":"0.1.0","workspace":"/w","open_tasks":3,"running_calls":2,"seq":17,"published":16,"trouble":"no space left"}"#,
    );
}

#[test]
fn a_route_and_its_reasons() {
    let route = Route {
        kind: Kind::new("check"),
        category: None,
        mode: Mode::Simple,
        priority: Priority::Normal,
        workers: vec![WorkerName::new("claude")],
        why: vec!["because".to_owned()],
        needs: crate::board::Needs::default(),
        steps: Vec::new(),
    };
    stands_as(
        &Reply::Route(Box::new(route)),
        r#"{"reply":"route","kind":"check","category":null,"mode":"simple","priority":"normal","workers":["claude"],"why":["because"]}"#,
    );
}

#[test]
fn notices_carry_their_facts_as_they_are() {
    let notice = Notice {
        seq: Seq(5),
        at: Timestamp(6),
        task: None,
        event: "file_rejected".to_owned(),
        facts: json!({ "z": 1, "a": [1.5, null, "x"] }),
    };
    stands_as(
        &Reply::Notices { notices: vec![notice], upto: Seq(8) },
        r#"{"reply":"notices","notices":[{"seq":5,"at":6,"task":null,"event":"file_rejected","facts":{"z":1,"a":[1.5,null,"x"]}}],"upto":8}"#,
    );
}

#[test]
fn errors_and_every_kind_of_them() {
    stands_as(
        &Error::new(ErrorKind::NotFound, "no task is called x").hint("see: synod tasks"),
        r#"{"kind":"not_found","what":"no task is called x","hint":"see: synod tasks"}"#,
    );
    stands_as(
        &Error::new(ErrorKind::Conflict, "stale").fault(MemoryFault::Stale { stands: 3 }),
        r#"{"kind":"conflict","what":"stale","hint":"","fault":{"fault":"stale","stands":3}}"#,
    );
    reads_as(&json!({ "kind": "busy", "what": "full" }), &Error::new(ErrorKind::Busy, "full"));
    let kinds = [
        (ErrorKind::Invalid, "invalid"),
        (ErrorKind::NotFound, "not_found"),
        (ErrorKind::Conflict, "conflict"),
        (ErrorKind::NoWorker, "no_worker"),
        (ErrorKind::Busy, "busy"),
        (ErrorKind::Stopping, "stopping"),
        (ErrorKind::Unreachable, "unreachable"),
        (ErrorKind::Internal, "internal"),
    ];
    for (kind, word) in kinds {
        stands_as(&kind, &format!("\"{word}\""));
    }
    assert_eq!(Error::new(ErrorKind::Busy, "full").to_string(), "full", "a person reads what is wrong, not the kind");
}

#[test]
fn the_words_of_the_board() {
    let words = |values: &[Value], wanted: &[&str]| {
        let words: Vec<&str> = values.iter().filter_map(Value::as_str).collect();
        assert_eq!(words, wanted);
    };
    let json_of = |priority: &Priority| serde_json::to_value(priority).unwrap();
    words(&Priority::ALL.iter().map(json_of).collect::<Vec<_>>(), &["low", "normal", "high", "critical"]);
    let json_of = |mode: &Mode| serde_json::to_value(mode).unwrap();
    words(
        &Mode::ALL.iter().map(json_of).collect::<Vec<_>>(),
        &["auto", "simple", "medium", "complex", "architectural", "mega"],
    );
    for recommendation in [
        Recommendation::Proceed,
        Recommendation::ProceedWithCaution,
        Recommendation::ReviewRequired,
        Recommendation::ConflictResolutionNeeded,
    ] {
        stands_as(&recommendation, &format!("\"{}\"", recommendation.as_str()));
    }
}

/// Answers every request with what it was asked.
struct Echo;

impl Board for Echo {
    fn ask(&self, request: Request) -> Answering<'_> {
        Box::pin(async move {
            match request {
                Request::Show { task } => Ok(Reply::Accepted { task }),
                _ => Err(Error::new(ErrorKind::Invalid, "only show")),
            }
        })
    }
}

#[tokio::test]
async fn a_handle_and_its_copies_reach_the_same_board() {
    let handle = Handle::new(Echo);
    let copy = handle.clone();
    assert_eq!(copy.ask(Request::Show { task: task() }).await, Ok(Reply::Accepted { task: task() }));
    assert_eq!(handle.ask(Request::Status).await, Err(Error::new(ErrorKind::Invalid, "only show")));
    assert_eq!(format!("{handle:?}"), "Handle");
}
