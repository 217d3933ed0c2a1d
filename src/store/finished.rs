//! Ended tasks: a summary each, for lists, and the compressed events, for whoever asks. Nothing of them is held in memory.

use super::engine::{Engine, Ops, Order};
use super::error::Error;
use super::journal::{Archive, Store};
use super::keys;
use super::names;
use super::rows::{self, Row};
use crate::board::{Event, Seq, TaskId};
use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;
use serde::{Deserialize, Serialize};
use std::io::{self, Read, Write};

/// Most summaries that one call returns.
pub const SUMMARIES_MAX: usize = 1000;

/// Longest history once unpacked, in bytes: what a damaged or hostile row may make us allocate.
const HISTORY_BYTES_MAX: u64 = 256 * 1024 * 1024;

/// An ended task in a list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Finished {
    /// Its number among the ended tasks, from 1; give it as `before` to get the page after.
    pub number: u64,
    /// The task.
    pub task: TaskId,
    /// What was kept of it for lists.
    pub summary: serde_json::Value,
}

/// How a summary is stored.
#[derive(Serialize, Deserialize)]
struct Stored {
    task: TaskId,
    summary: serde_json::Value,
}

/// Adds to `ops` what stores an ended task's summary.
pub(super) fn put_summary(ops: &mut Ops, store: &Store, number: u64, archive: &Archive) -> Result<(), Error> {
    let Archive { task, summary } = archive.clone();
    let content = serde_json::to_vec(&Stored { task, summary }).map_err(io::Error::from);
    let content = content.map_err(|error| unwritable(store.engine(), error))?;
    rows::put(ops, store.blobs(), &keys::numbered(keys::SUMMARY, number), false, &content)?;
    Ok(())
}

/// Adds to `ops` what stores an ended task's history: a JSON array of its events, each `[seq, event]`, compressed.
pub(super) fn put_history(ops: &mut Ops, store: &Store, number: u64, events: &[(Seq, Vec<u8>)]) -> Result<(), Error> {
    let packed = pack(events).map_err(|error| unwritable(store.engine(), error))?;
    rows::put(ops, store.blobs(), &keys::numbered(keys::HISTORY, number), true, &packed)?;
    Ok(())
}

fn unwritable(engine: &Engine, error: io::Error) -> Error {
    Error::io("packing an ended task for", engine.folder(), error)
}

fn pack(events: &[(Seq, Vec<u8>)]) -> io::Result<Vec<u8>> {
    let mut packer = DeflateEncoder::new(Vec::new(), Compression::fast());
    for (place, (seq, event)) in events.iter().enumerate() {
        write!(packer, "{}[{seq},", if place == 0 { '[' } else { ',' })?;
        packer.write_all(event)?;
        packer.write_all(b"]")?;
    }
    packer.write_all(if events.is_empty() { b"[]" } else { b"]" })?;
    packer.finish()
}

/// Reads a history's row.
pub(super) fn unpack(engine: &Engine, row: &[u8], found: &Row) -> Result<Vec<(Seq, Event)>, Error> {
    let damaged = |why: String| Error::Damaged { what: keys::describe(row), path: engine.folder().to_owned(), why };
    let mut content = Vec::new();
    if found.deflated {
        let mut unpacker = DeflateDecoder::new(found.content.as_slice()).take(HISTORY_BYTES_MAX + 1);
        unpacker.read_to_end(&mut content).map_err(|error| damaged(error.to_string()))?;
        if content.len() as u64 > HISTORY_BYTES_MAX {
            return Err(damaged(format!("unpacked it exceeds {HISTORY_BYTES_MAX} bytes")));
        }
    } else {
        content.clone_from(&found.content);
    }
    serde_json::from_slice(&content).map_err(|error| damaged(error.to_string()))
}

/// Reads a summary's row.
pub(super) fn read_summary(engine: &Engine, row: &[u8], found: &Row) -> Result<Finished, Error> {
    let damaged = |why: String| Error::Damaged { what: keys::describe(row), path: engine.folder().to_owned(), why };
    let number = keys::number(row).ok_or_else(|| damaged("its key is cut short".to_owned()))?;
    let Stored { task, summary } =
        serde_json::from_slice(&found.content).map_err(|error| damaged(error.to_string()))?;
    Ok(Finished { number, task, summary })
}

impl Store {
    /// All events of a task in order, whether it is open or has ended. `None` when there never was one of that name.
    ///
    /// # Errors
    /// [`Error::Damaged`] or [`Error::Io`].
    pub fn history(&self, task: &TaskId) -> Result<Option<Vec<(Seq, Event)>>, Error> {
        let ended = self.end_of(task)?;
        let mut events = Vec::new();
        if let Some(number) = ended {
            let row = keys::numbered(keys::HISTORY, number);
            let found = self.promised(&row)?;
            events = unpack(self.engine(), &row, &found)?;
        }
        for seq in self.live(task) {
            events.push((*seq, self.event(*seq)?));
        }
        Ok((ended.is_some() || !events.is_empty()).then_some(events))
    }

    /// The summary of an ended task; `None` when it is open or never was.
    ///
    /// # Errors
    /// [`Error::Damaged`] or [`Error::Io`].
    pub fn summary(&self, task: &TaskId) -> Result<Option<serde_json::Value>, Error> {
        let Some(number) = self.end_of(task)? else { return Ok(None) };
        let row = keys::numbered(keys::SUMMARY, number);
        let found = self.promised(&row)?;
        Ok(Some(read_summary(self.engine(), &row, &found)?.summary))
    }

    /// Ended tasks, the newest first, at most `limit` and never more than [`SUMMARIES_MAX`]. `before`: the number of the last
    /// one of the page before.
    ///
    /// # Errors
    /// [`Error::Damaged`] or [`Error::Io`].
    pub fn summaries(&self, before: Option<u64>, limit: usize) -> Result<Vec<Finished>, Error> {
        let limit = limit.min(SUMMARIES_MAX);
        let mut page = Vec::new();
        if limit == 0 {
            return Ok(page);
        }
        let (from, all) = rows::all_of(keys::SUMMARY);
        let to = before.map_or(all, |number| keys::numbered(keys::SUMMARY, number));
        rows::scan(self.engine(), self.blobs(), &from, &to, Order::Down, |row, found| {
            page.push(read_summary(self.engine(), row, &found?)?);
            Ok(page.len() < limit)
        })?;
        Ok(page)
    }

    /// Whether an ended task ended well: its summary's `ending` is `done`. `None` when it is open or never was.
    ///
    /// # Errors
    /// [`Error::Damaged`] or [`Error::Io`].
    pub fn ended_well(&self, task: &TaskId) -> Result<Option<bool>, Error> {
        let summary = self.summary(task)?;
        Ok(summary.map(|summary| summary.pointer("/ending/ending").and_then(serde_json::Value::as_str) == Some("done")))
    }

    fn end_of(&self, task: &TaskId) -> Result<Option<u64>, Error> {
        Ok(names::stored(self.engine(), self.blobs(), task)?.and_then(|name| name.end))
    }
}
