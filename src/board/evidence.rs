//! What was tried instead of argued about: how a task's `validate` command ended on what an attempt made. Running commands is
//! the worker room's business; what follows from one is the consensus'.

use super::attempt::{Attempt, AttemptState};
use super::id::AttemptKey;
use super::patch::Patch;
use super::task::Task;
use super::text::Text;
use super::time::Timestamp;
use serde::{Deserialize, Serialize};

/// How a `validate` command ended in a fresh tree of base and patch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Validation {
    /// The command, as it was handed to `sh -c`.
    pub command: String,
    /// Whether it ended with code 0.
    pub passed: bool,
    /// Its exit code; `None` when it did not end by itself (its time was over), or could not be begun: the output says which.
    pub exit: Option<i32>,
    /// What it printed, both streams together; of a long output the beginning and the end.
    pub output: Text,
    /// Seconds it took.
    pub seconds: f64,
    /// Whether the same command passes on the plain base, without any change. Where it does not, its failing says nothing
    /// against the patch.
    #[serde(default)]
    pub at_base: bool,
}

/// What is needed to try an attempt's patch.
#[derive(Clone, Debug, PartialEq)]
pub struct ValidationOrder {
    /// Whose patch.
    pub key: AttemptKey,
    /// The patch.
    pub patch: Patch,
    /// The command, for `sh -c`.
    pub command: String,
    /// When it must have ended, where the task's time is limited; nobody waits for it after that.
    pub deadline: Option<Timestamp>,
}

/// The patch of an attempt whose validation is still waited for.
pub(in crate::board) fn owed<'a>(task: &'a Task, attempt: &'a Attempt) -> Option<(&'a str, &'a Patch)> {
    let command = task.step(&attempt.step)?.validate.as_deref()?;
    let AttemptState::Answered { answer, .. } = &attempt.state else { return None };
    let patch = answer.change()?;
    attempt.validation.is_none().then_some((command, patch))
}

/// The order to try an attempt's patch, where its validation is still waited for.
pub(in crate::board) fn order(task: &Task, attempt: &Attempt) -> Option<ValidationOrder> {
    let (command, patch) = owed(task, attempt)?;
    Some(ValidationOrder {
        key: AttemptKey { task: task.id.clone(), number: attempt.number },
        patch: patch.clone(),
        command: command.to_owned(),
        deadline: task.spec.timeout.map(|timeout| task.accepted.after(timeout)),
    })
}
