//! The cheapest worker that is reliable enough on a kind of task comes first, once there are outcomes to say so; now and
//! then a cheaper one that is not known yet is tried. Until then the catalog's order stands. It is so for a task as a whole
//! and for each of its steps, whoever laid them out.
//!
//! Reliable means: with 95 % certainty its calls on this kind succeed at least as often as `selection.success_min` says.
//! An outcome that became known (a person's word, a test) counts where there are any; else whether it answered at all.

use super::id::{Kind, Role, TaskId, WorkerName};
use super::rests::is_blocked;
use super::rules::{Rules, SelectionRules};
use super::spec::Priority;
use super::state::State;
use super::tally::Tally;

/// One-sided 95 % of the normal distribution.
const CERTAINTY: f64 = 1.645;

/// How often a worker succeeded on a kind.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Outcomes {
    good: f64,
    all: f64,
}

impl Outcomes {
    fn of(tally: &Tally) -> Self {
        let (good, all) = match tally.right + tally.wrong {
            0 => (tally.answered, tally.trials()),
            known => (tally.right, known),
        };
        let number = |count: u64| f64::from(u32::try_from(count).unwrap_or(u32::MAX));
        Self { good: number(good), all: number(all) }
    }

    /// Between which rates the true one lies, each bound with 95 % certainty (Wilson's interval).
    fn bounds(self) -> (f64, f64) {
        if self.all <= 0.0 {
            return (0.0, 1.0);
        }
        let (rate, square) = (self.good / self.all, CERTAINTY * CERTAINTY);
        let middle = rate + square / (2.0 * self.all);
        let width = CERTAINTY * (rate * (1.0 - rate) / self.all + square / (4.0 * self.all * self.all)).sqrt();
        let scale = 1.0 + square / self.all;
        (((middle - width) / scale).max(0.0), ((middle + width) / scale).min(1.0))
    }

    fn is_known(self, rules: &SelectionRules) -> bool {
        self.all >= f64::from(rules.trials_min)
    }
}

/// What somebody is looked for.
#[derive(Clone, Copy)]
pub(in crate::board) struct Occasion<'a> {
    /// The task.
    pub(in crate::board) task: &'a TaskId,
    /// The step; `None`: the task as a whole.
    pub(in crate::board) step: Option<&'a str>,
    /// The role that the step, or most of the task, is done in.
    pub(in crate::board) role: &'a Role,
    /// The task's kind.
    pub(in crate::board) kind: &'a Kind,
    /// The task's priority.
    pub(in crate::board) priority: Priority,
}

impl Occasion<'_> {
    /// A worker's record in the step's role, where that is long enough to say something, else in all roles.
    fn outcomes(&self, state: &State, worker: &WorkerName, rules: &SelectionRules) -> Outcomes {
        let tallies = &state.globals.tallies;
        let in_role = self.step.map(|_| Outcomes::of(&tallies.of(worker, self.role, self.kind)));
        let known = in_role.filter(|outcomes| outcomes.is_known(rules));
        known.unwrap_or_else(|| Outcomes::of(&tallies.of_kind(worker, self.kind)))
    }

    /// A number in [0, 1) that depends on the names alone, so that replaying gives the same order.
    fn chance(&self) -> f64 {
        match self.step {
            Some(step) => chance(&format!("{}/{step}", self.task)),
            None => chance(self.task.as_str()),
        }
    }
}

/// Moves the worker that should be asked first to the front of `ranked`, and says why; `None`: the order stands.
pub(in crate::board) fn prefer(
    ranked: &mut [WorkerName],
    occasion: &Occasion<'_>,
    rules: &Rules,
    state: &State,
) -> Option<String> {
    let set = &rules.selection;
    let first = ranked.first()?.clone();
    let rate = |worker: &WorkerName| rules.worker(worker).and_then(|rule| rule.price).map(|price| price.rate());
    let price = rate(&first)?;
    // Without outcomes of the first one nobody looks at what becomes of this kind, and there is nothing to compare with.
    if !set.cheapest || !occasion.outcomes(state, &first, set).is_known(set) {
        return None;
    }
    let tier_max = rules.catalog.tier_max(occasion.role.as_str());
    let able = |worker: &&WorkerName| rules.worker(worker).is_some_and(|rule| rule.tier <= tier_max);
    let cheaper = ranked.iter().filter(able).filter_map(|worker| {
        let usd = rate(worker).filter(|usd| *usd < price)?;
        (!is_blocked(state, worker)).then(|| (usd, worker.clone(), occasion.outcomes(state, worker, set)))
    });
    let mut cheaper: Vec<(f64, WorkerName, Outcomes)> = cheaper.collect();
    cheaper.sort_by(|one, other| one.0.total_cmp(&other.0));
    let reliable = |outcomes: &Outcomes| outcomes.is_known(set) && outcomes.bounds().0 >= set.success_min;
    let unknown = |outcomes: &Outcomes| !outcomes.is_known(set) && outcomes.bounds().1 >= set.success_min;
    let is_tried = occasion.priority <= Priority::Normal && occasion.chance() < set.explore;
    let (usd, worker, outcomes, tried) = match cheaper.iter().find(|(_, _, outcomes)| unknown(outcomes)) {
        Some((usd, worker, outcomes)) if is_tried => (*usd, worker.clone(), *outcomes, true),
        Some(_) | None => {
            let (usd, worker, outcomes) = cheaper.iter().find(|(_, _, outcomes)| reliable(outcomes))?;
            (*usd, worker.clone(), *outcomes, false)
        }
    };
    let at = ranked.iter().position(|other| *other == worker)?;
    ranked[..=at].rotate_right(1);
    let (Outcomes { good, all }, kind) = (outcomes, occasion.kind);
    let money = format!("${usd:.2} instead of {first}'s ${price:.2} per million tokens");
    Some(if tried {
        format!("selection: {worker} first, to get to know it on {kind} ({all} outcomes so far) at {money}")
    } else {
        let lower = 100.0 * outcomes.bounds().0;
        format!("selection: {worker} first, {good} of {all} on {kind} (at least {lower:.0} %, 95 % sure) at {money}")
    })
}

/// A number in [0, 1) that depends on a name alone (FNV-1a, 64 bits).
fn chance(name: &str) -> f64 {
    let hash = name
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    // Names that differ in their last letters alone have hashes that lie close; this spreads them.
    let spread = (hash ^ (hash >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    let spread = (spread ^ (spread >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    f64::from(u32::try_from(spread >> 32).unwrap_or(0)) / (f64::from(u32::MAX) + 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_is_wilsons() {
        let (lower, upper) = Outcomes { good: 19.0, all: 20.0 }.bounds();
        assert!((lower - 0.808).abs() < 0.005 && (upper - 0.988).abs() < 0.005, "{lower} {upper}");
        assert_eq!(Outcomes { good: 0.0, all: 0.0 }.bounds(), (0.0, 1.0));
    }

    #[test]
    fn chances_spread_evenly_over_names() {
        let low = (0..10_000).filter(|number| chance(&format!("task-{number}")) < 0.1).count();
        assert!((800..1200).contains(&low), "{low} of 10,000 below a tenth");
    }
}
