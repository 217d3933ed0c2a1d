//! What one worker's word weighs: the log-odds of its success rate, as far as its record and its tier tell. How words are
//! added up is `tally`'s business.

use super::super::decision::Grounds;
use super::super::id::{Kind, WorkerName};
use super::super::rules::Rules;
use super::super::tally::Tallies;
use super::replay::{self, Recorded, VotingRule};
use statrs::function::beta::checked_beta_reg;
use statrs::function::gamma::digamma;
use std::collections::BTreeMap;

/// Largest weight: an accuracy of about 0.95. Nobody is believed more than that, whatever the record.
pub(super) const WEIGHT_MAX: f64 = 3.0;

/// A worker whose success rate is below one half with more than this probability counts for nothing. At 0.1 a few unlucky
/// outcomes silence good workers: an equal panel of five with ten outcomes each is right .821 instead of .826 of the time
/// (majority .837), and no panel gains (`panels`).
const BELOW_CHANCE_MAX: f64 = 0.2;

/// How many tasks' worth the tier's assumption is where the setting makes no sense.
const STRENGTH_FALLBACK: f64 = 20.0;

/// What a worker of a tier that the settings do not know is taken for.
const TIER_MAX: u8 = 5;

/// What is known of a worker on one kind of task.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Standing {
    /// First parameter of the Beta distribution of its success rate.
    pub(super) alpha: f64,
    /// Second parameter.
    pub(super) beta: f64,
    /// Its weight, 0 to [`WEIGHT_MAX`].
    pub(super) weight: f64,
    /// Where the parameters come from.
    pub(super) grounds: Grounds,
}

impl Standing {
    /// The mean of its success rate.
    pub(super) fn mean(&self) -> f64 {
        self.alpha / (self.alpha + self.beta)
    }

    /// The log-odds of the mean, within ±[`WEIGHT_MAX`]: what is thought of its work before anyone has looked at it.
    pub(super) fn prior(&self) -> f64 {
        (self.alpha / self.beta).ln().clamp(-WEIGHT_MAX, WEIGHT_MAX)
    }
}

/// What a task's answers are weighed with: the settings, and the records as they stood when it was decided.
#[derive(Clone, Copy)]
pub(super) struct Scales<'a> {
    pub(super) rules: &'a Rules,
    pub(super) records: &'a Tallies,
    /// How workers stood at a decision that is made again; who is not in it stands by the records.
    pub(super) known: Option<&'a BTreeMap<WorkerName, Recorded>>,
    /// By which rule votes weigh.
    pub(super) rule: VotingRule,
}

impl<'a> Scales<'a> {
    /// The scales of the product: the records as they are, by the rule that decides.
    pub(super) fn of(rules: &'a Rules, records: &'a Tallies) -> Self {
        Self { rules, records, known: None, rule: VotingRule::Bayes }
    }

    /// How a worker stands on `kind`. One that is no longer configured stands like the lowest tier.
    pub(super) fn standing(&self, worker: &WorkerName, kind: &Kind) -> Standing {
        let known = self.known.and_then(|known| known.get(worker)).map(|recorded| recorded.standing);
        let standing = known.unwrap_or_else(|| self.by_records(worker, kind));
        let configured = self.rules.worker(worker).map_or(TIER_MAX, |rule| rule.tier);
        let tier = if standing.grounds.tier > 0 { standing.grounds.tier } else { configured };
        replay::weight(self.rule, standing, tier)
    }

    fn by_records(&self, worker: &WorkerName, kind: &Kind) -> Standing {
        let set = &self.rules.consensus;
        let tier = self.rules.worker(worker).map_or(TIER_MAX, |rule| rule.tier).clamp(1, TIER_MAX);
        let strength = set.prior_strength;
        let strength = if strength.is_finite() && strength > 0.0 { strength } else { STRENGTH_FALLBACK };
        let (on_kind, on_others) = self.records.outcomes(worker, kind);
        learned(Grounds {
            tier,
            tier_prior: set.tier_prior[usize::from(tier) - 1],
            strength,
            others_right: on_others.right,
            others_wrong: on_others.wrong,
            right: on_kind.right,
            wrong: on_kind.wrong,
            prior: 0.0,
        })
    }

    /// The family of a worker; one that is no longer configured is a family of its own.
    pub(super) fn family(&self, worker: &'a WorkerName) -> &'a str {
        let known = self.known.and_then(|known| known.get(worker));
        if let Some(family) = known.and_then(|recorded| recorded.family.as_deref()) {
            return family;
        }
        self.rules.worker(worker).map_or(worker.as_str(), |rule| rule.family.as_str())
    }
}

/// The standing that follows from what is assumed and known of a worker. Fills in [`Grounds::prior`].
///
/// The prior of a kind is worth `strength` tasks and is centred on what the worker's other kinds show of it, which are
/// themselves seen against its tier, worth as much: `(strength · tier + right) / (strength + right + wrong)`. So a worker
/// that is known from elsewhere is no stranger on a new kind, and yet twenty outcomes there outweigh all that.
///
/// The weight is the posterior mean of the log-odds, `ψ(α) − ψ(β)` with ψ the digamma function. Log-odds weights are
/// optimal for independent judges (Nitzan and Paroush 1982; for estimated ones Berend and Kontorovich 2014).
pub(super) fn learned(mut grounds: Grounds) -> Standing {
    // Counts stay far below 2^52.
    let number = |count: u64| count as f64;
    let strength = grounds.strength;
    let tier = if grounds.tier_prior.is_finite() { grounds.tier_prior.clamp(0.01, 0.99) } else { 0.5 };
    let others = number(grounds.others_right) + number(grounds.others_wrong);
    grounds.prior = ((strength * tier + number(grounds.others_right)) / (strength + others)).clamp(0.01, 0.99);
    let alpha = grounds.prior * strength + number(grounds.right);
    let beta = (1.0 - grounds.prior) * strength + number(grounds.wrong);
    of_parameters(alpha, beta, grounds)
}

/// The standing that two parameters give.
pub(super) fn of_parameters(alpha: f64, beta: f64, grounds: Grounds) -> Standing {
    let below_chance = checked_beta_reg(alpha, beta, 0.5).unwrap_or(1.0);
    let log_odds = digamma(alpha) - digamma(beta);
    let counts = below_chance <= BELOW_CHANCE_MAX && log_odds.is_finite();
    Standing { alpha, beta, weight: if counts { log_odds.clamp(0.0, WEIGHT_MAX) } else { 0.0 }, grounds }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(prior: f64, right: u64, wrong: u64) -> Standing {
        learned(Grounds { tier: 3, tier_prior: prior, strength: 20.0, right, wrong, ..Grounds::default() })
    }

    fn weight(prior: f64, right: u64, trials: u64) -> f64 {
        known(prior, right, trials - right).weight
    }

    #[test]
    fn follows_the_formula() {
        // psi(14) - psi(6) = 1/6 + 1/7 + … + 1/13
        let expected: f64 = (6..14).map(|n| 1.0 / f64::from(n)).sum();
        assert!((weight(0.7, 0, 0) - expected).abs() < 1e-9);
        assert!((weight(0.7, 900_000, 1_000_000) - 9.0_f64.ln()).abs() < 1e-3);
    }

    #[test]
    fn other_kinds_move_the_prior_and_never_add_to_its_strength() {
        let with_others = |others_right: u64, others_wrong: u64| {
            learned(Grounds { tier_prior: 0.7, strength: 20.0, others_right, others_wrong, ..Grounds::default() })
        };
        let good = with_others(60, 0);
        // (20 · 0.7 + 60) / 80 = 0.925, worth 20 tasks.
        assert!((good.alpha - 18.5).abs() < 1e-9 && (good.beta - 1.5).abs() < 1e-9, "{good:?}");
        assert!(with_others(0, 60).weight <= 0.0, "seen to be wrong elsewhere");
        assert!((with_others(0, 0).alpha - 14.0).abs() < 1e-9);
    }

    #[test]
    fn a_worker_that_may_be_worse_than_a_coin_weighs_nothing() {
        assert_eq!(weight(0.5, 0, 0).to_bits(), 0.0_f64.to_bits());
        assert_eq!(weight(0.55, 0, 0).to_bits(), 0.0_f64.to_bits(), "P(p < 1/2) of Beta(11, 9) is 0.32");
        assert!(weight(0.6, 0, 0) > 0.4, "P(p < 1/2) of Beta(12, 8) is 0.18");
        assert!(weight(0.8, 5, 100) <= 0.0);
    }

    #[test]
    fn nonsense_stays_harmless() {
        for prior in [f64::NAN, f64::INFINITY, -1.0, 0.0, 1.0, 7.0] {
            for (right, wrong) in [(0, 0), (5, 3), (u64::MAX, u64::MAX), (0, u64::MAX), (u64::MAX, 0)] {
                let weight = known(prior, right, wrong).weight;
                assert!((0.0..=WEIGHT_MAX).contains(&weight), "{prior} {right} {wrong}");
            }
        }
    }

    proptest::proptest! {
        /// Whatever tier and other kinds say: who is seen to be wrong more often than right counts for nothing.
        #[test]
        fn a_worker_worse_than_a_coin_never_weighs_anything(
            prior in 0.0..=1.0_f64, others in 0..500_u64, others_wrong in 0..500_u64, right in 0..500_u64, wrong in 0..500_u64,
        ) {
            let grounds = Grounds { tier_prior: prior, strength: 20.0, others_right: others, others_wrong, right, wrong, ..Grounds::default() };
            let standing = learned(grounds);
            proptest::prop_assert!((0.0..=WEIGHT_MAX).contains(&standing.weight));
            proptest::prop_assert!(standing.mean() >= 0.5 || standing.weight <= 0.0);
        }
    }

    #[test]
    fn a_better_record_never_weighs_less() {
        let weights: Vec<f64> = (0..=50).map(|successes| weight(0.7, successes, 50)).collect();
        assert!(weights.is_sorted());
    }
}
