//! Steps that were written down: put in order, with the workers they name or are given.

use super::seats::seats;
use crate::board::decide::unacceptable;
use crate::board::id::WorkerName;
use crate::board::id::{Role, StepId};
use crate::board::input::Refusal;
use crate::board::plan::{Step, StepAim};
use crate::board::routing::{Catalog, Classified};
use crate::board::spec::{WrittenPlan, WrittenStep};
use std::collections::BTreeSet;

/// A plan written by hand. Steps are put in an order in which each comes after those it needs.
pub(super) fn steps(
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
        stands_for: None,
    }
}
