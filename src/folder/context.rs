//! Reading what a prompt is given from the workspace: files named by globs, the specification, memories. Nothing here
//! writes, and nothing leaves the tree it was pointed at, also not through symlinks.

/// How much of the workspace a prompt may be given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// All files together, in bytes.
    pub bytes_max: usize,
    /// One file, in bytes; a longer one is left out.
    pub file_bytes_max: usize,
    /// How many files.
    pub files_max: usize,
}

/// What was read, and what was left out and why. Paths are relative to the root, with `/`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Gathered {
    /// Path and text of each file, the specification first, then in order of path.
    pub files: Vec<(String, String)>,
    /// Path or glob, and why nothing of it was given.
    pub left_out: Vec<(String, String)>,
}
