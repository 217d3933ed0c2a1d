//! How workers stand: who may be asked, who rests and until when (the circuit breaker), who is blocked. What a failure means
//! for the task at hand is `recovery`; nothing here looks at seats or steps.

use super::attempt::{Failure, FailureClass};
use super::event::Rest;
use super::id::WorkerName;
use super::rules::CallLimits;
use super::state::{Health, Resting, State};
use super::time::Timestamp;
use std::time::Duration;

/// Longest `Retry-After` that is believed. One of years would otherwise park a worker until somebody looks at its standing;
/// a probe once a day costs nothing.
const RETRY_AFTER_BELIEVED_MAX: Duration = Duration::from_secs(24 * 60 * 60);

fn resting<'a>(state: &'a State, worker: &WorkerName) -> Option<&'a Resting> {
    state.globals.health.get(worker).map(|health| &health.rest)
}

/// Whether a worker cannot be asked until a person mends it.
pub(in crate::board) fn is_blocked(state: &State, worker: &WorkerName) -> bool {
    matches!(resting(state, worker), Some(Resting::Blocked { .. }))
}

/// What a person must mend before a worker can be asked again; `None` when it is not blocked.
pub(in crate::board) fn blocked_by<'a>(state: &'a State, worker: &WorkerName) -> Option<&'a str> {
    match resting(state, worker) {
        Some(Resting::Blocked { why }) => Some(why),
        Some(Resting::Awake | Resting::Until { .. }) | None => None,
    }
}

/// The first moment from `at` on at which a worker that is not blocked may be asked.
pub(in crate::board) fn awake_from(state: &State, worker: &WorkerName, at: Timestamp) -> Timestamp {
    match resting(state, worker) {
        Some(Resting::Until { at: end }) => at.max(*end),
        Some(Resting::Awake | Resting::Blocked { .. }) | None => at,
    }
}

/// Whether a worker may be asked now.
pub(in crate::board) fn is_awake(state: &State, worker: &WorkerName, at: Timestamp) -> bool {
    !is_blocked(state, worker) && awake_from(state, worker, at) <= at
}

/// `first` doubled `times` times, at most `max`.
pub(in crate::board) fn doubled(first: Duration, times: u32, max: Duration) -> Duration {
    first.saturating_mul(2u32.saturating_pow(times.min(20))).min(max)
}

/// The rest a worker takes after this failure: a rate limit parks it, several transient failures in a row rest it for a
/// doubling time, a failure that only a person can mend blocks it. A worker that rests already is resting for the same
/// trouble: calls that began before and fail now make its rest neither shorter nor, unless the provider says so, longer.
pub(in crate::board) fn rest_after(
    health: Option<&Health>,
    limits: &CallLimits,
    failure: &Failure,
    at: Timestamp,
) -> Option<Rest> {
    if failure.class == FailureClass::WorkerBlocked {
        return Some(Rest::Blocked);
    }
    let until = match health.map(|health| &health.rest) {
        Some(Resting::Blocked { .. }) => return None,
        Some(Resting::Until { at: end }) if *end > at => Some(*end),
        Some(Resting::Awake | Resting::Until { .. }) | None => None,
    };
    let rests = health.map_or(0, |health| health.rests_in_a_row);
    let failures = health.map_or(0, |health| health.failures_in_a_row).saturating_add(1);
    let pause = match &failure.class {
        FailureClass::RateLimited { retry_after: Some(asked) } => (*asked).min(RETRY_AFTER_BELIEVED_MAX),
        FailureClass::RateLimited { retry_after: None } if until.is_none() => {
            doubled(limits.rate_limit_rest, rests, limits.rate_limit_rest_max)
        }
        FailureClass::Transient | FailureClass::Timeout
            if until.is_none() && failures >= limits.failures_before_rest =>
        {
            doubled(limits.rest_first, rests, limits.rest_max)
        }
        FailureClass::RateLimited { .. }
        | FailureClass::Transient
        | FailureClass::Timeout
        | FailureClass::WorkerBlocked
        | FailureClass::RequestRefused
        | FailureClass::OverBudget
        | FailureClass::Interrupted
        | FailureClass::Cancelled => return None,
    };
    let end = at.after(pause);
    until.is_none_or(|until| end > until).then_some(Rest::Until { at: end })
}

impl Health {
    /// Counts a failure that is the worker's own.
    pub(in crate::board) fn count(&mut self, class: &FailureClass, rest: Option<Rest>, message: &str, at: Timestamp) {
        if matches!(class, FailureClass::Transient | FailureClass::Timeout) {
            self.failures_in_a_row = self.failures_in_a_row.saturating_add(1);
        }
        match (rest, &self.rest) {
            (Some(Rest::Blocked), _) => self.rest = Resting::Blocked { why: message.to_owned() },
            // Only a person, or a call that succeeds, takes a block away.
            (Some(Rest::Until { .. }), Resting::Blocked { .. }) | (None, _) => {}
            // The same rest goes on; it is no further one.
            (Some(Rest::Until { at: end }), Resting::Until { at: until }) if *until > at => {
                self.rest = Resting::Until { at: end.max(*until) };
            }
            (Some(Rest::Until { at: end }), Resting::Awake | Resting::Until { .. }) => {
                self.rests_in_a_row = self.rests_in_a_row.saturating_add(1);
                self.rest = Resting::Until { at: end };
            }
        }
    }

    /// Counts a success; `true` when the worker is well again. A call that began before a rest and ends in it does not
    /// end the rest: the provider still asks for the pause.
    pub(in crate::board) fn recovers(&mut self, at: Timestamp) -> bool {
        self.failures_in_a_row = 0;
        self.rests_in_a_row = 0;
        match self.rest {
            Resting::Until { at: end } => end <= at,
            Resting::Awake | Resting::Blocked { .. } => true,
        }
    }
}
