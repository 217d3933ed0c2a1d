//! From an offer to a plan: whatever the person named is checked, the rest is routed, and the mode says how many take part.

mod names;
mod seats;
mod team;
mod written;

use super::event::Route;
use super::id::WorkerName;
use super::input::{Offer, Refusal};
use super::plan::{Plan, PlanSource};
use super::rests::is_blocked;
use super::routing::{self, Classified};
use super::rules::Rules;
use super::spec::{Mode, Priority};
use super::state::State;
use std::collections::BTreeSet;

/// What the task is taken for and how it is carried out.
///
/// # Errors
/// `Unacceptable` for a name that does not exist, with the nearest one that does; `NoWorker` when nobody could be asked.
pub(in crate::board) fn plan(state: &State, rules: &Rules, offer: &Offer) -> Result<(Route, Plan), Refusal> {
    names::check(rules, offer)?;
    let mut classified = routing::classify(&offer.words, &offer.spec, &rules.catalog);
    let ranked = available(state, rules, offer, &classified)?;
    if offer.spec.priority == Priority::Critical {
        classified.mode = Mode::Architectural;
    }
    let (source, steps) = if let Some(written) = &offer.spec.plan {
        classified.why.push("plan: written in the task, so its steps say who takes part".to_owned());
        (PlanSource::Written, written::steps(written, &rules.catalog, &classified, &ranked)?)
    } else {
        let (source, seated) = team::size(offer, rules, &mut classified, ranked.len());
        (source, team::steps(&classified, &ranked, seated))
    };
    let mut workers: Vec<WorkerName> = Vec::new();
    for seat in steps.iter().flat_map(|step| &step.seats) {
        if !workers.contains(&seat.worker) {
            workers.push(seat.worker.clone());
        }
    }
    let Classified { kind, category, shape, mode, why, .. } = classified;
    let priority = offer.spec.priority;
    Ok((Route { kind, category, mode, priority, workers, why }, Plan::of(source, shape, steps)))
}

/// What an offer would be taken for, and who would be asked, without taking it.
///
/// # Errors
/// As for accepting it.
pub fn route(state: &State, rules: &Rules, offer: &Offer) -> Result<Route, Refusal> {
    plan(state, rules, offer).map(|(route, _)| route)
}

/// The workers that may be asked, best first: those the person named, or all by rank, without the blocked ones.
fn available(state: &State, rules: &Rules, offer: &Offer, classified: &Classified) -> Result<Vec<WorkerName>, Refusal> {
    let mut ranked =
        if offer.spec.models.is_empty() { routing::rank(classified, rules) } else { offer.spec.models.clone() };
    let mut seen = BTreeSet::new();
    ranked.retain(|worker| seen.insert(worker.clone()));
    if ranked.is_empty() {
        return Err(Refusal::NoWorker);
    }
    // Blocked workers go last instead of out: by the time of the call a person may have mended them.
    ranked.sort_by_key(|worker| is_blocked(state, worker));
    Ok(ranked)
}
