//! The responses wire: items with parts, and a numbered event for each step of their making.

use serde_json::{Value, json};

use super::wire::{Answer, Stop, event};

pub(super) fn whole(answer: &Answer<'_>) -> Value {
    response(answer, final_status(answer.stop), items(answer), true)
}

pub(super) fn frames(answer: &Answer<'_>) -> Vec<String> {
    let opened = response(answer, "in_progress", Vec::new(), false);
    let mut events = vec![
        ("response.created", json!({ "response": opened })),
        ("response.in_progress", json!({ "response": opened })),
    ];
    for (index, item) in items(answer).into_iter().enumerate() {
        events.extend(item_events(answer, index, &item));
    }
    let last = if answer.stop == Stop::Length { "response.incomplete" } else { "response.completed" };
    events.push((last, json!({ "response": whole(answer) })));
    let numbered = |(number, (name, mut body)): (usize, (&str, Value))| {
        body["type"] = json!(name);
        body["sequence_number"] = json!(number);
        event(name, &body)
    };
    events.into_iter().enumerate().map(numbered).collect()
}

fn item_events(answer: &Answer<'_>, index: usize, item: &Value) -> Vec<(&'static str, Value)> {
    let mut opened = item.clone();
    opened["status"] = json!("in_progress");
    let id = &item["id"];
    let mut events = Vec::new();
    if item["type"] == "message" {
        opened["content"] = json!([]);
        let part = &item["content"][0];
        let mut empty = part.clone();
        empty["text"] = json!("");
        let at = |mut body: Value| {
            body["item_id"] = id.clone();
            body["output_index"] = json!(index);
            body["content_index"] = json!(0);
            body
        };
        events.push(("response.content_part.added", at(json!({ "part": empty }))));
        for piece in answer.pieces() {
            events.push(("response.output_text.delta", at(json!({ "delta": piece }))));
        }
        events.push(("response.output_text.done", at(json!({ "text": part["text"] }))));
        events.push(("response.content_part.done", at(json!({ "part": part }))));
    } else {
        opened["arguments"] = json!("");
        let arguments = &item["arguments"];
        let delta = json!({ "item_id": id, "output_index": index, "delta": arguments });
        events.push(("response.function_call_arguments.delta", delta));
        let done = json!({ "item_id": id, "output_index": index, "arguments": arguments });
        events.push(("response.function_call_arguments.done", done));
    }
    events.insert(0, ("response.output_item.added", json!({ "output_index": index, "item": opened })));
    events.push(("response.output_item.done", json!({ "output_index": index, "item": item })));
    events
}

fn items(answer: &Answer<'_>) -> Vec<Value> {
    if answer.tools.is_empty() {
        let part = match answer.stop {
            Stop::Refusal => {
                json!({ "type": "refusal", "refusal": answer.text, "text": answer.text })
            }
            Stop::End | Stop::Length | Stop::Tools => {
                json!({ "type": "output_text", "text": answer.text, "annotations": [] })
            }
        };
        let id = format!("msg_{}", answer.id);
        return vec![
            json!({ "id": id, "type": "message", "status": "completed", "role": "assistant", "content": [part] }),
        ];
    }
    let call = |(index, tool): (usize, &super::ToolCall)| {
        let mut item = json!({
            "id": format!("fc_{}_{index}", answer.id),
            "type": "function_call",
            "status": "completed",
            "call_id": format!("call_{}_{index}", answer.id),
            "name": tool.name,
            "arguments": tool.input.to_string(),
        });
        // The tools of a server that the client connected stand in a namespace of their own on this wire.
        if let Some((namespace, name)) = tool.name.split_once('/') {
            (item["namespace"], item["name"]) = (json!(namespace), json!(name));
        }
        item
    };
    answer.tools.iter().enumerate().map(call).collect()
}

fn response(answer: &Answer<'_>, status: &str, output: Vec<Value>, finished: bool) -> Value {
    let tokens = answer.usage;
    let usage = json!({
        "input_tokens": tokens.input,
        "input_tokens_details": { "cached_tokens": tokens.cached },
        "output_tokens": tokens.output,
        "output_tokens_details": { "reasoning_tokens": 0 },
        "total_tokens": tokens.input + tokens.output,
    });
    let incomplete = json!({ "reason": "max_output_tokens" });
    json!({
        "id": format!("resp_{}", answer.id),
        "object": "response",
        "created_at": 1_750_000_000,
        "model": answer.model,
        "status": status,
        "error": null,
        "incomplete_details": if status == "incomplete" { incomplete } else { Value::Null },
        "output": output,
        "usage": if finished { usage } else { Value::Null },
        "parallel_tool_calls": true,
        "tool_choice": "auto",
        "tools": [],
        "metadata": {},
    })
}

fn final_status(stop: Stop) -> &'static str {
    if stop == Stop::Length { "incomplete" } else { "completed" }
}

/// The terminal event of a response that failed on the server's side.
pub(super) fn failed_frame() -> String {
    let error = json!({ "code": "server_error", "message": "scripted failure inside the stream" });
    let response =
        json!({ "id": "resp_failed", "object": "response", "status": "failed", "error": error, "output": [] });
    event("response.failed", &json!({ "type": "response.failed", "sequence_number": 999, "response": response }))
}
