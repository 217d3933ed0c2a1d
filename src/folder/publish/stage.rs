//! What a batch is about to write, before anything is written: a file written twice is written once with its last
//! content, and the files of a task that ends within the batch are written where they end up.

use super::tree::Dir;
use crate::board::{LogEntry, Page, Reason, Seq, TaskId, Text, Timestamp, WorkerName};
use crate::folder::render::architecture::Record;
use serde_json::Value;
use std::collections::{HashMap, HashSet};

/// What becomes of a file.
#[derive(Debug)]
pub(super) enum Content {
    /// It is written whole.
    Whole(Vec<u8>),
    /// It is written only where nothing stands yet: people and agents write there too.
    OnlyNew(Vec<u8>),
    /// The dropped file is renamed to it; when that is gone, the text is written.
    Dropped {
        /// The dropped file's name in `tasks/`.
        from: String,
        /// SHA-256 of its bytes.
        hash: String,
        /// Its bytes as text.
        text: Text,
    },
}

/// A file to be.
#[derive(Debug)]
pub(super) struct Staged {
    /// Where.
    pub(super) dir: Dir,
    /// Its name there.
    pub(super) name: String,
    /// What.
    pub(super) content: Content,
}

/// A task that ends.
#[derive(Clone, Debug)]
pub(super) struct Closing {
    /// The task.
    pub(super) task: TaskId,
    /// [`Dir::Done`] or [`Dir::Failed`].
    pub(super) to: Dir,
    /// Its name below `history/`: `<yyyy-mm-dd>-<id>`.
    pub(super) history: String,
}

impl Closing {
    /// Where a folder's files belong once the task has ended.
    pub(super) fn target(&self, dir: &Dir) -> Dir {
        match dir {
            Dir::Active => self.to.clone(),
            Dir::Current(_) => Dir::History(self.history.clone()),
            Dir::ModelOutputs(_) => Dir::HistoryOutputs(self.history.clone()),
            Dir::Coordination(_) => Dir::HistoryCoordination(self.history.clone()),
            other => other.clone(),
        }
    }
}

/// A dropped file that was refused.
#[derive(Debug)]
pub(super) struct Refused {
    /// Its name in `tasks/`.
    pub(super) name: String,
    /// Its hash.
    pub(super) hash: String,
    /// When.
    pub(super) at: Timestamp,
    /// Why.
    pub(super) reason: Reason,
}

/// A batch, sorted.
#[derive(Debug, Default)]
pub(super) struct Stage {
    files: Vec<Staged>,
    by_place: HashMap<(Dir, String), usize>,
    by_task: HashMap<TaskId, Vec<usize>>,
    closed: HashMap<TaskId, Closing>,
    /// Answering files, relative to the coordination folder.
    pub(super) taken: Vec<String>,
    /// Tasks that end, in order.
    pub(super) closings: Vec<Closing>,
    /// Refused files, in order.
    pub(super) refused: Vec<Refused>,
    /// Entries of the handoff log.
    pub(super) log: Vec<(Seq, LogEntry)>,
    /// Lines of the message log.
    pub(super) messages: Vec<(Seq, Value)>,
    /// Sections of the architecture record.
    pub(super) records: Vec<(Seq, Record)>,
}

impl Stage {
    /// Takes a file of a task. Where the task has ended in this batch, it goes where the task's files now stand.
    pub(super) fn file(&mut self, task: &TaskId, dir: Dir, name: String, content: Content) {
        let dir = match self.closed.get(task) {
            Some(closing) => closing.target(&dir),
            None => dir,
        };
        let at = *self.by_place.entry((dir.clone(), name.clone())).or_insert(self.files.len());
        let staged = Staged { dir, name, content };
        match self.files.get_mut(at) {
            Some(earlier) => *earlier = staged,
            None => {
                self.files.push(staged);
                self.by_task.entry(task.clone()).or_default().push(at);
            }
        }
    }

    /// The task ends: what is staged for it goes where its files end up.
    pub(super) fn close(&mut self, closing: Closing) {
        for at in self.by_task.get(&closing.task).into_iter().flatten() {
            let Some(staged) = self.files.get_mut(*at) else { continue };
            let target = closing.target(&staged.dir);
            if target != staged.dir {
                self.by_place.remove(&(staged.dir.clone(), staged.name.clone()));
                self.by_place.insert((target.clone(), staged.name.clone()), *at);
                staged.dir = target;
            }
        }
        self.closings.push(closing.clone());
        self.closed.insert(closing.task.clone(), closing);
    }

    /// Whether the task has ended in this batch.
    pub(super) fn is_closed(&self, task: &TaskId) -> bool {
        self.closed.contains_key(task)
    }

    /// The files, in the order in which they were first named.
    pub(super) fn take_files(&mut self) -> Vec<Staged> {
        self.by_place.clear();
        self.by_task.clear();
        std::mem::take(&mut self.files)
    }
}

/// The batch without the pages that a later one of it replaces whole: in a burst a task lives and ends within one batch, and
/// of its state only the last is written.
pub(super) fn standing(batch: &[(Seq, Page)]) -> impl Iterator<Item = &(Seq, Page)> {
    let mut later = HashSet::new();
    let mut replaced: Vec<bool> =
        batch.iter().rev().map(|(_, page)| !replaces(page).is_none_or(|of| later.insert(of))).collect();
    replaced.reverse();
    batch.iter().zip(replaced).filter(|(_, replaced)| !replaced).map(|(page, _)| page)
}

/// What a page shows, where each shows all of it anew.
fn replaces(page: &Page) -> Option<(Shown, &TaskId, Option<&WorkerName>)> {
    match page {
        Page::TaskState { task, .. } => Some((Shown::State, task, None)),
        Page::Progress { task, .. } => Some((Shown::Progress, task, None)),
        Page::Session { task, worker, .. } => Some((Shown::Session, task, Some(worker))),
        _ => None,
    }
}

/// The kinds of pages that are shown anew as a whole.
#[derive(PartialEq, Eq, Hash)]
enum Shown {
    State,
    Progress,
    Session,
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn of_pages_that_show_the_same_anew_only_the_last_is_made() {
        let state = |task: &str, text: &str| {
            let (task, state) = (TaskId::parse(task).unwrap(), Value::from(text));
            (Seq(1), Page::TaskState { task, state })
        };
        let progress = |text: &str| (Seq(1), Page::Progress { task: TaskId::parse("t").unwrap(), text: text.into() });
        let session = |worker: &str| {
            let (task, worker) = (TaskId::parse("t").unwrap(), WorkerName::new(worker));
            (Seq(1), Page::Session { task, worker, session: Value::Null })
        };
        let line = || (Seq(1), Page::Message(Value::Null));
        let batch = [
            state("t", "1"),
            line(),
            state("u", "1"),
            progress("1"),
            session("a"),
            line(),
            state("t", "2"),
            progress("2"),
            session("b"),
        ];
        let left: Vec<&(Seq, Page)> = standing(&batch).collect();
        let expected = [line(), state("u", "1"), session("a"), line(), state("t", "2"), progress("2"), session("b")];
        assert_eq!(left, expected.iter().collect::<Vec<_>>());
    }

    #[test]
    fn a_file_written_twice_is_written_once_and_where_its_task_ends() {
        let task = TaskId::parse("t").unwrap();
        let mut stage = Stage::default();
        stage.file(&task, Dir::Active, "t_state.json".into(), Content::Whole(b"1".to_vec()));
        stage.file(&task, Dir::Outputs(task.clone()), "01.md".into(), Content::Whole(b"o".to_vec()));
        stage.close(Closing { task: task.clone(), to: Dir::Done, history: "d-t".into() });
        stage.file(&task, Dir::Active, "t_state.json".into(), Content::Whole(b"2".to_vec()));
        stage.file(&task, Dir::Current(task.clone()), "progress.md".into(), Content::Whole(b"p".to_vec()));
        let files = stage.take_files();
        let places: Vec<_> = files.iter().map(|file| (file.dir.clone(), file.name.as_str())).collect();
        let expected = vec![
            (Dir::Done, "t_state.json"),
            (Dir::Outputs(task), "01.md"),
            (Dir::History("d-t".into()), "progress.md"),
        ];
        assert_eq!(places, expected);
        assert!(matches!(&files[0].content, Content::Whole(bytes) if bytes == b"2"));
    }
}
