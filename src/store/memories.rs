//! Memories in the store: what stands, every revision there ever was, and which revision each file is known to hold. They
//! change in the batch of the event that changes them, so they are never behind the journal.

use super::blobs::Blobs;
use super::engine::{Engine, Ops, Order};
use super::error::Error;
use super::journal::Store;
use super::keys;
use super::rows::{self, Row};
use crate::board::memory::{Hashed, Memories, Memory, MemoryChange, MemoryName};
use crate::board::{Event, Seq, Timestamp};
use serde::de::DeserializeOwned;
use serde::de::value::{Error as ValueError, StrDeserializer};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io;

/// Most revisions that one call returns.
pub const REVISIONS_MAX: usize = 1000;

/// One revision of a memory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revision {
    /// Its number, from 1, without gaps.
    pub revision: u64,
    /// The event that made it.
    pub seq: Seq,
    /// What it did.
    pub change: MemoryChange,
    /// The text that stands since; `None`: none does.
    pub content: Option<Hashed>,
    /// Who.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// Which revision a memory's file is known to hold, as it is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Mark {
    /// The revision.
    pub(super) revision: u64,
}

impl Store {
    /// What stands on the memory bus, to start from. Reads a row for each name.
    ///
    /// # Errors
    /// [`Error::Damaged`] names the first that cannot be read; nothing is skipped.
    pub fn memories(&self) -> Result<Memories, Error> {
        self.by_name(keys::MEMORY).map(Memories::new)
    }

    /// Which revision of each memory its file is known to hold.
    ///
    /// # Errors
    /// [`Error::Damaged`] or [`Error::Io`].
    pub fn mirrored(&self) -> Result<BTreeMap<MemoryName, u64>, Error> {
        let marks = self.by_name::<Mark>(keys::MIRRORED)?;
        Ok(marks.into_iter().map(|(name, mark)| (name, mark.revision)).collect())
    }

    /// Revisions of a memory, the newest first, at most `limit` and never more than [`REVISIONS_MAX`]. `before`: the number of
    /// the last one of the page before. Empty when there never was such a memory.
    ///
    /// # Errors
    /// [`Error::Damaged`] or [`Error::Io`].
    pub fn memory_history(&self, name: &MemoryName, before: Option<u64>, limit: usize) -> Result<Vec<Revision>, Error> {
        let limit = limit.min(REVISIONS_MAX);
        let mut page = Vec::new();
        if limit == 0 {
            return Ok(page);
        }
        let from = keys::revision(name.as_str(), 0);
        let to = keys::revision(name.as_str(), before.unwrap_or(u64::MAX));
        rows::scan(self.engine(), self.blobs(), &from, &to, Order::Down, |row, found| {
            page.push(read(self.engine(), row, &found?)?);
            Ok(page.len() < limit)
        })?;
        Ok(page)
    }

    /// One revision of a memory; `None` when there never was one of that number.
    ///
    /// # Errors
    /// [`Error::Damaged`] or [`Error::Io`].
    pub fn memory_revision(&self, name: &MemoryName, revision: u64) -> Result<Option<Revision>, Error> {
        let row = keys::revision(name.as_str(), revision);
        match rows::get(self.engine(), self.blobs(), &row)? {
            Some(found) => read(self.engine(), &row, &found).map(Some),
            None => Ok(None),
        }
    }

    /// Every row of one sort that goes by memory name.
    fn by_name<T: DeserializeOwned>(&self, what: u8) -> Result<BTreeMap<MemoryName, T>, Error> {
        let mut all = BTreeMap::new();
        let (from, to) = rows::all_of(what);
        rows::scan(self.engine(), self.blobs(), &from, &to, Order::Up, |row, found| {
            all.insert(name_of(self.engine(), row)?, read(self.engine(), row, &found?)?);
            Ok(true)
        })?;
        Ok(all)
    }
}

/// Memories as they will be once a batch is stored.
pub(super) struct Changes<'a> {
    engine: &'a Engine,
    blobs: &'a Blobs,
    /// The memories that the batch touches, with how many chunks the row of each takes now.
    touched: BTreeMap<MemoryName, (Memory, u16)>,
}

impl<'a> Changes<'a> {
    pub(super) fn new(engine: &'a Engine, blobs: &'a Blobs) -> Self {
        Self { engine, blobs, touched: BTreeMap::new() }
    }

    /// Takes an event in; one that is not about a memory changes nothing. Returns whether it was about one.
    pub(super) fn take(&mut self, ops: &mut Ops, seq: Seq, event: &Event) -> Result<bool, Error> {
        let name = match event {
            Event::MemoryRevised { at, name, revision, change, content, by } => {
                let (revision, change, content) = (*revision, change.clone(), content.clone());
                let row = keys::revision(name.as_str(), revision);
                let kept = Revision { revision, seq, change, content, by: by.clone(), at: *at };
                rows::put(ops, self.blobs, &row, false, &json(self.engine, &kept)?)?;
                name
            }
            Event::MemoryLeased { name, .. } => name,
            _ => return Ok(false),
        };
        if !self.touched.contains_key(name) {
            let row = keys::named(keys::MEMORY, name.as_str());
            let memory = match rows::get(self.engine, self.blobs, &row)? {
                Some(found) => (read(self.engine, &row, &found)?, found.chunks),
                None => (Memory::default(), 0),
            };
            self.touched.insert(name.clone(), memory);
        }
        if let Some((memory, _)) = self.touched.get_mut(name) {
            memory.take(event);
        }
        Ok(true)
    }

    /// Adds to `ops` what stores the touched memories.
    pub(super) fn store(self, ops: &mut Ops) -> Result<(), Error> {
        for (name, (memory, chunks)) in &self.touched {
            let row = keys::named(keys::MEMORY, name.as_str());
            rows::remove(ops, &row, *chunks);
            if !memory.is_nothing() {
                rows::put(ops, self.blobs, &row, false, &json(self.engine, memory)?)?;
            }
        }
        Ok(())
    }
}

/// Adds to `ops` what stores which revision a file is known to hold.
pub(super) fn put_mark(ops: &mut Ops, name: &MemoryName, revision: Option<u64>) {
    let row = keys::named(keys::MIRRORED, name.as_str());
    match revision {
        // A struct of one number always has a JSON form.
        Some(revision) => rows::put_short(ops, &row, &serde_json::to_vec(&Mark { revision }).unwrap_or_default()),
        None => rows::remove(ops, &row, 1),
    }
}

/// Reads the content of a memory's row.
pub(super) fn read<T: DeserializeOwned>(engine: &Engine, row: &[u8], found: &Row) -> Result<T, Error> {
    serde_json::from_slice(&found.content).map_err(|error| damaged(engine, row, error.to_string()))
}

/// The memory that a row belongs to.
pub(super) fn name_of(engine: &Engine, row: &[u8]) -> Result<MemoryName, Error> {
    // Not parsed: a name that was taken once stays one, also if the rules for new ones change.
    let name = keys::name(row).map(StrDeserializer::<ValueError>::new).map(MemoryName::deserialize);
    let name = name.ok_or_else(|| damaged(engine, row, "its key is cut short".to_owned()))?;
    name.map_err(|error| damaged(engine, row, error.to_string()))
}

fn damaged(engine: &Engine, row: &[u8], why: String) -> Error {
    Error::Damaged { what: keys::describe(row), path: engine.folder().to_owned(), why }
}

fn json(engine: &Engine, value: &impl Serialize) -> Result<Vec<u8>, Error> {
    serde_json::to_vec(value)
        .map_err(|error| Error::io("making the JSON of a memory of", engine.folder(), io::Error::from(error)))
}
