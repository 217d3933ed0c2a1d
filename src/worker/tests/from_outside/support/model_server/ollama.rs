//! Ollama's own chat wire: one JSON document a line, the last with the counts.

use serde_json::{Value, json};

use super::wire::{Answer, Stop};

pub(super) fn whole(answer: &Answer<'_>) -> Value {
    last(answer, answer.text)
}

pub(super) fn frames(answer: &Answer<'_>) -> Vec<String> {
    let piece = |text: String| {
        let message = json!({ "role": "assistant", "content": text });
        format!("{}\n", json!({ "model": answer.model, "created_at": CREATED, "message": message, "done": false }))
    };
    let mut frames: Vec<String> = answer.pieces().into_iter().map(piece).collect();
    frames.push(format!("{}\n", last(answer, "")));
    frames
}

const CREATED: &str = "2026-01-01T00:00:00Z";

fn last(answer: &Answer<'_>, text: &str) -> Value {
    let mut message = json!({ "role": "assistant", "content": text });
    if !answer.tools.is_empty() {
        let call = |tool: &super::ToolCall| json!({ "function": { "name": tool.name, "arguments": tool.input } });
        message["tool_calls"] = answer.tools.iter().map(call).collect();
    }
    json!({
        "model": answer.model,
        "created_at": CREATED,
        "message": message,
        "done": true,
        // Ollama knows no refusal; its models refuse in words.
        "done_reason": if answer.stop == Stop::Length { "length" } else { "stop" },
        "total_duration": 1_000_000,
        "load_duration": 1,
        "prompt_eval_count": answer.usage.input,
        "prompt_eval_duration": 1,
        "eval_count": answer.usage.output,
        "eval_duration": 1,
    })
}
