//! The adapters to the models: command lines and HTTP providers behind one call. The only room that starts processes or
//! calls providers. Nothing here decides about retries, rests or fallbacks: that is the board's.

pub mod cassette;
mod cli;
pub mod http;
mod mcp;
mod process;
pub mod record;
pub mod replay;
mod roster;
#[cfg(test)]
mod tests;

pub use process::{Error as ProcessError, ShimProgram, detach, shim};
pub use record::Recorder;
pub use replay::Pace;
pub use roster::{Roster, RosterParts};

use crate::board::{AttemptKey, Failure, Usage};
use std::path::PathBuf;
use std::time::Duration;

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
    /// The session to go on with.
    pub session: Option<String>,
    /// The folder that the worker sees as its own.
    pub folder: PathBuf,
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
