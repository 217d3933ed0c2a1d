//! Globs and paths in task files: below the workspace root, also when symlinks are followed, and never the daemon's own.

use super::value::{Field, quoted};
use crate::board::Reason;
use crate::folder::context::tree;
use std::path::Path;

/// Reads a glob of files below the root.
pub(super) fn check_glob(field: Field<'_>, root: &Path) -> Result<String, Reason> {
    let glob = check_shape(field)?;
    if let Err(error) = tree::matcher(&glob) {
        let what = format!("is \"{}\", which is no glob: {}", quoted(&glob), error.kind());
        return Err(field.refuse(what, "write it as in src/**/*.rs; brackets and braces come in pairs"));
    }
    stays(field, root, tree::fixed_part(&glob), &glob)?;
    Ok(glob)
}

/// Reads the path of one file below the root. Whether it exists is seen when it is read.
pub(super) fn check_path(field: Field<'_>, root: &Path) -> Result<String, Reason> {
    let path = check_shape(field)?;
    stays(field, root, &path, &path)?;
    Ok(path)
}

fn check_shape(field: Field<'_>) -> Result<String, Reason> {
    let path = field.line()?;
    let shown = quoted(&path);
    match tree::path_fault(&path) {
        None => Ok(path),
        Some(fault) => Err(field.refuse(
            format!("is \"{shown}\", which {fault}"),
            "write a path from the workspace root, as in src/auth.rs",
        )),
    }
}

/// Follows what already exists of the path, the fixed part of what was `written`; what does not exist yet cannot lead anywhere, and is checked again when read.
fn stays(field: Field<'_>, root: &Path, path: &str, written: &str) -> Result<(), Reason> {
    if tree::stays_below(root, Path::new(path)) {
        return Ok(());
    }
    let what = format!("is \"{}\", which leaves the workspace through a symlink", quoted(written));
    Err(field.refuse(what, "name the files by a path that stays in the workspace, or copy them into it"))
}
