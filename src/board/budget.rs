//! Budgets: what calls may cost, by the task and by the day. A call's worst case is set aside before it is made and
//! settled when it ends, so calls that run at once cannot overrun a budget together. What a call can cost at most is known
//! outside; nothing here asks a price.
//!
//! A call is paid by the day on which its money was set aside. One that ends without a known cost has cost all that was.

use super::attempt::{Attempt, AttemptState, FailureClass, Purpose, Reserved, Usage};
use super::event::Event;
use super::id::{AttemptKey, WorkerName};
use super::input::Refusal;
use super::rules::{Price, Rules};
use super::state::State;
use super::task::Task;
use super::time::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// Days whose sums are kept.
const DAYS_KEPT: usize = 35;
/// Sums of dollars are off by what floating point rounds; a billionth of a dollar is nobody's money.
const ROUNDING_USD: f64 = 1e-9;

/// One budget and how it stands, in USD.
struct Fund {
    /// Whose it is, as in "the task's budget".
    whose: &'static str,
    limit: f64,
    /// Paid for calls that have ended.
    spent: f64,
    /// Set aside for calls that run.
    held: f64,
}

/// Sets money aside for a running attempt of `worker`, or says why not. Nothing where there is no budget, or where it is
/// set aside already.
///
/// # Errors
/// `OverBudget` when it can never be had, `BudgetInUse` when it may be had once other calls have ended.
pub(in crate::board) fn reserve(
    state: &State,
    rules: &Rules,
    at: Timestamp,
    key: AttemptKey,
    worker: &WorkerName,
    usd: Option<f64>,
) -> Result<Vec<Event>, Refusal> {
    let Some(task) = state.tasks.get(&key.task) else { return Ok(Vec::new()) };
    let funds = funds(state, rules, task, at);
    let is_held = task.attempts.get(&key.number).is_some_and(|attempt| attempt.reserved.is_some());
    if funds.is_empty() || is_held {
        return Ok(Vec::new());
    }
    let Some(usd) = usd.filter(|usd| usd.is_finite() && *usd >= 0.0) else {
        let why = format!(
            "not asked under a budget, because nothing bounds what a call costs; `workers.{worker}.call_usd_max` or, for a \
             model behind an API, `workers.{worker}.price` would"
        );
        return Err(Refusal::OverBudget { why });
    };
    if let Some(fund) = funds.iter().find(|fund| usd > fund.limit - fund.spent + ROUNDING_USD) {
        let left = (fund.limit - fund.spent).max(0.0);
        let Fund { whose, limit, .. } = fund;
        let why = format!(
            "not asked: the call could cost up to {}, and of {whose} budget of {} there is {} left",
            dollars(usd),
            dollars(*limit),
            dollars(left)
        );
        return Err(Refusal::OverBudget { why });
    }
    if funds.iter().any(|fund| usd > fund.limit - fund.spent - fund.held + ROUNDING_USD) {
        return Err(Refusal::BudgetInUse);
    }
    Ok(vec![Event::CostReserved { at, key, usd }])
}

/// Whether nothing is left of a budget that a call of this task would be under.
pub(in crate::board) fn is_spent(state: &State, rules: &Rules, task: &Task, at: Timestamp) -> bool {
    funds(state, rules, task, at).iter().any(|fund| fund.spent + ROUNDING_USD >= fund.limit)
}

/// The budgets that a call of this task at this moment is under.
fn funds(state: &State, rules: &Rules, task: &Task, at: Timestamp) -> Vec<Fund> {
    let of_task = task.spec.budget_usd.map(|limit| {
        let held = task.attempts.values().filter_map(held).map(|held: Reserved| held.usd).sum();
        Fund { whose: "the task's", limit, spent: spent_on(task), held }
    });
    let of_day = rules.limits.budget_usd_per_day.map(|limit| {
        let day = at.day();
        let running =
            state.index.reserved.iter().filter_map(|key| state.tasks.get(&key.task)?.attempts.get(&key.number));
        let held = running.filter_map(held).filter(|held| held.at.day() == day).map(|held| held.usd).sum();
        Fund { whose: "the day's", limit, spent: state.globals.spent.get(&day).copied().unwrap_or(0.0), held }
    });
    of_task.into_iter().chain(of_day).collect()
}

/// What is set aside for an attempt that runs.
fn held(attempt: &Attempt) -> Option<Reserved> {
    match attempt.state {
        AttemptState::Running { .. } => attempt.reserved,
        AttemptState::Planned { .. } | AttemptState::Answered { .. } | AttemptState::Failed { .. } => None,
    }
}

/// What the ended attempts of a task have cost, in USD.
pub(in crate::board) fn spent_on(task: &Task) -> f64 {
    task.attempts.values().filter_map(|attempt| Some(settled(attempt, usage(attempt)?))).sum()
}

fn usage(attempt: &Attempt) -> Option<&Usage> {
    match &attempt.state {
        AttemptState::Answered { answer, .. } => Some(&answer.usage),
        AttemptState::Failed { failure, .. } => Some(&failure.usage),
        AttemptState::Planned { .. } | AttemptState::Running { .. } => None,
    }
}

/// What a call that ends with this usage has cost: what is known, else all that was set aside.
fn settled(attempt: &Attempt, usage: &Usage) -> f64 {
    let known = usage.cost_usd.filter(|usd| usd.is_finite() && *usd >= 0.0);
    known.or(attempt.reserved.map(|held| held.usd)).unwrap_or(0.0)
}

/// Adds what an attempt that ends has cost to the day that pays. To be called with the state just before the event.
pub(in crate::board) fn settle(state: &mut State, event: &Event) {
    let (key, usage) = match event {
        Event::AttemptAnswered { key, answer, .. } => (key, &answer.usage),
        Event::AttemptFailed { key, failure, .. } => (key, &failure.usage),
        _ => return,
    };
    let Some(attempt) = state.tasks.get(&key.task).and_then(|task| task.attempts.get(&key.number)) else { return };
    let AttemptState::Running { started, .. } = attempt.state else { return };
    let usd = settled(attempt, usage);
    if usd > 0.0 {
        let day = attempt.reserved.map_or(started, |held| held.at).day();
        *state.globals.spent.entry(day).or_default() += usd;
        while state.globals.spent.len() > DAYS_KEPT {
            state.globals.spent.pop_first();
        }
    }
}

/// Whether a call was not made for want of money.
fn is_refused(attempt: &Attempt) -> bool {
    matches!(&attempt.state, AttemptState::Failed { failure, .. } if failure.class == FailureClass::OverBudget)
}

/// Whether a step, by its attempts in order, ended for want of money: the last call for one of its places was not made.
pub(in crate::board) fn stopped(attempts: &[&Attempt]) -> bool {
    let mut later: BTreeSet<u32> = BTreeSet::new();
    attempts.iter().rev().any(|attempt| later.insert(attempt.seat) && is_refused(attempt))
}

/// Whether money was wanting for a recovery plan already: for another there is none either.
pub(in crate::board) fn stopped_recovery(task: &Task) -> bool {
    task.attempts.values().any(|attempt| matches!(attempt.purpose, Purpose::Recover { .. }) && is_refused(attempt))
}

/// What a person is told of a budget in the decision; nothing when it was kept and did not stand in the way.
pub(in crate::board) fn remarks(task: &Task) -> Vec<String> {
    let mut remarks = Vec::new();
    // Of each worker the last: what was left differs from call to call, and the sentence is one however many there were.
    let refused: BTreeMap<&WorkerName, &str> = task
        .attempts
        .values()
        .filter_map(|attempt| match &attempt.state {
            AttemptState::Failed { failure, .. } if is_refused(attempt) => {
                Some((&attempt.worker, failure.message.as_str()))
            }
            AttemptState::Planned { .. }
            | AttemptState::Running { .. }
            | AttemptState::Answered { .. }
            | AttemptState::Failed { .. } => None,
        })
        .collect();
    if !refused.is_empty() {
        let refused: Vec<String> = refused.into_iter().map(|(worker, why)| format!("{worker}: {why}")).collect();
        remarks.push(format!("the budget stood in the way of calls ({})", refused.join("; ")));
    }
    let spent = spent_on(task);
    if let Some(budget) = task.spec.budget_usd.filter(|budget| spent > budget + ROUNDING_USD) {
        remarks.push(format!(
            "it cost {}, more than its budget of {}: a worker reported more than the most that was known of it",
            dollars(spent),
            dollars(budget)
        ));
    }
    remarks
}

/// Whether one worker's calls cost less than another's, as far as prices say. A price that is not known is the highest.
pub(in crate::board) fn is_cheaper(rules: &Rules, one: &WorkerName, other: &WorkerName) -> bool {
    let rate =
        |worker: &WorkerName| rules.worker(worker).and_then(|worker| worker.price).map_or(f64::INFINITY, Price::rate);
    rate(one) < rate(other)
}

impl Price {
    /// One number to compare prices by: USD per million tokens of a call with four tokens sent for each received.
    pub(in crate::board) fn rate(self) -> f64 {
        (4.0 * self.input + self.output) / 5.0
    }
}

/// Dollars for a person: cents, and more places where cents would hide a part of the amount.
fn dollars(usd: f64) -> String {
    let in_cents = (usd * 100.0 - (usd * 100.0).round()).abs() < 1e-6;
    if in_cents { format!("${usd:.2}") } else { format!("${usd:.4}") }
}
