//! File names made from names that others chose: workers, steps, dropped files. None of them can leave its folder.

use crate::board::text::cut;
use sha2::{Digest, Sha256};

/// Longest part of a file name made from one chosen name, in bytes; three of them and a task's id fit into 255.
const PART_BYTES_MAX: usize = 48;

/// Longest file name that common file systems take, in bytes.
const NAME_BYTES_MAX: usize = 255;

/// A part of a file name: letters, digits, `.`, `_` and `-`, no dot in front. A name that has to be changed for that gets six
/// digits of its hash, so that two names never become one.
pub(crate) fn part(name: &str) -> String {
    let fits = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-');
    if !name.is_empty() && name.len() <= PART_BYTES_MAX && !name.starts_with('.') && name.chars().all(fits) {
        return name.to_owned();
    }
    let clean: String = name.chars().map(|c| if fits(c) { c } else { '-' }).collect();
    let clean = cut(clean.trim_matches(['.', '-']), PART_BYTES_MAX - 7);
    let hash = crate::folder::handoff_log::form::hex(&Sha256::digest(name)[..3]);
    if clean.is_empty() { hash } else { format!("{clean}-{hash}") }
}

/// Whether `name` is one plain name in a folder.
pub(crate) fn is_plain(name: &str) -> bool {
    !name.is_empty() && !name.contains(['/', '\0']) && name != "." && name != ".."
}

/// `bad-2.md` for `bad.md` and 2; `bad.md` for 1. Stays within `room` bytes less than a file name may have.
pub(crate) fn numbered(name: &str, number: u32, room: usize) -> String {
    let (stem, ending) = match name.rfind('.') {
        Some(at) if at > 0 && name.len() - at <= 20 => name.split_at(at),
        _ => (name, ""),
    };
    let number = if number == 1 { String::new() } else { format!("-{number}") };
    let room = NAME_BYTES_MAX.saturating_sub(room + ending.len() + number.len());
    format!("{}{number}{ending}", cut(stem, room))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chosen_names_stay_in_their_folder_and_stay_apart() {
        assert_eq!(part("claude-4.5"), "claude-4.5");
        for hostile in ["../../etc/passwd", "..", ".", "", "a/b", "a b", "a\0b", ".hidden", "a\nb"] {
            let name = part(hostile);
            assert!(
                is_plain(&name) && !name.starts_with('.') && !name.contains(char::is_whitespace),
                "{hostile:?}: {name}"
            );
        }
        assert_ne!(part("a/b"), part("a b"));
        assert!(part(&"é".repeat(300)).len() <= PART_BYTES_MAX);
    }

    #[test]
    fn a_number_goes_before_the_ending() {
        assert_eq!((numbered("bad.md", 1, 0), numbered("bad.md", 2, 0)), ("bad.md".into(), "bad-2.md".into()));
        assert_eq!((numbered(".md", 2, 0), numbered("bad", 3, 0)), (".md-2".into(), "bad-3".into()));
        assert_eq!(numbered(&format!("{}.md", "x".repeat(252)), 2, 7).len(), 248);
    }
}
