//! A workspace of its own for each bench, on the disk of the build folder (a temporary folder may be in memory).

use std::path::{Path, PathBuf};
use synod::app::{Options, Place};

/// A workspace that is removed at the end.
pub(crate) struct Scratch(tempfile::TempDir);

impl Scratch {
    /// With these settings.
    pub(crate) fn new(settings: &str) -> Self {
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        std::fs::write(folder.path().join("synod.toml"), settings).unwrap();
        let scratch = Self(folder);
        synod::app::init(&scratch.options()).unwrap();
        scratch
    }

    /// With workers of these names that only a caller of the bench's own can reach.
    pub(crate) fn with_workers(names: &[String], limits: &str) -> Self {
        let workers: String = names
            .iter()
            .map(|name| {
                format!("[workers.{name}]\nprovider = \"command\"\ncommand = [\"true\"]\nfamily = \"{name}\"\nmax_concurrent = 1024\n")
            })
            .collect();
        Self::new(&format!("[limits]\n{limits}\n{workers}"))
    }

    pub(crate) fn root(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn options(&self) -> Options {
        Options { start: Some(self.root().to_owned()), flags: Vec::new() }
    }

    pub(crate) fn place(&self) -> Place {
        synod::app::workspace(&self.options()).unwrap()
    }

    /// A path below the coordination folder.
    pub(crate) fn coordination(&self, path: &str) -> PathBuf {
        self.root().join("AI_COORDINATION").join(path)
    }

    /// How many names of a folder below the coordination folder end so.
    pub(crate) fn count(&self, folder: &str, ending: &str) -> usize {
        let names = std::fs::read_dir(self.coordination(folder)).unwrap();
        names.filter(|entry| entry.as_ref().unwrap().file_name().to_string_lossy().ends_with(ending)).count()
    }
}
