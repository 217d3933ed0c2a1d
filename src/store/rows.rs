//! Rows: contents of any length, cut into chunks that the engine handles well, or put into a blob when they are long.

use super::blobs::{Blobs, Hash};
use super::engine::{Engine, Ops, Order};
use super::error::Error;
use super::keys;
use super::record::{self, Chunk, Form, PAYLOAD_BYTES_MAX};

/// A content beyond this goes into a blob, and the row holds only the blob's name.
const CHUNKS_MAX: usize = 8;

/// A row as it was read.
pub(super) struct Row {
    /// Whether the content is compressed.
    pub(super) deflated: bool,
    /// The content.
    pub(super) content: Vec<u8>,
    /// How many chunks it takes in the tree.
    pub(super) chunks: u16,
    /// The blob that holds the content, when it is long.
    pub(super) blob: Option<Hash>,
}

/// Adds to `ops` what stores a row, and returns how many chunks it takes. A long content is in its blob, durably, before this
/// returns.
pub(super) fn put(ops: &mut Ops, blobs: &Blobs, row: &[u8], deflated: bool, content: &[u8]) -> Result<u16, Error> {
    if content.len() > CHUNKS_MAX * PAYLOAD_BYTES_MAX {
        let hash = blobs.keep(&with_key(row, content))?;
        let mut name = hash.bytes().to_vec();
        name.extend_from_slice(&(content.len() as u64).to_be_bytes());
        Ok(put_chunks(ops, row, Form { deflated, spilled: true }, &name))
    } else {
        Ok(put_chunks(ops, row, Form { deflated, spilled: false }, content))
    }
}

/// Adds to `ops` what removes a row of so many chunks.
pub(super) fn remove(ops: &mut Ops, row: &[u8], chunks: u16) {
    for number in 0..chunks {
        ops.insert(keys::chunk(row, number), None);
    }
}

/// Reads a row.
pub(super) fn get(engine: &Engine, blobs: &Blobs, row: &[u8]) -> Result<Option<Row>, Error> {
    let key = keys::chunk(row, 0);
    match engine.get(&key)? {
        Some(value) => assemble(engine, blobs, row, &value, |key| engine.get(key)).map(Some),
        None => Ok(None),
    }
}

/// Hands the rows with keys from `from` (with it) to `to` (without it) to `each`, until it returns `false`.
pub(super) fn scan(
    engine: &Engine,
    blobs: &Blobs,
    from: &[u8],
    to: &[u8],
    order: Order,
    mut each: impl FnMut(&[u8], Result<Row, Error>) -> Result<bool, Error>,
) -> Result<(), Error> {
    let (mut from, mut to) = (from.to_vec(), to.to_vec());
    loop {
        let page = engine.page(&from, &to, order)?;
        for (key, value) in &page {
            let Some((row, number)) = keys::split(key) else { continue };
            if number == 0 && !each(row, assemble(engine, blobs, row, value, |key| engine.get(key)))? {
                return Ok(());
            }
        }
        match (page.last(), order) {
            (Some((last, _)), Order::Up) => from = [last.as_slice(), &[0]].concat(),
            (Some((last, _)), Order::Down) => to.clone_from(last),
            (None, _) => return Ok(()),
        }
        if page.len() < Engine::page_pairs() {
            return Ok(());
        }
    }
}

/// Every row that begins with one byte.
pub(super) fn all_of(what: u8) -> (Vec<u8>, Vec<u8>) {
    (vec![what], vec![what + 1])
}

/// Adds to `ops` what stores a row that is known to be short.
pub(super) fn put_short(ops: &mut Ops, row: &[u8], content: &[u8]) {
    put_chunks(ops, row, Form { deflated: false, spilled: false }, content);
}

fn put_chunks(ops: &mut Ops, row: &[u8], form: Form, content: &[u8]) -> u16 {
    // At most CHUNKS_MAX parts, so the numbers fit; an empty content still takes one.
    let count = u16::try_from(content.len().div_ceil(PAYLOAD_BYTES_MAX).max(1)).unwrap_or(u16::MAX);
    let parts = content.chunks(PAYLOAD_BYTES_MAX).chain(content.is_empty().then_some(&[][..]));
    for (number, payload) in (0..count).zip(parts) {
        let key = keys::chunk(row, number);
        let value = record::encode(&key, &Chunk { form, count, payload });
        ops.insert(key, Some(value));
    }
    count
}

fn assemble(
    engine: &Engine,
    blobs: &Blobs,
    row: &[u8],
    first: &[u8],
    more: impl Fn(&[u8]) -> Result<Option<Vec<u8>>, Error>,
) -> Result<Row, Error> {
    let damaged = |why: String| Error::Damaged { what: keys::describe(row), path: engine.folder().to_owned(), why };
    let head = record::decode(&keys::chunk(row, 0), first).map_err(&damaged)?;
    let mut content = head.payload.to_vec();
    for number in 1..head.count {
        let key = keys::chunk(row, number);
        let value = more(&key)?.ok_or_else(|| damaged(format!("part {number} of {} is missing", head.count)))?;
        let chunk = record::decode(&key, &value).map_err(&damaged)?;
        if (chunk.form, chunk.count) != (head.form, head.count) {
            return Err(damaged(format!("part {number} belongs to another version of it")));
        }
        content.extend_from_slice(chunk.payload);
    }
    let mut whole = Row { deflated: head.form.deflated, content, chunks: head.count, blob: None };
    if head.form.spilled {
        let hash = whole.content.first_chunk::<32>().map(|bytes| Hash::new(*bytes));
        let hash = hash.ok_or_else(|| damaged("the name of its blob is cut short".to_owned()))?;
        let kept = blobs.kept(&hash)?;
        let content = kept.strip_prefix(with_key(row, &[]).as_slice());
        whole.content = content.ok_or_else(|| damaged("its blob belongs to another entry".to_owned()))?.to_vec();
        whole.blob = Some(hash);
    }
    Ok(whole)
}

/// A spilled content begins with its row's key: so no two rows, and no text of a task, share its blob, and it can be removed
/// with its row.
fn with_key(row: &[u8], content: &[u8]) -> Vec<u8> {
    [&[u8::try_from(row.len()).unwrap_or(u8::MAX)], row, content].concat()
}
