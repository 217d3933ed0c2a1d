//! The two older files, as their documents give them.

#![expect(clippy::unwrap_used, reason = "a failing test may stop where it stands")]

use super::import;
use crate::config::{Provider, layers};

const YAML: &str = r#"
agents:
  sisyphus: { model: gemini-1.5-pro, api_key_env: GEMINI_API_KEY, max_tokens: 2000000, temperature: 0.7 }
  hephaestus:
    model: qwen2.5-coder:32b
    api_base: http://localhost:11434
    max_tokens: 32768
    temperature: 0.3
  oracle: { model: claude-3-5-sonnet, api_key: "${ANTHROPIC_API_KEY}", max_tokens: 8192, temperature: 0.5 }
  librarian: { model: openai/gpt-4o-mini, api_key: abcdef, shoe_size: 43 }
routing: { auto_classify: true, allow_manual_override: true, enable_fallback: false }
performance: { track_metrics: true, metrics_file: .agent/multi_model_metrics.json }
"#;

const JSON: &str = r#"{
  "mcpServers": {
    "claude": { "command": "claude", "args": ["mcp", "serve"] },
    "GPT-5 Codex": { "command": "npx", "args": ["-y", "codex", "-m", "gpt-5-codex"], "env": { "OPENAI_API_KEY": "abc", "HOME_PAGE": "${X}" } },
    "serena": { "command": "uvx", "args": ["--from", "git+https://github.com/oraios/serena", "serena-mcp-server"] },
    "files": { "command": "npx", "args": ["server-filesystem"] }
  },
  "orchestration": {
    "parallelProcessing": true, "maxConcurrentSessions": 7, "consensusThreshold": 0.85,
    "autoHandoff": true, "sessionPersistence": true, "contextSharing": true
  }
}"#;

#[test]
fn the_older_yaml_becomes_workers() {
    let made = import(YAML, "").unwrap();
    let workers = layers::parse(&made.text).unwrap().settings.workers;
    let names: Vec<&str> = workers.keys().map(String::as_str).collect();
    assert_eq!(names, ["sisyphus", "hephaestus", "oracle", "librarian"]);
    let sisyphus = &workers["sisyphus"];
    assert_eq!((sisyphus.provider, sisyphus.roles.join(",")), (Provider::Gemini, "planner".to_owned()));
    assert_eq!((sisyphus.context_window, sisyphus.max_tokens), (Some(2_000_000), None), "a window, no answer's length");
    let hephaestus = &workers["hephaestus"];
    assert_eq!(
        (hephaestus.provider, hephaestus.base_url.as_deref()),
        (Provider::Ollama, Some("http://localhost:11434/v1/"))
    );
    assert_eq!((hephaestus.temperature, hephaestus.max_tokens), (Some(0.3), Some(32_768)));
    assert_eq!(workers["oracle"].api_key_env.as_deref(), Some("ANTHROPIC_API_KEY"));
    assert_eq!(
        (workers["librarian"].provider, workers["librarian"].model.as_deref()),
        (Provider::Openai, Some("gpt-4o-mini"))
    );
    let left: Vec<&str> = made.left.iter().map(|(from, _)| from.as_str()).collect();
    assert_eq!(
        left,
        [
            "agents.librarian.api_key",
            "agents.librarian.shoe_size",
            "routing.auto_classify",
            "routing.allow_manual_override",
            "routing.enable_fallback",
            "performance.track_metrics",
            "performance.metrics_file"
        ]
    );
    assert!(!made.text.contains("abcdef") && !format!("{made:?}").contains("abcdef"), "no key is copied or told");
}

#[test]
fn the_mcp_json_becomes_workers_and_limits() {
    let made = import(JSON, "").unwrap();
    let settings = layers::parse(&made.text).unwrap().settings;
    let names: Vec<&str> = settings.workers.keys().map(String::as_str).collect();
    assert_eq!(names, ["claude", "gpt-5-codex"]);
    let codex = &settings.workers["gpt-5-codex"];
    assert_eq!((codex.provider, codex.model.as_deref()), (Provider::Codex, Some("gpt-5-codex")));
    assert_eq!(codex.env, ["OPENAI_API_KEY", "HOME_PAGE"]);
    assert_eq!((settings.limits.max_concurrent_calls, settings.limits.sessions), (7, true));
    let threshold = settings.consensus.threshold;
    assert_eq!([threshold.low, threshold.normal, threshold.high, threshold.critical], [0.6, 0.85, 0.85, 0.9]);
    let left: Vec<&str> = made.left.iter().map(|(from, _)| from.as_str()).collect();
    assert_eq!(
        left,
        [
            "mcpServers.GPT-5 Codex.env.OPENAI_API_KEY",
            "mcpServers.serena",
            "mcpServers.files",
            "orchestration.parallelProcessing",
            "orchestration.autoHandoff",
            "orchestration.contextSharing"
        ]
    );
    assert!(!made.text.contains("abc"));
}

#[test]
fn what_stands_already_stays_with_its_comments() {
    let existing = "# mine\n[limits]\nmax_concurrent_calls = 2 # few\n\n[workers.claude]\nprovider = \"claude-code\"\nmodel = \"x\"\n";
    let made = import(JSON, existing).unwrap();
    assert!(made.text.starts_with("# mine\n[limits]\nmax_concurrent_calls = 2 # few\n"), "{}", made.text);
    assert_eq!(made.kept, ["workers.claude", "limits.max_concurrent_calls"]);
    let again = import(JSON, &made.text).unwrap();
    assert_eq!(again.text, made.text, "asked twice it changes nothing more");
}

#[test]
fn what_is_no_such_file_is_refused() {
    for text in ["", "7", "[1]", "{", "a: b", "{\"a\": 1}", "agents: &a {x: *a}", "a: [b"] {
        assert!(import(text, "").is_err(), "{text}");
    }
    assert!(import("agents: {}", "not toml").is_err());
    let broken = "[limits]\nretries = \"many\"\n";
    let wrong = import("agents: {a: {model: gpt-5}}", broken).unwrap_err();
    assert!(wrong.contains("limits.retries"), "what was wrong before is not taken out: {wrong}");
    for odd in ["agents: 7", "agents: {a: 7}", "agents: {'': {model: x}}", "orchestration: {consensusThreshold: 7}"] {
        assert_eq!(import(odd, "").unwrap().left.len(), 1, "{odd}");
    }
}

#[test]
fn one_bad_value_keeps_no_other_out() {
    let yaml = "agents:\n  a: { model: gpt-5, temperature: 3.3, max_tokens: 100 }\n  b: { model: o3 }\n";
    let made = import(yaml, "").unwrap();
    let settings = layers::parse(&made.text).unwrap().settings;
    assert_eq!(settings.workers.keys().collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!((settings.workers["a"].temperature, settings.workers["a"].max_tokens), (None, Some(100)));
    let (from, why) = made.left.last().unwrap();
    assert_eq!(from, "agents.a.temperature");
    assert!(why.contains("must be from 0 to 2"), "{why}");
    assert!(!made.became.iter().any(|(from, _)| from == "agents.a.temperature"), "{:?}", made.became);
}

#[test]
fn what_arguments_say_becomes_a_setting_or_is_told_without_its_value() {
    let json = r#"{"mcpServers": {
        "codex": {"command": "codex", "args": ["mcp-server", "-c", "model_reasoning_effort=high", "-c", "api=abc", "--key=def", "-m", "o3"]},
        "odd": {"command": "codex", "args": ["-c", "model_reasoning_effort=ultra"]}
    }}"#;
    let made = import(json, "").unwrap();
    let workers = layers::parse(&made.text).unwrap().settings.workers;
    assert_eq!(workers["codex"].reasoning_effort.map(crate::config::Effort::as_str), Some("high"));
    assert_eq!(workers["odd"].reasoning_effort, None);
    let left: Vec<String> = made.left.iter().map(|(from, why)| format!("{from} {why}")).collect();
    assert!(left[0].starts_with("mcpServers.codex.args has -c api, --key, which were not"), "{left:?}");
    assert!(
        left[1].starts_with("mcpServers.odd.args was not taken over, because workers.odd.reasoning_effort"),
        "{left:?}"
    );
    assert!(!format!("{made:?}").contains("abc") && !format!("{made:?}").contains("def\""), "values may be keys");
}
