//! Table C, the parallel runner: modes, categories, runners, and what a run takes and gives.

use super::rig::{RUNNER, Rig, answered, seated};
use crate::it::harness::until;
use crate::support::model_server::{self, On};
use std::time::{Duration, Instant};
use synod::api::{NewTask, Overrides, Reply, Request};
use synod::board::{Mode, WorkerName};

const CODE: &str = "Implement a function that adds two numbers.";

async fn mode(mode: &str, makers: usize, checkers: usize) {
    let rig = Rig::new(RUNNER).await;
    let view = rig.task(&format!("mode: {mode}\nkind: implementation"), CODE).await;
    assert_eq!(view.row.state, "done", "{view:#?}");
    assert_eq!(seated(&view, "make").len(), makers);
    let checking = view.steps.iter().find(|step| step.id.as_str() == "check").map_or(0, |step| step.workers.len());
    assert_eq!(checking, checkers);
    assert_eq!(answered(&view).len(), makers + checkers);
    rig.end().await;
}

#[tokio::test]
async fn mode_simple_is_one_primary_and_no_validator() {
    mode("simple", 1, 0).await;
}

#[tokio::test]
async fn mode_medium_is_two_primaries_and_one_validator() {
    mode("medium", 2, 1).await;
}

#[tokio::test]
async fn mode_complex_is_two_primaries_and_two_validators() {
    mode("complex", 2, 2).await;
}

#[tokio::test]
async fn mode_architectural_is_all_four_who_check_each_other() {
    mode("architectural", 4, 4).await;
}

/// Without a mode of its own a task takes the one for its size.
async fn size(text: &str, mode: &str) {
    let rig = Rig::new(RUNNER).await;
    let view = rig.task("kind: implementation", text).await;
    assert_eq!(view.mode.as_str(), mode, "{:?}", view.why_routed);
    rig.end().await;
}

#[tokio::test]
async fn mode_of_less_than_50_lines_is_simple() {
    size("Implement a parser for INI files in about 40 lines.", "simple").await;
}

#[tokio::test]
async fn mode_of_50_to_500_lines_is_medium() {
    size("Implement a parser for INI files in about 200 lines.", "medium").await;
}

#[tokio::test]
async fn mode_of_more_than_500_lines_is_complex() {
    size("Implement a parser for INI files in about 900 lines.", "complex").await;
}

#[tokio::test]
async fn mode_of_a_systems_design_is_architectural() {
    let rig = Rig::new(RUNNER).await;
    let view = rig.task("", "Design the architecture of a chat service.").await;
    assert_eq!(view.mode.as_str(), "architectural", "{:?}", view.why_routed);
    rig.end().await;
}

/// The category that its words give, its primaries and its validator.
async fn category(text: &str, category: &str, primaries: [&str; 2], validator: &str) {
    let rig = Rig::new(RUNNER).await;
    let view = rig.task("mode: medium", text).await;
    assert_eq!(view.row.kind.as_str(), "implementation", "{:?}", view.why_routed);
    assert!(
        view.why_routed.iter().any(|why| why.contains("category") && why.contains(category)),
        "{:?}",
        view.why_routed
    );
    assert_eq!(seated(&view, "make"), primaries, "{:?}", view.why_routed);
    assert_eq!(seated(&view, "check"), [validator]);
    rig.end().await;
}

#[tokio::test]
async fn category_frontend() {
    category("Implement a React component for the login form.", "frontend", ["gemini", "claude-code"], "codex").await;
}

#[tokio::test]
async fn category_backend() {
    let text = "Implement an API endpoint of the user service that reads the database.";
    category(text, "backend", ["claude-code", "codex"], "gemini").await;
}

#[tokio::test]
async fn category_devops() {
    let text = "Implement the Docker and Kubernetes set-up for our CI/CD.";
    category(text, "devops", ["codex", "grok"], "claude-code").await;
}

#[tokio::test]
async fn category_scripts() {
    let text = "Write a bash script for the automation of our backups, as a CLI.";
    category(text, "scripts", ["codex", "gemini"], "claude-code").await;
}

#[tokio::test]
async fn category_data() {
    let text = "Implement an ETL data pipeline with SQL.";
    category(text, "data", ["codex", "claude-code"], "gemini").await;
}

#[tokio::test]
async fn category_architecture() {
    let rig = Rig::new(RUNNER).await;
    let text = "Design the architecture of a chat service that must scale to a million users.";
    let view = rig.task("mode: medium", text).await;
    assert_eq!(view.row.kind.as_str(), "architecture", "{:?}", view.why_routed);
    // The hybrid table puts Claude first, so here the two primaries count in any order.
    let mut primaries = seated(&view, "make");
    primaries.sort();
    assert_eq!(primaries, ["claude-code", "grok"], "{:?}", view.why_routed);
    assert_eq!(seated(&view, "check"), ["codex"]);
    rig.end().await;
}

#[tokio::test]
async fn runner_timeout_per_model_degrades_gracefully() {
    let rig = Rig::with(RUNNER, "attempt_timeout = \"1s\"\nretries = 0\n", |_| {}).await;
    rig.server.always(On::model("grok"), model_server::Reply::HangForever);
    let view = rig.task("mode: architectural\nkind: code-review", "Review src/auth.rs.").await;
    assert_eq!(view.row.state, "done");
    let decision = view.decision.unwrap();
    let failed: Vec<&str> = decision.failed_workers.iter().map(|failed| failed.worker.as_str()).collect();
    assert_eq!(failed, ["grok"]);
    assert_eq!(decision.model_count, 3);
    rig.end().await;
}

#[tokio::test]
async fn runner_retries_transient_failures_only() {
    let rig = Rig::new(RUNNER).await;
    rig.server.queue(On::model("codex"), [model_server::Reply::status(503)]);
    rig.server.queue(On::model("gemini"), [model_server::Reply::status(400)]);
    let view = rig.task("models: [codex, gemini]\nkind: code-review", "Review src/auth.rs.").await;
    assert_eq!(rig.calls_of("codex").len(), 2, "a 503 is tried once more");
    assert_eq!(rig.calls_of("gemini").len(), 1, "a refused request is not");
    assert_eq!(answered(&view), ["codex"]);
    rig.end().await;
}

#[tokio::test]
async fn runner_all_models_at_once_take_as_long_as_the_slowest() {
    let rig = Rig::new(RUNNER).await;
    let slow = |seconds: f64| {
        let says = model_server::Reply::text("I abstain.");
        model_server::Reply::Delay(Duration::from_secs_f64(seconds), Box::new(says))
    };
    for (model, seconds) in [("claude-code", 0.8), ("codex", 0.8), ("gemini", 0.8), ("grok", 1.2)] {
        rig.server.always(On::model(model), slow(seconds));
    }
    let start = Instant::now();
    rig.task("mode: architectural\nkind: code-review", "Review src/auth.rs.").await;
    let took = start.elapsed();
    assert_eq!(rig.called().len(), 4);
    assert!(took < Duration::from_secs(3), "1.2 s is the slowest and 3.6 s the sum; it took {took:?}");
    let seen = rig.server.seen();
    let spread = seen.iter().map(|call| call.at).max().unwrap() - seen.iter().map(|call| call.at).min().unwrap();
    assert!(spread < Duration::from_millis(800), "the last began {spread:?} after the first");
    rig.end().await;
}

#[tokio::test]
async fn run_result_holds_what_the_table_asks_for() {
    let rig = Rig::new(RUNNER).await;
    let code = "Here it is.\n\n```rust\nfn add(a: i32, b: i32) -> i32 { a + b }\n```\n";
    rig.server.always(On::prompt("Give the result itself"), model_server::Reply::text(code));
    let view = rig.task("mode: medium\nkind: implementation\nlabels: [demo]", CODE).await;
    let decision = rig.decision().await;
    for key in
        ["task", "mode", "kind", "answer", "reasoning", "votes", "needs_human_review", "review_reasons", "duration_s"]
    {
        assert!(decision.get(key).is_some(), "no {key} in {decision:#}");
    }
    assert_eq!(decision["mode"], "medium");
    assert!(decision["answer"].as_str().unwrap().contains("fn add("), "{decision:#}");
    // The files of one batch take their names one after another, the decision's among them.
    until("there is an output for each model", || rig.workspace.names("outputs/row").len() == 3).await;
    assert_eq!(view.row.state, "done");
    rig.end().await;
}

/// What the command does, a program of one's own does with a call.
#[tokio::test]
async fn run_is_a_library_call_as_well_as_a_command() {
    let rig = Rig::new(RUNNER).await;
    let workers = ["codex", "gemini"].map(WorkerName::new).to_vec();
    let overrides = Overrides { mode: Some(Mode::Medium), models: workers, ..Overrides::default() };
    let task = NewTask { name: None, content: CODE.to_owned(), format: None, overrides, by: "a program".to_owned() };
    let Reply::Accepted { task } = rig.ask(Request::Submit(Box::new(task))).await else { panic!("not accepted") };
    let view = rig.rested(task.as_str()).await;
    let decision = view.decision.unwrap();
    assert_eq!((view.row.state.as_str(), decision.mode.as_str()), ("done", "medium"));
    assert_eq!(decision.votes.len(), 2, "each of the two checked what the other made");
    assert!(rig.called().iter().all(|model| ["codex", "gemini"].contains(&model.as_str())), "{:?}", rig.called());
    rig.end().await;
}
