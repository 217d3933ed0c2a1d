//! Seven workers asked at once: what the engine adds to the slowest of them, and that one which hangs or fails holds up and
//! spoils nothing.

#![expect(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "a bench prints, and fails loudly")]

#[path = "support/mod.rs"]
#[expect(dead_code, reason = "each bench uses its own part of the support")]
mod support;

use std::time::{Duration, Instant};
use support::answers::{Act, Answers};
use support::figures::{Samples, Table};
use support::floors;
use support::options::Options;
use support::scratch::Scratch;
use synod::api::{Handle, NewTask, Reply, Request, TaskView};
use synod::app::{Engage, Engine};

/// How many workers are asked.
const WORKERS: usize = 7;
/// What a worker takes in the run that gives the percentiles.
const SHORT: Duration = Duration::from_millis(100);
/// What a worker takes in the headline.
const LONG: Duration = Duration::from_secs(1);
/// What a worker is given in the run where one hangs.
const PATIENCE: &str = "attempt_timeout = \"2s\"\nretries = 0\n";

/// One task from start to end.
struct Round {
    /// From the first call to the task's end in the journal.
    from_first_call: Duration,
    /// From handing the task in to the same.
    whole: Duration,
    calls: usize,
    task: TaskView,
}

fn main() {
    let options = Options::read();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let mut table = Table::default();
    runtime.block_on(run(&options, &mut table));
    table.print("fan_out");
}

async fn run(options: &Options, table: &mut Table) {
    let scratch = workspace("retries = 0\n");
    let floor = scratch.root().join("floor");
    std::fs::create_dir(&floor).unwrap();
    let commit = floors::store_commit(&floor, 100);
    table.note("floor: one durable store commit, p50 / p99 (n)", commit.shown());
    let slept = tokio_sleeps(options.rounds(10, 30)).await;
    table.note("floor: seven 100 ms timers over 100 ms, p50 / p99 (n)", slept.shown());

    let one = rounds(&scratch, 1, |_| Act::Answer(LONG)).await.remove(0);
    let measured = format!("{:.3} s, {} calls", one.from_first_call.as_secs_f64(), one.calls);
    let well = one.from_first_call <= Duration::from_millis(1200) && one.calls == WORKERS;
    table.goal("7 workers of 1 s: first call to decision stored", measured, "<= 1.2 s", well);

    let (mut over_first, mut over_whole) = (Samples::default(), Samples::default());
    for round in rounds(&scratch, options.rounds(10, 40), |_| Act::Answer(SHORT)).await {
        assert_eq!(round.calls, WORKERS, "every worker is asked once");
        over_first.push(round.from_first_call.saturating_sub(SHORT));
        over_whole.push(round.whole.saturating_sub(SHORT));
    }
    let p99 = over_first.percentile(99.0);
    table.goal(
        "overhead over the slowest: first call to decision stored, p50 / p99 (n)",
        over_first.shown(),
        "p99 <= 10 ms",
        p99 <= 10.0,
    );
    table.note("the same from handing the task in", over_whole.shown());
    faulty(table).await;
}

/// One worker hangs until its time is up, then one fails at once.
async fn faulty(table: &mut Table) {
    let scratch = workspace(PATIENCE);
    let hangs =
        rounds(&scratch, 1, |worker| if worker == "w3" { Act::Hang } else { Act::Answer(SHORT) }).await.remove(0);
    let answered = answered(&hangs.task);
    let named = failed(&hangs.task);
    let measured = format!("{} answered, failed: {named}, {:.2} s", answered, hangs.whole.as_secs_f64());
    let well = answered == WORKERS - 1 && named == "w3" && hangs.whole < Duration::from_millis(2500);
    table.goal("one of 7 hangs (given 2 s)", measured, "6 answered, w3 named, < 2.5 s", well);

    let scratch = workspace(PATIENCE);
    let fails =
        rounds(&scratch, 1, |worker| if worker == "w3" { Act::Fail } else { Act::Answer(SHORT) }).await.remove(0);
    let (count, named) = (self::answered(&fails.task), failed(&fails.task));
    let over = fails.whole.saturating_sub(SHORT);
    let measured = format!("{count} answered, failed: {named}, {:.1} ms over the slowest", over.as_secs_f64() * 1e3);
    table.goal("one of 7 fails at once", measured, "6 answered, w3 named", count == WORKERS - 1 && named == "w3");
}

fn answered(task: &TaskView) -> usize {
    task.attempts.iter().filter(|attempt| attempt.state == "answered").count()
}

fn failed(task: &TaskView) -> String {
    let failed = task.decision.iter().flat_map(|decision| &decision.failed_workers);
    failed.map(|failed| failed.worker.as_str().to_owned()).collect::<Vec<_>>().join(" ")
}

fn workspace(limits: &str) -> Scratch {
    let names: Vec<String> = (1..=WORKERS).map(|number| format!("w{number}")).collect();
    Scratch::with_workers(&names, &format!("max_concurrent_calls = 64\n{limits}"))
}

/// Hands one task after the other in and waits for each.
async fn rounds(scratch: &Scratch, count: usize, rule: fn(&str) -> Act) -> Vec<Round> {
    let answers = Answers::new(rule);
    let engage = Engage { caller: Some(answers.clone()), ..Engage::default() };
    let mut engine = Engine::start(&scratch.place(), engage).await.unwrap();
    let models: Vec<String> = (1..=WORKERS).map(|number| format!("w{number}")).collect();
    let mut done = Vec::new();
    for number in 0..count {
        let content =
            format!("---\nkind: code-review\nmodels: [{}]\n---\nReview change number {number}.\n", models.join(", "));
        let start = Instant::now();
        let task = carried_out(&engine.handle(), content).await;
        let end = Instant::now();
        let (calls, first) = answers.take();
        done.push(Round { from_first_call: end - first.unwrap(), whole: end - start, calls, task });
    }
    engine.stop(false).await;
    engine.ended().await.unwrap();
    done
}

async fn carried_out(handle: &Handle, content: String) -> TaskView {
    let new = NewTask { content, format: Some("md".to_owned()), by: "bench".to_owned(), ..NewTask::default() };
    let Ok(Reply::Accepted { task }) = handle.ask(Request::Submit(Box::new(new))).await else { panic!("refused") };
    loop {
        match handle.ask(Request::Wait { task: task.clone(), for_ms: 60_000 }).await.unwrap() {
            Reply::Task(view) if view.rests() => return *view,
            _ => {}
        }
    }
}

/// What the timers alone are late by.
async fn tokio_sleeps(rounds: usize) -> Samples {
    let mut samples = Samples::default();
    for _ in 0..rounds {
        let start = Instant::now();
        futures::future::join_all((0..WORKERS).map(|_| tokio::time::sleep(SHORT))).await;
        samples.push(start.elapsed().saturating_sub(SHORT));
    }
    samples
}
