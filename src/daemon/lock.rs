//! One daemon a workspace: a lock file that names the process that holds it. The kernel drops the lock with the process,
//! so a crash leaves nothing to clean up.

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;
use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How long the lock of a process that is gone is waited for. A child that it was about to start holds the lock until it
/// has become another program, which takes milliseconds on a busy machine.
const HEIR_MAX: Duration = Duration::from_secs(2);
/// Between two tries.
const HEIR_PAUSE: Duration = Duration::from_millis(10);

/// Held as long as it lives.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

/// Why the lock was not had.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another process holds it.
    #[error("a daemon already serves this workspace (process {pid}); use it, or end it with: synod down")]
    Held {
        /// Its process id, or `unknown`.
        pid: String,
    },
    /// The file could not be made.
    #[error("{}: {source}", path.display())]
    Io {
        /// The lock file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

impl Lock {
    /// Takes the lock and writes this process's id into its file.
    ///
    /// # Errors
    /// [`LockError::Held`] with the other's process id; [`LockError::Io`].
    pub fn take(path: &Path) -> Result<Self, LockError> {
        let io = |source| LockError::Io { path: path.to_owned(), source };
        let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path).map_err(io)?;
        let began = Instant::now();
        while let Err(refused) = flock(&file, FlockOperation::NonBlockingLockExclusive) {
            if refused != Errno::WOULDBLOCK {
                return Err(io(refused.into()));
            }
            let pid = holder(&mut file);
            if began.elapsed() > HEIR_MAX || !pid.as_deref().is_some_and(is_gone) {
                return Err(LockError::Held { pid: pid.unwrap_or_else(|| "unknown".to_owned()) });
            }
            std::thread::sleep(HEIR_PAUSE);
        }
        file.set_len(0).map_err(io)?;
        file.seek(SeekFrom::Start(0)).map_err(io)?;
        writeln!(file, "{}", std::process::id()).map_err(io)?;
        Ok(Self { _file: file })
    }
}

/// The process id in the file; a holder that has not written it yet leaves none.
fn holder(file: &mut File) -> Option<String> {
    let mut pid = String::new();
    file.seek(SeekFrom::Start(0)).ok()?;
    file.read_to_string(&mut pid).ok()?;
    let pid = pid.trim();
    (!pid.is_empty()).then(|| pid.to_owned())
}

/// Whether no process has this id any more.
fn is_gone(pid: &str) -> bool {
    let pid = pid.parse().ok().and_then(rustix::process::Pid::from_raw);
    pid.is_some_and(|pid| rustix::process::test_kill_process(pid) == Err(Errno::SRCH))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed set-up should end the test")]
mod tests {
    use super::*;

    #[test]
    fn the_second_is_told_who_holds_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("daemon.lock");
        let first = Lock::take(&path).unwrap();
        let second = Lock::take(&path).unwrap_err();
        assert!(second.to_string().contains(&std::process::id().to_string()), "{second}");
        drop(first);
        assert!(Lock::take(&path).is_ok());
    }

    #[test]
    fn what_a_dead_process_left_behind_is_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("daemon.lock");
        let heir = Lock::take(&path).unwrap();
        // No process has such a high number: Linux stops at four millions.
        std::fs::write(&path, format!("{}\n", i32::MAX)).unwrap();
        let ends = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(100));
            drop(heir);
        });
        assert!(Lock::take(&path).is_ok());
        ends.join().unwrap();
    }
}
