//! The adapters to the models: command lines and HTTP providers behind one call. The only room that starts processes or
//! calls providers. Nothing here decides about retries, rests or fallbacks: that is the board's.

pub mod cassette;
mod ceiling;
mod cli;
pub mod http;
mod likeness;
mod mcp;
mod process;
pub mod record;
pub mod replay;
mod roster;
#[cfg(test)]
mod tests;
mod wishes;
pub mod worktree;

pub use ceiling::Ceiling;
pub use mcp::login;
pub use process::{Error as ProcessError, ShimProgram, begin_lean, detach, open, shim};
pub use record::Recorder;
pub use replay::Pace;
pub use roster::{Roster, RosterParts};
pub use wishes::Wishes;

use crate::board::{AttemptKey, Failure, Usage};
use std::path::PathBuf;
use std::time::Duration;

/// A folder that was made for one call alone.
#[derive(Clone, Debug)]
pub struct OwnTree {
    /// The folder above it, from which on no program should look for a repository.
    pub above: PathBuf,
    /// Whether the files in it are to be changed; else they are only to be looked at.
    pub to_change: bool,
}

/// One call of one worker, ready to be made.
#[derive(Clone, Debug)]
pub struct Call {
    /// Which attempt it carries out; it names the spool folder of a command-line call.
    pub key: AttemptKey,
    /// What the model is told about itself; providers without a system prompt get it before the prompt.
    pub system: Option<String>,
    /// The prompt. Always sent as text on stdin or in a body, never as an argument where that can be helped.
    pub prompt: String,
    /// The JSON schema that the answer should fit, where a verdict is wanted.
    pub schema: Option<serde_json::Value>,
    /// How long it may take from now on.
    pub time_left: Duration,
    /// The session to go on with, for workers that keep it themselves.
    pub session: Option<String>,
    /// What was said before, for workers that are told it again.
    pub history: Vec<Turn>,
    /// Images that belong to the prompt, for workers that can be shown them.
    pub images: Vec<Image>,
    /// The folder that the worker sees as its own.
    pub folder: PathBuf,
    /// What its role would have.
    pub wishes: Wishes,
    /// Where that folder was made for this call alone.
    pub own_tree: Option<OwnTree>,
    /// What it must keep to, so that it costs no more than was set aside for it.
    pub ceiling: Ceiling,
}

/// One exchange of a conversation that goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turn {
    /// What was asked.
    pub prompt: String,
    /// What was answered.
    pub answer: String,
}

/// A picture for a model.
#[derive(Clone, PartialEq, Eq)]
pub struct Image {
    /// Its path below the workspace, as the prompt names it.
    pub name: String,
    /// Its media type (`image/png`).
    pub media_type: &'static str,
    /// Its bytes as they stand in the file.
    pub bytes: Vec<u8>,
}

impl std::fmt::Debug for Image {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Image({}, {} bytes)", self.name, self.bytes.len())
    }
}

/// What a finished call gave.
#[derive(Clone, Debug, PartialEq)]
pub struct Reply {
    /// The final text, whole.
    pub text: String,
    /// The structured part, where the provider returned one apart from the text.
    pub structured: Option<serde_json::Value>,
    /// The model that says it answered.
    pub model: String,
    /// The session to resume.
    pub session: Option<String>,
    /// Tokens and money.
    pub usage: Usage,
    /// Files the worker says it changed.
    pub files_modified: Vec<String>,
}

/// What every adapter gives back.
pub type Outcome = Result<Reply, Failure>;
