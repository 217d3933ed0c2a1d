//! What memory acts may do, as plain values: names that cannot be written or seen, and limits. The patterns are compiled once.

use super::name::MemoryName;
use super::python_regex;
use fancy_regex::{Regex, RegexBuilder};
use globset::{GlobBuilder, GlobMatcher};
use std::time::Duration;

/// Longest text of a memory where nothing else is set, in bytes.
const TEXT_BYTES_MAX: u64 = 1024 * 1024;

/// Memories that may stand at once where nothing else is set.
const MEMORIES_MAX: usize = 50_000;

/// Settings of the memory bus.
#[derive(Clone, Debug)]
pub struct MemoryRules {
    /// Names that can be read and not written by acts. What a person does to their files is taken in all the same.
    pub read_only: Patterns,
    /// Names that are neither shown nor written nor taken in.
    pub ignored: Patterns,
    /// Longest text, in bytes.
    pub text_bytes_max: u64,
    /// Memories that may stand at once. Names that were taken away or only leased are bounded by four times as many.
    pub memories_max: usize,
    /// Longest lease.
    pub lease_max: Duration,
}

impl Default for MemoryRules {
    fn default() -> Self {
        Self {
            read_only: Patterns::default(),
            ignored: Patterns::default(),
            text_bytes_max: TEXT_BYTES_MAX,
            memories_max: MEMORIES_MAX,
            lease_max: Duration::from_secs(24 * 60 * 60),
        }
    }
}

/// Steps one match of an expression may take. One that needs more counts as fitting: what should be closed stays closed.
const BACKTRACKS_MAX: usize = 100_000;

/// Patterns over whole names. Globs (`*` and `?` stay within a part, `**` crosses parts), and regular expressions for those
/// that another program keeps so.
#[derive(Clone, Debug, Default)]
pub struct Patterns(Vec<(String, Matcher)>);

/// One pattern, compiled.
#[derive(Clone, Debug)]
enum Matcher {
    Glob(GlobMatcher),
    Expression(Box<Regex>),
}

impl Matcher {
    fn fits(&self, name: &str) -> bool {
        match self {
            Self::Glob(glob) => glob.is_match(name),
            Self::Expression(expression) => expression.is_match(name).unwrap_or(true),
        }
    }
}

/// A pattern that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{pattern}` is no {sort}: {why}")]
pub struct PatternFault {
    /// The pattern.
    pub pattern: String,
    /// What it should be.
    pub sort: &'static str,
    /// What is wrong with it.
    pub why: String,
}

impl Patterns {
    /// Compiles patterns.
    ///
    /// # Errors
    /// The first that cannot be read.
    pub fn new<S: AsRef<str>>(patterns: &[S]) -> Result<Self, PatternFault> {
        let compiled = patterns.iter().map(|pattern| {
            let pattern = pattern.as_ref();
            // A backslash is an ordinary character of names, so it escapes nothing; `[*]` names a star.
            let glob = GlobBuilder::new(pattern).literal_separator(true).backslash_escape(false).build();
            let glob = glob.map_err(|error| fault("glob pattern", pattern, error.kind().to_string()))?;
            Ok((pattern.to_owned(), Matcher::Glob(glob.compile_matcher())))
        });
        compiled.collect::<Result<_, _>>().map(Self)
    }

    /// Adds a regular expression of Python's `re` that a name fits when the whole of it matches.
    ///
    /// # Errors
    /// It cannot be read; nothing was added then.
    pub fn add_expression(&mut self, pattern: &str) -> Result<(), PatternFault> {
        let no_expression = |why: String| fault("regular expression", pattern, why);
        let expression = python_regex::translate(pattern).map_err(no_expression)?;
        let expression = RegexBuilder::new(&format!(r"\A(?:{expression})\z")).backtrack_limit(BACKTRACKS_MAX).build();
        let expression = expression.map_err(|error| no_expression(error.to_string()))?;
        self.0.push((pattern.to_owned(), Matcher::Expression(Box::new(expression))));
        Ok(())
    }

    /// The first pattern that a name fits.
    pub fn fitting(&self, name: &MemoryName) -> Option<&str> {
        self.0.iter().find(|(_, matcher)| matcher.fits(name.as_str())).map(|(pattern, _)| pattern.as_str())
    }
}

fn fault(sort: &'static str, pattern: &str, why: String) -> PatternFault {
    PatternFault { pattern: pattern.to_owned(), sort, why }
}
