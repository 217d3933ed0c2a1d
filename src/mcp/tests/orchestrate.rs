//! Tasks handed in and waited for.

use super::*;
use crate::api::{Ending, Request};
use rmcp::model::{
    CallToolResponse, CancelTaskParams, GetTaskParams, NumberOrString, ProgressToken, RequestMetaObject, TaskPayload,
};
use rmcp::service::PeerRequestOptions;
use serde_json::json;

fn with_progress(arguments: Value) -> CallToolRequestParams {
    let mut params = params("orchestrate", arguments);
    let mut meta = RequestMetaObject::default();
    meta.set_progress_token(ProgressToken(NumberOrString::String("p".into())));
    params.meta = Some(meta);
    params
}

/// The board works on the task until it is done.
fn work(board: &Scripted, task: &str) {
    for worker in ["claude", "gemini"] {
        board.happens("attempt_planned", Some(task), json!({ "worker": worker }));
        board.happens("attempt_started", Some(task), json!({ "worker": worker }));
    }
    board.happens("attempt_answered", Some(task), json!({ "worker": "claude" }));
    board.happens("attempt_failed", Some(task), json!({ "worker": "gemini" }));
}

async fn submitted(rig: &Rig, client: &Client, task: &str) {
    let there = async {
        loop {
            let shown = call(client, "task_status", json!({ "task": task })).await;
            if shown.is_error != Some(true) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    assert!(tokio::time::timeout(PATIENCE, there).await.is_ok(), "{:?}", rig.board.asked());
}

#[tokio::test]
async fn the_result_is_what_the_task_came_to_and_progress_names_each_worker() {
    let rig = Rig::new();
    for era in ERAS {
        let ear = Ear::default();
        let client = Arc::new(rig.connect(era, ear.clone()).await);
        let id = format!("look-{}", format!("{era:?}").to_lowercase());
        let asking = Arc::clone(&client);
        let params = with_progress(json!({ "task": "look", "name": id, "models": "claude,gemini" }));
        let asked = tokio::spawn(async move { asking.call_tool(params).await.unwrap() });
        submitted(&rig, &client, &id).await;
        work(&rig.board, &id);
        ear.until("1 of 3: claude answered (1 of 2)").await;
        ear.until("2 of 3: gemini gave no answer (2 of 2)").await;
        rig.board.ends(&id, "done", Some(Ending::Done));
        let result = asked.await.unwrap();
        let structured = result.structured_content.clone().unwrap();
        assert_eq!((&structured["state"], &structured["answer"]), (&json!("done"), &json!("the answer")), "{era:?}");
    }
}

#[tokio::test]
async fn a_task_that_failed_is_an_error_and_one_that_waits_for_a_person_says_what_to_do() {
    let rig = Rig::new();
    let client = Arc::new(rig.connect(Era::Legacy, Ear::default()).await);
    let ends = [
        ("a", "failed", Some(Ending::Failed { why: "nobody answered".into() }), true),
        ("b", "awaiting_person", None, false),
    ];
    for (id, state, ending, is_error) in ends {
        let asking = Arc::clone(&client);
        let asked = tokio::spawn(async move { call(&asking, "orchestrate", json!({ "task": id })).await });
        submitted(&rig, &client, id).await;
        rig.board.ends(id, state, ending);
        let result = asked.await.unwrap();
        assert_eq!(result.is_error, Some(is_error), "{id}");
        let structured = result.structured_content.unwrap();
        assert!(
            structured["error"] == "nobody answered" || structured["hint"].as_str().unwrap().contains("answer_task")
        );
    }
}

#[tokio::test]
async fn a_call_that_is_given_up_leaves_the_task_unless_it_was_to_take_it_along() {
    let rig = Rig::new();
    for era in ERAS {
        for take_along in [false, true] {
            let client = rig.connect(era, Ear::default()).await;
            let id = format!("{era:?}-{take_along}").to_lowercase();
            let params = params("orchestrate", json!({ "task": "x", "name": id, "cancel_on_disconnect": take_along }));
            let request = rmcp::model::ClientRequest::CallToolRequest(rmcp::model::CallToolRequest::new(params));
            let asked = client.send_cancellable_request(request, PeerRequestOptions::no_options()).await.unwrap();
            submitted(&rig, &client, &id).await;
            asked.cancel(None).await.unwrap();
            if take_along {
                let cancelled = async {
                    let is_it =
                        |request: &Request| matches!(request, Request::Cancel { task, .. } if task.as_str() == id);
                    while !rig.board.asked().iter().any(is_it) {
                        tokio::time::sleep(Duration::from_millis(2)).await;
                    }
                };
                assert!(tokio::time::timeout(PATIENCE, cancelled).await.is_ok(), "{id} was not cancelled");
            }
        }
    }
    let left = |request: &Request| matches!(request, Request::Cancel { task, .. } if task.as_str().ends_with("false"));
    assert!(!rig.board.asked().iter().any(left));
}

#[tokio::test]
async fn a_client_that_knows_tasks_gets_one_whose_id_is_the_boards() {
    let rig = Rig::new();
    let client = rig.connect(Era::Modern, Ear { tasks: true, ..Ear::default() }).await;
    let response = client.call_tool_once(params("orchestrate", json!({ "task": "look" }))).await.unwrap();
    let CallToolResponse::Task(created) = response else { panic!("{response:?}") };
    assert_eq!(created.task.task_id, "look");
    let got = client.get_task(GetTaskParams::new("look")).await.unwrap();
    assert_eq!(got.task.payload, TaskPayload::Working);
    client.cancel_task(CancelTaskParams::new("look")).await.unwrap();
    assert!(matches!(rig.board.asked().as_slice(), [Request::Cancel { by, .. }] if by == "tester"));
    rig.board.ends("look", "done", Some(Ending::Done));
    // Another connection, and as well another daemon, finds it under the same id.
    let later = rig.connect(Era::Modern, Ear { tasks: true, ..Ear::default() }).await;
    let got = later.get_task(GetTaskParams::new("look")).await.unwrap();
    let TaskPayload::Completed { result } = got.task.payload else { panic!("{:?}", got.task) };
    assert_eq!(result["structuredContent"]["answer"], "the answer");
    let unknown = later.get_task(GetTaskParams::new("nope")).await.unwrap_err().to_string();
    assert!(unknown.contains("-32602"), "{unknown}");
}

#[tokio::test]
async fn an_older_client_never_gets_a_task_for_a_result() {
    let rig = Rig::new();
    let client = Arc::new(rig.connect(Era::Legacy, Ear { tasks: true, ..Ear::default() }).await);
    let asking = Arc::clone(&client);
    let asked = tokio::spawn(async move { call(&asking, "orchestrate", json!({ "task": "look" })).await });
    submitted(&rig, &client, "look").await;
    rig.board.ends("look", "done", Some(Ending::Done));
    assert_eq!(asked.await.unwrap().structured_content.unwrap()["task"], "look");
}
