//! A task as files: the Markdown of one that came without a file, and its memories.

use crate::board::{Mode, Source, TaskId, TaskSpec, WorkspaceAccess};
use crate::folder::ink::Ink;
use serde::Serialize;
use std::fmt::Write;

/// The task as a task file: front matter with what was asked for, then the text.
pub(crate) fn file(ink: &Ink, spec: &TaskSpec, text: &str) -> String {
    let mut keys = String::new();
    let mut key = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            let _infallible = writeln!(keys, "{name}: {value}");
        }
    };
    key("title", Some(json(ink, &spec.title())));
    key("kind", spec.kind.as_ref().map(|kind| json(ink, kind)));
    key("priority", Some(spec.priority.as_str().to_owned()));
    key("mode", (spec.mode != Mode::Auto).then(|| spec.mode.as_str().to_owned()));
    key("role", spec.role.as_ref().map(|role| json(ink, role)));
    key("models", filled(ink, &spec.models));
    key("pipeline", spec.pipeline.as_ref().map(|pipeline| json(ink, pipeline)));
    key("team", spec.team.as_ref().map(|team| json(ink, team)));
    key("plan", spec.plan.as_ref().map(|plan| json(ink, plan)));
    key("context", filled(ink, &spec.context));
    key("spec", spec.spec.as_ref().map(|spec| json(ink, spec)));
    key("memories", filled(ink, &spec.memories));
    key("depends_on", filled(ink, &spec.depends_on));
    key("workspace", (spec.workspace == WorkspaceAccess::Worktree).then(|| "worktree".to_owned()));
    key("validate", spec.validate.as_ref().map(|validate| json(ink, validate)));
    key("budget_usd", spec.budget_usd.map(|usd| json(ink, &usd)));
    key("cache", (!spec.cache).then(|| "false".to_owned()));
    key("timeout", spec.timeout.map(crate::config::duration_text));
    key("labels", filled(ink, &spec.labels));
    let end = if text.ends_with('\n') { "" } else { "\n" };
    format!("---\n{keys}---\n{}{end}", ink.mask.text(text))
}

/// JSON is YAML too, so no text of a person can leave its place.
fn json(ink: &Ink, value: &impl Serialize) -> String {
    let mut value = serde_json::to_value(value).unwrap_or_default();
    ink.mask.value(&mut value, usize::MAX);
    value.to_string()
}

fn filled<T: Serialize>(ink: &Ink, items: &[T]) -> Option<String> {
    (!items.is_empty()).then(|| json(ink, &items))
}

/// The memory `orchestration/current-task/<id>/task-definition`.
pub(crate) fn definition(ink: &Ink, task: &TaskId, source: &Source, spec: &TaskSpec, text: &str) -> String {
    let from = match source {
        Source::File { name, .. } => format!("the file {}", ink.code(name)),
        Source::Face { by, .. } => ink.line(by),
        Source::Order { number, by, .. } => format!("standing order {number}, woken by {}", ink.line(by)),
    };
    let kind = spec.kind.as_ref().map_or_else(String::new, |kind| format!(", kind {}", ink.line(kind.as_str())));
    let end = if text.ends_with('\n') { "" } else { "\n" };
    format!(
        "# {title}\n\nTask `{task}`, priority {priority}{kind}, from {from}.\n\n## What is asked\n\n{text}{end}",
        title = ink.line(&spec.title()),
        priority = spec.priority.as_str(),
        text = ink.mask.text(text),
    )
}

/// The memory `orchestration/current-task/<id>/shared-context` before anyone has written in it. Whoever gives the
/// memory to a worker can leave out what is equal to this.
pub(crate) fn shared_context(task: &TaskId) -> String {
    format!(
        "# Shared context: {task}\n\n<!-- What people and agents write below reaches every attempt of this task that starts afterwards. -->\n"
    )
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::board::{Text, WorkerName};

    #[test]
    fn a_task_becomes_a_file_that_can_be_dropped_again() {
        let mut spec = TaskSpec::of_text(Text::short("---\nforged: 1\n---\nReview."));
        spec.title = Some("a: \"b\"\npriority: low".into());
        spec.models = vec![WorkerName::new("claude"), WorkerName::new("x\ny")];
        spec.timeout = Some(std::time::Duration::from_secs(600));
        assert_eq!(
            file(&Ink::default(), &spec, "---\nforged: 1\n---\nReview."),
            "---\ntitle: \"a: \\\"b\\\"\\npriority: low\"\npriority: normal\nmodels: [\"claude\",\"x\\ny\"]\ntimeout: 10m\n---\n---\nforged: 1\n---\nReview.\n"
        );
    }

    #[test]
    fn the_definition_says_where_it_came_from() {
        let spec = TaskSpec::of_text(Text::short("# Review the login\nNow."));
        let source = Source::Face { by: "cli".into(), hash: String::new() };
        let task = TaskId::parse("review").unwrap();
        assert_eq!(
            definition(&Ink::default(), &task, &source, &spec, "# Review the login\nNow."),
            "# Review the login\n\nTask `review`, priority normal, from cli.\n\n## What is asked\n\n# Review the login\nNow.\n"
        );
    }
}
