//! Reading verdicts out of what a model said. What a verdict is stands in `verdict`; weighing it is `consensus`.
//!
//! A provider that accepts a schema need not obey it, so every answer takes the same way: the structured part if it
//! fits, else the last JSON value in the text that fits, else the last thing that a lenient parser can make fit (marked
//! [`Reading::Repaired`]), else an abstention. The work is linear in the length of the answer, whatever it holds.

mod fit;
mod label;
mod lenient;
mod quote;
mod scan;
mod schema;
mod spoken;

pub use label::candidate_label;
pub(in crate::board) use lenient::parse as parse_leniently;
pub use schema::schema;
pub use spoken::read_spoken;

use super::attempt::Purpose;
use super::verdict::{Reading, Verdict};
use fit::Block;
use quote::Quotes;
use serde_json::Value;
use std::borrow::Cow;

/// How much of an answer is searched, in bytes from its end; the verdict block is asked for at the end.
pub const SEARCHED_BYTES_MAX: usize = 1024 * 1024;

/// Most claims kept of one verdict; of more, the worst are kept.
pub const CLAIMS_MAX: usize = 50;

/// Longest text of a claim's `what` and `fix` and of `would_change_my_mind`, in bytes; the rest is cut.
pub const FIELD_BYTES_MAX: usize = 400;

/// Longest `where` of a claim, in bytes.
pub const PLACE_BYTES_MAX: usize = 160;

/// How often a JSON string that holds JSON is unwrapped.
const UNWRAP_MAX: u32 = 3;

/// [`read_beside`] for an answer whose worker was shown nothing that could hold a verdict.
pub fn read(purpose: &Purpose, text: &str, structured: Option<&Value>) -> Vec<Verdict> {
    read_beside(purpose, text, structured, &[])
}

/// Reads the verdicts out of an answer: of its structured part when that fits, else of its text.
/// One verdict for [`Purpose::Judge`], one per candidate in the order shown for [`Purpose::Check`], none for
/// [`Purpose::Make`]. What cannot be read is an abstention. A block in the text that stands word for word in what the
/// worker was `shown` is a quotation, not its verdict: a candidate cannot bring the judgement on itself along.
pub fn read_beside(purpose: &Purpose, text: &str, structured: Option<&Value>, shown: &[String]) -> Vec<Verdict> {
    let quotes = Quotes::of(shown);
    let from_text = |text: &str| from_text(purpose, text, &quotes);
    let from_structured = |value| from_structured(purpose, value, &quotes);
    let found = || structured.and_then(from_structured).or_else(|| from_text(text));
    match purpose {
        Purpose::Make
        | Purpose::Plan { .. }
        | Purpose::Review { .. }
        | Purpose::Recover { .. }
        | Purpose::Synthesize
        | Purpose::Prove { .. } => Vec::new(),
        Purpose::Reconsider { first, .. } => read_beside(first, text, structured, shown),
        Purpose::Judge => match found() {
            Some((block, reading)) => vec![block.of_matter(reading)],
            None => vec![Verdict::unreadable(None)],
        },
        Purpose::Check { candidates } => match found() {
            Some((block, reading)) => block.of_candidates(candidates, reading),
            None => candidates.iter().map(|number| Verdict::unreadable(Some(*number))).collect(),
        },
    }
}

fn from_structured(purpose: &Purpose, value: &Value, quotes: &Quotes<'_>) -> Option<(Block, Reading)> {
    if let Some(block) = fit::fit(purpose, value) {
        return Some((block, Reading::Strict));
    }
    value.as_str().and_then(|text| from_text(purpose, text, quotes))
}

fn from_text(purpose: &Purpose, text: &str, quotes: &Quotes<'_>) -> Option<(Block, Reading)> {
    let mut text = Cow::Borrowed(tail(text));
    for _ in 0..UNWRAP_MAX {
        match serde_json::from_str::<String>(text.trim()) {
            Ok(inner) => text = Cow::Owned(inner),
            Err(_) => break,
        }
    }
    scan::search(purpose, &text, quotes)
}

fn tail(text: &str) -> &str {
    let mut start = text.len().saturating_sub(SEARCHED_BYTES_MAX);
    while !text.is_char_boundary(start) {
        start += 1;
    }
    &text[start..]
}

#[cfg(test)]
mod tests;
