//! A workspace's own text for a role: `prompts/<role>.md` in the coordination folder, which takes the place of the shipped
//! one.

use super::tree::{self, Content};
use std::io;
use std::path::Path;

/// The folder of the texts, below the coordination folder.
const FOLDER: &str = "prompts";

/// Reads the workspace's own text for a role; `Ok(None)`: it has none, and the shipped one is used.
///
/// # Errors
/// Why the text that is there is not used, as a line that begins with its path: it is empty, too long, no UTF-8 text, or
/// leads out of the folder.
pub fn role_text(coordination: &Path, role: &str, bytes_max: usize) -> Result<Option<String>, String> {
    let relative = format!("{FOLDER}/{role}.md");
    let unfit = |why: &str| Err(format!("{relative}: {why}; the shipped text was used"));
    // A role's name comes from settings; one that is no plain name has no file.
    if role.contains(['/', '\\']) || tree::path_fault(&relative).is_some() {
        return Ok(None);
    }
    let path = coordination.join(&relative);
    match tree::read_text(&path, bytes_max) {
        Ok(Content::Text(_)) if !tree::stays_below(coordination, Path::new(&relative)) => {
            unfit("leads out of the folder through a symlink")
        }
        Ok(Content::Text(text)) if text.trim().is_empty() => unfit("is empty"),
        Ok(Content::Text(text)) => Ok(Some(text.trim().to_owned())),
        Ok(Content::Not(why)) => unfit(&why),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(None),
        Err(error) => unfit(&format!("cannot be read: {error}")),
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot go on should end where it stands")]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::symlink;

    #[test]
    fn a_text_of_ones_own_is_read_and_one_that_is_not_there_is_not_missed() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(role_text(folder.path(), "reviewer", 100), Ok(None));
        fs::create_dir(folder.path().join("prompts")).unwrap();
        fs::write(folder.path().join("prompts/reviewer.md"), "\nYou review for a bank.\n").unwrap();
        assert_eq!(role_text(folder.path(), "reviewer", 100), Ok(Some("You review for a bank.".to_owned())));
        assert_eq!(role_text(folder.path(), "../prompts/reviewer", 100), Ok(None));
    }

    #[test]
    fn a_text_that_cannot_be_used_is_named_with_the_reason() {
        let (folder, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        fs::create_dir(folder.path().join("prompts")).unwrap();
        fs::write(outside.path().join("x.md"), "from elsewhere").unwrap();
        symlink(outside.path().join("x.md"), folder.path().join("prompts/link.md")).unwrap();
        fs::create_dir(folder.path().join("prompts/folder.md")).unwrap();
        for (name, bytes, why) in [
            ("empty", &b" \n"[..], "is empty"),
            ("long", &[b'x'; 101], "is over the limit of 100 bytes"),
            ("latin", b"caf\xe9", "is not UTF-8 text"),
        ] {
            fs::write(folder.path().join(format!("prompts/{name}.md")), bytes).unwrap();
            let said = role_text(folder.path(), name, 100).unwrap_err();
            assert_eq!(said, format!("prompts/{name}.md: {why}; the shipped text was used"));
        }
        assert!(role_text(folder.path(), "link", 100).unwrap_err().contains("symlink"));
        assert!(role_text(folder.path(), "folder", 100).unwrap_err().contains("not a regular file"));
    }
}
