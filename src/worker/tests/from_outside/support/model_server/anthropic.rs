//! The Messages wire: <https://docs.anthropic.com/en/api/messages> and its streaming events.

use serde_json::{Value, json};

use super::wire::{Answer, Stop, event};

pub(super) fn whole(answer: &Answer<'_>) -> Value {
    message(answer, blocks(answer), Some(stop_reason(answer.stop)))
}

pub(super) fn frames(answer: &Answer<'_>) -> Vec<String> {
    let start = json!({ "type": "message_start", "message": message(answer, Vec::new(), None) });
    let mut frames = vec![event("message_start", &start)];
    for (index, block) in blocks(answer).into_iter().enumerate() {
        frames.extend(block_frames(answer, index, block));
    }
    let delta = json!({
        "type": "message_delta",
        "delta": { "stop_reason": stop_reason(answer.stop), "stop_sequence": null },
        "usage": { "output_tokens": answer.usage.output },
    });
    frames.push(event("message_delta", &delta));
    frames.push(event("message_stop", &json!({ "type": "message_stop" })));
    frames
}

/// A block opens empty and is filled by deltas: text in pieces, a tool's input as one piece of JSON text.
fn block_frames(answer: &Answer<'_>, index: usize, mut block: Value) -> Vec<String> {
    let deltas: Vec<Value> = if block["type"] == "text" {
        block["text"] = json!("");
        answer.pieces().into_iter().map(|piece| json!({ "type": "text_delta", "text": piece })).collect()
    } else {
        let input = block["input"].take().to_string();
        block["input"] = json!({});
        vec![json!({ "type": "input_json_delta", "partial_json": input })]
    };
    let start = json!({ "type": "content_block_start", "index": index, "content_block": block });
    let mut frames = vec![event("content_block_start", &start)];
    for delta in deltas {
        let delta = json!({ "type": "content_block_delta", "index": index, "delta": delta });
        frames.push(event("content_block_delta", &delta));
    }
    frames.push(event("content_block_stop", &json!({ "type": "content_block_stop", "index": index })));
    frames
}

fn blocks(answer: &Answer<'_>) -> Vec<Value> {
    let mut blocks = Vec::new();
    if !answer.text.is_empty() {
        blocks.push(json!({ "type": "text", "text": answer.text }));
    }
    for (index, tool) in answer.tools.iter().enumerate() {
        let id = format!("toolu_{}_{index}", answer.id);
        blocks.push(json!({ "type": "tool_use", "id": id, "name": tool.name, "input": tool.input }));
    }
    blocks
}

fn message(answer: &Answer<'_>, content: Vec<Value>, stop: Option<&str>) -> Value {
    json!({
        "id": format!("msg_{}", answer.id),
        "type": "message",
        "role": "assistant",
        "model": answer.model,
        "content": content,
        "stop_reason": stop,
        "stop_sequence": null,
        "usage": {
            "input_tokens": answer.usage.input,
            "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": answer.usage.cached,
            "output_tokens": if stop.is_some() { answer.usage.output } else { 1 },
        },
    })
}

fn stop_reason(stop: Stop) -> &'static str {
    match stop {
        Stop::End => "end_turn",
        Stop::Length => "max_tokens",
        Stop::Refusal => "refusal",
        Stop::Tools => "tool_use",
    }
}

pub(super) fn error_body(code: u16, message: &str) -> Value {
    let kind = match code {
        401 => "authentication_error",
        402 => "billing_error",
        403 => "permission_error",
        404 => "not_found_error",
        413 => "request_too_large",
        429 => "rate_limit_error",
        529 => "overloaded_error",
        400..=499 => "invalid_request_error",
        _ => "api_error",
    };
    json!({ "type": "error", "error": { "type": kind, "message": message } })
}
