//! Ten thousand tasks that wait for one another in one workspace: whether handing in, memory and carrying out cost the last
//! thousand what they cost the first. All of them wait, directly or not, for the first, which is held until all are in.

#![expect(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "a bench prints, and fails loudly")]

#[path = "support/mod.rs"]
#[expect(dead_code, reason = "each bench uses its own part of the support")]
mod support;

use futures::StreamExt;
use std::fmt::Write as _;
use std::time::{Duration, Instant};
use support::answers::{Act, Answers};
use support::figures::Table;
use support::options::Options;
use support::process::Process;
use support::scratch::Scratch;
use synod::api::{Handle, NewTask, Reply, Request};
use synod::app::{Engage, Engine};

/// How far back a task's dependencies lie at most.
const WINDOW: u64 = 50;
/// Hand-ins under way at once: as many as a busy face has, so that commits are shared.
const AT_ONCE: usize = 64;
const SEED: u64 = 20_261_121;
/// How long nothing may end before it counts as stuck.
const STUCK_AFTER: Duration = Duration::from_secs(120);
/// What still counts as flat: the last part against the first.
const FLAT: f64 = 1.25;

/// One tenth of the run.
struct Part {
    took: Duration,
    resident_mib: f64,
}

fn main() {
    let options = Options::read();
    let tasks = options.tasks(1_000, 10_000);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let mut table = Table::default();
    runtime.block_on(run(tasks, &mut table));
    table.print("dependents");
}

async fn run(tasks: usize, table: &mut Table) {
    let limits = format!("max_concurrent_calls = 64\nopen_tasks_max = {}", tasks + 1);
    let scratch = Scratch::with_workers(&["gate".to_owned(), "quick".to_owned()], &limits);
    let answers = Answers::new(|worker| if worker == "gate" { Act::Hold } else { Act::Answer(Duration::ZERO) });
    let engage = Engage { caller: Some(answers.clone()), ..Engage::default() };
    let mut engine = Engine::start(&scratch.place(), engage).await.unwrap();
    let handle = engine.handle();
    let part = (tasks / 10).max(1);
    let before = Process::own().resident_mib();
    let mut handed = Vec::new();
    for tenth in 0..10 {
        let start = Instant::now();
        let these = (tenth * part..(tenth + 1) * part).map(|number| hand_in(&handle, number));
        futures::stream::iter(these).buffer_unordered(AT_ONCE).collect::<Vec<()>>().await;
        handed.push(Part { took: start.elapsed(), resident_mib: Process::own().resident_mib() });
    }
    let total = 10 * part;
    answers.open();
    let carried = carried_out(&handle, total, part).await;
    engine.stop(false).await;
    engine.ended().await.unwrap();
    print(table, part, before, &handed, &carried);
    let done = scratch.count("tasks/done", ".md");
    table.goal("all of them ended well", format!("{done} of {total}"), "all", done == total);
}

/// Hands a task in. Each but the first waits for one to three of those shortly before it.
async fn hand_in(handle: &Handle, number: usize) {
    let mut content = "---\nkind: check\nmode: simple\n".to_owned();
    if number == 0 {
        content.push_str("models: [gate]\n");
    } else {
        let mut chance = SEED ^ (number as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mut next = || {
            chance ^= chance << 13;
            chance ^= chance >> 7;
            chance ^= chance << 17;
            chance
        };
        let count = 1 + next() % 3;
        let on: Vec<String> =
            (0..count).map(|_| format!("job-{}", number as u64 - 1 - next() % WINDOW.min(number as u64))).collect();
        let _ = write!(content, "models: [quick]\ndepends_on: [{}]\n", on.join(", "));
    }
    let _ = write!(content, "---\nCheck whether statement number {number} of the list holds.\n");
    let new = NewTask {
        content,
        format: Some("md".to_owned()),
        by: "bench".to_owned(),
        name: Some(format!("job-{number}")),
        ..NewTask::default()
    };
    match handle.ask(Request::Submit(Box::new(new))).await {
        Ok(Reply::Accepted { .. }) => {}
        other => panic!("task {number} was not taken: {other:?}"),
    }
}

/// The time and memory of each tenth that ends.
async fn carried_out(handle: &Handle, total: usize, part: usize) -> Vec<Part> {
    let mut parts = Vec::new();
    let (mut start, mut changed, mut last) = (Instant::now(), Instant::now(), total);
    while parts.len() < 10 {
        let Ok(Reply::Status(status)) = handle.ask(Request::Status).await else { panic!("no status") };
        let open = status.open_tasks;
        if open != last {
            (changed, last) = (Instant::now(), open);
        }
        while parts.len() < 10 && total - open >= (parts.len() + 1) * part {
            parts.push(Part { took: start.elapsed(), resident_mib: Process::own().resident_mib() });
            start = Instant::now();
        }
        assert!(changed.elapsed() < STUCK_AFTER, "stuck with {open} open tasks");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    parts
}

fn print(table: &mut Table, part: usize, before: f64, handed: &[Part], carried: &[Part]) {
    let rate = |part_of: &Part| part as f64 / part_of.took.as_secs_f64();
    let mut last = before;
    let mut per_task = Vec::new();
    for (number, (one, other)) in (1..).zip(handed.iter().zip(carried)) {
        let kib = (one.resident_mib - last) * 1024.0 / part as f64;
        last = one.resident_mib;
        per_task.push(kib);
        table.note(
            &format!("tasks {} to {}", (number - 1) * part, number * part),
            format!(
                "handed in {:.0}/s, {kib:.1} KiB a waiting task; carried out {:.0}/s, {:.0} MiB resident",
                rate(one),
                rate(other),
                other.resident_mib
            ),
        );
    }
    let halves = |values: &[f64]| {
        let middle = values.len() / 2;
        let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
        (mean(&values[..middle]), mean(&values[middle..]))
    };
    let seconds = |parts: &[Part]| parts.iter().map(|part| part.took.as_secs_f64()).collect::<Vec<f64>>();
    for (what, values) in [
        ("time to hand in, later half / earlier half", seconds(handed)),
        ("time to carry out, later half / earlier half", seconds(carried)),
        ("memory of a waiting task, later half / earlier half", per_task),
    ] {
        let (earlier, later) = halves(&values);
        let ratio = later / earlier;
        table.goal(what, format!("{ratio:.2}"), &format!("<= {FLAT}"), ratio <= FLAT);
    }
}
