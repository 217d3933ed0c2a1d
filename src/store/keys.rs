//! Where each thing stands in the store's one tree. Keys sort so that what is read together lies together. Pure.
//!
//! A row's key is one byte for what it is, then a number (big-endian, so that byte order is number order) or a name; each
//! chunk of the row adds its own number. Everything stands in one tree because a batch over one tree is atomic.

use crate::board::Seq;

/// An event of a task that has not been archived, or one without a task that is not yet published: `e` seq.
pub(super) const EVENT: u8 = b'e';
/// A published event that belongs to no task: `r` seq. Kept, never replayed.
pub(super) const LOOSE: u8 = b'r';
/// The history of an ended task: `h` end number.
pub(super) const HISTORY: u8 = b'h';
/// The summary of an ended task: `s` end number.
pub(super) const SUMMARY: u8 = b's';
/// A task name that was ever used: `n` name 0.
pub(super) const NAME: u8 = b'n';
/// What the store knows about itself: `m` name 0.
pub(super) const META: u8 = b'm';
/// What stands of a memory: `c` name 0.
pub(super) const MEMORY: u8 = b'c';
/// A revision of a memory: `v` name 0 revision.
pub(super) const REVISION: u8 = b'v';
/// Which revision a memory's file is known to hold: `f` name 0.
pub(super) const MIRRORED: u8 = b'f';
/// A part of the records: `t` name 0.
pub(super) const TALLY: u8 = b't';

/// The bytes that a chunk number takes at the end of a key.
const CHUNK_BYTES: usize = 2;

/// The key of a row that goes by number.
pub(super) fn numbered(what: u8, number: u64) -> Vec<u8> {
    let mut key = Vec::with_capacity(1 + 8 + CHUNK_BYTES);
    key.push(what);
    key.extend_from_slice(&number.to_be_bytes());
    key
}

/// The key of a row that goes by name. The zero byte keeps `a` apart from `ab`; no name holds one.
pub(super) fn named(what: u8, name: &str) -> Vec<u8> {
    let mut key = Vec::with_capacity(name.len() + 2 + CHUNK_BYTES);
    key.push(what);
    key.extend_from_slice(name.as_bytes());
    key.push(0);
    key
}

/// The key of a memory's revision. Those of one memory lie together, in their order.
pub(super) fn revision(name: &str, revision: u64) -> Vec<u8> {
    let mut key = named(REVISION, name);
    key.extend_from_slice(&revision.to_be_bytes());
    key
}

/// The name in the key of a row that goes by name; also in that of a revision.
pub(super) fn name(row: &[u8]) -> Option<&str> {
    let (_, rest) = row.split_first()?;
    let end = rest.iter().position(|byte| *byte == 0)?;
    std::str::from_utf8(&rest[..end]).ok()
}

/// The number in the key of a revision.
pub(super) fn revision_number(row: &[u8]) -> Option<u64> {
    row.last_chunk().map(|bytes| u64::from_be_bytes(*bytes))
}

/// The key of a live event.
pub(super) fn event(seq: Seq) -> Vec<u8> {
    numbered(EVENT, seq.0)
}

/// The key of a chunk of a row.
pub(super) fn chunk(row: &[u8], number: u16) -> Vec<u8> {
    let mut key = Vec::with_capacity(row.len() + CHUNK_BYTES);
    key.extend_from_slice(row);
    key.extend_from_slice(&number.to_be_bytes());
    key
}

/// Takes a chunk's key apart into the row's key and the chunk's number. `None` for a key that no row has.
pub(super) fn split(key: &[u8]) -> Option<(&[u8], u16)> {
    let (row, number) = key.split_last_chunk::<CHUNK_BYTES>()?;
    (!row.is_empty()).then(|| (row, u16::from_be_bytes(*number)))
}

/// The number in the key of a row that goes by number.
pub(super) fn number(row: &[u8]) -> Option<u64> {
    let (_, number) = row.split_first()?;
    Some(u64::from_be_bytes(number.try_into().ok()?))
}

/// A row's key in words, for messages.
pub(super) fn describe(row: &[u8]) -> String {
    let by_number = |what: &str| match number(row) {
        Some(number) => format!("{what} {number}"),
        None => format!("{what} with the key {row:02x?}"),
    };
    let by_name = |what: &str| {
        let name = row.get(1..).unwrap_or_default().split(|byte| *byte == 0).next().unwrap_or_default();
        format!("{what} {}", String::from_utf8_lossy(name))
    };
    match row.first() {
        Some(&EVENT | &LOOSE) => by_number("event"),
        Some(&HISTORY) => by_number("the history of ended task number"),
        Some(&SUMMARY) => by_number("the summary of ended task number"),
        Some(&NAME) => by_name("the entry of the task name"),
        Some(&META) => by_name("the store's own entry"),
        Some(&MEMORY) => by_name("the memory"),
        Some(&REVISION) => by_name(&format!("revision {} of the memory", revision_number(row).unwrap_or_default())),
        Some(&TALLY) => by_name("the records:"),
        Some(&MIRRORED) => by_name("the mark of the file of the memory"),
        _ => format!("an entry with the unknown key {row:02x?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_sort_by_number_and_chunks_by_event() {
        let mut keys: Vec<_> =
            [(256u64, 0u16), (1, 1), (1, 0), (255, 300)].iter().map(|&(n, c)| chunk(&numbered(EVENT, n), c)).collect();
        keys.sort();
        let read: Vec<_> = keys.iter().filter_map(|key| split(key)).map(|(row, c)| (number(row), c)).collect();
        assert_eq!(read, [(Some(1), 0), (Some(1), 1), (Some(255), 300), (Some(256), 0)]);
    }

    #[test]
    fn a_name_is_no_prefix_of_another() {
        assert!(!named(NAME, "review-auth").starts_with(&named(NAME, "review")));
    }
}
