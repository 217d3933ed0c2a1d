//! What trees are made of: the commit that the user's repository stands at, or the files themselves where there is none.
//! Only looks; changes nothing of the user's.

use super::git::Git;
use super::{Error, Inner};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// What a tree was made of. Kept beside the tree, so that what a worker changed can be told also after a restart.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Ground {
    /// The commit, or the tree object of a copy.
    pub(super) base: String,
    /// The user's repository; `None`: the files were copied.
    pub(super) repository: Option<Repository>,
    /// Files of the user's whose changes are not in the base.
    pub(super) unseen: u32,
    /// Patches of earlier steps that the tree began with, by their attempts.
    #[serde(default)]
    pub(super) onto: Vec<u32>,
    /// What could not be done while the tree was made.
    #[serde(default)]
    pub(super) notes: Vec<String>,
}

/// The user's repository, as far as trees need it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Repository {
    /// The folder at its top.
    pub(super) top: PathBuf,
    /// The workspace's place below it; empty: they are the same.
    pub(super) prefix: PathBuf,
    /// Where its objects are.
    pub(super) objects: PathBuf,
    /// How they are named: `sha1`, `sha256`.
    pub(super) format: String,
    /// The list of commits without parents, in a shallow clone.
    pub(super) shallow: PathBuf,
    /// What the user ignores besides the files that are committed.
    pub(super) exclude: PathBuf,
}

/// What Synod itself writes into a workspace, besides the folders that the settings name.
const OWN_FILES: [&str; 1] = ["synod.toml"];

impl Inner {
    /// Git over the user's files.
    pub(super) fn users_git(&self, folder: &Path) -> Result<Git, Error> {
        Ok(Git::of_user(self.git()?, &self.path, self.home.as_deref(), folder))
    }

    /// What trees are made of at this moment.
    pub(super) fn ground(&self) -> Result<Ground, Error> {
        let copy = Ground { base: String::new(), repository: None, unseen: 0, onto: Vec::new(), notes: Vec::new() };
        let Some((repository, base)) = self.repository()? else { return Ok(copy) };
        let unseen = u32::try_from(self.changed(&repository, true)?.len()).unwrap_or(u32::MAX);
        Ok(Ground { base, repository: Some(repository), unseen, ..copy })
    }

    /// The user's repository with the commit it stands at; `None` where the workspace is in none, or in one that knows nothing
    /// of it.
    pub(super) fn repository(&self) -> Result<Option<(Repository, String)>, Error> {
        let git = self.users_git(&self.root)?;
        let args = [
            "rev-parse",
            "--path-format=absolute",
            "--show-toplevel",
            "--git-path",
            "objects",
            "--git-path",
            "shallow",
            "--git-path",
            "info/exclude",
            "--show-object-format",
            "--show-prefix",
        ];
        let said = git.ask(&args, &[], 1 << 20)?;
        if said.code != 0 {
            let none = ["not a git repository", "must be run in a work tree"];
            if none.iter().any(|none| said.complaint.contains(none)) {
                return Ok(None);
            }
            return Err(Error::git(&args, &said.complaint));
        }
        let out = String::from_utf8_lossy(&said.out).into_owned();
        let mut lines = out.lines();
        let mut next = || lines.next().unwrap_or_default().to_owned();
        let (top, objects, shallow, exclude, format, prefix) = (next(), next(), next(), next(), next(), next());
        let prefix = prefix.trim_end_matches('/').to_owned();
        let head = git.ask(&["rev-parse", "-q", "--verify", "HEAD^{commit}"], &[], 1 << 10)?;
        let tree = format!("HEAD:{prefix}");
        // A repository around the workspace that holds nothing of it is not the workspace's.
        let holds = prefix.is_empty() || git.ask(&["rev-parse", "-q", "--verify", &tree], &[], 1 << 10)?.code == 0;
        if head.code != 0 || !holds {
            return Ok(None);
        }
        let base = String::from_utf8_lossy(&head.out).trim().to_owned();
        let repository = Repository {
            top: top.into(),
            prefix: prefix.into(),
            objects: objects.into(),
            format,
            shallow: shallow.into(),
            exclude: exclude.into(),
        };
        Ok(Some((repository, base)))
    }

    /// The files of the user's with changes that are not committed, as paths from the top. What Synod itself writes does not
    /// count.
    pub(super) fn changed(&self, repository: &Repository, untracked: bool) -> Result<Vec<String>, Error> {
        let mut args = vec!["status".to_owned(), "--porcelain".to_owned(), "-z".to_owned(), "--no-renames".to_owned()];
        args.push(format!("--untracked-files={}", if untracked { "normal" } else { "no" }));
        args.extend(["--".to_owned(), ":/".to_owned()]);
        let own = OWN_FILES.iter().map(|file| self.root.join(file)).chain(self.apart.iter().cloned());
        for path in own {
            if let Ok(below) = path.strip_prefix(&repository.top) {
                args.push(format!(":(top,exclude,literal){}", below.display()));
            }
        }
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let out = self.users_git(&repository.top)?.run(&args)?;
        let rows = out.split(|byte| *byte == 0).filter_map(|row| row.get(3..));
        Ok(rows.map(|path| String::from_utf8_lossy(path).into_owned()).collect())
    }
}
