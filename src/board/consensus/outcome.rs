//! What the vote on a task came to, before it is turned into advice.

use super::super::decision::{ClassPosterior, Issue, Sum, Vote};
use super::super::id::WorkerName;
use super::super::verdict::Stance;
use super::cast::Cast;
use super::issues::is_grave;
use super::tally::{Ballot, Side, Tally};

/// The result of a vote, or of nobody voting.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    /// The verdict that won; `None` when nothing was judged.
    pub(super) verdict: Option<Stance>,
    /// Its posterior; for candidates, that the chosen one is acceptable.
    pub(super) confidence: f64,
    /// The attempt whose output is the answer.
    pub(super) answer: Option<u32>,
    /// The candidate that was chosen, also where a chair's text is the answer.
    pub(super) decided_on: Option<u32>,
    pub(super) effective: f64,
    pub(super) votes: Vec<Vote>,
    pub(super) posteriors: Vec<ClassPosterior>,
    pub(super) sums: Vec<Sum>,
    pub(super) dissenters: Vec<WorkerName>,
    pub(super) issues: Vec<Issue>,
    /// Why the workers contradict each other; empty: they do not.
    pub(super) conflicts: Vec<String>,
    /// What forbids going on, whatever the posterior.
    pub(super) obstacles: Vec<String>,
    /// What a person should know all the same.
    pub(super) notes: Vec<String>,
    /// How the number came about, sentence by sentence.
    pub(super) story: Vec<String>,
}

/// The stance that weighs most on the winning side. On a tie the more careful one.
pub(super) fn heaviest(ballots: &[Ballot<'_>], tally: &Tally, side: Side) -> Stance {
    if side == Side::Rejected {
        return Stance::Reject;
    }
    let weight_of = |stance: Stance| -> f64 {
        let voters = ballots.iter().zip(&tally.discounts).filter(|(ballot, _)| ballot.stance == stance);
        let mut weights: Vec<f64> = voters.map(|(ballot, discount)| ballot.standing.weight * discount).collect();
        weights.sort_by(f64::total_cmp);
        weights.iter().sum()
    };
    if weight_of(Stance::Approve) > weight_of(Stance::ApproveWithChanges) {
        Stance::Approve
    } else {
        Stance::ApproveWithChanges
    }
}

/// Workers whose votes have weight and stand on the other side than `won`.
pub(super) fn dissenters(casts: &[Cast<'_>], won: Side) -> Vec<WorkerName> {
    let against = casts.iter().filter(|cast| cast.ballot.side().is_some_and(|side| side != won));
    against.map(|cast| cast.attempt.worker.clone()).collect()
}

/// The grave claims that stand against an approving verdict. A claim of workers who approve with changes is such a change,
/// and stands against nothing when that is the verdict.
pub(super) fn standing_claims<'i>(issues: &'i [Issue], verdict: Stance, casts: &[Cast<'_>]) -> Vec<&'i Issue> {
    let approves = |worker: &WorkerName| {
        let cast = casts.iter().find(|cast| cast.attempt.worker == *worker);
        cast.is_some_and(|cast| matches!(cast.ballot.stance, Stance::Approve | Stance::ApproveWithChanges))
    };
    let is_a_change = |issue: &Issue| verdict == Stance::ApproveWithChanges && issue.raised_by.iter().all(approves);
    match verdict {
        Stance::Approve | Stance::ApproveWithChanges => {
            issues.iter().filter(|issue| is_grave(issue) && !is_a_change(issue)).collect()
        }
        Stance::Reject | Stance::Abstain => Vec::new(),
    }
}

/// A fault in one line, for reasons.
pub(super) fn fault_line(issue: &Issue) -> String {
    let place = if issue.claim.place.is_empty() { String::new() } else { format!(" at {}", issue.claim.place) };
    format!("the {} fault{place} ({})", issue.severity().as_str(), issue.claim.what)
}

/// A grave claim in one line, for reasons.
pub(super) fn claim_line(issue: &Issue) -> String {
    let by: Vec<&str> = issue.raised_by.iter().map(WorkerName::as_str).collect();
    let place = if issue.claim.place.is_empty() { String::new() } else { format!(" at {}", issue.claim.place) };
    format!("{} claims a {} fault{place}: {}", by.join(", "), issue.severity().as_str(), issue.claim.what)
}
