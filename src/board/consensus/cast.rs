//! Collecting the votes that were cast from a task's attempts. Adding them up is `tally`'s business.

use super::super::attempt::{Answer, Attempt, Purpose};
use super::super::decision::Vote;
use super::super::id::{Kind, StepId, WorkerName};
use super::super::plan::StepAim;
use super::super::rules::Rules;
use super::super::task::Task;
use super::super::verdict::Verdict;
use super::tally::Ballot;
use super::weight;
use std::collections::{BTreeMap, BTreeSet};

/// A verdict with what the sum needs of it.
#[derive(Clone)]
pub(super) struct Cast<'a> {
    pub(super) attempt: &'a Attempt,
    pub(super) verdict: &'a Verdict,
    pub(super) ballot: Ballot<'a>,
}

impl Cast<'_> {
    /// The vote as the decision shows it.
    pub(super) fn vote(&self, family_discount: f64, pivotal: bool) -> Vote {
        Vote {
            worker: self.attempt.worker.clone(),
            verdict: self.verdict.stance,
            reading: self.verdict.reading,
            candidate: self.verdict.candidate,
            weight: self.ballot.standing.weight,
            alpha: self.ballot.standing.alpha,
            beta: self.ballot.standing.beta,
            family_discount,
            family: self.ballot.family.to_owned(),
            stated_confidence: self.verdict.stated_confidence,
            pivotal,
        }
    }
}

/// The answered attempts that judge the matter, in the last judging steps that gave an answer.
pub(super) fn judges(task: &Task) -> Vec<(&Attempt, &Answer)> {
    last_of(task, StepAim::Judge, |purpose| *purpose == Purpose::Judge)
}

/// The answered attempts that made a candidate, in the last making steps that gave an answer.
pub(super) fn makers(task: &Task) -> Vec<(&Attempt, &Answer)> {
    last_of(task, StepAim::Make, |purpose| *purpose == Purpose::Make)
}

/// Whether the last steps of that aim gave nothing, so that what is decided on is earlier work.
pub(super) fn last_is_missing(task: &Task, aim: StepAim) -> bool {
    let last = last_steps(task, aim);
    !last.is_empty() && !task.answered().any(|(attempt, _)| last.contains(&attempt.step))
}

fn last_of(task: &Task, aim: StepAim, fits: impl Fn(&Purpose) -> bool) -> Vec<(&Attempt, &Answer)> {
    let all: Vec<_> = task.answered().filter(|(attempt, _)| fits(&attempt.purpose)).collect();
    let steps = last_steps(task, aim);
    let last: Vec<_> = all.iter().copied().filter(|(attempt, _)| steps.contains(&attempt.step)).collect();
    if last.is_empty() { all } else { last }
}

/// The steps of an aim that no other step of that aim builds on.
fn last_steps(task: &Task, aim: StepAim) -> BTreeSet<&StepId> {
    let mut last: BTreeSet<&StepId> =
        task.plan.steps.iter().filter(|step| step.aim == aim).map(|step| &step.id).collect();
    for step in task.plan.steps.iter().filter(|step| step.aim == aim) {
        let mut built_on: Vec<&StepId> = step.needs.iter().collect();
        let mut known = BTreeSet::new();
        while let Some(need) = built_on.pop() {
            if known.insert(need) {
                last.remove(need);
                built_on.extend(task.step(need).into_iter().flat_map(|step| &step.needs));
            }
        }
    }
    last
}

/// The votes on the matter: one for each worker, its latest.
pub(super) fn on_matter<'a>(judges: &[(&'a Attempt, &'a Answer)], kind: &Kind, rules: &'a Rules) -> Vec<Cast<'a>> {
    let verdicts =
        judges.iter().flat_map(|(attempt, answer)| answer.verdicts.iter().map(move |verdict| (*attempt, verdict)));
    one_each(verdicts.filter(|(_, verdict)| verdict.candidate.is_none()), kind, rules)
}

/// The votes on a candidate: one for each worker, its latest; never the maker's own.
pub(super) fn on_candidate<'a>(task: &'a Task, candidate: &Attempt, rules: &'a Rules) -> Vec<Cast<'a>> {
    let checks = task.answered().filter(|(attempt, _)| matches!(attempt.purpose, Purpose::Check { .. }));
    let verdicts = checks.flat_map(|(attempt, answer)| answer.verdicts.iter().map(move |verdict| (attempt, verdict)));
    let on_it = verdicts
        .filter(|(attempt, verdict)| verdict.candidate == Some(candidate.number) && attempt.worker != candidate.worker);
    one_each(on_it, &task.route.kind, rules)
}

/// The family of a worker; one that is no longer configured is a family of its own.
pub(super) fn family<'a>(worker: &'a WorkerName, rules: &'a Rules) -> &'a str {
    rules.worker(worker).map_or(worker.as_str(), |rule| rule.family.as_str())
}

fn one_each<'a>(
    verdicts: impl Iterator<Item = (&'a Attempt, &'a Verdict)>,
    kind: &Kind,
    rules: &'a Rules,
) -> Vec<Cast<'a>> {
    let mut latest: BTreeMap<&WorkerName, (&Attempt, &Verdict)> = BTreeMap::new();
    for (attempt, verdict) in verdicts {
        latest.insert(&attempt.worker, (attempt, verdict));
    }
    let mut casts: Vec<Cast<'a>> = latest
        .into_values()
        .map(|(attempt, verdict)| Cast {
            attempt,
            verdict,
            ballot: Ballot {
                family: family(&attempt.worker, rules),
                stance: verdict.counted(),
                standing: weight::standing(&attempt.worker, kind, rules),
            },
        })
        .collect();
    casts.sort_by_key(|cast| cast.attempt.number);
    casts
}
