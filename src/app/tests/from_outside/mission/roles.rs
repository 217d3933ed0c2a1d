//! Table B, the roles: who they are and what each is told, the words that call them, pipelines, synthesis, fallbacks.

use super::rig::{Model, ROLES, Rig, answered, verdict};
use crate::support::model_server::{On, Reply, Seen, Usage};
use serde_json::json;
use synod::api::{self, ReportRow, Request};

/// The words of a row call its role.
async fn words(tasks: &[&str], role: &[&str]) {
    let rig = Rig::new(ROLES).await;
    for (number, text) in tasks.iter().enumerate() {
        let view = rig.drop(&format!("word-{number}.md"), &format!("---\nmode: simple\n---\n{text}\n")).await;
        let first = view.steps[0].role.as_str();
        assert!(role.contains(&first), "{text} went to the {first}: {:?}", view.why_routed);
    }
    rig.end().await;
}

#[tokio::test]
async fn words_of_planning() {
    let tasks = [
        "Plan the migration to the new billing system.",
        "Architect the notification service.",
        "Design the data model of the shop.",
        "Work out a strategy for moving to microservices.",
        "Work out a refactoring strategy for the order module.",
    ];
    words(&tasks, &["planner", "architect"]).await;
}

#[tokio::test]
async fn words_of_review() {
    let tasks = [
        "Review the login code.",
        "Audit the payment module.",
        "Verify the logic of the discount calculation.",
        "Check the session handling for bugs.",
        "Validate the error handling in src/net.rs.",
    ];
    words(&tasks, &["reviewer", "security"]).await;
}

#[tokio::test]
async fn words_of_search() {
    let tasks = [
        "Find documentation about tokio's select macro.",
        "Search for examples of retry logic in the code.",
        "Look up the API reference of reqwest.",
        "Locate where the configuration is read.",
        "Find an example of a custom serializer.",
    ];
    words(&tasks, &["researcher"]).await;
}

#[tokio::test]
async fn words_of_coding() {
    let tasks = [
        "Implement a rate limiter.",
        "Code a small parser for INI files.",
        "Write a function that reverses a list.",
        "Create a REST endpoint for orders.",
        "Build a command line tool that resizes images.",
    ];
    words(&tasks, &["implementer"]).await;
}

#[tokio::test]
async fn words_that_say_nothing_mean_coding() {
    words(&["The thing with the blue button."], &["implementer"]).await;
}

#[tokio::test]
async fn role_can_be_forced_against_the_words() {
    let rig = Rig::new(ROLES).await;
    let view = rig.task("role: researcher", "Implement a rate limiter.").await;
    assert_eq!(view.steps[0].role.as_str(), "researcher");
    assert_eq!(rig.called(), ["gpt-4o-mini"]);
    rig.end().await;
}

/// While its own model does not work, a role goes to the next; the last is whoever is left.
async fn fallback(role: &str, broken: &[&str], to: &str) {
    let rig = Rig::with(ROLES, "retries = 0\n", |_| {}).await;
    for model in broken {
        rig.server.always(On::model(model), Reply::status(400));
    }
    let view = rig.task(&format!("role: {role}"), "Look after the login of the shop.").await;
    assert_eq!(view.row.state, "done", "{view:#?}");
    let last = rig.called().pop().unwrap();
    assert_eq!(last, to, "asked in turn: {:?}", rig.called());
    assert_eq!(answered(&view).len(), 1);
    rig.end().await;
}

#[tokio::test]
async fn fallback_of_the_planner_is_the_reviewer() {
    fallback("planner", &["gemini-1.5-pro"], "claude-3-5-sonnet").await;
}

#[tokio::test]
async fn fallback_of_the_reviewer_is_the_planner() {
    fallback("reviewer", &["claude-3-5-sonnet"], "gemini-1.5-pro").await;
}

#[tokio::test]
async fn fallback_of_the_researcher_is_the_planner() {
    fallback("researcher", &["gpt-4o-mini"], "gemini-1.5-pro").await;
}

#[tokio::test]
async fn fallback_of_all_is_the_one_that_is_left() {
    fallback("planner", &["gemini-1.5-pro", "claude-3-5-sonnet", "gpt-4o-mini"], "qwen2.5-coder:32b").await;
}

/// What a task hands over reaches the worker: specification, files, memories.
#[tokio::test]
async fn invocation_takes_context_globs_a_spec_file_and_memories() {
    let models: &[Model] = &[("qwen2.5-coder:32b", 4, "alibaba")];
    let rig = Rig::with(models, "", |workspace| {
        std::fs::create_dir_all(workspace.root().join("src/auth")).unwrap();
        std::fs::write(workspace.root().join("src/auth/login.rs"), "fn login() { /* marker-file */ }\n").unwrap();
        std::fs::create_dir_all(workspace.root().join("specs")).unwrap();
        std::fs::write(workspace.root().join("specs/auth.md"), "The marker-spec says: lock after five tries.\n")
            .unwrap();
        std::fs::create_dir_all(workspace.root().join("memories/design")).unwrap();
        std::fs::write(workspace.root().join("memories/design/auth.md"), "The marker-memory.\n").unwrap();
    })
    .await;
    let front = "role: implementer\ncontext: [\"src/**/*.rs\"]\nspec: specs/auth.md\nmemories: [design/auth]";
    rig.task(front, "Implement the lock.").await;
    let prompt = &rig.server.seen()[0].conversation;
    for marker in ["marker-file", "marker-spec", "marker-memory", "src/auth/login.rs"] {
        assert!(prompt.contains(marker), "{marker} is not in:\n{prompt}");
    }
    rig.end().await;
}

/// A role or its alias goes to its model.
async fn role(name: &str, own: &str, model: &str) {
    let rig = Rig::new(ROLES).await;
    let view = rig.task(&format!("role: {name}"), "Look after the login of the shop.").await;
    assert_eq!(view.row.state, "done");
    assert_eq!(view.steps[0].role.as_str(), own);
    assert_eq!(rig.called(), [model], "{:?}", view.why_routed);
    rig.end().await;
}

#[tokio::test]
async fn planner_is_sisyphus_on_gemini_pro() {
    role("sisyphus", "planner", "gemini-1.5-pro").await;
}

#[tokio::test]
async fn implementer_is_hephaestus_on_qwen_coder() {
    role("hephaestus", "implementer", "qwen2.5-coder:32b").await;
}

#[tokio::test]
async fn reviewer_is_oracle_on_claude_sonnet() {
    role("oracle", "reviewer", "claude-3-5-sonnet").await;
}

#[tokio::test]
async fn researcher_is_librarian_on_gpt_4o_mini() {
    role("librarian", "researcher", "gpt-4o-mini").await;
}

#[tokio::test]
async fn fallback_of_the_implementer_is_the_planner() {
    fallback("implementer", &["qwen2.5-coder:32b"], "gemini-1.5-pro").await;
}

/// Everything that a call was told.
fn told(seen: &Seen) -> String {
    seen.body.to_string()
}

/// Temperature and longest answer, as the table has them for the role; a longest answer beyond what the model gives is cut to
/// that, or left open.
async fn params(role: &str, temperature: f64, max_tokens: u64) {
    let rig = Rig::new(ROLES).await;
    rig.task(&format!("role: {role}"), "Look after the login of the shop.").await;
    let body = rig.server.seen()[0].body.clone();
    assert_eq!(body["temperature"], json!(temperature), "{body}");
    let longest = ["max_tokens", "max_completion_tokens"].iter().find_map(|key| body[key].as_u64());
    if role == "planner" {
        assert!(longest.is_none_or(|longest| longest <= max_tokens), "{body}");
    } else {
        assert_eq!(longest, Some(max_tokens), "{body}");
    }
    rig.end().await;
}

#[tokio::test]
async fn planner_has_temperature_and_longest_answer() {
    params("planner", 0.7, 2_000_000).await;
}

#[tokio::test]
async fn implementer_has_temperature_and_longest_answer() {
    params("implementer", 0.3, 32_768).await;
}

#[tokio::test]
async fn reviewer_has_temperature_and_longest_answer() {
    params("reviewer", 0.5, 8192).await;
}

#[tokio::test]
async fn researcher_has_temperature_and_longest_answer() {
    params("researcher", 0.3, 16_384).await;
}

#[tokio::test]
async fn planner_gets_the_whole_code_base() {
    let rig = Rig::with(ROLES, "", |workspace| {
        std::fs::create_dir_all(workspace.root().join("src/deep/er")).unwrap();
        std::fs::write(workspace.root().join("src/lib.rs"), "mod deep; // marker-lib\n").unwrap();
        std::fs::write(workspace.root().join("src/deep/er/leaf.rs"), "fn leaf() {} // marker-leaf\n").unwrap();
        std::fs::write(workspace.root().join(".gitignore"), "secret\n").unwrap();
        std::fs::write(workspace.root().join("secret"), "marker-ignored\n").unwrap();
    })
    .await;
    rig.task("role: planner", "Plan how the leaf module is moved up.").await;
    let told = told(&rig.server.seen()[0]);
    for marker in ["marker-lib", "marker-leaf", "src/deep/er/leaf.rs"] {
        assert!(told.contains(marker), "{marker} is not in {told}");
    }
    assert!(!told.contains("marker-ignored"), "what git ignores is nobody's business");
    rig.end().await;
}

#[tokio::test]
async fn implementer_works_to_the_specification() {
    let rig = Rig::with(ROLES, "", |workspace| {
        std::fs::write(workspace.root().join("spec.md"), "The marker-spec: lock after five tries.\n").unwrap();
    })
    .await;
    rig.task("role: implementer\nspec: spec.md", "Implement the lock.").await;
    let told = told(&rig.server.seen()[0]);
    assert!(told.contains("marker-spec") && told.contains("The specification decides"), "{told}");
    rig.end().await;
}

#[tokio::test]
async fn reviewer_answers_severity_file_and_line_what_and_how_to_fix_it() {
    let rig = Rig::new(ROLES).await;
    let faults = [
        ("low", "src/login.rs:3", "the name says nothing", "call it attempts"),
        ("medium", "src/login.rs:40", "an empty password is let through", "refuse it"),
        ("high", "src/login.rs:90", "the lock file stays after a crash", "remove it on the way out"),
        ("critical", "src/login.rs:7", "SQL injection by the user's name", "bind the parameters"),
    ];
    let claims =
        faults.map(|(severity, at, what, fix)| json!({"severity": severity, "where": at, "what": what, "fix": fix}));
    rig.server.always(On::any(), Reply::text(verdict("reject", &json!(claims))));
    let view = rig.task("role: reviewer", "Review src/login.rs.").await;
    let told = told(&rig.server.seen()[0]);
    for asked in ["LOW, MEDIUM, HIGH or CRITICAL", "file and line", "how to fix it", "test cases"] {
        assert!(told.contains(asked), "{asked} is not asked for: {told}");
    }
    let issues = rig.decision().await["issues"].clone();
    assert_eq!(issues.as_array().map(Vec::len), Some(4), "{issues:#}");
    let found: Vec<&str> = issues.as_array().unwrap().iter().map(|issue| issue["severity"].as_str().unwrap()).collect();
    assert_eq!(found, ["critical", "high", "medium", "low"], "worst first");
    assert_eq!((&issues[0]["where"], &issues[0]["fix"]), (&json!("src/login.rs:7"), &json!("bind the parameters")));
    assert_eq!(answered(&view), ["claude-3-5-sonnet"]);
    rig.end().await;
}

#[tokio::test]
async fn researcher_cites_at_most_five_examples_with_path_lines_and_why() {
    let rig = Rig::new(ROLES).await;
    rig.task("role: researcher", "Find examples of retry logic in the code.").await;
    let told = told(&rig.server.seen()[0]);
    for asked in ["at most five examples", "path and line numbers", "about five lines around", "why it matters"] {
        assert!(told.contains(asked), "{asked} is not asked for: {told}");
    }
    rig.end().await;
}

/// What is counted of each role: tasks, success, seconds and tokens.
#[tokio::test]
async fn tracking_by_role_counts_tasks_success_seconds_and_tokens() {
    let rig = Rig::with(ROLES, "retries = 0\n", |_| {}).await;
    let usage = |input, output| Usage { input, output, cached: 0, cost_usd: 0.001 };
    rig.server.always(On::model("gpt-4o-mini"), Reply::Priced { text: "found it".to_owned(), usage: usage(700, 30) });
    rig.server.always(On::model("qwen2.5-coder:32b"), Reply::status(400));
    rig.drop("one.md", "---\nrole: researcher\n---\nFind examples of retry logic in the code.\n").await;
    rig.drop("two.md", "---\nrole: researcher\n---\nLook up the API reference of reqwest.\n").await;
    rig.drop("three.md", "---\nrole: implementer\nmodels: [qwen2-5-coder-32b]\n---\nImplement it.\n").await;
    let api::Reply::Report(report) = rig.ask(Request::Report { by: None, since: None }).await else {
        panic!("no report")
    };
    let of = |rows: &[ReportRow], name: &str| {
        rows.iter().find(|row| row.name == name).cloned().unwrap_or_else(|| panic!("no {name} in {rows:?}"))
    };
    let researcher = of(&report.roles, "researcher");
    assert_eq!((researcher.tasks, researcher.answered, researcher.success_rate), (2, 2, Some(1.0)));
    assert_eq!((researcher.input_tokens, researcher.output_tokens), (1400, 60));
    assert!(researcher.mean_seconds.is_some());
    let implementer = of(&report.roles, "implementer");
    assert_eq!((implementer.tasks, implementer.failed, implementer.success_rate), (1, 1, Some(0.0)));
    assert_eq!(of(&report.workers, "gpt-4o-mini").calls, 2);
    assert_eq!(of(&report.kinds, "research").tasks, 2);
    rig.end().await;
}
