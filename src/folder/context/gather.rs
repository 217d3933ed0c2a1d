//! Gathering the files that a task names: the specification and what its globs match, within limits, each file that is
//! left out with the reason.

use super::images;
use super::tree::{self, Content};
use globset::GlobMatcher;
use ignore::WalkBuilder;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;

/// How much of the workspace a prompt may be given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// All files together, in bytes.
    pub bytes_max: usize,
    /// One file, in bytes; a longer one is left out.
    pub file_bytes_max: usize,
    /// How many files.
    pub files_max: usize,
}

/// What was read, and what was left out and why. Paths are relative to the root, with `/`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Gathered {
    /// Path and text of each file, the specification first, then in order of path.
    pub files: Vec<(String, String)>,
    /// Images among what the globs match, in order of path; none of them is read.
    pub images: Vec<String>,
    /// Path or glob, and why nothing of it was given.
    pub left_out: Vec<(String, String)>,
}

/// Files and folders that one gathering may look at; above it the rest is left out with a note.
const LOOKS_MAX: usize = 200_000;

/// Notes on single files that were left out; above it one note tells how many more.
const NOTES_MAX: usize = 100;

/// Reads the specification and the files that the globs match below `root`. Ignored files, the daemon's own and git's are
/// not given. Never fails: what cannot be read is left out with the reason. The order does not depend on the file system.
/// Reads files synchronously; call it from a job that may block.
pub fn gather(root: &Path, globs: &[String], spec: Option<&str>, limits: Limits) -> Gathered {
    let mut gathering = Gathering::new(root, limits);
    if let Some(spec) = spec {
        match tree::path_fault(spec) {
            Some(fault) => gathering.leave_out(spec, fault),
            None => {
                gathering.take(spec.strip_prefix("./").unwrap_or(spec));
            }
        }
    }
    let wanted = gathering.wanted(globs);
    if !wanted.is_empty() {
        for path in gathering.walk(&wanted) {
            gathering.take(&path);
        }
    }
    gathering.end()
}

/// What is said when the walk ends before the workspace does.
const TOO_MANY: &str = "the workspace holds more than 200000 files; the rest was not looked at";

/// All of a workspace but for what is ignored or closed. Links to folders are not walked into, so the walk itself cannot
/// leave the root or run in a circle.
fn walk(root: &Path) -> ignore::Walk {
    let closed = |entry: &ignore::DirEntry| !tree::CLOSED.iter().any(|closed| entry.file_name() == *closed);
    WalkBuilder::new(root)
        .hidden(false)
        .parents(false)
        .git_global(false)
        .require_git(false)
        .follow_links(false)
        .filter_entry(closed)
        .build()
}

/// A glob to look for.
pub(super) struct Wanted<'a> {
    glob: &'a str,
    matcher: GlobMatcher,
}

impl Wanted<'_> {
    pub(super) fn is_match(&self, path: &str) -> bool {
        self.matcher.is_match(path)
    }

    /// Whether it ends as an image's name does.
    pub(super) fn means_images(&self) -> bool {
        images::is_named_so(self.glob)
    }
}

/// A gathering under way.
pub(super) struct Gathering<'a> {
    root: &'a Path,
    limits: Limits,
    bytes: usize,
    done: BTreeSet<String>,
    notes: usize,
    out: Gathered,
}

impl<'a> Gathering<'a> {
    pub(super) fn new(root: &'a Path, limits: Limits) -> Self {
        Self { root, limits, bytes: 0, done: BTreeSet::new(), notes: 0, out: Gathered::default() }
    }

    /// What was gathered, with a note about the notes there was no room for.
    pub(super) fn end(mut self) -> Gathered {
        if self.notes > NOTES_MAX {
            let more = format!("{} more files were left out", self.notes - NOTES_MAX);
            self.out.left_out.push(("…".to_owned(), more));
        }
        self.out
    }

    /// Every file below the root that may be given, relative to it, with its size in bytes; in order of path. Ignored files,
    /// the daemon's own and git's are not among them.
    pub(super) fn files(&mut self) -> BTreeMap<String, u64> {
        let (mut files, mut looks) = (BTreeMap::new(), 0);
        for entry in walk(self.root).filter_map(Result::ok) {
            looks += 1;
            if looks > LOOKS_MAX {
                self.leave_out("…", TOO_MANY);
                break;
            }
            if entry.file_type().is_none_or(|kind| kind.is_dir()) {
                continue;
            }
            if let Some(path) = entry.path().strip_prefix(self.root).ok().and_then(Path::to_str) {
                files.insert(path.to_owned(), entry.metadata().map_or(0, |known| known.len()));
            }
        }
        files
    }

    pub(super) fn leave_out(&mut self, path: &str, why: impl Into<String>) {
        self.notes += 1;
        if self.notes <= NOTES_MAX {
            self.out.left_out.push((path.to_owned(), why.into()));
        }
    }

    /// The globs that can be looked for.
    pub(super) fn wanted<'g>(&mut self, globs: &'g [String]) -> Vec<Wanted<'g>> {
        let mut wanted = Vec::new();
        for glob in globs {
            match (tree::path_fault(glob), tree::matcher(glob)) {
                (Some(fault), _) => self.leave_out(glob, fault),
                (None, Err(error)) => self.leave_out(glob, format!("is no glob: {}", error.kind())),
                (None, Ok(matcher)) => wanted.push(Wanted { glob, matcher }),
            }
        }
        wanted
    }

    /// Paths of the files that match, sorted, and a note for each glob that matches none.
    fn walk(&mut self, wanted: &[Wanted<'_>]) -> BTreeSet<String> {
        let (mut found, mut matched) = (BTreeSet::new(), vec![false; wanted.len()]);
        for path in self.files().into_keys() {
            for (want, matched) in wanted.iter().zip(&mut matched) {
                if want.is_match(&path) {
                    *matched = true;
                    found.insert(path.clone());
                }
            }
        }
        for (want, _) in wanted.iter().zip(matched).filter(|(_, matched)| !matched) {
            let why = if self.root.join(want.glob).exists() {
                "is ignored (.gitignore) or is a folder; name files as in folder/**"
            } else {
                "matches no file"
            };
            self.leave_out(want.glob, why);
        }
        found
    }

    /// Reads one file, if it fits; whether it was given.
    pub(super) fn take(&mut self, path: &str) -> bool {
        if !self.done.insert(path.to_owned()) {
            return false;
        }
        if images::is_named_so(path) {
            self.out.images.push(path.to_owned());
            return false;
        }
        match self.read(path) {
            Ok(text) => {
                self.bytes += text.len();
                self.out.files.push((path.to_owned(), text));
                true
            }
            Err(why) => {
                self.leave_out(path, why);
                false
            }
        }
    }

    /// The text of a file, or why it is not given.
    fn read(&self, path: &str) -> Result<String, String> {
        if self.out.files.len() >= self.limits.files_max {
            return Err(format!("is over the limit of {} files", self.limits.files_max));
        }
        if !tree::stays_below(self.root, Path::new(path)) {
            return Err("leaves the workspace through a symlink".to_owned());
        }
        match tree::read_text(&self.root.join(path), self.limits.file_bytes_max) {
            Ok(Content::Text(text)) if self.bytes + text.len() > self.limits.bytes_max => {
                Err(format!("does not fit into the {} bytes of context", self.limits.bytes_max))
            }
            Ok(Content::Text(text)) => Ok(text),
            Ok(Content::Not(why)) => Err(why),
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                Err("does not exist".to_owned())
            }
            Err(error) => Err(format!("cannot be read: {error}")),
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot go on should end where it stands")]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::symlink;

    const LIMITS: Limits = Limits { bytes_max: 1000, file_bytes_max: 500, files_max: 10 };

    fn workspace() -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for (path, text) in [
            ("src/a.rs", "fn a() {}"),
            ("src/deep/b.rs", "fn b() {}"),
            ("src/c.txt", "c"),
            ("specs/auth.md", "the spec"),
            (".gitignore", "secret.txt\ntarget/\n"),
            ("secret.txt", "hidden"),
            ("target/x.rs", "built"),
            (".synod/token", "t"),
            (".git/config", "g"),
        ] {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        root
    }

    fn paths(gathered: &Gathered) -> Vec<&str> {
        gathered.files.iter().map(|(path, _)| path.as_str()).collect()
    }

    fn globs(globs: &[&str]) -> Vec<String> {
        globs.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn the_specification_comes_first_then_files_by_path() {
        let root = workspace();
        let gathered =
            gather(root.path(), &globs(&["src/**/*.rs", "src/*.rs", "specs/*"]), Some("specs/auth.md"), LIMITS);
        assert_eq!(paths(&gathered), ["specs/auth.md", "src/a.rs", "src/deep/b.rs"]);
        assert_eq!(gathered.left_out, []);
    }

    #[test]
    fn ignored_and_closed_files_are_not_given() {
        let root = workspace();
        let gathered = gather(root.path(), &globs(&["**", "secret.txt", ".synod/token"]), None, LIMITS);
        assert_eq!(paths(&gathered), [".gitignore", "specs/auth.md", "src/a.rs", "src/c.txt", "src/deep/b.rs"]);
        let noted: Vec<_> = gathered.left_out.iter().map(|(path, _)| path.as_str()).collect();
        assert_eq!(noted, [".synod/token", "secret.txt"]);
    }

    #[test]
    fn what_does_not_fit_is_named() {
        let root = workspace();
        fs::write(root.path().join("src/big.rs"), "x".repeat(501)).unwrap();
        fs::write(root.path().join("src/binary.rs"), b"a\0b").unwrap();
        fs::write(root.path().join("src/latin.rs"), b"caf\xe9").unwrap();
        let gathered = gather(root.path(), &globs(&["src/*.rs", "nothing/*"]), Some("specs/none.md"), LIMITS);
        assert_eq!(paths(&gathered), ["src/a.rs"]);
        let whys: Vec<_> = gathered.left_out.iter().map(|(path, why)| format!("{path} {why}")).collect();
        assert_eq!(
            whys,
            [
                "specs/none.md does not exist",
                "nothing/* matches no file",
                "src/big.rs is over the limit of 500 bytes",
                "src/binary.rs is not text",
                "src/latin.rs is not UTF-8 text",
            ]
        );
        let few = gather(root.path(), &globs(&["src/**/*.rs", "src/*.txt"]), None, Limits { bytes_max: 12, ..LIMITS });
        assert_eq!(paths(&few), ["src/a.rs", "src/c.txt"]);
        let one = gather(root.path(), &globs(&["src/*"]), None, Limits { files_max: 1, ..LIMITS });
        assert_eq!(paths(&one), ["src/a.rs"]);
    }

    #[test]
    fn links_that_leave_are_refused_and_links_that_stay_are_read() {
        let (root, outside) = (workspace(), tempfile::tempdir().unwrap());
        fs::write(outside.path().join("x.rs"), "outside").unwrap();
        symlink(outside.path().join("x.rs"), root.path().join("src/link.rs")).unwrap();
        symlink("a.rs", root.path().join("src/near.rs")).unwrap();
        symlink("../.synod/token", root.path().join("src/token.rs")).unwrap();
        symlink(outside.path(), root.path().join("out")).unwrap();
        let gathered = gather(root.path(), &globs(&["src/*.rs", "out/*.rs"]), Some("out/x.rs"), LIMITS);
        assert_eq!(paths(&gathered), ["src/a.rs", "src/near.rs"]);
        assert!(gathered.left_out.iter().any(|(path, _)| path == "src/link.rs"));
        assert!(gathered.left_out.iter().any(|(path, _)| path == "src/token.rs"));
        assert!(gathered.left_out.iter().any(|(path, _)| path == "out/x.rs"));
    }

    #[test]
    fn a_pipe_is_never_opened() {
        let root = workspace();
        let pipe = root.path().join("src/pipe.rs");
        rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, rustix::fs::Mode::RUSR, 0).unwrap();
        let gathered = gather(root.path(), &globs(&["src/pipe.rs"]), None, LIMITS);
        assert_eq!(gathered.left_out, [("src/pipe.rs".to_owned(), "is not a regular file".to_owned())]);
    }
}
