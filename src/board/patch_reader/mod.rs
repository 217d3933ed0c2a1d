//! Changes of files out of a model's words: diffs, edits in the `*** Begin Patch` form, whole files under their paths. Only
//! reads; whether a change fits is found out where it is made. Tolerant, for models write these forms with small slips.

mod begin;
mod blocks;
mod loose;
#[cfg(test)]
mod tests;

pub use loose::loosely;

use blocks::{Block, blocks};

/// Most changes that are read out of one answer.
const CHANGES_MAX: usize = 500;

/// One change that an answer asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// A unified diff, of one file or several.
    Diff(String),
    /// A file, whole.
    Whole {
        /// Where.
        path: String,
        /// What stands there afterwards.
        text: String,
    },
    /// Passages of a file replaced.
    Edit {
        /// Which file.
        path: String,
        /// Its new name.
        moved: Option<String>,
        /// The passages, from the top.
        hunks: Vec<Hunk>,
    },
    /// A file taken away.
    Delete {
        /// Which.
        path: String,
    },
}

/// A passage and what takes its place, in lines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hunk {
    /// The lines that stand there; empty: at the end of the file.
    pub old: Vec<String>,
    /// The lines that stand there afterwards.
    pub new: Vec<String>,
}

/// The changes in an answer, in order.
pub fn read(answer: &str) -> Vec<Change> {
    let found = blocks(answer);
    let mut changes: Vec<Change> = found.iter().flat_map(change).collect();
    if changes.is_empty() {
        changes = bare(answer);
    }
    changes.truncate(CHANGES_MAX);
    changes
}

/// What a fenced block asks for.
fn change(block: &Block) -> Vec<Change> {
    let text = &block.text;
    if text.trim_start().starts_with(begin::OPENS) {
        return begin::read(text);
    }
    if is_diff(text) {
        return vec![Change::Diff(text.clone())];
    }
    match &block.path {
        Some(path) => vec![Change::Whole { path: path.clone(), text: text.clone() }],
        None => Vec::new(),
    }
}

/// Whether a text is a unified diff: it has the two file lines, or git's own heading, at the beginning of lines.
fn is_diff(text: &str) -> bool {
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        if line.starts_with("diff --git ") {
            return true;
        }
        if line.starts_with("--- ") && lines.peek().is_some_and(|next| next.starts_with("+++ ")) {
            return true;
        }
    }
    false
}

/// A diff or an edit that stands in the answer without a fence around it.
fn bare(answer: &str) -> Vec<Change> {
    let begins = |opens: &str| {
        let inner = answer.find(&format!("\n{opens}")).map(|at| at + 1);
        if answer.starts_with(opens) { Some(0) } else { inner }
    };
    if let Some(at) = begins(begin::OPENS) {
        return begin::read(&answer[at..]);
    }
    let Some(at) = begins("diff --git ").or_else(|| begins("--- ")) else { return Vec::new() };
    let text = &answer[at..];
    if is_diff(text) { vec![Change::Diff(text.to_owned())] } else { Vec::new() }
}
