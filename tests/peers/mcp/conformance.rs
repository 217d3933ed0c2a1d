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

/// The scenarios for clients, each with the revision it is run in and the tools that it wants called. All that the two
/// revisions require are here or in `logins`; `json-schema-2020-12-preservation`, which neither does, wants a client that sends a
/// tool's schema back to another tool, and a worker calls one tool with what it was told. `elicitation-sep1034-client-defaults` and `sep-2322-client-request-state` hold
/// of workers whose questions a person allowed to be answered.
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
        ("elicitation-sep1034-client-defaults", old, json!({ "test_client_elicitation_defaults": {} })),
        (
            "sep-2322-client-request-state",
            new,
            json!({
                "test_mrtr_echo_state": {}, "test_mrtr_no_state": {}, "test_mrtr_unrelated": {},
                "test_mrtr_no_result_type": {},
            }),
        ),
    ]
}

/// A scenario with a login: its name, the revisions it is run in (none: it is an extension and of all), and what the worker's
/// settings say besides.
type LoginScenario = (&'static str, &'static [&'static str], &'static str);

/// The scenarios in which the server wants a login. Left out are `auth/2025-03-26-oauth-endpoint-fallback`, where a server says
/// nothing of where to log in and the client guesses (later revisions took that away, and Synod does not send a person to a
/// guessed address), and four extensions that no revision requires: `client-credentials-jwt` and `wif-jwt-bearer` (assertions that
/// the client signs itself), `enterprise-managed-authorization` (an identity provider's token in exchange) and `dpop` with
/// `dpop-nonce` (proofs bound to each request): Synod has no keys of its own to sign with.
fn logins() -> Vec<LoginScenario> {
    let (both, new): (&[&str], &[&str]) = (&["2025-11-25", "2026-07-28"], &["2026-07-28"]);
    let registered = "client_id = \"pre-registered-client\"\nclient_secret_env = \"CLIENT_SECRET\"\n";
    let client = "login = \"client\"\nclient_id = \"conformance-test-client\"\nclient_secret_env = \"CLIENT_SECRET\"\n";
    let document = "client_metadata_url = \"https://conformance-test.local/client-metadata.json\"\n";
    vec![
        ("metadata-default", both, ""),
        ("metadata-var1", both, ""),
        ("metadata-var2", both, ""),
        ("metadata-var3", both, ""),
        ("basic-cimd", both, document),
        ("scope-from-www-authenticate", both, ""),
        ("scope-from-scopes-supported", both, ""),
        ("scope-omitted-when-undefined", both, ""),
        ("scope-step-up", both, ""),
        ("scope-retry-limit", both, ""),
        ("token-endpoint-auth-basic", both, ""),
        ("token-endpoint-auth-post", both, ""),
        ("token-endpoint-auth-none", both, ""),
        ("pre-registration", both, registered),
        ("resource-mismatch", new, ""),
        ("offline-access-scope", new, ""),
        ("offline-access-not-supported", new, ""),
        ("authorization-server-migration", new, ""),
        ("iss-supported", new, ""),
        ("iss-not-advertised", new, ""),
        ("iss-supported-missing", new, ""),
        ("iss-wrong-issuer", new, ""),
        ("iss-unexpected", new, ""),
        ("iss-normalized", new, ""),
        ("metadata-issuer-mismatch", new, ""),
        ("2025-03-26-oauth-metadata-backcompat", &["2025-03-26"], ""),
        ("client-credentials-basic", &[], client),
    ]
}

/// Asks the suite to be the server of one scenario.
fn client(home: &Path, scenario: &str, revision: Option<&str>, settings: &str) -> Option<Finished> {
    let mut command = programs::conformance(home)?;
    let client = format!("sh {HERE}/client.sh");
    command.args(["client", "--command", &client, "--scenario", scenario, "--timeout", "90000"]);
    command.args(revision.into_iter().flat_map(|revision| ["--spec-version", revision]));
    command.arg("-o").arg(home.join("out"));
    command.env("SYNOD_PROGRAM", board::PROGRAM).env("TOOLS", settings).env("BROWSER", format!("{HERE}/browser.sh %s"));
    Some(process::run(&mut command, "", 3 * PATIENCE))
}

/// Every check passed, and there was one: some scenarios hold of a client that never came, and one that the revision does not
/// know is left out in silence.
fn assert_passed(what: &str, finished: &Finished) {
    assert!(finished.ok(), "{what}: {}", told(finished));
    let passed = says(finished, "Passed: ") && !says(finished, "Passed: 0/");
    assert!(passed && says(finished, " 0 warnings"), "{what}: {}", told(finished));
}

/// Whether the suite says this, on either of its streams.
fn says(finished: &Finished, words: &str) -> bool {
    finished.stdout.contains(words) || finished.stderr.contains(words)
}

/// In the scenario of a stream that is cut, the suite takes every GET for the client's coming back. The stream on which a
/// client of this era listens anyway is one too, and on a busy machine it comes when the call has begun: before the cut, so
/// that the suite counts a negative time.
fn mistook_the_listening_stream(finished: &Finished) -> bool {
    says(finished, "Client reconnected too early (-")
}

/// How often such a mistake is borne.
const MISTAKES_MAX: usize = 5;

#[test]
fn the_client_conforms_as_far_as_it_goes() {
    let home = tempfile::TempDir::with_prefix("synod-mcp-client-").expect("a scratch folder");
    for (scenario, revision, tools) in scenarios() {
        let mut mistakes = 0;
        let finished = loop {
            let settings = settings(&tools);
            let Some(finished) = client(home.path(), scenario, Some(revision), &settings) else { return };
            mistakes += 1;
            if mistakes > MISTAKES_MAX || !mistook_the_listening_stream(&finished) {
                break finished;
            }
        };
        assert_passed(&format!("{scenario} {revision}"), &finished);
    }
    board::all_gone(home.path());
}

#[test]
fn the_client_logs_in_wherever_the_suite_wants_it() {
    let home = tempfile::TempDir::with_prefix("synod-mcp-login-").expect("a scratch folder");
    for (scenario, revisions, more) in logins() {
        let revisions: Vec<Option<&str>> =
            if revisions.is_empty() { vec![None] } else { revisions.iter().copied().map(Some).collect() };
        for revision in revisions {
            let settings = worker("test-tool", &json!({}), more);
            let scenario = format!("auth/{scenario}");
            let Some(finished) = client(home.path(), &scenario, revision, &settings) else { return };
            assert_passed(&format!("{scenario} {}", revision.unwrap_or("extension")), &finished);
        }
    }
    board::all_gone(home.path());
}

/// Each tool as a worker, which may be asked questions.
fn settings(tools: &Value) -> String {
    let more = "questions = \"answer\"\n";
    let all = tools.as_object().into_iter().flatten();
    all.map(|(tool, arguments)| worker(tool, arguments, more)).collect()
}

/// A tool as a worker, save for the address, which the script puts in. A tool is given a note besides, because a worker passes
/// its prompt on to something.
fn worker(tool: &str, arguments: &Value, more: &str) -> String {
    let mut lines = format!("[workers.{tool}]\nprovider = \"mcp\"\nurl = \"URL\"\ntool = \"{tool}\"\n{more}");
    lines.push_str(&format!("[workers.{tool}.arguments]\nnote = \"{{{{prompt}}}}\"\n"));
    for (name, value) in arguments.as_object().into_iter().flatten() {
        // JSON's texts, numbers and truth values are TOML's too.
        lines.push_str(&format!("{name} = {value}\n"));
    }
    lines
}
