//! What a tool is given: the configured arguments with the prompt put in, fitted to what the tool says it takes. Pure.

use serde_json::{Map, Value};

/// Stands for the prompt in configured texts.
const PROMPT: &str = "{{prompt}}";

/// The name under which most tools that do work take what is to be done.
const USUAL_NAME: &str = "prompt";

/// The arguments of a call, or what is wrong with the settings, in words that name the tool's own keys.
pub(super) fn arguments(
    configured: &Map<String, Value>,
    schema: &Map<String, Value>,
    prompt: &str,
) -> Result<Map<String, Value>, String> {
    let mut given = configured.clone();
    let mut put = false;
    given.values_mut().for_each(|value| put |= fill(value, prompt));
    if !put {
        let name = place(&given, schema)?;
        given.insert(name, Value::String(prompt.to_owned()));
    }
    let missing: Vec<&str> = required(schema).filter(|name| !given.contains_key(*name)).collect();
    if missing.is_empty() {
        Ok(given)
    } else {
        Err(format!("the tool also needs {}: give it in `arguments`", list(&missing)))
    }
}

/// Puts the prompt into every text that has a place for it; whether there was one.
fn fill(value: &mut Value, prompt: &str) -> bool {
    match value {
        Value::String(text) if text.contains(PROMPT) => {
            *text = text.replace(PROMPT, prompt);
            true
        }
        // Each is looked at: `any` would end at the first place.
        Value::Array(items) => items.iter_mut().filter_map(|item| fill(item, prompt).then_some(())).count() > 0,
        Value::Object(fields) => fields.values_mut().filter_map(|field| fill(field, prompt).then_some(())).count() > 0,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

/// Where the prompt goes when the settings do not say: `prompt`, else the only text that is required, else the only text.
fn place(given: &Map<String, Value>, schema: &Map<String, Value>) -> Result<String, String> {
    let properties = schema.get("properties").and_then(Value::as_object);
    let is_text = |property: &Value| match property.get("type") {
        Some(Value::String(kind)) => kind == "string",
        Some(Value::Array(kinds)) => kinds.iter().any(|kind| kind == "string"),
        _ => false,
    };
    let texts =
        properties.into_iter().flatten().filter(|(name, property)| is_text(property) && !given.contains_key(*name));
    let texts: Vec<&str> = texts.map(|(name, _)| name.as_str()).collect();
    let needed: Vec<&str> = texts.iter().copied().filter(|name| required(schema).any(|other| other == *name)).collect();
    if let Some(name) = texts.iter().find(|name| **name == USUAL_NAME) {
        return Ok((*name).to_owned());
    }
    match (needed.as_slice(), texts.as_slice()) {
        ([one], _) | ([], [one]) => Ok((*one).to_owned()),
        ([], []) => Err(format!("the tool takes no text; say in `arguments` where {PROMPT} goes")),
        (many @ [_, ..], _) | ([], many) => {
            Err(format!("the tool takes several texts ({}); say in `arguments` which is {PROMPT}", list(many)))
        }
    }
}

fn required(schema: &Map<String, Value>) -> impl Iterator<Item = &str> {
    schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
}

fn list(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn made(configured: Value, schema: Value) -> Result<Value, String> {
        let (Value::Object(configured), Value::Object(schema)) = (configured, schema) else {
            return Err("not objects".to_owned());
        };
        arguments(&configured, &schema, "do it").map(Value::Object)
    }

    #[test]
    fn the_prompt_goes_where_the_settings_say() {
        let schema =
            json!({ "properties": { "a": { "type": "string" }, "b": { "type": "string" } }, "required": ["a", "b"] });
        let configured = json!({ "a": "Please: {{prompt}}!", "b": ["x", { "deep": "{{prompt}}" }] });
        assert_eq!(
            made(configured, schema.clone()),
            Ok(json!({ "a": "Please: do it!", "b": ["x", { "deep": "do it" }] }))
        );
        assert_eq!(made(json!({ "a": "fixed" }), schema.clone()), Ok(json!({ "a": "fixed", "b": "do it" })));
        assert!(made(json!({}), schema.clone()).is_err_and(|why| why.contains("several texts (`a`, `b`)")));
        let missing = made(json!({ "a": "{{prompt}}" }), schema);
        assert!(missing.is_err_and(|why| why.contains("also needs `b`")));
    }

    #[test]
    fn without_settings_it_goes_where_the_tool_wants_a_text() {
        let text = || json!({ "type": "string" });
        let usual = json!({ "properties": { "description": text(), "prompt": text() }, "required": ["prompt"] });
        assert_eq!(made(json!({}), usual), Ok(json!({ "prompt": "do it" })));
        let one = json!({ "properties": { "n": { "type": "number" }, "q": text(), "r": { "type": ["string", "null"] } }, "required": ["q"] });
        assert_eq!(made(json!({}), one), Ok(json!({ "q": "do it" })));
        let optional = json!({ "properties": { "q": text() } });
        assert_eq!(made(json!({}), optional), Ok(json!({ "q": "do it" })));
        assert!(made(json!({}), json!({})).is_err_and(|why| why.contains("takes no text")));
    }
}
