//! The MCP face: the board as tools, resources and prompts for agents, in both eras of the protocol (the revisions that open
//! with `initialize`, and 2026-07-28, which is stateless). It knows the small language of `api` and nothing of how requests
//! are answered; which listener carries it is the composition root's choice.

mod address;
mod answer;
mod completion;
mod cursor;
mod http;
mod parity;
mod prompts;
mod resources;
mod server;
mod sessions;
mod stream;
mod subscriptions;
mod task_extension;
#[cfg(test)]
mod tests;
mod tools;

pub use http::{HttpOptions, router, router_of};
pub use parity::{NOT_HERE, covered};
pub use server::{Options, Server, Spawn};
pub use stream::{GREETING, LINE_BYTES_MAX, serve_stream, stdio};

/// Whether a request came in an era that opens with `initialize`.
fn is_legacy(context: &rmcp::service::RequestContext<rmcp::service::RoleServer>) -> bool {
    context.protocol_version().is_none_or(|version| version < rmcp::model::ProtocolVersion::V_2026_07_28)
}
