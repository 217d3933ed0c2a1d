//! From a file that is closed in the drop folder to the first act of the worker's program: the real daemon, its shim, a
//! program that writes a line as soon as it runs. One drop at a time.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a bench prints, and fails loudly")]

#[path = "support/mod.rs"]
#[expect(dead_code, reason = "each bench uses its own part of the support")]
mod support;

use std::fs::OpenOptions;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};
use support::daemon::Daemon;
use support::figures::{Samples, Table};
use support::floors;
use support::options::Options;
use support::scratch::Scratch;
use synod::api::{Reply, Request};
use synod::board::TaskId;

/// How long one worker may take to start before the bench gives up.
const START_MAX: Duration = Duration::from_secs(30);

fn main() {
    let options = Options::read();
    let rounds = options.rounds(60, 300);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let mut table = Table::default();
    runtime.block_on(run(rounds, &mut table));
    table.print("file_to_worker");
}

/// A program that says "here" into a pipe of ours, then behaves as a worker does.
fn worker(pipe: &Path) -> [String; 3] {
    ["/bin/sh".to_owned(), "-c".to_owned(), format!("echo here > {}; cat > /dev/null; echo fine", pipe.display())]
}

async fn run(rounds: usize, table: &mut Table) {
    let scratch = Scratch::new("");
    let pipe = scratch.root().join("started");
    let words = worker(&pipe).map(|word| format!("{word:?}")).join(", ");
    let settings = format!("[workers.echo]\nprovider = \"command\"\ncommand = [{words}]\nfamily = \"echo\"\n");
    std::fs::write(scratch.root().join("synod.toml"), settings).unwrap();
    let lines = listen(&pipe);

    let floor = scratch.root().join("floor");
    std::fs::create_dir(&floor).unwrap();
    let append = floors::append_fdatasync(&floor, rounds);
    let rename = floors::rename_syncfs(&floor, rounds.min(60), 1);
    let commit = floors::store_commit(&floor, rounds);
    let inotify = floors::inotify(&floor, rounds).await;
    let spawn = floors::spawn_true(rounds).await;
    let first_act = first_acts(&pipe, &lines, rounds);
    let drops = drops(&scratch, &lines, rounds).await;

    table.note("floor: append 1 KiB + fdatasync, p50 / p99 (n)", append.shown());
    table.note("floor: temp + rename + syncfs", rename.shown());
    table.note("floor: one durable store commit", commit.shown());
    table.note("floor: inotify, notify to tokio", inotify.shown());
    table.note("floor: spawn and wait /bin/true", spawn.shown());
    table.note("floor: spawn /bin/sh until its first act is seen", first_act.shown());
    let bound = 2.0 * (commit.p50() + inotify.p50() + spawn.p50());
    let ratio = drops.p50() / (bound / 2.0);
    let goal = format!("p50 <= 2 x floors = {bound:.2} ms");
    table.goal("file closed to worker's first act, p50 / p99 (n)", drops.shown(), &goal, drops.p50() <= bound);
    table.note("ratio of the p50 to (commit + inotify + spawn)", format!("{ratio:.2}"));
}

/// Makes the pipe and notes the moment of every line that comes through it.
fn listen(pipe: &Path) -> Receiver<Instant> {
    make_pipe(pipe);
    // Opened for both directions, so that it does not end when a writer closes it.
    let file = OpenOptions::new().read(true).write(true).open(pipe).unwrap();
    let (sender, lines) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(file).lines() {
            if line.is_err() || sender.send(Instant::now()).is_err() {
                return;
            }
        }
    });
    lines
}

#[expect(clippy::disallowed_methods, reason = "mkfifo is a program where no crate of ours has the call")]
fn make_pipe(pipe: &Path) {
    assert!(Command::new("mkfifo").arg(pipe).status().unwrap().success());
}

/// What starting the same program takes without Synod.
#[expect(clippy::disallowed_methods, reason = "the floor of starting a process")]
fn first_acts(pipe: &Path, lines: &Receiver<Instant>, rounds: usize) -> Samples {
    let [program, args @ ..] = worker(pipe);
    let mut samples = Samples::default();
    for _ in 0..rounds {
        let start = Instant::now();
        let mut child = Command::new(&program).args(&args).stdin(Stdio::null()).stdout(Stdio::null()).spawn().unwrap();
        samples.push(lines.recv_timeout(START_MAX).unwrap() - start);
        child.wait().unwrap();
    }
    samples
}

async fn drops(scratch: &Scratch, lines: &Receiver<Instant>, rounds: usize) -> Samples {
    let daemon = Daemon::start(scratch).await;
    let mut samples = Samples::default();
    for number in 0..rounds {
        let name = format!("drop-{number}");
        let draft = scratch.root().join(format!("{name}.md"));
        std::fs::write(&draft, format!("---\nmode: simple\nkind: check\n---\nCheck statement number {number}.\n"))
            .unwrap();
        let start = Instant::now();
        std::fs::rename(&draft, scratch.coordination("tasks").join(format!("{name}.md"))).unwrap();
        samples.push(lines.recv_timeout(START_MAX).unwrap() - start);
        rested(&daemon, &name).await;
    }
    daemon.end().await;
    samples
}

/// Waits until the task is over, and a moment more, so that the next drop finds the daemon at rest.
async fn rested(daemon: &Daemon, name: &str) {
    let task = TaskId::parse(name).unwrap();
    let over = loop {
        match daemon.handle.ask(Request::Wait { task: task.clone(), for_ms: 30_000 }).await.unwrap() {
            Reply::Task(view) if view.rests() => break view,
            _ => {}
        }
    };
    assert!(over.decision.is_some(), "{name} came to no decision");
    tokio::time::sleep(Duration::from_millis(20)).await;
}
