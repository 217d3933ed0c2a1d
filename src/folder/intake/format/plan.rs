//! A plan in a task file, in both forms: the steps with their needs, and a planner's older answer with batches. What its
//! roles and workers are is the board's business; here the graph must be one.

use super::keys::{ACCESS, workers};
use super::tree::{Entry, Value, reason};
use super::value::{Field, nearest, only_known, quoted};
use crate::board::spec::{WrittenAim, WrittenPlan, WrittenStep};
use crate::board::{Reason, Role, StepId};
use std::collections::{BTreeMap, BTreeSet};

mod batches;

const PLAN_KEYS: [&str; 2] = ["steps", "checkpoint_every"];
const STEP_KEYS: [&str; 11] =
    ["id", "role", "do", "needs", "workers", "models", "workspace", "validate", "consensus", "aim", "answer"];

/// Workers side by side in one step at most; the settings may allow fewer.
const WORKERS_MAX: u32 = 100;

/// Longest name of a step, in bytes, so that it fits into the name of an output.
const STEP_ID_BYTES_MAX: usize = 40;

/// Reads a plan.
///
/// # Errors
/// Unknown or missing keys, steps that share a name, needs that are not there or run in a circle, too many steps.
pub(super) fn read(field: Field<'_>, steps_max: usize) -> Result<WrittenPlan, Reason> {
    let entries = field.map()?;
    few_enough(entries, steps_max)?;
    let plan = if batches::is_older_form(entries) { batches::read(field, entries)? } else { steps_with_needs(field)? };
    if plan.steps.is_empty() {
        return Err(field.refuse("has no steps", "write at least one step with id and do, or leave plan out"));
    }
    in_order(field, &plan.steps)?;
    Ok(plan)
}

/// Counted before anything else is done with the steps, since what follows takes time by their square.
fn few_enough(entries: &[Entry], steps_max: usize) -> Result<(), Reason> {
    for entry in entries.iter().filter(|entry| entry.key == "steps") {
        if let Value::List(steps) = &entry.value.value
            && steps.len() > steps_max
        {
            let what = format!("has {} steps, which is over limits.plan_steps_max ({steps_max})", steps.len());
            return Err(
                Field::of("plan", entry).refuse(what, "split the task, or raise limits.plan_steps_max in synod.toml")
            );
        }
    }
    Ok(())
}

fn steps_with_needs(field: Field<'_>) -> Result<WrittenPlan, Reason> {
    let entries = field.map()?;
    only_known(entries, &PLAN_KEYS, "plan.")?;
    let mut plan = WrittenPlan { steps: Vec::new(), checkpoint_every: None };
    for entry in entries {
        match entry.key.as_str() {
            "steps" => plan.steps = unique(Field::of("plan.steps", entry))?,
            _ => plan.checkpoint_every = Some(Field::of("plan.checkpoint_every", entry).count(1, 10_000)?),
        }
    }
    Ok(plan)
}

/// Reads the steps and refuses a name that stands twice, and a need that names no step, at the line of the step.
fn unique(field: Field<'_>) -> Result<Vec<WrittenStep>, Reason> {
    let seen = std::cell::RefCell::new(BTreeSet::new());
    let steps = field.list(|item| {
        let step = step(item)?;
        once(item, &seen, &step.id)?;
        Ok((item.line, step))
    })?;
    let ids: Vec<&str> = steps.iter().map(|(_, step)| step.id.as_str()).collect();
    for (line, step) in &steps {
        if let Some(need) = step.needs.iter().find(|need| !ids.contains(&need.as_str())) {
            let meant = nearest(need.as_str(), &ids).map(|id| format!("did you mean {id}? ")).unwrap_or_default();
            let what = format!("step {} of plan needs \"{}\", which is no step", step.id, quoted(need.as_str()));
            return Err(reason(*line, what, format!("{meant}steps are {}", ids.join(", "))));
        }
    }
    Ok(steps.into_iter().map(|(_, step)| step).collect())
}

fn once(item: Field<'_>, seen: &std::cell::RefCell<BTreeSet<StepId>>, id: &StepId) -> Result<(), Reason> {
    if seen.borrow_mut().insert(id.clone()) {
        return Ok(());
    }
    Err(item.refuse(format!("has the id {id}, which an earlier step has"), "give each step an id of its own"))
}

fn step(item: Field<'_>) -> Result<WrittenStep, Reason> {
    let entries = item.map()?;
    only_known(entries, &STEP_KEYS, &format!("{}.", item.name))?;
    let (mut id, mut instruction) = (None, None);
    let mut step = WrittenStep::of(StepId::new(""), String::new());
    for entry in entries {
        let name = format!("{}.{}", item.name, entry.key);
        let field = Field::of(&name, entry);
        match entry.key.as_str() {
            "id" => id = Some(step_id(field, &field.line()?)?),
            "do" => instruction = Some(field.text()?),
            "role" => step.role = Some(Role::new(field.line()?)),
            "needs" => step.needs = field.list(|need| Ok(StepId::new(need.line()?)))?,
            "workers" => step.workers = field.count(1, WORKERS_MAX)?,
            "models" => step.models = workers(field)?,
            "workspace" => step.workspace = field.choice(&ACCESS)?,
            "validate" => step.validate = Some(field.text()?),
            "aim" => step.aim = Some(field.choice(&WrittenAim::ALL.map(|aim| (aim.as_str(), aim)))?),
            "answer" => step.answer = field.flag()?,
            _ => step.consensus = field.flag()?,
        }
    }
    step.id = id.ok_or_else(|| item.refuse("has no id", "give it an id, as in id: build"))?;
    let says_it_all = step.aim == Some(WrittenAim::Synthesize);
    let instruction = instruction.or_else(|| says_it_all.then(String::new));
    step.instruction =
        instruction.ok_or_else(|| item.refuse("has no do", "say what the step is to do, as in do: write the tests"))?;
    Ok(step)
}

/// A step's name, fit for the name of a file.
fn step_id(field: Field<'_>, word: &str) -> Result<StepId, Reason> {
    let clean = word.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_')) && !word.starts_with('-');
    if clean && word.len() <= STEP_ID_BYTES_MAX {
        return Ok(StepId::new(word));
    }
    let mend = format!("use letters, digits, - and _, at most {STEP_ID_BYTES_MAX} bytes");
    Err(field.refuse(format!("is \"{}\", which is no step id", quoted(word)), mend))
}

/// Refuses needs that run in a circle.
fn in_order(field: Field<'_>, steps: &[WrittenStep]) -> Result<(), Reason> {
    match circle(steps) {
        None => Ok(()),
        Some(around) => {
            Err(field.refuse(format!("runs in a circle: {}", around.join(" needs ")), "remove one of these needs"))
        }
    }
}

/// The names along a circle of needs, the first one repeated at the end. Steps that need nothing unfinished are taken away
/// until none is left; what cannot be taken away holds a circle, and walking its needs finds it.
fn circle(steps: &[WrittenStep]) -> Option<Vec<String>> {
    let mut open: BTreeMap<&StepId, &[StepId]> = steps.iter().map(|step| (&step.id, step.needs.as_slice())).collect();
    loop {
        let free: Vec<&StepId> = open
            .iter()
            .filter(|(_, needs)| !needs.iter().any(|need| open.contains_key(need)))
            .map(|(id, _)| *id)
            .collect();
        if free.is_empty() {
            break;
        }
        for id in free {
            open.remove(id);
        }
    }
    let mut way: Vec<&StepId> = Vec::new();
    let mut at = *open.keys().next()?;
    loop {
        if let Some(first) = way.iter().position(|id| *id == at) {
            way.push(at);
            return Some(way[first..].iter().map(ToString::to_string).collect());
        }
        way.push(at);
        at = open.get(at)?.iter().find(|need| open.contains_key(need))?;
    }
}
