//! Small steps asked together, from a dropped file to the pages: one call, an answer for each step, one price; and the daemon
//! killed at every append on the way.

use super::crash::Rig;
use super::harness::{Script, Scripted, Workspace, end, rested, verified};
use crate::support::model_server::{Outcome, Reply};
use std::time::{Duration, Instant};
use synod::board::Usage;
use synod::worker;

const PLAN: &str = "---\nkind: implementation\nplan:\n  steps:\n    \
    - { id: reader, role: implementer, do: \"Make part-reader-end of it.\", models: [one] }\n    \
    - { id: writer, role: implementer, do: \"Make part-writer-end of it.\", models: [one] }\n    \
    - { id: index, role: implementer, do: \"Make part-index-end of it.\", models: [one] }\n    \
    - { id: join, role: implementer, do: \"Join the parts.\", needs: [reader, writer, index], models: [one] }\n\
    ---\nBuild the thing.\n";
const STEPS: [&str; 3] = ["reader", "writer", "index"];

/// The line that a prompt wants before the answer to a step; `None` where it asks for one step only.
fn line(prompt: &str, step: &str) -> Option<String> {
    let row = prompt.lines().find_map(|line| line.strip_prefix(&format!("- `{step}`: `")))?;
    Some(row.trim_end_matches('`').to_owned())
}

/// What is said to a prompt: each step that it asks for, but for these.
fn said(prompt: &str, without: &[&str]) -> String {
    if prompt.contains("## Your step: `join`") {
        return "All three are joined.".to_owned();
    }
    let of = |step: &&str| {
        let made = format!("Piece {step} stands.\n");
        let asked = prompt.contains(&format!("Make part-{step}-end"));
        asked.then(|| line(prompt, step).map_or(made.clone(), |line| format!("{line}\n{made}")))
    };
    STEPS.iter().filter(|step| !without.contains(step)).filter_map(of).collect()
}

fn given(text: String, usd: f64) -> Script {
    let usage = Usage { input_tokens: 900, output_tokens: 301, cached_tokens: 0, cost_usd: Some(usd) };
    let (model, structured, session) = ("m".to_owned(), None, Some("one session".to_owned()));
    Script::Give(Box::new(worker::Reply { text, structured, model, session, usage, files_modified: Vec::new() }))
}

#[tokio::test]
async fn a_dropped_plan_of_small_steps_is_two_calls_and_each_step_has_its_page() {
    let workspace = Workspace::with_workers(&["one"], "batch_steps_max = 3");
    let workers = Scripted::new(|_, call| given(said(&call.prompt, &[]), 0.1));
    let engine = workspace.engine(workers.clone()).await;
    workspace.drop_file("build.md", PLAN);
    let view = rested(&engine.handle(), "build").await;
    assert_eq!(view.row.state, "done", "{:?}", view.decision);
    verified(&engine.handle()).await;
    end(engine).await;

    assert_eq!(workers.counts()["one"], 2, "three steps in one call, and the one that joins them");
    let decision = workspace.decision("build");
    assert_eq!(decision["answer"], "All three are joined.");
    assert_eq!(decision["cost_usd"], 0.2, "two calls at $0.10");
    assert_eq!(decision["tokens"], serde_json::json!({ "input": 1800, "output": 602 }));
    let pages = workspace.names("outputs/build");
    assert_eq!(pages.len(), 4, "{pages:?}");
    for step in STEPS {
        let name = pages.iter().find(|name| name.contains(step)).unwrap();
        let page = workspace.read(&format!("outputs/build/{name}"));
        assert!(page.contains(&format!("Piece {step} stands.")) && !page.contains("<<<part"), "{page}");
        assert_eq!(page.matches("stands.").count(), 1, "{step} has its own part alone: {page}");
    }
    let calls = workers.calls.lock().unwrap();
    let join = &calls.iter().find(|(_, prompt)| prompt.contains("## Your step: `join`")).unwrap().1;
    assert!(STEPS.iter().all(|step| join.contains(&format!("Piece {step} stands."))), "{join}");
    let log = workspace.read("communication/INTERCOMMUNICATION_LOG.md");
    assert!(log.contains("step writer, in one call with others"), "{log}");
}

#[tokio::test]
async fn a_part_that_is_missing_is_asked_for_alone() {
    let workspace = Workspace::with_workers(&["one"], "batch_steps_max = 3\nretries = 0");
    let workers = Scripted::new(|_, call| {
        let without: &[&str] = if call.prompt.contains("## Your steps\n") { &["index"] } else { &[] };
        given(said(&call.prompt, without), 0.1)
    });
    let engine = workspace.engine(workers.clone()).await;
    workspace.drop_file("build.md", PLAN);
    let view = rested(&engine.handle(), "build").await;
    assert_eq!(view.row.state, "done", "{:?}", view.decision);
    end(engine).await;
    assert_eq!(workers.counts()["one"], 3);
    let log = workspace.read("communication/INTERCOMMUNICATION_LOG.md");
    assert!(log.contains("ask for this step alone") && log.contains("no part for this one"), "{log}");
    let cost = workspace.decision("build")["cost_usd"].as_f64().unwrap();
    assert!((cost - 0.3).abs() < 1e-12, "three calls at $0.10: {cost}");
}

/// Killed after each append in turn: every step is answered once and no finished call that held it is made again.
#[test]
fn killed_at_every_append_no_step_of_a_batch_is_paid_twice() {
    let mut batches = 0;
    for append in 1..100 {
        let rig = Rig::new();
        let settings = rig.workspace.root().join("synod.toml");
        let text = std::fs::read_to_string(&settings).unwrap();
        std::fs::write(&settings, text.replacen("[limits]", "[limits]\nbatch_steps_max = 3", 1)).unwrap();
        rig.server
            .otherwise(|seen| Reply::Delay(Duration::from_millis(40), Box::new(Reply::Text(said(&seen.prompt, &[])))));
        let mut child = rig.start(&["--crash-after-append", &append.to_string()]);
        rig.workspace.drop_file("build.md", PLAN);
        let start = Instant::now();
        let killed = loop {
            if child.try_wait().unwrap().is_some() {
                break true;
            }
            if rig.done() == 1 && start.elapsed() > Duration::from_secs(1) {
                break false;
            }
            assert!(start.elapsed() < Duration::from_secs(90), "append {append}: {}", rig.said());
            std::thread::sleep(Duration::from_millis(10));
        };
        if !killed {
            child.kill().unwrap();
            child.wait().unwrap();
        }
        rig.work_until(1);
        let calls = rig.server.seen();
        let lines = rig.messages();
        for step in STEPS {
            let asks = |prompt: &str| prompt.contains(&format!("Make part-{step}-end"));
            let paid = calls.iter().filter(|call| call.outcome == Outcome::Answered && asks(&call.prompt)).count();
            assert_eq!(paid, 1, "append {append}: {step} is paid for once");
            let name = format!("-{step}-");
            let pages = rig.workspace.names("outputs/build");
            assert_eq!(pages.iter().filter(|page| page.contains(&name)).count(), 1, "append {append}: {pages:?}");
        }
        batches += calls.iter().filter(|call| call.prompt.contains("## Your steps\n")).count();
        let ended = lines.iter().filter(|line| line["event"] == "attempt_answered").count();
        assert_eq!(ended, STEPS.len() + 1, "append {append}");
        if !killed {
            assert!(append > 4, "the daemon was never killed on its way");
            break;
        }
    }
    assert!(batches > 3, "steps were asked together: {batches}");
}
