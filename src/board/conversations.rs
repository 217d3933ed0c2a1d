//! Which conversation a call goes on with: a worker's later steps of one task build on its earlier ones instead of being told
//! everything again. Decided when a call starts; telling the worker is the job's business.
//!
//! Independence comes first. Who judges or checks always begins anew. What stands in a conversation that is gone on with
//! came from steps that the new one needs, directly or through others, so nothing sealed can stand in it.

use super::attempt::{Answer, Attempt, AttemptState, FailureClass, Purpose, Resume, Thread, Turn};
use super::id::StepId;
use super::plan::{Plan, StepAim};
use super::rules::{Rules, Sessions};
use super::task::Task;
use super::time::Timestamp;
use std::collections::BTreeSet;

/// How an attempt that starts now stands in the task's conversations.
pub(in crate::board) fn thread(rules: &Rules, task: &Task, number: u32) -> Thread {
    // Most tasks have one step, and then there is nothing to look for.
    if task.plan.steps.len() < 2 {
        return Thread::default();
    }
    let Some(attempt) = task.attempts.get(&number) else { return Thread::default() };
    // A program's session belongs to the folder it was begun in, and a tree is there for one call alone.
    if task.is_done_apart() {
        return Thread::default();
    }
    let sessions = rules.worker(&attempt.worker).map_or(Sessions::None, |worker| worker.sessions);
    match sessions {
        Sessions::None => Thread::default(),
        Sessions::Own => Thread { resumes: goes_on_from(task, attempt), keeps: false },
        Sessions::History => Thread { resumes: goes_on_from(task, attempt), keeps: is_gone_on_with(task, attempt) },
    }
}

/// Whether an attempt neither goes on with a conversation nor is gone on with, so that it may be asked together with others.
pub(in crate::board) fn stands_alone(rules: &Rules, task: &Task, attempt: &Attempt) -> bool {
    let sessions = rules.worker(&attempt.worker).map_or(Sessions::None, |worker| worker.sessions);
    sessions == Sessions::None || (goes_on_from(task, attempt).is_none() && !is_gone_on_with(task, attempt))
}

/// The conversation that a running attempt goes on with, as its worker needs it.
pub(in crate::board) fn resume(task: &Task, attempt: &Attempt) -> Option<Resume> {
    let (last, answer) = answered(task, attempt.thread.resumes?)?;
    let line = line(task, last.number);
    let turns = match answer.session {
        Some(_) => Vec::new(),
        None => line.iter().map(|(_, _, answer)| turn(answer)).collect::<Option<_>>()?,
    };
    let known = line.iter().flat_map(|(said, began, _)| shown(task, said, *began).chain([said.number]));
    let known: BTreeSet<u32> = known.collect();
    Some(Resume {
        attempt: last.number,
        role: last.role.clone(),
        session: answer.session.clone(),
        turns,
        known: known.into_iter().collect(),
    })
}

/// Whether this attempt failed because its conversation could not be gone on with: a lost session, or one that has become
/// too long. It is then asked once more and told everything.
pub(in crate::board) fn lost_its_conversation(attempt: &Attempt) -> bool {
    let refused = |class: &FailureClass| *class == FailureClass::RequestRefused;
    attempt.thread.resumes.is_some()
        && matches!(&attempt.state, AttemptState::Failed { failure, .. } if refused(&failure.class))
}

/// The latest answer of the same worker in the steps that this one needs, where it can be gone on from.
fn goes_on_from(task: &Task, attempt: &Attempt) -> Option<u32> {
    let lost = |other: &Attempt| other.worker == attempt.worker && lost_its_conversation(other);
    if !may_go_on(&attempt.purpose) || task.attempts_of(&attempt.step).any(lost) {
        return None;
    }
    let needed = needed_by(&task.plan, &attempt.step);
    let mine = task.attempts.values().filter(|other| other.worker == attempt.worker && needed.contains(&other.step));
    let ended = |other: &Attempt| match &other.state {
        AttemptState::Answered { ended, .. } => Some((*ended, other.number)),
        AttemptState::Planned { .. } | AttemptState::Running { .. } | AttemptState::Failed { .. } => None,
    };
    let (_, latest) = mine.filter_map(ended).max()?;
    let (_, answer) = answered(task, latest)?;
    let can = match answer.session {
        Some(_) => !is_gone_on_from(task, attempt, latest),
        None => line(task, latest).iter().all(|(_, _, answer)| answer.prompt.is_some()),
    };
    can.then_some(latest)
}

/// Whether another call has gone on from an answer already, so that the program's own session no longer ends there. What an
/// earlier try of the same step left behind in it is what the next one says again.
fn is_gone_on_from(task: &Task, attempt: &Attempt, from: u32) -> bool {
    let mut others = task.attempts.values().filter(|other| other.thread.resumes == Some(from));
    others.any(|other| other.step != attempt.step || !matches!(other.state, AttemptState::Failed { .. }))
}

/// Whether a later step has its first seat for the same worker and needs this one.
fn is_gone_on_with(task: &Task, attempt: &Attempt) -> bool {
    let later = task.plan.steps.iter().filter(|step| will_go_on(step.aim) && step.id != attempt.step);
    let mut seated = later.filter(|step| step.seats.iter().any(|seat| seat.worker == attempt.worker));
    seated.any(|step| needed_by(&task.plan, &step.id).contains(&attempt.step))
}

/// Who judges, checks, looks over what was done or brings others' answers together must not be swayed by what it said before.
fn may_go_on(purpose: &Purpose) -> bool {
    match purpose {
        Purpose::Make | Purpose::Plan { .. } | Purpose::Recover { .. } => true,
        Purpose::Judge
        | Purpose::Check { .. }
        | Purpose::Review { .. }
        | Purpose::Synthesize
        | Purpose::Reconsider { .. }
        | Purpose::Prove { .. } => false,
    }
}

/// Whether a step's workers may go on with what they said before: as its purpose will have it.
fn will_go_on(aim: StepAim) -> bool {
    matches!(aim, StepAim::Make | StepAim::Plan | StepAim::Recover)
}

/// All steps that a step needs, directly or through others.
fn needed_by<'a>(plan: &'a Plan, step: &StepId) -> BTreeSet<&'a StepId> {
    let needs = |id: &StepId| plan.steps.iter().find(|step| step.id == *id).map_or(&[][..], |step| &step.needs);
    let mut open: Vec<&StepId> = needs(step).iter().collect();
    let mut all = BTreeSet::new();
    while let Some(id) = open.pop() {
        if all.insert(id) {
            open.extend(needs(id));
        }
    }
    all
}

/// A conversation up to an answer: each attempt in it with the moment at which it began and its answer, oldest first.
fn line(task: &Task, upto: u32) -> Vec<(&Attempt, Timestamp, &Answer)> {
    let mut line = Vec::new();
    let mut next = Some(upto);
    while let Some(number) = next {
        let Some(attempt) = task.attempts.get(&number) else { break };
        let AttemptState::Answered { started, answer, .. } = &attempt.state else { break };
        line.push((attempt, *started, answer.as_ref()));
        // Only what came earlier can be gone on from, so this ends.
        next = answer.resumed.filter(|earlier| *earlier < number);
    }
    line.reverse();
    line
}

fn turn(answer: &Answer) -> Option<Turn> {
    Some(Turn { prompt: answer.prompt.clone()?, answer: answer.text.clone() })
}

/// The outputs that an attempt was shown when it began.
fn shown<'a>(task: &'a Task, attempt: &'a Attempt, began: Timestamp) -> impl Iterator<Item = u32> + 'a {
    let needs = task.step(&attempt.step).map_or(&[][..], |step| &step.needs);
    let candidates = match &attempt.purpose {
        Purpose::Check { candidates } => Some(candidates),
        Purpose::Judge
        | Purpose::Make
        | Purpose::Plan { .. }
        | Purpose::Review { .. }
        | Purpose::Recover { .. }
        | Purpose::Synthesize
        | Purpose::Reconsider { .. }
        | Purpose::Prove { .. } => None,
    };
    let before = move |other: &&Attempt| match &other.state {
        AttemptState::Answered { ended, .. } => *ended <= began,
        AttemptState::Planned { .. } | AttemptState::Running { .. } | AttemptState::Failed { .. } => false,
    };
    let all = task.attempts.values().filter(before).filter(move |other| match candidates {
        Some(candidates) => candidates.contains(&other.number),
        None => needs.contains(&other.step),
    });
    all.map(|other| other.number)
}

fn answered(task: &Task, number: u32) -> Option<(&Attempt, &Answer)> {
    let attempt = task.attempts.get(&number)?;
    match &attempt.state {
        AttemptState::Answered { answer, .. } => Some((attempt, answer)),
        AttemptState::Planned { .. } | AttemptState::Running { .. } | AttemptState::Failed { .. } => None,
    }
}
