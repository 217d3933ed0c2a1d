//! A medium under a page cache, in memory: what was synced, what is only in the cache, and what a power cut leaves of both.
//!
//! It is as unkind as POSIX allows: a file's bytes and length are kept by a sync of that file alone, a name by a sync of its
//! folder alone. Names change in order, as journalling file systems do it; unsynced bytes may be kept or lost page by page.

use super::trace::{Call, What};
use super::writer::Dice;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::path::{Path, PathBuf};

/// What the cache may write back by itself at once.
const PAGE: usize = 4096;

/// How much of what was not synced survives the cut.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cut {
    /// Everything: what a process sees that looks at the folder.
    Gentle,
    /// Nothing.
    Clean,
    /// The names up to a random one, and random pages.
    Ragged,
}

/// A disk with a cache before it.
pub(crate) struct Disk {
    root: PathBuf,
    /// Every file that ever was, by number.
    files: Vec<File>,
    /// Names as the process sees them.
    seen: BTreeMap<PathBuf, usize>,
    /// Names on the medium, and the folders there.
    kept: Names,
    /// Changes of names that are only in the cache.
    renamed: Vec<(usize, Change)>,
    /// Where descriptors stand.
    places: HashMap<u64, u64>,
}

#[derive(Clone, Default)]
struct Names {
    files: BTreeMap<PathBuf, usize>,
    folders: BTreeSet<PathBuf>,
}

#[derive(Clone, Default)]
struct File {
    /// On the medium.
    kept: Vec<u8>,
    /// Only in the cache: the line on which each change ended.
    cached: Vec<(usize, Edit)>,
}

#[derive(Clone)]
enum Edit {
    Write { at: u64, bytes: Vec<u8> },
    Resize { bytes: u64 },
}

#[derive(Clone)]
enum Change {
    Add {
        path: PathBuf,
        file: usize,
    },
    Folder {
        path: PathBuf,
    },
    /// Of a file, or of a folder with all below it.
    Rename {
        from: PathBuf,
        to: PathBuf,
        file: Option<usize>,
    },
    Remove {
        path: PathBuf,
    },
}

impl Disk {
    /// A disk that holds what is in `root` now, all of it on the medium.
    pub(crate) fn of(root: &Path) -> Self {
        let mut disk = Self {
            root: root.to_owned(),
            files: Vec::new(),
            seen: BTreeMap::new(),
            kept: Names::default(),
            renamed: Vec::new(),
            places: HashMap::new(),
        };
        let mut folders = vec![root.to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    let number = disk.files.len();
                    disk.files.push(File { kept: fs::read(&path).unwrap(), cached: Vec::new() });
                    disk.seen.insert(path.clone(), number);
                    disk.kept.files.insert(path, number);
                }
            }
            disk.kept.folders.insert(folder);
        }
        disk
    }

    /// Does what a call did.
    pub(crate) fn apply(&mut self, call: &Call) {
        let line = call.ended;
        match &call.what {
            What::Open { path, fd, create, truncate } => self.open(line, path, *fd, *create, *truncate),
            What::Seek { fd, to } => {
                self.places.insert(*fd, *to);
            }
            What::Write { path, fd, at, bytes } => {
                let place = self.places.entry(*fd).or_default();
                let at = at.unwrap_or_else(|| std::mem::replace(place, *place + bytes.len() as u64));
                self.edit(line, path, Edit::Write { at, bytes: bytes.clone() });
            }
            What::Resize { path, bytes } => self.edit(line, path, Edit::Resize { bytes: *bytes }),
            What::Sync { path } => self.sync(call.began, path),
            What::Rename { from, to } if self.is_ours(to) => {
                let file = self.seen.get(from).copied();
                rename(&mut self.seen, from, to);
                self.renamed.push((line, Change::Rename { from: from.clone(), to: to.clone(), file }));
            }
            What::Remove { path } if self.is_ours(path) => {
                self.seen.remove(path);
                self.renamed.push((line, Change::Remove { path: path.clone() }));
            }
            What::MakeFolder { path } if self.is_ours(path) => {
                self.renamed.push((line, Change::Folder { path: path.clone() }));
            }
            What::Rename { .. } | What::Remove { .. } | What::MakeFolder { .. } | What::Said { .. } => {}
        }
    }

    /// Writes what a power cut now would leave into the empty folder `to`, under the paths that it has in the traced one.
    pub(crate) fn after_cut(&self, cut: Cut, dice: &mut Dice, to: &Path) {
        let mut names = self.kept.clone();
        let survive = match cut {
            Cut::Clean => 0,
            Cut::Ragged => dice.below(self.renamed.len() as u64 + 1) as usize,
            Cut::Gentle => self.renamed.len(),
        };
        self.renamed.iter().take(survive).for_each(|(_, change)| names.apply(change));
        // What stands below a folder whose own name is lost cannot be reached.
        let reached = |path: &Path| {
            path.ancestors().take_while(|path| *path != self.root).all(|path| names.folders.contains(path))
        };
        for folder in names.folders.iter().filter(|folder| reached(folder)) {
            fs::create_dir_all(self.placed(folder, to)).unwrap();
        }
        for (path, file) in &names.files {
            if path.parent().is_some_and(reached) {
                fs::write(self.placed(path, to), self.files[*file].after_cut(cut, dice)).unwrap();
            }
        }
    }

    /// Whether the folder holds just what the process should see. A call that was read wrongly shows here.
    pub(crate) fn matches(&self, folder: &Path) -> Result<(), String> {
        let real = Self::of(folder);
        let (mut seen, mut there) = (self.seen.iter(), real.seen.iter());
        loop {
            match (seen.next(), there.next()) {
                (None, None) => return Ok(()),
                (Some((path, file)), Some((also, other))) if path == also => {
                    let simulated = self.files[*file].after_cut(Cut::Gentle, &mut Dice(0));
                    let real = &real.files[*other].kept;
                    if simulated != *real {
                        let at = simulated.iter().zip(real).position(|(a, b)| a != b);
                        return Err(format!(
                            "{} differs at {at:?}; {} bytes instead of {}",
                            path.display(),
                            simulated.len(),
                            real.len()
                        ));
                    }
                }
                (a, b) => return Err(format!("the names {a:?} and {b:?} differ")),
            }
        }
    }

    fn placed(&self, path: &Path, to: &Path) -> PathBuf {
        to.join(path.strip_prefix(&self.root).unwrap())
    }

    fn is_ours(&self, path: &Path) -> bool {
        path.starts_with(&self.root)
    }

    fn open(&mut self, line: usize, path: &Path, fd: u64, create: bool, truncate: bool) {
        self.places.insert(fd, 0);
        if !self.is_ours(path) {
            return;
        }
        if create && !self.seen.contains_key(path) {
            let file = self.files.len();
            self.files.push(File::default());
            self.seen.insert(path.to_owned(), file);
            self.renamed.push((line, Change::Add { path: path.to_owned(), file }));
        } else if truncate {
            self.edit(line, path, Edit::Resize { bytes: 0 });
        }
    }

    fn edit(&mut self, line: usize, path: &Path, edit: Edit) {
        if let Some(file) = self.seen.get(path) {
            self.files[*file].cached.push((line, edit));
        }
    }

    /// Keeps what had been done to a file, or to the names in a folder, before the sync began.
    fn sync(&mut self, began: usize, path: &Path) {
        if let Some(file) = self.seen.get(path) {
            let file = &mut self.files[*file];
            let done = file.cached.partition_point(|(line, _)| *line < began);
            for (_, edit) in file.cached.drain(..done) {
                edit.apply(&mut file.kept);
            }
            return;
        }
        let names = &mut self.kept;
        self.renamed.retain(|(line, change)| {
            let here = *line < began && change.is_in(path);
            if here {
                names.apply(change);
            }
            !here
        });
    }
}

impl File {
    fn after_cut(&self, cut: Cut, dice: &mut Dice) -> Vec<u8> {
        let mut kept = self.kept.clone();
        if cut == Cut::Clean {
            return kept;
        }
        let mut survives = || cut == Cut::Gentle || dice.below(2) == 0;
        for (_, edit) in &self.cached {
            match edit {
                Edit::Resize { .. } if survives() => edit.apply(&mut kept),
                Edit::Resize { .. } => {}
                Edit::Write { at, bytes } => {
                    for (number, page) in bytes.chunks(PAGE).enumerate().filter(|_| survives()) {
                        let at = at + (number * PAGE) as u64;
                        Edit::Write { at, bytes: page.to_vec() }.apply(&mut kept);
                    }
                }
            }
        }
        kept
    }
}

impl Edit {
    fn apply(&self, content: &mut Vec<u8>) {
        match self {
            Self::Resize { bytes } => content.resize(*bytes as usize, 0),
            Self::Write { at, bytes } => {
                let (at, end) = (*at as usize, *at as usize + bytes.len());
                if content.len() < end {
                    content.resize(end, 0);
                }
                content[at..end].copy_from_slice(bytes);
            }
        }
    }
}

impl Change {
    /// Whether a sync of a folder keeps it.
    fn is_in(&self, folder: &Path) -> bool {
        let holds = |path: &Path| path.parent() == Some(folder);
        match self {
            Self::Add { path, .. } | Self::Folder { path } | Self::Remove { path } => holds(path),
            Self::Rename { from, to, .. } => holds(from) || holds(to),
        }
    }
}

impl Names {
    fn apply(&mut self, change: &Change) {
        match change {
            Change::Add { path, file } => {
                self.files.insert(path.clone(), *file);
            }
            Change::Folder { path } => {
                self.folders.insert(path.clone());
            }
            Change::Remove { path } => {
                self.files.remove(path);
                self.folders.remove(path);
            }
            // Its old name may never have reached the medium; its new one brings the file all the same.
            Change::Rename { from, to, file: Some(file) } => {
                self.files.remove(from);
                self.files.insert(to.clone(), *file);
            }
            Change::Rename { from, to, file: None } => {
                rename(&mut self.files, from, to);
                let moved: Vec<_> = self.folders.iter().filter(|path| path.starts_with(from)).cloned().collect();
                for path in moved {
                    self.folders.remove(&path);
                    self.folders.insert(to.join(path.strip_prefix(from).unwrap()).components().collect());
                }
            }
        }
    }
}

/// Moves a file, or everything below a folder.
fn rename(names: &mut BTreeMap<PathBuf, usize>, from: &Path, to: &Path) {
    let moved: Vec<_> =
        names.iter().filter(|(path, _)| path.starts_with(from)).map(|(path, file)| (path.clone(), *file)).collect();
    for (path, file) in moved {
        names.remove(&path);
        // `join` of an empty rest would leave a slash at the end.
        names.insert(to.join(path.strip_prefix(from).unwrap()).components().collect(), file);
    }
}
