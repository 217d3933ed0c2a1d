//! The patterns of memories that a Serena project keeps beside its memories folder: data to be merged into our own rules.

use super::roots::Roots;
use crate::folder::context::tree::{self, Content};
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// Largest configuration file that is read, in bytes.
const FILE_BYTES_MAX: usize = 1 << 20;

/// The project's files, the later one adding to the earlier.
const PROJECT_FILES: [&str; 2] = ["project.yml", "project.local.yml"];

/// The user's file, beside the folder that holds `global/`.
const USER_FILE: &str = "serena_config.yml";

/// Regular expressions of Python's `re`, each to be matched against a memory's whole name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Patterns {
    /// Memories that can be read and not written.
    pub read_only: Vec<String>,
    /// Memories that are not there for anybody.
    pub ignored: Vec<String>,
    /// Files that could not be understood, with the reason, as sentences for a person.
    pub faults: Vec<String>,
}

/// What matters in one of the files. The rest of it is Serena's own.
#[derive(Debug, Default, Deserialize)]
struct Keys {
    #[serde(default)]
    read_only_memory_patterns: Option<Vec<String>>,
    #[serde(default)]
    ignored_memory_patterns: Option<Vec<String>>,
}

impl Patterns {
    /// Reads the patterns of the Serena project that the memories folder belongs to (`.serena/memories`); none for any other
    /// folder.
    pub fn beside(roots: &Roots) -> Self {
        read(roots)
    }
}

fn read(roots: &Roots) -> Patterns {
    let mut patterns = Patterns::default();
    for path in files(roots) {
        match keys(&path) {
            Ok(keys) => {
                merge(&mut patterns.read_only, keys.read_only_memory_patterns);
                merge(&mut patterns.ignored, keys.ignored_memory_patterns);
            }
            Err(why) => patterns.faults.push(format!("{}: {why}; its memory patterns are not kept", path.display())),
        }
    }
    patterns
}

/// The files that may hold patterns: the user's first, as Serena adds the project's to them.
fn files(roots: &Roots) -> Vec<PathBuf> {
    let named = |path: &Path, name: &str| path.file_name().is_some_and(|last| last == name);
    let Some(project) =
        roots.memories.parent().filter(|parent| named(&roots.memories, "memories") && named(parent, ".serena"))
    else {
        return Vec::new();
    };
    let user = roots.global.as_deref().and_then(|global| global.parent()?.parent()).map(|home| home.join(USER_FILE));
    user.into_iter().chain(PROJECT_FILES.map(|file| project.join(file))).collect()
}

fn keys(path: &Path) -> Result<Keys, String> {
    let text = match tree::read_text(path, FILE_BYTES_MAX) {
        Ok(Content::Text(text)) => text,
        Ok(Content::Not(why)) => return Err(format!("it {why}")),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Keys::default()),
        Err(error) => return Err(format!("cannot be read: {error}")),
    };
    if text.lines().all(|line| line.trim().is_empty() || line.starts_with('#')) {
        return Ok(Keys::default());
    }
    serde_saphyr::from_str(&text).map_err(|error| format!("is no such file as Serena writes: {error}"))
}

fn merge(into: &mut Vec<String>, patterns: Option<Vec<String>>) {
    for pattern in patterns.into_iter().flatten() {
        if !into.contains(&pattern) {
            into.push(pattern);
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot go on should end where it stands")]
mod tests {
    use super::*;

    #[test]
    fn the_patterns_of_a_serena_project_are_read_and_added_up() {
        let folder = tempfile::tempdir().unwrap();
        let memories = folder.path().join("p/.serena/memories");
        let global = folder.path().join("home/memories/global");
        std::fs::create_dir_all(&memories).unwrap();
        std::fs::create_dir_all(&global).unwrap();
        let roots = Roots { memories: memories.clone(), global: Some(global) };
        assert_eq!(read(&roots), Patterns::default());
        std::fs::write(
            memories.with_file_name("project.yml"),
            "# Serena\nproject_name: p\nlanguages: [rust]\nread_only_memory_patterns:\n- frozen/.*\nignored_memory_patterns: []\ninitial_prompt: |\n  hello\n",
        )
        .unwrap();
        std::fs::write(
            memories.with_file_name("project.local.yml"),
            "ignored_memory_patterns: ['_archive/.*', 'a\\d+']\n",
        )
        .unwrap();
        std::fs::write(
            folder.path().join("home").join(USER_FILE),
            "read_only_memory_patterns: ['global/x']\nignored_memory_patterns:\n",
        )
        .unwrap();
        let patterns = read(&roots);
        assert_eq!(patterns.read_only, ["global/x", "frozen/.*"]);
        assert_eq!(patterns.ignored, ["_archive/.*", "a\\d+"]);
        assert_eq!(patterns.faults, [""; 0]);
        std::fs::write(memories.with_file_name("project.local.yml"), "ignored_memory_patterns: {a: 1}\n").unwrap();
        let patterns = read(&roots);
        assert_eq!(
            (patterns.read_only.len(), patterns.ignored.len(), patterns.faults.len()),
            (2, 0, 1),
            "{patterns:?}"
        );
    }

    #[test]
    fn another_folder_has_no_patterns() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("project.yml"), "read_only_memory_patterns: [a]").unwrap();
        assert_eq!(read(&Roots { memories: folder.path().join("memories"), global: None }), Patterns::default());
    }
}
