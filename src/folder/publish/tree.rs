//! The two trees on the disk: their fixed folders held open, files written whole, renamed, set aside, flushed.
//! Names below a folder are relative to its handle, so a tree that is moved away is noticed and not written into.

use crate::board::TaskId;
use crate::folder::error::Error;
use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags, RenameFlags};
use rustix::io::Errno;
use std::collections::HashSet;
use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

/// The temporary name that a file has in its folder until it is whole. One is enough: there is one writer. The watcher
/// ignores names that begin with a dot or end in `.tmp`.
pub(crate) const TEMPORARY: &str = ".synod-writing.tmp";

/// The temporary name of a folder that is filled before it is shown.
const TEMPORARY_FOLDER: &str = ".synod-filling.tmp";

/// Known folders remembered; above it they are asked for again.
const KNOWN_MAX: usize = 4096;

/// A folder of the trees.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Dir {
    /// `tasks/`
    Tasks,
    /// `tasks/active/`
    Active,
    /// `tasks/done/`
    Done,
    /// `tasks/failed/`
    Failed,
    /// `tasks/rejected/`
    Rejected,
    /// `sessions/`
    Sessions,
    /// `decisions/`
    Decisions,
    /// `communication/`
    Communication,
    /// `outputs/<id>/`
    Outputs(TaskId),
    /// memory `orchestration/current-task/<id>/`
    Current(TaskId),
    /// memory `orchestration/model-outputs/<id>/`
    ModelOutputs(TaskId),
    /// memory `orchestration/coordination/<id>/`
    Coordination(TaskId),
    /// memory `orchestration/history/<day>-<id>/`
    History(String),
    /// memory `orchestration/history/<day>-<id>/model-outputs/`
    HistoryOutputs(String),
    /// memory `orchestration/history/<day>-<id>/coordination/`
    HistoryCoordination(String),
}

/// What the umask leaves of it is the mode of a folder.
const FOLDER_MODE: Mode = Mode::from_raw_mode(0o777);

/// The fixed folders: whether below the memories, and where.
const BASES: [(bool, &str); 13] = [
    (false, "tasks"),
    (false, "tasks/active"),
    (false, "tasks/done"),
    (false, "tasks/failed"),
    (false, "tasks/rejected"),
    (false, "sessions"),
    (false, "decisions"),
    (false, "communication"),
    (false, "outputs"),
    (true, "orchestration/current-task"),
    (true, "orchestration/model-outputs"),
    (true, "orchestration/coordination"),
    (true, "orchestration/history"),
];

impl Dir {
    /// Its fixed folder, and the folders below that, outermost first.
    fn parts(&self) -> (usize, Option<&str>, Option<&'static str>) {
        match self {
            Self::Tasks => (0, None, None),
            Self::Active => (1, None, None),
            Self::Done => (2, None, None),
            Self::Failed => (3, None, None),
            Self::Rejected => (4, None, None),
            Self::Sessions => (5, None, None),
            Self::Decisions => (6, None, None),
            Self::Communication => (7, None, None),
            Self::Outputs(task) => (8, Some(task.as_str()), None),
            Self::Current(task) => (9, Some(task.as_str()), None),
            Self::ModelOutputs(task) => (10, Some(task.as_str()), None),
            Self::Coordination(task) => (11, Some(task.as_str()), None),
            Self::History(name) => (12, Some(name), None),
            Self::HistoryOutputs(name) => (12, Some(name), Some("model-outputs")),
            Self::HistoryCoordination(name) => (12, Some(name), Some("coordination")),
        }
    }

    /// Its fixed folder and the task's folder in that; `None` for a fixed folder itself.
    pub(super) fn folder(&self) -> Option<(usize, &str)> {
        let (base, sub, _) = self.parts();
        sub.map(|sub| (base, sub))
    }

    /// A name in it, relative to its fixed folder.
    fn below(&self, name: &str) -> String {
        match self.parts() {
            (_, None, _) => name.to_owned(),
            (_, Some(sub), None) => format!("{sub}/{name}"),
            (_, Some(sub), Some(inner)) => format!("{sub}/{inner}/{name}"),
        }
    }
}

/// A fixed folder held open.
#[derive(Debug)]
struct Base {
    path: PathBuf,
    handle: OwnedFd,
    device: u64,
    inode: u64,
}

impl Base {
    /// Whether it is what its path leads to; `None`: the path leads nowhere.
    fn stands(&self) -> Option<bool> {
        let stat = rustix::fs::statat(CWD, &self.path, AtFlags::empty()).ok()?;
        Some((stat.st_dev, stat.st_ino) == (self.device, self.inode))
    }
}

/// The trees.
#[derive(Debug)]
pub(super) struct Tree {
    roots: [PathBuf; 2],
    bases: Vec<Base>,
    known: HashSet<Dir>,
    /// Sentences for a person.
    pub(super) notices: Vec<String>,
}

impl Tree {
    /// Makes what is missing and opens every fixed folder.
    pub(super) fn open(coordination: PathBuf, memories: PathBuf) -> Result<Self, Error> {
        let mut tree =
            Self { roots: [coordination, memories], bases: Vec::new(), known: HashSet::new(), notices: Vec::new() };
        tree.reopen()?;
        Ok(tree)
    }

    /// Opens every fixed folder anew, making those that are missing.
    fn reopen(&mut self) -> Result<(), Error> {
        self.known.clear();
        self.bases.clear();
        for (memory, below) in BASES {
            let path = self.roots[usize::from(memory)].join(below);
            std::fs::create_dir_all(&path).map_err(|error| Error::io(&path, "create the folder", error))?;
            let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
            let handle = rustix::fs::openat(CWD, &path, flags, Mode::empty());
            let handle = handle.map_err(|error| Error::io(&path, "open the folder", error))?;
            let stat = rustix::fs::fstat(&handle).map_err(|error| Error::io(&path, "open the folder", error))?;
            // What a crash left; where there is nothing, there is nothing to do.
            let _nothing = std::fs::remove_dir_all(path.join(TEMPORARY_FOLDER));
            self.bases.push(Base { path, handle, device: stat.st_dev, inode: stat.st_ino });
        }
        Ok(())
    }

    /// Whether a folder's fixed folder is still the one that is held open.
    pub(super) fn stands(&self, dir: &Dir) -> bool {
        self.bases.get(dir.parts().0).and_then(Base::stands) == Some(true)
    }

    /// Looks whether every fixed folder is still the one that is held open; if not, makes and opens them anew, and says so.
    pub(super) fn refresh(&mut self) -> Result<bool, Error> {
        if self.known.len() > KNOWN_MAX {
            self.known.clear();
        }
        let mut gone = Vec::new();
        let mut other = self.bases.len() != BASES.len();
        for base in &self.bases {
            match base.stands() {
                Some(true) => {}
                Some(false) => other = true,
                None => gone.push(base.path.clone()),
            }
        }
        if gone.is_empty() && !other {
            return Ok(false);
        }
        self.reopen()?;
        let made = gone.iter().map(|path| format!("the folder {} was gone and was made again", path.display()));
        self.notices.extend(made);
        Ok(true)
    }

    /// Forgets which folders stand.
    pub(super) fn forget(&mut self) {
        self.known.clear();
    }

    /// A folder's path, for messages.
    pub(super) fn path(&self, dir: &Dir, name: &str) -> PathBuf {
        let base = self.bases.get(dir.parts().0).map_or_else(PathBuf::new, |base| base.path.clone());
        base.join(dir.below(name))
    }

    /// The handle of a folder's fixed folder.
    pub(super) fn handle(&self, dir: &Dir) -> Result<BorrowedFd<'_>, Error> {
        let gone = || Error::io(&self.path(dir, ""), "open the folder", Errno::NOENT);
        self.bases.get(dir.parts().0).map(|base| base.handle.as_fd()).ok_or_else(gone)
    }

    fn error(&self, dir: &Dir, name: &str, doing: &'static str) -> impl FnOnce(Errno) -> Error {
        let path = self.path(dir, name);
        move |errno| Error::io(&path, doing, errno)
    }

    /// Makes the folder where it is missing. What stands in its place and is no folder (a link would lead out of the tree)
    /// is set aside.
    pub(super) fn ensure(&mut self, dir: &Dir) -> Result<(), Error> {
        let (_, Some(sub), inner) = dir.parts() else { return Ok(()) };
        if self.known.contains(dir) {
            return Ok(());
        }
        let sub = sub.to_owned();
        self.make(dir, &sub)?;
        if let Some(inner) = inner {
            self.make(dir, &format!("{sub}/{inner}"))?;
        }
        self.known.insert(dir.clone());
        Ok(())
    }

    fn make(&mut self, dir: &Dir, below: &str) -> Result<(), Error> {
        let path = || self.path(dir, "");
        let handle = self.handle(dir)?;
        match rustix::fs::mkdirat(handle, below, FOLDER_MODE) {
            Ok(()) => Ok(()),
            Err(Errno::EXIST) => {
                let stat = rustix::fs::statat(handle, below, AtFlags::SYMLINK_NOFOLLOW);
                if stat.is_ok_and(|stat| FileType::from_raw_mode(stat.st_mode) == FileType::Directory) {
                    return Ok(());
                }
                let aside =
                    aside(handle, below).map_err(|errno| Error::io(&path(), "set aside what stands at", errno))?;
                let made = rustix::fs::mkdirat(handle, below, FOLDER_MODE);
                let notice = format!("{} was no folder; it was set aside as {aside}", path().display());
                made.map_err(|errno| Error::io(&path(), "create the folder", errno))?;
                self.notices.push(notice);
                Ok(())
            }
            Err(errno) => Err(Error::io(&path(), "create the folder", errno)),
        }
    }

    /// Writes all files of a task's folder that is not there yet: into a folder with a temporary name, which then gets its own.
    /// That keeps every file whole for those who look, with one rename instead of one a file (a rename costs more than
    /// the file). `false`, and nothing is done, when the folder stands already. All `files` are of one [`Dir::folder`].
    pub(super) fn fill(&mut self, files: &[(&Dir, &str, &[u8])]) -> Result<bool, Error> {
        let Some((dir, (_, sub))) = files.first().and_then(|(dir, ..)| dir.folder().map(|folder| (*dir, folder)))
        else {
            return Ok(false);
        };
        let handle = self.handle(dir)?;
        if !matches!(rustix::fs::statat(handle, sub, AtFlags::SYMLINK_NOFOLLOW), Err(Errno::NOENT)) {
            return Ok(false);
        }
        self.make_temporary(dir)?;
        let mut inner: Vec<&str> = Vec::new();
        for (dir, name, bytes) in files {
            let below = match dir.parts().2 {
                None => format!("{TEMPORARY_FOLDER}/{name}"),
                Some(folder) => {
                    if !inner.contains(&folder) {
                        let made = rustix::fs::mkdirat(handle, format!("{TEMPORARY_FOLDER}/{folder}"), FOLDER_MODE);
                        made.map_err(self.error(dir, "", "create the folder"))?;
                        inner.push(folder);
                    }
                    format!("{TEMPORARY_FOLDER}/{folder}/{name}")
                }
            };
            write_new(handle, &below, bytes).map_err(|error| Error::io(&self.path(dir, name), "write", error))?;
        }
        let renamed = rustix::fs::renameat_with(handle, TEMPORARY_FOLDER, handle, sub, RenameFlags::NOREPLACE);
        if renamed.is_err() {
            // Somebody made it in between, or the file system knows no such rename: file by file, then.
            self.remove_temporary(dir)?;
            return Ok(false);
        }
        self.known.extend(files.iter().map(|(dir, ..)| (*dir).clone()));
        Ok(true)
    }

    /// Makes the temporary folder beside a task's folder; what a crash left of an earlier one goes first.
    fn make_temporary(&self, dir: &Dir) -> Result<(), Error> {
        let make = || {
            rustix::fs::mkdirat(self.handle(dir)?, TEMPORARY_FOLDER, FOLDER_MODE).map_err(self.error(
                dir,
                "",
                "create the folder",
            ))
        };
        match make() {
            Err(Error::Io { source, .. }) if source.kind() == std::io::ErrorKind::AlreadyExists => {
                self.remove_temporary(dir)?;
                make()
            }
            made => made,
        }
    }

    fn remove_temporary(&self, dir: &Dir) -> Result<(), Error> {
        let base = self.bases.get(dir.parts().0).map_or_else(PathBuf::new, |base| base.path.clone());
        let path = base.join(TEMPORARY_FOLDER);
        std::fs::remove_dir_all(&path).map_err(|error| Error::io(&path, "remove", error))
    }

    /// Writes a file whole under its temporary name and renames it.
    pub(super) fn write(&mut self, dir: &Dir, name: &str, bytes: &[u8]) -> Result<(), Error> {
        self.ensure(dir)?;
        match self.try_write(dir, name, bytes) {
            Err(error) if error.is_missing() => {
                self.known.remove(dir);
                self.refresh()?;
                self.ensure(dir)?;
                self.try_write(dir, name, bytes)
            }
            done => done,
        }
    }

    fn try_write(&mut self, dir: &Dir, name: &str, bytes: &[u8]) -> Result<(), Error> {
        let (temporary, target) = (dir.below(TEMPORARY), dir.below(name));
        let handle = self.handle(dir)?;
        let written =
            write_new(handle, &temporary, bytes).map_err(|error| Error::io(&self.path(dir, name), "write", error));
        if let Err(error) = written {
            let _left = rustix::fs::unlinkat(handle, &*temporary, AtFlags::empty());
            return Err(error);
        }
        match rustix::fs::renameat(handle, &*temporary, handle, &*target) {
            Err(Errno::ISDIR | Errno::NOTEMPTY | Errno::EXIST) => {
                let moved = aside(handle, &target).map_err(self.error(dir, name, "set aside what stands at"))?;
                let notice = format!("{} was a folder; it was set aside as {moved}", self.path(dir, name).display());
                let renamed = rustix::fs::renameat(handle, &*temporary, handle, &*target);
                renamed.map_err(self.error(dir, name, "write"))?;
                self.notices.push(notice);
                Ok(())
            }
            done => done.map_err(self.error(dir, name, "write")),
        }
    }

    /// A file's size, not following links; `None` when there is nothing.
    pub(super) fn size(&self, dir: &Dir, name: &str) -> Result<Option<u64>, Error> {
        match rustix::fs::statat(self.handle(dir)?, dir.below(name), AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => Ok(Some(u64::try_from(stat.st_size).unwrap_or(0))),
            Err(Errno::NOENT | Errno::NOTDIR) => Ok(None),
            Err(errno) => Err(self.error(dir, name, "look at")(errno)),
        }
    }

    /// A file's bytes; `None` when there is no such regular file. Links are not followed.
    pub(super) fn read(&self, dir: &Dir, name: &str) -> Result<Option<Vec<u8>>, Error> {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let opened = match rustix::fs::openat(self.handle(dir)?, dir.below(name), flags, Mode::empty()) {
            Ok(opened) => opened,
            Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP | Errno::NXIO) => return Ok(None),
            Err(errno) => return Err(self.error(dir, name, "read")(errno)),
        };
        let io = |error: std::io::Error| Error::io(&self.path(dir, name), "read", error);
        let mut file = File::from(opened);
        if !file.metadata().map_err(io)?.is_file() {
            return Ok(None);
        }
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(io)?;
        Ok(Some(bytes))
    }

    /// Renames within the trees, replacing what stands there; `false` when there is nothing to rename.
    pub(super) fn rename(&mut self, from: (&Dir, &str), to: (&Dir, &str)) -> Result<bool, Error> {
        self.renamed(from, to, RenameFlags::empty()).map(|done| done != Renamed::Nothing)
    }

    /// Renames within the trees only where nothing stands at the target.
    pub(super) fn rename_new(&mut self, from: (&Dir, &str), to: (&Dir, &str)) -> Result<Renamed, Error> {
        self.renamed(from, to, RenameFlags::NOREPLACE)
    }

    /// Renames a task's folder as a whole, only where nothing stands at the target.
    pub(super) fn rename_folder(&mut self, from: &Dir, to: &Dir) -> Result<Renamed, Error> {
        self.moved(from);
        self.renamed((from, ""), (to, ""), RenameFlags::NOREPLACE)
    }

    fn renamed(&self, from: (&Dir, &str), to: (&Dir, &str), flags: RenameFlags) -> Result<Renamed, Error> {
        let (source, target) = (self.handle(from.0)?, self.handle(to.0)?);
        let (old, new) = (from.0.below(from.1), to.0.below(to.1));
        let (old, new) = (old.trim_end_matches('/'), new.trim_end_matches('/'));
        let done = match rustix::fs::renameat_with(source, old, target, new, flags) {
            // A file system that knows no flags: look first. There is one writer, so the gap is a person's only.
            Err(Errno::INVAL) if !flags.is_empty() => {
                match rustix::fs::statat(target, new, AtFlags::SYMLINK_NOFOLLOW) {
                    Ok(_) => Err(Errno::EXIST),
                    Err(_) => rustix::fs::renameat(source, old, target, new),
                }
            }
            done => done,
        };
        match done {
            Ok(()) => Ok(Renamed::Done),
            Err(Errno::NOENT | Errno::NOTDIR) => Ok(Renamed::Nothing),
            Err(Errno::EXIST | Errno::NOTEMPTY) => Ok(Renamed::Taken),
            Err(errno) => Err(self.error(from.0, from.1, "rename")(errno)),
        }
    }

    /// Removes a file; nothing happens when it is not there.
    pub(super) fn remove(&mut self, dir: &Dir, name: &str) -> Result<(), Error> {
        match rustix::fs::unlinkat(self.handle(dir)?, dir.below(name), AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => Ok(()),
            Err(errno) => Err(self.error(dir, name, "remove")(errno)),
        }
    }

    /// The names in a task's folder; none when it is not there.
    pub(super) fn names(&self, dir: &Dir) -> Result<Vec<String>, Error> {
        let path = self.path(dir, "");
        let io = |error| Error::io(&path, "list", error);
        let listed = match std::fs::read_dir(&path) {
            Ok(listed) => listed,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(io(error)),
        };
        let mut names = Vec::new();
        for entry in listed {
            // A name that is no UTF-8 is a person's; it stays where it is.
            names.extend(entry.map_err(io)?.file_name().into_string().ok());
        }
        names.sort();
        Ok(names)
    }

    /// Removes a task's folder where nothing is left in it.
    pub(super) fn remove_empty(&mut self, dir: &Dir) -> Result<(), Error> {
        self.moved(dir);
        let below = dir.below("");
        match rustix::fs::unlinkat(self.handle(dir)?, below.trim_end_matches('/'), AtFlags::REMOVEDIR) {
            Ok(()) | Err(Errno::NOENT | Errno::NOTEMPTY | Errno::EXIST | Errno::NOTDIR) => Ok(()),
            Err(errno) => Err(self.error(dir, "", "remove the folder")(errno)),
        }
    }

    /// Forgets a folder that was renamed or removed.
    fn moved(&mut self, dir: &Dir) {
        self.known.remove(dir);
    }

    /// Sets aside what stands at a name, for it is a person's or another life's; says so.
    pub(super) fn set_aside(&mut self, dir: &Dir, name: &str) -> Result<(), Error> {
        let moved = aside(self.handle(dir)?, &dir.below(name)).map_err(self.error(dir, name, "set aside"))?;
        self.notices.push(format!("{} stood in the way; it was set aside as {moved}", self.path(dir, name).display()));
        Ok(())
    }

    /// Flushes everything that was written to the medium: one call per file system.
    pub(super) fn sync(&self) -> Result<(), Error> {
        let mut done: Vec<u64> = Vec::new();
        for base in &self.bases {
            if !done.contains(&base.device) {
                flush(&base.handle).map_err(|errno| Error::io(&base.path, "flush the file system of", errno))?;
                done.push(base.device);
            }
        }
        Ok(())
    }
}

/// How a rename that must not replace went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Renamed {
    /// It was renamed.
    Done,
    /// There was nothing to rename.
    Nothing,
    /// Something stands at the target.
    Taken,
}

#[cfg(target_os = "linux")]
fn flush(handle: &OwnedFd) -> Result<(), Errno> {
    rustix::fs::syncfs(handle)
}

#[cfg(not(target_os = "linux"))]
fn flush(_handle: &OwnedFd) -> Result<(), Errno> {
    rustix::fs::sync();
    Ok(())
}

/// Writes a new file; one left by a crash, or a link put there, is replaced and never written through.
fn write_new(handle: BorrowedFd<'_>, name: &str, bytes: &[u8]) -> std::io::Result<()> {
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let mode = Mode::from_raw_mode(0o666);
    let opened = match rustix::fs::openat(handle, name, flags, mode) {
        Err(Errno::EXIST) => {
            rustix::fs::unlinkat(handle, name, AtFlags::empty())?;
            rustix::fs::openat(handle, name, flags, mode)
        }
        opened => opened,
    };
    File::from(opened?).write_all(bytes)
}

/// Renames what stands at `name` to the first free `name.aside`, `name.aside-2`, …; gives the new name.
fn aside(handle: BorrowedFd<'_>, name: &str) -> Result<String, Errno> {
    for number in 1u32.. {
        let target = if number == 1 { format!("{name}.aside") } else { format!("{name}.aside-{number}") };
        match rustix::fs::statat(handle, &*target, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(_) => {}
            Err(_) => return rustix::fs::renameat(handle, name, handle, &*target).map(|()| target),
        }
    }
    Err(Errno::EXIST)
}

/// Makes a folder and its parents, and says which were missing, outermost first.
pub(crate) fn make_all(path: &Path) -> Result<Vec<PathBuf>, Error> {
    let missing: Vec<PathBuf> = path.ancestors().take_while(|part| !part.exists()).map(Path::to_owned).collect();
    std::fs::create_dir_all(path).map_err(|error| Error::io(path, "create the folder", error))?;
    Ok(missing.into_iter().rev().collect())
}

/// All folders of the trees, for making a workspace.
pub(crate) fn folders(coordination: &Path, memories: &Path) -> Vec<PathBuf> {
    BASES.iter().map(|(memory, below)| if *memory { memories.join(below) } else { coordination.join(below) }).collect()
}
