//! Reading a memory by name. Names are slash-separated and stay below the memories folder.

use super::tree::{self, Content};
use crate::board::MemoryName;
use crate::board::memory::NameFault;
use std::io;
use std::path::{Path, PathBuf};

/// Why a memory was not read.
#[derive(Debug, thiserror::Error)]
pub enum MemoryError {
    /// The name cannot be one.
    #[error("\"{name}\" is no memory name: it {fault}")]
    Name {
        /// The name.
        name: String,
        /// The end of the sentence.
        fault: &'static str,
    },
    /// There is no such memory.
    #[error("there is no memory called {name}")]
    Missing {
        /// The name.
        name: String,
    },
    /// It is there and cannot be given.
    #[error("memory {name} {fault}")]
    Unfit {
        /// The name.
        name: String,
        /// The end of the sentence.
        fault: String,
    },
    /// Reading failed.
    #[error("cannot read {}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// Why a text cannot be a memory's name, as the end of a sentence; `None`: it can. `.md` at the end may stand or be left out.
pub fn memory_name_fault(name: &str) -> Option<&'static str> {
    MemoryName::parse(name).err().map(|fault| match fault {
        NameFault::Dots(_) => "leaves its folder by a dot part",
        NameFault::Empty(name) if name.is_empty() => "is empty",
        NameFault::Empty(name) if name.starts_with('/') => "is absolute",
        NameFault::Empty(_) => "has an empty part between slashes",
        NameFault::BareGlobal => "is the folder of the global memories",
        NameFault::Nul | NameFault::Control(_) => "holds a control character",
        NameFault::PartTooLong { .. } => "has a part longer than 236 bytes",
        NameFault::TooLong { .. } => "is longer than 1024 bytes",
    })
}

/// Reads a memory of at most `bytes_max` bytes from the memories folder.
///
/// # Errors
/// A name that is none, no such memory, one that leads out of the folder, is too large or is no UTF-8 text.
pub fn read_memory(memories: &Path, name: &str, bytes_max: usize) -> Result<String, MemoryError> {
    if let Some(fault) = memory_name_fault(name) {
        return Err(MemoryError::Name { name: name.to_owned(), fault });
    }
    // The name's own spelling: `mem:a.md` is the memory `a`.
    let relative = MemoryName::parse(name).map_or_else(|_| PathBuf::from(name), |name| PathBuf::from(name.file()));
    if !tree::stays_below(memories, &relative) {
        return Err(MemoryError::Unfit {
            name: name.to_owned(),
            fault: "leads out of the memories folder through a symlink".to_owned(),
        });
    }
    let path = memories.join(relative);
    match tree::read_text(&path, bytes_max) {
        Ok(Content::Text(text)) => Ok(text),
        Ok(Content::Not(fault)) => Err(MemoryError::Unfit { name: name.to_owned(), fault }),
        Err(source) if matches!(source.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            Err(MemoryError::Missing { name: name.to_owned() })
        }
        Err(source) => Err(MemoryError::Io { path, source }),
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot go on should end where it stands")]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn a_name_cannot_leave_the_folder() {
        for name in ["", "/a", "../a", "a/../b", "a//b", "a/", "a\0", "a\nb", "global"] {
            assert!(memory_name_fault(name).is_some(), "{name:?} passed");
        }
        for name in ["a", "design/auth", "design/auth.md", "über/uns", "a..b", ".hidden", "mem:a", "a\\b"] {
            assert_eq!(memory_name_fault(name), None, "{name:?} was refused");
        }
    }

    #[test]
    fn a_memory_is_read_with_or_without_its_ending() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("design")).unwrap();
        std::fs::write(folder.path().join("design/auth.md"), "tokens expire").unwrap();
        assert_eq!(read_memory(folder.path(), "design/auth", 100).unwrap(), "tokens expire");
        assert_eq!(read_memory(folder.path(), "design/auth.md", 100).unwrap(), "tokens expire");
        assert!(matches!(read_memory(folder.path(), "design/auth", 3), Err(MemoryError::Unfit { .. })));
        assert!(matches!(read_memory(folder.path(), "design/none", 100), Err(MemoryError::Missing { .. })));
    }

    #[test]
    fn a_link_out_of_the_folder_is_refused() {
        let outside = tempfile::tempdir().unwrap();
        std::fs::write(outside.path().join("secret.md"), "secret").unwrap();
        let folder = tempfile::tempdir().unwrap();
        symlink(outside.path(), folder.path().join("out")).unwrap();
        symlink(outside.path().join("secret.md"), folder.path().join("direct.md")).unwrap();
        assert!(matches!(read_memory(folder.path(), "out/secret", 100), Err(MemoryError::Unfit { .. })));
        assert!(matches!(read_memory(folder.path(), "direct", 100), Err(MemoryError::Unfit { .. })));
    }
}
