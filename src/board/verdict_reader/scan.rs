//! Finding the JSON object in a text that was meant as the verdict. Whether a value is one is `fit`'s business.

use super::super::attempt::Purpose;
use super::super::verdict::Reading;
use super::fit::{self, Block};
use super::lenient;
use super::quote::Quotes;
use serde_json::Value;

/// Bytes that the search may look at again while it tries one `{` after another, per byte of text. A text that needs more
/// is hostile: it then counts as unreadable, because what was found so far may be a draft.
const LOOKS_PER_BYTE: usize = 16;

/// Longest object that is mended, in bytes: fifty claims at full length with room to spare.
const MENDED_BYTES_MAX: usize = 256 * 1024;

/// How many places the lenient parser is tried at.
const MENDED_TRIES_MAX: usize = 8;

/// The last block in `text` that fits, and how it was read.
pub(super) fn search(purpose: &Purpose, text: &str, quotes: &Quotes<'_>) -> Option<(Block, Reading)> {
    let found = strict(purpose, text, quotes);
    if found.exhausted {
        return None;
    }
    // An answer that was cut short while it wrote its verdict is not taken for the draft that stands before it.
    if let Some(block) = found.unclosed_after.and_then(|start| mend(purpose, &text[start..])) {
        return Some((block.after(found.last), Reading::Repaired));
    }
    // A part that is whole inside a block that was cut short is no more certain than the block.
    let cut_short = || found.unclosed_before.is_some_and(|start| mend(purpose, &text[start..]).is_some());
    match found.last {
        Some(block) if cut_short() => Some((block, Reading::Repaired)),
        Some(block) => Some((block, Reading::Strict)),
        None => repaired(purpose, text).map(|block| (block, Reading::Repaired)),
    }
}

#[derive(Default)]
struct Strict {
    last: Option<Block>,
    /// Where the first object begins that the text does not close, among those before the last one that fits.
    unclosed_before: Option<usize>,
    /// The same after the last one that fits.
    unclosed_after: Option<usize>,
    exhausted: bool,
}

/// Tries every `{` in turn. What fits is passed over whole; what does not is looked into, so that a verdict inside a
/// wrapper is found.
fn strict(purpose: &Purpose, text: &str, quotes: &Quotes<'_>) -> Strict {
    let mut found = Strict::default();
    let mut looks = text.len().saturating_mul(LOOKS_PER_BYTE);
    let mut at = 0;
    while let Some(offset) = text[at..].find('{') {
        let start = at + offset;
        at = start + 1;
        let extent = extent(&text[start..]);
        let seen = match extent {
            Extent::Closed(bytes) | Extent::Unclosed(bytes) | Extent::NotJson(bytes) => bytes,
        };
        let Some(left) = looks.checked_sub(seen) else {
            found.exhausted = true;
            return found;
        };
        looks = left;
        match extent {
            Extent::Closed(bytes) => {
                let value: Option<Value> = serde_json::from_str(&text[start..start + bytes]).ok();
                if let Some(block) = value.and_then(|value| fit::fit(purpose, &value)) {
                    at = start + bytes;
                    // Who says nothing but the block quotes nobody, even where another said the same.
                    if !is_all(text, start, at) && quotes.holds(&text[start..at]) {
                        continue;
                    }
                    found.last = Some(block.after(found.last.take()));
                    found.unclosed_before = found.unclosed_before.or(found.unclosed_after.take());
                }
            }
            Extent::Unclosed(_) => {
                found.unclosed_after.get_or_insert(start);
            }
            Extent::NotJson(_) => {}
        }
    }
    found
}

/// Whether a text is nothing but its piece from `start` to `end`, fenced or not.
fn is_all(text: &str, start: usize, end: usize) -> bool {
    let bare = |part: &str| matches!(part.trim().trim_matches('`').trim(), "" | "json");
    bare(&text[..start]) && bare(&text[end..])
}

/// How far the object reaches that begins a text, by its braces and strings alone.
#[derive(Clone, Copy)]
enum Extent {
    /// Its last brace closes it; how many bytes it has.
    Closed(usize),
    /// The text ends first; how many bytes were looked at.
    Unclosed(usize),
    /// It cannot be JSON; how many bytes it took to see that.
    NotJson(usize),
}

fn extent(text: &str) -> Extent {
    let bytes = text.as_bytes();
    let (mut depth, mut in_string, mut escaped, mut opened) = (0_u32, false, false, false);
    for (at, byte) in bytes.iter().enumerate() {
        if in_string {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => in_string = false,
                _ => {}
            }
            continue;
        }
        // After `{` JSON has a quote or the closing brace; code and prose mostly have neither, and are left at once.
        if opened && !matches!(byte, b'"' | b'}' | b' ' | b'\t' | b'\n' | b'\r') {
            return Extent::NotJson(at + 1);
        }
        opened = opened && matches!(byte, b' ' | b'\t' | b'\n' | b'\r');
        match byte {
            b'"' => in_string = true,
            b'{' => {
                depth += 1;
                opened = true;
            }
            b'}' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return Extent::Closed(at + 1);
                }
            }
            _ => {}
        }
    }
    Extent::Unclosed(bytes.len())
}

/// Fenced blocks from the last to the first, then everything from the first `{`, through the lenient parser.
fn repaired(purpose: &Purpose, text: &str) -> Option<Block> {
    let fences: Vec<usize> = text.match_indices("```").map(|(at, _)| at).collect();
    let fenced = fences.windows(2).rev().take(MENDED_TRIES_MAX).map(|pair| &text[pair[0] + 3..pair[1]]);
    let whole = text.rfind('}').map_or(text, |end| &text[..=end]);
    fenced.chain([whole, text]).find_map(|part| part.find('{').and_then(|start| mend(purpose, &part[start..])))
}

fn mend(purpose: &Purpose, text: &str) -> Option<Block> {
    if text.len() > MENDED_BYTES_MAX {
        return None;
    }
    lenient::parse(text).and_then(|value| fit::fit(purpose, &value))
}
