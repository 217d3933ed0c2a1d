//! From an offer to a plan: whatever the person named is checked, the rest is routed, and the mode says how many take part.

use super::decide::unacceptable;
use super::event::Route;
use super::id::{Role, StepId, WorkerName};
use super::input::{Offer, Refusal};
use super::plan::{Plan, PlanSource, Seat, Shape, Step, StepAim};
use super::recovery::is_blocked;
use super::routing::{self, Classified};
use super::rules::Rules;
use super::spec::{Mode, Priority, WrittenPlan, WrittenStep};
use super::state::State;

/// What the task is taken for and how it is carried out.
///
/// # Errors
/// `Unacceptable` for a name that does not exist, with the nearest one that does; `NoWorker` when nobody could be asked.
pub(in crate::board) fn plan(state: &State, rules: &Rules, offer: &Offer) -> Result<(Route, Plan), Refusal> {
    check_names(rules, offer)?;
    let classified = routing::classify(&offer.words, &offer.spec, &rules.catalog);
    let ranked = available(state, rules, offer, &classified)?;
    let mode = if offer.spec.priority == Priority::Critical { Mode::Architectural } else { classified.mode };
    let (source, steps) = if let Some(written) = &offer.spec.plan {
        (PlanSource::Written, written_steps(written, &classified, &ranked)?)
    } else if !offer.spec.models.is_empty() || offer.spec.role.is_some() {
        let count = if offer.spec.models.is_empty() { 1 } else { ranked.len() };
        (PlanSource::Named, mode_steps(&classified, &ranked, count, 0))
    } else {
        let (makers, checkers) = team_size(mode, ranked.len());
        (PlanSource::Mode { mode: mode.as_str().to_owned() }, mode_steps(&classified, &ranked, makers, checkers))
    };
    let mut workers: Vec<WorkerName> = Vec::new();
    for seat in steps.iter().flat_map(|step| &step.seats) {
        if !workers.contains(&seat.worker) {
            workers.push(seat.worker.clone());
        }
    }
    let route = Route { kind: classified.kind, category: classified.category, mode, workers, why: classified.why };
    Ok((route, Plan { source, shape: classified.shape, steps }))
}

/// What an offer would be taken for, and who would be asked, without taking it.
///
/// # Errors
/// As for accepting it.
pub fn route(state: &State, rules: &Rules, offer: &Offer) -> Result<Route, Refusal> {
    plan(state, rules, offer).map(|(route, _)| route)
}

fn check_names(rules: &Rules, offer: &Offer) -> Result<(), Refusal> {
    let workers: Vec<&str> = rules.workers.iter().map(|worker| worker.name.as_str()).collect();
    let steps = || offer.spec.plan.iter().flat_map(|plan| &plan.steps);
    for model in offer.spec.models.iter().chain(steps().flat_map(|step| &step.models)) {
        known("models", "worker", model.as_str(), &workers)?;
    }
    let roles = rules.catalog.role_names();
    for role in offer.spec.role.iter().chain(steps().filter_map(|step| step.role.as_ref())) {
        known("role", "role", role.as_str(), &roles)?;
    }
    if let Some(kind) = &offer.spec.kind {
        known("kind", "kind", kind.as_str(), &rules.catalog.kind_names())?;
    }
    if let Some(pipeline) = &offer.spec.pipeline {
        return Err(unacceptable(
            format!("`pipeline: {pipeline}` names a pipeline, and no pipelines are configured"),
            "take the key out, or write the steps under `plan`",
        ));
    }
    Ok(())
}

/// Refuses a name that is not among `names`, and says which one was probably meant.
fn known(key: &str, what: &str, name: &str, names: &[&str]) -> Result<(), Refusal> {
    if names.contains(&name) {
        return Ok(());
    }
    let nearest = names.iter().map(|other| (strsim::jaro_winkler(name, other), other));
    let nearest = nearest.filter(|(likeness, _)| *likeness > 0.75).max_by(|one, other| one.0.total_cmp(&other.0));
    let mend = match nearest {
        Some((_, other)) => format!("did you mean `{other}`? There are: {}", names.join(", ")),
        None if names.is_empty() => format!("no {what} is configured; take the key out"),
        None => format!("there are: {}", names.join(", ")),
    };
    Err(unacceptable(format!("`{key}` names the {what} `{name}`, which does not exist"), mend))
}

/// The workers that may be asked, best first: those the person named, or all by rank, without the blocked ones.
fn available(state: &State, rules: &Rules, offer: &Offer, classified: &Classified) -> Result<Vec<WorkerName>, Refusal> {
    let mut ranked =
        if offer.spec.models.is_empty() { routing::rank(classified, rules) } else { offer.spec.models.clone() };
    let mut seen = std::collections::BTreeSet::new();
    ranked.retain(|worker| seen.insert(worker.clone()));
    if ranked.is_empty() {
        return Err(Refusal::NoWorker);
    }
    // Blocked workers go last instead of out: by the time of the call a person may have mended them.
    ranked.sort_by_key(|worker| is_blocked(state, worker));
    Ok(ranked)
}

/// How many make or judge, and how many check, by mode (DESIGN section 7), with as many workers as there are.
fn team_size(mode: Mode, available: usize) -> (usize, usize) {
    let (makers, checkers) = match mode {
        Mode::Simple => (1, 0),
        Mode::Auto | Mode::Medium => (2, 1),
        Mode::Complex | Mode::Mega => (2, 2),
        Mode::Architectural => (available, 0),
    };
    let makers = makers.min(available);
    (makers, checkers.min(available - makers))
}

/// Judging: everyone judges side by side, unseen by the others. Making: the makers make, then validators (or, where there
/// are none, the makers over each other's work) judge.
fn mode_steps(classified: &Classified, ranked: &[WorkerName], makers: usize, checkers: usize) -> Vec<Step> {
    match classified.shape {
        Shape::Judging => {
            vec![step("judge", &classified.role, StepAim::Judge, &[], seats(ranked, 0, makers + checkers))]
        }
        Shape::Making => {
            let mut steps = vec![step("make", &classified.role, StepAim::Make, &[], seats(ranked, 0, makers))];
            let make = StepId::new("make");
            if checkers > 0 {
                let seats = seats(ranked, makers, checkers);
                steps.push(step("check", &classified.check_role, StepAim::Check, &[make], seats));
            } else if makers > 1 {
                let seats = seats(ranked, 0, makers);
                steps.push(step("check", &classified.check_role, StepAim::Check, &[make], seats));
            }
            steps
        }
    }
}

fn step(id: &str, role: &Role, aim: StepAim, needs: &[StepId], seats: Vec<Seat>) -> Step {
    Step { id: StepId::new(id), role: role.clone(), instruction: None, needs: needs.to_vec(), aim, seats }
}

/// `count` seats from rank `from` on. Everyone who has no seat may take the place of one that fails.
fn seats(ranked: &[WorkerName], from: usize, count: usize) -> Vec<Seat> {
    let seated: Vec<&WorkerName> = ranked.iter().skip(from).take(count).collect();
    let reserve: Vec<WorkerName> = ranked.iter().filter(|worker| !seated.contains(worker)).cloned().collect();
    seated.into_iter().map(|worker| Seat { worker: worker.clone(), fallbacks: reserve.clone() }).collect()
}

/// A plan written by hand. Steps are put in an order in which each comes after those it needs.
fn written_steps(written: &WrittenPlan, classified: &Classified, ranked: &[WorkerName]) -> Result<Vec<Step>, Refusal> {
    let mut left: Vec<&WrittenStep> = written.steps.iter().collect();
    let mut steps: Vec<Step> = Vec::new();
    while !left.is_empty() {
        let ready =
            left.iter().position(|step| step.needs.iter().all(|need| steps.iter().any(|done| done.id == *need)));
        let Some(ready) = ready else {
            let names: Vec<&str> = left.iter().map(|step| step.id.as_str()).collect();
            return Err(unacceptable(
                format!(
                    "`plan` has steps that wait for each other or for a step that does not exist: {}",
                    names.join(", ")
                ),
                "let `needs` name only steps of the plan, without a circle",
            ));
        };
        let step = left.remove(ready);
        steps.push(written_step(step, steps.len(), classified, ranked));
    }
    if steps.is_empty() {
        return Err(unacceptable("`plan` has no steps", "write at least one step, or take the key out"));
    }
    Ok(steps)
}

fn written_step(step: &WrittenStep, place: usize, classified: &Classified, ranked: &[WorkerName]) -> Step {
    let judges = step.consensus && step.needs.is_empty();
    let aim = match (step.consensus, judges) {
        (true, true) => StepAim::Judge,
        (true, false) => StepAim::Check,
        (false, _) => StepAim::Make,
    };
    let mut turned = ranked.to_vec();
    let count = if step.models.is_empty() {
        // Steps start at different workers, so that a plan of single-worker steps does not load one worker alone.
        turned.rotate_left(place % ranked.len().max(1));
        (step.workers.max(1) as usize).min(ranked.len())
    } else {
        // The named ones all take part, in the order in which they are named, and nobody else takes their place.
        turned.clone_from(&step.models);
        step.models.len()
    };
    Step {
        id: step.id.clone(),
        role: step.role.clone().unwrap_or_else(|| classified.role.clone()),
        instruction: Some(step.instruction.clone()),
        needs: step.needs.clone(),
        aim,
        seats: seats(&turned, 0, count),
    }
}
