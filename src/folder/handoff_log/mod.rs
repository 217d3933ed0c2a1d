//! The handoff log, `communication/INTERCOMMUNICATION_LOG.md`: its exact form, its hash chain, reading and checking it.
//! The form is fixed in `docs/design/handoff-log.md`.

pub(crate) mod form;
mod read;
mod verify;

pub use read::{Entry, tail};
pub use verify::{Broken, Verified, verify};

use super::append::{Form, Standing};
use super::ink::Ink;
use crate::board::{LogEntry, Seq};

/// The file's name in `communication/`.
pub const NAME: &str = "INTERCOMMUNICATION_LOG.md";

/// The log as a file that grows.
#[derive(Debug)]
pub(crate) struct HandoffLog {
    /// How foreign text gets into it.
    pub(crate) ink: Ink,
    /// Longest field, in bytes before escaping.
    pub(crate) field_bytes_max: usize,
}

impl Form for HandoffLog {
    type Item = LogEntry;

    fn opening(&self) -> &'static str {
        form::OPENING
    }

    fn closing(&self) -> &'static str {
        form::CLOSING
    }

    fn find_end(&self, bytes: &[u8]) -> Standing {
        let spans = form::entries(bytes);
        let Some(last) = spans.last() else {
            return Standing { link: form::NO_ENTRY.to_owned(), ..Standing::default() };
        };
        let same = spans.iter().rev().take_while(|span| span.seq == last.seq).count();
        Standing {
            last: last.seq,
            same,
            link: form::hash(&bytes[last.start..last.end]),
            end: last.end,
            bounded: same < spans.len(),
        }
    }

    fn entry(&self, seq: Seq, item: &LogEntry, link: &str) -> (String, String) {
        let entry = form::entry(&self.ink, seq, item, link, self.field_bytes_max);
        let link = form::hash(entry.as_bytes());
        (entry, link)
    }

    fn is_torn(&self, _end: &[u8]) -> bool {
        false
    }
}
