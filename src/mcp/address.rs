//! The addresses of resources: `memory://auth/login` and `task://review-auth`. A name's bytes that a URI cannot hold are
//! percent-encoded (RFC 3986); slashes stay, because they are the folders.

use crate::api::TaskId;

/// How memories' addresses are made (RFC 6570; the plus lets slashes stand).
pub(super) const MEMORY_TEMPLATE: &str = "memory://{+name}";
/// How tasks' addresses are made.
pub(super) const TASK_TEMPLATE: &str = "task://{id}";

/// What an address leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Address {
    /// A memory, by its name.
    Memory(String),
    /// A task.
    Task(TaskId),
}

impl Address {
    /// Reads an address; `None`: it is none of ours.
    pub(super) fn parse(uri: &str) -> Option<Self> {
        if let Some(name) = uri.strip_prefix("memory://") {
            let name = decoded(name)?;
            let whole = !name.is_empty() && name.split('/').all(|part| !matches!(part, "" | "." | ".."));
            return whole.then_some(Self::Memory(name));
        }
        let id = uri.strip_prefix("task://")?;
        TaskId::parse(&decoded(id)?).map(Self::Task)
    }
}

/// The address of a memory.
pub(super) fn of_memory(name: &str) -> String {
    format!("memory://{}", encoded(name))
}

/// The address of a task.
pub(super) fn of_task(task: &TaskId) -> String {
    format!("task://{}", encoded(task.as_str()))
}

/// The text with bytes that a URI cannot hold percent-encoded.
pub(super) fn encoded(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~' | b'/') {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// The text with percent-encoded bytes as they were; `None`: it is no such text.
pub(super) fn decoded(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        if bytes[at] == b'%' {
            let digits = text.get(at + 1..at + 3)?;
            out.push(u8::from_str_radix(digits, 16).ok()?);
            at += 3;
        } else {
            out.push(bytes[at]);
            at += 1;
        }
    }
    String::from_utf8(out).ok()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failing test may stop where it stands")]
mod tests {
    use super::*;

    #[test]
    fn every_name_has_an_address_that_leads_back() {
        for name in ["core", "auth/login", "sp ace & ünï.v1.2", "100%", "a?b#c", "back\\slash"] {
            let uri = of_memory(name);
            assert!(uri.is_ascii() && !uri.contains([' ', '#', '?']), "{uri}");
            assert_eq!(Address::parse(&uri).unwrap(), Address::Memory(name.to_owned()));
        }
        let task = TaskId::parse("review-auth-2").unwrap();
        assert_eq!(Address::parse(&of_task(&task)).unwrap(), Address::Task(task));
    }

    #[test]
    fn what_leaves_the_tree_or_is_no_address_leads_nowhere() {
        for uri in [
            "memory://",
            "memory://../x",
            "memory://a/%2e%2e/b",
            "memory:///etc/passwd",
            "memory://a//b",
            "memory://%zz",
            "memory://%ff",
            "task://",
            "task://a/b",
            "file:///etc/passwd",
            "",
        ] {
            assert_eq!(Address::parse(uri), None, "{uri}");
        }
    }
}
