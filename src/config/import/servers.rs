//! `mcpServers`: programs that are models by themselves become workers that run them; a server of other tools becomes one
//! where it is known which tool answers.

use super::{Draft, texts, variable, worker_name};
use crate::config::provider::Provider;
use serde_json::{Map, Value};
use std::path::Path;

pub(super) fn servers(draft: &mut Draft, key: &str, value: &Value) {
    let Value::Object(servers) = value else { return draft.left(key, "is no table of servers") };
    for (name, server) in servers {
        let from = format!("{key}.{name}");
        match (server, worker_name(name)) {
            (Value::Object(server), Some(worker)) => self::server(draft, &from, &worker, server),
            (Value::Object(_), None) => draft.left(&from, "has a name that no worker can bear"),
            _ => draft.left(&from, "is no table of a server's settings"),
        }
    }
}

fn server(draft: &mut Draft, from: &str, worker: &str, server: &Map<String, Value>) {
    let command = server.get("command").and_then(Value::as_str);
    let args: Vec<&str> =
        server.get("args").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
    let words: Vec<&str> = command.into_iter().chain(args.iter().copied()).collect();
    if server.get("disabled").and_then(Value::as_bool) == Some(true) {
        return draft.left(from, "is switched off there, so no worker was made of it");
    }
    if words.iter().any(|word| names(word, "serena")) {
        return draft.left(
            from,
            "keeps memories, and so does Synod: set workspace.memories = \".serena/memories\" to share its files",
        );
    }
    if words.iter().any(|word| names(word, "synod")) {
        return draft.left(from, "is Synod itself; put it into a client with: synod connect");
    }
    if draft.has_worker(worker) {
        return draft.import.kept.push(format!("workers.{worker}"));
    }
    let url = ["url", "httpUrl", "serverUrl"].into_iter().find_map(|key| server.get(key)?.as_str());
    match (words.iter().find_map(|word| program(word)), command, url) {
        (Some(provider), _, _) => {
            draft.set(&format!("{from}.command"), &["workers", worker, "provider"], provider.as_str());
            if let Some(model) = model(&args) {
                draft.set(&format!("{from}.args"), &["workers", worker, "model"], model);
            }
            if let Some(effort) = effort(&args) {
                draft.set(&format!("{from}.args"), &["workers", worker, "reasoning_effort"], effort);
            }
            let untold = other_flags(&args);
            if !untold.is_empty() {
                let flags = untold.join(", ");
                draft.left(&format!("{from}.args"), &format!("has {flags}, which were not taken over: docs/cli-workers.md says how the program is called here"));
            }
        }
        (None, Some(_), _) => {
            unsettled(draft, from, worker, &format!("command = {}", texts(&words).to_string().trim()))
        }
        (None, None, Some(url)) => unsettled(draft, from, worker, &format!("url = \"{url}\"")),
        (None, None, None) => return draft.left(from, "names neither a command nor an address"),
    }
    environment(draft, from, worker, server);
}

/// Which of a server's tools answers a prompt cannot be known from here.
fn unsettled(draft: &mut Draft, from: &str, worker: &str, how: &str) {
    let why = format!(
        "is a server of tools, and which of them answers a prompt is not said; if one does, add [workers.{worker}] with provider = \"mcp\", {how}, tool = \"NAME\""
    );
    draft.left(from, &why);
}

/// The variables a program is given: by name alone, because their values may be keys.
fn environment(draft: &mut Draft, from: &str, worker: &str, server: &Map<String, Value>) {
    let Some(Value::Object(env)) = server.get("env") else { return };
    if env.is_empty() || !draft.has_worker(worker) {
        return;
    }
    let names: Vec<&str> = env.keys().map(String::as_str).collect();
    draft.set(&format!("{from}.env"), &["workers", worker, "env"], texts(&names));
    let written = env.iter().filter(|(_, value)| value.as_str().is_some_and(|text| variable(text).is_none()));
    for (name, _) in written {
        draft.left(
            &format!("{from}.env.{name}"),
            "is written there with its value, which is not copied: set the variable in the environment",
        );
    }
}

/// The provider that runs a program of this name as a model.
fn program(word: &str) -> Option<Provider> {
    let stem = Path::new(word).file_stem()?.to_str()?;
    match stem {
        "claude" | "claude-code" => Some(Provider::ClaudeCode),
        "codex" => Some(Provider::Codex),
        "gemini" | "gemini-cli" => Some(Provider::GeminiCli),
        "copilot" => Some(Provider::CopilotCli),
        "opencode" => Some(Provider::Opencode),
        "grok" => Some(Provider::GrokCli),
        _ => None,
    }
}

/// The model that arguments name: `-m x`, `--model x`, `--model=x`.
fn model<'a>(args: &[&'a str]) -> Option<&'a str> {
    args.iter().enumerate().find_map(|(at, arg)| match arg.strip_prefix("--model=") {
        Some(model) => Some(model),
        None if matches!(*arg, "-m" | "--model") => args.get(at + 1).copied(),
        None => None,
    })
}

/// What begins the effort in `-c model_reasoning_effort=high`, as Codex takes it.
const EFFORT: &str = "model_reasoning_effort=";

/// The effort that arguments name.
fn effort<'a>(args: &[&'a str]) -> Option<&'a str> {
    args.iter().find_map(|arg| arg.strip_prefix(EFFORT)).map(|effort| effort.trim_matches(['"', '\'']))
}

/// The flags that no setting was made of, by name alone, because their values may be keys. How the program is begun as a
/// server is not told: here it is called otherwise.
fn other_flags(args: &[&str]) -> Vec<String> {
    let mut flags = Vec::new();
    for (at, arg) in args.iter().enumerate() {
        let next = args.get(at + 1).copied().unwrap_or_default();
        let name = arg.split('=').next().unwrap_or(arg);
        let known = matches!(name, "-m" | "--model" | "-y" | "--yes" | "--stdio") || next.starts_with(EFFORT);
        if arg.starts_with('-') && !known {
            let setting = next.split_once('=').map(|(setting, _)| format!(" {setting}")).unwrap_or_default();
            flags.push(format!("{name}{}", if name == "-c" || name == "--config" { setting } else { String::new() }));
        }
    }
    flags
}

/// Whether a word of a command line is about a program of this name (`serena`, `git+https://…/serena`).
fn names(word: &str, program: &str) -> bool {
    word.split(['/', '@', '\\']).any(|part| part == program || part.strip_suffix(".git") == Some(program))
        || word.starts_with(&format!("{program}-"))
}
