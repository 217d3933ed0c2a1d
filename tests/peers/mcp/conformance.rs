//! The official conformance suite as the client of the daemon that ships, through its own port and past its own guard.
//!
//! What the suite wants a server to offer for it alone is tried with `src/mcp/tests/from_outside/conformance`, where these
//! fixtures stand around the same server. Here such scenarios are expected to fail, by name, in `needs-fixtures.yml`.

use super::board::{Board, PATIENCE};
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
