//! The headline: mega tasks of 25 to 60 steps, planned by a planner and carried out by workers that fail. How many succeed,
//! what becomes of errors, how near the wall time comes to what the steps themselves take, and what it costs against always
//! asking the strongest. The engine is the real one, without its daemon; workers, jobs and time are simulated, by seed.

#![expect(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "a bench prints, and fails loudly")]

#[path = "mega/answers.rs"]
mod answers;
#[path = "mega/clock.rs"]
mod clock;
#[path = "mega/draw.rs"]
mod draw;
#[path = "mega/jobs.rs"]
mod jobs;
#[path = "mega/measure.rs"]
mod measure;
#[path = "mega/picture.rs"]
mod picture;
#[path = "support/mod.rs"]
#[expect(dead_code, reason = "each bench uses its own part of the support")]
mod support;
#[path = "mega/workers.rs"]
mod workers;

use answers::Crew;
use clock::{Run, live};
use measure::Totals;
use picture::Point;
use std::path::Path;
use std::time::Instant;
use support::figures::Table;
use support::options::Options;
use support::scratch::Scratch;

/// The seed of the published figures.
const SEED: u64 = 20_261_121;
/// Shares of calls that are hit, in percent. The first five have goals or are asked for; the rest say where it breaks.
const FAULTS: [u32; 10] = [0, 5, 15, 30, 50, 60, 70, 80, 90, 95];
/// The share at which the goals hold.
const HEADLINE: u32 = 15;

fn main() {
    let options = Options::read();
    let jobs = options.tasks(50, 1_000) as u64;
    let scratch = Scratch::new(&workers::settings(""));
    let rules = synod::app::board_rules(&scratch.place()).unwrap();
    workers::print();
    println!(
        "{}\nseed {SEED}, {jobs} tasks of {} to {} items for each share of faults",
        measure::MEANING,
        jobs::ITEMS.0,
        jobs::ITEMS.1
    );
    let mut table = Table::default();
    let mut points = Vec::new();
    for percent in FAULTS {
        let run = Run { seed: SEED, jobs, faults: f64::from(percent) / 100.0, crew: Crew::AsStated };
        let start = Instant::now();
        let fitting = live(&rules, run);
        let strongest = live(&rules, Run { crew: Crew::AllStrongest, ..run });
        println!("{percent} %: {:.1} s; {:?}", start.elapsed().as_secs_f64(), fitting.calls_by_worker);
        for failure in &fitting.failures {
            println!("    {failure}");
        }
        points.push(row(&mut table, percent, &fitting, &strongest));
    }
    table.print("mega");
    let path = picture_path(&options);
    picture::draw(&path, &points, &format!("{jobs} mega tasks of {} to {} items", jobs::ITEMS.0, jobs::ITEMS.1))
        .unwrap();
    println!("\nthe curve: {}", path.display());
}

/// The full run's picture is the one in the documents; a quick one must not take its place.
fn picture_path(options: &Options) -> std::path::PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let is_full = !options.quick && options.tasks.is_none();
    if is_full {
        root.join("docs/pictures/mega-tasks.svg")
    } else {
        Path::new(env!("CARGO_TARGET_TMPDIR")).join("mega-tasks.svg")
    }
}

fn row(table: &mut Table, percent: u32, fitting: &Totals, strongest: &Totals) -> Point {
    let cheaper = 100.0 * (1.0 - fitting.cost / strongest.cost);
    let measured = format!(
        "{:.1} % succeeded, {:.1} % of {} errors recovered, {:.3} × bound (p95 {:.2}), {:.1} % cheaper (${:.2} a task), {:.1} calls a task",
        fitting.success(),
        fitting.recovery(),
        fitting.errors,
        fitting.stretch(),
        fitting.stretch_at(95.0),
        cheaper,
        fitting.cost / fitting.tasks as f64,
        fitting.calls as f64 / fitting.tasks as f64,
    );
    let what = format!("{percent} % faults");
    if percent == HEADLINE {
        let well =
            fitting.success() >= 99.0 && fitting.recovery() >= 95.0 && fitting.stretch() <= 1.1 && cheaper >= 40.0;
        table.goal(&what, measured, ">= 99 %, >= 95 %, <= 1.1 ×, >= 40 %", well);
    } else {
        table.note(&what, measured);
    }
    Point {
        faults: f64::from(percent),
        succeeded: fitting.success(),
        recovered: fitting.recovery(),
        cheaper,
        stretch: 100.0 * fitting.stretch(),
    }
}
