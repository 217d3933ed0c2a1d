//! Small steps of one task that wait for the same worker are asked in one call: who goes along, which line begins which part
//! of the answer, and how what the call cost is divided. What the worker is told in words is `prompt`.
//!
//! A batch changes only how the answers are fetched. Each step keeps its attempt, its answer and its place in the plan; a step
//! whose part did not come is asked alone, so a batch can cost time but no answer.

use super::attempt::{Ask, Attempt, AttemptState, FailureClass, Purpose, Rung, Usage};
use super::conversations;
use super::id::{AttemptKey, StepId};
use super::plan::{Share, Step};
use super::rules::{Rules, WorkerRule};
use super::schedule::turn;
use super::state::State;
use super::task::Task;
use serde::{Deserialize, Serialize};

/// Longest instruction of a small step, in bytes.
pub const SMALL_STEP_BYTES_MAX: usize = 2000;

/// One step of a call that asks for several.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// The attempt that its answer belongs to.
    pub number: u32,
    /// The step.
    pub step: StepId,
    /// What is to be done.
    pub instruction: String,
}

/// The attempts that go along with one that is about to start, by number; empty where it goes alone.
pub(in crate::board) fn company(state: &State, rules: &Rules, key: &AttemptKey, worker: &WorkerRule) -> Vec<u32> {
    let most = rules.limits.batch_steps_max as usize;
    if most < 2 || worker.outside {
        return Vec::new();
    }
    let Some(task) = state.tasks.get(&key.task) else { return Vec::new() };
    let Some(queue) = state.index.waiting.get(&worker.name) else { return Vec::new() };
    let first = task.attempts.get(&key.number).and_then(|attempt| small(rules, task, attempt));
    let Some(first) = first else { return Vec::new() };
    // A task's attempts stand one after the other in the order of their numbers, and this one is its first.
    let waiting = queue.ready.range(turn(task, key)..).map(|(_, _, other)| other);
    let others = waiting.take_while(|other| other.task == key.task).filter(|other| other.number != key.number);
    let along = others.filter(|other| {
        let other = task.attempts.get(&other.number).and_then(|attempt| small(rules, task, attempt));
        other.is_some_and(|step| step.role == first.role && same_needs(step, first))
    });
    along.map(|other| other.number).take(most - 1).collect()
}

/// The step of an attempt that may share a call: made by one worker, told in few words, tried for the first time, with no
/// conversation of its own.
fn small<'a>(rules: &Rules, task: &'a Task, attempt: &Attempt) -> Option<&'a Step> {
    let step = task.step(&attempt.step)?;
    let short = step.instruction.as_deref().is_some_and(|text| text.len() <= SMALL_STEP_BYTES_MAX);
    let plain = step.workspace.is_read() && step.validate.is_none();
    let fresh = attempt.rung == Rung::First && task.attempts_of(&attempt.step).count() == 1;
    let fits = attempt.purpose == Purpose::Make
        && step.seats.len() == 1
        && task.plan.share == Share::Needs
        && task.growth.replan.is_none();
    (short && plain && fresh && fits && conversations::stands_alone(rules, task, attempt)).then_some(step)
}

/// Each sees what the others see, so nobody is shown more than alone.
fn same_needs(one: &Step, other: &Step) -> bool {
    one.needs.len() == other.needs.len() && one.needs.iter().all(|need| other.needs.contains(need))
}

/// Whether an attempt is asked in the call of another.
pub(in crate::board) fn goes_along(task: &Task, number: u32) -> bool {
    task.attempts.get(&number).is_some_and(Attempt::goes_along)
}

/// The running attempts that are asked in this one's call, by number.
pub(in crate::board) fn along<'a>(task: &'a Task, key: &AttemptKey) -> impl Iterator<Item = &'a Attempt> + 'a {
    let number = key.number;
    let running = |attempt: &&Attempt| matches!(attempt.state, AttemptState::Running { .. });
    task.attempts.values().filter(move |other| other.batch == Some(number) && other.number != number).filter(running)
}

/// Whether this failure is answered by asking the step alone: what went wrong may lie in asking for several things at once.
pub(in crate::board) fn is_asked_alone(attempt: &Attempt, class: &FailureClass) -> bool {
    let of_the_call = matches!(
        class,
        FailureClass::Transient | FailureClass::RequestRefused | FailureClass::Timeout | FailureClass::OverBudget
    );
    attempt.batch.is_some() && of_the_call
}

/// The parts of a running attempt's call; none where it asks for its own step alone.
pub(in crate::board) fn parts(task: &Task, key: &AttemptKey) -> Vec<Part> {
    let part = |attempt: &Attempt| {
        let step = task.step(&attempt.step)?;
        let instruction = step.instruction.clone().unwrap_or_default();
        Some(Part { number: attempt.number, step: step.id.clone(), instruction })
    };
    let own = task.attempts.get(&key.number).filter(|own| own.batch == Some(own.number));
    own.map_or_else(Vec::new, |own| std::iter::once(own).chain(along(task, key)).filter_map(part).collect())
}

/// The line that begins a part of the answer. It names the call too, so that a text which quotes an older answer, or speaks
/// of parts, is not taken for one.
pub fn marker(ask: &Ask, part: &Part) -> String {
    format!("<<<part {} of {:08x}>>>", part.step, code(&ask.key))
}

/// FNV-1a over the call's name, 32 bits.
fn code(key: &AttemptKey) -> u32 {
    let bytes = key.task.as_str().bytes().chain(key.number.to_le_bytes());
    bytes.fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

/// What stands under each part's line, in the order of the parts. `None`: the line is missing, stands there twice, or has
/// nothing under it.
pub fn split<'a>(ask: &Ask, text: &'a str) -> Vec<Option<&'a str>> {
    let markers: Vec<String> = ask.parts.iter().map(|part| marker(ask, part)).collect();
    // Which part begins where: the line's own beginning and end.
    let mut begins: Vec<(usize, usize, usize)> = Vec::new();
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        // Models like to set such a line in bold, as code or as a heading.
        let bare = line.trim_matches(|c: char| c.is_whitespace() || matches!(c, '*' | '`' | '#'));
        if let Some(which) = markers.iter().position(|marker| marker == bare) {
            begins.push((which, at, at + line.len()));
        }
        at += line.len();
    }
    let under = |which: usize| {
        let mut mine = begins.iter().enumerate().filter(|(_, (part, ..))| *part == which);
        let (place, (_, _, from)) = mine.next()?;
        if mine.next().is_some() {
            return None;
        }
        let to = begins.get(place + 1).map_or(text.len(), |(_, next, _)| *next);
        text.get(*from..to).map(str::trim).filter(|said| !said.is_empty())
    };
    (0..markers.len()).map(under).collect()
}

/// Divides what a call used by these weights. The shares add up to exactly the whole, in any order; where nothing has a
/// weight, the first bears all. Shares of an unknown cost are unknown.
pub fn shares(usage: &Usage, weights: &[usize]) -> Vec<Usage> {
    let divided = |whole: u64| divided(whole, weights);
    let (input, output, cached) =
        (divided(usage.input_tokens), divided(usage.output_tokens), divided(usage.cached_tokens));
    // A dollar amount is a whole number of its last binary places, and whole numbers can be divided without a rest.
    let cost: Option<Vec<f64>> = usage.cost_usd.map(|cost| match places(cost) {
        Some((whole, place)) => divided(whole).into_iter().map(|share| share as f64 * place).collect(),
        None => weights.iter().enumerate().map(|(at, _)| if at == 0 { cost } else { 0.0 }).collect(),
    });
    let share = |at: usize| Usage {
        input_tokens: input[at],
        output_tokens: output[at],
        cached_tokens: cached[at],
        cost_usd: cost.as_ref().map(|cost| cost[at]),
    };
    (0..weights.len()).map(share).collect()
}

/// A number as so many of its last binary place. `None` where it is no amount, or too small for that to be exact.
fn places(number: f64) -> Option<(u64, f64)> {
    const FRACTION: u32 = f64::MANTISSA_DIGITS - 1;
    if !number.is_finite() || number < 1e-200 {
        return None;
    }
    let bits = number.to_bits();
    let whole = bits & ((1 << FRACTION) - 1) | 1 << FRACTION;
    let exponent = bits >> FRACTION;
    // The power of two whose exponent lies `FRACTION` below the number's own.
    let place = f64::from_bits(exponent.checked_sub(u64::from(FRACTION))? << FRACTION);
    Some((whole, place))
}

/// Divides a whole number; what rounding down leaves over goes to the last that has a weight.
fn divided(whole: u64, weights: &[usize]) -> Vec<u64> {
    let total: u128 = weights.iter().map(|weight| *weight as u128).sum();
    let share = |weight: &usize| {
        let share = u128::from(whole) * *weight as u128 / total.max(1);
        u64::try_from(share).unwrap_or(u64::MAX)
    };
    let mut shares: Vec<u64> = weights.iter().map(share).collect();
    let left = whole - shares.iter().sum::<u64>();
    let bearer = weights.iter().rposition(|weight| *weight > 0).unwrap_or(0);
    if let Some(share) = shares.get_mut(bearer) {
        *share += left;
    }
    shares
}
