//! The demo: a scratch workspace with a small program to review and a shipped cassette of answers that were composed for
//! it (not recorded from models), so that the real engine can be seen at work without any model or key.

use super::error::Error;
use super::place::Options;
use std::path::{Path, PathBuf};

/// The composed answers of three workers.
const CASSETTE: &str = include_str!("cassette.jsonl");
/// The program they review.
const LOGIN: &str = include_str!("login.py");
/// The task, as a person would drop it.
const TASK: &str = include_str!("review-login.md");
/// The workers, each playing its part of the cassette.
const SETTINGS: &str = include_str!("synod.toml");

/// A scratch workspace that is ready to run.
#[derive(Clone, Debug)]
pub struct Demo {
    /// Where it is.
    pub root: PathBuf,
    /// How to open it.
    pub options: Options,
    /// The task file's content.
    pub task: &'static str,
    /// The name the task file would have.
    pub name: &'static str,
}

/// Makes the workspace in `target`, or in a new folder of the system's temporary one.
///
/// # Errors
/// When the folder exists and is not empty, or cannot be written.
pub fn demo(target: Option<PathBuf>) -> Result<Demo, Error> {
    let root = match target {
        Some(root) => root,
        None => scratch()?,
    };
    let file = |path: &Path| path.display().to_string();
    if std::fs::read_dir(&root).is_ok_and(|mut entries| entries.next().is_some()) {
        let source =
            std::io::Error::new(std::io::ErrorKind::DirectoryNotEmpty, "the folder is not empty; name a new one");
        return Err(Error::File { path: file(&root), source });
    }
    std::fs::create_dir_all(root.join("src")).map_err(|source| Error::File { path: file(&root), source })?;
    let files = [("synod.toml", SETTINGS), ("cassette.jsonl", CASSETTE), ("src/login.py", LOGIN)];
    for (name, content) in files {
        let path = root.join(name);
        write_new(&path, content).map_err(|source| Error::File { path: file(&path), source })?;
    }
    let options = Options { start: Some(root.clone()), flags: Vec::new() };
    super::init(&options)?;
    Ok(Demo { root, options, task: TASK, name: "review-login.md" })
}

/// A folder of its own below the system's temporary one; the first free of a series.
fn scratch() -> Result<PathBuf, Error> {
    let base = std::env::temp_dir();
    let mut number = 1u32;
    loop {
        let root = base.join(format!("synod-demo-{number}"));
        match std::fs::create_dir(&root) {
            Ok(()) => return Ok(root),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists && number < 10_000 => number += 1,
            Err(source) => return Err(Error::File { path: root.display().to_string(), source }),
        }
    }
}

/// Writes a file that must not exist yet: a demo never writes over somebody's work.
fn write_new(path: &Path, content: &str) -> std::io::Result<()> {
    use std::io::Write;
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).open(path)?;
    file.write_all(content.as_bytes())
}
