//! How often the rule is right on simulated panels whose truth is known, against majority and the best rule there is.
//! The panels are made here, apart from the rule; the numbers to reach were computed elsewhere.

use super::super::decision::Grounds;
use super::super::verdict::Stance;
use super::tally::{Ballot, Before, Side, tally};
use super::weight::{Standing, learned};

const NAMES: [&str; 5] = ["a", "b", "c", "d", "e"];

/// A small generator of pseudo-random numbers (splitmix64), so that every run draws the same.
struct Draws(u64);

impl Draws {
    fn share(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// Whether the panel calls a true matter acceptable: 1, 0, or one half on a tie.
fn right(votes: &[bool], families: &[&'static str], standings: &[Standing]) -> f64 {
    let ballots: Vec<Ballot<'static>> = votes
        .iter()
        .zip(families)
        .zip(standings)
        .map(|((yes, family), standing)| Ballot {
            family,
            stance: if *yes { Stance::Approve } else { Stance::Reject },
            standing: *standing,
        })
        .collect();
    match tally(&ballots, Before::default(), 0.5).winner() {
        Some(Side::Acceptable) => 1.0,
        Some(Side::Rejected) => 0.0,
        None => 0.5,
    }
}

fn pattern(code: u32) -> [bool; 5] {
    [0, 1, 2, 3, 4].map(|bit| code >> bit & 1 == 1)
}

fn chance(votes: &[bool], accuracies: &[f64]) -> f64 {
    votes.iter().zip(accuracies).map(|(yes, p)| if *yes { *p } else { 1.0 - p }).product()
}

/// Mean accuracy when each judge's record is `trials` past tasks, drawn anew each time. Given the records it is exact.
fn accuracy_after(accuracies: [f64; 5], trials: u32, draws: u32) -> f64 {
    let mut random = Draws(20_261_120);
    let mut sum = 0.0;
    for _ in 0..draws {
        let standings = accuracies.map(|p| {
            let right = (0..trials).filter(|_| random.share() < p).count() as u64;
            let wrong = u64::from(trials) - right;
            learned(Grounds { tier_prior: 0.7, strength: 20.0, right, wrong, ..Grounds::default() })
        });
        sum += (0..32)
            .map(|code| chance(&pattern(code), &accuracies) * right(&pattern(code), &NAMES, &standings))
            .sum::<f64>();
    }
    sum / f64::from(draws)
}

/// The reference: digamma weights with a prior worth 20 tasks, on an unequal, a close and an equal panel.
#[test]
fn learns_from_few_outcomes_without_losing_to_majority() {
    let panels = [
        ([0.9, 0.6, 0.6, 0.6, 0.6], 0.7862, [0.800, 0.819, 0.849, 0.885, 0.898]),
        ([0.8, 0.75, 0.7, 0.65, 0.6], 0.8401, [0.838, 0.838, 0.842, 0.845, 0.850]),
        ([0.7, 0.7, 0.7, 0.7, 0.7], 0.8369, [0.831, 0.829, 0.826, 0.829, 0.836]),
    ];
    for (accuracies, majority, reference) in panels {
        for (trials, expected) in [5, 10, 20, 50, 200].into_iter().zip(reference) {
            let reached = accuracy_after(accuracies, trials, 600);
            assert!(reached >= expected - 0.01, "{accuracies:?} after {trials}: {reached}, reference {expected}");
            assert!(reached >= majority - 0.015, "{accuracies:?} after {trials}: {reached}, majority {majority}");
        }
    }
}

/// Three relatives who repeat one draw with probability `copy`, and two strangers, all right three times in four.
#[test]
fn relatives_that_copy_each_other_do_not_outvote_strangers() {
    let p = 0.75;
    let families = ["f", "f", "f", "x", "y"];
    let standing = [Standing { alpha: 75.0, beta: 25.0, weight: 3.0_f64.ln(), grounds: Grounds::default() }; 5];
    let accuracy = |copy: f64, families: &[&'static str]| -> f64 {
        (0..32)
            .map(|code| {
                let votes = pattern(code);
                let alike = votes[0] == votes[1] && votes[1] == votes[2];
                let copied = if alike { chance(&votes[..1], &[p]) } else { 0.0 };
                let family = copy * copied + (1.0 - copy) * chance(&votes[..3], &[p; 3]);
                family * chance(&votes[3..], &[p; 2]) * right(&votes, families, &standing)
            })
            .sum()
    };
    // A rule that knows how often they copy reaches .8965, .8684, .8578 and .8473. Relatives that turn out to be independent
    // are the price: .018 below plain log-odds, for up to .083 above it.
    let panels = [(0.0, 0.8965, 0.8789), (0.3, 0.8525, 0.8684), (0.6, 0.8086, 0.8578), (0.9, 0.7646, 0.8473)];
    for (copy, plain, expected) in panels {
        assert!((accuracy(copy, &NAMES) - plain).abs() < 1e-3, "the simulation is the published one");
        let reached = accuracy(copy, &families);
        assert!((reached - expected).abs() < 1e-3, "copying {copy}: {reached}, expected {expected}");
    }
}
