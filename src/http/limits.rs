//! The bounds of the HTTP face, taken from the settings.

use crate::config;
use std::time::Duration;

/// What the face takes at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Body of one request, in bytes.
    pub body_bytes_max: usize,
    /// Connections at once; further ones wait in the kernel's queue.
    pub connections_max: usize,
    /// How long the face waits for its last replies once it is told to stop.
    pub drain: Duration,
}

impl From<&config::Limits> for Limits {
    fn from(limits: &config::Limits) -> Self {
        Self {
            body_bytes_max: limits.http_body_bytes_max,
            connections_max: limits.http_connections_max,
            drain: limits.shutdown_grace,
        }
    }
}
