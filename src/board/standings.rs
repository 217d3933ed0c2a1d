//! How the steps of a task stand, worked out once for a look at the task. What follows from it is `settle` and `growing`.

use super::attempt::{Attempt, AttemptState, FailureClass};
use super::budget;
use super::evidence;
use super::id::StepId;
use super::plan::{PlanSource, Step, StepAim};
use super::planning;
use super::recovery::{SeatStanding, attempts_left, seat_standing, time_is_up};
use super::rules::Rules;
use super::state::State;
use super::task::{StepStanding, Task};
use super::time::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// The task under the eye, with all that deciding looks at.
#[derive(Clone, Copy)]
pub(in crate::board) struct Look<'a> {
    pub(in crate::board) state: &'a State,
    pub(in crate::board) rules: &'a Rules,
    pub(in crate::board) task: &'a Task,
    pub(in crate::board) at: Timestamp,
}

/// The standing of every step.
pub(in crate::board) struct Standings<'a> {
    of: BTreeMap<&'a StepId, StepStanding>,
    attempts: BTreeMap<&'a StepId, Vec<&'a Attempt>>,
    /// Failed steps that a planner may plan around, and for which none has been asked yet.
    pub(in crate::board) lost: Vec<&'a Step>,
}

impl<'a> Standings<'a> {
    /// Looks at every step, each after those it waits for. One pass is enough for a plan as it was accepted; each change
    /// that put steps in the place of others may take one more.
    pub(in crate::board) fn of(look: Look<'a>) -> Self {
        let mut attempts: BTreeMap<&StepId, Vec<&Attempt>> = BTreeMap::new();
        for attempt in look.task.attempts.values() {
            attempts.entry(&attempt.step).or_default().push(attempt);
        }
        let mut standings = Self { of: BTreeMap::new(), attempts, lost: Vec::new() };
        let known: BTreeSet<&StepId> = look.task.plan.steps.iter().map(|step| &step.id).collect();
        let mut left: Vec<&Step> = look.task.plan.steps.iter().collect();
        while !left.is_empty() {
            let before = left.len();
            left.retain(|step| match standings.look_at(look, step, &known) {
                Some(standing) => {
                    standings.of.insert(&step.id, standing);
                    false
                }
                None => true,
            });
            // Only a damaged journal could hold steps that wait for each other.
            if left.len() == before {
                standings.of.extend(left.drain(..).map(|step| (&step.id, StepStanding::Failed)));
            }
        }
        standings
    }

    /// How a step stands. One that is not in the plan has failed.
    pub(in crate::board) fn get(&self, step: &StepId) -> StepStanding {
        self.of.get(step).copied().unwrap_or(StepStanding::Failed)
    }

    /// Whether a step has ended, well or not.
    pub(in crate::board) fn has_ended(&self, step: &StepId) -> bool {
        matches!(self.get(step), StepStanding::Done | StepStanding::Failed)
    }

    /// The attempts of a step, by number.
    pub(in crate::board) fn attempts(&self, step: &StepId) -> &[&'a Attempt] {
        self.attempts.get(step).map_or(&[], Vec::as_slice)
    }

    /// A step's standing; `None` while one that it waits for, or that stands for it, is not known yet.
    fn look_at(&mut self, look: Look<'a>, step: &'a Step, known: &BTreeSet<&StepId>) -> Option<StepStanding> {
        let mut needs = Vec::new();
        for need in step.needs.iter().filter(|need| known.contains(need)) {
            needs.push(*self.of.get(need)?);
        }
        let ready = match step.aim {
            // These look at what has ended, however it did.
            StepAim::Review | StepAim::Recover | StepAim::Reconsider | StepAim::Prove => Ok(()),
            StepAim::Synthesize if self.is_disputed(look, step)? => Err(StepStanding::Blocked),
            StepAim::Synthesize => once_some(&needs),
            StepAim::Judge | StepAim::Make | StepAim::Check | StepAim::Plan => once_all(&needs),
        };
        let own = match ready {
            Ok(()) => self.seats(look, step),
            Err(standing) => return Some(standing),
        };
        if own != StepStanding::Failed || !step.aim.works() {
            return Some(own);
        }
        self.instead(look, step)
    }

    /// Whether a step that brings outputs together has not begun and waits for the end of a dispute about them.
    fn is_disputed(&self, look: Look<'_>, step: &Step) -> Option<bool> {
        if !self.attempts(&step.id).is_empty() {
            return Some(false);
        }
        for other in look.task.plan.steps.iter().filter(|other| other.aim.deliberates()) {
            if !matches!(self.of.get(&other.id)?, StepStanding::Done | StepStanding::Failed) {
                return Some(true);
            }
        }
        Some(false)
    }

    fn seats(&self, look: Look<'_>, step: &Step) -> StepStanding {
        let attempts = self.attempts(&step.id);
        let mut answered = false;
        for seat in 0..u32::try_from(step.seats.len()).unwrap_or(u32::MAX) {
            match seat_standing(look, step, seat, attempts) {
                SeatStanding::Busy | SeatStanding::Next { .. } if attempts.is_empty() => return StepStanding::Ready,
                SeatStanding::Busy | SeatStanding::Next { .. } => return StepStanding::Running,
                SeatStanding::Answered => answered = true,
                SeatStanding::Exhausted => {}
            }
        }
        // What was made counts once it has been tried, or its time is up.
        let owing = attempts.iter().any(|attempt| evidence::owed(look.task, attempt).is_some());
        if owing && !time_is_up(look.task, look.at) {
            return StepStanding::Running;
        }
        if answered { StepStanding::Done } else { StepStanding::Failed }
    }

    /// The standing of a step whose workers gave nothing: that of the steps in its place, where there are or may be some.
    fn instead(&mut self, look: Look<'a>, step: &'a Step) -> Option<StepStanding> {
        if let Some(stand_ins) = look.task.growth.stand_ins.get(&step.id) {
            let mut all = StepStanding::Done;
            for stand_in in stand_ins {
                match *self.of.get(stand_in)? {
                    StepStanding::Done => {}
                    StepStanding::Failed => return Some(StepStanding::Failed),
                    StepStanding::Blocked | StepStanding::Ready | StepStanding::Running | StepStanding::Recovering => {
                        all = StepStanding::Recovering;
                    }
                }
            }
            return Some(all);
        }
        if let Some(recover) = recover_step(look.task, &step.id) {
            let open = !matches!(self.seats(look, recover), StepStanding::Done | StepStanding::Failed);
            return Some(if open { StepStanding::Recovering } else { StepStanding::Failed });
        }
        if no_recovery(look, step, self.attempts(&step.id)).is_some() {
            return Some(StepStanding::Failed);
        }
        self.lost.push(step);
        Some(StepStanding::Recovering)
    }
}

fn once_all(needs: &[StepStanding]) -> Result<(), StepStanding> {
    if needs.contains(&StepStanding::Failed) {
        return Err(StepStanding::Failed);
    }
    if needs.iter().all(|need| *need == StepStanding::Done) { Ok(()) } else { Err(StepStanding::Blocked) }
}

/// What is to be made one whole waits for all parts, and goes on with those that there are.
fn once_some(needs: &[StepStanding]) -> Result<(), StepStanding> {
    if !needs.iter().all(|need| matches!(need, StepStanding::Done | StepStanding::Failed)) {
        return Err(StepStanding::Blocked);
    }
    if needs.is_empty() || needs.contains(&StepStanding::Done) { Ok(()) } else { Err(StepStanding::Failed) }
}

/// The step that plans around a failed one.
pub(in crate::board) fn recover_step<'a>(task: &'a Task, failed: &StepId) -> Option<&'a Step> {
    task.plan.steps.iter().find(|step| step.aim == StepAim::Recover && step.needs.first() == Some(failed))
}

/// Whether a plan lays out its work in several steps, so that one that fails leaves others to go on with.
pub(in crate::board) fn is_laid_out(task: &Task) -> bool {
    let works = |step: &&Step| step.aim.works() && step.aim != StepAim::Check;
    task.plan.steps.iter().filter(works).nth(1).is_some()
}

/// Why a failed step of a plan whose work is one step is not planned around; `None`: it may be, as in any larger plan.
fn not_worth_a_plan(look: Look<'_>, step: &Step) -> Option<&'static str> {
    let Look { task, .. } = look;
    if is_laid_out(task) {
        return None;
    }
    let was_tried = |attempt: &Attempt| match &attempt.state {
        AttemptState::Failed { failure, .. } => {
            !matches!(failure.class, FailureClass::Cancelled | FailureClass::OverBudget)
        }
        AttemptState::Planned { .. } | AttemptState::Running { .. } | AttemptState::Answered { .. } => false,
    };
    if step.aim == StepAim::Check {
        Some("what it was to check stands without it")
    } else if !planning::has_another(look) {
        Some("there is no other worker who could plan around it now")
    } else if !task.attempts_of(&step.id).any(was_tried) {
        Some("nobody failed at the work itself")
    } else {
        None
    }
}

/// Why no planner is asked to plan around a failed step, given its attempts; `None`: one may be.
pub(in crate::board) fn no_recovery(look: Look<'_>, step: &Step, attempts: &[&Attempt]) -> Option<String> {
    let Look { rules, task, at, .. } = look;
    let asked =
        task.growth.changes.iter().filter(|change| change.source == PlanSource::Recovery && change.by.is_none());
    let most = rules.plans.recoveries_max;
    if let Some(why) = not_worth_a_plan(look, step) {
        Some(why.to_owned())
    } else if task.growth.patches.contains(&step.id) {
        Some("it is itself part of a recovery plan".to_owned())
    } else if budget::stopped(attempts) || budget::stopped_recovery(task) {
        Some("the budget leaves no room for one".to_owned())
    } else if time_is_up(task, at) {
        Some("the task's time was up".to_owned())
    } else if !attempts_left(rules, task, 0) {
        Some(format!("the task has made {} attempts, which is the limit", task.attempts.len()))
    } else if asked.count() >= most as usize {
        Some(format!("{most} recovery plans were asked for already, which is the limit"))
    } else {
        None
    }
}
