//! The part of the printed sum that is about records: where each worker's α and β come from, what the panel stands beside, and
//! how much of its certainty rests on the workers' failing independently.

use super::super::decision::{Decision, Grounds, Sum, Vote};
use super::super::id::WorkerName;
use super::explain::contribution;
use super::tally::logistic;
use std::collections::BTreeMap;
use std::fmt::Write;

/// How often all fail together in the sober reading: on one task in five. Nine judges of real panels were worth about two
/// independent ones (Kohli 2026), so this is no pessimist's number.
const TOGETHER: f64 = 0.2;

/// The tables of records: for each worker what its α and β were made from.
pub(super) fn records(out: &mut String, decision: &Decision) -> std::fmt::Result {
    let mut known: BTreeMap<&WorkerName, (f64, f64, &Grounds)> = BTreeMap::new();
    for sum in &decision.sums {
        if let (Some(maker), Some(record)) = (&sum.made_by, &sum.maker) {
            known.insert(maker, (record.alpha, record.beta, &record.grounds));
        }
    }
    for vote in &decision.votes {
        if let Some(grounds) = &vote.grounds {
            known.insert(&vote.worker, (vote.alpha, vote.beta, grounds));
        }
    }
    if known.is_empty() {
        return Ok(());
    }
    writeln!(out, "## Records on {}, as they stood\n", decision.kind)?;
    writeln!(out, "| worker | tier | assumed | worth | right, wrong on other kinds | prior | right | wrong | α | β |")?;
    writeln!(out, "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |")?;
    for (worker, (alpha, beta, grounds)) in known {
        let Grounds { tier, tier_prior, strength, others_right, others_wrong, prior, right, wrong } = grounds;
        writeln!(
            out,
            "| {worker} | {tier} | {tier_prior:.4} | {strength:.2} | {others_right}, {others_wrong} | {prior:.6} | {right} | {wrong} \
             | {alpha:.4} | {beta:.4} |"
        )?;
    }
    writeln!(
        out,
        "\nprior = (worth · assumed + right elsewhere) / (worth + right elsewhere + wrong elsewhere); α = worth · prior + \
         right; β = worth · (1 − prior) + wrong. Right and wrong are outcomes known before this decision: tests, a person's \
         word, patches applied or taken back.\n"
    )
}

/// What one worker alone would have said.
pub(super) fn baseline(out: &mut String, decision: &Decision) -> std::fmt::Result {
    let Some(single) = &decision.best_single else { return Ok(()) };
    let said = match (single.on, single.good) {
        (Some(candidate), _) => format!("would have given candidate {candidate}"),
        (None, true) => "would have said acceptable".to_owned(),
        (None, false) => "would have said reject".to_owned(),
    };
    let agrees = if single.agrees { "the same" } else { "something else" };
    writeln!(
        out,
        "- the best record alone: {}, expected to be right {:.4} of the time, {said}; the panel came to {agrees}",
        single.worker, single.expected
    )
}

/// The probability of a unanimous sum if the workers fail together now and then. They did not contradict each other, so
/// nothing in the votes shows that they looked independently: with chance `c` all of them only repeat the best one.
pub(super) fn sober(out: &mut String, decision: &Decision, sum: &Sum) -> std::fmt::Result {
    let votes: Vec<&Vote> = decision.votes.iter().filter(|vote| vote.candidate == sum.candidate).collect();
    let parts: Vec<f64> = votes.iter().map(|vote| contribution(vote)).filter(|part| *part != 0.0).collect();
    let unanimous = parts.iter().all(|part| *part > 0.0) || parts.iter().all(|part| *part < 0.0);
    if parts.len() < 2 || !unanimous {
        return Ok(());
    }
    let prior = if parts[0] > 0.0 { sum.prior } else { -sum.prior };
    writeln!(
        out,
        "- all {} agree; if workers like these fail together on one task in five, they are right with probability {:.4}",
        parts.len(),
        agreed(&parts, prior)
    )
}

/// Probability that unanimous votes of these weights are right, from log-odds of `prior`, where all judges only repeat the best
/// one on a share [`TOGETHER`] of tasks.
pub(super) fn agreed(parts: &[f64], prior: f64) -> f64 {
    let accuracies: Vec<f64> = parts.iter().map(|part| logistic(part.abs())).collect();
    let best = accuracies.iter().copied().fold(0.5, f64::max);
    let right: f64 = TOGETHER * best + (1.0 - TOGETHER) * accuracies.iter().product::<f64>();
    let wrong: f64 = TOGETHER * (1.0 - best) + (1.0 - TOGETHER) * accuracies.iter().map(|p| 1.0 - p).product::<f64>();
    logistic(prior + (right / wrong).ln())
}
