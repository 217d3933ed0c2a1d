//! `synod drop`: copies task files into the drop folder, as a person would with cp, but whole: under a hidden name first,
//! then renamed, and never over a file that waits there.

use crate::app;
use crate::cli::exit::Exit;
use crate::cli::report::Failure;
use crate::cli::session::Session;
use crate::cli::words;
use rustix::fs::{CWD, RenameFlags, renameat_with};
use rustix::io::Errno;
use serde_json::json;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

/// How many names are tried for a file whose name is taken.
const NAMES_MAX: u32 = 1000;

/// Drop task files into AI_COORDINATION/tasks/; a daemon takes them from there
///
/// The files are copied and stay where they are. With no daemon running they wait in the folder.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  synod drop review-auth.md\n  synod drop backlog/*.md")]
pub(in crate::cli) struct Args {
    /// Task files (.md .txt .json .yaml .yml .toml)
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
}

pub(super) async fn run(session: &Session, args: &Args) -> Result<Exit, Failure> {
    let place = session.place()?;
    let files: Vec<PathBuf> = args.files.iter().map(|path| session.path(path)).collect();
    // All are looked at before the first is copied, so that a slip among many drops none.
    files.iter().try_for_each(|path| check(path))?;
    let tasks = &place.layout.tasks;
    fs::create_dir_all(tasks).map_err(|error| Failure::file("make", tasks, &error))?;
    let mut dropped = Vec::new();
    for file in &files {
        dropped.push(copy(file, tasks)?);
    }
    let daemon = app::connect(&place).await?.is_some();
    let paths: Vec<String> = dropped.iter().map(|path| path.display().to_string()).collect();
    session.out.put(&json!({ "dropped": paths, "daemon": daemon }), || paths.join("\n"))?;
    session.out.say(if daemon {
        "the daemon takes it from here: synod tasks"
    } else {
        "no daemon is running; what was dropped is taken when one starts: synod up"
    });
    Ok(Exit::Ok)
}

fn check(path: &Path) -> Result<(), Failure> {
    if words::task_ending(path).is_none() {
        return Err(Failure::usage(format!("{} is no task file by its name", path.display()))
            .hint(format!("give it one of these endings: {}", words::task_endings())));
    }
    let metadata = fs::metadata(path).map_err(|error| Failure::file("read", path, &error))?;
    if metadata.is_file() { Ok(()) } else { Err(Failure::usage(format!("{} is no file", path.display()))) }
}

/// Copies one file and gives the path it has now.
fn copy(file: &Path, tasks: &Path) -> Result<PathBuf, Failure> {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    // Dot files are ignored by the intake, so it never sees a half of it.
    let hidden = tasks.join(format!(".{name}.{}.part", std::process::id()));
    let copied = fs::copy(file, &hidden).and_then(|_| File::open(&hidden)?.sync_all());
    let placed = copied.and_then(|()| place(&hidden, tasks, file));
    placed.map_err(|error| {
        // What is left of it is ours and of no use.
        let _ = fs::remove_file(&hidden);
        Failure::file("copy into the drop folder", file, &error)
    })
}

/// Gives the copy its name, or the next free one (`x-2.md`).
fn place(hidden: &Path, tasks: &Path, file: &Path) -> io::Result<PathBuf> {
    let part = |part: Option<&std::ffi::OsStr>| part.unwrap_or_default().to_string_lossy().into_owned();
    let (stem, ending) = (part(file.file_stem()), part(file.extension()));
    for number in 1..=NAMES_MAX {
        let name = if number == 1 { format!("{stem}.{ending}") } else { format!("{stem}-{number}.{ending}") };
        let path = tasks.join(name);
        match rename_new(hidden, &path) {
            Ok(()) => return Ok(path),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::Error::new(io::ErrorKind::AlreadyExists, format!("{NAMES_MAX} files of this name wait there already")))
}

/// Renames to a name that nobody has. Where the file system cannot do that in one step, it looks first.
fn rename_new(from: &Path, to: &Path) -> io::Result<()> {
    match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        Ok(()) => Ok(()),
        Err(Errno::INVAL | Errno::NOSYS) if to.symlink_metadata().is_ok() => Err(Errno::EXIST.into()),
        Err(Errno::INVAL | Errno::NOSYS) => fs::rename(from, to),
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failing test may stop where it stands")]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_copied_whole_and_never_over_another() {
        let folder = tempfile::tempdir().unwrap();
        let (file, tasks) = (folder.path().join("a.b.md"), folder.path().join("tasks"));
        fs::create_dir(&tasks).unwrap();
        for content in ["one", "two", "three"] {
            fs::write(&file, content).unwrap();
            copy(&file, &tasks).unwrap();
        }
        let mut found: Vec<(String, String)> = fs::read_dir(&tasks)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), fs::read_to_string(path).unwrap()))
            .collect();
        found.sort();
        let expected = [("a.b-2.md", "two"), ("a.b-3.md", "three"), ("a.b.md", "one")];
        assert_eq!(found, expected.map(|(name, content)| (name.to_owned(), content.to_owned())));
        assert!(file.exists());
    }

    #[test]
    fn what_is_no_task_file_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let picture = folder.path().join("a.png");
        fs::write(&picture, "").unwrap();
        assert!(format!("{:?}", check(&picture)).contains(".yaml"));
        let folder_like = folder.path().join("x.md");
        fs::create_dir(&folder_like).unwrap();
        assert!(check(&folder_like).is_err());
        assert!(check(&folder.path().join("absent.md")).is_err());
    }
}
