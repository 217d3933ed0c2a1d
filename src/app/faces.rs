//! What other faces than HTTP hang into it: MCP at `/mcp`, and its stream of bytes for the bridge.

use crate::api::Handle;
use crate::config::Layout;
use crate::config::Limits;
use crate::http::{Mounts, Spawn, Stream};
use crate::mcp;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// Where MCP is spoken over HTTP.
const MCP_PATH: &str = "/mcp";

/// Where a bridge asks for a stream.
pub(super) const MCP_STREAM_PATH: &str = "/mcp/stream";

/// Hosts and origins by name; the listener, which knows its port, checks that too.
const HOSTS: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];

/// Everything that is mounted, until `stop`.
pub(super) fn mounts(board: Handle, layout: &Layout, limits: &Limits, spawn: Spawn, stop: CancellationToken) -> Mounts {
    let server = mcp::Server::new(board, mcp::Options { spawn, stop: stop.clone() });
    let options = mcp::HttpOptions {
        hosts: HOSTS.map(str::to_owned).to_vec(),
        origins: HOSTS.map(|host| format!("http://{host}:*")).to_vec(),
        body_bytes_max: limits.http_body_bytes_max,
        sessions: Some(layout.dot_synod.join("mcp-sessions")),
    };
    let router = mcp::router(&server, options);
    let stream = move |stream: Stream| {
        let (server, stop) = (server.clone(), stop.clone());
        let (read, write) = tokio::io::split(stream);
        let serving = async move { mcp::serve_stream(&server, read, write, stop).await };
        Box::pin(serving) as futures::future::BoxFuture<'static, ()>
    };
    Mounts {
        routers: vec![(MCP_PATH.to_owned(), router)],
        streams: vec![(MCP_STREAM_PATH.to_owned(), Arc::new(stream))],
    }
}
