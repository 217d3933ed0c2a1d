//! The part of the report about outcomes: how often each worker was right, how well it knows itself, and whether the panel does
//! better than its best worker alone. Made from the records; how it looks is a face's business.

use crate::board::tally::Duel;
use crate::board::{Tallies, Tally};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Two-sided 95 % of the normal distribution.
const CERTAINTY: f64 = 1.96;

/// How often a worker was right on a kind of task, over all time and all its roles.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct WorkerRecord {
    /// Who.
    pub worker: String,
    /// The kind of task; absent: all kinds together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Outcomes that became known.
    pub outcomes: u64,
    /// Those in which it was right.
    pub right: u64,
    /// `right / outcomes`, 0 to 1.
    pub accuracy: f64,
    /// Where the true accuracy lies with 95 % certainty, from here (Wilson's interval, 1927) …
    pub low: f64,
    /// … to here.
    pub high: f64,
    /// Outcomes before which it had stated how sure it was.
    pub stated: u64,
    /// Mean square of what it stated amiss, 0 (a prophet) to 1; 0.25 is a coin. Absent where it stated nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub brier: Option<f64>,
}

impl WorkerRecord {
    fn of(worker: &str, kind: Option<&str>, tally: &Tally) -> Option<Self> {
        let (low, high) = wilson(tally.right, tally.outcomes());
        Some(Self {
            worker: worker.to_owned(),
            kind: kind.map(ToOwned::to_owned),
            outcomes: tally.outcomes(),
            right: tally.right,
            accuracy: tally.accuracy()?,
            low,
            high,
            stated: tally.stated,
            brier: tally.brier(),
        })
    }
}

/// The panel beside the worker that would have been asked alone, on the tasks whose outcome tells for both. Which worker that
/// is was settled by the records before each task.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PanelRecord {
    /// Tasks compared.
    pub tasks: u64,
    /// Those in which the panel was right.
    pub panel_right: u64,
    /// Those in which the best single worker was right.
    pub single_right: u64,
    /// Those in which the panel alone was right.
    pub panel_only: u64,
    /// Those in which the single worker alone was right.
    pub single_only: u64,
    /// How likely a split at least as uneven is if neither is better (McNemar's exact test, two-sided), 0 to 1; 1 where they never
    /// differed.
    pub chance: f64,
}

impl PanelRecord {
    pub(super) fn of(duel: &Duel) -> Self {
        Self {
            tasks: duel.tasks(),
            panel_right: duel.both.saturating_add(duel.panel),
            single_right: duel.both.saturating_add(duel.single),
            panel_only: duel.panel,
            single_only: duel.single,
            chance: mcnemar(duel.panel, duel.single),
        }
    }
}

/// Every worker's record: all kinds together first, then each kind. Those with the most outcomes first; who has none is left
/// out.
pub(super) fn records(tallies: &Tallies) -> Vec<WorkerRecord> {
    let mut workers: Vec<Vec<WorkerRecord>> = Vec::new();
    for (worker, pairs) in &tallies.pairs {
        let (mut all, mut kinds) = (Tally::default(), BTreeMap::<&str, Tally>::new());
        for (kind, tally) in pairs.0.values().flatten() {
            all.add(tally);
            kinds.entry(kind.as_str()).or_default().add(tally);
        }
        let mut rows: Vec<WorkerRecord> =
            kinds.iter().filter_map(|(kind, tally)| WorkerRecord::of(worker.as_str(), Some(kind), tally)).collect();
        rows.sort_by(|a, b| b.outcomes.cmp(&a.outcomes).then_with(|| a.kind.cmp(&b.kind)));
        let whole = WorkerRecord::of(worker.as_str(), None, &all);
        workers.push(whole.into_iter().chain(rows).collect());
    }
    workers.sort_by_key(|rows| std::cmp::Reverse(rows.first().map_or(0, |row| row.outcomes)));
    workers.into_iter().flatten().collect()
}

/// Between which rates the true one lies with 95 % certainty (Wilson 1927); 0 to 1 where nothing was counted.
fn wilson(good: u64, all: u64) -> (f64, f64) {
    if all == 0 {
        return (0.0, 1.0);
    }
    // Counts stay far below 2^52.
    let (rate, all, square) = (good as f64 / all as f64, all as f64, CERTAINTY * CERTAINTY);
    let middle = rate + square / (2.0 * all);
    let width = CERTAINTY * (rate * (1.0 - rate) / all + square / (4.0 * all * all)).sqrt();
    let scale = 1.0 + square / all;
    (((middle - width) / scale).max(0.0), ((middle + width) / scale).min(1.0))
}

/// The exact two-sided test of McNemar (1947): how likely a coin splits `one + other` throws at least as unevenly.
fn mcnemar(one: u64, other: u64) -> f64 {
    let (all, fewer) = (one.saturating_add(other), one.min(other));
    // ln of the binomial probabilities, each from the one before; beyond some thousands it is 0 for all that matters.
    let mut term = -(all as f64) * std::f64::consts::LN_2;
    let mut sum = 0.0;
    for k in 0..=fewer {
        sum += term.exp();
        term += ((all - k) as f64).ln() - ((k + 1) as f64).ln();
        if k > 1_000_000 {
            break;
        }
    }
    (2.0 * sum).min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_is_wilsons() {
        // 19 of 20: 0.764 to 0.991 (Newcombe 1998 gives the method; the numbers are computed by hand).
        let (low, high) = wilson(19, 20);
        assert!((low - 0.7639).abs() < 5e-4 && (high - 0.9911).abs() < 5e-4, "{low} {high}");
        assert_eq!(wilson(0, 0), (0.0, 1.0));
        assert!(wilson(0, 5).0 <= 0.0 && wilson(5, 5).1 >= 1.0);
    }

    #[test]
    fn the_test_is_mcnemars() {
        // 1 against 9: 2 · (1 + 10) / 2^10.
        assert!((mcnemar(1, 9) - 22.0 / 1024.0).abs() < 1e-12);
        assert!((mcnemar(9, 1) - mcnemar(1, 9)).abs() < 1e-15);
        assert!(mcnemar(0, 0) >= 1.0 && mcnemar(5, 5) >= 1.0);
    }
}
