//! The shapes of error bodies, brought to one: an object with a message and words that name the error.
//! What the words mean is decided in `classify`.

use serde_json::{Map, Value};

/// The error object of a body: under `error`, in an array of one, or the body itself. Texts give none.
pub(super) fn object(body: &Value) -> Option<&Map<String, Value>> {
    let body = body.as_array().and_then(|array| array.first()).unwrap_or(body);
    body.get("error").and_then(Value::as_object).or_else(|| body.as_object())
}

/// What the body says for a person. xAI and Ollama put a text under `error`, FastAPI servers under `detail`.
pub(super) fn message(body: &Value) -> Option<&str> {
    if let Value::String(text) = body {
        return Some(text.as_str());
    }
    let object = object(body)?;
    ["message", "error", "detail"].iter().find_map(|key| object.get(*key)?.as_str())
}

/// The words by which the provider names the error: codes, types, statuses and reasons, in lower case.
pub(super) fn names(body: &Value) -> Vec<String> {
    let Some(object) = object(body) else { return Vec::new() };
    let mut names: Vec<&str> = ["code", "type", "status"].iter().filter_map(|key| object.get(*key)?.as_str()).collect();
    match object.get("details") {
        Some(Value::Object(details)) => names.extend(details.get("error_code").and_then(Value::as_str)),
        Some(Value::Array(details)) => {
            names.extend(details.iter().filter_map(|detail| detail.get("reason")?.as_str()));
        }
        _ => {}
    }
    if object.get("metadata").is_some_and(|metadata| metadata.get("flagged_input").is_some()) {
        names.push("flagged_input");
    }
    names.into_iter().map(str::to_lowercase).collect()
}

/// The status that a body names by itself: an error inside HTTP 200, or in the middle of a stream, has only this one.
pub(super) fn status(body: &Value) -> Option<u16> {
    let code = object(body)?.get("code")?;
    let number = code.as_u64().or_else(|| code.as_str()?.parse().ok())?;
    u16::try_from(number).ok().filter(|status| (400..600).contains(status))
}

/// Reads a body: JSON where it is, else the text itself.
pub(super) fn parse(body: &str) -> Value {
    serde_json::from_str(body).unwrap_or_else(|_| Value::String(body.to_owned()))
}
