//! The whole workspace for a worker that is to see all of it and cannot look by itself: a list of every file, then the
//! files themselves as far as they fit, what explains the whole first. Ignored files, secrets, other workers' words and
//! what no person wrote are not given.

use super::gather::{Gathered, Gathering, Limits};
use super::images;
use std::fmt::Write;
use std::path::Path;

/// The list of every file, and what was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CodeBase {
    /// A line for each file with its size; cut when there are very many.
    pub list: String,
    /// The files that fit, and what was left out.
    pub gathered: Gathered,
}

/// The part of the room that the list may take.
const LIST_SHARE: usize = 8;

/// Bytes that a prompt adds around each file: its heading and fences.
const FRAME_BYTES: usize = 160;

/// Reads the workspace at `root` but for the folders in `apart` (relative to it). Never fails: what cannot be read is left out
/// with the reason. Blocks; call it from a job that may.
pub fn code_base(root: &Path, apart: &[&Path], limits: Limits) -> CodeBase {
    let mut gathering = Gathering::new(root, limits);
    let mut files = gathering.files();
    // An image is shown where a task names it.
    files.retain(|path, _| !images::is_named_so(path));
    files.retain(|path, _| !apart.iter().any(|apart| Path::new(path).starts_with(apart)) && !is_secret(path));
    let mut list = String::new();
    let (most, mut told) = (limits.bytes_max / LIST_SHARE, 0);
    for (path, bytes) in &files {
        if list.len() + path.len() + 24 > most {
            break;
        }
        // Writing into a text cannot fail.
        let _infallible = writeln!(list, "{path} ({bytes})");
        told += 1;
    }
    if told < files.len() {
        let _infallible = writeln!(list, "and {} more", files.len() - told);
    }
    let mut paths: Vec<&String> = files.keys().collect();
    paths.sort_by_key(|path| (place(path), path.as_str()));
    let mut room = limits.bytes_max.saturating_sub(list.len());
    for path in paths {
        let bytes = files.get(path).map_or(0, |bytes| usize::try_from(*bytes).unwrap_or(usize::MAX));
        let wants = bytes.saturating_add(path.len() + FRAME_BYTES);
        if is_made(path) {
            gathering.leave_out(path, "is made by a tool");
        } else if wants > room {
            gathering.leave_out(path, "does not fit");
        } else if gathering.take(path) {
            room -= wants;
        }
    }
    CodeBase { list, gathered: gathering.end() }
}

/// What explains the whole comes first, then what says how it is built, then the rest.
fn place(path: &str) -> u8 {
    let name = path.to_ascii_lowercase();
    match name.as_str() {
        _ if name.starts_with("readme") || name.starts_with("architecture") => 0,
        "cargo.toml" | "package.json" | "pyproject.toml" | "go.mod" | "pom.xml" | "build.gradle" | "makefile" => 1,
        _ if !name.contains('/') && name.ends_with(".md") => 2,
        _ => 3,
    }
}

/// What may hold a key. It is not even named: a task that needs it names it in `context`.
fn is_secret(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
    let ends = [".pem", ".key", ".p12", ".pfx", ".jks", ".keystore"];
    let is = ["id_rsa", "id_ed25519", "id_ecdsa", ".netrc", ".npmrc", ".pypirc", "credentials", "credentials.json"];
    name == ".env"
        || name.starts_with(".env.")
        || ends.iter().any(|end| name.ends_with(end))
        || is.contains(&name.as_str())
}

/// What a tool has written from something else.
fn is_made(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
    let ends = [".lock", "-lock.json", "-lock.yaml", ".min.js", ".min.css", ".map", ".snap"];
    ends.iter().any(|end| name.ends_with(end)) || name == "go.sum"
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot go on should end where it stands")]
mod tests {
    use super::*;
    use std::fs;

    fn workspace(files: &[(&str, &str)]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        root
    }

    fn read(root: &Path, bytes_max: usize) -> CodeBase {
        let limits = Limits { bytes_max, file_bytes_max: 1 << 20, files_max: 100 };
        code_base(root, &[Path::new("AI_COORDINATION"), Path::new("memories")], limits)
    }

    fn given(base: &CodeBase) -> Vec<&str> {
        base.gathered.files.iter().map(|(path, _)| path.as_str()).collect()
    }

    #[test]
    fn what_explains_comes_first_and_what_is_ignored_secret_or_said_by_others_not_at_all() {
        let root = workspace(&[
            (".gitignore", "target/\n"),
            ("target/x.rs", "built"),
            ("src/a.rs", "fn a() {}"),
            ("Cargo.toml", "[package]"),
            ("Cargo.lock", "many lines"),
            ("README.md", "What it is."),
            (".env", "KEY=1"),
            ("deploy/server.pem", "-----"),
            ("AI_COORDINATION/outputs/t/01-make-a.md", "another worker's answer"),
            ("memories/design.md", "a memory"),
        ]);
        let base = read(root.path(), 100_000);
        assert_eq!(given(&base), ["README.md", "Cargo.toml", ".gitignore", "src/a.rs"]);
        assert_eq!(base.list, ".gitignore (8)\nCargo.lock (10)\nCargo.toml (9)\nREADME.md (11)\nsrc/a.rs (9)\n");
        assert_eq!(base.gathered.left_out, [("Cargo.lock".to_owned(), "is made by a tool".to_owned())]);
    }

    #[test]
    fn what_does_not_fit_is_named_and_smaller_files_still_come() {
        let long = "x".repeat(3_000);
        let root = workspace(&[("README.md", "short"), ("src/big.rs", &long), ("src/small.rs", "fn s() {}")]);
        let base = read(root.path(), 2_000);
        assert_eq!(given(&base), ["README.md", "src/small.rs"]);
        assert_eq!(base.gathered.left_out, [("src/big.rs".to_owned(), "does not fit".to_owned())]);
        assert!(base.list.contains("src/big.rs (3000)"));
    }
}
