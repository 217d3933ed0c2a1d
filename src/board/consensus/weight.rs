//! What one worker's word weighs: the log-odds of its success rate, as far as its record and its tier tell. How words are
//! added up is `tally`'s business.

use super::super::id::{Kind, WorkerName};
use super::super::rules::{ConsensusRules, Record, Rules};
use statrs::function::beta::checked_beta_reg;
use statrs::function::gamma::digamma;

/// Largest weight: an accuracy of about 0.95. Nobody is believed more than that, whatever the record.
pub(super) const WEIGHT_MAX: f64 = 3.0;

/// A worker whose success rate is below one half with more than this probability counts for nothing. At 0.1 a few unlucky
/// outcomes silence good workers: an equal panel of five with ten outcomes each is right .821 instead of .826 of the time
/// (majority .837), and no panel gains (`panels`).
const BELOW_CHANCE_MAX: f64 = 0.2;

/// How many tasks' worth the tier's assumption is where the setting makes no sense.
const STRENGTH_FALLBACK: f64 = 20.0;

/// What is known of a worker on one kind of task.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Standing {
    /// First parameter of the Beta distribution of its success rate.
    pub(super) alpha: f64,
    /// Second parameter.
    pub(super) beta: f64,
    /// Its weight, 0 to [`WEIGHT_MAX`].
    pub(super) weight: f64,
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

/// How a worker stands on `kind`. One that is no longer configured stands like the lowest tier without a record.
pub(super) fn standing(worker: &WorkerName, kind: &Kind, rules: &Rules) -> Standing {
    let rule = rules.worker(worker);
    let tier = usize::from(rule.map_or(u8::MAX, |rule| rule.tier)).clamp(1, 5);
    let record = rule.and_then(|rule| rule.records.get(kind)).copied().unwrap_or_default();
    learned(rules.consensus.tier_prior[tier - 1], strength(&rules.consensus), record)
}

/// The standing of a worker of which `prior` was assumed, `strength` tasks' worth, and `record` is known.
///
/// The weight is the posterior mean of the log-odds, `ψ(α) − ψ(β)` with ψ the digamma function. Log-odds weights are
/// optimal for independent judges (Nitzan and Paroush 1982; for estimated ones Berend and Kontorovich 2014).
pub(super) fn learned(prior: f64, strength: f64, record: Record) -> Standing {
    let prior = if prior.is_finite() { prior.clamp(0.01, 0.99) } else { 0.5 };
    let successes = f64::from(record.successes.min(record.trials));
    let alpha = prior * strength + successes;
    let beta = (1.0 - prior) * strength + f64::from(record.trials) - successes;
    let below_chance = checked_beta_reg(alpha, beta, 0.5).unwrap_or(1.0);
    let log_odds = digamma(alpha) - digamma(beta);
    let counts = below_chance <= BELOW_CHANCE_MAX && log_odds.is_finite();
    Standing { alpha, beta, weight: if counts { log_odds.clamp(0.0, WEIGHT_MAX) } else { 0.0 } }
}

fn strength(rules: &ConsensusRules) -> f64 {
    let set = rules.prior_strength;
    if set.is_finite() && set > 0.0 { set } else { STRENGTH_FALLBACK }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn weight(prior: f64, successes: u32, trials: u32) -> f64 {
        learned(prior, 20.0, Record { successes, trials }).weight
    }

    #[test]
    fn follows_the_formula() {
        // psi(14) - psi(6) = 1/6 + 1/7 + … + 1/13
        let expected: f64 = (6..14).map(|n| 1.0 / f64::from(n)).sum();
        assert!((weight(0.7, 0, 0) - expected).abs() < 1e-9);
        assert!((weight(0.7, 900_000, 1_000_000) - 9.0_f64.ln()).abs() < 1e-3);
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
            for record in [(0, 0), (5, 3), (u32::MAX, u32::MAX), (0, u32::MAX)] {
                let weight = weight(prior, record.0, record.1);
                assert!((0.0..=WEIGHT_MAX).contains(&weight), "{prior} {record:?}");
            }
        }
    }

    #[test]
    fn a_better_record_never_weighs_less() {
        let weights: Vec<f64> = (0..=50).map(|successes| weight(0.7, successes, 50)).collect();
        assert!(weights.is_sorted());
    }
}
