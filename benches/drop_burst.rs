//! Ten thousand task files dropped at once, a worker that answers at once: how many tasks a second are carried from the
//! dropped file to the archived task with every page of it on the medium, and whether any is lost.

#![expect(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "a bench prints, and fails loudly")]

#[path = "support/mod.rs"]
#[expect(dead_code, reason = "each bench uses its own part of the support")]
mod support;

use std::time::{Duration, Instant};
use support::answers::{Act, Answers};
use support::figures::Table;
use support::floors;
use support::options::Options;
use support::process::Process;
use support::scratch::Scratch;
use synod::api::{Reply, Request};
use synod::app::{Engage, Engine};
use synod::store::Store;

/// How long the burst may take before it counts as stuck.
const STUCK_AFTER: Duration = Duration::from_secs(600);

fn main() {
    let options = Options::read();
    let tasks = options.tasks(1_000, 10_000);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let mut table = Table::default();
    let scratch = Scratch::with_workers(&["quick".to_owned()], "max_concurrent_calls = 1024");
    let floor = scratch.root().join("floor");
    std::fs::create_dir(&floor).unwrap();
    table.note("floor: append 1 KiB + fdatasync, p50 / p99 (n)", floors::append_fdatasync(&floor, 100).shown());
    table.note("floor: 64 x temp + rename, one syncfs, p50 / p99 (n)", floors::rename_syncfs(&floor, 10, 64).shown());
    table.note("floor: one durable store commit, p50 / p99 (n)", floors::store_commit(&floor, 100).shown());
    let pages = floors::task_pages(&floor, options.rounds(320, 1_600));
    table.note("floor: the files of a task alone, one thread", format!("{pages:.0} tasks/s"));
    runtime.block_on(burst(&scratch, tasks, &mut table));
    table.print("drop_burst");
}

async fn burst(scratch: &Scratch, tasks: usize, table: &mut Table) {
    let staged = scratch.root().join("staged");
    std::fs::create_dir(&staged).unwrap();
    for number in 0..tasks {
        let text = format!(
            "---\nmode: simple\nkind: check\n---\nCheck whether statement number {number} of the list holds.\n"
        );
        std::fs::write(staged.join(format!("burst-{number}.md")), text).unwrap();
    }
    let answers = Answers::new(|_| Act::Answer(Duration::ZERO));
    let engage = Engage { intake: true, caller: Some(answers.clone()), ..Engage::default() };
    let mut engine = Engine::start(&scratch.place(), engage).await.unwrap();
    let (start, cpu) = (Instant::now(), Process::own().cpu());
    for number in 0..tasks {
        let name = format!("burst-{number}.md");
        std::fs::rename(staged.join(&name), scratch.coordination("tasks").join(&name)).unwrap();
    }
    let dropped = start.elapsed();
    let mut calls = 0;
    loop {
        calls += answers.take().0;
        let Ok(Reply::Status(status)) = engine.handle().ask(Request::Status).await else { panic!("no status") };
        if calls >= tasks && status.open_tasks == 0 {
            break;
        }
        assert!(start.elapsed() < STUCK_AFTER, "stuck: {calls} calls, {} open tasks", status.open_tasks);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    engine.stop(false).await;
    engine.ended().await.unwrap();
    let (took, cpu) = (start.elapsed(), Process::own().cpu() - cpu);
    drop(engine);
    let rate = tasks as f64 / took.as_secs_f64();
    table.note("files renamed into the folder within", format!("{:.0} ms", dropped.as_secs_f64() * 1e3));
    table.goal(
        "dropped to archived, pages flushed",
        format!("{rate:.0} tasks/s ({tasks})"),
        ">= 2000 tasks/s",
        rate >= 2000.0,
    );
    table.note("CPU time a task, all threads", format!("{:.2} ms", cpu.as_secs_f64() * 1e3 / tasks as f64));
    table.note("resident, the most", format!("{:.0} MiB", Process::own().resident_peak_mib()));
    account(scratch, tasks, calls, table);
}

/// Looks for every task in the store and in the folders.
fn account(scratch: &Scratch, tasks: usize, calls: usize, table: &mut Table) {
    let dot = scratch.root().join(".synod");
    let stored = Store::open(&dot.join("store"), &dot.join("blobs")).unwrap().store.finished() as usize;
    let pages = scratch.count("tasks/done", ".md").min(scratch.count("tasks/done", "_state.json"));
    let decisions = scratch.count("decisions", ".json").min(scratch.count("decisions", ".md"));
    let left = scratch.count("tasks", ".md") + scratch.count("tasks/active", "");
    let whole = [stored, pages, decisions, calls].iter().all(|count| *count == tasks) && left == 0;
    let measured = format!("{stored} archived, {pages} done, {decisions} decided, {calls} calls, {left} left");
    table.goal("none lost, none asked twice", measured, &format!("{tasks} of each, 0 left"), whole);
}
