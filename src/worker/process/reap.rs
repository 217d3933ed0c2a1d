//! Ending processes and collecting them: reaping in the shim, ending what is left, and the second net that finds
//! processes by their mark when the shim itself was killed.

use super::{MARK_VARIABLE, proc_fs};
use rustix::process::{Pid, PidfdFlags, Signal, WaitOptions, WaitStatus, pidfd_open, pidfd_send_signal, wait};
use std::path::Path;

/// What reaping found.
#[derive(Default)]
pub(super) struct Reaped {
    /// How the leader ended, if it was among them.
    pub(super) leader: Option<WaitStatus>,
    /// Whether this process has no children any more.
    pub(super) none_left: bool,
}

/// Collects every child that has ended; with the subreaper flag those are also orphaned grandchildren.
pub(super) fn reap(leader: Pid) -> Reaped {
    let mut reaped = Reaped::default();
    loop {
        match wait(WaitOptions::NOHANG) {
            Ok(Some((pid, status))) if pid == leader => reaped.leader = Some(status),
            Ok(Some(_)) | Err(rustix::io::Errno::INTR) => {}
            Ok(None) => return reaped,
            Err(_) => {
                reaped.none_left = true;
                return reaped;
            }
        }
    }
}

/// Sends the hard signal to everything below this process; how many there were.
pub(super) fn kill_descendants() -> u32 {
    let own = rustix::process::getpid().as_raw_pid();
    let found = proc_fs::descendants(own);
    found.iter().for_each(|pid| signal(*pid, Signal::KILL));
    u32::try_from(found.len()).unwrap_or(u32::MAX)
}

/// Ends every process that carries the mark of this spool, until a look finds none. For a call whose shim is gone.
/// Bounded: a process that the kernel cannot end stays.
pub(super) fn sweep(spool: &Path) {
    let entry = format!("{MARK_VARIABLE}={}", spool.display());
    for _ in 0..SWEEPS_MAX {
        let found = proc_fs::marked(&entry);
        if found.is_empty() {
            return;
        }
        found.iter().for_each(|pid| signal(*pid, Signal::KILL));
    }
}

/// Looks of one sweep: each ends what the one before had still forking.
const SWEEPS_MAX: u32 = 20;

/// Sends a signal through a handle, so that a number that was given to another process meanwhile is not hit later.
fn signal(pid: i32, signal: Signal) {
    let handle = Pid::from_raw(pid).and_then(|pid| pidfd_open(pid, PidfdFlags::empty()).ok());
    if let Some(handle) = handle {
        // A process that is already gone is what was wanted.
        pidfd_send_signal(&handle, signal).ok();
    }
}
