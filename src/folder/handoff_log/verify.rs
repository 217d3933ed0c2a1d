//! Checking the whole chain, as a stream: memory does not grow with the log.

use super::form;
use crate::folder::error::Error;
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

/// A log whose chain holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verified {
    /// Entries in it.
    pub entries: u64,
    /// The journal number of the last one.
    pub last_seq: Option<u64>,
    /// Passages between entries that are no entry: people's notes, torn beginnings. The chain does not cover them.
    pub notes: u64,
}

/// The first place at which the chain does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// The journal number of the first altered entry; `None` when the alteration made it unreadable.
    pub seq: Option<u64>,
    /// The line of its heading, from 1.
    pub line: u64,
    /// What does not fit, for a person.
    pub why: String,
}

/// Longest piece of a line held at once, in bytes; no line of an entry is longer.
const LINE_BYTES_MAX: u64 = 256 << 10;

/// Checks the whole chain. The outer error is about reading the file; a log that is not there has no entries.
pub fn verify(path: &Path) -> Result<Result<Verified, Broken>, Error> {
    let io = |error| Error::io(path, "read", error);
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Ok(Verified::default())),
        Err(error) => return Err(io(error)),
    };
    let mut reader = BufReader::with_capacity(64 << 10, file);
    let mut chain = Chain::default();
    let mut piece = Vec::new();
    loop {
        piece.clear();
        let read = (&mut reader).take(LINE_BYTES_MAX).read_until(b'\n', &mut piece).map_err(io)?;
        if read == 0 {
            return Ok(chain.end());
        }
        if let Some(broken) = chain.piece(&piece) {
            return Ok(Err(broken));
        }
    }
}

/// Where an entry stands and what it is.
#[derive(Clone, Debug)]
struct Link {
    seq: u64,
    line: u64,
    hash: String,
}

/// An entry being read: its lines up to now.
struct Open {
    line: u64,
    hash: Sha256,
}

/// A break that was seen; which side of it was altered shows at the entry after it.
struct Suspect {
    before: Option<Link>,
    at: Link,
}

/// How far the check has come.
#[derive(Default)]
struct Chain {
    done: Verified,
    line: u64,
    within_line: bool,
    open: Option<Open>,
    last: Option<Link>,
    suspect: Option<Suspect>,
    /// The line of a heading behind the last entry that no comment followed.
    abandoned: Option<u64>,
    in_note: bool,
}

impl Chain {
    /// Takes the next line, or a piece of a line that is too long for any entry.
    fn piece(&mut self, piece: &[u8]) -> Option<Broken> {
        let starts = !self.within_line;
        self.within_line = !piece.ends_with(b"\n");
        self.line += u64::from(starts);
        if starts && form::is_heading(piece) {
            self.abandon();
            self.open = Some(Open { line: self.line, hash: Sha256::new() });
        }
        let found = starts.then(|| form::comment(piece)).flatten();
        match (found, self.open.take()) {
            (Some(found), Some(mut open)) => {
                open.hash.update(&piece[..found.length]);
                let link = Link { seq: found.seq, line: open.line, hash: form::hex(&open.hash.finalize()) };
                self.link(link, found.before)
            }
            (None, Some(mut open)) => {
                open.hash.update(piece);
                self.open = Some(open);
                None
            }
            // A comment without a heading is what is left of an entry whose heading was altered.
            (Some(found), None) => {
                let fits = self.last.as_ref().map_or(form::NO_ENTRY, |last| last.hash.as_str()) == found.before;
                let why = format!(
                    "the heading of entry {} is missing or altered{}",
                    found.seq,
                    if fits { "" } else { ", or an entry before it is" }
                );
                Some(self.resolve(false).unwrap_or(Broken { seq: Some(found.seq), line: self.line, why }))
            }
            (None, None) => {
                self.outside(piece);
                None
            }
        }
    }

    /// Takes a whole entry that says `before` of the one before it.
    fn link(&mut self, link: Link, before: &str) -> Option<Broken> {
        self.in_note = false;
        let expected = self.last.as_ref().map_or(form::NO_ENTRY, |last| last.hash.as_str());
        let fits = expected == before;
        if self.suspect.is_some() {
            return self.resolve(fits);
        }
        if fits && self.last.as_ref().is_some_and(|last| last.seq > link.seq) {
            let why = format!("entry {} stands behind one with a higher number", link.seq);
            return Some(Broken { seq: Some(link.seq), line: link.line, why });
        }
        let abandoned = self.abandoned.take();
        if !fits {
            if let Some(line) = abandoned {
                let why = format!(
                    "the entry that begins here has lost its comment; entry {} (line {}) knows of it",
                    link.seq, link.line
                );
                return Some(Broken { seq: None, line, why });
            }
            self.suspect = Some(Suspect { before: self.last.clone(), at: link.clone() });
        }
        self.done.entries += 1;
        self.done.last_seq = Some(link.seq);
        self.last = Some(link);
        None
    }

    /// Names the altered entry. When the one after the break vouches for the entry at the break (`fits`), the fault lies
    /// before it.
    fn resolve(&mut self, fits: bool) -> Option<Broken> {
        let Suspect { before, at } = self.suspect.take()?;
        Some(match before {
            Some(before) if fits => Broken {
                seq: Some(before.seq),
                line: before.line,
                why: format!("its bytes are not those that entry {} (line {}) recorded, or an entry between them was removed", at.seq, at.line),
            },
            Some(before) => Broken {
                seq: Some(at.seq),
                line: at.line,
                why: format!("its bytes do not fit its neighbours: it does not name the hash of entry {} (line {})", before.seq, before.line),
            },
            None => Broken {
                seq: Some(at.seq),
                line: at.line,
                why: "it is the first entry and names another before it: the log's beginning was removed, or its comment altered".to_owned(),
            },
        })
    }

    /// A heading that no comment followed: a torn beginning, or an entry that lost its comment.
    fn abandon(&mut self) {
        if let Some(open) = self.open.take() {
            self.abandoned = Some(open.line);
            self.note(true);
        }
    }

    fn note(&mut self, is_note: bool) {
        if is_note && !self.in_note {
            self.done.notes += 1;
        }
        self.in_note |= is_note;
    }

    /// Takes a line that belongs to no entry.
    fn outside(&mut self, piece: &[u8]) {
        let ours = form::OPENING.as_bytes().split_inclusive(|byte| *byte == b'\n').any(|line| line == piece);
        let blank = piece.iter().all(u8::is_ascii_whitespace) || piece.trim_ascii() == b"---";
        self.note(!(blank || ours && self.done.entries == 0));
    }

    /// The log's end. A break at the last entry has no witness: the entry before it is named.
    fn end(&mut self) -> Result<Verified, Broken> {
        self.abandon();
        match self.resolve(true) {
            Some(broken) => Err(broken),
            None => Ok(std::mem::take(&mut self.done)),
        }
    }
}
