//! The JSON Schemas that providers are given for plans, checkpoints and proofs, kept to what all of them accept in strict mode.

use crate::board::attempt::Purpose;
use serde_json::{Map, Value, json};

/// The schema of what `purpose` asks for; `None` when it asks for none of them. Strict by every provider's
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
        Purpose::Prove { .. } => {
            let reproduction = object(vec![
                (
                    "command",
                    text("a command that shows it, run from the root of the workspace; empty when there is none"),
                ),
                ("observed", text("what it prints, or the lines that show it, word for word")),
            ]);
            Some(object(vec![
                ("claim", text("the claim in your own words")),
                ("status", json!({ "type": "string", "enum": ["confirmed", "refuted", "undecided"] })),
                ("why", text("what shows it or refutes it, step by step")),
                ("reproduction", reproduction),
            ]))
        }
        Purpose::Judge | Purpose::Make | Purpose::Check { .. } | Purpose::Synthesize | Purpose::Reconsider { .. } => {
            None
        }
    }
}

fn object(properties: Vec<(&'static str, Value)>) -> Value {
    let required: Vec<&str> = properties.iter().map(|(name, _)| *name).collect();
    let map: Map<String, Value> = properties.iter().map(|(name, form)| ((*name).to_owned(), form.clone())).collect();
    json!({ "type": "object", "properties": map, "required": required, "additionalProperties": false })
}
