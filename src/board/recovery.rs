//! What a failure calls for: another try, another worker, or an end. Pure arithmetic over what is known. How the workers
//! stand (rests, blocks) is `rests`.

use super::attempt::{Attempt, AttemptState, Failure, FailureClass, Rung};
use super::batching;
use super::budget;
use super::conversations::lost_its_conversation;
use super::id::{AttemptKey, WorkerName};
use super::plan::{Seat, Step, StepAim};
use super::rests::{awake_from, doubled, is_awake, is_blocked};
use super::rules::{CallLimits, Rules};
use super::standings::Look;
use super::task::Task;
use super::text::cut;
use super::time::Timestamp;
use std::cmp::Ordering;
use std::time::Duration;

/// Longest error that a reason repeats, in bytes.
const WHY_BYTES_MAX: usize = 200;

/// How one place of a step stands.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::board) enum SeatStanding {
    /// An attempt waits or runs, or its answer has not been acted on.
    Busy,
    /// It gave an answer.
    Answered,
    /// It will give none.
    Exhausted,
    /// This attempt comes next.
    Next(Box<Next>),
}

/// The attempt that comes next for a place.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::board) struct Next {
    /// Who is asked.
    pub(in crate::board) worker: WorkerName,
    /// Tries of this worker for this seat before.
    pub(in crate::board) tries_before: u32,
    /// How far up the ladder it stands.
    pub(in crate::board) rung: Rung,
    /// What led there; empty for the first.
    pub(in crate::board) why: String,
    /// Not before.
    pub(in crate::board) not_before: Timestamp,
}

/// A place of a step with everything that decides who sits there.
#[derive(Clone, Copy)]
struct Place<'a> {
    look: Look<'a>,
    step: &'a Step,
    number: u32,
    seat: &'a Seat,
    /// The attempts of the step.
    attempts: &'a [&'a Attempt],
}

/// Looks at everything that was tried for a seat and says what follows.
pub(in crate::board) fn seat_standing(look: Look<'_>, step: &Step, number: u32, attempts: &[&Attempt]) -> SeatStanding {
    let Some(seat) = step.seats.get(number as usize) else { return SeatStanding::Exhausted };
    let place = Place { look, step, number, seat, attempts };
    let Look { rules, task, at, .. } = look;
    let over = time_is_up(task, at) || !attempts_left(rules, task, 0);
    let last = attempts.iter().rev().find(|attempt| attempt.seat == number);
    match last.map(|last| (*last, &last.state)) {
        Some((_, AttemptState::Planned { .. } | AttemptState::Running { .. })) => SeatStanding::Busy,
        Some((last, AttemptState::Answered { .. })) if !over && step.aim.steers() => place.heard(last),
        Some((_, AttemptState::Answered { .. })) => SeatStanding::Answered,
        Some((_, AttemptState::Failed { .. })) | None if over => SeatStanding::Exhausted,
        None => place.somebody(None),
        Some((last, AttemptState::Failed { ended, failure })) => match retry_pause(rules, task, last, failure) {
            Retry::Never => SeatStanding::Exhausted,
            Retry::Elsewhere => place.somebody(Some((last, failure))),
            Retry::Cheaper => place.somebody_cheaper(last, failure),
            Retry::After { pause, counted } => place.again(last, failure, ended.after(pause), counted),
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
        let Look { state, rules, task, .. } = self.look;
        !rules.lack(worker)
            && !is_blocked(state, worker)
            && (self.step.aim != StepAim::Check || !candidates_for(task, self.step, worker).is_empty())
    }

    /// The seat's own worker and its fallbacks, but for those that cannot be asked, were asked in this step, or have a
    /// seat of their own to fill.
    fn free(&self) -> impl Iterator<Item = &'a WorkerName> {
        let place = *self;
        let chain = std::iter::once(&place.seat.worker).chain(&place.seat.fallbacks);
        chain.filter(move |worker| {
            let seats = place.step.seats.iter().zip(0u32..);
            let mut others = seats.filter(|(_, number)| *number != place.number).map(|(other, _)| &other.worker);
            place.fits(worker)
                && !place.attempts.iter().any(|attempt| attempt.worker == **worker)
                && !others.any(|other| other == *worker)
        })
    }

    /// The first that is free and awake; when all of them rest, the one that rests shortest. Somebody outside takes another's
    /// place only when no automated worker is awake soon; whoever is to check what this step makes takes its place last;
    /// else those as strong as the seat's own worker come first, then stronger ones, then weaker ones.
    fn somebody(&self, after: Option<(&Attempt, &Failure)>) -> SeatStanding {
        let at = self.look.at;
        let key = |worker: &&WorkerName| {
            let strength = if after.is_some() { self.strength(worker) } else { Strength::Same };
            (
                self.comes_at(worker),
                self.stands_in_from_outside(worker),
                after.is_some() && self.checks(worker),
                strength,
            )
        };
        let Some(worker) = self.free().min_by_key(key) else { return SeatStanding::Exhausted };
        let (rung, why) = match after {
            None if *worker == self.seat.worker => (Rung::First, String::new()),
            None => (self.rung_of(worker), format!("{} cannot be asked now", self.seat.worker)),
            Some((last, failure)) => (self.rung_of(worker), self.why(worker, last, failure)),
        };
        let worker = worker.clone();
        SeatStanding::Next(Box::new(Next { worker, tries_before: 0, rung, why, not_before: at }))
    }

    /// Whether a worker would take another's place and is played by somebody outside, who may take a day for it.
    fn stands_in_from_outside(&self, worker: &WorkerName) -> bool {
        *worker != self.seat.worker && self.look.rules.worker(worker).is_some_and(|rule| rule.outside)
    }

    /// When a worker can be had. Automated ones are given as long to wake up as a retry may pause before somebody outside is
    /// asked in another's place.
    fn comes_at(&self, worker: &WorkerName) -> Timestamp {
        let Look { state, rules, at, .. } = self.look;
        let awake = awake_from(state, worker, at);
        let patience = at.after(rules.limits.retry_after_max);
        if self.stands_in_from_outside(worker) { awake.max(patience) } else { awake }
    }

    /// Where a budget had no room for a worker's call, the first whose calls cost less.
    fn somebody_cheaper(&self, last: &Attempt, failure: &Failure) -> SeatStanding {
        let Look { state, rules, at, .. } = self.look;
        let cheaper = self.free().filter(|worker| budget::is_cheaper(rules, worker, &last.worker));
        let choice = cheaper.min_by_key(|worker| awake_from(state, worker, at));
        choice.map_or(SeatStanding::Exhausted, |worker| {
            let (rung, why) = (self.rung_of(worker), format!("{}; {worker} costs less", failed_line(last, failure)));
            let worker = worker.clone();
            SeatStanding::Next(Box::new(Next { worker, tries_before: 0, rung, why, not_before: at }))
        })
    }

    fn rung_of(&self, worker: &WorkerName) -> Rung {
        if self.strength(worker) == Strength::Stronger { Rung::StrongerTier } else { Rung::NextWorker }
    }

    /// What failed, and why this worker is next and none of a lower rung.
    fn why(&self, worker: &WorkerName, last: &Attempt, failure: &Failure) -> String {
        let before = failed_line(last, failure);
        match self.strength(worker) {
            Strength::Same => format!("{before}; {worker} is as strong"),
            Strength::Stronger => format!("{before}; no other worker of its tier is free, {worker} is stronger"),
            Strength::Weaker => format!("{before}; no worker as strong is free, so {worker}"),
        }
    }

    fn strength(&self, worker: &WorkerName) -> Strength {
        let tier = |name: &WorkerName| self.look.rules.worker(name).map_or(u8::MAX, |rule| rule.tier);
        match tier(worker).cmp(&tier(&self.seat.worker)) {
            Ordering::Equal => Strength::Same,
            Ordering::Less => Strength::Stronger,
            Ordering::Greater => Strength::Weaker,
        }
    }

    /// Whether a worker has a seat in a step that checks what this one makes.
    fn checks(&self, worker: &WorkerName) -> bool {
        let checks = |step: &&Step| step.aim == StepAim::Check && step.needs.contains(&self.step.id);
        self.look.task.plan.steps.iter().filter(checks).any(|step| step.seats.iter().any(|seat| seat.worker == *worker))
    }

    fn somebody_is_awake(&self) -> bool {
        self.free().any(|worker| is_awake(self.look.state, worker, self.look.at))
    }

    /// The same worker once more; but when it cannot be asked, or rests beyond the pause while another is awake, the other.
    fn again(&self, last: &Attempt, failure: &Failure, not_before: Timestamp, counted: bool) -> SeatStanding {
        let awake = awake_from(self.look.state, &last.worker, not_before);
        let sooner = || {
            self.free().any(|worker| self.comes_at(worker) < awake && is_awake(self.look.state, worker, self.look.at))
        };
        if !self.fits(&last.worker) || awake > not_before && sooner() {
            return self.somebody(Some((last, failure)));
        }
        let tries_before = last.tries_before.saturating_add(u32::from(counted));
        // A call that was interrupted is made again where it stood on the ladder.
        let rung = if counted { Rung::Retry } else { last.rung };
        let why = if rung == Rung::First { String::new() } else { failed_line(last, failure) };
        SeatStanding::Next(Box::new(Next { worker: last.worker.clone(), tries_before, rung, why, not_before }))
    }

    /// A planner's answer that has not been acted on: the first that cannot be used goes back to who gave it.
    fn heard(&self, last: &Attempt) -> SeatStanding {
        if self.look.task.growth.has_heard(last.number) {
            return SeatStanding::Answered;
        }
        let answers = self.attempts.iter().filter(|attempt| matches!(attempt.state, AttemptState::Answered { .. }));
        let lays_out = matches!(self.step.aim, StepAim::Plan | StepAim::Recover);
        if !lays_out || answers.count() > 1 {
            return SeatStanding::Busy;
        }
        if !self.fits(&last.worker) {
            return self.somebody(None);
        }
        let why = format!("the plan that {} gave could not be used; it is told what was wrong with it", last.worker);
        SeatStanding::Next(Box::new(Next {
            worker: last.worker.clone(),
            // What failed before its answer counts on: an answer gives no tries back.
            tries_before: last.tries_before,
            rung: Rung::Retry,
            why,
            not_before: self.look.at,
        }))
    }
}

/// A worker's strength beside that of the worker whose place it would take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Strength {
    Same,
    Stronger,
    Weaker,
}

fn failed_line(last: &Attempt, failure: &Failure) -> String {
    format!("{} failed ({}: {})", last.worker, failure.class.as_str(), cut(&failure.message, WHY_BYTES_MAX))
}

/// Why a planned attempt should be given up before it starts: its worker cannot come, or rests so long that the task is
/// better served by another, or by going on without it. `None`: it may wait.
pub(in crate::board) fn withheld(look: Look<'_>, attempt: &Attempt) -> Option<(FailureClass, String)> {
    let Look { state, rules, task, at } = look;
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
    let attempts: Vec<&Attempt> = task.attempts_of(&step.id).collect();
    let place = Place { look, step, number: attempt.seat, seat, attempts: &attempts };
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
    let seen = task.seen_by(step);
    let made = task.answered().filter(|(attempt, _)| seen.contains(&attempt.step));
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
        // Asked alone it may do, and that happens once in a step, so it needs no count of its own.
        class if batching::is_asked_alone(last, class) => Retry::After { pause: Duration::ZERO, counted: false },
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

/// A number that depends on these bytes alone, spread evenly (FNV-1a, 64 bits).
pub(in crate::board) fn spread(parts: &[&[u8]]) -> u64 {
    let bytes = parts.iter().copied().flatten();
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

/// A number in [0, 1) that depends on the attempt's name alone.
fn chance(key: &AttemptKey) -> f64 {
    let hash = spread(&[key.task.as_str().as_bytes(), &key.number.to_le_bytes()]);
    f64::from(u32::try_from(hash >> 32).unwrap_or(0)) / (f64::from(u32::MAX) + 1.0)
}
