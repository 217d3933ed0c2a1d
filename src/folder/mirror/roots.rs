//! The folders that are mirrored, and which names live in which.

use std::path::PathBuf;

/// The folders that are mirrored.
#[derive(Clone, Debug)]
pub struct Roots {
    /// The workspace's memories. Made when it is missing.
    pub memories: PathBuf,
    /// Where the memories called `global/…` are, without that beginning; made at the first write. `None`: they are a folder
    /// of the workspace's memories like any other.
    pub global: Option<PathBuf>,
}
