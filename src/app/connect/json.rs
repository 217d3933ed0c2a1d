//! Changing JSON that people wrote: comments, order, indentation, line ends and closing commas stay.

use super::edit::has_input;
use jsonc_parser::cst::{CstInputValue, CstNode, CstObject, CstRootNode};
use jsonc_parser::{ParseOptions, parse_to_serde_value};
use serde_json::Value;

/// What some editors put before the first character of a file.
const BYTE_ORDER_MARK: char = '\u{feff}';

/// JSON with comments and closing commas, and nothing looser: a file that its own program could not read is left alone.
fn options() -> ParseOptions {
    ParseOptions {
        allow_comments: true,
        allow_trailing_commas: true,
        allow_loose_object_property_names: false,
        allow_missing_commas: false,
        allow_single_quoted_strings: false,
        allow_hexadecimal_numbers: false,
        allow_unary_plus_numbers: false,
        allow_bare_decimal_point_numbers: false,
        allow_non_finite_numbers: false,
        allow_extended_string_escapes: false,
    }
}

/// What the text says; an empty one says `{}`.
pub(super) fn read(text: &str) -> Result<Value, String> {
    let text = text.trim_start_matches(BYTE_ORDER_MARK);
    let value: Option<Value> = parse_to_serde_value(text, &options()).map_err(|error| error.to_string())?;
    match value {
        None => Ok(Value::Object(serde_json::Map::new())),
        Some(value @ Value::Object(_)) => Ok(value),
        Some(_) => Err("it is not an object".to_owned()),
    }
}

/// The text with the entry `name` in the object `key`.
pub(super) fn put(text: &str, key: &str, name: &str, entry: &Value, input: Option<&Value>) -> Result<String, String> {
    if text.trim_start_matches(BYTE_ORDER_MARK).trim().is_empty() {
        let mut all = serde_json::json!({ key: { name: entry } });
        if let Some(input) = input {
            all["inputs"] = serde_json::json!([input]);
        }
        let pretty = serde_json::to_string_pretty(&all).map_err(|error| error.to_string())?;
        return Ok(format!("{pretty}\n"));
    }
    let before = read(text)?;
    change(text, |root| {
        let servers = root.object_value_or_create(key).ok_or_else(|| format!("`{key}` in it is not an object"))?;
        match servers.get(name) {
            Some(property) => property.set_value(given(entry)),
            None => {
                servers.append(name, given(entry));
            }
        }
        if let Some(input) = input.filter(|input| !has_input(&before, input)) {
            let inputs = root.array_value_or_create("inputs").ok_or("`inputs` in it is not a list")?;
            inputs.ensure_multiline();
            inputs.append(given(input));
        }
        Ok(())
    })
}

/// The text without the entry, and without the input that it refers to. What is left empty goes too.
pub(super) fn remove(text: &str, key: &str, name: &str, input: &str) -> Result<String, String> {
    change(text, |root| {
        if let Some(servers) = root.object_value(key)
            && let Some(property) = servers.get(name)
        {
            property.remove();
            // A comment in it is somebody's, and stays in its place.
            let hollow = servers.to_string().chars().all(|c| c.is_whitespace() || matches!(c, '{' | '}'));
            if hollow && let Some(property) = root.get(key) {
                property.remove();
            }
        }
        if let Some(inputs) = root.array_value("inputs") {
            let ours: Vec<_> = inputs.elements().into_iter().filter(|one| id(one).as_deref() == Some(input)).collect();
            let any = !ours.is_empty();
            ours.into_iter().for_each(CstNode::remove);
            if any
                && inputs.elements().is_empty()
                && let Some(property) = root.get("inputs")
            {
                property.remove();
            }
        }
        Ok(())
    })
}

/// The `id` of an object.
fn id(node: &CstNode) -> Option<String> {
    node.as_object()?.get("id")?.value()?.as_string_lit()?.decoded_value().ok()
}

/// Changes the object that the text is. A byte order mark stays where it was.
fn change(text: &str, how: impl FnOnce(&CstObject) -> Result<(), String>) -> Result<String, String> {
    let body = text.trim_start_matches(BYTE_ORDER_MARK);
    let mark = &text[..text.len() - body.len()];
    let root = CstRootNode::parse(body, &options()).map_err(|error| error.to_string())?;
    how(&root.object_value_or_create().ok_or("it is not an object")?)?;
    Ok(format!("{mark}{root}"))
}

/// A value as the tree takes it.
fn given(value: &Value) -> CstInputValue {
    match value {
        Value::Null => CstInputValue::Null,
        Value::Bool(value) => CstInputValue::Bool(*value),
        Value::Number(number) => CstInputValue::Number(number.to_string()),
        Value::String(text) => CstInputValue::String(text.clone()),
        Value::Array(items) => CstInputValue::Array(items.iter().map(given).collect()),
        Value::Object(map) => {
            CstInputValue::Object(map.iter().map(|(key, value)| (key.clone(), given(value))).collect())
        }
    }
}
