//! The spool folder of one call: which files it holds, who writes them, and in which order, so that a crash between
//! any two steps is seen for what it is. Starting and waiting are elsewhere.
//!
//! ```text
//! call.json   the order: program, arguments, names of variables, limits     daemon, before the folder gets its name
//! prompt      the program's stdin                                           daemon, likewise
//! lock        held by the one shim that carries the order out               shim
//! shim.json   which process that is; from here on the call has begun        shim, whole or not at all
//! stdout      the head of what the program printed                          shim
//! stderr      the end of what it complained                                 shim, at the end
//! exit.json   how it ended; written last, flushed to the medium             shim, whole or not at all
//! ```

use super::{Error, proc_fs};
use crate::board::{AttemptKey, TaskId};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// What the shim is to run. Holds names of variables, never values: those come through the shim's own environment.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Order {
    /// The program, as an absolute path.
    pub(crate) program: PathBuf,
    /// Its arguments.
    pub(crate) args: Vec<String>,
    /// The folder it starts in.
    pub(crate) folder: PathBuf,
    /// Names of the variables it gets.
    pub(crate) env: Vec<String>,
    /// Length of the prompt, in bytes, to see that it is whole.
    pub(crate) prompt_bytes: u64,
    /// How long it may run, in milliseconds from the shim's start.
    pub(crate) time_left_ms: u64,
    /// From the polite end signal to the hard one, in milliseconds.
    pub(crate) grace_ms: u64,
    /// What is kept of stdout, in bytes; a program that prints more is ended.
    pub(crate) stdout_bytes_max: u64,
    /// What is kept of the end of stderr, in bytes.
    pub(crate) stderr_bytes_max: u64,
    /// What the reader of the output has to know again after a restart.
    pub(crate) asked: Asked,
}

/// What was asked for, as far as reading the answer needs it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Asked {
    /// The model that was asked for.
    pub(crate) model: Option<String>,
    /// The session that was resumed.
    pub(crate) session: Option<String>,
}

/// Which process carries the order out.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ShimMark {
    /// Its number.
    pub(crate) pid: i32,
    /// When it started, in clock ticks since boot: with the number it names one process for good.
    pub(crate) started_ticks: u64,
    /// The boot in which that was.
    pub(crate) boot: String,
}

/// How a call's process ended.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Exit {
    /// Why it ended.
    pub(crate) ended: Ended,
    /// Its exit code, if it left by itself.
    pub(crate) code: Option<i32>,
    /// The signal that ended it.
    pub(crate) signal: Option<i32>,
    /// How long it ran, in milliseconds.
    pub(crate) ran_ms: u64,
    /// Processes it had left behind, which were ended.
    pub(crate) left_behind: u32,
}

/// Why a call's process ended.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "ended", rename_all = "snake_case")]
pub(crate) enum Ended {
    /// By itself.
    Exited,
    /// Its time was over.
    TimedOut,
    /// The shim was told to stop.
    Stopped,
    /// It printed more than it may.
    TooMuchOutput,
    /// What it printed could not be written down.
    SpoolFailed {
        /// What the system said.
        error: String,
    },
    /// It never ran.
    StartFailed {
        /// What the system said.
        error: String,
    },
}

/// A call's spool folder.
#[derive(Clone, Debug)]
pub(crate) struct Spool {
    folder: PathBuf,
}

impl Spool {
    /// The folder of this attempt below `root`, whether it exists or not.
    pub(crate) fn of(root: &Path, key: &AttemptKey) -> Self {
        Self { folder: root.join(format!("{}-{}", key.task, key.number)) }
    }

    /// A folder that a shim was pointed at.
    pub(crate) fn at(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }

    /// Where it is.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The path of one of its files.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Takes the lock of the folder as it is now, and not as it was: a shim that came late to a folder which was
    /// removed, or removed and made again, must not take the old lock for the new one. `None` when it is held.
    pub(super) fn lock(&self) -> Result<Option<File>, Error> {
        let file = self.open_for_writing("lock")?;
        let path = self.path("lock");
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => return Ok(None),
            locked => locked.map_err(io::Error::from).map_err(Error::file("lock", &path))?,
        }
        let held = file.metadata().map_err(Error::file("look at", &path))?;
        let there = fs::metadata(&path).map_err(Error::file("look at", &path))?;
        Ok((held.ino() == there.ino()).then_some(file))
    }

    /// Whether a shim holds the lock.
    pub(super) fn locked(&self) -> Result<bool, Error> {
        Ok(self.lock()?.is_none())
    }

    /// Removes the folder when nobody has begun its call; true when there is none (any more). It does so under the
    /// lock, so that a shim which is just starting either has begun or finds nothing.
    pub(crate) fn discard_unbegun(&self) -> Result<bool, Error> {
        if !self.folder.is_dir() {
            return Ok(true);
        }
        let Some(_lock) = self.lock()? else { return Ok(false) };
        if self.path("shim.json").exists() || self.path("exit.json").exists() {
            return Ok(false);
        }
        self.remove().map(|()| true)
    }

    /// Writes the folder whole: it gets its name only when everything is in it. Not flushed to the medium: what this
    /// guards against is a killed daemon, and after a power cut the process is gone as well.
    pub(crate) fn create(&self, order: &Order, prompt: &[u8], files: &[(&str, String)]) -> Result<(), Error> {
        let draft = self.draft();
        match fs::remove_dir_all(&draft) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(Error::file("remove", &draft)(error)),
            _ => {}
        }
        let mut builder = DirBuilder::new();
        builder.recursive(true).mode(0o700).create(&draft).map_err(Error::file("create", &draft))?;
        write_new(&draft.join("prompt"), prompt)?;
        for (name, text) in files {
            write_new(&draft.join(name), text.as_bytes())?;
        }
        let path = draft.join("call.json");
        let order = serde_json::to_vec_pretty(order).map_err(|source| Error::Damaged { path: path.clone(), source })?;
        write_new(&path, &order)?;
        fs::rename(&draft, &self.folder).map_err(Error::file("name", &self.folder))
    }

    /// The folder while it is being written; the dot keeps it out of `strays`.
    fn draft(&self) -> PathBuf {
        let name = self.folder.file_name().unwrap_or_default().to_string_lossy();
        self.folder.with_file_name(format!(".{name}{DRAFT}"))
    }

    /// The order.
    pub(crate) fn order(&self) -> Result<Order, Error> {
        let path = self.path("call.json");
        read_record(&path)?.ok_or_else(|| Error::file("read", &path)(ErrorKind::NotFound.into()))
    }

    /// Which process carries it out; `None` when none has begun.
    pub(crate) fn mark(&self) -> Result<Option<ShimMark>, Error> {
        read_record(&self.path("shim.json"))
    }

    /// How it ended; `None` when it has not.
    pub(crate) fn exit(&self) -> Result<Option<Exit>, Error> {
        read_record(&self.path("exit.json"))
    }

    /// Notes which process carries it out. Whole or not at all; lost in a power cut, where the boot tells.
    pub(super) fn write_mark(&self, mark: &ShimMark) -> Result<(), Error> {
        write_record(&self.path("shim.json"), mark, Flush::No)
    }

    /// Notes how it ended, once everything else in the folder is on the medium: a paid answer survives a power cut.
    pub(super) fn write_exit(&self, exit: &Exit) -> Result<(), Error> {
        write_record(&self.path("exit.json"), exit, Flush::Yes)
    }

    /// A text file of the spool; what is not UTF-8 in it is replaced. Empty when it is missing.
    pub(crate) fn text(&self, name: &str) -> Result<String, Error> {
        let path = self.path(name);
        match fs::read(&path) {
            Ok(bytes) => Ok(String::from_utf8_lossy(&bytes).into_owned()),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(String::new()),
            Err(error) => Err(Error::file("read", &path)(error)),
        }
    }

    /// Removes the folder.
    pub(crate) fn remove(&self) -> Result<(), Error> {
        match fs::remove_dir_all(&self.folder) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(Error::file("remove", &self.folder)(error)),
            _ => Ok(()),
        }
    }

    /// Opens a file of the spool for the shim to write.
    pub(super) fn open_for_writing(&self, name: &str) -> Result<File, Error> {
        let path = self.path(name);
        let mut options = OpenOptions::new();
        options.create(true).truncate(false).write(true).mode(0o600);
        options.open(&path).map_err(Error::file("open", &path))
    }

    /// Opens the prompt after seeing that it is whole.
    pub(super) fn open_prompt(&self, bytes: u64) -> Result<File, Error> {
        let path = self.path("prompt");
        let file = File::open(&path).map_err(Error::file("open", &path))?;
        let length = file.metadata().map_err(Error::file("look at", &path))?.len();
        if length == bytes { Ok(file) } else { Err(Error::PromptCut { path }) }
    }
}

/// How the name of a folder ends that is still being written.
const DRAFT: &str = ".new";

/// Whether the medium must have a record before it counts.
enum Flush {
    Yes,
    No,
}

/// Every attempt that has a spool below `root`. Drafts of a killed daemon are removed on the way.
pub(crate) fn strays(root: &Path) -> Result<Vec<AttemptKey>, Error> {
    let entries = match fs::read_dir(root) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        other => other.map_err(Error::file("list", root))?,
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry.map_err(Error::file("list", root))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        if !is_folder {
            // Not ours: a file somebody put there must not keep the daemon from starting.
            continue;
        }
        if name.starts_with('.') && name.ends_with(DRAFT) {
            fs::remove_dir_all(entry.path()).map_err(Error::file("remove", &entry.path()))?;
        } else if let Some(key) = key_of(&name) {
            found.push(key);
        }
    }
    found.sort_by(|a, b| (&a.task, a.number).cmp(&(&b.task, b.number)));
    Ok(found)
}

/// The attempt that a folder's name stands for.
fn key_of(name: &str) -> Option<AttemptKey> {
    let (task, number) = name.rsplit_once('-')?;
    Some(AttemptKey { task: TaskId::parse(task)?, number: number.parse().ok()? })
}

/// The mark of this process.
pub(super) fn own_mark() -> Result<ShimMark, Error> {
    let pid = rustix::process::getpid();
    let started_ticks = proc_fs::start_ticks(pid.as_raw_pid()).unwrap_or_default();
    Ok(ShimMark { pid: pid.as_raw_pid(), started_ticks, boot: proc_fs::boot_id() })
}

fn write_new(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let mut file =
        OpenOptions::new().create_new(true).write(true).mode(0o600).open(path).map_err(Error::file("create", path))?;
    file.write_all(bytes).map_err(Error::file("write", path))
}

/// Reads a record; `None` when there is no such file.
fn read_record<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, Error> {
    let mut bytes = Vec::new();
    match File::open(path).and_then(|mut file| file.read_to_end(&mut bytes)) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Error::file("read", path)(error)),
        Ok(_) => {}
    }
    serde_json::from_slice(&bytes).map(Some).map_err(|source| Error::Damaged { path: path.to_owned(), source })
}

/// Writes a record under a temporary name and renames it.
fn write_record<T: Serialize>(path: &Path, record: &T, flush: Flush) -> Result<(), Error> {
    let bytes = serde_json::to_vec_pretty(record).map_err(|source| Error::Damaged { path: path.to_owned(), source })?;
    let draft = path.with_extension("json.new");
    let mut file = File::create(&draft).map_err(Error::file("create", &draft))?;
    file.write_all(&bytes).map_err(Error::file("write", &draft))?;
    if matches!(flush, Flush::Yes) {
        file.sync_all().map_err(Error::file("flush", &draft))?;
    }
    fs::rename(&draft, path).map_err(Error::file("name", path))?;
    if let (Flush::Yes, Some(folder)) = (flush, path.parent()) {
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(Error::file("flush", folder))?;
    }
    Ok(())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may fail loudly")]
mod tests {
    use super::*;

    #[test]
    fn a_folder_name_gives_its_attempt_back_also_when_the_task_ends_in_a_number() {
        let key = AttemptKey { task: TaskId::parse("review-auth-2").unwrap(), number: 13 };
        let spool = Spool::of(Path::new("/s"), &key);
        assert_eq!(spool.folder(), Path::new("/s/review-auth-2-13"));
        assert_eq!(key_of("review-auth-2-13"), Some(key));
        assert_eq!(key_of("lost+found"), None);
    }

    #[test]
    fn drafts_of_a_killed_daemon_are_no_calls_and_vanish() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join(".a-1.new")).unwrap();
        fs::create_dir(root.path().join("a-2")).unwrap();
        let keys = strays(root.path()).unwrap();
        assert_eq!(keys.iter().map(ToString::to_string).collect::<Vec<_>>(), ["a#2"]);
        assert!(!root.path().join(".a-1.new").exists());
        assert_eq!(strays(&root.path().join("none")).unwrap(), []);
    }

    #[test]
    fn a_cut_prompt_is_not_run() {
        let root = tempfile::tempdir().unwrap();
        let spool = Spool::at(root.path());
        fs::write(spool.path("prompt"), "half").unwrap();
        assert!(matches!(spool.open_prompt(8), Err(Error::PromptCut { .. })));
        assert!(spool.open_prompt(4).is_ok());
    }
}
