//! `apply`: the only writer of the state. It looks at nothing but the event and cannot fail; an event that does not fit
//! (which only a damaged journal could hold) changes nothing.

use super::attempt::{Attempt, AttemptState, Failure, FailureClass, Reserved, Thread};
use super::batching;
use super::budget;
use super::event::{Event, Rest};
use super::growth::Growth;
use super::id::{AttemptKey, Seq, TaskId, WorkerName};
use super::input::PersonAnswer;
use super::people;
use super::recovery::blames_worker;
use super::schedule::turn;
use super::spec::Source;
use super::state::{ORDER_RUNS_FOR, ORDER_RUNS_MAX, Resting, State};
use super::tally;
use super::task::{Phase, Task};
use super::time::Timestamp;
use std::collections::BTreeMap;

/// Makes `event`, which stands at `seq` in the journal, part of the state.
pub fn apply(state: &mut State, seq: Seq, event: &Event) {
    state.seq = state.seq.max(seq);
    if seq > state.globals.seq {
        state.globals.seq = seq;
        tally::count(state, event);
        apply_globals(state, event);
    }
    match event {
        Event::TaskAccepted { .. } => accept(state, event),
        Event::FileRejected { .. }
        | Event::DaemonStarted { .. }
        | Event::OrderHeld { .. }
        | Event::PatchApplied { .. }
        | Event::PatchReverted { .. }
        | Event::RecordsImported { .. } => {}
        Event::MemoryRevised { .. } | Event::MemoryLeased { .. } => state.memories.apply(event),
        Event::DependencyEnded { task, on, .. } => dependency_ended(state, task, on),
        Event::AttemptPlanned { .. } => attempt_planned(state, event),
        Event::AttemptStarted { at, key, deadline, thread, along, asked } => {
            let batch = (!along.is_empty()).then_some(key.number);
            attempt_started(state, key, Start { at: *at, deadline: *deadline, thread: *thread, batch });
            ask_person(state, key, *asked);
            for number in along {
                let key = AttemptKey { task: key.task.clone(), number: *number };
                attempt_started(state, &key, Start { at: *at, deadline: *deadline, thread: Thread::default(), batch });
            }
        }
        Event::CostReserved { at, key, usd } => cost_reserved(state, key, Reserved { at: *at, usd: *usd }),
        Event::AttemptAdopted { key, deadline, .. } => attempt_adopted(state, key, *deadline),
        Event::AttemptAnswered { at, key, answer } => {
            attempt_ended(state, key, |started| AttemptState::Answered { started, ended: *at, answer: answer.clone() });
        }
        Event::AttemptFailed { at, key, failure, .. } => {
            attempt_ended(state, key, |_| AttemptState::Failed { ended: *at, failure: failure.clone() });
        }
        Event::AttemptValidated { key, validation, .. } => {
            if let Some(attempt) = attempt_mut(state, key) {
                attempt.validation.get_or_insert_with(|| validation.as_ref().clone());
                state.index.touched.insert(key.task.clone());
            }
        }
        Event::TaskDecided { at, task, decision, waits_for_person, waiting } => {
            let decision = decision.clone();
            let phase = if *waits_for_person {
                let waiting = waiting.unwrap_or_default();
                state.index.task_alarms.extend(waiting.alarms().map(|moment| (moment, task.clone())));
                Phase::AwaitingPerson { since: *at, waiting, decision }
            } else {
                Phase::Decided { decision }
            };
            set_phase(state, task, phase);
        }
        Event::PlanChanged { task, .. } => change_plan(state, task, event),
        Event::Progressed { task, progress, .. } => {
            if let Some(record) = state.tasks.get_mut(task) {
                record.growth.told = *progress;
            }
        }
        Event::PersonHandedIn { .. } => {}
        Event::PersonReminded { task, attempt, .. } => {
            if let Some(record) = state.tasks.get_mut(task) {
                people::reminded(record, *attempt);
            }
        }
        Event::PersonAnswered { task, answer, .. } => {
            let said = match answer {
                PersonAnswer::Approve => Some(true),
                PersonAnswer::Reject { .. } => Some(false),
                PersonAnswer::Retry => None,
            };
            if let Some(record) = state.tasks.get_mut(task) {
                record.approved = said;
            }
        }
        Event::TaskEnded { at, task, ending, .. } => {
            let decision = state.tasks.get(task).and_then(|task| task.phase.decision().cloned()).map(Box::new);
            end_task(state, seq, task, Phase::Ended { at: *at, ending: ending.clone(), decision });
        }
        Event::TaskArchived { task, .. } => forget(state, task),
    }
}

/// The part that outlives tasks: how the workers stand, what the days have cost. What they did is counted before.
fn apply_globals(state: &mut State, event: &Event) {
    budget::settle(state, event);
    match event {
        Event::AttemptAnswered { at, key, .. } => {
            let Some(worker) = worker_of(state, key) else { return };
            if state.globals.health.get_mut(&worker).is_some_and(|health| health.recovers(*at)) {
                state.globals.health.remove(&worker);
            }
        }
        Event::AttemptFailed { at, key, failure, rest_until } => failed_globals(state, *at, key, failure, *rest_until),
        // A person has started the daemon anew, perhaps after mending what blocked a worker.
        Event::DaemonStarted { .. } => {
            state.globals.health.retain(|_, health| !matches!(health.rest, Resting::Blocked { .. }));
        }
        Event::TaskAccepted { at, source: Source::Order { number, .. }, .. } => order_ran(state, *number, *at),
        Event::TaskAccepted { .. }
        | Event::FileRejected { .. }
        | Event::OrderHeld { .. }
        | Event::RecordsImported { .. }
        | Event::DependencyEnded { .. }
        | Event::AttemptPlanned { .. }
        | Event::AttemptStarted { .. }
        | Event::CostReserved { .. }
        | Event::AttemptAdopted { .. }
        | Event::AttemptValidated { .. }
        | Event::PatchApplied { .. }
        | Event::PatchReverted { .. }
        | Event::PlanChanged { .. }
        | Event::Progressed { .. }
        | Event::TaskDecided { .. }
        | Event::PersonAnswered { .. }
        | Event::PersonReminded { .. }
        | Event::PersonHandedIn { .. }
        | Event::TaskEnded { .. }
        | Event::MemoryRevised { .. }
        | Event::MemoryLeased { .. }
        | Event::TaskArchived { .. } => {}
    }
}

/// Also of tasks that end and leave the state: how often an order may be carried out must not depend on that.
fn order_ran(state: &mut State, number: u32, at: Timestamp) {
    let runs = state.globals.order_runs.entry(number).or_default();
    runs.push_back(at);
    while runs.len() > ORDER_RUNS_MAX || runs.front().is_some_and(|first| first.after(ORDER_RUNS_FOR) <= at) {
        runs.pop_front();
    }
}

fn failed_globals(state: &mut State, at: Timestamp, key: &AttemptKey, failure: &Failure, rest: Option<Rest>) {
    let Some(task) = state.tasks.get(&key.task) else { return };
    let Some(worker) = task.attempts.get(&key.number).map(|attempt| attempt.worker.clone()) else { return };
    let of_a_call = !batching::goes_along(task, key.number);
    let counts = of_a_call && matches!(failure.class, FailureClass::Transient | FailureClass::Timeout);
    if rest.is_none() && !(counts && blames_worker(task, &failure.class, at)) {
        return;
    }
    let health = state.globals.health.entry(worker.clone()).or_default();
    health.count(&failure.class, rest, &failure.message, at);
    if rest.is_some() {
        touch_waiting_for(state, &worker);
    }
}

/// A worker that is blocked or rests may not come to the attempts that wait for it: their tasks must be looked at again.
fn touch_waiting_for(state: &mut State, worker: &WorkerName) {
    if let Some(queue) = state.index.waiting.get(worker) {
        let ready = queue.ready.iter().map(|(_, _, key)| key);
        let all = ready.chain(queue.paused.iter().map(|(_, key)| key));
        state.index.touched.extend(all.map(|key| key.task.clone()));
    }
}

fn worker_of(state: &State, key: &AttemptKey) -> Option<WorkerName> {
    state.tasks.get(&key.task)?.attempts.get(&key.number).map(|attempt| attempt.worker.clone())
}

fn accept(state: &mut State, event: &Event) {
    let Event::TaskAccepted { at, task, spec, source, route, plan, waits_for } = event else { return };
    if state.tasks.contains_key(task) {
        return;
    }
    let phase = if waits_for.is_empty() { Phase::Working } else { Phase::Waiting { on: waits_for.clone() } };
    for on in waits_for {
        state.index.dependents.entry(on.clone()).or_default().insert(task.clone());
    }
    if let Some(timeout) = spec.timeout {
        state.index.task_alarms.insert((at.after(timeout), task.clone()));
    }
    state.index.by_hash.insert(source.hash().to_owned(), task.clone());
    state.index.touched.insert(task.clone());
    state.index.open += 1;
    let record = Task {
        id: task.clone(),
        spec: spec.as_ref().clone(),
        source: source.clone(),
        route: route.as_ref().clone(),
        plan: plan.as_ref().clone(),
        accepted: *at,
        attempts: BTreeMap::new(),
        growth: Growth::default(),
        approved: None,
        phase,
    };
    state.tasks.insert(task.clone(), record);
}

fn dependency_ended(state: &mut State, task: &TaskId, on: &TaskId) {
    if let Some(dependents) = state.index.dependents.get_mut(on) {
        dependents.remove(task);
        if dependents.is_empty() {
            state.index.dependents.remove(on);
        }
    }
    let Some(record) = state.tasks.get_mut(task) else { return };
    if let Phase::Waiting { on: waits_for } = &mut record.phase {
        waits_for.retain(|id| id != on);
        if waits_for.is_empty() {
            record.phase = Phase::Working;
        }
    }
    state.index.touched.insert(task.clone());
}

fn attempt_planned(state: &mut State, event: &Event) {
    let Event::AttemptPlanned { key, step, seat, worker, role, purpose, tries_before, rung, not_before, .. } = event
    else {
        return;
    };
    let Some(task) = state.tasks.get_mut(&key.task) else { return };
    if !is_open(task) || task.attempts.contains_key(&key.number) {
        return;
    }
    let attempt = Attempt {
        number: key.number,
        step: step.clone(),
        seat: *seat,
        worker: worker.clone(),
        role: role.clone(),
        purpose: purpose.clone(),
        tries_before: *tries_before,
        rung: *rung,
        thread: Thread::default(),
        reserved: None,
        validation: None,
        batch: None,
        asked: None,
        state: AttemptState::Planned { not_before: *not_before },
    };
    task.attempts.insert(key.number, attempt);
    let queue = state.index.waiting.entry(worker.clone()).or_default();
    queue.paused.insert((*not_before, key.clone()));
}

/// Notes that a person is asked, and wakes the task when it is time to remind them.
fn ask_person(state: &mut State, key: &AttemptKey, asked: Option<people::Waiting>) {
    let Some(attempt) = attempt_mut(state, key).filter(|_| asked.is_some()) else { return };
    attempt.asked = asked;
    let alarms = asked.into_iter().flat_map(people::Waiting::alarms);
    state.index.task_alarms.extend(alarms.map(|moment| (moment, key.task.clone())));
}

/// How an attempt starts.
#[derive(Clone, Copy)]
struct Start {
    at: Timestamp,
    deadline: Timestamp,
    thread: Thread,
    /// The attempt in whose call it is asked together with others.
    batch: Option<u32>,
}

fn attempt_started(state: &mut State, key: &AttemptKey, Start { at, deadline, thread, batch }: Start) {
    leave_queue(state, key);
    let Some(attempt) = attempt_mut(state, key) else { return };
    if !matches!(attempt.state, AttemptState::Planned { .. }) {
        return;
    }
    attempt.thread = thread;
    attempt.batch = batch;
    attempt.state = AttemptState::Running { started: at, deadline };
    // Who goes along takes up no call.
    if !attempt.goes_along() {
        let worker = attempt.worker.clone();
        *state.index.running.entry(worker).or_default() += 1;
        state.index.running_total += 1;
    }
    state.index.deadlines.insert((deadline, key.clone()));
}

fn cost_reserved(state: &mut State, key: &AttemptKey, reserved: Reserved) {
    let Some(attempt) = attempt_mut(state, key) else { return };
    if matches!(attempt.state, AttemptState::Running { .. }) {
        attempt.reserved = Some(reserved);
        state.index.reserved.insert(key.clone());
    }
}

fn attempt_adopted(state: &mut State, key: &AttemptKey, deadline: Timestamp) {
    let Some(attempt) = attempt_mut(state, key) else { return };
    if let AttemptState::Running { deadline: old, .. } = &mut attempt.state {
        let old = std::mem::replace(old, deadline);
        state.index.deadlines.remove(&(old, key.clone()));
        state.index.deadlines.insert((deadline, key.clone()));
    }
}

fn attempt_ended(state: &mut State, key: &AttemptKey, ended: impl FnOnce(Timestamp) -> AttemptState) {
    leave_queue(state, key);
    let task = state.tasks.get_mut(&key.task);
    let Some(attempt) = task.and_then(|task| task.attempts.get_mut(&key.number)) else { return };
    let started = match attempt.state {
        AttemptState::Planned { .. } => Timestamp::default(),
        AttemptState::Running { started, deadline } => {
            state.index.deadlines.remove(&(deadline, key.clone()));
            state.index.reserved.remove(key);
            if !attempt.goes_along() {
                state.index.running_total = state.index.running_total.saturating_sub(1);
                if let Some(running) = state.index.running.get_mut(&attempt.worker) {
                    *running = running.saturating_sub(1);
                }
            }
            started
        }
        AttemptState::Answered { .. } | AttemptState::Failed { .. } => return,
    };
    attempt.state = ended(started);
    state.index.touched.insert(key.task.clone());
}

/// Gives an open task other steps. One that waited for a person goes on.
fn change_plan(state: &mut State, task: &TaskId, event: &Event) {
    let Some(record) = state.tasks.get_mut(task).filter(|record| is_open(record)) else { return };
    record.change_plan(event);
    if matches!(record.phase, Phase::AwaitingPerson { .. }) {
        record.phase = Phase::Working;
    }
    state.index.touched.insert(task.clone());
}

/// Takes a planned attempt out of its worker's queue; does nothing for any other.
fn leave_queue(state: &mut State, key: &AttemptKey) {
    let Some(task) = state.tasks.get(&key.task) else { return };
    let Some(attempt) = task.attempts.get(&key.number) else { return };
    let AttemptState::Planned { not_before } = attempt.state else { return };
    let Some(queue) = state.index.waiting.get_mut(&attempt.worker) else { return };
    queue.ready.remove(&turn(task, key));
    queue.paused.remove(&(not_before, key.clone()));
    if queue.ready.is_empty() && queue.paused.is_empty() {
        state.index.waiting.remove(&attempt.worker);
    }
}

fn attempt_mut<'a>(state: &'a mut State, key: &AttemptKey) -> Option<&'a mut Attempt> {
    state.tasks.get_mut(&key.task)?.attempts.get_mut(&key.number)
}

/// Moves an open task on; what has ended stays as it ended.
fn set_phase(state: &mut State, task: &TaskId, phase: Phase) {
    if let Some(record) = state.tasks.get_mut(task).filter(|record| is_open(record)) {
        record.phase = phase;
        state.index.touched.insert(task.clone());
    }
}

fn is_open(task: &Task) -> bool {
    !matches!(task.phase, Phase::Ended { .. })
}

fn end_task(state: &mut State, seq: Seq, task: &TaskId, phase: Phase) {
    if !state.tasks.get(task).is_some_and(is_open) {
        return;
    }
    stop_waiting(state, task);
    set_phase(state, task, phase);
    let Some(record) = state.tasks.get(task) else { return };
    if let Some(timeout) = record.spec.timeout {
        state.index.task_alarms.remove(&(record.accepted.after(timeout), task.clone()));
    }
    let hash = record.source.hash();
    if state.index.by_hash.get(hash) == Some(task) {
        state.index.by_hash.remove(hash);
    }
    state.index.ended.insert((seq, task.clone()));
    state.index.ended_at.insert(task.clone(), seq);
    state.index.open = state.index.open.saturating_sub(1);
}

/// A task that ends while it waits for others is no longer told of their ends.
fn stop_waiting(state: &mut State, task: &TaskId) {
    let Some(Phase::Waiting { on }) = state.tasks.get(task).map(|record| record.phase.clone()) else { return };
    for on in on {
        if let Some(dependents) = state.index.dependents.get_mut(&on) {
            dependents.remove(task);
            if dependents.is_empty() {
                state.index.dependents.remove(&on);
            }
        }
    }
}

fn forget(state: &mut State, task: &TaskId) {
    state.tasks.remove(task);
    if let Some(seq) = state.index.ended_at.remove(task) {
        state.index.ended.remove(&(seq, task.clone()));
    }
    state.index.touched.remove(task);
}
