//! `settle`: what follows from the state by itself once inputs have changed it. Steps become ready, failures are recovered
//! from, tasks are decided and end, waiting calls start. Every consequence is an event, applied before the next is sought.

use super::apply::apply;
use super::attempt::{AttemptState, Failure, FailureClass, Purpose, Rung, Usage};
use super::budget;
use super::consensus;
use super::early_stop;
use super::event::{Ending, Event};
use super::id::{AttemptKey, Seq, TaskId, WorkerName};
use super::plan::{Step, StepAim};
use super::recovery::{SeatStanding, attempts_left, candidates_for, seat_standing, time_is_up, withheld};
use super::rests::blocked_by;
use super::rules::Rules;
use super::schedule::next_start;
use super::spec::WorkspaceAccess;
use super::state::State;
use super::task::{Phase, StepStanding, Task};
use super::text::cut;
use super::time::Timestamp;
use std::collections::BTreeSet;

/// How much of another task's reason is repeated. In a chain of failures each reason repeats the one before, so the bound
/// keeps a long chain from growing with the square of its length.
const REASON_BYTES_MAX: usize = 300;

/// Draws every consequence at the moment `at`. Each event is applied and handed to `each` in order.
pub(in crate::board) fn settle(
    state: &mut State,
    rules: &Rules,
    at: Timestamp,
    each: &mut dyn FnMut(&State, Seq, Event),
) {
    state.index.settled = at;
    state.wake_tasks(at);
    loop {
        while let Some(task) = state.index.touched.pop_first() {
            let events = consequences(state, rules, &task, at);
            if !events.is_empty() {
                state.index.touched.insert(task);
            }
            for event in events {
                commit(state, event, each);
            }
        }
        state.wake_attempts(at);
        match next_start(state, rules, at) {
            Some(event) => commit(state, event, each),
            None => return,
        }
    }
}

/// Applies an event as the next of the journal and hands it on.
pub(in crate::board) fn commit(state: &mut State, event: Event, each: &mut dyn FnMut(&State, Seq, Event)) {
    let seq = state.seq.next();
    apply(state, seq, &event);
    each(state, seq, event);
}

/// What follows next for one task; empty when it must wait for something.
fn consequences(state: &State, rules: &Rules, id: &TaskId, at: Timestamp) -> Vec<Event> {
    let Some(task) = state.tasks.get(id) else { return Vec::new() };
    match &task.phase {
        Phase::Waiting { .. } if time_is_up(task, at) => {
            let why = "its time was up before the tasks it waits for had ended".to_owned();
            vec![Event::TaskEnded { at, task: id.clone(), ending: Ending::Failed { why }, file: None }]
        }
        Phase::Waiting { .. } | Phase::AwaitingPerson { .. } => Vec::new(),
        Phase::Working => work(state, rules, task, at),
        Phase::Decided { .. } => {
            vec![Event::TaskEnded { at, task: id.clone(), ending: Ending::Done, file: None }]
        }
        Phase::Ended { ending, .. } => tell_dependents(state, task, ending, at),
    }
}

fn tell_dependents(state: &State, task: &Task, ending: &Ending, at: Timestamp) -> Vec<Event> {
    let Some(dependents) = state.index.dependents.get(&task.id) else { return Vec::new() };
    let well = *ending == Ending::Done;
    let why = match ending {
        Ending::Done => None,
        Ending::Failed { why } => {
            Some(format!("{} was needed first and failed: {}", task.id, cut(why, REASON_BYTES_MAX)))
        }
        Ending::Cancelled { by } => Some(format!("{} was needed first and was cancelled by {by}", task.id)),
    };
    let mut events = Vec::new();
    for dependent in dependents {
        events.push(Event::DependencyEnded { at, task: dependent.clone(), on: task.id.clone(), well });
        if let Some(why) = &why {
            let why = why.clone();
            events.push(Event::TaskEnded { at, task: dependent.clone(), ending: Ending::Failed { why }, file: None });
        }
    }
    events
}

fn work(state: &State, rules: &Rules, task: &Task, at: Timestamp) -> Vec<Event> {
    let given_up = give_up(state, rules, task, at);
    if !given_up.is_empty() {
        return given_up;
    }
    let settled = early_stop::stops(rules, task, at);
    if !settled.is_empty() {
        return settled;
    }
    let mut planned = Vec::new();
    let mut all_ended = true;
    let mut standings: Vec<(&Step, StepStanding)> = Vec::new();
    for step in &task.plan.steps {
        let standing = step_standing(state, rules, task, step, &standings, at);
        if standing == StepStanding::Ready || standing == StepStanding::Running {
            plan_attempts(state, rules, task, step, at, &mut planned);
        }
        all_ended &= matches!(standing, StepStanding::Done | StepStanding::Failed);
        standings.push((step, standing));
    }
    if all_ended { conclude(state, rules, task, at) } else { planned }
}

/// Attempts that wait for a worker which cannot come, or whose task's time is up.
fn give_up(state: &State, rules: &Rules, task: &Task, at: Timestamp) -> Vec<Event> {
    let late = time_is_up(task, at);
    let mut events = Vec::new();
    for attempt in task.attempts.values() {
        let why = match attempt.state {
            AttemptState::Planned { .. } if late => {
                Some((FailureClass::Cancelled, "the task's time was up before it started".to_owned()))
            }
            AttemptState::Planned { .. } => withheld(state, rules, task, attempt, at),
            AttemptState::Running { .. } if late => Some((FailureClass::Timeout, "the task's time was up".to_owned())),
            AttemptState::Running { .. } | AttemptState::Answered { .. } | AttemptState::Failed { .. } => None,
        };
        let Some((class, message)) = why else { continue };
        let key = AttemptKey { task: task.id.clone(), number: attempt.number };
        let failure = Failure { class, message, after_s: ran_for(&attempt.state, at), usage: Usage::default() };
        events.push(Event::AttemptFailed { at, key, failure, rest_until: None });
    }
    events
}

/// Seconds that a running attempt has taken so far; 0 for any other.
pub(in crate::board) fn ran_for(state: &AttemptState, at: Timestamp) -> f64 {
    match state {
        AttemptState::Running { started, .. } => at.since(*started).as_secs_f64(),
        AttemptState::Planned { .. } | AttemptState::Answered { .. } | AttemptState::Failed { .. } => 0.0,
    }
}

fn step_standing(
    state: &State,
    rules: &Rules,
    task: &Task,
    step: &Step,
    before: &[(&Step, StepStanding)],
    at: Timestamp,
) -> StepStanding {
    let needs = before.iter().filter(|(other, _)| step.needs.contains(&other.id)).map(|(_, standing)| *standing);
    let needs: Vec<StepStanding> = needs.collect();
    if needs.contains(&StepStanding::Failed) {
        return StepStanding::Failed;
    }
    if needs.iter().any(|standing| *standing != StepStanding::Done) {
        return StepStanding::Blocked;
    }
    let seats = 0..u32::try_from(step.seats.len()).unwrap_or(u32::MAX);
    let seats: Vec<SeatStanding> = seats.map(|seat| seat_standing(state, rules, task, step, seat, at)).collect();
    let open = |seat: &SeatStanding| matches!(seat, SeatStanding::Busy | SeatStanding::Next { .. });
    if seats.iter().any(open) {
        let begun = task.attempts_of(&step.id).next().is_some();
        return if begun { StepStanding::Running } else { StepStanding::Ready };
    }
    if seats.contains(&SeatStanding::Answered) { StepStanding::Done } else { StepStanding::Failed }
}

fn plan_attempts(state: &State, rules: &Rules, task: &Task, step: &Step, at: Timestamp, planned: &mut Vec<Event>) {
    for seat in 0..u32::try_from(step.seats.len()).unwrap_or(u32::MAX) {
        // A fallback must not sit down twice in one go, so one seat that needs a fallback is filled at a time.
        let standing = seat_standing(state, rules, task, step, seat, at);
        let SeatStanding::Next { worker, tries_before, not_before } = standing else { continue };
        let taken = planned.iter().any(|event| {
            matches!(event, Event::AttemptPlanned { step: other, worker: theirs, .. } if *other == step.id && *theirs == worker)
        });
        if taken || !attempts_left(rules, task, planned.len()) {
            continue;
        }
        let number = u32::try_from(task.attempts.len() + planned.len() + 1).unwrap_or(u32::MAX);
        planned.push(Event::AttemptPlanned {
            at,
            key: AttemptKey { task: task.id.clone(), number },
            step: step.id.clone(),
            seat,
            purpose: purpose(task, step, &worker),
            worker,
            role: step.role.clone(),
            tries_before,
            rung: Rung::First,
            why: String::new(),
            not_before,
        });
    }
}

/// What a worker is asked for. A check never judges its own candidate, so it depends on who sits there.
fn purpose(task: &Task, step: &Step, worker: &WorkerName) -> Purpose {
    match step.aim {
        StepAim::Judge => Purpose::Judge,
        StepAim::Make => Purpose::Make,
        StepAim::Plan => Purpose::Plan { error: None },
        StepAim::Review => Purpose::Review { steps: step.needs.clone() },
        StepAim::Recover => {
            Purpose::Recover { step: step.needs.first().cloned().unwrap_or_else(|| step.id.clone()), error: None }
        }
        StepAim::Synthesize => Purpose::Synthesize,
        StepAim::Check => Purpose::Check { candidates: candidates_for(task, step, worker) },
    }
}

/// Every step has ended: weigh the answers, or say that there are none.
fn conclude(state: &State, rules: &Rules, task: &Task, at: Timestamp) -> Vec<Event> {
    if task.answered().next().is_none() {
        let why = no_answer(state, rules, task, at);
        return vec![Event::TaskEnded { at, task: task.id.clone(), ending: Ending::Failed { why }, file: None }];
    }
    let mut decision = consensus::decide(task, rules, at);
    let unmet = unmet(task);
    decision.needs_human_review |= !unmet.is_empty();
    decision.review_reasons.extend(unmet);
    let waits_for_person = rules.consensus.require_human.contains(&task.spec.priority);
    vec![Event::TaskDecided { at, task: task.id.clone(), decision: Box::new(decision), waits_for_person }]
}

/// What the person asked for that this version does not do. A key that is read and not obeyed must not look obeyed.
fn unmet(task: &Task) -> Vec<String> {
    let spec = &task.spec;
    let written = || spec.plan.iter().flat_map(|plan| &plan.steps);
    let mut unmet = Vec::new();
    if spec.validate.is_some() || written().any(|step| step.validate.is_some()) {
        unmet.push("`validate` was not run: commands are not run yet".to_owned());
    }
    let worktree = |access: &WorkspaceAccess| *access == WorkspaceAccess::Worktree;
    if worktree(&spec.workspace) || written().any(|step| worktree(&step.workspace)) {
        unmet.push("`workspace: worktree` was not obeyed: the workers read the files and gave text".to_owned());
    }
    unmet.extend(budget::remarks(task));
    let not_given: BTreeSet<&String> = task.answered().flat_map(|(_, answer)| &answer.not_given).collect();
    unmet.extend(not_given.into_iter().map(|what| format!("the workers were not given {what}")));
    unmet
}

fn no_answer(state: &State, rules: &Rules, task: &Task, at: Timestamp) -> String {
    let failed = task.attempts.values().filter_map(|attempt| match &attempt.state {
        AttemptState::Failed { failure, .. } => Some(format!("{}: {}", attempt.worker, failure.message)),
        AttemptState::Planned { .. } | AttemptState::Running { .. } | AttemptState::Answered { .. } => None,
    });
    let failed: Vec<String> = failed.collect();
    if !failed.is_empty() {
        return format!("no worker gave an answer ({})", failed.join("; "));
    }
    if time_is_up(task, at) {
        return "its time was up before it began".to_owned();
    }
    let out = task.route.workers.iter().filter_map(|worker| match blocked_by(state, worker) {
        Some(why) => Some(format!("{worker} is blocked: {why}")),
        None if rules.lack(worker) => Some(format!("{worker} is no longer configured")),
        None => None,
    });
    let out: Vec<String> = out.collect();
    if out.is_empty() {
        "no worker could be asked".to_owned()
    } else {
        format!("no worker could be asked ({})", out.join("; "))
    }
}
