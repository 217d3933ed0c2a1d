//! Table A, plan and execute: which model does what, plans in the older form, checkpoints, progress, the ladder of recovery.

use super::rig::{PLAN_AND_EXECUTE, Rig, answered, fitting};
use crate::it::harness::until;
use crate::support::model_server::{Reply, Seen};
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::sync::Mutex;
use synod::api::TaskView;

const MEGA: &str = "Move the billing system to the new database.";

/// What a call asks for, by the form it wants.
fn asks_for(seen: &Seen, field: &str) -> bool {
    let fields = seen.body.pointer("/response_format/json_schema/schema/properties");
    fields.is_some_and(|fields| fields.get(field).is_some())
}

fn fenced(value: &Value) -> String {
    format!("```json\n{value}\n```\n")
}

/// Planners give these plans in turn, reviewers these words (then `on_track`), everyone else does the step as told.
fn script(
    rig: &Rig,
    plans: Vec<String>,
    reviews: Vec<[&'static str; 2]>,
    step: impl Fn(&Seen) -> Option<Reply> + Send + Sync + 'static,
) {
    let plans = Mutex::new(VecDeque::from(plans));
    let reviews = Mutex::new(VecDeque::from(reviews));
    rig.server.otherwise(move |seen| {
        if asks_for(seen, "steps") {
            let plan = plans.lock().unwrap().pop_front();
            return Reply::text(plan.unwrap_or_else(|| "I have no more plans.".to_owned()));
        }
        if asks_for(seen, "status") {
            let [status, action] = reviews.lock().unwrap().pop_front().unwrap_or(["on_track", "continue"]);
            return Reply::text(fenced(&json!({"status": status, "action": action, "why": "as scripted"})));
        }
        step(seen).unwrap_or_else(|| Reply::text(fitting(seen)))
    });
}

/// Steps side by side that name no model.
fn side_by_side(names: &[&str]) -> String {
    let steps: Vec<Value> =
        names.iter().map(|name| json!({"id": name, "role": "implementer", "do": format!("Implement marker-{name}-end."), "needs": []})).collect();
    fenced(&json!({"steps": steps, "checkpoint_every": 5}))
}

/// Steps that each wait for the one before.
fn chain(length: u32, checkpoint_every: u32) -> String {
    let step = |number: u32| {
        let needs: Vec<String> = number.checked_sub(1).map(|before| format!("s{before}")).into_iter().collect();
        json!({"id": format!("s{number}"), "role": "implementer", "do": format!("Implement marker-s{number}-end."), "needs": needs})
    };
    fenced(&json!({"steps": (0..length).map(step).collect::<Vec<_>>(), "checkpoint_every": checkpoint_every}))
}

/// Those who were asked for a plan or a review, in turn.
fn steered_by(rig: &Rig, field: &str) -> Vec<String> {
    rig.server.seen().into_iter().filter(|seen| asks_for(seen, field)).map(|seen| seen.model).collect()
}

fn asked_for(rig: &Rig, marker: &str) -> Vec<String> {
    let mine = |seen: &Seen| seen.prompt.contains(marker) && !asks_for(seen, "steps") && !asks_for(seen, "status");
    rig.server.seen().into_iter().filter(mine).map(|seen| seen.model).collect()
}

fn step_ids(view: &TaskView) -> Vec<&str> {
    view.steps.iter().map(|step| step.id.as_str()).collect()
}

#[tokio::test]
async fn model_o3_plans_and_reviews_checkpoints() {
    let rig = Rig::new(PLAN_AND_EXECUTE).await;
    script(&rig, vec![side_by_side(&["a", "b", "c", "d", "e", "f", "g"])], Vec::new(), |_| None);
    let view = rig.task("mode: mega", MEGA).await;
    assert_eq!(view.row.state, "done", "{view:#?}");
    assert_eq!(steered_by(&rig, "steps"), ["o3"]);
    assert_eq!(steered_by(&rig, "status"), ["o3"]);
    rig.end().await;
}

async fn goes_to(text: &str, model: &str) {
    let rig = Rig::new(PLAN_AND_EXECUTE).await;
    let view = rig.task("mode: simple", text).await;
    assert_eq!(rig.called(), [model], "{:?}", view.why_routed);
    rig.end().await;
}

#[tokio::test]
async fn model_gpt_5_codes() {
    goes_to("Implement a function that merges two sorted lists.", "gpt-5").await;
}

#[tokio::test]
async fn model_o4_mini_looks_whether_something_exists() {
    goes_to("Check whether the file README.md exists.", "o4-mini").await;
}

/// The older form names a model for each step.
#[tokio::test]
async fn models_named_in_a_plan_of_the_older_form_do_its_steps() {
    let rig = Rig::new(PLAN_AND_EXECUTE).await;
    let models = ["gpt-5-chat", "gpt-5-mini", "gpt-5", "o4-mini"];
    let steps: Vec<Value> = (1..)
        .zip(models)
        .map(|(id, model)| json!({"id": id, "action": format!("Do marker-{model}-end."), "model": model}))
        .collect();
    let plan = json!({"task_type": "migration", "complexity": "high", "steps": steps, "parallelizable": [[1, 2], [3, 4]], "checkpoints": []});
    script(&rig, vec![fenced(&plan)], Vec::new(), |_| None);
    let view = rig.task("mode: mega", MEGA).await;
    assert_eq!(view.row.state, "done", "{view:#?}");
    for model in models {
        assert_eq!(asked_for(&rig, &format!("marker-{model}-end")), [model]);
    }
    rig.end().await;
}

#[tokio::test]
async fn batches_run_in_parallel_and_wait_for_the_batch_before() {
    let rig = Rig::new(PLAN_AND_EXECUTE).await;
    let steps: Vec<Value> =
        (1..=5).map(|id| json!({"id": id, "action": format!("Do marker-{id}-end."), "model": "gpt-5"})).collect();
    let plan = json!({"task_type": "migration", "complexity": "high", "steps": steps, "parallelizable": [[1, 2, 3], [4, 5]], "checkpoints": [5]});
    script(&rig, vec![fenced(&plan)], Vec::new(), |_| None);
    let view = rig.task("mode: mega", MEGA).await;
    let work: Vec<_> =
        view.steps.iter().filter(|step| step.role.as_str() != "planner" && step.id.as_str() != "plan").collect();
    let first: Vec<&str> = work[..3].iter().map(|step| step.id.as_str()).collect();
    for step in &work[3..5] {
        let needs: Vec<&str> = step.needs.iter().map(|need| need.as_str()).collect();
        assert!(first.iter().all(|step| needs.contains(step)), "{needs:?} are not {first:?}");
    }
    assert!(work[..3].iter().all(|step| !step.needs.iter().any(|need| first.contains(&need.as_str()))));
    rig.end().await;
}

#[tokio::test]
async fn checkpoint_that_needs_adjustment_plans_anew() {
    let rig = Rig::new(PLAN_AND_EXECUTE).await;
    let first = chain(9, 3);
    script(&rig, vec![first, side_by_side(&["other"])], vec![["needs_adjustment", "replan"]], |_| None);
    let view = rig.task("mode: mega", MEGA).await;
    assert_eq!(view.row.state, "done", "{view:#?}");
    assert_eq!(steered_by(&rig, "steps").len(), 2, "a second plan was asked for");
    assert_eq!(asked_for(&rig, "marker-other-end").len(), 1);
    assert!(!step_ids(&view).contains(&"s8"), "what had not begun was dropped: {:?}", step_ids(&view));
    rig.end().await;
}

#[tokio::test]
async fn progress_is_told_every_five_steps() {
    let rig = Rig::new(PLAN_AND_EXECUTE).await;
    script(&rig, vec![chain(12, 6)], Vec::new(), |_| None);
    rig.task("mode: mega", MEGA).await;
    for line in ["5 of 12 steps done", "10 of 12 steps done"] {
        until("the log tells of the progress", || rig.log().contains(line)).await;
    }
    rig.end().await;
}

#[tokio::test]
async fn success_below_eighty_percent_is_planned_anew_whatever_the_reviewer_says() {
    let rig = Rig::with(PLAN_AND_EXECUTE, "recoveries_max = 1\nretries = 0\n", |_| {}).await;
    let plan = json!({"steps": [
        {"id": "a", "role": "implementer", "do": "Implement marker-a-end.", "needs": []},
        {"id": "b", "role": "implementer", "do": "Implement marker-b-end.", "needs": []},
        {"id": "c", "role": "implementer", "do": "Implement marker-bad-end.", "needs": []},
    ], "checkpoint_every": 3});
    // The one recovery that is allowed does not help either.
    let plans = vec![fenced(&plan), side_by_side(&["bad"]), side_by_side(&["mended"])];
    script(&rig, plans, Vec::new(), |seen| seen.prompt.contains("marker-bad-end").then(|| Reply::status(400)));
    rig.task("mode: mega", MEGA).await;
    assert_eq!(steered_by(&rig, "steps").len(), 3, "{:?}", rig.called());
    assert_eq!(asked_for(&rig, "marker-mended-end").len(), 1);
    rig.end().await;
}

#[tokio::test]
async fn errors_go_to_stronger_models_and_then_to_a_recovery_plan_by_the_planner() {
    let rig = Rig::with(PLAN_AND_EXECUTE, "retries = 0\n", |_| {}).await;
    let plan = json!({"steps": [
        {"id": "good", "role": "implementer", "do": "Implement marker-good-end.", "needs": []},
        {"id": "bad", "role": "implementer", "do": "Implement marker-bad-end.", "needs": []},
        {"id": "after", "role": "implementer", "do": "Implement marker-after-end.", "needs": ["bad"]},
    ], "checkpoint_every": 9});
    script(&rig, vec![fenced(&plan), side_by_side(&["instead"])], Vec::new(), |seen| {
        let bad = seen.prompt.contains("marker-bad-end") && !seen.prompt.contains("marker-after-end");
        bad.then(|| Reply::status(400))
    });
    let view = rig.task("mode: mega", MEGA).await;
    assert_eq!(view.row.state, "done", "{view:#?}");
    let tried = asked_for(&rig, "marker-bad-end");
    assert!(tried.len() >= PLAN_AND_EXECUTE.len(), "everyone was tried: {tried:?}");
    assert_eq!(steered_by(&rig, "steps"), ["o3", "o3"], "the planner analyses the error");
    assert_eq!(asked_for(&rig, "marker-instead-end").len(), 1);
    assert_eq!(asked_for(&rig, "marker-after-end").len(), 1, "what waited for the failed step goes on");
    until("the rungs are in the messages", || {
        let lines = rig.workspace.read("communication/model_messages.log");
        lines.contains("\"rung\"") && lines.contains("recovery")
    })
    .await;
    rig.end().await;
}

#[tokio::test]
async fn a_bad_plan_is_sent_back_once_and_then_falls_to_a_simple_one() {
    let rig = Rig::new(PLAN_AND_EXECUTE).await;
    script(&rig, vec!["I would rather not.".to_owned(), "Still not.".to_owned()], Vec::new(), |_| None);
    let view = rig.task("mode: mega", MEGA).await;
    assert_eq!(view.row.state, "done", "{view:#?}");
    assert_eq!(steered_by(&rig, "steps").len(), 2);
    assert!(answered(&view).len() >= 3, "two plans and the work: {:?}", answered(&view));
    rig.end().await;
}

#[tokio::test]
async fn twenty_operations_are_a_mega_task() {
    let rig = Rig::new(PLAN_AND_EXECUTE).await;
    script(&rig, vec![side_by_side(&["one"])], Vec::new(), |_| None);
    let list: String = (1..=20).map(|number| format!("- Implement part {number} of the importer\n")).collect();
    let view = rig.task("", &format!("Do all of this:\n\n{list}")).await;
    assert_eq!(view.mode.as_str(), "mega", "{:?}", view.why_routed);
    assert_eq!(steered_by(&rig, "steps"), ["o3"]);
    rig.end().await;
}

#[tokio::test]
async fn identical_calls_are_answered_from_the_cache() {
    let rig = Rig::new(PLAN_AND_EXECUTE).await;
    let content = |label: &str| {
        format!("---\nmode: simple\ntitle: Sorting\nlabels: [{label}]\n---\nImplement a function that sorts words.\n")
    };
    rig.drop("first.md", &content("one")).await;
    // An answer is in the cache a moment after its task has ended.
    let mut asked = 1;
    for number in 2..10 {
        let view = rig.drop(&format!("again-{number}.md"), &content(&format!("label-{number}"))).await;
        assert_eq!(view.row.state, "done");
        if rig.called().len() == asked {
            break;
        }
        asked = rig.called().len();
    }
    assert!(asked < 9, "none of them was answered from the cache");
    let third = rig.drop("third.md", &content("three").replace("mode: simple", "mode: simple\ncache: false")).await;
    assert_eq!((third.row.state.as_str(), rig.called().len()), ("done", asked + 1), "unless the task says so");
    rig.end().await;
}
