//! The mirror with real files and real programs. Every test waits for what must come, never for time to pass.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a failing test may stop where it stands")]

mod editors;
mod links;
mod looks;
mod races;
mod tree;
mod writing;

use super::{Change, Glance, Limits, Mirror, Roots, Wrote};
use crate::board::MemoryName;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Longer than anything here takes on a busy machine.
const DEADLINE: Duration = Duration::from_secs(60);

/// A mirror over a folder of its own, and what it has told so far.
struct Bench {
    folder: tempfile::TempDir,
    mirror: Mirror,
    /// Every memory as the changes tell it.
    texts: BTreeMap<String, String>,
    /// Every change but the end of the markers.
    told: Vec<Change>,
    markers: u32,
}

/// No look through but the first, so that what is found is found by events.
fn eyes_only() -> Limits {
    Limits { rescan: Duration::ZERO, ..Limits::default() }
}

fn name(text: &str) -> MemoryName {
    MemoryName::parse(text).unwrap()
}

fn hash(text: &str) -> String {
    super::known::hex(&super::take::hash(text))
}

impl Bench {
    fn new(files: &[(&str, &str)]) -> Self {
        Self::with(eyes_only(), files)
    }

    /// A bench whose first look through has found these files.
    fn with(limits: Limits, files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("memories")).unwrap();
        let roots = Roots { memories: folder.path().join("memories"), global: None };
        for (file, text) in files {
            let path = roots.memories.join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let mirror = Mirror::open(roots, limits, []).unwrap();
        let mut bench = Self { folder, mirror, texts: BTreeMap::new(), told: Vec::new(), markers: 0 };
        bench.quiet();
        bench.told.clear();
        bench
    }

    /// Ends the mirror and begins anew, with what was known.
    fn restart(mut self, between: impl FnOnce(&Path)) -> Self {
        let roots = self.mirror.shared.roots.clone();
        let known: Vec<(MemoryName, String)> = self.texts.iter().map(|(it, text)| (name(it), hash(text))).collect();
        drop(self.mirror);
        between(&roots.memories);
        self.mirror = Mirror::open(roots, eyes_only(), known).unwrap();
        self
    }

    fn root(&self) -> PathBuf {
        self.folder.path().join("memories")
    }

    fn path(&self, file: &str) -> PathBuf {
        self.root().join(file)
    }

    fn put(&self, file: &str, text: &str) {
        let path = self.path(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn text(&self, file: &str) -> String {
        fs::read_to_string(self.path(file)).unwrap()
    }

    fn glance(&self) -> Glance {
        self.mirror.glance()
    }

    fn step(&mut self) {
        for change in self.mirror.next(Some(Duration::from_millis(20))) {
            match &change {
                Change::Found(found) => {
                    assert_eq!(found.hash, hash(&found.text));
                    self.texts.insert(found.name.to_string(), found.text.clone());
                }
                Change::Gone { name, was } => {
                    let text = self.texts.remove(name.as_str());
                    assert_eq!(text.map(|text| hash(&text)).as_ref(), Some(was), "{name}");
                }
                _ => {}
            }
            self.told.push(change);
        }
    }

    /// Waits until something is so.
    fn until(&mut self, what: &str, mut so: impl FnMut(&Self) -> bool) {
        let deadline = Instant::now() + DEADLINE;
        while !so(self) {
            assert!(Instant::now() < deadline, "{what} did not come; told: {:#?}", self.told);
            self.step();
        }
    }

    /// Waits until the changes tell exactly these memories.
    fn holds(&mut self, memories: &[(&str, &str)]) {
        let wanted: BTreeMap<String, String> =
            memories.iter().map(|(it, text)| ((*it).to_owned(), (*text).to_owned())).collect();
        self.until(&format!("{wanted:?}"), |bench| bench.texts == wanted);
    }

    /// Waits until everything that was on its way is told: a file that comes and goes now is told as gone after all that
    /// went before it.
    fn quiet(&mut self) {
        self.markers += 1;
        let (file, marker) = (format!("zz-marker-{}.md", self.markers), format!("zz-marker-{}", self.markers));
        self.put(&file, "marker");
        self.until("the marker", |bench| bench.texts.contains_key(&marker));
        fs::remove_file(self.path(&file)).unwrap();
        self.until("the marker's end", |bench| !bench.texts.contains_key(&marker));
        self.told.retain(|change| !matches!(change, Change::Found(found) if found.name.as_str() == marker));
        self.told.retain(|change| !matches!(change, Change::Gone { name, .. } if name.as_str() == marker));
    }

    fn gone(&self) -> Vec<&str> {
        let gone = self.told.iter().filter_map(|change| match change {
            Change::Gone { name, .. } => Some(name.as_str()),
            _ => None,
        });
        gone.collect()
    }

    fn found(&self) -> Vec<(&str, &str)> {
        let found = self.told.iter().filter_map(|change| match change {
            Change::Found(found) => Some((found.name.as_str(), found.text.as_str())),
            _ => None,
        });
        found.collect()
    }

    fn skipped(&self) -> Vec<(String, &str)> {
        let skipped = self.told.iter().filter_map(|change| match change {
            Change::Skipped(skipped) => Some((skipped.path.display().to_string(), skipped.why.as_str())),
            _ => None,
        });
        skipped.collect()
    }

    /// Runs a program in the memories folder; `false`, with a loud line, when it is not installed.
    #[expect(clippy::disallowed_methods, reason = "the programs that people edit with, in a test")]
    #[expect(clippy::print_stderr, reason = "a test that is skipped says so")]
    fn run(&self, program: &str, args: &[&str]) -> bool {
        let mut command = std::process::Command::new(program);
        command.args(args).current_dir(self.root()).env("HOME", self.folder.path());
        command
            .stdin(std::process::Stdio::null())
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null());
        match command.status() {
            Ok(status) => {
                assert!(status.success(), "{program} {args:?}: {status}");
                true
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                eprintln!("SKIPPED: {program} is not installed");
                false
            }
            Err(error) => panic!("{program}: {error}"),
        }
    }
}
