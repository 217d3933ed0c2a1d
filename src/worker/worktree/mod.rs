//! Trees of their own for workers that change files, what they changed as patches, the commands that try it, and patches put on
//! the user's files. The user's repository is only read, until a person has a patch put in place. When any of this happens is
//! the daemon's business.

mod collecting;
mod git;
mod ground;
mod ignored;
mod making;
mod placing;
mod removing;
#[cfg(test)]
mod tests;
mod trying;
mod words;

pub use placing::PlaceError;
pub use trying::Tried;

use super::process::ShimProgram;
use crate::board::{AttemptKey, Patch, patch_reader};
use crate::config::{self, Environment, Limits};
use ground::Ground;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::Semaphore;

/// What trees are made with.
pub struct TreesParts<'a> {
    /// The workspace's root.
    pub root: &'a Path,
    /// Folders of the workspace that are Synod's own: they are in no copy, and changes in them are none of the user's.
    pub apart: Vec<PathBuf>,
    /// Where trees stand (`.synod/worktrees`).
    pub folder: PathBuf,
    /// What this process was started with.
    pub environment: &'a Environment,
    /// The bounds.
    pub limits: &'a Limits,
    /// How commands are run.
    pub shim: ShimProgram,
}

/// Makes trees and patches. Copies of it are the same.
#[derive(Clone)]
pub struct Trees(Arc<Inner>);

struct Inner {
    root: PathBuf,
    apart: Vec<PathBuf>,
    folder: PathBuf,
    git: Option<PathBuf>,
    path: OsString,
    home: Option<PathBuf>,
    /// What a command may see.
    variables: Vec<(OsString, OsString)>,
    bounds: Bounds,
    shim: ShimProgram,
    /// How many commands may run at once.
    turns: Semaphore,
    runs: AtomicU64,
    /// One patch is put in place at a time.
    placing: Mutex<()>,
}

struct Bounds {
    patch_bytes_max: usize,
    copy_bytes_max: u64,
    validate_timeout: Duration,
    trial_output_bytes_max: usize,
    stderr_bytes_max: usize,
    grace: Duration,
}

/// A tree.
#[derive(Clone, Debug)]
pub struct Tree {
    /// The folder that its worker sees as its own: the workspace's place in it.
    pub work: PathBuf,
    /// Its top.
    top: PathBuf,
    /// What belongs to it and its worker does not see.
    own: PathBuf,
    ground: Ground,
}

/// What was changed in a tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Collected {
    /// The patch; empty when it is too large to be kept.
    pub text: String,
    /// What it is against.
    pub base: String,
    /// The files it changes.
    pub files: Vec<String>,
    /// Lines added.
    pub added: u32,
    /// Lines removed.
    pub removed: u32,
    /// What was left out, and why.
    pub note: Option<String>,
    /// Files of the user's whose changes the tree did not hold.
    pub unseen: u32,
}

/// Why a tree could not be made or read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no git.
    #[error("`workspace: worktree` needs git, and there is none on PATH: install it, or take the key out")]
    GitMissing,
    /// Git could not be run.
    #[error("cannot run {}: {source}", program.display())]
    NoGit {
        /// The program.
        program: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Git refused.
    #[error("git {what} failed: {said}")]
    Git {
        /// Its subcommand.
        what: String,
        /// What it said.
        said: String,
    },
    /// A file or folder.
    #[error("cannot {what} {}: {source}", path.display())]
    File {
        /// What was tried.
        what: &'static str,
        /// On which path.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The workspace is too large to be copied.
    #[error(
        "the workspace is in no git repository and too large to be copied (`limits.tree_copy_bytes_max` = {bytes_max} bytes, \
         {files_max} files): run `git init` and commit, or ignore what is not needed in a `.gitignore`"
    )]
    TooLarge {
        /// The limit in bytes.
        bytes_max: u64,
        /// The limit in files.
        files_max: u64,
    },
    /// Anything else.
    #[error("{0}")]
    Other(String),
}

impl Error {
    fn file(what: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::File { what, path, source }
    }

    fn git(args: &[&str], said: &str) -> Self {
        let what = args.iter().find(|arg| !arg.starts_with('-')).copied().unwrap_or_default().to_owned();
        let said = if said.is_empty() { "it gave no reason" } else { said };
        Self::Git { what, said: crate::board::text::cut(said, 2000).replace('\n', "; ") }
    }

    /// Whether there is no space left.
    pub fn is_full(&self) -> bool {
        use std::io::ErrorKind::{QuotaExceeded, StorageFull};
        match self {
            Self::File { source, .. } => matches!(source.kind(), StorageFull | QuotaExceeded),
            Self::Git { said, .. } => said.contains("No space left on device"),
            Self::GitMissing | Self::NoGit { .. } | Self::TooLarge { .. } | Self::Other(_) => false,
        }
    }
}

impl Trees {
    /// Trees of a workspace. Makes none yet.
    pub fn new(parts: TreesParts<'_>) -> Self {
        let limits = parts.limits;
        let environment = parts.environment;
        Self(Arc::new(Inner {
            root: parts.root.to_owned(),
            apart: parts.apart,
            git: config::find_program(Path::new("git"), environment),
            path: environment.get("PATH").unwrap_or_default().to_owned(),
            home: environment.home(),
            variables: environment.for_command(),
            bounds: Bounds {
                patch_bytes_max: limits.patch_bytes_max,
                copy_bytes_max: limits.tree_copy_bytes_max as u64,
                validate_timeout: limits.validate_timeout,
                trial_output_bytes_max: limits.validate_output_bytes_max,
                stderr_bytes_max: limits.stderr_bytes_max,
                grace: limits.worker_grace,
            },
            shim: parts.shim,
            turns: Semaphore::new(limits.max_concurrent_calls.max(1)),
            runs: AtomicU64::new(0),
            placing: Mutex::new(()),
            folder: parts.folder,
        }))
    }

    /// Makes the tree of an attempt, with the patches that it builds on. Blocks on the disk.
    ///
    /// # Errors
    /// When git is missing or refuses, the workspace is too large to be copied, or the disk is full.
    pub fn make(&self, key: &AttemptKey, worker: &str, onto: &[(u32, String)]) -> Result<Tree, Error> {
        let mut tree = self.0.make(&name(key), worker, self.0.ground()?)?;
        self.0.put_onto(&mut tree, onto)?;
        Ok(tree)
    }

    /// The tree of an attempt that an earlier daemon began; `None` when it is gone. Blocks on the disk.
    pub fn existing(&self, key: &AttemptKey) -> Option<Tree> {
        let name = name(key);
        let json = std::fs::read(self.0.own(&name).join("ground.json")).ok()?;
        Some(self.0.tree(&name, serde_json::from_slice(&json).ok()?))
    }

    /// The folder above every tree.
    pub fn folder(&self) -> &Path {
        &self.0.folder
    }

    /// What was changed in a tree; `None`: nothing. Blocks on the disk.
    ///
    /// # Errors
    /// When git refuses, or the tree is gone.
    pub fn collect(&self, tree: &Tree) -> Result<Option<Collected>, Error> {
        self.0.collect(tree)
    }

    /// Makes in a tree what an answer says in diffs and files; how many changes could be made. Blocks on the disk.
    ///
    /// # Errors
    /// When it cannot be noted what did not fit.
    pub fn write_down(&self, tree: &mut Tree, answer: &str) -> Result<usize, Error> {
        self.0.write_down(tree, &patch_reader::read(answer))
    }

    /// Whether an answer says changes in a form that can be read.
    pub fn says_changes(&self, answer: &str) -> bool {
        !patch_reader::read(answer).is_empty()
    }

    /// A fresh tree in which an attempt's patch is tried, or the plain base. Blocks on the disk.
    ///
    /// # Errors
    /// As for [`Trees::make`]; and when the patch does not fit on its own base.
    pub fn trial(&self, key: &AttemptKey, patch: &Patch, text: Option<&str>) -> Result<Tree, Error> {
        let name = trial_name(key, text.is_none());
        let mut ground = self.0.ground()?;
        if ground.repository.is_some() && patch.base != "copy" {
            ground.base.clone_from(&patch.base);
        }
        let tree = self.0.make(&name, "synod", ground)?;
        if let Some(text) = text
            && let Err(error) = self.0.apply(&tree, text)
        {
            self.0.discard(&name);
            return Err(error);
        }
        Ok(tree)
    }

    /// Removes what was made to try an attempt's patch.
    pub fn tried(&self, key: &AttemptKey, base: bool) {
        self.0.discard(&trial_name(key, base));
    }

    /// Removes the tree of an attempt.
    pub fn forget(&self, key: &AttemptKey) {
        self.0.discard(&name(key));
    }

    /// Takes every tree out of the way but those of attempts that are still under way. They are removed by [`Trees::clear`].
    pub fn sweep(&self, wanted: &[AttemptKey]) {
        let mut stays: Vec<OsString> = wanted.iter().map(|key| name(key).into()).collect();
        stays.extend([OWN.into(), GONE.into()]);
        let gone = self.0.folder.join(GONE);
        for folder in [self.0.folder.clone(), self.0.folder.join(OWN)] {
            let Ok(entries) = std::fs::read_dir(&folder) else { continue };
            for entry in entries.flatten().filter(|entry| !stays.contains(&entry.file_name())) {
                let number = self.0.runs.fetch_add(1, Ordering::Relaxed);
                let to = gone.join(format!("{}-{number}", std::process::id()));
                let moved = std::fs::create_dir_all(&gone).and_then(|()| std::fs::rename(entry.path(), to));
                if moved.is_err() {
                    removed(&entry.path());
                }
            }
        }
    }

    /// Removes what was swept, and the folder of the trees when it is empty. Blocks on the disk.
    pub fn clear(&self) {
        removed(&self.0.folder.join(GONE));
    }

    /// Puts a patch on the user's files, or takes it off. Blocks on the disk.
    ///
    /// # Errors
    /// When it does not fit, or there are other changes and nobody said that they may be there. Then nothing was changed.
    pub fn place(&self, patch: &str, allow_dirty: bool, revert: bool) -> Result<(), PlaceError> {
        let _alone = self.0.placing.lock().unwrap_or_else(PoisonError::into_inner);
        self.0.place(patch, allow_dirty, revert)
    }
}

impl Inner {
    fn git(&self) -> Result<&Path, Error> {
        self.git.as_deref().ok_or(Error::GitMissing)
    }

    fn own(&self, name: &str) -> PathBuf {
        self.folder.join(OWN).join(name)
    }

    fn tree(&self, name: &str, ground: Ground) -> Tree {
        let top = self.folder.join(name);
        let work = match &ground.repository {
            Some(repository) if !repository.prefix.as_os_str().is_empty() => top.join(&repository.prefix),
            Some(_) | None => top.clone(),
        };
        Tree { work, top, own: self.own(name), ground }
    }

    fn discard(&self, name: &str) {
        removed(&self.folder.join(name));
        removed(&self.own(name));
    }
}

/// Removes a tree, or says in the log that it stays.
fn removed(path: &Path) {
    if let Err(error) = removing::remove(path) {
        tracing::warn!(path = %path.display(), %error, "a worktree could not be removed; it is tried again at the next start");
    }
}

/// What belongs to trees and their workers do not see, below the folder of the trees.
const OWN: &str = ".own";

/// What is about to be removed.
const GONE: &str = ".gone";

fn name(key: &AttemptKey) -> String {
    format!("{}-{}", key.task, key.number)
}

fn trial_name(key: &AttemptKey, base: bool) -> String {
    format!("{}-{}-{}", key.task, key.number, if base { "base" } else { "trial" })
}
