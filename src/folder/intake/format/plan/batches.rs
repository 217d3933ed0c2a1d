//! The older form of a plan, as planners answer: numbered steps with an action and a model, batches that may run side by
//! side, checkpoints by step count. Batches become needs.

use super::super::tree::{Entry, Value};
use super::super::value::{Field, only_known, quoted};
use super::{once, step_id};
use crate::board::plan_reader::{chain, distance};
use crate::board::spec::{WrittenPlan, WrittenStep};
use crate::board::{Reason, StepId, WorkerName};
use std::collections::BTreeSet;

const PLAN_KEYS: [&str; 5] = ["task_type", "complexity", "steps", "parallelizable", "checkpoints"];
const STEP_KEYS: [&str; 3] = ["id", "action", "model"];

/// Whether a plan is written in this form: a key of its own, or a step with an action.
pub(super) fn is_older_form(entries: &[Entry]) -> bool {
    let own = |entry: &Entry| entry.key != "steps" && PLAN_KEYS.contains(&entry.key.as_str());
    let acts = |entry: &Entry| match &entry.value.value {
        Value::List(steps) => steps.iter().any(|step| match &step.value {
            Value::Map(keys) => keys.iter().any(|key| key.key == "action"),
            _ => false,
        }),
        _ => false,
    };
    entries.iter().any(|entry| own(entry) || (entry.key == "steps" && acts(entry)))
}

/// Reads the older form.
pub(super) fn read(plan: Field<'_>, entries: &[Entry]) -> Result<WrittenPlan, Reason> {
    only_known(entries, &PLAN_KEYS, "plan.")?;
    let (mut steps, mut batches, mut checkpoint_every) = (Vec::new(), Vec::new(), None);
    for entry in entries {
        let name = format!("plan.{}", entry.key);
        let field = Field::of(&name, entry);
        match entry.key.as_str() {
            "steps" => steps = read_steps(field)?,
            "parallelizable" => batches = field.list(|batch| batch.list(id))?,
            "checkpoints" => checkpoint_every = distance(&field.list(|at| at.count(1, 10_000))?),
            "task_type" => drop(field.line()?),
            _ => rated(field)?,
        }
    }
    batched_once(plan, &steps, &batches)?;
    chain(&mut steps, &batches);
    Ok(WrittenPlan { steps, checkpoint_every })
}

/// `complexity` is a word or a number, and says nothing that the steps do not.
fn rated(field: Field<'_>) -> Result<(), Reason> {
    match field.node.value {
        Value::Whole(_) | Value::Real(_) => Ok(()),
        _ => field.line().map(drop),
    }
}

fn read_steps(field: Field<'_>) -> Result<Vec<WrittenStep>, Reason> {
    let seen = std::cell::RefCell::new(BTreeSet::new());
    field.list(|item| {
        let entries = item.map()?;
        only_known(entries, &STEP_KEYS, &format!("{}.", item.name))?;
        let (mut name, mut action, mut models) = (None, None, Vec::new());
        for entry in entries {
            let label = format!("{}.{}", item.name, entry.key);
            let field = Field::of(&label, entry);
            match entry.key.as_str() {
                "id" => name = Some(id(field)?),
                "action" => action = Some(field.text()?),
                _ => models = vec![WorkerName::new(field.line()?)],
            }
        }
        let name = name.ok_or_else(|| item.refuse("has no id", "give it a number, as in id: 1"))?;
        let action = action
            .ok_or_else(|| item.refuse("has no action", "say what the step is to do, as in action: write the tests"))?;
        once(item, &seen, &name)?;
        Ok(WrittenStep { models, ..WrittenStep::of(name, action) })
    })
}

/// A step's number or name.
fn id(field: Field<'_>) -> Result<StepId, Reason> {
    match field.node.value {
        Value::Whole(number) if number >= 0 => Ok(StepId::new(number.to_string())),
        _ => step_id(field, &field.line()?),
    }
}

/// Each step of a batch is a step of the plan and stands in one batch.
fn batched_once(plan: Field<'_>, steps: &[WrittenStep], batches: &[Vec<StepId>]) -> Result<(), Reason> {
    let known: BTreeSet<&StepId> = steps.iter().map(|step| &step.id).collect();
    let mut seen = BTreeSet::new();
    for id in batches.iter().flatten() {
        if !known.contains(id) {
            let what = format!("is not whole: parallelizable names \"{}\", which is no step", quoted(id.as_str()));
            return Err(plan.refuse(what, "name steps by their ids"));
        }
        if !seen.insert(id) {
            return Err(
                plan.refuse(format!("puts step {id} into two batches of parallelizable"), "name each step once")
            );
        }
    }
    Ok(())
}
