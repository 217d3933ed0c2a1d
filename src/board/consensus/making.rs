//! The choice among candidates: implementations, documents, plans, ideas.
//!
//! What is thought of a candidate before anyone looked at it is its maker's record on this kind of task; each check moves
//! that by its weight. So a candidate that nobody checked keeps its maker's record as its probability, an approval can
//! only raise it, and a rejection can only lower it.

use super::super::attempt::Attempt;
use super::super::decision::{ClassPosterior, Vote};
use super::super::plan::StepAim;
use super::super::task::Task;
use super::super::verdict::Stance;
use super::cast::{self, Cast};
use super::evidence::Fitness;
use super::outcome::{Outcome, claim_line, dissenters, fault_line, heaviest, standing_claims};
use super::tally::{self, Ballot, Before, Side, Tally};
use super::weight::{Scales, Standing};
use super::{evidence, issues};

/// How a candidate compares with others: by what was tried of it, then by its log-odds.
type Compared = (Fitness, f64);

struct Candidate<'a> {
    maker: &'a Attempt,
    /// What was tried of it, which counts before any vote.
    fitness: Fitness,
    record: Standing,
    before: Before<'a>,
    casts: Vec<Cast<'a>>,
    ballots: Vec<Ballot<'a>>,
    tally: Tally,
}

impl Candidate<'_> {
    fn was_checked(&self) -> bool {
        self.ballots.iter().any(|ballot| ballot.side().is_some())
    }
}

/// Weighs the checks of each candidate and picks the best.
pub(super) fn choose(task: &Task, scales: Scales<'_>) -> Outcome {
    let rho = scales.rules.consensus.family_correlation;
    let makers = cast::makers(task);
    let candidates: Vec<Candidate<'_>> = makers.iter().map(|(maker, _)| candidate(task, maker, scales, rho)).collect();
    let totals: Vec<Compared> = candidates.iter().map(|each| (each.fitness, each.tally.total())).collect();
    let mut outcome = Outcome::default();
    let Some(chosen) = best(&totals) else {
        outcome.obstacles.push("no worker answered".to_owned());
        return outcome;
    };
    outcome.votes = votes(&candidates, &totals, chosen, rho);
    outcome.sums = candidates
        .iter()
        .map(|each| each.tally.of_candidate(each.maker, &each.record, scales.family(&each.maker.worker)))
        .collect();
    outcome.posteriors = posteriors(&candidates);
    settle(&mut outcome, task, &candidates, chosen, scales);
    weigh_evidence(&mut outcome, task, &candidates, chosen, scales);
    if cast::last_is_missing(task, StepAim::Make) {
        outcome.obstacles.push("the last step gave nothing, so the answer is that of an earlier step".to_owned());
    }
    outcome
}

fn candidate<'a>(task: &'a Task, maker: &'a Attempt, scales: Scales<'a>, rho: f64) -> Candidate<'a> {
    let record = scales.standing(&maker.worker, &task.route.kind);
    let before = Before { log_odds: record.prior(), family: Some(scales.family(&maker.worker)) };
    let casts = cast::on_candidate(task, maker, scales);
    let ballots: Vec<Ballot<'a>> = casts.iter().map(|cast| cast.ballot.clone()).collect();
    let tally = tally::tally(&ballots, before, rho);
    Candidate { maker, fitness: evidence::fitness(task, maker), record, before, casts, ballots, tally }
}

/// The best by what was tried; of those the highest log-odds; of equals the first made.
fn best(totals: &[Compared]) -> Option<usize> {
    let mut best: Option<usize> = None;
    for (index, total) in totals.iter().enumerate() {
        let beats = |known: &Compared| total.0.cmp(&known.0).then(total.1.total_cmp(&known.1)).is_gt();
        if best.is_none_or(|known: usize| beats(&totals[known])) {
            best = Some(index);
        }
    }
    best
}

/// Every vote; one is pivotal when without it another candidate, or none, would be acceptable enough to be chosen.
fn votes(candidates: &[Candidate<'_>], totals: &[Compared], chosen: usize, rho: f64) -> Vec<Vote> {
    let mut votes = Vec::new();
    for (place, candidate) in candidates.iter().enumerate() {
        for (index, cast) in candidate.casts.iter().enumerate() {
            let rest = tally::without(&candidate.ballots, index, candidate.before, rho).total();
            let mut without = totals.to_vec();
            without[place].1 = rest;
            let other = best(&without);
            let turned = (totals[chosen].1 > 0.0) != other.is_some_and(|other| without[other].1 > 0.0);
            let pivotal = candidate.ballots[index].side().is_some() && (other != Some(chosen) || turned);
            votes.push(cast.vote(candidate.tally.discounts[index], pivotal));
        }
    }
    votes
}

fn posteriors(candidates: &[Candidate<'_>]) -> Vec<ClassPosterior> {
    let mut posteriors: Vec<ClassPosterior> = candidates
        .iter()
        .map(|each| ClassPosterior {
            class: format!("candidate {}", each.maker.number),
            posterior: each.tally.acceptable(),
        })
        .collect();
    posteriors.sort_by(|a, b| b.posterior.total_cmp(&a.posterior));
    posteriors
}

fn settle(outcome: &mut Outcome, task: &Task, candidates: &[Candidate<'_>], chosen: usize, scales: Scales<'_>) {
    let candidate = &candidates[chosen];
    let (tally, maker) = (&candidate.tally, &candidate.maker.worker);
    let side = if tally.total() > 0.0 { Side::Acceptable } else { Side::Rejected };
    let verdict = match side {
        _ if !candidate.was_checked() => Stance::Abstain,
        Side::Acceptable if tally.in_favour > 0.0 => heaviest(&candidate.ballots, tally, side),
        // Its maker's record alone outweighs the rejections.
        Side::Acceptable => Stance::ApproveWithChanges,
        Side::Rejected => Stance::Reject,
    };
    outcome.verdict = Some(verdict);
    outcome.confidence = tally.acceptable();
    outcome.answer = Some(candidate.maker.number);
    outcome.decided_on = outcome.answer;
    outcome.effective = tally.effective;
    outcome.issues = issues::merge(
        candidate.casts.iter().flat_map(|cast| cast.verdict.claims.iter().map(|claim| (&cast.attempt.worker, claim))),
    );
    evidence::settle(task, Some(candidate.maker.number), &mut outcome.issues);
    outcome.story.push(format!(
        "Candidate {} by {maker} was chosen of {}. Its maker's record gives it log-odds of {:+.3}, checks in favour add \
         {:.3}, checks against take {:.3}: log-odds {:+.3}, a probability of {:.3} that it is acceptable.",
        candidate.maker.number,
        candidates.len(),
        tally.prior,
        tally.in_favour,
        tally.against,
        tally.total(),
        outcome.confidence,
    ));
    if !candidate.was_checked() {
        outcome.notes.push(unchecked(candidate, candidates.len()));
        outcome.obstacles.extend(outcome.issues.iter().filter(|issue| issues::is_grave(issue)).map(claim_line));
        return;
    }
    outcome.dissenters = dissenters(&candidate.casts, side);
    contradictions(outcome, candidate, side, verdict, scales);
}

/// What was tried outranks what was said: a candidate that failed, or that did not pass where one could have, needs a
/// person, and a fault that was shown is a rejection.
fn weigh_evidence(outcome: &mut Outcome, task: &Task, candidates: &[Candidate<'_>], chosen: usize, scales: Scales<'_>) {
    let candidate = &candidates[chosen];
    let number = candidate.maker.number;
    let tried = candidates.iter().any(|each| each.maker.validation.is_some());
    if tried && candidate.fitness != Fitness::Passed {
        let why = candidates.iter().filter_map(|each| evidence::obstacle(each.maker));
        outcome.obstacles.extend(why);
        outcome.obstacles.push("no candidate passed its validation and every claim that was tried".to_owned());
    }
    if let Some(shown) = outcome.issues.iter().find(|issue| evidence::is_shown(issue)) {
        let by = evidence::shown_by(task, Some(number), shown);
        let sure = by.map_or(1.0, |by| scales.standing(by, &task.route.kind).mean());
        let line = fault_line(shown);
        outcome.verdict = Some(Stance::Reject);
        outcome.confidence = outcome.confidence.min(1.0 - sure);
        outcome.dissenters = dissenters(&candidate.casts, Side::Rejected);
        outcome.conflicts.clear();
        outcome.obstacles.insert(0, format!("{line} was shown, which outranks the votes"));
    }
}

fn unchecked(candidate: &Candidate<'_>, of: usize) -> String {
    let maker = &candidate.maker.worker;
    let who =
        if of == 1 { format!("only {maker} worked on it and") } else { format!("{maker}'s candidate was chosen and") };
    let why = if candidate.casts.is_empty() {
        "nobody checked it"
    } else {
        "those who should have checked it gave no verdict that counts"
    };
    format!("{who} {why}; the confidence is {maker}'s record on this kind of task ({:.2})", candidate.record.mean())
}

fn contradictions(outcome: &mut Outcome, candidate: &Candidate<'_>, side: Side, verdict: Stance, scales: Scales<'_>) {
    let limit = scales.rules.consensus.conflict_runner_up;
    let runner_up = if side == Side::Acceptable { 1.0 - outcome.confidence } else { outcome.confidence };
    if !outcome.dissenters.is_empty() && runner_up >= limit - super::TOLERANCE {
        outcome.conflicts.push(format!(
            "the checks of the chosen candidate contradict each other or its maker's record: the other judgement keeps a \
             probability of {runner_up:.3}, and {limit:.2} or more is a conflict"
        ));
    }
    outcome.conflicts.extend(standing_claims(&outcome.issues, verdict, &candidate.casts).into_iter().map(claim_line));
}
