//! How the store opens with very many ended tasks. Measures and prints; asserts only what does not depend on the machine.
//!
//! `cargo test --test outside store_million:: -- --ignored --nocapture`, with `SYNOD_TASKS` and `SYNOD_FOLDER` (kept, and measured again
//! without loading when it is there) where the defaults do not suit.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a measurement prints, and fails loudly")]
#![expect(clippy::disallowed_methods, reason = "its size comes from the environment")]

use std::path::{Path, PathBuf};
use std::time::Instant;
use synod::board::{Event, Seq, TaskId, Timestamp};
use synod::store::{Archive, Batch, Opened, Store};

/// Events of one task, about as many as a task with three workers has.
const EVENTS: u64 = 12;
/// Tasks that end with one commit.
const BATCH: u64 = 500;

#[test]
#[ignore = "writes gigabytes; run by hand"]
fn opens_with_a_million_ended_tasks() {
    let tasks: u64 = std::env::var("SYNOD_TASKS").map_or(1_000_000, |text| text.parse().unwrap());
    let scratch = tempfile::tempdir().unwrap();
    let folder = std::env::var_os("SYNOD_FOLDER").map_or(scratch.path().to_owned(), PathBuf::from);
    if !folder.join(".synod").exists() {
        load(&folder, tasks);
    }
    let before = resident();
    let began = Instant::now();
    let store = open(&folder);
    let opened = began.elapsed();
    println!("open: {opened:?}, resident {} MiB more (of {} MiB)", resident().saturating_sub(before), resident());
    assert_eq!(store.finished(), tasks);
    let began = Instant::now();
    assert_eq!(store.summaries(None, 50).unwrap().len(), 50);
    println!("first page of 50 summaries: {:?}", began.elapsed());
    let began = Instant::now();
    let id = TaskId::parse(&format!("task-{}", tasks / 2)).unwrap();
    assert_eq!(store.history(&id).unwrap().unwrap().len() as u64, EVENTS);
    println!("one history: {:?}, resident now {} MiB", began.elapsed(), resident());
    let began = Instant::now();
    assert_eq!(store.next_id(&id, |_| false).unwrap(), id.numbered(2));
    println!("a free name: {:?}", began.elapsed());
}

fn load(folder: &Path, tasks: u64) {
    let mut store = open(folder);
    let began = Instant::now();
    for first in (0..tasks).step_by(BATCH as usize) {
        let mut batch = Batch::default();
        for number in first..(first + BATCH).min(tasks) {
            let task = TaskId::parse(&format!("task-{number}")).unwrap();
            let seq = number * EVENTS;
            // What an event says hardly matters here; its size does.
            let on = TaskId::slug(&format!("{number} {}", "x".repeat(70)));
            batch.events.extend((1..=EVENTS).map(|n| {
                let event =
                    Event::DependencyEnded { at: Timestamp(n as i64), task: task.clone(), on: on.clone(), well: true };
                (Seq(seq + n), event)
            }));
            let title = format!("the title of task {number}, with some words that a person would write");
            let summary = serde_json::json!({ "title": title, "kind": "check", "ending": { "ending": "done" } });
            batch.archive.push(Archive { task, summary });
        }
        store.append(&batch).unwrap();
    }
    println!("loaded {tasks} in {:?}", began.elapsed());
    drop(store);
    let db = std::fs::metadata(folder.join(".synod/store/db")).unwrap().len();
    println!("the store takes {} MiB", db >> 20);
    let began = Instant::now();
    drop(open(folder));
    println!("first open after the load: {:?}", began.elapsed());
}

fn open(folder: &Path) -> Store {
    let Opened { store, .. } = Store::open(&folder.join(".synod/store"), &folder.join(".synod/blobs")).unwrap();
    store
}

/// Resident memory of this process in MiB.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").trim().parse::<u64>().unwrap() / 1024
}
