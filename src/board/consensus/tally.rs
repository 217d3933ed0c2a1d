//! Adding votes up: families, the sum of log-odds, the probability. Where votes come from and what the sum means for the
//! task is not here.

use super::super::attempt::Attempt;
use super::super::decision::{MakerRecord, Sum};
use super::super::verdict::Stance;
use super::weight::Standing;
use std::collections::BTreeMap;

/// One vote as the sum sees it.
#[derive(Clone, Debug)]
pub(super) struct Ballot<'a> {
    pub(super) family: &'a str,
    /// What the vote counts as.
    pub(super) stance: Stance,
    pub(super) standing: Standing,
}

impl Ballot<'_> {
    /// The side it adds to; `None` for an abstention and for a vote without weight.
    pub(super) fn side(&self) -> Option<Side> {
        let side = match self.stance {
            Stance::Approve | Stance::ApproveWithChanges => Side::Acceptable,
            Stance::Reject => Side::Rejected,
            Stance::Abstain => return None,
        };
        (self.standing.weight > 0.0).then_some(side)
    }
}

/// The two things that a matter or a candidate can be. `approve` and `approve_with_changes` are votes for the same side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Side {
    Acceptable,
    Rejected,
}

/// What was known before any vote.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Before<'a> {
    /// Log-odds that it is acceptable.
    pub(super) log_odds: f64,
    /// The family of the candidate's maker. A relative's approval is discounted as if the maker had voted first.
    pub(super) family: Option<&'a str>,
}

/// The sum of a set of ballots.
#[derive(Clone, Debug)]
pub(super) struct Tally {
    pub(super) prior: f64,
    pub(super) in_favour: f64,
    pub(super) against: f64,
    /// How many independent votes the ballots are worth.
    pub(super) effective: f64,
    /// The family discount of each ballot, in the order given.
    pub(super) discounts: Vec<f64>,
}

impl Tally {
    /// Log-odds that it is acceptable.
    pub(super) fn total(&self) -> f64 {
        self.prior + self.in_favour - self.against
    }

    /// Probability that it is acceptable.
    pub(super) fn acceptable(&self) -> f64 {
        logistic(self.total())
    }

    /// The side that won; `None` on a tie.
    pub(super) fn winner(&self) -> Option<Side> {
        match self.total().partial_cmp(&0.0) {
            Some(std::cmp::Ordering::Greater) => Some(Side::Acceptable),
            Some(std::cmp::Ordering::Less) => Some(Side::Rejected),
            _ => None,
        }
    }

    /// The sum of a matter, as the decision shows it.
    pub(super) fn of_matter(&self) -> Sum {
        Sum {
            candidate: None,
            made_by: None,
            maker: None,
            prior: self.prior,
            in_favour: self.in_favour,
            against: self.against,
            total: self.total(),
            acceptable: self.acceptable(),
        }
    }

    /// The sum of a candidate, whose maker stood like that.
    pub(super) fn of_candidate(&self, maker: &Attempt, record: &Standing, family: &str) -> Sum {
        Sum {
            candidate: Some(maker.number),
            made_by: Some(maker.worker.clone()),
            maker: Some(MakerRecord {
                alpha: record.alpha,
                beta: record.beta,
                grounds: record.grounds,
                family: family.to_owned(),
            }),
            ..self.of_matter()
        }
    }
}

/// `1 / (1 + exp(-x))`.
pub(super) fn logistic(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// How many independent votes `n` votes are worth whose errors correlate by `rho` (Kish 1965): `n / (1 + (n - 1) rho)`.
pub(super) fn effective(n: usize, rho: f64) -> f64 {
    let n = n as f64;
    if n < 1.0 { 0.0 } else { n / (1.0 + (n - 1.0) * rho) }
}

/// The weight that relatives have together who voted alike, heaviest first: the k-th adds what the k-th equal vote would
/// add to the effective number. For equal weights this is `weight · n_eff`; for unequal ones it never falls when one more
/// joins, which a plain `n_eff / n` of the sum would. `before` relatives have spoken already.
pub(super) fn shared(descending: &[f64], rho: f64, before: usize) -> f64 {
    let share = |k: usize| effective(before + k + 1, rho) - effective(before + k, rho);
    descending.iter().enumerate().map(|(k, weight)| weight * share(k)).sum()
}

/// Adds the ballots up. The result does not depend on their order, to the last bit.
///
/// Relatives who voted alike may be repeating each other, so they share; relatives who contradict each other are plainly
/// not, so each side of a family shares for itself.
pub(super) fn tally(ballots: &[Ballot<'_>], before: Before<'_>, rho: f64) -> Tally {
    let rho = if rho.is_finite() { rho.clamp(0.0, 1.0) } else { 1.0 };
    let mut groups: BTreeMap<(Side, &str), Vec<f64>> = BTreeMap::new();
    for ballot in ballots {
        if let Some(side) = ballot.side() {
            groups.entry((side, ballot.family)).or_default().push(ballot.standing.weight);
        }
    }
    let (mut in_favour, mut against, mut worth) = (0.0, 0.0, 0.0);
    let mut factors: BTreeMap<(Side, &str), f64> = BTreeMap::new();
    for ((side, family), mut weights) in groups {
        weights.sort_by(|a, b| b.total_cmp(a));
        let spoken = usize::from(side == Side::Acceptable && before.family == Some(family));
        let together = shared(&weights, rho, spoken);
        worth += effective(spoken + weights.len(), rho) - effective(spoken, rho);
        factors.insert((side, family), together / weights.iter().sum::<f64>());
        match side {
            Side::Acceptable => in_favour += together,
            Side::Rejected => against += together,
        }
    }
    let discount = |ballot: &Ballot<'_>| {
        ballot.side().and_then(|side| factors.get(&(side, ballot.family)).copied()).unwrap_or(1.0)
    };
    Tally {
        prior: if before.log_odds.is_finite() { before.log_odds } else { 0.0 },
        in_favour,
        against,
        effective: worth,
        discounts: ballots.iter().map(discount).collect(),
    }
}

/// The tally without the ballot at `index`.
pub(super) fn without(ballots: &[Ballot<'_>], index: usize, before: Before<'_>, rho: f64) -> Tally {
    let mut rest = ballots.to_vec();
    rest.remove(index);
    tally(&rest, before, rho)
}

#[cfg(test)]
mod tests;
