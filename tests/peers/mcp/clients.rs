//! The official Python and TypeScript clients and the inspector, over standard streams and over HTTP, in every era they
//! know: they list the tools, write, watch and read memories, have a task decided, and give one up.

use std::process::Command;

use serde_json::{Value, json};

use super::board::{Board, PATIENCE};
use super::programs;
use crate::support::process::{self, Finished};

/// Both ways in, with this wish of the client's in each.
fn orders(board: &Board, line: &str, mode: &str) -> [(String, Value); 2] {
    let name = |way: &str| format!("{line}-{way}-{mode}");
    let order = |memory: &str, more: Value| {
        let mut order = json!({ "mode": mode, "memory": memory });
        order.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        order
    };
    let (stdio, http) = (name("stdio"), name("http"));
    let by_stdio = order(&stdio, json!({ "command": board.bridge() }));
    let by_http = order(&http, json!({ "url": board.url(), "token": board.token() }));
    [(stdio, by_stdio), (http, by_http)]
}

/// Runs the journey of one client, and judges what it saw and what is on the board afterwards.
fn journey(board: &Board, mut command: Command, memory: &str, order: &Value, protocol: &str) {
    let finished = process::run(command.arg(order.to_string()), "", 3 * PATIENCE);
    assert!(finished.ok(), "{memory}: {:?}\n{}\n{}", finished.status, finished.stdout, finished.stderr);
    let report: Value = serde_json::from_str(&finished.stdout).unwrap_or_else(|_| panic!("{memory}: {finished:#?}"));
    assert_eq!(report["protocol"], protocol, "{memory}");
    let tools = report["tools"].as_array().expect("a list of tools");
    for name in ["write_memory", "read_memory", "list_memories", "orchestrate", "search_memories", "claim_work"] {
        assert!(tools.iter().any(|tool| tool == name), "{memory}: no {name} in {tools:?}");
    }
    assert_eq!(report["updated"], format!("memory://{memory}"), "{memory}");
    assert_eq!((&report["read"], &report["listed"]), (&json!("second text"), &json!(true)), "{memory}");
    let decision = &report["decision"];
    assert_eq!(
        (&decision["state"], &decision["recommendation"]),
        (&json!("done"), &json!("proceed")),
        "{memory}: {decision}"
    );
    let progress: Vec<f64> = report["progress"].as_array().expect("steps").iter().filter_map(Value::as_f64).collect();
    assert!(!progress.is_empty() && progress.is_sorted_by(|a, b| a < b), "{memory}: {progress:?}");
    assert_eq!(report["given_up"], "cancelled", "{memory}");

    let text = std::fs::read_to_string(board.root().join("memories").join(format!("{memory}.md")));
    assert_eq!(text.expect("the memory is a file too"), "second text", "{memory}");
    let task = decision["task"].as_str().expect("an id");
    assert_eq!(board.ask(&["show", task])["state"], "done", "{memory}");
}

/// A client with a token that is not the daemon's gets nowhere. What it makes of the 401 is its own; one keeps the number to
/// itself.
fn refused(board: &Board, mut command: Command, mode: &str) {
    let order = json!({ "mode": mode, "memory": "intruder", "url": board.url(), "token": "wrong" });
    let finished = process::run(command.arg(order.to_string()), "", 3 * PATIENCE);
    assert!(finished.status.is_some() && !finished.ok(), "{finished:#?}");
    assert!(["401", "error response"].iter().any(|word| finished.stderr.contains(word)), "{finished:#?}");
    assert!(!board.root().join("memories/intruder.md").exists());
}

/// One client in all its modes, each of which must settle on this protocol; then with a wrong token.
fn client(line: &str, start: impl Fn(&str, &Board) -> Option<Command> + Sync, modes: &[(&str, &str)]) {
    let board = Board::start(&[]);
    if start(line, &board).is_none() {
        return;
    }
    let command = || start(line, &board).expect("it was there before");
    // Each in its turn takes as long as its programs need to start; side by side they also prove that they do not mix.
    std::thread::scope(|scope| {
        for (mode, protocol) in modes {
            for (memory, order) in orders(&board, line, mode) {
                let (board, command) = (&board, command());
                scope.spawn(move || journey(board, command, &memory, &order, protocol));
            }
        }
        scope.spawn(|| refused(&board, command(), modes[0].0));
    });
    board.end();
}

const NEW: &str = "2026-07-28";
const OLD: &str = "2025-11-25";

#[test]
fn the_python_client_in_every_mode() {
    client("py2", |line, board| programs::python(line, &board.home()), &[("auto", NEW), ("legacy", OLD), (NEW, NEW)]);
}

#[test]
fn the_python_client_of_the_older_line() {
    client("py1", |line, board| programs::python(line, &board.home()), &[(OLD, OLD)]);
}

#[test]
fn the_typescript_client_in_every_mode() {
    client("ts2", |line, board| programs::node(line, &board.home()), &[("legacy", OLD), ("auto", NEW), (NEW, NEW)]);
}

#[test]
fn the_typescript_client_of_the_older_line() {
    client("ts1", |line, board| programs::node(line, &board.home()), &[(OLD, OLD)]);
}

/// Asks the server that its settings file calls so.
fn inspect(board: &Board, server: &str, arguments: &[&str]) -> Option<Finished> {
    let mut command = programs::inspector(&board.home())?;
    let settings = board.home().join("inspector.json");
    command.args(["--config"]).arg(settings).args(["--server", server]).args(arguments).args(["--format", "json"]);
    Some(process::run(&mut command, "", PATIENCE))
}

/// The servers of the inspector: both ways in, in both eras, and one with a token that is not the right one.
fn inspector_settings(board: &Board) -> Value {
    let [program, arguments @ ..] = &board.bridge()[..] else { unreachable!("a bridge is a program") };
    let http = |token: &str, era: &str| {
        json!({ "type": "streamable-http", "url": board.url(), "protocolEra": era,
                "headers": { "Authorization": format!("Bearer {token}") } })
    };
    let stdio = |era: &str| json!({ "type": "stdio", "command": program, "args": arguments, "protocolEra": era });
    let token = board.token();
    json!({ "mcpServers": {
        "http-legacy": http(&token, "legacy"), "http-modern": http(&token, "modern"), "http-wrong": http("wrong", "legacy"),
        "stdio-legacy": stdio("legacy"), "stdio-modern": stdio("modern"),
    } })
}

#[test]
fn the_inspector_lists_and_calls() {
    let board = Board::start(&[]);
    let settings = inspector_settings(&board).to_string();
    std::fs::write(board.home().join("inspector.json"), settings).expect("write the settings");
    let result = |server: &str, arguments: &[&str]| -> Option<Value> {
        let finished = inspect(&board, server, arguments)?;
        assert!(finished.ok(), "{server} {arguments:?}: {finished:#?}");
        Some(serde_json::from_str(&finished.stdout).unwrap_or_else(|_| panic!("{server}: {finished:#?}")))
    };
    for server in ["stdio-legacy", "http-legacy", "stdio-modern", "http-modern"] {
        let call = |tool: &str, arguments: Value| {
            let arguments = arguments.to_string();
            result(server, &["--method", "tools/call", "--tool-name", tool, "--tool-args-json", &arguments])
        };
        let Some(listed) = result(server, &["--method", "tools/list"]) else { return };
        let text = listed.to_string();
        assert!(text.contains("\"write_memory\"") && text.contains("\"orchestrate\""), "{server}: {text}");
        call("write_memory", json!({ "memory_name": server, "content": "by the inspector" }));
        let read = call("read_memory", json!({ "memory_name": server })).expect("it was there before");
        assert!(read.to_string().contains("by the inspector"), "{server}: {read}");
        let order = json!({ "task": "Review the design", "models": ["first", "second"], "kind": "code-review" });
        let decided = call("orchestrate", order).expect("it was there before").to_string();
        assert!(decided.contains("proceed"), "{server}: {decided}");
        let text = std::fs::read_to_string(board.root().join(format!("memories/{server}.md"))).expect("a file");
        assert_eq!(text, "by the inspector");
    }
    let finished =
        inspect(&board, "http-wrong", &["--method", "tools/list", "--stored-auth-only"]).expect("there before");
    assert_eq!(finished.status.and_then(|status| status.code()), Some(3), "{finished:#?}");
    board.end();
}
