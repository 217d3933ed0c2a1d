//! Claims that are tried, and what that does to a vote. The first cases are those in which a rule of substring words and
//! stated confidences went wrong.

use super::harness::{Board, task};
use crate::board::decision::{Evidence, IssueStatus, Recommendation};
use crate::board::proposal::{Proof, Proposal, Reproduction};
use crate::board::{Ask, Claim, Decision, Effect, FailureClass, Mode, Purpose, Severity, Stance};

/// A review by `judges` strangers, with two rounds and two proofs at most.
fn review(workers: &[&str], judges: usize) -> Board {
    let mut board = Board::with_modes(workers, &format!("architectural = {{ workers = {judges} }}"));
    (board.rules.consensus.rounds_max, board.rules.consensus.proofs_max) = (2, 2);
    board.rules.consensus.early_stop = false;
    board.review("t", Mode::Architectural);
    board
}

fn injection() -> Claim {
    Claim {
        severity: Severity::High,
        place: "src/auth.rs:63".to_owned(),
        what: "SQL injection in line 63".to_owned(),
        fix: String::new(),
    }
}

fn say(board: &mut Board, votes: &[(&str, Stance, Option<Claim>)]) {
    for (key, stance, claim) in votes {
        board.answer_as(key, |answer| {
            answer.verdicts[0].stance = *stance;
            answer.verdicts[0].claims.extend(claim.clone());
        });
    }
}

fn tries(board: &mut Board, key: &str, status: IssueStatus) {
    let reproduction = Some(Reproduction { command: "cargo test".to_owned(), observed: "1 failed".to_owned() });
    let proof = Proof { status, why: "the name is put into the query".to_owned(), reproduction };
    board.answer_as(key, |answer| answer.proposal = Some(Proposal::Proof(Ok(proof))));
}

fn four_against_one(board: &mut Board) {
    let yes = |key| (key, Stance::Approve, None);
    say(board, &[yes("t#1"), yes("t#2"), yes("t#3"), yes("t#4"), ("t#5", Stance::Reject, Some(injection()))]);
}

fn decision(board: &Board) -> &Decision {
    board.state.tasks[&task("t")].phase.decision().unwrap()
}

fn asks(board: &Board) -> Vec<Ask> {
    let ask = |effect: &Effect| if let Effect::Ask(ask) = effect { Some((**ask).clone()) } else { None };
    board.effects.iter().filter_map(ask).collect()
}

const SIX: [&str; 6] = ["a", "b", "c", "d", "e", "f"];

#[test]
fn three_unanimous_approvals_are_no_conflict() {
    let mut board = review(&SIX, 3);
    for (key, words) in [("t#1", "No issues at all"), ("t#2", "no problems; secure"), ("t#3", "Nothing notable")] {
        let claim = Claim { severity: Severity::Low, place: String::new(), what: words.to_owned(), fix: String::new() };
        say(&mut board, &[(key, Stance::Approve, Some(claim))]);
    }
    let decision = decision(&board);
    assert!(!decision.has_conflict && decision.dissenters.is_empty() && decision.rounds.is_empty());
    assert_eq!(decision.recommendation, Recommendation::Proceed);
}

#[test]
fn three_unanimous_rejections_are_no_conflict() {
    let mut board = review(&SIX, 3);
    for (key, words) in [("t#1", "insecure: vulnerable"), ("t#2", "do not recommend"), ("t#3", "not secure")] {
        let claim =
            Claim { severity: Severity::High, place: String::new(), what: words.to_owned(), fix: String::new() };
        say(&mut board, &[(key, Stance::Reject, Some(claim))]);
    }
    let decision = decision(&board);
    assert!(!decision.has_conflict && decision.dissenters.is_empty());
    assert!(decision.rounds.is_empty() && decision.evidence.is_empty());
    assert_eq!((decision.verdict, decision.recommendation), (Stance::Reject, Recommendation::ReviewRequired));
}

#[test]
fn one_injection_against_four_approvals_is_a_dissent_that_gets_its_proof() {
    let mut board = review(&SIX, 5);
    four_against_one(&mut board);
    let asked = asks(&board);
    assert_eq!(asked.len(), 1, "one worker tries it");
    assert_eq!(asked[0].worker.as_str(), "f", "the one who has not judged, of equals");
    let Purpose::Prove { claim, candidate } = &asked[0].purpose else { panic!("{:?}", asked[0].purpose) };
    assert_eq!((claim.what.as_str(), *candidate), ("SQL injection in line 63", None));
    assert!(asked[0].inputs.is_empty(), "it finds out for itself");

    tries(&mut board, "t#6", IssueStatus::Confirmed);
    let decision = decision(&board);
    assert_eq!(decision.verdict, Stance::Reject, "whatever the votes: {}", decision.reasoning);
    assert_eq!(decision.dissenters, super::harness::names(&["a", "b", "c", "d"]));
    assert_eq!((decision.has_conflict, decision.issues[0].status), (false, IssueStatus::Confirmed));
    assert_eq!(decision.recommendation, Recommendation::ReviewRequired);
    assert!(decision.overall_confidence > 0.5 && decision.rounds.is_empty());
    assert!(matches!(&decision.evidence[0], Evidence::Proof { status: IssueStatus::Confirmed, .. }));
    assert!(crate::board::consensus::explain(decision).contains("f showed the claim at src/auth.rs:63"));
}

#[test]
fn a_refuted_claim_is_no_conflict() {
    let mut board = review(&SIX, 5);
    four_against_one(&mut board);
    tries(&mut board, "t#6", IssueStatus::Refuted);
    let decision = decision(&board);
    assert_eq!((decision.verdict, decision.has_conflict), (Stance::Approve, false), "{}", decision.reasoning);
    assert_eq!(decision.issues[0].status, IssueStatus::Refuted);
    assert_eq!(decision.dissenters, super::harness::names(&["e"]), "it still voted against");
}

#[test]
fn what_could_not_be_settled_goes_to_a_further_round_with_what_was_found() {
    for failed in [false, true] {
        let mut board = review(&SIX, 5);
        four_against_one(&mut board);
        if failed {
            for key in ["t#6", "t#7", "t#8", "t#9", "t#10"] {
                board.fail(key, FailureClass::RequestRefused);
            }
        } else {
            tries(&mut board, "t#6", IssueStatus::Claimed);
        }
        let asked = asks(&board);
        assert_eq!(asked.len(), 5, "{failed} {:?}", board.plot());
        assert!(asked.iter().all(|ask| matches!(ask.purpose, Purpose::Reconsider { .. })));
        let shown = asked[0].inputs.iter().any(|seen| seen.number == 6);
        assert_eq!(shown, !failed, "what was found is shown");
    }
}

#[test]
fn two_flat_opponents_are_a_conflict() {
    let mut board = review(&SIX, 2);
    let opposed =
        |first: &'static str, second: &'static str| [(first, Stance::Approve, None), (second, Stance::Reject, None)];
    say(&mut board, &opposed("t#1", "t#2"));
    say(&mut board, &opposed("t#3", "t#4"));
    let decision = decision(&board);
    assert!(decision.has_conflict);
    assert_eq!(decision.recommendation, Recommendation::ConflictResolutionNeeded);
    assert!(decision.evidence.is_empty(), "without a claim there is nothing to try");
}

#[test]
fn four_against_two_are_a_dissent_with_both_named() {
    let mut board = review(&SIX, 6);
    for number in 1..=6 {
        board.answer_with(&format!("t#{number}"), if number <= 4 { Stance::Approve } else { Stance::Reject });
    }
    let decision = decision(&board);
    assert_eq!(decision.dissenters, super::harness::names(&["e", "f"]));
    assert_eq!((decision.verdict, decision.votes.len()), (Stance::Approve, 6));
    // Two of six strangers leave the other verdict less than the 0.2 from which it is a conflict.
    assert!(!decision.has_conflict && decision.overall_confidence > 0.8, "{}", decision.reasoning);
}

#[test]
fn proofs_are_bounded_and_the_worst_claim_comes_first() {
    let mut board = review(&SIX, 5);
    let grave = |severity: Severity, line: u32, what: &str| {
        Some(Claim { severity, place: format!("a.rs:{line}"), what: what.to_owned(), fix: String::new() })
    };
    say(&mut board, &[("t#1", Stance::Approve, None), ("t#2", Stance::Approve, None), ("t#3", Stance::Approve, None)]);
    say(&mut board, &[("t#4", Stance::Reject, grave(Severity::High, 1, "overflow"))]);
    board.answer_as("t#5", |answer| {
        answer.verdicts[0].stance = Stance::Reject;
        answer.verdicts[0].claims.extend(grave(Severity::High, 50, "deadlock"));
        answer.verdicts[0].claims.extend(grave(Severity::Critical, 90, "remote code execution"));
    });
    let tried = |board: &Board| match &asks(board)[0].purpose {
        Purpose::Prove { claim, .. } => claim.what.clone(),
        other => format!("{other:?}"),
    };
    assert_eq!(tried(&board), "remote code execution");
    tries(&mut board, "t#6", IssueStatus::Refuted);
    assert_eq!(tried(&board), "overflow");
    tries(&mut board, "t#7", IssueStatus::Refuted);
    assert!(tried(&board).starts_with("Reconsider"), "two are the most, so the third claim is left to the round");
}

#[test]
fn nobody_tries_a_claim_of_its_own_or_about_its_own_work() {
    let mut board = Board::with_modes(&["maker", "x", "y"], "complex = { workers = 1, validators = 2 }");
    (board.rules.consensus.rounds_max, board.rules.consensus.proofs_max) = (1, 2);
    board.build("t", Mode::Complex);
    board.answer("t#1");
    say(&mut board, &[("t#2", Stance::Approve, None), ("t#3", Stance::Reject, Some(injection()))]);
    let asked = asks(&board);
    assert_eq!(asked[0].worker.as_str(), "x");
    assert_eq!(asked[0].inputs.iter().map(|seen| seen.number).collect::<Vec<_>>(), [1], "the candidate alone");
    tries(&mut board, "t#4", IssueStatus::Confirmed);
    let decision = decision(&board);
    assert_eq!((decision.verdict, decision.recommendation), (Stance::Reject, Recommendation::ReviewRequired));
    assert!(decision.overall_confidence < 0.5, "that it is acceptable: {}", decision.overall_confidence);
}
