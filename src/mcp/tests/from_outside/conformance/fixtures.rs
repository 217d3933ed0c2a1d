//! What the conformance suite calls besides the server's own tools, resources and prompts. Everything else goes to the server
//! unchanged.

use super::asking;
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, CancelTaskParams, ClientCapabilities,
    CompleteRequestParams, CompleteResult, GetPromptRequestParams, GetPromptResponse, GetPromptResult, GetTaskParams,
    GetTaskResult, ListPromptsResult, ListResourceTemplatesResult, ListResourcesResult, ListToolsResult,
    PaginatedRequestParams, ProgressNotificationParam, ReadResourceRequestParams, ReadResourceResponse,
    ReadResourceResult, ServerConfig, SetLevelRequestParams, SubscribeRequestParams, SubscriptionFilter, Tool,
    UnsubscribeRequestParams,
};
use rmcp::service::{RequestContext, RoleServer, SubscriptionContext};
use rmcp::{ErrorData, ServerHandler};
use serde_json::{Value, json};
use std::sync::LazyLock;
use std::time::Duration;
use synod::mcp::Server;

/// A picture of one red dot.
const PNG: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg==";
/// A sound without samples.
const WAV: &str = "UklGRiQAAABXQVZFZm10IBAAAAABAAEARKwAAIhYAQACABAAZGF0YQAAAAA=";

/// Tools that take nothing, or whatever they are given.
const PLAIN_TOOLS: [&str; 15] = [
    "test_simple_text",
    "test_image_content",
    "test_audio_content",
    "test_embedded_resource",
    "test_multiple_content_types",
    "test_error_handling",
    "test_tool_with_progress",
    "test_tool_with_logging",
    "test_sampling",
    "test_elicitation",
    "test_elicitation_sep1034_defaults",
    "test_elicitation_sep1330_enums",
    "test_missing_capability",
    "test_logging_tool",
    "json_schema_2020_12_tool",
];

static TOOLS: LazyLock<Vec<Tool>> = LazyLock::new(|| {
    let named = PLAIN_TOOLS.iter().chain(&asking::TOOLS);
    named
        .map(|name| {
            let schema = match *name {
                "json_schema_2020_12_tool" => rich_schema(),
                "test_sampling" => json!({ "type": "object", "properties": { "prompt": { "type": "string" } } }),
                "test_elicitation" => json!({ "type": "object", "properties": { "message": { "type": "string" } } }),
                _ => json!({ "type": "object" }),
            };
            Tool::new(*name, "A fixture of the conformance suite.", schema.as_object().cloned().unwrap())
        })
        .collect()
});

/// A schema with every keyword that must reach the client as it is.
fn rich_schema() -> Value {
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "$defs": { "address": {
            "$anchor": "addressDef", "type": "object",
            "properties": { "street": { "type": "string" }, "city": { "type": "string" } },
        } },
        "properties": {
            "name": { "type": "string" },
            "address": { "$ref": "#/$defs/address" },
            "contactMethod": { "type": "string", "enum": ["phone", "email"] },
            "phone": { "type": "string" },
            "email": { "type": "string" },
        },
        "allOf": [{ "anyOf": [{ "required": ["phone"] }, { "required": ["email"] }] }],
        "if": { "properties": { "contactMethod": { "const": "phone" } }, "required": ["contactMethod"] },
        "then": { "required": ["phone"] },
        "else": { "required": ["email"] },
        "additionalProperties": false,
    })
}

/// The server with the fixtures around it.
#[derive(Clone)]
pub(super) struct Fixtures {
    server: Server,
}

impl Fixtures {
    pub(super) fn around(server: Server) -> Self {
        Self { server }
    }
}

fn result<T: serde::de::DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).unwrap()
}

fn text(text: &str) -> Value {
    json!({ "type": "text", "text": text })
}

fn image() -> Value {
    json!({ "type": "image", "data": PNG, "mimeType": "image/png" })
}

fn resource(uri: &str) -> Value {
    let resource = json!({ "uri": uri, "mimeType": "text/plain", "text": "Embedded resource content for testing." });
    json!({ "type": "resource", "resource": resource })
}

/// What a tool gives at once; `None`: it does something first.
fn content(tool: &str) -> Option<Value> {
    Some(match tool {
        "test_simple_text" => json!([text("This is a simple text response for testing.")]),
        "test_image_content" => json!([image()]),
        "test_audio_content" => json!([{ "type": "audio", "data": WAV, "mimeType": "audio/wav" }]),
        "test_embedded_resource" => json!([resource("test://embedded-resource")]),
        "test_multiple_content_types" => {
            json!([text("Several sorts of content:"), image(), resource("test://mixed-content-resource")])
        }
        "json_schema_2020_12_tool" | "test_logging_tool" => json!([text("done")]),
        _ => return None,
    })
}

async fn with_progress(context: &RequestContext<RoleServer>) {
    let Some(token) = context.meta.get_progress_token() else { return };
    for done in [0.0, 50.0, 100.0] {
        let told = ProgressNotificationParam::new(token.clone(), done).with_total(100.0);
        context.peer.notify_progress(told).await.unwrap();
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn with_logging(context: &RequestContext<RoleServer>) {
    for message in ["Tool execution started", "Tool processing data", "Tool execution completed"] {
        let told = result(json!({ "level": "info", "data": message }));
        context.peer.notify_logging_message(told).await.unwrap();
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

impl ServerHandler for Fixtures {
    fn get_info(&self) -> ServerConfig {
        let mut info = self.server.get_info();
        info.capabilities.logging = Some(rmcp::model::JsonObject::new());
        info
    }

    async fn set_level(&self, _: SetLevelRequestParams, _: RequestContext<RoleServer>) -> Result<(), ErrorData> {
        Ok(())
    }

    async fn list_tools(
        &self,
        page: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let mut listed = self.server.list_tools(page, context).await?;
        listed.tools.extend(TOOLS.iter().cloned());
        Ok(listed)
    }

    fn get_tool(&self, name: &str) -> Option<Tool> {
        TOOLS.iter().find(|tool| tool.name == name).cloned().or_else(|| self.server.get_tool(name))
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        if !TOOLS.iter().any(|tool| tool.name == request.name) {
            return self.server.call_tool(request, context).await;
        }
        if let Some(content) = content(&request.name) {
            return Ok(result::<CallToolResult>(json!({ "resultType": "complete", "content": content })).into());
        }
        match request.name.as_ref() {
            "test_error_handling" => {
                let failed = json!({ "resultType": "complete", "content": [text("This tool intentionally returns an error")], "isError": true });
                return Ok(result::<CallToolResult>(failed).into());
            }
            "test_missing_capability" => {
                let declared = context.client_capabilities().and_then(|can| serde_json::to_value(can).ok());
                if declared.is_none_or(|can| can.get("sampling").is_none()) {
                    let needed: ClientCapabilities = result(json!({ "sampling": {} }));
                    return Err(ErrorData::missing_required_client_capability(needed));
                }
            }
            "test_tool_with_progress" => with_progress(&context).await,
            "test_tool_with_logging" => with_logging(&context).await,
            _ => {}
        }
        if let Some(said) = asking::ask(&request, &context).await {
            return Ok(result::<CallToolResult>(json!({ "resultType": "complete", "content": [text(&said)] })).into());
        }
        let (responses, state) = (request.input_responses.as_ref(), request.request_state.as_deref());
        match asking::next(&request.name, responses, state, context.client_capabilities())? {
            Some(asks) => Ok(asks.into()),
            None => Ok(result::<CallToolResult>(json!({ "resultType": "complete", "content": [text("done")] })).into()),
        }
    }

    async fn list_resources(
        &self,
        page: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListResourcesResult, ErrorData> {
        let mut listed = self.server.list_resources(page, context).await?;
        for (name, mime) in
            [("static-text", "text/plain"), ("static-binary", "image/png"), ("watched-resource", "text/plain")]
        {
            let about = json!({ "uri": format!("test://{name}"), "name": name, "mimeType": mime });
            listed.resources.push(result(about));
        }
        Ok(listed)
    }

    async fn list_resource_templates(
        &self,
        page: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListResourceTemplatesResult, ErrorData> {
        let mut listed = self.server.list_resource_templates(page, context).await?;
        listed
            .resource_templates
            .push(result(json!({ "uriTemplate": "test://template/{id}/data", "name": "template" })));
        Ok(listed)
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<ReadResourceResponse, ErrorData> {
        let uri = request.uri.clone();
        let contents = match uri.as_str() {
            "test://static-text" | "test://watched-resource" => {
                json!({ "uri": uri, "mimeType": "text/plain", "text": "This is the content of the static text resource." })
            }
            "test://static-binary" => json!({ "uri": uri, "mimeType": "image/png", "blob": PNG }),
            _ => match uri.strip_prefix("test://template/").and_then(|rest| rest.strip_suffix("/data")) {
                Some(id) => {
                    json!({ "uri": uri, "mimeType": "application/json", "text": json!({ "id": id }).to_string() })
                }
                None => return self.server.read_resource(request, context).await,
            },
        };
        Ok(ReadResourceResult::new(vec![result(contents)]).into())
    }

    fn accepted_subscription_filter(&self, requested: &SubscriptionFilter) -> Option<SubscriptionFilter> {
        self.server.accepted_subscription_filter(requested)
    }

    async fn listen(&self, context: SubscriptionContext) -> Result<(), ErrorData> {
        self.server.listen(context).await
    }

    async fn subscribe(
        &self,
        request: SubscribeRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        self.server.subscribe(request, context).await
    }

    async fn unsubscribe(
        &self,
        request: UnsubscribeRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        self.server.unsubscribe(request, context).await
    }

    async fn list_prompts(
        &self,
        page: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListPromptsResult, ErrorData> {
        let mut listed = self.server.list_prompts(page, context).await?;
        let arguments = |names: &[&str]| -> Vec<Value> {
            names.iter().map(|name| json!({ "name": name, "description": "A value", "required": true })).collect()
        };
        for (name, names) in [
            ("test_simple_prompt", &[][..]),
            ("test_prompt_with_arguments", &["arg1", "arg2"]),
            ("test_prompt_with_embedded_resource", &["resourceUri"]),
            ("test_prompt_with_image", &[]),
            ("test_input_required_result_prompt", &[]),
        ] {
            let about = json!({ "name": name, "description": "A fixture.", "arguments": arguments(names) });
            listed.prompts.push(result(about));
        }
        Ok(listed)
    }

    async fn get_prompt(
        &self,
        request: GetPromptRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<GetPromptResponse, ErrorData> {
        let given = |name: &str| {
            let value = request.arguments.as_ref().and_then(|given| given.get(name)).and_then(Value::as_str);
            value.unwrap_or_default().to_owned()
        };
        let contents = match request.name.as_str() {
            "test_simple_prompt" => vec![text("This is a simple prompt for testing.")],
            "test_prompt_with_arguments" => {
                vec![text(&format!("Prompt with arguments: arg1='{}', arg2='{}'", given("arg1"), given("arg2")))]
            }
            "test_prompt_with_embedded_resource" => {
                vec![resource(&given("resourceUri")), text("Please process the embedded resource above.")]
            }
            "test_prompt_with_image" => vec![image(), text("Please analyze the image above.")],
            "test_input_required_result_prompt" => {
                let (responses, state) = (request.input_responses.as_ref(), request.request_state.as_deref());
                if let Some(asks) = asking::next(&request.name, responses, state, context.client_capabilities())? {
                    return Ok(asks.into());
                }
                vec![text("done")]
            }
            _ => return self.server.get_prompt(request, context).await,
        };
        let messages: Vec<Value> =
            contents.into_iter().map(|content| json!({ "role": "user", "content": content })).collect();
        Ok(result::<GetPromptResult>(json!({ "resultType": "complete", "messages": messages })).into())
    }

    async fn complete(
        &self,
        request: CompleteRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CompleteResult, ErrorData> {
        self.server.complete(request, context).await
    }

    async fn get_task(
        &self,
        request: GetTaskParams,
        context: RequestContext<RoleServer>,
    ) -> Result<GetTaskResult, ErrorData> {
        self.server.get_task(request, context).await
    }

    async fn cancel_task(
        &self,
        request: CancelTaskParams,
        context: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        self.server.cancel_task(request, context).await
    }
}
