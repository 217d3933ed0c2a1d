//! Steps that outside agents take: claimed, renewed, submitted, lapsed, withdrawn, and kept over a restart.

use super::rig::{REVIEW, Rig, Running, SIMPLE, id, until};
use super::workers::{PATIENCE, Workers, verdict};
use crate::api::{Error, ErrorKind, Reply, Request, Work};
use crate::board::WorkerName;
use std::time::{Duration, Instant};

/// A workspace whose only worker is played from outside.
fn outside() -> Rig {
    Rig::new(&["a"]).outside(&["a"])
}

fn claim(by: &str, wait_ms: u64) -> Request {
    Request::ClaimWork { worker: None, by: by.to_owned(), wait_ms }
}

fn submit(claim: &str, text: &str) -> Request {
    Request::SubmitWork {
        claim: claim.to_owned(),
        text: text.to_owned(),
        failed: None,
        model: Some("their-model".to_owned()),
        input_tokens: Some(12),
        output_tokens: Some(3),
        cost_usd: Some(0.5),
    }
}

fn give_up(claim: &str, why: &str) -> Request {
    Request::SubmitWork {
        claim: claim.to_owned(),
        text: String::new(),
        failed: Some(why.to_owned()),
        model: None,
        input_tokens: None,
        output_tokens: None,
        cost_usd: None,
    }
}

impl Running {
    /// Claims a step, waiting for one.
    async fn claimed(&self, by: &str) -> Work {
        match self.ask(claim(by, 30_000)).await {
            Ok(Reply::Work { work: Some(work) }) => *work,
            other => panic!("{by} was given nothing: {other:?}"),
        }
    }

    async fn refused(&self, request: Request) -> Error {
        match self.ask(request).await {
            Err(error) => error,
            Ok(reply) => panic!("it was not refused: {reply:?}"),
        }
    }

    /// Waits until the view of a task's only attempt says so.
    async fn noted(&self, task: &str, words: &str) {
        let start = Instant::now();
        loop {
            let note = self.show(task).await.attempts.first().and_then(|attempt| attempt.note.clone());
            if note.as_ref().is_some_and(|note| note.contains(words)) {
                return;
            }
            assert!(start.elapsed() < PATIENCE, "it never said {words}: {note:?}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

#[tokio::test]
async fn an_agent_that_waits_takes_the_step_and_its_answer_decides() {
    let rig = outside();
    let running = rig.start(&Workers::played());
    let (work, _) = tokio::join!(running.claimed("an agent"), running.submit("job", REVIEW));
    assert_eq!((work.task.as_str(), work.worker.as_str()), ("job", "a"));
    assert!(work.prompt.contains("Check the design.") && work.prompt.contains("\"verdict\""), "{}", work.prompt);
    assert!(work.lease_until <= work.deadline && work.claim.len() > 30);
    running.noted("job", "claimed by an agent until").await;
    let workers = match running.ask(Request::Workers).await {
        Ok(Reply::Workers { workers }) => workers,
        other => panic!("{other:?}"),
    };
    assert!(workers[0].standing.contains("claimed by an agent"), "{}", workers[0].standing);
    assert_eq!(running.ask(submit(&work.claim, &verdict("approve"))).await.unwrap(), Reply::Done);
    let view = running.rested("job").await;
    assert_eq!(view.row.state, "done");
    assert!((view.row.cost_usd - 0.5).abs() < 1e-9, "the usage it told is kept");
    running.end().await;
    assert!(rig.read("communication/INTERCOMMUNICATION_LOG.md").contains("their-model"));
}

#[tokio::test]
async fn there_is_nothing_to_claim_where_nothing_waits() {
    let rig = outside();
    let running = rig.start(&Workers::played());
    assert_eq!(running.ask(claim("x", 0)).await.unwrap(), Reply::Work { work: None });
    assert_eq!(running.ask(claim("x", 30)).await.unwrap(), Reply::Work { work: None });
    assert_eq!(running.refused(claim(" \n", 0)).await.kind, ErrorKind::Invalid);
    let of =
        |worker: &str| Request::ClaimWork { worker: Some(WorkerName::new(worker)), by: "x".to_owned(), wait_ms: 0 };
    assert!(running.refused(of("b")).await.hint.contains("these are: a"));
    running.end().await;
    let rig = Rig::new(&["a"]);
    let running = rig.start(&Workers::played());
    assert_eq!(running.refused(claim("x", 0)).await.kind, ErrorKind::NoWorker);
    running.end().await;
}

#[tokio::test]
async fn of_many_that_claim_at_once_one_gets_the_step() {
    let rig = outside();
    let running = rig.start(&Workers::played());
    running.submit("job", SIMPLE).await;
    running.noted("job", "waits for an agent").await;
    let asks = (0..20).map(|_| running.ask(claim("x", 0)));
    let given = futures::future::join_all(asks).await;
    let given = given.into_iter().filter(|reply| matches!(reply, Ok(Reply::Work { work: Some(_) })));
    assert_eq!(given.count(), 1);
    running.end_hard().await;
}

#[tokio::test]
async fn a_claim_is_submitted_once_and_the_same_again_is_no_harm() {
    let rig = outside();
    let running = rig.start(&Workers::played());
    running.submit("job", SIMPLE).await;
    let work = running.claimed("x").await;
    running.ask(submit(&work.claim, "the design")).await.unwrap();
    running.rested("job").await;
    assert_eq!(running.ask(submit(&work.claim, "the design")).await.unwrap(), Reply::Done, "a reply may get lost");
    let error = running.refused(submit(&work.claim, "another design")).await;
    assert_eq!(error.kind, ErrorKind::Conflict);
    assert!(error.what.contains("submitted already"), "{error}");
    let error = running.refused(Request::RenewWork { claim: work.claim }).await;
    assert_eq!(error.kind, ErrorKind::Conflict);
    assert!(error.what.contains("nothing left to renew"), "{error}");
    running.end().await;
}

#[tokio::test]
async fn forged_claims_and_answers_that_are_none_are_refused() {
    let rig = outside();
    let running = rig.start(&Workers::played());
    running.submit("job", SIMPLE).await;
    let work = running.claimed("x").await;
    for forged in ["", "work-00000000000000000000000000000000", "../../etc/passwd", "\0", &"x".repeat(1 << 20)] {
        assert_eq!(running.refused(submit(forged, "mine")).await.kind, ErrorKind::NotFound);
        assert_eq!(running.refused(Request::RenewWork { claim: forged.to_owned() }).await.kind, ErrorKind::NotFound);
    }
    assert_eq!(running.refused(submit(&work.claim, " \n")).await.kind, ErrorKind::Invalid);
    assert_eq!(running.refused(submit(&work.claim, &"x".repeat((10 << 20) + 1))).await.kind, ErrorKind::Invalid);
    let mut both = submit(&work.claim, "text");
    if let Request::SubmitWork { failed, .. } = &mut both {
        *failed = Some("and why not".to_owned());
    }
    assert_eq!(running.refused(both).await.kind, ErrorKind::Invalid);
    let mut cost = submit(&work.claim, "text");
    if let Request::SubmitWork { cost_usd, .. } = &mut cost {
        *cost_usd = Some(-1.0);
    }
    assert_eq!(running.refused(cost).await.kind, ErrorKind::Invalid);
    let large = format!("it holds \0 and {}", "a line\n".repeat(150_000));
    running.ask(submit(&work.claim, &large)).await.unwrap();
    assert_eq!(running.rested("job").await.answer.unwrap(), large);
    running.end().await;
}

#[tokio::test]
async fn a_lapsed_step_goes_to_another_and_the_first_is_told_so() {
    let mut rig = outside();
    rig.lease = Duration::from_millis(1);
    let running = rig.start(&Workers::played());
    running.submit("job", SIMPLE).await;
    let first = running.claimed("one").await;
    // Nobody rings when a lease lapses: who waits wakes by itself.
    let second = running.claimed("two").await;
    assert_ne!(first.claim, second.claim);
    for request in [submit(&first.claim, "mine"), Request::RenewWork { claim: first.claim.clone() }] {
        let error = running.refused(request).await;
        assert_eq!(
            (error.kind, error.what.as_str()),
            (ErrorKind::Conflict, "the claim lapsed and the step was given to two")
        );
    }
    running.noted("job", "the claim of two lapsed").await;
    running.ask(Request::RenewWork { claim: second.claim.clone() }).await.unwrap();
    running.noted("job", "the claim of two lapsed").await;
    running.ask(submit(&second.claim, "late, and nobody else took it")).await.unwrap();
    assert_eq!(running.rested("job").await.answer.unwrap(), "late, and nobody else took it");
    assert!(running.refused(submit(&first.claim, "mine")).await.what.contains("withdrawn"));
    running.end().await;
}

#[tokio::test]
async fn a_step_given_up_is_tried_again_and_the_reason_is_told() {
    let rig = outside();
    let running = rig.start(&Workers::played());
    running.submit("job", SIMPLE).await;
    let work = running.claimed("one").await;
    running.ask(give_up(&work.claim, "no\ntests here")).await.unwrap();
    let again = running.claimed("two").await;
    assert!(again.prompt.contains("Describe the design.") && again.claim != work.claim);
    let view = running.show("job").await;
    assert_eq!(view.attempts[0].error.as_deref(), Some("one gave it up: no tests here"));
    running.ask(submit(&again.claim, "done")).await.unwrap();
    running.rested("job").await;
    running.end().await;
}

#[tokio::test]
async fn a_cancelled_task_takes_its_step_off_the_desk() {
    let rig = outside();
    let running = rig.start(&Workers::played());
    running.submit("job", SIMPLE).await;
    let work = running.claimed("one").await;
    running.ask(Request::Cancel { task: id("job"), by: "test".to_owned() }).await.unwrap();
    let folder = rig.root().join(".synod/desk");
    until("the desk is empty", || std::fs::read_dir(&folder).unwrap().next().is_none()).await;
    assert!(running.refused(submit(&work.claim, "mine")).await.what.contains("withdrawn"));
    assert_eq!(running.ask(claim("x", 0)).await.unwrap(), Reply::Work { work: None });
    running.end().await;
}

#[tokio::test]
async fn what_nobody_claims_fails_when_its_time_is_up() {
    let mut rig = outside();
    rig.rules.workers[0].timeout = Duration::from_millis(20);
    rig.rules.limits.retries_max = 0;
    let running = rig.start(&Workers::played());
    running.submit("job", SIMPLE).await;
    let view = running.rested("job").await;
    assert_eq!(view.attempts[0].error.as_deref(), Some("no agent claimed it in time"));
    running.end().await;
}

#[tokio::test]
async fn steps_that_wait_outside_hold_up_neither_other_calls_nor_the_end() {
    let mut rig = Rig::new(&["a", "b"]).outside(&["a"]);
    rig.rules.limits.concurrent_calls_max = 1;
    let workers = Workers::played();
    let running = rig.start(&workers);
    running.submit("both", REVIEW).await;
    running.claimed("x").await;
    workers.next().await.say(&verdict("approve"));
    // The grace is half a minute; the end does not wait for it.
    let begun = Instant::now();
    running.end().await;
    assert!(begun.elapsed() < rig.limits.shutdown_grace, "the end waited for an agent");
}

#[tokio::test]
async fn a_claim_outlives_the_daemon_and_the_attempt_keeps_its_number() {
    let rig = outside();
    let running = rig.start(&Workers::played());
    running.submit("claimed", SIMPLE).await;
    let work = running.claimed("x").await;
    running.submit("waiting", SIMPLE).await;
    running.noted("waiting", "waits for an agent").await;
    let ((), gone) = tokio::join!(running.daemon.stop(false), running.ask(claim("late", 30_000)));
    assert!(gone.is_err() || matches!(gone, Ok(Reply::Work { work: Some(_) })), "{gone:?}");
    running.end().await;

    let running = rig.start(&Workers::played());
    running.noted("claimed", "claimed by x").await;
    let renewed = match running.ask(Request::RenewWork { claim: work.claim.clone() }).await.unwrap() {
        Reply::Work { work: Some(renewed) } => *renewed,
        other => panic!("{other:?}"),
    };
    assert_eq!((&renewed.prompt, &renewed.claim, renewed.deadline), (&work.prompt, &work.claim, work.deadline));
    running.ask(submit(&work.claim, "over a restart")).await.unwrap();
    let view = running.rested("claimed").await;
    assert_eq!((view.attempts.len(), view.answer.as_deref()), (1, Some("over a restart")));
    running.end().await;
}

#[tokio::test]
async fn an_answer_that_no_daemon_heard_counts_at_the_next_start() {
    let rig = outside();
    let running = rig.start(&Workers::played());
    running.submit("job", SIMPLE).await;
    let work = running.claimed("x").await;
    running.end().await;
    // A daemon that was killed between storing the answer and its journal.
    let path = rig.root().join(".synod/desk/job-1.json");
    let mut slip: serde_json::Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    assert!(!slip.to_string().contains(&work.claim), "who reads the folder cannot submit");
    slip["standing"]["standing"] = "given".into();
    slip["standing"]["given"] = serde_json::json!({ "given": "text", "text": "kept", "model": null,
        "usage": { "input_tokens": 0, "output_tokens": 0, "cost_usd": null } });
    std::fs::write(&path, slip.to_string()).unwrap();
    std::fs::write(rig.root().join(".synod/desk/odd-9.json"), "{ half").unwrap();
    std::fs::write(rig.root().join(".synod/desk/odd-8.prompt"), "no record").unwrap();
    let running = rig.start(&Workers::played());
    let view = running.rested("job").await;
    assert_eq!((view.attempts.len(), view.answer.as_deref()), (1, Some("kept")));
    until("the desk is empty", || std::fs::read_dir(path.parent().unwrap()).unwrap().next().is_none()).await;
    running.end().await;
}
