//! From an offer to a plan: whatever the person named is checked, the rest is routed, and the mode says how many take part.

use super::decide::unacceptable;
use super::event::Route;
use super::id::{Role, StepId, WorkerName};
use super::input::{Offer, Refusal};
use super::plan::{Plan, PlanSource, Seat, Shape, Step, StepAim};
use super::rests::is_blocked;
use super::routing::{self, Catalog, Classified, Team};
use super::rules::Rules;
use super::spec::{Mode, Priority, WrittenPlan, WrittenStep};
use super::state::State;
use std::collections::BTreeSet;

/// What the task is taken for and how it is carried out.
///
/// # Errors
/// `Unacceptable` for a name that does not exist, with the nearest one that does; `NoWorker` when nobody could be asked.
pub(in crate::board) fn plan(state: &State, rules: &Rules, offer: &Offer) -> Result<(Route, Plan), Refusal> {
    check_names(rules, offer)?;
    let mut classified = routing::classify(&offer.words, &offer.spec, &rules.catalog);
    let ranked = available(state, rules, offer, &classified)?;
    if offer.spec.priority == Priority::Critical {
        classified.mode = Mode::Architectural;
    }
    let (source, steps) = if let Some(written) = &offer.spec.plan {
        classified.why.push("plan: written in the task, so its steps say who takes part".to_owned());
        (PlanSource::Written, written_steps(written, &rules.catalog, &classified, &ranked)?)
    } else {
        let (source, seated) = team(offer, rules, &mut classified, ranked.len());
        (source, mode_steps(&classified, &ranked, seated))
    };
    let mut workers: Vec<WorkerName> = Vec::new();
    for seat in steps.iter().flat_map(|step| &step.seats) {
        if !workers.contains(&seat.worker) {
            workers.push(seat.worker.clone());
        }
    }
    let Classified { kind, category, shape, mode, why, .. } = classified;
    let priority = offer.spec.priority;
    Ok((Route { kind, category, mode, priority, workers, why }, Plan { source, shape, steps }))
}

/// How many take part, and why.
fn team(offer: &Offer, rules: &Rules, classified: &mut Classified, available: usize) -> (PlanSource, Seated) {
    let everyone = Seated { makers: available, checkers: 0 };
    let why = &mut classified.why;
    if !offer.spec.models.is_empty() {
        why.push("workers: named in the task, so these and no others".to_owned());
        return (PlanSource::Named, everyone);
    }
    if offer.spec.priority == Priority::Critical {
        why.push(format!("priority critical: every worker takes part ({available})"));
        let mode = || PlanSource::Mode { mode: classified.mode.as_str().to_owned() };
        return (if offer.spec.role.is_some() { PlanSource::Named } else { mode() }, everyone);
    }
    if let Some(role) = &offer.spec.role {
        why.push(format!("role {role}: named in the task, so one worker in that role"));
        return (PlanSource::Named, Seated { makers: 1, checkers: 0 });
    }
    let mode = classified.mode;
    // Until a planner lays out its steps, a mega task is done by the team of the next smaller mode.
    let asked = if mode == Mode::Mega {
        why.push("mode mega: there is no planner yet, so the team of mode complex does it in one go".to_owned());
        Mode::Complex
    } else {
        mode
    };
    let wanted = rules.catalog.team(asked);
    let seated = Seated::of(wanted, available);
    why.extend(seated.shortfall(wanted, asked, classified.shape, available));
    (PlanSource::Mode { mode: mode.as_str().to_owned() }, seated)
}

/// How many get a seat.
#[derive(Clone, Copy)]
struct Seated {
    /// Those who make or judge.
    makers: usize,
    /// Those who check what was made.
    checkers: usize,
}

impl Seated {
    /// As many of a team as there are workers; those who make or judge come first.
    fn of(team: Team, available: usize) -> Self {
        let makers = team.workers.map_or(available, |count| (count as usize).min(available));
        Self { makers, checkers: (team.validators as usize).min(available - makers) }
    }

    /// What becomes of a team that is larger than what there is; `None` when it is not.
    fn shortfall(self, team: Team, mode: Mode, shape: Shape, available: usize) -> Option<String> {
        let workers = team.workers.map_or(available, |count| count as usize);
        let validators = team.validators as usize;
        if self.makers + self.checkers == workers + validators {
            return None;
        }
        let (wanted, instead) = match (shape, self.makers, self.checkers) {
            (Shape::Judging, 1, 0) => (format!("{} workers", workers + validators), "it judges alone".to_owned()),
            (Shape::Judging, ..) => (format!("{} workers", workers + validators), "all of them judge".to_owned()),
            (Shape::Making, 1, 0) => {
                (format!("{workers} and {validators} to check"), "it works alone and nobody checks it".to_owned())
            }
            (Shape::Making, makers, 0) => {
                (format!("{workers} and {validators} to check"), format!("{makers} work and check each other"))
            }
            (Shape::Making, makers, checkers) => {
                (format!("{workers} and {validators} to check"), format!("{makers} work and {checkers} check(s)"))
            }
        };
        Some(format!("mode {} asks for {wanted}; {available} can be asked, so {instead}", mode.as_str()))
    }
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
    let mut seen = BTreeSet::new();
    ranked.retain(|worker| seen.insert(worker.clone()));
    if ranked.is_empty() {
        return Err(Refusal::NoWorker);
    }
    // Blocked workers go last instead of out: by the time of the call a person may have mended them.
    ranked.sort_by_key(|worker| is_blocked(state, worker));
    Ok(ranked)
}

/// Judging: everyone judges side by side, unseen by the others. Making: the makers make, then validators (or, where there
/// are none, the makers over each other's work) judge.
fn mode_steps(classified: &Classified, ranked: &[WorkerName], seated: Seated) -> Vec<Step> {
    let Seated { makers, checkers } = seated;
    let team = makers + checkers;
    let make = StepId::new("make");
    match classified.shape {
        Shape::Judging => vec![step("judge", &classified.role, StepAim::Judge, &[], seats(ranked, 0, team, team))],
        Shape::Making => {
            let mut steps = vec![step("make", &classified.role, StepAim::Make, &[], seats(ranked, 0, makers, team))];
            let (from, count) = if checkers > 0 { (makers, checkers) } else { (0, makers) };
            if team > 1 {
                let seats = seats(ranked, from, count, team);
                steps.push(step("check", &classified.check_role, StepAim::Check, &[make], seats));
            }
            steps
        }
    }
}

fn step(id: &str, role: &Role, aim: StepAim, needs: &[StepId], seats: Vec<Seat>) -> Step {
    Step { id: StepId::new(id), role: role.clone(), instruction: None, needs: needs.to_vec(), aim, seats }
}

/// `count` seats from rank `from` on. Everyone else may take the place of one that fails: first those who have no seat in
/// any step, then the rest of the team, so that a maker that fails is not replaced by the one who is to check it.
fn seats(ranked: &[WorkerName], from: usize, count: usize, team: usize) -> Vec<Seat> {
    let seated: Vec<&WorkerName> = ranked.iter().skip(from).take(count).collect();
    let (in_team, reserve) = ranked.split_at(team.min(ranked.len()));
    let others = in_team.iter().filter(|worker| !seated.contains(worker));
    let fallbacks: Vec<WorkerName> = reserve.iter().chain(others).cloned().collect();
    seated.into_iter().map(|worker| Seat { worker: worker.clone(), fallbacks: fallbacks.clone() }).collect()
}

/// A plan written by hand. Steps are put in an order in which each comes after those it needs.
fn written_steps(
    written: &WrittenPlan,
    catalog: &Catalog,
    classified: &Classified,
    ranked: &[WorkerName],
) -> Result<Vec<Step>, Refusal> {
    let mut left: Vec<&WrittenStep> = written.steps.iter().collect();
    let mut done: BTreeSet<&StepId> = BTreeSet::new();
    let mut steps: Vec<Step> = Vec::new();
    while !left.is_empty() {
        let Some(ready) = left.iter().position(|step| step.needs.iter().all(|need| done.contains(need))) else {
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
        if !done.insert(&step.id) {
            return Err(unacceptable(
                format!("`plan` has more than one step with the id `{}`", step.id),
                "give each step a name of its own",
            ));
        }
        steps.push(written_step(step, steps.len(), catalog, classified, ranked));
    }
    if steps.is_empty() {
        return Err(unacceptable("`plan` has no steps", "write at least one step, or take the key out"));
    }
    Ok(steps)
}

fn written_step(
    step: &WrittenStep,
    place: usize,
    catalog: &Catalog,
    classified: &Classified,
    ranked: &[WorkerName],
) -> Step {
    let aim = match (step.consensus, step.needs.is_empty()) {
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
        let mut seen = BTreeSet::new();
        turned.retain(|worker| seen.insert(worker.clone()));
        turned.len()
    };
    // A role may be named by another name of it; the prompt and the ranking know its own.
    let named = |role: &Role| Role::new(catalog.role_named(role.as_str()).unwrap_or(role.as_str()));
    Step {
        id: step.id.clone(),
        role: step.role.as_ref().map_or_else(|| classified.role.clone(), named),
        instruction: Some(step.instruction.clone()),
        needs: step.needs.clone(),
        aim,
        seats: seats(&turned, 0, count, count),
    }
}
