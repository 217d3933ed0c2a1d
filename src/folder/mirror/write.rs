//! Writing and removing a memory's file: only what is expected is replaced, everything else is handed back.

use super::change::{Change, Found, Wrote};
use super::error::MirrorError;
use super::exchange::{self, Put};
use super::glance;
use super::known::{Hash, from_hex, hex};
use super::linger::{End, Kept};
use super::names;
use super::place::Place;
use super::roots::Spot;
use super::run::{Mirror, RootState};
use super::stamp::Stamp;
use super::take::{self, Taken, Text};
use crate::board::MemoryName;
use crate::folder::error::Error;
use rustix::fs::FileType;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// How often a file is looked at again that others replace while it is written.
const TRIES: usize = 4;

impl Mirror {
    /// Writes a memory's file, if it holds what is expected: the text with this hash, or nothing (`None`). The folders are made,
    /// a file's mode is kept, links to folders are followed, a file that holds the text already is not touched. Not durable
    /// before [`Self::flush`].
    ///
    /// # Errors
    /// What stands there is no memory's file (a folder, a link that leaves, not UTF-8), or the file system said no.
    pub fn write(&mut self, name: &MemoryName, text: &str, expected: Option<&str>) -> Result<Wrote, MirrorError> {
        let spot = self.writable(name)?;
        let ours = take::hash(text);
        for _ in 0..TRIES {
            let there = match self.there(&spot)? {
                None if expected.is_some() => return Ok(self.away(name)),
                Some(there) if there.hash == ours => {
                    self.arrived(name, &spot, ours, there.stamp);
                    self.unflushed.file(&there.path);
                    return Ok(Wrote::Done);
                }
                Some(there) if expected.and_then(from_hex) != Some(there.hash) => {
                    return Ok(self.hand_back(name, spot, there));
                }
                there => there,
            };
            if let Some(stamp) = self.put(name, &spot, there.as_ref(), text, &ours)? {
                self.arrived(name, &spot, ours, stamp);
                return Ok(Wrote::Done);
            }
        }
        Err(busy(&spot))
    }

    /// Removes a memory's file, if it holds the text with this hash, and the folders that were made for it and are empty now.
    /// One that is not there is [`Wrote::Done`].
    ///
    /// # Errors
    /// As for [`Self::write`].
    pub fn remove(&mut self, name: &MemoryName, expected: &str) -> Result<Wrote, MirrorError> {
        let spot = self.shared.spot(name);
        if glance::is_alias(&self.shared, &spot) {
            return Ok(Wrote::Done);
        }
        for _ in 0..TRIES {
            let Some(there) = self.there(&spot)? else {
                self.removed(name, &spot);
                return Ok(Wrote::Done);
            };
            if from_hex(expected) != Some(there.hash) {
                return Ok(self.hand_back(name, spot, there));
            }
            if self.take_away(name, &spot, &there)? {
                self.removed(name, &spot);
                return Ok(Wrote::Done);
            }
        }
        Err(busy(&spot))
    }

    /// Makes everything durable that was written and removed so far. Marks of it may be stored after that, not before.
    ///
    /// # Errors
    /// The file system said no: nothing of it may be taken for durable.
    pub fn flush(&mut self) -> Result<(), MirrorError> {
        self.unflushed.flush()?;
        for stray in self.strays.drain(..) {
            let _gone_already = std::fs::remove_file(stray);
        }
        Ok(())
    }

    /// Where a memory may be written, its root there.
    fn writable(&mut self, name: &MemoryName) -> Result<Spot, MirrorError> {
        let spot = self.spelled(self.shared.spot(name));
        let root = self.shared.roots.path(spot.root).to_owned();
        if !root.is_dir() {
            if self.roots.get(spot.root) != Some(&RootState::Never) {
                return Err(MirrorError::RootMissing { root });
            }
            std::fs::create_dir_all(&root).map_err(|error| Error::io(&root, "create the folder", error))?;
            self.rescan_at = Some(Instant::now());
        }
        if glance::is_alias(&self.shared, &spot) {
            let why = "lies in a folder that is linked here and has its memories under another name".to_owned();
            return Err(MirrorError::Refused { path: spot.path, why });
        }
        Ok(spot)
    }

    /// The place with its folder spelled as it is on the disk, where one of the same name in another Unicode form stands.
    fn spelled(&self, spot: Spot) -> Spot {
        let (Some(folder), Some(file)) = (spot.path.parent().and_then(Path::to_str), spot.path.file_name()) else {
            return spot;
        };
        if folder.is_empty() || self.shared.roots.on_disk(&Spot::new(spot.root, folder)).exists() {
            return spot;
        }
        let same = |known: &&Spot| {
            known.root == spot.root && known.path.to_str().map(names::composed).as_deref() == Some(folder)
        };
        match self.shared.folders().by_spot.keys().find(same) {
            Some(known) => Spot::new(known.root, known.path.join(file)),
            None => spot,
        }
    }

    /// What stands at a place, behind its links.
    fn there(&self, spot: &Spot) -> Result<Option<Text>, MirrorError> {
        let refused = |why: &str| Err(MirrorError::Refused { path: spot.path.clone(), why: why.to_owned() });
        match take::take(&self.shared, spot) {
            Taken::Nothing => Ok(None),
            Taken::Text(text) => Ok(Some(text)),
            Taken::Not(why, _) => refused(&why),
            Taken::Folder => refused("is a folder"),
            Taken::Changing => Err(busy(spot)),
        }
    }

    /// Puts a text into its place; its stamp, or `None` when something else stands there by now.
    fn put(
        &mut self,
        name: &MemoryName,
        spot: &Spot,
        there: Option<&Text>,
        text: &str,
        ours: &Hash,
    ) -> Result<Option<Stamp>, MirrorError> {
        let path = match there {
            Some(there) => there.path.clone(),
            None => {
                self.make_folders(spot)?;
                self.shared.roots.on_disk(spot)
            }
        };
        let place = Place::open(&path)?;
        let temporary = self.temporary(&place);
        let stamp = place.write_new(&temporary, text.as_bytes(), there.map(|there| there.mode))?;
        #[cfg(test)]
        if let Some(between) = &mut self.between {
            between();
        }
        let bytes_max = self.shared.limits.memory_bytes_max;
        let put = match there {
            None => exchange::put_new(&place, &temporary),
            Some(there) => exchange::put_over(&place, &temporary, ours, &there.hash, bytes_max),
        };
        let put = put.inspect_err(|_| place.unlink(&temporary))?;
        let done = self.keep(put, name, spot, place, temporary, Some(*ours));
        if done {
            self.unflushed.file(&path);
        }
        Ok(done.then_some(stamp))
    }

    fn take_away(&mut self, name: &MemoryName, spot: &Spot, there: &Text) -> Result<bool, MirrorError> {
        // Of a link, the link goes, and what it leads to stays.
        let path = self.shared.roots.on_disk(spot);
        let is_link = matches!(take::look(&path), Ok(Some(stat)) if take::kind(&stat) == FileType::Symlink);
        self.unflushed.folder_of(&path);
        if is_link {
            std::fs::remove_file(&path).map_err(|error| Error::io(&path, "remove", error))?;
            return Ok(true);
        }
        let place = Place::open(&path)?;
        let temporary = self.temporary(&place);
        #[cfg(test)]
        if let Some(between) = &mut self.between {
            between();
        }
        let put = exchange::take_away(&place, &temporary, &there.hash, self.shared.limits.memory_bytes_max)?;
        Ok(self.keep(put, name, spot, place, temporary, None))
    }

    /// Keeps what came out of a place for a moment, and hands over others' texts that came and went; whether it was done.
    fn keep(
        &mut self,
        put: Put,
        name: &MemoryName,
        spot: &Spot,
        place: Place,
        temporary: String,
        ours: Option<Hash>,
    ) -> bool {
        match put {
            Put::Done(Some((hash, stamp))) => {
                let due = Instant::now() + self.shared.limits.settle;
                let (name, spot) = (name.clone(), spot.clone());
                self.linger.keep(Kept { name, spot, place, temporary, hash, stamp, ours, due, more: 0 });
                if self.linger.is_full() {
                    self.end_lingering(Instant::now());
                }
                true
            }
            Put::Done(None) => true,
            Put::Again(others) => {
                for (text, hash, stamp) in others {
                    self.stray(name.clone(), text, &hash, stamp);
                }
                false
            }
        }
    }

    fn stray(&mut self, name: MemoryName, text: String, hash: &Hash, stamp: Stamp) {
        self.out_bytes += text.len();
        self.out.push_back(Change::Stray(Found { name, text, hash: hex(hash), stamp, moved_from: None }));
    }

    /// Ends the keeping of files that were replaced, where nobody wrote into them any more.
    pub(super) fn end_lingering(&mut self, now: Instant) {
        let limits = self.shared.limits;
        for (end, kept) in self.linger.end(now, limits.settle, limits.memory_bytes_max) {
            match end {
                End::Same => {}
                End::Back => self.want(kept.spot.clone()),
                End::Stray(text, hash, stamp) => self.stray(kept.name.clone(), text, &hash, stamp),
            }
            if kept.ours.is_none() {
                self.remove_empty_folders(&kept.spot);
            }
        }
    }

    /// A temporary name that is free: one that a crash left keeps its text until that is handed out.
    fn temporary(&mut self, place: &Place) -> String {
        loop {
            self.number = self.number.wrapping_add(1);
            let temporary = names::temporary(&place.file, self.number);
            if place.is_free(&temporary) {
                return temporary;
            }
        }
    }

    /// The file holds this now, by our own doing.
    fn arrived(&mut self, name: &MemoryName, spot: &Spot, hash: Hash, stamp: Stamp) {
        self.doubts.remove(name);
        self.told.remove(spot);
        self.shared.remember(name, spot.clone(), hash, stamp, Instant::now());
    }

    fn removed(&mut self, name: &MemoryName, spot: &Spot) {
        self.doubts.remove(name);
        self.shared.forget(name);
        if self.linger.next_due().is_none() {
            self.remove_empty_folders(spot);
        }
    }

    /// The file holds something that nobody knew of.
    fn hand_back(&mut self, name: &MemoryName, spot: Spot, there: Text) -> Wrote {
        self.arrived(name, &spot, there.hash, there.stamp);
        let hash = hex(&there.hash);
        Wrote::Found(Found { name: name.clone(), text: there.text, hash, stamp: there.stamp, moved_from: None })
    }

    /// The file that was expected is away; whether for good is settled like any other absence.
    fn away(&mut self, name: &MemoryName) -> Wrote {
        if let Some(known) = self.shared.known(name) {
            self.doubts.add(name, &known, Instant::now() + self.shared.limits.settle);
        }
        Wrote::Gone
    }

    /// Makes the folders of a place that are missing, and remembers which.
    fn make_folders(&mut self, spot: &Spot) -> Result<(), MirrorError> {
        let mut missing: Vec<PathBuf> = Vec::new();
        let mut folder = spot.path.parent();
        while let Some(path) = folder.filter(|path| !path.as_os_str().is_empty()) {
            if self.shared.roots.on_disk(&Spot::new(spot.root, path)).exists() {
                break;
            }
            missing.push(path.to_owned());
            folder = path.parent();
        }
        for path in missing.into_iter().rev() {
            let made = Spot::new(spot.root, path);
            let path = self.shared.roots.on_disk(&made);
            match std::fs::create_dir(&path) {
                Ok(()) => {
                    self.unflushed.folder_of(&path);
                    self.made.insert(made);
                }
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(Error::io(&path, "create the folder", error).into()),
            }
        }
        Ok(())
    }

    /// Removes the folders above a place that we made and that are empty.
    fn remove_empty_folders(&mut self, spot: &Spot) {
        let mut folder = spot.path.parent().map(Path::to_owned);
        while let Some(path) = folder {
            let made = Spot::new(spot.root, path.clone());
            if !self.made.contains(&made) || std::fs::remove_dir(self.shared.roots.on_disk(&made)).is_err() {
                return;
            }
            self.made.remove(&made);
            self.shared.folders_mut().remove(&made);
            folder = path.parent().map(Path::to_owned);
        }
    }
}

fn busy(spot: &Spot) -> MirrorError {
    MirrorError::Refused {
        path: spot.path.clone(),
        why: "is being changed by somebody else at this moment; try again".to_owned(),
    }
}
