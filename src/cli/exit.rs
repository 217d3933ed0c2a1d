//! What the program tells its caller by its exit code. Documented in `--help` and `docs/cli.md`.

use std::process::ExitCode;

/// How the program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Exit {
    /// Done.
    Ok = 0,
    /// Something failed, or the task did.
    Failed = 1,
    /// The command line or the settings are not right.
    Usage = 2,
    /// A person must look: the task waits for one, or its decision does not advise to proceed.
    NeedsPerson = 3,
    /// No worker can take the task.
    NoWorker = 4,
    /// The time given with `--timeout` is over; the task itself goes on.
    TimedOut = 5,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}
