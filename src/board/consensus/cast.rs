//! Collecting the votes that were cast from a task's attempts. Adding them up is `tally`'s business.

use super::super::attempt::{Answer, Attempt, Purpose};
use super::super::decision::Vote;
use super::super::id::{Kind, StepId, WorkerName};
use super::super::plan::{Step, StepAim};
use super::super::task::Task;
use super::super::verdict::Verdict;
use super::rounds;
use super::tally::Ballot;
use super::weight::Scales;
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
            grounds: Some(self.ballot.standing.grounds),
            family_discount,
            family: self.ballot.family.to_owned(),
            stated_confidence: self.verdict.stated_confidence,
            pivotal,
        }
    }
}

/// The answered attempts that judge the matter, in the judging steps that count and gave an answer.
pub(super) fn judges(task: &Task) -> Vec<(&Attempt, &Answer)> {
    counting(task, StepAim::Judge, |purpose| *purpose == Purpose::Judge)
}

/// The answered attempts that made a candidate, in the making steps that count and gave an answer.
pub(super) fn makers(task: &Task) -> Vec<(&Attempt, &Answer)> {
    counting(task, StepAim::Make, |purpose| matches!(purpose, Purpose::Make | Purpose::Synthesize))
}

/// Whether the steps of that aim that count gave nothing, so that what is decided on is other work.
pub(super) fn last_is_missing(task: &Task, aim: StepAim) -> bool {
    let last = steps_that_count(task, aim);
    !last.is_empty() && !task.answered().any(|(attempt, _)| last.contains(&attempt.step))
}

/// What the chair wrote out of the others' outputs, where that is the end of the plan and no candidate itself.
pub(super) fn synthesis(task: &Task) -> Option<(&Attempt, &Answer)> {
    let wholes: Vec<&StepId> = wholes(task).map(|step| &step.id).collect();
    task.answered().find(|(attempt, _)| attempt.purpose == Purpose::Synthesize && wholes.contains(&&attempt.step))
}

/// Whether the plan ends with a synthesis.
pub(super) fn ends_in_synthesis(task: &Task) -> bool {
    wholes(task).next().is_some()
}

/// The steps that bring outputs together, on which nothing builds and which are not decided on.
pub(in crate::board) fn wholes(task: &Task) -> impl Iterator<Item = &Step> {
    let built_on = |step: &Step| task.plan.steps.iter().any(|other| other.needs.contains(&step.id));
    task.plan
        .steps
        .iter()
        .filter(move |step| step.aim == StepAim::Synthesize && !is_answer(task, step) && !built_on(step))
}

fn counting(task: &Task, aim: StepAim, fits: impl Fn(&Purpose) -> bool) -> Vec<(&Attempt, &Answer)> {
    let all: Vec<_> = task.answered().filter(|(attempt, _)| fits(&attempt.purpose)).collect();
    let steps = steps_that_count(task, aim);
    let counted: Vec<_> = all.iter().copied().filter(|(attempt, _)| steps.contains(&attempt.step)).collect();
    // Without those that should count, earlier work does; a synthesis of it is no candidate beside it.
    let made: Vec<_> = all.into_iter().filter(|(attempt, _)| attempt.purpose != Purpose::Synthesize).collect();
    if counted.is_empty() { made } else { counted }
}

/// Whether the plan says that the decision is made on a step, or on the failed one whose place it takes.
fn is_answer(task: &Task, step: &Step) -> bool {
    step.answer || step.stands_for.as_ref().and_then(|id| task.step(id)).is_some_and(|other| other.answer)
}

/// The steps of an aim that the decision is made on: the marked ones, or those that no other step of that aim builds on.
fn steps_that_count(task: &Task, aim: StepAim) -> BTreeSet<&StepId> {
    // A whole that is decided on or checked is a candidate like any other.
    let checked = |step: &Step| {
        let checks = task.plan.steps.iter().filter(|other| other.aim == StepAim::Check);
        checks.flat_map(|other| &other.needs).any(|need| *need == step.id)
    };
    let of_aim = |step: &&Step| {
        step.aim == aim
            || aim == StepAim::Make && step.aim == StepAim::Synthesize && (is_answer(task, step) || checked(step))
    };
    let steps: Vec<&Step> = task.plan.steps.iter().filter(of_aim).collect();
    if task.plan.steps.iter().any(|step| step.answer) {
        return steps.into_iter().filter(|step| is_answer(task, step)).map(|step| &step.id).collect();
    }
    let mut last: BTreeSet<&StepId> = steps.iter().map(|step| &step.id).collect();
    for step in steps {
        let mut built_on: Vec<&StepId> = step.needs.iter().collect();
        let mut known = BTreeSet::new();
        while let Some(need) = built_on.pop() {
            if known.insert(need) {
                last.remove(need);
                built_on.extend(task.step(need).into_iter().flat_map(|step| &step.needs));
                // What took the place of a failed step is built on in its stead.
                built_on.extend(task.growth.stand_ins.get(need).into_iter().flatten());
            }
        }
    }
    last
}

/// The votes on the matter: one for each worker, its latest.
pub(super) fn on_matter<'a>(task: &'a Task, judges: &[(&'a Attempt, &'a Answer)], scales: Scales<'a>) -> Vec<Cast<'a>> {
    let verdicts =
        judges.iter().flat_map(|(attempt, answer)| answer.verdicts.iter().map(move |verdict| (*attempt, verdict)));
    let first = verdicts.filter(|(_, verdict)| verdict.candidate.is_none());
    one_each(first.chain(rounds::said_again(task, None)), &task.route.kind, scales)
}

/// The votes on a candidate: one for each worker, its latest; never the maker's own.
pub(super) fn on_candidate<'a>(task: &'a Task, candidate: &Attempt, scales: Scales<'a>) -> Vec<Cast<'a>> {
    let checks = task.answered().filter(|(attempt, _)| matches!(attempt.purpose, Purpose::Check { .. }));
    let verdicts = checks.flat_map(|(attempt, answer)| answer.verdicts.iter().map(move |verdict| (attempt, verdict)));
    let on_it = verdicts
        .filter(|(attempt, verdict)| verdict.candidate == Some(candidate.number) && attempt.worker != candidate.worker);
    one_each(on_it.chain(rounds::said_again(task, Some(candidate.number))), &task.route.kind, scales)
}

fn one_each<'a>(
    verdicts: impl Iterator<Item = (&'a Attempt, &'a Verdict)>,
    kind: &Kind,
    scales: Scales<'a>,
) -> Vec<Cast<'a>> {
    let mut verdicts: Vec<(&Attempt, &Verdict)> = verdicts.collect();
    verdicts.sort_by_key(|(attempt, _)| attempt.number);
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
                family: scales.family(&attempt.worker),
                stance: verdict.counted(),
                standing: scales.standing(&attempt.worker, kind),
            },
        })
        .collect();
    casts.sort_by_key(|cast| cast.attempt.number);
    casts
}
