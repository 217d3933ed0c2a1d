//! Putting an attempt's patch on the user's files, or taking it off, when a person says so: which patch is meant, the doing,
//! and the event that tells of it. The doing comes first; one that was done and not told of is told of when it is asked for
//! again and found to stand there.

use super::local::{LocalBoard, internal};
use crate::api::{Error, ErrorKind, Reply};
use crate::board::{Attempt, AttemptState, Input, Patch, Placed, Task, TaskId, WorkerName};
use crate::worker::worktree::PlaceError;

/// How a patch is put in place.
pub(super) struct Placing {
    pub(super) allow_dirty: bool,
    pub(super) revert: bool,
    pub(super) by: String,
}

impl LocalBoard {
    /// Puts a task's patch on the user's files, or takes it off.
    pub(super) async fn place(&self, id: &TaskId, worker: Option<WorkerName>, how: Placing) -> Result<Reply, Error> {
        let Some(trees) = self.trees.clone() else { return Err(internal("there are no worktrees here")) };
        let task = self.task(id).await?;
        let (attempt, patch) = chosen(&task, worker.as_ref())?;
        let text = self.blobs.get(&patch.text).map_err(|error| internal(error.to_string()))?;
        let Placing { allow_dirty, revert, by } = how;
        let placed = self.jobs.blocking(move || trees.place(&text, allow_dirty, revert)).await.map_err(internal)?;
        placed.map_err(|error| refused(id, error))?;
        let event = Placed {
            task: id.clone(),
            attempt: attempt.number,
            worker: attempt.worker.clone(),
            role: attempt.role.clone(),
            kind: task.route.kind.clone(),
            by,
            files: patch.files.clone(),
        };
        self.input(Input::Placed { at: self.clock.now(), patch: Box::new(event), reverted: revert }).await?;
        Ok(Reply::Placed {
            task: id.clone(),
            attempt: attempt.number,
            worker: attempt.worker.clone(),
            files: patch.files.clone(),
            added: patch.added,
            removed: patch.removed,
            note: patch.note.clone(),
            reverted: revert,
        })
    }
}

/// The patch that is meant: the named worker's latest, else the one that the decision chose, else the only one.
fn chosen<'a>(task: &'a Task, worker: Option<&WorkerName>) -> Result<(&'a Attempt, &'a Patch), Error> {
    let all: Vec<(&Attempt, &Patch)> = task.attempts.values().filter_map(changed).collect();
    let conflict = |what: String| Error::new(ErrorKind::Conflict, what);
    if all.is_empty() {
        return Err(conflict(format!("{} has no patch", task.id))
            .hint("only tasks with `workspace: worktree` give patches; see what came of it with: synod show ID"));
    }
    if let Some(worker) = worker {
        let latest = all.iter().rev().find(|(attempt, _)| attempt.worker == *worker);
        return latest.copied().ok_or_else(|| {
            conflict(format!("{worker} gave no patch for {}", task.id)).hint(format!("there are: {}", told(&all)))
        });
    }
    let Some(decision) = task.phase.decision() else {
        return Err(conflict(format!("{} has no decision yet", task.id))
            .hint(format!("wait for it, or name one with --worker; there are: {}", told(&all))));
    };
    let decided = decision.answer_attempt.and_then(|number| all.iter().find(|(attempt, _)| attempt.number == number));
    match (decided, all.as_slice()) {
        (Some(one), _) | (None, [one]) => Ok(*one),
        (None, _) => Err(conflict(format!("the decision on {} chose none of its patches", task.id))
            .hint(format!("name one with --worker; there are: {}", told(&all)))),
    }
}

fn changed(attempt: &Attempt) -> Option<(&Attempt, &Patch)> {
    let AttemptState::Answered { answer, .. } = &attempt.state else { return None };
    Some((attempt, answer.change()?))
}

/// The patches that there are, in a line.
fn told(all: &[(&Attempt, &Patch)]) -> String {
    let one = |(attempt, patch): &(&Attempt, &Patch)| {
        let tried = match &attempt.validation {
            Some(tried) if tried.passed => ", passed",
            Some(_) => ", failed",
            None => "",
        };
        format!("{} ({}{tried})", attempt.worker, patch.line())
    };
    all.iter().map(one).collect::<Vec<_>>().join("; ")
}

fn refused(task: &TaskId, error: PlaceError) -> Error {
    let what = error.to_string();
    match error {
        PlaceError::Dirty { .. } => Error::new(ErrorKind::Conflict, what)
            .hint(format!("commit or stash them, or say that they may be there: synod apply {task} --allow-dirty")),
        PlaceError::Conflict { .. } => Error::new(ErrorKind::Conflict, what).hint(format!(
            "nothing was changed; the patch itself is in outputs/{task}/, for `git apply --3way` by hand"
        )),
        PlaceError::Nothing { .. } => Error::new(ErrorKind::Conflict, what),
        PlaceError::Other(_) => internal(what),
    }
}
