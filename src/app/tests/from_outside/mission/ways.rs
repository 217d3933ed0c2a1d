//! Table E's ways to work: automated (a tool that orchestrates), manual (an outside agent does the work and uses the bus) and
//! both at once; tiers, models that are not there, and what watches over it.

use super::process::Process;
use super::programs::{claude_says, codex_says};
use super::rig::{Model, Rig, TEAM, answered, fitting, verdict};
use crate::mcp_memory::wire::Client;
use crate::support::model_server::{Gate, On, Reply};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::process::Stdio;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Two models at the scripted server and an outside agent.
fn board() -> Process {
    let process = Process::new(|server| {
        let worker = |name: &str, tier: u8| {
            format!(
                "[workers.{name}]\nprovider = \"openai\"\nbase_url = \"{}/\"\nmodel = \"{name}\"\ntier = {tier}\nfamily = \"{name}\"\n",
                server.v1()
            )
        };
        let ide = "[workers.ide]\nprovider = \"external\"\ntier = 2\nfamily = \"ide\"\n";
        format!("{}{}{ide}", worker("claude", 1), worker("gemini", 3))
    });
    process.server.otherwise(|_| Reply::text(verdict("approve", &json!([]))));
    process
}

/// An agent on the bus, over the bridge that clients start.
fn agent(process: &Process, name: &str) -> Client {
    let mut command = process.command(&["mcp"]);
    command.stderr(Stdio::null());
    Client::start(command, name)
}

/// Takes the step that waits for the outside agent, and hands in a verdict.
fn works(agent: &mut Client, marker: &str, stance: &str) {
    let claimed = agent.call("claim_work", json!({"worker": "ide", "wait_s": 30})).well().structured;
    let work = &claimed["work"];
    assert!(work["prompt"].as_str().is_some_and(|prompt| prompt.contains(marker)), "{claimed:#}");
    let text = verdict(stance, &json!([]));
    agent.call("submit_work", json!({"claim": work["claim"], "text": text, "model": "my-own"})).well();
}

fn voters(decision: &Value) -> Vec<&str> {
    let mut names: Vec<&str> =
        decision["votes"].as_array().unwrap().iter().map(|vote| vote["worker"].as_str().unwrap()).collect();
    names.sort_unstable();
    names
}

#[test]
fn way_automated_is_a_tool_that_asks_in_parallel_and_weighs() {
    let process = board();
    // Nobody is answered before both were asked.
    let (gate, calls) = (Gate::closed(), AtomicUsize::new(0));
    process.server.otherwise(move |_| {
        if calls.fetch_add(1, Ordering::SeqCst) == 1 {
            gate.open();
        }
        Reply::Held(gate.clone(), Box::new(Reply::text(verdict("approve", &json!([])))))
    });
    process.up();
    let mut client = agent(&process, "claude-code");
    let asked = json!({"task": "Review src/auth.rs.", "priority": "high", "models": "claude,gemini"});
    let came = client.call("orchestrate", asked).well().structured;
    assert_eq!((&came["state"], voters(&came)), (&json!("done"), vec!["claude", "gemini"]), "{came:#}");
    assert_eq!(came["threshold"], 0.8);
    assert!(came["recommendation"].is_string() && came["reasoning"].is_string(), "{came:#}");
}

#[test]
fn way_manual_is_an_agent_that_does_the_work_itself_and_uses_the_bus() {
    let process = board();
    process.up();
    let (mut first, mut second) = (agent(&process, "cursor"), agent(&process, "codex"));
    first.call("write_memory", json!({"memory_name": "design/auth", "content": "The marker-design."})).well();
    let read = second.call("read_memory", json!({"memory_name": "design/auth"})).well();
    assert!(read.text.contains("marker-design"), "{read:?}");
    let front = "---\nmodels: [ide]\nkind: code-review\nmemories: [design/auth]\n---\nReview it.\n";
    process.workspace.drop_file("row.md", front);
    works(&mut first, "marker-design", "reject");
    let decision = process.decision("row");
    assert_eq!((voters(&decision), &decision["verdict"]), (vec!["ide"], &json!("reject")), "{decision:#}");
    assert!(process.server.seen().is_empty(), "Synod called nobody");
    process.until("the agent's words stand among the outputs", || !process.workspace.names("outputs/row").is_empty());
}

#[test]
fn way_hybrid_is_both_at_once() {
    let process = board();
    process.up();
    let mut client = agent(&process, "cursor");
    let front = "---\nmodels: [claude, gemini, ide]\nkind: code-review\n---\nReview src/auth.rs for marker-both.\n";
    process.workspace.drop_file("row.md", front);
    works(&mut client, "marker-both", "approve");
    let decision = process.decision("row");
    assert_eq!(voters(&decision), ["claude", "gemini", "ide"], "{decision:#}");
}

const TIERS: &[Model] = &[("one", 1, "a"), ("two", 2, "b"), ("three", 3, "c"), ("four", 4, "d"), ("five", 5, "e")];

#[tokio::test]
async fn tiers_weigh_a_vote_the_stronger_the_more() {
    let rig = Rig::new(TIERS).await;
    rig.server.always(On::any(), Reply::text(verdict("approve", &json!([]))));
    let view = rig.task("mode: architectural\nkind: code-review", "Review src/auth.rs.").await;
    let votes = view.decision.unwrap().votes;
    let weights: Vec<f64> = TIERS
        .iter()
        .map(|(name, ..)| votes.iter().find(|vote| vote.worker.as_str() == *name).unwrap().weight)
        .collect();
    assert!(weights.windows(2).all(|pair| pair[0] > pair[1]), "{weights:?}");
    rig.end().await;
}

#[tokio::test]
async fn unavailable_models_leave_the_work_to_a_higher_tier() {
    let rig = Rig::with(TEAM, "retries = 0\n", |_| {}).await;
    let weakest: Vec<&str> = TEAM.iter().filter(|(_, tier, _)| *tier == 5).map(|(name, ..)| *name).collect();
    for model in &weakest {
        rig.server.always(On::model(model), Reply::status(401));
    }
    let view = rig.task("mode: simple", "Brainstorm ideas for the onboarding of new users.").await;
    assert_eq!(view.row.state, "done", "{view:#?}");
    assert!(rig.called()[0].starts_with("gemini"), "{:?}", rig.called());
    let by = answered(&view)[0].replace('-', ".");
    let (_, tier, _) = TEAM.iter().find(|(name, ..)| name.replace('-', ".") == by).unwrap();
    assert!(*tier < 5, "{by} is no stronger");
    rig.end().await;
}

#[tokio::test]
async fn no_result_is_made_up_where_no_model_answers() {
    let rig = Rig::with(TEAM, "retries = 0\n", |_| {}).await;
    rig.server.always(On::any(), Reply::status(400));
    let view = rig.task("mode: medium", "Implement a stack.").await;
    assert_eq!(view.row.state, "failed", "{view:#?}");
    assert!(view.answer.as_ref().is_none_or(String::is_empty));
    assert_eq!(answered(&view), Vec::<String>::new());
    assert_eq!(rig.workspace.names("outputs/row"), Vec::<String>::new());
    rig.end().await;
}

#[tokio::test]
async fn sessions_at_once_are_no_more_than_the_limit() {
    // The same key twice would be no settings file; the rig's own bound is taken down by the workers' number here.
    let rig = Rig::with(TEAM, "", |workspace| {
        let path = workspace.root().join("synod.toml");
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, text.replace("max_concurrent_calls = 64", "max_concurrent_calls = 5")).unwrap();
    })
    .await;
    let gate = Gate::closed();
    let held = gate.clone();
    rig.server.otherwise(move |seen| Reply::Held(held.clone(), Box::new(Reply::text(fitting(seen)))));
    rig.workspace.drop_file("row.md", "---\nmode: architectural\nkind: code-review\n---\nReview src/auth.rs.\n");
    crate::it::harness::until("five are asked", || rig.called().len() == 5).await;
    // Whoever would be asked beside them would be by the time that another task has been taken in and stands in its file.
    rig.workspace.drop_file("other.md", "Check whether README.md exists.\n");
    let taken = || !rig.workspace.read_so_far("tasks/active/other_state.json").is_empty();
    crate::it::harness::until("the other task is taken", taken).await;
    assert_eq!(rig.called().len(), 5);
    gate.open();
    let view = rig.rested("row").await;
    assert_eq!(view.decision.unwrap().votes.len(), TEAM.len());
    rig.end().await;
}

#[test]
fn doctor_checks_every_program() {
    let workers = "[workers.claude]\nprovider = \"claude-code\"\n[workers.codex]\nprovider = \"codex\"\napi_key_env = \"OPENAI_API_KEY\"\n[workers.gemini]\nprovider = \"gemini-cli\"\n";
    let process = Process::new(|_| workers.to_owned()).key("OPENAI_API_KEY", "sk-of-codex");
    process.program("claude", &claude_says("ready"));
    process.program("codex", &codex_says("ready"));
    process.script("gemini", "#!/bin/sh\ncat >/dev/null\necho 'no login' >&2\nexit 41\n");
    let output = process.synod(&["doctor", "--json"]);
    let findings: Value = serde_json::from_slice(&output.stdout).unwrap();
    let all = findings.as_array().or_else(|| findings["findings"].as_array()).unwrap();
    let standing = |name: &str| all.iter().find(|found| found["name"] == name).unwrap()["standing"].clone();
    assert_eq!((standing("claude"), standing("codex")), (json!("ok"), json!("ok")), "{findings:#}");
    assert_ne!(standing("gemini"), "ok", "{findings:#}");
    assert!(!process.left("claude", "args").is_empty() && !process.left("codex", "args").is_empty(), "each was tried");
}

#[test]
fn performance_is_watched_by_report_and_by_metrics() {
    let process = board();
    process.up();
    process.task("models: [claude, gemini]\nkind: code-review", "Review src/auth.rs.");
    let row = |name: &str| {
        let report = process.json(&["report"]);
        report["workers"].as_array().unwrap().iter().find(|row| row["name"] == name).cloned()
    };
    process.until("the task is counted", || row("gemini").is_some_and(|row| row["tasks"] == 1));
    let claude = row("claude").unwrap();
    assert_eq!((&claude["calls"], &claude["success_rate"]), (&json!(1), &json!(1.0)), "{claude}");
    let mut socket = UnixStream::connect(process.workspace.root().join(".synod/synod.sock")).unwrap();
    socket.write_all(b"GET /metrics HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").unwrap();
    let mut said = String::new();
    socket.read_to_string(&mut said).unwrap();
    assert!(said.contains("synod_calls_total{worker=\"claude\",result=\"answered\"} 1"), "{said}");
}
