//! What `synod connect` writes works: the entry is started just as a client would start it, and answers MCP's first words.
#![expect(clippy::disallowed_methods, reason = "the binary itself is what is tested here")]

use super::cli::{APPROVES, out, run};
use super::harness::Workspace;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

/// Starts the entry as a client does, says the first words, and gives the names of the tools.
fn shaken(entry: &Value, home: &Path, folder: &Path) -> Vec<String> {
    let args = entry["args"].as_array().unwrap().iter().map(|arg| arg.as_str().unwrap());
    let mut command = Command::new(entry["command"].as_str().unwrap());
    command.args(args).current_dir(folder).env("HOME", home).env_remove("XDG_CONFIG_HOME");
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut say = |message: Value| writeln!(stdin, "{message}").unwrap();
    let mut answer = |id: u64| loop {
        let message: Value = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
        if message["id"] == id {
            return message;
        }
    };
    let hello = json!({ "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": { "name": "test", "version": "1" } });
    say(json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": hello }));
    assert_eq!(answer(1)["result"]["protocolVersion"], "2025-06-18");
    say(json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }));
    say(json!({ "jsonrpc": "2.0", "id": 2, "method": "tools/list" }));
    let tools = answer(2);
    drop(stdin);
    assert!(child.wait().unwrap().success());
    tools["result"]["tools"].as_array().unwrap().iter().map(|tool| tool["name"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn an_entry_that_was_written_answers_and_is_taken_out_again() {
    let workspace = Workspace::new(APPROVES);
    let root = workspace.root();
    let elsewhere = tempfile::tempdir().unwrap();
    std::fs::create_dir(root.join(".codex")).unwrap();
    std::fs::write(root.join(".codex/config.toml"), "# mine\nmodel = \"gpt-5\"\n").unwrap();

    for client in ["claude", "codex"] {
        let connected = run(root, &["connect", client]);
        assert_eq!(connected.status.code(), Some(0), "{connected:?}");
    }
    let claude: Value = serde_json::from_slice(&std::fs::read(root.join(".claude.json")).unwrap()).unwrap();
    let codex: toml::Table =
        toml::from_str(&std::fs::read_to_string(root.join(".codex/config.toml")).unwrap()).unwrap();
    for entry in [claude["mcpServers"]["synod"].clone(), serde_json::to_value(&codex["mcp_servers"]["synod"]).unwrap()]
    {
        let tools = shaken(&entry, root, elsewhere.path());
        assert!(tools.iter().any(|tool| tool == "write_memory"), "{tools:?}");
    }
    for client in ["claude", "codex"] {
        assert_eq!(run(root, &["connect", client, "--remove"]).status.code(), Some(0));
    }
    assert!(!root.join(".claude.json").exists());
    assert_eq!(std::fs::read_to_string(root.join(".codex/config.toml")).unwrap(), "# mine\nmodel = \"gpt-5\"\n");
    // The first client started the daemon.
    assert!(out(&run(root, &["down"])).starts_with("ended"));
}
