//! Looking through the folders: each is watched first and listed then, links to folders are followed, and none is looked
//! into twice, so that no circle of links is walked for ever and no file is two memories.

use super::known::{FolderId, Folders, Shared};
use super::names;
use super::pages;
use super::roots::Spot;
use super::take;
use rustix::fs::{CWD, FileType};
use std::collections::VecDeque;
use std::ffi::OsStr;
use std::fs::DirEntry;
use std::path::{Path, PathBuf};

/// What a walk met.
#[derive(Debug, Default)]
pub(super) struct Walked {
    /// Files that are memories by their name.
    pub(super) files: Vec<Spot>,
    /// What is left alone, and why, as the end of a sentence.
    pub(super) skipped: Vec<(Spot, String)>,
    /// Folders that could not be listed: nothing is known of what is in them.
    pub(super) dark: Vec<Spot>,
    /// Temporary files of ours, left by a crash or just being written.
    pub(super) temporary: Vec<Spot>,
    /// The folders.
    pub(super) folders: Folders,
}

/// A walk on its way.
struct Walk<'a> {
    shared: &'a Shared,
    /// The folders of the part of the tree that is not walked now.
    others: &'a Folders,
    real_root: Option<PathBuf>,
    /// Folders of the tree itself come first, so that a link to one of them is told from the folder.
    folders: VecDeque<Spot>,
    links: VecDeque<Spot>,
    met: Walked,
    full: bool,
}

/// Walks from a folder on. `others` are folders that are known already; one of them is looked into again only if it is not at
/// its place any more. `watch` is called with each folder before it is listed.
pub(super) fn walk(shared: &Shared, from: Spot, others: &Folders, watch: &mut dyn FnMut(&Path)) -> Walked {
    let real_root = shared.roots.path(from.root).canonicalize().ok();
    let mut walk = Walk {
        shared,
        others,
        real_root,
        folders: VecDeque::new(),
        links: VecDeque::new(),
        met: Walked::default(),
        full: false,
    };
    let start_is_link = shared.roots.on_disk(&from).is_symlink() && !from.path.as_os_str().is_empty();
    if start_is_link {
        walk.links.push_back(from)
    } else {
        walk.folders.push_back(from)
    }
    loop {
        if let Some(spot) = walk.folders.pop_front() {
            walk.enter(spot, watch);
        } else if let Some(spot) = walk.links.pop_front() {
            walk.follow(spot, watch);
        } else {
            return walk.met;
        }
    }
}

impl Walk<'_> {
    /// Follows a link to a folder, unless it leads back into the tree or to what is never shown.
    fn follow(&mut self, spot: Spot, watch: &mut dyn FnMut(&Path)) {
        let Ok(real) = self.shared.roots.on_disk(&spot).canonicalize() else { return };
        let closed =
            real.components().any(|part| part.as_os_str().to_str().is_some_and(|part| !names::is_open_folder(part)));
        let fault = match &self.real_root {
            Some(root) if real.starts_with(root) => {
                Some("is a link to a folder of these memories; they are known by its own name")
            }
            Some(root) if root.starts_with(&real) => Some("is a link to a folder that holds these memories themselves"),
            _ if closed => Some("is a link into a folder that is never shown"),
            _ => None,
        };
        match fault {
            Some(fault) => self.met.skipped.push((spot, fault.to_owned())),
            None => {
                self.met.folders.linked.push(real);
                self.enter(spot, watch);
            }
        }
    }

    /// Watches a folder and lists it.
    fn enter(&mut self, spot: Spot, watch: &mut dyn FnMut(&Path)) {
        let path = self.shared.roots.on_disk(&spot);
        let Ok(stat) = rustix::fs::stat(&path) else { return };
        let id = FolderId { device: stat.st_dev, inode: stat.st_ino };
        if let Some(other) = self.elsewhere(&spot, id) {
            let why = format!(
                "is the folder {} under another name; its memories are known by that one",
                other.path.display()
            );
            return self.met.skipped.push((spot, why));
        }
        let limits = &self.shared.limits;
        if spot.path.components().count() > limits.depth_max {
            return self.met.skipped.push((spot, format!("lies more than {} folders deep", limits.depth_max)));
        }
        if self.met.folders.by_id.len() >= limits.folders_max {
            return self.too_many(spot, format!("is left out: there are more than {} folders", limits.folders_max));
        }
        watch(&path);
        self.met.folders.insert(spot.clone(), id);
        match std::fs::read_dir(&path) {
            Ok(entries) => {
                for entry in entries.flatten() {
                    self.sort(&spot, &entry);
                }
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => {
                self.met.skipped.push((spot.clone(), format!("cannot be listed: {error}")));
                self.met.dark.push(spot);
            }
        }
    }

    /// The other place at which a folder is known already, if it still is there.
    fn elsewhere(&self, spot: &Spot, id: FolderId) -> Option<Spot> {
        if let Some(known) = self.met.folders.by_id.get(&id) {
            return (known != spot).then(|| known.clone());
        }
        let known = self.others.by_id.get(&id).filter(|known| *known != spot)?;
        let stat = rustix::fs::statat(CWD, self.shared.roots.on_disk(known), rustix::fs::AtFlags::empty()).ok()?;
        (stat.st_dev == id.device && stat.st_ino == id.inode).then(|| known.clone())
    }

    fn sort(&mut self, folder: &Spot, entry: &DirEntry) {
        let spot = Spot::new(folder.root, folder.path.join(entry.file_name()));
        let Ok(kind) = entry.file_type() else { return };
        let file_name = entry.file_name();
        if kind.is_dir() {
            return self.found_folder(spot, &file_name, false);
        }
        if kind.is_symlink() && self.shared.roots.on_disk(&spot).is_dir() {
            return self.found_folder(spot, &file_name, true);
        }
        let Some(name) = file_name.to_str() else {
            if file_name.as_encoded_bytes().ends_with(names::ENDING.as_bytes()) {
                self.met.skipped.push((spot, "has a name that is not UTF-8 text; rename it".to_owned()));
            }
            return;
        };
        if names::of_temporary(name).is_some() {
            self.met.temporary.push(spot);
        } else if names::is_memory_file(name) {
            if self.met.files.len() >= self.shared.limits.files_max {
                return self.too_many(
                    spot,
                    format!("is left out: there are more than {} files", self.shared.limits.files_max),
                );
            }
            self.met.files.push(spot);
        }
    }

    fn found_folder(&mut self, spot: Spot, name: &OsStr, link: bool) {
        let Some(name) = name.to_str() else {
            return self.met.skipped.push((spot, "is a folder whose name is not UTF-8 text; rename it".to_owned()));
        };
        if !names::is_open_folder(name) || (spot.root == 0 && pages::is_page_folder(&spot.path)) {
            return;
        }
        if name.ends_with(names::ENDING) {
            self.met.skipped.push((spot, "is a folder with a file's name; it is not looked into".to_owned()));
        } else if link {
            self.links.push_back(spot);
        } else {
            self.folders.push_back(spot);
        }
    }

    /// Told for the first one only.
    fn too_many(&mut self, spot: Spot, why: String) {
        if !self.full {
            self.full = true;
            self.met.skipped.push((spot, why));
        }
    }
}

/// Whether a folder that is looked into stands at a place.
pub(super) fn is_folder(shared: &Shared, spot: &Spot) -> bool {
    let path = shared.roots.on_disk(spot);
    match take::look(&path) {
        Ok(Some(stat)) => match take::kind(&stat) {
            FileType::Directory => true,
            FileType::Symlink => path.is_dir(),
            _ => false,
        },
        _ => false,
    }
}
