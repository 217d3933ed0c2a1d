//! The passage that a hit is shown with: one line, bounded, the found words between marks.

use super::segment::SEAM;

/// Before a found word.
pub(super) const OPEN: &str = "«";
/// Behind a found word.
pub(super) const CLOSE: &str = "»";
/// Where something is missing.
pub(super) const ELLIPSIS: &str = "…";
/// Words that SQLite puts into a passage.
pub(super) const WORDS_MAX: u8 = 24;
/// Longest passage, in characters; words can be long.
const CHARS_MAX: usize = 300;
/// Characters kept before the first found word when a passage must be cut.
const CHARS_BEFORE: usize = 60;

/// The passage as people read it: no seams, no line breaks, no control characters, not too long.
pub(super) fn tidied(passage: &str) -> String {
    let visible = passage.chars().filter(|c| *c != SEAM).map(|c| if c.is_control() { ' ' } else { c });
    let visible: String = visible.collect();
    let line = visible.split_whitespace().collect::<Vec<_>>().join(" ");
    // The passage of a phrase of lone characters has marks around each character group; where two touch, they are one.
    let line = line.replace("»«", "");
    cut(&line)
}

/// Cuts a line that is too long to what surrounds its first mark, and closes a mark that the cut left open.
fn cut(line: &str) -> String {
    let chars: Vec<char> = line.chars().collect();
    if chars.len() <= CHARS_MAX {
        return line.to_owned();
    }
    let first = chars.iter().position(|c| OPEN.contains(*c)).unwrap_or(0);
    let start = first.saturating_sub(CHARS_BEFORE);
    let end = (start + CHARS_MAX).min(chars.len());
    let mut kept: String = chars[start..end].iter().collect();
    if kept.matches(OPEN).count() > kept.matches(CLOSE).count() {
        kept.push_str(CLOSE);
    }
    let mark = |missing: bool| if missing { ELLIPSIS } else { "" };
    format!("{}{}{}", mark(start > 0), kept.trim(), mark(end < chars.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_passage_is_one_line_without_seams_and_control_characters() {
        assert_eq!(tidied("# A\n\n\u{1b}[31mthe «to\u{1f}ken»\tis"), "# A [31mthe «token» is");
    }

    #[test]
    fn a_long_passage_is_cut_around_the_find_and_its_marks_are_closed() {
        let passage = tidied(&format!("{} «{}» end", "before ".repeat(30), "x".repeat(900)));
        assert!(passage.starts_with('…') && passage.contains("before «xxx") && passage.ends_with("»…"), "{passage}");
        assert!(passage.chars().count() <= CHARS_MAX + 3);
    }
}
