//! The JSON Schema that providers are given, kept to what all of them accept in strict mode. Reading is not here.

use super::super::attempt::Purpose;
use serde_json::{Map, Value, json};

/// The JSON Schema of the verdict block that `purpose` asks for; `None` when it asks for none.
/// Strict by every provider's rules: all properties required, no others, only type, enum, required and description.
pub fn schema(purpose: &Purpose) -> Option<Value> {
    match purpose {
        Purpose::Make
        | Purpose::Plan { .. }
        | Purpose::Review { .. }
        | Purpose::Recover { .. }
        | Purpose::Synthesize
        | Purpose::Prove { .. } => None,
        Purpose::Reconsider { first, .. } => schema(first),
        Purpose::Judge => Some(object(judgement())),
        Purpose::Check { candidates } => {
            let labels: Vec<String> = (0..candidates.len()).map(super::candidate_label).collect();
            let label = json!({ "type": "string", "enum": labels, "description": "the candidate's letter" });
            let mut properties = vec![("candidate", label)];
            properties.extend(judgement());
            let list = json!({
                "type": "array", "description": "one entry for each candidate", "items": object(properties),
            });
            Some(object(vec![("verdicts", list)]))
        }
    }
}

fn judgement() -> Vec<(&'static str, Value)> {
    let text = |what: &str| json!({ "type": "string", "description": what });
    let claim = object(vec![
        ("severity", json!({ "type": "string", "enum": ["low", "medium", "high", "critical"] })),
        ("where", text("file and line, such as src/auth.rs:63; empty when there is no one place")),
        ("what", text("what is wrong")),
        ("fix", text("how to mend it; empty when unknown")),
    ]);
    vec![
        ("verdict", json!({ "type": "string", "enum": ["approve", "approve_with_changes", "reject", "abstain"] })),
        (
            "claims",
            json!({ "type": "array", "description": "the faults found; empty when there are none", "items": claim }),
        ),
        ("confidence", json!({ "type": "number", "description": "from 0 to 1" })),
        ("would_change_my_mind", text("what evidence would change this verdict")),
    ]
}

fn object(properties: Vec<(&'static str, Value)>) -> Value {
    let required: Vec<&str> = properties.iter().map(|(name, _)| *name).collect();
    let map: Map<String, Value> = properties.iter().map(|(name, form)| ((*name).to_owned(), form.clone())).collect();
    json!({ "type": "object", "properties": map, "required": required, "additionalProperties": false })
}
