//! The job of a call: what reaches the worker, what is made of its answer, how it is stopped, what a late report does.

use super::rig::{REVIEW, Rig, SIMPLE, id};
use super::workers::{Workers, failed, said, verdict};
use crate::api::{NewTask, Overrides, Reply, Request};
use crate::board::{AttemptKey, FailureClass};
use std::time::Duration;

fn key(task: &str, number: u32) -> AttemptKey {
    AttemptKey { task: id(task), number }
}

#[tokio::test]
async fn a_cancelled_task_stops_its_calls_and_nobody_waits_for_them() {
    let rig = Rig::new(&["a", "b"]);
    let workers = Workers::played();
    let running = rig.start(&workers);
    running.submit("endless", REVIEW).await;
    let (one, two) = (workers.next().await, workers.next().await);
    assert!(!one.stop.is_cancelled() && !two.stop.is_cancelled());
    running.ask(Request::Cancel { task: id("endless"), by: "me".to_owned() }).await.unwrap();
    one.stopped().await;
    two.stopped().await;
    assert_eq!(running.show("endless").await.row.state, "cancelled");
    super::rig::until("what is left is thrown away", || workers.forgotten().len() == 2).await;
    running.end().await;
}

#[tokio::test]
async fn a_call_beyond_its_time_is_stopped_and_another_worker_is_asked() {
    let mut rig = Rig::new(&["a", "b"]);
    rig.rules.limits.overrun_grace = Duration::ZERO;
    for worker in &mut rig.rules.workers {
        worker.timeout = Duration::from_millis(50);
    }
    let workers = Workers::played();
    let running = rig.start(&workers);
    running.submit("slow", SIMPLE).await;
    let first = workers.next().await;
    first.stopped().await;
    let second = workers.next().await;
    assert_ne!(first.worker, second.worker);
    assert_eq!(second.call.key, key("slow", 2));
    let view = running.show("slow").await;
    assert_eq!(view.attempts[0].error.as_deref(), Some("no report came within its time"));
    running.end_hard().await;
}

#[tokio::test]
async fn a_report_that_comes_after_the_end_changes_nothing() {
    let rig = Rig::new(&["a"]);
    let workers = Workers::played();
    let running = rig.start(&workers);
    running.submit("late", SIMPLE).await;
    let call = workers.next().await;
    running.ask(Request::Cancel { task: id("late"), by: "me".to_owned() }).await.unwrap();
    let before = running.show("late").await;
    call.say("too late");
    super::rig::until("it is forgotten all the same", || workers.forgotten() == [key("late", 1)]).await;
    assert_eq!(running.show("late").await, before);
    running.end().await;
}

#[tokio::test]
async fn an_answer_is_forgotten_only_after_it_is_stored() {
    let rig = Rig::new(&["a"]);
    let workers = Workers::played();
    let running = rig.start(&workers);
    running.submit("job", SIMPLE).await;
    assert!(workers.forgotten().is_empty());
    workers.next().await.say("made");
    assert_eq!(running.rested("job").await.answer.as_deref(), Some("made"));
    super::rig::until("the call is forgotten", || workers.forgotten() == [key("job", 1)]).await;
    running.end().await;
}

#[tokio::test]
async fn a_call_that_breaks_is_a_failed_attempt_and_not_a_lost_one() {
    let rig = Rig::new(&["a"]);
    let workers = Workers::broken();
    let running = rig.start(&workers);
    running.submit("job", SIMPLE).await;
    let view = running.rested("job").await;
    assert_eq!(view.row.state, "failed");
    let errors: Vec<&str> = view.attempts.iter().filter_map(|attempt| attempt.error.as_deref()).collect();
    assert_eq!(errors.len(), 2, "one try and one retry: {errors:?}");
    assert!(errors[0].contains("the worker is broken"), "{errors:?}");
    // The jobs were counted as over, so an orderly end waits for none of them.
    running.end().await;
}

#[tokio::test]
async fn a_broken_calls_report_waits_for_its_place_in_a_full_queue() {
    let mut rig = Rig::new(&["a", "b", "c"]);
    // So many failures would have the workers rest, which is another matter.
    rig.rules.limits.failures_before_rest = u32::MAX;
    let workers = Workers::broken();
    let running = rig.start(&workers);
    for number in 0..40 {
        running.submit(&format!("job {number}"), REVIEW).await;
    }
    for number in 0..40 {
        assert_eq!(running.rested(&format!("job {number}")).await.row.state, "failed");
    }
    assert_eq!(running.status().await.running_calls, 0);
    running.end().await;
}

#[tokio::test]
async fn a_worker_is_tried_again_after_its_pause_without_anything_else_happening() {
    let rig = Rig::new(&["a"]);
    let workers = Workers::played();
    let running = rig.start(&workers);
    for number in 0..25 {
        // The pause is a few milliseconds and a commit takes about as long: its end must not be missed.
        running.submit(&format!("job {number}"), SIMPLE).await;
        workers.next().await.fail(FailureClass::Transient, "503");
        workers.next().await.say("second try");
    }
    assert_eq!(running.rested("job 24").await.attempts.len(), 2);
    running.end().await;
}

#[tokio::test]
async fn the_prompt_holds_the_task_its_files_and_its_memories_and_says_what_is_missing() {
    let rig = Rig::new(&["a"]);
    std::fs::create_dir_all(rig.root().join("src")).unwrap();
    std::fs::write(rig.root().join("src/auth.rs"), "fn login() {}").unwrap();
    std::fs::write(rig.root().join("spec.md"), "It must be safe.").unwrap();
    std::fs::write(rig.root().join("memories/style.md"), "Short names.").unwrap();
    let workers = Workers::played();
    let running = rig.start(&workers);
    let overrides = Overrides {
        context: vec!["src/*.rs".to_owned()],
        spec: Some("spec.md".to_owned()),
        memories: vec!["style".to_owned(), "nowhere".to_owned()],
        ..Overrides::default()
    };
    let new =
        NewTask { content: "Describe the login.".to_owned(), overrides, by: "t".to_owned(), ..NewTask::default() };
    running.ask(Request::Submit(Box::new(new))).await.unwrap();
    let asked = workers.next().await;
    let prompt = &asked.call.prompt;
    for wanted in ["Describe the login.", "fn login() {}", "It must be safe.", "Short names.", "nowhere"] {
        assert!(prompt.contains(wanted), "{wanted} is not in the prompt:\n{prompt}");
    }
    assert_eq!(asked.call.folder, rig.root());
    assert!(asked.call.time_left > Duration::from_secs(200), "{:?}", asked.call.time_left);
    running.end_hard().await;
}

#[tokio::test]
async fn what_an_agent_shares_with_a_task_reaches_the_attempts_started_after_it() {
    let rig = Rig::new(&["a"]);
    let workers = Workers::played();
    let running = rig.start(&workers);
    running.submit("job", SIMPLE).await;
    let first = workers.next().await;
    assert!(!first.call.prompt.contains("the port is 4820"));
    let folder = rig.root().join("memories/orchestration/current-task/job");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("shared-context.md"), "the port is 4820").unwrap();
    first.fail(FailureClass::Transient, "503");
    let second = workers.next().await;
    assert!(second.call.prompt.contains("the port is 4820"), "{}", second.call.prompt);
    second.say("done");
    running.rested("job").await;
    running.end().await;
}

#[tokio::test]
async fn verdicts_are_asked_for_where_the_matter_is_judged_and_read_out_of_the_answer() {
    let rig = Rig::new(&["a", "b", "c"]);
    let workers = Workers::ruled(|worker, call| {
        assert!(call.schema.is_some(), "{worker} is asked for a verdict");
        said(&if worker == "c" { "no block at all".to_owned() } else { verdict("approve") })
    });
    let running = rig.start(&workers);
    running.submit("review", REVIEW).await;
    let decision = running.rested("review").await.decision.unwrap();
    let stances: Vec<(String, String)> = decision
        .votes
        .iter()
        .map(|vote| (vote.worker.as_str().to_owned(), serde_json::to_value(vote).unwrap()["verdict"].to_string()))
        .collect();
    assert_eq!(decision.model_count, 3, "{stances:?}");
    assert!(stances.contains(&("a".to_owned(), "\"approve\"".to_owned())), "{stances:?}");
    assert!(!stances.contains(&("c".to_owned(), "\"approve\"".to_owned())), "no block is no vote for it: {stances:?}");
    running.end().await;
}

#[tokio::test]
async fn a_long_answer_is_kept_whole() {
    let rig = Rig::new(&["a"]);
    let long = "All work and no play. ".repeat(20_000);
    let answer = long.clone();
    let workers = Workers::ruled(move |_, _| said(&answer));
    let running = rig.start(&workers);
    running.submit("essay", SIMPLE).await;
    assert_eq!(running.rested("essay").await.answer.as_deref().map(str::trim), Some(long.trim()));
    running.end().await;
}

#[tokio::test]
async fn one_worker_that_fails_for_good_does_not_spoil_the_others() {
    let rig = Rig::new(&["a", "b", "c"]);
    let workers = Workers::ruled(|worker, _| match worker {
        "b" => failed(FailureClass::WorkerBlocked, "the key is not valid"),
        _ => said(&verdict("approve")),
    });
    let running = rig.start(&workers);
    running.submit("review", REVIEW).await;
    let view = running.rested("review").await;
    let decision = view.decision.unwrap();
    assert_eq!((view.row.state.as_str(), decision.model_count), ("done", 2));
    assert_eq!(decision.failed_workers.len(), 1);
    let Ok(Reply::Workers { workers: rows }) = running.ask(Request::Workers).await else { panic!("no workers") };
    assert_eq!(rows[1].standing, "blocked: the key is not valid");
    running.submit("again", REVIEW).await;
    running.rested("again").await;
    assert_eq!(workers.counts()["b"], 1, "who is blocked is not asked again");
    running.end().await;
}

#[tokio::test]
async fn no_more_calls_run_at_once_than_may() {
    let mut rig = Rig::new(&["a", "b", "c"]);
    rig.rules.limits.concurrent_calls_max = 2;
    let workers = Workers::played();
    let running = rig.start(&workers);
    running.submit("review", REVIEW).await;
    let (one, two) = (workers.next().await, workers.next().await);
    assert_eq!(running.status().await.running_calls, 2);
    assert!(workers.is_quiet().await);
    one.say(&verdict("approve"));
    let three = workers.next().await;
    two.say(&verdict("approve"));
    three.say(&verdict("approve"));
    assert_eq!(running.rested("review").await.attempts.len(), 3);
    running.end().await;
}

#[tokio::test]
async fn the_higher_priority_starts_first() {
    let mut rig = Rig::new(&["a"]);
    rig.rules.limits.concurrent_calls_max = 1;
    let workers = Workers::played();
    let running = rig.start(&workers);
    running.submit("first", SIMPLE).await;
    let first = workers.next().await;
    running.submit("low", &SIMPLE.replace("kind:", "priority: low\nkind:")).await;
    running.submit("high", &SIMPLE.replace("kind:", "priority: high\nkind:")).await;
    first.say("done");
    let second = workers.next().await;
    assert_eq!(second.call.key, key("high", 1));
    second.say("done");
    let third = workers.next().await;
    assert_eq!(third.call.key, key("low", 1));
    third.say("done");
    running.rested("low").await;
    running.end().await;
}
