//! How a task's plan came to be what it is: every change after acceptance, and which steps stand for failed ones. Deciding
//! on a change is `settle`'s business; here it is only made.

use super::attempt::AttemptState;
use super::event::{Event, Progress};
use super::id::{StepId, WorkerName};
use super::plan::{PlanSource, Share, Step, StepAim};
use super::task::Task;
use super::verdict::Claim;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// What became of a plan after its task was accepted.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Growth {
    /// The changes, in order.
    pub changes: Vec<Change>,
    /// The steps that stand for a failed one: those of the latest change that took its place.
    pub stand_ins: BTreeMap<StepId, Vec<StepId>>,
    /// Steps that are part of a recovery plan. One that fails is not planned around again.
    pub patches: BTreeSet<StepId>,
    /// The step that plans anew what is left, while it has not ended. No other call of the task starts meanwhile.
    pub replan: Option<StepId>,
    /// What was last told of how far it is.
    pub told: Progress,
    /// The rounds after the first answers, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rounds: Vec<FurtherRound>,
    /// The claims that a worker was asked to show or to refute, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub proofs: Vec<TriedClaim>,
}

/// A round in which the workers were asked once more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FurtherRound {
    /// Its step.
    pub step: StepId,
    /// Which it is; the first answers were round 1.
    pub number: u32,
    /// The candidate that the votes are about (attempt number); `None`: the matter itself.
    pub candidate: Option<u32>,
    /// In what the workers contradicted each other.
    pub why: String,
}

/// A claim that a worker was asked to show or to refute.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TriedClaim {
    /// The step in which it is tried.
    pub step: StepId,
    /// The claim.
    pub claim: Claim,
    /// Who raised it.
    pub raised_by: Vec<WorkerName>,
    /// The candidate that it is about (attempt number); `None`: the matter itself.
    pub candidate: Option<u32>,
}

/// One change of a plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// The attempt whose proposal it came from.
    pub by: Option<u32>,
    /// What laid out the new steps.
    pub source: PlanSource,
    /// How many steps it added.
    pub added: u32,
    /// How many it took out.
    pub dropped: u32,
    /// Why, as a sentence.
    pub why: String,
}

impl Growth {
    /// Whether what an attempt proposed has been acted on.
    pub fn has_heard(&self, attempt: u32) -> bool {
        self.changes.iter().any(|change| change.by == Some(attempt))
    }

    /// Where no planner gave a plan that could be used: why not, and what was done instead, a sentence each.
    pub fn unplanned(&self) -> impl Iterator<Item = &str> {
        let simple = self.changes.iter().filter(|change| change.source == PlanSource::Simple);
        simple.map(|change| change.why.as_str())
    }

    /// How many changes came from such a source.
    pub fn count(&self, source: &PlanSource) -> usize {
        self.changes.iter().filter(|change| change.source == *source).count()
    }
}

impl Task {
    /// Whether a step must stay in the plan: a call of it runs, or has given something.
    pub fn is_kept(&self, step: &StepId) -> bool {
        let keeps =
            |state: &AttemptState| matches!(state, AttemptState::Running { .. } | AttemptState::Answered { .. });
        self.attempts_of(step).any(|attempt| keeps(&attempt.state))
    }

    /// The steps whose outputs a step sees: those it needs, or what took the place of those that failed; with
    /// [`Share::All`] every other that worked on the task. A step that plans around a failed one sees what that one saw.
    pub fn seen_by<'a>(&'a self, step: &'a Step) -> BTreeSet<&'a StepId> {
        if self.plan.share == Share::All && !matches!(step.aim, StepAim::Check) {
            // First answers are sealed: who judges sees no other judgement that its plan does not put before it.
            let sealed =
                |other: &Step| step.aim == StepAim::Judge && other.aim.judges() && !step.needs.contains(&other.id);
            let work = self.plan.steps.iter().filter(|other| !other.aim.steers() && other.id != step.id);
            return work.filter(|other| !sealed(other)).map(|other| &other.id).collect();
        }
        let mut open: Vec<&StepId> = match step.aim {
            StepAim::Recover => step.needs.iter().filter_map(|id| self.step(id)).flat_map(|step| &step.needs).collect(),
            StepAim::Synthesize => {
                let later = self.plan.steps.iter().filter(|other| other.aim.deliberates()).map(|other| &other.id);
                step.needs.iter().chain(later).collect()
            }
            StepAim::Judge
            | StepAim::Make
            | StepAim::Check
            | StepAim::Plan
            | StepAim::Review
            | StepAim::Reconsider
            | StepAim::Prove => step.needs.iter().collect(),
        };
        let mut seen = BTreeSet::new();
        while let Some(id) = open.pop() {
            if seen.insert(id) {
                open.extend(self.growth.stand_ins.get(id).into_iter().flatten());
            }
        }
        seen
    }

    /// Makes the change that an [`Event::PlanChanged`] tells of. What runs or has given something stays, whatever the event says, and a step
    /// that is there is not added again.
    pub(in crate::board) fn change_plan(&mut self, event: &Event) {
        let Event::PlanChanged { by, source, adds, drops, checkpoint_every, why, .. } = event else { return };
        let drops: BTreeSet<&StepId> = drops.iter().filter(|step| !self.is_kept(step)).collect();
        let before = self.plan.steps.len();
        self.plan.steps.retain(|step| !drops.contains(&step.id));
        let dropped = before - self.plan.steps.len();
        for stand_ins in self.growth.stand_ins.values_mut() {
            stand_ins.retain(|step| !drops.contains(step));
        }
        self.growth.stand_ins.retain(|_, stand_ins| !stand_ins.is_empty());
        let adds: Vec<&Step> = adds.iter().filter(|step| self.step(&step.id).is_none()).collect();
        self.stand_in(source, &adds);
        self.plan.checkpoint_every = checkpoint_every.or(self.plan.checkpoint_every);
        self.hold(*by, source, &adds);
        self.deliberate(source, &adds, why);
        if matches!(source, PlanSource::Planner | PlanSource::Simple) {
            self.plan.source = source.clone();
        }
        let count = |steps: usize| u32::try_from(steps).unwrap_or(u32::MAX);
        let (added, dropped) = (count(adds.len()), count(dropped));
        self.growth.changes.push(Change { by: *by, source: source.clone(), added, dropped, why: why.clone() });
        self.plan.steps.extend(adds.into_iter().cloned());
    }

    /// Notes what a step that belongs to the weighing is about.
    fn deliberate(&mut self, source: &PlanSource, adds: &[&Step], why: &str) {
        let Some(step) = adds.iter().find(|step| step.aim.deliberates()).map(|step| step.id.clone()) else { return };
        match source {
            PlanSource::Round { round, candidate } => {
                let (number, candidate, why) = (*round, *candidate, why.to_owned());
                self.growth.rounds.push(FurtherRound { step, number, candidate, why });
            }
            PlanSource::Proof { claim, raised_by, candidate } => {
                let (claim, raised_by, candidate) = (claim.clone(), raised_by.clone(), *candidate);
                self.growth.proofs.push(TriedClaim { step, claim, raised_by, candidate });
            }
            _ => {}
        }
    }

    /// Notes which of the new steps stand for a failed one, instead of those that did so before.
    fn stand_in(&mut self, source: &PlanSource, adds: &[&Step]) {
        let taken_over: BTreeSet<&StepId> = adds.iter().filter_map(|step| step.stands_for.as_ref()).collect();
        self.growth.stand_ins.retain(|step, _| !taken_over.contains(step));
        for step in adds {
            if let Some(failed) = &step.stands_for {
                self.growth.stand_ins.entry(failed.clone()).or_default().push(step.id.clone());
            }
            if *source == PlanSource::Recovery && !step.aim.steers() {
                self.growth.patches.insert(step.id.clone());
            }
        }
    }

    /// Begins to hold the other steps when what is left is planned anew, and lets them go on when that has come to an end.
    fn hold(&mut self, by: Option<u32>, source: &PlanSource, adds: &[&Step]) {
        let answers = |step: &StepId| {
            let attempt = by.and_then(|by| self.attempts.get(&by));
            attempt.is_some_and(|attempt| attempt.step == *step) || *source == PlanSource::Simple
        };
        if self.growth.replan.as_ref().is_some_and(answers) {
            self.growth.replan = None;
        }
        if *source == PlanSource::Checkpoint {
            let replan = adds.iter().find(|step| step.aim == StepAim::Plan).map(|step| step.id.clone());
            self.growth.replan = replan.or(self.growth.replan.take());
        }
    }
}
