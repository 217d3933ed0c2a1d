//! Running a command-line call so that it outlives the daemon: the only place of the package that starts processes.
//! What is run and how its output reads belongs to `cli`; here are the spool folder, the detached shim, and waiting for it.

mod attend;
mod detach;
mod keeper;
mod lean;
mod live;
mod open;
mod proc_fs;
mod reap;
pub mod shim;
mod spool;
mod standby;

pub use detach::detach;
pub use lean::begin_lean;
pub use open::open;

pub(crate) use attend::{Begin, Ending, Variables, attend};
pub(crate) use live::{Live, Start};
pub(crate) use spool::{Asked, Ended, Exit, Order, Spool, strays};
pub(crate) use standby::Standby;

use std::io;
use std::path::{Path, PathBuf};

/// The variable by which every process of a call can be found again, also after its shim was killed.
/// Its value is the path of the spool folder.
pub(crate) const MARK_VARIABLE: &str = "SYNOD_CALL";

/// How the shim is started: this program with a hidden subcommand.
#[derive(Clone, Debug)]
pub struct ShimProgram {
    /// The program.
    pub program: PathBuf,
    /// Its arguments before the spool folder.
    pub args: Vec<String>,
    /// Variables that the shim itself needs and the model's program does not get.
    pub env: Vec<(String, String)>,
    /// How many may stand ready for the next calls, started without a spool folder and told it through their stdin.
    pub standby_max: usize,
}

/// Helper processes that stand ready at most. Each takes a few MiB.
const STANDBY_MAX: usize = 4;

impl ShimProgram {
    /// `synod shim SPOOL` of the running binary. `/proc/self/exe` names the very file that runs, also when it was
    /// replaced on disk by an upgrade, so that daemon and shim always agree about the spool's format.
    pub fn of_this_binary() -> Self {
        Self {
            program: PathBuf::from("/proc/self/exe"),
            args: vec!["shim".to_owned()],
            env: Vec::new(),
            standby_max: STANDBY_MAX,
        }
    }
}

/// Why a spool could not be written, read, or its process be started or watched.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file or folder of the spool.
    #[error("cannot {what} {}: {source}", path.display())]
    File {
        /// What was tried.
        what: &'static str,
        /// On which path.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A record of the spool that is not what this version writes.
    #[error("{} is damaged: {source}; remove the folder it is in", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// The prompt on disk is not the one that was written.
    #[error("{} is not whole; remove the folder it is in", path.display())]
    PromptCut {
        /// The file.
        path: PathBuf,
    },
    /// A process could not be started, watched or signalled.
    #[error("cannot {what}: {source}")]
    Process {
        /// What was tried.
        what: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// The shim ended without having begun.
    #[error("the helper process for {} ended at once: {said}", spool.display())]
    ShimFailed {
        /// The spool it was started for.
        spool: PathBuf,
        /// The end of what it printed.
        said: String,
    },
}

impl Error {
    /// Makes the error of a file operation on `path`.
    fn file(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::File { what, path, source }
    }

    /// Whether there is no space left for what was to be written.
    pub(crate) fn is_full(&self) -> bool {
        use io::ErrorKind::{QuotaExceeded, StorageFull};
        matches!(self, Self::File { source, .. } if matches!(source.kind(), StorageFull | QuotaExceeded))
    }

    /// Makes the error of a process operation.
    fn process<E: Into<io::Error>>(what: &'static str) -> impl FnOnce(E) -> Self {
        move |source| Self::Process { what, source: source.into() }
    }
}
