//! A dropped mega task from its planner to its decision: plans that are bad at first, checkpoints, recovery plans, and the
//! person at the end of the ladder.

use super::harness::{Script, Scripted, Workspace, end, rested, verified};
use std::sync::atomic::{AtomicU32, Ordering};
use synod::api::Request;
use synod::board::FailureClass;
use synod::worker::Call;

const MEGA: &str = "---\nmode: mega\nkind: implementation\n---\nBuild the importer, from the design to the docs.\n";

/// Seven steps in two branches; `parse` is the one that goes wrong in these tests.
const PLAN: &str = r#"Here is the plan.
```json
{"steps": [
  {"id": "design", "role": "architect", "do": "design the importer", "needs": []},
  {"id": "parse", "role": "implementer", "do": "write the parser", "needs": ["design"]},
  {"id": "store", "role": "implementer", "do": "write the store", "needs": ["design"]},
  {"id": "glue", "role": "implementer", "do": "join both", "needs": ["parse", "store"]},
  {"id": "tests", "role": "tester", "do": "write the tests", "needs": ["glue"]},
  {"id": "docs", "role": "documenter", "do": "write the docs", "needs": ["glue"]},
  {"id": "pack", "role": "implementer", "do": "pack it", "needs": ["tests", "docs"]}],
 "checkpoint_every": 3}
```"#;

/// Which step a prompt is for.
fn step(call: &Call) -> String {
    let line = call.prompt.lines().find_map(|line| line.strip_prefix("## Your step: `"));
    line.unwrap_or("plan`").trim_end_matches('`').to_owned()
}

fn usual(call: &Call) -> Script {
    match step(call).as_str() {
        "plan" => Script::Say(PLAN.to_owned()),
        step if step.starts_with("checkpoint") => {
            Script::Say(r#"{"status": "on_track", "action": "continue", "why": "as planned"}"#.to_owned())
        }
        step => Script::Say(format!("the result of {step}")),
    }
}

#[tokio::test]
async fn a_dropped_mega_task_is_planned_reviewed_and_carried_out() {
    let workspace = Workspace::with_workers(&["claude", "gpt"], "");
    let planned = AtomicU32::new(0);
    let workers = Scripted::new(move |_, call| match step(call).as_str() {
        // The first plan cannot be used; the planner is told why.
        "plan" if planned.fetch_add(1, Ordering::Relaxed) == 0 => {
            Script::Say(r#"{"steps": [{"id": "a", "do": "x", "needs": ["b"]}]}"#.to_owned())
        }
        "plan" => {
            assert!(call.prompt.contains("could not be used"), "{}", call.prompt);
            usual(call)
        }
        _ => usual(call),
    });
    let engine = workspace.engine(workers.clone()).await;
    workspace.drop_file("importer.md", MEGA);
    let view = rested(&engine.handle(), "importer").await;
    assert_eq!(view.row.state, "done", "{:?}", view.decision);
    assert_eq!(view.decision.unwrap().answer.head(), "the result of pack");
    verified(&engine.handle()).await;
    end(engine).await;

    let log = workspace.read("communication/INTERCOMMUNICATION_LOG.md");
    assert!(log.contains("the plan has changed (planner): steps added: design, parse, store"), "{log}");
    assert!(log.contains("on_track, continue (as planned)"), "{log}");
    assert!(log.contains("5 of 7 steps done"), "{log}");
    let calls = workers.calls.lock().unwrap();
    let glue = calls.iter().find(|(_, prompt)| prompt.contains("## Your step: `glue`")).unwrap();
    assert!(glue.1.contains("the result of parse") && glue.1.contains("the result of store"));
    assert!(!glue.1.contains("the result of design"), "a step sees what it needs, and no more");
}

#[tokio::test]
async fn a_step_that_everyone_fails_at_is_planned_around() {
    let workspace = Workspace::with_workers(&["claude", "gpt"], "retries = 0");
    let workers = Scripted::new(|_, call| match step(call).as_str() {
        "parse" => Script::Fail(FailureClass::RequestRefused, "too much at once".to_owned()),
        "recover-parse" => {
            assert!(call.prompt.contains("too much at once"), "{}", call.prompt);
            let plan =
                r#"{"steps": [{"id": "lex", "do": "the lexer"}, {"id": "tree", "do": "the tree", "needs": ["lex"]}]}"#;
            Script::Say(plan.to_owned())
        }
        _ => usual(call),
    });
    let engine = workspace.engine(workers.clone()).await;
    workspace.drop_file("importer.md", MEGA);
    let view = rested(&engine.handle(), "importer").await;
    assert_eq!(view.row.state, "done", "{:?}", view.decision);
    end(engine).await;
    let log = workspace.read("communication/INTERCOMMUNICATION_LOG.md");
    assert!(log.contains("recovery: next worker") && log.contains("recovery: recovery plan"), "{log}");
    let calls = workers.calls.lock().unwrap();
    let glue = calls.iter().find(|(_, prompt)| prompt.contains("## Your step: `glue`")).unwrap();
    assert!(glue.1.contains("the result of tree"), "{}", glue.1);
}

#[tokio::test]
async fn a_partial_result_waits_for_a_person_who_may_have_it_tried_again() {
    let workspace = Workspace::with_workers(&["claude", "gpt"], "retries = 0\nrecoveries_max = 0\nreplans_max = 0");
    let workers = Scripted::new(|_, call| match step(call).as_str() {
        "docs" => Script::Fail(FailureClass::RequestRefused, "no words".to_owned()),
        _ => usual(call),
    });
    let engine = workspace.engine(workers).await;
    let handle = engine.handle();
    workspace.drop_file("importer.md", MEGA);
    let view = rested(&handle, "importer").await;
    assert_eq!(view.row.state, "awaiting_person");
    let decision = view.decision.unwrap();
    assert!(decision.review_reasons[0].contains("step docs gave nothing"), "{:?}", decision.review_reasons);
    assert!(decision.review_reasons[1].contains("pack"), "{:?}", decision.review_reasons);

    let task = view.row.id;
    handle.ask(Request::Retry { task, by: "anna".to_owned() }).await.unwrap();
    let mut state = String::new();
    for _ in 0..50 {
        let view = rested(&handle, "importer").await;
        state = view.row.state.to_string();
        if workspace.names("outputs/importer").iter().any(|name| name.contains("docs-again")) {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    assert_eq!(state, "done");
    end(engine).await;
}
