//! Trees, patches and the commands that try them, as the board sees it: who gets a tree, what is owed, what counts once.

use super::harness::{Board, attempt, secs, task, written};
use crate::board::{
    self, Effect, Event, Input, Patch, Phase, Placed, Role, Step, StepAim, Text, Validation, WorkerName,
    WorkspaceAccess,
};

fn patch(file: &str) -> Patch {
    let text = Text::short(format!("diff --git a/{file} b/{file}\n"));
    Patch { text, base: "c0ffee".into(), files: vec![file.into()], added: 1, removed: 0, note: None, unseen: 0 }
}

fn passed(passed: bool) -> Box<Validation> {
    let exit = Some(i32::from(!passed));
    let output = Text::short("said");
    Box::new(Validation { command: "make test".into(), passed, exit, output, seconds: 1.0, at_base: false })
}

/// A task of two makers with trees, both called.
fn making(board: &mut Board) {
    let asks = |spec: &mut board::TaskSpec| {
        spec.plan = Some(written(&[("make", &[], 2, false)]));
        spec.workspace = WorkspaceAccess::Worktree;
        spec.validate = Some("make test".into());
    };
    board.offer("t", asks).unwrap();
}

fn answered(board: &mut Board, number: u32) {
    board.answer_as(&format!("t#{number}"), |made| made.patch = Some(patch("a.rs")));
}

fn orders(board: &Board) -> Vec<u32> {
    let order = |effect: &Effect| match effect {
        Effect::Validate(order) => Some(order.key.number),
        _ => None,
    };
    board.effects.iter().filter_map(order).collect()
}

#[test]
fn who_makes_gets_a_tree_and_who_judges_does_not() {
    let mut board = Board::of(&["a", "b"]);
    let asks = |spec: &mut board::TaskSpec| {
        spec.plan = Some(written(&[("make", &[], 1, false), ("check", &["make"], 1, true)]));
        spec.workspace = WorkspaceAccess::Worktree;
        spec.validate = Some("make test".into());
    };
    board.offer("t", asks).unwrap();
    let of = |step: &Step| (step.aim, step.workspace, step.validate.clone());
    let steps: Vec<_> = board.state.tasks[&task("t")].plan.steps.iter().map(of).collect();
    let own = (StepAim::Make, WorkspaceAccess::Worktree, Some("make test".to_owned()));
    assert_eq!(steps, [own, (StepAim::Check, WorkspaceAccess::Read, None)]);
}

#[test]
fn a_step_is_done_when_what_was_made_has_been_tried() {
    let mut board = Board::of(&["a", "b"]);
    making(&mut board);
    answered(&mut board, 1);
    assert_eq!(orders(&board), [1]);
    answered(&mut board, 2);
    assert!(matches!(board.state.tasks[&task("t")].phase, Phase::Working), "nothing has been tried yet");
    let owed: Vec<u32> = board::untried(&board.replayed()).iter().map(|order| order.key.number).collect();
    assert_eq!(owed, [1, 2], "after a crash both are tried again");
    let now = board.now;
    let tried =
        |number, well| Input::Validated { at: now, key: attempt(&format!("t#{number}")), validation: passed(well) };
    board.take(tried(1, true)).unwrap();
    assert!(board.take(tried(1, false)).is_err(), "what was tried counts once");
    assert!(matches!(board.state.tasks[&task("t")].phase, Phase::Working));
    board.take(tried(2, false)).unwrap();
    assert!(board.journal.iter().any(|(_, event)| matches!(event, Event::TaskDecided { .. })), "both were tried");
    let first = &board.state.tasks[&task("t")].attempts[&1];
    assert_eq!(first.validation.as_ref().map(|tried| tried.passed), Some(true));
}

#[test]
fn nobody_waits_for_a_trial_once_the_tasks_time_is_up() {
    let mut board = Board::of(&["a", "b"]);
    let asks = |spec: &mut board::TaskSpec| {
        spec.plan = Some(written(&[("make", &[], 1, false)]));
        spec.workspace = WorkspaceAccess::Worktree;
        spec.validate = Some("sleep 1000".into());
        spec.timeout = Some(secs(60));
    };
    board.offer("t", asks).unwrap();
    answered(&mut board, 1);
    assert!(matches!(board.state.tasks[&task("t")].phase, Phase::Working));
    board.pass(secs(120));
    assert!(board.journal.iter().any(|(_, event)| matches!(event, Event::TaskDecided { .. })));
    assert!(board.effects.contains(&Effect::Stop(attempt("t#1"))), "and it is stopped");
    let late = Input::Validated { at: board.now, key: attempt("t#1"), validation: passed(true) };
    assert!(board.take(late).is_err(), "what comes later is not heard");
}

#[test]
fn what_builds_on_others_begins_with_the_best_of_their_patches() {
    let mut board = Board::of(&["a", "b"]);
    let asks = |spec: &mut board::TaskSpec| {
        spec.plan = Some(written(&[("make", &[], 2, false), ("more", &["make"], 1, false)]));
        spec.workspace = WorkspaceAccess::Worktree;
        spec.validate = Some("make test".into());
    };
    board.offer("t", asks).unwrap();
    answered(&mut board, 1);
    answered(&mut board, 2);
    for (number, well) in [(1, false), (2, true)] {
        board
            .take(Input::Validated { at: board.now, key: attempt(&format!("t#{number}")), validation: passed(well) })
            .unwrap();
    }
    let ask = board.effects.iter().find_map(|effect| match effect {
        Effect::Ask(ask) => Some(ask.clone()),
        _ => None,
    });
    let ask = ask.unwrap();
    assert_eq!(ask.onto.iter().map(|(number, _)| *number).collect::<Vec<_>>(), [2], "the one that passed");
    assert!(ask.inputs.iter().all(|seen| seen.patch.is_some()), "and it is shown what both changed");
    assert!(!ask.cache, "an answer alone is not what was made");
}

#[test]
fn a_patch_put_in_place_is_told_also_when_its_task_has_ended_long_ago() {
    let mut board = Board::of(&["a"]);
    let placed = Placed {
        task: task("gone"),
        attempt: 2,
        worker: WorkerName::new("a"),
        role: Role::new("implementer"),
        kind: board::Kind::new("implementation"),
        by: "ann".into(),
        files: vec!["a.rs".into()],
    };
    for reverted in [false, true] {
        board.take(Input::Placed { at: board.now, patch: Box::new(placed.clone()), reverted }).unwrap();
        let log = board.effects.iter().find_map(|effect| match effect {
            Effect::Publish(board::Page::Log(entry)) => Some(entry.clone()),
            _ => None,
        });
        assert_eq!(log.unwrap().files_modified, ["a.rs"]);
    }
}
