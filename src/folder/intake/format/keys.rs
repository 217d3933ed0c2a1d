//! The keys of a task file, each read as what it must be. Which workers, roles, kinds and pipelines exist is the board's
//! business; here only the form counts.

use super::Frame;
use super::place::{check_glob, check_path};
use super::plan;
use super::tree::{Entry, reason};
use super::value::{Field, only_known, quoted};
use crate::board::spec::{Mode, Priority, TaskSpec, WorkspaceAccess};
use crate::board::text::Text;
use crate::board::{Kind, Reason, Role, TaskId, WorkerName};
use crate::folder::context::memory_name_fault;
use std::collections::BTreeSet;

/// The keys that a task file may hold beside its text.
const KEYS: [&str; 20] = [
    "title",
    "kind",
    "priority",
    "mode",
    "role",
    "models",
    "pipeline",
    "team",
    "plan",
    "context",
    "spec",
    "memories",
    "depends_on",
    "workspace",
    "validate",
    "budget_usd",
    "cache",
    "timeout",
    "labels",
    "task",
];

/// How the words for file access are written.
pub(super) const ACCESS: [(&str, WorkspaceAccess); 2] =
    [("read", WorkspaceAccess::Read), ("worktree", WorkspaceAccess::Worktree)];

/// Reads the keys beside the text; `task` is left to the caller.
///
/// # Errors
/// The first key that is unknown, given twice, or not what it must be.
pub(super) fn read(entries: &[Entry], frame: &Frame<'_>) -> Result<TaskSpec, Reason> {
    only_known(entries, &KEYS, "")?;
    let mut spec = TaskSpec::of_text(Text::short(""));
    for entry in entries {
        let field = Field::of(&entry.key, entry);
        match entry.key.as_str() {
            "title" => spec.title = Some(field.line()?),
            "kind" => spec.kind = Some(Kind::new(field.line()?)),
            "priority" => spec.priority = field.choice(&Priority::ALL.map(|priority| (priority.as_str(), priority)))?,
            "mode" => spec.mode = field.choice(&Mode::ALL.map(|mode| (mode.as_str(), mode)))?,
            "role" => spec.role = Some(Role::new(field.line()?)),
            "models" => spec.models = workers(field)?,
            "pipeline" => spec.pipeline = Some(field.line()?),
            "team" => spec.team = Some(field.line()?),
            "plan" => spec.plan = Some(plan::read(field, frame.steps_max)?),
            "context" => spec.context = field.list(|glob| check_glob(glob, frame.root))?,
            "spec" => spec.spec = Some(check_path(field, frame.root)?),
            "memories" => spec.memories = field.list(memory)?,
            "depends_on" => spec.depends_on = dependencies(field, &frame.own)?,
            "workspace" => spec.workspace = field.choice(&ACCESS)?,
            "validate" => spec.validate = Some(field.text()?),
            "budget_usd" => spec.budget_usd = Some(field.money()?),
            "cache" => spec.cache = field.flag()?,
            "timeout" => spec.timeout = Some(field.duration()?),
            "labels" => spec.labels = field.list(|item| item.line())?,
            _ => {}
        }
    }
    one_way(entries, &spec)?;
    Ok(spec)
}

/// A plan, a pipeline and a team each say how the task is carried out; two of them together say nothing.
fn one_way(entries: &[Entry], spec: &TaskSpec) -> Result<(), Reason> {
    let given = [("plan", spec.plan.is_some()), ("pipeline", spec.pipeline.is_some()), ("team", spec.team.is_some())];
    let given: Vec<&str> = given.into_iter().filter(|(_, given)| *given).map(|(key, _)| key).collect();
    let [first, second, ..] = given.as_slice() else { return Ok(()) };
    let line = entries.iter().filter(|entry| given.contains(&entry.key.as_str())).map(|entry| entry.line).max();
    let mend = if *second == "pipeline" {
        "keep one of them: a pipeline is a plan with a name"
    } else {
        "keep one of them: each says who does what"
    };
    Err(reason(line, format!("both {first} and {second} are given"), mend))
}

/// Names of workers, each once.
pub(super) fn workers(field: Field<'_>) -> Result<Vec<WorkerName>, Reason> {
    let names = field.list(|item| item.line())?;
    let mut seen = BTreeSet::new();
    if let Some(twice) = names.iter().find(|name| !seen.insert(name.as_str())) {
        return Err(field.refuse(format!("names {} twice", quoted(twice)), "name each worker once"));
    }
    Ok(names.into_iter().map(WorkerName::new).collect())
}

fn memory(field: Field<'_>) -> Result<String, Reason> {
    let name = field.line()?;
    match memory_name_fault(&name) {
        None => Ok(name),
        Some(fault) => {
            Err(field.refuse(format!("is \"{}\", which {fault}", quoted(&name)), "name a memory as in design/auth"))
        }
    }
}

fn dependencies(field: Field<'_>, own: &TaskId) -> Result<Vec<TaskId>, Reason> {
    let mut ids = field.list(|item| {
        let word = item.line()?;
        let id = TaskId::parse(&word).ok_or_else(|| {
            let mend =
                format!("write the task's id, which is its file's name without the ending: {}", TaskId::slug(&word));
            item.refuse(format!("is \"{}\", which is no task id", quoted(&word)), mend)
        })?;
        if id == *own {
            return Err(
                item.refuse(format!("is {id}, the task itself"), "name only tasks that must end before this one")
            );
        }
        Ok(id)
    })?;
    ids.sort();
    ids.dedup();
    Ok(ids)
}
