//! Votes that were given more than once: which of them counts, whether the votes so far are a dispute, and what became of
//! each in a further round. Opening rounds is not here.

use super::super::attempt::{Answer, Attempt, AttemptState, Purpose};
use super::super::decision::{Issue, IssueStatus, Reconsidered, Round};
use super::super::growth::FurtherRound;
use super::super::id::WorkerName;
use super::super::rules::Rules;
use super::super::tally::Tallies;
use super::super::task::Task;
use super::super::verdict::{Stance, Verdict};
use super::outcome::standing_claims;
use super::weight::Scales;
use super::{cast, issues};

/// Workers that contradict each other, as the votes stand.
pub(in crate::board) struct Dispute {
    /// In what, as a sentence.
    pub(in crate::board) why: String,
    /// The candidate that it is about (attempt number); `None`: the matter itself.
    pub(in crate::board) candidate: Option<u32>,
    /// The grave claims of a few of them that nobody has tried yet, worst first.
    pub(in crate::board) claims: Vec<Issue>,
    /// The answers that count, each with its worker.
    pub(in crate::board) voices: Vec<(u32, WorkerName)>,
}

/// The dispute that the answers of a task are, as they stand; `None` when they do not contradict each other.
pub(in crate::board) fn dispute(task: &Task, records: &Tallies, rules: &Rules) -> Option<Dispute> {
    let scales = Scales::of(rules, records);
    let outcome = super::weigh(task, scales);
    let why = outcome.conflicts.first()?.clone();
    let of_candidates = outcome.votes.iter().any(|vote| vote.candidate.is_some());
    let candidate = outcome.answer.filter(|_| of_candidates);
    let casts = match candidate.and_then(|number| task.attempts.get(&number)) {
        Some(maker) => cast::on_candidate(task, maker, scales),
        None => cast::on_matter(task, &cast::judges(task), scales),
    };
    let standing = standing_claims(&outcome.issues, outcome.verdict.unwrap_or(Stance::Abstain), &casts);
    let minority = |issue: &Issue| issue.raised_by.len() * 2 <= casts.len() || standing.contains(&issue);
    let is_tried = |issue: &Issue| {
        let mut tried = task.growth.proofs.iter().filter(|tried| tried.candidate == candidate);
        tried.any(|tried| issues::is_same(&tried.claim, &issue.claim))
    };
    let open = |issue: &&Issue| {
        issue.status == IssueStatus::Claimed && issues::is_grave(issue) && minority(issue) && !is_tried(issue)
    };
    let claims = outcome.issues.iter().filter(open).cloned().collect();
    let voices = casts.iter().map(|cast| (cast.attempt.number, cast.attempt.worker.clone())).collect();
    Some(Dispute { why, candidate, claims, voices })
}

/// Whether an answer holds a vote on the matter or the candidate that counts.
pub(in crate::board) fn counts(attempt: &Attempt, candidate: Option<u32>) -> bool {
    verdict(attempt, candidate).is_some_and(|verdict| verdict.counted() != Stance::Abstain)
}

/// What was said in further rounds of the matter or of a candidate. Who fails or abstains there keeps its vote.
pub(super) fn said_again(task: &Task, candidate: Option<u32>) -> impl Iterator<Item = (&Attempt, &Verdict)> {
    let again = |pair: &(&Attempt, &Answer)| matches!(pair.0.purpose, Purpose::Reconsider { .. });
    let attempts = task.answered().filter(again).map(|(attempt, _)| attempt);
    attempts
        .filter(move |attempt| counts(attempt, candidate))
        .filter_map(move |attempt| verdict(attempt, candidate).map(|verdict| (attempt, verdict)))
}

fn verdict(attempt: &Attempt, candidate: Option<u32>) -> Option<&Verdict> {
    match &attempt.state {
        AttemptState::Answered { answer, .. } => {
            answer.verdicts.iter().rev().find(|verdict| verdict.candidate == candidate)
        }
        AttemptState::Planned { .. } | AttemptState::Running { .. } | AttemptState::Failed { .. } => None,
    }
}

/// What became of each vote in each further round.
pub(super) fn told(task: &Task) -> Vec<Round> {
    task.growth.rounds.iter().map(|round| one(task, round)).collect()
}

fn one(task: &Task, round: &FurtherRound) -> Round {
    let stance = |attempt: &Attempt| verdict(attempt, round.candidate).map(Verdict::counted);
    let mut answers: Vec<Reconsidered> = Vec::new();
    // A call that is made again fills the same place, so the last of a worker says what became of it.
    for attempt in task.attempts_of(&round.step) {
        let Purpose::Reconsider { own, .. } = &attempt.purpose else { continue };
        let before = task.attempts.get(own).and_then(stance).unwrap_or(Stance::Abstain);
        let after = stance(attempt);
        let changed = after.is_some_and(|after| after != Stance::Abstain && after != before);
        answers.retain(|answer| answer.worker != attempt.worker);
        answers.push(Reconsidered { worker: attempt.worker.clone(), before, after, changed });
    }
    Round { round: round.number, candidate: round.candidate, why: round.why.clone(), answers }
}

/// What became of the votes in a round, as a sentence.
pub(super) fn sentence(round: &Round) -> String {
    let changed: Vec<String> = round.answers.iter().filter(|answer| answer.changed).map(turn).collect();
    let silent = |answer: &&Reconsidered| answer.after.is_none_or(|after| after == Stance::Abstain);
    let silent = round.answers.iter().filter(silent).count();
    let kept = round.answers.len() - changed.len() - silent;
    let mut said = if changed.is_empty() {
        format!("In round {} nobody changed its verdict", round.round)
    } else {
        format!("In round {} {}", round.round, changed.join(", "))
    };
    if kept > 0 {
        said.push_str(&format!("; {kept} kept theirs"));
    }
    if silent > 0 {
        said.push_str(&format!("; {silent} gave none that counts, so what they had said stands"));
    }
    said + "."
}

fn turn(answer: &Reconsidered) -> String {
    let after = answer.after.unwrap_or(Stance::Abstain);
    format!("{} went from {} to {}", answer.worker, answer.before.as_str(), after.as_str())
}
