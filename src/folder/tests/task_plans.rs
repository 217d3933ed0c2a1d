//! Plans in task files: both forms, their defaults, and the exact words with which each fault is refused.

use crate::board::spec::{WrittenPlan, WrittenStep};
use crate::board::{Reason, WorkspaceAccess};
use crate::folder::intake::{Limits, format};
use serde_json::{Value, json};

fn read(plan: &Value) -> Result<WrittenPlan, Reason> {
    let root = tempfile::tempdir().unwrap();
    let file = json!({"task": "Do it.", "plan": plan}).to_string();
    let limits = Limits { plan_steps_max: 5, ..Limits::default() };
    let draft = format::read("a.json", file.as_bytes(), root.path(), &limits)?;
    Ok(draft.asked().plan.clone().unwrap())
}

fn step(id: &str, needs: &[&str]) -> Value {
    json!({"id": id, "do": "x", "needs": needs})
}

fn graph(plan: &WrittenPlan) -> Vec<String> {
    let needs = |step: &WrittenStep| step.needs.iter().map(ToString::to_string).collect::<Vec<_>>().join("+");
    plan.steps.iter().map(|step| format!("{}<{}", step.id, needs(step))).collect()
}

#[test]
fn a_step_needs_only_an_id_and_something_to_do() {
    let plan = read(&json!({"steps": [{"id": "a", "do": "x"}]})).unwrap();
    assert_eq!(plan.checkpoint_every, None);
    let [step] = plan.steps.as_slice() else { panic!("{plan:?}") };
    assert_eq!((step.id.as_str(), step.instruction.as_str(), step.workers, step.consensus), ("a", "x", 1, false));
    assert!(step.role.is_none() && step.needs.is_empty() && step.models.is_empty() && step.validate.is_none());
    assert_eq!(step.workspace, WorkspaceAccess::Read);
}

#[test]
fn every_key_of_a_step_reaches_the_plan() {
    let full = json!({"id": "b_2", "do": "x\ny", "role": "critic", "needs": ["a"], "workers": 100, "models": ["m", "n"],
        "workspace": "worktree", "validate": "cargo test", "consensus": true});
    let plan = read(&json!({"steps": [step("a", &[]), full], "checkpoint_every": 5})).unwrap();
    assert_eq!(plan.checkpoint_every, Some(5));
    let step = &plan.steps[1];
    assert_eq!((step.id.as_str(), step.instruction.as_str(), step.workers, step.consensus), ("b_2", "x\ny", 100, true));
    assert_eq!(step.role.as_ref().map(|role| role.as_str()), Some("critic"));
    assert_eq!(
        (step.models.len(), step.workspace, step.validate.as_deref()),
        (2, WorkspaceAccess::Worktree, Some("cargo test"))
    );
}

fn steps(steps: Value) -> Value {
    json!({"steps": steps})
}

fn assert_refused(plan: &Value, what: &str, mend: &str) {
    let reason = read(plan).unwrap_err();
    assert_eq!((reason.what.as_str(), reason.mend.as_str()), (what, mend), "{plan}");
    assert_eq!(reason.line, Some(1));
}

#[test]
fn each_fault_of_a_step_is_named() {
    let ids = "use letters, digits, - and _, at most 40 bytes";
    for (plan, what, mend) in [
        (json!({}), "plan has no steps", "write at least one step with id and do, or leave plan out"),
        (steps(json!([])), "plan has no steps", "write at least one step with id and do, or leave plan out"),
        (
            steps(json!("x")),
            "plan.steps must be a list, but is text",
            "write it as in steps: [\"one\", \"two\"], or leave plan.steps out",
        ),
        (
            steps(json!(["x"])),
            "plan.steps[1] must be a group of keys, but is text",
            "write it as in { key: value }, or leave plan.steps[1] out",
        ),
        (steps(json!([{"do": "x"}])), "plan.steps[1] has no id", "give it an id, as in id: build"),
        (
            steps(json!([{"id": "a"}])),
            "plan.steps[1] has no do",
            "say what the step is to do, as in do: write the tests",
        ),
        (
            steps(json!([{"id": "a", "do": " "}])),
            "plan.steps[1].do is empty",
            "give plan.steps[1].do a value or leave it out",
        ),
        (steps(json!([{"id": "a/b", "do": "x"}])), "plan.steps[1].id is \"a/b\", which is no step id", ids),
        (steps(json!([{"id": "-a", "do": "x"}])), "plan.steps[1].id is \"-a\", which is no step id", ids),
        (steps(json!([{"id": "a b", "do": "x"}])), "plan.steps[1].id is \"a b\", which is no step id", ids),
        (
            steps(json!([{"id": 1, "do": "x"}])),
            "plan.steps[1].id must be text, but is a whole number",
            "write it as in id: \"some words\", or leave plan.steps[1].id out",
        ),
    ] {
        assert_refused(&plan, what, mend);
    }
}

#[test]
fn each_fault_of_the_needs_and_bounds_of_a_plan_is_named() {
    let step_keys = "valid keys are id, role, do, needs, workers, models, workspace, validate, consensus, aim, answer";
    for (plan, what, mend) in [
        (
            steps(json!([step("a", &[]), step("a", &[])])),
            "plan.steps[2] has the id a, which an earlier step has",
            "give each step an id of its own",
        ),
        (steps(json!([step("a", &["other"])])), "step a of plan needs \"other\", which is no step", "steps are a"),
        (
            steps(json!([step("build", &[]), step("test", &["biuld"])])),
            "step test of plan needs \"biuld\", which is no step",
            "did you mean build? steps are build, test",
        ),
        (steps(json!([step("a", &["a"])])), "plan runs in a circle: a needs a", "remove one of these needs"),
        (
            steps(json!([step("a", &["b"]), step("b", &["a"])])),
            "plan runs in a circle: a needs b needs a",
            "remove one of these needs",
        ),
        (
            steps(json!([step("x", &[]), step("a", &["c", "x"]), step("b", &["a"]), step("c", &["b"])])),
            "plan runs in a circle: a needs c needs b needs a",
            "remove one of these needs",
        ),
        (
            steps(json!([{"id": "a", "do": "x", "workers": 0}])),
            "plan.steps[1].workers is 0",
            "write a whole number from 1 to 100",
        ),
        (
            steps(json!([{"id": "a", "do": "x", "workers": 101}])),
            "plan.steps[1].workers is 101",
            "write a whole number from 1 to 100",
        ),
        (
            steps(json!([{"id": "a", "do": "x", "workers": "two"}])),
            "plan.steps[1].workers must be a whole number, but is text",
            "write it as in workers: 2, or leave plan.steps[1].workers out",
        ),
        (
            steps(json!([{"id": "a", "do": "x", "consensus": "yes"}])),
            "plan.steps[1].consensus must be true or false, but is text",
            "write it as in consensus: true, or leave plan.steps[1].consensus out",
        ),
        (
            steps(json!([{"id": "a", "do": "x", "models": ["m", "m"]}])),
            "plan.steps[1].models names m twice",
            "name each worker once",
        ),
        (
            steps(json!([{"id": "a", "do": "x", "need": []}])),
            "there is no key plan.steps[1].need",
            &format!("did you mean needs? {step_keys}"),
        ),
        (
            json!({"steps": [step("a", &[])], "checkpoint_every": 0}),
            "plan.checkpoint_every is 0",
            "write a whole number from 1 to 10000",
        ),
        (
            json!({"steps": [step("a", &[])], "checkpoint_evry": 1}),
            "there is no key plan.checkpoint_evry",
            "did you mean checkpoint_every? valid keys are steps, checkpoint_every",
        ),
        (
            steps(json!([
                step("a", &[]),
                step("b", &[]),
                step("c", &[]),
                step("d", &[]),
                step("e", &[]),
                step("f", &[])
            ])),
            "plan has 6 steps, which is over limits.plan_steps_max (5)",
            "split the task, or raise limits.plan_steps_max in synod.toml",
        ),
    ] {
        assert_refused(&plan, what, mend);
    }
}

#[test]
fn ids_and_numbers_may_reach_their_bounds() {
    let plan = json!({"steps": [step(&"x".repeat(40), &[]), step("Ü_1-a", &[])], "checkpoint_every": 10_000});
    assert_eq!(read(&plan).unwrap().checkpoint_every, Some(10_000));
    assert!(read(&json!({"steps": [step(&"x".repeat(41), &[])]})).is_err());
    let five: Vec<Value> = ["a", "b", "c", "d", "e"].iter().map(|id| step(id, &[])).collect();
    assert_eq!(read(&json!({"steps": five})).unwrap().steps.len(), 5);
}

#[test]
fn batches_of_the_older_form_become_needs() {
    let steps = |count: u32| -> Vec<Value> { (1..=count).map(|id| json!({"id": id, "action": "x"})).collect() };
    for (plan, wanted) in [
        (json!({"steps": steps(3)}), vec!["1<", "2<1", "3<2"]),
        (json!({"steps": steps(3), "parallelizable": []}), vec!["1<", "2<1", "3<2"]),
        (json!({"steps": steps(3), "parallelizable": [[1, 2, 3]]}), vec!["1<", "2<", "3<"]),
        (
            json!({"steps": steps(5), "parallelizable": [[1, 2, 3], [4, 5]]}),
            vec!["1<", "2<", "3<", "4<1+2+3", "5<1+2+3"],
        ),
        (json!({"steps": steps(4), "parallelizable": [[2, 3]]}), vec!["1<", "2<1", "3<1", "4<2+3"]),
        (json!({"steps": steps(4), "parallelizable": [[1, 4]]}), vec!["1<", "2<1+4", "3<2", "4<"]),
        (json!({"steps": steps(2), "parallelizable": [[]]}), vec!["1<", "2<1"]),
        (json!({"steps": [{"id": "a", "action": "x"}, {"id": 7, "action": "y"}]}), vec!["a<", "7<a"]),
        (json!({"task_type": "x", "complexity": 8, "steps": steps(1)}), vec!["1<"]),
        (json!({"complexity": "high", "steps": steps(1)}), vec!["1<"]),
        (json!({"complexity": 0.5, "steps": steps(1)}), vec!["1<"]),
    ] {
        assert_eq!(graph(&read(&plan).unwrap()), wanted, "{plan}");
    }
}

#[test]
fn the_model_of_an_older_step_is_its_worker_and_checkpoints_become_a_distance() {
    let steps = json!([{"id": 1, "action": "x", "model": "claude"}, {"id": 2, "action": "y"}]);
    for (checkpoints, every) in [
        (json!([]), None),
        (json!([5]), Some(5)),
        (json!([5, 10, 15]), Some(5)),
        (json!([10, 5, 5]), Some(5)),
        (json!([5, 8, 15]), Some(3)),
        (json!([2, 12]), Some(2)),
    ] {
        let plan = read(&json!({"steps": steps, "checkpoints": checkpoints})).unwrap();
        assert_eq!(plan.checkpoint_every, every, "{checkpoints}");
        assert_eq!(plan.steps[0].models.iter().map(|name| name.as_str()).collect::<Vec<_>>(), ["claude"]);
        assert_eq!((plan.steps[1].models.len(), plan.steps[1].instruction.as_str()), (0, "y"));
    }
}

#[test]
fn each_fault_of_the_older_form_is_named() {
    let one = json!([{"id": 1, "action": "x"}, {"id": 2, "action": "y"}]);
    for (plan, what, mend) in [
        (
            json!({"steps": one, "parallelizable": [[1, 3]]}),
            "plan is not whole: parallelizable names \"3\", which is no step",
            "name steps by their ids",
        ),
        (
            json!({"steps": one, "parallelizable": [[1], [1, 2]]}),
            "plan puts step 1 into two batches of parallelizable",
            "name each step once",
        ),
        (
            json!({"steps": one, "parallelizable": [1]}),
            "plan.parallelizable[1] must be a list, but is a whole number",
            "write it as in [\"one\", \"two\"], or leave plan.parallelizable[1] out",
        ),
        (json!({"steps": one, "checkpoints": [0]}), "plan.checkpoints[1] is 0", "write a whole number from 1 to 10000"),
        (
            json!({"steps": one, "checkpoint_every": 5}),
            "there is no key plan.checkpoint_every",
            "valid keys are task_type, complexity, steps, parallelizable, checkpoints",
        ),
        (
            json!({"steps": one, "complexity": []}),
            "plan.complexity must be text, but is a list",
            "write it as in complexity: \"some words\", or leave plan.complexity out",
        ),
        (json!({"steps": [{"action": "x"}]}), "plan.steps[1] has no id", "give it a number, as in id: 1"),
        (
            json!({"steps": [{"id": 1}], "checkpoints": []}),
            "plan.steps[1] has no action",
            "say what the step is to do, as in action: write the tests",
        ),
        (
            json!({"steps": [{"id": -1, "action": "x"}]}),
            "plan.steps[1].id must be text, but is a whole number",
            "write it as in id: \"some words\", or leave plan.steps[1].id out",
        ),
        (
            json!({"steps": [{"id": 1, "action": "x"}, {"id": "1", "action": "y"}]}),
            "plan.steps[2] has the id 1, which an earlier step has",
            "give each step an id of its own",
        ),
        (
            json!({"steps": [{"id": 1, "action": "x", "do": "y"}]}),
            "there is no key plan.steps[1].do",
            "valid keys are id, action, model",
        ),
        (json!({"task_type": "x"}), "plan has no steps", "write at least one step with id and do, or leave plan out"),
    ] {
        assert_refused(&plan, what, mend);
    }
}
