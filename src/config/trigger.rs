//! Standing orders: what wakes a role by itself. They are read and kept here; acting on them is the board's.

use super::layers::{Flat, Leaf};
use super::problem::Problem;

/// A standing order: when something happens on the blackboard, a role is given a task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trigger {
    /// What wakes it.
    pub when: When,
    /// The role that is woken.
    pub role: String,
    /// The task's text; `{{name}}` stands for the memory or the task that woke it, `{{revision}}` for the memory's new
    /// revision, `{{task}}` for the task.
    pub task: String,
}

/// What wakes a standing order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum When {
    /// A memory whose name fits this glob is written.
    Memory(String),
    /// A task that fits this filter is done, such as `kind:implementation`.
    TaskDone(String),
}

/// What a filter of ended tasks can look at, for messages.
const FILTERS: &str = "`kind:KIND`, `label:LABEL`, `task:GLOB` or `*`";

/// The keys a trigger can hold, for messages.
const KEYS: &str = "when_memory or when_task_done, and run = { role, task }";

/// Reads the `[[trigger]]` list.
pub(super) fn read(flat: &Flat, problems: &mut Vec<Problem>) -> Vec<Trigger> {
    let Some(leaf) = flat.get("trigger") else {
        return Vec::new();
    };
    let Some(items) = leaf.value.as_array() else {
        problems.push(fault(leaf, "trigger", &format!("must be a list of [[trigger]] tables with {KEYS}")));
        return Vec::new();
    };
    let mut triggers = Vec::new();
    for (index, item) in items.iter().enumerate() {
        match one(item) {
            Ok(trigger) => triggers.push(trigger),
            Err(what) => problems.push(fault(leaf, &format!("trigger[{}]", index + 1), &what)),
        }
    }
    triggers
}

/// Reads one trigger, or says what it lacks.
fn one(item: &toml::Value) -> Result<Trigger, String> {
    let table = item.as_table().ok_or_else(|| format!("must be a table with {KEYS}"))?;
    if let Some(key) = table.keys().find(|key| !["when_memory", "when_task_done", "run"].contains(&key.as_str())) {
        return Err(format!("has the unknown key `{key}`; it can hold {KEYS}"));
    }
    let text = |key: &str| {
        table
            .get(key)
            .map(|value| value.as_str().ok_or_else(|| format!("needs a text in quotes for {key}")))
            .transpose()
    };
    let when = match (text("when_memory")?, text("when_task_done")?) {
        (Some(glob), None) => When::Memory(glob.to_owned()),
        (None, Some(filter)) => When::TaskDone(filter.to_owned()),
        _ => return Err("needs exactly one of when_memory and when_task_done".to_owned()),
    };
    check(&when)?;
    let run = table.get("run").and_then(toml::Value::as_table).ok_or("needs run = { role = \"…\", task = \"…\" }")?;
    if let Some(key) = run.keys().find(|key| !["role", "task"].contains(&key.as_str())) {
        return Err(format!("has the unknown key `run.{key}`; run can hold role and task"));
    }
    let part = |key: &str| {
        run.get(key)
            .and_then(toml::Value::as_str)
            .map(str::to_owned)
            .ok_or_else(|| format!("needs a text in quotes for run.{key}"))
    };
    Ok(Trigger { when, role: part("role")?, task: part("task")? })
}

/// An order that can never wake is a slip of the pen.
fn check(when: &When) -> Result<(), String> {
    let (key, glob) = match when {
        When::Memory(glob) => ("when_memory", glob.as_str()),
        When::TaskDone(filter) => match filter.split_once(':') {
            Some(("task", glob)) => ("when_task_done", glob),
            Some(("kind" | "label", word)) if !word.is_empty() => return Ok(()),
            None if filter == "*" => return Ok(()),
            _ => return Err(format!("has `{filter}` for when_task_done, which must be {FILTERS}")),
        },
    };
    let built = globset::GlobBuilder::new(glob).literal_separator(true).build();
    built.map(drop).map_err(|error| format!("has `{glob}` for {key}, which is no glob: {}", error.kind()))
}

/// A problem at the place where the list was written.
fn fault(leaf: &Leaf, key: &str, what: &str) -> Problem {
    Problem::new(leaf.origin.clone(), key, what)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failing test may stop where it stands")]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Trigger, String> {
        one(&toml::Value::Table(text.parse().unwrap()))
    }

    #[test]
    fn both_kinds_of_trigger_are_read() {
        let memory =
            parse("when_memory = 'design/**'\nrun = { role = 'reviewer', task = 'Look at {{name}}' }").unwrap();
        assert_eq!(memory.when, When::Memory("design/**".into()));
        assert_eq!((memory.role.as_str(), memory.task.as_str()), ("reviewer", "Look at {{name}}"));
        let done =
            parse("when_task_done = 'kind:implementation'\nrun = { role = 'tester', task = 'Test it' }").unwrap();
        assert_eq!(done.when, When::TaskDone("kind:implementation".into()));
    }

    #[test]
    fn each_fault_names_its_key() {
        for (text, named) in [
            ("run = { role = 'a', task = 'b' }", "when_memory"),
            ("when_memory = 'a'\nwhen_task_done = 'b'\nrun = { role = 'a', task = 'b' }", "exactly one"),
            ("when_memory = 1\nrun = { role = 'a', task = 'b' }", "when_memory"),
            ("when_memory = 'a['\nrun = { role = 'a', task = 'b' }", "a["),
            ("when_task_done = 'sort:a'\nrun = { role = 'a', task = 'b' }", "kind:KIND"),
            ("when_memory = 'a'", "run"),
            ("when_memory = 'a'\nrun = { role = 'a' }", "run.task"),
            ("when_memory = 'a'\nrun = { role = 'a', task = 'b', x = 1 }", "run.x"),
            ("when_memori = 'a'\nrun = { role = 'a', task = 'b' }", "when_memori"),
        ] {
            let what = parse(text).unwrap_err();
            assert!(what.contains(named), "{what} does not name {named}");
        }
    }
}
