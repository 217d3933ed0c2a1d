//! The bounds of the HTTP face, taken from the settings.

use crate::config;
use std::time::Duration;

/// What the face takes at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Body of one request, in bytes.
    pub body_bytes_max: usize,
    /// Connections at once; further ones are told so and closed.
    pub connections_max: usize,
    /// From a connection's opening, or its last reply, until the next request's head is whole.
    pub head_timeout: Duration,
    /// From a request's head until its body is whole.
    pub body_timeout: Duration,
    /// How long a peer may leave a reply unread before it is cut off.
    pub write_timeout: Duration,
    /// How long the face waits for its last replies once it is told to stop.
    pub drain: Duration,
}

impl From<&config::Limits> for Limits {
    fn from(limits: &config::Limits) -> Self {
        Self {
            body_bytes_max: limits.http_body_bytes_max,
            connections_max: limits.http_connections_max,
            head_timeout: limits.http_head_timeout,
            body_timeout: limits.http_body_timeout,
            write_timeout: limits.http_write_timeout,
            drain: limits.shutdown_grace,
        }
    }
}
