//! The schemas of the tools, built by hand so that they stay flat and use only what every client understands: no
//! references, no type arrays, no number formats of one library.

use rmcp::model::JsonObject;
use serde_json::{Value, json};
use std::sync::Arc;

/// One property of an object.
#[derive(Clone, Debug)]
pub(super) struct Property {
    name: &'static str,
    schema: Value,
    required: bool,
}

impl Property {
    fn new(name: &'static str, kind: &str, description: &str) -> Self {
        Self { name, schema: json!({ "type": kind, "description": description }), required: false }
    }

    /// It must be given (or, in a result, is always there).
    pub(super) fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// What stands for it when it is not given.
    pub(super) fn or(mut self, default: impl Into<Value>) -> Self {
        self.schema["default"] = default.into();
        self
    }

    /// One of these words.
    pub(super) fn one_of(mut self, words: &[&str]) -> Self {
        self.schema["enum"] = json!(words);
        self
    }

    /// No smaller than this.
    pub(super) fn at_least(mut self, least: i64) -> Self {
        self.schema["minimum"] = json!(least);
        self
    }
}

/// A text.
pub(super) fn text(name: &'static str, description: &str) -> Property {
    Property::new(name, "string", description)
}

/// A whole number.
pub(super) fn whole(name: &'static str, description: &str) -> Property {
    Property::new(name, "integer", description)
}

/// A number.
pub(super) fn number(name: &'static str, description: &str) -> Property {
    Property::new(name, "number", description)
}

/// Yes or no.
pub(super) fn flag(name: &'static str, description: &str) -> Property {
    Property::new(name, "boolean", description)
}

/// A list of texts.
pub(super) fn texts(name: &'static str, description: &str) -> Property {
    let mut property = Property::new(name, "array", description);
    property.schema["items"] = json!({ "type": "string" });
    property
}

/// A list of objects, in whatever form the board gives them.
pub(super) fn objects(name: &'static str, description: &str) -> Property {
    let mut property = Property::new(name, "array", description);
    property.schema["items"] = json!({ "type": "object" });
    property
}

/// An object, in whatever form the board gives it.
pub(super) fn object(name: &'static str, description: &str) -> Property {
    Property::new(name, "object", description)
}

/// The schema of an object with these properties. More than these may be there.
pub(super) fn of(properties: Vec<Property>) -> Arc<JsonObject> {
    let required: Vec<Value> =
        properties.iter().filter(|property| property.required).map(|property| property.name.into()).collect();
    let named = properties.into_iter().map(|property| (property.name.to_owned(), property.schema));
    let mut schema = JsonObject::new();
    schema.insert("type".to_owned(), "object".into());
    schema.insert("properties".to_owned(), Value::Object(named.collect()));
    if !required.is_empty() {
        schema.insert("required".to_owned(), Value::Array(required));
    }
    Arc::new(schema)
}

/// The schema of a tool that takes nothing.
pub(super) fn nothing() -> Arc<JsonObject> {
    let mut schema = JsonObject::new();
    schema.insert("type".to_owned(), "object".into());
    schema.insert("additionalProperties".to_owned(), false.into());
    Arc::new(schema)
}
