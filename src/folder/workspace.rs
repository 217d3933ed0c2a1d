//! Making a folder a workspace: the trees, a README in each, the line in `.gitignore`. Nothing that stands is changed.

use super::error::Error;
use super::publish::tree::{folders, make_all};
use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};

/// What `init` made; empty when everything stood already.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Made {
    /// Folders and files, in the order in which they were made.
    pub paths: Vec<PathBuf>,
    /// Whether `.gitignore` got a line.
    pub gitignore: bool,
}

/// The README of the coordination folder.
const COORDINATION_README: &str = include_str!("readme/coordination.md");

/// The README of the memory folder.
const MEMORIES_README: &str = include_str!("readme/memories.md");

/// The README of the folder for texts of one's own.
const PROMPTS_README: &str = include_str!("readme/prompts.md");

/// The folder of those texts, below the coordination folder.
const PROMPTS: &str = "prompts";

/// The folder that is never put under version control.
const IGNORED: &str = ".synod";

/// Makes `workspace` a workspace whose trees stand at `coordination` and `memories`. Idempotent.
///
/// # Errors
/// When a folder or file cannot be made; what was made before stays, and a second call goes on.
pub fn init(workspace: &Path, coordination: &Path, memories: &Path) -> Result<Made, Error> {
    let mut made = Made::default();
    for folder in folders(coordination, memories) {
        made.paths.extend(make_all(&folder)?);
    }
    made.paths.extend(make_all(&coordination.join(PROMPTS))?);
    for (path, text) in [
        (coordination.join("README.md"), COORDINATION_README),
        (coordination.join(PROMPTS).join("README.md"), PROMPTS_README),
        (memories.join("README.md"), MEMORIES_README),
    ] {
        if write_new(&path, text)? {
            made.paths.push(path);
        }
    }
    made.gitignore = ignore(&workspace.join(".gitignore"))?;
    Ok(made)
}

/// Writes a file that is not there; `false` when it is.
fn write_new(path: &Path, text: &str) -> Result<bool, Error> {
    match OpenOptions::new().write(true).create_new(true).open(path) {
        Ok(mut file) => {
            file.write_all(text.as_bytes()).map_err(|error| Error::io(path, "write", error))?;
            Ok(true)
        }
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(Error::io(path, "write", error)),
    }
}

/// Appends `.synod/` to the file unless a line says so already; the other lines, their ends included, stay as they are.
fn ignore(path: &Path) -> Result<bool, Error> {
    let text = match std::fs::read(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(Error::io(path, "read", error)),
    };
    let says = |line: &[u8]| {
        let line = line.trim_ascii();
        let bare = line.strip_prefix(b"/").unwrap_or(line);
        bare.strip_suffix(b"/").unwrap_or(bare) == IGNORED.as_bytes()
    };
    if text.split(|byte| *byte == b'\n').any(says) {
        return Ok(false);
    }
    let end: &str = if text.windows(2).any(|pair| pair == b"\r\n") { "\r\n" } else { "\n" };
    let gap = if text.is_empty() || text.ends_with(b"\n") { "" } else { end };
    let mut file =
        OpenOptions::new().append(true).create(true).open(path).map_err(|error| Error::io(path, "open", error))?;
    let line = format!("{gap}{IGNORED}/{end}");
    file.write_all(line.as_bytes()).map_err(|error| Error::io(path, "append to", error))?;
    Ok(true)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn init_in(root: &Path) -> Made {
        init(root, &root.join("AI_COORDINATION"), &root.join("memories")).unwrap()
    }

    #[test]
    fn a_workspace_is_made_once_and_nothing_is_disturbed() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path();
        std::fs::write(root.join(".gitignore"), "target").unwrap();
        let made = init_in(root);
        assert!(made.gitignore && made.paths.contains(&root.join("AI_COORDINATION/tasks/rejected")), "{made:?}");
        assert!(made.paths.contains(&root.join("memories/README.md")));
        assert!(made.paths.contains(&root.join("AI_COORDINATION/prompts/README.md")));
        assert_eq!(std::fs::read_to_string(root.join(".gitignore")).unwrap(), "target\n.synod/\n");
        std::fs::write(root.join("memories/README.md"), "mine").unwrap();
        assert_eq!(init_in(root), Made::default());
        assert_eq!(std::fs::read_to_string(root.join("memories/README.md")).unwrap(), "mine");
    }

    #[test]
    fn a_line_that_ignores_it_already_is_seen_however_it_is_spelt() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join(".gitignore");
        for line in [".synod", "/.synod/", "a\r\n.synod/\r\n"] {
            std::fs::write(&path, line).unwrap();
            assert!(!ignore(&path).unwrap(), "{line:?}");
        }
        std::fs::write(&path, "a\r\nb").unwrap();
        assert!(ignore(&path).unwrap());
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "a\r\nb\r\n.synod/\r\n");
    }

    #[test]
    fn what_is_in_the_way_is_named() {
        let root = tempfile::tempdir().unwrap();
        std::fs::write(root.path().join("memories"), "a file").unwrap();
        let error = init(root.path(), &root.path().join("AI_COORDINATION"), &root.path().join("memories")).unwrap_err();
        assert!(error.to_string().contains("memories"), "{error}");
    }
}
