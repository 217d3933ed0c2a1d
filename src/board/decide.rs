//! `decide`: what an input makes true, or why it is refused. It reads nothing but its arguments and changes nothing.

use super::attempt::{Answer, AttemptState, Failure, FailureClass, Usage};
use super::batching;
use super::budget;
use super::event::{Ending, Event};
use super::growing;
use super::id::{AttemptKey, Role, Seq, StepId, TaskId, WorkerName};
use super::input::{Input, Offer, PersonAnswer, Refusal};
use super::memory;
use super::page::Reason;
use super::people;
use super::plan::PlanSource;
use super::planning;
use super::react::is_owed;
use super::recovery::blames_worker;
use super::rests::rest_after;
use super::rules::Rules;
use super::settle::{commit, ran_for, settle};
use super::standings::{Look, Standings};
use super::state::State;
use super::task::{Phase, StepStanding, Task};
use super::time::Timestamp;
use std::time::Duration;

/// How much older than the decision an answer may seem: file systems stamp files with a clock of their own.
const ANSWER_SLACK: Duration = Duration::from_secs(1);

/// Takes an input whole: decides on it, applies what it makes true and everything that follows. Each event is handed to
/// `each`, in order, with the state just after it, so that pages can be made from it.
///
/// # Errors
/// Why the input was refused; then nothing has changed.
pub fn take(
    state: &mut State,
    rules: &Rules,
    input: Input,
    each: &mut dyn FnMut(&State, Seq, Event),
) -> Result<(), Refusal> {
    let at = input.at();
    if let Input::Tick { .. } = input {
        // One at a time: what a lost call does to its worker's standing counts for the next.
        while let Some(event) = due(state, rules, at) {
            commit(state, event, each);
        }
    } else {
        for event in decide(state, rules, input)? {
            commit(state, event, each);
        }
    }
    settle(state, rules, at, each);
    Ok(())
}

/// What an input makes true.
///
/// # Errors
/// Why it is refused.
pub fn decide(state: &State, rules: &Rules, input: Input) -> Result<Vec<Event>, Refusal> {
    match input {
        Input::Offer(offer) => accept(state, rules, *offer),
        Input::BadFile { at, name, hash, reason } => Ok(vec![Event::FileRejected { at, name, hash, reason }]),
        Input::Answered { at, key, answer } => {
            running(state, &key)?;
            let left = left_alone(state, at, &key, None);
            Ok(std::iter::once(Event::AttemptAnswered { at, key, answer }).chain(left).collect())
        }
        Input::AnsweredTogether { at, parts } => answered_together(state, rules, at, parts),
        Input::Failed { at, key, failure } => {
            let worker = running(state, &key)?;
            let left = left_alone(state, at, &key, Some(&failure));
            Ok(std::iter::once(failed(state, rules, at, key, &worker, failure)).chain(left).collect())
        }
        Input::Validated { at, key, validation } => {
            if !is_owed(state, &key) {
                return Err(Refusal::NotRunning { key });
            }
            Ok(vec![Event::AttemptValidated { at, key, validation }])
        }
        Input::Placed { at, patch, reverted: false } => Ok(vec![Event::PatchApplied { at, patch }]),
        Input::Placed { at, patch, reverted: true } => Ok(vec![Event::PatchReverted { at, patch }]),
        Input::Reserve { at, key, usd } => {
            let worker = running(state, &key)?;
            budget::reserve(state, rules, at, key, &worker, usd)
        }
        Input::Adopted { at, key, deadline } => {
            running(state, &key)?;
            let adopted = |key| Event::AttemptAdopted { at, key, deadline };
            let along = along(state, &key).into_iter().map(adopted);
            Ok(std::iter::once(adopted(key)).chain(along).collect())
        }
        Input::Person { at, task, by, answer, given, file } => {
            let waiting = awaited(state, &task, given)?;
            let look = Look { state, rules, task: waiting, at };
            match answer {
                PersonAnswer::Retry => tried_again(look, by, file),
                PersonAnswer::Approve => Ok(person(at, task, by, (answer, Ending::Done), file)),
                PersonAnswer::Reject { ref why } => {
                    let ending = Ending::Failed { why: format!("rejected by {by}: {}", why.head().trim()) };
                    Ok(person(at, task, by, (answer, ending), file))
                }
            }
        }
        Input::HandedIn { at, task, which, by, given, file } => {
            let key = people::handed_in(state, &task, which.as_deref(), given)?;
            Ok(vec![Event::PersonHandedIn { at, key, by, file }])
        }
        Input::Cancel { at, task, by, file } => cancel(state, at, &task, by, file),
        Input::Memory { at, by, act } => Ok(memory::decide(&state.memories, &rules.memory, at, by, *act)?),
        Input::OrderHeld { at, number, by, why } => Ok(vec![Event::OrderHeld { at, number, by, why }]),
        Input::ImportRecords { file, hash, .. } if state.globals.tallies.imports.contains(&hash) => {
            Err(Refusal::ImportedBefore { file })
        }
        Input::ImportRecords { at, by, file, hash, mut records } => {
            for record in &mut records {
                // Older systems knew roles by names that are aliases here.
                let role = rules.catalog.role_named(record.role.as_str()).map(Role::new);
                record.role = role.unwrap_or_else(|| record.role.clone());
            }
            Ok(vec![Event::RecordsImported { at, by, file, hash, records }])
        }
        Input::Started { at } => Ok(vec![Event::DaemonStarted { at }]),
        Input::Tick { at } => Ok(due(state, rules, at).into_iter().collect()),
        Input::Published { at, upto } => {
            let published = state.index.ended.iter().take_while(|(seq, _)| *seq <= upto);
            Ok(published.map(|(_, task)| Event::TaskArchived { at, task: task.clone() }).collect())
        }
    }
}

fn accept(state: &State, rules: &Rules, offer: Offer) -> Result<Vec<Event>, Refusal> {
    if let Some(of) = state.index.by_hash.get(offer.source.hash()) {
        return Err(Refusal::Duplicate { of: of.clone() });
    }
    if state.tasks.contains_key(&offer.id) {
        return Err(Refusal::Duplicate { of: offer.id });
    }
    // One that others wait for is taken even when the board is full: it may be what makes room.
    if state.index.open >= rules.limits.open_tasks_max && !state.is_awaited(&offer.id) {
        return Err(Refusal::Busy { open: state.index.open });
    }
    let waits_for = dependencies(state, &offer)?;
    let (route, plan) = planning::plan(state, rules, &offer)?;
    let mut offer = offer;
    // A team may ask for more than the person did; thresholds and waiting for a person go by what the task holds.
    offer.spec.priority = route.priority;
    Ok(vec![Event::TaskAccepted {
        at: offer.at,
        task: offer.id,
        spec: Box::new(offer.spec),
        source: offer.source,
        route: Box::new(route),
        plan: Box::new(plan),
        waits_for,
    }])
}

/// The tasks that must end first. One that nobody has dropped yet is waited for; one that failed is not.
fn dependencies(state: &State, offer: &Offer) -> Result<Vec<TaskId>, Refusal> {
    let mut waits_for: Vec<TaskId> = Vec::new();
    // Nobody can wait for a task that nobody has named. Without this look every hand-in would walk all that wait before it.
    let awaited = state.is_awaited(&offer.id);
    for on in &offer.spec.depends_on {
        if *on == offer.id || awaited && leads_to(state, on, &offer.id) {
            return Err(unacceptable(
                format!("`depends_on` makes a circle: {} waits for {on}, which waits for it in turn", offer.id),
                "take one of the two dependencies out",
            ));
        }
        match offer.ended.get(on) {
            Some(true) => {}
            Some(false) => {
                return Err(unacceptable(
                    format!("`depends_on` names {on}, which has ended without success"),
                    "run that task again and name the new one, or take it out",
                ));
            }
            None if waits_for.contains(on) => {}
            None => waits_for.push(on.clone()),
        }
    }
    Ok(waits_for)
}

/// Whether `from` waits, over any number of tasks, for `to`. Walks only waiting tasks, each once.
fn leads_to(state: &State, from: &TaskId, to: &TaskId) -> bool {
    let mut seen = std::collections::BTreeSet::new();
    let mut open = vec![from.clone()];
    while let Some(id) = open.pop() {
        if !seen.insert(id.clone()) {
            continue;
        }
        if let Some(Task { phase: Phase::Waiting { on }, .. }) = state.tasks.get(&id) {
            if on.contains(to) {
                return true;
            }
            open.extend(on.iter().cloned());
        }
    }
    false
}

/// A refusal with what is wrong and how to mend it.
pub(in crate::board) fn unacceptable(what: impl Into<String>, mend: impl Into<String>) -> Refusal {
    Refusal::Unacceptable(Reason { what: what.into(), line: None, mend: mend.into() })
}

/// The worker of a running attempt; a report about any other attempt is late, double or false.
fn running(state: &State, key: &AttemptKey) -> Result<WorkerName, Refusal> {
    let attempt = state.tasks.get(&key.task).and_then(|task| task.attempts.get(&key.number));
    match attempt {
        Some(attempt) if matches!(attempt.state, AttemptState::Running { .. }) => Ok(attempt.worker.clone()),
        Some(_) | None => Err(Refusal::NotRunning { key: key.clone() }),
    }
}

/// The running attempts that are asked in this one's call.
fn along(state: &State, key: &AttemptKey) -> Vec<AttemptKey> {
    let Some(task) = state.tasks.get(&key.task) else { return Vec::new() };
    batching::along(task, key).map(|other| AttemptKey { task: key.task.clone(), number: other.number }).collect()
}

/// The ends of those that were asked in a call which is over and brought them nothing. What it cost is its own attempt's.
fn left_alone(state: &State, at: Timestamp, key: &AttemptKey, failure: Option<&Failure>) -> Vec<Event> {
    let left = |key| {
        let lost = Failure {
            class: FailureClass::Transient,
            message: "the call that also asked for this step brought no part for it".to_owned(),
            after_s: 0.0,
            usage: Usage::FREE,
        };
        let failure = failure.map_or(lost, |failure| Failure { usage: Usage::FREE, ..failure.clone() });
        Event::AttemptFailed { at, key, failure, rest_until: None }
    };
    along(state, key).into_iter().map(left).collect()
}

/// What came of each step of one call. Failures come first, so that an answer beside them shows the worker to be well.
fn answered_together(
    state: &State,
    rules: &Rules,
    at: Timestamp,
    parts: Vec<(AttemptKey, Result<Box<Answer>, Failure>)>,
) -> Result<Vec<Event>, Refusal> {
    let (mut failures, mut answers, mut late) = (Vec::new(), Vec::new(), None);
    for (key, part) in parts {
        match (running(state, &key), part) {
            (Err(refusal), _) => late = Some(refusal),
            (Ok(_), Ok(answer)) => answers.push(Event::AttemptAnswered { at, key, answer }),
            (Ok(worker), Err(failure)) => failures.push(failed(state, rules, at, key, &worker, failure)),
        }
    }
    failures.append(&mut answers);
    match late {
        Some(refusal) if failures.is_empty() => Err(refusal),
        Some(_) | None => Ok(failures),
    }
}

fn failed(
    state: &State,
    rules: &Rules,
    at: Timestamp,
    key: AttemptKey,
    worker: &WorkerName,
    failure: Failure,
) -> Event {
    let is_own = state
        .tasks
        .get(&key.task)
        .is_some_and(|task| blames_worker(task, &failure.class, at) && !batching::goes_along(task, key.number));
    let rest_until =
        if is_own { rest_after(state.globals.health.get(worker), &rules.limits, &failure, at) } else { None };
    Event::AttemptFailed { at, key, failure, rest_until }
}

/// Whether the task waits for a person and this answer can be one to its decision: nobody approves what they have not seen.
fn awaited<'a>(state: &'a State, id: &TaskId, given: Timestamp) -> Result<&'a Task, Refusal> {
    let task = state.tasks.get(id).ok_or_else(|| Refusal::NoSuchTask { task: id.clone() })?;
    let wrong = |state: &str| Err(Refusal::WrongState { task: id.clone(), state: state.to_owned() });
    match &task.phase {
        Phase::AwaitingPerson { since, .. } if given.after(ANSWER_SLACK) < *since => {
            wrong("was decided after this answer was given; read the decision and answer anew")
        }
        Phase::AwaitingPerson { .. } => Ok(task),
        Phase::Waiting { .. } | Phase::Working | Phase::Decided { .. } | Phase::Ended { .. } => {
            wrong("is not waiting for a person")
        }
    }
}

/// The failed steps of a partial result, once more.
fn tried_again(look: Look<'_>, by: String, file: Option<String>) -> Result<Vec<Event>, Refusal> {
    let (at, task) = (look.at, look.task.id.clone());
    let standings = Standings::of(look);
    let failed = look
        .task
        .plan
        .steps
        .iter()
        .filter(|step| growing::counts(look.task, step) && standings.get(&step.id) == StepStanding::Failed);
    let failed: Vec<&StepId> = failed.map(|step| &step.id).collect();
    let adds = growing::again(look.task, &failed);
    if adds.is_empty() {
        return Err(Refusal::WrongState { task, state: "has no failed step that could be tried again".to_owned() });
    }
    let why = format!("{by} wants {} failed step(s) tried again", adds.len());
    let changed = Event::PlanChanged {
        at,
        task: task.clone(),
        by: None,
        source: PlanSource::Person,
        adds,
        drops: Vec::new(),
        checkpoint_every: None,
        why,
    };
    Ok(vec![Event::PersonAnswered { at, task, by, answer: PersonAnswer::Retry, file }, changed])
}

fn person(
    at: Timestamp,
    id: TaskId,
    by: String,
    (answer, ending): (PersonAnswer, Ending),
    file: Option<String>,
) -> Vec<Event> {
    vec![
        Event::PersonAnswered { at, task: id.clone(), by, answer, file },
        Event::TaskEnded { at, task: id, ending, file: None },
    ]
}

fn cancel(state: &State, at: Timestamp, id: &TaskId, by: String, file: Option<String>) -> Result<Vec<Event>, Refusal> {
    let task = state.tasks.get(id).ok_or_else(|| Refusal::NoSuchTask { task: id.clone() })?;
    if matches!(task.phase, Phase::Ended { .. }) {
        return Err(Refusal::WrongState { task: id.clone(), state: "has ended already".to_owned() });
    }
    let mut events = Vec::new();
    for attempt in task.attempts.values() {
        if matches!(attempt.state, AttemptState::Planned { .. } | AttemptState::Running { .. }) {
            let failure = Failure {
                class: FailureClass::Cancelled,
                message: "the task was cancelled".to_owned(),
                after_s: ran_for(&attempt.state, at),
                usage: Usage::default(),
            };
            let key = AttemptKey { task: id.clone(), number: attempt.number };
            events.push(Event::AttemptFailed { at, key, failure, rest_until: None });
        }
    }
    events.push(Event::TaskEnded { at, task: id.clone(), ending: Ending::Cancelled { by }, file });
    Ok(events)
}

/// What a moment brings that settling does not find: a lost call, a lapsed lease.
fn due(state: &State, rules: &Rules, at: Timestamp) -> Option<Event> {
    overdue(state, rules, at).or_else(|| state.memories.lapsed(at))
}

/// The first call that should have reported long ago; it is given up. Everything else that a moment brings is found by
/// settling.
fn overdue(state: &State, rules: &Rules, at: Timestamp) -> Option<Event> {
    let (deadline, key) = state.index.deadlines.first()?;
    let attempt = state.tasks.get(&key.task)?.attempts.get(&key.number)?;
    let failure = Failure {
        class: FailureClass::Timeout,
        message: "no report came within its time".to_owned(),
        after_s: ran_for(&attempt.state, at),
        usage: Usage::default(),
    };
    let is_lost = at >= deadline.after(rules.limits.overrun_grace);
    is_lost.then(|| failed(state, rules, at, key.clone(), &attempt.worker, failure))
}
