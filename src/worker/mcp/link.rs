//! A connection to another MCP server: made over a program's pipes or over HTTP, in whichever era of the protocol the server
//! speaks, and the tool that was looked up on it. When and how often to connect is the worker's business.

use super::answer;
use super::oauth::{Oauth, Refusal};
use super::questions;
use crate::config::{self, Environment, Questions, nearest};
use crate::worker::cli::trouble::{Trouble, complaint};
use crate::worker::http;
use crate::worker::process::{Live, ShimProgram, Start};
use reqwest::Url;
use rmcp::model::{
    CallToolRequestParams, CallToolResult, ClientCapabilities, ClientConfig, ElicitRequestParams, ElicitResult,
    ElicitationCapability, FormElicitationCapability, Implementation, ProtocolVersion, Tool,
};
use rmcp::service::{
    ClientInitializeError, ClientLifecycleMode, ClientServiceExt, RequestContext, RoleClient, RunningService,
    ServiceError,
};
use rmcp::transport::StreamableHttpClientTransport;
use rmcp::transport::streamable_http_client::StreamableHttpClientTransportConfig;
use rmcp::{ClientHandler, ErrorData};
use secrecy::ExposeSecret;
use serde_json::{Map, Value};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::process::{ChildStdin, ChildStdout};

/// What a connection is made with.
#[derive(Clone, Debug)]
pub(super) struct Way {
    /// The worker's name.
    pub(super) name: String,
    /// Its settings.
    pub(super) config: config::Worker,
    /// What this process was started with; the server gets an excerpt.
    pub(super) environment: Environment,
    /// Holds a folder for each running server.
    pub(super) place: PathBuf,
    /// How the server's helper is started.
    pub(super) shim: ShimProgram,
    /// Opening a connection over HTTP.
    pub(super) connect_timeout: Duration,
    /// From the polite end signal to the hard one.
    pub(super) grace: Duration,
    /// What is kept of the end of the server's stderr, in bytes.
    pub(super) stderr_bytes_max: usize,
    /// The login at a server over HTTP that no key is shown to.
    pub(super) oauth: Option<Oauth>,
}

/// This side of the conversation. It offers the server no sampling and no folders, and answers to questions only where a person
/// wrote them down beforehand.
#[derive(Clone, Debug)]
struct Partner {
    answers: Option<Arc<Map<String, Value>>>,
}

impl Partner {
    fn new(config: &config::Worker) -> Self {
        let answers = (config.questions == Questions::Answer).then(|| Arc::new(config.answers.clone()));
        Self { answers }
    }
}

impl ClientHandler for Partner {
    fn get_info(&self) -> ClientConfig {
        let mut info = ClientConfig::default();
        info.client_info = Implementation::new("synod", env!("CARGO_PKG_VERSION"));
        if self.answers.is_some() {
            let forms = FormElicitationCapability::new().with_schema_validation(true);
            let mut capabilities = ClientCapabilities::default();
            capabilities.elicitation = Some(ElicitationCapability::new().with_form(forms));
            info.capabilities = capabilities;
        }
        info
    }

    async fn create_elicitation(
        &self,
        request: ElicitRequestParams,
        _: RequestContext<RoleClient>,
    ) -> Result<ElicitResult, ErrorData> {
        let result = questions::answered(self.answers.as_deref(), &request);
        tracing::info!(action = ?result.action, "a server asked a question in the middle of a call");
        Ok(result)
    }
}

/// An open connection.
pub(super) struct Link {
    service: RunningService<RoleClient, Partner>,
    /// The server's program, where it is one of ours.
    live: Option<Live>,
    /// The tool that is called.
    pub(super) tool: Tool,
    /// The server's name and version, as it says.
    pub(super) server: String,
}

impl Link {
    /// Connects and looks the tool up.
    pub(super) async fn open(way: &Way) -> Result<Self, NoLink> {
        let (service, live) = match connect(way, newest_first()).await {
            // It was asked for its versions, and has only those of before.
            Err(Unconnected::OtherEra(_)) => connect(way, ClientLifecycleMode::Initialize).await,
            connected => connected,
        }
        .map_err(Unconnected::why)?;
        let said = || live.as_ref().map(|live| complaint(&live.complaints()).to_owned());
        let tools = service.list_all_tools().await;
        let tools = tools.map_err(|error| NoLink::in_call(way, &error, said().as_deref()))?;
        let tool = find(tools, way.config.tool.as_deref().unwrap_or_default())?;
        let info = service.peer_info();
        let server = info.as_ref().and_then(|info| info.server_info.as_ref());
        let server = server.map(|server| format!("{} {}", server.name, server.version)).unwrap_or_default();
        Ok(Self { service, live, tool, server })
    }

    /// Whether it can be used no more.
    pub(super) fn is_dead(&self) -> bool {
        self.service.is_closed() || self.service.is_transport_closed()
    }

    /// Calls the tool. Dropping the future tells the server that the call is cancelled.
    pub(super) async fn call(&self, arguments: Map<String, Value>) -> Result<CallToolResult, ServiceError> {
        self.service.call_tool(CallToolRequestParams::new(self.tool.name.clone()).with_arguments(arguments)).await
    }

    /// The last that the server's program complained, where it is one of ours.
    pub(super) fn complaint(&self) -> Option<String> {
        self.live.as_ref().map(|live| complaint(&live.complaints()).to_owned())
    }
}

/// The tool of this name, or which there are.
fn find(mut tools: Vec<Tool>, wanted: &str) -> Result<Tool, Trouble> {
    if let Some(at) = tools.iter().position(|tool| tool.name == wanted) {
        return Ok(tools.swap_remove(at));
    }
    let names: Vec<&str> = tools.iter().map(|tool| tool.name.as_ref()).collect();
    let near = nearest(wanted, names.iter().copied());
    let near = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
    let all = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
    Err(Trouble::blocked(&format!("the server has no tool `{wanted}`{near} (its tools: {all})")))
}

type Service = RunningService<RoleClient, Partner>;

/// Why there is no connection, or none with which the tool could be called.
pub(super) struct NoLink {
    /// What the caller is told.
    pub(super) trouble: Trouble,
    /// The server did not let the worker in.
    pub(super) refusal: Option<Refusal>,
}

impl From<Trouble> for NoLink {
    fn from(trouble: Trouble) -> Self {
        Self { trouble, refusal: None }
    }
}

impl NoLink {
    fn refused(way: &Way, refusal: Option<Refusal>) -> Option<Self> {
        let oauth = way.oauth.as_ref()?;
        let refusal = oauth.taken(refusal?);
        let trouble = oauth.refused(&refusal);
        Some(Self { trouble, refusal: Some(refusal) })
    }

    /// What a request came to on an open connection.
    pub(super) fn in_call(way: &Way, error: &ServiceError, said: Option<&str>) -> Self {
        Self::refused(way, Refusal::in_call(error)).unwrap_or_else(|| answer::failed(error, said).into())
    }
}

/// Why there is no connection.
enum Unconnected {
    /// The server speaks, and none of the versions that it was spoken to in.
    OtherEra(Trouble),
    /// Anything else.
    Failed(NoLink),
}

impl Unconnected {
    fn why(self) -> NoLink {
        match self {
            Self::OtherEra(trouble) => trouble.into(),
            Self::Failed(why) => why,
        }
    }

    fn blocked(what: &str) -> Self {
        Self::Failed(Trouble::blocked(what).into())
    }
}

async fn connect(way: &Way, lifecycle: ClientLifecycleMode) -> Result<(Service, Option<Live>), Unconnected> {
    let partner = Partner::new(&way.config);
    match &way.config.url {
        Some(url) => {
            let connected = over_http(way, url, partner, lifecycle).await?;
            connected.map(|service| (service, None)).map_err(|error| {
                let refused = NoLink::refused(way, Refusal::at_start(&error));
                refused.map_or_else(|| unconnected(&error, url, None), Unconnected::Failed)
            })
        }
        None => {
            let (live, stdout, stdin, name) = over_pipes(way).map_err(|trouble| Unconnected::Failed(trouble.into()))?;
            match partner.serve_with_lifecycle((stdout, stdin), lifecycle).await {
                Ok(service) => Ok((service, Some(live))),
                Err(error) => {
                    let said = live.last_words().await;
                    Err(unconnected(&error, &name, Some(complaint(&said))))
                }
            }
        }
    }
}

/// Speaks to a server over HTTP: with the configured key, with a login, or with neither.
async fn over_http(
    way: &Way,
    url: &str,
    partner: Partner,
    lifecycle: ClientLifecycleMode,
) -> Result<Result<Service, ClientInitializeError>, Unconnected> {
    let address = Url::parse(url).map_err(|error| Unconnected::blocked(&format!("`url` is no address: {error}")))?;
    let client = http::client(&way.name, &address, way.connect_timeout);
    let client = client.map_err(|error| Unconnected::blocked(&error.to_string()))?;
    let mut config = StreamableHttpClientTransportConfig::with_uri(url);
    if let Some(oauth) = way.oauth.as_ref().filter(|oauth| oauth.is_allowed()) {
        let client = oauth.client(client).await.map_err(|why| Unconnected::blocked(&why))?;
        let transport = StreamableHttpClientTransport::with_client(client, config);
        return Ok(Box::pin(partner.serve_with_lifecycle(transport, lifecycle)).await);
    }
    if let Some(key) = way.environment.worker_key(&way.config) {
        config = config.auth_header(key.expose_secret());
    }
    let transport = StreamableHttpClientTransport::with_client(client, config);
    Ok(Box::pin(partner.serve_with_lifecycle(transport, lifecycle)).await)
}

/// Starts the server; its pipes and what it is called in messages.
fn over_pipes(way: &Way) -> Result<(Live, ChildStdout, ChildStdin, String), Trouble> {
    let program = config::worker_program(&way.config, &way.environment);
    let program = program.map_err(|error| Trouble::blocked(&error.to_string()))?;
    let name = program.display().to_string();
    let started = Live::start(Start {
        shim: &way.shim,
        place: &new_place(&way.place),
        program,
        args: way.config.command.iter().skip(1).chain(&way.config.args).cloned().collect(),
        folder: way.environment.current_dir().to_owned(),
        env: way.environment.for_worker(&way.config),
        grace: way.grace,
        stderr_bytes_max: way.stderr_bytes_max,
    });
    let (live, stdout, stdin) = started.map_err(|error| Trouble::transient(&error.to_string()))?;
    Ok((live, stdout, stdin, name))
}

/// Numbers the servers of this process.
static STARTED: AtomicU64 = AtomicU64::new(0);

fn new_place(below: &Path) -> PathBuf {
    below.join(format!("mcp-{}-{}", std::process::id(), STARTED.fetch_add(1, Ordering::Relaxed)))
}

/// The newest era first, then what the server turns out to speak.
fn newest_first() -> ClientLifecycleMode {
    ClientLifecycleMode::Auto { preferred_versions: vec![ProtocolVersion::LATEST], legacy_version: None }
}

fn unconnected(error: &ClientInitializeError, to: &str, said: Option<&str>) -> Unconnected {
    let said = said.map(|said| format!(": {said}")).unwrap_or_default();
    let trouble = match error {
        ClientInitializeError::NoCompatibleProtocolVersion { .. } => {
            let what = format!("{to} speaks no version of the protocol that is known: {error}");
            return Unconnected::OtherEra(Trouble::blocked(&what));
        }
        ClientInitializeError::ExpectedInitResult(_) => {
            // Some servers of before answer whatever they do not know with an empty result.
            let what = format!("{to} does not speak as an MCP server does: {error}{said}");
            return Unconnected::OtherEra(Trouble::transient(&what));
        }
        ClientInitializeError::ConnectionClosed(_) => {
            Trouble::transient(&format!("{to} ended before it could be spoken to{said}"))
        }
        ClientInitializeError::TransportError { error, .. } => {
            let told = Trouble::told(None, &error.to_string());
            Trouble::new(told.class, &format!("no connection to {to}: {}{said}", told.message))
        }
        other => Trouble::transient(&format!("{to} does not speak as an MCP server does: {other}{said}")),
    };
    Unconnected::Failed(trouble.into())
}
