//! The helper's side of a live program: it starts the program with its own pipes, and ends it with everything below it when
//! it is told to, when the program has ended, or when the daemon is gone. It needs no daemon to do so.

use super::live::{LiveOrder, ORDER};
use super::shim::{Ears, Heard, hunt, own_variable};
use super::{Error, reap};
use rustix::process::{Pid, PidfdFlags, Signal, WaitStatus, getppid, kill_process_group, pidfd_open};
use std::fs;
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;
use std::time::Duration;
use tokio::io::unix::AsyncFd;
use tokio::time::{Instant, sleep_until};

/// Carries out the order in `folder`, and returns the program's exit code, or 1 when it was ended.
pub(super) fn run(folder: &Path, runtime: &tokio::runtime::Runtime) -> Result<i32, Error> {
    let path = folder.join(ORDER);
    let bytes = fs::read(&path).map_err(Error::file("read", &path))?;
    let order: LiveOrder = serde_json::from_slice(&bytes).map_err(|source| Error::Damaged { path, source })?;
    // Nobody else reads it, and nothing of the program is to be left behind.
    fs::remove_dir_all(folder).map_err(Error::file("remove", folder))?;
    runtime.block_on(keep(&order))
}

async fn keep(order: &LiveOrder) -> Result<i32, Error> {
    let mut ears = Ears::open()?;
    let Some(daemon) = daemon(order) else { return Ok(1) };
    let daemon = super::attend::readable_at_end(daemon).map_err(Error::process("watch the daemon"))?;
    let leader = start(order).map_err(Error::file("start", &order.program))?;
    let mut status = watch(leader, &mut ears, &daemon).await;
    if status.is_none() {
        status = end_politely(leader, &mut ears, Duration::from_millis(order.grace_ms)).await;
    }
    hunt(leader, &mut ears, &mut status).await;
    Ok(status.and_then(WaitStatus::exit_status).unwrap_or(1))
}

/// A handle on the daemon, which is this process's parent; `None` when it has gone already.
fn daemon(order: &LiveOrder) -> Option<OwnedFd> {
    let pid = Pid::from_raw(order.daemon.max(0))?;
    let handle = pidfd_open(pid, PidfdFlags::NONBLOCK).ok()?;
    // After the handle, so that a number which changed hands is noticed.
    (getppid() == Some(pid)).then_some(handle)
}

/// Starts the program in a group of its own, with this process's stdin, stdout and stderr.
#[expect(clippy::disallowed_methods, reason = "this room is the one that starts processes")]
fn start(order: &LiveOrder) -> std::io::Result<Pid> {
    let mut command = Command::new(&order.program);
    command.args(&order.args).current_dir(&order.folder).process_group(0);
    command.env_clear().envs(order.env.iter().filter_map(|name| Some((name, own_variable(name)?))));
    command.spawn().map(|child| Pid::from_child(&child))
}

/// Waits until the program has ended, or is to be ended.
async fn watch(leader: Pid, ears: &mut Ears, daemon: &AsyncFd<OwnedFd>) -> Option<WaitStatus> {
    loop {
        if let Some(status) = reap::reap(leader).leader {
            return Some(status);
        }
        tokio::select! {
            heard = ears.next() => if matches!(heard, Heard::Stop) { return None },
            _ = daemon.readable() => return None,
        }
    }
}

/// Asks the program's group to end and waits for the leader as long as the grace lasts.
async fn end_politely(leader: Pid, ears: &mut Ears, grace: Duration) -> Option<WaitStatus> {
    // The group may be gone already; then the reaping below finds its leader.
    kill_process_group(leader, Signal::TERM).ok();
    let until = Instant::now() + grace;
    loop {
        if let Some(status) = reap::reap(leader).leader {
            return Some(status);
        }
        tokio::select! {
            _ = ears.next() => {}
            () = sleep_until(until) => return None,
        }
    }
}
