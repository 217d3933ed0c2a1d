//! Table E, the hybrid implementation: kinds and who does them, teams, thresholds and recommendations, and its own
//! acceptance cases.

use super::rig::{RUNNER, Rig, TEAM, answered, seated, verdict};
use crate::support::model_server::{On, Reply};
use serde_json::json;

/// A kind's primary comes first, and its secondaries next.
async fn kind(text: &str, kind: &str, primary: &str, secondaries: &[&str]) {
    let rig = Rig::new(TEAM).await;
    let view = rig.task("mode: complex", text).await;
    assert_eq!(view.row.kind.as_str(), kind, "{:?}", view.why_routed);
    let order: Vec<String> =
        view.steps.iter().flat_map(|step| &step.workers).map(|w| w.as_str().replace('-', ".")).collect();
    let dotted = |name: &str| name.replace('-', ".");
    assert_eq!(order.first(), Some(&dotted(primary)), "{order:?} for {kind}");
    let expected: Vec<String> = secondaries.iter().map(|name| dotted(name)).collect();
    assert_eq!(order.get(1..=expected.len()), Some(expected.as_slice()), "the secondaries of {kind}");
    rig.end().await;
}

#[tokio::test]
async fn kind_architecture_design() {
    let text = "Design the architecture of the order service.";
    kind(text, "architecture", "claude-sonnet-4-5", &["gpt-5-high", "gemini-2.5-pro"]).await;
}

#[tokio::test]
async fn kind_code_implementation() {
    let text = "Implement a function that merges two sorted lists.";
    kind(text, "implementation", "gpt-5-codex-high", &["gpt-5-codex-medium"]).await;
}

#[tokio::test]
async fn kind_security_review() {
    let text = "Review the security of the login code.";
    kind(text, "security-review", "gpt-5-high", &["gpt-5-codex-medium", "claude-sonnet-4-5"]).await;
}

#[tokio::test]
async fn kind_code_review() {
    let text = "Review the code of the parser.";
    kind(text, "code-review", "gpt-5-codex-medium", &["gpt-5-low", "gemini-2.5-flash"]).await;
}

#[tokio::test]
async fn kind_performance_optimization() {
    kind("Optimize the performance of the image resizer.", "performance", "cheetah", &["gpt-5-codex-medium"]).await;
}

#[tokio::test]
async fn kind_large_codebase_analysis() {
    let text = "Analyse the whole codebase and explain how requests flow through it.";
    kind(text, "codebase-analysis", "code-supernova-1-million", &["claude-sonnet-4-5"]).await;
}

#[tokio::test]
async fn kind_creative_brainstorming() {
    let text = "Brainstorm ideas for the onboarding of new users.";
    kind(text, "brainstorm", "gemini-2.5-flash", &["gemini-2.5-pro", "gpt-5-high"]).await;
}

#[tokio::test]
async fn kind_quick_fixes() {
    kind("Fix the typo in the error message.", "quick-fix", "gpt-5-codex-low", &["gemini-2.5-flash"]).await;
}

#[tokio::test]
async fn kind_documentation() {
    let text = "Write the documentation of the public API.";
    kind(text, "documentation", "claude-sonnet-4-5", &["gpt-5-medium"]).await;
}

#[tokio::test]
async fn kind_testing_strategy() {
    let text = "Write a test strategy for the payment module.";
    kind(text, "testing", "gpt-5-high", &["gpt-5-codex-high"]).await;
}

#[tokio::test]
async fn kind_refactoring() {
    let text = "Refactor the order module into smaller functions.";
    kind(text, "refactoring", "gpt-5-codex-high", &["grok-4-code", "code-supernova-1-million"]).await;
}

#[tokio::test]
async fn kind_alternative_perspectives() {
    let text = "Suggest alternatives to our use of Redis.";
    kind(text, "alternatives", "gemini-2.5-pro", &["grok-4-code", "gpt-5-high"]).await;
}

async fn threshold(priority: &str, expected: f64) {
    let rig = Rig::new(RUNNER).await;
    let front = format!("mode: architectural\nkind: code-review\npriority: {priority}");
    let view = rig.task(&front, "Review src/auth.rs.").await;
    let decision = view.decision.unwrap();
    assert!((decision.threshold - expected).abs() < 1e-9, "{}", decision.threshold);
    assert_eq!(decision.needs_human_review, priority == "critical");
    rig.end().await;
}

#[tokio::test]
async fn threshold_low() {
    threshold("low", 0.6).await;
}

#[tokio::test]
async fn threshold_normal() {
    threshold("normal", 0.7).await;
}

#[tokio::test]
async fn threshold_high() {
    threshold("high", 0.8).await;
}

#[tokio::test]
async fn threshold_critical() {
    threshold("critical", 0.9).await;
}

/// What is recommended when the workers say this; the priority sets the threshold.
async fn recommendation(stances: &[(&str, &str)], priority: &str, expected: &str) -> synod::board::Decision {
    let rig = Rig::new(RUNNER).await;
    for (model, stance) in stances {
        rig.server.always(On::model(model), Reply::text(verdict(stance, &json!([]))));
    }
    let models: Vec<&str> = stances.iter().map(|(model, _)| *model).collect();
    let front = format!("models: [{}]\nkind: code-review\npriority: {priority}", models.join(", "));
    let view = rig.task(&front, "Review src/auth.rs.").await;
    let decision = view.decision.unwrap();
    assert_eq!(decision.recommendation.as_str(), expected, "{}", decision.reasoning);
    rig.end().await;
    decision
}

#[tokio::test]
async fn recommendation_proceed() {
    let all = ["claude-code", "codex", "gemini", "grok"].map(|model| (model, "approve"));
    recommendation(&all, "normal", "proceed").await;
}

#[tokio::test]
async fn recommendation_proceed_with_caution_within_a_tenth() {
    recommendation(&[("claude-code", "approve")], "critical", "proceed_with_caution").await;
}

#[tokio::test]
async fn recommendation_review_required() {
    recommendation(&[("grok", "approve")], "critical", "review_required").await;
}

#[tokio::test]
async fn recommendation_conflict_resolution_needed_names_dissenters_and_reasons() {
    let stances = [("claude-code", "approve"), ("codex", "reject"), ("gemini", "approve"), ("grok", "reject")];
    let decision = recommendation(&stances, "normal", "conflict_resolution_needed").await;
    assert!(decision.has_conflict);
    let dissenters: Vec<&str> = decision.dissenters.iter().map(|worker| worker.as_str()).collect();
    assert_eq!(dissenters, ["codex", "grok"]);
    assert!(!decision.reasoning.is_empty());
}

#[tokio::test]
async fn case_1_a_hello_world_of_low_priority_takes_one_cheap_coder() {
    let rig = Rig::new(TEAM).await;
    let view = rig.task("priority: low", "Write a hello world function").await;
    assert_eq!(view.row.state, "done", "{view:#?}");
    let called = rig.called();
    assert_eq!(called.len(), 1, "{called:?}");
    assert!(!called[0].starts_with("claude"), "the strongest is too dear for it: {called:?}");
    rig.end().await;
}

#[tokio::test]
async fn case_2_architecture_and_implementation_are_made_side_by_side() {
    let rig = Rig::new(TEAM).await;
    let view = rig.task("priority: high", "Design and implement user authentication").await;
    assert_eq!(view.row.state, "done", "{view:#?}");
    let side_by_side: Vec<&str> =
        view.steps.iter().filter(|step| step.needs.is_empty()).map(|step| step.id.as_str()).collect();
    assert_eq!(side_by_side, ["architecture", "implementation"]);
    assert_ne!(seated(&view, "architecture"), seated(&view, "implementation"));
    let chair = view.attempts.iter().find(|attempt| attempt.step.as_str() == "synthesis").unwrap();
    let answer = view.decision.unwrap().answer;
    assert!(answer.head().contains(&format!("made by {}", chair.worker)), "the chair's text is the answer");
    rig.end().await;
}

#[tokio::test]
async fn case_3_a_critical_security_review_asks_several_and_weighs_them() {
    let rig = Rig::new(TEAM).await;
    let flaw =
        json!([{"severity": "high", "where": "src/auth.rs:63", "what": "SQL injection", "fix": "bind the parameters"}]);
    rig.server.always(On::model("gpt-5-high"), Reply::text(verdict("reject", &flaw)));
    let view = rig.task("priority: critical", "Review security of auth code").await;
    assert_eq!(view.row.kind.as_str(), "security-review");
    assert_eq!(view.row.state, "awaiting_person", "critical waits for a person");
    let decision = view.decision.unwrap();
    assert!(decision.votes.len() >= 7, "{} votes", decision.votes.len());
    assert!((decision.threshold - 0.9).abs() < 1e-9);
    let weights: Vec<f64> = decision.votes.iter().map(|vote| vote.weight).collect();
    assert!(weights.iter().any(|weight| (weight - weights[0]).abs() > 1e-9), "weights differ by tier: {weights:?}");
    assert!(decision.effective_votes < decision.votes.len() as f64, "workers of one vendor do not count in full");
    assert!(decision.issues.iter().any(|issue| issue.claim.what.contains("SQL injection")), "{:?}", decision.issues);
    rig.end().await;
}

#[tokio::test]
async fn case_4_without_gemini_a_creative_alternative_falls_back_upward() {
    let rig = Rig::with(TEAM, "retries = 0\n", |_| {}).await;
    for model in ["gemini-2.5-pro", "gemini-2.5-flash"] {
        rig.server.always(On::model(model), Reply::status(401));
    }
    let view = rig.task("mode: simple", "Creative alternative to OAuth").await;
    assert_eq!(view.row.state, "done", "{view:#?}");
    let called = rig.called();
    assert!(called[0].starts_with("gemini"), "the creative ones are asked first: {called:?}");
    let by = answered(&view);
    assert!(!by.is_empty() && by.iter().all(|worker| !worker.starts_with("gemini")), "{by:?}");
    rig.end().await;
}

#[tokio::test]
async fn team_seats_differ_from_step_to_step() {
    let rig = Rig::new(TEAM).await;
    let view = rig.task("mode: medium\nkind: implementation", "Implement a stack.").await;
    let (make, check) = (seated(&view, "make"), seated(&view, "check"));
    assert!(make.iter().all(|worker| !check.contains(worker)), "{make:?} {check:?}");
    rig.end().await;
}
