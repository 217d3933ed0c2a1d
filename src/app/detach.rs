//! Processes of our own: the daemon in the background, and the shim that stands beside a call.

use super::error::Error;
use super::place::Place;
use crate::worker::{self, ProcessError};
use std::path::Path;

/// Starts `synod up` for this workspace in the background, with its messages going to the daemon's log file.
///
/// # Errors
/// When the process or its log file cannot be made.
pub fn detach(place: &Place, flags: &[String]) -> Result<u32, Error> {
    let mut args = vec!["-C".to_owned(), place.layout.root.display().to_string()];
    for flag in flags {
        args.extend(["--set".to_owned(), flag.clone()]);
    }
    args.push("up".to_owned());
    super::engine::make_private(&place.layout.dot_synod)?;
    Ok(worker::detach(&args, &place.layout.daemon_log)?)
}

/// What `synod shim [DIR]` does: carries out the call that is written there, or the one it is told of by its stdin.
///
/// # Errors
/// When the folder holds no call, or it cannot be carried out.
pub fn shim(folder: Option<&Path>) -> Result<i32, ProcessError> {
    folder.map_or_else(worker::shim::stand_by, worker::shim::run)
}
