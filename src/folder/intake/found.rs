//! What the intake reports: the closed list of things that can be found in the watched folders.

use super::format::Draft;
use crate::board::{Reason, TaskId, Timestamp};

/// One thing found. Names and paths are as the publisher expects them.
#[derive(Clone, Debug, PartialEq)]
pub enum Found {
    /// A whole, well-formed task file in the drop folder.
    Task {
        /// Its name in `tasks/`.
        name: String,
        /// SHA-256 of its bytes, lower-case hex.
        hash: String,
        /// Its bytes as text.
        content: String,
        /// What it asks.
        draft: Box<Draft>,
    },
    /// A file in the drop folder that cannot be a task; it belongs into `tasks/rejected/`.
    Bad {
        /// Its name in `tasks/`.
        name: String,
        /// SHA-256 of its bytes, lower-case hex.
        hash: String,
        /// What is wrong with it.
        reason: Reason,
    },
    /// Something that cannot be taken and is left exactly where it is (unreadable, a link, a pipe, over 64 MiB, no task
    /// file by its ending).
    /// Said once, until it changes.
    Left {
        /// Its path relative to the coordination folder.
        path: String,
        /// Why, and how to mend it.
        reason: Reason,
    },
    /// A person answers with a file.
    Answer {
        /// The task it is about.
        task: TaskId,
        /// Its path relative to the coordination folder (`decisions/x.approve`).
        path: String,
        /// SHA-256 of its bytes, lower-case hex.
        hash: String,
        /// When it was last written or moved.
        given: Timestamp,
        /// What it says.
        kind: AnswerKind,
    },
    /// Something about the folders is wrong; one sentence that says what to do. The intake goes on as well as it can.
    Trouble(String),
    /// What was wrong is right again; one sentence.
    Mended(String),
}

/// What an answering file says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AnswerKind {
    /// `decisions/<id>.approve`.
    Approve,
    /// `decisions/<id>.reject`.
    Reject {
        /// The file's text, trimmed; empty when it says nothing.
        why: String,
    },
    /// `decisions/<id>.retry`: what failed of a partial result is to be tried again.
    Retry,
    /// `tasks/active/<id>.cancel`.
    Cancel,
    /// `decisions/<id>.answer` or `decisions/<id>.<step or worker>.answer`.
    Step {
        /// The step or the worker that is meant; `None`: the only one that waits.
        which: Option<String>,
        /// The file's text, trimmed.
        text: String,
    },
}
