//! What an event adds to the records. Looks at the state as it was just before the event, and at nothing else.

use super::{Day, NAMES_MAX, OTHERS, Slice, Tallies, Tally, entry, outcome};
use crate::board::attempt::{Attempt, AttemptState, Failure, FailureClass, Usage};
use crate::board::event::{Ending, Event};
use crate::board::id::{AttemptKey, Kind, Role, WorkerName};
use crate::board::outcomes::{Case, Evidence};
use crate::board::recovery::blames_worker;
use crate::board::state::State;
use crate::board::task::{Phase, Task};
use crate::board::time::Timestamp;
use std::collections::BTreeSet;

/// Counts an event that is about to be applied. Each event must be counted once; the caller sees to that.
pub(in crate::board) fn count(state: &mut State, event: &Event) {
    match event {
        Event::AttemptAnswered { at, key, answer } => {
            let Some((task, attempt, ran)) = running(state, key, *at) else { return };
            let recovered = u64::from(had_failed(task, attempt));
            let cached = u64::from(answer.cached);
            // Whoever tells neither tokens nor money was not free for that.
            let unpriced = u64::from(answer.usage.cost_usd.is_none() && !answer.cached);
            let tally = Tally { answered: 1, cached, recovered, unpriced, ..call(ran, &answer.usage) };
            let (worker, role, kind) = names(task, attempt);
            state.globals.tallies.call(&Day::of(*at), (&worker, &role, &kind), &tally);
        }
        // Nobody was asked.
        Event::AttemptFailed { failure: Failure { class: FailureClass::OverBudget, .. }, .. } => {}
        Event::AttemptFailed { at, key, failure, .. } => {
            let Some((task, attempt, ran)) = running(state, key, *at) else { return };
            let failed = u64::from(is_own(task, &failure.class, *at));
            let tally = Tally { failed, ..call(ran, &failure.usage) };
            let (worker, role, kind) = names(task, attempt);
            state.globals.tallies.call(&Day::of(*at), (&worker, &role, &kind), &tally);
        }
        Event::TaskEnded { at, task, ending, .. } => {
            let Some(task) = state.tasks.get(task) else { return };
            if matches!(task.phase, Phase::Ended { .. }) {
                return;
            }
            let (kind, took_part) = (task.route.kind.clone(), took_part(task));
            let case = Case::of(task, Day::of(*at));
            let patched = task.answered().any(|(_, answer)| answer.change().is_some());
            let id = task.id.clone();
            state.globals.tallies.end(&Day::of(*at), &kind, &took_part, ending);
            state.globals.tallies.close(&id, case, patched);
        }
        Event::PatchApplied { at, patch } => outcome::place(state, *at, patch, Evidence::Applied),
        Event::PatchReverted { at, patch } => outcome::place(state, *at, patch, Evidence::Reverted),
        Event::RecordsImported { hash, records, .. } => state.globals.tallies.import(hash, records),
        Event::TaskAccepted { .. }
        | Event::FileRejected { .. }
        | Event::DaemonStarted { .. }
        | Event::OrderHeld { .. }
        | Event::DependencyEnded { .. }
        | Event::AttemptPlanned { .. }
        | Event::AttemptStarted { .. }
        | Event::CostReserved { .. }
        | Event::AttemptAdopted { .. }
        | Event::AttemptValidated { .. }
        | Event::PlanChanged { .. }
        | Event::Progressed { .. }
        | Event::TaskDecided { .. }
        | Event::PersonAnswered { .. }
        | Event::PersonReminded { .. }
        | Event::PersonHandedIn { .. }
        | Event::MemoryRevised { .. }
        | Event::MemoryLeased { .. }
        | Event::TaskArchived { .. } => {}
    }
}

/// A running attempt with its task and the seconds that it has run. One that was never started is no call.
fn running<'a>(state: &'a State, key: &AttemptKey, at: Timestamp) -> Option<(&'a Task, &'a Attempt, f64)> {
    let task = state.tasks.get(&key.task)?;
    let attempt = task.attempts.get(&key.number)?;
    match attempt.state {
        AttemptState::Running { started, .. } => Some((task, attempt, at.since(started).as_secs_f64())),
        AttemptState::Planned { .. } | AttemptState::Answered { .. } | AttemptState::Failed { .. } => None,
    }
}

fn names(task: &Task, attempt: &Attempt) -> (WorkerName, Role, Kind) {
    (attempt.worker.clone(), attempt.role.clone(), task.route.kind.clone())
}

fn call(ran: f64, usage: &Usage) -> Tally {
    let used = usage.input_tokens > 0 || usage.output_tokens > 0;
    Tally {
        attempts: 1,
        seconds: ran,
        input_tokens: usage.input_tokens,
        output_tokens: usage.output_tokens,
        cost_usd: usage.cost_usd.unwrap_or_default(),
        unpriced: u64::from(used && usage.cost_usd.is_none()),
        ..Tally::default()
    }
}

/// Whether a failure counts as the worker's: stopping a call does not, nor that the task's own time was up.
fn is_own(task: &Task, class: &FailureClass, at: Timestamp) -> bool {
    match class {
        FailureClass::Cancelled | FailureClass::Interrupted | FailureClass::OverBudget => false,
        FailureClass::Timeout => blames_worker(task, class, at),
        FailureClass::Transient
        | FailureClass::RateLimited { .. }
        | FailureClass::WorkerBlocked
        | FailureClass::RequestRefused => true,
    }
}

/// Whether a call for the same place of the step failed before, or the step stands for one that failed.
fn had_failed(task: &Task, attempt: &Attempt) -> bool {
    if task.step(&attempt.step).is_some_and(|step| step.stands_for.is_some()) {
        return true;
    }
    let mut before = task.attempts_of(&attempt.step).filter(|other| other.seat == attempt.seat);
    before.any(|other| match &other.state {
        AttemptState::Failed { ended, failure } => is_own(task, &failure.class, *ended),
        AttemptState::Planned { .. } | AttemptState::Running { .. } | AttemptState::Answered { .. } => false,
    })
}

/// Who did something for the task, in which role.
fn took_part(task: &Task) -> BTreeSet<(WorkerName, Role)> {
    let attempts = task.attempts.values().filter(|attempt| match &attempt.state {
        AttemptState::Answered { .. } => true,
        AttemptState::Failed { ended, failure } => is_own(task, &failure.class, *ended),
        AttemptState::Planned { .. } | AttemptState::Running { .. } => false,
    });
    attempts.map(|attempt| (attempt.worker.clone(), attempt.role.clone())).collect()
}

impl Tallies {
    /// A call has ended.
    fn call(&mut self, day: &Day, who: (&WorkerName, &Role, &Kind), tally: &Tally) {
        self.in_slices(day, |slice| slice.call(who, tally));
        self.in_pair(who, |pair| pair.add(tally));
    }

    /// A task has ended.
    fn end(&mut self, day: &Day, kind: &Kind, took_part: &BTreeSet<(WorkerName, Role)>, ending: &Ending) {
        let done = u64::from(*ending == Ending::Done);
        let one = Tally { tasks: 1, done, ..Tally::default() };
        let workers: BTreeSet<&WorkerName> = took_part.iter().map(|(worker, _)| worker).collect();
        let roles: BTreeSet<&Role> = took_part.iter().map(|(_, role)| role).collect();
        self.in_slices(day, |slice| {
            match ending {
                Ending::Done => slice.ended.done += 1,
                Ending::Failed { .. } => slice.ended.failed += 1,
                Ending::Cancelled { .. } => slice.ended.cancelled += 1,
            }
            entry(&mut slice.kinds, kind, NAMES_MAX, || Kind::new(OTHERS)).add(&one);
            for worker in &workers {
                entry(&mut slice.workers, worker, NAMES_MAX, || WorkerName::new(OTHERS)).add(&one);
            }
            for role in &roles {
                entry(&mut slice.roles, role, NAMES_MAX, || Role::new(OTHERS)).add(&one);
            }
        });
        for (worker, role) in took_part {
            self.in_pair((worker, role, kind), |pair| pair.add(&one));
        }
    }
}

impl Slice {
    /// Counts on all three sides.
    pub(super) fn call(&mut self, (worker, role, kind): (&WorkerName, &Role, &Kind), tally: &Tally) {
        entry(&mut self.workers, worker, NAMES_MAX, || WorkerName::new(OTHERS)).add(tally);
        entry(&mut self.roles, role, NAMES_MAX, || Role::new(OTHERS)).add(tally);
        entry(&mut self.kinds, kind, NAMES_MAX, || Kind::new(OTHERS)).add(tally);
    }
}
