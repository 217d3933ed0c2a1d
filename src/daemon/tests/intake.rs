//! Dropped files as the daemon takes them: offered once, never their own duplicate after a crash, refused with a reason.

use super::rig::{Rig, SIMPLE, id, offer, until};
use super::workers::{Workers, failed, said};
use crate::board::{FailureClass, Input, Source, Text, Timestamp};
use sha2::{Digest, Sha256};

fn drop_file(rig: &Rig, name: &str, content: &str) {
    std::fs::create_dir_all(rig.coordination("tasks")).unwrap();
    let draft = rig.coordination(&format!("tasks/.{name}.draft"));
    std::fs::write(&draft, content).unwrap();
    std::fs::rename(draft, rig.coordination(&format!("tasks/{name}"))).unwrap();
}

fn sha256(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn watched(workers: &[&str]) -> Rig {
    let mut rig = Rig::new(workers);
    rig.intake = true;
    rig
}

#[tokio::test]
async fn a_file_that_was_taken_just_before_a_crash_is_not_taken_for_a_copy_of_itself() {
    let rig = watched(&["a"]);
    // The journal has the task; the crash came before the file was moved.
    drop_file(&rig, "job.md", SIMPLE);
    let source = Source::File { name: "job.md".to_owned(), hash: sha256(SIMPLE), content: Text::short(SIMPLE) };
    rig.lived_through(vec![Input::Offer(Box::new(offer("job", SIMPLE, Timestamp(1), Some(source))))]);
    let workers = Workers::played();
    // It cannot be moved now either, so that the folder is looked at before the pages of the last run stand, if ever.
    let active = rig.coordination("tasks/active");
    let running = rig.start_after(&workers, || {
        std::fs::remove_dir_all(&active).unwrap();
        std::fs::write(&active, "in the way").unwrap();
    });
    running.until("the obstacle is met", |status| status.trouble.is_some()).await;
    std::fs::remove_file(&active).unwrap();
    workers.next().await.say("done");
    running.rested("job").await;
    running.archived(1).await;
    // What is dropped afterwards has been looked at, so the first file has been too.
    drop_file(&rig, "later.md", "Something else.\n");
    workers.next().await.say("done");
    running.archived(2).await;
    running.end().await;
    assert!(rig.names("tasks/rejected").is_empty(), "{:?}", rig.names("tasks/rejected"));
    assert_eq!(rig.read("tasks/done/job.md"), SIMPLE);
    let done = ["job.md", "job_state.json", "later.md", "later_state.json"];
    assert_eq!(rig.names("tasks/done"), done, "no work is done twice");
    let log = rig.read("communication/INTERCOMMUNICATION_LOG.md");
    assert!(!log.contains("already being worked on"), "{log}");
}

#[tokio::test]
async fn what_cannot_be_a_task_is_rejected_with_its_reason_and_the_daemon_goes_on() {
    let rig = watched(&["a"]);
    let running = rig.start(&Workers::ruled(|_, _| said("done")));
    drop_file(&rig, "bad.md", "---\nprioritty: high\n---\nDo it.\n");
    until("it is rejected", || rig.coordination("tasks/rejected/bad.md.why.md").exists()).await;
    let why = rig.read("tasks/rejected/bad.md.why.md");
    assert!(why.contains("prioritty") && why.contains("priority"), "{why}");
    drop_file(&rig, "good.md", SIMPLE);
    until("the good one is done", || rig.names("tasks/done").contains(&"good.md".to_owned())).await;
    running.end().await;
}

#[tokio::test]
async fn more_files_than_tasks_may_be_open_are_all_done_in_the_end() {
    let mut rig = watched(&["a"]);
    rig.rules.limits.open_tasks_max = 3;
    for number in 0..20 {
        drop_file(&rig, &format!("job-{number}.md"), &format!("{SIMPLE}Number {number}.\n"));
    }
    let workers = Workers::ruled(|_, _| said("done"));
    let running = rig.start(&workers);
    running.archived(20).await;
    running.end().await;
    assert_eq!(workers.calls().len(), 20, "each once");
    assert!(rig.names("tasks/rejected").is_empty());
}

#[tokio::test]
async fn a_task_waits_for_a_person_who_answers_with_a_file() {
    let rig = watched(&["a"]);
    let running = rig.start(&Workers::ruled(|_, _| said("done")));
    drop_file(&rig, "urgent.md", &SIMPLE.replace("kind:", "priority: critical\nkind:"));
    until("it waits for a person", || rig.coordination("decisions/urgent.md").exists()).await;
    assert_eq!(running.rested("urgent").await.row.state, "awaiting_person");
    std::fs::write(rig.coordination("decisions/urgent.approve"), "").unwrap();
    running.archived(1).await;
    assert_eq!(running.show("urgent").await.row.state, "done");
    assert!(rig.coordination("decisions/urgent.approve.taken").exists());
    running.end().await;
}

#[tokio::test]
async fn what_failed_of_a_partial_result_is_tried_again_by_a_file() {
    let rig = watched(&["a"]);
    let first = std::sync::atomic::AtomicBool::new(true);
    let running = rig.start(&Workers::ruled(move |_, call| {
        let fails = call.prompt.contains("the second part") && first.swap(false, std::sync::atomic::Ordering::Relaxed);
        if fails { failed(FailureClass::RequestRefused, "too hard") } else { said("done") }
    }));
    let plan = "plan: {steps: [{id: one, do: the first part}, {id: two, do: the second part}]}\nkind:";
    drop_file(&rig, "parts.md", &SIMPLE.replace("kind:", plan));
    until("it waits for a person", || rig.coordination("decisions/parts.md").exists()).await;
    assert_eq!(running.rested("parts").await.row.state, "awaiting_person");
    std::fs::write(rig.coordination("decisions/parts.retry"), "").unwrap();
    running.archived(1).await;
    assert_eq!(running.show("parts").await.row.state, "done");
    assert!(rig.coordination("decisions/parts.retry.taken").exists());
    running.end().await;
}

#[tokio::test]
async fn a_long_dropped_text_reaches_the_worker_whole() {
    let rig = watched(&["a"]);
    let workers = Workers::played();
    let running = rig.start(&workers);
    let text = format!("{SIMPLE}{}THE END\n", "A long story. ".repeat(10_000));
    drop_file(&rig, "long.md", &text);
    let asked = workers.next().await;
    assert!(asked.call.prompt.contains("THE END") && asked.call.prompt.len() > 100_000);
    asked.say("read");
    running.rested("long").await;
    running.end().await;
    assert_eq!(rig.read("tasks/done/long.md"), text);
}

#[tokio::test]
async fn what_is_dropped_during_the_end_is_there_at_the_next_start() {
    let rig = watched(&["a"]);
    let workers = Workers::played();
    let mut running = rig.start(&workers);
    drop_file(&rig, "first.md", SIMPLE);
    let first = workers.next().await;
    running.daemon.stop(false).await;
    drop_file(&rig, "second.md", "Another thing.\n");
    first.say("done");
    running.over().await.unwrap();
    assert!(rig.coordination("tasks/second.md").exists(), "it waits in the folder");
    let running = rig.start(&Workers::ruled(|_, _| said("done")));
    until("it is done", || rig.names("tasks/done").contains(&"second.md".to_owned())).await;
    assert_eq!(running.show("second").await.row.id, id("second"));
    running.end().await;
}
