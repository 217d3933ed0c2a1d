//! Which evidence makes whom right.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use super::*;
use crate::board::Timestamp;

fn stake(worker: &str, what: Staked) -> Stake {
    Stake { worker: WorkerName::new(worker), role: Role::new("reviewer"), what }
}

fn voted(worker: &str, on: Option<u32>, good: bool, stated: Option<f64>) -> Stake {
    stake(worker, Staked::Voted { on, good, stated })
}

fn case(stakes: Vec<Stake>) -> Case {
    Case { stakes, ..Case::open(Kind::new("build"), Day::of(Timestamp(0))) }
}

/// Each worker with whether it was right.
fn right(case: &Case) -> Vec<(&str, bool)> {
    case.outcomes().iter().map(|((worker, _), outcome)| (worker.as_str(), outcome.right)).collect()
}

#[test]
fn without_evidence_nobody_was_right_or_wrong() {
    let case = case(vec![stake("a", Staked::Made { attempt: 1 }), voted("b", Some(1), true, Some(0.9))]);
    assert!(case.outcomes().is_empty() && case.duel().is_none());
}

#[test]
fn a_maker_is_right_when_its_candidate_is_good_and_a_judge_when_it_says_what_is_true() {
    let made = stake("a", Staked::Made { attempt: 1 });
    let mut case = case(vec![made, voted("b", Some(1), true, None), voted("c", Some(1), false, None)]);
    case.learn(Some(1), false, Evidence::Run);
    assert_eq!(right(&case), [("a", false), ("b", false), ("c", true)]);
}

#[test]
fn stronger_evidence_replaces_weaker_and_never_the_other_way_round() {
    let order = [Evidence::Run, Evidence::Person, Evidence::Applied, Evidence::Reverted];
    assert!(order.is_sorted());
    for (weaker, stronger) in order.iter().zip(&order[1..]) {
        let mut case = case(vec![stake("a", Staked::Made { attempt: 1 })]);
        case.learn(Some(1), true, *weaker);
        case.learn(Some(1), false, *stronger);
        case.learn(Some(1), true, *weaker);
        assert_eq!(right(&case), [("a", false)], "{weaker:?} {stronger:?}");
    }
}

#[test]
fn of_several_votes_the_majority_counts_and_a_balance_counts_nothing() {
    let mut case = case(vec![
        voted("a", Some(1), true, Some(0.9)),
        voted("a", Some(2), true, Some(0.6)),
        voted("b", Some(1), true, None),
        voted("b", Some(2), false, None),
        voted("b", Some(3), true, None),
    ]);
    case.learn(Some(1), true, Evidence::Run);
    case.learn(Some(2), false, Evidence::Run);
    assert_eq!(right(&case), [("b", true)], "a was right once and wrong once, and candidate 3 is not known");
    case.learn(Some(2), true, Evidence::Person);
    let missed = case.outcomes()[&(&WorkerName::new("a"), &Role::new("reviewer"))].missed.unwrap();
    assert_eq!(right(&case), [("a", true), ("b", false)], "a person's word on one outranks the run of the other");
    assert!((missed - 0.16).abs() < 1e-12, "0.6 stated where 1 was true: {missed}");
}

#[test]
fn a_claim_that_was_run_counts_for_who_raised_it_unless_a_person_says_more() {
    let mut case = case(vec![
        voted("a", None, true, None),
        stake("a", Staked::Claimed { confirmed: true }),
        voted("b", None, false, None),
        stake("b", Staked::Claimed { confirmed: false }),
    ]);
    case.learn(None, false, Evidence::Run);
    assert_eq!(right(&case), [("a", true), ("b", false)], "the run was about the claims");
    case.learn(None, false, Evidence::Person);
    assert_eq!(right(&case), [("a", false), ("b", true)]);
}

#[test]
fn a_patch_counts_as_the_last_act_on_it_says() {
    let mut case = case(vec![stake("a", Staked::Made { attempt: 1 })]);
    case.learn(Some(1), false, Evidence::Person);
    for (good, by) in [(true, Evidence::Applied), (false, Evidence::Reverted), (true, Evidence::Applied)] {
        case.place(1, good, by);
        assert_eq!(right(&case), [("a", good)]);
    }
}

#[test]
fn panel_and_single_worker_are_compared_where_both_can_be() {
    let mut case = case(Vec::new());
    (case.panel, case.single) = (Some((Some(2), true)), Some((Some(1), true)));
    case.learn(Some(2), true, Evidence::Run);
    assert_eq!(case.duel(), None, "what the single worker made was never tried");
    case.learn(Some(1), false, Evidence::Run);
    assert_eq!(case.duel(), Some(Duel::of(true, false)));
}

#[test]
fn the_kept_cases_are_bounded() {
    let id = |number: usize| TaskId::parse(&format!("t{number}")).unwrap();
    let mut cases = Cases::default();
    (0..=CASES_MAX).for_each(|number| cases.keep(id(number), case(Vec::new())));
    assert!(!cases.holds(&id(0)) && cases.holds(&id(1)) && cases.holds(&id(CASES_MAX)));
}
