//! Reads a request of any wire into a [`Seen`]: model, prompt, whole conversation, key.

use std::time::Instant;

use axum::http::request::Parts;
use serde_json::Value;

use super::record::{Auth, Outcome, Seen};
use super::wire::Wire;

/// The call as the record keeps it; its number is given by the record.
pub(super) fn read(wire: Wire, parts: &Parts, body: Value) -> Seen {
    let turns = turns(wire, &body);
    let mut conversation = String::new();
    collect_text(instructions(wire, &body), &mut conversation);
    for turn in &turns {
        collect_text(turn, &mut conversation);
    }
    let prompt = turns.iter().rev().map(|turn| user_text(wire, turn)).find(|text| !text.is_empty());
    let tool_results = turns.iter().map(|turn| tool_results(turn)).sum();
    let path = parts.uri.path().to_owned();
    Seen {
        number: 0,
        wire,
        model: model(wire, &path, &body),
        stream: wants_stream(wire, &path, &body),
        path,
        prompt: prompt.unwrap_or_default(),
        conversation,
        tool_results,
        auth: auth(parts),
        headers: headers(parts),
        body,
        at: Instant::now(),
        outcome: Outcome::Open,
    }
}

fn model(wire: Wire, path: &str, body: &Value) -> String {
    let named = match wire {
        Wire::Gemini => path.rsplit('/').next().and_then(|last| last.split(':').next()),
        Wire::Anthropic | Wire::OpenAiChat | Wire::OpenRouter | Wire::OpenAiResponses | Wire::Ollama => {
            body["model"].as_str()
        }
    };
    named.unwrap_or_default().to_owned()
}

/// Ollama streams unless told not to; Gemini says it in the path; the others ask for it.
fn wants_stream(wire: Wire, path: &str, body: &Value) -> bool {
    match wire {
        Wire::Gemini => path.ends_with(":streamGenerateContent"),
        Wire::Ollama => body["stream"].as_bool().unwrap_or(true),
        Wire::Anthropic | Wire::OpenAiChat | Wire::OpenRouter | Wire::OpenAiResponses => {
            body["stream"].as_bool().unwrap_or(false)
        }
    }
}

fn instructions(wire: Wire, body: &Value) -> &Value {
    match wire {
        Wire::Anthropic => &body["system"],
        Wire::Gemini => &body["systemInstruction"],
        Wire::OpenAiResponses => &body["instructions"],
        Wire::OpenAiChat | Wire::OpenRouter | Wire::Ollama => &Value::Null,
    }
}

/// The turns of the conversation, oldest first. A bare string is one turn of the user.
fn turns(wire: Wire, body: &Value) -> Vec<&Value> {
    let list = match wire {
        Wire::Gemini => &body["contents"],
        Wire::OpenAiResponses => &body["input"],
        Wire::Anthropic | Wire::OpenAiChat | Wire::OpenRouter | Wire::Ollama => &body["messages"],
    };
    match list {
        Value::Array(turns) => turns.iter().collect(),
        Value::String(_) => vec![list],
        _ => Vec::new(),
    }
}

/// What the user wrote in this turn; empty for any other turn, and for one that only carries tool results.
fn user_text(wire: Wire, turn: &Value) -> String {
    if let Some(text) = turn.as_str() {
        return text.to_owned();
    }
    let role = turn["role"].as_str();
    if role != Some("user") && !(wire == Wire::Gemini && role.is_none()) {
        return String::new();
    }
    let content = if wire == Wire::Gemini { &turn["parts"] } else { &turn["content"] };
    let mut text = String::new();
    match content {
        Value::String(whole) => text.push_str(whole),
        Value::Array(parts) => parts.iter().filter_map(|part| part["text"].as_str()).for_each(|part| {
            text.push_str(part);
            text.push('\n');
        }),
        _ => {}
    }
    text
}

/// Tool results in one turn, whichever way its wire writes them.
fn tool_results(turn: &Value) -> usize {
    let is_result = |part: &&Value| part["type"] == "tool_result" || part.get("functionResponse").is_some();
    let inside = ["content", "parts"].into_iter().filter_map(|key| turn[key].as_array()).flatten();
    let whole = turn["role"] == "tool" || turn["type"].as_str().is_some_and(|kind| kind.ends_with("_call_output"));
    inside.filter(is_result).count() + usize::from(whole)
}

/// Appends every text found in the value, a line each, whatever its nesting.
fn collect_text(value: &Value, into: &mut String) {
    match value {
        Value::String(text) => {
            into.push_str(text);
            into.push('\n');
        }
        Value::Array(parts) => parts.iter().for_each(|part| collect_text(part, into)),
        Value::Object(fields) => {
            for key in ["text", "content", "parts", "output", "functionResponse", "response"] {
                if let Some(inner) = fields.get(key) {
                    collect_text(inner, into);
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn auth(parts: &Parts) -> Auth {
    let header = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(token) = header("authorization").and_then(|value| value.strip_prefix("Bearer ")) {
        return Auth::Bearer(token.to_owned());
    }
    if let Some(key) = header("x-api-key") {
        return Auth::ApiKeyHeader(key.to_owned());
    }
    if let Some(key) = header("x-goog-api-key") {
        return Auth::GoogleHeader(key.to_owned());
    }
    let query = parts.uri.query().unwrap_or_default();
    match query.split('&').find_map(|pair| pair.strip_prefix("key=")) {
        Some(key) => Auth::QueryKey(key.to_owned()),
        None => Auth::Absent,
    }
}

fn headers(parts: &Parts) -> Vec<(String, String)> {
    let text = |value: &axum::http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    parts.headers.iter().map(|(name, value)| (name.as_str().to_owned(), text(value))).collect()
}
