//! Plans that grow: planners, checkpoints, recovery plans and the person at the end of the ladder.

use super::harness::{Board, START, task, written};
use crate::board::plan_reader;
use crate::board::{
    self, Answer, Event, FailureClass, Input, Phase, Plan, PlanSource, Purpose, Role, Rung, Seat, Seq, Shape, Step,
    StepAim, StepId, Text, Usage, WorkerName,
};

const TWO: &str = r#"{"steps": [{"id": "design", "role": "reviewer", "do": "design it"},
    {"id": "build", "do": "build it", "needs": ["design"]}], "checkpoint_every": 5}"#;

/// A task whose plan is a step in which `a` plans; others may take its place.
fn planned_by(workers: &[&str]) -> Board {
    let mut board = Board::of(workers);
    let offer = board.an_offer("t", |_| {});
    let mut events = board::decide(&board.state, &board.rules, Input::Offer(Box::new(offer))).unwrap();
    let Event::TaskAccepted { plan, .. } = &mut events[0] else { panic!("not accepted") };
    let fallbacks = workers[1..].iter().map(|name| WorkerName::new(*name)).collect();
    let step = Step {
        id: StepId::new("plan"),
        role: Role::new("planner"),
        instruction: None,
        needs: Vec::new(),
        aim: StepAim::Plan,
        seats: vec![Seat { worker: WorkerName::new(workers[0]), fallbacks }],
        stands_for: None,
        answer: false,
        workspace: board::WorkspaceAccess::Read,
        validate: None,
    };
    **plan = Plan::of(PlanSource::Mode { mode: "mega".to_owned() }, Shape::Making, vec![step]);
    for event in events {
        let seq = Seq(board.state.seq.0 + 1);
        board::apply(&mut board.state, seq, &event);
        board.journal.push((seq, event));
    }
    board.take(Input::Tick { at: START }).unwrap();
    board.story();
    board
}

/// A plan written by hand, taken with this distance between checkpoints.
fn laid_out(workers: &[&str], steps: &[(&str, &[&str], u32, bool)], every: Option<u32>) -> Board {
    let mut board = Board::of(workers);
    board.offer("t", |spec| spec.plan = Some(written(steps))).unwrap();
    if let Some(task) = board.state.tasks.get_mut(&task("t")) {
        task.plan.checkpoint_every = every;
    }
    for (_, event) in &mut board.journal {
        if let Event::TaskAccepted { plan, .. } = event {
            plan.checkpoint_every = every;
        }
    }
    board.story();
    board
}

impl Board {
    /// The attempt that runs for a step.
    fn of_step(&self, step: &str) -> String {
        let attempts = self.state.tasks[&task("t")].attempts.values();
        let mut running = attempts.filter(|attempt| attempt.step.as_str() == step);
        let running = running.rfind(|attempt| matches!(attempt.state, board::AttemptState::Running { .. }));
        format!("t#{}", running.unwrap_or_else(|| panic!("{step} does not run")).number)
    }

    /// Answers the attempt of a step with a text, out of which a plan or a checkpoint is read.
    fn says(&mut self, step: &str, text: &str) {
        let key = super::harness::attempt(&self.of_step(step));
        let purpose = self.state.tasks[&key.task].attempts[&key.number].purpose.clone();
        let answer = Answer {
            text: Text::short(text),
            verdicts: Vec::new(),
            model: "model-1".to_owned(),
            session: None,
            usage: Usage::default(),
            files_modified: Vec::new(),
            not_given: Vec::new(),
            prompt: None,
            resumed: None,
            cached: false,
            call_hash: None,
            proposal: plan_reader::read(&purpose, text, None),
            patch: None,
        };
        self.take(Input::Answered { at: self.now, key, answer: Box::new(answer) }).unwrap();
    }

    /// Every worker refuses a step, until none is left.
    fn lose(&mut self, step: &str) {
        for _ in 0..self.rules.workers.len() {
            let runs = self.state.tasks[&task("t")].attempts.values().any(|attempt| {
                attempt.step.as_str() == step && matches!(attempt.state, board::AttemptState::Running { .. })
            });
            if runs {
                let key = self.of_step(step);
                self.fail(&key, FailureClass::RequestRefused);
            }
        }
    }

    fn decision(&self) -> &board::Decision {
        self.state.tasks[&task("t")].phase.decision().unwrap()
    }

    fn phase_is_person(&self) -> bool {
        matches!(self.state.tasks[&task("t")].phase, Phase::AwaitingPerson { .. })
    }
}

#[test]
fn a_planners_plan_is_carried_out() {
    let mut board = planned_by(&["a", "b"]);
    board.says("plan", TWO);
    assert_eq!(board.story()[1..], ["change t (planner): +[design build] -[]", "plan t#2: design/0 a", "start t#2"]);
    board.says("design", "the design");
    let build = board.of_step("build");
    let inputs = board.effects.iter().find_map(|effect| match effect {
        board::Effect::Ask(ask) => Some(ask.inputs.iter().map(|seen| seen.step.to_string()).collect::<Vec<_>>()),
        _ => None,
    });
    assert_eq!(inputs.unwrap(), ["design"]);
    board.answer(&build);
    assert_eq!(board.decision().answer_attempt, Some(3));
    assert_eq!(board.phase("t"), "done");
    assert_eq!(board.replayed().tasks, board.state.tasks);
}

#[test]
fn a_bad_plan_goes_back_once_with_what_is_wrong() {
    let mut board = planned_by(&["a", "b"]);
    board.says("plan", r#"{"steps": [{"id": "x", "do": "x", "role": "wizard"}]}"#);
    let second = &board.state.tasks[&task("t")].attempts[&2];
    assert_eq!((second.worker.as_str(), second.rung), ("a", Rung::Retry));
    let Purpose::Plan { error: Some(error) } = &second.purpose else { panic!("{:?}", second.purpose) };
    assert!(error.contains("`wizard`") && error.contains("reviewer"), "{error}");
    board.says("plan", TWO);
    assert_eq!(board.steps("t"), ["plan: a", "design: a", "build: b"]);
}

#[test]
fn a_second_bad_plan_and_a_planner_that_nobody_is_leave_the_task_to_a_team() {
    let mut board = planned_by(&["a", "b"]);
    board.says("plan", "I shall do it well.");
    board.says("plan", r#"{"steps": [{"id": "x", "do": "x", "needs": ["y"]}]}"#);
    assert_eq!(board.steps("t"), ["plan: a", "make: a b", "check: a b"]);
    let why = &board.state.tasks[&task("t")].growth.changes[0].why;
    assert!(why.contains("could not be used twice") && why.contains("x"), "{why}");

    let mut board = planned_by(&["a"]);
    board.fail("t#1", FailureClass::RequestRefused);
    // Nobody is left to do the task either: whoever refused to plan may yet do it.
    assert_eq!(board.steps("t"), ["plan: a", "make: a"]);
    board.answer("t#2");
    assert_eq!(board.phase("t"), "done");
}

#[test]
fn a_planners_loose_parts_are_made_one_whole() {
    let mut board = planned_by(&["a", "b"]);
    board.says("plan", r#"{"steps": [{"id": "one", "do": "1"}, {"id": "two", "do": "2"}]}"#);
    assert_eq!(board.steps("t")[3], "synthesis: a");
    board.says("one", "part one");
    board.says("two", "part two");
    board.says("synthesis", "both parts");
    assert_eq!(board.decision().answer.head(), "both parts");
}

#[test]
fn a_checkpoint_looks_on_while_the_plan_goes_on() {
    let steps: &[(&str, &[&str], u32, bool)] =
        &[("s1", &[], 1, false), ("s2", &["s1"], 1, false), ("s3", &["s2"], 1, false), ("s4", &["s3"], 1, false)];
    let mut board = laid_out(&["a", "b"], steps, Some(2));
    board.says("s1", "1");
    board.says("s2", "2");
    assert!(board.story().contains(&"change t (checkpoint): +[checkpoint-1] -[]".to_owned()));
    // It is no barrier: the third step runs beside it.
    board.says("s3", "3");
    board.says("checkpoint-1", r#"{"status": "on_track", "action": "continue", "why": "fine"}"#);
    let change = board.state.tasks[&task("t")].growth.changes.last().unwrap().clone();
    assert!(change.why.contains("on_track, continue (fine)") && change.added == 0, "{}", change.why);
    board.says("s4", "4");
    assert_eq!(board.phase("t"), "done");
    assert_eq!(board.decision().answer.head(), "4");
}

#[test]
fn a_replan_holds_what_has_not_begun_and_takes_it_out() {
    let steps: &[(&str, &[&str], u32, bool)] = &[
        ("s1", &[], 1, false),
        ("s2", &["s1"], 1, false),
        ("s3", &["s2"], 1, false),
        ("s4", &["s3"], 1, false),
        ("s5", &["s4"], 1, false),
    ];
    let mut board = laid_out(&["a", "b"], steps, Some(2));
    board.says("s1", "1");
    board.says("s2", "2");
    board.says("checkpoint-1", r#"{"status": "needs_adjustment", "action": "replan", "why": "wrong way"}"#);
    board.says("s3", "3");
    board.story();
    assert!(board.running().iter().all(|line| !line.contains("s4")));
    let ask = board.state.tasks[&task("t")].growth.replan.clone();
    assert_eq!(ask, Some(StepId::new("replan-1")));
    board.says("replan-1", r#"{"steps": [{"id": "s4", "do": "otherwise", "needs": ["s3"]}]}"#);
    assert!(
        board
            .story()
            .iter()
            .any(|line| line == "change t (planner): +[s4-2] -[s4 s5]" || line == "change t (planner): +[s4] -[s4 s5]")
    );
    let last = board.state.tasks[&task("t")].plan.steps.last().unwrap().id.to_string();
    board.says(&last, "4");
    assert_eq!(board.phase("t"), "done");
    assert_eq!(board.decision().answer.head(), "4");
    assert_eq!(board.replayed().tasks, board.state.tasks);
}

#[test]
fn below_four_fifths_it_is_planned_anew_whatever_the_reviewer_says() {
    let steps: &[(&str, &[&str], u32, bool)] =
        &[("s1", &[], 1, false), ("s2", &[], 1, false), ("s3", &["s1"], 1, false), ("s4", &["s3"], 1, false)];
    let mut board = laid_out(&["a", "b"], steps, Some(2));
    board.rules.plans.recoveries_max = 0;
    board.lose("s2");
    board.says("s1", "1");
    board.says("checkpoint-1", r#"{"status": "on_track", "action": "continue"}"#);
    assert!(board.state.tasks[&task("t")].growth.replan.is_some());
    let why = &board.state.tasks[&task("t")].growth.changes.last().unwrap().why;
    assert!(why.contains("50 %") && why.contains("below 80 %"), "{why}");
}

#[test]
fn a_step_that_all_failed_at_is_planned_around_and_its_dependents_go_on() {
    let steps: &[(&str, &[&str], u32, bool)] = &[("s1", &[], 1, false), ("s2", &["s1"], 1, false)];
    let mut board = laid_out(&["a", "b"], steps, None);
    board.lose("s1");
    let recover = board.of_step("recover-s1");
    let attempt = &board.state.tasks[&task("t")].attempts[&super::harness::attempt(&recover).number];
    assert_eq!(attempt.rung, Rung::RecoveryPlan);
    assert_eq!(attempt.purpose, Purpose::Recover { step: StepId::new("s1"), error: None });
    board.says(
        "recover-s1",
        r#"{"steps": [{"id": "p1", "do": "a part"}, {"id": "p2", "do": "the rest", "needs": ["p1"]}]}"#,
    );
    board.says("p1", "part");
    board.says("p2", "rest");
    let asked = board.effects.iter().find_map(|effect| match effect {
        board::Effect::Ask(ask) => Some((ask.step.to_string(), ask.inputs.len(), ask.inputs[0].step.to_string())),
        _ => None,
    });
    assert_eq!(asked.unwrap(), ("s2".to_owned(), 1, "p2".to_owned()));
    board.says("s2", "done");
    assert_eq!(board.phase("t"), "done");
    assert_eq!(board.decision().answer.head(), "done");
    assert_eq!(board.replayed().tasks, board.state.tasks);
}

#[test]
fn what_cannot_be_recovered_is_named_and_waits_for_a_person() {
    let steps: &[(&str, &[&str], u32, bool)] =
        &[("s1", &[], 1, false), ("s2", &[], 1, false), ("s3", &["s2"], 1, false)];
    let mut board = laid_out(&["a", "b"], steps, None);
    board.lose("s2");
    board.lose("recover-s2");
    board.says("s1", "the part that is there");
    assert!(board.phase_is_person());
    let decision = board.decision();
    assert!(decision.needs_human_review);
    assert!(decision.review_reasons[0].contains("step s2 gave nothing"), "{:?}", decision.review_reasons);
    assert!(decision.review_reasons[1].contains("s3"), "{:?}", decision.review_reasons);
    assert_eq!(decision.answer.head(), "the part that is there");
}

#[test]
fn the_ladder_goes_up_rung_by_rung() {
    let steps: &[(&str, &[&str], u32, bool)] = &[("s1", &[], 1, false), ("s2", &["s1"], 1, false)];
    let mut board = laid_out(&["a", "strong", "b"], steps, None);
    board.rules.workers[1].tier = 1;
    for _ in 0..40 {
        let mut attempts = board.state.tasks[&task("t")].attempts.values();
        let runs = attempts.rfind(|attempt| matches!(attempt.state, board::AttemptState::Running { .. }));
        match runs.map(|attempt| attempt.number) {
            Some(number) if board.state.tasks[&task("t")].attempts[&number].step.as_str() == "s1" => {
                board.fail(&format!("t#{number}"), FailureClass::Transient);
            }
            Some(_) => break,
            None => {
                board.ring();
            }
        }
    }
    let climbed: Vec<(String, Rung)> = board.state.tasks[&task("t")]
        .attempts
        .values()
        .map(|attempt| (attempt.worker.to_string(), attempt.rung))
        .collect();
    let rungs: Vec<(&str, Rung)> = climbed.iter().map(|(worker, rung)| (worker.as_str(), *rung)).collect();
    assert_eq!(rungs[..4], [("a", Rung::First), ("a", Rung::Retry), ("b", Rung::NextWorker), ("b", Rung::Retry)]);
    assert_eq!(rungs[4], ("strong", Rung::StrongerTier));
    assert_eq!(rungs.last().unwrap().1, Rung::RecoveryPlan);
}

#[test]
fn every_five_steps_a_long_plan_says_how_far_it_is() {
    let names: Vec<String> = (1..=12).map(|number| format!("s{number}")).collect();
    let steps: Vec<(&str, &[&str], u32, bool)> = names.iter().map(|name| (name.as_str(), &[][..], 1, false)).collect();
    let mut board = laid_out(&["a", "b"], &steps, None);
    for name in &names {
        board.says(name, "x");
    }
    let told: Vec<String> = board.story().into_iter().filter(|line| line.starts_with("progress")).collect();
    assert_eq!(told, ["progress t: 5 of 12 steps done", "progress t: 10 of 12 steps done"]);
}

#[test]
fn a_person_has_the_failed_steps_tried_again() {
    let steps: &[(&str, &[&str], u32, bool)] =
        &[("s1", &[], 1, false), ("s2", &[], 1, false), ("s3", &["s2"], 1, false)];
    let mut board = laid_out(&["a", "b"], steps, None);
    board.rules.plans.recoveries_max = 0;
    board.says("s1", "the part that is there");
    board.lose("s2");
    assert!(board.phase_is_person());
    board.person("t", board::PersonAnswer::Retry).unwrap();
    assert_eq!(board.phase("t"), "working");
    board.says("s2-again", "the other part");
    board.says("s3", "the whole");
    assert_eq!(board.phase("t"), "done");
    // Two branches end the plan, and nobody was asked to make one whole of them.
    let answer = board.decision().answer.head();
    assert!(answer.contains("- s1 (a, attempt 1): the part") && answer.contains(": the whole"), "{answer}");
    assert_eq!(board.replayed().tasks, board.state.tasks);
    let refused = board.person("t", board::PersonAnswer::Retry);
    assert!(refused.is_err());
}

#[test]
fn two_hundred_steps_end() {
    let names: Vec<String> = (0..200).map(|number| format!("s{number}")).collect();
    let needs: Vec<Vec<&str>> =
        (0..200_usize).map(|at| at.checked_sub(5).map(|at| names[at].as_str()).into_iter().collect()).collect();
    let steps: Vec<(&str, &[&str], u32, bool)> =
        names.iter().zip(&needs).map(|(name, needs)| (name.as_str(), needs.as_slice(), 1, false)).collect();
    let mut board = laid_out(&["a", "b"], &steps, Some(5));
    board.rules.limits.attempts_per_task_max = 1000;
    for turn in 0..2000_u32 {
        let Some(line) = board.running().into_iter().next() else { break };
        let (key, _) = line.split_once(' ').unwrap();
        let number = super::harness::attempt(key).number;
        let step = board.state.tasks[&task("t")].attempts[&number].step.to_string();
        if step.starts_with("checkpoint") {
            board.says(&step, r#"{"status": "on_track", "action": "continue"}"#);
        } else if turn % 7 == 3 {
            board.fail(key, FailureClass::RequestRefused);
        } else {
            board.says(&step, "x");
        }
    }
    assert!(["done", "awaiting_person"].contains(&board.phase("t")), "{}", board.phase("t"));
    assert!(board.story().iter().any(|line| line.starts_with("progress t: 195 of")));
}

#[test]
fn who_takes_a_recovery_planners_place_is_told_as_what_it_is() {
    let steps: &[(&str, &[&str], u32, bool)] = &[("s1", &[], 1, false), ("s2", &["s1"], 1, false)];
    let mut board = laid_out(&["a", "b"], steps, None);
    board.lose("s1");
    let first = board.of_step("recover-s1");
    board.fail(&first, FailureClass::RequestRefused);
    let second = super::harness::attempt(&board.of_step("recover-s1")).number;
    let attempt = &board.state.tasks[&task("t")].attempts[&second];
    assert_eq!((attempt.worker.as_str(), attempt.rung), ("b", Rung::NextWorker));
    let why = board.journal.iter().find_map(|(_, event)| match event {
        Event::AttemptPlanned { key, why, .. } if key.number == second => Some(why.clone()),
        _ => None,
    });
    let why = why.unwrap();
    assert!(why.contains("step s1 gave nothing") && why.contains("a failed"), "{why}");
}

#[test]
fn a_budget_that_is_gone_is_one_sentence_and_asks_for_no_recovery_plan() {
    let names: Vec<String> = (1..=30).map(|number| format!("s{number}")).collect();
    let steps: Vec<(&str, &[&str], u32, bool)> = names.iter().map(|name| (name.as_str(), &[][..], 1, false)).collect();
    let mut board = laid_out(&["a", "b"], &steps, None);
    board.says("s1", "the first part");
    for _ in 0..60 {
        let Some(line) = board.running().into_iter().next() else { break };
        let (key, _) = line.split_once(' ').unwrap();
        let number = super::harness::attempt(key).number;
        let failure = board::Failure {
            class: FailureClass::OverBudget,
            message: format!("not asked: ${number} is more than is left"),
            after_s: 0.0,
            usage: Usage::default(),
        };
        board.take(Input::Failed { at: board.now, key: super::harness::attempt(key), failure }).unwrap();
    }
    assert!(board.phase_is_person());
    assert!(board.steps("t").iter().all(|step| !step.starts_with("recover")), "{:?}", board.steps("t"));
    let reasons = &board.decision().review_reasons;
    let about = reasons.iter().filter(|reason| reason.contains("s17") || reason.contains("s30")).count();
    assert_eq!(about, 1, "{reasons:?}");
    assert!(reasons[0].starts_with("for want of money 29 step(s) were not done: s2, s3"), "{reasons:?}");
    assert!(reasons.len() <= 3, "{reasons:?}");
}

#[test]
fn that_nobody_gave_a_plan_stands_in_the_decision_and_beside_the_route() {
    let mut board = planned_by(&["a", "b"]);
    board.says("plan", "I shall do it well.");
    board.says("plan", "Trust me.");
    let view = crate::api::TaskView::of(&board.state.tasks[&task("t")], None);
    let said = "the task is done in one go without a planner's plan: the plan could not be used twice";
    assert!(view.why_routed.last().is_some_and(|why| why.starts_with(said)), "{:?}", view.why_routed);
    while let Some(line) = board.running().into_iter().next() {
        board.answer(line.split_once(' ').unwrap().0);
    }
    let decision = board.decision();
    assert!(decision.needs_human_review);
    assert!(decision.review_reasons.iter().any(|why| why.starts_with(said)), "{:?}", decision.review_reasons);
}
