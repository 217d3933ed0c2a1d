//! The Gemini wire: candidates with parts, and an error form of its own.

use serde_json::{Value, json};

use super::wire::{Answer, Stop, data};

pub(super) fn whole(answer: &Answer<'_>) -> Value {
    let mut parts = Vec::new();
    if !answer.text.is_empty() || answer.tools.is_empty() {
        parts.push(json!({ "text": answer.text }));
    }
    parts.extend(call_parts(answer));
    document(answer, &parts, Some(finish_reason(answer.stop)))
}

/// Pieces without a reason, then a last document with the reason and the usage.
pub(super) fn frames(answer: &Answer<'_>) -> Vec<String> {
    let piece = |text: String| data(&document(answer, &[json!({ "text": text })], None));
    let mut frames: Vec<String> = answer.pieces().into_iter().map(piece).collect();
    if !answer.tools.is_empty() {
        frames.push(data(&document(answer, &call_parts(answer), None)));
    }
    frames.push(data(&document(answer, &[json!({ "text": "" })], Some(finish_reason(answer.stop)))));
    frames
}

fn call_parts(answer: &Answer<'_>) -> Vec<Value> {
    let part = |(index, tool): (usize, &super::ToolCall)| {
        let id = format!("{}-{index}", answer.id);
        json!({ "functionCall": { "id": id, "name": tool.name, "args": tool.input } })
    };
    answer.tools.iter().enumerate().map(part).collect()
}

fn document(answer: &Answer<'_>, parts: &[Value], finish: Option<&str>) -> Value {
    let tokens = answer.usage;
    let mut candidate = json!({ "index": 0, "content": { "role": "model", "parts": parts } });
    if let Some(reason) = finish {
        candidate["finishReason"] = json!(reason);
    }
    json!({
        "candidates": [candidate],
        "modelVersion": answer.model,
        "responseId": answer.id,
        "usageMetadata": {
            "promptTokenCount": tokens.input,
            "candidatesTokenCount": tokens.output,
            "totalTokenCount": tokens.input + tokens.output,
            "cachedContentTokenCount": tokens.cached,
        },
    })
}

fn finish_reason(stop: Stop) -> &'static str {
    match stop {
        Stop::End | Stop::Tools => "STOP",
        Stop::Length => "MAX_TOKENS",
        Stop::Refusal => "SAFETY",
    }
}

pub(super) fn error_body(code: u16, message: &str) -> Value {
    let status = match code {
        400 => "INVALID_ARGUMENT",
        401 => "UNAUTHENTICATED",
        403 => "PERMISSION_DENIED",
        404 => "NOT_FOUND",
        429 => "RESOURCE_EXHAUSTED",
        500 => "INTERNAL",
        503 => "UNAVAILABLE",
        504 => "DEADLINE_EXCEEDED",
        _ => "UNKNOWN",
    };
    json!({ "error": { "code": code, "message": message, "status": status } })
}
