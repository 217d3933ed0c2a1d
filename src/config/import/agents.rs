//! The older YAML: `agents` become workers, `routing` and `performance` are mostly how things are here anyway.

use super::{Draft, flag, texts, variable, worker_name};
use crate::config::provider::Provider;
use serde_json::{Map, Value};

/// An answer is never this long; the older system wrote the size of the context window there.
const ANSWER_TOKENS_MAX: u64 = 200_000;

pub(super) fn agents(draft: &mut Draft, value: &Value) {
    let Value::Object(agents) = value else {
        return draft.left("agents", "is no table of agents");
    };
    for (name, agent) in agents {
        let from = format!("agents.{name}");
        match (agent, worker_name(name)) {
            (Value::Object(agent), Some(worker)) if !draft.has_worker(&worker) => {
                self::agent(draft, &from, &worker, agent)
            }
            (Value::Object(_), Some(worker)) => draft.import.kept.push(format!("workers.{worker}")),
            (Value::Object(_), None) => draft.left(&from, "has a name that no worker can bear"),
            _ => draft.left(&from, "is no table of an agent's settings"),
        }
    }
}

fn agent(draft: &mut Draft, from: &str, worker: &str, agent: &Map<String, Value>) {
    let text = |key: &str| agent.get(key).and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty());
    let base = ["api_base", "base_url", "api_url", "endpoint"].into_iter().find_map(|key| Some((key, text(key)?)));
    let Some(model) = text("model") else {
        return draft.left(from, "names no model, so no worker was made of it");
    };
    let Some((provider, model)) = provider(text("provider"), model, base.map(|(_, base)| base)) else {
        let why = "has a model whose vendor is not known and no address; add the worker by hand with its provider";
        return draft.left(from, why);
    };
    let at = |key: &str| format!("{from}.{key}");
    draft.set(&at("model"), &["workers", worker, "provider"], provider.as_str());
    draft.set(&at("model"), &["workers", worker, "model"], model);
    if let Some(role) = draft.role(worker) {
        draft.set(from, &["workers", worker, "roles"], texts(&[&role]));
    }
    if let Some((key, base)) = base {
        let base = if provider == Provider::Ollama { ollama(base) } else { base.to_owned() };
        draft.set(&at(key), &["workers", worker, "base_url"], base);
    }
    for (key, value) in agent {
        match (key.as_str(), value) {
            ("model" | "provider" | "api_base" | "base_url" | "api_url" | "endpoint", _) => {}
            ("api_key_env", Value::String(name)) => {
                draft.set(&at(key), &["workers", worker, "api_key_env"], name.as_str());
            }
            ("api_key", Value::String(key_text)) => match variable(key_text) {
                Some(name) => draft.set(&at(key), &["workers", worker, "api_key_env"], name),
                None => draft.left(&at(key), "is a key, and keys are never written: put it into a variable of the environment and name that with api_key_env"),
            },
            ("temperature", Value::Number(_)) => match value.as_f64() {
                Some(temperature) => draft.set(&at(key), &["workers", worker, "temperature"], temperature),
                None => draft.left(&at(key), "is no number"),
            },
            ("max_tokens" | "max_output_tokens" | "context_window" | "max_context", Value::Number(_)) => {
                tokens(draft, &at(key), worker, key, value.as_u64());
            }
            ("timeout" | "timeout_seconds", Value::Number(_)) => match value.as_u64() {
                Some(seconds) => draft.set(&at(key), &["workers", worker, "timeout"], format!("{seconds}s")),
                None => draft.left(&at(key), "is no whole number of seconds"),
            },
            ("strengths" | "capabilities", Value::Array(words)) => {
                let words: Vec<&str> = words.iter().filter_map(Value::as_str).collect();
                draft.set(&at(key), &["workers", worker, "strengths"], texts(&words));
            }
            ("enabled", value) if flag(value) == Some(true) => {}
            ("enabled", _) => draft.left(&at(key), "cannot be said here: take the worker out to have it not asked"),
            ("role" | "description" | "name" | "system_prompt" | "prompt", _) => {
                draft.left(&at(key), "belongs to the role: write AI_COORDINATION/prompts/ROLE.md to change what a role is told");
            }
            _ => draft.left(&at(key), "is not known, and nothing was made of it"),
        }
    }
}

/// Whether a number of tokens is about the answer or about the context.
fn tokens(draft: &mut Draft, from: &str, worker: &str, key: &str, tokens: Option<u64>) {
    let Some(tokens) = tokens.filter(|tokens| *tokens > 0) else { return draft.left(from, "is no number of tokens") };
    let number = i64::try_from(tokens).unwrap_or(i64::MAX);
    if key.contains("context") || tokens > ANSWER_TOKENS_MAX {
        draft.set(from, &["workers", worker, "context_window"], number);
    } else {
        draft.set(from, &["workers", worker, "max_tokens"], number);
    }
}

/// How a model is reached, and its name there: a prefix such as `ollama/` says it, else its name, else its address.
fn provider<'a>(said: Option<&str>, model: &'a str, base: Option<&str>) -> Option<(Provider, &'a str)> {
    let named = |name: &str| match name.to_lowercase().as_str() {
        "google" => Some(Provider::Gemini),
        "grok" => Some(Provider::Xai),
        "claude" => Some(Provider::Anthropic),
        other => Provider::parse(other),
    };
    if let Some((prefix, rest)) = model.split_once('/')
        && let Some(provider) = named(prefix)
    {
        return Some((provider, rest));
    }
    if let Some(provider) = said.and_then(named) {
        return Some((provider, model));
    }
    let begins = |beginnings: &[&str]| beginnings.iter().any(|begin| model.to_lowercase().starts_with(begin));
    let provider = match base {
        Some(base) if base.contains(":11434") || base.contains("ollama") => Provider::Ollama,
        Some(base) if base.contains("openrouter.ai") => Provider::Openrouter,
        _ if begins(&["claude"]) => Provider::Anthropic,
        _ if begins(&["gemini"]) => Provider::Gemini,
        _ if begins(&["grok"]) => Provider::Xai,
        _ if begins(&["gpt", "o1", "o3", "o4", "chatgpt"]) => Provider::Openai,
        // Any other server speaks what most speak.
        Some(_) => Provider::Openai,
        // Models with a size in their name are what Ollama calls them.
        None if model.contains(':') => Provider::Ollama,
        None => return None,
    };
    Some((provider, model))
}

/// Ollama is spoken to at its OpenAI-compatible address.
fn ollama(base: &str) -> String {
    let base = base.trim_end_matches('/');
    if base.ends_with("/v1") { format!("{base}/") } else { format!("{base}/v1/") }
}

pub(super) fn routing(draft: &mut Draft, value: &Value) {
    let Value::Object(routing) = value else { return draft.left("routing", "is no table") };
    for (key, value) in routing {
        let from = format!("routing.{key}");
        let why = match (key.as_str(), flag(value)) {
            ("auto_classify", Some(true)) => "is how it always is: a task's kind is found in its words",
            ("auto_classify", Some(false)) => {
                "has no counterpart: name `kind`, `role` or `models` in a task, which outranks what its words say"
            }
            ("allow_manual_override", Some(true)) => {
                "is how it always is: `kind`, `role`, `models` and `mode` in a task outrank the routing"
            }
            ("allow_manual_override", Some(false)) => "has no counterpart: what a person names is always obeyed",
            ("enable_fallback", Some(true)) => "is how it always is: another worker takes the place of one that fails",
            ("enable_fallback", Some(false)) => {
                "has no counterpart: with one worker configured there is nobody to fall back to"
            }
            ("default_agent" | "fallback_agent" | "primary", _) => {
                "has no counterpart: the order of [workers] is the order of preference where nothing else decides"
            }
            _ => "is not known, and nothing was made of it",
        };
        draft.left(&from, why);
    }
}

pub(super) fn performance(draft: &mut Draft, value: &Value) {
    let Value::Object(performance) = value else { return draft.left("performance", "is no table") };
    for (key, value) in performance {
        let from = format!("performance.{key}");
        match (key.as_str(), value) {
            ("track_metrics", value) if flag(value) == Some(false) => {
                draft.left(&from, "has no counterpart: records are always kept, in the workspace alone");
            }
            ("track_metrics", _) => draft.left(&from, "is how it always is: see the records with `synod report`"),
            ("metrics_file", Value::String(file)) => {
                draft.left(&from, &format!("is taken over with: synod report import {file}"));
            }
            ("max_parallel" | "max_concurrent" | "max_workers", Value::Number(_)) => match value.as_u64() {
                Some(number) if number > 0 => {
                    let number = i64::try_from(number).unwrap_or(i64::MAX);
                    draft.set(&from, &["limits", "max_concurrent_calls"], number);
                }
                _ => draft.left(&from, "is no number of calls"),
            },
            ("timeout" | "timeout_seconds", Value::Number(_)) => match value.as_u64() {
                Some(seconds) if seconds > 0 => draft.set(&from, &["limits", "attempt_timeout"], format!("{seconds}s")),
                _ => draft.left(&from, "is no whole number of seconds"),
            },
            ("max_retries" | "retries", Value::Number(_)) => match value.as_i64() {
                Some(retries) if retries >= 0 => draft.set(&from, &["limits", "retries"], retries),
                _ => draft.left(&from, "is no number of retries"),
            },
            _ => draft.left(&from, "is not known, and nothing was made of it"),
        }
    }
}
