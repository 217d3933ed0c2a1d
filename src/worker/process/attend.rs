//! The daemon's side of a spooled call: seeing how it stands, starting its shim when nobody has begun it, adopting one
//! that runs, and waiting without polling. Dropping the future leaves the call running for a later daemon.

use super::spool::{Exit, ShimMark, Spool};
use super::{Error, Standby, proc_fs, reap};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use std::ffi::OsString;
use std::os::fd::OwnedFd;
use std::time::Duration;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

/// What became of a call.
#[derive(Debug)]
pub(crate) enum Ending {
    /// Its process ended and the spool says how.
    Ended(Exit),
    /// Its shim is gone without a word; whatever it had started was ended.
    Lost,
    /// Its shim was alive long after it should have ended the call; it was ended with all it had started.
    Overdue,
}

/// How a spool stands.
enum Standing {
    NotBegun,
    Running(OwnedFd),
    Ended(Exit),
    Died,
}

/// How much longer than the call's time and grace the shim may take before it is held for stuck.
const SLACK: Duration = Duration::from_secs(30);
/// How often a spool is looked at whose shim holds the lock but has not yet said who it is.
const LOOK_AGAIN: Duration = Duration::from_millis(10);

/// How long after a call began the next helper is started: not while the call's own program starts.
const FILL_AFTER: Duration = Duration::from_millis(50);

/// What the program of a call may see.
pub(crate) type Variables = Vec<(OsString, OsString)>;

/// What is needed to begin a call.
pub(crate) struct Begin<'a> {
    /// Who starts the shim.
    pub(crate) standby: &'a Standby,
    /// What the program may see.
    pub(crate) env: &'a [(OsString, OsString)],
}

/// Sees the call of `spool` to its end: begins it when told to, else goes on with what somebody else has begun.
/// When `stop` is cancelled the call is ended, and what had come until then is still returned.
pub(crate) async fn attend(
    spool: &Spool,
    mut begin: Option<Begin<'_>>,
    stop: &CancellationToken,
) -> Result<Ending, Error> {
    loop {
        let (handle, child) = match standing(spool)? {
            Standing::Ended(exit) => return Ok(Ending::Ended(exit)),
            Standing::Died => {
                reap::sweep(spool.folder());
                return Ok(Ending::Lost);
            }
            Standing::Running(handle) => (handle, None),
            Standing::NotBegun => match begin.take() {
                Some(begin) => {
                    let child = begin.standby.begin(spool, begin.env)?;
                    let handle = open(Pid::from_child(&child)).map_err(Error::process("watch the helper process"))?;
                    (handle, Some((child, begin.standby)))
                }
                None if spool.locked()? => {
                    sleep(LOOK_AGAIN).await;
                    continue;
                }
                None => return Err(failed(spool)),
            },
        };
        let watching = watch(handle, spool, stop);
        let ended = match child {
            Some((mut child, standby)) => {
                let ended = filling(standby, watching).await?;
                // Collects the shim that this daemon started itself; an adopted one is collected by the system.
                child.try_wait().ok();
                ended
            }
            None => watching.await?,
        };
        if !ended {
            reap::sweep(spool.folder());
            return Ok(Ending::Overdue);
        }
    }
}

/// Sees how the call stands. The end is looked for once more after the process was seen gone, because it is written
/// just before the process goes.
fn standing(spool: &Spool) -> Result<Standing, Error> {
    if let Some(exit) = spool.exit()? {
        return Ok(Standing::Ended(exit));
    }
    let mark = match spool.mark() {
        // Only a power cut can leave half a mark; nothing of before it still runs.
        Err(Error::Damaged { .. }) => return Ok(Standing::Died),
        mark => mark?,
    };
    let Some(mark) = mark else { return Ok(Standing::NotBegun) };
    if let Some(handle) = alive(&mark) {
        return Ok(Standing::Running(handle));
    }
    Ok(spool.exit()?.map_or(Standing::Died, Standing::Ended))
}

/// A handle on the very process that the mark names; `None` when it is gone. The handle is taken before the start
/// time is compared, so a number that changes hands in between is noticed.
fn alive(mark: &ShimMark) -> Option<OwnedFd> {
    // Only a damaged mark names a number that no process has.
    let pid = Pid::from_raw(mark.pid.max(0))?;
    let handle = open(pid).ok()?;
    let same = mark.boot == proc_fs::boot_id() && proc_fs::start_ticks(mark.pid) == Some(mark.started_ticks);
    same.then_some(handle)
}

fn open(pid: Pid) -> rustix::io::Result<OwnedFd> {
    pidfd_open(pid, PidfdFlags::NONBLOCK)
}

/// Waits, and once the call is under way has helpers started for the next ones.
async fn filling(standby: &Standby, watching: impl Future<Output = Result<bool, Error>>) -> Result<bool, Error> {
    let mut watching = std::pin::pin!(watching);
    let over = timeout(FILL_AFTER, watching.as_mut()).await;
    standby.fill();
    match over {
        Ok(ended) => ended,
        Err(_) => watching.await,
    }
}

/// Waits for the shim's end; false when it had to be ended because it was stuck.
async fn watch(handle: OwnedFd, spool: &Spool, stop: &CancellationToken) -> Result<bool, Error> {
    let order = spool.order()?;
    let grace = Duration::from_millis(order.grace_ms) + SLACK;
    let longest = Duration::from_millis(order.time_left_ms) + grace;
    let handle = readable_at_end(handle).map_err(Error::process("watch the helper process"))?;
    let ended = tokio::select! {
        ended = timeout(longest, handle.readable()) => ended.is_ok(),
        () = stop.cancelled() => {
            tell(&handle, Signal::TERM);
            timeout(grace, handle.readable()).await.is_ok()
        }
    };
    if !ended {
        tell(&handle, Signal::KILL);
        timeout(SLACK, handle.readable()).await.ok();
    }
    Ok(ended)
}

/// What the shim said before it ended without having begun.
fn failed(spool: &Spool) -> Error {
    let said = spool.text("shim.log").unwrap_or_default();
    let said = said.lines().next_back().unwrap_or("it said nothing").to_owned();
    Error::ShimFailed { spool: spool.folder().to_owned(), said }
}

/// Signals the shim; one that is gone already needs no signal.
fn tell(handle: &AsyncFd<OwnedFd>, signal: Signal) {
    pidfd_send_signal(handle.get_ref(), signal).ok();
}

/// A process handle becomes readable when the process ends.
#[expect(
    deprecated,
    reason = "its successor is unsafe because a type could change its descriptor; an OwnedFd never does, which is what that asks for"
)]
pub(super) fn readable_at_end(handle: OwnedFd) -> std::io::Result<AsyncFd<OwnedFd>> {
    AsyncFd::with_interest(handle, Interest::READABLE)
}

#[cfg(test)]
mod tests;
