//! What a worker changed, as a patch against the base, whatever it did with git meanwhile: commits, branches, settings and
//! hooks of its repository are not looked at. The files are compared by a repository of ours that it never saw.

use super::git::Git;
use super::ignored::{Rules, together};
use super::making::escapes;
use super::removing::open_up;
use super::{Collected, Error, Inner, Tree};
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// New files that tools leave behind and nobody means to hand in: by name, or by the name of a folder they are in.
const LEAVINGS: [&str; 22] = [
    "__pycache__",
    "node_modules",
    "target",
    ".venv",
    ".pytest_cache",
    ".mypy_cache",
    ".ruff_cache",
    ".gradle",
    ".tox",
    ".DS_Store",
    "Thumbs.db",
    ".synod",
    ".claude",
    ".codex",
    ".gemini",
    ".opencode",
    ".idea",
    ".vscode",
    ".cache",
    ".aider.chat.history.md",
    ".aider.input.history",
    ".aider.tags.cache.v4",
];

/// Endings of the same.
const LEAVING_ENDINGS: [&str; 9] = [".pyc", ".pyo", ".orig", ".rej", ".swp", ".swo", ".tmp", ".bak", "~"];

/// Names that a note lists.
const NAMED_MAX: usize = 5;

/// A path as git gives it.
type Raw = Vec<u8>;

impl Inner {
    /// The changes of a tree; `None`: there are none.
    pub(super) fn collect(&self, tree: &Tree) -> Result<Option<Collected>, Error> {
        let is_folder = fs::symlink_metadata(&tree.top).is_ok_and(|data| data.is_dir());
        if !is_folder {
            return Err(Error::Other("the worker removed the folder it worked in".to_owned()));
        }
        open_up(&tree.top);
        let git = self.own_git(tree)?;
        let mut notes = tree.ground.notes.clone();
        self.take_in(tree, &git, &mut notes)?;
        refuse_links(&git, &tree.ground.base, &mut notes)?;
        let collected = self.differences(tree, &git, notes)?;
        let nothing = collected.text.is_empty() && collected.note.is_none();
        Ok((!nothing).then_some(collected))
    }

    /// Makes the index say what the files say.
    fn take_in(&self, tree: &Tree, git: &Git, notes: &mut Vec<String>) -> Result<(), Error> {
        let exclude = tree.own.join("exclude");
        fs::write(&exclude, base_rules(tree, git)?).map_err(Error::file("write", &exclude))?;
        let listed = git.run(&["ls-files", "-z", "--stage"])?;
        let (mut paths, mut modules) = (Vec::new(), 0);
        for row in split(&listed) {
            let Some(at) = row.iter().position(|byte| *byte == b'\t') else { continue };
            if row.starts_with(b"160000") {
                let path = tree.top.join(OsStr::from_bytes(&row[at + 1..]));
                modules += usize::from(fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_some()));
            } else {
                paths.push(row[at + 1..].to_vec());
            }
        }
        if modules > 0 {
            notes.push(format!("{modules} submodule(s) have files in them, which are no part of the patch"));
        }
        let from = format!("--exclude-from={}", exclude.display());
        let others = git.run(&["ls-files", "-z", "--others", &from])?;
        paths.extend(self.worth_taking(tree, split(&others).map(<[u8]>::to_vec).collect(), notes));
        let (mut list, mut covered, mut links) = (Vec::new(), Vec::new(), BTreeMap::new());
        for path in &paths {
            // What stood where a link leads now is not what stood there before.
            if is_behind_link(&tree.top, path, &mut links) {
                covered.extend_from_slice(path);
                covered.push(0);
                continue;
            }
            readable(&tree.top.join(OsStr::from_bytes(path)));
            list.extend_from_slice(path);
            list.push(0);
        }
        git.feed(&["update-index", "-z", "--force-remove", "--stdin"], &covered)?;
        git.feed(&["update-index", "-z", "--add", "--remove", "--replace", "--stdin"], &list).map(drop)
    }

    /// Which of the new files are handed in.
    fn worth_taking(&self, tree: &Tree, others: Vec<Raw>, notes: &mut Vec<String>) -> Vec<Raw> {
        let (mut kept, mut leavings, mut large, mut inner) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for path in others {
            let shown = String::from_utf8_lossy(&path).into_owned();
            let bytes = fs::symlink_metadata(tree.top.join(OsStr::from_bytes(&path))).map_or(0, |data| data.len());
            if path.ends_with(b"/") {
                inner.push(shown);
            } else if is_leaving(&shown) {
                leavings.push(shown);
            } else if bytes > self.bounds.patch_bytes_max as u64 {
                large.push(shown);
            } else {
                kept.push(path);
            }
        }
        let mut say = |what: &str, list: Vec<String>| {
            if !list.is_empty() {
                notes.push(format!("{what}: {}", some_of(&list)));
            }
        };
        say("left out as leavings of tools", leavings);
        say("left out because larger than `limits.patch_bytes_max`", large);
        say("left out because they are repositories of their own", inner);
        kept
    }

    fn differences(&self, tree: &Tree, git: &Git, mut notes: Vec<String>) -> Result<Collected, Error> {
        let base = &tree.ground.base;
        let names = git.run(&["diff-index", "--cached", "--name-only", "--no-renames", "-z", base])?;
        let files: Vec<String> = split(&names).map(|path| String::from_utf8_lossy(path).into_owned()).collect();
        let (added, removed) =
            counted(&git.run(&["diff-index", "--cached", "--numstat", "--no-renames", "-z", base])?);
        let most = self.bounds.patch_bytes_max;
        let mut text = diff(git, tree, base, None, most)?;
        if text.as_ref().is_some_and(|text| std::str::from_utf8(text).is_err()) {
            text = apart(git, tree, base, &names, most)?;
        }
        let text = match text.map(String::from_utf8) {
            Some(Ok(text)) => text,
            Some(Err(_)) | None => {
                notes.push(format!(
                    "the patch is larger than `limits.patch_bytes_max` ({most} bytes), so it was not kept"
                ));
                String::new()
            }
        };
        let note = (!notes.is_empty()).then(|| notes.join("; "));
        let base = if tree.ground.repository.is_some() { base.clone() } else { "copy".to_owned() };
        Ok(Collected { text, base, files, added, removed, note, unseen: tree.ground.unseen })
    }
}

/// Whether a folder above a path is a link. `known` remembers what was looked at.
fn is_behind_link(top: &Path, path: &[u8], known: &mut BTreeMap<PathBuf, bool>) -> bool {
    let Some(folder) = Path::new(OsStr::from_bytes(path)).parent().filter(|folder| !folder.as_os_str().is_empty())
    else {
        return false;
    };
    if let Some(is) = known.get(folder) {
        return *is;
    }
    let own = fs::symlink_metadata(top.join(folder)).is_ok_and(|data| data.is_symlink());
    let is = own || is_behind_link(top, folder.as_os_str().as_bytes(), known);
    known.insert(folder.to_owned(), is);
    is
}

/// The base's rules about what is ignored.
fn base_rules(tree: &Tree, git: &Git) -> Result<String, Error> {
    let listed = git.run(&["ls-tree", "-r", "-z", "--name-only", "--full-tree", &tree.ground.base])?;
    let mut rules = Vec::new();
    for path in split(&listed).filter_map(|path| std::str::from_utf8(path).ok()) {
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        if name == ".gitignore" {
            let said = git.ask(&["cat-file", "blob", &format!("{}:{path}", tree.ground.base)], &[], 1 << 20)?;
            rules.push(Rules { folder: folder.to_owned(), text: String::from_utf8_lossy(&said.out).into_owned() });
        }
    }
    let exclude = tree.ground.repository.as_ref().and_then(|repository| fs::read_to_string(&repository.exclude).ok());
    Ok(together(&exclude.unwrap_or_default(), rules))
}

/// Takes links out that lead out of the tree: whoever put the patch on their files would get them.
fn refuse_links(git: &Git, base: &str, notes: &mut Vec<String>) -> Result<(), Error> {
    let raw = git.run(&["diff-index", "--cached", "--raw", "--no-renames", "--no-abbrev", "-z", base])?;
    let mut rows = split(&raw);
    let mut refused = Vec::new();
    while let (Some(facts), Some(path)) = (rows.next(), rows.next()) {
        let facts = String::from_utf8_lossy(facts).into_owned();
        let mut facts = facts.trim_start_matches(':').split(' ');
        let (Some(old), Some(new), Some(old_id), Some(id)) = (facts.next(), facts.next(), facts.next(), facts.next())
        else {
            continue;
        };
        if new != "120000" {
            continue;
        }
        let target = git.run(&["cat-file", "blob", id])?;
        let link = Path::new(OsStr::from_bytes(path));
        if !escapes(link, Path::new(OsStr::from_bytes(&target))) {
            continue;
        }
        refused.push(link.display().to_string());
        let Some(name) = link.to_str() else {
            return Err(Error::Other("a link that leads out has an odd name".into()));
        };
        if old == "000000" {
            git.run(&["update-index", "--force-remove", "--", name])?;
        } else {
            git.run(&["update-index", "--cacheinfo", &format!("{old},{old_id},{name}")])?;
        }
    }
    if !refused.is_empty() {
        notes.push(format!("links that lead out of the tree were refused: {}", some_of(&refused)));
    }
    Ok(())
}

/// The differences of all files or of one; `None`: they are too large.
fn diff(git: &Git, tree: &Tree, base: &str, path: Option<&str>, most: usize) -> Result<Option<Vec<u8>>, Error> {
    let attributes = format!("core.attributesFile={}", tree.own.join("binary").display());
    let mut args = vec!["--literal-pathspecs"];
    // Every file as binary, where its text is none that could be kept.
    if path.is_some() {
        args.extend(["-c", &attributes]);
    }
    args.extend(["diff-index", "--cached", "--patch", "--binary", "--full-index", "--no-renames"]);
    args.extend(["--no-ext-diff", "--no-textconv", "--no-color", base]);
    if let Some(path) = path {
        args.extend(["--", path]);
    }
    let said = git.ask(&args, &[], most)?;
    if said.cut {
        return Ok(None);
    }
    if said.code == 0 { Ok(Some(said.out)) } else { Err(Error::git(&args, &said.complaint)) }
}

/// The same file by file, with those that are no UTF-8 as binary ones.
fn apart(git: &Git, tree: &Tree, base: &str, names: &[u8], most: usize) -> Result<Option<Vec<u8>>, Error> {
    let attributes = tree.own.join("binary");
    let mut all = Vec::new();
    for name in split(names) {
        let Ok(name) = std::str::from_utf8(name) else { continue };
        fs::write(&attributes, "").map_err(Error::file("write", &attributes))?;
        let mut one = diff(git, tree, base, Some(name), most)?;
        if one.as_ref().is_some_and(|one| std::str::from_utf8(one).is_err()) {
            fs::write(&attributes, "* -diff\n").map_err(Error::file("write", &attributes))?;
            one = diff(git, tree, base, Some(name), most)?;
        }
        let Some(one) = one.filter(|one| all.len() + one.len() <= most) else { return Ok(None) };
        all.extend(one);
    }
    Ok(Some(all))
}

/// Lines added and removed, out of `--numstat -z`.
fn counted(numstat: &[u8]) -> (u32, u32) {
    let (mut added, mut removed) = (0u32, 0u32);
    for row in split(numstat) {
        let row = String::from_utf8_lossy(row).into_owned();
        let mut columns = row.split('\t').map(|count| count.parse::<u32>().unwrap_or(0));
        added = added.saturating_add(columns.next().unwrap_or(0));
        removed = removed.saturating_add(columns.next().unwrap_or(0));
    }
    (added, removed)
}

fn split(list: &[u8]) -> impl Iterator<Item = &[u8]> {
    list.split(|byte| *byte == 0).filter(|row| !row.is_empty())
}

fn is_leaving(path: &str) -> bool {
    let parts: BTreeSet<&str> = path.split('/').collect();
    LEAVINGS.iter().any(|name| parts.contains(name)) || LEAVING_ENDINGS.iter().any(|end| path.ends_with(end))
}

fn some_of(list: &[String]) -> String {
    let named = list.iter().take(NAMED_MAX).cloned().collect::<Vec<_>>().join(", ");
    match list.len().saturating_sub(NAMED_MAX) {
        0 => named,
        more => format!("{named} and {more} more"),
    }
}

/// Lets the owner read a file; what a worker made unreadable is a change all the same.
fn readable(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    let Ok(data) = fs::symlink_metadata(path) else { return };
    let mode = data.permissions().mode();
    if data.is_file() && mode & 0o400 == 0 {
        // One that cannot be read after all makes git say so.
        fs::set_permissions(path, fs::Permissions::from_mode(mode | 0o400)).ok();
    }
}
