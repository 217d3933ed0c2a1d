//! The bounds that the mirror keeps.

use std::time::Duration;

/// Bounds and waits.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Largest memory, in bytes; a larger file is left alone.
    pub memory_bytes_max: usize,
    /// Files below one root; further ones are left alone.
    pub files_max: usize,
    /// Folders below one root; further ones are left alone.
    pub folders_max: usize,
    /// How deep folders may lie below a root.
    pub depth_max: usize,
    /// File events waiting to be looked at; above it everything is looked through.
    pub queue_max: usize,
    /// How long a file must be away before it counts as deleted, and empty before it counts as emptied.
    pub settle: Duration,
    /// Between two looks through everything, for what an event missed; zero: never.
    pub rescan: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory_bytes_max: 1 << 20,
            files_max: 100_000,
            folders_max: 10_000,
            depth_max: 32,
            queue_max: 16_384,
            settle: Duration::from_millis(80),
            rescan: Duration::from_secs(30),
        }
    }
}
