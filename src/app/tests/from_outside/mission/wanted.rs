//! What table D wants of a team beside its members, and table E of the board under it: parallelism, sessions that go on,
//! models by configuration, several ways to a model, three channels, and crashes that cost nothing.

use super::process::Process;
use super::programs::claude_says;
use super::rig::{Rig, TEAM, fitting, verdict};
use crate::it::harness::until;
use crate::support::model_server::{Gate, On, Outcome, Reply, Seen};
use serde_json::json;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A worker at the scripted server, for a settings file.
fn worker(url: &str, name: &str, tier: u8) -> String {
    format!(
        "[workers.{name}]\nprovider = \"openai\"\nbase_url = \"{url}/\"\nmodel = \"{name}\"\ntier = {tier}\nfamily = \"{name}\"\n"
    )
}

/// The calls that carry a marker in what is asked now.
fn asked(seen: &[Seen], marker: &str) -> usize {
    seen.iter().filter(|call| call.prompt.contains(marker)).count()
}

#[tokio::test]
async fn wanted_true_parallelism() {
    let rig = Rig::new(TEAM).await;
    // Nobody is answered before the three analysts were all asked: one after another they would wait for ever.
    let (gate, calls) = (Gate::closed(), AtomicUsize::new(0));
    rig.server.otherwise(move |seen| {
        if calls.fetch_add(1, Ordering::SeqCst) + 1 == 3 {
            gate.open();
        }
        Reply::Held(gate.clone(), Box::new(Reply::text(fitting(seen))))
    });
    let view = rig.task("pipeline: team-workflow", "Add a login with a password to the shop.").await;
    assert_eq!(view.row.state, "done", "{view:#?}");
    rig.end().await;
}

/// Three steps: the first and the last of one worker, and one between that the test holds up.
fn three_steps(worker: &str) -> String {
    format!(
        "---\nplan:\n  steps:\n    - {{ id: draft, do: Write marker-draft., models: [{worker}] }}\n    - {{ id: between, do: Look at marker-between., models: [gate] }}\n    - {{ id: finish, do: Polish marker-finish., needs: [draft, between], models: [{worker}] }}\n---\nDescribe the design.\n\nMind the harbour.\n"
    )
}

/// Hands in the three steps, kills the daemon when the first has answered, and lets the rest go on with the next one.
fn killed_between(process: &Process, worker: &str) {
    let gate = Gate::closed();
    let held = Reply::Held(gate.clone(), Box::new(Reply::text("seen")));
    process.server.always(On::model("gate"), held);
    process.up();
    process.workspace.drop_file("row.md", three_steps(worker));
    process.until("the first step has answered", || {
        process.workspace.read_so_far("communication/model_messages.log").contains("attempt_answered")
    });
    process.kill();
    gate.open();
    process.up();
    process.decision("row");
}

#[test]
fn wanted_sessions_of_a_program_go_on_after_a_restart_without_the_context_twice() {
    let process = Process::new(|server| {
        let claude = "[workers.claude]\nprovider = \"claude-code\"\n";
        format!("{claude}{}", worker(&server.v1(), "gate", 3))
    });
    process.program("claude", &claude_says("my part"));
    killed_between(&process, "claude");
    let args = process.left("claude", "args");
    let calls: Vec<&str> = args.lines().collect();
    assert_eq!(calls.len(), 2, "{args}");
    assert!(!calls[0].contains("--resume") && calls[1].contains("--resume s"), "{args}");
    let told = process.left("claude", "told");
    assert_eq!(told.matches("Mind the harbour.").count(), 1, "no context twice:\n{told}");
}

#[test]
fn wanted_conversations_over_http_go_on_after_a_restart() {
    let process =
        Process::new(|server| format!("{}{}", worker(&server.v1(), "writer", 2), worker(&server.v1(), "gate", 3)));
    process.server.always(On::model("writer"), Reply::text("the text of the draft"));
    killed_between(&process, "writer");
    let calls: Vec<Seen> = process.server.seen().into_iter().filter(|seen| seen.model == "writer").collect();
    assert_eq!(calls.len(), 2);
    let (now, all) = (&calls[1].prompt, &calls[1].conversation);
    assert!(now.contains("marker-finish") && !now.contains("Mind the harbour."), "{now}");
    assert!(all.contains("marker-draft") && all.contains("the text of the draft"), "{all}");
}

#[test]
fn wanted_models_are_added_by_configuration() {
    let process = Process::new(|server| worker(&server.v1(), "first", 1));
    process.server.otherwise(|_| Reply::text(verdict("approve", &json!([]))));
    process.up();
    let front = "mode: architectural\nkind: code-review";
    let votes = |decision: &serde_json::Value| decision["votes"].as_array().map(Vec::len);
    assert_eq!(votes(&process.task(front, "Review src/one.rs.")), Some(1));
    let settings = process.workspace.root().join("synod.toml");
    let more = std::fs::read_to_string(&settings).unwrap() + &worker(&process.server.v1(), "newcomer", 4);
    std::fs::write(&settings, more).unwrap();
    assert!(process.synod(&["down"]).status.success());
    process.up();
    process.workspace.drop_file("next.md", format!("---\n{front}\n---\nReview src/two.rs.\n"));
    assert_eq!(votes(&process.decision("next")), Some(2));
    assert!(process.server.seen().iter().any(|seen| seen.model == "newcomer"));
}

#[test]
fn wanted_more_than_one_way_to_a_model() {
    let process = Process::new(|server| {
        let (model, url) = ("model = \"claude-sonnet-4-5\"", server.url());
        format!(
            "[workers.claude-program]\nprovider = \"claude-code\"\n{model}\n\
             [workers.claude-wire]\nprovider = \"anthropic\"\napi_key_env = \"ANTHROPIC_API_KEY\"\nbase_url = \"{url}\"\n{model}\n"
        )
    })
    .key("ANTHROPIC_API_KEY", "key");
    process.script("claude", "#!/bin/sh\ncat >/dev/null\necho 'Not logged in' >&2\nexit 1\n");
    process.server.always(On::any(), Reply::text("by the other way"));
    process.up();
    let decision =
        process.task("models: [claude-program, claude-wire]\nmode: simple\nkind: implementation", "Implement a stack.");
    assert_eq!((&decision["answer"], &decision["answer_by"]), (&json!("by the other way"), &json!("claude-wire")));
    assert_eq!(process.server.seen()[0].model, "claude-sonnet-4-5");
}

/// The files in a folder and below it, as paths from there.
fn below(folder: &std::path::Path) -> Vec<String> {
    let mut all = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).into_iter().flatten().flatten() {
            let path = entry.path();
            match path.is_dir() {
                true => folders.push(path),
                false => all.push(path.strip_prefix(folder).unwrap().display().to_string()),
            }
        }
    }
    all.sort();
    all
}

#[test]
fn channels_memories_coordination_and_the_log_all_tell_of_a_task_and_survive_a_crash() {
    let process =
        Process::new(|server| format!("{}{}", worker(&server.v1(), "writer", 2), worker(&server.v1(), "gate", 3)));
    process.server.always(On::model("writer"), Reply::text("the text of the draft"));
    let gate = Gate::closed();
    process.server.always(On::model("gate"), Reply::Held(gate.clone(), Box::new(Reply::text("seen"))));
    process.up();
    process.workspace.drop_file("row.md", three_steps("writer"));
    let (memories, coordination) =
        (process.workspace.root().join("memories/orchestration"), process.workspace.root().join("AI_COORDINATION"));
    let log = || process.workspace.read_so_far("communication/INTERCOMMUNICATION_LOG.md");
    let told = || {
        let (first, second) = (below(&memories), below(&coordination));
        let has = |all: &[String], wanted: &str| all.iter().any(|path| path == wanted);
        ["task-definition", "shared-context", "progress"]
            .iter()
            .all(|name| has(&first, &format!("current-task/row/{name}.md")))
            && has(&first, "model-outputs/row/writer.md")
            && has(&second, "tasks/active/row.md")
            && has(&second, "tasks/active/row_state.json")
            && has(&second, "sessions/writer_row.json")
            && log().contains(" - writer (writer) - row")
    };
    process.until("all three channels tell of the work so far", told);
    process.kill();
    assert!(told(), "a crash takes nothing of it away");
    gate.open();
    process.up();
    process.decision("row");
    process.until("the memories moved to the history", || {
        below(&memories.join("history")).iter().any(|path| path.ends_with("-row/coordination/consensus.md"))
    });
    let history = below(&memories.join("history"));
    for name in
        ["task-definition", "progress", "model-outputs/writer", "coordination/conflicts", "coordination/decisions"]
    {
        let wanted = format!("-row/{name}.md");
        assert!(history.iter().any(|path| path.ends_with(&wanted)), "no {wanted} in {history:?}");
    }
    let second = below(&coordination);
    for name in ["decisions/row.md", "decisions/row.json", "tasks/done/row.md", "communication/model_messages.log"] {
        assert!(second.iter().any(|path| path == name), "no {name} in {second:?}");
    }
    let verified = process.synod(&["log", "verify"]);
    assert!(verified.status.success(), "{verified:?}");
    assert_eq!(log().matches(" - gate (gate) - row").count(), 1, "each entry stands once: {}", log());
}

#[test]
fn wanted_crashes_and_restarts_cost_no_finished_call() {
    let process = Process::new(|server| {
        let names = ["claude", "gpt-5-high", "gpt-5-codex-high", "gemini-2-5-pro", "cheetah"];
        names.iter().zip(1..).map(|(name, tier)| worker(&server.v1(), name, tier)).collect()
    });
    // The plan is held until the daemon was killed: by then the three analyses have answered.
    let gate = Gate::closed();
    let held = gate.clone();
    process.server.otherwise(move |seen| {
        let plans = seen.body.to_string().contains("You are the chair.");
        let reply = Reply::text(fitting(seen));
        if plans { Reply::Held(held.clone(), Box::new(reply)) } else { reply }
    });
    process.up();
    process.workspace.drop_file("row.md", "---\npipeline: team-workflow\n---\nAdd a login to the shop.\n");
    let answered = || process.server.seen().iter().filter(|call| call.outcome == Outcome::Answered).count();
    process.until("the analyses have answered and the plan is asked for", || {
        answered() == 3 && process.server.seen().len() == 4
    });
    let log = || process.workspace.read_so_far("communication/model_messages.log");
    process.until("the analyses are written", || log().matches("\"attempt_answered\"").count() == 3);
    process.kill();
    gate.open();
    process.up();
    let decision = process.decision("row");
    assert!(!decision["answer"].as_str().unwrap().is_empty(), "{decision:#}");
    let seen = process.server.seen();
    let analyses: Vec<&Seen> = seen[..3].iter().collect();
    for call in analyses {
        let same = seen.iter().filter(|other| other.body == call.body && other.model == call.model).count();
        assert_eq!(same, 1, "asked once: {}", call.prompt);
    }
    assert!(process.synod(&["log", "verify"]).status.success());
}

#[tokio::test]
async fn wanted_what_is_written_into_the_shared_context_reaches_the_next_model() {
    let rig = Rig::new(TEAM).await;
    let gate = Gate::closed();
    rig.server.always(On::prompt("marker-first"), Reply::Held(gate.clone(), Box::new(Reply::text("first"))));
    let plan = "---\nplan:\n  steps:\n    - { id: a, do: Make marker-first., models: [cheetah] }\n    - { id: b, do: Make marker-second., needs: [a], models: [grok-4-code] }\n---\nMake it.\n";
    rig.workspace.drop_file("row.md", plan);
    until("the first is under way", || asked(&rig.server.seen(), "marker-first") == 1).await;
    let name = "orchestration/current-task/row/shared-context".to_owned();
    let write = synod::api::Request::MemoryWrite {
        name,
        text: "The marker-shared: the shop closes at nine.".to_owned(),
        if_revision: None,
        by: "anna".to_owned(),
    };
    rig.ask(write).await;
    gate.open();
    rig.rested("row").await;
    let seen = rig.server.seen();
    let second = seen.iter().find(|call| call.prompt.contains("marker-second")).unwrap();
    assert!(second.prompt.contains("marker-shared"), "{}", second.prompt);
    assert!(second.prompt.contains("first"), "and it reads what the first one made");
    rig.end().await;
}
