//! `synod shim`: the small process beside a call of a command-line model. Hidden, because the daemon starts it.

use crate::app;
use crate::cli::exit::Exit;
use crate::cli::out::Out;
use crate::cli::report::Failure;
use std::path::Path;
use std::process::ExitCode;

/// Carries out the call, and passes on the exit code of the program it ran.
pub(in crate::cli) fn run(dir: Option<&Path>) -> ExitCode {
    match app::shim(dir) {
        Ok(code) => ExitCode::from(u8::try_from(code).unwrap_or(u8::MAX)),
        Err(error) => failed(&error),
    }
}

/// The same where only the program's own codes count.
pub(super) fn exit(dir: Option<&Path>) -> Exit {
    match app::shim(dir) {
        Ok(0) => Exit::Ok,
        Ok(_) | Err(_) => Exit::Failed,
    }
}

fn failed(error: &dyn std::fmt::Display) -> ExitCode {
    Failure::new(Exit::Failed, error.to_string()).report(&Out::new(false, false, true)).into()
}
