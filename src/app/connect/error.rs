//! Why a program could not be connected. Its settings are as they were, whatever is said here.

use std::io;
use std::path::PathBuf;

/// Why not.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no home folder to look in.
    #[error("HOME is not set, so the settings of the user cannot be found")]
    NoHome,
    /// The program has no settings of a project.
    #[error("{client} keeps no settings in a file that Synod could write for {scope}")]
    NoScope {
        /// The program.
        client: &'static str,
        /// `the project` or `the user`.
        scope: &'static str,
    },
    /// The HTTP face listens nowhere.
    #[error("`http.listen` is \"off\", so there is no address to connect to by HTTP")]
    NoAddress,
    /// The port is chosen anew at each start.
    #[error("`http.listen` has port 0, so the address is another at each start")]
    NoPort,
    /// The name is none that every program takes.
    #[error("{name:?} cannot be a server's name: it takes 1 to 64 letters, digits, - and _")]
    Name {
        /// The name.
        name: String,
    },
    /// What the file says cannot be understood.
    #[error("{} was left as it is, because it cannot be read: {why}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What is wrong, with its place.
        why: String,
    },
    /// Another server has the name.
    #[error("{} has another server called {name} already", path.display())]
    Taken {
        /// The file.
        path: PathBuf,
        /// The name.
        name: String,
    },
    /// Somebody else wrote the file meanwhile.
    #[error("{} was changed by somebody else in the meantime, and left as they wrote it", path.display())]
    Raced {
        /// The file.
        path: PathBuf,
    },
    /// The file could not be read or written.
    #[error("{}: cannot {doing} it: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// A verb.
        doing: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// The path of this program is not known.
    #[error("the path of this program cannot be found: {source}")]
    Program {
        /// What the system said.
        source: io::Error,
    },
}

impl Error {
    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::NoHome => "set HOME, or write into the project's settings with --project",
            Self::NoScope { .. } => "see what to put where with --print",
            Self::NoAddress => {
                "leave --http out, or set http.listen in synod.toml to an address such as 127.0.0.1:4820"
            }
            Self::NoPort => "set http.listen in synod.toml to an address with a port, such as 127.0.0.1:4820",
            Self::Name { .. } => "choose another with --name",
            Self::Unreadable { .. } => "mend it, or put the entry in by hand; --print shows it",
            Self::Taken { .. } => "choose another name with --name, or take that server out first",
            Self::Raced { .. } => "end the program that uses it, or try again",
            Self::File { .. } | Self::Program { .. } => "",
        }
    }

    /// Whether the person asked for what cannot be.
    pub fn is_usage(&self) -> bool {
        matches!(self, Self::NoScope { .. } | Self::NoAddress | Self::NoPort | Self::Name { .. })
    }
}
