//! The HTTP face on the workspace's Unix socket, and the client that speaks to it. It knows the small language of `api`
//! and nothing of how requests are answered; TCP, the token and server-sent events are not here yet.

mod client;
mod extract;
mod limits;
mod problem;
mod routes;
mod serve;
mod socket;
mod target;
#[cfg(test)]
mod tests;

pub use client::Client;
pub use limits::Limits;
pub use serve::{ServeError, serve};
pub use socket::{BindError, bind};
