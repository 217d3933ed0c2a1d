//! What the machine itself takes for the steps that no design can leave out, measured in the same run as the figures that
//! are held against it.

use super::figures::Samples;
use notify::event::{EventKind, ModifyKind, RenameMode};
use notify::{RecursiveMode, Watcher};
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::process::Stdio;
use std::time::Instant;
use synod::board::{Event, Seq, TaskId, Timestamp};
use synod::store::{Batch, Store};

/// What an append or a small file holds.
const KIB: [u8; 1024] = [b'x'; 1024];

/// Append 1 KiB to a file and wait until it is on the medium.
pub(crate) fn append_fdatasync(folder: &Path, rounds: usize) -> Samples {
    let mut file = OpenOptions::new().create(true).append(true).open(folder.join("append")).unwrap();
    timed(rounds, |_| {
        file.write_all(&KIB).unwrap();
        file.sync_data().unwrap();
    })
}

/// Write `files` files of 1 KiB under temporary names, rename each, then flush the file system once.
pub(crate) fn rename_syncfs(folder: &Path, rounds: usize, files: usize) -> Samples {
    let handle = File::open(folder).unwrap();
    let (draft, mut number) = (folder.join(".draft"), 0);
    timed(rounds, |_| {
        for _ in 0..files {
            number += 1;
            std::fs::write(&draft, KIB).unwrap();
            std::fs::rename(&draft, folder.join(format!("file-{number}"))).unwrap();
        }
        rustix::fs::syncfs(&handle).unwrap();
    })
}

/// Write what one simple task leaves behind, for many tasks and without anything else: fourteen small files, nine of them in
/// two folders of the task's own, and one `syncfs` for every 160 tasks. Tasks a second.
pub(crate) fn task_pages(folder: &Path, tasks: usize) -> f64 {
    const TOGETHER: usize = 160;
    let handle = File::open(folder).unwrap();
    let small = |path: &Path| std::fs::write(path, KIB).unwrap();
    let shown = |name: String| {
        small(&folder.join(".draft"));
        std::fs::rename(folder.join(".draft"), folder.join(name)).unwrap();
    };
    let start = Instant::now();
    for task in 0..tasks {
        for name in ["md", "state", "session", "decision-md", "decision-json"] {
            shown(format!("{task}-{name}"));
        }
        for (own, files) in [("outputs", 1), ("history", 8)] {
            let draft = folder.join(".folder");
            std::fs::create_dir(&draft).unwrap();
            (0..files).for_each(|file| small(&draft.join(format!("{file}.md"))));
            std::fs::rename(&draft, folder.join(format!("{task}-{own}"))).unwrap();
        }
        if (task + 1) % TOGETHER == 0 {
            rustix::fs::syncfs(&handle).unwrap();
        }
    }
    rustix::fs::syncfs(&handle).unwrap();
    tasks as f64 / start.elapsed().as_secs_f64()
}

/// Rename a file into a watched folder and wait until a tokio task has the event.
pub(crate) async fn inotify(folder: &Path, rounds: usize) -> Samples {
    let watched = folder.join("watched");
    std::fs::create_dir_all(&watched).unwrap();
    let (sender, mut events) = tokio::sync::mpsc::unbounded_channel();
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        let moved = matches!(&event, Ok(event) if event.kind == EventKind::Modify(ModifyKind::Name(RenameMode::To)));
        if moved {
            let _ = sender.send(Instant::now());
        }
    })
    .unwrap();
    watcher.watch(&watched, RecursiveMode::NonRecursive).unwrap();
    let mut samples = Samples::default();
    for number in 0..rounds {
        let draft = folder.join("draft");
        std::fs::write(&draft, KIB).unwrap();
        let start = Instant::now();
        std::fs::rename(&draft, watched.join(format!("{number}"))).unwrap();
        events.recv().await.unwrap();
        samples.push(start.elapsed());
    }
    samples
}

/// Start `/bin/true` and wait until it has ended.
#[expect(clippy::disallowed_methods, reason = "the floor of starting a process")]
pub(crate) async fn spawn_true(rounds: usize) -> Samples {
    let mut samples = Samples::default();
    for _ in 0..rounds {
        let start = Instant::now();
        let mut child =
            tokio::process::Command::new("/bin/true").stdin(Stdio::null()).process_group(0).spawn().unwrap();
        child.wait().await.unwrap();
        samples.push(start.elapsed());
    }
    samples
}

/// One event through the store, durable on return.
pub(crate) fn store_commit(folder: &Path, rounds: usize) -> Samples {
    let mut store = Store::open(&folder.join("store"), &folder.join("blobs")).unwrap().store;
    let task = TaskId::parse("floor").unwrap();
    let on = TaskId::slug(&"y".repeat(60));
    timed(rounds, |number| {
        let at = Timestamp(number as i64);
        let event = Event::DependencyEnded { at, task: task.clone(), on: on.clone(), well: true };
        let batch = Batch { events: vec![(Seq(number as u64 + 1), event)], ..Batch::default() };
        store.append(&batch).unwrap();
    })
}

fn timed(rounds: usize, mut each: impl FnMut(usize)) -> Samples {
    let mut samples = Samples::default();
    for number in 0..rounds {
        let start = Instant::now();
        each(number);
        samples.push(start.elapsed());
    }
    samples
}
