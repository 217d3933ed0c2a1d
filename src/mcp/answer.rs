//! The forms in which a tool answers: a structure with a copy of it as text, a text in an envelope, a refusal that tells the
//! model what to do. A refusal is a result, not a protocol error, because clients hide protocol errors from the model.

use crate::api::{Error, Reply};
use rmcp::model::{CallToolResult, ContentBlock, JsonObject};
use serde_json::Value;

/// A structure, and the same as JSON text for clients that show only text.
pub(super) fn structured(value: Value) -> CallToolResult {
    let mut result = CallToolResult::success(vec![ContentBlock::text(value.to_string())]);
    result.structured_content = Some(value);
    result
}

/// A structure that says the call did not do what was asked.
pub(super) fn failed(value: Value) -> CallToolResult {
    let mut result = structured(value);
    result.is_error = Some(true);
    result
}

/// A text, in the envelope `{"result": text}`, with further fields beside it.
pub(super) fn enveloped(text: String, further: JsonObject) -> CallToolResult {
    let mut result = CallToolResult::success(vec![ContentBlock::text(text.clone())]);
    let mut envelope = JsonObject::new();
    envelope.insert("result".to_owned(), Value::String(text));
    envelope.extend(further);
    result.structured_content = Some(Value::Object(envelope));
    result
}

/// A text that says what is wrong and what to do.
pub(super) fn mistaken(text: String) -> CallToolResult {
    CallToolResult::error(vec![ContentBlock::text(text)])
}

/// The board's refusal.
pub(super) fn refused(error: &Error) -> CallToolResult {
    mistaken(words(error))
}

/// What the board says, and what to do about it.
pub(super) fn words(error: &Error) -> String {
    if error.hint.is_empty() { error.what.clone() } else { format!("{} ({})", error.what, error.hint) }
}

/// The board answered something that was not asked for.
pub(super) fn unexpected() -> Error {
    Error::new(crate::api::ErrorKind::Internal, "the board answered something else than was asked")
}

/// A reply as JSON, without the word that tells replies apart on the wire.
pub(super) fn plain(reply: &Reply) -> Value {
    let mut value = serde_json::to_value(reply).unwrap_or_default();
    if let Some(fields) = value.as_object_mut() {
        fields.shift_remove("reply");
        // What is not there is left out, because a schema that says "text" does not mean "text or null".
        fields.retain(|_, value| !value.is_null());
    }
    value
}
