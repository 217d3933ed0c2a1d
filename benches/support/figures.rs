//! Samples, the table that every bench prints, and the machine in a line.

use std::time::Duration;

/// Durations in milliseconds.
#[derive(Clone, Debug, Default)]
pub(crate) struct Samples(Vec<f64>);

impl Samples {
    pub(crate) fn push(&mut self, took: Duration) {
        self.0.push(took.as_secs_f64() * 1e3);
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// The value below which `percent` of the samples lie (nearest rank), in milliseconds.
    pub(crate) fn percentile(&self, percent: f64) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        let rank = (percent / 100.0 * sorted.len() as f64).ceil() as usize;
        sorted.get(rank.clamp(1, sorted.len().max(1)) - 1).copied().unwrap_or(f64::NAN)
    }

    pub(crate) fn p50(&self) -> f64 {
        self.percentile(50.0)
    }

    /// "p50 / p99 ms (n)".
    pub(crate) fn shown(&self) -> String {
        format!("{:.3} / {:.3} ms ({})", self.p50(), self.percentile(99.0), self.len())
    }
}

/// A table of what was measured, beside what is wanted.
#[derive(Default)]
pub(crate) struct Table(Vec<[String; 4]>);

impl Table {
    /// A figure that nothing is wanted of: a floor, or a part.
    pub(crate) fn note(&mut self, what: &str, measured: impl Into<String>) {
        self.0.push([what.to_owned(), measured.into(), String::new(), String::new()]);
    }

    /// A figure with its goal.
    pub(crate) fn goal(&mut self, what: &str, measured: impl Into<String>, goal: &str, reached: bool) {
        let reached = if reached { "yes" } else { "NO" };
        self.0.push([what.to_owned(), measured.into(), goal.to_owned(), reached.to_owned()]);
    }

    /// Prints the table under its bench's name, with the machine.
    pub(crate) fn print(&self, bench: &str) {
        println!("\n## {bench}\n{}\n", machine());
        let head = ["what", "measured", "goal", "reached"].map(str::to_owned);
        let rows: Vec<&[String; 4]> = std::iter::once(&head).chain(&self.0).collect();
        let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
        let widths = [0, 1, 2, 3].map(width);
        for (number, row) in rows.iter().enumerate() {
            let cells: Vec<String> = row
                .iter()
                .zip(widths)
                .map(|(cell, width)| format!("{cell}{}", " ".repeat(width - cell.chars().count())))
                .collect();
            println!("| {} |", cells.join(" | "));
            if number == 0 {
                println!("|{}|", widths.map(|width| "-".repeat(width + 2)).join("|"));
            }
        }
    }
}

/// CPU, cores and load at this moment: a figure without them says nothing.
fn machine() -> String {
    let cpus = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpus.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or(" unknown CPU");
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load: Vec<&str> = load.split(' ').take(3).collect();
    format!("{}, {cores} cores, load {}", model.trim_start_matches([' ', '\t', ':']), load.join(" "))
}
