//! Starting this program again in the background, away from the terminal that started it.

use super::Error;
use std::fs::OpenOptions;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

/// Starts this binary with `args` in a process group of its own; what it prints goes to the end of `log`. Returns its process id.
///
/// # Errors
/// When the log cannot be opened or the process not be started.
#[expect(clippy::disallowed_methods, reason = "this room alone starts processes")]
pub fn detach(args: &[String], log: &Path) -> Result<u32, Error> {
    let open = || OpenOptions::new().create(true).append(true).open(log);
    let out = open().map_err(Error::file("open", log))?;
    let err = open().map_err(Error::file("open", log))?;
    let program = Path::new("/proc/self/exe");
    let mut command = Command::new(program);
    command.args(args).stdin(Stdio::null()).stdout(out).stderr(err).process_group(0);
    let child = command.spawn().map_err(Error::file("start", program))?;
    Ok(child.id())
}
