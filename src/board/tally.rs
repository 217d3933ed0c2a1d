//! The records: what workers did, counted by worker, role and kind, in all and by day. Made from events alone, so that a
//! replay gives the same; bounded, because it outlives every task. How a record is shown is the report's business.

use super::id::{Kind, Role, WorkerName};
use super::outcomes::Cases;
use super::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

mod counting;
mod entry_fields;
mod imported;
pub mod metrics_file;
mod outcome;
#[cfg(test)]
mod tests;

pub(in crate::board) use counting::count;
pub use imported::Imported;

/// Days that are kept; older ones stay in the sums over all time.
pub const DAYS_MAX: usize = 400;

/// Names of one sort (workers, roles, kinds) that one slice tells apart. What comes beyond is counted under [`OTHERS`].
pub const NAMES_MAX: usize = 64;

/// Pairs of role and kind that are told apart for one worker.
pub const PAIRS_MAX: usize = 256;

/// Files of records whose hashes are remembered, so that none is counted twice.
pub const IMPORTS_MAX: usize = 100;

/// Where names beyond the limits are counted. No worker can bear it: names hold no brackets.
pub const OTHERS: &str = "(others)";

/// What was counted of one worker, role or kind. Sums only, so that tallies add up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Tally {
    /// Ended tasks in which it took part: at least one of its calls had answered or failed.
    #[serde(skip_serializing_if = "is_zero")]
    pub tasks: u64,
    /// Those of them that ended with a decision.
    #[serde(skip_serializing_if = "is_zero")]
    pub done: u64,
    /// Calls that have ended: answered, failed and stopped ones.
    #[serde(skip_serializing_if = "is_zero")]
    pub attempts: u64,
    /// Calls that gave an answer.
    #[serde(skip_serializing_if = "is_zero")]
    pub answered: u64,
    /// Calls that gave none for a reason of their own. The rest of `attempts` was stopped: the task was cancelled, its time
    /// was up, or the daemon ended.
    #[serde(skip_serializing_if = "is_zero")]
    pub failed: u64,
    /// Seconds that the calls ran, all together.
    #[serde(skip_serializing_if = "is_nothing")]
    pub seconds: f64,
    /// Tokens sent.
    #[serde(skip_serializing_if = "is_zero")]
    pub input_tokens: u64,
    /// Tokens received.
    #[serde(skip_serializing_if = "is_zero")]
    pub output_tokens: u64,
    /// Known cost in USD.
    #[serde(skip_serializing_if = "is_nothing")]
    pub cost_usd: f64,
    /// Calls that answered or used tokens, and nobody told what they cost; `cost_usd` lacks them.
    #[serde(skip_serializing_if = "is_zero")]
    pub unpriced: u64,
    /// Answers that came from the cache.
    #[serde(skip_serializing_if = "is_zero")]
    pub cached: u64,
    /// Answers that came where a call had failed before: after a retry, from another worker, by a recovery.
    #[serde(skip_serializing_if = "is_zero")]
    pub recovered: u64,
    /// Outcomes that were right, where the outcome became known.
    #[serde(skip_serializing_if = "is_zero")]
    pub right: u64,
    /// Outcomes that were wrong.
    #[serde(skip_serializing_if = "is_zero")]
    pub wrong: u64,
    /// Outcomes before which a worker had stated how sure it was.
    #[serde(skip_serializing_if = "is_zero")]
    pub stated: u64,
    /// The sum of the squares of what these statements missed the outcome by (Brier 1950); 0 to `stated`.
    #[serde(skip_serializing_if = "is_nothing")]
    pub missed: f64,
}

impl Tally {
    /// Adds what another one counted.
    pub fn add(&mut self, other: &Self) {
        self.tasks = self.tasks.saturating_add(other.tasks);
        self.done = self.done.saturating_add(other.done);
        self.attempts = self.attempts.saturating_add(other.attempts);
        self.answered = self.answered.saturating_add(other.answered);
        self.failed = self.failed.saturating_add(other.failed);
        self.seconds = rounded(self.seconds + other.seconds);
        self.input_tokens = self.input_tokens.saturating_add(other.input_tokens);
        self.output_tokens = self.output_tokens.saturating_add(other.output_tokens);
        self.cost_usd = rounded(self.cost_usd + other.cost_usd);
        self.unpriced = self.unpriced.saturating_add(other.unpriced);
        self.cached = self.cached.saturating_add(other.cached);
        self.recovered = self.recovered.saturating_add(other.recovered);
        self.right = self.right.saturating_add(other.right);
        self.wrong = self.wrong.saturating_add(other.wrong);
        self.stated = self.stated.saturating_add(other.stated);
        self.missed = rounded(self.missed + other.missed);
    }

    /// Takes back outcomes that were counted before.
    fn take_back(&mut self, outcome: &Self) {
        self.right = self.right.saturating_sub(outcome.right);
        self.wrong = self.wrong.saturating_sub(outcome.wrong);
        self.stated = self.stated.saturating_sub(outcome.stated);
        self.missed = rounded(self.missed - outcome.missed).max(0.0);
    }

    /// Outcomes that became known.
    pub fn outcomes(&self) -> u64 {
        self.right.saturating_add(self.wrong)
    }

    /// The share of them that were right, 0 to 1; `None` when there were none.
    pub fn accuracy(&self) -> Option<f64> {
        share(self.right, self.outcomes())
    }

    /// The mean square of what stated confidences missed the outcome by (the Brier score): 0 is a prophet, 0.25 says "one
    /// half" every time, 1 is always sure and always wrong. `None` when none were stated.
    pub fn brier(&self) -> Option<f64> {
        share(1, self.stated).map(|part| self.missed * part)
    }

    /// Calls that say something of the worker: those that answered or failed by themselves.
    pub fn trials(&self) -> u64 {
        self.answered + self.failed
    }

    /// The share of those that answered, 0 to 1; `None` when there were none.
    pub fn success(&self) -> Option<f64> {
        share(self.answered, self.trials())
    }

    /// Mean seconds of a call that was made; `None` when there were none.
    pub fn mean_seconds(&self) -> Option<f64> {
        let made = self.attempts.saturating_sub(self.cached);
        share(1, made).map(|part| self.seconds * part)
    }
}

/// Billionths: sums stay short to write, and a token of the cheapest model is worth more than one.
fn rounded(value: f64) -> f64 {
    let rounded = (value * 1e9).round() / 1e9;
    if rounded.is_finite() { rounded } else { 0.0 }
}

fn share(part: u64, whole: u64) -> Option<f64> {
    // Counts stay far below 2^52.
    (whole > 0).then(|| part as f64 / whole as f64)
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over references")]
fn is_zero(value: &u64) -> bool {
    *value == 0
}

fn is_nothing(value: &f64) -> bool {
    *value == 0.0
}

/// A day in UTC, as `2026-11-20`; sorts by time.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Day(String);

impl Day {
    /// The day of a moment.
    pub fn of(at: Timestamp) -> Self {
        Self(at.day())
    }

    /// Reads a day; `None` when the text is not one.
    pub fn parse(text: &str) -> Option<Self> {
        let day = chrono::NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
        Some(Self(day.format("%Y-%m-%d").to_string()))
    }

    /// The day as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Tasks by how they ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Endings {
    /// With a decision.
    pub done: u64,
    /// Without one, or refused by a person.
    pub failed: u64,
    /// By a person.
    pub cancelled: u64,
}

impl Endings {
    /// Adds what another one counted.
    pub fn add(&mut self, other: &Self) {
        self.done = self.done.saturating_add(other.done);
        self.failed = self.failed.saturating_add(other.failed);
        self.cancelled = self.cancelled.saturating_add(other.cancelled);
    }
}

/// How often the panel's decision and the worker with the best record alone were right, on the same tasks. Which worker that
/// is was settled before each outcome, by earlier records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Duel {
    /// Both were right.
    pub both: u64,
    /// The panel alone.
    pub panel: u64,
    /// The single worker alone.
    pub single: u64,
    /// Neither.
    pub neither: u64,
}

impl Duel {
    /// One task's.
    pub fn of(panel: bool, single: bool) -> Self {
        let one = |is: bool| u64::from(is);
        Self {
            both: one(panel && single),
            panel: one(panel && !single),
            single: one(!panel && single),
            neither: one(!panel && !single),
        }
    }

    /// Tasks on which the two were compared.
    pub fn tasks(&self) -> u64 {
        self.both.saturating_add(self.panel).saturating_add(self.single).saturating_add(self.neither)
    }

    /// Adds what another one counted.
    pub fn add(&mut self, other: &Self) {
        self.both = self.both.saturating_add(other.both);
        self.panel = self.panel.saturating_add(other.panel);
        self.single = self.single.saturating_add(other.single);
        self.neither = self.neither.saturating_add(other.neither);
    }

    fn take_back(&mut self, other: &Self) {
        self.both = self.both.saturating_sub(other.both);
        self.panel = self.panel.saturating_sub(other.panel);
        self.single = self.single.saturating_sub(other.single);
        self.neither = self.neither.saturating_sub(other.neither);
    }

    /// Whether nothing was compared.
    pub fn is_empty(&self) -> bool {
        self.tasks() == 0
    }
}

/// What was counted in one stretch of time, seen from three sides. Each side counts every call once, and every task once for
/// each name that took part in it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Slice {
    /// The tasks that ended in it.
    pub ended: Endings,
    /// The panel beside the best single worker.
    #[serde(skip_serializing_if = "Duel::is_empty")]
    pub duel: Duel,
    /// By worker.
    pub workers: BTreeMap<WorkerName, Tally>,
    /// By role.
    pub roles: BTreeMap<Role, Tally>,
    /// By kind of task.
    pub kinds: BTreeMap<Kind, Tally>,
}

impl Slice {
    /// Adds what another one counted, name by name.
    pub fn add(&mut self, other: &Self) {
        self.ended.add(&other.ended);
        self.duel.add(&other.duel);
        for (name, tally) in &other.workers {
            entry(&mut self.workers, name, NAMES_MAX, || WorkerName::new(OTHERS)).add(tally);
        }
        for (name, tally) in &other.roles {
            entry(&mut self.roles, name, NAMES_MAX, || Role::new(OTHERS)).add(tally);
        }
        for (name, tally) in &other.kinds {
            entry(&mut self.kinds, name, NAMES_MAX, || Kind::new(OTHERS)).add(tally);
        }
    }

    /// All calls together. `tasks` and `done` are those of [`Slice::ended`].
    pub fn total(&self) -> Tally {
        let mut total = Tally::default();
        for tally in self.workers.values() {
            total.add(tally);
        }
        total.tasks = self.ended.done + self.ended.failed + self.ended.cancelled;
        total.done = self.ended.done;
        total
    }
}

/// The entry of a name; of the rest when there is no room for another name.
fn entry<'a, K: Ord + Clone>(
    map: &'a mut BTreeMap<K, Tally>,
    name: &K,
    max: usize,
    rest: impl FnOnce() -> K,
) -> &'a mut Tally {
    let is_new = !map.contains_key(name);
    let name = if is_new && map.len() >= max { rest() } else { name.clone() };
    map.entry(name).or_default()
}

/// One worker's record over all time, by role and kind.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Pairs(pub BTreeMap<Role, BTreeMap<Kind, Tally>>);

impl Pairs {
    fn entry(&mut self, role: &Role, kind: &Kind) -> &mut Tally {
        let is_new = !self.0.get(role).is_some_and(|kinds| kinds.contains_key(kind));
        let is_full = is_new && self.0.values().map(BTreeMap::len).sum::<usize>() >= PAIRS_MAX;
        let (role, kind) = if is_full { (Role::new(OTHERS), Kind::new(OTHERS)) } else { (role.clone(), kind.clone()) };
        self.0.entry(role).or_default().entry(kind).or_default()
    }
}

/// The records of a workspace. Parts are shared, so that a copy of all is cheap and whoever stores them sees by the pointer
/// which ones changed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tallies {
    /// Over all time.
    pub all: Arc<Slice>,
    /// By day, the last [`DAYS_MAX`] on which anything was counted.
    pub days: BTreeMap<Day, Arc<Slice>>,
    /// By worker, role and kind, over all time.
    pub pairs: BTreeMap<WorkerName, Arc<Pairs>>,
    /// SHA-256 of the files that were imported, the last [`IMPORTS_MAX`].
    pub imports: Arc<Vec<String>>,
    /// Cases whose outcomes a patch that is applied or reverted may yet change.
    pub cases: Arc<Cases>,
}

impl Tallies {
    /// A worker's record in one role on one kind of task.
    pub fn of(&self, worker: &WorkerName, role: &Role, kind: &Kind) -> Tally {
        let found = self.pairs.get(worker).and_then(|pairs| pairs.0.get(role)?.get(kind));
        found.copied().unwrap_or_default()
    }

    /// A worker's record on one kind of task, over all its roles. A task in which it had two roles counts twice in `tasks`.
    pub fn of_kind(&self, worker: &WorkerName, kind: &Kind) -> Tally {
        let mut sum = Tally::default();
        for kinds in self.pairs.get(worker).into_iter().flat_map(|pairs| pairs.0.values()) {
            if let Some(tally) = kinds.get(kind) {
                sum.add(tally);
            }
        }
        sum
    }

    /// A worker's outcomes on one kind of task, and on all other kinds together, over all its roles. Only `right` and `wrong`
    /// are filled.
    pub fn outcomes(&self, worker: &WorkerName, kind: &Kind) -> (Tally, Tally) {
        let (mut on_kind, mut on_others) = (Tally::default(), Tally::default());
        for kinds in self.pairs.get(worker).into_iter().flat_map(|pairs| pairs.0.values()) {
            for (known, tally) in kinds {
                let sum = if known == kind { &mut on_kind } else { &mut on_others };
                sum.right = sum.right.saturating_add(tally.right);
                sum.wrong = sum.wrong.saturating_add(tally.wrong);
            }
        }
        (on_kind, on_others)
    }

    /// The slice of everything since a day (with it); of all time without one.
    pub fn since(&self, day: Option<&Day>) -> Slice {
        let Some(day) = day else { return self.all.as_ref().clone() };
        let mut sum = Slice::default();
        for slice in self.days.range(day..).map(|(_, slice)| slice) {
            sum.add(slice);
        }
        sum
    }

    /// Lets `change` count in the sums over all time and in a day's. A day older than all that are kept, when there is no room
    /// for another, is counted over all time only.
    fn in_slices(&mut self, day: &Day, mut change: impl FnMut(&mut Slice)) {
        change(Arc::make_mut(&mut self.all));
        change(Arc::make_mut(self.days.entry(day.clone()).or_default()));
        if self.days.len() > DAYS_MAX {
            self.days.pop_first();
        }
    }

    /// Lets `change` count in a worker's record in one role on one kind.
    fn in_pair(&mut self, who: (&WorkerName, &Role, &Kind), change: impl FnOnce(&mut Tally)) {
        let (worker, role, kind) = who;
        let is_full = !self.pairs.contains_key(worker) && self.pairs.len() >= NAMES_MAX;
        let worker = if is_full { WorkerName::new(OTHERS) } else { worker.clone() };
        change(Arc::make_mut(self.pairs.entry(worker).or_default()).entry(role, kind));
    }
}
