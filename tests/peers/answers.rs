//! One run of each command line, headless, to a successful answer.

use serde_json::Value;

use super::lines::Peer;
use crate::support::model_server::{Auth, ModelServer, On, Reply, Wire};
use crate::support::process::Finished;

const PROMPT: &str = "Answer with one word. MARK-7Q";
const ANSWER: &str = "ÄNSWER-OF-THE-SCRIPT";

/// The peer in front of a server that gives the answer to the prompt; `None` where it is not installed.
fn prepared(name: &'static str) -> Option<Peer> {
    let peer = Peer::prepare(name)?;
    peer.server.always(On::prompt("MARK-7Q"), Reply::text(ANSWER));
    Some(peer)
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
    let Some(peer) = prepared("claude") else { return };
    let finished = peer.run(PROMPT);
    assert_asked(&peer.server, &finished, Wire::Anthropic, &Auth::ApiKeyHeader("peer-key".to_owned()));
    assert_eq!(peer.server.count_for("MARK-7Q"), 1);
    let document: Value = serde_json::from_str(&finished.stdout).expect("one JSON document");
    assert_eq!((&document["result"], &document["is_error"]), (&Value::from(ANSWER), &Value::from(false)));
}

#[test]
fn codex_answers() {
    let Some(peer) = prepared("codex") else { return };
    let finished = peer.run(PROMPT);
    assert_asked(&peer.server, &finished, Wire::OpenAiResponses, &bearer());
    assert_eq!(peer.server.count_for("MARK-7Q"), 1);
    let mut said = lines(&finished).into_iter().filter(|line| line["item"]["type"] == "agent_message");
    assert_eq!(said.next_back().expect("a message")["item"]["text"], ANSWER);
}

#[test]
fn gemini_answers() {
    let Some(peer) = prepared("gemini") else { return };
    let finished = peer.run(PROMPT);
    assert_asked(&peer.server, &finished, Wire::Gemini, &Auth::GoogleHeader("peer-key".to_owned()));
    assert_eq!(peer.server.count_for("MARK-7Q"), 1);
    let document: Value = serde_json::from_str(&finished.stdout).expect("one JSON document");
    assert_eq!(document["response"], ANSWER);
}

#[test]
fn opencode_answers() {
    let Some(peer) = prepared("opencode") else { return };
    let finished = peer.run(PROMPT);
    assert_asked(&peer.server, &finished, Wire::OpenAiChat, &bearer());
    let mut said = lines(&finished).into_iter().filter(|line| line["type"] == "text");
    assert_eq!(said.next_back().expect("a text")["part"]["text"], ANSWER);
}

#[test]
fn copilot_answers() {
    let Some(peer) = prepared("copilot") else { return };
    let finished = peer.run(PROMPT);
    assert_asked(&peer.server, &finished, Wire::OpenAiChat, &bearer());
    assert_eq!(peer.server.count_for("MARK-7Q"), 1);
    let mut said = lines(&finished).into_iter().filter(|line| line["type"] == "assistant.message");
    assert_eq!(said.next_back().expect("a message")["data"]["content"], ANSWER);
}

#[test]
fn grok_answers() {
    let Some(peer) = prepared("grok") else { return };
    let finished = peer.run(PROMPT);
    assert_asked(&peer.server, &finished, Wire::OpenAiChat, &bearer());
    let mut said = lines(&finished).into_iter().filter(|line| line["role"] == "assistant");
    assert_eq!(said.next_back().expect("a message")["content"], ANSWER);
}
