//! One run of each command line, headless, to a successful answer.

use std::path::Path;
use std::time::Duration;

use serde_json::Value;

use crate::support::model_server::{Auth, ModelServer, On, Reply, Wire};
use crate::support::peers::{self, ScratchHome};
use crate::support::process::{self, Finished};

/// The slowest peers need half a minute for their first run in a new home on a loaded machine.
const DEADLINE: Duration = Duration::from_secs(240);
const PROMPT: &str = "Answer with one word. MARK-7Q";
const ANSWER: &str = "ÄNSWER-OF-THE-SCRIPT";

/// A server that gives the answer to the prompt, and a home for the peer.
fn prepared(name: &str) -> (ModelServer, ScratchHome) {
    let server = ModelServer::start();
    server.always(On::prompt("MARK-7Q"), Reply::text(ANSWER));
    let scratch = peers::scratch_home(name, &server);
    (server, scratch)
}

fn run(scratch: &ScratchHome, program: &Path, args: &[&str], stdin: &str) -> Finished {
    process::run(scratch.command(program).args(args), stdin, DEADLINE)
}

/// The lines that are JSON documents.
fn lines(finished: &Finished) -> Vec<Value> {
    finished.stdout.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

/// The peer ended well, asked on this wire with the key it was given, and was answered.
fn assert_asked(server: &ModelServer, finished: &Finished, wire: Wire, key: &Auth) {
    assert!(finished.ok(), "{finished:#?}\nstrays: {:?}", server.strays());
    let seen = server.seen();
    let asked = seen.iter().find(|call| call.prompt.contains("MARK-7Q")).expect("a call with the prompt");
    assert_eq!((asked.wire, &asked.auth), (wire, key));
    assert!(server.paid_for("MARK-7Q") >= 1);
}

fn bearer() -> Auth {
    Auth::Bearer("peer-key".to_owned())
}

#[test]
fn claude_answers() {
    let Some(program) = peers::program("claude") else {
        return;
    };
    let (server, scratch) = prepared("claude");
    let args = ["-p", "--output-format", "json", "--model", "sonnet", "--permission-mode", "acceptEdits"];
    let finished = run(&scratch, &program, &args, PROMPT);
    assert_asked(&server, &finished, Wire::Anthropic, &Auth::ApiKeyHeader("peer-key".to_owned()));
    assert_eq!(server.count_for("MARK-7Q"), 1);
    let document: Value = serde_json::from_str(&finished.stdout).expect("one JSON document");
    assert_eq!((&document["result"], &document["is_error"]), (&Value::from(ANSWER), &Value::from(false)));
}

#[test]
fn codex_answers() {
    let Some(program) = peers::native_codex() else {
        return;
    };
    let (server, scratch) = prepared("codex");
    let provider = format!(
        "model_providers.p={{name=\"p\",base_url=\"{}\",env_key=\"PEER_KEY\",wire_api=\"responses\",\
         request_max_retries=1,stream_max_retries=1,stream_idle_timeout_ms=60000}}",
        server.v1()
    );
    let args = [
        "exec",
        "--json",
        "--skip-git-repo-check",
        "-m",
        "gpt-5",
        "-s",
        "read-only",
        "-c",
        "model_provider=p",
        "-c",
        &provider,
        "-c",
        "analytics.enabled=false",
        "-c",
        "check_for_update_on_startup=false",
        "--disable",
        "plugins",
        "--disable",
        "apps",
        "--disable",
        "shell_snapshot",
        "--disable",
        "unbounded_connection_retries",
        "-",
    ];
    let finished = run(&scratch, &program, &args, PROMPT);
    assert_asked(&server, &finished, Wire::OpenAiResponses, &bearer());
    assert_eq!(server.count_for("MARK-7Q"), 1);
    let mut said = lines(&finished).into_iter().filter(|line| line["item"]["type"] == "agent_message");
    assert_eq!(said.next_back().expect("a message")["item"]["text"], ANSWER);
}

#[test]
fn gemini_answers() {
    let Some(program) = peers::program("gemini") else {
        return;
    };
    let (server, scratch) = prepared("gemini");
    let args = ["--skip-trust", "-o", "json", "-m", "gemini-2.5-flash", "--approval-mode", "auto_edit"];
    let finished = run(&scratch, &program, &args, PROMPT);
    assert_asked(&server, &finished, Wire::Gemini, &Auth::GoogleHeader("peer-key".to_owned()));
    assert_eq!(server.count_for("MARK-7Q"), 1);
    let document: Value = serde_json::from_str(&finished.stdout).expect("one JSON document");
    assert_eq!(document["response"], ANSWER);
}

#[test]
fn opencode_answers() {
    let Some(program) = peers::program("opencode") else {
        return;
    };
    let (server, scratch) = prepared("opencode");
    let args = ["run", "--format", "json", "-m", "peer/m1", "--title", "t"];
    let finished = run(&scratch, &program, &args, PROMPT);
    assert_asked(&server, &finished, Wire::OpenAiChat, &bearer());
    let mut said = lines(&finished).into_iter().filter(|line| line["type"] == "text");
    assert_eq!(said.next_back().expect("a text")["part"]["text"], ANSWER);
}

#[test]
fn copilot_answers() {
    let Some(program) = peers::program("copilot") else {
        return;
    };
    let (server, scratch) = prepared("copilot");
    let args = ["--output-format", "json", "--no-auto-update", "--no-color", "--allow-tool", "write"];
    let finished = run(&scratch, &program, &args, PROMPT);
    assert_asked(&server, &finished, Wire::OpenAiChat, &bearer());
    assert_eq!(server.count_for("MARK-7Q"), 1);
    let mut said = lines(&finished).into_iter().filter(|line| line["type"] == "assistant.message");
    assert_eq!(said.next_back().expect("a message")["data"]["content"], ANSWER);
}

#[test]
fn grok_answers() {
    let Some(program) = peers::program("grok") else {
        return;
    };
    let (server, scratch) = prepared("grok");
    let finished = run(&scratch, &program, &["-p", PROMPT], "");
    assert_asked(&server, &finished, Wire::OpenAiChat, &bearer());
    let mut said = lines(&finished).into_iter().filter(|line| line["role"] == "assistant");
    assert_eq!(said.next_back().expect("a message")["content"], ANSWER);
}
