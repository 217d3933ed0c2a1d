//! Edits in the form that some models were trained on: `*** Begin Patch`, files by name, passages by their lines and without
//! numbers.

use super::{Change, Hunk};

/// How it begins.
pub(super) const OPENS: &str = "*** Begin Patch";

/// Reads it up to its end, or to the end of the text.
pub(super) fn read(text: &str) -> Vec<Change> {
    let mut changes: Vec<Change> = Vec::new();
    for line in text.lines().skip_while(|line| !line.starts_with(OPENS)).skip(1) {
        if line.starts_with("*** End Patch") || line.starts_with("```") {
            break;
        }
        if let Some(path) = line.strip_prefix("*** Add File:") {
            changes.push(Change::Whole { path: path.trim().to_owned(), text: String::new() });
        } else if let Some(path) = line.strip_prefix("*** Delete File:") {
            changes.push(Change::Delete { path: path.trim().to_owned() });
        } else if let Some(path) = line.strip_prefix("*** Update File:") {
            changes.push(Change::Edit { path: path.trim().to_owned(), moved: None, hunks: Vec::new() });
        } else if let Some(change) = changes.last_mut() {
            further(change, line);
        }
    }
    // A passage that names no lines changes nothing.
    for change in &mut changes {
        if let Change::Edit { hunks, .. } = change {
            hunks.retain(|hunk| hunk.old != hunk.new);
        }
    }
    changes
}

fn further(change: &mut Change, line: &str) {
    match change {
        Change::Whole { text, .. } => {
            text.push_str(line.strip_prefix('+').unwrap_or(line));
            text.push('\n');
        }
        Change::Edit { moved, hunks, .. } => {
            if let Some(path) = line.strip_prefix("*** Move to:") {
                *moved = Some(path.trim().to_owned());
                return;
            }
            if line.starts_with("@@") {
                hunks.push(Hunk::default());
                return;
            }
            if line.starts_with("*** ") {
                return;
            }
            if hunks.is_empty() {
                hunks.push(Hunk::default());
            }
            let Some(hunk) = hunks.last_mut() else { return };
            if let Some(new) = line.strip_prefix('+') {
                hunk.new.push(new.to_owned());
            } else if let Some(old) = line.strip_prefix('-') {
                hunk.old.push(old.to_owned());
            } else {
                let same = line.strip_prefix(' ').unwrap_or(line).to_owned();
                hunk.old.push(same.clone());
                hunk.new.push(same);
            }
        }
        Change::Diff(_) | Change::Delete { .. } => {}
    }
}
