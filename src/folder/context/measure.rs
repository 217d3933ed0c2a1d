//! How large the files are that a task names, without reading them whole: enough to know who has room for them. What a call
//! is given is read anew when it is made.

use super::gather::{Gathering, Limits};
use super::images;
use super::tree;
use crate::board::MemoryName;
use std::collections::BTreeMap;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// The first bytes of a file, which tell text from anything else.
const HEAD_BYTES: u64 = 4096;

/// What the files of a task come to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Size {
    /// Bytes of text, as far as the limits let it be given.
    pub bytes: u64,
    /// Images that globs match.
    pub images: u32,
    /// Those of them that a glob means: it ends as an image's name does, or matches nothing else.
    pub images_meant: u32,
}

/// The files of a workspace with their sizes, as they stood at one moment.
#[derive(Clone, Debug, Default)]
pub struct Listing(BTreeMap<String, u64>);

impl Listing {
    /// Walks the workspace. Blocks; call it from a job that may.
    pub fn of(root: &Path, limits: Limits) -> Self {
        Self(Gathering::new(root, limits).files())
    }

    /// What the globs match, but for the files that `is_closed` keeps from prompts.
    pub fn measure(&self, root: &Path, globs: &[String], limits: Limits, is_closed: &dyn Fn(&str) -> bool) -> Size {
        let wanted = Gathering::new(root, limits).wanted(globs);
        let mut matched = vec![(0_u32, false); wanted.len()];
        let (mut size, mut files) = (Size::default(), 0);
        for (path, bytes) in self.0.iter().filter(|(path, _)| !is_closed(path)) {
            let is_image = images::is_named_so(path);
            let mut is_matched = false;
            for ((pictures, others), _) in matched.iter_mut().zip(&wanted).filter(|(_, want)| want.is_match(path)) {
                is_matched = true;
                *pictures += u32::from(is_image);
                *others |= !is_image;
            }
            if is_matched && is_image {
                size.images += 1;
            } else if is_matched && files < limits.files_max {
                let given = text_bytes(&root.join(path), *bytes, limits, size.bytes);
                size.bytes += given.unwrap_or_default();
                files += usize::from(given.is_some());
            }
        }
        let meant = wanted.iter().zip(&matched).filter(|(want, (_, others))| !others || want.means_images());
        size.images_meant = meant.map(|(_, (pictures, _))| *pictures).sum::<u32>().min(size.images);
        size
    }
}

/// The bytes of one file, where it is text and would be given; `taken`: those of the files before it.
fn text_bytes(path: &Path, bytes: u64, limits: Limits, taken: u64) -> Option<u64> {
    let fits = bytes <= limits.file_bytes_max as u64 && taken + bytes <= limits.bytes_max as u64;
    (fits && is_text(path).unwrap_or(false)).then_some(bytes)
}

fn is_text(path: &Path) -> io::Result<bool> {
    // Asked before opening, so that a device or a pipe is never opened.
    if !path.metadata()?.is_file() {
        return Ok(false);
    }
    let mut head = Vec::new();
    tree::open(path, true)?.take(HEAD_BYTES).read_to_end(&mut head)?;
    Ok(!head.contains(&0))
}

/// The bytes of one file that a task names just so; 0 when there is none that could be given.
pub fn file_bytes(root: &Path, path: &str, limits: Limits) -> u64 {
    let path = path.strip_prefix("./").unwrap_or(path);
    if tree::path_fault(path).is_some() || !tree::stays_below(root, Path::new(path)) {
        return 0;
    }
    let known = root.join(path).metadata();
    known.ok().filter(std::fs::Metadata::is_file).map_or(0, |known| known.len()).min(limits.file_bytes_max as u64)
}

/// The bytes of a memory's file; 0 when there is none yet.
pub fn memory_bytes(memories: &Path, name: &str) -> u64 {
    let file = MemoryName::parse(name).map(|name| PathBuf::from(name.file()));
    let known = file.ok().and_then(|file| memories.join(file).metadata().ok());
    known.filter(std::fs::Metadata::is_file).map_or(0, |known| known.len())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot go on should end where it stands")]
mod tests {
    use super::*;
    use std::fs;

    const LIMITS: Limits = Limits { bytes_max: 1000, file_bytes_max: 500, files_max: 10 };

    fn workspace(files: &[(&str, usize)]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for (path, bytes) in files {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "x".repeat(*bytes)).unwrap();
        }
        root
    }

    fn measured(root: &Path, globs: &[&str]) -> Size {
        let globs: Vec<String> = globs.iter().map(ToString::to_string).collect();
        Listing::of(root, LIMITS).measure(root, &globs, LIMITS, &|path| path.starts_with("closed/"))
    }

    #[test]
    fn what_is_measured_is_what_would_be_given() {
        let root = workspace(&[("src/a.rs", 300), ("src/b.rs", 100), ("src/huge.rs", 501), ("closed/c.rs", 50)]);
        fs::write(root.path().join("src/binary.rs"), b"a\0b").unwrap();
        assert_eq!(measured(root.path(), &["src/*.rs", "**/*.rs"]).bytes, 400, "once each, and no other");
        assert_eq!(measured(root.path(), &["none/**"]), Size::default());
        let many = workspace(&[("a", 400), ("b", 400), ("c", 400)]);
        assert_eq!(measured(many.path(), &["*"]).bytes, 800, "a prompt is given no more than the limit");
    }

    #[test]
    fn a_glob_that_means_images_is_told_from_one_that_happens_to_match_some() {
        let root = workspace(&[("src/a.rs", 10), ("src/logo.png", 10), ("shots/1.png", 10), ("shots/2.jpg", 10)]);
        let images = |globs: &[&str]| {
            let size = measured(root.path(), globs);
            (size.images, size.images_meant)
        };
        assert_eq!(images(&["src/**"]), (1, 0));
        assert_eq!(images(&["shots/*"]), (2, 2));
        assert_eq!(images(&["src/**", "**/*.png"]), (2, 2));
    }

    #[test]
    fn single_files_and_memories_count_as_far_as_they_may_be_read() {
        let root = workspace(&[("specs/auth.md", 70), ("memories/design/auth.md", 30)]);
        assert_eq!(file_bytes(root.path(), "./specs/auth.md", LIMITS), 70);
        assert_eq!(file_bytes(root.path(), "../auth.md", LIMITS), 0);
        let memories = root.path().join("memories");
        assert_eq!((memory_bytes(&memories, "design/auth"), memory_bytes(&memories, "../specs/auth")), (30, 0));
    }
}
