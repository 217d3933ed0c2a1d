//! When a plan changes: what a planner, a reviewer or a failure makes of it. Each change is an event that holds the new
//! steps whole; making it is `growth`, laying the steps out `planning`.

use super::attempt::{Attempt, AttemptState};
use super::event::{Event, Progress};
use super::id::{AttemptKey, Role, StepId};
use super::plan::{PlanSource, Step, StepAim};
use super::planning;
use super::proposal::{Advice, Checkpoint, Proposal};
use super::recovery::{attempts_left, time_is_up};
use super::standings::{Look, Standings, is_laid_out};
use super::task::{StepStanding, Task};
use super::text::cut;
use std::collections::BTreeSet;

/// Share of the steps since the last checkpoint that must have ended well; below it what is left is planned anew.
const SUCCESS_MIN: f64 = 0.8;

/// A line on how far it is comes after every so many ended steps, in plans that have more.
const TOLD_EVERY: u32 = 5;

/// Lines on who sits in a plan's steps that its reason repeats.
const SAID_MAX: usize = 5;

/// Longest error that a planner is shown or a reason repeats, in bytes.
const ERROR_BYTES_MAX: usize = 600;

/// The next change that is due, or the next line on how far the plan is. Empty: neither.
pub(in crate::board) fn changes(look: Look<'_>, standings: &Standings<'_>) -> Vec<Event> {
    if time_is_up(look.task, look.at) || !attempts_left(look.rules, look.task, 0) {
        return released(look, standings).unwrap_or_default();
    }
    let due = || heard(look, standings).or_else(|| planless(look, standings)).or_else(|| recovery(look, standings));
    match due() {
        Some(events) => events,
        None => checkpoint(look, standings).or_else(|| progress(look, standings)).unwrap_or_default(),
    }
}

/// No further call may be made: what a planner held back, and will not lay out anew any more, goes on.
fn released(look: Look<'_>, standings: &Standings<'_>) -> Option<Vec<Event>> {
    let replan = look.task.growth.replan.as_ref().filter(|step| standings.has_ended(step))?;
    let step = look.task.step(replan)?;
    let by = latest(standings, step).map(|last| last.number);
    Some(given_up(look, step, by, "the task may make no further calls").events(look))
}

/// How far the plan is. A failed step whose place others have taken is not counted beside them.
pub(in crate::board) fn progress_of(task: &Task, standings: &Standings<'_>) -> Progress {
    let mut progress = Progress::default();
    for step in task.plan.steps.iter().filter(|step| counts(task, step)) {
        progress.steps += 1;
        match standings.get(&step.id) {
            StepStanding::Done => progress.done += 1,
            StepStanding::Failed => progress.failed += 1,
            StepStanding::Blocked | StepStanding::Ready | StepStanding::Running | StepStanding::Recovering => {}
        }
    }
    progress
}

/// Whether a step is work on the task that no other has taken over.
pub(in crate::board) fn counts(task: &Task, step: &Step) -> bool {
    step.aim.works() && !task.growth.stand_ins.contains_key(&step.id)
}

/// What was wrong with the plan that a step gave last, for the worker that is asked again.
pub(in crate::board) fn complaint(look: Look<'_>, standings: &Standings<'_>, step: &Step) -> Option<String> {
    let last = latest(standings, step)?;
    laid_out(look, standings, step, last).err()
}

/// The latest answer of a step.
fn latest<'a>(standings: &Standings<'a>, step: &Step) -> Option<&'a Attempt> {
    let answered = |attempt: &&&Attempt| matches!(attempt.state, AttemptState::Answered { .. });
    standings.attempts(&step.id).iter().rev().find(answered).copied()
}

fn proposal(attempt: &Attempt) -> Option<&Proposal> {
    match &attempt.state {
        AttemptState::Answered { answer, .. } => answer.proposal.as_ref(),
        AttemptState::Planned { .. } | AttemptState::Running { .. } | AttemptState::Failed { .. } => None,
    }
}

/// A change of this task's plan; `events` that must come before it are put in front.
struct Changed {
    by: Option<u32>,
    source: PlanSource,
    adds: Vec<Step>,
    drops: Vec<StepId>,
    checkpoint_every: Option<u32>,
    why: String,
}

impl Changed {
    fn of(by: Option<u32>, source: PlanSource, why: impl Into<String>) -> Self {
        Self { by, source, adds: Vec::new(), drops: Vec::new(), checkpoint_every: None, why: why.into() }
    }

    /// The events: calls of dropped steps that have not begun are withdrawn first.
    fn events(self, look: Look<'_>) -> Vec<Event> {
        let task = look.task;
        let dropped: BTreeSet<&StepId> = self.drops.iter().collect();
        let waiting = task
            .attempts
            .values()
            .filter(|attempt| matches!(attempt.state, AttemptState::Planned { .. }) && dropped.contains(&attempt.step));
        let mut events: Vec<Event> = waiting
            .map(|attempt| {
                let key = AttemptKey { task: task.id.clone(), number: attempt.number };
                super::settle::withdrawn(look.at, key, "its step was taken out of the plan")
            })
            .collect();
        let Self { by, source, adds, drops, checkpoint_every, why } = self;
        events.push(Event::PlanChanged {
            at: look.at,
            task: task.id.clone(),
            by,
            source,
            adds,
            drops,
            checkpoint_every,
            why,
        });
        events
    }
}

/// What an answer of a planner or a reviewer makes of the plan.
fn heard(look: Look<'_>, standings: &Standings<'_>) -> Option<Vec<Event>> {
    for step in look.task.plan.steps.iter().filter(|step| step.aim.steers()) {
        let Some(last) = latest(standings, step).filter(|last| !look.task.growth.has_heard(last.number)) else {
            continue;
        };
        let changed = match step.aim {
            StepAim::Review => Some(reviewed(look, standings, step, last)),
            StepAim::Plan | StepAim::Recover => planned(look, standings, step, last),
            StepAim::Judge
            | StepAim::Make
            | StepAim::Check
            | StepAim::Synthesize
            | StepAim::Reconsider
            | StepAim::Prove => None,
        };
        if let Some(changed) = changed {
            return Some(changed.events(look));
        }
    }
    None
}

/// The steps that an answer lays out, or what is wrong with them.
fn laid_out(look: Look<'_>, standings: &Standings<'_>, step: &Step, attempt: &Attempt) -> Result<Laid, String> {
    let written = match proposal(attempt) {
        Some(Proposal::Plan(written)) => written.as_ref().map_err(|wrong| cut(wrong, ERROR_BYTES_MAX).to_owned())?,
        Some(Proposal::Review(_) | Proposal::Proof(_)) | None => return Err("the answer holds no plan".to_owned()),
    };
    let is_done = |id: &StepId| standings.get(id) == StepStanding::Done;
    let failed = (step.aim == StepAim::Recover).then(|| step.needs.first()).flatten();
    let (steps, said) = planning::laid_out(look, written, &is_done, failed)?;
    Ok(Laid { steps, said, checkpoint_every: written.checkpoint_every })
}

/// The steps of an answer, as they are to be added.
struct Laid {
    steps: Vec<Step>,
    /// What a person should know of who sits in them.
    said: Vec<String>,
    checkpoint_every: Option<u32>,
}

impl Laid {
    /// A reason, and behind it what was said of the seats.
    fn told(&self, why: String) -> String {
        let more = self.said.len().saturating_sub(SAID_MAX);
        let more = (more > 0).then(|| format!("and {more} more of that kind"));
        let said = self.said.iter().take(SAID_MAX).cloned().chain(more);
        std::iter::once(why).chain(said).collect::<Vec<_>>().join("; ")
    }
}

/// A planner has answered. `None`: its plan cannot be used and it is asked once more.
fn planned(look: Look<'_>, standings: &Standings<'_>, step: &Step, last: &Attempt) -> Option<Changed> {
    let by = Some(last.number);
    let worker = &last.worker;
    match laid_out(look, standings, step, last) {
        Ok(laid) if step.aim == StepAim::Recover => {
            let failed = step.needs.first().map_or("", StepId::as_str);
            let why = laid.told(format!("{worker} planned around the failed step {failed}"));
            Some(Changed { adds: laid.steps, ..Changed::of(by, PlanSource::Recovery, why) })
        }
        Ok(laid) => {
            let again = look.task.growth.replan.as_ref() == Some(&step.id);
            let drops = if again { left_over(look.task, standings) } else { Vec::new() };
            let what = if again { "planned anew what is left" } else { "planned the task" };
            let why = laid.told(format!("{worker} {what} in {} step(s)", laid.steps.len()));
            let Laid { steps: adds, checkpoint_every, .. } = laid;
            Some(Changed { adds, drops, checkpoint_every, ..Changed::of(by, PlanSource::Planner, why) })
        }
        Err(wrong) => {
            let answered = |attempt: &&&Attempt| matches!(attempt.state, AttemptState::Answered { .. });
            let answers = standings.attempts(&step.id).iter().filter(answered).count();
            (answers > 1).then(|| given_up(look, step, by, &format!("the plan could not be used twice: {wrong}")))
        }
    }
}

/// Nobody gave a plan that can be used: the task is done in one go, or what there is of a plan goes on.
fn given_up(look: Look<'_>, step: &Step, by: Option<u32>, why: &str) -> Changed {
    if step.aim == StepAim::Recover {
        return Changed::of(by, PlanSource::Recovery, format!("no recovery plan: {why}"));
    }
    if look.task.growth.replan.as_ref() == Some(&step.id) {
        let why = format!("what is left goes on as it was planned before: {why}");
        return Changed::of(by, PlanSource::Simple, why);
    }
    let adds = planning::simple(look);
    let why = format!("the task is done in one go without a planner's plan: {why}");
    Changed { adds, ..Changed::of(by, PlanSource::Simple, why) }
}

/// The steps that have not ended well and are not under way: what planning anew is about.
fn left_over(task: &Task, standings: &Standings<'_>) -> Vec<StepId> {
    let left = task.plan.steps.iter().filter(|step| {
        let standing = standings.get(&step.id);
        let underway = matches!(standing, StepStanding::Done | StepStanding::Recovering) || task.is_kept(&step.id);
        step.aim.works() && !underway
    });
    left.map(|step| step.id.clone()).collect()
}

/// A planner that no worker could be: the task goes on without.
fn planless(look: Look<'_>, standings: &Standings<'_>) -> Option<Vec<Event>> {
    let task = look.task;
    let failed = |step: &&Step| step.aim == StepAim::Plan && standings.get(&step.id) == StepStanding::Failed;
    for step in task.plan.steps.iter().filter(failed) {
        let holds = task.growth.replan.as_ref() == Some(&step.id);
        let bare = task.growth.changes.is_empty() && !task.plan.steps.iter().any(|other| counts(task, other));
        if holds || bare {
            return Some(given_up(look, step, None, "no worker could plan it").events(look));
        }
    }
    None
}

/// The next failed step that a planner is asked to plan around.
fn recovery(look: Look<'_>, standings: &Standings<'_>) -> Option<Vec<Event>> {
    let step = standings.lost.first()?;
    let id = free_name(look.task, &format!("recover-{}", step.id));
    let instruction = format!("Plan around the failed step {}.", step.id);
    let recover =
        planning::steering(look, (id, StepAim::Recover), Role::new("planner"), instruction, vec![step.id.clone()]);
    let why = format!("step {} gave nothing: {}", step.id, errors(standings, &step.id));
    Some(Changed { adds: vec![recover], ..Changed::of(None, PlanSource::Recovery, why) }.events(look))
}

/// What went wrong in a step, each worker's last error once.
pub(in crate::board) fn errors(standings: &Standings<'_>, step: &StepId) -> String {
    let mut said: Vec<String> = Vec::new();
    for attempt in standings.attempts(step) {
        if let AttemptState::Failed { failure, .. } = &attempt.state {
            let message = cut(&failure.message, ERROR_BYTES_MAX / 3);
            said.retain(|other| !other.starts_with(&format!("{}: ", attempt.worker)));
            said.push(format!("{}: {}, {message}", attempt.worker, failure.class.as_str()));
        }
    }
    if said.is_empty() { "no worker could be asked".to_owned() } else { said.join("; ") }
}

/// A review of the steps that ended since the last one, where it is due and can still change something.
fn checkpoint(look: Look<'_>, standings: &Standings<'_>) -> Option<Vec<Event>> {
    let task = look.task;
    let every = task.plan.checkpoint_every? as usize;
    let reviews = || task.plan.steps.iter().filter(|step| step.aim == StepAim::Review);
    let under_way = reviews().any(|step| !standings.has_ended(&step.id)) || task.growth.replan.is_some();
    if under_way {
        return None;
    }
    let seen: BTreeSet<&StepId> = reviews().flat_map(|step| &step.needs).collect();
    let work = || task.plan.steps.iter().filter(|step| counts(task, step));
    let ended: Vec<&Step> = work().filter(|step| standings.has_ended(&step.id) && !seen.contains(&step.id)).collect();
    let remains = work().any(|step| !standings.has_ended(&step.id));
    let well = ended.iter().filter(|step| standings.get(&step.id) == StepStanding::Done).count();
    let poor = share(well, ended.len()) < SUCCESS_MIN;
    if ended.is_empty() || ended.len() < every || !(remains || poor) {
        return None;
    }
    let id = free_name(task, &format!("checkpoint-{}", reviews().count() + 1));
    let instruction = "Say whether the plan is on track.".to_owned();
    let needs = ended.iter().map(|step| step.id.clone()).collect();
    let review = planning::steering(look, (id, StepAim::Review), Role::new("reviewer"), instruction, needs);
    let why = format!("{} step(s) have ended since the last look, {well} of them well", ended.len());
    Some(Changed { adds: vec![review], ..Changed::of(None, PlanSource::Checkpoint, why) }.events(look))
}

fn share(part: usize, whole: usize) -> f64 {
    let count = |number: usize| f64::from(u32::try_from(number).unwrap_or(u32::MAX));
    if whole == 0 { 1.0 } else { count(part) / count(whole) }
}

/// A reviewer has answered: go on, try failed steps again, or plan anew. Too many failures call for the last, whatever the
/// reviewer says.
fn reviewed(look: Look<'_>, standings: &Standings<'_>, step: &Step, last: &Attempt) -> Changed {
    let task = look.task;
    let (word, said) = match proposal(last) {
        Some(Proposal::Review(Ok(word))) => (word.advice, told(word)),
        Some(Proposal::Review(Err(wrong))) => (Advice::Continue, format!("nothing that could be read ({wrong})")),
        Some(Proposal::Plan(_) | Proposal::Proof(_)) | None => {
            (Advice::Continue, "nothing that could be read".to_owned())
        }
    };
    let known: Vec<&StepId> = step.needs.iter().filter(|id| task.step(id).is_some()).collect();
    let failed: Vec<&StepId> = known.iter().copied().filter(|id| standings.get(id) == StepStanding::Failed).collect();
    let well = share(known.len() - failed.len(), known.len());
    let poor = well < SUCCESS_MIN;
    let advice = if poor { Advice::Replan } else { word };
    let ruled = if poor { ", which is below 80 %: plan anew" } else { "" };
    let why = format!("checkpoint {}: {} says {said}; {:.0} % ended well{ruled}", step.id, last.worker, well * 100.0);
    let changed = Changed::of(Some(last.number), PlanSource::Checkpoint, why);
    match advice {
        Advice::Continue => changed,
        Advice::Retry => {
            // What was tried again once is not tried a third time unless a person says so.
            let first = failed.iter().copied().filter(|id| task.step(id).is_some_and(|step| step.stands_for.is_none()));
            let first: Vec<&StepId> = first.collect();
            Changed { adds: again(task, &first), ..changed }
        }
        Advice::Replan => replanned(look, step, changed),
    }
}

fn told(word: &Checkpoint) -> String {
    let why = if word.why.is_empty() { String::new() } else { format!(" ({})", word.why) };
    format!("{}, {}{why}", word.course.as_str(), word.advice.as_str())
}

/// Asks a planner for what is left, within the limit on how often.
fn replanned(look: Look<'_>, review: &Step, changed: Changed) -> Changed {
    let task = look.task;
    let plans =
        task.plan.steps.iter().filter(|step| step.aim == StepAim::Plan && step.id.as_str().starts_with("replan"));
    let before = plans.count();
    if before >= look.rules.plans.replans_max as usize || !is_laid_out(task) {
        let why = format!("{}; it was planned anew {before} time(s), which is the limit, so it goes on", changed.why);
        return Changed { why, ..changed };
    }
    let id = free_name(task, &format!("replan-{}", before + 1));
    let instruction =
        "Plan anew what is left of the task. Steps that are done stay done and may stand among the needs; \
                       the steps that have not begun, and those that failed, are taken out of the plan."
            .to_owned();
    let needs: Vec<StepId> = review.needs.iter().filter(|id| task.is_kept(id)).cloned().collect();
    let plan = planning::steering(look, (id, StepAim::Plan), Role::new("planner"), instruction, needs);
    Changed { adds: vec![plan], ..changed }
}

/// Failed steps once more, each under a new name in its place.
pub(in crate::board) fn again(task: &Task, failed: &[&StepId]) -> Vec<Step> {
    let mut copies: Vec<Step> = Vec::new();
    let tried = failed.iter().filter_map(|id| task.step(id));
    let tried = tried.filter(|step| task.attempts_of(&step.id).next().is_some());
    for step in tried {
        let id = free_name(task, &format!("{}-again", step.id));
        copies.push(Step { id, stands_for: Some(step.id.clone()), ..step.clone() });
    }
    copies
}

/// A name that no step of the task has or had.
pub(in crate::board) fn free_name(task: &Task, wanted: &str) -> StepId {
    let taken = |id: &StepId| task.step(id).is_some() || task.attempts_of(id).next().is_some();
    let plain = StepId::new(wanted);
    if !taken(&plain) {
        return plain;
    }
    let numbered = (2_u32..).map(|number| StepId::new(format!("{wanted}-{number}")));
    numbered.into_iter().find(|id| !taken(id)).unwrap_or(plain)
}

/// A line on how far it is, after every few ended steps of a long plan.
fn progress(look: Look<'_>, standings: &Standings<'_>) -> Option<Vec<Event>> {
    let task = look.task;
    let progress = progress_of(task, standings);
    let due = progress.ended() / TOLD_EVERY > task.growth.told.ended() / TOLD_EVERY;
    let told = due && progress.steps > TOLD_EVERY;
    told.then(|| vec![Event::Progressed { at: look.at, task: task.id.clone(), progress }])
}
