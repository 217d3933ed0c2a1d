//! `react`: what must be done outside once an event is stored. It is called with the state just after the event, and gives
//! the same effects when the journal is replayed, so that files can be made again after a crash.

mod entries;
mod pages;
mod people;
mod seen;
mod situation;

use super::attempt::{Ask, Attempt, AttemptState, FailureClass};
use super::batching;
use super::conversations;
use super::effect::Effect;
use super::event::{Ending, Event};
use super::evidence::{self, ValidationOrder};
use super::id::{AttemptKey, TaskId};
use super::page::Page;
use super::patch::Patch;
use super::plan::Step;
use super::state::State;
use super::task::{Phase, Task};
use super::time::Timestamp;

/// The effects of `event`, in the order in which they are to be done.
pub fn react(state: &State, event: &Event) -> Vec<Effect> {
    let mut effects = match event {
        Event::TaskAccepted { task, source, spec, .. } => {
            let file = Page::TaskFile { task: task.clone(), source: source.clone(), spec: spec.clone() };
            with_task(state, task, vec![file], |task| vec![pages::state(task), pages::progress(task)])
        }
        Event::FileRejected { at, name, hash, reason } => {
            publish(vec![Page::Rejected { name: name.clone(), hash: hash.clone(), at: *at, reason: reason.clone() }])
        }
        Event::AttemptStarted { key, .. } => started(state, key),
        Event::AttemptAnswered { key, .. } => {
            let mut effects = ended(state, key);
            effects.extend(validation(state, key).map(|order| Effect::Validate(Box::new(order))));
            effects
        }
        Event::AttemptValidated { key, .. } => ended(state, key),
        Event::AttemptFailed { key, failure, .. } => {
            let mut effects = ended(state, key);
            // A call that did not report by itself may still be running.
            if matches!(failure.class, FailureClass::Cancelled | FailureClass::Timeout) {
                effects.push(Effect::Stop(key.clone()));
            }
            effects
        }
        Event::TaskDecided { task, decision, .. } => {
            let page = Page::Decision(decision.clone());
            with_task(state, task, vec![page], |task| vec![pages::state(task), pages::progress(task)])
        }
        Event::PersonAnswered { file, .. } | Event::PersonHandedIn { file, .. } => publish(taken(file.as_deref())),
        Event::TaskEnded { at, task, ending, file } => closing(state, *at, task, ending, file.as_deref()),
        Event::PlanChanged { task, .. } | Event::Progressed { task, .. } => {
            with_task(state, task, Vec::new(), |task| vec![pages::state(task), pages::progress(task)])
        }
        Event::DependencyEnded { task, .. } => with_task(state, task, Vec::new(), |task| vec![pages::state(task)]),
        Event::DaemonStarted { .. }
        | Event::PersonReminded { .. }
        | Event::OrderHeld { .. }
        | Event::RecordsImported { .. }
        | Event::PatchApplied { .. }
        | Event::PatchReverted { .. }
        | Event::AttemptPlanned { .. }
        | Event::CostReserved { .. }
        | Event::AttemptAdopted { .. }
        | Event::MemoryLeased { .. }
        | Event::TaskArchived { .. } => Vec::new(),
        Event::MemoryRevised { name, .. } => vec![Effect::Remember(name.clone())],
    };
    effects.extend(entries::entry(state, event).map(|entry| Effect::Publish(Page::Log(entry))));
    effects.extend(pages::message(state, event).map(|line| Effect::Publish(Page::Message(line))));
    effects
}

/// The calls that were running when the journal ended. The daemon waits for those that still run and reports the others
/// as interrupted; everything else that was pending follows from settling and from publishing again.
pub fn pending(state: &State) -> Vec<Ask> {
    let mut asks = Vec::new();
    for task in state.tasks.values() {
        for attempt in task.attempts.values() {
            if matches!(attempt.state, AttemptState::Running { .. }) && !attempt.goes_along() {
                let key = AttemptKey { task: task.id.clone(), number: attempt.number };
                asks.extend(ask(state, &key));
            }
        }
    }
    asks
}

/// What was being tried when the journal ended, and is tried again: a command that nobody saw end has shown nothing.
pub fn untried(state: &State) -> Vec<ValidationOrder> {
    let tasks = state.tasks.values().filter(|task| matches!(task.phase, Phase::Working));
    tasks.flat_map(|task| task.attempts.values().filter_map(|attempt| evidence::order(task, attempt))).collect()
}

/// Whether the board still waits to hear how an attempt's patch was tried.
pub fn is_owed(state: &State, key: &AttemptKey) -> bool {
    validation(state, key).is_some()
}

fn validation(state: &State, key: &AttemptKey) -> Option<ValidationOrder> {
    let task = state.tasks.get(&key.task).filter(|task| matches!(task.phase, Phase::Working))?;
    evidence::order(task, task.attempts.get(&key.number)?)
}

/// Whether an attempt is still running; an effect that was put off may have been overtaken.
pub fn is_running(state: &State, key: &AttemptKey) -> bool {
    let attempt = state.tasks.get(&key.task).and_then(|task| task.attempts.get(&key.number));
    attempt.is_some_and(|attempt| matches!(attempt.state, AttemptState::Running { .. }))
}

/// The patches that a worker with a tree of its own builds on: of each step whose output it sees the best, which is one that
/// passed its validation before one that was not tried, and that before one that failed; among equals the first.
fn onto(task: &Task, step: &Step, number: u32) -> Vec<(u32, Patch)> {
    if step.workspace.is_read() {
        return Vec::new();
    }
    let seen = task.seen_by(step);
    let best = task.plan.steps.iter().filter(|other| seen.contains(&other.id)).filter_map(|other| {
        let made = task.answered().filter(|(attempt, _)| attempt.step == other.id && attempt.number < number);
        let made = made.filter_map(|(attempt, answer)| Some((attempt, answer.change()?)));
        let rank = |attempt: &Attempt| attempt.validation.as_ref().map_or(1, |tried| if tried.passed { 0 } else { 2 });
        made.min_by_key(|(attempt, _)| (rank(attempt), attempt.number))
    });
    best.map(|(attempt, patch)| (attempt.number, patch.clone())).collect()
}

fn publish(pages: Vec<Page>) -> Vec<Effect> {
    pages.into_iter().map(Effect::Publish).collect()
}

fn with_task(state: &State, id: &TaskId, mut first: Vec<Page>, more: impl Fn(&Task) -> Vec<Page>) -> Vec<Effect> {
    if let Some(task) = state.tasks.get(id) {
        first.extend(more(task));
    }
    publish(first)
}

fn started(state: &State, key: &AttemptKey) -> Vec<Effect> {
    let mut effects: Vec<Effect> = ask(state, key).map(|ask| Effect::Ask(Box::new(ask))).into_iter().collect();
    effects.extend(with_task(state, &key.task, Vec::new(), |task| vec![pages::state(task)]));
    effects
}

fn ended(state: &State, key: &AttemptKey) -> Vec<Effect> {
    with_task(state, &key.task, Vec::new(), |task| {
        let Some(attempt) = task.attempts.get(&key.number) else { return Vec::new() };
        let mut written: Vec<Page> = pages::output(state, task, attempt).into_iter().collect();
        written.extend([pages::session(task, &attempt.worker), pages::state(task), pages::progress(task)]);
        written
    })
}

fn closing(state: &State, at: Timestamp, id: &TaskId, ending: &Ending, file: Option<&str>) -> Vec<Effect> {
    let mut written = taken(file);
    if let Some(task) = state.tasks.get(id) {
        if let (Ending::Done, Some(decision), "architecture") =
            (ending, task.phase.decision(), task.route.kind.as_str())
        {
            let decision = Box::new(decision.clone());
            written.push(Page::Architecture { at, task: id.clone(), title: task.spec.title(), decision });
        }
        written.extend([pages::state(task), pages::progress(task)]);
        written.push(Page::Closed { task: id.clone(), at, ending: ending.clone() });
    }
    let mut effects = publish(written);
    // Nobody waits any more to hear how what it made is tried.
    let tried = state.tasks.get(id).into_iter().flat_map(|task| {
        let owing = task.attempts.values().filter(|attempt| evidence::owed(task, attempt).is_some());
        owing.map(|attempt| Effect::Stop(AttemptKey { task: id.clone(), number: attempt.number }))
    });
    effects.extend(tried);
    effects
}

fn taken(file: Option<&str>) -> Vec<Page> {
    file.map(|path| Page::AnswerTaken { path: path.to_owned() }).into_iter().collect()
}

/// Everything the job needs to make the call.
fn ask(state: &State, key: &AttemptKey) -> Option<Ask> {
    let task = state.tasks.get(&key.task)?;
    let attempt = task.attempts.get(&key.number)?;
    let step = task.step(&attempt.step)?;
    let AttemptState::Running { deadline, .. } = attempt.state else { return None };
    let parts = batching::parts(task, key);
    // An answer says nothing of what its worker did to files that are gone; and what is kept of a call is its whole answer,
    // of which these have a part each.
    let cache = task.spec.cache && step.workspace.is_read() && parts.is_empty();
    Some(Ask {
        key: key.clone(),
        step: attempt.step.clone(),
        worker: attempt.worker.clone(),
        role: attempt.role.clone(),
        purpose: attempt.purpose.clone(),
        instruction: seen::instruction(task, step, attempt),
        parts,
        task_text: task.spec.text.clone(),
        title: task.spec.title(),
        context: task.spec.context.clone(),
        spec: task.spec.spec.clone(),
        memories: task.spec.memories.clone(),
        inputs: seen::inputs(task, step, attempt),
        situation: situation::situation(task, step, &attempt.purpose),
        deadline,
        resume: conversations::resume(task, attempt),
        keep_prompt: attempt.thread.keeps,
        budgeted: task.spec.budget_usd.is_some(),
        cache,
        workspace: step.workspace,
        apart: task.is_done_apart(),
        onto: onto(task, step, key.number),
    })
}
