//! Counting who was right: when a task ends, and anew when its patch is applied or reverted. What an outcome is and why stands
//! in `outcomes`.

use super::{Day, Duel, NAMES_MAX, OTHERS, Tallies, Tally, entry};
use crate::board::event::Placed;
use crate::board::id::{Kind, Role, TaskId, WorkerName};
use crate::board::outcomes::{Case, Evidence, Outcome};
use crate::board::state::State;
use crate::board::task::Phase;
use crate::board::time::Timestamp;
use std::sync::Arc;

/// A patch was put on the user's files, or taken off them.
pub(super) fn place(state: &mut State, at: Timestamp, patch: &Placed, by: Evidence) {
    let is_open = state.tasks.get(&patch.task).is_some_and(|task| !matches!(task.phase, Phase::Ended { .. }));
    let good = by != Evidence::Reverted;
    let day = Day::of(at);
    let tallies = &mut state.globals.tallies;
    if !is_open && !tallies.cases.holds(&patch.task) {
        return;
    }
    let cases = Arc::make_mut(&mut tallies.cases);
    let known = cases.take(&patch.task);
    let mut case = known.clone().unwrap_or_else(|| Case::open(patch.kind.clone(), day.clone()));
    // A patch may be put back after it was taken off: the last act stands.
    case.place(patch.attempt, good, by);
    case.day = day;
    cases.keep(patch.task.clone(), case.clone());
    // Of a task that has not ended nothing was counted yet; its end will find this.
    if !is_open {
        known.iter().for_each(|known| tallies.count_case(known, Tally::take_back, Duel::take_back));
        tallies.count_case(&case, Tally::add, Duel::add);
    }
}

impl Tallies {
    /// A task has ended: whoever was right or wrong is counted. The case is kept where its patch may yet be applied.
    pub(super) fn close(&mut self, task: &TaskId, mut case: Case, patched: bool) {
        if let Some(open) = self.cases.holds(task).then(|| Arc::make_mut(&mut self.cases).take(task)).flatten() {
            case.truths_of(&open);
        }
        self.count_case(&case, Tally::add, Duel::add);
        if patched {
            Arc::make_mut(&mut self.cases).keep(task.clone(), case);
        }
    }

    fn count_case(&mut self, case: &Case, count: fn(&mut Tally, &Tally), compare: fn(&mut Duel, &Duel)) {
        for ((worker, role), outcome) in case.outcomes() {
            let tally = tally(outcome);
            self.count_outcome(&case.day, (worker, role, &case.kind), &tally, count);
        }
        if let Some(duel) = case.duel() {
            self.in_slices(&case.day, |slice| compare(&mut slice.duel, &duel));
        }
    }

    fn count_outcome(
        &mut self,
        day: &Day,
        who: (&WorkerName, &Role, &Kind),
        tally: &Tally,
        count: fn(&mut Tally, &Tally),
    ) {
        let (worker, role, kind) = who;
        self.in_slices(day, |slice| {
            count(entry(&mut slice.workers, worker, NAMES_MAX, || WorkerName::new(OTHERS)), tally);
            count(entry(&mut slice.roles, role, NAMES_MAX, || Role::new(OTHERS)), tally);
            count(entry(&mut slice.kinds, kind, NAMES_MAX, || Kind::new(OTHERS)), tally);
        });
        self.in_pair(who, |pair| count(pair, tally));
    }
}

fn tally(outcome: Outcome) -> Tally {
    let missed = outcome.missed.unwrap_or_default();
    Tally {
        right: u64::from(outcome.right),
        wrong: u64::from(!outcome.right),
        stated: u64::from(outcome.missed.is_some()),
        missed,
        ..Tally::default()
    }
}
