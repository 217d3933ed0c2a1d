//! The exact form of one entry: writing it and finding it again. The chain over entries is the reader's and the checker's.

use crate::board::{LogEntry, Seq};
use crate::folder::ink::Ink;
use sha2::{Digest, Sha256};
use std::fmt::Write;

/// What an empty log begins with.
pub(crate) const OPENING: &str = "# Handoff log\n\nOne entry per handoff, oldest first. Each ends in a comment that holds the SHA-256 of the entry before it;\n`synod log verify` checks the chain. Notes may be added between entries; the entries themselves stay as they are.\n\n";

/// What stands between an entry's comment and the next entry. It is not part of the hashed bytes, so that an editor
/// that trims the end of the file breaks nothing.
pub(crate) const CLOSING: &str = "\n\n---\n\n";

/// The hash that the first entry names as the one before it.
pub(crate) const NO_ENTRY: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// Most lines in one field.
const FIELD_LINES_MAX: usize = 12;

/// Most names in a list (files, workers); the rest is counted.
const LIST_MAX: usize = 50;

/// Longest name in the heading or in a list, in bytes before escaping.
const NAME_BYTES_MAX: usize = 160;

/// The hash of an entry's bytes, from `## ` up to and with `-->`.
pub(crate) fn hash(entry: &[u8]) -> String {
    hex(&Sha256::digest(entry))
}

/// Lower-case hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut out, byte| {
        let _infallible = write!(out, "{byte:02x}");
        out
    })
}

/// The entry's bytes, from `## ` up to and with `-->`. `before` is the hash of the entry before it, or [`NO_ENTRY`].
pub(crate) fn entry(ink: &Ink, seq: Seq, entry: &LogEntry, before: &str, field_bytes_max: usize) -> String {
    let field = |text: &str, when_empty: &str| {
        let field = ink.field(text, field_bytes_max, FIELD_LINES_MAX);
        if field.is_empty() { when_empty.to_owned() } else { field }
    };
    format!(
        "## {at} - {who} ({model}) - {about}\n\n**Context**: {context}\n**Work Done**: {work}\n**Files Modified**: {files}\n\
         **Next Steps**: {next}\n**Blockers**: {blockers}\n**Handoff To**: {to}\n<!-- synod:{seq}:{before} -->",
        at = time(entry),
        who = name(ink, &entry.who),
        model = name(ink, &entry.model),
        about = name(ink, &entry.about),
        context = field(&entry.context, "none"),
        work = field(&entry.work_done, "none"),
        files = list(ink, &entry.files_modified),
        next = field(&entry.next_steps, "none"),
        blockers = field(&entry.blockers, "none"),
        to = list(ink, &entry.handoff_to),
    )
}

/// RFC 3339 in 20 characters; years that do not fit (a clock gone wild) are shown as the last moment that does.
fn time(entry: &LogEntry) -> String {
    let time = entry.at.rfc3339();
    if is_time(time.as_bytes()) { time } else { "9999-12-31T23:59:59Z".to_owned() }
}

fn name(ink: &Ink, text: &str) -> String {
    let name = ink.line_of(text, NAME_BYTES_MAX);
    if name.is_empty() { "unknown".to_owned() } else { name }
}

fn list(ink: &Ink, names: &[String]) -> String {
    if names.is_empty() {
        return "none".to_owned();
    }
    let mut list = names.iter().take(LIST_MAX).map(|text| name(ink, text)).collect::<Vec<_>>().join(", ");
    if names.len() > LIST_MAX {
        let _infallible = write!(list, " and {} more", names.len() - LIST_MAX);
    }
    list
}

fn is_time(text: &[u8]) -> bool {
    let pattern = b"dddd-dd-ddTdd:dd:ddZ";
    let fits = |(byte, want): (&u8, &u8)| if *want == b'd' { byte.is_ascii_digit() } else { byte == want };
    text.len() == pattern.len() && text.iter().zip(pattern).all(fits)
}

/// Whether a line opens an entry: `## <time> - …`.
pub(crate) fn is_heading(line: &[u8]) -> bool {
    let Some(rest) = line.strip_prefix(b"## ") else { return false };
    rest.len() > 23 && is_time(&rest[..20]) && rest[20..].starts_with(b" - ")
}

/// What the line that ends an entry says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Comment<'a> {
    /// The journal number of the event that made the entry.
    pub(crate) seq: u64,
    /// The hash of the entry before.
    pub(crate) before: &'a str,
    /// Length up to and with `-->`.
    pub(crate) length: usize,
}

/// Reads a line that ends an entry; blanks after it are an editor's and do not matter.
pub(crate) fn comment(line: &[u8]) -> Option<Comment<'_>> {
    let line = std::str::from_utf8(line).ok()?.trim_end();
    let inner = line.strip_prefix("<!-- synod:")?.strip_suffix(" -->")?;
    let (seq, before) = inner.split_once(':')?;
    let digits =
        !seq.is_empty() && seq.bytes().all(|byte| byte.is_ascii_digit()) && (seq == "0" || !seq.starts_with('0'));
    let hashed = before.len() == 64 && before.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    let seq = (digits && hashed).then(|| seq.parse().ok()).flatten()?;
    Some(Comment { seq, before, length: line.len() })
}

/// An entry found in bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    /// Its number.
    pub(crate) seq: u64,
    /// Where it begins.
    pub(crate) start: usize,
    /// Where it ends.
    pub(crate) end: usize,
}

/// All whole entries in `bytes`, in order. An entry reaches from the last heading before a comment to that comment.
pub(crate) fn entries(bytes: &[u8]) -> Vec<Span> {
    let (mut spans, mut heading, mut at) = (Vec::new(), None, 0);
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        if is_heading(line) {
            heading = Some(at);
        } else if let Some(found) = comment(line)
            && let Some(start) = heading.take()
        {
            spans.push(Span { seq: found.seq, start, end: at + found.length });
        }
        at += line.len();
    }
    spans
}
