//! A diff read by its lines alone, for one whose numbers or ends are wrong: each passage is looked for where its lines are.

use super::{Change, Hunk};

/// The changes of a diff, file by file.
pub fn loosely(diff: &str) -> Vec<Change> {
    let (mut changes, mut old_path) = (Vec::new(), None);
    let mut lines = diff.lines().peekable();
    while let Some(line) = lines.next() {
        let next_is_new = lines.peek().is_some_and(|next| next.starts_with("+++ "));
        if let (Some(old), true) = (line.strip_prefix("--- "), next_is_new) {
            old_path = path(old, "a/");
        } else if let Some(new) = line.strip_prefix("+++ ") {
            changes.extend(begun(old_path.take(), path(new, "b/")));
        } else if line.starts_with("diff --git ") || line.starts_with("index ") {
            old_path = None;
        } else if let Some(change) = changes.last_mut() {
            further(change, line);
        }
    }
    for change in &mut changes {
        if let Change::Edit { hunks, .. } = change {
            hunks.retain(|hunk| hunk.old != hunk.new);
        }
    }
    changes
}

/// The path in a file line; `None`: there is no such file.
fn path(written: &str, side: &str) -> Option<String> {
    let path = written.split('\t').next().unwrap_or(written).trim().trim_matches('"');
    (path != "/dev/null").then(|| path.strip_prefix(side).unwrap_or(path).to_owned())
}

fn begun(old: Option<String>, new: Option<String>) -> Option<Change> {
    match (old, new) {
        (None, None) => None,
        (None, Some(path)) => Some(Change::Whole { path, text: String::new() }),
        (Some(path), None) => Some(Change::Delete { path }),
        (Some(path), Some(new)) => {
            let moved = (path != new).then_some(new);
            Some(Change::Edit { path, moved, hunks: Vec::new() })
        }
    }
}

fn further(change: &mut Change, line: &str) {
    match change {
        Change::Whole { text, .. } => {
            if let Some(added) = line.strip_prefix('+') {
                text.push_str(added);
                text.push('\n');
            }
        }
        Change::Edit { hunks, .. } => {
            if line.starts_with("@@") {
                hunks.push(Hunk::default());
                return;
            }
            let Some(hunk) = hunks.last_mut() else { return };
            if let Some(new) = line.strip_prefix('+') {
                hunk.new.push(new.to_owned());
            } else if let Some(old) = line.strip_prefix('-') {
                hunk.old.push(old.to_owned());
            } else if !line.starts_with('\\') {
                let same = line.strip_prefix(' ').unwrap_or(line).to_owned();
                hunk.old.push(same.clone());
                hunk.new.push(same);
            }
        }
        Change::Diff(_) | Change::Delete { .. } => {}
    }
}
