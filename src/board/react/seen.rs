//! What an attempt is shown of the others' outputs.

use crate::board::attempt::{Attempt, AttemptState, Purpose, SeenOutput};
use crate::board::deliberation::origin;
use crate::board::id::StepId;
use crate::board::plan::Step;
use crate::board::task::Task;
use crate::board::text::Text;
use crate::board::verdict::Verdict;
use std::fmt::Write;

/// The outputs, in order.
pub(super) fn inputs(task: &Task, step: &Step, attempt: &Attempt) -> Vec<SeenOutput> {
    match &attempt.purpose {
        Purpose::Check { candidates } => checked(task, step, candidates),
        Purpose::Judge
        | Purpose::Make
        | Purpose::Plan { .. }
        | Purpose::Review { .. }
        | Purpose::Recover { .. }
        | Purpose::Synthesize => before(task, step, attempt.number),
        Purpose::Reconsider { first, answers, .. } => reconsidered(task, step, attempt, (first, answers)),
        Purpose::Prove { candidate, .. } => tried(task, step, *candidate),
    }
}

/// What a step says is to be done; one who judges once more is told what it was told first.
pub(super) fn instruction(task: &Task, step: &Step, attempt: &Attempt) -> Option<String> {
    match &attempt.purpose {
        Purpose::Reconsider { .. } => task.step(&origin(task, attempt).step)?.instruction.clone(),
        Purpose::Judge
        | Purpose::Make
        | Purpose::Check { .. }
        | Purpose::Plan { .. }
        | Purpose::Review { .. }
        | Purpose::Recover { .. }
        | Purpose::Synthesize
        | Purpose::Prove { .. } => step.instruction.clone(),
    }
}

fn shown(task: &Task, number: u32) -> Option<SeenOutput> {
    let seen = task.attempts.get(&number)?;
    let AttemptState::Answered { answer, .. } = &seen.state else { return None };
    let patch = answer.change().map(|patch| patch.text.clone());
    Some(SeenOutput { number, step: seen.step.clone(), text: answer.text.clone(), patch })
}

/// The candidates, and what they were made from.
fn checked(task: &Task, step: &Step, candidates: &[u32]) -> Vec<SeenOutput> {
    let made_in = task.plan.steps.iter().filter(|other| step.needs.contains(&other.id));
    let sources: Vec<&StepId> = made_in.flat_map(|other| &other.needs).collect();
    let from = task.answered().map(|(other, _)| other).filter(|other| sources.contains(&&other.step));
    let from = from.map(|other| &other.number).filter(|number| !candidates.contains(number));
    candidates.iter().chain(from).filter_map(|number| shown(task, *number)).collect()
}

/// What the steps it sees had given before it was planned.
fn before(task: &Task, step: &Step, number: u32) -> Vec<SeenOutput> {
    let steps = task.seen_by(step);
    let seen = task.answered().filter(|(other, _)| other.number < number && steps.contains(&other.step));
    seen.filter_map(|(other, _)| shown(task, other.number)).collect()
}

/// What it saw the first time, and the answers so far. Of a candidate, the verdicts alone: each checker had candidates of
/// its own, so the letters in one's words mean nothing to another.
fn reconsidered(task: &Task, again: &Step, attempt: &Attempt, (first, answers): (&Purpose, &[u32])) -> Vec<SeenOutput> {
    let origin = origin(task, attempt);
    let Some(step) = task.step(&origin.step) else { return Vec::new() };
    let (mut seen, candidate) = match first {
        Purpose::Check { candidates } => (checked(task, step, candidates), candidates.first().copied()),
        _ => (before(task, step, origin.number), None),
    };
    let said = |number: &u32| match candidate {
        Some(candidate) => of_candidate(task, *number, candidate),
        None => shown(task, *number),
    };
    let answers: Vec<SeenOutput> = answers.iter().filter_map(said).collect();
    seen.retain(|output| !answers.iter().any(|answer| answer.number == output.number));
    seen.extend(answers);
    seen.extend(proofs(task, again));
    seen
}

/// What others found who tried a claim before this step.
fn proofs<'a>(task: &'a Task, step: &'a Step) -> impl Iterator<Item = SeenOutput> + 'a {
    let tried = |attempt: &&Attempt| matches!(attempt.purpose, Purpose::Prove { .. });
    let before = task.answered().map(|(attempt, _)| attempt).filter(|attempt| step.needs.contains(&attempt.step));
    before.filter(tried).filter_map(|attempt| shown(task, attempt.number))
}

/// What a claim is about: the candidate, or what those saw who judged. What they said of it is left out: it is for this
/// worker to find out.
fn tried(task: &Task, step: &Step, candidate: Option<u32>) -> Vec<SeenOutput> {
    let judges = |attempt: &Attempt| attempt.purpose == Purpose::Judge || !attempt.purpose.candidates().is_empty();
    let made = |number: &u32| candidate.is_none_or(|candidate| candidate == *number);
    let seen = task.answered().map(|(attempt, _)| attempt).filter(|attempt| step.needs.contains(&attempt.step));
    let seen = seen.filter(|attempt| {
        !judges(attempt) && !matches!(attempt.purpose, Purpose::Reconsider { .. } | Purpose::Prove { .. })
    });
    seen.filter(|attempt| made(&attempt.number)).filter_map(|attempt| shown(task, attempt.number)).collect()
}

fn of_candidate(task: &Task, number: u32, candidate: u32) -> Option<SeenOutput> {
    let seen = task.attempts.get(&number)?;
    let AttemptState::Answered { answer, .. } = &seen.state else { return None };
    let verdict = answer.verdicts.iter().rev().find(|verdict| verdict.candidate == Some(candidate))?;
    Some(SeenOutput { number, step: seen.step.clone(), text: Text::Inline { text: in_words(verdict) }, patch: None })
}

/// A verdict in words, each claim with its place.
fn in_words(verdict: &Verdict) -> String {
    let mut words = format!("Verdict: {}\n", verdict.stance.as_str());
    for claim in &verdict.claims {
        let place = if claim.place.is_empty() { String::new() } else { format!(" at {}", claim.place) };
        let fix = if claim.fix.is_empty() { String::new() } else { format!(" (to mend it: {})", claim.fix) };
        let _infallible = writeln!(words, "- {}{place}: {}{fix}", claim.severity.as_str(), claim.what);
    }
    if !verdict.would_change_my_mind.is_empty() {
        let _infallible = writeln!(words, "What would change this verdict: {}", verdict.would_change_my_mind);
    }
    words
}
