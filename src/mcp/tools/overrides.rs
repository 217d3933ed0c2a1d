//! The arguments that say how a task is to be carried out, the same for handing one in and for asking who would take it.

use super::Arguments;
use super::schema::{Property, flag, text, texts};
use crate::api::{Kind, Mode, Overrides, Priority, Role, TaskId, WorkerName};
use serde_json::Value;

/// The properties.
pub(super) fn properties() -> Vec<Property> {
    vec![
        text("priority", "Higher asks for more agreement; critical asks every worker and waits for a person.")
            .one_of(&Priority::ALL.map(Priority::as_str)),
        text(
            "mode",
            "How many are asked: simple 1, medium 2 and a validator, complex 2 and 2, architectural all. auto chooses.",
        )
        .one_of(&Mode::ALL.map(Mode::as_str)),
        texts("models", "Ask these workers instead of the ones that would be chosen; list_workers names them."),
        text("role", "Give one role (architect, reviewer, security, critic …) instead of a team."),
        text(
            "kind",
            "What sort of task it is (code-review, security-review, architecture …) instead of what the text is taken for.",
        ),
        text(
            "pipeline",
            "A named sequence of steps: feature, bugfix, review, parallel-review, brainstorm, implement-with-review, design-and-implement, team-workflow, or one of the workspace's own.",
        ),
        text(
            "team",
            "A named team: quick, standard, complex, critical, core, review, specialists, or one of the workspace's own.",
        ),
        texts("context", "Globs of files in the workspace that the workers are given."),
        text("spec", "A specification file in the workspace."),
        texts("memories", "Memories that the workers are given."),
        texts("depends_on", "Ids of tasks that must end first."),
        flag("no_cache", "Ask anew, also where an identical call has been answered before."),
    ]
}

/// Reads them.
pub(super) fn read(arguments: &mut Arguments) -> Overrides {
    let priority = arguments.optional_choice("priority", &Priority::ALL.map(Priority::as_str));
    let mode = arguments.optional_choice("mode", &Mode::ALL.map(Mode::as_str));
    let mut depends_on = Vec::new();
    for id in arguments.list("depends_on") {
        match TaskId::parse(&id) {
            Some(task) => depends_on.push(task),
            None => arguments.wrong("depends_on", "Input should be ids of tasks", "value_error", Value::String(id)),
        }
    }
    Overrides {
        kind: arguments.word("kind").map(Kind::new),
        priority: priority.and_then(|word| Priority::ALL.into_iter().find(|priority| priority.as_str() == word)),
        mode: mode.and_then(|word| Mode::ALL.into_iter().find(|mode| mode.as_str() == word)),
        role: arguments.word("role").map(Role::new),
        models: arguments.list("models").into_iter().map(WorkerName::new).collect(),
        pipeline: arguments.word("pipeline"),
        team: arguments.word("team"),
        context: arguments.list("context"),
        spec: arguments.word("spec"),
        memories: arguments.list("memories"),
        depends_on,
        no_cache: arguments.flag("no_cache", false),
    }
}
