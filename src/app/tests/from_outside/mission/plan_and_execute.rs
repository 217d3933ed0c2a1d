//! Table A, plan and execute: which model does what, plans in the older form, checkpoints, progress, the ladder of recovery.

use super::rig::{PLAN_AND_EXECUTE, Rig, answered, fitting};
use crate::it::harness::until;
use crate::support::model_server::{Gate, On, Reply, Seen};
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use synod::api::{Request, TaskView};

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

#[tokio::test]
async fn model_gpt_5_chat_is_the_general_executor() {
    let rig = Rig::new(PLAN_AND_EXECUTE).await;
    let view = rig.task("role: executor", "Run the migration of the database and say what it printed.").await;
    assert_eq!(rig.called(), ["gpt-5-chat"], "{:?}", view.why_routed);
    let steps = json!({"steps": [
        {"id": "run", "role": "executor", "do": "Run marker-run-end.", "needs": []},
        {"id": "code", "role": "implementer", "do": "Implement marker-code-end.", "needs": ["run"]},
    ]});
    script(&rig, vec![fenced(&steps)], Vec::new(), |_| None);
    rig.drop("plan.md", &format!("---\nmode: mega\n---\n{MEGA}\n")).await;
    assert_eq!(asked_for(&rig, "Run marker-run-end"), ["gpt-5-chat"]);
    rig.end().await;
}

#[tokio::test]
async fn model_gpt_5_mini_reads() {
    goes_to("Read the file src/net.rs and say which port it uses.", "gpt-5-mini").await;
}

#[tokio::test]
async fn model_gpt_5_mini_does_simple_checks_where_the_quickest_cannot() {
    let rig = Rig::with(PLAN_AND_EXECUTE, "retries = 0\n", |_| {}).await;
    rig.server.always(On::model("o4-mini"), Reply::status(400));
    rig.task("", "List the files in src.").await;
    assert_eq!(rig.called(), ["o4-mini", "gpt-5-mini"]);
    rig.end().await;
}

/// The smallest picture there is.
const PNG: &[u8] = &[
    0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 0x0d, b'I', b'H', b'D', b'R', 0, 0, 0, 1, 0, 0, 0, 1, 8,
    6, 0, 0, 0, 0x1f, 0x15, 0xc4, 0x89, 0, 0, 0, 0x0a, b'I', b'D', b'A', b'T', 0x78, 0x9c, 0x63, 0, 1, 0, 0, 5, 0, 1,
    0x0d, 0x0a, 0x2d, 0xb4, 0, 0, 0, 0, b'I', b'E', b'N', b'D', 0xae, 0x42, 0x60, 0x82,
];

#[tokio::test]
async fn model_gpt_4o_looks_at_images() {
    let rig = Rig::with(PLAN_AND_EXECUTE, "", |workspace| {
        std::fs::create_dir_all(workspace.root().join("docs")).unwrap();
        std::fs::write(workspace.root().join("docs/flow.png"), PNG).unwrap();
    })
    .await;
    let view = rig.task("context: [docs/flow.png]", "What does the diagram show?").await;
    assert_eq!(view.row.kind.as_str(), "vision", "{:?}", view.why_routed);
    assert_eq!(rig.called(), ["gpt-4o"], "{:?}", view.why_routed);
    let sent = rig.server.seen()[0].body.to_string();
    assert!(sent.contains("data:image/png;base64,iVBORw0KGgo"), "the picture itself is sent: {sent}");
    rig.end().await;
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
async fn batches_run_at_once_and_the_next_begins_when_the_last_of_them_has_answered() {
    let rig = Rig::new(PLAN_AND_EXECUTE).await;
    // A model each: how many calls one worker takes at once is a limit of its own.
    let models = ["gpt-5", "gpt-5-chat", "gpt-5-mini", "gpt-5"];
    let step = |id: usize| json!({"id": id, "action": format!("Do marker-{id}-end."), "model": models[id - 1]});
    let steps: Vec<Value> = (1..=4).map(step).collect();
    let plan = json!({"task_type": "migration", "complexity": "high", "steps": steps, "parallelizable": [[1, 2, 3], [4]], "checkpoints": [4]});
    let gate = Gate::closed();
    let held = gate.clone();
    script(&rig, vec![fenced(&plan)], Vec::new(), move |seen| {
        let first = (1..=3).any(|id| seen.prompt.contains(&format!("Do marker-{id}-end.")));
        first.then(|| Reply::Held(held.clone(), Box::new(Reply::text("done"))))
    });
    rig.workspace.drop_file("row.md", format!("---\nmode: mega\n---\n{MEGA}\n"));
    let batch = || (1..=3).map(|id| asked_for(&rig, &format!("Do marker-{id}-end.")).len()).sum::<usize>();
    until("the three of the first batch are under way at once", || batch() == 3).await;
    assert_eq!(asked_for(&rig, "Do marker-4-end."), Vec::<String>::new());
    gate.open();
    let view = rig.rested("row").await;
    assert_eq!((view.row.state.as_str(), asked_for(&rig, "Do marker-4-end.").len()), ("done", 1));
    rig.end().await;
}

#[tokio::test]
async fn checkpoint_that_says_retry_has_the_failed_step_tried_once_more() {
    let rig = Rig::with(PLAN_AND_EXECUTE, "recoveries_max = 0\nretries = 0\n", |_| {}).await;
    let step = |name: &str, needs: &[&str]| json!({"id": name, "role": "implementer", "do": format!("Implement marker-{name}-end."), "needs": needs});
    let good = ["a", "b", "c", "d", "e"];
    let mut steps: Vec<Value> = good.iter().map(|name| step(name, &[])).collect();
    steps.extend([step("bad", &[]), step("last", &good)]);
    let plan = fenced(&json!({"steps": steps, "checkpoint_every": 6}));
    // Six have ended when the reviewer looks: the seventh answers when it has. By then everyone has failed at one of them.
    let (gate, reviewed) = (Gate::closed(), AtomicBool::new(false));
    let held = gate.clone();
    rig.server.otherwise(move |seen| {
        if asks_for(seen, "steps") {
            return Reply::text(plan.clone());
        }
        if asks_for(seen, "status") {
            let first = !reviewed.swap(true, Ordering::SeqCst);
            held.open();
            let (status, action) = if first { ("needs_adjustment", "retry") } else { ("on_track", "continue") };
            return Reply::text(fenced(&json!({"status": status, "action": action, "why": "as scripted"})));
        }
        if seen.prompt.contains("Implement marker-last-end.") {
            return Reply::Held(held.clone(), Box::new(Reply::text("the last")));
        }
        let fails = seen.prompt.contains("Implement marker-bad-end.") && !reviewed.load(Ordering::SeqCst);
        if fails { Reply::status(400) } else { Reply::text(fitting(seen)) }
    });
    let view = rig.task("mode: mega", MEGA).await;
    let steps = step_ids(&view);
    assert!(steps.iter().any(|step| step.starts_with("bad-")), "tried once more under a new name: {steps:?}");
    let answered =
        view.attempts.iter().filter(|attempt| attempt.state == "answered" && attempt.step.as_str().starts_with("bad"));
    assert_eq!(answered.count(), 1);
    assert_eq!(steered_by(&rig, "steps").len(), 1, "nothing was planned anew");
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

/// The metrics of an older system say who does well at what.
fn metrics(models: &[(&str, usize, usize)]) -> String {
    let entry = |number: usize, good: usize| json!({"timestamp": "2026-11-20T10:00:00Z", "task_type": "coding", "duration": 2.0, "tokens": 900, "success": number < good});
    let of = |(name, good, all): &(&str, usize, usize)| {
        ((*name).to_owned(), Value::Array((0..*all).map(|number| entry(number, *good)).collect()))
    };
    Value::Object(models.iter().map(of).collect()).to_string()
}

#[tokio::test]
async fn cost_the_cheapest_that_is_reliable_by_its_record_is_asked_first() {
    let rig = Rig::new(PLAN_AND_EXECUTE).await;
    // The cheapest of all fails too often; of the reliable ones the cheaper one is asked.
    let content = metrics(&[("gpt-5", 40, 40), ("gpt-5-mini", 40, 40), ("o4-mini", 10, 40)]);
    rig.ask(Request::ImportRecords { file: "metrics.json".to_owned(), content, by: "anna".to_owned() }).await;
    let view = rig.task("mode: simple", "Implement a function that merges two sorted lists.").await;
    assert_eq!(rig.called(), ["gpt-5-mini"], "{:?}", view.why_routed);
    assert!(view.why_routed.iter().any(|why| why.starts_with("selection: gpt-5-mini first")), "{:?}", view.why_routed);
    rig.end().await;
}

#[tokio::test]
async fn cost_the_cheapest_that_fails_too_often_is_not_asked_first() {
    let rig = Rig::new(PLAN_AND_EXECUTE).await;
    let content = metrics(&[("gpt-5", 40, 40), ("gpt-5-mini", 12, 40)]);
    rig.ask(Request::ImportRecords { file: "metrics.json".to_owned(), content, by: "anna".to_owned() }).await;
    let view = rig.task("mode: simple", "Implement a function that merges two sorted lists.").await;
    assert_eq!(rig.called(), ["gpt-5"], "{:?}", view.why_routed);
    rig.end().await;
}
