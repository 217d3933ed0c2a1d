//! Properties of the sum, on random panels.

use super::*;
use proptest::prelude::*;

const FAMILIES: [&str; 4] = ["anthropic", "openai", "google", "xai"];
const STANCES: [Stance; 4] = [Stance::Reject, Stance::Abstain, Stance::ApproveWithChanges, Stance::Approve];

type Panel = Vec<(usize, usize, f64)>;

fn ballots(panel: &Panel) -> Vec<Ballot<'static>> {
    panel
        .iter()
        .map(|(family, stance, weight)| Ballot {
            family: FAMILIES[*family],
            stance: STANCES[*stance],
            standing: Standing { alpha: 14.0, beta: 6.0, weight: *weight, ..Standing::default() },
        })
        .collect()
}

fn sum(panel: &Panel, rho: f64) -> Tally {
    tally(&ballots(panel), Before::default(), rho)
}

fn panel(voters: std::ops::Range<usize>) -> impl Strategy<Value = Panel> {
    let weight = prop_oneof![1 => Just(0.0), 1 => Just(0.9), 4 => 0.0..=3.0_f64];
    prop::collection::vec((0..4_usize, 0..4_usize, weight), voters)
}

#[test]
fn equal_relatives_share_as_kish_says() {
    // Three votes of weight 1 with correlation 0.5: 3 / (1 + 2 · 0.5) = 1.5 votes.
    let tally = sum(&vec![(0, 3, 1.0), (0, 3, 1.0), (0, 3, 1.0)], 0.5);
    assert!((tally.in_favour - 1.5).abs() < 1e-12 && (tally.effective - 1.5).abs() < 1e-12);
    assert!(tally.discounts.iter().all(|discount| (discount - 0.5).abs() < 1e-12));
    assert!((sum(&vec![(0, 3, 1.0), (0, 3, 1.0)], 1.0).in_favour - 1.0).abs() < 1e-12, "clones count once");
    assert!((sum(&vec![(0, 3, 1.0), (0, 3, 1.0)], 0.0).in_favour - 2.0).abs() < 1e-12);
}

#[test]
fn a_relative_of_the_maker_counts_less_than_a_stranger() {
    let before = |family| Before { log_odds: 1.0, family };
    let approval = ballots(&vec![(0, 3, 1.0)]);
    let relative = tally(&approval, before(Some("anthropic")), 0.5).in_favour;
    let stranger = tally(&approval, before(Some("xai")), 0.5).in_favour;
    assert!(relative < stranger, "{relative} {stranger}");
    let rejection = ballots(&vec![(0, 0, 1.0)]);
    assert!((tally(&rejection, before(Some("anthropic")), 0.5).against - 1.0).abs() < 1e-12);
}

#[test]
fn odd_correlations_stay_harmless() {
    for rho in [f64::NAN, f64::INFINITY, -3.0, 9.0] {
        let tally = sum(&vec![(0, 3, 1.0), (0, 3, 2.0), (1, 0, 3.0)], rho);
        assert!((0.0..=1.0).contains(&tally.acceptable()), "{rho}");
    }
}

proptest! {
    #[test]
    fn the_order_of_the_votes_changes_no_bit(panel in panel(0..9), seed in any::<u64>(), rho in 0.0..=1.0_f64) {
        let mut other = panel.clone();
        let turn = usize::try_from(seed % 97).unwrap_or(0);
        let places = other.len().max(1);
        other.rotate_left(turn % places);
        if turn % 2 == 0 { other.reverse(); }
        prop_assert_eq!(sum(&panel, rho).total().to_bits(), sum(&other, rho).total().to_bits());
    }

    #[test]
    fn swapping_the_labels_swaps_the_result(panel in panel(0..9), rho in 0.0..=1.0_f64) {
        let swapped: Panel = panel.iter().map(|(family, stance, weight)| {
            (*family, match stance { 0 => 3, 1 => 1, _ => 0 }, *weight)
        }).collect();
        let (one, other) = (sum(&panel, rho), sum(&swapped, rho));
        prop_assert!((one.acceptable() + other.acceptable() - 1.0).abs() < 1e-12);
    }

    /// From rejection over abstention to approval, with any weight and among any relatives, it never becomes less likely.
    #[test]
    fn a_vote_moved_towards_a_side_never_hurts_it(panel in panel(1..9), place in any::<prop::sample::Index>(), rho in 0.0..=1.0_f64) {
        let place = place.index(panel.len());
        let with = |stance: usize| {
            let mut moved = panel.clone();
            moved[place].1 = stance;
            sum(&moved, rho).total()
        };
        prop_assert!(with(0) <= with(1) + 1e-12 && with(1) <= with(2) + 1e-12);
        prop_assert_eq!(with(2).to_bits(), with(3).to_bits(), "both approvals are one side");
    }

    #[test]
    fn one_more_vote_never_hurts_its_side_and_a_clone_helps_less_than_a_stranger(
        weights in prop::collection::vec(0.1..=3.0_f64, 1..6), weight in 0.1..=3.0_f64, rho in 0.01..=1.0_f64,
    ) {
        let base: Panel = weights.iter().map(|weight| (0, 3, *weight)).collect();
        let with = |family: usize| { let mut more = base.clone(); more.push((family, 3, weight)); sum(&more, rho).total() };
        prop_assert!(sum(&base, rho).total() <= with(0) + 1e-12);
        prop_assert!(with(0) < with(1));
    }

    #[test]
    fn a_vote_without_weight_and_an_abstention_are_invisible(panel in panel(0..9), family in 0..4_usize, rho in 0.0..=1.0_f64) {
        for extra in [(family, 3, 0.0), (family, 0, 0.0), (family, 1, 3.0)] {
            let mut more = panel.clone();
            more.push(extra);
            let (one, other) = (sum(&panel, rho), sum(&more, rho));
            prop_assert_eq!(one.total().to_bits(), other.total().to_bits());
            prop_assert_eq!(one.effective.to_bits(), other.effective.to_bits());
            prop_assert_eq!(&one.discounts[..], &other.discounts[..panel.len()]);
        }
    }

    #[test]
    fn what_is_printed_adds_up(panel in panel(0..9), rho in 0.0..=1.0_f64) {
        let ballots = ballots(&panel);
        let tally = sum(&panel, rho);
        let signed = ballots.iter().zip(&tally.discounts).map(|(ballot, discount)| {
            let weight = ballot.standing.weight * discount;
            match ballot.side() { Some(Side::Acceptable) => weight, Some(Side::Rejected) => -weight, None => 0.0 }
        });
        prop_assert!((signed.sum::<f64>() - tally.total()).abs() < 1e-9);
        prop_assert!(tally.discounts.iter().all(|discount| *discount > 0.0 && *discount <= 1.0 + 1e-12));
        let voters = ballots.iter().filter(|ballot| ballot.side().is_some()).count();
        prop_assert!(tally.effective <= voters as f64 + 1e-9);
    }
}
