//! Showing a text so that nothing in it can pass for the text around it.

/// The text between fences of backticks that are longer than any run of backticks in it, so that it cannot close them.
pub(super) fn fenced(text: &str) -> String {
    let fence = "`".repeat(longest_run(text).max(2) + 1);
    let end = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
    format!("{fence}\n{text}{end}{fence}\n")
}

/// A name on one line, as code: it can neither end the line nor the code.
pub(super) fn named(name: &str) -> String {
    let clean: String = name
        .chars()
        .take(NAME_CHARS_MAX)
        .map(|c| if c.is_control() || c == '\u{2028}' || c == '\u{2029}' { ' ' } else { c })
        .map(|c| if c == '`' { '\'' } else { c })
        .collect();
    format!("`{}`", clean.trim())
}

/// Longest name shown, in characters.
const NAME_CHARS_MAX: usize = 200;

fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}
