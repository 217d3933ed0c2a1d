//! The end: what is still taken, what the grace is for, what a restart asks again, and that nobody is left waiting.

use super::rig::{REVIEW, Rig, SIMPLE, id, submit, until};
use super::workers::{Workers, said, verdict};
use crate::api::{ErrorKind, Reply, Request};
use crate::board::Seq;
use std::time::Duration;

#[tokio::test]
async fn running_calls_may_finish_within_the_grace_and_their_answers_count() {
    let rig = Rig::new(&["a"]);
    let workers = Workers::played();
    let mut running = rig.start(&workers);
    running.submit("job", SIMPLE).await;
    let call = workers.next().await;
    running.daemon.stop(false).await;
    assert!(!call.stop.is_cancelled(), "it may finish");
    call.say("made in time");
    running.over().await.unwrap();
    assert!(rig.names("tasks/done").contains(&"job.md".to_owned()), "its files stand: {:?}", rig.names("tasks/done"));
    assert!(rig.read("decisions/job.json").contains("made in time"));
}

#[tokio::test]
async fn no_new_task_is_taken_and_no_new_call_started_during_the_end() {
    let rig = Rig::new(&["a", "b", "c"]);
    let workers = Workers::played();
    let mut running = rig.start(&workers);
    running.submit("job", "---\nkind: implementation\nmode: medium\n---\nBuild it.\n").await;
    let (one, two) = (workers.next().await, workers.next().await);
    running.daemon.stop(false).await;
    let error = running.ask(submit("another", SIMPLE)).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Busy, "{error}");
    one.say("a candidate");
    two.say("another candidate");
    running.over().await.unwrap();
    assert!(workers.is_quiet().await, "the check is left for the next start");
    let error = running.ask(Request::Status).await.unwrap_err();
    assert_eq!((error.kind, error.hint.as_str()), (ErrorKind::Stopping, "start it again with: synod up"));

    let workers = Workers::played();
    let running = rig.start(&workers);
    let check = workers.next().await;
    assert!(check.call.prompt.contains("a candidate"), "{}", check.call.prompt);
    assert_eq!(workers.calls().len(), 1, "what was answered is not asked again");
    check.say("no verdict");
    running.rested("job").await;
    running.end().await;
}

#[tokio::test]
async fn a_hard_end_stops_calls_and_the_next_start_asks_again_without_counting_a_try() {
    let mut rig = Rig::new(&["a"]);
    rig.rules.limits.retries_max = 0;
    let workers = Workers::played();
    let mut running = rig.start(&workers);
    running.submit("job", SIMPLE).await;
    let call = workers.next().await;
    running.daemon.stop(true).await;
    running.over().await.unwrap();
    assert!(call.stop.is_cancelled());
    assert_eq!(workers.forgotten(), std::slice::from_ref(&call.call.key));

    let workers = Workers::played();
    let running = rig.start(&workers);
    workers.next().await.say("second life");
    let view = running.rested("job").await;
    assert_eq!(view.row.state, "done");
    let states: Vec<&str> = view.attempts.iter().map(|attempt| attempt.state.as_str()).collect();
    assert_eq!(states, ["failed", "answered"]);
    running.end().await;
}

#[tokio::test]
async fn to_be_told_again_ends_running_calls() {
    let rig = Rig::new(&["a"]);
    let workers = Workers::played();
    let mut running = rig.start(&workers);
    running.submit("job", SIMPLE).await;
    let call = workers.next().await;
    running.ask(Request::Shutdown { hard: false }).await.unwrap();
    assert!(!call.stop.is_cancelled());
    running.ask(Request::Shutdown { hard: false }).await.unwrap();
    call.stopped().await;
    running.over().await.unwrap();
}

#[tokio::test]
async fn the_grace_is_not_waited_for_longer_than_it_lasts() {
    let mut rig = Rig::new(&["a"]);
    rig.limits.shutdown_grace = Duration::from_millis(20);
    let workers = Workers::played();
    let mut running = rig.start(&workers);
    running.submit("job", SIMPLE).await;
    let call = workers.next().await;
    running.daemon.stop(false).await;
    call.stopped().await;
    running.over().await.unwrap();
}

#[tokio::test]
async fn everyone_who_waits_is_answered_when_the_daemon_ends() {
    let rig = Rig::new(&["a"]);
    let workers = Workers::played();
    let mut running = rig.start(&workers);
    running.submit("job", SIMPLE).await;
    let call = workers.next().await;
    let handle = running.handle.clone();
    let after = Seq(u64::MAX);
    let waits = handle.ask(Request::Wait { task: id("job"), for_ms: u64::MAX });
    let follows = handle.ask(Request::Notices { after, task: None, wait_ms: u64::MAX });
    running.daemon.stop(true).await;
    let (waited, followed, over) = tokio::join!(waits, follows, running.over());
    over.unwrap();
    for answer in [waited, followed] {
        assert_eq!(answer.unwrap_err().kind, ErrorKind::Stopping);
    }
    drop(call);
}

#[tokio::test]
async fn to_ask_twice_how_it_ended_gives_the_same_answer() {
    let rig = Rig::new(&["a"]);
    let mut running = rig.start(&Workers::played());
    running.daemon.stop(false).await;
    running.over().await.unwrap();
    running.daemon.loop_ended().await.unwrap();
    running.daemon.stop(true).await;
}

#[tokio::test]
async fn an_idle_daemon_ends_at_once_and_lets_the_store_go() {
    let rig = Rig::new(&["a"]);
    let running = rig.start(&Workers::ruled(|_, _| said(&verdict("approve"))));
    running.submit("job", REVIEW).await;
    running.rested("job").await;
    running.end().await;
    // The store can be opened by another at once.
    assert!(rig.store().last_seq() > Seq(0));
    assert_eq!(rig.names("tasks/done"), ["job.md", "job_state.json"], "the last pages stand before the end");
}

#[tokio::test]
async fn while_nothing_can_be_stored_askers_are_told_why_and_those_who_wait_go_on() {
    let rig = Rig::new(&["a"]);
    let running = rig.start(&Workers::played());
    running.submit("job", SIMPLE).await;
    running.daemon.outage.begin("no space left".to_owned());
    // What the loop answers all the same is passed on; it is not stuck in this test.
    let handle = running.handle.clone();
    let waits = handle.ask(Request::Wait { task: id("job"), for_ms: u64::MAX });
    tokio::pin!(waits);
    assert!(futures::poll!(&mut waits).is_pending(), "who waits goes on waiting");
    let error = loop {
        if let Err(error) = running.ask(Request::Status).await {
            break error;
        }
    };
    assert_eq!((error.kind, error.what.as_str()), (ErrorKind::Busy, "no space left"));
    assert!(!error.hint.is_empty());
    running.daemon.outage.over();
    assert_eq!(running.status().await.open_tasks, 1);
    running.ask(Request::Cancel { task: id("job"), by: "me".to_owned() }).await.unwrap();
    assert!(matches!(waits.await, Ok(Reply::Task(_))));
    running.end().await;
}

#[tokio::test]
async fn pages_that_cannot_be_written_are_told_and_made_up_for() {
    let rig = Rig::new(&["a"]);
    let running = rig.start(&Workers::ruled(|_, _| said("done")));
    // A file stands where a folder must be.
    std::fs::remove_dir_all(rig.coordination("tasks")).unwrap();
    std::fs::write(rig.coordination("tasks"), "in the way").unwrap();
    running.submit("job", SIMPLE).await;
    let status = running.until("the trouble is told", |status| status.trouble.is_some()).await;
    assert!(status.trouble.as_deref().is_some_and(|what| what.contains("tasks")), "{status:?}");
    assert_eq!(running.rested("job").await.row.state, "done", "decisions do not wait for pages");
    std::fs::remove_file(rig.coordination("tasks")).unwrap();
    until("the files stand", || rig.names("tasks/done").len() == 2).await;
    running.until("the trouble is over", |status| status.trouble.is_none()).await;
    running.end().await;
}
