//! The start over what an earlier daemon left: every phase of a task, pages at every point, calls that outlived it, settings
//! that changed meanwhile.

use super::rig::{REVIEW, Rig, SIMPLE, batches, id, offer, until};
use super::workers::{PATIENCE, Workers, failed, said, verdict};
use crate::api::Request;
use crate::board::{
    self, Answer, AttemptKey, Effect, Event, FailureClass, Input, Purpose, Seq, State, Text, Timestamp, Usage,
    verdict_reader,
};
use crate::folder::handoff_log;
use crate::store::Batch;
use std::time::Duration;

/// An hour ago, as a daemon that ran then would have noted it.
fn earlier() -> Timestamp {
    Timestamp(crate::daemon::Clock::start(Timestamp::default()).now().0 - 3_600_000)
}

fn answered(task: &str, number: u32) -> Input {
    let text = verdict("approve");
    let answer = Answer {
        verdicts: verdict_reader::read(&Purpose::Judge, &text, None),
        text: Text::short(text),
        model: "m".to_owned(),
        session: None,
        usage: Usage::default(),
        files_modified: Vec::new(),
        not_given: Vec::new(),
        proposal: None,
        patch: None,
        prompt: None,
        resumed: None,
        cached: false,
        call_hash: None,
    };
    Input::Answered { at: earlier(), key: AttemptKey { task: id(task), number }, answer: Box::new(answer) }
}

fn accepted(name: &str, content: &str) -> Input {
    Input::Offer(Box::new(offer(name, content, earlier(), None)))
}

/// A task of three workers, from its beginning to its end.
fn whole_life() -> Vec<Input> {
    vec![
        Input::Started { at: earlier() },
        accepted("job", REVIEW),
        answered("job", 1),
        answered("job", 2),
        answered("job", 3),
    ]
}

/// An earlier daemon that came `lived` inputs far and wrote the pages of the first `written` of them; the mark in the store
/// says `marked`, which may be less.
fn left_by(rig: &Rig, lived: usize, written: usize, marked: usize) {
    let mut state = State::default();
    let all = batches(&mut state, &rig.rules, whole_life());
    let mut store = rig.store();
    let mut publisher = rig.publisher();
    let blobs = store.blobs().clone();
    let mut replayed = State::default();
    let mut mark = Seq(0);
    for (number, batch) in all.into_iter().take(lived).enumerate() {
        let mut pages = Vec::new();
        for (seq, event) in &batch {
            board::apply(&mut replayed, *seq, event);
            for effect in board::react(&replayed, event) {
                if let Effect::Publish(page) = effect {
                    pages.push((*seq, page));
                }
            }
        }
        if number < written {
            publisher.publish(&pages, &|text| blobs.get(text).map_err(|error| error.to_string())).unwrap();
        }
        if number < marked {
            mark = replayed.seq;
        }
        store.append(&Batch { events: batch, published: Some(mark), ..Batch::default() }).unwrap();
    }
}

#[tokio::test]
async fn from_every_point_of_a_tasks_life_and_of_its_pages_it_comes_to_the_same_end() {
    for lived in 1..=5 {
        for written in 0..=lived {
            for marked in [0, written] {
                let rig = Rig::new(&["a", "b", "c"]);
                left_by(&rig, lived, written, marked);
                let workers = Workers::ruled(|_, _| said(&verdict("approve")));
                let running = rig.start(&workers);
                let point = format!("{lived} inputs, pages of {written}, mark at {marked}");
                if lived == 1 {
                    running.submit("job", REVIEW).await;
                }
                let view = running.rested("job").await;
                assert_eq!(view.row.state, "done", "{point}");
                let answers = view.attempts.iter().filter(|attempt| attempt.state == "answered").count();
                assert_eq!(answers, 3, "{point}: {:?}", view.attempts);
                let already = lived.saturating_sub(2);
                assert_eq!(workers.calls().len(), 3 - already, "{point}: who has answered is not asked again");
                running.archived(1).await;
                running.end().await;
                stands_once(&rig, &point);
            }
        }
    }
}

/// Every page of the task stands, and every log entry and message once.
fn stands_once(rig: &Rig, point: &str) {
    assert_eq!(rig.names("tasks/done"), ["job.md", "job_state.json"], "{point}");
    assert!(rig.names("tasks/active").is_empty(), "{point}: {:?}", rig.names("tasks/active"));
    assert_eq!(rig.names("outputs/job").len(), 3, "{point}: {:?}", rig.names("outputs/job"));
    assert_eq!(rig.names("decisions"), ["job.json", "job.md"], "{point}");
    let path = rig.coordination("communication/INTERCOMMUNICATION_LOG.md");
    assert!(handoff_log::verify(&path).unwrap().is_ok(), "{point}");
    let log = std::fs::read_to_string(path).unwrap();
    let entries = log.matches("<!-- synod:").count();
    assert_eq!(log.matches("synod (router) - job\n").count(), 1, "{point}:\n{log}");
    assert_eq!(log.matches("synod (consensus) - job\n").count(), 1, "{point}:\n{log}");
    assert!(entries >= 5, "{point}: {entries} entries");
    let messages = rig.read("communication/model_messages.log");
    let mut seqs: Vec<u64> = Vec::new();
    for line in messages.lines() {
        seqs.push(serde_json::from_str::<serde_json::Value>(line).unwrap()["seq"].as_u64().unwrap());
    }
    assert!(seqs.windows(2).all(|pair| pair[0] < pair[1]), "{point}: {seqs:?}");
}

#[tokio::test]
async fn a_call_that_still_runs_is_waited_for_and_not_made_again() {
    let rig = Rig::new(&["a"]);
    rig.lived_through(vec![accepted("job", SIMPLE)]);
    let workers = Workers::played();
    let key = AttemptKey { task: id("job"), number: 1 };
    let outcome = workers.leave(&key);
    let running = rig.start(&workers);
    let status = running.status().await;
    assert_eq!((status.running_calls, status.open_tasks), (1, 1));
    assert!(workers.forgotten().is_empty(), "what is waited for is not swept away");
    outcome.send(said("it took an hour")).unwrap();
    let view = running.rested("job").await;
    assert_eq!((view.answer.as_deref(), view.attempts.len()), (Some("it took an hour"), 1));
    assert!(workers.calls().is_empty());
    until("what is left is thrown away", || workers.forgotten() == [key.clone()]).await;
    running.end().await;
    let log = rig.read("communication/model_messages.log");
    assert!(log.contains("attempt_adopted"), "{log}");
}

#[tokio::test]
async fn a_call_that_ended_meanwhile_is_harvested_although_its_time_is_long_over() {
    let rig = Rig::new(&["a"]);
    rig.lived_through(vec![accepted("job", SIMPLE)]);
    let workers = Workers::played();
    workers.leave(&AttemptKey { task: id("job"), number: 1 }).send(said("long done")).unwrap();
    let running = rig.start(&workers);
    assert_eq!(running.rested("job").await.answer.as_deref(), Some("long done"));
    assert!(workers.calls().is_empty());
    running.end().await;
}

#[tokio::test]
async fn a_call_of_which_nothing_is_left_is_made_again_and_counts_as_no_try() {
    let mut rig = Rig::new(&["a"]);
    rig.rules.limits.retries_max = 0;
    rig.lived_through(vec![accepted("job", SIMPLE)]);
    let workers = Workers::played();
    let running = rig.start(&workers);
    let again = workers.next().await;
    assert_eq!(again.call.key, AttemptKey { task: id("job"), number: 2 });
    again.say("done");
    let view = running.rested("job").await;
    assert!(view.attempts[0].error.as_deref().is_some_and(|why| why.contains("nothing of it is left")));
    running.end().await;
}

#[tokio::test]
async fn a_call_whose_shim_died_is_made_again() {
    let rig = Rig::new(&["a"]);
    rig.lived_through(vec![accepted("job", SIMPLE)]);
    let workers = Workers::played();
    drop(workers.leave(&AttemptKey { task: id("job"), number: 1 }));
    let running = rig.start(&workers);
    workers.next().await.say("done");
    assert_eq!(running.rested("job").await.attempts.len(), 2);
    running.end().await;
}

#[tokio::test]
async fn what_is_left_of_calls_that_nobody_waits_for_is_swept_away() {
    let rig = Rig::new(&["a"]);
    let workers = Workers::played();
    let stray = AttemptKey { task: id("nobody"), number: 4 };
    drop(workers.leave(&stray));
    let running = rig.start(&workers);
    assert_eq!(workers.forgotten(), [stray]);
    running.end().await;
}

#[tokio::test]
async fn an_adopted_call_can_be_cancelled_and_is_stopped() {
    let rig = Rig::new(&["a"]);
    rig.lived_through(vec![accepted("job", SIMPLE)]);
    let workers = Workers::played();
    let key = AttemptKey { task: id("job"), number: 1 };
    let mut outcome = workers.leave(&key);
    let running = rig.start(&workers);
    running.ask(Request::Cancel { task: id("job"), by: "me".to_owned() }).await.unwrap();
    // The call's future is dropped once it was stopped, and its end of the channel with it.
    tokio::time::timeout(PATIENCE, outcome.closed()).await.expect("the call is not stopped");
    until("what is left is thrown away", || workers.forgotten() == [key.clone()]).await;
    running.end().await;
}

#[tokio::test]
async fn who_only_looks_leaves_running_calls_and_waiting_attempts_as_they_are() {
    let mut rig = Rig::new(&["a", "b"]);
    let before = rig.lived_through(vec![accepted("job", REVIEW), answered("job", 1)]);
    rig.look = true;
    rig.rules.workers.clear();
    let workers = Workers::played();
    let mut outcome = workers.leave(&AttemptKey { task: id("job"), number: 2 });
    let running = rig.start(&workers);
    let status = running.status().await;
    assert_eq!((status.running_calls, status.open_tasks), (1, 1));
    assert_eq!(status.seq, before.seq, "nothing has happened");
    assert_eq!(running.show("job").await.attempts[1].state, "running");
    running.end().await;
    assert!(workers.calls().is_empty() && workers.forgotten().is_empty());
    assert!(futures::poll!(std::pin::pin!(outcome.closed())).is_pending(), "nobody touched the call");
    assert_eq!(rig.store().last_seq(), before.seq);
}

#[tokio::test]
async fn who_only_looks_can_still_cancel() {
    let mut rig = Rig::new(&["a"]);
    rig.lived_through(vec![accepted("job", SIMPLE)]);
    rig.look = true;
    let running = rig.start(&Workers::played());
    running.ask(Request::Cancel { task: id("job"), by: "me".to_owned() }).await.unwrap();
    assert_eq!(running.show("job").await.row.state, "cancelled");
    running.end().await;
    assert_eq!(rig.names("tasks/failed"), ["job.md", "job_state.json"]);
}

#[tokio::test]
async fn a_worker_that_is_gone_from_the_settings_holds_up_no_task() {
    for left in [vec!["b"], vec!["z"]] {
        let mut rig = Rig::new(&["a", "b"]);
        rig.lived_through(vec![accepted("job", &SIMPLE.replace("kind:", "models: [a]\nkind:"))]);
        rig.rules.workers.retain(|worker| left.contains(&worker.name.as_str()));
        let workers = Workers::ruled(|_, _| said("done"));
        let running = rig.start(&workers);
        let view = running.rested("job").await;
        assert_eq!(view.row.state, "failed", "nobody else was named: {:?}", view.attempts);
        assert!(workers.calls().iter().all(|(worker, _)| worker == "b"));
        running.end().await;
    }
}

#[tokio::test]
async fn a_blocked_worker_is_tried_again_after_a_start() {
    let rig = Rig::new(&["a"]);
    let running = rig.start(&Workers::ruled(|_, _| failed(FailureClass::WorkerBlocked, "no credit")));
    running.submit("job", SIMPLE).await;
    assert_eq!(running.rested("job").await.row.state, "failed");
    running.end().await;
    let running = rig.start(&Workers::ruled(|_, _| said("done")));
    running.submit("again", SIMPLE).await;
    assert_eq!(running.rested("again").await.row.state, "done");
    running.end().await;
}

#[tokio::test]
async fn a_task_that_waits_for_another_goes_on_waiting_and_then_goes_on() {
    let rig = Rig::new(&["a"]);
    let second = SIMPLE.replace("kind:", "depends_on: [first]\nkind:");
    rig.lived_through(vec![accepted("second", &second)]);
    let running = rig.start(&Workers::ruled(|_, _| said("done")));
    assert_eq!(running.show("second").await.waits_for, [id("first")]);
    running.submit("first", SIMPLE).await;
    assert_eq!(running.rested("second").await.row.state, "done");
    running.end().await;
}

#[tokio::test]
async fn time_does_not_go_back_when_the_wall_clock_has() {
    let rig = Rig::new(&["a"]);
    let future = Timestamp(earlier().0 + 30 * 24 * 3_600_000);
    rig.lived_through(vec![Input::Offer(Box::new(offer("job", SIMPLE, future, None)))]);
    let running = rig.start(&Workers::ruled(|_, _| said("done")));
    let view = running.rested("job").await;
    assert!(view.row.ended.is_some_and(|ended| ended >= future), "{view:?}");
    assert!(view.attempts.iter().all(|attempt| attempt.seconds.is_none_or(|seconds| seconds < 3600.0)));
    running.end().await;
}

#[tokio::test]
async fn a_task_whose_own_time_ran_out_while_nobody_looked_ends_at_the_start() {
    let rig = Rig::new(&["a"]);
    rig.lived_through(vec![accepted("job", &SIMPLE.replace("kind:", "timeout: 10m\nkind:"))]);
    let workers = Workers::played();
    let running = rig.start(&workers);
    assert_eq!(running.rested("job").await.row.state, "failed");
    assert!(workers.calls().is_empty());
    running.end().await;
}

#[tokio::test]
async fn each_start_is_one_event_and_ended_tasks_are_not_replayed() {
    let rig = Rig::new(&["a"]);
    for round in 0..3 {
        let running = rig.start(&Workers::ruled(|_, _| said("done")));
        running.submit(&format!("job {round}"), SIMPLE).await;
        running.rested(&format!("job {round}")).await;
        running.archived(round + 1).await;
        running.end().await;
    }
    let store = rig.store();
    let mut replayed = Vec::new();
    store.replay(|_, event: Event| replayed.push(event.name())).unwrap();
    assert_eq!(store.finished(), 3);
    assert!(replayed.iter().all(|name| *name == "daemon_started"), "{replayed:?}");
    assert!(replayed.len() <= 3, "{replayed:?}");
}

#[tokio::test]
async fn the_pause_before_a_retry_outlives_a_restart() {
    let mut rig = Rig::new(&["a"]);
    rig.rules.limits.backoff_first = Duration::from_millis(20);
    rig.rules.limits.backoff_max = Duration::from_millis(20);
    let failure = failed(FailureClass::Transient, "503").unwrap_err();
    let key = AttemptKey { task: id("job"), number: 1 };
    rig.lived_through(vec![accepted("job", SIMPLE), Input::Failed { at: earlier(), key, failure }]);
    let workers = Workers::played();
    let running = rig.start(&workers);
    let second = workers.next().await;
    assert_eq!(second.call.key.number, 2);
    second.say("done");
    assert_eq!(running.rested("job").await.row.state, "done");
    running.end().await;
}
