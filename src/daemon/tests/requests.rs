//! Every request as a face in this process makes it: what it answers, and what it refuses with which hint.

use super::rig::{REVIEW, Rig, Running, SIMPLE, id, submit};
use super::workers::{Workers, said, verdict};
use crate::api::{Error, ErrorKind, NewTask, Overrides, Reply, Request, VotingRule};
use crate::board::{Kind, Mode, Priority, TaskId, WorkerName};

async fn refused(running: &Running, request: Request) -> Error {
    match running.ask(request).await {
        Err(error) => error,
        Ok(reply) => panic!("it was not refused: {reply:?}"),
    }
}

fn me() -> String {
    "me".to_owned()
}

#[tokio::test]
async fn a_task_is_accepted_under_its_name_its_title_or_its_first_line() {
    let rig = Rig::new(&["a"]);
    let running = rig.start(&Workers::ruled(|_, _| said("done")));
    let new = |name: Option<&str>, content: &str, format: Option<&str>| {
        let (name, format) = (name.map(str::to_owned), format.map(str::to_owned));
        Request::Submit(Box::new(NewTask { name, content: content.to_owned(), format, by: me(), ..NewTask::default() }))
    };
    let cases = [
        (new(Some("My Task"), "one", None), "my-task"),
        (new(None, "---\ntitle: A title\n---\ntwo", Some("md")), "a-title"),
        (new(None, "# Third thing\nmore", None), "third-thing"),
        (new(None, "{\"task\": \"fourth\"}", Some("json")), "fourth"),
        (new(Some("My Task"), "five", None), "my-task-2"),
    ];
    for (request, wanted) in cases {
        assert_eq!(running.ask(request).await, Ok(Reply::Accepted { task: id(wanted) }));
    }
    running.end().await;
}

#[tokio::test]
async fn a_text_without_a_format_is_all_text() {
    let rig = Rig::new(&["a"]);
    let running = rig.start(&Workers::ruled(|_, call| said(&call.prompt)));
    let content = "---\nnot: front matter\n---\nbody".to_owned();
    let new = NewTask { name: Some("plain".to_owned()), content, by: me(), ..NewTask::default() };
    running.ask(Request::Submit(Box::new(new))).await.unwrap();
    let answer = running.rested("plain").await.answer.unwrap();
    assert!(answer.contains("not: front matter"), "{answer}");
    running.end().await;
}

#[tokio::test]
async fn what_is_set_beside_the_text_outranks_its_own_keys() {
    let rig = Rig::new(&["a", "b"]);
    let running = rig.start(&Workers::played());
    let overrides = Overrides {
        kind: Some(Kind::new("check")),
        priority: Some(Priority::High),
        mode: Some(Mode::Simple),
        models: vec![WorkerName::new("b")],
        ..Overrides::default()
    };
    let content = "---\nkind: testing\npriority: low\nmode: architectural\nmodels: [a]\n---\nLook.".to_owned();
    let new = NewTask { name: Some("t".to_owned()), content, format: Some("md".to_owned()), overrides, by: me() };
    running.ask(Request::Submit(Box::new(new))).await.unwrap();
    let view = running.show("t").await;
    assert_eq!((view.row.kind.as_str(), view.row.priority, view.mode), ("check", Priority::High, Mode::Simple));
    assert_eq!(view.steps[0].workers, [WorkerName::new("b")]);
    running.end_hard().await;
}

#[tokio::test]
async fn what_no_task_file_may_say_no_face_may_set_either() {
    let rig = Rig::new(&["a"]);
    let running = rig.start(&Workers::played());
    let cases: [(&str, Overrides); 6] = [
        ("context", Overrides { context: vec!["../*.rs".to_owned()], ..Overrides::default() }),
        ("context", Overrides { context: vec!["/etc/passwd".to_owned()], ..Overrides::default() }),
        ("spec", Overrides { spec: Some("../secret.md".to_owned()), ..Overrides::default() }),
        ("memories", Overrides { memories: vec!["../secret".to_owned()], ..Overrides::default() }),
        ("models", Overrides { models: vec![WorkerName::new("a"), WorkerName::new("a")], ..Overrides::default() }),
        ("nobody", Overrides { models: vec![WorkerName::new("nobody")], ..Overrides::default() }),
    ];
    for (word, overrides) in cases {
        let new = NewTask { content: "Look.".to_owned(), overrides: overrides.clone(), by: me(), ..NewTask::default() };
        let error = refused(&running, Request::Submit(Box::new(new))).await;
        assert_eq!(error.kind, ErrorKind::Invalid, "{overrides:?}: {error:?}");
        assert!(error.what.contains(word) && !error.hint.is_empty(), "{error:?}");
    }
    assert_eq!(running.status().await.open_tasks, 0);
    running.end().await;
}

#[tokio::test]
async fn a_task_that_cannot_be_is_refused_with_its_line_and_the_way_out() {
    let rig = Rig::new(&["a"]);
    let running = rig.start(&Workers::played());
    let new = |content: &str, format: &str| {
        let (content, format) = (content.to_owned(), Some(format.to_owned()));
        Request::Submit(Box::new(NewTask { content, format, by: me(), ..NewTask::default() }))
    };
    let error = refused(&running, new("---\npriority: high\nprioritty: low\n---\nx", "md")).await;
    assert_eq!(error.kind, ErrorKind::Invalid);
    assert!(error.what.starts_with("line 3: ") && error.what.contains("prioritty"), "{error:?}");
    assert!(error.hint.contains("priority"), "{error:?}");
    for (content, format) in [("", "txt"), ("   \n", "md"), ("{", "json"), ("x", "exe"), ("task = 3", "toml")] {
        let error = refused(&running, new(content, format)).await;
        assert_eq!(error.kind, ErrorKind::Invalid, "{content:?} as {format}: {error:?}");
        assert!(!error.hint.is_empty(), "{error:?}");
    }
    let long = "x".repeat((1 << 20) + 1);
    assert_eq!(refused(&running, new(&long, "txt")).await.kind, ErrorKind::Invalid);
    running.end().await;
}

#[tokio::test]
async fn the_same_task_twice_is_one_and_the_second_is_pointed_to_it() {
    let rig = Rig::new(&["a"]);
    let running = rig.start(&Workers::played());
    running.submit("job", SIMPLE).await;
    let error = refused(&running, submit("job", SIMPLE)).await;
    assert_eq!((error.kind, error.hint.as_str()), (ErrorKind::Conflict, "follow that one with: synod wait job"));
    running.end_hard().await;
}

#[tokio::test]
async fn too_many_open_tasks_is_busy_and_no_worker_is_no_worker() {
    let mut rig = Rig::new(&["a"]);
    rig.rules.limits.open_tasks_max = 1;
    let running = rig.start(&Workers::played());
    running.submit("one", SIMPLE).await;
    assert_eq!(refused(&running, submit("two", SIMPLE)).await.kind, ErrorKind::Busy);
    running.end_hard().await;
    let nobody = Rig::new(&[]);
    let running = nobody.start(&Workers::played());
    let error = refused(&running, submit("job", SIMPLE)).await;
    assert_eq!(error.kind, ErrorKind::NoWorker);
    assert!(error.hint.contains("synod doctor"), "{error:?}");
    running.end().await;
}

#[tokio::test]
async fn whoever_asks_about_a_task_that_never_was_is_told_so() {
    let rig = Rig::new(&["a"]);
    let running = rig.start(&Workers::played());
    let task = || TaskId::slug("nobody");
    let requests = [
        Request::Show { task: task() },
        Request::Wait { task: task(), for_ms: 1000 },
        Request::Cancel { task: task(), by: me() },
        Request::Retry { task: task(), by: me() },
        Request::Approve { task: task(), by: me() },
        Request::Reject { task: task(), by: me(), why: "no".to_owned() },
        Request::Why { task: task() },
        Request::Replay { task: task(), without: Vec::new(), rule: VotingRule::Bayes },
    ];
    for request in requests {
        let error = refused(&running, request.clone()).await;
        assert_eq!(error.kind, ErrorKind::NotFound, "{request:?}");
        assert!(error.what.contains("nobody") && error.hint.contains("synod tasks"), "{request:?}: {error:?}");
    }
    running.end().await;
}

#[tokio::test]
async fn what_does_not_fit_a_tasks_state_is_a_conflict_with_the_way_to_see_it() {
    let rig = Rig::new(&["a"]);
    let workers = Workers::played();
    let running = rig.start(&workers);
    running.submit("job", SIMPLE).await;
    let call = workers.next().await;
    for request in [
        Request::Approve { task: id("job"), by: me() },
        Request::Reject { task: id("job"), by: me(), why: "no".to_owned() },
        Request::Why { task: id("job") },
        Request::Retry { task: id("job"), by: me() },
    ] {
        let error = refused(&running, request.clone()).await;
        assert_eq!(error.kind, ErrorKind::Conflict, "{request:?}: {error:?}");
        assert!(error.hint.contains("synod"), "{request:?}: {error:?}");
    }
    call.say("done");
    running.rested("job").await;
    let error = refused(&running, Request::Cancel { task: id("job"), by: me() }).await;
    assert!(matches!(error.kind, ErrorKind::Conflict | ErrorKind::NotFound), "{error:?}");
    running.end().await;
}

#[tokio::test]
async fn a_person_approves_rejects_and_asks_why() {
    let rig = Rig::new(&["a", "b"]);
    let running = rig.start(&Workers::ruled(|_, _| said(&verdict("approve"))));
    let critical = REVIEW.replace("kind:", "priority: critical\nkind:");
    for (name, approve) in [("good", true), ("bad", false)] {
        running.submit(name, &critical).await;
        let view = running.rested(name).await;
        assert_eq!(view.row.state, "awaiting_person");
        let Ok(Reply::Why { text, decision }) = running.ask(Request::Why { task: id(name) }).await else {
            panic!("no why")
        };
        assert!(decision.needs_human_review && text.contains('a'), "{text}");
        let request = if approve {
            Request::Approve { task: id(name), by: me() }
        } else {
            Request::Reject { task: id(name), by: me(), why: "the tests were not run".to_owned() }
        };
        assert_eq!(running.ask(request).await, Ok(Reply::Done));
    }
    assert_eq!(running.show("good").await.row.state, "done");
    let bad = running.show("bad").await.row;
    assert_eq!(bad.state, "failed");
    let ending = serde_json::to_string(&bad.ending).unwrap();
    assert!(ending.contains("rejected by me") && ending.contains("the tests were not run"), "{ending}");
    running.end().await;
}

#[tokio::test]
async fn an_ended_task_is_handed_in_once_more_under_a_new_name() {
    let rig = Rig::new(&["a"]);
    let running = rig.start(&Workers::ruled(|_, call| said(&call.prompt)));
    running.submit("job", SIMPLE).await;
    running.rested("job").await;
    running.archived(1).await;
    let again = running.ask(Request::Retry { task: id("job"), by: me() }).await.unwrap();
    assert_eq!(again, Reply::Accepted { task: id("job-2") });
    let view = running.rested("job-2").await;
    assert!(view.answer.unwrap().contains("Describe the design."), "the same text");
    assert_eq!(view.row.kind.as_str(), "documentation", "and the same keys");
    running.end().await;
}

#[tokio::test]
async fn waiting_ends_with_the_task_or_with_the_time() {
    let rig = Rig::new(&["a"]);
    let workers = Workers::played();
    let running = rig.start(&workers);
    running.submit("job", SIMPLE).await;
    let call = workers.next().await;
    for for_ms in [0, 1] {
        let Ok(Reply::Task(view)) = running.ask(Request::Wait { task: id("job"), for_ms }).await else {
            panic!("lost")
        };
        assert_eq!(view.row.state, "working", "as it stands");
    }
    let (handle, wait) = (running.handle.clone(), Request::Wait { task: id("job"), for_ms: u64::MAX });
    let many = futures::future::join_all((0..20).map(|_| handle.ask(wait.clone())));
    tokio::pin!(many);
    assert!(futures::poll!(&mut many).is_pending());
    call.say("done");
    for waited in many.await {
        assert!(matches!(waited, Ok(Reply::Task(view)) if view.row.state == "done"));
    }
    running.end().await;
}

#[tokio::test]
async fn a_route_is_told_and_nothing_is_stored_for_it() {
    let rig = Rig::new(&["a"]);
    let workers = Workers::played();
    let running = rig.start(&workers);
    let before = running.status().await.seq;
    let text = format!("Review the login for security holes. {}", "And more. ".repeat(2000));
    let request =
        Request::Route { text, overrides: Overrides { kind: Some(Kind::new("check")), ..Overrides::default() } };
    let Ok(Reply::Route(route)) = running.ask(request).await else { panic!("no route") };
    assert_eq!((route.kind.as_str(), route.workers.len()), ("check", 1));
    let error = refused(&running, Request::Route { text: String::new(), overrides: Overrides::default() }).await;
    assert_eq!(error.kind, ErrorKind::Invalid);
    assert_eq!(running.status().await.seq, before);
    assert!(workers.calls().is_empty());
    running.end().await;
    let blobs = std::fs::read_dir(rig.root().join(".synod/blobs")).unwrap();
    let kept: Vec<String> = blobs.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
    assert_eq!(kept, ["drafts"], "a question leaves nothing behind");
}

#[tokio::test]
async fn the_workers_and_the_daemon_say_how_they_stand() {
    let rig = Rig::new(&["a", "b"]);
    let workers = Workers::played();
    let running = rig.start(&workers);
    running.submit("job", &SIMPLE.replace("kind:", "models: [a]\nkind:")).await;
    let call = workers.next().await;
    let Ok(Reply::Workers { workers: rows }) = running.ask(Request::Workers).await else { panic!("no workers") };
    let seen: Vec<(&str, &str, &str, u32)> =
        rows.iter().map(|row| (row.name.as_str(), row.provider.as_str(), row.standing.as_str(), row.running)).collect();
    assert_eq!(seen, [("a", "played", "ready", 1), ("b", "", "ready", 0)]);
    let status = running.status().await;
    assert_eq!((status.pid, status.workspace.as_str(), status.trouble), (std::process::id(), "here", None));
    call.say("done");
    running.rested("job").await;
    running.end().await;
}

#[tokio::test]
async fn a_worker_that_is_over_its_limit_rests_and_says_until_when() {
    let rig = Rig::new(&["a"]);
    let workers = Workers::played();
    let running = rig.start(&workers);
    running.submit("job", SIMPLE).await;
    let class = crate::board::FailureClass::RateLimited { retry_after: Some(std::time::Duration::from_secs(3000)) };
    workers.next().await.fail(class, "429");
    running.rested("job").await;
    let Ok(Reply::Workers { workers: rows }) = running.ask(Request::Workers).await else { panic!("no workers") };
    assert!(rows[0].standing.starts_with("resting until 20"), "{}", rows[0].standing);
    running.end().await;
}

#[tokio::test]
async fn the_log_is_read_from_its_end_and_an_altered_entry_is_named() {
    let rig = Rig::new(&["a"]);
    let running = rig.start(&Workers::ruled(|_, _| said("done")));
    running.submit("job", SIMPLE).await;
    running.rested("job").await;
    running.archived(1).await;
    let log = |entries| Request::Log { entries };
    let Ok(Reply::Log { entries: all }) = running.ask(log(usize::MAX)).await else { panic!("no log") };
    let Ok(Reply::Log { entries: last }) = running.ask(log(1)).await else { panic!("no log") };
    assert_eq!(all.last(), last.first());
    assert!(all.len() >= 3, "{all:?}");
    assert_eq!(running.ask(log(0)).await, Ok(Reply::Log { entries: Vec::new() }));
    let whole = all.len() as u64;
    assert_eq!(running.ask(Request::VerifyLog).await, Ok(Reply::LogVerified { entries: whole, broken: None }));
    let path = rig.coordination("communication/INTERCOMMUNICATION_LOG.md");
    let altered = std::fs::read_to_string(&path).unwrap().replacen("job", "jab", 1);
    std::fs::write(&path, altered).unwrap();
    let Ok(Reply::LogVerified { broken: Some(what), .. }) = running.ask(Request::VerifyLog).await else {
        panic!("it was not found")
    };
    assert!(what.contains("line"), "{what}");
    running.end().await;
}
