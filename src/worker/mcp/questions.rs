//! Questions that a server asks in the middle of a call: a form is filled from what a person wrote into the settings and from
//! the defaults that the form itself names, or it is declined. Nobody is asked, and an address is never opened. Pure.

use rmcp::model::{ElicitRequestParams, ElicitResult, ElicitationAction};
use serde_json::{Map, Value};

/// What the server is told. `answers`: by the name of the field; `None`: nobody answers questions.
pub(super) fn answered(answers: Option<&Map<String, Value>>, asked: &ElicitRequestParams) -> ElicitResult {
    let decline = || ElicitResult::new(ElicitationAction::Decline);
    let (Some(answers), ElicitRequestParams::FormElicitationParams { requested_schema, .. }) = (answers, asked) else {
        return decline();
    };
    let Ok(form) = serde_json::to_value(requested_schema) else { return decline() };
    match filled(answers, &form) {
        Some(content) => ElicitResult::new(ElicitationAction::Accept).with_content(Value::Object(content)),
        None => decline(),
    }
}

/// The form with every field that has an answer or a default; `None` when one that it needs has neither, or an answer is not
/// of its kind.
fn filled(answers: &Map<String, Value>, form: &Value) -> Option<Map<String, Value>> {
    let mut content = Map::new();
    for (name, field) in form.get("properties").and_then(Value::as_object).into_iter().flatten() {
        let value = answers.get(name).or_else(|| field.get("default"));
        if let Some(value) = value {
            if !fits(field, value) {
                return None;
            }
            content.insert(name.clone(), value.clone());
        }
    }
    let needed = form.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    needed.into_iter().all(|name| content.contains_key(name)).then_some(content)
}

/// Whether a value is of the kind that the field says, and one of those it lists.
fn fits(field: &Value, value: &Value) -> bool {
    let kind = match field.get("type").and_then(Value::as_str) {
        Some("string") => value.is_string(),
        Some("integer") => value.is_i64() || value.is_u64(),
        Some("number") => value.is_number(),
        Some("boolean") => value.is_boolean(),
        Some("array") => value.is_array(),
        _ => true,
    };
    let listed = field.get("enum").and_then(Value::as_array).is_none_or(|values| values.contains(value));
    kind && listed
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failing test may stop where it stands")]
mod tests {
    use super::*;
    use serde_json::json;

    fn form(properties: Value, required: Value) -> ElicitRequestParams {
        let schema = json!({ "type": "object", "properties": properties, "required": required });
        serde_json::from_value(json!({ "mode": "form", "message": "?", "requestedSchema": schema })).unwrap()
    }

    fn told(answers: Option<Value>, asked: &ElicitRequestParams) -> Value {
        let answers = answers.map(|answers| answers.as_object().unwrap().clone());
        serde_json::to_value(answered(answers.as_ref(), asked)).unwrap()
    }

    #[test]
    fn a_form_is_filled_with_answers_before_defaults() {
        let asked = form(
            json!({
                "name": { "type": "string", "default": "John" },
                "age": { "type": "integer", "default": 30 },
                "status": { "type": "string", "enum": ["on", "off"], "default": "on" },
                "sure": { "type": "boolean" },
                "note": { "type": "string" },
            }),
            json!(["sure"]),
        );
        let said = told(Some(json!({ "sure": true, "age": 31, "other": 1 })), &asked);
        let content = json!({ "name": "John", "age": 31, "status": "on", "sure": true });
        assert_eq!(said, json!({ "action": "accept", "content": content }));
    }

    #[test]
    fn what_cannot_be_answered_is_declined() {
        let decline = json!({ "action": "decline" });
        let asked = form(json!({ "sure": { "type": "boolean" } }), json!(["sure"]));
        assert_eq!(told(Some(json!({})), &asked), decline, "nothing is made up");
        assert_eq!(told(Some(json!({ "sure": "yes" })), &asked), decline, "of the wrong kind");
        assert_eq!(told(None, &asked), decline, "nobody answers");
        let listed = form(json!({ "s": { "type": "string", "enum": ["a"] } }), json!([]));
        assert_eq!(told(Some(json!({ "s": "b" })), &listed), decline);
        let url = json!({ "mode": "url", "message": "?", "url": "https://example.org", "elicitationId": "1" });
        assert_eq!(told(Some(json!({})), &serde_json::from_value(url).unwrap()), decline, "no address is opened");
    }
}
