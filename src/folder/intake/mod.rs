//! What comes in through folders: dropped task files and answering files, found, waited for until they are whole, read
//! and reported. Nothing here writes, moves or deletes a person's file; that is the publisher's half of this room. All it
//! makes is a watched folder that is missing.

mod examine;
mod folders;
pub mod format;
mod found;
mod ledger;
mod listing;
mod pickup;
mod run;
mod spot;
mod watch;

pub use found::{AnswerKind, Found};
pub use pickup::fingerprint;
pub use run::Intake;

use crate::config::Layout;
use std::path::PathBuf;
use std::time::Duration;

/// The folders that are watched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Places {
    /// The workspace root; globs and paths in task files must stay below it.
    pub root: PathBuf,
    /// The coordination folder; `tasks/`, `tasks/active/` and `decisions/` below it are watched.
    pub coordination: PathBuf,
}

impl From<&Layout> for Places {
    fn from(layout: &Layout) -> Self {
        Self { root: layout.root.clone(), coordination: layout.coordination.clone() }
    }
}

/// Why the intake cannot begin.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The workspace root is not there.
    #[error("{path}: the workspace folder is not there; run `synod init` in an existing folder")]
    NoRoot {
        /// Where it should be.
        path: PathBuf,
    },
    /// A folder cannot be made.
    #[error("{path}: cannot make the folder: {source}; make it writable for this user")]
    Folder {
        /// Which one.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

/// Bounds and paces of the intake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// One task file, in bytes.
    pub task_bytes_max: usize,
    /// Steps that a plan written by hand may have.
    pub plan_steps_max: usize,
    /// File events waiting to be looked at; above it everything is listed again.
    pub queue_max: usize,
    /// Between two looks for what an event missed; zero: never.
    pub rescan: Duration,
    /// How long a file that no event announced as whole must stay unchanged before it is read.
    pub second_look: Duration,
    /// How long an empty file may wait for its content before it is refused as empty.
    pub quiet: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            task_bytes_max: 1 << 20,
            plan_steps_max: 200,
            queue_max: 16_384,
            rescan: Duration::from_secs(5),
            second_look: Duration::from_millis(100),
            quiet: Duration::from_secs(2),
        }
    }
}
