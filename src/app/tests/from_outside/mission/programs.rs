//! Table C's runners, each through a dropped file and a daemon that starts the program (or calls the server) itself: what it
//! is given, and that what it prints in its own form comes out as the answer.

use super::process::Process;
use super::rig::verdict;
use crate::support::model_server::{Auth, Reply};
use serde_json::json;

const CODE: &str = "Here it is.\n\n```rust\nfn add(a: i32, b: i32) -> i32 { a + b }\n```\n";

/// What Claude Code prints that says this.
pub(super) fn claude_says(text: &str) -> String {
    let usage = json!({"input_tokens": 10, "output_tokens": 20});
    json!({"type": "result", "subtype": "success", "is_error": false, "result": text, "session_id": "s", "total_cost_usd": 0.01, "usage": usage})
        .to_string()
}

/// The same of Codex: a line for each thing that happens.
pub(super) fn codex_says(text: &str) -> String {
    let lines = [
        json!({"type": "thread.started", "thread_id": "01a1fa8b-0d6a-7202-ae3a-2ee4651183d2"}),
        json!({"type": "item.completed", "item": {"id": "0", "type": "reasoning", "text": "let me think"}}),
        json!({"type": "item.completed", "item": {"id": "1", "type": "agent_message", "text": text}}),
        json!({"type": "turn.completed", "usage": {"input_tokens": 30, "cached_input_tokens": 0, "output_tokens": 40}}),
    ];
    lines.map(|line| format!("{line}\n")).concat()
}

/// The same of Gemini CLI.
fn gemini_says(text: &str) -> String {
    let tokens = json!({"prompt": 50, "candidates": 60, "total": 110, "cached": 0, "thoughts": 0, "tool": 0});
    json!({"session_id": "g", "response": text, "stats": {"models": {"gemini-2.5-pro": {"tokens": tokens}}}})
        .to_string()
}

const WORKERS: &str = r#"
[workers.claude-code]
provider = "claude-code"
tier = 1
[workers.codex]
provider = "codex"
model = "gpt-5-codex"
api_key_env = "OPENAI_API_KEY"
tier = 2
[workers.gemini]
provider = "gemini-cli"
tier = 3
[workers.grok]
provider = "xai"
base_url = "SERVER/"
api_key_env = "XAI_API_KEY"
model = "grok-4"
tier = 4
[workers.mine]
provider = "command"
command = ["my-runner", "--model", "{model}", "--file", "{prompt_file}"]
model = "my-model"
tier = 5
"#;

/// All the runners of the table and one of somebody's own, each saying this in its own form.
fn runners(text: &str) -> Process {
    let process = Process::new(|server| WORKERS.replace("SERVER", &server.v1()))
        .key("OPENAI_API_KEY", "sk-of-codex")
        .key("XAI_API_KEY", "key-of-grok");
    process.program("claude", &claude_says(text));
    process.program("codex", &codex_says(text));
    process.program("gemini", &gemini_says(text));
    process.program("my-runner", text);
    let text = text.to_owned();
    process.server.otherwise(move |_| Reply::text(text.clone()));
    process
}

/// One runner makes what is asked for. Its program, and the arguments that it must have been given.
fn makes(worker: &str, program: &str, wanted: &[&str]) -> Process {
    let process = runners(CODE);
    process.up();
    let text = "Implement a function that adds two numbers.";
    let decision = process.task(&format!("models: [{worker}]\nmode: simple\nkind: implementation"), text);
    assert_eq!(decision["answer"], CODE, "{decision:#}");
    assert_eq!(decision["answer_by"], worker);
    if !program.is_empty() {
        let (args, told) = (process.left(program, "args"), process.left(program, "told"));
        for part in wanted {
            assert!(args.contains(part), "{part} is not in {args}");
        }
        assert!(told.contains(text) && !args.contains(text), "the prompt goes over stdin: {args}");
        assert!(!args.contains("sk-of-codex"), "no key is on the command line: {args}");
    }
    process
}

#[test]
fn runner_claude_code_is_a_program() {
    let process = makes("claude-code", "claude", &["-p", "--output-format json"]);
    let tokens = &process.workspace.decision("row")["tokens"];
    assert_eq!((&tokens["input"], &tokens["output"]), (&json!(10), &json!(20)));
}

#[test]
fn runner_codex_is_a_program() {
    let process = makes("codex", "codex", &["exec --json", "-m gpt-5-codex", "-s read-only"]);
    let tokens = &process.workspace.decision("row")["tokens"];
    assert_eq!((&tokens["input"], &tokens["output"]), (&json!(30), &json!(40)));
}

#[test]
fn runner_gemini_is_a_program() {
    let process = makes("gemini", "gemini", &["-o json"]);
    let tokens = &process.workspace.decision("row")["tokens"];
    assert_eq!((&tokens["input"], &tokens["output"]), (&json!(50), &json!(60)));
}

#[test]
fn runner_grok_is_called_over_http() {
    let process = makes("grok", "", &[]);
    let seen = process.server.seen();
    assert_eq!((seen.len(), seen[0].model.as_str()), (1, "grok-4"));
    assert!(matches!(&seen[0].auth, Auth::Bearer(key) if key == "key-of-grok"), "{:?}", seen[0].auth);
}

#[test]
fn runner_of_ones_own_is_any_program() {
    makes("mine", "my-runner", &["--model my-model --file "]);
}

#[test]
fn runners_of_all_sorts_vote_together_and_one_that_fails_spoils_nothing() {
    let process = runners(&verdict("approve", &json!([])));
    process.script("gemini", "#!/bin/sh\ncat >/dev/null\necho 'no login' >&2\nexit 41\n");
    process.up();
    let decision = process.task("mode: architectural\nkind: code-review", "Review src/auth.rs.");
    let voters: Vec<&str> =
        decision["votes"].as_array().unwrap().iter().map(|vote| vote["worker"].as_str().unwrap()).collect();
    assert_eq!(voters.len(), 4, "{decision:#}");
    for worker in ["claude-code", "codex", "grok", "mine"] {
        assert!(voters.contains(&worker), "{voters:?}");
    }
    assert_eq!(decision["failed_workers"][0]["worker"], "gemini");
    process.until("there is an output for each model", || process.workspace.names("outputs/row").len() == 4);
}

/// The command takes task, mode, models, verbose, JSON and timeout, and carries the engine itself.
#[test]
fn run_takes_task_mode_models_verbose_json_and_timeout() {
    let process = runners(CODE);
    let text = "Implement an API endpoint of the user service that reads the database.";
    let args = ["run", text, "--mode", "simple", "--models", "mine", "--timeout", "60s", "--json"];
    let output = process.synod(&args);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let result: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        (&result["mode"], &result["kind"], &result["state"]),
        (&json!("simple"), &json!("implementation"), &json!("done"))
    );
    assert_eq!(result["answer"], CODE);
    let decision = &result["decision"];
    assert_eq!(decision["category"], "backend", "{decision:#}");
    assert_eq!(decision["needs_human_review"], true, "one alone was checked by nobody");
    assert!(decision["review_reasons"][0].is_string() && decision["reasoning"].is_string());
    assert!(decision["duration_s"].as_f64().unwrap() > 0.0);
    let talk =
        process.synod(&["run", "Implement a stack.", "--mode", "simple", "--models", "mine", "--verbose"]).stderr;
    let talk = String::from_utf8(talk).unwrap();
    assert!(talk.contains("mine: working on") && talk.contains("mine: answered"), "who does what is told: {talk}");
    let hangs = Process::new(|_| "[workers.slow]\nprovider = \"command\"\ncommand = [\"sleep\", \"600\"]\n".to_owned());
    let late = hangs.synod(&["run", "Check it", "--timeout", "300ms", "--json"]);
    assert_eq!(late.status.code(), Some(5), "its time is up: {late:?}");
}

/// Every option that a program was given stands in the page about it.
#[test]
fn syntax_of_every_program_is_documented() {
    let page = include_str!("../../../../../docs/cli-workers.md");
    for (worker, program) in [("claude-code", "claude"), ("codex", "codex"), ("gemini", "gemini")] {
        let process = makes(worker, program, &[]);
        let args = process.left(program, "args");
        let heading = format!("## `{program}`");
        let section = page.split_once(&heading).unwrap_or_else(|| panic!("no {heading}")).1;
        let section = section.split("\n## ").next().unwrap();
        for option in args.split_whitespace().filter(|word| word.starts_with('-')) {
            assert!(section.contains(option), "{option} of {program} is not in docs/cli-workers.md");
        }
    }
    for program in ["copilot", "opencode", "grok", "command"] {
        assert!(page.contains(&format!("## `{program}`")), "nothing about {program}");
    }
}
