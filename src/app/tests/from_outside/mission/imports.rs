//! What tables B and E bring along from older systems: their settings and their metrics. Each file is imported with the
//! command that people use, and tasks are dropped on what came of it.

use super::process::Process;
use super::rig::verdict;
use crate::support::model_server::Wire;
use serde_json::{Value, json};

/// The YAML of table B, with every model behind the scripted server.
const YAML: &str = r#"
agents:
  sisyphus: { model: gemini-1.5-pro, api_base: "SERVER", api_key_env: GEMINI_API_KEY, max_tokens: 2000000, temperature: 0.7 }
  hephaestus: { model: "qwen2.5-coder:32b", provider: ollama, api_base: "SERVER", max_tokens: 32768, temperature: 0.3 }
  oracle: { model: claude-3-5-sonnet, api_base: "SERVER", api_key_env: ANTHROPIC_API_KEY, max_tokens: 8192, temperature: 0.5 }
  librarian: { model: gpt-4o-mini, api_base: "SERVER/v1", api_key_env: OPENAI_API_KEY, max_tokens: 16384, temperature: 0.3 }
routing: { auto_classify: true, allow_manual_override: true, enable_fallback: true }
performance: { track_metrics: true, metrics_file: .agent/multi_model_metrics.json }
"#;

/// Writes a file of the workspace; where it is.
fn write(process: &Process, path: &str, text: &str) -> String {
    let path = process.workspace.root().join(path);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, text).unwrap();
    path.display().to_string()
}

#[test]
fn settings_in_yaml_become_workers_each_called_for_its_role() {
    let process = Process::new(|_| String::new())
        .key("GEMINI_API_KEY", "gemini-key")
        .key("ANTHROPIC_API_KEY", "anthropic-key")
        .key("OPENAI_API_KEY", "openai-key");
    let file = write(&process, ".agent/multi_model.yaml", &YAML.replace("SERVER", &process.server.url()));
    let made = process.synod(&["config", "import", &file, "--write"]);
    assert!(made.status.success(), "{made:?}");
    process.up();
    let rows = [
        ("sisyphus", "gemini-1.5-pro", Wire::Gemini, json!(0.7)),
        ("hephaestus", "qwen2.5-coder:32b", Wire::OpenAiChat, json!(0.3)),
        ("oracle", "claude-3-5-sonnet", Wire::Anthropic, json!(0.5)),
        ("librarian", "gpt-4o-mini", Wire::OpenAiChat, json!(0.3)),
    ];
    for (agent, model, wire, temperature) in rows {
        let before = process.server.seen().len();
        process.workspace.drop_file(&format!("{agent}.md"), format!("---\nrole: {agent}\n---\nLook after the shop.\n"));
        process.decision(agent);
        let seen = process.server.seen().split_off(before);
        assert_eq!((seen.len(), seen[0].model.as_str(), seen[0].wire), (1, model, wire), "{agent}");
        let sent = seen[0].body.get("temperature").or_else(|| seen[0].body.pointer("/generationConfig/temperature"));
        assert_eq!(sent, Some(&temperature), "{agent}: {}", seen[0].body);
    }
    // The file stays where it is; what a key is was never copied.
    let settings = std::fs::read_to_string(process.workspace.root().join("synod.toml")).unwrap();
    assert!(!settings.contains("-key\""), "{settings}");
}

#[test]
fn metrics_of_the_older_system_stand_in_the_report() {
    let process = Process::new(|_| String::new());
    let entry = |task_type: &str, seconds: f64, tokens: u64, success: bool| json!({"timestamp": "2026-11-19T10:00:00", "task_type": task_type, "duration": seconds, "tokens": tokens, "success": success});
    let metrics = json!({
        "sisyphus": [entry("planning", 9.0, 4000, true)],
        "oracle": [entry("review", 4.0, 900, true), entry("review", 6.0, 1100, false)],
        "librarian": [entry("search", 1.0, 300, true)],
    });
    let file = write(&process, ".agent/multi_model_metrics.json", &metrics.to_string());
    let told = process.json(&["report", "import", &file]);
    assert_eq!((&told["entries"], &told["unread"]), (&json!(4), &json!(0)), "{told}");
    let report = process.json(&["report"]);
    let of = |side: &str, name: &str| {
        let rows = report[side].as_array().unwrap();
        rows.iter().find(|row| row["name"] == name).cloned().unwrap_or_else(|| panic!("no {name} in {report:#}"))
    };
    let reviewer = of("roles", "reviewer");
    assert_eq!((&reviewer["tasks"], &reviewer["success_rate"]), (&json!(2), &json!(0.5)), "{reviewer}");
    assert_eq!((&reviewer["mean_seconds"], &reviewer["input_tokens"]), (&json!(5.0), &json!(2000)), "{reviewer}");
    assert_eq!(of("kinds", "code-review")["tasks"], 2);
    assert_eq!(of("workers", "librarian")["tasks"], 1);
    let again = process.synod(&["report", "import", &file]);
    assert_eq!(process.json(&["report"])["total"]["tasks"], 4, "a file counts once: {again:?}");
}

/// The JSON of table E.
const JSON: &str = r#"{
  "mcpServers": {
    "claude": { "command": "claude", "args": ["mcp", "serve"] },
    "codex": { "command": "npx", "args": ["-y", "codex", "-m", "gpt-5-codex"], "env": { "OPENAI_API_KEY": "${OPENAI_API_KEY}" } }
  },
  "orchestration": {
    "parallelProcessing": true, "maxConcurrentSessions": 5, "consensusThreshold": 0.7,
    "autoHandoff": true, "sessionPersistence": true, "contextSharing": true
  }
}"#;

/// The value of one key, as `config show` gives it.
fn shown(process: &Process, key: &str) -> Value {
    let rows = process.json(&["config", "show", key]);
    let rows = rows.as_array().unwrap();
    rows.iter().find(|row| row["key"] == key).unwrap_or_else(|| panic!("no {key} in {rows:?}"))["value"].clone()
}

#[test]
fn settings_in_mcp_json_become_limits_thresholds_and_programs_that_are_started() {
    let process = Process::new(|_| String::new()).key("OPENAI_API_KEY", "sk-of-codex");
    // What is in synod.toml already would stay; the table's own number is to be seen.
    std::fs::write(process.workspace.root().join("synod.toml"), "").unwrap();
    let says = verdict("approve", &json!([]));
    process.program("claude", &super::programs::claude_says(&says));
    process.program("codex", &super::programs::codex_says(&says));
    let file = write(&process, ".mcp.json", JSON);
    let made = process.synod(&["config", "import", &file, "--write"]);
    assert!(made.status.success(), "{made:?}");
    assert_eq!(shown(&process, "limits.max_concurrent_calls"), "5");
    assert_eq!(shown(&process, "consensus.threshold.normal"), "0.7");
    assert_eq!(shown(&process, "limits.sessions"), "true");
    let told = String::from_utf8(made.stderr).unwrap() + &String::from_utf8(made.stdout).unwrap();
    for key in ["parallelProcessing", "autoHandoff", "contextSharing"] {
        assert!(told.contains(key), "what became of {key} is not said: {told}");
    }
    process.up();
    let decision = process.task("mode: architectural\nkind: code-review", "Review src/auth.rs.");
    assert_eq!(decision["votes"].as_array().map(Vec::len), Some(2), "{decision:#}");
    assert!(process.left("claude", "args").contains("-p") && process.left("codex", "args").contains("-m gpt-5-codex"));
}
