//! `settle`: what follows from the state by itself once inputs have changed it. Steps become ready, failures are recovered
//! from, tasks are decided and end, waiting calls start. Every consequence is an event, applied before the next is sought.

use super::apply::apply;
use super::attempt::{AttemptState, Failure, FailureClass, Purpose, Usage};
use super::consensus;
use super::event::{Ending, Event};
use super::id::{AttemptKey, Seq, TaskId, WorkerName};
use super::plan::{Step, StepAim};
use super::recovery::{SeatStanding, candidates_for, is_blocked, seat_standing, time_is_up};
use super::rules::Rules;
use super::schedule::next_start;
use super::state::State;
use super::task::{Phase, StepStanding, Task};
use super::time::Timestamp;

/// Draws every consequence at the moment `at`. Each event is applied and handed to `each` in order.
pub(in crate::board) fn settle(
    state: &mut State,
    rules: &Rules,
    at: Timestamp,
    each: &mut dyn FnMut(&State, Seq, Event),
) {
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
    let mut events = Vec::new();
    for dependent in dependents {
        events.push(Event::DependencyEnded { at, task: dependent.clone(), on: task.id.clone(), well });
        if !well {
            let why = format!("{} was needed first and did not end well", task.id);
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
    if all_ended { conclude(rules, task, at) } else { planned }
}

/// Attempts that wait for a worker which cannot come, or whose task's time is up.
fn give_up(state: &State, rules: &Rules, task: &Task, at: Timestamp) -> Vec<Event> {
    let late = time_is_up(task, at);
    // Who may start nothing (a daemon that ends, one that only looks) need not know the workers, and judges none.
    let gone = |worker: &WorkerName| rules.limits.concurrent_calls_max > 0 && rules.worker(worker).is_none();
    let mut events = Vec::new();
    for attempt in task.attempts.values() {
        let (class, message) = match attempt.state {
            AttemptState::Planned { .. } if is_blocked(state, &attempt.worker) => {
                (FailureClass::RequestRefused, "the worker is blocked until its fault is mended")
            }
            AttemptState::Planned { .. } if gone(&attempt.worker) => {
                (FailureClass::RequestRefused, "the worker is no longer configured")
            }
            AttemptState::Planned { .. } if late => {
                (FailureClass::Cancelled, "the task's time was up before it started")
            }
            AttemptState::Running { .. } if late => (FailureClass::Timeout, "the task's time was up"),
            AttemptState::Planned { .. }
            | AttemptState::Running { .. }
            | AttemptState::Answered { .. }
            | AttemptState::Failed { .. } => continue,
        };
        let key = AttemptKey { task: task.id.clone(), number: attempt.number };
        let failure = Failure {
            class,
            message: message.to_owned(),
            after_s: ran_for(&attempt.state, at),
            usage: Usage::default(),
        };
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
        if taken {
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
            not_before,
        });
    }
}

/// What a worker is asked for. A check never judges its own candidate, so it depends on who sits there.
fn purpose(task: &Task, step: &Step, worker: &WorkerName) -> Purpose {
    match step.aim {
        StepAim::Judge => Purpose::Judge,
        StepAim::Make => Purpose::Make,
        StepAim::Check => Purpose::Check { candidates: candidates_for(task, step, worker) },
    }
}

/// Every step has ended: weigh the answers, or say that there are none.
fn conclude(rules: &Rules, task: &Task, at: Timestamp) -> Vec<Event> {
    if task.answered().next().is_none() {
        let why = no_answer(task);
        return vec![Event::TaskEnded { at, task: task.id.clone(), ending: Ending::Failed { why }, file: None }];
    }
    let decision = consensus::decide(task, rules, at);
    let waits_for_person = rules.consensus.require_human.contains(&task.spec.priority);
    vec![Event::TaskDecided { at, task: task.id.clone(), decision: Box::new(decision), waits_for_person }]
}

fn no_answer(task: &Task) -> String {
    let failed = task.attempts.values().filter_map(|attempt| match &attempt.state {
        AttemptState::Failed { failure, .. } => Some(format!("{}: {}", attempt.worker, failure.message)),
        AttemptState::Planned { .. } | AttemptState::Running { .. } | AttemptState::Answered { .. } => None,
    });
    let failed: Vec<String> = failed.collect();
    if failed.is_empty() {
        return "no worker could be asked".to_owned();
    }
    format!("no worker gave an answer ({})", failed.join("; "))
}
