//! How the peers carry on when the answer is not simply there: a rate limit that passes, a tool to run, silence.

use std::time::Duration;

use super::lines::Peer;
use crate::support::model_server::{On, Outcome, Reply, Seen};
use crate::support::peers::shell_call;

/// A rate limit of one second, then a command to run, then the answer: the peer must wait, run the command in its
/// working folder, hand back the result, and end well.
fn outlasts_a_limit_and_runs_a_tool(name: &'static str) {
    let Some(peer) = Peer::prepare(name) else { return };
    let tool = shell_call(name, "echo made > made.txt");
    let replies = [Reply::rate_limited(1), Reply::Tools(vec![tool]), Reply::text("ALL DONE")];
    peer.server.queue(On::prompt("MARK-9K"), replies);
    let finished = peer.run("Run a command, then answer. MARK-9K");
    assert!(finished.ok() && finished.stdout.contains("ALL DONE"), "{finished:#?}");
    let made = std::fs::read_to_string(peer.scratch.work().join("made.txt")).unwrap_or_default();
    assert_eq!(made, "made\n", "{finished:#?}");
    let calls = peer.server.seen();
    let calls: Vec<(Outcome, usize)> = calls.iter().map(|call| (call.outcome, call.tool_results)).collect();
    assert_eq!(calls, [(Outcome::Failed, 0), (Outcome::Answered, 0), (Outcome::Answered, 1)]);
}

#[test]
fn claude_outlasts_a_limit_and_runs_a_tool() {
    outlasts_a_limit_and_runs_a_tool("claude");
}

#[test]
fn codex_outlasts_a_limit_and_runs_a_tool() {
    outlasts_a_limit_and_runs_a_tool("codex");
}

#[test]
fn gemini_outlasts_a_limit_and_runs_a_tool() {
    outlasts_a_limit_and_runs_a_tool("gemini");
}

#[test]
fn opencode_outlasts_a_limit_and_runs_a_tool() {
    outlasts_a_limit_and_runs_a_tool("opencode");
}

#[test]
fn copilot_outlasts_a_limit_and_runs_a_tool() {
    outlasts_a_limit_and_runs_a_tool("copilot");
}

#[test]
fn grok_outlasts_a_limit_and_runs_a_tool() {
    outlasts_a_limit_and_runs_a_tool("grok");
}

#[test]
fn a_peer_killed_while_it_waits_is_seen_to_leave() {
    let Some(peer) = Peer::prepare("codex") else { return };
    peer.server.always(On::any(), Reply::HangForever);
    let finished = peer.run_within("Wait for ever.", Duration::from_secs(5));
    assert!(finished.status.is_none(), "{finished:#?}");
    let gone = |calls: &[Seen]| calls.len() == 1 && calls[0].outcome == Outcome::ClientGone;
    assert!(peer.server.wait_until(Duration::from_secs(30), gone), "{:?}", peer.server.seen());
}
