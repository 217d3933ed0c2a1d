//! Helper processes that were started beforehand: starting this program takes longer than all else between a dropped file
//! and its worker's first act, and need not be waited for. One that stands ready reads the call it is for from its
//! stdin; when the daemon goes, however it goes, the pipe ends and so does the helper.
//!
//! What comes through the pipe: the spool folder, then each variable as `NAME=value`, each ended by a zero byte, then
//! one zero byte more. Without that last byte the daemon died while it wrote, and nothing is begun.

use super::attend::Variables;
use super::spool::Spool;
use super::{Error, ShimProgram};
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Write};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Longest call that is handed through a pipe, in bytes: less than a pipe holds, so that handing over never waits.
pub(super) const HANDED_BYTES_MAX: usize = 32 << 10;

/// The helper processes of one roster.
#[derive(Debug)]
pub(crate) struct Standby {
    shim: ShimProgram,
    ready: Mutex<Ready>,
}

/// Which helpers stand ready.
#[derive(Debug, Default)]
struct Ready {
    helpers: Vec<Child>,
    /// How many there should be: as many as were wanted at once, up to the limit of [`ShimProgram::standby_max`].
    wanted: usize,
}

impl Standby {
    /// None stands ready until a call was made: who calls nobody has no process more.
    pub(crate) fn new(shim: ShimProgram) -> Self {
        Self { shim, ready: Mutex::default() }
    }

    /// Begins a call: by a helper that stands ready, or else by a new one.
    pub(super) fn begin(&self, spool: &Spool, env: &[(OsString, OsString)]) -> Result<Child, Error> {
        let message = message(spool, env);
        if message.len() <= HANDED_BYTES_MAX {
            while let Some(mut helper) = self.take() {
                if hand_over(&mut helper, &message).is_ok() {
                    return Ok(helper);
                }
                // Somebody ended it. It is collected, and another one takes its place.
                helper.try_wait().ok();
            }
        }
        let mut ready = self.ready();
        ready.wanted = (ready.wanted + 1).min(self.shim.standby_max);
        drop(ready);
        self.start(spool, env)
    }

    /// Starts the helpers that are missing. To be called when nobody waits for a start.
    pub(super) fn fill(&self) {
        let mut ready = self.ready();
        while ready.helpers.len() < ready.wanted {
            match self.start_waiting() {
                Ok(helper) => ready.helpers.push(helper),
                Err(error) => {
                    // The next call starts its own, and says why when it cannot.
                    tracing::debug!(%error, "no helper process stands ready");
                    return;
                }
            }
        }
    }

    fn ready(&self) -> MutexGuard<'_, Ready> {
        self.ready.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self) -> Option<Child> {
        self.ready().helpers.pop()
    }

    /// Starts the helper of one call. It makes itself leader of a session of its own, so nothing that ends the daemon's
    /// group or terminal reaches it.
    fn start(&self, spool: &Spool, env: &[(OsString, OsString)]) -> Result<Child, Error> {
        let log = spool.path("shim.log");
        let log = File::create(&log).map_err(Error::file("create", &log))?;
        let mut command = self.command();
        command.arg(spool.folder()).envs(env.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        command.spawn().map_err(Error::process("start the helper process"))
    }

    fn start_waiting(&self) -> Result<Child, Error> {
        let mut command = self.command();
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        command.spawn().map_err(Error::process("start the helper process"))
    }

    #[expect(clippy::disallowed_methods, reason = "this room is the one that starts processes")]
    fn command(&self) -> Command {
        let mut command = Command::new(&self.shim.program);
        command.args(&self.shim.args);
        command.env_clear().envs(self.shim.env.iter().map(|(name, value)| (name, value)));
        command
    }
}

impl Drop for Standby {
    fn drop(&mut self) {
        for helper in &mut self.ready().helpers {
            // Its pipe ends with this, and then it leaves by itself.
            drop(helper.stdin.take());
            helper.try_wait().ok();
        }
    }
}

/// Writes the call into the helper's pipe and closes it. An error means that the helper began nothing.
fn hand_over(helper: &mut Child, message: &[u8]) -> io::Result<()> {
    let mut pipe = helper.stdin.take().ok_or(io::ErrorKind::BrokenPipe)?;
    pipe.write_all(message)
}

fn message(spool: &Spool, env: &[(OsString, OsString)]) -> Vec<u8> {
    let mut bytes = spool.folder().as_os_str().as_bytes().to_vec();
    bytes.push(0);
    for (name, value) in env {
        bytes.extend_from_slice(name.as_bytes());
        bytes.push(b'=');
        bytes.extend_from_slice(value.as_bytes());
        bytes.push(0);
    }
    bytes.push(0);
    bytes
}

/// The call that a helper was handed: its spool folder and what its program may see; `None` when it is not whole.
pub(super) fn handed(message: &[u8]) -> Option<(PathBuf, Variables)> {
    let mut entries = message.strip_suffix(&[0, 0])?.split(|byte| *byte == 0);
    let folder = entries.next().filter(|folder| !folder.is_empty())?;
    let variable = |entry: &[u8]| {
        let at = entry.iter().position(|byte| *byte == b'=')?;
        let (name, value) = (entry.get(..at)?, entry.get(at + 1..)?);
        Some((OsStr::from_bytes(name).to_owned(), OsString::from_vec(value.to_vec())))
    };
    let env = entries.map(variable).collect::<Option<Variables>>()?;
    Some((PathBuf::from(OsStr::from_bytes(folder)), env))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may fail loudly")]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn a_call_comes_through_the_pipe_whole_or_not_at_all() {
        let env = [("KEY".into(), "a=b\nc".into()), ("EMPTY".into(), OsString::new())];
        for env in [&env[..], &[]] {
            let whole = message(&Spool::at(Path::new("/s/fix-1")), env);
            let (folder, there) = handed(&whole).unwrap();
            assert_eq!((folder.as_path(), &*there), (Path::new("/s/fix-1"), env));
            for cut in 0..whole.len() {
                assert_eq!(handed(&whole[..cut]), None, "cut at {cut}");
            }
        }
    }

    #[test]
    fn a_helper_that_has_gone_is_passed_over_and_a_new_one_started() {
        let root = tempfile::tempdir().unwrap();
        let spool = Spool::at(root.path());
        let script = |text: &str| ["-c", text].map(str::to_owned).to_vec();
        // With a folder it was started for one call; without, it stands ready, and this one does not wait.
        let args = script("test -n \"$0\" && echo \"$KEY\" > \"$0/ran\"");
        let shim = ShimProgram { program: "/bin/sh".into(), args, env: Vec::new(), standby_max: 2 };
        let standby = Standby::new(shim);
        let env = [("KEY".into(), "value".into())];
        for _ in 0..3 {
            let mut helper = standby.begin(&spool, &env).unwrap();
            assert!(helper.wait().unwrap().success());
            assert_eq!(std::fs::read_to_string(spool.path("ran")).unwrap(), "value\n");
            std::fs::remove_file(spool.path("ran")).unwrap();
            standby.fill();
            // However it ends: once it has ended, nothing can be handed to it.
            standby.ready().helpers.iter_mut().for_each(|helper| {
                helper.kill().unwrap();
            });
            while standby.ready().helpers.iter_mut().any(|helper| helper.try_wait().unwrap().is_none()) {
                std::thread::yield_now();
            }
        }
        assert_eq!(standby.ready().wanted, 2, "no more than the limit");
    }
}
