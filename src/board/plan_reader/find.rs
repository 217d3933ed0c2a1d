//! Finding the JSON object in an answer that was meant as the plan or the checkpoint. What it says is read elsewhere.

use super::{Object, SEARCHED_BYTES_MAX};
use crate::board::verdict_reader::parse_leniently;
use serde_json::Value;

/// Bytes that may be looked at again, per byte of text, while one `{` after another is tried.
const LOOKS_PER_BYTE: usize = 16;

/// Longest object that is mended, in bytes.
const MENDED_BYTES_MAX: usize = 256 * 1024;

/// How deep a plan may stand inside wrappers such as `{"plan": {…}}`.
const WRAPPERS_MAX: u32 = 3;

/// The object of the structured part, else the last one in the text that `fits`, else the last that can be mended to fit.
pub(super) fn last(text: &str, structured: Option<&Value>, fits: fn(&Object) -> bool) -> Option<Object> {
    if let Some(object) = structured.and_then(|value| within(value, fits, WRAPPERS_MAX)) {
        return Some(object);
    }
    let inner = structured.and_then(Value::as_str).unwrap_or(text);
    let inner = tail(inner);
    strict(inner, fits).or_else(|| mended(inner, fits))
}

fn tail(text: &str) -> &str {
    let mut start = text.len().saturating_sub(SEARCHED_BYTES_MAX);
    while !text.is_char_boundary(start) {
        start += 1;
    }
    &text[start..]
}

fn within(value: &Value, fits: fn(&Object) -> bool, depth: u32) -> Option<Object> {
    let object = value.as_object()?;
    if fits(object) {
        return Some(object.clone());
    }
    let depth = depth.checked_sub(1)?;
    object.values().rev().find_map(|inner| within(inner, fits, depth))
}

/// Every object that JSON itself delimits, the last one that fits.
fn strict(text: &str, fits: fn(&Object) -> bool) -> Option<Object> {
    let mut looks = text.len().saturating_mul(LOOKS_PER_BYTE);
    let (mut at, mut found) = (0, None);
    while let Some(offset) = text[at..].find('{') {
        let start = at + offset;
        at = start + 1;
        let mut values = serde_json::Deserializer::from_str(&text[start..]).into_iter::<Value>();
        let value = values.next();
        // A parse that fails has looked at no more than the text up to its fault, and there is no saying how much that was.
        let Some(Ok(value)) = value else {
            let Some(left) = looks.checked_sub(extent(&text[start..])) else { return found };
            looks = left;
            continue;
        };
        at = start + values.byte_offset().max(1);
        found = within(&value, fits, WRAPPERS_MAX).or(found);
    }
    found
}

/// How many bytes up to the brace that closes the object at the beginning of a text; all of it where none does.
fn extent(text: &str) -> usize {
    closed(text).unwrap_or(text.len())
}

/// Where the object at the beginning of a text is closed, by its braces and strings alone; `None` where it never is.
fn closed(text: &str) -> Option<usize> {
    let (mut depth, mut in_string, mut escaped) = (0_u32, false, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'{' if !in_string => depth += 1,
            b'}' if !in_string => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            _ => {}
        }
    }
    None
}

/// The fenced blocks from the last to the first, then everything from the first `{`, through the lenient parser. What was cut
/// short (outside a fence that closes) is not mended: the half of a plan looks like a whole one and leaves out the rest.
fn mended(text: &str, fits: fn(&Object) -> bool) -> Option<Object> {
    let fences: Vec<usize> = text.match_indices("```").map(|(at, _)| at).collect();
    let fenced = fences.windows(2).rev().take(8).map(|pair| (&text[pair[0] + 3..pair[1]], true));
    let open = fences.last().map(|last| (&text[last + 3..], false));
    fenced.chain(open).chain([(text, false)]).find_map(|(part, is_whole)| {
        let start = part.find('{')?;
        let part = &part[start..];
        if !is_whole && closed(part).is_none() {
            return None;
        }
        let value = (part.len() <= MENDED_BYTES_MAX).then(|| parse_leniently(part))??;
        within(&value, fits, WRAPPERS_MAX)
    })
}
