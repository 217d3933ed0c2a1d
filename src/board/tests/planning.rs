//! Who takes part, and how the route says so.

use super::harness::{Board, attempt, names, task, written};
use crate::board::StepId;
use crate::board::spec::{WrittenPlan, WrittenStep};
use crate::board::{FailureClass, Kind, Mode, PlanSource, Priority, Purpose, Refusal, Role, StepAim};

const MAKE: &str = "build";
const JUDGE: &str = "review";

#[test]
fn a_mode_asks_for_its_team_and_makes_do_with_less() {
    // (kind, mode, workers there are, steps)
    let table: &[(&str, Mode, usize, &[&str])] = &[
        (MAKE, Mode::Simple, 3, &["make: a"]),
        (MAKE, Mode::Medium, 1, &["make: a"]),
        (MAKE, Mode::Medium, 2, &["make: a b", "check: a b"]),
        (MAKE, Mode::Medium, 3, &["make: a b", "check: c"]),
        (MAKE, Mode::Medium, 5, &["make: a b", "check: c"]),
        (MAKE, Mode::Complex, 1, &["make: a"]),
        (MAKE, Mode::Complex, 2, &["make: a b", "check: a b"]),
        (MAKE, Mode::Complex, 3, &["make: a b", "check: c"]),
        (MAKE, Mode::Complex, 4, &["make: a b", "check: c d"]),
        (MAKE, Mode::Complex, 5, &["make: a b", "check: c d"]),
        (MAKE, Mode::Architectural, 1, &["make: a"]),
        (MAKE, Mode::Architectural, 5, &["make: a b c d e", "check: a b c d e"]),
        (MAKE, Mode::Mega, 4, &["plan: a"]),
        (JUDGE, Mode::Simple, 3, &["judge: a"]),
        (JUDGE, Mode::Medium, 2, &["judge: a b"]),
        (JUDGE, Mode::Medium, 4, &["judge: a b c"]),
        (JUDGE, Mode::Complex, 3, &["judge: a b c"]),
        (JUDGE, Mode::Complex, 5, &["judge: a b c d"]),
        (JUDGE, Mode::Architectural, 5, &["judge: a b c d e"]),
    ];
    for (kind, mode, count, steps) in table {
        let mut board = Board::of(&["a", "b", "c", "d", "e"][..*count]);
        board.offer("t", |spec| (spec.kind, spec.mode) = (Some(Kind::new(*kind)), *mode)).unwrap();
        assert_eq!(board.steps("t"), *steps, "{kind} in mode {} with {count} workers", mode.as_str());
        let plan = &board.state.tasks[&task("t")].plan;
        assert_eq!(plan.source, PlanSource::Mode { mode: mode.as_str().to_owned() });
    }
}

#[test]
fn the_route_says_when_a_team_is_smaller_than_asked_for() {
    let table: &[(&str, Mode, usize, Option<&str>)] = &[
        (MAKE, Mode::Simple, 1, None),
        (MAKE, Mode::Medium, 3, None),
        (MAKE, Mode::Architectural, 1, None),
        (
            MAKE,
            Mode::Complex,
            3,
            Some("mode complex asks for 2 and 2 to check; 3 can be asked, so 2 work and 1 check(s)"),
        ),
        (
            MAKE,
            Mode::Medium,
            2,
            Some("mode medium asks for 2 and 1 to check; 2 can be asked, so 2 work and check each other"),
        ),
        (
            MAKE,
            Mode::Medium,
            1,
            Some("mode medium asks for 2 and 1 to check; 1 can be asked, so it works alone and nobody checks it"),
        ),
        (JUDGE, Mode::Complex, 3, Some("mode complex asks for 4 workers; 3 can be asked, so all of them judge")),
        (JUDGE, Mode::Medium, 1, Some("mode medium asks for 3 workers; 1 can be asked, so it judges alone")),
    ];
    for (kind, mode, count, expected) in table {
        let mut board = Board::of(&["a", "b", "c"][..*count]);
        board.offer("t", |spec| (spec.kind, spec.mode) = (Some(Kind::new(*kind)), *mode)).unwrap();
        let why = board.why("t");
        let said = why.iter().find(|line| line.contains("can be asked"));
        assert_eq!(said.map(String::as_str), *expected, "{kind} {} {count}: {why:?}", mode.as_str());
    }
}

#[test]
fn settings_override_a_modes_team() {
    let table: &[(&str, Mode, &[&str])] = &[
        ("simple = { workers = 1, validators = 1 }", Mode::Simple, &["make: a", "check: b"]),
        ("simple = { workers = 3 }", Mode::Simple, &["make: a b c", "check: a b c"]),
        ("medium = { workers = 1 }", Mode::Medium, &["make: a"]),
        ("complex = { workers = 'all', validators = 3 }", Mode::Complex, &["make: a b c d", "check: a b c d"]),
        ("architectural = { workers = 2, validators = 1 }", Mode::Architectural, &["make: a b", "check: c"]),
    ];
    for (modes, mode, steps) in table {
        let mut board = Board::with_modes(&["a", "b", "c", "d"], modes);
        board.build("t", *mode);
        assert_eq!(board.steps("t"), *steps, "{modes}");
    }
}

#[test]
fn a_team_of_nobody_is_refused_by_the_catalog() {
    for modes in ["[modes.simple]\nworkers = 0", "[modes.simple]\nworkers = 'some'"] {
        let error = crate::board::routing::Catalog::read(&modes.parse().unwrap()).unwrap_err();
        assert!(error.contains("catalog.modes.simple") && error.contains("a number from 1 on"), "{error}");
    }
}

#[test]
fn a_mega_task_begins_with_a_planner_and_is_reviewed_on_its_way() {
    let mut board = Board::with_modes(&["a", "b", "c", "d"], "mega = { workers = 1, checkpoint_every = 5 }");
    board.build("t", Mode::Mega);
    let plan = &board.state.tasks[&task("t")].plan;
    assert_eq!((plan.steps.len(), plan.steps[0].aim, plan.checkpoint_every), (1, StepAim::Plan, Some(5)));
    assert_eq!(plan.steps[0].seats[0].fallbacks, names(&["b", "c", "d"]));
    let why = board.why("t");
    assert!(why.iter().any(|line| line.ends_with("writes the steps, and a review after every 5")), "{why:?}");
    assert_eq!(board.state.tasks[&task("t")].route.mode, Mode::Mega);
}

#[test]
fn a_critical_task_asks_everyone_and_waits_for_a_person() {
    let table: &[(&str, Option<&str>, &[&str])] = &[
        (MAKE, None, &["make: a b c d", "check: a b c d"]),
        (JUDGE, None, &["judge: a b c d"]),
        (JUDGE, Some("oracle"), &["judge: a b c d"]),
    ];
    for (kind, role, steps) in table {
        let mut board = Board::of(&["a", "b", "c", "d"]);
        let change = |spec: &mut crate::board::TaskSpec| {
            spec.kind = Some(Kind::new(*kind));
            spec.role = role.map(Role::new);
            spec.priority = Priority::Critical;
        };
        board.offer("t", change).unwrap();
        assert_eq!(board.steps("t"), *steps);
        assert!(board.why("t").contains(&"priority critical: every worker takes part (4)".to_owned()));
        assert_eq!(board.state.tasks[&task("t")].route.mode, Mode::Architectural);
        for number in 1..=(4 * steps.len()) {
            board.answer(&format!("t#{number}"));
        }
        assert_eq!(board.phase("t"), "awaiting_person");
    }
}

#[test]
fn makers_who_check_each_other_never_see_their_own() {
    let mut board = Board::of(&["a", "b", "c"]);
    board.build("t", Mode::Architectural);
    for number in 1..=3 {
        board.answer(&format!("t#{number}"));
    }
    let task = &board.state.tasks[&task("t")];
    let checks: Vec<(&str, Vec<u32>)> = task
        .attempts
        .values()
        .filter_map(|attempt| match &attempt.purpose {
            Purpose::Check { candidates } => Some((attempt.worker.as_str(), candidates.clone())),
            _ => None,
        })
        .collect();
    assert_eq!(checks, [("a", vec![2, 3]), ("b", vec![1, 3]), ("c", vec![1, 2])]);
}

#[test]
fn named_workers_are_asked_and_no_others() {
    let mut board = Board::of(&["a", "b", "c"]);
    board.offer("t", |spec| spec.models = names(&["c", "a", "c"])).unwrap();
    assert_eq!(board.steps("t"), ["make: c a", "check: c a"], "each once, in the order named");
    let plan = &board.state.tasks[&task("t")].plan;
    assert_eq!(plan.source, PlanSource::Named);
    assert!(
        plan.steps.iter().flat_map(|step| &step.seats).all(|seat| seat.fallbacks.iter().all(|w| w.as_str() != "b"))
    );
    assert!(board.why("t").contains(&"workers: named in the task, so these and no others".to_owned()));
}

#[test]
fn a_named_role_is_one_worker_in_that_role() {
    let mut board = Board::of(&["a", "b"]);
    board.offer("t", |spec| (spec.role, spec.mode) = (Some(Role::new("coder")), Mode::Auto)).unwrap();
    let task = &board.state.tasks[&task("t")];
    assert_eq!(board.steps("t"), ["make: a"]);
    assert_eq!(task.plan.steps[0].role.as_str(), "implementer", "an alias stands for its role");
    assert_eq!(task.plan.source, PlanSource::Named);
}

#[test]
fn who_replaces_a_maker_is_not_the_one_who_checks() {
    let mut board = Board::with_modes(&["a", "b", "c"], "medium = { workers = 1, validators = 1 }");
    board.build("t", Mode::Medium);
    let steps = &board.state.tasks[&task("t")].plan.steps;
    assert_eq!(steps[0].seats[0].fallbacks, names(&["c", "b"]), "the one without a seat first");
    assert_eq!(steps[1].seats[0].fallbacks, names(&["c", "a"]));
}

#[test]
fn a_written_plan_is_put_in_order_and_spread_over_the_workers() {
    let mut board = Board::of(&["a", "b", "c"]);
    let plan = written(&[("last", &["mid"], 1, true), ("mid", &["first"], 2, false), ("first", &[], 1, false)]);
    board.offer("t", |spec| spec.plan = Some(plan)).unwrap();
    assert_eq!(board.steps("t"), ["first: a", "mid: b c", "last: a"], "who checks sits behind nobody but the makers");
    assert_eq!(board.state.tasks[&task("t")].plan.source, PlanSource::Written);
}

#[test]
fn a_written_step_takes_its_named_workers_once_each_and_its_role_by_any_name() {
    let mut board = Board::of(&["a", "b", "c"]);
    let mut plan = written(&[("only", &[], 1, true)]);
    plan.steps[0].models = names(&["b", "b", "a"]);
    plan.steps[0].role = Some(Role::new("oracle"));
    board.offer("t", |spec| spec.plan = Some(plan)).unwrap();
    let step = &board.state.tasks[&task("t")].plan.steps[0];
    assert_eq!(board.steps("t"), ["only: b a"]);
    assert_eq!(step.role.as_str(), "reviewer");
    assert!(step.seats.iter().all(|seat| seat.fallbacks.is_empty()), "nobody takes the place of a named one");
}

#[test]
fn what_cannot_be_carried_out_is_refused_with_what_to_mend() {
    type Change = fn(&mut crate::board::TaskSpec);
    let table: &[(Change, &str, &str)] = &[
        (
            |spec| spec.models = names(&["clod"]),
            "`models` names the worker `clod`, which does not exist",
            "did you mean `claude`? There are: claude, gpt",
        ),
        (
            |spec| {
                let step =
                    WrittenStep { models: names(&["gpt-9"]), ..WrittenStep::of(StepId::new("1"), "x".to_owned()) };
                spec.plan = Some(WrittenPlan { steps: vec![step], checkpoint_every: None });
            },
            "step 1 of the plan names the worker or model `gpt-9`, which does not exist",
            "did you mean `gpt`? There are: claude, gpt",
        ),
        (
            |spec| spec.role = Some(Role::new("wizard")),
            "`role` names the role `wizard`, which does not exist",
            "there are: reviewer, oracle, implementer, coder",
        ),
        (
            |spec| spec.kind = Some(Kind::new("reviev")),
            "`kind` names the kind `reviev`, which does not exist",
            "did you mean `review`? There are: review, build, architecture",
        ),
        (
            |spec| spec.pipeline = Some("release".to_owned()),
            "`pipeline` names the pipeline `release`, which does not exist",
            "no pipeline is configured; take the key out",
        ),
        (
            |spec| spec.team = Some("quikc".to_owned()),
            "`team` names the team `quikc`, which does not exist",
            "no team is configured; take the key out",
        ),
        (|spec| spec.plan = Some(written(&[])), "`plan` has no steps", "write at least one step, or take the key out"),
        (
            |spec| spec.plan = Some(written(&[("a", &["b"], 1, false), ("b", &["a"], 1, false), ("c", &[], 1, false)])),
            "`plan` has steps that wait for each other or for a step that does not exist: a, b",
            "let `needs` name only steps of the plan, without a circle",
        ),
        (
            |spec| spec.plan = Some(written(&[("a", &["nowhere"], 1, false)])),
            "`plan` has steps that wait for each other or for a step that does not exist: a",
            "let `needs` name only steps of the plan, without a circle",
        ),
        (
            |spec| spec.plan = Some(written(&[("a", &[], 1, false), ("a", &[], 1, true)])),
            "`plan` has more than one step with the id `a`",
            "give each step a name of its own",
        ),
    ];
    for (change, what, mend) in table {
        let mut board = Board::of(&["claude", "gpt"]);
        let Err(Refusal::Unacceptable(reason)) = board.offer("t", change) else { panic!("{what} was not refused") };
        assert_eq!((reason.what.as_str(), reason.mend.as_str()), (*what, *mend));
        assert!(board.state.tasks.is_empty(), "a refused task leaves nothing behind");
        assert_eq!(board.story(), [""; 0]);
    }
}

#[test]
fn nobody_to_ask_is_no_worker() {
    assert_eq!(Board::of(&[]).offer("t", |_| {}), Err(Refusal::NoWorker));
}

#[test]
fn a_text_is_taken_for_something_even_where_there_is_nobody_to_ask() {
    let board = Board::of(&[]);
    let offer = board.an_offer("t", |spec| spec.kind = Some(Kind::new("review")));
    let route = crate::board::route(&board.state, &board.rules, &offer).unwrap();
    assert_eq!((route.kind.as_str(), route.workers.len()), ("review", 0));
    assert!(route.why.last().unwrap().contains("no worker is configured"), "{:?}", route.why);
}

#[test]
fn blocked_workers_come_last_and_all_blocked_says_what_to_mend() {
    let mut board = Board::of(&["a", "b"]);
    board.build("first", Mode::Simple);
    board.fail("first#1", FailureClass::WorkerBlocked);
    board.build("second", Mode::Simple);
    assert_eq!(board.steps("second"), ["make: b"]);
    board.fail("first#2", FailureClass::WorkerBlocked);
    board.story();
    board.build("third", Mode::Simple);
    assert_eq!(
        board.story(),
        ["accept third", "end third: failed, no worker could be asked (a is blocked: it broke)"],
        "who was to be asked is named with what is wrong"
    );
    assert!(!crate::board::is_running(&board.state, &attempt("second#1")) || board.phase("second") == "working");
}

#[test]
fn a_route_is_told_without_taking_the_task() {
    let board = Board::of(&["a", "b", "c"]);
    let offer = board.an_offer("t", |spec| spec.mode = Mode::Medium);
    let route = crate::board::route(&board.state, &board.rules, &offer).unwrap();
    assert_eq!((route.mode, route.workers), (Mode::Medium, names(&["a", "b", "c"])));
    assert!(board.state.tasks.is_empty());
}

#[test]
fn who_asks_for_a_plan_of_one_worker_or_one_role_gets_it_and_nobody_else_does() {
    type Change = fn(&mut crate::board::TaskSpec);
    let alone: [Change; 2] = [|spec| spec.models = names(&["b"]), |spec| spec.role = Some(Role::new("oracle"))];
    for change in alone {
        let mut board = Board::of(&["a", "b"]);
        board.offer("t", |spec| (change(spec), spec.mode = Mode::Mega).1).unwrap();
        let plan = &board.state.tasks[&task("t")].plan;
        assert_eq!((plan.steps.len(), plan.steps[0].aim), (1, StepAim::Plan), "{:?}", board.why("t"));
        // Twenty operations make a text mega by themselves; that it is not planned then is said.
        board.rules.catalog = Board::with_modes(&["a"], "mega = { workers = 1, steps_from = 20 }").rules.catalog;
        let mut offer = board.an_offer("auto", |spec| (change(spec), spec.mode = Mode::Auto).1);
        offer.words = "Carry out the migration in 25 steps.".to_owned();
        board.take(crate::board::Input::Offer(Box::new(offer))).unwrap();
        assert!(board.steps("auto").iter().all(|step| !step.starts_with("plan")));
        let why = board.why("auto");
        assert!(why.iter().any(|line| line.starts_with("mode mega: for ") && line.contains("in one go")), "{why:?}");
    }
}

#[test]
fn a_step_that_looks_at_nothing_is_refused_with_what_to_write() {
    use crate::board::spec::WrittenAim;
    for (aim, instead) in [(WrittenAim::Check, "`aim: judge`"), (WrittenAim::Synthesize, "`aim: make`")] {
        let mut plan = written(&[("one", &[], 1, false), ("alone", &[], 1, false)]);
        plan.steps[1].aim = Some(aim);
        let refused = Board::of(&["a", "b"]).offer("t", |spec| spec.plan = Some(plan.clone())).unwrap_err();
        let Refusal::Unacceptable(reason) = refused else { panic!("{refused:?}") };
        assert!(reason.what.contains("step `alone`") && reason.what.contains("`needs`"), "{}", reason.what);
        assert!(reason.mend.contains(instead), "{}", reason.mend);
        plan.steps[1].needs = vec![StepId::new("one")];
        Board::of(&["a", "b"]).offer("t", |spec| spec.plan = Some(plan)).unwrap();
    }
}

#[test]
fn a_step_that_asks_for_more_workers_than_there_are_says_so() {
    let mut board = Board::of(&["a", "b", "c"]);
    board.offer("t", |spec| spec.plan = Some(written(&[("judge", &[], 99, true), ("make", &[], 3, false)]))).unwrap();
    let why = board.why("t");
    assert!(why.contains(&"step judge: asks for 99 workers; 3 can be asked".to_owned()), "{why:?}");
    assert!(!why.iter().any(|line| line.contains("step make")), "{why:?}");
}
