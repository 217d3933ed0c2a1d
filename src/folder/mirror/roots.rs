//! The folders that are mirrored, and which names live in which.

use super::names;
use crate::board::MemoryName;
use std::path::{Path, PathBuf};

/// What the names in the second root begin with.
const GLOBAL: &str = "global/";

/// The folders that are mirrored.
#[derive(Clone, Debug)]
pub struct Roots {
    /// The workspace's memories. Made when it is missing.
    pub memories: PathBuf,
    /// Where the memories called `global/…` are, without that beginning; made at the first write. `None`: they are a folder
    /// of the workspace's memories like any other.
    pub global: Option<PathBuf>,
}

/// A place below one of the roots, as it is spelled on the disk.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Spot {
    /// Which root: 0 is the workspace's.
    pub(super) root: usize,
    /// Relative to it.
    pub(super) path: PathBuf,
}

impl Spot {
    pub(super) fn new(root: usize, path: impl Into<PathBuf>) -> Self {
        Self { root, path: path.into() }
    }
}

impl Roots {
    /// How many there are.
    pub(super) fn count(&self) -> usize {
        1 + usize::from(self.global.is_some())
    }

    /// A root's path.
    pub(super) fn path(&self, root: usize) -> &Path {
        match &self.global {
            Some(global) if root == 1 => global,
            _ => &self.memories,
        }
    }

    /// What the names in a root begin with.
    pub(super) fn prefix(&self, root: usize) -> &'static str {
        if root == 1 { GLOBAL } else { "" }
    }

    /// A place's path on the disk.
    pub(super) fn on_disk(&self, spot: &Spot) -> PathBuf {
        if spot.path.as_os_str().is_empty() {
            self.path(spot.root).to_owned()
        } else {
            self.path(spot.root).join(&spot.path)
        }
    }

    /// The place of a path on the disk.
    pub(super) fn spot(&self, path: &Path) -> Option<Spot> {
        (0..self.count()).rev().find_map(|root| Some(Spot::new(root, path.strip_prefix(self.path(root)).ok()?)))
    }

    /// The name of the memory whose file stands at a place.
    pub(super) fn name(&self, spot: &Spot) -> Result<MemoryName, String> {
        if spot.root == 0 && self.global.is_some() && spot.path.starts_with("global") {
            return Err(
                "stands in the workspace, but names that begin with global/ belong to the user's folder".to_owned()
            );
        }
        names::name_of(self.prefix(spot.root), &spot.path)
    }

    /// The place of a memory's file, unless it is spelled otherwise on the disk.
    pub(super) fn place(&self, name: &MemoryName) -> Spot {
        let root = usize::from(self.global.is_some() && name.as_str().starts_with(GLOBAL));
        Spot::new(root, names::path_of(self.prefix(root), name))
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot go on should end where it stands")]
mod tests {
    use super::*;

    #[test]
    fn global_names_live_in_the_second_root_only() {
        let roots = Roots { memories: "/w/memories".into(), global: Some("/h/global".into()) };
        let name = MemoryName::parse("global/a/b").unwrap();
        let spot = roots.place(&name);
        assert_eq!(roots.on_disk(&spot), Path::new("/h/global/a/b.md"));
        assert_eq!(roots.spot(Path::new("/h/global/a/b.md")), Some(spot.clone()));
        assert_eq!(roots.name(&spot).unwrap(), name);
        assert!(roots.name(&Spot::new(0, "global/a/b.md")).is_err());
        let one = Roots { memories: "/w/memories".into(), global: None };
        assert_eq!(one.name(&Spot::new(0, "global/a/b.md")).unwrap(), name);
        assert_eq!(one.on_disk(&one.place(&name)), Path::new("/w/memories/global/a/b.md"));
    }
}
