//! The server of one connection, and what all connections share. Each method of the protocol is passed on to the file that
//! knows it.

use super::resources;
use super::subscriptions::Hub;
use super::tools::{self, Call};
use super::{completion, prompts, task_extension};
use crate::api::Handle;
use futures::future::BoxFuture;
use rmcp::model::{
    CacheScope, CallToolRequestParams, CallToolResponse, CancelTaskParams, CompleteRequestParams, CompleteResult,
    CustomRequest, CustomResult, ErrorCode, GetPromptRequestParams, GetPromptResponse, GetTaskParams, GetTaskResult,
    Implementation, ListPromptsResult, ListResourceTemplatesResult, ListResourcesResult, ListToolsResult,
    PaginatedRequestParams, ReadResourceRequestParams, ReadResourceResponse, ServerCapabilities, ServerConfig,
    SubscribeRequestParams, SubscriptionFilter, Tool, UnsubscribeRequestParams, UpdateTaskParams,
};
use rmcp::service::{RequestContext, RoleServer, SubscriptionContext};
use rmcp::{ErrorData, ServerHandler};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio_util::sync::CancellationToken;

/// What a client reads first. Some clients keep 512 characters of it, so those say all that is needed.
const INSTRUCTIONS: &str = "\
Synod: memories shared by all agents of this project, and other AI models to ask. Start with list_memories or search_memories; read_memory before work; write_memory what the next agent must know (edit_memory for a passage). orchestrate asks several models at once and returns one reasoned decision (wait=false: an id for task_status). Pass a person's yes or no on with answer_task. Nothing written is lost: memory_history, restore_memory. More: initial_instructions.";

/// How long clients may keep the list of tools, in milliseconds; it changes only with the program.
const TOOLS_TTL_MS: u64 = 300_000;

/// Longest name of a client that is kept, in characters.
const CLIENT_NAME_CHARS_MAX: usize = 64;

/// How much of a method's name is said back where there is no such method.
const METHOD_CHARS_MAX: usize = 64;

/// Starts background work. This room starts none by itself.
pub type Spawn = Arc<dyn Fn(BoxFuture<'static, ()>) + Send + Sync>;

/// What the server is started with.
pub struct Options {
    /// Starts the one follower that feeds subscriptions.
    pub spawn: Spawn,
    /// Set when the face ends.
    pub stop: CancellationToken,
}

/// The server of one connection. Cheap to clone; clones share the connection.
#[derive(Clone)]
pub struct Server {
    board: Handle,
    options: Arc<Options>,
    hub: Hub,
    connection: Arc<Connection>,
    connections: Arc<AtomicU64>,
}

/// What is known of one connection.
struct Connection {
    number: u64,
    /// The client's name as the person gave it when it was connected; else it names itself.
    client: Option<String>,
}

impl Server {
    /// A server over a board.
    pub fn new(board: Handle, options: Options) -> Self {
        let options = Arc::new(options);
        let hub = Hub::new(board.clone(), Arc::clone(&options));
        let connection = Arc::new(Connection { number: 0, client: None });
        Self { board, options, hub, connection, connections: Arc::new(AtomicU64::new(1)) }
    }

    /// The server of a further connection, whose client a person may have given a name.
    #[must_use]
    pub fn connection(&self, client: Option<&str>) -> Self {
        let number = self.connections.fetch_add(1, Ordering::Relaxed);
        let client = client.and_then(tidy);
        Self { connection: Arc::new(Connection { number, client }), ..self.clone() }
    }

    /// What it was started with.
    pub(super) fn options(&self) -> &Arc<Options> {
        &self.options
    }

    /// Who asks: the name a person gave, else the one the client gives itself.
    fn who(&self, context: &RequestContext<RoleServer>) -> String {
        if let Some(name) = &self.connection.client {
            return name.clone();
        }
        context.client_info().and_then(|info| tidy(&info.name)).unwrap_or_else(|| "mcp".to_owned())
    }

    fn call(&self, context: RequestContext<RoleServer>) -> Call {
        let by = self.who(&context);
        Call { board: self.board.clone(), by, context }
    }
}

/// A name that fits into a line of the log; `None`: nothing is left of it.
fn tidy(name: &str) -> Option<String> {
    let name: String = name.chars().filter(|c| !c.is_control()).take(CLIENT_NAME_CHARS_MAX).collect();
    let name = name.trim();
    (!name.is_empty()).then(|| name.to_owned())
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server").field("connection", &self.connection.number).finish_non_exhaustive()
    }
}

impl ServerHandler for Server {
    fn get_info(&self) -> ServerConfig {
        let capabilities = ServerCapabilities::builder()
            .enable_tools()
            .enable_prompts()
            .enable_completions()
            .enable_resources()
            .enable_resources_list_changed()
            .enable_resources_subscribe()
            .enable_tasks()
            .build();
        let who = Implementation::new("synod", env!("CARGO_PKG_VERSION")).with_title("Synod");
        ServerConfig::new(capabilities).with_server_info(who).with_instructions(INSTRUCTIONS)
    }

    async fn list_tools(
        &self,
        _request: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let listed = ListToolsResult::with_all_items(tools::listed().to_vec());
        Ok(listed.with_ttl_ms(TOOLS_TTL_MS).with_cache_scope(CacheScope::Public))
    }

    fn get_tool(&self, name: &str) -> Option<Tool> {
        tools::named(name).cloned()
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let called = tools::run(&request.name, self.call(context), request.arguments).await;
        called.ok_or_else(|| ErrorData::invalid_params(format!("Unknown tool: {}", request.name), None))
    }

    async fn list_resources(
        &self,
        request: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListResourcesResult, ErrorData> {
        // Who lists wants to know when the list is another one; the stateless era asks for that by itself.
        self.hub.watch_list(self.connection.number, &context).await;
        resources::list(&self.board, request.and_then(|page| page.cursor)).await
    }

    async fn list_resource_templates(
        &self,
        _request: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListResourceTemplatesResult, ErrorData> {
        Ok(resources::templates())
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<ReadResourceResponse, ErrorData> {
        resources::read(&self.board, &request.uri).await.map(ReadResourceResponse::from)
    }

    fn accepted_subscription_filter(&self, requested: &SubscriptionFilter) -> Option<SubscriptionFilter> {
        Some(requested.clone())
    }

    async fn listen(&self, context: SubscriptionContext) -> Result<(), ErrorData> {
        self.hub.listen(context).await;
        Ok(())
    }

    async fn subscribe(
        &self,
        request: SubscribeRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        self.hub.subscribe(self.connection.number, &request.uri, &context).await
    }

    async fn unsubscribe(
        &self,
        request: UnsubscribeRequestParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        self.hub.unsubscribe(self.connection.number, &request.uri);
        Ok(())
    }

    async fn list_prompts(
        &self,
        _request: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListPromptsResult, ErrorData> {
        Ok(prompts::list())
    }

    async fn get_prompt(
        &self,
        request: GetPromptRequestParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<GetPromptResponse, ErrorData> {
        prompts::get(&request).map(GetPromptResponse::from)
    }

    async fn complete(
        &self,
        request: CompleteRequestParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<CompleteResult, ErrorData> {
        completion::complete(&self.board, &request).await
    }

    async fn get_task(
        &self,
        request: GetTaskParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<GetTaskResult, ErrorData> {
        task_extension::get(&self.board, &request.task_id).await
    }

    async fn update_task(
        &self,
        request: UpdateTaskParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        task_extension::update(&self.board, &request.task_id).await
    }

    async fn cancel_task(
        &self,
        request: CancelTaskParams,
        context: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        task_extension::cancel(&self.board, &request.task_id, self.who(&context)).await
    }

    async fn on_custom_request(
        &self,
        request: CustomRequest,
        _context: RequestContext<RoleServer>,
    ) -> Result<CustomResult, ErrorData> {
        let method: String = request.method.chars().take(METHOD_CHARS_MAX).collect();
        Err(ErrorData::new(ErrorCode::METHOD_NOT_FOUND, format!("there is no method {method:?}"), None))
    }
}
