//! The roster: every worker is in it, and one that cannot work says why when it is asked.

use crate::board::{AttemptKey, TaskId, WorkerName};
use crate::config::{self, Environment, Provider, Worker};
use crate::worker::cassette::{Cassette, tests::call};
use crate::worker::{Pace, Recorder, Roster, RosterParts, ShimProgram};
use indexmap::IndexMap;
use std::fs;
use std::path::Path;
use tokio_util::sync::CancellationToken;

fn roster(root: &Path, workers: Vec<(&str, Worker)>, recorder: Option<Recorder>) -> Roster {
    let workers: IndexMap<String, Worker> =
        workers.into_iter().map(|(name, worker)| (name.to_owned(), worker)).collect();
    let environment = Environment::of([("PATH", "/none")]).at(root);
    Roster::new(RosterParts {
        workers: &workers,
        environment: &environment,
        limits: &config::parse("").unwrap().settings.limits,
        spool: root.join("spool"),
        homes: root.join("homes"),
        shim: ShimProgram::of_this_binary(),
        pace: Pace::Instant,
        recorder,
    })
}

fn replay(cassette: Option<&str>) -> Worker {
    Worker { cassette: cassette.map(Into::into), ..Worker::new("w", Provider::Replay, None) }
}

async fn ask(roster: &Roster, name: &str, attempt: u32) -> String {
    match roster.call(&WorkerName::new(name), call("t", attempt, "p"), CancellationToken::new()).await {
        Ok(reply) => format!("ok: {}", reply.text),
        Err(failure) => format!("{}: {}", failure.class.as_str(), failure.message),
    }
}

#[tokio::test]
async fn each_worker_that_cannot_work_says_why_and_takes_no_other_down() {
    let root = tempfile::tempdir().unwrap();
    fs::write(
        root.path().join("good.jsonl"),
        "{\"synod_cassette\":1}\n{\"worker\":\"good\",\"reply\":{\"text\":\"pong\"}}\n",
    )
    .unwrap();
    fs::write(root.path().join("bad.jsonl"), "what\n").unwrap();
    let workers = vec![
        ("good", replay(Some("good.jsonl"))),
        ("bare", replay(None)),
        ("gone", replay(Some("none.jsonl"))),
        ("bad", replay(Some("bad.jsonl"))),
        ("person", Worker::new("person", Provider::Human, None)),
        ("agent", Worker::new("agent", Provider::External, None)),
        ("tool", Worker::new("tool", Provider::Mcp, None)),
        ("claude", Worker::new("claude", Provider::ClaudeCode, None)),
    ];
    let roster = roster(root.path(), workers, None);
    let shown = root.path().display();
    for (name, begins) in [
        ("bare", "worker_blocked: workers.bare needs a `cassette`".to_owned()),
        ("gone", format!("worker_blocked: cassette {shown}/none.jsonl: cannot read it: ")),
        ("bad", format!("worker_blocked: cassette {shown}/bad.jsonl, line 1: ")),
        ("person", "worker_blocked: a worker behind `human` is not called; it claims work".to_owned()),
        ("agent", "worker_blocked: a worker behind `external` is not called; it claims work".to_owned()),
        ("tool", "worker_blocked: program `` not found: provider mcp runs no program".to_owned()),
        ("claude", "worker_blocked: ".to_owned()),
        ("nobody", "worker_blocked: there is no worker `nobody` in the settings".to_owned()),
        ("good", "ok: pong".to_owned()),
    ] {
        let told = ask(&roster, name, 1).await;
        assert!(told.starts_with(&begins), "{name}: {told}");
    }
}

#[tokio::test]
async fn each_worker_plays_its_own_answers_of_one_cassette() {
    let root = tempfile::tempdir().unwrap();
    let lines = [
        "{\"synod_cassette\":1}",
        "{\"worker\":\"a\",\"reply\":{\"text\":\"1\"}}",
        "{\"worker\":\"b\",\"reply\":{\"text\":\"2\"}}",
    ];
    fs::write(root.path().join("c.jsonl"), lines.join("\n") + "\n").unwrap();
    let roster = roster(root.path(), vec![("a", replay(Some("c.jsonl"))), ("b", replay(Some("c.jsonl")))], None);
    assert_eq!((ask(&roster, "a", 1).await, ask(&roster, "b", 1).await), ("ok: 1".to_owned(), "ok: 2".to_owned()));
    assert!(ask(&roster, "a", 2).await.starts_with("request_refused: the cassette "));
}

#[tokio::test]
async fn what_any_worker_answers_is_recorded() {
    let root = tempfile::tempdir().unwrap();
    fs::write(
        root.path().join("c.jsonl"),
        "{\"synod_cassette\":1}\n{\"worker\":\"a\",\"reply\":{\"text\":\"pong\"}}\n",
    )
    .unwrap();
    let path = root.path().join("again.jsonl");
    let recorder = Recorder::open(&path, &[]).unwrap();
    let roster = roster(root.path(), vec![("a", replay(Some("c.jsonl")))], Some(recorder));
    ask(&roster, "a", 1).await;
    ask(&roster, "nobody", 1).await;
    let again = Cassette::open(&path).unwrap();
    assert_eq!(again.workers(), ["a", "nobody"]);
    let played = again.take("a", &call("t", 1, "p")).unwrap().end.outcome(std::time::Duration::ZERO);
    assert_eq!(played.unwrap().text, "pong");
}

#[tokio::test]
async fn only_what_was_begun_is_gone_on_with_and_forgetting_it_is_final() {
    let root = tempfile::tempdir().unwrap();
    let roster =
        roster(root.path(), vec![("c", Worker::new("c", Provider::ClaudeCode, None)), ("r", replay(None))], None);
    let key = AttemptKey { task: TaskId::parse("t").unwrap(), number: 4 };
    let (cli, stop) = (WorkerName::new("c"), CancellationToken::new());
    assert!(roster.resume(&key, &cli, stop.clone()).is_none(), "nothing is there");
    let folder = root.path().join("spool/t-4");
    fs::create_dir_all(&folder).unwrap();
    assert!(roster.resume(&key, &cli, stop.clone()).is_none() && !folder.exists(), "nobody had begun it");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("shim.json"), "").unwrap();
    assert!(roster.resume(&key, &WorkerName::new("r"), stop.clone()).is_none(), "a replay is never under way");
    assert!(roster.resume(&key, &WorkerName::new("nobody"), stop.clone()).is_none());
    let lost = roster.resume(&key, &cli, stop).unwrap().await.unwrap_err();
    assert_eq!(lost.class.as_str(), "interrupted");
    assert_eq!(roster.stray_spools().unwrap(), std::slice::from_ref(&key));
    roster.forget(&key).unwrap();
    roster.forget(&key).unwrap();
    assert_eq!(roster.stray_spools().unwrap(), []);
}
