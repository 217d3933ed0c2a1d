//! Calls recorded from Serena's memory tools, made again here against the whole engine: the same texts come back, save where a
//! difference is named below with its reason.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test that cannot go on should end where it stands, and starts what it needs itself"
)]

use crate::it::harness::{Script, Scripted, Workspace, end};
use rmcp::model::{CallToolRequestParams, CallToolResult};
use rmcp::service::{RoleClient, RunningService};
use rmcp::{ServiceError, ServiceExt};
use serde_json::{Value, json};
use std::sync::Arc;
use synod::api::{Handle, Reply, Request};
use synod::mcp::{Options, Server, serve_stream};
use tokio_util::sync::CancellationToken;

/// Tool, arguments, text and whether it is an error, in the order in which they were recorded.
const RECORDED: &str = include_str!("serena_calls.json");

/// Why an answer differs on purpose, by the call's place.
fn difference(at: usize) -> Option<&'static str> {
    Some(match at {
        27 => "the older name of the argument is understood",
        45 | 46 => "a topic cannot lead out of the folder",
        71 => "an unknown tool is an error of the protocol, with the same text",
        39 => "the recording cut the text",
        73 | 74 => "the manual is our own",
        _ => return None,
    })
}

/// The arguments with their placeholders filled in.
fn filled(arguments: &Value) -> Value {
    let mut arguments = arguments.clone();
    for value in arguments.as_object_mut().into_iter().flat_map(|fields| fields.values_mut()) {
        let Some(count) = value.as_str().and_then(|text| text.strip_prefix('<')?.strip_suffix(" chars>")?.parse().ok())
        else {
            continue;
        };
        let letter = if count == 300 { "n" } else { "y" };
        *value = json!(letter.repeat(count));
    }
    arguments
}

type Client = RunningService<RoleClient, ()>;

async fn call(client: &Client, tool: &str, arguments: Value) -> Result<CallToolResult, ServiceError> {
    let mut params = CallToolRequestParams::new(tool.to_owned());
    params.arguments = arguments.as_object().cloned();
    client.call_tool(params).await
}

fn text(result: &CallToolResult) -> String {
    serde_json::to_value(&result.content).unwrap()[0]["text"].as_str().unwrap_or_default().to_owned()
}

/// Whether the files that were there before the engine are on the bus.
async fn is_taken_in(board: &Handle) -> bool {
    let request = Request::MemoryRead { name: "frozen/a".to_owned(), revision: None };
    let listed = Request::MemoryList { topic: None, after: None, limit: None };
    let some = matches!(board.ask(listed).await, Ok(Reply::Memories { memories, .. }) if !memories.is_empty());
    some && board.ask(request).await.is_ok()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn recorded_calls_get_the_same_texts() {
    let elsewhere = tempfile::tempdir().unwrap();
    let settings = format!(
        "[memory]\nread_only = [\"frozen/**\"]\nignored = [\"_archive/**\"]\nglobal = \"{}\"\n",
        elsewhere.path().display()
    );
    let workspace = Workspace::with_workers(&["one"], &settings);
    for name in ["frozen/a.md", "_archive/a.md"] {
        let file = workspace.root().join("memories").join(name);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, "x").unwrap();
    }
    // The recording was made in a folder without it.
    std::fs::remove_file(workspace.root().join("memories/README.md")).unwrap();
    let engine = workspace.engine(Scripted::new(|_, _| Script::Hang)).await;
    while !is_taken_in(&engine.handle()).await {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    let stop = CancellationToken::new();
    let spawn = Arc::new(|work| {
        tokio::spawn(work);
    });
    let server = Server::new(engine.handle(), Options { spawn, stop: stop.clone() });
    let (here, there) = tokio::io::duplex(1 << 20);
    let over = stop.clone();
    tokio::spawn(async move {
        let (read, write) = tokio::io::split(there);
        serve_stream(&server, read, write, over).await;
    });
    let client: Client = ().serve(here).await.unwrap();
    let recorded: Vec<Value> = serde_json::from_str(RECORDED).unwrap();
    assert_eq!(recorded.len(), 76);
    let mut wrong = Vec::new();
    for (at, recorded) in recorded.iter().enumerate() {
        let tool = recorded["tool"].as_str().unwrap();
        let answered = call(&client, tool, filled(&recorded["args"])).await;
        if difference(at).is_none() {
            let answered = answered.unwrap();
            let (says, is_error) = (text(&answered), answered.is_error == Some(true));
            if says != recorded["text"] || is_error != recorded["error"] {
                wrong.push(format!(
                    "{at} {tool} {}\n  theirs: {}\n  ours:   {says}",
                    recorded["args"], recorded["text"]
                ));
            }
            continue;
        }
        match (at, answered) {
            (27, Ok(answered)) => {
                assert_eq!(text(&answered), "Memory old_param_name written.");
                let name = "old_param_name".to_owned();
                let away = Request::MemoryDelete { name, if_revision: None, by: "test".to_owned() };
                engine.handle().ask(away).await.unwrap();
            }
            (45 | 46, Ok(answered)) => {
                assert!(text(&answered).contains("ValueError: Memory name cannot contain '..' segments. Got: .."));
            }
            (71, Err(error)) => assert!(error.to_string().contains("Unknown tool: no_such_tool"), "{error}"),
            (39, Ok(answered)) => assert_eq!(text(&answered).chars().count(), 150_001),
            (73 | 74, Ok(answered)) => assert!(answered.is_error == Some(false) && text(&answered).len() > 500),
            (_, answered) => panic!("{at}: {answered:?}"),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    stop.cancel();
    end(engine).await;
}
