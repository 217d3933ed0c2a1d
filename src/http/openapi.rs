//! The OpenAPI 3.1 document: the table of routes with the schemas of the types they take and answer. Made once.

use super::asks::Verb;
use super::problem;
use super::routes::{Route, table};
use super::target::PREFIX;
use crate::api::Reply;
use axum::body::Bytes;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use schemars::generate::{Contract, SchemaSettings};
use schemars::{Schema, SchemaGenerator};
use serde_json::{Map, Value, json};
use std::sync::LazyLock;

static DOCUMENT: LazyLock<Bytes> = LazyLock::new(|| Bytes::from(build().to_string()));

/// Answers with the document.
pub(super) async fn document() -> Response {
    ([(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))], DOCUMENT.clone()).into_response()
}

/// The errors that every route can answer with.
const EVERYWHERE: [StatusCode; 10] = [
    StatusCode::BAD_REQUEST,
    StatusCode::UNAUTHORIZED,
    StatusCode::FORBIDDEN,
    StatusCode::METHOD_NOT_ALLOWED,
    StatusCode::REQUEST_TIMEOUT,
    StatusCode::TOO_MANY_REQUESTS,
    StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
    StatusCode::INTERNAL_SERVER_ERROR,
    StatusCode::BAD_GATEWAY,
    StatusCode::SERVICE_UNAVAILABLE,
];

/// The errors of routes that name something, or change something.
const OF_THINGS: [StatusCode; 2] = [StatusCode::NOT_FOUND, StatusCode::CONFLICT];

/// The errors of routes that take a body.
const OF_BODIES: [StatusCode; 3] =
    [StatusCode::PAYLOAD_TOO_LARGE, StatusCode::UNSUPPORTED_MEDIA_TYPE, StatusCode::UNPROCESSABLE_ENTITY];

/// The document.
pub(super) fn build() -> Value {
    let mut asked = generator(Contract::Deserialize);
    let mut told = generator(Contract::Serialize);
    let mut schemas = replies(&mut told);
    schemas.insert("Problem".to_owned(), schema_of::<problem::Body>(&mut told));
    let mut paths = Map::new();
    for route in table() {
        let path = paths.entry(format!("{PREFIX}{}", route.path)).or_insert_with(|| json!({}));
        path[method(route.verb)] = operation(&route, &mut asked);
    }
    paths.insert(format!("{PREFIX}/openapi.json"), json!({ "get": of_document() }));
    for mut generator in [told, asked] {
        // Types that are both asked and told have the same schema in both; a test compares.
        schemas.extend(generator.take_definitions(true));
    }
    schemas.shift_remove("Reply");
    let mut document = json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Synod",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Several AI models at work on one task through a shared blackboard. Over TCP every request needs the token of `.synod/token`; over `.synod/synod.sock` none does.",
            "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
        },
        "security": [{ "token": [] }],
        "paths": paths,
        "components": {
            "securitySchemes": { "token": { "type": "http", "scheme": "bearer", "description": "What stands in `.synod/token`." } },
            "responses": errors(),
            "schemas": schemas,
        },
    });
    plain_integers(&mut document);
    document
}

/// A generator whose definitions stand where the document keeps them.
pub(super) fn generator(contract: Contract) -> SchemaGenerator {
    SchemaSettings::draft2020_12()
        .with(|settings| {
            settings.definitions_path = "/components/schemas".into();
            settings.contract = contract;
            settings.meta_schema = None;
        })
        .into_generator()
}

/// Puts bounds in the place of formats that JSON Schema does not know (`uint64`): readers warn about each of them.
fn plain_integers(value: &mut Value) {
    match value {
        Value::Object(members) => {
            let most = match members.get("format").and_then(Value::as_str) {
                Some("uint" | "uint64") => Some(u64::MAX),
                Some("uint32") => Some(u64::from(u32::MAX)),
                Some("uint16") => Some(u64::from(u16::MAX)),
                Some("uint8") => Some(u64::from(u8::MAX)),
                _ => None,
            };
            if let Some(most) = most {
                members.shift_remove("format");
                members.insert("maximum".to_owned(), most.into());
            }
            members.values_mut().for_each(plain_integers);
        }
        Value::Array(items) => items.iter_mut().for_each(plain_integers),
        _ => {}
    }
}

fn schema_of<T: schemars::JsonSchema>(generator: &mut SchemaGenerator) -> Value {
    let mut schema = generator.root_schema_for::<T>();
    schema.remove("$defs");
    schema.remove("$schema");
    schema.to_value()
}

/// Each reply as a schema of its own.
fn replies(generator: &mut SchemaGenerator) -> Map<String, Value> {
    let whole = schema_of::<Reply>(generator);
    let each = whole.get("oneOf").and_then(Value::as_array).into_iter().flatten();
    each.filter_map(|reply| Some((reply_name(reply.pointer("/properties/reply/const")?.as_str()?), reply.clone())))
        .collect()
}

/// What the schema of a reply is called: `memory_written` becomes `MemoryWrittenReply`.
pub(super) fn reply_name(tag: &str) -> String {
    let words = tag.split('_').map(|word| {
        let mut letters = word.chars();
        letters.next().map(char::to_uppercase).into_iter().flatten().chain(letters).collect::<String>()
    });
    words.chain(["Reply".to_owned()]).collect()
}

fn method(verb: Verb) -> &'static str {
    match verb {
        Verb::Get => "get",
        Verb::Post => "post",
    }
}

fn operation(route: &Route, generator: &mut SchemaGenerator) -> Value {
    let mut takes = (route.takes)(generator);
    takes.remove("$defs");
    takes.remove("$schema");
    takes.remove("title");
    let said = takes.remove("description").and_then(|said| said.as_str().map(str::to_owned)).unwrap_or_default();
    let (summary, more) = said.split_once(". ").map_or((said.as_str(), ""), |(summary, more)| (summary, more));
    let tag = route.path.split('/').nth(1).unwrap_or_default();
    let mut operation =
        json!({ "operationId": route.name, "tags": [tag], "summary": summary, "responses": responses(route) });
    if !more.is_empty() {
        operation["description"] = said.clone().into();
    }
    let mut parameters = path_parameters(route);
    match route.verb {
        Verb::Get => parameters.extend(query_parameters(&takes)),
        Verb::Post => {
            operation["requestBody"] =
                json!({ "required": true, "content": { "application/json": { "schema": takes } } });
        }
    }
    if !parameters.is_empty() {
        operation["parameters"] = parameters.into();
    }
    operation
}

/// How the document describes itself.
fn of_document() -> Value {
    let content = json!({ "application/json": { "schema": { "type": "object" } } });
    let mut responses = json!({ "200": { "description": "The document.", "content": content } });
    refer(&mut responses, &EVERYWHERE);
    json!({ "operationId": "openapi", "tags": ["openapi"], "summary": "This document.", "responses": responses })
}

fn path_parameters(route: &Route) -> Vec<Value> {
    let id = json!({
        "name": "id", "in": "path", "required": true, "description": "The task's id.",
        "schema": { "type": "string", "minLength": 1, "maxLength": 92 },
    });
    let last = json!({
        "name": "Last-Event-ID", "in": "header", "description": "On a stream: the id of the last event; it outranks `after`.",
        "schema": { "type": "integer", "minimum": 0, "maximum": u64::MAX },
    });
    route.of_task.then_some(id).into_iter().chain(route.streams.then_some(last)).collect()
}

/// The members of what a route takes, as parameters of its query.
fn query_parameters(takes: &Schema) -> Vec<Value> {
    let required = takes.get("required").and_then(Value::as_array);
    let members = takes.get("properties").and_then(Value::as_object).into_iter().flatten();
    let parameter = |(name, schema): (&String, &Value)| {
        let mut schema = without_null(schema.clone());
        let said = schema.as_object_mut().and_then(|schema| schema.remove("description"));
        let needed = required.is_some_and(|names| names.iter().any(|other| other == name));
        json!({ "name": name, "in": "query", "required": needed, "description": said.unwrap_or_default(), "schema": schema })
    };
    members.map(parameter).collect()
}

/// A schema without its null: what is not said in a query is left out, and never written as nothing.
fn without_null(mut schema: Value) -> Value {
    if let Some(Value::Array(kinds)) = schema.get_mut("type") {
        kinds.retain(|kind| kind != "null");
        if let [only] = kinds.as_slice() {
            schema["type"] = only.clone();
        }
    }
    if let Some(Value::Array(any)) = schema.get_mut("anyOf") {
        any.retain(|one| one["type"] != "null");
        if let [only] = any.as_slice() {
            let mut only = only.clone();
            only["description"] = schema["description"].clone();
            return only;
        }
    }
    schema
}

fn responses(route: &Route) -> Value {
    let name = reply_name(route.reply);
    let mut content = json!({ "application/json": { "schema": { "$ref": format!("#/components/schemas/{name}") } } });
    if route.streams {
        content["text/event-stream"] = json!({ "schema": { "type": "string" } });
    }
    let mut responses = json!({ "200": { "description": "The reply.", "content": content } });
    let things = route.of_task || matches!(route.verb, Verb::Post) || route.path.starts_with("/memories");
    let bodies = matches!(route.verb, Verb::Post);
    refer(&mut responses, &EVERYWHERE);
    if things {
        refer(&mut responses, &OF_THINGS);
    }
    if bodies {
        refer(&mut responses, &OF_BODIES);
    }
    responses
}

/// Names these errors among the responses.
fn refer(responses: &mut Value, errors: &[StatusCode]) {
    for status in errors {
        responses[status.as_str()] = json!({ "$ref": format!("#/components/responses/{}", error_name(*status)) });
    }
}

/// `404` is called `NotFound`.
fn error_name(status: StatusCode) -> String {
    status.canonical_reason().unwrap_or_default().split_whitespace().collect()
}

/// Every error as a response.
fn errors() -> Value {
    let mut errors = Map::new();
    for status in EVERYWHERE.iter().chain(&OF_THINGS).chain(&OF_BODIES) {
        let mut response = json!({
            "description": status.canonical_reason().unwrap_or_default(),
            "content": { "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } } },
        });
        if *status == StatusCode::UNAUTHORIZED {
            response["headers"] = json!({ "WWW-Authenticate": { "schema": { "type": "string" } } });
        }
        if *status == StatusCode::TOO_MANY_REQUESTS {
            response["headers"] =
                json!({ "Retry-After": { "description": "Seconds.", "schema": { "type": "integer" } } });
        }
        errors.insert(error_name(*status), response);
    }
    errors.into()
}
