//! The server over HTTP. Who may connect (the token, the socket's mode) is the business of whoever mounts it; Host and Origin
//! are checked here too, on every request, as the protocol demands.

use super::server::Server;
use super::sessions::SessionFiles;
use axum::Router;
use rmcp::ServerHandler;
use rmcp::transport::StreamableHttpServerConfig;
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::transport::streamable_http_server::tower::StreamableHttpService;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How long a session of the older era lives without a request. Its subscriptions end with it; it begins anew by itself when
/// its client comes back.
const SESSION_IDLE_MAX: Duration = Duration::from_secs(3600);

/// How the endpoint is guarded, and where it keeps sessions.
#[derive(Clone, Debug)]
pub struct HttpOptions {
    /// Values of `Host` that are taken (`127.0.0.1:4820`); one without a port stands for any port.
    pub hosts: Vec<String>,
    /// Values of `Origin` that are taken (`http://127.0.0.1:4820`); with none, every request from a web page is refused.
    pub origins: Vec<String>,
    /// Largest body of a request, in bytes.
    pub body_bytes_max: usize,
    /// The folder of session files; `None`: sessions end with the daemon.
    pub sessions: Option<PathBuf>,
}

/// The endpoint, to be mounted at its path.
pub fn router(server: &Server, options: HttpOptions) -> Router {
    let stop = server.options().stop.clone();
    let server = server.clone();
    router_of(move || server.connection(None), options, stop)
}

/// The endpoint for whatever handler `make` gives each connection, until `stop`.
pub fn router_of<H: ServerHandler>(
    make: impl Fn() -> H + Send + Sync + 'static,
    options: HttpOptions,
    stop: CancellationToken,
) -> Router {
    let mut config = StreamableHttpServerConfig::default()
        .with_allowed_hosts(options.hosts)
        .with_allowed_origins(options.origins)
        .enforce_origin_validation()
        .with_json_response(true)
        .with_max_request_body_bytes(options.body_bytes_max)
        .with_cancellation_token(stop.child_token());
    if let Some(folder) = options.sessions {
        config.session_store = Some(Arc::new(SessionFiles::new(folder)));
    }
    let mut sessions = LocalSessionManager::default();
    sessions.session_config.keep_alive = Some(SESSION_IDLE_MAX);
    Router::new().fallback_service(StreamableHttpService::new(move || Ok(make()), Arc::new(sessions), config))
}
