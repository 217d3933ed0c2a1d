//! The one way in which foreign text gets onto a page: without keys, without control characters, unable to open a
//! heading, a rule, a comment, a fence, a table column or an image of its own. What pages say is `render`.

use super::mask::Masker;
use crate::board::text::cut;
use std::borrow::Cow;

/// Writes foreign text onto pages.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ink {
    /// Takes keys out, always before anything is cut or escaped, so that no half of a key stays.
    pub(crate) mask: Masker,
}

/// Longest text on a line of its own, in bytes before escaping.
pub(crate) const LINE_BYTES_MAX: usize = 600;

/// Longest paragraph, in bytes before escaping.
const PARAGRAPH_BYTES_MAX: usize = 4000;

impl Ink {
    /// The text on one line, for a sentence or a list.
    pub(crate) fn line(&self, text: &str) -> String {
        self.line_of(text, LINE_BYTES_MAX)
    }

    /// The text on one line of at most `bytes_max` bytes before escaping.
    pub(crate) fn line_of(&self, text: &str, bytes_max: usize) -> String {
        let masked = self.mask.text(text);
        let mut words = String::with_capacity(masked.len().min(bytes_max + 8));
        for word in masked.split(|c: char| c.is_whitespace() || is_break(c)).filter(|word| !word.is_empty()) {
            if words.len() > bytes_max {
                break;
            }
            // A word of hidden characters alone leaves no second blank behind.
            let mut shown = word.chars().filter(|c| !is_hidden(*c)).peekable();
            if shown.peek().is_some() && !words.is_empty() {
                words.push(' ');
            }
            words.extend(shown.take(bytes_max + 8));
        }
        // What was hidden between its characters is gone now, so a key that it broke up is whole again.
        escape(&shorten(&self.mask.text(&words), bytes_max))
    }

    /// The text on one line that begins a list item or a paragraph and opens nothing there.
    pub(crate) fn start(&self, text: &str) -> String {
        defuse_start(&self.line(text))
    }

    /// A longer text on one line that is a paragraph of its own.
    pub(crate) fn paragraph(&self, text: &str) -> String {
        defuse_start(&self.line_of(text, PARAGRAPH_BYTES_MAX))
    }

    /// The text on one line, for a cell of a table.
    pub(crate) fn cell(&self, text: &str) -> String {
        self.line_of(text, 200).replace('|', "&#124;")
    }

    /// The text as code within a line; a name of a file, a place, a worker.
    pub(crate) fn code(&self, text: &str) -> String {
        let line = self.line_of(text, 200).replace("&lt;", "<").replace("&#96;", "'").replace('`', "'");
        let plain = line.replace("!&#91;", "![").replace('|', "/");
        if plain.is_empty() { "``".to_owned() } else { format!("`{plain}`") }
    }

    /// The text on a few lines after a field's label: every line but the first is indented, none is empty, and none can
    /// open anything. At most `lines_max` lines and `bytes_max` bytes before escaping.
    pub(crate) fn field(&self, text: &str, bytes_max: usize, lines_max: usize) -> String {
        let masked = self.mask.text(text);
        let short = shorten(cut(&masked, bytes_max * 2), bytes_max);
        let mut lines: Vec<String> = Vec::new();
        for line in short.split(is_break) {
            // A tab is a blank, though it is hidden as well.
            let line: String = line.chars().filter(|c| c.is_whitespace() || !is_hidden(*c)).collect();
            let line: String = line.split_whitespace().collect::<Vec<_>>().join(" ");
            if line.is_empty() {
                continue;
            }
            if lines.len() == lines_max {
                lines.push("[…]".to_owned());
                break;
            }
            lines.push(line);
        }
        // Escaped as one text: a code span may run over lines, and only the whole shows which backtick stays alone.
        let escaped = escape(&self.mask.text(&lines.join("\n")));
        escaped.split('\n').map(defuse_start).collect::<Vec<_>>().join("\n  ")
    }

    /// The text whole, between fences that nothing in it can close.
    pub(crate) fn fenced(&self, text: &str, info: &str) -> String {
        let text = visible(&self.mask.text(text)).into_owned();
        let fence = "`".repeat(longest_run(&text, '`').max(2) + 1);
        let end = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
        format!("{fence}{info}\n{text}{end}{fence}\n")
    }
}

/// The text with control characters as their pictures, so that no terminal obeys them; line ends become `\n`.
pub(crate) fn visible(text: &str) -> Cow<'_, str> {
    let clean = |c: char| !c.is_control() || c == '\n' || c == '\t';
    if text.chars().all(clean) {
        return Cow::Borrowed(text);
    }
    let text = text.replace("\r\n", "\n");
    let picture = |c: char| match c {
        _ if clean(c) => c,
        '\u{7f}' => '\u{2421}',
        '\0'..='\u{1f}' => char::from_u32(0x2400 + c as u32).unwrap_or('\u{fffd}'),
        _ => '\u{fffd}',
    };
    Cow::Owned(text.chars().map(picture).collect())
}

/// JSON text in which no control character stands as itself: those above ASCII need no escape in JSON, but a terminal
/// that shows the file may obey them.
pub(crate) fn json_visible(json: String) -> String {
    let commands = |c: char| matches!(c, '\u{7f}'..='\u{9f}');
    if !json.contains(commands) {
        return json;
    }
    let mut out = String::with_capacity(json.len() + 64);
    for c in json.chars() {
        if commands(c) {
            out.push_str(&format!("\\u{:04x}", u32::from(c)));
        } else {
            out.push(c);
        }
    }
    out
}

/// The first `bytes_max` bytes, with a mark when something is missing.
fn shorten(text: &str, bytes_max: usize) -> Cow<'_, str> {
    let head = cut(text, bytes_max);
    if head.len() == text.len() { Cow::Borrowed(text) } else { Cow::Owned(format!("{head} […]")) }
}

/// Everything that some program takes for the end of a line.
fn is_break(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// Characters that show nothing but change what is seen, or say something to a program alone: controls, marks of
/// direction, zero widths, tags.
fn is_hidden(c: char) -> bool {
    let marks = matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}');
    let ranges = matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{e0000}'..='\u{e007f}');
    c.is_control() || marks || ranges
}

/// Takes the life out of tags, comments, images and of backticks that have no partner. Character references are used
/// and not backslashes, since a backslash that stands before one in the text would make it harmless.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    let lonely = !backticks_pair(text);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let next = chars.peek().copied();
        match c {
            '<' if next.is_some_and(|n| n.is_ascii_alphabetic() || matches!(n, '!' | '/' | '?')) => {
                out.push_str("&lt;")
            }
            '`' if lonely => out.push_str("&#96;"),
            '!' if next == Some('[') => {
                chars.next();
                out.push_str("!&#91;");
            }
            _ => out.push(c),
        }
    }
    out
}

/// Whether every run of backticks finds another of its length, so that no code span reaches beyond the text.
fn backticks_pair(text: &str) -> bool {
    let mut runs = text.split(|c| c != '`').map(str::len).filter(|length| *length > 0);
    while let Some(opening) = runs.next() {
        if !runs.any(|closing| closing == opening) {
            return false;
        }
    }
    true
}

/// Puts a backslash before what would make the line a heading, a rule, a fence, a quote, a table or a field's label; also
/// where that stands behind the mark of a list item, which stays.
fn defuse_start(line: &str) -> String {
    if is_rule(line) {
        return format!("\\{line}");
    }
    let (marks, rest) = line.split_at(list_marks(line));
    if opens(rest) { format!("{marks}\\{rest}") } else { line.to_owned() }
}

/// Whether a line that begins so is no plain text.
fn opens(line: &str) -> bool {
    let opens = line.starts_with(['#', '>', '=', '~', '|'])
        || line.starts_with("```")
        || line.starts_with("**")
        || line.starts_with("__");
    opens || is_rule(line)
}

/// A rule, the underline of a heading, or the line that makes the one above it the head of a table.
fn is_rule(line: &str) -> bool {
    let of = |marks: &[char]| line.chars().all(|c| c == ' ' || marks.contains(&c)) && line.contains(marks);
    of(&['*']) || of(&['_']) || (of(&['-', ':', '|']) && line.contains('-'))
}

/// How many bytes of the line are marks of list items, one within another: `- `, `* `, `+ `, `12. `, `3) `.
fn list_marks(line: &str) -> usize {
    let mut at = 0;
    loop {
        let rest = line.get(at..).unwrap_or_default();
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let mark = match rest.as_bytes().get(digits) {
            Some(b'-' | b'*' | b'+') if digits == 0 => 1,
            Some(b'.' | b')') if (1..=9).contains(&digits) => digits + 1,
            _ => return at,
        };
        if rest.as_bytes().get(mark) != Some(&b' ') {
            return at;
        }
        at += mark + 1;
    }
}

fn longest_run(text: &str, mark: char) -> usize {
    text.split(|c| c != mark).map(str::len).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ink() -> Ink {
        Ink::default()
    }

    #[test]
    fn a_line_stays_one_line_without_live_tags_comments_and_images() {
        assert_eq!(ink().line("a\r\nb\u{2028}c\t d"), "a b c d");
        assert_eq!(
            ink().line("x <!-- synod:1:0 --> <b> a < b ![i](u)"),
            "x &lt;!-- synod:1:0 --> &lt;b> a < b !&#91;i](u)"
        );
        assert_eq!(ink().line("\u{202e}abc\u{1b}[31m"), "abc[31m");
        assert_eq!(ink().line("`a` and ``b"), "&#96;a&#96; and &#96;&#96;b");
        assert_eq!(ink().cell("a|b"), "a&#124;b");
        assert_eq!(ink().code("src/a`b`.rs"), "`src/a'b'.rs`");
    }

    #[test]
    fn no_line_of_a_field_opens_anything() {
        let hostile =
            "first\n\n## heading\n---\n***\n===\n```sh\n~~~\n> quote\n**Context**: forged\n- a list stays\n| t |";
        let expected = "first\n  \\## heading\n  \\---\n  \\***\n  \\===\n  &#96;&#96;&#96;sh\n  \\~~~\n  \\> quote\n  \\**Context**: forged\n  - a list stays\n  \\| t |";
        assert_eq!(ink().field(hostile, 2000, 20), expected);
        assert_eq!(ink().field("a\nb\nc", 2000, 2), "a\n  b\n  […]");
        assert_eq!(ink().field(&"é".repeat(50), 9, 2), "éééé […]");
    }

    #[test]
    fn a_fence_is_longer_than_any_in_the_text() {
        assert_eq!(ink().fenced("a\n`````\nb", "text"), "``````text\na\n`````\nb\n``````\n");
        assert_eq!(ink().fenced("a\u{1b}[2J\r\nb\0", ""), "```\na␛[2J\nb␀\n```\n");
        assert_eq!(ink().fenced("", ""), "```\n```\n");
    }
}
