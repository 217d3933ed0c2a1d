//! What one file is taken for: an echo of our own, a change, the new name of one that is away, something to be left alone.

use super::change::{Change, Found, Skipped};
use super::known::{Known, hex};
use super::pages;
use super::roots::Spot;
use super::run::{Mirror, RootState};
use super::stamp::Stamp;
use super::take::{self, Taken, Text};
use super::walk;
use super::{glance, names};
use crate::board::MemoryName;
use rustix::fs::FileType;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How soon a file is looked at again that changes faster than it can be read.
const AGAIN_AFTER: Duration = Duration::from_millis(20);

/// Files that are remembered as told; above it they are told again.
const TOLD_MAX: usize = 10_000;

impl Mirror {
    /// Something came to a path: `whole` when a file there was closed or moved in, else it was only made.
    pub(super) fn landed(&mut self, path: &Path, now: Instant, whole: bool) {
        let Some(spot) = self.shared.roots.spot(path) else { return };
        let is_file = path.file_name().and_then(|name| name.to_str()).is_some_and(names::is_memory_file);
        if spot.path.as_os_str().is_empty() {
            self.look_through(now);
        } else if !is_file {
            if walk::is_folder(&self.shared, &spot) && !(spot.root == 0 && pages::is_page_folder(&spot.path)) {
                self.look_into(spot, now, true);
            }
        } else if whole || is_whole_at_once(path) {
            self.later.remove(&spot);
            self.want(spot);
            self.want_links_to(path);
        }
    }

    /// Looks at the links that lead to a file that changed.
    fn want_links_to(&mut self, path: &Path) {
        if self.links.is_empty() {
            return;
        }
        let real = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        for link in self.links.get(&real).cloned().unwrap_or_default() {
            self.want(link);
        }
    }

    /// Something went from a path.
    pub(super) fn vanished(&mut self, path: &Path, now: Instant) {
        let Some(spot) = self.shared.roots.spot(path) else { return };
        if spot.path.as_os_str().is_empty() {
            return self.look_through(now);
        }
        let is_folder = self.shared.folders().by_spot.contains_key(&spot);
        if is_folder {
            return self.folder_vanished(&spot, now);
        }
        if let Ok(name) = self.shared.roots.name(&spot)
            && let Some(known) = self.shared.known(&name)
            && known.spot == spot
        {
            self.doubts.add(&name, &known, now + self.shared.limits.settle);
        }
    }

    fn folder_vanished(&mut self, folder: &Spot, now: Instant) {
        let below = |spot: &Spot| spot.root == folder.root && spot.path.starts_with(&folder.path);
        let due = now + self.shared.limits.settle;
        for (name, known) in &*self.shared.files() {
            if below(&known.spot) {
                self.doubts.add(name, known, due);
            }
        }
        let mut folders = self.shared.folders_mut();
        let gone: Vec<Spot> =
            folders.by_spot.range(folder..).map(|(spot, _)| spot).take_while(|spot| below(spot)).cloned().collect();
        for spot in gone {
            folders.remove(&spot);
        }
    }

    /// Looks at a file at the next opportunity; what was to be believed stays so.
    pub(super) fn want(&mut self, spot: Spot) {
        self.wanted.entry(spot).or_insert(false);
    }

    /// Looks at one file. `believed`: what is found stands, also if it may be half of something.
    pub(super) fn look_at(&mut self, spot: Spot, believed: bool, now: Instant) {
        let name = match self.shared.roots.name(&spot) {
            Ok(name) if name.is_own_page() => return,
            Ok(name) => name,
            Err(why) => return self.leave(&spot, why, Stamp::default()),
        };
        let known = self.shared.known(&name);
        if !self.is_its_file(&name, known.as_ref(), &spot) || (known.is_none() && glance::is_alias(&self.shared, &spot))
        {
            return;
        }
        match take::take(&self.shared, &spot) {
            Taken::Nothing => {
                self.told.remove(&spot);
                if let Some(known) = known.filter(|known| known.spot == spot) {
                    self.doubts.add(&name, &known, now + self.shared.limits.settle);
                }
            }
            Taken::Folder => {
                self.leave(&spot, "is a folder with a file's name; it is not looked into".to_owned(), Stamp::default())
            }
            Taken::Not(why, stamp) => {
                // It is there, so it is not gone; what it was last known to hold stands.
                self.doubts.remove(&name);
                self.leave(&spot, why, stamp);
            }
            Taken::Changing => {
                self.later.insert(spot, now + AGAIN_AFTER);
            }
            Taken::Text(text) => {
                if text.path != self.shared.roots.on_disk(&spot) {
                    self.links.entry(text.path.clone()).or_default().insert(spot.clone());
                }
                self.found_text(name, known.as_ref(), spot, text, believed, now);
            }
        }
    }

    /// Whether a file stands for its memory: when two do, spelled in different Unicode forms, the one in form C.
    fn is_its_file(&mut self, name: &MemoryName, known: Option<&Known>, spot: &Spot) -> bool {
        let Some(other) = known.map(|known| &known.spot).filter(|other| *other != spot) else { return true };
        if !matches!(take::look(&self.shared.roots.on_disk(other)), Ok(Some(_))) {
            return true;
        }
        let composed = *spot == self.shared.roots.place(name);
        let left = if composed { other.clone() } else { spot.clone() };
        self.leave(
            &left,
            format!("stands beside another file for the memory {name}; rename or remove one"),
            Stamp::default(),
        );
        composed
    }

    fn found_text(
        &mut self,
        name: MemoryName,
        known: Option<&Known>,
        spot: Spot,
        text: Text,
        believed: bool,
        now: Instant,
    ) {
        self.doubts.remove(&name);
        self.told.remove(&spot);
        if let Some(known) = known.filter(|known| known.hash == text.hash) {
            if known.spot == spot {
                self.shared.confirm(&name, &text.hash, text.stamp, now);
            } else {
                self.shared.remember(&name, spot, text.hash, text.stamp, now);
            }
            return;
        }
        // Editors that write in place empty the file first.
        if !believed && known.is_some() && text.text.is_empty() {
            self.later.insert(spot, now + self.shared.limits.settle);
            return;
        }
        let moved_from = match self.doubts.renamed(&text.stamp, &text.hash) {
            Some((_, due)) if known.is_none() && !believed => {
                // An editor may be about to put a new file where this one was: then it is a copy, not a rename.
                self.later.insert(spot, due);
                return;
            }
            Some((from, _)) if known.is_none() && self.is_away(&from) => Some(from),
            _ => None,
        };
        self.shared.remember(&name, spot, text.hash, text.stamp, now);
        self.out_bytes += text.text.len();
        let hash = hex(&text.hash);
        self.out.push_back(Change::Found(Found {
            name,
            text: text.text,
            hash,
            stamp: text.stamp,
            moved_from: moved_from.clone(),
        }));
        if let Some(from) = moved_from {
            self.doubts.remove(&from);
            self.tell_gone(from);
        }
    }

    fn is_away(&self, name: &MemoryName) -> bool {
        matches!(take::look(&self.shared.roots.on_disk(&self.shared.spot(name))), Ok(None))
    }

    /// Tells those as gone whose time has come and that are still away. While their root is away, nothing is said.
    pub(super) fn settle_doubts(&mut self, now: Instant) {
        if self.doubts.next_due().is_none_or(|due| due > now) {
            return;
        }
        self.check_roots(now);
        if self.roots.iter().any(|state| matches!(state, RootState::Away(_))) {
            return;
        }
        while let Some(name) = self.doubts.take_due(now) {
            let spot = self.shared.spot(&name);
            if self.is_away(&name) {
                self.tell_gone(name);
            } else {
                self.want(spot);
            }
        }
    }

    fn tell_gone(&mut self, name: MemoryName) {
        if let Some(known) = self.shared.forget(&name) {
            self.out.push_back(Change::Gone { name, was: hex(&known.hash) });
        }
    }

    /// Tells that a file is left alone, unless that was told of the file as it is.
    pub(super) fn leave(&mut self, spot: &Spot, why: String, stamp: Stamp) {
        let as_told = self.told.get(spot).is_some_and(|(told, before)| *told == why && *before == stamp);
        if as_told {
            return;
        }
        if self.told.len() >= TOLD_MAX {
            self.told.clear();
        }
        self.told.insert(spot.clone(), (why.clone(), stamp));
        let path = PathBuf::from(spot.path.to_string_lossy().into_owned());
        self.out.push_back(Change::Skipped(Skipped { path, why }));
    }
}

/// Whether what was just made is whole: a link, or a file that has another name. A file that is written is closed later.
fn is_whole_at_once(path: &Path) -> bool {
    match take::look(path) {
        Ok(Some(stat)) => take::kind(&stat) != FileType::RegularFile || stat.st_nlink > 1,
        _ => false,
    }
}
