//! The real daemon with nothing to do: CPU, memory, wake-ups, and that no model is asked.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a bench prints, and fails loudly")]

#[path = "support/mod.rs"]
#[expect(dead_code, reason = "each bench uses its own part of the support")]
mod support;

use std::time::Duration;
use support::daemon::Daemon;
use support::figures::Table;
use support::options::Options;
use support::scratch::Scratch;

/// What a start may still be busy with.
const SETTLE: Duration = Duration::from_secs(3);

fn main() {
    let options = Options::read();
    let span = Duration::from_secs(options.rounds(20, 60) as u64);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut table = Table::default();
    runtime.block_on(run(span, &mut table));
    table.print("idle");
}

async fn run(span: Duration, table: &mut Table) {
    let scratch = Scratch::new("");
    let called = scratch.root().join("called");
    let settings = format!(
        "[workers.echo]\nprovider = \"command\"\ncommand = [\"touch\", {:?}]\nfamily = \"echo\"\n",
        called.display().to_string()
    );
    std::fs::write(scratch.root().join("synod.toml"), settings).unwrap();
    let daemon = Daemon::start(&scratch).await;
    let process = daemon.process();
    tokio::time::sleep(SETTLE).await;
    let (cpu, ticks, wakes) = (process.scheduled(), process.cpu(), process.wakes());
    tokio::time::sleep(span).await;
    // The scheduler's count misses threads that have ended, the ticks miss what is shorter than one: the larger stands.
    let cpu = (process.scheduled() - cpu).max(process.cpu() - ticks);
    let wakes = process.wakes() - wakes;
    let share = 100.0 * cpu.as_secs_f64() / span.as_secs_f64();
    let resident = process.resident_mib();
    let what = format!("CPU over {} s, of one core", span.as_secs());
    table.goal(&what, format!("{share:.4} %"), "< 0.1 %", share < 0.1);
    table.goal("resident", format!("{resident:.1} MiB"), "< 30 MB", resident * 1.048_576 < 30.0);
    table.note("wake-ups", format!("{:.2} a second", wakes as f64 / span.as_secs_f64()));
    table.note("ready after", format!("{:.0} ms", daemon.ready_after.as_secs_f64() * 1e3));
    daemon.end().await;
    let calls = usize::from(called.exists())
        + std::fs::read_dir(scratch.root().join(".synod/spool")).map_or(0, Iterator::count);
    table.goal("model calls", calls.to_string(), "0", calls == 0);
}
