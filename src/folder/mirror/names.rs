//! Names and paths: which file names are memories, which are ignored, and which name a path has.

use crate::board::MemoryName;
use crate::folder::context::tree::CLOSED;
use std::path::{Path, PathBuf};
use unicode_normalization::UnicodeNormalization;

/// The ending of a memory's file.
pub(super) const ENDING: &str = ".md";

/// The ending of a file that is not finished. Serena and we write under such names.
pub(super) const TEMPORARY: &str = ".tmp";

/// Whether a file of this name is a memory, by its name alone. What editors keep beside a file mostly ends otherwise
/// (`a.md~`, `.a.md.swp`, `4913`, `a.md___jb_tmp___`, `#a.md#`); a lock of Emacs does not.
pub(super) fn is_memory_file(file: &str) -> bool {
    file.ends_with(ENDING) && !file.starts_with(".#") && !file.contains("___jb_")
}

/// Whether a folder of this name is looked into.
pub(super) fn is_open_folder(folder: &str) -> bool {
    !folder.ends_with(TEMPORARY) && !CLOSED.contains(&folder)
}

/// A text in Unicode form C.
pub(super) fn composed(text: &str) -> String {
    text.nfc().collect()
}

/// The name of the memory whose file has this path below its root; `prefix` is what the root's names begin with.
///
/// # Errors
/// Why it has none, as the end of a sentence.
pub(super) fn name_of(prefix: &str, path: &Path) -> Result<MemoryName, String> {
    let text = path.to_str().ok_or("has a name that is not UTF-8 text; rename it")?;
    let stem = text.strip_suffix(ENDING).ok_or("does not end in .md")?;
    let wanted = format!("{prefix}{}", composed(stem));
    let name =
        MemoryName::parse(&wanted).map_err(|fault| format!("has a name that is no memory's ({fault}); rename it"))?;
    // `a.md.md` and `mem:a.md` would be read as `a`.
    if name.as_str() != wanted {
        return Err(format!("has a name that is read as {name}; rename it"));
    }
    Ok(name)
}

/// The path below its root of the file that a memory has unless it is spelled otherwise on the disk.
pub(super) fn path_of(prefix: &str, name: &MemoryName) -> PathBuf {
    let below = name.as_str().strip_prefix(prefix).unwrap_or(name.as_str());
    PathBuf::from(format!("{below}{ENDING}"))
}

/// The temporary name under which a file is written beside its place. It is 16 bytes longer at most: the longest part of a
/// name leaves as many of the 255 that file systems take. Serena's are `<file>.<eight signs>.tmp`, without a dot in front.
pub(super) fn temporary(file: &str, number: u32) -> String {
    format!(".{file}.s{number:08x}{TEMPORARY}")
}

/// The file that a temporary name of ours belongs to.
pub(super) fn of_temporary(temporary: &str) -> Option<&str> {
    let inner = temporary.strip_prefix('.')?.strip_suffix(TEMPORARY)?;
    let (file, number) = inner.rsplit_once(".s")?;
    let is_number = number.len() == 8 && number.bytes().all(|byte| byte.is_ascii_hexdigit());
    (is_memory_file(file) && is_number).then_some(file)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot go on should end where it stands")]
mod tests {
    use super::*;
    use crate::board::memory::PART_BYTES_MAX;

    #[test]
    fn what_editors_keep_beside_a_file_is_no_memory() {
        for file in [
            ".#a.md",
            ".a.md.swp",
            "4913",
            "a.md~",
            "a.md___jb_tmp___",
            "a.md___jb_old___",
            "#a.md#",
            "a.md.tmp",
            "a.txt",
        ] {
            assert!(!is_memory_file(file), "{file}");
        }
        for file in ["a.md", ".hidden.md", "a b.md", "ü.md", "a.b.md"] {
            assert!(is_memory_file(file), "{file}");
        }
        for folder in [".git", ".synod", "a.tmp"] {
            assert!(!is_open_folder(folder), "{folder}");
        }
        assert!(is_open_folder(".hidden") && is_open_folder("dir.md"));
    }

    #[test]
    fn a_path_and_its_name_are_one_in_form_c() {
        let name = name_of("", Path::new("u\u{308}ber/a.md")).unwrap();
        assert_eq!(name.as_str(), "\u{fc}ber/a");
        assert_eq!(path_of("", &name), Path::new("\u{fc}ber/a.md"));
        let name = name_of("global/", Path::new("x.md")).unwrap();
        assert_eq!((name.as_str(), path_of("global/", &name).as_path()), ("global/x", Path::new("x.md")));
        assert!(name_of("", Path::new(".md")).is_err());
    }

    #[test]
    fn a_temporary_name_leads_back_to_its_file() {
        assert_eq!(of_temporary(&temporary("a.b.md", 17)), Some("a.b.md"));
        assert_eq!(of_temporary(".a.md.12345678.tmp"), None);
        let longest = format!("{}.md", "x".repeat(PART_BYTES_MAX));
        assert!(temporary(&longest, u32::MAX).len() <= 255);
        assert_eq!(of_temporary(".synod-writing.tmp"), None);
        assert!(!is_memory_file(&temporary("a.md", 1)));
    }
}
