//! Plans and checkpoints as models write them, and as they should not.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use super::*;
use crate::board::proposal::{Advice, Checkpoint, Course};
use crate::board::spec::WrittenPlan;
use proptest::prelude::*;
use serde_json::json;

fn plan(text: &str) -> Result<WrittenPlan, String> {
    match read(&Purpose::Plan { error: None }, text, None) {
        Some(Proposal::Plan(plan)) => plan,
        other => panic!("{other:?} is no plan"),
    }
}

fn review(text: &str) -> Result<Checkpoint, String> {
    match read(&Purpose::Review { steps: Vec::new() }, text, None) {
        Some(Proposal::Review(word)) => word,
        other => panic!("{other:?} is no checkpoint"),
    }
}

/// `id<need,need` for each step.
fn drawn(plan: &WrittenPlan) -> Vec<String> {
    let needs = |needs: &[crate::board::StepId]| needs.iter().map(|need| need.as_str()).collect::<Vec<_>>().join(",");
    plan.steps.iter().map(|step| format!("{}<{}", step.id, needs(&step.needs))).collect()
}

#[test]
fn a_plan_stands_in_a_fence_after_prose_and_the_last_one_counts() {
    let text = r#"First I thought of {"steps": [{"id": "draft", "do": "x"}]}, but:
```json
{"steps": [{"id": "design", "role": "Architect", "do": "design it", "needs": []},
           {"id": "build", "do": "build it", "needs": ["design"], "workers": 2, "comment": "own key"}],
 "checkpoint_every": 3}
```
That is all."#;
    let plan = plan(text).unwrap();
    assert_eq!(drawn(&plan), ["design<", "build<design"]);
    assert_eq!(plan.checkpoint_every, Some(3));
    assert_eq!(plan.steps[0].role.as_ref().unwrap().as_str(), "architect");
    assert_eq!(plan.steps[1].workers, 2);
}

#[test]
fn the_older_form_has_batches_and_marks() {
    let text = r#"{"task_type": "feature", "complexity": 8, "steps": [
        {"id": 1, "action": "list", "model": "gpt-5-mini"}, {"id": 2, "action": "read"}, {"id": 3, "action": "write"}],
        "parallelizable": [[1, 2], [3]], "checkpoints": [2, 4]}"#;
    let plan = plan(text).unwrap();
    assert_eq!(drawn(&plan), ["1<", "2<", "3<1,2"]);
    assert_eq!(plan.checkpoint_every, Some(2));
    assert_eq!(plan.steps[0].models[0].as_str(), "gpt-5-mini");
}

#[test]
fn a_wrapper_a_structured_part_and_loose_json_are_read() {
    assert_eq!(drawn(&plan(r#"{"plan": {"steps": [{"id": "a", "do": "x"}]}}"#).unwrap()), ["a<"]);
    let structured = json!({"steps": [{"id": "s", "do": "x", "needs": []}], "checkpoint_every": 5});
    let read = read(&Purpose::Recover { step: crate::board::StepId::new("f"), error: None }, "", Some(&structured));
    assert!(matches!(read, Some(Proposal::Plan(Ok(plan))) if drawn(&plan) == ["s<"]));
    assert_eq!(drawn(&plan("```\n{steps: [{id: 'a b', do: 'x', needs: []},],}\n```").unwrap()), ["a-b<"]);
}

#[test]
fn what_is_no_plan_says_why() {
    assert!(plan("I will do it step by step.").unwrap_err().contains("no JSON object"));
    assert!(plan(r#"{"steps": []}"#).unwrap_err().contains("empty"));
    assert!(plan(r#"{"steps": [{"do": "x"}]}"#).unwrap_err().contains("no `id`"));
    assert!(plan(r#"{"steps": [{"id": "a"}]}"#).unwrap_err().contains("no `do`"));
    let twice = r#"{"steps": [{"id": "a", "do": "x"}, {"id": "a", "do": "y"}]}"#;
    assert!(plan(twice).unwrap_err().contains("more than one"));
    let lost = r#"{"steps": [{"id": 1, "action": "x"}], "parallelizable": [[1, 2]]}"#;
    assert!(plan(lost).unwrap_err().contains("`2`"));
}

#[test]
fn commands_that_a_model_wrote_are_not_taken_over() {
    let plan = plan(r#"{"steps": [{"id": "a", "do": "x", "validate": "rm -rf /", "workspace": "worktree"}]}"#).unwrap();
    assert_eq!(plan.steps[0].validate, None);
    assert_eq!(plan.steps[0].workspace, crate::board::WorkspaceAccess::Read);
}

#[test]
fn a_checkpoint_has_two_words_and_an_unknown_one_is_no_approval() {
    let word = |course, advice, why: &str| Checkpoint { course, advice, why: why.to_owned() };
    assert_eq!(
        review(r#"All well. {"status": "on_track", "action": "continue", "why": "as  planned"}"#),
        Ok(word(Course::OnTrack, Advice::Continue, "as planned"))
    );
    assert_eq!(
        review(r#"{"status": "Needs adjustment", "action": "REPLAN"}"#),
        Ok(word(Course::NeedsAdjustment, Advice::Replan, ""))
    );
    assert_eq!(review(r#"{"action": "retry"}"#), Ok(word(Course::NeedsAdjustment, Advice::Retry, "")));
    assert!(review(r#"{"status": "on_track", "action": "dance"}"#).unwrap_err().contains("dance"));
    assert!(review("looks good to me").unwrap_err().contains("no JSON object"));
}

#[test]
fn schemas_are_strict() {
    fn walk(form: &Value) {
        if form["type"] == "object" {
            assert_eq!(form["additionalProperties"], false);
            let names: Vec<&String> = form["properties"].as_object().unwrap().keys().collect();
            assert_eq!(form["required"].as_array().unwrap().len(), names.len());
            form["properties"].as_object().unwrap().values().for_each(walk);
        }
        if form["type"] == "array" {
            walk(&form["items"]);
        }
    }
    walk(&schema(&Purpose::Plan { error: None }).unwrap());
    walk(&schema(&Purpose::Review { steps: Vec::new() }).unwrap());
    assert_eq!(schema(&Purpose::Make), None);
}

#[test]
fn hostile_text_ends_soon() {
    let braces = "{".repeat(200_000);
    assert!(plan(&braces).is_err());
    let open = r#"{"a": "#.repeat(50_000);
    assert!(plan(&open).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn any_text_gives_a_plan_or_a_reason(text in r#"[\{\}\[\]":, a-z0-9`\n'\\]{0,300}"#) {
        prop_assert!(plan(&text).is_ok_and(|plan| !plan.steps.is_empty()) || !plan(&text).unwrap_err().is_empty());
        prop_assert!(review(&text).is_ok() || !review(&text).unwrap_err().is_empty());
    }
}

#[test]
fn a_plan_that_was_cut_short_is_no_plan() {
    let steps: Vec<_> = (0..9).map(|number| json!({"id": format!("s{number}"), "do": "a part"})).collect();
    let whole = format!("The plan:\n```json\n{}\n```\n", json!({"steps": steps, "checkpoint_every": 3}));
    assert_eq!(plan(&whole).unwrap().steps.len(), 9);
    let object = whole.rfind('}').unwrap();
    for length in (0..=object).filter(|at| whole.is_char_boundary(*at)) {
        assert!(plan(&whole[..length]).is_err(), "half a plan was taken for a whole one: {}", &whole[..length]);
    }
    let bare = json!({"steps": steps}).to_string();
    assert!(plan(&bare[..bare.len() - 2]).is_err());
}
