//! Who is seated in which step: by room for what the task brings along, by price and record on every step, and apart from
//! the work where somebody steers a plan.

use super::harness::{Board, task, written};
use crate::board::routing::Catalog;
use crate::board::rules::Price;
use crate::board::spec::WrittenStep;
use crate::board::tally::Imported;
use crate::board::{
    Day, FailureClass, Input, Kind, Mode, Needs, PlanSource, Priority, Refusal, Role, Rung, StepAim, Tally, TaskSpec,
    WorkerName, route,
};

impl Board {
    fn windows(mut self, windows: &[Option<u64>]) -> Self {
        for (rule, window) in self.rules.workers.iter_mut().zip(windows) {
            rule.window_tokens = *window;
        }
        self
    }

    fn bring(&mut self, id: &str, tokens: u64, change: impl FnOnce(&mut TaskSpec)) -> Result<(), Refusal> {
        let mut offer = self.an_offer(id, change);
        offer.needs = Needs { tokens, images: 0 };
        self.take(Input::Offer(Box::new(offer)))
    }

    /// How often each worker answered as `role` on `build`, and what it costs.
    fn with_records(mut self, records: &[(&str, f64, &str, u64)]) -> Self {
        for (worker, usd, ..) in records {
            let rule = self.rules.workers.iter_mut().find(|rule| rule.name.as_str() == *worker).unwrap();
            rule.price = Some(Price { input: *usd, output: *usd });
        }
        let records = records.iter().map(|(worker, _, role, answered)| Imported {
            day: Day::parse("2026-11-01").unwrap(),
            worker: WorkerName::new(*worker),
            role: Role::new(*role),
            kind: Kind::new("build"),
            tally: Tally { attempts: *answered, answered: *answered, ..Tally::default() },
        });
        let (at, by, file, hash) = (self.now, "anna".to_owned(), "metrics.json".to_owned(), "hash".to_owned());
        let records = records.collect();
        self.take(Input::ImportRecords { at, by, file, hash, records }).unwrap();
        self
    }

    /// The workers who may come to sit in a step: its first seat's and those who may take its place.
    fn chain(&self, id: &str, step: usize) -> Vec<String> {
        let seat = &self.state.tasks[&task(id)].plan.steps[step].seats[0];
        std::iter::once(&seat.worker).chain(&seat.fallbacks).map(ToString::to_string).collect()
    }

    /// Fails whatever runs until nothing does, but for steps of this aim.
    fn fail_all_but(&mut self, id: &str, spared: StepAim) {
        for _ in 0..50 {
            let found = &self.state.tasks[&task(id)];
            let running = found.attempts.values().find(|attempt| {
                let runs = matches!(attempt.state, crate::board::AttemptState::Running { .. });
                runs && found.step(&attempt.step).is_some_and(|step| step.aim != spared)
            });
            let Some(number) = running.map(|attempt| attempt.number) else { return };
            self.fail(&format!("{id}#{number}"), FailureClass::RequestRefused);
        }
    }
}

#[test]
fn a_task_is_not_sent_to_a_window_it_does_not_fit_and_that_is_said() {
    let mut board = Board::of(&["small", "large", "unknown"]).windows(&[Some(1000), Some(5000), None]);
    board.bring("fits", 1000, |_| {}).unwrap();
    assert_eq!(board.chain("fits", 0), ["small", "large", "unknown"]);
    board.bring("t", 1001, |_| {}).unwrap();
    assert_eq!(board.chain("t", 0), ["large", "unknown"], "nor is it anybody's stand-in");
    let why =
        "window: not asked, because text, files and memories come to about 1001 tokens and do not fit: small (1000)";
    assert!(board.why("t").iter().any(|line| line == why), "{:?}", board.why("t"));
    assert_eq!(board.state.tasks[&task("t")].route.needs.tokens, 1001);
    assert_eq!(board.replayed().tasks, board.state.tasks);

    let mut offer = board.an_offer("asked", |_| {});
    offer.needs = Needs { tokens: 1001, images: 0 };
    let told = route(&board.state, &board.rules, &offer).unwrap();
    assert!(told.why.iter().any(|line| line == why), "who asks for the route is told: {:?}", told.why);
    assert_eq!(told.needs, offer.needs);
}

#[test]
fn a_small_window_is_left_out_of_every_way_to_carry_a_task_out() {
    let ways: &[(&str, fn(&mut TaskSpec))] = &[
        ("team of a mode", |spec| spec.mode = Mode::Architectural),
        ("written plan", |spec| spec.plan = Some(written(&[("one", &[], 3, false), ("two", &["one"], 1, true)]))),
        ("mega", |spec| spec.mode = Mode::Mega),
        ("critical", |spec| spec.priority = Priority::Critical),
        ("named", |spec| spec.models = ["small", "large"].map(WorkerName::new).to_vec()),
    ];
    for (way, change) in ways {
        let mut board = Board::of(&["small", "large", "wide"]).windows(&[Some(10), Some(5000), Some(9000)]);
        board.bring("t", 4000, change).unwrap();
        let steps = board.state.tasks[&task("t")].plan.steps.len();
        for step in 0..steps {
            let chain = board.chain("t", step);
            assert!(!chain.contains(&"small".to_owned()), "{way}: {chain:?}");
        }
    }
}

#[test]
fn where_nobody_has_room_the_largest_window_comes_first() {
    let mut board = Board::of(&["small", "large", "middling"]).windows(&[Some(10), Some(500), Some(100)]);
    board.bring("t", 4000, |_| {}).unwrap();
    assert_eq!(board.chain("t", 0), ["large", "middling", "small"]);
    let said = board.why("t").iter().any(|line| line.contains("no worker has room") && line.contains("large (500)"));
    assert!(said, "{:?}", board.why("t"));
}

#[test]
fn steps_that_come_later_mind_the_windows_too() {
    let mut board = Board::of(&["small", "a", "b"]).windows(&[Some(10), None, None]);
    board.bring("t", 4000, |_| {}).unwrap();
    board.fail_all_but("t", StepAim::Recover);
    assert_eq!(board.chain("t", 1), ["a", "b"], "the planner of the recovery");
}

#[test]
fn the_cheapest_reliable_worker_is_chosen_on_every_step() {
    let records = [("strong", 10.0, "implementer", 50), ("cheap", 1.0, "implementer", 60)];
    let mut board = Board::of(&["strong", "cheap"]).with_records(&records);
    let steps: &[(&str, &[&str], u32, bool)] =
        &[("one", &[], 1, false), ("two", &["one"], 1, false), ("three", &["two"], 1, false)];
    board.offer("t", |spec| spec.plan = Some(written(steps))).unwrap();
    assert_eq!(board.steps("t"), ["one: cheap", "two: cheap", "three: cheap"]);
    let said: Vec<String> = board.why("t").into_iter().filter(|line| line.contains("selection: cheap first")).collect();
    // The second step is the cheap one's turn anyhow.
    assert!(said.len() == 2 && said[0].starts_with("step one: ") && said[1].starts_with("step three: "), "{said:?}");
    assert_eq!(board.chain("t", 0), ["cheap", "strong"]);

    board.rules.selection.cheapest = false;
    board.offer("off", |spec| spec.plan = Some(written(steps))).unwrap();
    assert_eq!(board.steps("off"), ["one: strong", "two: cheap", "three: strong"], "else the steps take turns");
}

#[test]
fn a_steps_own_role_decides_once_it_is_known_and_a_check_is_not_given_to_the_maker() {
    // Over all roles the cheap one is reliable; as a reviewer it fails.
    let records =
        [("strong", 10.0, "reviewer", 50), ("cheap", 1.0, "implementer", 90), ("strong", 10.0, "implementer", 50)];
    let mut board = Board::of(&["strong", "cheap"]).with_records(&records);
    for number in 0..25 {
        let id = format!("r{number}");
        let named = |spec: &mut TaskSpec| {
            spec.role = Some(Role::new("reviewer"));
            spec.models = vec![WorkerName::new("cheap")];
        };
        board.offer(&id, named).unwrap();
        board.fail(&format!("{id}#1"), FailureClass::RequestRefused);
    }
    let step = |id: &str, role: &str| WrittenStep {
        role: Some(Role::new(role)),
        ..written(&[(id, &[], 1, false)]).steps.remove(0)
    };
    let plan = crate::board::spec::WrittenPlan {
        steps: vec![step("look", "reviewer"), step("build", "implementer")],
        ..written(&[])
    };
    board.offer("t", |spec| spec.plan = Some(plan)).unwrap();
    assert_eq!(board.steps("t"), ["look: strong", "build: cheap"]);

    let steps: &[(&str, &[&str], u32, bool)] = &[("make", &[], 1, false), ("check", &["make"], 1, true)];
    board.offer("c", |spec| spec.plan = Some(written(steps))).unwrap();
    assert_eq!(board.steps("c"), ["make: cheap", "check: strong"]);
    assert!(!board.why("c").iter().any(|line| line.starts_with("step check: ")), "{:?}", board.why("c"));
}

#[test]
fn nobody_comes_first_for_its_price_in_a_role_it_is_too_weak_for() {
    let records = [("strong", 10.0, "implementer", 50), ("cheap", 1.0, "implementer", 60)];
    for (tier, first) in [(3, "cheap"), (4, "strong")] {
        let mut board = Board::of(&["strong", "cheap"]).with_records(&records);
        let roles = "[roles.reviewer]\n[roles.implementer]\ntier_max = 3\n[kinds.build]\nshape = \"making\"\nrole = \"implementer\"";
        board.rules.catalog = Catalog::read(&roles.parse().unwrap()).unwrap();
        board.rules.workers[1].tier = tier;
        let plan = Some(written(&[("one", &[], 1, false)]));
        // In mode simple the weaker come first whatever the records say.
        board.offer("t", |spec| (spec.mode, spec.plan) = (Mode::Medium, plan)).unwrap();
        assert_eq!(board.steps("t"), [format!("one: {first}")], "tier {tier}");
    }
}

#[test]
fn a_plan_of_one_step_that_all_failed_at_is_planned_around() {
    let mut board = Board::of(&["a", "b"]);
    board.build("t", Mode::Simple);
    board.fail("t#1", FailureClass::RequestRefused);
    board.fail("t#2", FailureClass::RequestRefused);
    let found = &board.state.tasks[&task("t")];
    let last = found.attempts.values().next_back().unwrap();
    assert_eq!((last.step.as_str(), last.rung), ("recover-make", Rung::RecoveryPlan));
    assert_eq!(found.growth.count(&PlanSource::Recovery), 1);
    board.fail("t#3", FailureClass::RequestRefused);
    board.fail("t#4", FailureClass::RequestRefused);
    assert!(board.running().is_empty() && board.phase("t") != "working", "then it is a person's: {}", board.phase("t"));
}

#[test]
fn who_is_alone_is_not_asked_to_plan_around_its_own_failure() {
    for workers in [&["a"][..], &["a", "b"]] {
        let mut board = Board::of(workers);
        board.offer("t", |spec| spec.models = vec![WorkerName::new("a")]).unwrap();
        board.fail("t#1", FailureClass::RequestRefused);
        assert_eq!(board.state.tasks[&task("t")].attempts.len(), 1, "{workers:?}");
        assert_eq!(board.state.tasks[&task("t")].growth.changes, []);
    }
}
