//! Refusals in the words of Serena's tools: the class of a Python exception and its text.

use super::name::shown;
use crate::api::{Error, ErrorKind, MemoryFault};
use crate::mcp::answer;
use crate::mcp::tools::python;
use rmcp::model::CallToolResult;
use serde_json::json;

/// Why a call is refused.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Refused {
    class: &'static str,
    says: String,
    /// The revision that stands, where another one was named.
    stands: Option<u64>,
}

impl Refused {
    fn new(class: &'static str, says: impl Into<String>) -> Self {
        Self { class, says: says.into(), stands: None }
    }

    /// A value that cannot be used.
    pub(super) fn value(says: impl Into<String>) -> Self {
        Self::new("ValueError", says)
    }

    /// Something that is not there.
    pub(super) fn missing(says: impl Into<String>) -> Self {
        Self::new("FileNotFoundError", says)
    }

    /// Something that is there already.
    pub(super) fn exists(says: impl Into<String>) -> Self {
        Self::new("FileExistsError", says)
    }

    /// A name that no file can have.
    pub(super) fn too_long(name: &str) -> Self {
        Self::new("OSError", format!("[Errno 36] File name too long: '{name}.md'"))
    }

    /// A memory that can only be read.
    fn read_only(name: &str) -> Self {
        // The closing bracket without an opening one is how the text is known.
        Self::new("PermissionError", format!("Attempted to write to read_only memory: '{name}')"))
    }

    /// The answer.
    pub(super) fn answer(self, tool: &str) -> CallToolResult {
        let says = format!("Error executing tool {tool}: {}: {}", self.class, self.says);
        let mut result = answer::mistaken(says.clone());
        if let Some(stands) = self.stands {
            result.structured_content = Some(json!({ "result": says, "revision": stands }));
        }
        result
    }
}

/// The board's refusal of an act on the memory spelt so. What is said of a missing or taken name differs by tool, so the
/// tools choose those words before they come here.
pub(super) fn refused(error: &Error, spelling: &str) -> Refused {
    let name = shown(spelling);
    match &error.fault {
        Some(MemoryFault::Missing) => Refused::missing(format!("Memory {name} not found.")),
        Some(MemoryFault::Exists) => Refused::exists(format!("Memory {name} already exists.")),
        Some(MemoryFault::ReadOnly | MemoryFault::Own) => Refused::read_only(name),
        Some(MemoryFault::Ignored) => Refused::value(format!(
            "Memory '{name}' matches an ignored_memory_patterns pattern and cannot be accessed. Use the read_file tool on the raw file path instead."
        )),
        Some(MemoryFault::NameTooLong) => Refused::too_long(name),
        Some(MemoryFault::NoMatch) => Refused::value("Error: No matches of search expression found."),
        Some(MemoryFault::Occurrences { count }) => Refused::value(format!(
            "Expression matches {count} occurrences. Please revise the expression to be more specific or enable allow_multiple_occurrences if this is expected."
        )),
        Some(MemoryFault::Ambiguous) => Refused::value(error.what.clone()),
        // What is wrong with the replacement is no error of Python's `re`.
        Some(MemoryFault::Expression) if error.what.starts_with("Backreference ") => Refused::value(error.what.clone()),
        Some(MemoryFault::Expression) => Refused::new("error", error.what.clone()),
        Some(MemoryFault::Stale { stands }) => Refused {
            stands: Some(*stands),
            ..Refused::new(
                "RevisionError",
                format!("Memory {name} stands at revision {stands}. Read it again and repeat the change."),
            )
        },
        Some(MemoryFault::Name | MemoryFault::TooLarge | MemoryFault::TooMany) => Refused::value(capital(&error.what)),
        Some(MemoryFault::Leased) => Refused::new("PermissionError", answer::words(error)),
        None => by_kind(error, name),
    }
}

/// The same where the board says no more than the kind.
fn by_kind(error: &Error, name: &str) -> Refused {
    match error.kind {
        ErrorKind::NotFound => Refused::missing(format!("Memory {name} not found.")),
        ErrorKind::Invalid => Refused::value(capital(&error.what)),
        ErrorKind::Conflict => Refused::new("PermissionError", answer::words(error)),
        ErrorKind::NoWorker | ErrorKind::Busy | ErrorKind::Stopping | ErrorKind::Unreachable | ErrorKind::Internal => {
            Refused::new("RuntimeError", answer::words(error))
        }
    }
}

/// The refusal of an edit: a pattern that cannot be read is explained as Python does.
pub(super) fn refused_edit(error: &Error, spelling: &str, needle: &str) -> Refused {
    match (&error.fault, python::pattern_error(needle)) {
        (Some(MemoryFault::Expression), Some(says)) => Refused::new("error", says),
        _ => refused(error, spelling),
    }
}

/// The text with a capital first letter, as their sentences have it.
fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}
