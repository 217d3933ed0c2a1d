//! What can be wrong with settings, said so that a person can mend it, and where each value came from.

use std::fmt;
use std::path::PathBuf;

/// Where the final value of a key came from. The order is that of the layers, and of the lines in a file.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// The defaults that ship with the program.
    #[default]
    Default,
    /// A settings file.
    File {
        /// The file as it was opened.
        path: PathBuf,
        /// The line of the key, counted from 1.
        line: usize,
    },
    /// An environment variable, by name.
    Env(String),
    /// A flag on the command line, by the key it sets.
    Flag(String),
    /// Worked out from other values, or found on this machine.
    Derived,
}

impl fmt::Display for Origin {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => out.write_str("default"),
            Self::File { path, line } => write!(out, "{}:{line}", path.display()),
            Self::Env(name) => write!(out, "environment {name}"),
            Self::Flag(key) => write!(out, "flag {key}"),
            Self::Derived => out.write_str("derived"),
        }
    }
}

/// One thing that is wrong with one value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where the value was written.
    pub origin: Origin,
    /// The dotted key, or empty when the whole file is at fault.
    pub key: String,
    /// What is wrong and how to mend it. Never holds the value itself, which could be a secret.
    pub what: String,
}

impl Problem {
    /// A problem with the value of `key`.
    pub(super) fn new(origin: Origin, key: impl Into<String>, what: impl Into<String>) -> Self {
        Self { origin, key: key.into(), what: what.into() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.key.is_empty() {
            write!(out, "{}: {}", self.origin, self.what)
        } else {
            write!(out, "{}: {} {}", self.origin, self.key, self.what)
        }
    }
}

/// Why settings or a workspace could not be had.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A settings file is there and cannot be read.
    #[error("cannot read {}: {source}; check its permissions", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// One or more values are wrong; each is listed.
    #[error("settings are not valid:\n{}", list(.0))]
    Invalid(Vec<Problem>),
    /// No folder upwards holds a workspace.
    #[error("no workspace at or above {}: run `synod init` there, or name one with -C DIR", start.display())]
    NoWorkspace {
        /// Where the search began.
        start: PathBuf,
    },
    /// A worker's program is not where it was looked for.
    #[error("program `{program}` not found: {hint}")]
    NoProgram {
        /// The name or path that was looked for.
        program: String,
        /// What to do about it.
        hint: String,
    },
}

/// Problems, one a line.
fn list(problems: &[Problem]) -> String {
    problems.iter().map(|problem| format!("  {problem}")).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_names_file_line_and_key() {
        let origin = Origin::File { path: "synod.toml".into(), line: 3 };
        let error = Error::Invalid(vec![Problem::new(origin, "limits.retires", "is unknown")]);
        assert_eq!(error.to_string(), "settings are not valid:\n  synod.toml:3: limits.retires is unknown");
    }

    #[test]
    fn a_problem_with_a_whole_file_has_no_key() {
        let problem = Problem::new(Origin::Env("SYNOD_X__Y".into()), "", "cannot be read");
        assert_eq!(problem.to_string(), "environment SYNOD_X__Y: cannot be read");
    }
}
