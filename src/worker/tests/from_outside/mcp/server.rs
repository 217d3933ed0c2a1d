//! The server of these tests: tools that answer, fail, take their time, die, and leave processes behind.

#![expect(
    clippy::print_stderr,
    clippy::zombie_processes,
    reason = "it plays a server that ends badly and leaves litter"
)]

use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, ListToolsResult, PaginatedRequestParams,
    ProtocolVersion, ServerCapabilities, ServerConfig, Tool,
};
use rmcp::service::RequestContext;
use rmcp::{ErrorData, RoleServer, ServerHandler, ServiceExt};
use serde_json::{Value, json};
use std::borrow::Cow;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// A server that counts its calls and leaves a note when one is cancelled.
#[derive(Clone, Default)]
pub(crate) struct Server {
    pub(crate) calls: Arc<AtomicU32>,
    /// Where notes are left.
    pub(crate) notes: PathBuf,
    /// It knows only the protocol with `initialize`.
    pub(crate) old: bool,
}

impl ServerHandler for Server {
    fn get_info(&self) -> ServerConfig {
        let mut info = ServerConfig::default();
        info.capabilities = ServerCapabilities::builder().enable_tools().build();
        info.server_info = rmcp::model::Implementation::new("workbench", "7");
        info
    }

    fn supported_protocol_versions(&self) -> Cow<'static, [ProtocolVersion]> {
        if self.old { vec![ProtocolVersion::V_2025_06_18].into() } else { ProtocolVersion::KNOWN_VERSIONS.into() }
    }

    async fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let tool = |name: &'static str, keys: &[&str]| {
            let properties: serde_json::Map<String, Value> =
                keys.iter().map(|key| ((*key).to_owned(), json!({ "type": "string" }))).collect();
            let schema = json!({ "type": "object", "properties": properties, "required": keys });
            Tool::new(name, "a tool", Arc::new(schema.as_object().expect("an object").clone()))
        };
        let one = ["say", "fail", "slow", "die", "litter", "nothing"].map(|name| tool(name, &["text"]));
        Ok(ListToolsResult::with_all_items([one.to_vec(), vec![tool("pair", &["left", "right"])]].concat()))
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let number = self.calls.fetch_add(1, Ordering::SeqCst) + 1;
        let arguments = Value::Object(request.arguments.unwrap_or_default());
        let text = arguments["text"].as_str().unwrap_or_default().to_owned();
        let say = |text: String| Ok(CallToolResult::success(vec![ContentBlock::text(text)]).into());
        match request.name.as_ref() {
            "say" => say(format!("call {number} of {}: {text}", std::process::id())),
            "pair" => say(arguments.to_string()),
            "fail" => Ok(CallToolResult::error(vec![ContentBlock::text(text)]).into()),
            "nothing" => Ok(CallToolResult::success(Vec::new()).into()),
            "slow" => {
                std::fs::write(self.notes.join("begun"), "").expect("a note");
                context.ct.cancelled().await;
                std::fs::write(self.notes.join("cancelled"), "").expect("a note");
                say("too late".to_owned())
            }
            "die" => {
                eprintln!("error: out of memory");
                std::process::exit(3);
            }
            "litter" => {
                let mut litter = std::process::Command::new("setsid");
                litter.args(["sleep", "600"]).stdin(std::process::Stdio::null()).stdout(std::process::Stdio::null());
                litter.stderr(std::process::Stdio::null()).spawn().expect("a child");
                say("left one".to_owned())
            }
            other => Err(ErrorData::invalid_params(Cow::Owned(format!("no tool {other}")), None)),
        }
    }
}

/// This binary's arguments to be that server.
pub(crate) fn process() -> Vec<String> {
    super::bench::as_process(module_path!(), "server_process")
}

/// Not a test: what this binary does as a server on its stdin and stdout.
#[test]
#[ignore = "run by the other tests, as a process of its own"]
fn server_process() {
    let notes = std::env::var_os("TEST_NOTES").expect("a folder").into();
    let server = Server { notes, old: std::env::var_os("TEST_OLD").is_some(), ..Server::default() };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let running = server.serve(rmcp::transport::stdio()).await.expect("a client");
        let _ = running.waiting().await;
    });
}
