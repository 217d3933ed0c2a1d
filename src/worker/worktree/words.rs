//! Changes that a worker without hands wrote down, made in a tree: diffs, whole files, edits by their lines. What does not fit
//! is told, and the rest is made all the same. Finding them in an answer is the board's `patch_reader`.

use super::{Error, Inner, Tree};
use crate::board::patch_reader::{Change, Hunk, loosely};
use std::fs;
use std::path::{Component, Path, PathBuf};

/// How a model's diff is read, strictly first: its line counts, its context and its blanks are often a little off.
const READINGS: [&[&str]; 5] = [
    &["apply", "--whitespace=nowarn", "-"],
    &["apply", "--whitespace=nowarn", "--recount", "-"],
    &["apply", "--whitespace=nowarn", "--recount", "-p0", "-"],
    &["apply", "--whitespace=nowarn", "--recount", "-C1", "--ignore-whitespace", "-"],
    &["apply", "--whitespace=nowarn", "--recount", "-p0", "-C1", "--ignore-whitespace", "-"],
];

impl Inner {
    /// Makes the changes; how many could be made.
    pub(super) fn write_down(&self, tree: &mut Tree, changes: &[Change]) -> Result<usize, Error> {
        let mut made = 0;
        for change in changes {
            match self.make_change(tree, change) {
                Ok(()) => made += 1,
                Err(why) => tree.ground.notes.push(why),
            }
        }
        self.note(tree)?;
        Ok(made)
    }

    fn make_change(&self, tree: &Tree, change: &Change) -> Result<(), String> {
        match change {
            Change::Diff(text) => self.diff(tree, text),
            Change::Whole { path, text } => {
                let at = place(&tree.work, path)?;
                write(&at, text, path)
            }
            Change::Delete { path } => {
                let at = place(&tree.work, path)?;
                fs::remove_file(&at).map_err(|error| format!("{path} cannot be removed: {error}"))
            }
            Change::Edit { path, moved, hunks } => {
                let at = place(&tree.work, path)?;
                let old = fs::read_to_string(&at).map_err(|error| format!("{path} cannot be changed: {error}"))?;
                let new = edited(&old, hunks).ok_or_else(|| format!("the lines to change in {path} were not found"))?;
                let Some(moved) = moved else { return write(&at, &new, path) };
                let to = place(&tree.work, moved)?;
                write(&to, &new, moved)?;
                fs::remove_file(&at).map_err(|error| format!("{path} cannot be removed: {error}"))
            }
        }
    }

    fn diff(&self, tree: &Tree, text: &str) -> Result<(), String> {
        let git = self.own_git(tree).map_err(|error| error.to_string())?;
        let mut first = None;
        let below = tree.ground.repository.as_ref().map(|repository| repository.prefix.display().to_string());
        let folders = [below.filter(|below| !below.is_empty()).map(|below| format!("--directory={below}")), None];
        for reading in READINGS {
            for folder in &folders {
                let mut args = reading.to_vec();
                if let Some(folder) = folder {
                    args.insert(1, folder);
                }
                match git.feed(&args, text.as_bytes()) {
                    Ok(_) => return Ok(()),
                    Err(error) => first.get_or_insert(error.to_string()),
                };
            }
        }
        // Its numbers, or what they say of the file's ends, are wrong; its lines may be there all the same.
        let changes = loosely(text);
        let made: Vec<Result<(), String>> = changes.iter().map(|change| self.make_change(tree, change)).collect();
        let failed: Vec<String> = made.into_iter().filter_map(Result::err).collect();
        match (changes.is_empty(), failed.is_empty()) {
            (false, true) => Ok(()),
            (false, false) => Err(format!("a diff does not fit: {}", failed.join("; "))),
            (true, _) => Err(format!("a diff does not fit: {}", first.unwrap_or_default())),
        }
    }
}

/// A path that somebody else wrote, in the tree; through no link and into no repository.
fn place(work: &Path, path: &str) -> Result<PathBuf, String> {
    let written = Path::new(path.strip_prefix("./").unwrap_or(path));
    let sound = |part: Component<'_>| matches!(part, Component::Normal(name) if !name.eq_ignore_ascii_case(".git"));
    if path.is_empty() || path.contains('\0') || !written.components().all(sound) {
        return Err(format!("{path} is no path within the project"));
    }
    let mut at = work.to_owned();
    for part in written.components() {
        at.push(part);
        if fs::symlink_metadata(&at).is_ok_and(|data| data.is_symlink()) {
            return Err(format!("{path} leads through a link"));
        }
    }
    Ok(at)
}

fn write(at: &Path, text: &str, path: &str) -> Result<(), String> {
    let folder = at.parent().map_or(Ok(()), fs::create_dir_all);
    folder.and_then(|()| fs::write(at, text)).map_err(|error| format!("{path} cannot be written: {error}"))
}

/// The text with its hunks made, each below the one before; blanks at the ends of lines, then at their beginnings, are forgiven.
fn edited(old: &str, hunks: &[Hunk]) -> Option<String> {
    let mut lines: Vec<String> = old.lines().map(str::to_owned).collect();
    let mut from = 0;
    for hunk in hunks {
        let same: [fn(&str, &str) -> bool; 3] =
            [|a, b| a == b, |a, b| a.trim_end() == b.trim_end(), |a, b| a.trim() == b.trim()];
        let find = |start: usize| {
            same.iter().find_map(|same| {
                let last = lines.len().checked_sub(hunk.old.len())?;
                (start..=last).find(|at| hunk.old.iter().zip(&lines[*at..]).all(|(a, b)| same(a, b)))
            })
        };
        let at = if hunk.old.is_empty() { lines.len() } else { find(from).or_else(|| find(0))? };
        lines.splice(at..at + hunk.old.len(), hunk.new.iter().cloned());
        from = at + hunk.new.len();
    }
    let end = if old.ends_with('\n') || old.is_empty() { "\n" } else { "" };
    Some(lines.join("\n") + end)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hunk(old: &[&str], new: &[&str]) -> Hunk {
        let lines = |lines: &[&str]| lines.iter().map(|line| (*line).to_owned()).collect();
        Hunk { old: lines(old), new: lines(new) }
    }

    #[test]
    fn an_edit_finds_its_lines_and_forgives_blanks() {
        let old = "a\nb  \nc\nb\n";
        assert_eq!(edited(old, &[hunk(&["a", "b"], &["a", "B"])]).as_deref(), Some("a\nB\nc\nb\n"));
        assert_eq!(
            edited(old, &[hunk(&["c"], &["c", "d"]), hunk(&["b"], &["x"])]).as_deref(),
            Some("a\nb  \nc\nd\nx\n")
        );
        assert_eq!(edited(old, &[hunk(&["nowhere"], &["x"])]), None);
    }

    #[test]
    fn a_path_stays_in_the_tree() {
        let folder = tempfile::tempdir().map(tempfile::TempDir::keep);
        let Ok(work) = folder else { return };
        std::os::unix::fs::symlink("/tmp", work.join("out")).ok();
        for path in ["../x", "/etc/passwd", "a/../../x", ".git/config", "a/.GIT/hooks/x", "out/x", ""] {
            assert!(place(&work, path).is_err(), "{path}");
        }
        assert_eq!(place(&work, "./src/a.rs"), Ok(work.join("src/a.rs")));
        fs::remove_dir_all(&work).ok();
    }
}
