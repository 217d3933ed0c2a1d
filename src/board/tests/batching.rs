//! Small steps asked together: who goes along and who does not, what is paid, and that nothing comes out otherwise than it
//! would have done alone.

use super::harness::{Board, START, attempt, names, secs, written};
use crate::board::batching::{self, marker, shares, split};
use crate::board::rules::Sessions;
use crate::board::spec::WrittenPlan;
use crate::board::{
    self, Answer, Ask, AttemptKey, AttemptState, Effect, Failure, FailureClass, Input, Phase, Purpose, Role, Text,
    Usage, WorkspaceAccess,
};
use proptest::prelude::*;
use std::collections::BTreeMap;

/// A plan of steps with their needs, each for one named worker.
fn plan(steps: &[(&str, &[&str], &str)]) -> WrittenPlan {
    let rows: Vec<(&str, &[&str], u32, bool)> = steps.iter().map(|(id, needs, _)| (*id, *needs, 1, false)).collect();
    let mut plan = written(&rows);
    for (step, (_, _, worker)) in plan.steps.iter_mut().zip(steps) {
        step.models = names(&[worker]);
    }
    plan
}

fn board(workers: &[&str], most: u32) -> Board {
    let mut board = Board::of(workers);
    board.rules.limits.batch_steps_max = most;
    board
}

/// A task with this plan, and the calls that are made for it.
fn begin(board: &mut Board, plan: WrittenPlan) -> Vec<Ask> {
    board.offer("t", |spec| spec.plan = Some(plan)).unwrap();
    asked(board)
}

fn asked(board: &Board) -> Vec<Ask> {
    let ask = |effect: &Effect| match effect {
        Effect::Ask(ask) => Some(ask.as_ref().clone()),
        Effect::Stop(_) | Effect::Remember(_) | Effect::Publish(_) | Effect::Validate(_) => None,
    };
    board.effects.iter().filter_map(ask).collect()
}

fn steps(ask: &Ask) -> Vec<&str> {
    ask.parts.iter().map(|part| part.step.as_str()).collect()
}

/// What a worker says to several steps, but for those left out.
fn said(ask: &Ask, without: &[&str]) -> String {
    let parts = ask.parts.iter().filter(|part| !without.contains(&part.step.as_str()));
    parts.map(|part| format!("{}\n{}\n", marker(ask, part), made(part.step.as_str()))).collect()
}

fn made(step: &str) -> String {
    format!("the {step} that was asked for, {}", "x".repeat(step.len()))
}

/// The report that the daemon makes of a call's text.
fn together(board: &mut Board, ask: &Ask, text: &str, usage: Usage) {
    let texts = split(ask, text);
    let weights: Vec<usize> = texts.iter().map(|text| text.map_or(0, str::len)).collect();
    let parts = ask.parts.iter().zip(texts).zip(shares(&usage, &weights)).map(|((part, text), usage)| {
        let failure = || Failure { class: FailureClass::Transient, message: "no part".to_owned(), after_s: 0.0, usage };
        let key = AttemptKey { task: ask.key.task.clone(), number: part.number };
        (key, text.map(|text| Box::new(answer(text, usage))).ok_or_else(failure))
    });
    board.take(Input::AnsweredTogether { at: board.now, parts: parts.collect() }).unwrap();
}

fn answer(text: &str, usage: Usage) -> Answer {
    Answer {
        text: Text::short(text),
        verdicts: Vec::new(),
        proposal: None,
        patch: None,
        model: "m".to_owned(),
        session: None,
        usage,
        files_modified: Vec::new(),
        not_given: Vec::new(),
        prompt: None,
        resumed: None,
        cached: false,
        call_hash: None,
    }
}

const USAGE: Usage = Usage { input_tokens: 1001, output_tokens: 77, cached_tokens: 5, cost_usd: Some(0.1) };

#[test]
fn small_steps_that_are_ready_at_once_are_one_call_and_one_of_the_workers_calls() {
    let mut board = board(&["w"], 4);
    let asks =
        begin(&mut board, plan(&[("a", &[], "w"), ("b", &[], "w"), ("c", &[], "w"), ("end", &["a", "b", "c"], "w")]));
    assert_eq!((asks.len(), steps(&asks[0])), (1, vec!["a", "b", "c"]));
    assert!(!asks[0].cache, "a kept answer would be that of the whole call");
    assert_eq!((board.state.running(), board.running().len()), (1, 3), "three steps are under way in one call");
    assert_eq!(asks[0].deadline, START.after(secs(3 * 60)), "three answers may take three times as long");
    together(&mut board, &asks[0], &said(&asks[0], &[]), USAGE);
    let last = asked(&board);
    assert_eq!((last.len(), last[0].step.as_str(), last[0].parts.len()), (1, "end", 0));
    let seen: Vec<&str> = last[0].inputs.iter().map(|seen| seen.text.head()).collect();
    assert_eq!(seen, [made("a"), made("b"), made("c")]);
    assert_eq!(board.state.running(), 1);
}

#[test]
fn by_default_each_step_is_a_call() {
    let asks = begin(&mut Board::of(&["w"]), plan(&[("a", &[], "w"), ("b", &[], "w")]));
    assert_eq!(asks.iter().map(|ask| ask.parts.len()).collect::<Vec<_>>(), [0, 0]);
}

#[test]
fn no_more_go_along_than_the_limit_says() {
    let asks =
        begin(&mut board(&["w"], 2), plan(&[("a", &[], "w"), ("b", &[], "w"), ("c", &[], "w"), ("d", &[], "w")]));
    assert_eq!(asks.iter().map(steps).collect::<Vec<_>>(), [["a", "b"], ["c", "d"]]);
}

#[test]
fn who_would_see_or_be_more_than_alone_goes_alone() {
    let pair = || plan(&[("first", &[], "u"), ("a", &[], "w"), ("b", &[], "w")]);
    let alone = |change: &dyn Fn(&mut Board, &mut WrittenPlan)| {
        let (mut board, mut plan) = (board(&["u", "v", "w"], 4), pair());
        change(&mut board, &mut plan);
        let asks = begin(&mut board, plan);
        asks.iter().all(|ask| ask.parts.is_empty())
    };
    assert!(!alone(&|_, _| {}), "these two go together");
    assert!(alone(&|_, plan| plan.steps[2].role = Some(Role::new("reviewer"))), "another role");
    assert!(alone(&|_, plan| plan.steps[2].models = names(&["v"])), "another worker");
    assert!(alone(&|_, plan| plan.steps[2].instruction = "x".repeat(batching::SMALL_STEP_BYTES_MAX + 1)), "too large");
    assert!(alone(&|_, plan| (plan.steps[2].workers, plan.steps[2].models) = (2, names(&["w", "v"]))), "two seats");
    assert!(alone(&|board, _| board.rules.workers[2].outside = true), "an agent outside");
    assert!(alone(&|_, plan| plan.steps[1].needs = vec![board::StepId::new("first")]), "they see different things");
    let threads = |board: &mut Board, plan: &mut WrittenPlan| {
        board.rules.workers[2].sessions = Sessions::Own;
        plan.steps.extend(self::plan(&[("later", &["a"], "w")]).steps);
    };
    assert!(alone(&threads), "a later step goes on with the conversation");
    let mut board = board(&["u", "w"], 4);
    board.offer("t", |spec| (spec.plan, spec.workspace) = (Some(pair()), WorkspaceAccess::Worktree)).unwrap();
    assert!(asked(&board).iter().all(|ask| ask.parts.is_empty()), "each worktree has one patch");
}

#[test]
fn a_part_that_did_not_come_is_asked_for_alone_and_blames_nobody() {
    let mut board = board(&["w"], 4);
    board.rules.limits.retries_max = 0;
    let ask = begin(&mut board, plan(&[("a", &[], "w"), ("b", &[], "w")])).remove(0);
    together(&mut board, &ask, &said(&ask, &["a"]), USAGE);
    let again = asked(&board);
    assert_eq!((again.len(), again[0].step.as_str(), again[0].parts.len()), (1, "a", 0), "by the same worker");
    assert!(board.state.globals.health.is_empty());
    let cost = |number: u32| match &board.state.tasks[&ask.key.task].attempts[&number].state {
        AttemptState::Answered { answer, .. } => answer.usage.cost_usd,
        AttemptState::Failed { failure, .. } => failure.usage.cost_usd,
        AttemptState::Planned { .. } | AttemptState::Running { .. } => None,
    };
    assert_eq!((cost(1), cost(2)), (Some(0.0), Some(0.1)), "who answered bears the cost");
}

#[test]
fn a_call_that_fails_fails_once_and_its_steps_are_asked_alone() {
    let mut board = board(&["w"], 4);
    begin(&mut board, plan(&[("a", &[], "w"), ("b", &[], "w"), ("c", &[], "w")]));
    board.story();
    board.fail("t#1", FailureClass::Transient);
    let failures = board.plot().iter().filter(|line| line.starts_with("fail")).count();
    assert_eq!(failures, 3);
    assert_eq!(board.state.globals.health.values().map(|health| health.failures_in_a_row).collect::<Vec<_>>(), [1]);
    // Two calls fit at once; the third waits for its turn.
    assert!(asked(&board).iter().all(|ask| ask.parts.is_empty()));
    assert_eq!(board.running().len(), 2);
    assert!((board.state.globals.spent[&START.day()] - 0.125).abs() < 1e-12, "it was paid once");
}

#[test]
fn money_is_set_aside_once_for_the_whole_call() {
    let mut board = board(&["w"], 4);
    board.rules.limits.budget_usd_per_day = Some(1.0);
    let ask = begin(&mut board, plan(&[("a", &[], "w"), ("b", &[], "w")])).remove(0);
    board.take(Input::Reserve { at: board.now, key: ask.key.clone(), usd: Some(0.9) }).unwrap();
    together(&mut board, &ask, &said(&ask, &[]), USAGE);
    assert!((board.state.globals.spent[&START.day()] - 0.1).abs() < 1e-15);
    // A cost that nobody knows is all that was set aside, and not that for each step.
    let mut board = self::board(&["w"], 4);
    board.rules.limits.budget_usd_per_day = Some(1.0);
    let ask = begin(&mut board, plan(&[("a", &[], "w"), ("b", &[], "w")])).remove(0);
    board.take(Input::Reserve { at: board.now, key: ask.key.clone(), usd: Some(0.9) }).unwrap();
    together(&mut board, &ask, &said(&ask, &[]), Usage { cost_usd: None, ..USAGE });
    assert!((board.state.globals.spent[&START.day()] - 0.9).abs() < 1e-15);
}

#[test]
fn what_no_budget_has_room_for_together_is_asked_for_alone() {
    let mut board = board(&["w"], 4);
    begin(&mut board, plan(&[("a", &[], "w"), ("b", &[], "w")]));
    board.fail("t#1", FailureClass::OverBudget);
    let steps: Vec<String> = asked(&board).iter().map(|ask| ask.step.to_string()).collect();
    assert_eq!(steps, ["a", "b"]);
}

#[test]
fn a_restart_finds_one_call_with_all_its_parts_and_none_of_them_is_asked_twice() {
    let mut board = board(&["w"], 4);
    let ask = begin(&mut board, plan(&[("a", &[], "w"), ("b", &[], "w")])).remove(0);
    let replayed = board.replayed();
    assert_eq!(board::pending(&replayed), std::slice::from_ref(&ask));
    assert_eq!(replayed.running(), 1);
    board.state = replayed;
    // It goes on, and the parts have as long as the call.
    board.now = board.now.after(secs(100));
    let deadline = board.now.after(secs(100));
    board.take(Input::Adopted { at: board.now, key: ask.key, deadline }).unwrap();
    board.pass(secs(90));
    assert_eq!(board.running().len(), 2);
    let ask = board::pending(&board.state).remove(0);
    together(&mut board, &ask, &said(&ask, &[]), USAGE);
    let again = board.take(Input::AnsweredTogether {
        at: board.now,
        parts: vec![(ask.key.clone(), Ok(Box::new(answer("x", USAGE))))],
    });
    assert_eq!(again, Err(board::Refusal::NotRunning { key: ask.key.clone() }));
    assert_eq!(board.replayed().tasks, board.state.tasks);

    let mut lost = self::board(&["w"], 4);
    begin(&mut lost, plan(&[("a", &[], "w"), ("b", &[], "w")]));
    lost.fail("t#1", FailureClass::Interrupted);
    assert_eq!(lost.running(), ["t#3 w", "t#4 w"], "nothing of it is left, so both are asked anew");
}

#[test]
fn a_lost_call_is_given_up_with_its_parts_and_a_cancel_ends_all() {
    let mut board = board(&["w"], 4);
    begin(&mut board, plan(&[("a", &[], "w"), ("b", &[], "w")]));
    board.pass(secs(200));
    assert_eq!(board.running(), ["t#3 w", "t#4 w"]);
    assert_eq!(board.state.globals.health.values().map(|health| health.failures_in_a_row).collect::<Vec<_>>(), [1]);
    let mut board = self::board(&["w"], 4);
    begin(&mut board, plan(&[("a", &[], "w"), ("b", &[], "w")]));
    board.cancel("t").unwrap();
    assert_eq!(board.state.running(), 0);
    assert!(board.effects.contains(&Effect::Stop(attempt("t#1"))));
}

#[test]
fn parts_are_told_by_lines_that_name_the_call() {
    let ask = begin(&mut board(&["w"], 4), plan(&[("a", &[], "w"), ("b", &[], "w")])).remove(0);
    let (a, b) = (marker(&ask, &ask.parts[0]), marker(&ask, &ask.parts[1]));
    assert_eq!(split(&ask, &format!("Sure!\n{a}\none\n\n{b}\r\ntwo\n")), [Some("one"), Some("two")]);
    assert_eq!(split(&ask, &format!("**{b}**\ntwo\n`{a}`\none")), [Some("one"), Some("two")], "in any order");
    assert_eq!(
        split(&ask, &format!("{a}\nsay {b} here\n{b}\ntwo")),
        [Some(format!("say {b} here").as_str()), Some("two")]
    );
    assert_eq!(
        split(&ask, &format!("{a}\none\n{a}\nother\n{b}\ntwo")),
        [None, Some("two")],
        "which of the two is not known"
    );
    assert_eq!(split(&ask, &format!("{a}\n  \n{b}\ntwo")), [None, Some("two")], "nothing is no answer");
    assert_eq!(split(&ask, "one\ntwo"), [None, None]);
    let other = Ask { key: attempt("t#9"), ..ask };
    assert_eq!(split(&other, &format!("{a}\none\n{b}\ntwo")), [None, None], "the lines of another call");
}

proptest! {
    #[test]
    fn shares_add_up_to_the_whole_in_any_order(
        cost in prop_oneof![0.0f64..10.0, 1e-9f64..1e-3, Just(0.0), Just(0.1), Just(1e-300)],
        tokens in 0u64..u64::MAX / 2,
        weights in proptest::collection::vec(0usize..100_000, 1..8),
    ) {
        let usage = Usage { input_tokens: tokens, output_tokens: tokens / 3, cached_tokens: 1, cost_usd: Some(cost) };
        let shares = shares(&usage, &weights);
        let costs: Vec<f64> = shares.iter().filter_map(|share| share.cost_usd).collect();
        prop_assert_eq!(costs.iter().sum::<f64>(), cost);
        prop_assert_eq!(costs.iter().rev().sum::<f64>(), cost);
        prop_assert!(costs.iter().all(|cost| *cost >= 0.0));
        prop_assert_eq!(shares.iter().map(|share| share.input_tokens).sum::<u64>(), usage.input_tokens);
        prop_assert_eq!(shares.iter().map(|share| share.output_tokens).sum::<u64>(), usage.output_tokens);
        prop_assert_eq!(shares.iter().map(|share| share.cached_tokens).sum::<u64>(), 1);
    }

    /// Whatever the plan, whoever is asked for what together and whichever parts are missing: each step gets what it would
    /// have got alone, and what was paid is what the calls cost.
    #[test]
    fn asked_together_or_alone_the_answers_are_the_same(
        shape in proptest::collection::vec((proptest::collection::vec(any::<prop::sample::Index>(), 0..3), 0usize..2), 1..9),
        most in 2u32..5,
        misses in proptest::collection::vec(any::<bool>(), 64),
    ) {
        let ids: Vec<String> = (0..shape.len()).map(|at| format!("s{at}")).collect();
        let needs: Vec<Vec<&str>> = shape.iter().enumerate().map(|(at, (needs, _))| {
            let mut needs: Vec<&str> = if at == 0 { Vec::new() } else { needs.iter().map(|need| ids[need.index(at)].as_str()).collect() };
            needs.sort_unstable();
            needs.dedup();
            needs
        }).collect();
        let rows: Vec<(&str, &[&str], &str)> =
            (0..shape.len()).map(|at| (ids[at].as_str(), needs[at].as_slice(), ["v", "w"][shape[at].1])).collect();
        let (alone, alone_cost, alone_calls) = lived(1, plan(&rows), &mut std::iter::empty());
        let (batched, cost, calls) = lived(most, plan(&rows), &mut misses.into_iter());
        prop_assert_eq!(alone, batched);
        let paid = |cost: (f64, f64)| (cost.0 - cost.1).abs() < 1e-9;
        prop_assert!(paid(alone_cost) && paid(cost), "{:?} {:?}", alone_cost, cost);
        prop_assert!(calls <= 2 * alone_calls);
    }
}

/// Each step's answer, what the calls cost beside what the attempts say, and how many calls there were, in a world where every
/// answer follows from the step and what it sees.
fn lived(
    most: u32,
    plan: WrittenPlan,
    misses: &mut dyn Iterator<Item = bool>,
) -> (BTreeMap<String, String>, (f64, f64), usize) {
    let mut board = board(&["v", "w"], most);
    let mut open = begin(&mut board, plan);
    let (mut paid, mut calls) = (0.0, 0);
    while !open.is_empty() {
        let ask = open.remove(0);
        calls += 1;
        let usage = Usage { cost_usd: Some(0.01 * calls as f64 + 1e-5), ..USAGE };
        paid += usage.cost_usd.unwrap_or_default();
        // Outputs are shown in the order in which they were asked for; a part asked for again comes later.
        let mut seen: Vec<&str> = ask.inputs.iter().map(|seen| seen.text.head()).collect();
        seen.sort_unstable();
        let seen = seen.concat();
        let say = |step: &str| format!("{step}({seen})");
        if ask.parts.is_empty() {
            let text = say(ask.step.as_str());
            board
                .take(Input::Answered { at: board.now, key: ask.key, answer: Box::new(answer(&text, usage)) })
                .unwrap();
        } else {
            let text: String = ask
                .parts
                .iter()
                .filter(|_| !misses.next().unwrap_or(false))
                .map(|part| format!("{}\n{}\n", marker(&ask, part), say(part.step.as_str())))
                .collect();
            together(&mut board, &ask, &text, usage);
        }
        open.extend(asked(&board));
    }
    let task = board.state.tasks.values().next().unwrap();
    assert!(matches!(task.phase, Phase::Ended { .. } | Phase::AwaitingPerson { .. }), "{:?}", task.phase);
    let answers = task.answered().map(|(attempt, answer)| {
        assert_eq!(attempt.purpose, Purpose::Make);
        (attempt.step.to_string(), answer.text.head().to_owned())
    });
    let said = task.attempts.values().filter_map(|attempt| match &attempt.state {
        AttemptState::Answered { answer, .. } => answer.usage.cost_usd,
        AttemptState::Failed { failure, .. } => failure.usage.cost_usd,
        AttemptState::Planned { .. } | AttemptState::Running { .. } => None,
    });
    (answers.collect(), (paid, said.sum()), calls)
}
