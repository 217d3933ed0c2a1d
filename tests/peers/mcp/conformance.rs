//! The official conformance suite from both sides: as the client of the daemon that ships, through its own port and past its
//! own guard; and as the servers of Synod's own client, which are tools that `synod run` asks.
//!
//! What the suite wants a server to offer for it alone is tried with `src/mcp/tests/from_outside/conformance`, where these
//! fixtures stand around the same server. Here such scenarios are expected to fail, by name, in `needs-fixtures.yml`.

use std::path::Path;

use serde_json::{Value, json};

use super::board::{self, Board, PATIENCE};
use super::door::Door;
use super::programs;
use crate::support::process::{self, Finished};

/// Beside this file.
const HERE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/peers/mcp");

/// The lines that say what went wrong, and the summary.
fn told(finished: &Finished) -> String {
    let failed = |line: &&str| ["FAILURE", "✗", "Unexpected", "stale"].iter().any(|word| line.contains(word));
    let lines: Vec<&str> = finished.stdout.lines().chain(finished.stderr.lines()).collect();
    let last = &lines[lines.len().saturating_sub(40)..];
    format!(
        "{:?}\n{}\n…\n{}",
        finished.status,
        lines.iter().copied().filter(failed).collect::<Vec<_>>().join("\n"),
        last.join("\n")
    )
}

/// All scenarios of a revision against a daemon.
fn server(revision: &str) {
    let board = Board::start(&[]);
    let Some(mut command) = programs::conformance(&board.home()) else { return };
    let door = Door::open(board.address(), &board.token());
    let baseline = format!("{HERE}/needs-fixtures.yml");
    command.args(["server", "--url", &door.url(), "--requirements", revision, "--expected-failures", &baseline]);
    let finished = process::run(command.arg("-o").arg(board.home().join("out")), "", 3 * PATIENCE);
    assert!(finished.ok(), "{revision}: {}", told(&finished));
    drop(door);
    board.end();
}

#[test]
fn the_daemon_conforms_to_the_last_revision_with_initialize() {
    server("2025-11-25");
}

#[test]
fn the_daemon_conforms_to_the_stateless_revision() {
    server("2026-07-28");
}

/// The scenarios for clients that a client without OAuth and without questions to a person can take part in, each with the
/// revision it is run in and the tools that it wants called. Left out: `auth/*`, because Synod's client shows a token that a
/// person configured and logs in nowhere; `elicitation-sep1034-client-defaults` and `sep-2322-client-request-state`, because
/// it offers a server no questions to a person.
fn scenarios() -> Vec<(&'static str, &'static str, Value)> {
    let (old, new) = ("2025-11-25", "2026-07-28");
    let add = || json!({ "add_numbers": { "a": 5, "b": 3 } });
    let headers = json!({
        "test_custom_headers": {
            "region": "us-west1", "priority": 42, "verbose": false, "debug": true, "empty_val": "",
            "method_val": "test-method", "float_val": 2.25, "non_ascii_val": "Hello, 世界", "whitespace_val": " padded ",
            "leading_space_val": " us-west1", "trailing_space_val": "us-west1 ", "internal_space_val": "us west 1",
            "control_char_val": "line1\nline2", "crlf_val": "line1\r\nline2", "tab_val": "\tindented",
            "query": "SELECT * FROM users",
        },
        "test_custom_headers_null": { "region": "us-east1", "priority": 1, "query": "SELECT 1" },
    });
    vec![
        ("initialize", old, add()),
        ("tools_call", old, add()),
        ("sse-retry", old, json!({ "test_reconnection": {} })),
        ("tools_call", new, add()),
        ("request-metadata", new, add()),
        ("http-standard-headers", new, json!({ "test_headers": {} })),
        ("http-custom-headers", new, headers),
        ("http-invalid-tool-headers", new, json!({ "valid_tool": { "region": "us-west1" } })),
        ("json-schema-ref-no-deref", new, add()),
    ]
}

/// Asks the suite to be the server of one scenario.
fn client(home: &Path, scenario: &str, revision: &str, tools: &Value) -> Option<Finished> {
    let mut command = programs::conformance(home)?;
    let client = format!("sh {HERE}/client.sh");
    command.args(["client", "--command", &client, "--scenario", scenario, "--spec-version", revision]);
    command.args(["--timeout", "60000"]).arg("-o").arg(home.join("out"));
    command.env("SYNOD_PROGRAM", board::PROGRAM).env("TOOLS", settings(tools));
    Some(process::run(&mut command, "", 3 * PATIENCE))
}

/// In the scenario of a stream that is cut, the suite takes every GET for the client's coming back. The stream on which a
/// client of this era listens anyway is one too, and on a busy machine it comes when the call has begun: before the cut, so
/// that the suite counts a negative time.
fn mistook_the_listening_stream(finished: &Finished) -> bool {
    finished.stdout.contains("Client reconnected too early (-")
}

/// How often such a mistake is borne.
const MISTAKES_MAX: usize = 5;

#[test]
fn the_client_conforms_as_far_as_it_goes() {
    let home = tempfile::TempDir::with_prefix("synod-mcp-client-").expect("a scratch folder");
    for (scenario, revision, tools) in scenarios() {
        let mut mistakes = 0;
        let finished = loop {
            let Some(finished) = client(home.path(), scenario, revision, &tools) else { return };
            mistakes += 1;
            if mistakes > MISTAKES_MAX || !mistook_the_listening_stream(&finished) {
                break finished;
            }
        };
        assert!(finished.ok(), "{scenario} {revision}: {}", told(&finished));
        // Some scenarios hold of a client that never came.
        assert!(!finished.stdout.contains("Passed: 0/"), "{scenario} {revision}: {}", told(&finished));
    }
    board::all_gone(home.path());
}

/// Each tool as a worker, save for the address, which the script puts in. A tool is given a note besides, because a worker
/// passes its prompt on to something.
fn settings(tools: &Value) -> String {
    let worker = |(tool, arguments): (&String, &Value)| {
        let mut lines = format!("[workers.{tool}]\nprovider = \"mcp\"\nurl = \"URL\"\ntool = \"{tool}\"\n");
        lines.push_str(&format!("[workers.{tool}.arguments]\nnote = \"{{{{prompt}}}}\"\n"));
        for (name, value) in arguments.as_object().into_iter().flatten() {
            // JSON's texts, numbers and truth values are TOML's too.
            lines.push_str(&format!("{name} = {value}\n"));
        }
        lines
    };
    tools.as_object().into_iter().flatten().map(worker).collect()
}
