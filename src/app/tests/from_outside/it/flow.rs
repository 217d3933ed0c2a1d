//! From a dropped file to its decision: one test for each way a task can go.

use super::harness::{Script, Scripted, Workspace, end, rested, until, verdict};
use std::time::Duration;
use synod::api::{NewTask, Reply, Request};
use synod::board::{FailureClass, Seq, TaskId};
use synod::worker::Call;

const REVIEW: &str = "---\nkind: code-review\n---\nReview src/auth.rs for mistakes.\n";

#[tokio::test]
async fn a_dropped_review_ends_with_a_decision_and_every_file() {
    let workspace = Workspace::with_workers(&["claude", "gpt", "gemini"], "");
    let workers = Scripted::new(|_, _| Script::Say(verdict("approve")));
    let engine = workspace.engine(workers.clone()).await;
    workspace.drop_file("review-auth.md", REVIEW);
    until("the task is done", || workspace.names("tasks/done").len() == 2).await;
    end(engine).await;

    assert_eq!(workspace.names("tasks/done"), ["review-auth.md", "review-auth_state.json"]);
    assert_eq!(workspace.read("tasks/done/review-auth.md"), REVIEW, "the dropped file is kept as it was");
    assert_eq!(workspace.names("outputs/review-auth").len(), 3);
    assert_eq!(workspace.names("sessions").len(), 3);
    let decision = workspace.decision("review-auth");
    assert_eq!(decision["recommendation"], "proceed");
    assert_eq!(decision["model_count"], 3);
    assert_eq!(decision["has_conflict"], false);
    assert!(workspace.read("decisions/review-auth.md").contains("proceed"));
    let log = workspace.read("communication/INTERCOMMUNICATION_LOG.md");
    assert_eq!(log.matches("<!-- synod:").count(), 5, "one accepted, three answers, one decision:\n{log}");
    let history = workspace.root().join("memories/orchestration/history");
    assert_eq!(std::fs::read_dir(history).unwrap().count(), 1);
    assert_eq!(workers.counts().values().sum::<usize>(), 3);
}

#[tokio::test]
async fn what_was_dropped_while_nobody_looked_is_found() {
    let workspace = Workspace::with_workers(&["claude"], "");
    workspace.drop_file("early.txt", "Summarise the design.");
    let engine = workspace.engine(Scripted::new(|_, _| Script::Say("Done.".to_owned()))).await;
    until("it is done", || !workspace.names("tasks/done").is_empty()).await;
    end(engine).await;
}

#[tokio::test]
async fn a_worker_that_hangs_or_fails_spoils_nothing_and_is_named() {
    let workspace = Workspace::with_workers(&["claude", "gpt", "gemini"], "attempt_timeout = \"1s\"\nretries = 0");
    let workers = Scripted::new(|worker, _| match worker {
        "gpt" => Script::Hang,
        "gemini" => Script::Fail(FailureClass::RequestRefused, "the model refused".to_owned()),
        _ => Script::Say(verdict("approve")),
    });
    let engine = workspace.engine(workers).await;
    workspace.drop_file("review.md", REVIEW);
    let view = rested(&engine.handle(), "review").await;
    assert_eq!(view.row.state, "done");
    let decision = view.decision.unwrap();
    let mut failed: Vec<&str> = decision.failed_workers.iter().map(|failed| failed.worker.as_str()).collect();
    failed.sort_unstable();
    assert_eq!(failed, ["gemini", "gpt"]);
    assert_eq!(decision.model_count, 1);
    end(engine).await;
}

#[tokio::test]
async fn a_transient_failure_is_tried_again_and_then_another_is_asked() {
    let workspace = Workspace::with_workers(&["claude", "gpt"], "");
    let workers = Scripted::new(|worker, _| match worker {
        "claude" => Script::Fail(FailureClass::Transient, "503 overloaded".to_owned()),
        _ => Script::Say("fn main() {}".to_owned()),
    });
    let engine = workspace.engine(workers.clone()).await;
    workspace.drop_file("hello.md", "---\nmode: simple\nkind: implementation\n---\nWrite a hello world program.\n");
    let view = rested(&engine.handle(), "hello").await;
    assert_eq!(view.row.state, "done");
    assert_eq!(view.answer.as_deref(), Some("fn main() {}"));
    let counts = workers.counts();
    let (first, second) = (counts.get("claude").copied(), counts.get("gpt").copied());
    assert!(first == Some(2) && second == Some(1) || first.is_none(), "two tries, then the other: {counts:?}");
    end(engine).await;
}

#[tokio::test]
async fn making_is_checked_by_others_who_do_not_know_whose_it_is() {
    let workspace = Workspace::with_workers(&["claude", "gpt", "gemini"], "");
    let workers = Scripted::new(|worker, call| {
        if call.schema.is_some() {
            let check = r#"{"verdicts":[{"candidate":"A","verdict":"approve","claims":[],"confidence":0.8,"would_change_my_mind":""},{"candidate":"B","verdict":"reject","claims":[],"confidence":0.8,"would_change_my_mind":""}]}"#;
            return Script::Say(format!("```json\n{check}\n```"));
        }
        Script::Say(format!("made by hand number {}", worker.len()))
    });
    let engine = workspace.engine(workers.clone()).await;
    workspace.drop_file("build.md", "---\nkind: implementation\nmode: medium\n---\nImplement the parser.\n");
    let view = rested(&engine.handle(), "build").await;
    assert_eq!(view.row.state, "done", "{view:#?}");
    let calls = workers.calls.lock().unwrap().clone();
    let (checker, prompt) = calls.last().unwrap();
    assert_eq!(calls.len(), 3);
    for (maker, _) in &calls[..2] {
        assert!(!prompt.contains(maker.as_str()), "{checker} is told who made what:\n{prompt}");
    }
    assert!(prompt.contains("made by hand"), "{prompt}");
    let decision = view.decision.unwrap();
    assert_eq!(decision.votes.len(), 2);
    end(engine).await;
}

#[tokio::test]
async fn a_critical_task_asks_everyone_and_waits_for_a_person() {
    let workspace = Workspace::with_workers(&["claude", "gpt", "gemini", "grok"], "");
    let engine = workspace.engine(Scripted::new(|_, _| Script::Say(verdict("approve")))).await;
    workspace.drop_file("urgent.md", "---\nkind: security-review\npriority: critical\n---\nReview the login.\n");
    let view = rested(&engine.handle(), "urgent").await;
    assert_eq!((view.row.state.as_str(), view.attempts.len()), ("awaiting_person", 4));
    assert!(view.decision.unwrap().needs_human_review);
    std::fs::write(workspace.coordination("decisions/urgent.approve"), "").unwrap();
    until("it is done", || workspace.names("tasks/done").len() == 2).await;
    end(engine).await;
    assert!(workspace.coordination("decisions/urgent.approve.taken").exists());
    assert!(workspace.read("communication/INTERCOMMUNICATION_LOG.md").contains("approved the decision"));
}

#[tokio::test]
async fn a_person_rejects_with_a_reason() {
    let workspace = Workspace::with_workers(&["claude"], "");
    let engine = workspace.engine(Scripted::new(|_, _| Script::Say(verdict("approve")))).await;
    workspace.drop_file("urgent.md", "---\nkind: check\npriority: critical\n---\nCheck it.\n");
    rested(&engine.handle(), "urgent").await;
    std::fs::write(workspace.coordination("decisions/urgent.reject"), "the tests were not run").unwrap();
    until("it has failed", || workspace.names("tasks/failed").len() == 2).await;
    let state = workspace.read("tasks/failed/urgent_state.json");
    assert!(state.contains("the tests were not run"), "{state}");
    end(engine).await;
}

#[tokio::test]
async fn a_cancelled_task_stops_its_calls() {
    let workspace = Workspace::with_workers(&["claude"], "");
    let engine = workspace.engine(Scripted::new(|_, _| Script::Hang)).await;
    workspace.drop_file("endless.md", "Think about everything.\n");
    until("it is asked", || workspace.coordination("tasks/active/endless.md").exists()).await;
    std::fs::write(workspace.coordination("tasks/active/endless.cancel"), "").unwrap();
    let view = rested(&engine.handle(), "endless").await;
    assert_eq!(view.row.state, "cancelled");
    until("its files have moved", || workspace.coordination("tasks/failed/endless.md").exists()).await;
    end(engine).await;
}

#[tokio::test]
async fn tasks_wait_for_those_they_depend_on_whatever_the_order() {
    let workspace = Workspace::with_workers(&["claude"], "");
    let engine = workspace.engine(Scripted::new(|_, _| Script::Say("done".to_owned()))).await;
    workspace.drop_file("second.md", "---\ndepends_on: [first]\n---\nBuild on the first.\n");
    until("it waits", || workspace.coordination("tasks/active/second.md").exists()).await;
    workspace.drop_file("first.md", "Lay the ground.\n");
    let second = rested(&engine.handle(), "second").await;
    let first = rested(&engine.handle(), "first").await;
    assert_eq!((first.row.state.as_str(), second.row.state.as_str()), ("done", "done"));
    assert!(second.row.ended >= first.row.ended);
    end(engine).await;
}

#[tokio::test]
async fn the_same_bytes_twice_are_one_task_and_a_used_name_gets_a_number() {
    let workspace = Workspace::with_workers(&["claude"], "");
    let slow = |_: &str, _: &Call| Script::SayAfter(Duration::from_millis(800), "done".to_owned());
    let workers = Scripted::new(slow);
    let engine = workspace.engine(workers.clone()).await;
    workspace.drop_file("one.md", "Do the thing.\n");
    until("it is taken", || workspace.coordination("tasks/active/one.md").exists()).await;
    workspace.drop_file("copy.md", "Do the thing.\n");
    until("the copy is refused", || workspace.coordination("tasks/rejected/copy.md.why.md").exists()).await;
    assert!(workspace.read("tasks/rejected/copy.md.why.md").contains("one"));
    rested(&engine.handle(), "one").await;
    assert_eq!(workers.counts()["claude"], 1);
    workspace.drop_file("one.md", "Do another thing.\n");
    assert_eq!(rested(&engine.handle(), "one-2").await.row.state, "done");
    end(engine).await;
}

#[tokio::test]
async fn a_task_over_a_face_is_the_same_and_can_be_asked_about_after_its_end() {
    let workspace = Workspace::with_workers(&["claude", "gpt"], "");
    let engine = workspace.engine(Scripted::new(|_, _| Script::Say(verdict("reject")))).await;
    let handle = engine.handle();
    let new = NewTask {
        content: REVIEW.to_owned(),
        format: Some("md".to_owned()),
        by: "test".to_owned(),
        ..NewTask::default()
    };
    let Ok(Reply::Accepted { task }) = handle.ask(Request::Submit(Box::new(new))).await else { panic!("not accepted") };
    rested(&handle, task.as_str()).await;
    until("its files have moved", || workspace.names("tasks/done").len() == 2).await;
    // The log is written after them.
    let log = || workspace.read_so_far("communication/INTERCOMMUNICATION_LOG.md").matches("<!-- synod:").count();
    until("its log is written", || log() == 4).await;
    // It is archived by now or will be in a moment; the answer is the same either way.
    let Ok(Reply::Why { text, .. }) = handle.ask(Request::Why { task: task.clone() }).await else { panic!("no why") };
    assert!(text.contains("claude"), "{text}");
    let Ok(Reply::Tasks { tasks, .. }) = handle.ask(Request::Tasks { state: None, limit: None, before: None }).await
    else {
        panic!("no list")
    };
    assert_eq!(tasks.iter().map(|row| row.id.clone()).collect::<Vec<_>>(), [task]);
    let Ok(Reply::LogVerified { entries, broken: None }) = handle.ask(Request::VerifyLog).await else {
        panic!("broken")
    };
    assert_eq!(entries, 4);
    end(engine).await;
}

#[tokio::test]
async fn what_the_task_names_and_nobody_was_given_is_told_to_the_person() {
    let workspace = Workspace::with_workers(&["claude"], "");
    let engine = workspace.engine(Scripted::new(|_, _| Script::Say(verdict("approve")))).await;
    let task = "---\nkind: code-review\ncontext: [\"nothing/**\", \"*.toml\"]\nspec: specs/none.md\nmemories: [none]\n---\nReview it.\n";
    workspace.drop_file("named.md", task);
    until("it is decided", || workspace.names("decisions").contains(&"named.json".to_owned())).await;
    let decision: serde_json::Value = serde_json::from_str(&workspace.read("decisions/named.json")).unwrap();
    let reasons: Vec<&str> =
        decision["review_reasons"].as_array().unwrap().iter().filter_map(|reason| reason.as_str()).collect();
    for missing in ["nothing/**", "specs/none.md", "memory none"] {
        let told = reasons.iter().any(|reason| reason.contains(missing) && reason.contains("were not given"));
        assert!(told, "{missing}: {reasons:?}");
    }
    assert!(!reasons.iter().any(|reason| reason.contains("*.toml")), "{reasons:?}");
    assert_eq!(decision["needs_human_review"], true);
    end(engine).await;
}

#[tokio::test]
async fn what_faces_are_told_holds_no_more_keys_than_the_files() {
    const KEY: &str = "sk-abcdefghijklmnopqrstuvwxyz012345";
    let workspace = Workspace::with_workers(&["claude", "gpt"], "");
    let say = |worker: &str, _: &Call| match worker {
        "claude" => Script::Say(format!("Its key is {KEY}.\n\n{}", verdict("reject"))),
        _ => Script::Fail(FailureClass::RequestRefused, format!("refused with {KEY}")),
    };
    let engine = workspace.engine(Scripted::new(say)).await;
    let handle = engine.handle();
    let new = NewTask { content: format!("Review {KEY} in src/auth.rs."), by: "test".to_owned(), ..NewTask::default() };
    let Ok(Reply::Accepted { task }) = handle.ask(Request::Submit(Box::new(new))).await else { panic!("not accepted") };
    let view = rested(&handle, task.as_str()).await;
    assert!(view.answer.as_ref().is_some_and(|answer| answer.contains("[masked]")), "{:?}", view.answer);
    let requests = [
        Request::Show { task: task.clone() },
        Request::Why { task: task.clone() },
        Request::Tasks { state: None, limit: None, before: None },
        Request::Notices { after: Seq(0), task: None, wait_ms: 0 },
    ];
    for request in requests {
        let told = serde_json::to_string(&handle.ask(request.clone()).await.unwrap()).unwrap();
        assert!(!told.contains(KEY), "{request:?}: {told}");
    }
    end(engine).await;
}

#[tokio::test]
async fn seven_workers_work_side_by_side() {
    let names = ["a1", "b2", "c3", "d4", "e5", "f6", "g7"];
    let workspace = Workspace::with_workers(&names, "");
    // Nobody answers before all seven have been asked, so a worker that waits for another would wait for ever.
    let asked = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let seen = asked.clone();
    let workers = Scripted::new(move |_, _| {
        seen.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        let all = seen.clone();
        Script::SayWhen(
            std::sync::Arc::new(move || all.load(std::sync::atomic::Ordering::SeqCst) == 7),
            verdict("approve"),
        )
    });
    let engine = workspace.engine(workers).await;
    workspace.drop_file("all.md", "---\nkind: check\nmode: architectural\n---\nCheck it.\n");
    let view = rested(&engine.handle(), "all").await;
    assert_eq!((view.row.state.as_str(), view.decision.unwrap().model_count), ("done", 7));
    end(engine).await;
}

#[tokio::test]
async fn an_engine_that_ends_in_order_asks_again_what_it_stopped() {
    let workspace = Workspace::with_workers(&["claude"], "shutdown_grace = \"100ms\"");
    let engine = workspace.engine(Scripted::new(|_, _| Script::Hang)).await;
    workspace.drop_file("long.md", "Take your time.\n");
    until("it is taken", || workspace.coordination("tasks/active/long.md").exists()).await;
    end(engine).await;
    let workers = Scripted::new(|_, _| Script::Say("done".to_owned()));
    let engine = workspace.engine(workers.clone()).await;
    let view = rested(&engine.handle(), "long").await;
    assert_eq!(view.row.state, "done");
    assert_eq!(workers.counts()["claude"], 1);
    let Err(error) = engine.handle().ask(Request::Show { task: TaskId::slug("nobody") }).await else { panic!() };
    assert!(error.what.contains("nobody"), "{error}");
    end(engine).await;
}

#[tokio::test]
async fn what_is_not_done_yet_is_said_and_not_passed_over() {
    let workspace = Workspace::with_workers(&["claude"], "");
    let engine = workspace.engine(Scripted::new(|_, _| Script::Say(verdict("approve")))).await;
    let keys = "kind: check\nvalidate: \"cargo test\"\nworkspace: worktree\n";
    workspace.drop_file("asked.md", format!("---\n{keys}---\nCheck it.\n"));
    let decision = rested(&engine.handle(), "asked").await.decision.unwrap();
    for key in ["`validate`", "`workspace: worktree`"] {
        let said = decision.review_reasons.iter().any(|reason| reason.starts_with(key));
        assert!(said, "{key} is passed over: {:?}", decision.review_reasons);
    }
    assert!(decision.needs_human_review);
    end(engine).await;
}

#[tokio::test]
async fn a_clone_without_its_store_writes_over_nothing() {
    let workspace = Workspace::with_workers(&["claude"], "");
    let engine = workspace.engine(Scripted::new(|_, _| Script::Say(verdict("approve")))).await;
    workspace.drop_file("review.md", REVIEW);
    until("the task is done", || workspace.names("tasks/done").len() == 2).await;
    end(engine).await;
    let before = workspace.read("decisions/review.json");
    std::fs::remove_dir_all(workspace.root().join(".synod")).unwrap();

    let engine = workspace.engine(Scripted::new(|_, _| Script::Say(verdict("reject")))).await;
    workspace.drop_file("review.md", REVIEW);
    assert_eq!(rested(&engine.handle(), "review-2").await.row.state, "done");
    end(engine).await;
    assert_eq!(workspace.read("decisions/review.json"), before);
    assert!(workspace.coordination("decisions/review-2.json").exists());
}
