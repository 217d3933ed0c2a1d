//! What memory acts may do, as plain values: names that cannot be written or seen, and limits. The patterns are compiled once.

use super::name::MemoryName;
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

/// Glob patterns over whole names: `*` and `?` stay within a part, `**` crosses parts.
#[derive(Clone, Debug, Default)]
pub struct Patterns(Vec<(String, GlobMatcher)>);

/// A pattern that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{pattern}` is no glob pattern: {why}")]
pub struct PatternFault {
    /// The pattern.
    pub pattern: String,
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
            let glob =
                glob.map_err(|error| PatternFault { pattern: pattern.to_owned(), why: error.kind().to_string() })?;
            Ok((pattern.to_owned(), glob.compile_matcher()))
        });
        compiled.collect::<Result<_, _>>().map(Self)
    }

    /// The first pattern that a name fits.
    pub fn fitting(&self, name: &MemoryName) -> Option<&str> {
        self.0.iter().find(|(_, glob)| glob.is_match(name.as_str())).map(|(pattern, _)| pattern.as_str())
    }
}
