//! What can go wrong while everything is put together, sorted by what the person can do about it.

use crate::{api, config, daemon, folder, store, worker};

/// Why something could not be put together.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The settings, or the workspace, are not as they should be.
    #[error(transparent)]
    Config(#[from] config::Error),
    /// Another daemon serves the workspace.
    #[error(transparent)]
    Lock(#[from] daemon::LockError),
    /// The store could not be opened.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// The coordination folder could not be made or watched.
    #[error(transparent)]
    Folder(#[from] folder::Error),
    /// The drop folder could not be watched.
    #[error(transparent)]
    Intake(#[from] folder::intake::Error),
    /// The daemon did not start, or stopped.
    #[error(transparent)]
    Daemon(#[from] daemon::Error),
    /// A process could not be started.
    #[error(transparent)]
    Process(#[from] worker::ProcessError),
    /// The desk for outside agents could not be opened.
    #[error(transparent)]
    Desk(#[from] daemon::DeskError),
    /// The socket could not be opened.
    #[error("the socket could not be opened: {0}")]
    Socket(String),
    /// The settings are well-formed and still cannot be used.
    #[error("the settings cannot be used: {what}")]
    Settings {
        /// What is wrong.
        what: String,
    },
    /// The recording could not be opened.
    #[error("{0}")]
    Recording(String),
    /// A program could not be connected.
    #[error(transparent)]
    Connect(#[from] super::connect::Error),
    /// A worker could not be logged in.
    #[error(transparent)]
    Login(#[from] worker::login::LoginError),
    /// A request was refused.
    #[error(transparent)]
    Api(#[from] api::Error),
    /// Something else stands where a folder is needed.
    #[error("{path} is not a folder: move it aside, and the folder is made")]
    NoFolder {
        /// What stands there.
        path: String,
    },
    /// The bridge between a client and the daemon cannot go on.
    #[error("{0}")]
    Bridge(String),
    /// Something about a file.
    #[error("{path}: {source}")]
    File {
        /// The file.
        path: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// No worker is configured, and none was found.
    #[error("no model was found that could work")]
    NoWorker {
        /// The three quickest ways to get one, a line each.
        ways: Vec<String>,
    },
}

/// What sort of error it is; it decides the exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The person wrote something that cannot be.
    Usage,
    /// There is no worker.
    NoWorker,
    /// Anything else.
    Failed,
}

impl Error {
    /// One of the standard streams failed.
    pub(super) fn streams(error: std::io::Error) -> Self {
        Self::Bridge(format!("the client's streams broke: {error}"))
    }

    /// What to do about it; empty when the message says it all.
    pub fn hint(&self) -> String {
        match self {
            Self::NoWorker { ways } => {
                let ways: Vec<String> = ways.iter().map(|way| format!("  - {way}")).collect();
                format!(
                    "the quickest ways to get one:\n{}\nor see how it works without any: synod demo",
                    ways.join("\n")
                )
            }
            Self::Api(error) => error.hint.clone(),
            Self::Connect(error) => error.hint().to_owned(),
            Self::Daemon(_) => "the daemon's log says more; nothing that was accepted is lost".to_owned(),
            Self::Config(_)
            | Self::Lock(_)
            | Self::Store(_)
            | Self::Folder(_)
            | Self::Intake(_)
            | Self::Process(_)
            | Self::Desk(_)
            | Self::Socket(_)
            | Self::Settings { .. }
            | Self::Recording(_)
            | Self::Bridge(_)
            | Self::Login(_)
            | Self::NoFolder { .. }
            | Self::File { .. } => String::new(),
        }
    }

    /// What sort of error it is.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Config(_) | Self::Settings { .. } | Self::Login(worker::login::LoginError::NoLogin { .. }) => {
                Kind::Usage
            }
            Self::NoWorker { .. } => Kind::NoWorker,
            Self::Connect(error) if error.is_usage() => Kind::Usage,
            Self::Api(error) => match error.kind {
                api::ErrorKind::Invalid => Kind::Usage,
                api::ErrorKind::NoWorker => Kind::NoWorker,
                api::ErrorKind::NotFound
                | api::ErrorKind::Conflict
                | api::ErrorKind::Busy
                | api::ErrorKind::Stopping
                | api::ErrorKind::Unreachable
                | api::ErrorKind::Internal => Kind::Failed,
            },
            Self::Lock(_)
            | Self::Store(_)
            | Self::Folder(_)
            | Self::Intake(_)
            | Self::Daemon(_)
            | Self::Process(_)
            | Self::Desk(_)
            | Self::Socket(_)
            | Self::Recording(_)
            | Self::Bridge(_)
            | Self::Login(worker::login::LoginError::Failed { .. })
            | Self::Connect(_)
            | Self::NoFolder { .. }
            | Self::File { .. } => Kind::Failed,
        }
    }
}
