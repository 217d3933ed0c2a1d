//! What a person types, read into words that must and words that must not occur, and written as an FTS5 expression. Every part
//! is quoted, so nothing typed can be syntax; what the expression may hold is bounded.

use super::segment::segmented;

/// Longest search, in bytes.
pub const QUERY_BYTES_MAX: usize = 4096;
/// Most words and phrases of one search.
pub const QUERY_PARTS_MAX: usize = 64;

/// Why what was typed is no search.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QueryFault {
    /// Nothing in it can be found.
    #[error("a search needs at least one word with a letter or a digit in it")]
    NoWord,
    /// It only says what must not occur.
    #[error("a search needs at least one word that must occur, beside those that must not (`-word`)")]
    OnlyExclusions,
    /// It is too long.
    #[error("the search is longer than {QUERY_BYTES_MAX} bytes or {QUERY_PARTS_MAX} words; search for fewer of them")]
    TooLong,
}

/// One word, beginning of a word, or phrase.
#[derive(Debug, PartialEq, Eq)]
struct Part {
    /// Without quotation marks.
    words: String,
    /// The last word may go on.
    prefix: bool,
    /// It must not occur.
    excluded: bool,
}

/// The FTS5 expression for what was typed.
///
/// # Errors
/// What is wrong with it, for the person who typed it.
pub(super) fn expression(typed: &str) -> Result<String, QueryFault> {
    if typed.len() > QUERY_BYTES_MAX {
        return Err(QueryFault::TooLong);
    }
    let parts = parts(typed);
    if parts.len() > QUERY_PARTS_MAX {
        return Err(QueryFault::TooLong);
    }
    let (excluded, wanted): (Vec<&Part>, Vec<&Part>) = parts.iter().partition(|part| part.excluded);
    let join = |parts: &[&Part], by: &str| parts.iter().map(|part| part.quoted()).collect::<Vec<_>>().join(by);
    match (wanted.is_empty(), excluded.is_empty()) {
        (true, true) => Err(QueryFault::NoWord),
        (true, false) => Err(QueryFault::OnlyExclusions),
        (false, true) => Ok(join(&wanted, " AND ")),
        (false, false) => Ok(format!("({}) NOT ({})", join(&wanted, " AND "), join(&excluded, " OR "))),
    }
}

impl Part {
    fn quoted(&self) -> String {
        format!("\"{}\"{}", segmented(&self.words), if self.prefix { "*" } else { "" })
    }
}

/// Splits what was typed. A quotation mark that is not closed reaches to the end.
fn parts(typed: &str) -> Vec<Part> {
    // Word processors and telephones make curly quotation marks; a control character has no place in a search.
    let straight = |c: char| match c {
        '“' | '”' | '„' | '‟' => '"',
        c if c.is_control() => ' ',
        c => c,
    };
    let chars: Vec<char> = typed.chars().map(straight).collect();
    let mut parts = Vec::new();
    let mut at = 0;
    while at < chars.len() {
        if chars[at].is_whitespace() {
            at += 1;
            continue;
        }
        let excluded = chars[at] == '-';
        at += usize::from(excluded);
        let phrase = chars.get(at) == Some(&'"');
        at += usize::from(phrase);
        let ends = |c: &char| if phrase { *c == '"' } else { c.is_whitespace() || *c == '"' };
        let end = chars[at..].iter().position(ends).map_or(chars.len(), |length| at + length);
        let words: String = chars[at..end].iter().collect();
        at = end + usize::from(phrase);
        let starred = phrase && chars.get(at) == Some(&'*');
        at += usize::from(starred);
        let prefix = starred || (!phrase && words.ends_with('*'));
        if words.chars().any(char::is_alphanumeric) {
            parts.push(Part { words, prefix, excluded });
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_has_its_meaning() {
        for (typed, expected) in [
            ("login code", r#""login" AND "code""#),
            (r#""two words" one"#, r#""two words" AND "one""#),
            ("auth*", r#""auth*"*"#),
            (r#""token ref"*"#, r#""token ref"*"#),
            ("auth -jwt -\"old way\"", r#"("auth") NOT ("jwt" OR "old way")"#),
            ("\"not closed", r#""not closed""#),
            ("“curly marks”", r#""curly marks""#),
            (
                "a AND b OR NOT (c) {name}:x ^d + NEAR(e f)",
                r#""a" AND "AND" AND "b" AND "OR" AND "NOT" AND "(c)" AND "{name}:x" AND "^d" AND "NEAR(e" AND "f)""#,
            ),
            ("well-known", r#""well-known""#),
            ("--help me", r#"("me") NOT ("-help")"#),
            ("it's", r#""it's""#),
            ("東京", "\"東\u{1f}京\""),
            ("a\0b", r#""a" AND "b""#),
        ] {
            assert_eq!(expression(typed).as_deref(), Ok(expected), "{typed}");
        }
    }

    #[test]
    fn what_cannot_be_searched_is_said() {
        for typed in ["", "  ", "*", "-", "\"\"", "!!! …", "- -"] {
            assert_eq!(expression(typed), Err(QueryFault::NoWord), "{typed:?}");
        }
        assert_eq!(expression("-only"), Err(QueryFault::OnlyExclusions));
        assert_eq!(expression(&"a ".repeat(QUERY_PARTS_MAX + 1)), Err(QueryFault::TooLong));
        assert_eq!(expression(&"a".repeat(QUERY_BYTES_MAX + 1)), Err(QueryFault::TooLong));
    }
}
