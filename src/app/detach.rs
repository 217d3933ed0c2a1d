//! Processes of our own: the daemon in the background, and the shim that stands beside a call.

use super::error::Error;
use super::place::Place;
use crate::config::Layout;
use crate::worker::{self, ProcessError};
use std::path::Path;

/// Starts `synod up` for this workspace in the background, with its messages going to the daemon's log file.
///
/// # Errors
/// When the process or its log file cannot be made.
pub fn detach(place: &Place, flags: &[String]) -> Result<u32, Error> {
    start_daemon(&place.layout, flags)
}

/// The same for whoever knows only the workspace's paths.
pub(super) fn start_daemon(layout: &Layout, flags: &[String]) -> Result<u32, Error> {
    let mut args = vec!["-C".to_owned(), layout.root.display().to_string()];
    for flag in flags {
        args.extend(["--set".to_owned(), flag.clone()]);
    }
    args.push("up".to_owned());
    super::engine::make_private(&layout.dot_synod)?;
    Ok(worker::detach(&args, &layout.daemon_log)?)
}

/// Whether the process has ended. As it is our child it stays in the table as a zombie, which `/proc` shows behind the
/// name in brackets; where there is no `/proc`, the wait for the answer decides.
pub fn is_gone(pid: u32) -> bool {
    match std::fs::read_to_string(format!("/proc/{pid}/stat")) {
        Ok(stat) => {
            stat.rsplit_once(')').is_some_and(|(_, rest)| matches!(rest.trim_start().chars().next(), Some('Z' | 'X')))
        }
        Err(_) => Path::new("/proc/self/stat").exists(),
    }
}

/// What `synod shim [DIR]` does: carries out the call that is written there, or the one it is told of by its stdin.
///
/// # Errors
/// When the folder holds no call, or it cannot be carried out.
pub fn shim(folder: Option<&Path>) -> Result<i32, ProcessError> {
    folder.map_or_else(worker::shim::stand_by, worker::shim::run)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_living_process_is_not_gone() {
        assert!(!is_gone(std::process::id()));
        // Beyond the largest id that Linux gives.
        assert!(is_gone(4_194_305) || !Path::new("/proc/self/stat").exists());
    }
}
