//! Where the front matter of a Markdown file ends and the text begins. What stands in it is read by others.

use super::tree::reason;
use crate::board::Reason;

/// The parts of a Markdown file.
pub(super) struct Parts<'a> {
    /// The lines between the fences; `None` when the file has no front matter.
    pub(super) front: Option<&'a str>,
    /// What stands below.
    pub(super) body: &'a str,
    /// The line on which the body begins, from 1.
    pub(super) body_line: u32,
}

/// Splits a file whose first line is `---`. Line ends may be LF or CRLF.
///
/// # Errors
/// No second `---`.
pub(super) fn split(text: &str) -> Result<Parts<'_>, Reason> {
    let mut lines = text.split_inclusive('\n');
    let opening = lines.next().unwrap_or_default();
    if opening.trim_end() != "---" {
        return Ok(Parts { front: None, body: text, body_line: 1 });
    }
    let start = opening.len();
    let mut at = start;
    for (number, line) in (2_u32..).zip(lines) {
        if line.trim_end() == "---" {
            return Ok(Parts { front: Some(&text[start..at]), body: &text[at + line.len()..], body_line: number + 1 });
        }
        at += line.len();
    }
    let mend =
        "close the front matter with a line of --- before the text, or begin the file with something other than ---";
    Err(reason(1, "the front matter that begins on line 1 is never closed", mend))
}
