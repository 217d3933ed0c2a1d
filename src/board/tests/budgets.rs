//! Budgets by the task and by the day: what is set aside, what is settled, who is asked instead; and that nothing that can
//! happen overruns them.

use super::harness::{Board, START, attempt, secs, task};
use crate::board::rules::Price;
use crate::board::state::Globals;
use crate::board::{
    self, Answer, AttemptKey, AttemptState, Event, Failure, FailureClass, Input, Mode, Refusal, State, Text, Timestamp,
    Usage,
};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::time::Duration;

impl Board {
    fn reserve(&mut self, key: &str, usd: Option<f64>) -> Result<(), Refusal> {
        self.take(Input::Reserve { at: self.now, key: attempt(key), usd })
    }

    fn over_budget(&mut self, key: &str, refusal: Refusal) {
        let Refusal::OverBudget { why } = refusal else { panic!("{refusal:?}") };
        let failure = Failure { class: FailureClass::OverBudget, message: why, after_s: 0.0, usage: Usage::default() };
        self.take(Input::Failed { at: self.now, key: attempt(key), failure }).unwrap();
    }

    fn budgeted(workers: &[&str], usd: f64) -> Self {
        let mut board = Self::of(workers);
        board.offer("t", |spec| (spec.mode, spec.budget_usd) = (Mode::Architectural, Some(usd))).unwrap();
        board.story();
        board
    }

    fn spent_today(&self) -> f64 {
        self.state.globals.spent.get(&self.now.day()).copied().unwrap_or(0.0)
    }
}

#[test]
fn money_is_set_aside_and_settled_at_what_the_call_cost() {
    let mut board = Board::budgeted(&["a", "b"], 1.0);
    board.reserve("t#1", Some(0.75)).unwrap();
    assert_eq!(board.story(), ["reserve t#1: 0.75"]);
    assert_eq!(board.reserve("t#2", Some(0.5)), Err(Refusal::BudgetInUse), "it may do later");
    board.answer("t#1");
    board.reserve("t#2", Some(0.75)).unwrap();
    board.answer("t#2");
    assert!((board.spent_today() - 0.5).abs() < 1e-12, "two calls at 0.25 each");
}

#[test]
fn what_can_never_be_had_is_refused_with_the_amounts() {
    let mut board = Board::budgeted(&["a"], 0.5);
    let refusal = board.reserve("t#1", Some(0.6)).unwrap_err();
    let said = "not asked: the call could cost up to $0.60, and of the task's budget of $0.50 there is $0.50 left";
    assert_eq!(refusal.to_string(), said);
    board.over_budget("t#1", refusal);
    assert_eq!(board.phase("t"), "failed");
    assert!(board.state.globals.health.is_empty(), "the worker did nothing wrong");
}

#[test]
fn a_worker_whose_price_nobody_knows_is_not_asked_and_the_way_out_is_named() {
    let mut board = Board::budgeted(&["a"], 0.5);
    let refusal = board.reserve("t#1", None).unwrap_err();
    assert!(refusal.to_string().contains("`workers.a.call_usd_max`"), "{refusal}");
}

#[test]
fn a_cheaper_worker_takes_the_place_and_a_dearer_one_does_not() {
    let mut board = Board::of(&["dear", "dearer", "cheap"]);
    for (worker, usd) in board.rules.workers.iter_mut().zip([10.0, 20.0, 1.0]) {
        worker.price = Some(Price { input: usd, output: usd });
    }
    board.offer("t", |spec| (spec.mode, spec.budget_usd) = (Mode::Simple, Some(0.5))).unwrap();
    let refusal = board.reserve("t#1", Some(0.6)).unwrap_err();
    board.story();
    board.over_budget("t#1", refusal);
    assert_eq!(board.plot()[1..], ["plan t#2: make/0 cheap"]);
    board.reserve("t#2", Some(0.1)).unwrap();
    board.answer("t#2");
    let board::Phase::Ended { decision: Some(decision), .. } = &board.state.tasks[&task("t")].phase else { panic!() };
    assert!(decision.review_reasons.iter().any(|why| why.contains("dear: not asked")), "{:?}", decision.review_reasons);
}

#[test]
fn without_a_budget_nothing_is_stored() {
    let mut board = Board::of(&["a"]);
    board.build("t", Mode::Simple);
    board.story();
    board.reserve("t#1", Some(5.0)).unwrap();
    assert_eq!(board.story(), Vec::<String>::new());
}

#[test]
fn an_interrupted_call_has_cost_all_that_was_set_aside() {
    let mut board = Board::budgeted(&["a"], 1.0);
    board.reserve("t#1", Some(0.7)).unwrap();
    let failure =
        Failure { class: FailureClass::Interrupted, message: "lost".to_owned(), after_s: 0.0, usage: Usage::default() };
    board.take(Input::Failed { at: board.now, key: attempt("t#1"), failure }).unwrap();
    let refusal = board.reserve("t#2", Some(0.7)).unwrap_err();
    assert!(refusal.to_string().contains("there is $0.30 left"), "{refusal}");
}

#[test]
fn each_day_has_its_own_budget_and_a_call_is_paid_by_the_day_that_set_it_aside() {
    let mut board = Board::of(&["a"]);
    board.rules.limits.budget_usd_per_day = Some(1.0);
    board.rules.workers[0].timeout = secs(1_000_000);
    board.build("t", Mode::Simple);
    board.reserve("t#1", Some(0.9)).unwrap();
    board.pass(secs(86_400));
    board.build("u", Mode::Simple);
    board.reserve("u#1", Some(0.9)).unwrap();
    board.answer("t#1");
    assert_eq!(board.state.globals.spent.get(&START.day()), Some(&0.25));
    assert_eq!(board.spent_today(), 0.0);
}

/// One thing that happens. Numbers choose among what is possible just then.
#[derive(Clone, Debug)]
enum Step {
    Offer { cents: Option<u32> },
    Reserve { which: usize, cents: Option<u32> },
    End { which: usize, answers: bool, paid: f64, known: bool },
    Cancel { which: usize },
    Pass { minutes: u32 },
    Restart { saved: bool, adopts: bool },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => proptest::option::of(1u32..300).prop_map(|cents| Step::Offer { cents }),
        8 => (any::<usize>(), proptest::option::weighted(0.95, 0u32..150)).prop_map(|(which, cents)| Step::Reserve { which, cents }),
        5 => (any::<usize>(), any::<bool>(), 0.0f64..=1.0, any::<bool>())
            .prop_map(|(which, answers, paid, known)| Step::End { which, answers, paid, known }),
        1 => any::<usize>().prop_map(|which| Step::Cancel { which }),
        1 => (1u32..900).prop_map(|minutes| Step::Pass { minutes }),
        1 => (any::<bool>(), any::<bool>()).prop_map(|(saved, adopts)| Step::Restart { saved, adopts }),
    ]
}

/// A board with fifty calls at once, and the money that really went: at most what was set aside, whatever is reported.
struct Bank {
    board: Board,
    tasks: u32,
    /// What a running call may still spend, with the day and the budget of its task.
    under_way: BTreeMap<AttemptKey, (String, f64)>,
    /// What really went, by call.
    gone: BTreeMap<AttemptKey, (String, f64)>,
    budgets: BTreeMap<String, f64>,
    day_budget: f64,
    saved: Globals,
}

impl Bank {
    fn new(day_budget: f64) -> Self {
        let mut board = Board::of(&["a", "b", "c", "d"]);
        board.rules.limits.budget_usd_per_day = Some(day_budget);
        board.rules.limits.concurrent_calls_max = 50;
        for worker in &mut board.rules.workers {
            worker.max_concurrent = 50;
            worker.timeout = Duration::from_secs(100_000);
        }
        let (under_way, gone, budgets) = Default::default();
        Self { board, tasks: 0, under_way, gone, budgets, day_budget, saved: Globals::default() }
    }

    /// The attempts that run, those that were granted money among them or not.
    fn running(&self, granted: bool) -> Vec<AttemptKey> {
        let tasks = self.board.state.tasks.values();
        let all = tasks.flat_map(|task| task.attempts.values().map(move |attempt| (task, attempt)));
        let running = all.filter(|(_, attempt)| matches!(attempt.state, AttemptState::Running { .. }));
        let keys = running.map(|(task, attempt)| AttemptKey { task: task.id.clone(), number: attempt.number });
        keys.filter(|key| self.under_way.contains_key(key) == granted).collect()
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Offer { cents } => {
                self.tasks += 1;
                let id = format!("t{}", self.tasks);
                let usd = cents.map(|cents| f64::from(cents) / 100.0);
                self.budgets.extend(usd.map(|usd| (id.clone(), usd)));
                self.board.offer(&id, |spec| (spec.mode, spec.budget_usd) = (Mode::Complex, usd)).unwrap();
            }
            Step::Reserve { which, cents } => self.reserve(which, cents.map(|cents| f64::from(cents) / 100.0)),
            Step::End { which, answers, paid, known } => {
                if let Some(key) = choose(&self.running(true), which) {
                    self.end(&key, answers, paid, known);
                }
            }
            Step::Cancel { which } => {
                let open: Vec<_> = self.board.state.tasks.keys().cloned().collect();
                if let Some(id) = choose(&open, which) {
                    // One that has ended cannot be cancelled.
                    let _ = self.board.cancel(id.as_str());
                }
            }
            Step::Pass { minutes } => self.board.pass(secs(u64::from(minutes) * 60)),
            Step::Restart { saved, adopts } => self.restart(saved, adopts),
        }
        self.settle_lost();
    }

    fn reserve(&mut self, which: usize, usd: Option<f64>) {
        let Some(key) = choose(&self.running(false), which) else { return };
        let at = self.board.now;
        match self.board.take(Input::Reserve { at, key: key.clone(), usd }) {
            Ok(()) => drop(self.under_way.insert(key, (at.day(), usd.unwrap()))),
            Err(Refusal::BudgetInUse) => {}
            Err(refusal) => self.board.over_budget(&key.to_string(), refusal),
        }
    }

    fn end(&mut self, key: &AttemptKey, answers: bool, paid: f64, known: bool) {
        let (day, most) = self.under_way.remove(key).unwrap();
        let paid = paid * most;
        self.gone.insert(key.clone(), (day, paid));
        let usage = Usage { cost_usd: known.then_some(paid), ..Usage::default() };
        let at = self.board.now;
        let input = if answers {
            let answer = Answer {
                text: Text::short("so"),
                verdicts: Vec::new(),
                model: "m".to_owned(),
                session: None,
                usage,
                files_modified: Vec::new(),
                not_given: Vec::new(),
                prompt: None,
                resumed: None,
                cached: false,
                call_hash: None,
                proposal: None,
                patch: None,
            };
            Input::Answered { at, key: key.clone(), answer: Box::new(answer) }
        } else {
            let failure = Failure { class: FailureClass::Transient, message: "broke".to_owned(), after_s: 0.0, usage };
            Input::Failed { at, key: key.clone(), failure }
        };
        self.board.take(input).unwrap();
    }

    /// The process dies. What stood beside the journal may be older than the journal's end.
    fn restart(&mut self, saved: bool, adopts: bool) {
        let before = self.board.state.globals.spent.clone();
        let mut state = if saved { State::resume(self.saved.clone(), Default::default()) } else { State::default() };
        for (seq, event) in &self.board.journal {
            board::apply(&mut state, *seq, event);
        }
        assert_eq!(state.globals.spent, before, "replaying gives the same sums");
        self.board.state = state;
        self.saved = self.board.state.globals.clone();
        for key in self.running(true) {
            let at = self.board.now;
            if adopts {
                let deadline = at.after(secs(100_000));
                self.board.take(Input::Adopted { at, key, deadline }).unwrap();
            } else {
                self.interrupt(key, at);
            }
        }
        for key in self.running(false) {
            self.interrupt(key, self.board.now);
        }
    }

    fn interrupt(&mut self, key: AttemptKey, at: Timestamp) {
        let (class, message) = (FailureClass::Interrupted, "lost".to_owned());
        let failure = Failure { class, message, after_s: 0.0, usage: Usage::default() };
        self.board.take(Input::Failed { at, key, failure }).unwrap();
    }

    /// A call that the board no longer waits for may have cost everything.
    fn settle_lost(&mut self) {
        let running = self.running(true);
        let lost: Vec<AttemptKey> = self.under_way.keys().filter(|key| !running.contains(key)).cloned().collect();
        for key in lost {
            let all = self.under_way.remove(&key).unwrap();
            self.gone.insert(key, all);
        }
    }

    fn check(&self) {
        let mut days: BTreeMap<&str, f64> = BTreeMap::new();
        let mut tasks: BTreeMap<&str, f64> = BTreeMap::new();
        for (key, (day, usd)) in self.under_way.iter().chain(&self.gone) {
            *days.entry(day).or_default() += usd;
            *tasks.entry(key.task.as_str()).or_default() += usd;
        }
        for (day, usd) in days {
            assert!(usd <= self.day_budget + 1e-6, "{day} cost {usd} of {}", self.day_budget);
        }
        for (id, budget) in &self.budgets {
            let usd = tasks.get(id.as_str()).copied().unwrap_or(0.0);
            assert!(usd <= budget + 1e-6, "{id} cost {usd} of {budget}");
        }
    }
}

fn choose<T: Clone>(among: &[T], which: usize) -> Option<T> {
    among.get(which.checked_rem(among.len())?).cloned()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn no_budget_is_ever_overrun(cents in 1u32..2000, steps in proptest::collection::vec(step(), 1..250)) {
        let mut bank = Bank::new(f64::from(cents) / 100.0);
        for step in steps {
            bank.step(step);
            bank.check();
        }
        let reserved = bank.board.journal.iter().filter(|(_, event)| matches!(event, Event::CostReserved { .. })).count();
        prop_assert!(reserved == bank.gone.len() + bank.under_way.len());
    }
}
