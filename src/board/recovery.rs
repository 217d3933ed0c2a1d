//! What a failure calls for: another try, another worker, or an end. Pure arithmetic over what is known. How the workers
//! stand (rests, blocks) is `rests`.

use super::attempt::{Attempt, AttemptState, Failure, FailureClass};
use super::budget;
use super::conversations::lost_its_conversation;
use super::id::{AttemptKey, WorkerName};
use super::plan::{Seat, Step, StepAim};
use super::rests::{awake_from, doubled, is_awake, is_blocked};
use super::rules::{CallLimits, Rules};
use super::state::State;
use super::task::Task;
use super::time::Timestamp;
use std::time::Duration;

/// How one place of a step stands.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::board) enum SeatStanding {
    /// An attempt waits or runs.
    Busy,
    /// It gave an answer.
    Answered,
    /// It will give none.
    Exhausted,
    /// This attempt comes next.
    Next {
        /// Who is asked.
        worker: WorkerName,
        /// Tries of this worker for this seat before.
        tries_before: u32,
        /// Not before.
        not_before: Timestamp,
    },
}

/// A place of a step with everything that decides who sits there.
#[derive(Clone, Copy)]
struct Place<'a> {
    state: &'a State,
    rules: &'a Rules,
    task: &'a Task,
    step: &'a Step,
    number: u32,
    seat: &'a Seat,
    at: Timestamp,
}

/// Looks at everything that was tried for a seat and says what follows.
pub(in crate::board) fn seat_standing(
    state: &State,
    rules: &Rules,
    task: &Task,
    step: &Step,
    number: u32,
    at: Timestamp,
) -> SeatStanding {
    let Some(seat) = step.seats.get(number as usize) else { return SeatStanding::Exhausted };
    let place = Place { state, rules, task, step, number, seat, at };
    let over = time_is_up(task, at) || !attempts_left(rules, task, 0);
    let last = task.attempts_of(&step.id).filter(|attempt| attempt.seat == number).last();
    match last.map(|last| (last, &last.state)) {
        Some((_, AttemptState::Planned { .. } | AttemptState::Running { .. })) => SeatStanding::Busy,
        Some((_, AttemptState::Answered { .. })) => SeatStanding::Answered,
        Some((_, AttemptState::Failed { .. })) | None if over => SeatStanding::Exhausted,
        None => place.somebody(),
        Some((last, AttemptState::Failed { ended, failure })) => match retry_pause(rules, task, last, failure) {
            Retry::Never => SeatStanding::Exhausted,
            Retry::Elsewhere => place.somebody(),
            Retry::Cheaper => place.somebody_cheaper(&last.worker),
            Retry::After { pause, counted } => {
                place.again(last, ended.after(pause), last.tries_before.saturating_add(u32::from(counted)))
            }
        },
    }
}

/// Whether a task may make another attempt, with so many about to be planned.
pub(in crate::board) fn attempts_left(rules: &Rules, task: &Task, planned: usize) -> bool {
    task.attempts.len() + planned < rules.limits.attempts_per_task_max as usize
}

impl<'a> Place<'a> {
    /// Whether a worker can be asked at all: it is configured, not blocked, and has something to do here. A checker that
    /// made the only candidate has nothing to judge.
    fn fits(&self, worker: &WorkerName) -> bool {
        !self.rules.lack(worker)
            && !is_blocked(self.state, worker)
            && (self.step.aim != StepAim::Check || !candidates_for(self.task, self.step, worker).is_empty())
    }

    /// The seat's own worker and its fallbacks, but for those that cannot be asked, were asked in this step, or have a
    /// seat of their own to fill.
    fn free(&self) -> impl Iterator<Item = &'a WorkerName> {
        let place = *self;
        let chain = std::iter::once(&place.seat.worker).chain(&place.seat.fallbacks);
        chain.filter(move |worker| {
            let mut asked = place.task.attempts_of(&place.step.id);
            let seats = place.step.seats.iter().zip(0u32..);
            let mut others = seats.filter(|(_, number)| *number != place.number).map(|(other, _)| &other.worker);
            place.fits(worker)
                && !asked.any(|attempt| attempt.worker == **worker)
                && !others.any(|other| other == *worker)
        })
    }

    /// The first that is free and awake; when all of them rest, the one that rests shortest.
    fn somebody(&self) -> SeatStanding {
        let choice = self.free().min_by_key(|worker| awake_from(self.state, worker, self.at));
        choice.map_or(SeatStanding::Exhausted, |worker| self.first_try(worker))
    }

    /// Where a budget had no room for a worker's call, the first whose calls cost less.
    fn somebody_cheaper(&self, than: &WorkerName) -> SeatStanding {
        let cheaper = self.free().filter(|worker| budget::is_cheaper(self.rules, worker, than));
        let choice = cheaper.min_by_key(|worker| awake_from(self.state, worker, self.at));
        choice.map_or(SeatStanding::Exhausted, |worker| self.first_try(worker))
    }

    fn first_try(&self, worker: &WorkerName) -> SeatStanding {
        SeatStanding::Next { worker: worker.clone(), tries_before: 0, not_before: self.at }
    }

    fn somebody_is_awake(&self) -> bool {
        self.free().any(|worker| is_awake(self.state, worker, self.at))
    }

    /// The same worker once more; but when it cannot be asked, or rests beyond the pause while another is awake, the other.
    fn again(&self, last: &Attempt, not_before: Timestamp, tries_before: u32) -> SeatStanding {
        let rests = awake_from(self.state, &last.worker, not_before) > not_before;
        if !self.fits(&last.worker) || rests && self.somebody_is_awake() {
            return self.somebody();
        }
        SeatStanding::Next { worker: last.worker.clone(), tries_before, not_before }
    }
}

/// Why a planned attempt should be given up before it starts: its worker cannot come, or rests so long that the task is
/// better served by another, or by going on without it. `None`: it may wait.
pub(in crate::board) fn withheld(
    state: &State,
    rules: &Rules,
    task: &Task,
    attempt: &Attempt,
    at: Timestamp,
) -> Option<(FailureClass, String)> {
    let worker = &attempt.worker;
    if rules.lack(worker) {
        return Some((FailureClass::RequestRefused, "the worker is no longer configured".to_owned()));
    }
    if is_blocked(state, worker) {
        let why = "the worker is blocked until its fault is mended".to_owned();
        return Some((FailureClass::RequestRefused, why));
    }
    let end = awake_from(state, worker, at);
    let left = end.since(at);
    if left <= rules.limits.retry_after_max {
        return None;
    }
    let step = task.step(&attempt.step)?;
    let seat = step.seats.get(attempt.seat as usize)?;
    let place = Place { state, rules, task, step, number: attempt.seat, seat, at };
    let others = || task.attempts_of(&step.id).filter(|other| other.seat != attempt.seat);
    let answered = others().any(|other| matches!(other.state, AttemptState::Answered { .. }));
    let comes = |other: &Attempt| match other.state {
        AttemptState::Running { .. } => true,
        AttemptState::Planned { .. } => awake_from(state, &other.worker, at).since(at) <= rules.limits.retry_after_max,
        AttemptState::Answered { .. } | AttemptState::Failed { .. } => false,
    };
    let done_without = answered && !others().any(comes);
    (place.somebody_is_awake() || done_without)
        .then(|| (FailureClass::RateLimited { retry_after: Some(left) }, format!("the worker rests until {end}")))
}

/// The answered attempts of the steps that `step` needs, but for the worker's own.
pub(in crate::board) fn candidates_for(task: &Task, step: &Step, worker: &WorkerName) -> Vec<u32> {
    let made = task.answered().filter(|(attempt, _)| step.needs.contains(&attempt.step));
    made.filter(|(attempt, _)| attempt.worker != *worker).map(|(attempt, _)| attempt.number).collect()
}

/// Whether the time that the person gave the whole task has passed.
pub(in crate::board) fn time_is_up(task: &Task, at: Timestamp) -> bool {
    task.spec.timeout.is_some_and(|timeout| at >= task.accepted.after(timeout))
}

/// Whether a failure says something of the worker. That a task's own time was up, or that money ran out, does not.
pub(in crate::board) fn blames_worker(task: &Task, class: &FailureClass, at: Timestamp) -> bool {
    *class != FailureClass::OverBudget && (*class != FailureClass::Timeout || !time_is_up(task, at))
}

enum Retry {
    After { pause: Duration, counted: bool },
    Elsewhere,
    Cheaper,
    Never,
}

fn retry_pause(rules: &Rules, task: &Task, last: &Attempt, failure: &Failure) -> Retry {
    let limits = &rules.limits;
    let tries_left = last.tries_before < limits.retries_max;
    match &failure.class {
        FailureClass::Interrupted => Retry::After { pause: Duration::ZERO, counted: false },
        // It is asked afresh and told everything; that can happen once in a step, so it needs no count of its own.
        FailureClass::RequestRefused if lost_its_conversation(last) => {
            Retry::After { pause: Duration::ZERO, counted: false }
        }
        FailureClass::Cancelled => Retry::Never,
        FailureClass::OverBudget => Retry::Cheaper,
        FailureClass::Transient if tries_left => {
            let key = AttemptKey { task: task.id.clone(), number: last.number };
            Retry::After { pause: backoff(limits, &key, last.tries_before), counted: true }
        }
        FailureClass::RateLimited { retry_after: Some(pause) } if tries_left && *pause <= limits.retry_after_max => {
            Retry::After { pause: *pause, counted: true }
        }
        FailureClass::RateLimited { retry_after: None } if tries_left => {
            Retry::After { pause: limits.rate_limit_rest, counted: true }
        }
        FailureClass::Transient
        | FailureClass::RateLimited { .. }
        | FailureClass::Timeout
        | FailureClass::WorkerBlocked
        | FailureClass::RequestRefused => Retry::Elsewhere,
    }
}

/// Jitter over a doubling pause: from half of it to the whole. The chance comes from the attempt's name, so replaying gives the same pause.
pub(in crate::board) fn backoff(limits: &CallLimits, key: &AttemptKey, tries_before: u32) -> Duration {
    let ceiling = doubled(limits.backoff_first, tries_before, limits.backoff_max);
    ceiling.mul_f64(0.5 + 0.5 * chance(key))
}

/// A number in [0, 1) that depends on the attempt's name alone (FNV-1a, 64 bits).
fn chance(key: &AttemptKey) -> f64 {
    let start = 0xcbf2_9ce4_8422_2325_u64;
    let bytes = key.task.as_str().bytes().chain(key.number.to_le_bytes());
    let hash = bytes.fold(start, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    f64::from(u32::try_from(hash >> 32).unwrap_or(0)) / (f64::from(u32::MAX) + 1.0)
}
