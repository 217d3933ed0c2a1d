//! The pipelines of tables B, D and E: their phases in order, each with what it needs of the ones before, and the synthesis.

use super::rig::{ROLES, Rig, TEAM, seated};
use crate::support::model_server::{On, Reply};
use serde_json::json;
use synod::api::TaskView;

const TASK: &str = "Add a login with a password to the shop.";

/// Step and role, in the order of the plan.
fn phases(view: &TaskView) -> Vec<(&str, &str)> {
    view.steps.iter().map(|step| (step.id.as_str(), step.role.as_str())).collect()
}

fn needs(view: &TaskView, step: &str) -> Vec<String> {
    let found = view.steps.iter().find(|other| other.id.as_str() == step).unwrap();
    found.needs.iter().map(|need| need.as_str().to_owned()).collect()
}

/// Every step has an answer, and each was asked only after those it needs had answered.
fn in_order(view: &TaskView) {
    assert_eq!(view.row.state, "done", "{view:#?}");
    let first =
        |step: &str| view.attempts.iter().find(|attempt| attempt.step.as_str() == step).map(|found| found.number);
    for step in &view.steps {
        let own = first(step.id.as_str()).unwrap_or_else(|| panic!("{} was never asked", step.id));
        for need in &step.needs {
            assert!(first(need.as_str()) < Some(own), "{} before {need}", step.id);
        }
    }
}

#[tokio::test]
async fn pipeline_feature_plans_implements_reviews_documents() {
    let rig = Rig::new(ROLES).await;
    let view = rig.task("pipeline: feature", TASK).await;
    in_order(&view);
    let roles: Vec<&str> = phases(&view).iter().map(|(_, role)| *role).filter(|role| *role != "chair").collect();
    assert_eq!(roles, ["planner", "implementer", "reviewer", "documenter"]);
    let implementing =
        rig.server.seen().into_iter().find(|call| call.prompt.contains("Implement the feature")).unwrap();
    assert!(
        implementing.prompt.contains("made by gemini-1.5-pro"),
        "the implementer sees the plan:\n{}",
        implementing.prompt
    );
    rig.end().await;
}

#[tokio::test]
async fn pipeline_bugfix_analyses_verifies_fixes_verifies() {
    let rig = Rig::new(ROLES).await;
    let view = rig.task("pipeline: bugfix", "The login fails with an empty password (bug 17).").await;
    in_order(&view);
    let steps: Vec<&str> = phases(&view).iter().map(|(step, _)| *step).collect();
    assert_eq!(steps, ["analyse", "verify-analysis", "fix", "verify-fix"]);
    assert_eq!(needs(&view, "verify-fix"), ["fix"]);
    rig.end().await;
}

#[tokio::test]
async fn pipeline_review_finds_reviews_assesses() {
    let rig = Rig::new(ROLES).await;
    let view = rig.task("pipeline: review", "Review src/login.rs.").await;
    in_order(&view);
    let roles: Vec<&str> = phases(&view).iter().map(|(_, role)| *role).filter(|role| *role != "chair").collect();
    assert_eq!(roles, ["researcher", "reviewer", "architect"]);
    rig.end().await;
}

#[tokio::test]
async fn pipeline_of_ones_own() {
    let own = "[pipelines.translate]\ndoes = \"write, then translate\"\nsteps = [\n  { id = \"write\", role = \"documenter\", do = \"Write it.\" },\n  { id = \"translate\", role = \"documenter\", needs = [\"write\"], do = \"Translate it.\" },\n]\n";
    let rig = Rig::with(ROLES, own, |_| {}).await;
    let view = rig.task("pipeline: translate", "A page about logins.").await;
    in_order(&view);
    assert_eq!(phases(&view), [("write", "documenter"), ("translate", "documenter")]);
    rig.end().await;
}

#[tokio::test]
async fn synthesis_of_plan_and_implementation_and_review_is_the_answer() {
    let rig = Rig::new(ROLES).await;
    let view = rig.task("pipeline: feature", TASK).await;
    let last = view.steps.last().unwrap();
    assert_eq!(last.role.as_str(), "chair");
    let answer = view.answer.clone().unwrap();
    assert_eq!(answer, format!("made by {}", rig.called().last().unwrap()), "the chair's text is the answer");
    let call = rig.server.seen().pop().unwrap();
    for word in ["plan", "implementation", "review"] {
        assert!(call.prompt.to_lowercase().contains(word), "the chair is told of the {word}");
    }
    rig.end().await;
}

/// What the chair of a task was told.
fn chaired(rig: &Rig) -> String {
    rig.server.seen().into_iter().find(|seen| seen.body.to_string().contains("You are the chair.")).unwrap().prompt
}

#[tokio::test]
async fn synthesis_of_plan_and_implementation_asks_whether_the_plan_was_followed() {
    let own = "[pipelines.two]\ndoes = \"plan, then implement\"\nsteps = [\n  { id = \"plan\", role = \"planner\", do = \"Plan it.\" },\n  { id = \"implement\", role = \"implementer\", needs = [\"plan\"], do = \"Implement the plan.\", answer = true },\n  { id = \"synthesis\", role = \"chair\", needs = [\"plan\", \"implement\"], aim = \"synthesize\" },\n]\n";
    let rig = Rig::with(ROLES, own, |_| {}).await;
    let view = rig.task("pipeline: two", TASK).await;
    in_order(&view);
    let told = chaired(&rig);
    for part in [
        "made by gemini-1.5-pro",
        "made by qwen2.5-coder:32b",
        "Was the plan followed?",
        "Are the requirements of the task met?",
        "How good is the implementation",
        "The next steps",
    ] {
        assert!(told.contains(part), "{part} is not in:\n{told}");
    }
    rig.end().await;
}

#[tokio::test]
async fn synthesis_of_implementation_and_review_says_passed_or_lists_the_issues_with_the_code() {
    let rig = Rig::new(TEAM).await;
    let flaw = json!([{"severity": "high", "where": "src/login.rs:7", "what": "a marker-flaw", "fix": "hash it"}]);
    let review = json!({"candidates": [{"candidate": "A", "verdict": "reject", "claims": flaw, "confidence": 0.9, "would_change_my_mind": ""}]});
    rig.server.always(On::prompt("Review the implementation"), Reply::text(format!("```json\n{review}\n```\n")));
    let view = rig.task("pipeline: implement-with-review", TASK).await;
    let maker = seated(&view, "implement")[0].clone();
    let told = chaired(&rig);
    let code = format!("made by {maker}");
    for part in [
        code.as_str(),
        "marker-flaw",
        "If the review passed it, say so",
        "begin with the issues",
        "the code it concerns",
    ] {
        assert!(told.contains(part), "{part} is not in:\n{told}");
    }
    rig.end().await;
}

#[tokio::test]
async fn helper_parallel_code_review_looks_from_four_sides_at_once() {
    let rig = Rig::new(TEAM).await;
    let view = rig.task("pipeline: parallel-review", "Review src/login.rs.").await;
    in_order(&view);
    let side_by_side = view.steps.iter().filter(|step| step.needs.is_empty()).count();
    assert_eq!(side_by_side, 4);
    assert!(view.decision.unwrap().votes.len() >= 4);
    rig.end().await;
}

#[tokio::test]
async fn helper_brainstorm_asks_several_models_and_brings_their_ideas_together() {
    let rig = Rig::new(TEAM).await;
    let view = rig.task("pipeline: brainstorm", "Names for the new product.").await;
    in_order(&view);
    assert!(view.steps[0].workers.len() >= 3, "{:?}", view.steps[0]);
    assert_eq!(view.steps.last().unwrap().role.as_str(), "chair");
    rig.end().await;
}

#[tokio::test]
async fn helper_implement_with_review() {
    let rig = Rig::new(TEAM).await;
    let view = rig.task("pipeline: implement-with-review", TASK).await;
    in_order(&view);
    assert_eq!(needs(&view, "review"), ["implement"]);
    let (maker, checkers) = (&view.steps[0].workers, &view.steps[1].workers);
    assert!(checkers.iter().all(|checker| !maker.contains(checker)), "nobody reviews what it made");
    rig.end().await;
}

#[tokio::test]
async fn workflow_analyses_in_parallel_synthesises_implements_in_parallel_integrates() {
    let rig = Rig::new(TEAM).await;
    let view = rig.task("pipeline: team-workflow", TASK).await;
    in_order(&view);
    let with = |need: &[&str]| {
        view.steps
            .iter()
            .filter(|step| step.needs.iter().map(|need| need.as_str()).eq(need.iter().copied()))
            .map(|step| step.role.as_str())
            .collect::<Vec<_>>()
    };
    assert_eq!(with(&[]), ["architect", "security", "critic"]);
    assert_eq!(with(&["architecture", "security", "critique"]), ["chair"]);
    assert_eq!(with(&["plan"]), ["implementer", "reviewer", "optimizer"]);
    assert_eq!(view.steps.last().unwrap().id.as_str(), "integrate");
    let integrating = rig.server.seen().pop().unwrap().prompt;
    for part in ["apply what the criteria", "bring the documents up to date", "End with a report"] {
        assert!(integrating.contains(part), "{part} is not asked for:\n{integrating}");
    }
    rig.end().await;
}
