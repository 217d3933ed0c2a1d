//! The detached helper process of one call: it starts the model's program, spools what it prints, keeps its time,
//! ends it with everything it started, and writes down how it ended. It needs no daemon to do so.
//!
//! Runs as `synod shim SPOOL`, or as `synod shim` told by its stdin what it is for, outside any tokio runtime. The model's program gets a process group of its own in the
//! shim's session; the shim is the subreaper of everything below it, so no `setsid` or double fork gets away.

use super::attend::Variables;
use super::spool::{Ended, Exit, Order, ShimMark, Spool, own_mark};
use super::standby::{HANDED_BYTES_MAX, handed};
use super::{Error, reap};
use rustix::process::{Pid, Signal, WaitStatus, kill_process_group};
use std::collections::VecDeque;
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;
use tokio::net::unix::pipe::Receiver;
use tokio::signal::unix::{Signal as Signals, SignalKind, signal};
use tokio::time::{Instant, sleep, sleep_until, timeout};

/// How long the last output may take to arrive once every process that could write it is gone.
const DRAIN_MAX: Duration = Duration::from_secs(2);
/// How often leftover processes are looked for again.
const LOOK_AGAIN: Duration = Duration::from_millis(20);
/// How long leftover processes are hunted before they are given up (a process the kernel cannot end).
const HUNT_MAX: Duration = Duration::from_secs(10);

/// Carries out the order in `spool`; returns the exit code of the shim. When another shim has begun it, this one leaves
/// it alone: the same call never runs twice. A folder with the order of a live program is for the keeper.
pub fn run(spool: &Path) -> Result<i32, Error> {
    if spool.join(super::live::ORDER).exists() {
        return super::keeper::run(spool, &prepare()?);
    }
    Helper::new()?.help(&Spool::at(spool), own_variable)
}

/// Waits to be told of a call, then carries it out as [`run`] does; ends at once when the daemon goes instead. What goes
/// wrong is also written beside the call.
pub fn stand_by() -> Result<i32, Error> {
    let helper = Helper::new()?;
    // As much as is ever handed over, so that one read brings it.
    let mut message = Vec::with_capacity(HANDED_BYTES_MAX + 1);
    io::stdin().lock().read_to_end(&mut message).map_err(Error::process("read what to do"))?;
    let Some((folder, env)) = handed(&message) else { return Ok(0) };
    let spool = Spool::at(&folder);
    let done = helper.help(&spool, |name| handed_variable(&env, name));
    if let Err(error) = &done {
        // Read by the daemon when the call was not begun; nobody else is left to tell.
        std::fs::write(spool.path("shim.log"), error.to_string()).ok();
    }
    done
}

/// A process that is ready to carry out a call.
struct Helper {
    mark: ShimMark,
    runtime: tokio::runtime::Runtime,
}

impl Helper {
    fn new() -> Result<Self, Error> {
        let runtime = prepare()?;
        Ok(Self { mark: own_mark()?, runtime })
    }

    fn help(self, spool: &Spool, variable: impl Fn(&str) -> Option<OsString>) -> Result<i32, Error> {
        let Some(_lock) = spool.lock()? else { return Ok(0) };
        if spool.mark()?.is_some() {
            return Ok(0);
        }
        let order = spool.order()?;
        let prompt = spool.open_prompt(order.prompt_bytes)?;
        let stdout = spool.open_for_writing("stdout")?;
        let env = order.env.iter().filter_map(|name| Some((name.into(), variable(name)?))).collect();
        let job = Job { order, env, prompt, stdout };
        let exit = self.runtime.block_on(carry_out(spool, &self.mark, job))?;
        spool.write_exit(&exit)?;
        Ok(0)
    }
}

/// What is carried out.
struct Job {
    order: Order,
    /// What the program may see.
    env: Variables,
    prompt: File,
    stdout: File,
}

/// Makes this process one that calls can be left to.
fn prepare() -> Result<tokio::runtime::Runtime, Error> {
    // A process that already leads a group cannot lead a session too; being in the daemon's session is then no harm.
    rustix::process::setsid().ok();
    rustix::process::set_child_subreaper(Some(rustix::process::getpid()))
        .map_err(Error::process("become the subreaper"))?;
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    runtime.enable_all().build().map_err(Error::process("start the event loop"))
}

/// Runs the program to its end and cleans up after it.
async fn carry_out(spool: &Spool, mark: &ShimMark, job: Job) -> Result<Exit, Error> {
    let begun = Instant::now();
    let ran_ms = || u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
    // Once the mark stands, a signal must not end the shim before it has ended its program.
    let mut ears = Ears::open()?;
    spool.write_mark(mark)?;
    let Job { order, env, prompt, stdout } = job;
    let (leader, mut pipes) = match start(&order, env, prompt, stdout) {
        Ok(started) => started,
        Err(error) => {
            let ended = Ended::StartFailed { error: format!("{}: {error}", order.program.display()) };
            return Ok(Exit { ended, code: None, signal: None, ran_ms: ran_ms(), left_behind: 0 });
        }
    };
    let deadline = begun + Duration::from_millis(order.time_left_ms);
    let (ended, mut status) = watch(leader, &mut ears, &mut pipes, deadline).await;
    if status.is_none() {
        status = end_politely(leader, &mut ears, &mut pipes, Duration::from_millis(order.grace_ms)).await;
    }
    let left_behind = hunt(leader, &mut ears, &mut status).await;
    // With no process left that could write, the pipes end; the limit is for descriptors that were passed elsewhere.
    timeout(DRAIN_MAX, pipes.drain()).await.ok();
    // The last of it may have come after the program's end; a cut answer must not pass for a whole one.
    let ended = match (ended, pipes.overflow.take()) {
        (Ended::Exited | Ended::TooMuchOutput, Some(overflow)) => overflow,
        (ended, _) => ended,
    };
    pipes.keep(spool)?;
    let code = status.and_then(WaitStatus::exit_status);
    let signal = status.and_then(WaitStatus::terminating_signal);
    Ok(Exit { ended, code, signal, ran_ms: ran_ms(), left_behind })
}

/// Starts the program with its own group, the prompt as stdin, and of this environment only the named variables.
#[expect(clippy::disallowed_methods, reason = "this room is the one that starts processes")]
fn start(order: &Order, env: Variables, prompt: File, stdout: File) -> io::Result<(Pid, Pipes)> {
    let mut command = Command::new(&order.program);
    command.args(&order.args).current_dir(&order.folder).process_group(0);
    command.env_clear().envs(env);
    command.stdin(prompt).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn()?;
    let leader = Pid::from_child(&child);
    let (Some(out), Some(err)) = (child.stdout.take(), child.stderr.take()) else {
        return Err(io::Error::other("the program has no pipes"));
    };
    let pipes = Pipes {
        out: Some(Receiver::from_owned_fd(out.into())?),
        err: Some(Receiver::from_owned_fd(err.into())?),
        file: stdout,
        room: order.stdout_bytes_max,
        overflow: None,
        tail: VecDeque::new(),
        tail_max: usize::try_from(order.stderr_bytes_max).unwrap_or(usize::MAX),
    };
    Ok((leader, pipes))
}

/// A variable of the shim's environment: the daemon put there exactly what the program may see.
#[expect(
    clippy::disallowed_methods,
    reason = "values reach the program through the shim's own environment, so that none is ever written to disk"
)]
pub(super) fn own_variable(name: &str) -> Option<OsString> {
    std::env::var_os(name)
}

/// A variable that came with the call through the pipe.
fn handed_variable(env: &Variables, name: &str) -> Option<OsString> {
    env.iter().find(|(there, _)| there == name).map(|(_, value)| value.clone())
}

/// Waits until the program ends, its time is over, it prints too much, or the shim is told to stop.
async fn watch(leader: Pid, ears: &mut Ears, pipes: &mut Pipes, deadline: Instant) -> (Ended, Option<WaitStatus>) {
    loop {
        tokio::select! {
            heard = ears.next() => match heard {
                Heard::Stop => return (Ended::Stopped, None),
                Heard::ChildEnded => {
                    if let Some(status) = reap::reap(leader).leader {
                        return (Ended::Exited, Some(status));
                    }
                }
            },
            () = sleep_until(deadline) => return (Ended::TimedOut, None),
            () = pipes.pump() => {
                if pipes.overflow.is_some() {
                    return (Ended::TooMuchOutput, None);
                }
            }
        }
    }
}

/// Asks the program's group to end and waits for the leader as long as the grace lasts.
async fn end_politely(leader: Pid, ears: &mut Ears, pipes: &mut Pipes, grace: Duration) -> Option<WaitStatus> {
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
            () = pipes.pump() => {}
        }
    }
}

/// Ends and reaps everything below the shim until nothing is left; how many processes had been left behind.
pub(super) async fn hunt(leader: Pid, ears: &mut Ears, status: &mut Option<WaitStatus>) -> u32 {
    let until = Instant::now() + HUNT_MAX;
    let mut most = 0;
    loop {
        let reaped = reap::reap(leader);
        *status = reaped.leader.or(*status);
        if reaped.none_left || Instant::now() >= until {
            return most;
        }
        most = most.max(reap::kill_descendants());
        tokio::select! {
            _ = ears.next() => {}
            () = sleep(LOOK_AGAIN) => {}
        }
    }
}

/// The signals the shim listens to.
pub(super) struct Ears {
    child: Signals,
    terminate: Signals,
    interrupt: Signals,
    /// Heard so that closing a terminal does not end the shim; otherwise ignored.
    _hangup: Signals,
}

impl Ears {
    pub(super) fn open() -> Result<Self, Error> {
        let listen = |kind| signal(kind).map_err(Error::process("listen to signals"));
        Ok(Self {
            child: listen(SignalKind::child())?,
            terminate: listen(SignalKind::terminate())?,
            interrupt: listen(SignalKind::interrupt())?,
            _hangup: listen(SignalKind::hangup())?,
        })
    }

    pub(super) async fn next(&mut self) -> Heard {
        tokio::select! {
            _ = self.child.recv() => Heard::ChildEnded,
            _ = self.terminate.recv() => Heard::Stop,
            _ = self.interrupt.recv() => Heard::Stop,
        }
    }
}

/// What the shim heard.
pub(super) enum Heard {
    ChildEnded,
    Stop,
}

/// What the program prints: the head of stdout goes to the file, the end of stderr is held until the end.
struct Pipes {
    out: Option<Receiver>,
    err: Option<Receiver>,
    file: File,
    /// Bytes of stdout that may still be kept.
    room: u64,
    /// Why not everything was kept, if so.
    overflow: Option<Ended>,
    tail: VecDeque<u8>,
    tail_max: usize,
}

impl Pipes {
    /// Takes the next piece of either pipe; never returns once both have ended.
    async fn pump(&mut self) {
        tokio::select! {
            () = readable(self.out.as_ref()) => self.take_out(),
            () = readable(self.err.as_ref()) => self.take_err(),
        }
    }

    /// Takes everything up to the end of both pipes.
    async fn drain(&mut self) {
        while self.out.is_some() || self.err.is_some() {
            self.pump().await;
        }
    }

    fn take_out(&mut self) {
        let mut piece = [0; PIECE_BYTES];
        let Some(read) = take(&mut self.out, &mut piece) else { return };
        let kept = piece.len().min(read).min(usize::try_from(self.room).unwrap_or(usize::MAX));
        self.room -= kept as u64;
        let written = piece.get(..kept).map_or(Ok(()), |kept| self.file.write_all(kept));
        // On a full disk the program is ended as well: nobody would read what it writes.
        if let Err(error) = written {
            self.overflow = Some(Ended::SpoolFailed { error: error.to_string() });
        } else if kept < read {
            self.overflow.get_or_insert(Ended::TooMuchOutput);
        }
    }

    fn take_err(&mut self) {
        let mut piece = [0; PIECE_BYTES];
        let Some(read) = take(&mut self.err, &mut piece) else { return };
        self.tail.extend(piece.iter().take(read));
        let excess = self.tail.len().saturating_sub(self.tail_max);
        self.tail.drain(..excess);
    }

    /// Writes the end of stderr and brings both files to the medium.
    fn keep(&mut self, spool: &Spool) -> Result<(), Error> {
        let mut file = spool.open_for_writing("stderr")?;
        let (front, back) = self.tail.as_slices();
        let written = file.write_all(front).and_then(|()| file.write_all(back)).and_then(|()| file.sync_all());
        written.map_err(Error::file("write", &spool.path("stderr")))?;
        self.file.sync_all().map_err(Error::file("flush", &spool.path("stdout")))
    }
}

/// Bytes taken from a pipe at a time: what a Linux pipe holds.
const PIECE_BYTES: usize = 64 * 1024;

/// Waits until a pipe has something; for ever when it has ended.
async fn readable(pipe: Option<&Receiver>) {
    match pipe {
        // An error shows again when reading, where the pipe is given up.
        Some(pipe) => drop(pipe.readable().await),
        None => std::future::pending().await,
    }
}

/// Reads a piece; a pipe that has ended or fails is dropped.
fn take(pipe: &mut Option<Receiver>, piece: &mut [u8]) -> Option<usize> {
    match pipe.as_ref()?.try_read(piece) {
        Ok(0) => *pipe = None,
        Ok(read) => return Some(read),
        Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => {}
        Err(_) => *pipe = None,
    }
    None
}
