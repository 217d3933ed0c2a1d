//! Cassettes: which entry answers which call, what a file may hold, and what recording leaves behind after a crash.

use crate::board::{Failure, FailureClass, Usage, WorkerName};
use crate::worker::cassette::{Cassette, prompt_hash, tests::call};
use crate::worker::{Outcome, Recorder, Reply};
use secrecy::SecretString;
use serde_json::json;
use std::fs;
use std::path::Path;
use std::time::Duration;

const HEADER: &str = "{\"synod_cassette\":1}\n";

fn reply(text: &str) -> Outcome {
    Ok(Reply {
        text: text.to_owned(),
        structured: Some(json!({"verdict": "approve"})),
        model: "m".to_owned(),
        session: Some("s".to_owned()),
        usage: Usage { input_tokens: 3, output_tokens: 4, cached_tokens: 1, cost_usd: Some(0.1) },
        files_modified: vec!["a.rs".to_owned()],
    })
}

fn failure(class: FailureClass) -> Outcome {
    let usage = Usage { input_tokens: 1, ..Usage::default() };
    Err(Failure { class, message: "busy".to_owned(), after_s: 2.0, usage })
}

#[test]
fn entries_answer_by_prompt_then_attempt_then_task_then_order() {
    let hash = prompt_hash("p");
    let entries = [
        json!({"worker": "a", "reply": {"text": "any 1"}}),
        json!({"worker": "a", "task": "t", "attempt": 5, "reply": {"text": "t 5"}}),
        json!({"worker": "a", "task": "t", "reply": {"text": "t any"}}),
        json!({"worker": "a", "prompt_sha256": hash, "reply": {"text": "p 1"}}),
        json!({"worker": "a", "prompt_sha256": hash, "reply": {"text": "p 2"}}),
        json!({"worker": "b", "reply": {"text": "of b"}}),
    ];
    let text: String = entries.iter().map(|entry| format!("{entry}\n")).collect();
    let cassette = Cassette::parse(Path::new("c"), &format!("{HEADER}{text}")).unwrap();
    let calls = [
        ("a", "t", 5, "p", Some("p 1")),
        ("a", "t", 5, "p", Some("p 2")),
        ("a", "t", 5, "p", Some("p 2")),
        ("a", "t", 5, "q", Some("t 5")),
        ("a", "t", 5, "q", Some("t 5")),
        ("a", "t", 9, "q", Some("t any")),
        ("a", "u", 1, "q", Some("any 1")),
        ("a", "u", 2, "q", None),
        ("b", "t", 5, "p", Some("of b")),
        ("b", "t", 5, "p", None),
        ("c", "t", 5, "p", None),
    ];
    for (number, (worker, task, attempt, prompt, wanted)) in calls.into_iter().enumerate() {
        let entry = cassette.take(worker, &call(task, attempt, prompt));
        let text = entry.map(|entry| entry.end.outcome(Duration::ZERO).unwrap().text);
        assert_eq!(text.as_deref(), wanted, "call {number}");
    }
}

#[test]
fn each_fault_of_a_file_names_its_line() {
    let good = "{\"worker\":\"a\",\"reply\":{\"text\":\"x\"}}";
    for (text, line) in [
        (String::new(), 1),
        ("\n".to_owned(), 1),
        ("{\"synod_cassette\":2}\n".to_owned(), 1),
        ("{\"synod_cassette\":1,\"more\":1}\n".to_owned(), 1),
        (format!("{good}\n"), 1),
        (format!("{HEADER}{{\"worker\":\"a\"}}\n"), 2),
        (format!("{HEADER}{{\"reply\":{{\"text\":\"x\"}}}}\n"), 2),
        (format!("{HEADER}{good}\n\n{{\"worker\":\"a\",\"reply\":{{\"txt\":\"x\"}}}}\n"), 4),
        (format!("{HEADER}{{\"worker\":\"a\",\"failure\":{{\"class\":\"cancelled\",\"message\":\"x\"}}}}\n"), 2),
        (format!("{HEADER}{good}{good}\n"), 2),
        (format!("{HEADER}{{\"worker\":\"a\",\"rep\n{good}\n"), 2),
        (format!("{HEADER}not json"), 2),
    ] {
        let error = Cassette::parse(Path::new("c.jsonl"), &text).unwrap_err().to_string();
        assert!(error.starts_with(&format!("cassette c.jsonl, line {line}: ")), "{text:?}: {error}");
    }
    for text in
        [HEADER.to_owned(), format!("{HEADER}\n\n{good}"), format!("{HEADER}{good}\r\n"), format!("{HEADER}{{\"wor")]
    {
        assert!(Cassette::parse(Path::new("c"), &text).is_ok(), "{text:?}");
    }
    let missing = Cassette::open(Path::new("/none/c.jsonl")).unwrap_err().to_string();
    assert!(missing.starts_with("cassette /none/c.jsonl: cannot read it: "), "{missing}");
}

#[test]
fn every_outcome_of_a_worker_is_recorded_and_played_again() {
    let wait = Some(Duration::from_millis(1500));
    let outcomes = [
        reply("pong"),
        failure(FailureClass::Transient),
        failure(FailureClass::RateLimited { retry_after: None }),
        failure(FailureClass::RateLimited { retry_after: wait }),
        failure(FailureClass::Timeout),
        failure(FailureClass::WorkerBlocked),
        failure(FailureClass::RequestRefused),
    ];
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("c.jsonl");
    let recorder = Recorder::open(&path, &[]).unwrap();
    let stopped = [failure(FailureClass::Cancelled), failure(FailureClass::Interrupted)];
    for outcome in outcomes.iter().chain(&stopped) {
        recorder.record(&WorkerName::new("a"), &call("t", 1, "p"), Duration::from_millis(7), outcome).unwrap();
    }
    let cassette = Cassette::open(&path).unwrap();
    for outcome in &outcomes {
        let entry = cassette.take("a", &call("t", 1, "p")).unwrap();
        assert_eq!((&entry.end.outcome(Duration::from_secs(2)), entry.took_ms), (outcome, 7));
    }
    let last = cassette.take("a", &call("t", 1, "p")).unwrap();
    assert_eq!(
        &last.end.outcome(Duration::from_secs(2)),
        outcomes.last().unwrap(),
        "calls that were stopped are not in it"
    );
}

#[test]
fn recording_goes_on_behind_whatever_a_crash_left() {
    let entry = "{\"worker\":\"old\",\"reply\":{\"text\":\"x\"}}";
    let long = format!("{{\"worker\":\"old\",\"reply\":{{\"text\":\"{}\"}}}}", "x".repeat(200_000));
    for (before, workers) in [
        (String::new(), vec!["new"]),
        ("{\"synod_ca".to_owned(), vec!["new"]),
        (HEADER.trim_end().to_owned(), vec!["new"]),
        (HEADER.to_owned(), vec!["new"]),
        (format!("{HEADER}{entry}\n"), vec!["old", "new"]),
        (format!("{HEADER}{entry}"), vec!["old", "new"]),
        (format!("{HEADER}{entry}\n{{\"worker\":\"torn\",\"rep"), vec!["old", "new"]),
        (format!("{HEADER}{entry}\n{{\"worker\":\"torn\",\"reply\":{{\"text\":\"caf"), vec!["old", "new"]),
        (format!("{HEADER}{long}"), vec!["old", "new"]),
        (format!("{HEADER}{entry}\n{}", &long[..150_000]), vec!["old", "new"]),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("c.jsonl");
        fs::write(&path, &before).unwrap();
        let recorder = Recorder::open(&path, &[]).unwrap();
        recorder.record(&WorkerName::new("new"), &call("t", 1, "p"), Duration::ZERO, &reply("y")).unwrap();
        let shown = before.get(..before.len().min(80));
        assert_eq!(Cassette::open(&path).unwrap().workers(), workers, "{shown:?}");
    }
}

#[test]
fn a_cassette_holds_no_key_in_any_form() {
    let keys = ["k-abcdefgh", "k-abcdefgh-and-longer", "quote\"back\\slash", "ends-in-a-quote\"", "short"];
    let secrets = keys.map(SecretString::from);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("c.jsonl");
    let recorder = Recorder::open(&path, &secrets).unwrap();
    recorder.record(&WorkerName::new("a"), &call("t", 1, "p"), Duration::ZERO, &reply(&keys.join(" | "))).unwrap();
    let entry_text =
        Cassette::open(&path).unwrap().take("a", &call("t", 1, "p")).unwrap().end.outcome(Duration::ZERO).unwrap().text;
    assert_eq!(entry_text, "[key] | [key] | [key] | [key] | short");
}

#[test]
fn a_recording_that_cannot_be_opened_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let error = Recorder::open(folder.path(), &[]).unwrap_err().to_string();
    assert!(
        error.starts_with(&format!("cassette {}: cannot open it for recording: ", folder.path().display())),
        "{error}"
    );
}
