//! Tasks that come in as memories: a file in the memory tree's inbox is moved to where dropped tasks are taken in, so that it
//! is read, refused, claimed and answered like any other.

use super::error::Error;
use crate::board::TaskId;
use rustix::fs::{CWD, RenameFlags};
use std::fs;
use std::io;
use std::path::Path;

/// Names that are tried until one is free.
const NAMES_MAX: usize = 1000;

/// Moves a file from the memory tree's inbox into the drop folder; `task` is the name it was given there. One that is gone
/// already is none of anybody's concern.
///
/// # Errors
/// The file cannot be moved; it stays where it is.
pub fn hand_over(file: &Path, coordination: &Path, task: &str) -> Result<(), Error> {
    let folder = coordination.join("tasks");
    let stem = TaskId::slug(task);
    for number in 1..=NAMES_MAX {
        let name = if number == 1 { format!("{stem}.md") } else { format!("{stem}-{number}.md") };
        let to = folder.join(name);
        match moved(file, &to) {
            Ok(()) => return Ok(()),
            Err(error) if error.kind() == io::ErrorKind::NotFound && !file.exists() => return Ok(()),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(source) => return Err(Error::io(file, "move", source)),
        }
    }
    Err(Error::io(file, "move", io::Error::from(io::ErrorKind::AlreadyExists)))
}

/// Moves a file where none is. Across file systems it is copied under a name that nobody takes in, and then renamed.
fn moved(file: &Path, to: &Path) -> io::Result<()> {
    match rename_anew(file, to) {
        Err(error) if error.kind() == io::ErrorKind::CrossesDevices => {
            let draft = to.with_extension("md.part");
            fs::copy(file, &draft)?;
            rename_anew(&draft, to).inspect_err(|_| drop(fs::remove_file(&draft)))?;
            fs::remove_file(file)
        }
        other => other,
    }
}

fn rename_anew(from: &Path, to: &Path) -> io::Result<()> {
    Ok(rustix::fs::renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE)?)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failing test may stop where it stands")]
mod tests {
    use super::hand_over;

    #[test]
    fn it_takes_the_next_free_name_and_loses_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let tasks = folder.path().join("tasks");
        std::fs::create_dir(&tasks).unwrap();
        let file = folder.path().join("x.md");
        for text in ["one", "two"] {
            std::fs::write(&file, text).unwrap();
            hand_over(&file, folder.path(), "team/Fix it").unwrap();
            assert!(!file.exists());
        }
        let read = |name: &str| std::fs::read_to_string(tasks.join(name)).unwrap();
        assert_eq!((read("team-fix-it.md"), read("team-fix-it-2.md")), ("one".to_owned(), "two".to_owned()));
        hand_over(&file, folder.path(), "gone").unwrap();
    }
}
