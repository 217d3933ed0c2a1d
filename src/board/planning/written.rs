//! Steps that were written down, by a person, in a pipeline or by a planner: put in order, each with the workers that it
//! names or that suit its role and its own words.

use super::seats::seats;
use super::suited::{Seeking, Table};
use super::synthesis;
use crate::board::decide::unacceptable;
use crate::board::id::{StepId, WorkerName};
use crate::board::input::Refusal;
use crate::board::plan::{Step, StepAim};
use crate::board::rests::is_blocked;
use crate::board::routing::{Classified, classify_step, matching};
use crate::board::spec::{WrittenAim, WrittenPlan, WrittenStep};
use std::collections::BTreeSet;

/// The steps in an order in which each comes after those it needs, and what a person should know of who sits in them.
///
/// # Errors
/// `Unacceptable` for a plan without steps, with a circle, or with two steps of one name.
pub(super) fn steps(written: &WrittenPlan, table: &Table<'_>) -> Result<(Vec<Step>, Vec<String>), Refusal> {
    let mut left: Vec<&WrittenStep> = written.steps.iter().collect();
    let mut done: BTreeSet<&StepId> = BTreeSet::new();
    let (mut steps, mut said) = (Vec::new(), Vec::new());
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
        let made = table.seated(step, &steps, &mut said);
        steps.push(made);
    }
    if steps.is_empty() {
        return Err(unacceptable("`plan` has no steps", "write at least one step, or take the key out"));
    }
    Ok((steps, said))
}

/// Refuses a step that looks at what others made and names none of them: nobody could be asked for it, or only about nothing.
///
/// # Errors
/// `Unacceptable`, with what to write instead.
pub(super) fn has_matter(plan: &WrittenPlan) -> Result<(), Refusal> {
    for step in plan.steps.iter().filter(|step| step.needs.is_empty()) {
        let (does, else_write) = if aim(step) == StepAim::Check {
            ("judge what other steps made", "to have the matter itself judged, write `aim: judge`")
        } else if aim(step) == StepAim::Synthesize {
            ("make one whole of what other steps gave", "for a text of its own, write `aim: make`")
        } else {
            continue;
        };
        return Err(unacceptable(
            format!("step `{}` of the plan is to {does}, and its `needs` name none", step.id),
            format!("name those steps in its `needs`; {else_write}"),
        ));
    }
    Ok(())
}

impl Table<'_> {
    /// A step with its workers, given those before it.
    fn seated(&self, step: &WrittenStep, before: &[Step], said: &mut Vec<String>) -> Step {
        let catalog = &self.rules.catalog;
        // A role may be named by another name of it; the prompt and the ranking know its own.
        let named = step.role.as_ref().map(|role| (role, catalog.role_named(role.as_str())));
        if let Some((role, None)) = named {
            said.push(format!(
                "step {}: there is no role {role}, so it is done in the role its words ask for",
                step.id
            ));
        }
        let role = named.and_then(|(_, known)| known);
        let classified = classify_step(&step.instruction, role.or(self.chair(step)), self.classified, catalog);
        let mut aim = aim(step);
        let ranked = self.ranked_for(&classified, step, before, said);
        if aim == StepAim::Check && self.would_check_itself(step, before, &ranked) {
            aim = StepAim::Make;
            said.push(format!(
                "step {}: only the one who made it can be asked, so it comments without a vote",
                step.id
            ));
        }
        let instruction = if step.instruction.trim().is_empty() {
            synthesis::text(&step.needs, before).to_owned()
        } else {
            step.instruction.clone()
        };
        Step {
            id: step.id.clone(),
            role: classified.role,
            instruction: Some(instruction),
            needs: step.needs.clone(),
            aim,
            seats: self.seats(step, &ranked, said),
            answer: step.answer,
            stands_for: None,
            workspace: step.workspace,
            validate: step.validate.clone(),
        }
    }

    /// Who brings outputs together is the chair, where no other role is named.
    fn chair(&self, step: &WrittenStep) -> Option<&str> {
        (step.aim == Some(WrittenAim::Synthesize)).then(|| self.rules.catalog.role_named("chair")).flatten()
    }

    /// Everyone who may be asked, best first for the step; who is to check sits behind nobody but the makers.
    fn ranked_for(
        &self,
        classified: &Classified,
        step: &WrittenStep,
        before: &[Step],
        said: &mut Vec<String>,
    ) -> Vec<WorkerName> {
        let apart = BTreeSet::new();
        let seeking = Seeking { step: step.id.as_str(), classified, turn: before.len(), apart: &apart };
        let (mut ranked, preferred) = self.suited(&seeking);
        let first = ranked.first().cloned();
        if aim(step) == StepAim::Check {
            let makers = makers(&step.needs, before);
            ranked.sort_by_key(|worker| (is_blocked(self.state, worker), makers.contains(worker)));
        }
        // It is no reason for anything where the step names its workers, or who made the work would check it.
        said.extend(preferred.filter(|_| step.models.is_empty() && ranked.first() == first.as_ref()));
        ranked
    }

    /// Whether nobody could judge what was made but the only one who made it.
    fn would_check_itself(&self, step: &WrittenStep, before: &[Step], ranked: &[WorkerName]) -> bool {
        let makers = makers(&step.needs, before);
        let named: Vec<WorkerName> =
            step.models.iter().flat_map(|name| self.meant(name, ranked)).take(step.models.len()).collect();
        let who = if named.is_empty() { ranked } else { &named };
        makers.len() == 1 && who.iter().all(|worker| makers.contains(worker))
    }

    /// The workers that a name stands for: the one of that name, else those whose name, model or family it is a pattern of.
    fn meant(&self, name: &WorkerName, ranked: &[WorkerName]) -> Vec<WorkerName> {
        if ranked.contains(name) { vec![name.clone()] } else { matching(name.as_str(), self.rules, ranked) }
    }

    /// Whether a name stands for a worker of the settings, whoever of them may be asked here.
    fn is_known(&self, name: &WorkerName) -> bool {
        let all: Vec<WorkerName> = self.rules.workers.iter().map(|rule| rule.name.clone()).collect();
        !self.meant(name, &all).is_empty()
    }

    fn seats(
        &self,
        step: &WrittenStep,
        ranked: &[WorkerName],
        said: &mut Vec<String>,
    ) -> Vec<crate::board::plan::Seat> {
        let mut named: Vec<WorkerName> = Vec::new();
        for name in &step.models {
            match self.meant(name, ranked).into_iter().find(|worker| !named.contains(worker)) {
                Some(worker) => named.push(worker),
                None if self.is_known(name) => {
                    said.push(format!("step {}: {name} cannot take this task, so another takes its place", step.id));
                }
                None => said.push(format!("step {}: no worker is or runs {name}, so another takes its place", step.id)),
            }
        }
        if named.is_empty() {
            let count = (step.workers.max(1) as usize).min(ranked.len());
            if count < step.workers as usize {
                said.push(format!("step {}: asks for {} workers; {count} can be asked", step.id, step.workers));
            }
            return seats(ranked, 0, count, count);
        }
        let count = named.len();
        if !self.bound {
            named.extend(ranked.iter().filter(|worker| !step.models.contains(worker)).cloned());
            let mut seen = BTreeSet::new();
            named.retain(|worker| seen.insert(worker.clone()));
        }
        // The named ones all take part, in the order in which they are named.
        seats(&named, 0, count, count)
    }
}

/// The workers who sit in some steps.
fn makers(needs: &[StepId], before: &[Step]) -> BTreeSet<WorkerName> {
    let needed = before.iter().filter(|step| needs.contains(&step.id));
    needed.flat_map(|step| &step.seats).map(|seat| seat.worker.clone()).collect()
}

/// What a step asks for; without a word of it, verdicts are asked for where they are put to a vote.
pub(super) fn aim(step: &WrittenStep) -> StepAim {
    match (step.aim, step.consensus, step.needs.is_empty()) {
        (Some(WrittenAim::Make), ..) | (None, false, _) => StepAim::Make,
        (Some(WrittenAim::Judge), ..) | (None, true, true) => StepAim::Judge,
        (Some(WrittenAim::Check), ..) | (None, true, false) => StepAim::Check,
        (Some(WrittenAim::Synthesize), ..) => StepAim::Synthesize,
    }
}
