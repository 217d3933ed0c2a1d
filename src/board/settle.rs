//! `settle`: what follows from the state by itself once inputs have changed it. Steps become ready, failures are recovered
//! from, tasks are decided and end, waiting calls start. Every consequence is an event, applied before the next is sought.

use super::apply::apply;
use super::attempt::{AttemptState, Failure, FailureClass, Purpose, Rung, Usage};
use super::conclusion::conclude;
use super::deliberation;
use super::early_stop;
use super::event::{Ending, Event};
use super::growing;
use super::id::{AttemptKey, Role, Seq, TaskId, WorkerName};
use super::people;
use super::plan::{Step, StepAim};
use super::recovery::{Next, SeatStanding, attempts_left, candidates_for, seat_standing, time_is_up, withheld};
use super::rules::Rules;
use super::schedule::next_start;
use super::standings::{Look, Standings};
use super::state::State;
use super::task::{Phase, StepStanding, Task};
use super::text::cut;
use super::time::Timestamp;

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
        Phase::Waiting { .. } => Vec::new(),
        Phase::AwaitingPerson { since, waiting, .. } => people::approval(task, *since, *waiting, at),
        Phase::Working => work(Look { state, rules, task, at }),
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

fn work(look: Look<'_>) -> Vec<Event> {
    let given_up = give_up(look);
    if !given_up.is_empty() {
        return given_up;
    }
    let settled = early_stop::stops(look);
    if !settled.is_empty() {
        return settled;
    }
    let reminders = people::reminders(look);
    if !reminders.is_empty() {
        return reminders;
    }
    let standings = Standings::of(look);
    let changes = growing::changes(look, &standings);
    if !changes.is_empty() {
        return changes;
    }
    let further = deliberation::opened(look, &standings);
    if !further.is_empty() {
        return further;
    }
    let mut planned = Vec::new();
    let mut all_ended = true;
    let held = look.task.growth.replan.as_ref();
    for step in &look.task.plan.steps {
        let standing = standings.get(&step.id);
        let starts = matches!(standing, StepStanding::Ready | StepStanding::Running);
        if starts && held.is_none_or(|replan| *replan == step.id) {
            plan_attempts(look, step, &standings, &mut planned);
        }
        all_ended &= matches!(standing, StepStanding::Done | StepStanding::Failed);
    }
    if all_ended { conclude(look, &standings) } else { planned }
}

/// Attempts that wait for a worker which cannot come, or whose task's time is up.
fn give_up(look: Look<'_>) -> Vec<Event> {
    let Look { task, at, .. } = look;
    let late = time_is_up(task, at);
    let mut events = Vec::new();
    for attempt in task.attempts.values() {
        let why = match attempt.state {
            AttemptState::Planned { .. } if late => {
                Some((FailureClass::Cancelled, "the task's time was up before it started".to_owned()))
            }
            AttemptState::Planned { .. } => withheld(look, attempt),
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

/// The end of a planned attempt that is not needed any more.
pub(in crate::board) fn withdrawn(at: Timestamp, key: AttemptKey, why: &str) -> Event {
    let failure =
        Failure { class: FailureClass::Cancelled, message: why.to_owned(), after_s: 0.0, usage: Usage::default() };
    Event::AttemptFailed { at, key, failure, rest_until: None }
}

fn plan_attempts(look: Look<'_>, step: &Step, standings: &Standings<'_>, planned: &mut Vec<Event>) {
    let Look { rules, task, at, .. } = look;
    for seat in 0..u32::try_from(step.seats.len()).unwrap_or(u32::MAX) {
        // A fallback must not sit down twice in one go, so one seat that needs a fallback is filled at a time.
        let SeatStanding::Next(next) = seat_standing(look, step, seat, standings.attempts(&step.id)) else { continue };
        let Next { worker, tries_before, rung, why, not_before } = *next;
        let taken = planned.iter().any(|event| {
            matches!(event, Event::AttemptPlanned { step: other, worker: theirs, .. } if *other == step.id && *theirs == worker)
        });
        if taken || !attempts_left(rules, task, planned.len()) {
            continue;
        }
        let (rung, why) = match step.aim {
            StepAim::Recover => {
                // The first call is the rung of its own; what follows when it fails is told as what it is.
                let rung = if rung == Rung::First { Rung::RecoveryPlan } else { rung };
                (rung, recover_reason(look, step, standings, why))
            }
            StepAim::Judge
            | StepAim::Make
            | StepAim::Check
            | StepAim::Plan
            | StepAim::Review
            | StepAim::Synthesize
            | StepAim::Reconsider
            | StepAim::Prove => (rung, why),
        };
        let number = u32::try_from(task.attempts.len() + planned.len() + 1).unwrap_or(u32::MAX);
        let (purpose, role) = purpose(look, step, standings, &worker);
        planned.push(Event::AttemptPlanned {
            at,
            key: AttemptKey { task: task.id.clone(), number },
            step: step.id.clone(),
            seat,
            purpose,
            worker,
            role,
            tries_before,
            rung,
            why,
            not_before,
        });
    }
}

/// Why a planner is asked to plan around a step: what went wrong in it, and in asking the planner itself.
fn recover_reason(look: Look<'_>, step: &Step, standings: &Standings<'_>, why: String) -> String {
    let failed = step.needs.first().and_then(|id| look.task.step(id));
    let lost = failed.map_or_else(String::new, |failed| {
        format!("step {} gave nothing: {}", failed.id, growing::errors(standings, &failed.id))
    });
    if why.is_empty() { lost } else { format!("{lost}; {why}") }
}

/// What a worker is asked for, and in which role. A check never judges its own candidate, so it depends on who sits there.
fn purpose(look: Look<'_>, step: &Step, standings: &Standings<'_>, worker: &WorkerName) -> (Purpose, Role) {
    let purpose = match step.aim {
        StepAim::Judge => Purpose::Judge,
        StepAim::Make => Purpose::Make,
        StepAim::Check => Purpose::Check { candidates: candidates_for(look.task, step, worker) },
        StepAim::Plan => Purpose::Plan { error: growing::complaint(look, standings, step) },
        StepAim::Review => Purpose::Review { steps: step.needs.clone() },
        StepAim::Recover => Purpose::Recover {
            step: step.needs.first().unwrap_or(&step.id).clone(),
            error: growing::complaint(look, standings, step),
        },
        StepAim::Synthesize => Purpose::Synthesize,
        StepAim::Prove => deliberation::proof_of(look.task, step),
        StepAim::Reconsider => {
            // Whoever sits there has judged before; only a damaged journal could hold another.
            let again = deliberation::reconsidered(look.task, step, worker);
            return again.unwrap_or_else(|| (Purpose::Judge, step.role.clone()));
        }
    };
    (purpose, step.role.clone())
}
