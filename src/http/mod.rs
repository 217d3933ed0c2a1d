//! The HTTP face on the workspace's Unix socket, and the client that speaks to it. It knows the small language of `api`
//! and nothing of how requests are answered; TCP, the token and server-sent events are not here yet.

mod asks;
mod client;
mod connection;
mod extract;
mod limits;
mod mounts;
mod openapi;
mod patience;
mod problem;
mod routes;
mod serve;
mod socket;
mod stream;
mod target;
#[cfg(test)]
mod tests;

pub use client::Client;
pub use limits::Limits;
pub use mounts::{Mounts, STREAM_PROTOCOL, Spawn, Stream, StreamHandler};
pub use serve::{Face, serve};
pub use socket::{BindError, bind};
