//! Further rounds: when one is opened, what is asked in it, which vote counts after it.

use super::harness::{Board, attempt, secs, task};
use crate::board::decision::{Recommendation, Round};
use crate::board::{
    self, Answer, Ask, Claim, Decision, Effect, FailureClass, Kind, Mode, Purpose, Severity, Stance, Text,
};

const REVIEWERS: [&str; 3] = ["a", "b", "c"];

/// A review by three strangers, with two rounds at most.
fn review(workers: &[&str]) -> Board {
    let mut board = Board::with_modes(workers, "architectural = { workers = \"all\" }");
    board.rules.consensus.rounds_max = 2;
    board.rules.consensus.early_stop = false;
    board.review("t", Mode::Architectural);
    board
}

fn say(board: &mut Board, stances: &[(&str, Stance)]) {
    for (key, stance) in stances {
        board.answer_with(key, *stance);
    }
}

fn decision(board: &Board) -> &Decision {
    board.state.tasks[&task("t")].phase.decision().unwrap()
}

fn asks(board: &Board) -> Vec<Ask> {
    let ask = |effect: &Effect| if let Effect::Ask(ask) = effect { Some((**ask).clone()) } else { None };
    board.effects.iter().filter_map(ask).collect()
}

fn grave(answer: &mut Answer) {
    let claim = Claim {
        severity: Severity::High,
        place: "src/auth.rs:63".to_owned(),
        what: "SQL injection".to_owned(),
        fix: String::new(),
    };
    answer.verdicts[0].stance = Stance::Reject;
    answer.verdicts[0].claims.push(claim);
}

fn turns(round: &Round) -> Vec<String> {
    let told = |stance: Option<Stance>| stance.map_or("-", Stance::as_str);
    let line = |answer: &board::decision::Reconsidered| {
        let changed = if answer.changed { ", changed" } else { "" };
        format!("{}: {} {}{changed}", answer.worker, answer.before.as_str(), told(answer.after))
    };
    round.answers.iter().map(line).collect()
}

#[test]
fn two_flat_opponents_are_asked_once_more_and_agreement_settles_it() {
    let mut board = review(&["a", "b"]);
    say(&mut board, &[("t#1", Stance::Approve), ("t#2", Stance::Reject)]);
    assert_eq!(
        board.plot(),
        [
            "plan t#1: judge/0 a",
            "plan t#2: judge/1 b",
            "answer t#1",
            "answer t#2",
            "change t (round): +[round-2] -[]",
            "plan t#3: round-2/0 a",
            "plan t#4: round-2/1 b",
        ]
    );
    say(&mut board, &[("t#3", Stance::Reject), ("t#4", Stance::Reject)]);
    let decision = decision(&board);
    assert_eq!((decision.verdict, decision.has_conflict, decision.votes.len()), (Stance::Reject, false, 2));
    assert_eq!(turns(&decision.rounds[0]), ["a: approve reject, changed", "b: reject reject"]);
    assert!(
        decision.reasoning.contains("In round 2 a went from approve to reject; 1 kept theirs."),
        "{}",
        decision.reasoning
    );
    assert_eq!(
        board::State { seq: board.state.seq, ..board.replayed() }.tasks,
        board.state.tasks,
        "the journal alone tells it"
    );
}

#[test]
fn what_each_is_asked_holds_all_answers_without_names_and_its_own_marked() {
    let mut board = review(&REVIEWERS);
    say(&mut board, &[("t#1", Stance::Approve), ("t#2", Stance::Approve)]);
    assert!(asks(&board).is_empty(), "first answers are sealed until all are in");
    board.answer_as("t#3", grave);
    let asks = asks(&board);
    assert_eq!(asks.len(), 3);
    let mut orders: Vec<Vec<u32>> = Vec::new();
    for (ask, own) in asks.iter().zip([1, 2, 3]) {
        let Purpose::Reconsider { first, own: mine, answers } = &ask.purpose else { panic!("{:?}", ask.purpose) };
        assert_eq!((&**first, *mine), (&Purpose::Judge, own));
        let seen: Vec<u32> = ask.inputs.iter().map(|seen| seen.number).collect();
        assert_eq!(seen, *answers, "shown in the order of the answers");
        let mut sorted = answers.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, [1, 2, 3]);
        orders.push(answers.clone());
        let material = board::prompt::Material {
            inputs: ask.inputs.iter().map(|seen| format!("text of {}", seen.number)).collect(),
            ..Default::default()
        };
        let limits = board::prompt::Limits { prompt_bytes_max: 100_000 };
        let prompt = board::prompt::compose(ask, &material, limits).unwrap().text;
        let place = answers.iter().position(|number| *number == own).unwrap() + 1;
        assert!(prompt.contains(&format!("### `answer {place}: your own so far`\n\n```\ntext of {own}")), "{prompt}");
        assert!(prompt.contains("You may keep your verdict or change"), "{prompt}");
        assert!(!prompt.contains("reviewer-"), "{prompt}");
    }
    orders.dedup();
    assert!(orders.len() > 1, "not everyone is shown the same order: {orders:?}");
}

#[test]
fn a_conflict_that_stands_names_its_dissenters_and_there_is_no_third_round() {
    let mut board = review(&REVIEWERS);
    say(&mut board, &[("t#1", Stance::Approve), ("t#2", Stance::Approve), ("t#3", Stance::Reject)]);
    say(&mut board, &[("t#4", Stance::Approve), ("t#5", Stance::Approve), ("t#6", Stance::Reject)]);
    let decision = decision(&board);
    assert_eq!(decision.recommendation, Recommendation::ConflictResolutionNeeded);
    assert_eq!(decision.dissenters, super::harness::names(&["c"]));
    assert!(decision.votes.iter().any(|vote| vote.pivotal), "{:?}", decision.votes);
    assert!(
        decision.reasoning.contains("In round 2 nobody changed its verdict; 3 kept theirs."),
        "{}",
        decision.reasoning
    );
    assert!(!decision.reasoning.contains("No further round"), "{}", decision.reasoning);
}

#[test]
fn who_fails_or_abstains_the_second_time_keeps_its_first_vote() {
    let mut board = review(&REVIEWERS);
    say(&mut board, &[("t#1", Stance::Reject), ("t#2", Stance::Approve), ("t#3", Stance::Reject)]);
    board.fail("t#4", FailureClass::RequestRefused);
    say(&mut board, &[("t#5", Stance::Abstain), ("t#6", Stance::Approve)]);
    let decision = decision(&board);
    let votes: Vec<(&str, Stance)> = decision.votes.iter().map(|vote| (vote.worker.as_str(), vote.verdict)).collect();
    assert_eq!(votes, [("a", Stance::Reject), ("b", Stance::Approve), ("c", Stance::Approve)]);
    assert_eq!(turns(&decision.rounds[0]), ["a: reject -", "b: approve abstain", "c: reject approve, changed"]);
}

#[test]
fn a_claim_that_is_not_named_again_is_withdrawn() {
    let mut board = review(&REVIEWERS);
    say(&mut board, &[("t#1", Stance::Approve), ("t#2", Stance::Approve)]);
    board.answer_as("t#3", grave);
    say(&mut board, &[("t#4", Stance::Approve), ("t#5", Stance::Approve), ("t#6", Stance::Approve)]);
    let decision = decision(&board);
    assert!(decision.issues.is_empty() && !decision.has_conflict, "{:?}", decision.issues);
}

#[test]
fn no_round_where_all_agree_or_it_cannot_help_and_it_is_said_why() {
    let mut agreed = review(&REVIEWERS);
    say(&mut agreed, &[("t#1", Stance::Reject), ("t#2", Stance::Reject), ("t#3", Stance::Reject)]);
    assert!(decision(&agreed).rounds.is_empty() && !decision(&agreed).has_conflict);

    let opposed = [("t#1", Stance::Approve), ("t#2", Stance::Reject)];
    let mut one_round = review(&["a", "b"]);
    one_round.rules.consensus.rounds_max = 1;
    say(&mut one_round, &opposed);
    assert!(decision(&one_round).reasoning.contains("No further round was held: 1 round(s) are the most"));

    let mut spent = review(&["a", "b"]);
    spent.rules.limits.attempts_per_task_max = 3;
    say(&mut spent, &opposed);
    assert!(decision(&spent).reasoning.contains("may not make 2 more"), "{}", decision(&spent).reasoning);

    let mut poor = Board::with_modes(&["a", "b"], "architectural = { workers = \"all\" }");
    poor.rules.consensus.rounds_max = 2;
    poor.offer("t", |spec| {
        (spec.kind, spec.mode, spec.budget_usd) = (Some(Kind::new("review")), Mode::Architectural, Some(0.5));
    })
    .unwrap();
    say(&mut poor, &opposed);
    assert!(decision(&poor).reasoning.contains("the budget was spent"), "{}", decision(&poor).reasoning);

    let mut late = Board::with_modes(&["a", "b"], "architectural = { workers = \"all\" }");
    late.rules.consensus.rounds_max = 2;
    late.offer("t", |spec| {
        (spec.kind, spec.mode, spec.timeout) = (Some(Kind::new("review")), Mode::Architectural, Some(secs(30)));
    })
    .unwrap();
    say(&mut late, &opposed[..1]);
    late.now = late.now.after(secs(30));
    late.answer_with("t#2", Stance::Reject);
    assert!(decision(&late).reasoning.contains("the task's time was up"), "{}", decision(&late).reasoning);
}

#[test]
fn checks_of_the_chosen_candidate_are_reconsidered_and_of_no_other() {
    let mut board = Board::with_modes(&["maker", "x", "y"], "complex = { workers = 1, validators = 2 }");
    board.rules.consensus.rounds_max = 2;
    board.build("t", Mode::Complex);
    board.answer("t#1");
    board.answer_with("t#2", Stance::Approve);
    board.answer_as("t#3", |answer| {
        grave(answer);
        answer.verdicts[0].would_change_my_mind = "a bound parameter".to_owned();
    });
    let asks = asks(&board);
    assert_eq!(asks.len(), 2, "{:?}", board.plot());
    let Purpose::Reconsider { first, answers, .. } = &asks[0].purpose else { panic!("{:?}", asks[0].purpose) };
    assert_eq!(**first, Purpose::Check { candidates: vec![1] });
    assert_eq!(answers.len(), 2);
    let rejection = asks[0].inputs.iter().find(|seen| seen.number == 3).unwrap();
    let Text::Inline { text } = &rejection.text else { panic!("{rejection:?}") };
    assert_eq!(
        text,
        "Verdict: reject\n- high at src/auth.rs:63: SQL injection\nWhat would change this verdict: a bound parameter\n"
    );
    assert!(asks[0].inputs.iter().any(|seen| seen.number == 1), "the candidate itself is shown again");
    say(&mut board, &[("t#4", Stance::Approve), ("t#5", Stance::Approve)]);
    let decision = decision(&board);
    assert_eq!((decision.has_conflict, decision.rounds[0].candidate), (false, Some(1)));
    assert_eq!(decision.votes.len(), 2, "one vote each");
    assert_eq!(decision.answer_attempt, Some(1), "the answer is the candidate, not what was said of it");
}

#[test]
fn a_call_of_a_further_round_that_was_interrupted_is_made_again() {
    let mut board = review(&["a", "b"]);
    say(&mut board, &[("t#1", Stance::Approve), ("t#2", Stance::Reject)]);
    board.fail("t#3", FailureClass::Interrupted);
    let ours = board.state.tasks[&attempt("t#5").task].attempts[&5].purpose.clone();
    assert!(matches!(ours, Purpose::Reconsider { own: 1, .. }), "{ours:?}");
    say(&mut board, &[("t#4", Stance::Reject), ("t#5", Stance::Reject)]);
    assert_eq!(turns(&decision(&board).rounds[0]), ["b: reject reject", "a: approve reject, changed"]);
}
