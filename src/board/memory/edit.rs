//! Replacing a passage of a memory's text, literally or by a regular expression, as agents know it from Serena's
//! `edit_memory`: Python's `re` with DOTALL and MULTILINE, `$!1` for what a group matched, and nothing else special in the
//! replacement. Pure: text in, text out.

use super::python_regex;
use fancy_regex::{Captures, Regex, RegexBuilder};
use std::borrow::Cow;

/// How often a search may go back over the text before it is given up, so that no expression keeps a thread busy: for the
/// first [`MATCHES_SLOW`] matches of an edit, and for each one after them.
const BACKTRACKS_MAX: [usize; 2] = [200_000, 2_000];

/// How many matches may be as hard to find as the first.
const MATCHES_SLOW: usize = 1000;

/// Matches times bytes of the text. Each search may have to look at the whole rest before it knows that a short match is
/// the one; this keeps their sum within seconds (4,096 matches in a text of a MiB, any number in one of 64 KiB).
const LOOKED_AT_BYTES_MAX: u64 = 1 << 32;

/// What a compiled expression may take, in bytes: `(a{999}){999}` is short and would take gigabytes.
const COMPILED_BYTES_MAX: usize = 2 * 1024 * 1024;

/// Longest expression, in bytes.
const NEEDLE_BYTES_MAX: usize = 64 * 1024;

/// What to replace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Edit<'a> {
    /// What is looked for.
    pub needle: &'a str,
    /// What stands there afterwards. With a regular expression, `$!1` is what its first group matched, `$!0` the whole
    /// match; `\1` and `$1` stand for themselves.
    pub replacement: &'a str,
    /// The needle is a regular expression.
    pub regex: bool,
    /// Replace every occurrence, instead of refusing when there is more than one.
    pub all: bool,
    /// Longest text that may come out, in bytes.
    pub bytes_max: u64,
}

/// A text after an edit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edited {
    /// The text.
    pub text: String,
    /// How many occurrences were replaced.
    pub replaced: usize,
}

/// Why an edit was not made. The sentences are those that agents know.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EditFault {
    /// Nothing fits.
    #[error("Error: No matches of search expression found.")]
    NoMatch,
    /// More fits than was meant.
    #[error(
        "Expression matches {count} occurrences. Please revise the expression to be more specific or enable \
         allow_multiple_occurrences if this is expected."
    )]
    Occurrences {
        /// How often it fits.
        count: usize,
    },
    /// A match of several lines fits again inside itself.
    #[error(
        "Match is ambiguous: the search pattern matches multiple overlapping occurrences. Please revise the search pattern \
         to be more specific to avoid ambiguity, e.g. by matching specific context after the match, or try using the \
         literal mode."
    )]
    Ambiguous,
    /// The expression cannot be read; what is wrong with it, in Python's words where they are simple.
    #[error("{0}")]
    Expression(String),
    /// The replacement names a group that the expression does not have.
    #[error("Backreference $!{number} refers to a group that does not exist in the search expression")]
    NoGroup {
        /// The group's number.
        number: usize,
    },
    /// The expression goes back over the text too often.
    #[error("the expression takes too many steps on this text; make it more specific")]
    TooManySteps,
    /// The text would become too long.
    #[error("the text would become longer than {bytes_max} bytes")]
    TooLarge {
        /// The limit.
        bytes_max: u64,
    },
}

/// A text with `\n` between its lines, as every edit reads and leaves it: `\r\n` and a lone `\r` become `\n`.
pub fn plain_lines(text: &str) -> Cow<'_, str> {
    if text.contains('\r') { Cow::Owned(text.replace("\r\n", "\n").replace('\r', "\n")) } else { Cow::Borrowed(text) }
}

/// Makes an edit. The text's lines end in `\n` while it is edited and afterwards ([`plain_lines`]).
///
/// # Errors
/// Why it was not made.
pub fn edit(text: &str, edit: &Edit<'_>) -> Result<Edited, EditFault> {
    let text = plain_lines(text);
    if edit.regex { by_expression(&text, edit) } else { literally(&text, edit) }
}

fn literally(text: &str, edit: &Edit<'_>) -> Result<Edited, EditFault> {
    // An empty needle stands before every character and at the end, as an empty expression does.
    let count = text.matches(edit.needle).count();
    check_count(count, edit.all)?;
    let mut out = Output::new(edit.bytes_max);
    let mut rest = 0;
    for (at, found) in text.match_indices(edit.needle) {
        out.push(&text[rest..at])?;
        out.push(edit.replacement)?;
        rest = at + found.len();
    }
    out.push(&text[rest..])?;
    Ok(Edited { text: out.text, replaced: count })
}

fn by_expression(text: &str, edit: &Edit<'_>) -> Result<Edited, EditFault> {
    let mut expression = compile(edit.needle, BACKTRACKS_MAX[0])?;
    let replacement = parts(edit.replacement);
    let mut out = Output::new(edit.bytes_max);
    let (mut rest, mut count) = (0, 0);
    let mut from = Some(0);
    while let Some(found) = next(&expression, text, from)? {
        let Some(whole) = found.get(0) else { break };
        from = behind(text, whole.start(), whole.end());
        if fits_again_inside(&expression, whole.as_str())? {
            return Err(EditFault::Ambiguous);
        }
        count += 1;
        if count == MATCHES_SLOW {
            expression = compile(edit.needle, BACKTRACKS_MAX[1])?;
        }
        if (count as u64).saturating_mul(text.len() as u64) > LOOKED_AT_BYTES_MAX {
            return Err(EditFault::TooManySteps);
        }
        // Past the first, only the number is still of interest unless all are meant.
        if edit.all || count == 1 {
            out.push(&text[rest..whole.start()])?;
            for part in &replacement {
                out.push(part.text(&found)?)?;
            }
            rest = whole.end();
        }
    }
    check_count(count, edit.all)?;
    out.push(&text[rest..])?;
    Ok(Edited { text: out.text, replaced: count })
}

/// The next match from here on.
fn next<'t>(expression: &Regex, text: &'t str, from: Option<usize>) -> Result<Option<Captures<'t, str>>, EditFault> {
    let Some(from) = from else { return Ok(None) };
    expression.captures_from_pos(text, from).map_err(|error| gave_up(&error))
}

/// Where to look on behind a match: as in Python, an empty match may follow a longer one at once, but not an empty one.
fn behind(text: &str, start: usize, end: usize) -> Option<usize> {
    if end > start {
        return Some(end);
    }
    text[end..].chars().next().map(|char| end + char.len_utf8())
}

fn check_count(count: usize, all: bool) -> Result<(), EditFault> {
    match count {
        0 => Err(EditFault::NoMatch),
        2.. if !all => Err(EditFault::Occurrences { count }),
        _ => Ok(()),
    }
}

fn compile(needle: &str, backtracks_max: usize) -> Result<Regex, EditFault> {
    if needle.len() > NEEDLE_BYTES_MAX {
        let why = format!("the expression has {} bytes; the longest possible has {NEEDLE_BYTES_MAX}", needle.len());
        return Err(EditFault::Expression(why));
    }
    let expression = python_regex::translate(needle).map_err(EditFault::Expression)?;
    RegexBuilder::new(&format!("(?ms){expression}"))
        .backtrack_limit(backtracks_max)
        .delegate_size_limit(COMPILED_BYTES_MAX)
        .build()
        .map_err(|error| EditFault::Expression(format!("the expression cannot be read: {error}")))
}

/// Whether a match of several lines fits again from its second character on: then a shorter one may have been meant.
fn fits_again_inside(expression: &Regex, whole: &str) -> Result<bool, EditFault> {
    let Some(first) = whole.chars().next().filter(|_| whole.contains('\n')) else { return Ok(false) };
    expression.is_match(&whole[first.len_utf8()..]).map_err(|error| gave_up(&error))
}

fn gave_up(error: &fancy_regex::Error) -> EditFault {
    match error {
        fancy_regex::Error::RuntimeError(_) => EditFault::TooManySteps,
        other => EditFault::Expression(format!("the expression cannot be used: {other}")),
    }
}

/// A part of a replacement.
enum Part<'a> {
    Text(&'a str),
    Group(usize),
}

impl<'a> Part<'a> {
    /// What stands for it; a group that took no part in the match stands for nothing.
    fn text(&self, found: &Captures<'a, str>) -> Result<&'a str, EditFault> {
        match self {
            Self::Text(text) => Ok(text),
            Self::Group(number) if *number < found.len() => Ok(found.get(*number).map_or("", |group| group.as_str())),
            Self::Group(number) => Err(EditFault::NoGroup { number: *number }),
        }
    }
}

/// Takes a replacement apart at `$!` and digits.
fn parts(replacement: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let (mut start, mut from) = (0, 0);
    while let Some(at) = replacement[from..].find("$!").map(|at| from + at) {
        let digits = &replacement[at + 2..];
        let count = digits.bytes().take_while(u8::is_ascii_digit).count();
        from = at + 2 + count;
        if count > 0 {
            parts.push(Part::Text(&replacement[start..at]));
            // A number beyond all groups is refused when it is used.
            parts.push(Part::Group(digits[..count].parse().unwrap_or(usize::MAX)));
            start = from;
        }
    }
    parts.push(Part::Text(&replacement[start..]));
    parts
}

/// A text in the making that does not grow beyond its limit.
struct Output {
    text: String,
    bytes_max: u64,
}

impl Output {
    fn new(bytes_max: u64) -> Self {
        Self { text: String::new(), bytes_max }
    }

    fn push(&mut self, text: &str) -> Result<(), EditFault> {
        if (self.text.len() + text.len()) as u64 > self.bytes_max {
            return Err(EditFault::TooLarge { bytes_max: self.bytes_max });
        }
        self.text.push_str(text);
        Ok(())
    }
}
