//! Making a tree: a repository of its own that borrows the user's objects and has no way back, or a copy of the files. What
//! becomes of it is collected by `collecting`.
//!
//! A linked git worktree would share refs, settings, hooks and stashes with the user's repository and with the trees of other
//! workers. A repository of its own shares nothing but objects, and those are only read.

use super::git::Git;
use super::ground::{Ground, Repository};
use super::removing::remove;
use super::{Error, Inner, Tree};
use ignore::WalkBuilder;
use std::fs;
use std::path::{Component, Path, PathBuf};

/// The branch that a worker finds itself on.
const BRANCH: &str = "refs/heads/work";

/// Most files of a copied workspace.
const COPY_FILES_MAX: u64 = 100_000;

impl Inner {
    /// Makes the tree `name`, or makes it anew.
    pub(super) fn make(&self, name: &str, worker: &str, ground: Ground) -> Result<Tree, Error> {
        let tree = self.tree(name, ground);
        remove(&tree.top).and_then(|()| remove(&tree.own)).map_err(Error::file("remove", &tree.top))?;
        let made = self.fill(tree, worker);
        if made.is_err() {
            self.discard(name);
        }
        made
    }

    fn fill(&self, mut tree: Tree, worker: &str) -> Result<Tree, Error> {
        private(&self.folder)?;
        private(&tree.own)?;
        fs::create_dir(&tree.top).map_err(Error::file("create", &tree.top))?;
        let git = self.own_git(&tree)?;
        match tree.ground.repository.clone() {
            Some(repository) => {
                empty_repository(&tree.own.join("git"), &repository, None, "")?;
                git.run(&["read-tree", "--reset", "-u", &tree.ground.base])?;
                let who = format!("[user]\n\tname = {}\n\temail = worker@synod.invalid\n", plain(worker));
                let theirs = tree.top.join(".git");
                empty_repository(&theirs, &repository, Some(&tree.ground.base), &who)?;
                let (from, to) = (tree.own.join("git/index"), theirs.join("index"));
                fs::copy(&from, &to).map_err(Error::file("write", &to))?;
            }
            None => {
                let format = Repository::of_nothing();
                empty_repository(&tree.own.join("git"), &format, None, "")?;
                self.copy(&mut tree)?;
                let all = git.run(&["ls-files", "-z", "--others"])?;
                git.feed(&["update-index", "-z", "--add", "--stdin"], &all)?;
                tree.ground.base = git.line(&["write-tree"])?;
            }
        }
        self.note(&tree)?;
        Ok(tree)
    }

    /// Writes down what the tree was made of.
    pub(super) fn note(&self, tree: &Tree) -> Result<(), Error> {
        let path = tree.own.join("ground.json");
        let json = serde_json::to_vec(&tree.ground).map_err(|error| Error::Other(error.to_string()))?;
        fs::write(&path, json).map_err(Error::file("write", &path))
    }

    /// Git over a tree, with the repository that the worker does not know.
    pub(super) fn own_git(&self, tree: &Tree) -> Result<Git, Error> {
        Ok(Git::of_own(self.git()?, &self.path, &tree.own.join("git"), &tree.top))
    }

    /// Puts the patches of earlier steps on a fresh tree and makes them part of what its worker finds committed.
    pub(super) fn put_onto(&self, tree: &mut Tree, onto: &[(u32, String)]) -> Result<(), Error> {
        for (number, patch) in onto {
            match self.apply(tree, patch) {
                Ok(()) => tree.ground.onto.push(*number),
                Err(error) => tree.ground.notes.push(format!("the patch of attempt {number} does not fit: {error}")),
            }
        }
        if !tree.ground.onto.is_empty() && tree.ground.repository.is_some() {
            let theirs = Git::of_own(self.git()?, &self.path, &tree.top.join(".git"), &tree.top);
            theirs.run(&["add", "--all"])?;
            theirs.run(&["commit", "--quiet", "--no-verify", "-m", "What earlier steps changed"])?;
        }
        self.note(tree)
    }

    /// Puts a patch on a tree, whole or not at all.
    pub(super) fn apply(&self, tree: &Tree, patch: &str) -> Result<(), Error> {
        self.own_git(tree)?.feed(&["apply", "--whitespace=nowarn", "-"], patch.as_bytes()).map(drop)
    }

    /// Copies the workspace's files as far as they are not ignored.
    fn copy(&self, tree: &mut Tree) -> Result<(), Error> {
        let apart = self.apart.clone();
        let mut walk = WalkBuilder::new(&self.root);
        walk.hidden(false).require_git(false).git_global(false).follow_links(false).parents(false);
        walk.filter_entry(move |entry| entry.file_name() != ".git" && !apart.iter().any(|path| path == entry.path()));
        let (mut bytes, mut files) = (0u64, 0u64);
        for entry in walk.build() {
            let entry = entry.map_err(|error| Error::Other(format!("the workspace cannot be copied: {error}")))?;
            let Ok(below) = entry.path().strip_prefix(&self.root) else { continue };
            let to = tree.top.join(below);
            let Some(kind) = entry.file_type() else { continue };
            if kind.is_dir() {
                fs::create_dir_all(&to).map_err(Error::file("create", &to))?;
            } else if kind.is_symlink() {
                let target = fs::read_link(entry.path()).map_err(Error::file("read", entry.path()))?;
                if escapes(below, &target) {
                    tree.ground
                        .notes
                        .push(format!("the link {} leaves the workspace and was not copied", below.display()));
                    continue;
                }
                std::os::unix::fs::symlink(&target, &to).map_err(Error::file("create", &to))?;
            } else if kind.is_file() {
                bytes += fs::copy(entry.path(), &to).map_err(Error::file("copy", entry.path()))?;
            }
            files += 1;
            if bytes > self.bounds.copy_bytes_max || files > COPY_FILES_MAX {
                return Err(Error::TooLarge { bytes_max: self.bounds.copy_bytes_max, files_max: COPY_FILES_MAX });
            }
        }
        Ok(())
    }
}

impl Repository {
    /// One that borrows nothing.
    fn of_nothing() -> Self {
        let no = PathBuf::new;
        Self { top: no(), prefix: no(), objects: no(), format: "sha1".to_owned(), shallow: no(), exclude: no() }
    }
}

/// Makes a repository by hand, so that no template, hook or setting gets in. It borrows the objects of `from`.
fn empty_repository(at: &Path, from: &Repository, head: Option<&str>, more: &str) -> Result<(), Error> {
    for folder in ["objects/info", "objects/pack", "refs/heads", "refs/tags", "info"] {
        let folder = at.join(folder);
        fs::create_dir_all(&folder).map_err(Error::file("create", &folder))?;
    }
    let (version, extension) = match from.format.as_str() {
        "sha1" => (0, String::new()),
        other => (1, format!("[extensions]\n\tobjectFormat = {other}\n")),
    };
    let core = format!("[core]\n\trepositoryFormatVersion = {version}\n\tfileMode = true\n\tbare = false\n");
    let mut files = vec![("HEAD", format!("ref: {BRANCH}\n")), ("config", format!("{core}{extension}{more}"))];
    if !from.objects.as_os_str().is_empty() {
        let Some(objects) = from.objects.to_str().filter(|path| !path.contains('\n')) else {
            return Err(Error::Other(format!("the path {} cannot be borrowed from", from.objects.display())));
        };
        files.push(("objects/info/alternates", format!("{objects}\n")));
    }
    if let Ok(shallow) = fs::read_to_string(&from.shallow) {
        files.push(("shallow", shallow));
    }
    files.extend(head.map(|head| (BRANCH, format!("{head}\n"))));
    for (name, text) in files {
        let path = at.join(name);
        fs::write(&path, text).map_err(Error::file("write", &path))?;
    }
    Ok(())
}

/// A name that needs no quoting in git's settings.
fn plain(name: &str) -> String {
    name.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ' ')).collect()
}

/// Makes a folder that only this user can enter.
fn private(folder: &Path) -> Result<(), Error> {
    use std::os::unix::fs::DirBuilderExt;
    let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.map_err(Error::file("create", folder))
}

/// Whether a link at `link` (from the top of a tree) can lead out of it. Steps upwards are counted only at the front: behind a
/// name they would go up from wherever that name leads.
pub(super) fn escapes(link: &Path, target: &Path) -> bool {
    let depth = link.components().count().saturating_sub(1);
    let mut ups = 0;
    let mut named = false;
    for part in target.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if !named => ups += 1,
            Component::Normal(_) => named = true,
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => return true,
        }
    }
    ups > depth
}
