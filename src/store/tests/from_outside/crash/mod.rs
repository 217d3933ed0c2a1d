//! The store under a writer that is killed, on a machine that loses its page cache, and on a full disk. What the writer was told is stored
//! must be there afterwards, whole; what it was not told may be there, but only as the continuation.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a failed unwrap or a panic fails the test")]
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "the writer acknowledges on stdout; a skipped test says so"
)]
#![expect(clippy::disallowed_methods, reason = "the tests run themselves as child processes, told by the environment")]

mod disk;
mod full;
mod power;
mod trace;
mod writer;

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use writer::Dice;

/// Rounds of each test. The promise is about every one of them.
const KILLS: u64 = 40;

/// A child writes numbered records and says what was acknowledged; it is killed while it writes on. Each round goes on with
/// what the one before left.
#[test]
fn kill_9_loses_nothing_that_was_acknowledged() {
    let workspace = tempfile::tempdir().unwrap();
    let mut dice = Dice(7);
    let mut acknowledged = 0;
    for round in 0..KILLS {
        let mut child = writer::command(workspace.path(), u64::MAX).stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        // Killed somewhere behind the acknowledgement that the dice chose: the writer never waits for us.
        let wanted = acknowledged + 1 + dice.below(120);
        for line in lines.by_ref() {
            acknowledged = writer::acknowledged(&line.unwrap()).unwrap_or(acknowledged).max(acknowledged);
            if acknowledged >= wanted {
                break;
            }
        }
        child.kill().unwrap();
        for line in lines.map_while(Result::ok) {
            acknowledged = writer::acknowledged(&line).unwrap_or(acknowledged).max(acknowledged);
        }
        child.wait().unwrap();
        assert!(acknowledged >= wanted, "round {round}: the writer ended by itself at {acknowledged}");
        writer::compare(workspace.path(), acknowledged).unwrap_or_else(|why| panic!("round {round}: {why}"));
    }
}

/// The child that the tests run: this very binary, told by its environment where to write.
#[test]
#[ignore = "run by the other tests as a child process"]
fn writer_process() {
    writer::write_on();
}

/// Runs one ignored test of this binary as a child process.
fn this_binary(test: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args([&crate::test_name(module_path!(), test), "--exact", "--ignored", "--nocapture", "--test-threads=1"]);
    command
}
