//! The vote on a matter: reviews, audits, checks, choices.
//!
//! `approve` and `approve_with_changes` both say that the matter is acceptable, `reject` that it is not: the posterior is
//! that of the two sides, from even odds, and the verdict reported is the heaviest stance of the side that won.

use super::super::decision::{ClassPosterior, Vote};
use super::super::id::WorkerName;
use super::super::task::Task;
use super::super::verdict::{Claim, Stance};
use super::cast::{self, Cast};
use super::outcome::{Outcome, claim_line, dissenters, fault_line, heaviest, standing_claims};
use super::tally::{self, Ballot, Before, Side, Tally};
use super::weight::Scales;
use super::{evidence, issues};

/// Weighs the verdicts on the matter.
pub(super) fn judge(task: &Task, scales: Scales<'_>) -> Outcome {
    let judges = cast::judges(task);
    let casts = cast::on_matter(task, &judges, scales);
    let ballots: Vec<Ballot<'_>> = casts.iter().map(|cast| cast.ballot.clone()).collect();
    let rho = scales.rules.consensus.family_correlation;
    let tally = tally::tally(&ballots, Before::default(), rho);
    let mut issues = issues::merge(claims(&casts));
    evidence::settle(task, None, &mut issues);
    let voted = ballots.iter().any(|ballot| ballot.stance != Stance::Abstain);
    let mut outcome = Outcome {
        effective: tally.effective,
        votes: votes(&casts, &ballots, &tally, rho),
        issues,
        answer: judges.first().map(|(attempt, _)| attempt.number),
        ..Outcome::default()
    };
    if voted {
        settle(&mut outcome, &casts, &ballots, &tally, scales);
        overrule(&mut outcome, task, &casts, &tally, scales);
    } else if judges.is_empty() {
        outcome.obstacles.push("no worker answered".to_owned());
    } else {
        outcome.obstacles.push("no worker gave a verdict that could be read".to_owned());
    }
    outcome
}

fn claims<'a>(casts: &'a [Cast<'a>]) -> impl Iterator<Item = (&'a WorkerName, &'a Claim)> {
    casts.iter().flat_map(|cast| cast.verdict.claims.iter().map(|claim| (&cast.attempt.worker, claim)))
}

fn votes(casts: &[Cast<'_>], ballots: &[Ballot<'_>], tally: &Tally, rho: f64) -> Vec<Vote> {
    let pivotal = |index: usize| {
        let rest = tally::without(ballots, index, Before::default(), rho);
        ballots[index].side().is_some() && rest.winner() != tally.winner()
    };
    casts.iter().enumerate().map(|(index, cast)| cast.vote(tally.discounts[index], pivotal(index))).collect()
}

fn settle(outcome: &mut Outcome, casts: &[Cast<'_>], ballots: &[Ballot<'_>], tally: &Tally, scales: Scales<'_>) {
    let acceptable = tally.acceptable();
    // A tie between real weights is no approval; without any weight nothing has been judged at all.
    let weightless = tally.in_favour + tally.against <= 0.0;
    let side = tally.winner().unwrap_or(Side::Rejected);
    let verdict = if weightless { Stance::Abstain } else { heaviest(ballots, tally, side) };
    outcome.verdict = Some(verdict);
    outcome.confidence = if side == Side::Acceptable { acceptable } else { 1.0 - acceptable };
    outcome.sums = vec![tally.of_matter()];
    outcome.posteriors = vec![
        ClassPosterior { class: "acceptable".to_owned(), posterior: acceptable },
        ClassPosterior { class: "reject".to_owned(), posterior: 1.0 - acceptable },
    ];
    outcome.posteriors.sort_by(|a, b| b.posterior.total_cmp(&a.posterior));
    outcome.story.push(format!(
        "The weights for acceptable add up to {:.3}, those against to {:.3}; from even odds the log-odds are {:+.3}, which \
         is a probability of {acceptable:.3} that it is acceptable.",
        tally.in_favour,
        tally.against,
        tally.total(),
    ));
    if weightless {
        outcome.obstacles.push("no worker that voted has a record good enough to count".to_owned());
        return;
    }
    outcome.answer = representative(casts, tally, verdict).or(outcome.answer);
    outcome.dissenters = dissenters(casts, side);
    if verdict == Stance::Reject {
        outcome.obstacles.push(format!("the verdict is reject, with probability {:.3}", outcome.confidence));
    }
    contradictions(outcome, casts, scales);
}

/// A grave fault that was shown makes the matter one to reject, whatever the votes. How sure that is is how often the
/// worker that showed it has been right.
fn overrule(outcome: &mut Outcome, task: &Task, casts: &[Cast<'_>], tally: &Tally, scales: Scales<'_>) {
    let Some(shown) = outcome.issues.iter().find(|issue| evidence::is_shown(issue)) else { return };
    let line = fault_line(shown);
    let by_votes = 1.0 - tally.acceptable();
    let sure =
        evidence::shown_by(task, None, shown).map_or(by_votes, |by| scales.standing(by, &task.route.kind).mean());
    outcome.verdict = Some(Stance::Reject);
    outcome.confidence = sure.max(by_votes);
    outcome.dissenters = dissenters(casts, Side::Rejected);
    outcome.answer = representative(casts, tally, Stance::Reject).or(outcome.answer);
    outcome.conflicts.clear();
    outcome.obstacles.insert(0, format!("{line} was shown, which outranks the votes"));
    outcome.story.push(format!(
        "A fault that was shown outranks the votes: the matter is rejected with probability {:.3}, by the record of who \
         showed it or by the votes, whichever is more.",
        outcome.confidence
    ));
}

/// The winning verdict's heaviest vote; of equals the first.
fn representative(casts: &[Cast<'_>], tally: &Tally, verdict: Stance) -> Option<u32> {
    let mut best: Option<(f64, u32)> = None;
    for (cast, discount) in casts.iter().zip(&tally.discounts) {
        let weight = cast.ballot.standing.weight * discount;
        if cast.ballot.stance == verdict && best.is_none_or(|(heaviest, _)| weight > heaviest) {
            best = Some((weight, cast.attempt.number));
        }
    }
    best.map(|(_, number)| number)
}

fn contradictions(outcome: &mut Outcome, casts: &[Cast<'_>], scales: Scales<'_>) {
    let runner_up = 1.0 - outcome.confidence;
    if !outcome.dissenters.is_empty() && runner_up >= scales.rules.consensus.conflict_runner_up - super::TOLERANCE {
        outcome.conflicts.push(format!(
            "the other verdict keeps a probability of {runner_up:.3}, and {:.2} or more is a conflict",
            scales.rules.consensus.conflict_runner_up
        ));
    }
    let verdict = outcome.verdict.unwrap_or(Stance::Abstain);
    let lines: Vec<String> = standing_claims(&outcome.issues, verdict, casts).into_iter().map(claim_line).collect();
    // A single worker cannot contradict others; its claim stands in the way all the same.
    if casts.len() > 1 { outcome.conflicts.extend(lines) } else { outcome.obstacles.extend(lines) }
}
