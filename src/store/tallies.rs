//! The records' rows: one for each part (all time, a day, a worker), so that a commit writes only the parts that changed.

use super::blobs::{Blobs, Hash};
use super::engine::{Engine, Ops, Order};
use super::error::Error;
use super::journal::Store;
use super::keys;
use super::memories::read;
use super::rows;
use crate::board::WorkerName;
use crate::board::tally::{Day, Tallies};
use serde::Serialize;
use std::io;
use std::sync::Arc;

/// The row of the sums over all time.
const ALL: &str = "all";
/// The row of the cases that patches may yet change.
const CASES: &str = "cases";
/// The row of the imported files' hashes.
const IMPORTS: &str = "imports";
/// A day's row: this and the day.
const DAY: &str = "day ";
/// A worker's row: this and its name.
const WORKER: &str = "worker ";

/// Adds to `ops` what stores the parts of `new` that differ from what is stored. Returns the blobs that nothing names any more.
pub(super) fn put(store: &Store, ops: &mut Ops, new: &Tallies) -> Result<Vec<Hash>, Error> {
    let old = &store.globals().tallies;
    let mut changes = Changes { store, ops, unused: Vec::new() };
    changes.part(ALL, Some(&old.all), &new.all)?;
    changes.part(IMPORTS, Some(&old.imports), &new.imports)?;
    changes.part(CASES, Some(&old.cases), &new.cases)?;
    for (day, slice) in &new.days {
        changes.part(&format!("{DAY}{day}"), old.days.get(day), slice)?;
    }
    for (worker, pairs) in &new.pairs {
        changes.part(&format!("{WORKER}{worker}"), old.pairs.get(worker), pairs)?;
    }
    // Days are forgotten when they are too many; nothing else ever goes.
    for day in old.days.keys().filter(|day| !new.days.contains_key(*day)) {
        changes.clear(&keys::named(keys::TALLY, &format!("{DAY}{day}")))?;
    }
    Ok(changes.unused)
}

struct Changes<'a> {
    store: &'a Store,
    ops: &'a mut Ops,
    unused: Vec<Hash>,
}

impl Changes<'_> {
    fn part<T: Serialize + PartialEq>(&mut self, name: &str, old: Option<&Arc<T>>, new: &Arc<T>) -> Result<(), Error> {
        // The pointer settles it for most; equal contents would share a blob, which must not be taken away.
        if old.is_some_and(|old| Arc::ptr_eq(old, new) || old == new) {
            return Ok(());
        }
        let row = keys::named(keys::TALLY, name);
        self.clear(&row)?;
        let json = serde_json::to_vec(new.as_ref()).map_err(|error| {
            Error::io("making the JSON of the records of", self.store.engine().folder(), io::Error::from(error))
        })?;
        rows::put(self.ops, self.store.blobs(), &row, false, &json).map(drop)
    }

    /// Takes a row away, if there is one.
    fn clear(&mut self, row: &[u8]) -> Result<(), Error> {
        if let Some(found) = rows::get(self.store.engine(), self.store.blobs(), row)? {
            rows::remove(self.ops, row, found.chunks);
            self.unused.extend(found.blob);
        }
        Ok(())
    }
}

/// Reads all of them. A store that never had any has empty ones.
pub(super) fn read_all(engine: &Engine, blobs: &Blobs) -> Result<Tallies, Error> {
    let mut all = Tallies::default();
    let (from, to) = rows::all_of(keys::TALLY);
    rows::scan(engine, blobs, &from, &to, Order::Up, |row, found| {
        let found = found?;
        let name = keys::name(row).unwrap_or_default();
        if let Some(day) = name.strip_prefix(DAY).and_then(Day::parse) {
            all.days.insert(day, read(engine, row, &found)?);
        } else if let Some(worker) = name.strip_prefix(WORKER) {
            all.pairs.insert(WorkerName::new(worker), read(engine, row, &found)?);
        } else if name == ALL {
            all.all = read(engine, row, &found)?;
        } else if name == IMPORTS {
            all.imports = read(engine, row, &found)?;
        } else if name == CASES {
            all.cases = read(engine, row, &found)?;
        }
        Ok(true)
    })?;
    Ok(all)
}
