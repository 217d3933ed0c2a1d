//! Fixtures that ask the client something first: by a result that says so in the stateless era, by a request in the older one.

use rmcp::ErrorData;
use rmcp::model::{
    CallToolRequestParams, ClientCapabilities, InputRequests, InputRequiredResult, InputResponses, JsonObject,
    RequestStateCodec,
};
use rmcp::service::{RequestContext, RoleServer};
use serde_json::{Value, json};
use std::sync::LazyLock;

/// Seals what a client carries from one round to the next; the key lives as long as this process.
static SEAL: LazyLock<RequestStateCodec> = LazyLock::new(|| RequestStateCodec::try_new(vec![7; 32]).unwrap());

/// What is asked under which key.
fn question(key: &str) -> Value {
    let form = |message: &str, field: &str, kind: &str| {
        let schema = json!({ "type": "object", "properties": { field: { "type": kind } }, "required": [field] });
        let params = json!({ "mode": "form", "message": message, "requestedSchema": schema });
        json!({ "method": "elicitation/create", "params": params })
    };
    let sample = |text: &str| {
        let message = json!({ "role": "user", "content": { "type": "text", "text": text } });
        json!({ "method": "sampling/createMessage", "params": { "messages": [message], "maxTokens": 100 } })
    };
    match key {
        "user_name" | "step1" => form("What is your name?", "name", "string"),
        "step2" => form("What is your favourite colour?", "color", "string"),
        "user_context" => form("What is this about?", "context", "string"),
        "confirm" => form("Shall it be done?", "ok", "boolean"),
        "capital_question" => sample("What is the capital of France?"),
        "greeting" => sample("Say hello."),
        _ => json!({ "method": "roots/list" }),
    }
}

/// Keys that a tool asks for in each round, and whether it carries a state.
fn rounds(tool: &str) -> Option<(&'static [&'static [&'static str]], bool)> {
    Some(match tool {
        "test_input_required_result_elicitation" | "test_streaming_elicitation" => (&[&["user_name"]], false),
        "test_input_required_result_sampling" => (&[&["capital_question"]], false),
        "test_input_required_result_list_roots" => (&[&["client_roots"]], false),
        "test_input_required_result_request_state" | "test_input_required_result_tampered_state" => {
            (&[&["confirm"]], true)
        }
        "test_input_required_result_multiple_inputs" => (&[&["user_name", "greeting", "client_roots"]], true),
        "test_input_required_result_multi_round" => (&[&["step1"], &["step2"]], true),
        "test_input_required_result_capabilities" => (&[&["user_name", "capital_question", "client_roots"]], false),
        "test_input_required_result_prompt" => (&[&["user_context"]], false),
        _ => return None,
    })
}

/// The tools that ask.
pub(super) const TOOLS: [&str; 9] = [
    "test_input_required_result_elicitation",
    "test_streaming_elicitation",
    "test_input_required_result_sampling",
    "test_input_required_result_list_roots",
    "test_input_required_result_request_state",
    "test_input_required_result_tampered_state",
    "test_input_required_result_multiple_inputs",
    "test_input_required_result_multi_round",
    "test_input_required_result_capabilities",
];

/// What is still to be asked; `None`: all has been answered.
pub(super) fn next(
    name: &str,
    responses: Option<&InputResponses>,
    state: Option<&str>,
    declared: Option<ClientCapabilities>,
) -> Result<Option<InputRequiredResult>, ErrorData> {
    let Some((rounds, carries)) = rounds(name) else { return Ok(None) };
    let done: usize = match state {
        Some(state) => SEAL.open_json(state).map_err(|error| ErrorData::invalid_params(error.to_string(), None))?,
        None => 0,
    };
    let Some(keys) = rounds.get(done) else { return Ok(None) };
    let answered = |key: &&str| responses.and_then(|given| given.get(*key)).is_some_and(|answer| fits(key, answer));
    let round = if keys.iter().all(answered) { done + 1 } else { done };
    let Some(keys) = rounds.get(round) else { return Ok(None) };
    let declared = (name == "test_input_required_result_capabilities").then_some(declared).flatten();
    let asked = keys.iter().filter(|key| can(declared.as_ref(), key));
    let requests: serde_json::Map<String, Value> = asked.map(|key| ((*key).to_owned(), question(key))).collect();
    let requests: InputRequests = serde_json::from_value(Value::Object(requests)).unwrap();
    let state = carries.then(|| SEAL.seal_json(&round).unwrap());
    Ok(Some(InputRequiredResult::new(Some(requests), state)))
}

/// Whether an answer answers its question.
fn fits(key: &str, answer: &Value) -> bool {
    match question(key)["params"]["requestedSchema"]["required"][0].as_str() {
        Some(field) => {
            answer.is_object() && answer["action"] != "accept"
                || answer["content"].get(field).is_some_and(|value| !value.is_null())
        }
        None => answer.is_object(),
    }
}

fn can(declared: Option<&ClientCapabilities>, key: &str) -> bool {
    let Some(declared) = declared.and_then(|declared| serde_json::to_value(declared).ok()) else { return true };
    let method = question(key)["method"].as_str().unwrap_or_default().to_owned();
    let needs = method.split('/').next().unwrap_or_default();
    declared.get(needs).is_some()
}

/// Asks a client of the older era while its call waits; what it answered, as the fixture's text.
pub(super) async fn ask(request: &CallToolRequestParams, context: &RequestContext<RoleServer>) -> Option<String> {
    let given = |name: &str| {
        let text = request.arguments.as_ref().and_then(|given| given.get(name)).and_then(Value::as_str);
        text.unwrap_or_default().to_owned()
    };
    let string = |default: &str| json!({ "type": "string", "default": default });
    let titled = |names: [&str; 3]| -> Vec<Value> {
        names
            .iter()
            .enumerate()
            .map(|(at, title)| json!({ "const": format!("value{}", at + 1), "title": title }))
            .collect()
    };
    let options = ["option1", "option2", "option3"];
    let (message, properties) = match request.name.as_ref() {
        "test_sampling" => {
            let message = json!({ "role": "user", "content": { "type": "text", "text": given("prompt") } });
            let params = serde_json::from_value(json!({ "messages": [message], "maxTokens": 100 })).unwrap();
            let answer = context
                .peer
                .create_message(params)
                .await
                .map_or_else(|error| error.to_string(), |answer| serde_json::to_string(&answer).unwrap());
            return Some(format!("LLM response: {answer}"));
        }
        "test_elicitation" => {
            (given("message"), json!({ "username": { "type": "string" }, "email": { "type": "string" } }))
        }
        "test_elicitation_sep1034_defaults" => (
            "Who are you?".to_owned(),
            json!({
                "name": string("John Doe"),
                "age": { "type": "integer", "default": 30 },
                "score": { "type": "number", "default": 95.5 },
                "status": { "type": "string", "enum": ["active", "inactive", "pending"], "default": "active" },
                "verified": { "type": "boolean", "default": true },
            }),
        ),
        "test_elicitation_sep1330_enums" => (
            "Choose.".to_owned(),
            json!({
                "untitledSingle": { "type": "string", "enum": options },
                "titledSingle": { "type": "string", "oneOf": titled(["First Option", "Second Option", "Third Option"]) },
                "legacyEnum": { "type": "string", "enum": ["opt1", "opt2", "opt3"], "enumNames": ["Option One", "Option Two", "Option Three"] },
                "untitledMulti": { "type": "array", "items": { "type": "string", "enum": options } },
                "titledMulti": { "type": "array", "items": { "anyOf": titled(["First Choice", "Second Choice", "Third Choice"]) } },
            }),
        ),
        _ => return None,
    };
    let schema: JsonObject = json!({ "type": "object", "properties": properties }).as_object().cloned().unwrap();
    let params = json!({ "mode": "form", "message": message, "requestedSchema": schema });
    let params = serde_json::from_value(params).unwrap();
    Some(match context.peer.create_elicitation(params).await {
        Ok(answer) => {
            let answer = serde_json::to_value(&answer).unwrap();
            format!(
                "Elicitation completed: action={}, content={}",
                answer["action"].as_str().unwrap_or_default(),
                answer["content"]
            )
        }
        Err(error) => error.to_string(),
    })
}
