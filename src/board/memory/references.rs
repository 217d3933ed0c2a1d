//! References of memories to one another: `mem:design/auth` in a text. A name ends where none of letters, digits, `_`, `-`
//! and `/` follows, so `mem:auth/login` is no part of `mem:auth/login2`, and `mem:auth/login.md` refers to `auth/login`.

use super::name::MemoryName;

/// What marks a reference.
const MARK: &str = "mem:";

/// Whether a text refers to a memory.
pub fn refers(text: &str, name: &MemoryName) -> bool {
    next(text, 0, &spelled(name)).is_some()
}

/// The text with every reference to `from` made one to `to`; `None`: it has none.
pub fn rewritten(text: &str, from: &MemoryName, to: &MemoryName) -> Option<String> {
    let (old, new) = (spelled(from), spelled(to));
    let mut out = String::new();
    let mut rest = 0;
    while let Some(at) = next(text, rest, &old) {
        out.push_str(&text[rest..at]);
        out.push_str(&new);
        rest = at + old.len();
    }
    if rest == 0 {
        return None;
    }
    out.push_str(&text[rest..]);
    Some(out)
}

fn spelled(name: &MemoryName) -> String {
    format!("{MARK}{name}")
}

/// Where the next reference begins.
fn next(text: &str, from: usize, reference: &str) -> Option<usize> {
    let mut from = from;
    loop {
        let at = from + text.get(from..)?.find(reference)?;
        let before = text[..at].bytes().next_back();
        let after = text.as_bytes().get(at + reference.len()).copied();
        if !before.is_some_and(is_of_a_name) && !after.is_some_and(is_of_a_name) {
            return Some(at);
        }
        // The first byte of a reference is `m`, so the next one is the beginning of a character.
        from = at + 1;
    }
}

fn is_of_a_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'/')
}
