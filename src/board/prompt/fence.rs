//! Showing a text so that nothing in it can pass for the text around it.

use super::super::text::cut;

/// The text between fences of backticks that are longer than any run of backticks in it, so that it cannot close them.
pub(super) fn fenced(text: &str) -> String {
    let fence = "`".repeat(ticks(text));
    let end = if needs_end(text) { "\n" } else { "" };
    format!("{fence}\n{text}{end}{fence}\n")
}

/// How many bytes [`fenced`] makes of a text.
pub(super) fn fenced_bytes(text: &str) -> usize {
    text.len() + usize::from(needs_end(text)) + 2 * (ticks(text) + 1)
}

fn ticks(text: &str) -> usize {
    let longest = text.as_bytes().split(|byte| *byte != b'`').map(<[u8]>::len).max();
    longest.unwrap_or(0).max(2) + 1
}

fn needs_end(text: &str) -> bool {
    !text.is_empty() && !text.ends_with('\n')
}

/// A name on one line, as code: it can neither end the line nor the code.
pub(super) fn named(name: &str) -> String {
    let clean: String = cut(name, NAME_BYTES_MAX)
        .chars()
        .map(|c| if c.is_control() || c == '\u{2028}' || c == '\u{2029}' { ' ' } else { c })
        .map(|c| if c == '`' { '\'' } else { c })
        .collect();
    format!("`{}`", clean.trim())
}

/// Longest name shown, in bytes; the rest is cut.
pub(super) const NAME_BYTES_MAX: usize = 200;
