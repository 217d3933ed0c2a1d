//! Reading everything once to see whether it is whole, for `synod doctor --store`. Repairs nothing.

use super::blobs::Blobs;
use super::engine::{Engine, Order};
use super::error::Error;
use super::finished;
use super::head;
use super::journal::Store;
use super::keys;
use super::memories::{self, Mark, Revision};
use super::names;
use super::opening;
use super::rows::{self, Row};
use crate::board::memory::Memory;
use crate::board::text::Text;
use crate::board::{Seq, TaskId};
use serde::Serialize;
use std::path::Path;

/// Most damages that a report lists; more are counted.
const LISTED_MAX: usize = 100;

/// Every sort of row but the store's own entries, which are read first.
const ROWS: [u8; 8] =
    [keys::EVENT, keys::LOOSE, keys::HISTORY, keys::SUMMARY, keys::NAME, keys::MEMORY, keys::REVISION, keys::MIRRORED];

/// What a walk through the whole store found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Events in the journal.
    pub events: u64,
    /// The last event ever appended, as the head entry tells; 0 in a new store, or when that entry is damaged.
    pub last: Seq,
    /// Ended tasks.
    pub ended: u64,
    /// Task names ever used.
    pub names: u64,
    /// Memories, those taken away included.
    pub memories: u64,
    /// Revisions of memories.
    pub revisions: u64,
    /// Texts of events and memories that are kept as blobs, each read and compared with its hash.
    pub blobs: u64,
    /// What is damaged, the first hundred.
    pub damages: Vec<Damage>,
    /// How many damages there are in all.
    pub damages_total: u64,
}

/// One thing that is not as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// What it is and where.
    pub what: String,
}

impl Report {
    /// Whether everything is as it was written.
    pub fn is_whole(&self) -> bool {
        self.damages_total == 0
    }

    fn damage(&mut self, what: impl ToString) {
        self.damages_total += 1;
        if self.damages.len() < LISTED_MAX {
            self.damages.push(Damage { what: what.to_string() });
        }
    }
}

/// Walks through a store that no process has open.
///
/// # Errors
/// The store cannot be opened at all; damage inside it is in the report.
pub fn verify(store_dir: &Path, blobs_dir: &Path) -> Result<Report, Error> {
    opening::refuse_what_is_no_store(store_dir)?;
    let (engine, _) = Engine::open(store_dir)?;
    let blobs = Blobs::open(blobs_dir)?;
    walk(&engine, &blobs)
}

impl Store {
    /// Walks through the whole store; takes as long as reading all of it.
    ///
    /// # Errors
    /// The store cannot be read at all; damage inside it is in the report.
    pub fn verify(&self) -> Result<Report, Error> {
        walk(self.engine(), self.blobs())
    }
}

fn walk(engine: &Engine, blobs: &Blobs) -> Result<Report, Error> {
    let mut report = Report::default();
    let last = match head::read(engine, blobs) {
        Ok(head) => {
            report.last = head.last;
            head.last
        }
        Err(error) => {
            report.damage(error);
            Seq(u64::MAX)
        }
    };
    if let Err(error) = head::read_globals(engine, blobs) {
        report.damage(error);
    }
    for what in ROWS {
        let (from, to) = rows::all_of(what);
        rows::scan(engine, blobs, &from, &to, Order::Up, |row, found| {
            let looked = found.and_then(|found| look(&mut report, engine, blobs, row, &found, last));
            if let Err(error) = looked {
                report.damage(error);
            }
            Ok(true)
        })?;
    }
    Ok(report)
}

/// Reads one row for what it is.
fn look(report: &mut Report, engine: &Engine, blobs: &Blobs, row: &[u8], found: &Row, last: Seq) -> Result<(), Error> {
    match row.first() {
        Some(&keys::EVENT | &keys::LOOSE) => {
            report.events += 1;
            let (seq, event) = head::read_event(engine, row, found)?;
            if seq > last {
                report
                    .damage(format!("event {seq} lies beyond event {last}, the last one according to the head entry"));
            }
            texts(report, blobs, &event);
        }
        Some(&keys::HISTORY) => {
            for (_, event) in finished::unpack(engine, row, found)? {
                texts(report, blobs, &event);
            }
        }
        Some(&keys::SUMMARY) => {
            report.ended += 1;
            let ended = finished::read_summary(engine, row, found)?;
            bears(report, engine, blobs, &ended.task, ended.number)?;
        }
        Some(&keys::MEMORY) => memory(report, engine, blobs, row, found)?,
        Some(&keys::REVISION) => {
            report.revisions += 1;
            let kept: Revision = memories::read(engine, row, found)?;
            texts(report, blobs, &kept);
            is_known(report, engine, blobs, row, kept.revision)?;
        }
        Some(&keys::MIRRORED) => {
            let mark: Mark = memories::read(engine, row, found)?;
            is_known(report, engine, blobs, row, mark.revision)?;
        }
        _ => {
            report.names += 1;
            let name = names::parse(engine, row, &found.content)?;
            for what in name
                .end
                .map(|end| [keys::HISTORY, keys::SUMMARY].map(|what| keys::numbered(what, end)))
                .iter()
                .flatten()
            {
                if engine.get(&keys::chunk(what, 0))?.is_none() {
                    report.damage(format!("{} names {}, which is missing", keys::describe(row), keys::describe(what)));
                }
            }
        }
    }
    Ok(())
}

/// An ended task and its name must name each other.
fn bears(report: &mut Report, engine: &Engine, blobs: &Blobs, task: &TaskId, number: u64) -> Result<(), Error> {
    let end = names::stored(engine, blobs, task)?.and_then(|name| name.end);
    if end != Some(number) {
        report.damage(format!("ended task number {number} is {task}, but that name leads to {end:?}"));
    }
    Ok(())
}

/// A memory names all its revisions, up to the newest.
fn memory(report: &mut Report, engine: &Engine, blobs: &Blobs, row: &[u8], found: &Row) -> Result<(), Error> {
    report.memories += 1;
    let memory: Memory = memories::read(engine, row, found)?;
    texts(report, blobs, &memory);
    let name = memories::name_of(engine, row)?;
    for revision in 1..=memory.revision {
        let row = keys::revision(name.as_str(), revision);
        if engine.get(&keys::chunk(&row, 0))?.is_none() {
            report.damage(format!("{} is missing", keys::describe(&row)));
        }
    }
    Ok(())
}

/// A revision that a row names must be one of its memory's.
fn is_known(report: &mut Report, engine: &Engine, blobs: &Blobs, row: &[u8], revision: u64) -> Result<(), Error> {
    let name = memories::name_of(engine, row)?;
    let of = keys::named(keys::MEMORY, name.as_str());
    let memory: Option<Memory> = match rows::get(engine, blobs, &of)? {
        Some(found) => Some(memories::read(engine, &of, &found)?),
        None => None,
    };
    let newest = memory.map_or(0, |memory| memory.revision);
    if revision == 0 || revision > newest {
        report.damage(format!(
            "{} names revision {revision}, and the newest of that memory is {newest}",
            keys::describe(row)
        ));
    }
    Ok(())
}

/// Reads the blobs that an event or a memory names.
fn texts(report: &mut Report, blobs: &Blobs, named: &impl Serialize) {
    // Every text has the same JSON form wherever it stands, so new kinds of events need nothing here.
    let Ok(json) = serde_json::to_value(named) else { return };
    let mut rest = vec![&json];
    while let Some(value) = rest.pop() {
        match value {
            serde_json::Value::Array(items) => rest.extend(items),
            serde_json::Value::Object(fields) => {
                rest.extend(fields.values());
                let is_blob = fields.get("in").is_some_and(|form| form == "blob");
                if let (true, Ok(text)) = (is_blob, serde_json::from_value::<Text>(value.clone())) {
                    report.blobs += 1;
                    if let Err(error) = blobs.get(&text) {
                        report.damage(error);
                    }
                }
            }
            _ => {}
        }
    }
}
