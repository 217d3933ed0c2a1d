//! Which steps get a tree of their own, and a command to try what comes out of it: those that make something, where the task
//! asks for it. Steps that a person wrote say it themselves as well.

use crate::board::plan::{Step, StepAim};
use crate::board::spec::{TaskSpec, WorkspaceAccess};

/// Gives each step what the task asks for all of them.
pub(super) fn fit(steps: &mut [Step], spec: &TaskSpec) {
    for step in steps {
        let makes = matches!(step.aim, StepAim::Make | StepAim::Synthesize);
        if makes && spec.workspace == WorkspaceAccess::Worktree {
            step.workspace = WorkspaceAccess::Worktree;
        }
        if step.workspace == WorkspaceAccess::Worktree && step.validate.is_none() {
            step.validate.clone_from(&spec.validate);
        }
    }
}

/// The same for steps that a model laid out. It chooses neither what may be written nor what is run.
pub(super) fn fit_foreign(steps: &mut [Step], spec: &TaskSpec) {
    for step in steps.iter_mut() {
        step.workspace = WorkspaceAccess::Read;
        step.validate = None;
    }
    fit(steps, spec);
}
