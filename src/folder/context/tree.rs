//! What may be read below a root: the form of paths and globs, where symlinks lead, and reading one file within a limit.

use globset::{GlobBuilder, GlobMatcher};
use rustix::fs::{Mode, OFlags};
use std::fs::File;
use std::io::{self, Read};
use std::path::{Component, Path};

/// Folders whose content is never given to a worker: the daemon's own (it holds the token) and git's.
pub(in crate::folder) const CLOSED: [&str; 2] = [".synod", ".git"];

/// Longest path or glob in a task file, in bytes.
const PATH_BYTES_MAX: usize = 1024;

/// Why a path or glob cannot be one below the root, as the end of a sentence; `None`: its form is right.
pub(in crate::folder) fn path_fault(path: &str) -> Option<&'static str> {
    if path.is_empty() {
        return Some("is empty");
    }
    if path.len() > PATH_BYTES_MAX {
        return Some("is longer than 1024 bytes");
    }
    if path.chars().any(char::is_control) {
        return Some("holds a control character");
    }
    if path.starts_with(['/', '\\', '~']) || path.as_bytes().get(1) == Some(&b':') {
        return Some("is absolute");
    }
    // Alternatives in braces are looked into as well: `{src,..}/x` leaves the root, too.
    if path.split(['/', '\\', '{', '}', ',']).any(|part| part == "..") {
        return Some("leaves the workspace by ..");
    }
    let closed = Path::new(path)
        .components()
        .any(|part| matches!(part, Component::Normal(name) if CLOSED.iter().any(|closed| name == *closed)));
    closed.then_some("names a folder that is never given to workers")
}

/// A matcher for paths relative to the root; `*` stays within one folder, `**` does not.
pub(in crate::folder) fn matcher(glob: &str) -> Result<GlobMatcher, globset::Error> {
    let glob = glob.strip_prefix("./").unwrap_or(glob);
    Ok(GlobBuilder::new(glob).literal_separator(true).build()?.compile_matcher())
}

/// The folders of a glob before its first special character (all of it when there is none).
pub(in crate::folder) fn fixed_part(glob: &str) -> &str {
    match glob.find(['*', '?', '[', '{', '\\']) {
        None => glob,
        Some(special) => glob[..special].rfind('/').map_or("", |end| &glob[..end]),
    }
}

/// Whether a relative path, as far as it exists, stays below `root` when its symlinks are followed.
pub(in crate::folder) fn stays_below(root: &Path, path: &Path) -> bool {
    let Ok(root) = root.canonicalize() else { return true };
    let mut reached = root.clone();
    for part in path.components() {
        let Component::Normal(name) = part else { continue };
        reached.push(name);
        // A link that leads nowhere is refused as well: it may lead outside by the time it is read.
        match reached.canonicalize() {
            Ok(real) if real.starts_with(&root) => reached = real,
            Ok(_) => return false,
            Err(_) => return reached.symlink_metadata().is_err(),
        }
    }
    !CLOSED.iter().any(|closed| reached.starts_with(root.join(closed)))
}

/// Opens a file for reading without waiting for a pipe's other end; `follow`: also through a symlink.
pub(in crate::folder) fn open(path: &Path, follow: bool) -> io::Result<File> {
    let mut flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
    if !follow {
        flags |= OFlags::NOFOLLOW;
    }
    Ok(File::from(rustix::fs::open(path, flags, Mode::empty())?))
}

/// What reading a text within a limit gave.
pub(in crate::folder) enum Content {
    /// All of it.
    Text(String),
    /// Not given, with the reason as the end of a sentence.
    Not(String),
}

/// Reads a regular text file of at most `bytes_max` bytes.
pub(in crate::folder) fn read_text(path: &Path, bytes_max: usize) -> io::Result<Content> {
    // Asked before opening, so that a device or a pipe is never opened; the opened file is asked again.
    if !path.metadata()?.is_file() {
        return Ok(Content::Not("is not a regular file".to_owned()));
    }
    let file = open(path, true)?;
    let known = file.metadata()?;
    if !known.is_file() {
        return Ok(Content::Not("is not a regular file".to_owned()));
    }
    let limit = bytes_max as u64;
    let mut bytes = Vec::with_capacity(usize::try_from(known.len().min(limit)).unwrap_or(0));
    file.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() > bytes_max {
        return Ok(Content::Not(format!("is over the limit of {bytes_max} bytes")));
    }
    if bytes.contains(&0) {
        return Ok(Content::Not("is not text".to_owned()));
    }
    Ok(String::from_utf8(bytes).map_or_else(|_| Content::Not("is not UTF-8 text".to_owned()), Content::Text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_that_leave_are_named() {
        for path in [
            "",
            "/etc/passwd",
            "~/x",
            "a/../../b",
            "..",
            "{src,..}/x",
            "C:/x",
            "a\0b",
            ".synod/token",
            "x/.git/config",
            "..\\x",
        ] {
            assert!(path_fault(path).is_some(), "{path:?} passed");
        }
        for path in ["src/auth.rs", "./src/**/*.rs", "a..b/c", "...", ".github/workflows/*.yml", "{a,b}/*.{rs,toml}"] {
            assert_eq!(path_fault(path), None, "{path:?} was refused");
        }
    }

    #[test]
    fn the_fixed_part_ends_before_the_first_special_folder() {
        assert_eq!(fixed_part("src/auth/**/*.rs"), "src/auth");
        assert_eq!(fixed_part("*.rs"), "");
        assert_eq!(fixed_part("src/a?c/x"), "src");
        assert_eq!(fixed_part("src/auth.rs"), "src/auth.rs");
    }
}
