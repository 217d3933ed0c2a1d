//! The chat completions wire, as OpenAI and the many servers compatible with it speak it; OpenRouter adds a price.

use serde_json::{Value, json};

use super::wire::{Answer, Stop, data};

pub(super) fn whole(answer: &Answer<'_>, priced: bool) -> Value {
    let mut message = json!({ "role": "assistant", "content": answer.text });
    if !answer.tools.is_empty() {
        message["content"] = Value::Null;
        message["tool_calls"] = Value::Array(tool_calls(answer));
    }
    let choice =
        json!({ "index": 0, "message": message, "finish_reason": finish_reason(answer.stop), "logprobs": null });
    let mut document = envelope(answer, "chat.completion", vec![choice]);
    document["usage"] = usage(answer, priced);
    document
}

/// Pieces, then the reason, then a chunk with the usage alone, then the end mark.
pub(super) fn frames(answer: &Answer<'_>, priced: bool) -> Vec<String> {
    let mut frames = vec![chunk(answer, &json!({ "role": "assistant", "content": "" }), None)];
    for piece in answer.pieces() {
        frames.push(chunk(answer, &json!({ "content": piece }), None));
    }
    for (index, mut call) in tool_calls(answer).into_iter().enumerate() {
        call["index"] = json!(index);
        frames.push(chunk(answer, &json!({ "tool_calls": [call] }), None));
    }
    frames.push(chunk(answer, &json!({}), Some(finish_reason(answer.stop))));
    let mut last = envelope(answer, "chat.completion.chunk", Vec::new());
    last["usage"] = usage(answer, priced);
    frames.push(data(&last));
    frames.push("data: [DONE]\n\n".to_owned());
    frames
}

fn chunk(answer: &Answer<'_>, delta: &Value, finish: Option<&str>) -> String {
    let choice = json!({ "index": 0, "delta": delta, "finish_reason": finish });
    data(&envelope(answer, "chat.completion.chunk", vec![choice]))
}

fn envelope(answer: &Answer<'_>, object: &str, choices: Vec<Value>) -> Value {
    json!({
        "id": format!("chatcmpl-{}", answer.id),
        "object": object,
        "created": 1_750_000_000,
        "model": answer.model,
        "choices": choices,
    })
}

fn tool_calls(answer: &Answer<'_>) -> Vec<Value> {
    let call = |(index, tool): (usize, &super::ToolCall)| {
        let function = json!({ "name": tool.name, "arguments": tool.input.to_string() });
        json!({ "id": format!("call_{}_{index}", answer.id), "type": "function", "function": function })
    };
    answer.tools.iter().enumerate().map(call).collect()
}

fn usage(answer: &Answer<'_>, priced: bool) -> Value {
    let tokens = answer.usage;
    let mut usage = json!({
        "prompt_tokens": tokens.input,
        "completion_tokens": tokens.output,
        "total_tokens": tokens.input + tokens.output,
        "prompt_tokens_details": { "cached_tokens": tokens.cached },
    });
    if priced {
        usage["cost"] = json!(tokens.cost_usd);
    }
    usage
}

fn finish_reason(stop: Stop) -> &'static str {
    match stop {
        Stop::End => "stop",
        Stop::Length => "length",
        Stop::Refusal => "content_filter",
        Stop::Tools => "tool_calls",
    }
}

pub(super) fn error_body(code: u16, message: &str) -> Value {
    let (kind, name) = match code {
        401 => ("invalid_request_error", Some("invalid_api_key")),
        402 => ("insufficient_quota", Some("insufficient_quota")),
        404 => ("invalid_request_error", Some("model_not_found")),
        429 => ("requests", Some("rate_limit_exceeded")),
        400..=499 => ("invalid_request_error", None),
        _ => ("server_error", None),
    };
    json!({ "error": { "message": message, "type": kind, "param": null, "code": name } })
}
