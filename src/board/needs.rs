//! What a task asks of the window of whoever takes it. Measuring files is for those who can read them; here it is only
//! written down, so that who is seated, and why, can be told again from the journal.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How much a task brings along, as measured when it was handed in. An estimate: files may change before a call reads them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Needs {
    /// Tokens that its text, specification, files, images and memories come to, at three bytes a token; 0: not measured.
    #[serde(default)]
    pub tokens: u64,
    /// Images that it is about: matched by a glob that means images, or that matches nothing else.
    #[serde(default)]
    pub images: u32,
}

impl Needs {
    /// Whether nothing is known of them, as in journals that are older than the measuring.
    pub fn are_unknown(&self) -> bool {
        *self == Self::default()
    }
}
