//! The reasoned decision over the answers of a task, by a rule that a person can redo on paper. Making calls, asking
//! for another round and writing files are not here.
//!
//! The rule: each worker's word weighs the log-odds of its success rate (`weight`), relatives share theirs, the weights for
//! and against are added up (`tally`), and the logistic function makes the sum a probability. What a worker says of its own
//! confidence does not vote. `judging` and `making` say what is voted on, `advice` what follows from it.

mod advice;
mod baseline;
mod cast;
mod evidence;
mod explain;
mod explain_records;
mod explain_rounds;
mod issues;
mod judging;
mod making;
mod outcome;
mod replay;
mod rounds;
mod tally;
mod weight;

pub(in crate::board) use cast::wholes;
pub use explain::explain;
pub use replay::{VotingRule, WhatIf, differences, told};
pub(in crate::board) use replay::{decide_again, remaining};
pub(in crate::board) use rounds::{Dispute, counts, dispute};

use super::attempt::{Answer, Attempt, AttemptState, FailureClass};
use super::decision::{Decision, Evidence, FailedWorker, Recommendation, Round, VoteRule};
use super::id::WorkerName;
use super::plan::Shape;
use super::rules::Rules;
use super::spent::Spent;
use super::tally::Tallies;
use super::task::Task;
use super::text::Text;
use super::time::Timestamp;
use super::verdict::Stance;
use outcome::Outcome;
use std::collections::{BTreeMap, BTreeSet};
use weight::Scales;

/// By how much a probability may miss a limit and still count as reaching it: the error of adding floats, no more.
const TOLERANCE: f64 = 1e-9;

/// The answers that are parts of one result rather than candidates for it: where a plan ends in several making steps and
/// marks none of them as its answer, one of each. Empty where one answer is the whole.
pub(in crate::board) fn parts(task: &Task) -> Vec<(&Attempt, &Answer)> {
    let mut parts: Vec<(&Attempt, &Answer)> = Vec::new();
    for (attempt, answer) in cast::makers(task) {
        if !parts.iter().any(|(known, _)| known.step == attempt.step) {
            parts.push((attempt, answer));
        }
    }
    let marked = task.plan.steps.iter().any(|step| step.answer);
    if parts.len() < 2 || marked || cast::synthesis(task).is_some() { Vec::new() } else { parts }
}

/// Weighs the answers of `task` as they stand at `at`, with what `records` tell of the workers by then. The same task,
/// records, rules and moment give the same decision, to the bit.
pub fn decide(task: &Task, records: &Tallies, rules: &Rules, at: Timestamp) -> Decision {
    decide_with(task, Scales::of(rules, records), at)
}

fn decide_with(task: &Task, scales: Scales<'_>, at: Timestamp) -> Decision {
    let rules = scales.rules;
    let mut outcome = weigh(task, scales);
    bring_together(task, &mut outcome);
    let priority = task.spec.priority;
    let set = &rules.consensus;
    let threshold = advice::threshold(priority, set);
    let recommendation = advice::recommend(&outcome, threshold, set.caution_margin);
    let review_reasons = advice::review_reasons(&outcome, priority, set, recommendation);
    let answered = outcome.answer.and_then(|number| task.answered().find(|(attempt, _)| attempt.number == number));
    let usage = Spent::of(task);
    let verdict = outcome.verdict.unwrap_or(Stance::Abstain);
    let best_single = baseline::of(&outcome.votes, &outcome.sums, outcome.decided_on, verdict);
    let (rounds, evidence) = (rounds::told(task), evidence::told(task));
    Decision {
        schema: 1,
        task: task.id.clone(),
        kind: task.route.kind.clone(),
        category: task.route.category.clone(),
        mode: task.route.mode.as_str().to_owned(),
        priority,
        recommendation,
        verdict,
        best_single,
        overall_confidence: outcome.confidence,
        threshold,
        model_count: model_count(task),
        effective_votes: outcome.effective,
        has_conflict: !outcome.conflicts.is_empty(),
        answer: answered.map_or_else(|| Text::short(""), |(_, answer)| answer.text.clone()),
        answer_by: answered.map(|(attempt, _)| attempt.worker.clone()),
        answer_attempt: answered.map(|(attempt, _)| attempt.number),
        reasoning: reasoning(&outcome, (&evidence, &rounds), recommendation, threshold),
        votes: outcome.votes,
        rounds,
        evidence,
        posteriors: outcome.posteriors,
        sums: outcome.sums,
        rule: VoteRule {
            caution_margin: set.caution_margin,
            conflict_runner_up: set.conflict_runner_up,
            family_correlation: set.family_correlation,
            person_required: set.require_human.contains(&priority),
        },
        dissenters: outcome.dissenters,
        issues: outcome.issues,
        failed_workers: failed_workers(task),
        needs_human_review: !review_reasons.is_empty(),
        review_reasons,
        no_further_round: None,
        missing: Vec::new(),
        cost_usd: usage.cost_usd,
        cost_unknown: usage.cost_unknown,
        tokens: usage.tokens,
        duration_s: at.since(task.accepted).as_secs_f64(),
        attempts: usage.calls,
    }
}

/// Where the plan ends with a chair's text out of all outputs, that is the answer; what was voted on stays what it was.
fn bring_together(task: &Task, outcome: &mut Outcome) {
    if !cast::ends_in_synthesis(task) {
        return;
    }
    match cast::synthesis(task) {
        Some((attempt, _)) => {
            outcome.answer = Some(attempt.number);
            outcome.story.push(format!(
                "The answer was written by {} in the role {}, out of what the others gave.",
                attempt.worker, attempt.role
            ));
        }
        None => outcome.notes.push("nobody brought the outputs together, so the answer is one of them".to_owned()),
    }
}

fn weigh(task: &Task, scales: Scales<'_>) -> Outcome {
    let (judged, made) = (!cast::judges(task).is_empty(), !cast::makers(task).is_empty());
    match task.plan.shape {
        Shape::Judging if judged || !made => judging::judge(task, scales),
        Shape::Making if judged && !made => judging::judge(task, scales),
        Shape::Judging | Shape::Making => making::choose(task, scales),
    }
}

fn model_count(task: &Task) -> u32 {
    let workers: BTreeSet<&WorkerName> = task.answered().map(|(attempt, _)| &attempt.worker).collect();
    u32::try_from(workers.len()).unwrap_or(u32::MAX)
}

fn reasoning(
    outcome: &Outcome,
    (evidence, rounds): (&[Evidence], &[Round]),
    recommendation: Recommendation,
    threshold: f64,
) -> String {
    let mut sentences: Vec<String> = evidence.iter().map(evidence::sentence).collect();
    sentences.extend(rounds.iter().map(rounds::sentence));
    sentences.extend_from_slice(&outcome.story);
    let abstained = outcome.votes.iter().filter(|vote| vote.reading.counted(vote.verdict) == Stance::Abstain).count();
    if abstained > 0 {
        sentences.push(format!("{abstained} of {} votes were abstentions or could not be read.", outcome.votes.len()));
    }
    if !outcome.votes.is_empty() {
        sentences
            .push(format!("With relatives discounted, the votes are worth {:.2} independent ones.", outcome.effective));
    }
    if !outcome.dissenters.is_empty() {
        let names: Vec<&str> = outcome.dissenters.iter().map(WorkerName::as_str).collect();
        sentences.push(format!("Against the result voted {}.", names.join(", ")));
    }
    let because = outcome.conflicts.iter().chain(&outcome.obstacles).chain(&outcome.notes).next();
    let because = because.map_or_else(String::new, |reason| format!(", because {reason}"));
    sentences.push(format!("The threshold is {threshold:.2}; the advice is {}{because}.", recommendation.as_str()));
    sentences.join(" ")
}

/// Workers that failed and gave no answer to anything in this task, with their last failure.
fn failed_workers(task: &Task) -> Vec<FailedWorker> {
    let answered: BTreeSet<&WorkerName> = task.answered().map(|(attempt, _)| &attempt.worker).collect();
    let mut failed: BTreeMap<&WorkerName, FailedWorker> = BTreeMap::new();
    for attempt in task.attempts.values().filter(|attempt| !answered.contains(&attempt.worker)) {
        let AttemptState::Failed { failure, .. } = &attempt.state else { continue };
        if matches!(failure.class, FailureClass::Cancelled | FailureClass::Interrupted) {
            continue;
        }
        let (class, message) = (failure.class.as_str(), failure.message.trim());
        let error = if message.is_empty() { class.to_owned() } else { format!("{class}: {message}") };
        let entry = FailedWorker { worker: attempt.worker.clone(), error, after_s: failure.after_s };
        failed.insert(&attempt.worker, entry);
    }
    failed.into_values().collect()
}

#[cfg(test)]
mod explain_tests;
#[cfg(test)]
mod fixture;
#[cfg(test)]
mod generators;
#[cfg(test)]
mod oracle;
#[cfg(test)]
mod panels;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod worlds;
