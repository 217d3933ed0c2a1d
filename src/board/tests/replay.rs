//! Decisions made again: as they were to the bit, and as they would have been.

use super::harness::{Board, task};
use crate::board::consensus::{VotingRule, WhatIf, differences, told};
use crate::board::replay::{NoReplay, Replayed, replay};
use crate::board::{
    Decision, FailureClass, Kind, Mode, PersonAnswer, Phase, Priority, Stance, Tallies, Task, TaskSpec, Text,
    Timestamp, WorkerName,
};

const WORKERS: [&str; 5] = ["a", "b", "c", "d", "e"];
const STANCES: [Stance; 4] = [Stance::Approve, Stance::ApproveWithChanges, Stance::Reject, Stance::Abstain];

/// A small generator of pseudo-random numbers (splitmix64).
struct Draws(u64);

impl Draws {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((z ^ (z >> 31)) >> 33).unwrap() % bound
    }
}

/// A board with relatives on which tasks of all shapes were lived through, answered at random, some by people.
fn lived(seed: u64) -> (Board, Vec<Task>) {
    let mut draws = Draws(seed);
    let mut board = Board::of(&WORKERS);
    for (index, worker) in board.rules.workers.iter_mut().enumerate() {
        worker.family = ["x", "x", "y", "y", "z"][index].to_owned();
        worker.tier = u8::try_from(1 + index).unwrap();
    }
    let mut tasks = Vec::new();
    for number in 0..12 {
        let id = format!("t{number}");
        let asks = |spec: &mut TaskSpec| {
            spec.kind = Some(Kind::new(["review", "build", "architecture"][draws.below(3)]));
            spec.mode = [Mode::Simple, Mode::Medium, Mode::Complex, Mode::Architectural][draws.below(4)];
            spec.priority = Priority::ALL[draws.below(4)];
        };
        board.offer(&id, asks).unwrap();
        for _ in 0..30 {
            let running = board.running();
            let Some(key) = running.first().and_then(|line| line.split(' ').next()) else { break };
            match draws.below(8) {
                0 => board.fail(key, FailureClass::RequestRefused),
                _ => board.answer_with(key, STANCES[draws.below(4)]),
            }
        }
        if let Phase::AwaitingPerson { .. } = board.state.tasks[&task(&id)].phase {
            let no = PersonAnswer::Reject { why: Text::short("no") };
            board.person(&id, if draws.below(3) > 0 { PersonAnswer::Approve } else { no }).unwrap();
        }
        tasks.push(board.state.tasks[&task(&id)].clone());
    }
    (board, tasks)
}

fn again(task: &Task, rules: &crate::board::Rules, what_if: &WhatIf) -> Result<Replayed, NoReplay> {
    replay(task, &Tallies::default(), rules, what_if, Timestamp(0))
}

/// The records have gone on and the settings may have changed since: what was recorded is enough.
#[test]
fn without_anything_different_it_is_the_recorded_decision_to_the_bit() {
    let mut decided = 0;
    for seed in 0..40 {
        let (mut board, tasks) = lived(seed);
        board.rules.consensus.family_correlation = 0.9;
        board.rules.consensus.threshold.clear();
        board.rules.workers.iter_mut().for_each(|worker| worker.family = "one".to_owned());
        for task in tasks {
            let Some(recorded) = task.phase.decision() else { continue };
            let bytes = serde_json::to_string(recorded).unwrap();
            // As it comes back from the store.
            let task: Task = serde_json::from_str(&serde_json::to_string(&task).unwrap()).unwrap();
            let replayed = again(&task, &board.rules, &WhatIf::default()).unwrap();
            assert_eq!(serde_json::to_string(&replayed.decision).unwrap(), bytes, "seed {seed}, {}", task.id);
            assert_eq!(differences(recorded, &replayed.decision), Vec::<String>::new());
            decided += 1;
        }
    }
    assert!(decided > 300, "only {decided} decisions were tried");
}

fn split() -> (Board, Task) {
    let mut board = Board::of(&["a", "b", "c"]);
    let asks = |spec: &mut TaskSpec| (spec.kind, spec.mode) = (Some(Kind::new("review")), Mode::Architectural);
    board.offer("t", asks).unwrap();
    for (key, stance) in [("t#1", Stance::Approve), ("t#2", Stance::Reject), ("t#3", Stance::Reject)] {
        board.answer_with(key, stance);
    }
    let task = board.state.tasks[&task("t")].clone();
    (board, task)
}

fn what_if(without: &[&str], rule: VotingRule) -> WhatIf {
    WhatIf { without: without.iter().map(|name| WorkerName::new(*name)).collect(), rule }
}

fn decided(task: &Task, board: &Board, what: &WhatIf) -> Decision {
    again(task, &board.rules, what).unwrap().decision
}

#[test]
fn without_the_pivotal_worker_the_result_turns_and_the_change_is_told() {
    let (board, task) = split();
    let what = what_if(&["b", "c"], VotingRule::Bayes);
    let other = decided(&task, &board, &what);
    let recorded = task.phase.decision().unwrap();
    assert_eq!((recorded.verdict, other.verdict), (Stance::Reject, Stance::Approve));
    let text = told(Some(recorded), &other, &what);
    assert!(text.contains("verdict: reject → approve") && text.contains("without b, c"), "{text}");
    assert_eq!(other.votes.len(), 1);
}

#[test]
fn other_rules_give_what_their_names_say() {
    let (mut board, _) = split();
    for (worker, tier) in board.rules.workers.iter_mut().zip([1, 4, 4]) {
        worker.tier = tier;
    }
    board.rules.consensus.tier_prior = [0.97, 0.8, 0.7, 0.61, 0.6];
    let asks = |spec: &mut TaskSpec| (spec.kind, spec.mode) = (Some(Kind::new("review")), Mode::Architectural);
    board.offer("u", asks).unwrap();
    for (key, stance) in [("u#1", Stance::Approve), ("u#2", Stance::Reject), ("u#3", Stance::Reject)] {
        board.answer_with(key, stance);
    }
    let u = board.state.tasks[&task("u")].clone();
    let verdict = |rule| decided(&u, &board, &what_if(&[], rule)).verdict;
    assert_eq!(verdict(VotingRule::Bayes), Stance::Approve, "one that is right 97 % outweighs two of 61 %");
    assert_eq!(verdict(VotingRule::Majority), Stance::Reject);
    assert_eq!(verdict(VotingRule::BestSingle), Stance::Approve);
    let tier = decided(&u, &board, &what_if(&[], VotingRule::Tier));
    let weights: Vec<f64> = tier.votes.iter().map(|vote| vote.weight).collect();
    assert_eq!(weights, [1.0, 0.4, 0.4]);
}

#[test]
fn a_task_that_is_not_decided_is_decided_on_what_there_is() {
    let mut board = Board::of(&["a", "b", "c"]);
    let asks = |spec: &mut TaskSpec| (spec.kind, spec.mode) = (Some(Kind::new("review")), Mode::Architectural);
    board.offer("t", asks).unwrap();
    let of = |board: &Board| board.state.tasks[&task("t")].clone();
    assert!(matches!(again(&of(&board), &board.rules, &WhatIf::default()), Err(NoReplay::NoAnswer { .. })));
    board.answer("t#1");
    let replayed = again(&of(&board), &board.rules, &WhatIf::default()).unwrap();
    assert_eq!((replayed.recorded.is_none(), replayed.decision.votes.len()), (true, 1));
}

#[test]
fn who_gave_nothing_cannot_be_left_out_and_somebody_must_be_left() {
    let (board, task) = split();
    let error = again(&task, &board.rules, &what_if(&["zed"], VotingRule::Bayes)).unwrap_err();
    assert_eq!(error.to_string(), "zed gave no answer to t; these did: a, b, c");
    let error = again(&task, &board.rules, &what_if(&WORKERS[..3], VotingRule::Bayes)).unwrap_err();
    assert_eq!(error.to_string(), "t has no answer that could be weighed without those left out");
}
