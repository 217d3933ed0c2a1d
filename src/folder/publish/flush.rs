//! Carrying a sorted batch out on the disk. Every step can be done again: a crash in between leaves nothing that the same
//! batch would not mend.

use super::Loader;
use super::pages::KEPT_ENDINGS;
use super::stage::{Closing, Content, Refused, Staged};
use super::tree::{Dir, Renamed, Tree};
use crate::board::{TaskId, Text};
use crate::folder::error::Error;
use crate::folder::ink::Ink;
use crate::folder::intake::fingerprint;
use crate::folder::name::{is_plain, numbered};
use crate::folder::render::{rejected, task};
use std::collections::BTreeMap;

/// Ending of the page beside a refused file.
const WHY: &str = ".why.md";

/// Writes the files of a batch: those of a new folder together, all others one by one.
pub(super) fn files(tree: &mut Tree, ink: &Ink, blobs: Loader<'_>, staged: &[Staged]) -> Result<(), Error> {
    let mut folders: BTreeMap<(usize, &str), Vec<&Staged>> = BTreeMap::new();
    for one in staged {
        match one.dir.folder() {
            Some(folder) => folders.entry(folder).or_default().push(one),
            None => file(tree, ink, blobs, one)?,
        }
    }
    for together in folders.into_values() {
        let contents: Vec<_> =
            together.iter().filter_map(|one| Some((&one.dir, one.name.as_str(), bytes(one)?))).collect();
        if contents.len() < together.len() || !tree.fill(&contents)? {
            together.into_iter().try_for_each(|one| file(tree, ink, blobs, one))?;
        }
    }
    Ok(())
}

/// The bytes to write where nothing stands yet; `None` for a file that is renamed to its place.
fn bytes(staged: &Staged) -> Option<&[u8]> {
    match &staged.content {
        Content::Whole(bytes) | Content::OnlyNew(bytes) => Some(bytes),
        Content::Dropped { .. } => None,
    }
}

/// Writes one file.
fn file(tree: &mut Tree, ink: &Ink, blobs: Loader<'_>, staged: &Staged) -> Result<(), Error> {
    let (dir, name) = (&staged.dir, staged.name.as_str());
    match &staged.content {
        Content::Whole(bytes) => tree.write(dir, name, bytes),
        // An empty one is what a power cut may have left of ours.
        Content::OnlyNew(bytes) => match tree.size(dir, name)? {
            Some(size) if size > 0 => Ok(()),
            _ => tree.write(dir, name, bytes),
        },
        Content::Dropped { from, hash, text } => claim(tree, ink, blobs, (dir, name), (from, hash, text)),
    }
}

/// Renames a dropped file to its place, or writes its text there when it is gone.
fn claim(
    tree: &mut Tree,
    ink: &Ink,
    blobs: Loader<'_>,
    (dir, name): (&Dir, &str),
    (from, hash, text): (&str, &str, &Text),
) -> Result<(), Error> {
    if is_plain(from) && has_hash(tree, &Dir::Tasks, from, hash) {
        return replace(tree, (&Dir::Tasks, from), (dir, name));
    }
    if tree.size(dir, name)?.is_some_and(|size| size > 0) {
        return Ok(());
    }
    // Published before, and its task has ended since: the page that ended it comes later in the journal.
    if *dir == Dir::Active && (has_hash(tree, &Dir::Done, name, hash) || has_hash(tree, &Dir::Failed, name, hash)) {
        return Ok(());
    }
    let whole = match text {
        Text::Inline { text } => text.clone(),
        Text::Blob { .. } => blobs(text).map_err(|why| Error::Text { path: tree.path(dir, name), why })?,
    };
    tree.write(dir, name, ink.mask.text(&whole).as_bytes())
}

fn has_hash(tree: &Tree, dir: &Dir, name: &str, hash: &str) -> bool {
    // Gone, no regular file, or one that may not be read: not the one that was taken in.
    fingerprint(&tree.path(dir, name)).is_ok_and(|found| found == hash)
}

/// Renames a file; what stands at the target and differs is set aside, never lost.
fn replace(tree: &mut Tree, from: (&Dir, &str), to: (&Dir, &str)) -> Result<(), Error> {
    if tree.rename_new(from, to)? == Renamed::Taken {
        if tree.read(from.0, from.1)? != tree.read(to.0, to.1)? {
            tree.set_aside(to.0, to.1)?;
        }
        tree.rename(from, to)?;
    }
    Ok(())
}

/// Renames an answering file to `<name>.taken`.
pub(super) fn taken(tree: &mut Tree, path: &str) -> Result<(), Error> {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let dir = match folder {
        "decisions" => Dir::Decisions,
        "tasks/active" => Dir::Active,
        _ => {
            tree.notices
                .push(format!("the answering file {path:?} stands in no folder for answers and was left there"));
            return Ok(());
        }
    };
    if !is_plain(name) {
        return Ok(());
    }
    for number in 1u32..1000 {
        let target = if number == 1 { format!("{name}.taken") } else { format!("{name}.taken-{number}") };
        if tree.rename_new((&dir, name), (&dir, &target))? != Renamed::Taken {
            return Ok(());
        }
    }
    tree.rename((&dir, name), (&dir, &format!("{name}.taken"))).map(|_renamed| ())
}

/// Moves what stands of a task's files from `active/`, and its memories to `history/`.
pub(super) fn close(tree: &mut Tree, closing: &Closing) -> Result<(), Error> {
    let id = &closing.task;
    let state = format!("{id}_state.json");
    tree.rename((&Dir::Active, &state), (&closing.to, &state))?;
    for ending in KEPT_ENDINGS.into_iter().chain(["md", "cancel.taken"]) {
        let name = format!("{id}.{ending}");
        replace(tree, (&Dir::Active, &name), (&closing.to, &name))?;
    }
    let folders = [Dir::Current(id.clone()), Dir::ModelOutputs(id.clone()), Dir::Coordination(id.clone())];
    for from in folders {
        let to = closing.target(&from);
        if let Dir::HistoryOutputs(name) | Dir::HistoryCoordination(name) = &to {
            if tree.size(&from, "")?.is_none() {
                continue;
            }
            tree.ensure(&Dir::History(name.clone()))?;
        }
        if tree.rename_folder(&from, &to)? == Renamed::Taken {
            merge(tree, id, &from, &to)?;
        }
    }
    Ok(())
}

/// Moves the files of a folder into one that stands already (the task was closed before, then a crash). Files of ours are
/// replaced, they are the same; what people wrote is kept beside.
fn merge(tree: &mut Tree, id: &TaskId, from: &Dir, to: &Dir) -> Result<(), Error> {
    for name in tree.names(from)? {
        if tree.rename_new((from, &name), (to, &name))? != Renamed::Taken {
            continue;
        }
        let (new, old) = (tree.read(from, &name)?, tree.read(to, &name)?);
        let blank = task::shared_context(id).into_bytes();
        if name == "shared-context.md" && new.as_ref() == Some(&blank) {
            tree.remove(from, &name)?;
            continue;
        }
        let ours = name != "shared-context.md" || old.as_ref() == Some(&blank);
        if new != old && !ours {
            let mut number = 2;
            while tree.rename_new((from, &name), (to, &numbered(&name, number, 0)))? == Renamed::Taken && number < 1000
            {
                number += 1;
            }
            continue;
        }
        tree.rename((from, &name), (to, &name))?;
    }
    tree.remove_empty(from)
}

/// Moves a refused file to `rejected/` and says beside it why.
pub(super) fn refuse(tree: &mut Tree, ink: &Ink, refused: &Refused) -> Result<(), Error> {
    let Refused { name, hash, at, reason } = refused;
    let dropped = is_plain(name) && has_hash(tree, &Dir::Tasks, name, hash);
    let plain = if is_plain(name) { name.clone() } else { crate::folder::name::part(name) };
    for number in 1u32.. {
        let target = numbered(&plain, number, WHY.len());
        let why = format!("{target}{WHY}");
        let stands = tree.size(&Dir::Rejected, &target)?.is_some();
        let same = stands && has_hash(tree, &Dir::Rejected, &target, hash);
        let page = tree.read(&Dir::Rejected, &why)?;
        let foreign = page.is_some_and(|page| !page.is_empty() && !page.starts_with(rejected::BEGINNING.as_bytes()));
        if foreign || (stands && !same) {
            continue;
        }
        if dropped {
            tree.rename((&Dir::Tasks, name), (&Dir::Rejected, &target))?;
        }
        let stands = (dropped || same).then_some(target.as_str());
        return tree.write(&Dir::Rejected, &why, rejected::why(ink, name, stands, *at, reason).as_bytes());
    }
    Ok(())
}
