//! Who sits in the seats of a step, and who may take the place of one that fails.

use crate::board::id::WorkerName;
use crate::board::plan::Seat;

/// `count` seats from rank `from` on. Everyone else may take the place of one that fails: first those who have no seat in
/// any step, then the rest of the team, so that a maker that fails is not replaced by the one who is to check it.
pub(super) fn seats(ranked: &[WorkerName], from: usize, count: usize, team: usize) -> Vec<Seat> {
    let seated: Vec<&WorkerName> = ranked.iter().skip(from).take(count).collect();
    let (in_team, reserve) = ranked.split_at(team.min(ranked.len()));
    let others = in_team.iter().filter(|worker| !seated.contains(worker));
    let fallbacks: Vec<WorkerName> = reserve.iter().chain(others).cloned().collect();
    seated.into_iter().map(|worker| Seat { worker: worker.clone(), fallbacks: fallbacks.clone() }).collect()
}
