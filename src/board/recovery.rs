//! What a failure calls for: another try, another worker, a rest, or an end. Pure arithmetic over what is known.

use super::attempt::{Attempt, AttemptState, Failure, FailureClass};
use super::event::Rest;
use super::id::{AttemptKey, WorkerName};
use super::plan::{Seat, Step, StepAim};
use super::rules::{CallLimits, Rules};
use super::state::{Health, Resting, State};
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
    let tried: Vec<&Attempt> = task.attempts_of(&step.id).filter(|attempt| attempt.seat == number).collect();
    let over = time_is_up(task, at) || task.attempts.len() >= rules.limits.attempts_per_task_max as usize;
    let Some(last) = tried.last() else {
        let standing = if over { SeatStanding::Exhausted } else { first(state, rules, task, step, seat, at) };
        return unless_nothing_to_check(task, step, standing);
    };
    match &last.state {
        AttemptState::Planned { .. } | AttemptState::Running { .. } => SeatStanding::Busy,
        AttemptState::Answered { .. } => SeatStanding::Answered,
        AttemptState::Failed { .. } if over => SeatStanding::Exhausted,
        AttemptState::Failed { ended, failure } => {
            let again = retry_pause(rules, task, last, failure);
            let standing = match again {
                Retry::Never => SeatStanding::Exhausted,
                Retry::After { pause, counted } if !is_blocked(state, &last.worker) => SeatStanding::Next {
                    worker: last.worker.clone(),
                    tries_before: last.tries_before + u32::from(counted),
                    not_before: ended.after(pause),
                },
                Retry::After { .. } | Retry::Elsewhere => fallback(state, task, step, seat, &tried, at),
            };
            unless_nothing_to_check(task, step, standing)
        }
    }
}

/// A checker that made the only candidate has nothing to judge.
fn unless_nothing_to_check(task: &Task, step: &Step, standing: SeatStanding) -> SeatStanding {
    match &standing {
        SeatStanding::Next { worker, .. }
            if step.aim == StepAim::Check && candidates_for(task, step, worker).is_empty() =>
        {
            SeatStanding::Exhausted
        }
        SeatStanding::Next { .. } | SeatStanding::Busy | SeatStanding::Answered | SeatStanding::Exhausted => standing,
    }
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

enum Retry {
    After { pause: Duration, counted: bool },
    Elsewhere,
    Never,
}

fn retry_pause(rules: &Rules, task: &Task, last: &Attempt, failure: &Failure) -> Retry {
    let limits = &rules.limits;
    let tries_left = last.tries_before < limits.retries_max;
    match &failure.class {
        FailureClass::Interrupted => Retry::After { pause: Duration::ZERO, counted: false },
        FailureClass::Cancelled => Retry::Never,
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

/// The seat's own worker when it may be asked, else the first of its fallbacks that may; when all of them rest, its own all the same.
fn first(state: &State, rules: &Rules, task: &Task, step: &Step, seat: &Seat, at: Timestamp) -> SeatStanding {
    if rules.worker(&seat.worker).is_some() && is_awake(state, &seat.worker, at) {
        return next(&seat.worker, at);
    }
    match fallback(state, task, step, seat, &[], at) {
        SeatStanding::Exhausted if !is_blocked(state, &seat.worker) => next(&seat.worker, at),
        other => other,
    }
}

fn next(worker: &WorkerName, at: Timestamp) -> SeatStanding {
    SeatStanding::Next { worker: worker.clone(), tries_before: 0, not_before: at }
}

/// The next worker of the chain that was not tried for this seat, is not at another seat of the step, and may be asked:
/// one that is awake before one that rests, and none that is blocked.
fn fallback(state: &State, task: &Task, step: &Step, seat: &Seat, tried: &[&Attempt], at: Timestamp) -> SeatStanding {
    let taken = |worker: &WorkerName| {
        tried.iter().any(|attempt| attempt.worker == *worker)
            || task.attempts_of(&step.id).any(|attempt| attempt.worker == *worker)
            || step.seats.iter().any(|other| other.worker == *worker && !is_blocked(state, worker))
    };
    let free: Vec<&WorkerName> =
        seat.fallbacks.iter().filter(|worker| !taken(worker) && !is_blocked(state, worker)).collect();
    let choice = free.iter().find(|worker| is_awake(state, worker, at)).or_else(|| free.first());
    choice.map_or(SeatStanding::Exhausted, |worker| next(worker, at))
}

/// Whether a worker may be asked now.
pub(in crate::board) fn is_awake(state: &State, worker: &WorkerName, at: Timestamp) -> bool {
    match state.globals.health.get(worker).map(|health| &health.rest) {
        None | Some(Resting::Awake) => true,
        Some(Resting::Until { at: end }) => at >= *end,
        Some(Resting::Blocked { .. }) => false,
    }
}

/// Whether a worker cannot be asked until a person mends it.
pub(in crate::board) fn is_blocked(state: &State, worker: &WorkerName) -> bool {
    matches!(state.globals.health.get(worker).map(|health| &health.rest), Some(Resting::Blocked { .. }))
}

/// Full jitter over a doubling pause. The chance comes from the attempt's name, so replaying gives the same pause.
pub(in crate::board) fn backoff(limits: &CallLimits, key: &AttemptKey, tries_before: u32) -> Duration {
    let ceiling = doubled(limits.backoff_first, tries_before, limits.backoff_max);
    ceiling.mul_f64(0.5 + 0.5 * chance(key))
}

/// `first` doubled `times` times, at most `max`.
fn doubled(first: Duration, times: u32, max: Duration) -> Duration {
    first.saturating_mul(2u32.saturating_pow(times.min(20))).min(max)
}

/// A number in [0, 1) that depends on the attempt's name alone (FNV-1a, 64 bits).
fn chance(key: &AttemptKey) -> f64 {
    let start = 0xcbf2_9ce4_8422_2325_u64;
    let bytes = key.task.as_str().bytes().chain(key.number.to_le_bytes());
    let hash = bytes.fold(start, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    f64::from(u32::try_from(hash >> 32).unwrap_or(0)) / (f64::from(u32::MAX) + 1.0)
}

/// The rest a worker takes after this failure (circuit breaker): a rate limit parks it, several transient failures in a row
/// rest it for a doubling time, a failure that only a person can mend blocks it.
pub(in crate::board) fn rest_after(
    health: Option<&Health>,
    limits: &CallLimits,
    failure: &Failure,
    at: Timestamp,
) -> Option<Rest> {
    let rests = health.map_or(0, |health| health.rests_in_a_row);
    match &failure.class {
        FailureClass::WorkerBlocked => Some(Rest::Blocked),
        FailureClass::RateLimited { retry_after } => {
            let pause =
                retry_after.unwrap_or_else(|| doubled(limits.rate_limit_rest, rests, limits.rate_limit_rest_max));
            Some(Rest::Until { at: at.after(pause) })
        }
        FailureClass::Transient | FailureClass::Timeout => {
            let failures = health.map_or(0, |health| health.failures_in_a_row) + 1;
            (failures >= limits.failures_before_rest)
                .then(|| Rest::Until { at: at.after(doubled(limits.rest_first, rests, limits.rest_max)) })
        }
        FailureClass::RequestRefused | FailureClass::Interrupted | FailureClass::Cancelled => None,
    }
}
