//! A program that is spoken to while it runs, such as an MCP server on its stdin and stdout. It runs below a small helper of
//! the same binary, so that nothing it starts is left behind: the helper ends it, group and descendants and all, when it is
//! told to, when its own stdin has ended, and when the daemon is gone in whatever way. Unlike a spooled call it does not
//! outlive the daemon: a conversation without a partner is of no use.

use super::{Error, MARK_VARIABLE, ShimProgram};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::ffi::OsString;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::io::AsyncReadExt;
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};
use tokio::task::JoinHandle;

/// The file in the helper's folder that says what to run.
pub(super) const ORDER: &str = "live.json";

/// What the helper is to run. Names of variables only; values come through its own environment.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct LiveOrder {
    /// The program, as an absolute path.
    pub(super) program: PathBuf,
    /// Its arguments.
    pub(super) args: Vec<String>,
    /// The folder it starts in.
    pub(super) folder: PathBuf,
    /// Names of the variables it gets.
    pub(super) env: Vec<String>,
    /// From the polite end signal to the hard one, in milliseconds.
    pub(super) grace_ms: u64,
    /// The process whose end is the program's end.
    pub(super) daemon: i32,
}

/// How a live program is to be started.
pub(crate) struct Start<'a> {
    /// How the helper is started.
    pub(crate) shim: &'a ShimProgram,
    /// A folder for this program alone.
    pub(crate) place: &'a Path,
    /// The program, as an absolute path.
    pub(crate) program: PathBuf,
    /// Its arguments.
    pub(crate) args: Vec<String>,
    /// The folder it starts in.
    pub(crate) folder: PathBuf,
    /// What it may see.
    pub(crate) env: Vec<(OsString, OsString)>,
    /// From the polite end signal to the hard one.
    pub(crate) grace: Duration,
    /// What is kept of the end of its stderr, in bytes.
    pub(crate) stderr_bytes_max: usize,
}

/// A running program. Dropping it tells the helper to end it.
pub(crate) struct Live {
    /// The helper.
    child: Child,
    handle: OwnedFd,
    said: Arc<Mutex<VecDeque<u8>>>,
    /// Ends with the program's stderr.
    listening: JoinHandle<()>,
}

impl Live {
    /// Starts the program; what it prints and what it reads is handed back.
    pub(crate) fn start(start: Start<'_>) -> Result<(Self, ChildStdout, ChildStdin), Error> {
        let mut child = spawn(&start)?;
        let pid = child.id().and_then(|pid| i32::try_from(pid).ok()).and_then(Pid::from_raw);
        let gone = || Error::process("watch the helper process")(std::io::Error::other("it is gone"));
        let handle = pidfd_open(pid.ok_or_else(gone)?, PidfdFlags::NONBLOCK);
        let handle = handle.map_err(Error::process("watch the helper process"))?;
        let (Some(stdin), Some(stdout), Some(stderr)) = (child.stdin.take(), child.stdout.take(), child.stderr.take())
        else {
            return Err(gone());
        };
        let said = Arc::new(Mutex::new(VecDeque::new()));
        let listening = listen(stderr, Arc::clone(&said), start.stderr_bytes_max);
        Ok((Self { child, handle, said, listening }, stdout, stdin))
    }

    /// The end of what it complained so far.
    pub(crate) fn complaints(&self) -> String {
        let said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        let bytes: Vec<u8> = said.iter().copied().collect();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// The same of one that has closed its output, once it has gone; it may have died of what it says last.
    pub(crate) async fn last_words(mut self) -> String {
        // The end of its stderr, not of its process: what it said last may still be in the pipe then. One that does not end
        // by itself is ended when this is dropped.
        tokio::time::timeout(LAST_WORDS_MAX, &mut self.listening).await.ok();
        self.complaints()
    }

    /// Waits until it has ended by itself; its exit code, 1 when a signal ended it. May be given up and begun again.
    pub(crate) async fn exit(&mut self) -> Option<i32> {
        self.child.wait().await.ok()?.code()
    }

    /// Ends it with all that it started, and waits until nothing of it runs, but for no longer than that can take.
    pub(crate) async fn end(mut self, grace: Duration) {
        self.tell();
        tokio::time::timeout(grace + END_SLACK, self.child.wait()).await.ok();
    }

    fn tell(&self) {
        // One that is gone already needs no signal.
        pidfd_send_signal(&self.handle, Signal::TERM).ok();
    }
}

/// How long a program that closed its output may take to end.
const LAST_WORDS_MAX: Duration = Duration::from_secs(3);

/// How long the helper may take for what a signal does not end at once.
const END_SLACK: Duration = Duration::from_secs(15);

impl Drop for Live {
    fn drop(&mut self) {
        self.tell();
    }
}

#[expect(clippy::disallowed_methods, reason = "this room is the one that starts processes")]
fn spawn(start: &Start<'_>) -> Result<Child, Error> {
    let mark = (OsString::from(MARK_VARIABLE), start.place.as_os_str().to_owned());
    let env = || start.env.iter().filter(|(name, _)| *name != mark.0).chain([&mark]);
    let order = LiveOrder {
        program: start.program.clone(),
        args: start.args.clone(),
        folder: start.folder.clone(),
        env: env().filter_map(|(name, _)| name.to_str().map(str::to_owned)).collect(),
        grace_ms: u64::try_from(start.grace.as_millis()).unwrap_or(u64::MAX),
        daemon: rustix::process::getpid().as_raw_pid(),
    };
    std::fs::create_dir_all(start.place).map_err(Error::file("create", start.place))?;
    let path = start.place.join(ORDER);
    let order = serde_json::to_vec(&order).map_err(|source| Error::Damaged { path: path.clone(), source })?;
    std::fs::write(&path, order).map_err(Error::file("write", &path))?;
    let mut command = Command::new(&start.shim.program);
    command.args(&start.shim.args).arg(start.place).env_clear();
    command.envs(start.shim.env.iter().map(|(name, value)| (name, value)));
    command.envs(env().map(|(name, value)| (name, value)));
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().map_err(Error::process("start the helper process"))
}

/// Keeps the end of what a program complains, for as long as it lives.
#[expect(clippy::disallowed_methods, reason = "a program must never block on its stderr, also between two calls")]
fn listen(mut stderr: ChildStderr, said: Arc<Mutex<VecDeque<u8>>>, bytes_max: usize) -> JoinHandle<()> {
    tokio::spawn(async move {
        let mut piece = vec![0; PIECE_BYTES];
        while let Ok(read @ 1..) = stderr.read(&mut piece).await {
            let mut said = said.lock().unwrap_or_else(PoisonError::into_inner);
            said.extend(piece.iter().take(read));
            let excess = said.len().saturating_sub(bytes_max);
            said.drain(..excess);
        }
    })
}

/// Bytes taken from stderr at a time.
const PIECE_BYTES: usize = 4096;
