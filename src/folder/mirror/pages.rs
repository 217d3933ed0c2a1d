//! Synod's own pages: the folders that hold them, and listing them from the file system within a bound.

use super::known::Shared;
use super::names;
use super::roots::Spot;
use crate::board::MemoryName;
use crate::folder::error::Error;
use std::collections::BTreeMap;
use std::path::Path;

/// The folders of Synod's own pages. The first also holds memories: `<id>/shared-context`.
const FOLDERS: [&str; 4] = [
    "orchestration/current-task/",
    "orchestration/model-outputs/",
    "orchestration/coordination/",
    "orchestration/history/",
];

/// Deepest a page lies.
const DEPTH_MAX: usize = 8;

/// Whether a folder of the workspace's memories holds nothing but pages.
pub(super) fn is_page_folder(path: &Path) -> bool {
    FOLDERS[1..].iter().any(|folder| path.starts_with(folder))
}

/// One piece of a list of pages.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listed {
    /// The names, in the order of their characters.
    pub names: Vec<MemoryName>,
    /// There are more after the last of them.
    pub more: bool,
}

/// What is listed for.
struct List<'a> {
    shared: &'a Shared,
    below: &'a str,
    after: &'a str,
    limit: usize,
    listed: Listed,
}

/// The names of pages that begin with `below` and come after `after`.
pub(super) fn list(shared: &Shared, below: &str, after: Option<&str>, limit: usize) -> Result<Listed, Error> {
    let mut list = List { shared, below, after: after.unwrap_or(""), limit, listed: Listed::default() };
    let mut folders = FOLDERS;
    folders.sort_unstable();
    for folder in folders {
        list.folder(folder, 0)?;
    }
    Ok(list.listed)
}

impl List<'_> {
    /// Whether a folder (with its slash) can hold anything that is asked for.
    fn matters(&self, folder: &str) -> bool {
        let on_the_way = folder.starts_with(self.below) || self.below.starts_with(folder);
        on_the_way && (folder > self.after || self.after.starts_with(folder))
    }

    fn folder(&mut self, folder: &str, depth: usize) -> Result<(), Error> {
        if self.listed.more || depth > DEPTH_MAX || !self.matters(folder) {
            return Ok(());
        }
        let path = self.shared.roots.on_disk(&Spot::new(0, folder));
        let entries = match std::fs::read_dir(&path) {
            Ok(entries) => entries,
            Err(error) if matches!(error.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory) => {
                return Ok(());
            }
            Err(error) => return Err(Error::io(&path, "list", error)),
        };
        // With its slash, a folder stands among the files where its names do. Links are not followed: pages are ours.
        let mut sorted = BTreeMap::new();
        for entry in entries.flatten() {
            let (Ok(file), Ok(kind)) = (entry.file_name().into_string(), entry.file_type()) else { continue };
            if kind.is_dir() && names::is_open_folder(&file) {
                sorted.insert(format!("{folder}{file}/"), true);
            } else if kind.is_file() && names::is_memory_file(&file) {
                sorted.insert(format!("{folder}{}", file.strip_suffix(names::ENDING).unwrap_or(&file)), false);
            }
        }
        for (name, is_folder) in sorted {
            if is_folder {
                self.folder(&name, depth + 1)?;
            } else {
                self.page(&name);
            }
        }
        Ok(())
    }

    fn page(&mut self, name: &str) {
        if self.listed.more || name <= self.after || !name.starts_with(self.below) {
            return;
        }
        match MemoryName::parse(name) {
            Ok(parsed) if !parsed.is_own_page() => {}
            Ok(_) if self.listed.names.len() >= self.limit => self.listed.more = true,
            Ok(parsed) if parsed.as_str() == name => self.listed.names.push(parsed),
            _ => {}
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot go on should end where it stands")]
mod tests {
    use super::*;
    use crate::folder::mirror::{Limits, Roots};

    #[test]
    fn a_folder_with_memories_among_its_pages_is_looked_into() {
        assert!(is_page_folder(Path::new("orchestration/history/x")));
        assert!(
            !is_page_folder(Path::new("orchestration/current-task")) && !is_page_folder(Path::new("orchestration"))
        );
    }

    #[test]
    fn pages_are_listed_in_the_order_of_their_names_piece_by_piece() {
        let folder = tempfile::tempdir().unwrap();
        let all = [
            "orchestration/coordination/a-b/x",
            "orchestration/coordination/a/consensus",
            "orchestration/current-task/t/progress",
            "orchestration/history/2026-01-01-t/model-outputs/w",
            "orchestration/history/2026-01-01-t/progress",
            "orchestration/model-outputs/t/w",
        ];
        for name in all.iter().chain(&["orchestration/current-task/t/shared-context", "orchestration/inbox/x", "a"]) {
            let path = folder.path().join(format!("{name}.md"));
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "x").unwrap();
        }
        let shared = Shared::new(Roots { memories: folder.path().to_owned(), global: None }, Limits::default());
        let mut names: Vec<String> = Vec::new();
        loop {
            let piece = list(&shared, "", names.last().map(String::as_str), 2).unwrap();
            names.extend(piece.names.iter().map(|name| name.as_str().to_owned()));
            if !piece.more {
                break;
            }
            assert_eq!(piece.names.len(), 2);
        }
        assert_eq!(names, all);
        let piece = list(&shared, "orchestration/history/2026-01-01-t/", None, 9).unwrap();
        assert_eq!((piece.names.len(), piece.more), (2, false));
        assert_eq!(list(&shared, "other/", None, 9).unwrap(), Listed::default());
    }
}
