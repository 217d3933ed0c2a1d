//! A text that may be large: short ones travel inside events, long ones stand in the blob store and travel by hash.
//! Nothing here reads or writes a blob.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Longest text, in bytes, that stays inside an event; a longer one is stored as a blob before the event is made.
/// It keeps journal records within the 4 KiB that the store handles well.
pub const INLINE_BYTES_MAX: usize = 1024;

/// How many bytes of a stored text are kept beside its hash, for logs and lists.
pub const HEAD_BYTES_MAX: usize = 600;

/// A text, by value or by hash.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "in", rename_all = "snake_case")]
pub enum Text {
    /// The text itself, at most [`INLINE_BYTES_MAX`] bytes.
    Inline {
        /// The text.
        text: String,
    },
    /// The text stands in the blob store.
    Blob {
        /// SHA-256 of its bytes, lower-case hex.
        hash: String,
        /// Its length in bytes.
        bytes: u64,
        /// Its first [`HEAD_BYTES_MAX`] bytes, cut at a character.
        head: String,
    },
}

impl Text {
    /// A text that is known to be short (a message of ours). A longer one is cut at a character.
    pub fn short(text: impl Into<String>) -> Self {
        let text = text.into();
        match cut(&text, INLINE_BYTES_MAX) {
            whole if whole.len() == text.len() => Self::Inline { text },
            head => Self::Inline { text: head.to_owned() },
        }
    }

    /// The beginning of the text, at most [`HEAD_BYTES_MAX`] bytes.
    pub fn head(&self) -> &str {
        match self {
            Self::Inline { text } => cut(text, HEAD_BYTES_MAX),
            Self::Blob { head, .. } => head,
        }
    }

    /// The length in bytes.
    pub fn bytes(&self) -> u64 {
        match self {
            Self::Inline { text } => text.len() as u64,
            Self::Blob { bytes, .. } => *bytes,
        }
    }
}

/// The first `bytes_max` bytes of `text`, cut at a character.
pub fn cut(text: &str, bytes_max: usize) -> &str {
    if text.len() <= bytes_max {
        return text;
    }
    let mut end = bytes_max;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts_at_a_character() {
        assert_eq!(cut("aé", 2), "a");
        assert_eq!(cut("aé", 3), "aé");
    }
}
