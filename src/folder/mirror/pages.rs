//! Synod's own pages: which names are theirs, reading one, and listing them from the file system within a bound.

use crate::board::MemoryName;

/// The folders of Synod's own pages.
const FOLDERS: [&str; 4] = [
    "orchestration/current-task/",
    "orchestration/model-outputs/",
    "orchestration/coordination/",
    "orchestration/history/",
];

/// Whether a name is one of Synod's own pages: a file that is published, not a memory with revisions. A task's
/// `shared-context` is no page but a memory, while the task runs.
pub fn is_page(name: &str) -> bool {
    let Some(folder) = FOLDERS.iter().find(|folder| name.starts_with(**folder)) else { return false };
    let shared = *folder == FOLDERS[0]
        && name
            .strip_prefix(FOLDERS[0])
            .and_then(|rest| rest.split_once('/'))
            .is_some_and(|(_, last)| last == "shared-context");
    !shared
}

/// One piece of a list of pages.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listed {
    /// The names, in order.
    pub names: Vec<MemoryName>,
    /// There are more after the last of them.
    pub more: bool,
}
