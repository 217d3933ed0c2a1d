//! A start with very many finished tasks in the store: how long until the daemon answers, and what it holds in memory. The
//! full goal is a million: `cargo bench --bench restart -- --tasks 1000000` (writes some gigabytes first).

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a bench prints, and fails loudly")]

#[path = "support/mod.rs"]
#[expect(dead_code, reason = "each bench uses its own part of the support")]
mod support;

use std::time::{Duration, Instant};
use support::daemon::Daemon;
use support::figures::Table;
use support::options::Options;
use support::scratch::Scratch;
use synod::board::{Event, Seq, TaskId, Timestamp};
use synod::store::{Archive, Batch, Store};

/// Events of one task, about as many as a task with three workers has.
const EVENTS: u64 = 12;
/// Tasks that end with one commit: many, for it is the commits that a load waits for.
const BATCH: u64 = 5_000;
/// Starts that are measured; the first may still find the store as the load left it.
const STARTS: usize = 3;

fn main() {
    let options = Options::read();
    let tasks = options.tasks(20_000, 100_000) as u64;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut table = Table::default();
    runtime.block_on(run(tasks, &mut table));
    table.print("restart");
}

async fn run(tasks: u64, table: &mut Table) {
    let scratch = Scratch::with_workers(&["quick".to_owned()], "");
    let empty = start(&scratch).await;
    table.note("empty store: ready after, resident", shown(empty));
    let took = load(&scratch, tasks);
    let bytes = std::fs::metadata(scratch.root().join(".synod/store/db")).unwrap().len();
    table.note("loading", format!("{tasks} tasks in {:.1} s, {} MiB", took.as_secs_f64(), bytes >> 20));
    let first = start(&scratch).await;
    table.note("first start after loading", shown(first));
    let mut starts = Vec::new();
    for _ in 0..STARTS {
        starts.push(start(&scratch).await);
    }
    let slowest = starts.iter().map(|(ready, _)| *ready).max().unwrap();
    let largest = starts.iter().map(|(_, resident)| *resident).fold(0.0, f64::max);
    let what = format!("{tasks} finished tasks, slowest of {STARTS} starts (files cached)");
    table.goal(&what, format!("{:.0} ms", slowest.as_secs_f64() * 1e3), "<= 1 s", slowest <= Duration::from_secs(1));
    table.goal("resident, the most", format!("{largest:.1} MiB"), "<= 150 MB", largest * 1.048_576 <= 150.0);
}

fn shown((ready, resident): (Duration, f64)) -> String {
    format!("{:.0} ms, {resident:.1} MiB", ready.as_secs_f64() * 1e3)
}

/// Starts the daemon until it answers, looks at its memory, ends it.
async fn start(scratch: &Scratch) -> (Duration, f64) {
    let daemon = Daemon::start(scratch).await;
    let measured = (daemon.ready_after, daemon.process().resident_mib());
    daemon.end().await;
    measured
}

/// Stores tasks that have ended, the way the daemon does.
fn load(scratch: &Scratch, tasks: u64) -> Duration {
    let dot = scratch.root().join(".synod");
    let mut store = Store::open(&dot.join("store"), &dot.join("blobs")).unwrap().store;
    let (began, before) = (Instant::now(), store.last_seq().0);
    for first in (0..tasks).step_by(BATCH as usize) {
        let mut batch = Batch::default();
        for number in first..(first + BATCH).min(tasks) {
            let task = TaskId::parse(&format!("task-{number}")).unwrap();
            let seq = before + number * EVENTS;
            // What an event says hardly matters here; its size does.
            let on = TaskId::slug(&format!("{number} {}", "x".repeat(70)));
            batch.events.extend((1..=EVENTS).map(|event| {
                let at = Timestamp(event as i64);
                (Seq(seq + event), Event::DependencyEnded { at, task: task.clone(), on: on.clone(), well: true })
            }));
            let title = format!("the title of task {number}, with some words that a person would write");
            let summary = serde_json::json!({ "title": title, "kind": "check", "ending": { "ending": "done" } });
            batch.archive.push(Archive { task, summary });
        }
        batch.published = batch.events.last().map(|(seq, _)| *seq);
        store.append(&batch).unwrap();
    }
    began.elapsed()
}
