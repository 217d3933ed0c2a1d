//! What was tried instead of argued about, and what it does to a vote: how commands ended on candidates, and what became
//! of claims that a worker was to show or to refute. Having things tried is not here.

use super::super::attempt::{Attempt, Purpose};
use super::super::decision::{Evidence, Issue, IssueStatus};
use super::super::evidence::Validation;
use super::super::growth::TriedClaim;
use super::super::id::WorkerName;
use super::super::proposal::{Proof, Proposal};
use super::super::task::Task;
use super::issues;

/// How a candidate stands by what was tried of it. The better counts before any vote.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fitness {
    /// Something that was tried speaks against it.
    Failed,
    /// Nothing was tried, or what was tried says nothing of it.
    Untried,
    /// It passed.
    Passed,
}

/// A claim that was tried, with the answer of the worker that tried it.
pub(super) struct Tried<'a> {
    pub(super) about: &'a TriedClaim,
    pub(super) by: &'a Attempt,
    pub(super) proof: &'a Proof,
}

/// The claims that were tried on the matter or on a candidate, in order.
pub(super) fn tried(task: &Task, candidate: Option<u32>) -> impl Iterator<Item = Tried<'_>> {
    let about = task.growth.proofs.iter().filter(move |about| about.candidate == candidate);
    about.filter_map(|about| {
        let mut answers = task.answered().filter(|(attempt, _)| attempt.step == about.step);
        let (by, answer) = answers.find(|(attempt, _)| matches!(attempt.purpose, Purpose::Prove { .. }))?;
        match &answer.proposal {
            Some(Proposal::Proof(Ok(proof))) => Some(Tried { about, by, proof }),
            Some(Proposal::Proof(Err(_)) | Proposal::Plan(_) | Proposal::Review(_)) | None => None,
        }
    })
}

/// How a candidate stands.
pub(super) fn fitness(task: &Task, maker: &Attempt) -> Fitness {
    let shown = |tried: &Tried<'_>| tried.proof.status == IssueStatus::Confirmed;
    if tried(task, Some(maker.number)).any(|tried| shown(&tried)) {
        return Fitness::Failed;
    }
    match &maker.validation {
        Some(validation) if validation.passed => Fitness::Passed,
        // What fails without the change as well says nothing against the change.
        Some(validation) if validation.at_base => Fitness::Failed,
        Some(_) | None => Fitness::Untried,
    }
}

/// How the command ended on a candidate, as a sentence for the person who looks.
pub(super) fn obstacle(maker: &Attempt) -> Option<String> {
    let Validation { command, passed, exit, at_base, .. } = maker.validation.as_ref()?;
    let number = maker.number;
    let how = exit.map_or_else(|| "did not end by itself".to_owned(), |code| format!("ended with code {code}"));
    match (passed, at_base) {
        (true, _) => None,
        (false, true) => Some(format!("candidate {number} failed its validation: `{command}` {how}")),
        (false, false) => {
            Some(format!("`{command}` {how} on candidate {number}; it does not pass without the change either"))
        }
    }
}

/// Sets the status of the issues that were tried. A claim that was shown stays an issue though nobody repeats it.
pub(super) fn settle(task: &Task, candidate: Option<u32>, issues: &mut Vec<Issue>) {
    for Tried { about, proof, .. } in tried(task, candidate) {
        match issues.iter_mut().find(|issue| issues::is_same(&issue.claim, &about.claim)) {
            Some(issue) => issue.status = proof.status,
            None if proof.status == IssueStatus::Confirmed => issues.push(Issue {
                claim: about.claim.clone(),
                raised_by: about.raised_by.clone(),
                status: IssueStatus::Confirmed,
            }),
            None => {}
        }
    }
    issues::sort(issues);
}

/// A grave issue that was shown.
pub(super) fn is_shown(issue: &Issue) -> bool {
    issue.status == IssueStatus::Confirmed && issues::is_grave(issue)
}

/// Who showed a claim.
pub(super) fn shown_by<'a>(task: &'a Task, candidate: Option<u32>, issue: &Issue) -> Option<&'a WorkerName> {
    let mut tried = tried(task, candidate);
    tried.find(|tried| issues::is_same(&tried.about.claim, &issue.claim)).map(|tried| &tried.by.worker)
}

/// All that was tried, for the decision.
pub(super) fn told(task: &Task) -> Vec<Evidence> {
    let validations = task.answered().filter_map(|(attempt, _)| {
        let validation = attempt.validation.as_ref()?;
        Some(Evidence::Validation {
            candidate: attempt.number,
            worker: attempt.worker.clone(),
            command: validation.command.clone(),
            passed: validation.passed,
            exit: validation.exit,
            at_base: validation.at_base,
            seconds: validation.seconds,
        })
    });
    let mut told: Vec<Evidence> = validations.collect();
    let mut about: Vec<Option<u32>> = task.growth.proofs.iter().map(|proof| proof.candidate).collect();
    about.dedup();
    for candidate in about {
        told.extend(tried(task, candidate).map(|Tried { about, by, proof }| Evidence::Proof {
            candidate,
            claim: about.claim.clone(),
            raised_by: about.raised_by.clone(),
            worker: by.worker.clone(),
            attempt: by.number,
            status: proof.status,
            why: proof.why.clone(),
            reproduction: proof.reproduction.clone(),
        }));
    }
    told
}

/// A piece of evidence as a sentence.
pub(super) fn sentence(evidence: &Evidence) -> String {
    match evidence {
        Evidence::Validation { candidate, command, passed, at_base, .. } => {
            let how = match (passed, at_base) {
                (true, _) => "passed",
                (false, true) => "failed",
                (false, false) => "failed, as it does without the change,",
            };
            format!("`{command}` {how} on candidate {candidate}.")
        }
        Evidence::Proof { claim, worker, status, .. } => {
            let place = if claim.place.is_empty() { String::new() } else { format!(" at {}", claim.place) };
            let what = &claim.what;
            match status {
                IssueStatus::Confirmed => format!("{worker} showed the claim{place}: {what}."),
                IssueStatus::Refuted => format!("{worker} refuted the claim{place}: {what}."),
                IssueStatus::Claimed => format!("{worker} could neither show nor refute the claim{place}: {what}."),
            }
        }
    }
}
