//! The worker that would have been asked alone: what the panel's record is shown beside.

use super::super::decision::{Baseline, Sum, Vote};
use super::super::id::WorkerName;
use super::super::outcomes::side;
use super::super::verdict::Stance;

/// Of several makers the one with the best record, with its own candidate; of several judges the one with the best record,
/// with its vote. Of equals the first. `chosen` and `verdict` are what the panel came to.
pub(super) fn of(votes: &[Vote], sums: &[Sum], chosen: Option<u32>, verdict: Stance) -> Option<Baseline> {
    let makers = sums.iter().filter_map(|sum| {
        let record = sum.maker.as_ref()?;
        Some((sum.made_by.as_ref()?, record.alpha / (record.alpha + record.beta), sum.candidate?))
    });
    if let Some((worker, expected, candidate)) = best(makers) {
        let agrees = chosen == Some(candidate) && verdict != Stance::Reject;
        return Some(Baseline { worker: worker.clone(), expected, on: Some(candidate), good: true, agrees });
    }
    let judges = votes.iter().filter(|vote| vote.candidate.is_none());
    let judges = judges.map(|vote| (&vote.worker, vote.alpha / (vote.alpha + vote.beta), vote));
    let (worker, expected, vote) = best(judges)?;
    let good = side(vote.reading.counted(vote.verdict))?;
    Some(Baseline { worker: worker.clone(), expected, on: None, good, agrees: side(verdict) == Some(good) })
}

fn best<'a, T>(all: impl Iterator<Item = (&'a WorkerName, f64, T)>) -> Option<(&'a WorkerName, f64, T)> {
    let mut best: Option<(&WorkerName, f64, T)> = None;
    for one in all {
        if best.as_ref().is_none_or(|known| one.1 > known.1) {
            best = Some(one);
        }
    }
    best
}
