//! The teams of tables D and E: who sits in them, how they agree, and what a team of many is good for.

use super::rig::{Rig, TEAM};
use std::collections::BTreeSet;
use synod::api::TaskView;

const TASK: &str = "Implement the export of invoices as PDF.";

fn dotted(name: &str) -> String {
    name.replace('-', ".")
}

/// Who has a seat in any step.
fn members(view: &TaskView) -> BTreeSet<String> {
    view.steps.iter().flat_map(|step| &step.workers).map(|worker| dotted(worker.as_str())).collect()
}

/// A team of the catalog seats these.
async fn team(name: &str, text: &str, expected: &[&str]) -> TaskView {
    let rig = Rig::new(TEAM).await;
    let view = rig.task(&format!("team: {name}"), text).await;
    assert_ne!(view.row.state, "failed", "{view:#?}");
    let expected: BTreeSet<String> = expected.iter().map(|name| dotted(name)).collect();
    assert!(expected.is_subset(&members(&view)), "{expected:?} are not all in {:?}", members(&view));
    rig.end().await;
    view
}

#[tokio::test]
async fn team_core() {
    let members = ["claude-sonnet-4-5", "gpt-5-high", "gpt-5-codex-high", "code-supernova-1-million"];
    let view = team("core", TASK, &members).await;
    let roles: BTreeSet<&str> = view.steps.iter().map(|step| step.role.as_str()).collect();
    assert!(roles.is_superset(&["architect", "implementer", "chair"].into()), "{roles:?}");
}

#[tokio::test]
async fn team_review() {
    let members = ["gpt-5-medium", "gpt-5-low", "gemini-2.5-pro", "gemini-2.5-flash"];
    let view = team("review", "Review the export of invoices.", &members).await;
    assert_eq!(view.decision.unwrap().votes.len(), 4);
}

#[tokio::test]
async fn specialist_refactoring() {
    team("specialists", "Refactor the invoice module.", &["grok-4-code"]).await;
}

#[tokio::test]
async fn specialist_performance() {
    team("specialists", "Optimize the performance of the invoice export.", &["cheetah"]).await;
}

#[tokio::test]
async fn specialist_fast_fixes() {
    team("specialists", "Fix the typo in the invoice header.", &["gpt-5-codex-low"]).await;
}

#[tokio::test]
async fn team_quick_is_one_or_two_quick_models_without_a_vote() {
    let view = team("quick", TASK, &["gemini-2.5-flash"]).await;
    assert!(members(&view).len() <= 2);
    assert!(view.decision.unwrap().votes.is_empty());
}

#[tokio::test]
async fn team_standard_is_primary_secondary_and_a_critic() {
    let view = team("standard", TASK, &["gpt-5-codex-high", "gpt-5-codex-medium"]).await;
    assert!((3..=4).contains(&members(&view).len()), "{:?}", members(&view));
    assert!(view.steps.iter().any(|step| step.role.as_str() == "critic"));
    assert!(!view.decision.unwrap().votes.is_empty());
}

#[tokio::test]
async fn team_complex_is_the_full_team_by_role() {
    let view = team("complex", TASK, &["gpt-5-codex-high", "claude-sonnet-4-5"]).await;
    assert!((5..=7).contains(&members(&view).len()), "{:?}", members(&view));
    let decision = view.decision.unwrap();
    assert!(decision.votes.len() >= 2 && decision.threshold > 0.0);
}

#[tokio::test]
async fn team_critical_is_everyone_above_eight_tenths_and_a_person() {
    let view = team("critical", TASK, &[]).await;
    assert_eq!(members(&view).len(), TEAM.len());
    assert_eq!(view.row.state, "awaiting_person");
    assert!(view.decision.unwrap().threshold > 0.8);
}

#[tokio::test]
async fn models_read_each_others_outputs_through_memories() {
    let rig = Rig::new(TEAM).await;
    rig.task("models: [cheetah, grok-4-code]\nkind: code-review", "Review the export.").await;
    let folder = rig.workspace.root().join("memories/orchestration/history");
    crate::it::harness::until("the outputs stand in the history's memories", || {
        let tasks = std::fs::read_dir(&folder).into_iter().flatten().flatten();
        tasks.flat_map(|task| std::fs::read_dir(task.path().join("model-outputs"))).flatten().count() >= 2
    })
    .await;
    rig.end().await;
}
