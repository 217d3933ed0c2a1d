//! The HTTP face: the small language of `api` over the workspace's Unix socket and over a loopback port, and the client that
//! speaks it. It knows nothing of how requests are answered. Who may ask is decided here, before any route is reached.

mod asks;
mod client;
mod connection;
mod extract;
mod guard;
mod limits;
mod metrics;
mod mounts;
mod openapi;
mod patience;
mod port;
mod problem;
mod refusals;
mod routes;
mod serve;
mod socket;
mod stream;
mod target;
#[cfg(test)]
mod tests;
mod token;

pub use client::Client;
pub use limits::Limits;
pub use mounts::{Mounts, STREAM_PROTOCOL, Spawn, Stream, StreamHandler};
pub use port::{Port, PortError};
pub use routes::covered;
pub use serve::{Face, serve};
pub use socket::{BindError, bind};
pub use token::{Token, TokenError};
