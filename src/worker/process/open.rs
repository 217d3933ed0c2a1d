//! Handing an address to the person's browser.

use super::Error;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

/// Starts `program` with `args` apart from this process; what it prints is nobody's.
///
/// # Errors
/// When it cannot be started.
#[expect(clippy::disallowed_methods, reason = "this room alone starts processes")]
pub fn open(program: &Path, args: &[String]) -> Result<(), Error> {
    let mut command = Command::new(program);
    command.args(args).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
    command.spawn().map_err(Error::file("start", program))?;
    Ok(())
}
