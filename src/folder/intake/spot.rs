//! Where a found file stands, and what its name says about it. Pure: no disk.

use super::format;
use crate::board::TaskId;
use std::path::{Path, PathBuf};

/// One of the watched folders.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Place {
    /// `tasks/`, where files are dropped.
    Tasks,
    /// `decisions/`, for `.approve`, `.reject` and `.retry`.
    Decisions,
    /// `tasks/active/`, for `.cancel`.
    Active,
}

impl Place {
    pub(super) const ALL: [Self; 3] = [Self::Tasks, Self::Decisions, Self::Active];

    /// Its path relative to the coordination folder.
    pub(super) fn path(self) -> &'static str {
        match self {
            Self::Tasks => "tasks",
            Self::Decisions => "decisions",
            Self::Active => "tasks/active",
        }
    }
}

/// A file in a watched folder.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Spot {
    pub(super) place: Place,
    pub(super) name: String,
}

impl Spot {
    /// Reads a path relative to the coordination folder; a name alone is one in the drop folder.
    pub(super) fn parse(path: &str) -> Option<Self> {
        let (folder, name) = path.rsplit_once('/').unwrap_or((Place::Tasks.path(), path));
        let place = Place::ALL.into_iter().find(|place| place.path() == folder)?;
        Some(Self { place, name: name.to_owned() })
    }

    /// The path relative to the coordination folder.
    pub(super) fn path(&self) -> String {
        format!("{}/{}", self.place.path(), self.name)
    }

    /// The path on disk.
    pub(super) fn below(&self, coordination: &Path) -> PathBuf {
        coordination.join(self.place.path()).join(&self.name)
    }

    pub(super) fn sort(&self) -> Sort {
        sort(self.place, &self.name)
    }
}

/// What a name is taken for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Sort {
    /// A task file.
    Task,
    /// `.approve`; `None` when what stands before is no task's id.
    Approve(Option<TaskId>),
    /// `.reject`.
    Reject(Option<TaskId>),
    /// `.retry`.
    Retry(Option<TaskId>),
    /// `.answer`, with the step or worker that stands behind the id.
    Answer(Option<(TaskId, Option<String>)>),
    /// `.cancel`.
    Cancel(Option<TaskId>),
    /// Dropped, but not named like a task file.
    Stray,
    /// Temporary, hidden, or somebody else's.
    Ignored,
}

/// Endings under which programs keep what is not finished.
const UNFINISHED: [&str; 12] = [
    ".tmp",
    ".temp",
    ".swp",
    ".swo",
    ".swx",
    ".part",
    ".partial",
    ".crdownload",
    ".filepart",
    ".download",
    ".bak",
    ".lock",
];

/// Tells from its name what a file is.
pub(super) fn sort(place: Place, name: &str) -> Sort {
    let answer = |ending: &str| name.strip_suffix(ending).map(TaskId::parse);
    match place {
        Place::Decisions => {
            let approve = answer(".approve").map(Sort::Approve);
            let reject = || answer(".reject").map(Sort::Reject);
            let retry = || answer(".retry").map(Sort::Retry);
            let step = || name.strip_suffix(".answer").map(|name| Sort::Answer(asked(name)));
            approve.or_else(reject).or_else(retry).or_else(step).unwrap_or(Sort::Ignored)
        }
        Place::Active => answer(".cancel").map_or(Sort::Ignored, Sort::Cancel),
        Place::Tasks if is_temporary(name) => Sort::Ignored,
        Place::Tasks if format::is_task_name(name) => Sort::Task,
        Place::Tasks => Sort::Stray,
    }
}

/// The task, and the step or worker behind its first dot: no task's id holds one.
fn asked(name: &str) -> Option<(TaskId, Option<String>)> {
    let (id, which) = name.split_once('.').map_or((name, None), |(id, which)| (id, Some(which)));
    Some((TaskId::parse(id)?, which.map(str::to_owned)))
}

/// Hidden files, backups, what editors and downloads keep until they are done. `4913` is how vim probes a folder.
fn is_temporary(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    let marked = name.starts_with('.') || name.ends_with('~') || (name.starts_with('#') && name.ends_with('#'));
    marked || name == "4913" || lower.contains("___jb_") || UNFINISHED.iter().any(|ending| lower.ends_with(ending))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_unfinished_files_are_ignored() {
        for name in [
            ".a.md",
            ".a.md.swp",
            "a.md~",
            "a.md.tmp",
            "a.PART",
            "4913",
            "#a.md#",
            "a.md___jb_tmp___",
            "a.md.crdownload",
            "..md",
        ] {
            assert_eq!(sort(Place::Tasks, name), Sort::Ignored, "{name}");
        }
        for name in ["a.md", "A.MD", "a b.txt", "a.b.json", "ü.yml", "tmp.md", "a.toml", "a.yaml"] {
            assert_eq!(sort(Place::Tasks, name), Sort::Task, "{name}");
        }
        for name in ["a", "a.docx", "5036", "md", "a.cancel"] {
            assert_eq!(sort(Place::Tasks, name), Sort::Stray, "{name}");
        }
    }

    #[test]
    fn answers_name_their_task() {
        let id = TaskId::parse("review-auth");
        assert_eq!(sort(Place::Decisions, "review-auth.approve"), Sort::Approve(id.clone()));
        assert_eq!(sort(Place::Decisions, "review-auth.retry"), Sort::Retry(id.clone()));
        assert_eq!(sort(Place::Decisions, "review-auth.reject"), Sort::Reject(id.clone()));
        let review = TaskId::slug("review-auth");
        assert_eq!(sort(Place::Active, "review-auth.cancel"), Sort::Cancel(id));
        let step = Some("look.at".to_owned());
        assert_eq!(sort(Place::Decisions, "review-auth.look.at.answer"), Sort::Answer(Some((review.clone(), step))));
        assert_eq!(sort(Place::Decisions, "review-auth.answer"), Sort::Answer(Some((review, None))));
        assert_eq!(sort(Place::Decisions, "not an id.approve"), Sort::Approve(None));
        for (place, name) in [(Place::Decisions, "x.md"), (Place::Decisions, "x.cancel"), (Place::Active, "x.approve")]
        {
            assert_eq!(sort(place, name), Sort::Ignored);
        }
    }

    #[test]
    fn a_path_and_its_spot_are_one() {
        for path in ["tasks/a.md", "decisions/x.approve", "tasks/active/x.cancel"] {
            assert_eq!(Spot::parse(path).map(|spot| spot.path()).as_deref(), Some(path));
        }
        assert_eq!(Spot::parse("a.md").map(|spot| spot.path()).as_deref(), Some("tasks/a.md"));
        assert_eq!(Spot::parse("outputs/a.md"), None);
    }
}
