//! The JSON Schemas that providers are given for plans and checkpoints, kept to what all of them accept in strict mode.

use crate::board::attempt::Purpose;
use serde_json::{Map, Value, json};

/// The schema of what `purpose` asks for; `None` when it asks for no plan and no checkpoint. Strict by every provider's
/// rules: all properties required, no others, only type, enum, required and description.
pub fn schema(purpose: &Purpose) -> Option<Value> {
    let text = |what: &str| json!({ "type": "string", "description": what });
    match purpose {
        Purpose::Plan { .. } | Purpose::Recover { .. } => {
            let step = object(vec![
                ("id", text("a short name of letters, digits, - and _, unique in the plan")),
                ("role", text("who does it, such as implementer or reviewer")),
                ("do", text("what exactly is to be done, and how one sees that it is done")),
                (
                    "needs",
                    json!({
                        "type": "array", "items": { "type": "string" },
                        "description": "ids of the steps whose outputs it builds on; empty when it can begin at once",
                    }),
                ),
            ]);
            let steps = json!({ "type": "array", "items": step, "description": "the steps of the plan" });
            let every = json!({ "type": "integer", "description": "a review after every so many steps; 5 is usual" });
            Some(object(vec![("steps", steps), ("checkpoint_every", every)]))
        }
        Purpose::Review { .. } => Some(object(vec![
            ("status", json!({ "type": "string", "enum": ["on_track", "needs_adjustment"] })),
            ("action", json!({ "type": "string", "enum": ["continue", "retry", "replan"] })),
            ("why", text("one or two sentences")),
        ])),
        Purpose::Judge | Purpose::Make | Purpose::Check { .. } | Purpose::Synthesize => None,
    }
}

fn object(properties: Vec<(&'static str, Value)>) -> Value {
    let required: Vec<&str> = properties.iter().map(|(name, _)| *name).collect();
    let map: Map<String, Value> = properties.iter().map(|(name, form)| ((*name).to_owned(), form.clone())).collect();
    json!({ "type": "object", "properties": map, "required": required, "additionalProperties": false })
}
