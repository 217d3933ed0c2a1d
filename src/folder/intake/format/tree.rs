//! What every format is read into before its keys are understood: values that remember their line.

use crate::board::Reason;

/// Deepest nesting of lists and maps in a task file; a plan needs four.
pub(super) const DEPTH_MAX: usize = 32;

/// A value and the line it begins on, from 1.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Node {
    pub(super) line: u32,
    pub(super) value: Value,
}

/// A value as the file says it, not yet as its key wants it.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    Null,
    Flag(bool),
    Whole(i128),
    Real(f64),
    Moment,
    Text(String),
    List(Vec<Node>),
    Map(Vec<Entry>),
}

/// A key with its value; the same key may stand twice, which the reader of keys refuses.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Entry {
    pub(super) key: String,
    pub(super) line: u32,
    pub(super) value: Node,
}

impl Value {
    /// What it is, for a sentence: `a list`.
    pub(super) fn is_a(&self) -> &'static str {
        match self {
            Self::Null => "empty",
            Self::Flag(_) => "true or false",
            Self::Whole(_) => "a whole number",
            Self::Real(_) => "a number",
            Self::Moment => "a date",
            Self::Text(_) => "text",
            Self::List(_) => "a list",
            Self::Map(_) => "a group of keys",
        }
    }
}

/// A reason in one go.
pub(super) fn reason(line: impl Into<Option<u32>>, what: impl Into<String>, mend: impl Into<String>) -> Reason {
    Reason { what: what.into(), line: line.into(), mend: mend.into() }
}
