//! A plan's JSON in both forms, read into the steps that a person could have written. Models add keys of their own and
//! write numbers for names, which is borne; what would change the meaning is an error.

use super::batches::{chain, distance};
use super::{Object, field};
use crate::board::id::{Role, StepId, WorkerName};
use crate::board::spec::{WrittenPlan, WrittenStep};
use serde_json::Value;
use std::collections::BTreeSet;

/// Steps that are read at all; how many a task may have is a setting, and smaller.
const STEPS_MAX: usize = 2_000;

/// Longest instruction of one step, in bytes.
const INSTRUCTION_BYTES_MAX: usize = 16 * 1024;

/// Longest name of a step, in bytes, so that it fits into the name of an output.
const STEP_ID_BYTES_MAX: usize = 40;

/// Workers side by side in one step at most.
const WORKERS_MAX: u64 = 16;

pub(super) fn looks_like_a_plan(object: &Object) -> bool {
    field(object, &["steps"]).is_some_and(Value::is_array)
}

/// Reads a plan, or says what is wrong with it.
pub(super) fn read(object: &Object) -> Result<WrittenPlan, String> {
    let items = field(object, &["steps"]).and_then(Value::as_array).ok_or("`steps` is not a list")?;
    if items.is_empty() {
        return Err("`steps` is empty".to_owned());
    }
    if items.len() > STEPS_MAX {
        return Err(format!("`steps` has {} entries; {STEPS_MAX} are read at most", items.len()));
    }
    let mut steps: Vec<WrittenStep> = Vec::new();
    for (place, item) in items.iter().enumerate() {
        let step = step(item).map_err(|wrong| format!("step {} of the list {wrong}", place + 1))?;
        steps.push(step);
    }
    let mut ids = BTreeSet::new();
    if let Some(twice) = steps.iter().find(|step| !ids.insert(&step.id)) {
        return Err(format!("more than one step has the id `{}`", twice.id));
    }
    if let Some(groups) = field(object, &["parallelizable", "parallel", "batches"]).and_then(Value::as_array)
        && steps.iter().all(|step| step.needs.is_empty())
    {
        let groups = groups_of(groups, &ids_of(&steps))?;
        chain(&mut steps, &groups);
    }
    let every =
        field(object, &["checkpoint_every"]).and_then(Value::as_u64).and_then(|every| u32::try_from(every).ok());
    let marks = field(object, &["checkpoints"]).and_then(Value::as_array);
    let marks = marks.into_iter().flatten().filter_map(|mark| u32::try_from(mark.as_u64()?).ok());
    let marks: Vec<u32> = marks.collect();
    let checkpoint_every = every.filter(|every| *every > 0).or_else(|| distance(&marks));
    Ok(WrittenPlan { steps, checkpoint_every })
}

fn ids_of(steps: &[WrittenStep]) -> BTreeSet<StepId> {
    steps.iter().map(|step| step.id.clone()).collect()
}

/// The batches of the older form: each a list of steps that may run side by side.
fn groups_of(groups: &[Value], known: &BTreeSet<StepId>) -> Result<Vec<Vec<StepId>>, String> {
    let mut seen: BTreeSet<StepId> = BTreeSet::new();
    let mut read = Vec::new();
    for group in groups {
        let group: Vec<StepId> = group.as_array().into_iter().flatten().filter_map(id).collect();
        for step in &group {
            if !known.contains(step) {
                return Err(format!("`parallelizable` names `{step}`, which is no step"));
            }
            if !seen.insert(step.clone()) {
                return Err(format!("`parallelizable` names step `{step}` twice"));
            }
        }
        read.push(group);
    }
    Ok(read)
}

fn step(item: &Value) -> Result<WrittenStep, String> {
    let object = item.as_object().ok_or("is not an object")?;
    let name = field(object, &["id", "name", "step"]).and_then(id).ok_or("has no `id`")?;
    let says = field(object, &["do", "action", "instruction", "task", "description", "what"]).and_then(Value::as_str);
    let instruction =
        says.map(str::trim).filter(|says| !says.is_empty()).ok_or_else(|| format!("({name}) has no `do`"))?;
    if instruction.len() > INSTRUCTION_BYTES_MAX {
        return Err(format!("({name}) is told in {} bytes; {INSTRUCTION_BYTES_MAX} are the most", instruction.len()));
    }
    let mut step = WrittenStep::of(name, instruction.to_owned());
    step.role = field(object, &["role"]).and_then(Value::as_str).map(|role| Role::new(role.trim().to_lowercase()));
    step.needs = match field(object, &["needs", "depends_on", "dependencies", "after"]) {
        Some(Value::Array(needs)) => needs.iter().filter_map(id).collect(),
        Some(one) => id(one).into_iter().collect(),
        None => Vec::new(),
    };
    let mut seen = BTreeSet::new();
    step.needs.retain(|need| seen.insert(need.clone()));
    let workers = field(object, &["workers"]).and_then(Value::as_u64).unwrap_or(1).clamp(1, WORKERS_MAX);
    step.workers = u32::try_from(workers).unwrap_or(1);
    step.models = models(object);
    step.consensus = field(object, &["consensus"]).and_then(Value::as_bool).unwrap_or(false);
    Ok(step)
}

fn models(object: &Object) -> Vec<WorkerName> {
    let named = |value: &Value| value.as_str().map(str::trim).filter(|name| !name.is_empty()).map(WorkerName::new);
    match field(object, &["models", "model", "worker"]) {
        Some(Value::Array(names)) => names.iter().filter_map(named).collect(),
        Some(one) => named(one).into_iter().collect(),
        None => Vec::new(),
    }
}

/// A step's name, made fit for the name of a file: letters, digits, `-` and `_`.
fn id(value: &Value) -> Option<StepId> {
    let said = match value {
        Value::String(said) => said.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    let fit = |c: char| if c.is_alphanumeric() || c == '_' { c } else { '-' };
    let name: String = said.chars().map(fit).collect();
    let name = crate::board::text::cut(name.trim_matches('-'), STEP_ID_BYTES_MAX).trim_end_matches('-');
    (!name.is_empty()).then(|| StepId::new(name))
}
