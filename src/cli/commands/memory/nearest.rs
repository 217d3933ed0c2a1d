//! The memory that was most likely meant, when there is none of the name that was written.

use crate::api::{Error, ErrorKind, Handle, MemoryRow, Reply, Request};
use crate::config;

/// Pages of names looked through; a slip of the pen is not worth more.
const PAGES_MAX: usize = 20;

/// The same error; where it says that there is no such memory, with the nearest name that there is.
pub(super) async fn with_hint(handle: &Handle, name: &str, error: Error) -> Error {
    if error.kind != ErrorKind::NotFound {
        return error;
    }
    let names = names(handle).await;
    let hint = match of(name, &names) {
        Some(near) => format!("did you mean {near}? see all of them with: synod memory list"),
        None if error.hint.is_empty() => "see the memories with: synod memory list".to_owned(),
        None => return error,
    };
    error.hint(hint)
}

/// The names there are, as far as they are looked through. Finding none is no error of its own: another is told already.
async fn names(handle: &Handle) -> Vec<String> {
    let mut names = Vec::new();
    let mut after = None;
    for _ in 0..PAGES_MAX {
        let asked = handle.ask(Request::MemoryList { topic: None, after: after.take(), limit: None }).await;
        let Ok(Reply::Memories { memories, next }) = asked else { break };
        names.extend(memories.into_iter().map(|row: MemoryRow| row.name));
        if next.is_none() {
            break;
        }
        after = next;
    }
    names
}

/// The name like the written one: in another case, below a folder that was left out, or with a slip in it.
fn of<'a>(written: &str, names: &'a [String]) -> Option<&'a str> {
    let written = written.strip_prefix("mem:").unwrap_or(written);
    let written = written.strip_suffix(".md").unwrap_or(written);
    let names = || names.iter().map(String::as_str);
    let last = |name: &str| name.rsplit('/').next().is_some_and(|part| part == written);
    names()
        .find(|name| name.to_lowercase() == written.to_lowercase())
        .or_else(|| names().find(|name| last(name)))
        .or_else(|| config::nearest(written, names()))
}

#[cfg(test)]
mod tests {
    use super::of;

    #[test]
    fn the_name_that_was_meant() {
        let names = ["design/auth", "design/cache", "todo"].map(str::to_owned);
        for (written, meant) in [
            ("Design/Auth", Some("design/auth")),
            ("auth", Some("design/auth")),
            ("desing/cache", Some("design/cache")),
            ("mem:design/cach.md", Some("design/cache")),
            ("something-else", None),
        ] {
            assert_eq!(of(written, &names), meant, "{written}");
        }
    }
}
