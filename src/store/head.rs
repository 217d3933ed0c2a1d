//! Reading the rows that are not about ended tasks: what the store knows about itself, the globals, single events.

use super::blobs::Blobs;
use super::engine::{Engine, Ops};
use super::error::Error;
use super::keys;
use super::rows::{self, Row};
use crate::board::state::Globals;
use crate::board::{Event, Seq};
use serde::{Deserialize, Serialize};

/// Version of the whole layout. Versions of single records are in [`super::record`].
const LAYOUT: u32 = 1;

/// What the store knows about itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Head {
    layout: u32,
    /// The last event ever appended.
    pub(super) last: Seq,
    /// How many tasks have ended.
    pub(super) ended: u64,
    /// The publishing cursor.
    pub(super) published: Seq,
}

/// What a new store holds.
pub(super) fn first() -> Ops {
    let mut ops = Ops::new();
    put(&mut ops, &Head { layout: LAYOUT, last: Seq(0), ended: 0, published: Seq(0) });
    ops
}

/// Adds to `ops` what stores the head.
pub(super) fn put(ops: &mut Ops, head: &Head) {
    // A struct of numbers always has a JSON form.
    rows::put_short(ops, &head_row(), &serde_json::to_vec(head).unwrap_or_default());
}

/// Reads the head. A store without one was not made by this program, or has lost its beginning.
pub(super) fn read(engine: &Engine, blobs: &Blobs) -> Result<Head, Error> {
    let unopenable = |what: String| Error::Unopenable { path: engine.folder().to_owned(), what, unchanged: false };
    let found =
        rows::get(engine, blobs, &head_row())?.ok_or_else(|| unopenable("its head entry is missing".to_owned()))?;
    let head: Head = serde_json::from_slice(&found.content)
        .map_err(|error| unopenable(format!("its head entry cannot be read: {error}")))?;
    if head.layout != LAYOUT {
        let layout = head.layout;
        return Err(unopenable(format!(
            "it has layout {layout}, and this program reads layout {LAYOUT}: a newer one wrote it"
        )));
    }
    Ok(head)
}

/// Reads the globals, the records among them, and how many chunks their own row takes. A store that never had any has the empty ones.
pub(super) fn read_globals(engine: &Engine, blobs: &Blobs) -> Result<(Globals, u16), Error> {
    let row = globals_row();
    let tallies = super::tallies::read_all(engine, blobs)?;
    let Some(found) = rows::get(engine, blobs, &row)? else {
        return Ok((Globals { tallies, ..Globals::default() }, 0));
    };
    let globals: Globals = serde_json::from_slice(&found.content).map_err(|error| Error::Damaged {
        what: keys::describe(&row),
        path: engine.folder().to_owned(),
        why: error.to_string(),
    })?;
    Ok((Globals { tallies, ..globals }, found.chunks))
}

/// Reads the row of an event.
pub(super) fn read_event(engine: &Engine, row: &[u8], found: &Row) -> Result<(Seq, Event), Error> {
    let damaged = |why: String| Error::Damaged { what: keys::describe(row), path: engine.folder().to_owned(), why };
    let seq = keys::number(row).ok_or_else(|| damaged("its key is cut short".to_owned()))?;
    let event = serde_json::from_slice(&found.content).map_err(|error| damaged(error.to_string()))?;
    Ok((Seq(seq), event))
}

/// The key of the head.
fn head_row() -> Vec<u8> {
    keys::named(keys::META, "head")
}

/// The key of the globals.
pub(super) fn globals_row() -> Vec<u8> {
    keys::named(keys::META, "globals")
}
