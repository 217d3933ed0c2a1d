//! Who suits a step, best first: one rule for steps that were written down, for members of teams, and for those who steer a
//! plan (planners, reviewers, chairs). How many of them sit there is not decided here.

use super::{sight, windows};
use crate::board::id::{TaskId, WorkerName};
use crate::board::needs::Needs;
use crate::board::rests::is_blocked;
use crate::board::routing::{Classified, rank_alike};
use crate::board::rules::Rules;
use crate::board::selection::{self, Occasion};
use crate::board::spec::{Priority, TaskSpec};
use crate::board::state::State;
use std::collections::BTreeSet;

/// Who sits where, and what decides it.
pub(super) struct Table<'a> {
    pub(super) state: &'a State,
    pub(super) rules: &'a Rules,
    pub(super) task: &'a TaskId,
    pub(super) spec: &'a TaskSpec,
    pub(super) priority: Priority,
    /// What the task was taken for.
    pub(super) classified: &'a Classified,
    /// Who may be asked, best first for the task as a whole.
    pub(super) ranked: &'a [WorkerName],
    /// Whether the workers that a step names are the only ones who may do it. A planner's are a wish.
    pub(super) bound: bool,
}

/// A step that somebody is looked for.
pub(super) struct Seeking<'a> {
    /// Its name.
    pub(super) step: &'a str,
    /// What it was taken for.
    pub(super) classified: &'a Classified,
    /// Where among workers that suit alike to begin, so that a plan of single-worker steps does not load one worker alone.
    pub(super) turn: usize,
    /// Who comes last among those that suit alike: a second pair of eyes is worth more.
    pub(super) apart: &'a BTreeSet<WorkerName>,
}

impl Table<'_> {
    /// Everyone who may be asked, best first for the step, and why the cheapest reliable one was put first where that was so.
    pub(super) fn suited(&self, seeking: &Seeking<'_>) -> (Vec<WorkerName>, Option<String>) {
        let mut alike = rank_alike(seeking.classified, self.rules, self.ranked);
        if let Some(first) = alike.first_mut() {
            let turn = seeking.turn % first.len().max(1);
            first.rotate_left(turn);
            first.sort_by_key(|worker| seeking.apart.contains(worker));
        }
        let mut ranked: Vec<WorkerName> = alike.into_iter().flatten().collect();
        let said = self.prefer(&mut ranked, seeking);
        // Blocked workers go last instead of out: by the time of the call a person may have mended them.
        ranked.sort_by_key(|worker| is_blocked(self.state, worker));
        (ranked, said)
    }

    /// Whom a person named is asked in the order of the names and of what suits; records change nothing there.
    fn prefer(&self, ranked: &mut [WorkerName], seeking: &Seeking<'_>) -> Option<String> {
        if !self.spec.models.is_empty() {
            return None;
        }
        let occasion = Occasion {
            task: self.task,
            step: Some(seeking.step),
            role: &seeking.classified.role,
            // What a step gave is counted under the kind of its task, so that is where the record stands.
            kind: &self.classified.kind,
            priority: self.priority,
        };
        let said = selection::prefer(ranked, &occasion, self.rules, self.state)?;
        Some(format!("step {}: {said}", seeking.step))
    }
}

/// Takes those who cannot take a task in out of its ranking (no sight for its images, no room for its files), and says who
/// they are.
pub(super) fn keep_the_capable(
    ranked: &mut Vec<WorkerName>,
    spec: &TaskSpec,
    (classified, needs): (&Classified, Needs),
    rules: &Rules,
) -> Vec<String> {
    let mut said = Vec::new();
    if spec.models.is_empty() {
        said.extend(sight::keep_those_who_see(ranked, (spec, needs), &classified.kind, rules));
    }
    said.extend(windows::keep_those_with_room(ranked, needs, rules));
    said
}
