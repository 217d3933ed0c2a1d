//! Task names: each is given out once, for ever. A row for each name that was used says where counting goes on and where the
//! ended task's summary is. Reading one costs the same however many tasks there were.

use super::blobs::Blobs;
use super::engine::{Engine, Ops};
use super::error::Error;
use super::keys;
use super::rows;
use crate::board::TaskId;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What is known about a used name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Name {
    /// The first number from 2 on that may still be free behind this name.
    pub(super) next: u32,
    /// The number of the ended task that bears it; `None` while it is open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) end: Option<u64>,
}

/// Names as they will be once a batch is stored: what the batch changes, before what is stored.
pub(super) struct Names<'a> {
    engine: &'a Engine,
    blobs: &'a Blobs,
    changed: BTreeMap<TaskId, Name>,
}

impl<'a> Names<'a> {
    pub(super) fn new(engine: &'a Engine, blobs: &'a Blobs) -> Self {
        Self { engine, blobs, changed: BTreeMap::new() }
    }

    /// What is known about a name; `None` when it was never used.
    pub(super) fn get(&self, id: &TaskId) -> Result<Option<Name>, Error> {
        match self.changed.get(id) {
            Some(name) => Ok(Some(*name)),
            None => stored(self.engine, self.blobs, id),
        }
    }

    /// Takes down that a name is used now, and moves on the counter of the name it counts behind.
    pub(super) fn used(&mut self, id: &TaskId) -> Result<(), Error> {
        let name = self.get(id)?.unwrap_or(Name { next: 2, end: None });
        self.changed.insert(id.clone(), name);
        let Some((base, _)) = numbered(id) else { return Ok(()) };
        let Some(mut name) = self.get(&base)? else { return Ok(()) };
        let before = name.next;
        while self.get(&base.numbered(name.next))?.is_some() {
            name.next += 1;
        }
        if name.next != before {
            self.changed.insert(base, name);
        }
        Ok(())
    }

    /// Takes down that the bearer of a name has ended.
    pub(super) fn ended(&mut self, id: &TaskId, end: u64) -> Result<(), Error> {
        let name = self.get(id)?.unwrap_or(Name { next: 2, end: None });
        self.changed.insert(id.clone(), Name { end: Some(end), ..name });
        Ok(())
    }

    /// Adds to `ops` what stores the changes.
    pub(super) fn store(self, ops: &mut Ops) {
        for (id, name) in &self.changed {
            // A struct of two numbers always has a JSON form.
            let content = serde_json::to_vec(name).unwrap_or_default();
            rows::put_short(ops, &keys::named(keys::NAME, id.as_str()), &content);
        }
    }
}

/// What is stored about a name.
pub(super) fn stored(engine: &Engine, blobs: &Blobs, id: &TaskId) -> Result<Option<Name>, Error> {
    let row = keys::named(keys::NAME, id.as_str());
    let Some(found) = rows::get(engine, blobs, &row)? else { return Ok(None) };
    parse(engine, &row, &found.content).map(Some)
}

/// Reads the content of a name's row.
pub(super) fn parse(engine: &Engine, row: &[u8], content: &[u8]) -> Result<Name, Error> {
    serde_json::from_slice(content).map_err(|error| Error::Damaged {
        what: keys::describe(row),
        path: engine.folder().to_owned(),
        why: error.to_string(),
    })
}

/// The first of `wanted`, `wanted-2`, `wanted-3`, … that was never used and is not `taken`.
pub(super) fn free(
    engine: &Engine,
    blobs: &Blobs,
    wanted: &TaskId,
    taken: impl Fn(&TaskId) -> bool,
) -> Result<TaskId, Error> {
    let known = stored(engine, blobs, wanted)?;
    if known.is_none() && !taken(wanted) {
        return Ok(wanted.clone());
    }
    let mut number = known.map_or(2, |name| name.next);
    loop {
        let id = wanted.numbered(number);
        if !taken(&id) && stored(engine, blobs, &id)?.is_none() {
            return Ok(id);
        }
        number += 1;
    }
}

/// Takes `review-auth-2` apart into `review-auth` and 2. Only numbers that counting gives: from 2 on, no leading zero.
fn numbered(id: &TaskId) -> Option<(TaskId, u32)> {
    let (base, digits) = id.as_str().rsplit_once('-')?;
    let number: u32 = digits.parse().ok()?;
    let base = TaskId::parse(base)?;
    (number >= 2 && base.numbered(number) == *id).then_some((base, number))
}
