//! What a worker changed in a tree of its own, as a patch. Making trees, collecting patches and putting them on the user's
//! files is the worker room's business.

use super::text::Text;
use serde::{Deserialize, Serialize};

/// The changes of one attempt against the state of the files that it began with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Patch {
    /// A unified diff in git's form, binary files included; empty when nothing of the changes could be kept.
    pub text: Text,
    /// What it is against: a commit (lower-case hex), or `copy` where the workspace is in no git repository.
    pub base: String,
    /// The files it changes, as paths from the top of the repository (or of the workspace, where there is none), in order.
    pub files: Vec<String>,
    /// Lines added, binary files not counted.
    #[serde(default)]
    pub added: u32,
    /// Lines removed, binary files not counted.
    #[serde(default)]
    pub removed: u32,
    /// What a person must know about how it came about: what was left out of it, and why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Files of the user's that had uncommitted changes when the tree was made. The worker saw the commit, not these.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub unseen: u32,
}

fn is_zero(count: &u32) -> bool {
    *count == 0
}

impl Patch {
    /// Whether there is nothing in it that could be put on anything.
    pub fn is_empty(&self) -> bool {
        self.text.bytes() == 0
    }

    /// How much it changes, for people: `3 files, +12 -4`.
    pub fn line(&self) -> String {
        let files = self.files.len();
        format!("{files} file{}, +{} -{}", if files == 1 { "" } else { "s" }, self.added, self.removed)
    }
}
