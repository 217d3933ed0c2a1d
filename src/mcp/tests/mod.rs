//! The server from inside: its tools, resources and subscriptions over a pipe, asked by the library's own client in both
//! eras, against a scripted board.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on should end where it stands")]
#![expect(clippy::disallowed_methods, reason = "a test starts the two ends of a pipe itself")]

mod board;
mod calls;
mod orchestrate;
mod parity;
mod resources;
mod sessions;

use super::{Options, Server, serve_stream};
use board::Scripted;
use rmcp::ClientHandler;
use rmcp::model::{
    CallToolRequestParams, CallToolResult, ClientCapabilities, ClientConfig, Implementation, ProgressNotificationParam,
    ProtocolVersion, ResourceUpdatedNotificationParam,
};
use rmcp::service::{ClientLifecycleMode, ClientServiceExt, NotificationContext, RoleClient, RunningService};
use serde_json::Value;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How long a condition may take to come true. Generous: the machine may be busy.
const PATIENCE: Duration = Duration::from_secs(30);

/// How a connection opens.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Era {
    Legacy,
    Modern,
}

const ERAS: [Era; 2] = [Era::Legacy, Era::Modern];

/// What a client was told.
#[derive(Clone, Default)]
struct Ear {
    tasks: bool,
    heard: Arc<Mutex<Vec<String>>>,
}

impl Ear {
    fn hear(&self, what: String) {
        self.heard.lock().unwrap().push(what);
    }

    async fn until(&self, what: &str) {
        let heard = async {
            while !self.heard.lock().unwrap().iter().any(|heard| heard == what) {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        assert!(
            tokio::time::timeout(PATIENCE, heard).await.is_ok(),
            "never heard {what}: {:?}",
            self.heard.lock().unwrap()
        );
    }
}

impl ClientHandler for Ear {
    fn get_info(&self) -> ClientConfig {
        let capabilities = if self.tasks {
            ClientCapabilities::builder().enable_tasks().build()
        } else {
            ClientCapabilities::default()
        };
        ClientConfig::new(capabilities, Implementation::new("tester", "1"))
    }

    async fn on_progress(&self, told: ProgressNotificationParam, _: NotificationContext<RoleClient>) {
        self.hear(format!("{} of {}: {}", told.progress, told.total.unwrap_or(0.0), told.message.unwrap_or_default()));
    }

    async fn on_resource_updated(&self, told: ResourceUpdatedNotificationParam, _: NotificationContext<RoleClient>) {
        self.hear(format!("updated {}", told.uri));
    }

    async fn on_resource_list_changed(&self, _: NotificationContext<RoleClient>) {
        self.hear("list changed".to_owned());
    }
}

/// A server over a board, whose connections end when this is dropped.
struct Rig {
    board: Scripted,
    server: Server,
    stop: CancellationToken,
}

impl Drop for Rig {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

type Client = RunningService<RoleClient, Ear>;

impl Rig {
    fn new() -> Self {
        let (board, stop) = (Scripted::default(), CancellationToken::new());
        let spawn = Arc::new(|work| {
            tokio::spawn(work);
        });
        let server = Server::new(board.handle(), Options { spawn, stop: stop.clone() });
        Self { board, server, stop }
    }

    async fn connect(&self, era: Era, ear: Ear) -> Client {
        let (here, there) = tokio::io::duplex(1 << 16);
        let (server, stop) = (self.server.clone(), self.stop.clone());
        tokio::spawn(async move {
            let (read, write) = tokio::io::split(there);
            serve_stream(&server, read, write, stop).await;
        });
        let mode = match era {
            Era::Legacy => ClientLifecycleMode::Initialize,
            Era::Modern => ClientLifecycleMode::Discover { preferred_versions: vec![ProtocolVersion::V_2026_07_28] },
        };
        ear.serve_with_lifecycle(here, mode).await.unwrap()
    }
}

fn params(tool: &str, arguments: Value) -> CallToolRequestParams {
    let mut params = CallToolRequestParams::new(tool.to_owned());
    params.arguments = arguments.as_object().cloned();
    params
}

async fn call(client: &Client, tool: &str, arguments: Value) -> CallToolResult {
    client.call_tool(params(tool, arguments)).await.unwrap()
}

/// The text of a result.
fn text(result: &CallToolResult) -> String {
    serde_json::to_value(&result.content).unwrap()[0]["text"].as_str().unwrap_or_default().to_owned()
}
