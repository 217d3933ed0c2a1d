//! What a run comes to, and what the words of its table mean. Nothing here asks the engine how it did: success is counted
//! in the work items that were answered, time against a bound made of the durations that were drawn.

use super::answers::{Came, Wanted};
use super::jobs::Job;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;
use synod::board::{Ask, Event, Phase, Step, StepAim, StepId, Task, Timestamp};

/// What is meant, for the reader of the table.
pub(crate) const MEANING: &str = "
succeeded: the task ended done, nobody had to be asked, and every work item of the job has an answered step (its own or one
  that took its place)
error: a call that failed, for whatever reason (injected fault or want of ability), or a plan or review that could not be used
recovered: an error whose work came about all the same: its item was answered in the end; for a plan, a usable one came; for a
  review or another step, that step was answered in the end
wall / bound: from handing in to the end, against the larger of the longest path through the steps as they were carried out
  (each as long as all of its calls took, failed ones included; pauses before a retry are not in it) and, the planning being
  over, all other calls' time over the number of slots. The sum over all tasks, and the worst of 95 in a hundred
cost: list price of every call's tokens, failed ones included (a rate limit costs nothing)";

/// One job as it was lived through.
#[derive(Default)]
pub(crate) struct Lived {
    pub(crate) accepted: Timestamp,
    pub(crate) ended: Timestamp,
    pub(crate) task: Option<Task>,
    pub(crate) asked_person: bool,
    calls: Vec<Ran>,
    /// Steps that a step's answer brought about.
    brought: Vec<(StepId, StepId)>,
}

/// One call.
struct Ran {
    step: StepId,
    number: u32,
    worker: String,
    wanted: Wanted,
    took: Duration,
    usd: f64,
    failed: bool,
}

impl Lived {
    /// A call ended.
    pub(crate) fn ran(&mut self, ask: &Ask, wanted: Wanted, came: &Came) {
        self.calls.push(Ran {
            step: ask.step.clone(),
            number: ask.key.number,
            worker: ask.worker.as_str().to_owned(),
            wanted,
            took: came.took,
            usd: came.usd,
            failed: came.said.is_err(),
        });
    }

    /// An event of the journal. Steps that an answer brought about could not begin before it.
    pub(crate) fn saw(&mut self, event: &Event) {
        let Event::PlanChanged { by: Some(by), adds, .. } = event else { return };
        let Some(earlier) = self.calls.iter().find(|call| call.number == *by).map(|call| call.step.clone()) else {
            return;
        };
        self.brought.extend(adds.iter().map(|step| (earlier.clone(), step.id.clone())));
    }
}

/// A run's sums.
#[derive(Default)]
pub(crate) struct Totals {
    pub(crate) tasks: u64,
    pub(crate) succeeded: u64,
    pub(crate) asked_person: u64,
    pub(crate) calls: u64,
    pub(crate) errors: u64,
    pub(crate) recovered: u64,
    pub(crate) wall: f64,
    pub(crate) bound: f64,
    pub(crate) cost: f64,
    ratios: Vec<f64>,
    pub(crate) calls_by_worker: BTreeMap<String, u64>,
    /// The first jobs that did not succeed, and why.
    pub(crate) failures: Vec<String>,
}

impl Totals {
    /// Adds a job that has ended.
    pub(crate) fn add(&mut self, job: &Job, lived: Lived, slots: u32) {
        let task = lived.task.as_ref().unwrap();
        let answered: BTreeSet<&StepId> =
            lived.calls.iter().filter(|call| !call.failed).map(|call| &call.step).collect();
        let items: BTreeSet<usize> = lived.calls.iter().filter(|call| !call.failed).filter_map(Ran::item).collect();
        let missing = job.items.iter().filter(|item| !items.contains(&item.number)).count();
        self.tasks += 1;
        self.asked_person += u64::from(lived.asked_person);
        let is_done = task.phase.as_str() == "done";
        if is_done && !lived.asked_person && missing == 0 {
            self.succeeded += 1;
        } else if self.failures.len() < 5 {
            let phase = match &task.phase {
                Phase::Ended { ending, .. } => format!("{ending:?}"),
                other => other.as_str().to_owned(),
            };
            let person = if lived.asked_person { ", a person was asked" } else { "" };
            self.failures.push(format!(
                "job {}: {missing} of {} items missing{person}: {phase}",
                job.number,
                job.items.len()
            ));
        }
        for call in &lived.calls {
            self.calls += 1;
            self.cost += call.usd;
            *self.calls_by_worker.entry(call.worker.clone()).or_default() += 1;
            if call.failed {
                self.errors += 1;
                let recovered = match call.item() {
                    Some(item) => items.contains(&item),
                    None => answered.contains(&call.step),
                };
                self.recovered += u64::from(recovered);
            }
        }
        let wall = lived.ended.since(lived.accepted).as_secs_f64();
        let bound = bound(task, &lived, slots);
        self.wall += wall;
        self.bound += bound;
        self.ratios.push(wall / bound.max(1e-9));
    }

    /// In percent.
    pub(crate) fn success(&self) -> f64 {
        100.0 * self.succeeded as f64 / self.tasks.max(1) as f64
    }

    /// In percent; all of none is all.
    pub(crate) fn recovery(&self) -> f64 {
        if self.errors == 0 { 100.0 } else { 100.0 * self.recovered as f64 / self.errors as f64 }
    }

    /// Wall time over its bound, summed.
    pub(crate) fn stretch(&self) -> f64 {
        self.wall / self.bound.max(1e-9)
    }

    /// The same for the task at this percentile.
    pub(crate) fn stretch_at(&self, percent: f64) -> f64 {
        let mut sorted = self.ratios.clone();
        sorted.sort_by(f64::total_cmp);
        let rank = (percent / 100.0 * sorted.len() as f64).ceil() as usize;
        sorted.get(rank.clamp(1, sorted.len().max(1)) - 1).copied().unwrap_or(f64::NAN)
    }
}

impl Ran {
    /// The work item it was about.
    fn item(&self) -> Option<usize> {
        match self.wanted {
            Wanted::Step { item, .. } | Wanted::Recovery { item } => item,
            Wanted::Plan | Wanted::Review | Wanted::Whole => None,
        }
    }
}

/// Seconds that the task must have taken at least: its longest path, or its work over the slots. While the plan is written
/// there is nothing else to do, so that time stands before both.
fn bound(task: &Task, lived: &Lived, slots: u32) -> f64 {
    let mut by_seat: HashMap<(&StepId, u32), f64> = HashMap::new();
    for call in &lived.calls {
        let seat = task.attempts.get(&call.number).map_or(0, |attempt| attempt.seat);
        *by_seat.entry((&call.step, seat)).or_default() += call.took.as_secs_f64();
    }
    let mut length: HashMap<&StepId, f64> = HashMap::new();
    for ((step, _), took) in by_seat {
        let longest = length.entry(step).or_default();
        *longest = longest.max(took);
    }
    let work: f64 = lived.calls.iter().map(|call| call.took.as_secs_f64()).sum();
    let begins = |step: &&Step| step.aim == StepAim::Plan && step.needs.is_empty();
    let planning = task.plan.steps.iter().find(begins).and_then(|step| length.get(&step.id)).copied().unwrap_or(0.0);
    let spread = planning + (work - planning) / f64::from(slots.max(1));
    let mut ends = HashMap::new();
    let paths = task.plan.steps.iter().map(|step| path(task, lived, &length, &step.id, &mut ends));
    paths.fold(spread, f64::max)
}

/// When a step ends at the earliest.
fn path<'a>(
    task: &'a Task,
    lived: &'a Lived,
    length: &HashMap<&'a StepId, f64>,
    id: &'a StepId,
    ends: &mut HashMap<&'a StepId, f64>,
) -> f64 {
    if let Some(end) = ends.get(id) {
        return *end;
    }
    // A circle cannot be; this only keeps one from being walked for ever.
    ends.insert(id, 0.0);
    let needs = task.step(id).into_iter().flat_map(|step| &step.needs);
    // Whoever needs a failed step waits for those that took its place.
    let needs =
        needs.flat_map(|need| std::iter::once(need).chain(task.growth.stand_ins.get(need).into_iter().flatten()));
    let brought = lived.brought.iter().filter(|(_, later)| later == id).map(|(earlier, _)| earlier);
    let start = needs.chain(brought).map(|before| path(task, lived, length, before, ends)).fold(0.0, f64::max);
    let end = start + length.get(id).copied().unwrap_or(0.0);
    ends.insert(id, end);
    end
}
