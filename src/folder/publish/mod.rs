//! What happened, written as files: every page of a batch, in order, so that writing it again changes nothing.
//!
//! A batch is on the medium when `publish` returns, though no file is synced on its own: each file goes to a temporary
//! name in its folder and is renamed, and one `syncfs` per file system at the end of the batch flushes them all. That
//! keeps the promise because pages are a projection: until `publish` has returned, the caller's cursor stands before
//! the batch, and after a crash or a power cut every file of it is made again from the journal. Between the rename and
//! the `syncfs` a power cut may leave a file short or missing; a person who looks in that moment sees it mended at the next start.

mod flush;
mod pages;
mod stage;
pub(crate) mod tree;

use super::append::AppendFile;
use super::error::Error;
use super::handoff_log::{self, HandoffLog};
use super::ink::Ink;
use super::mask::Masker;
use super::messages::{self, Messages};
use super::render::architecture::{self, Architecture};
use crate::board::{Page, Seq, TaskId, Text};
use pages::Renderer;
use secrecy::SecretString;
use stage::Stage;
use std::collections::HashSet;
use std::fs::File;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use tree::{Dir, Tree};

/// Where and how to publish.
#[derive(Clone, Debug)]
pub struct Params {
    /// The coordination folder.
    pub coordination: PathBuf,
    /// The memory folder.
    pub memories: PathBuf,
    /// Configured keys; none of them is ever written.
    pub secrets: Vec<SecretString>,
    /// Bounds of what is written.
    pub limits: Limits,
}

/// Bounds of what is written, so that no page grows without end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// One model's text in a page of its own, or a decision's answer, in bytes.
    pub page_text_bytes_max: usize,
    /// One memory, in bytes.
    pub memory_bytes_max: usize,
    /// One field of a handoff entry, in bytes before escaping.
    pub log_field_bytes_max: usize,
    /// One text inside a line of `model_messages.log`, in bytes.
    pub message_text_bytes_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            page_text_bytes_max: 16 << 20,
            memory_bytes_max: 1 << 20,
            log_field_bytes_max: 2000,
            message_text_bytes_max: 4000,
        }
    }
}

/// Loads a text whole: as it stands, or from the blob store. The error says why it cannot be had; it ends the batch, so a
/// loader that knows that a text is lost for good returns a sentence that says so instead.
pub type Loader<'a> = &'a dyn Fn(&Text) -> Result<String, String>;

/// The one writer of the coordination and memory trees.
#[derive(Debug)]
pub struct Publisher {
    tree: Tree,
    ink: Ink,
    limits: Limits,
    log: AppendFile<HandoffLog>,
    messages: AppendFile<Messages>,
    records: AppendFile<Architecture>,
    /// Tasks whose files are known to stand in `active/`.
    active: HashSet<TaskId>,
}

/// The highest number among the last entries of the logs of a workspace; 0 where none stands. Makes and changes nothing.
///
/// # Errors
/// When a log is there and cannot be read.
pub fn last_logged(coordination: &Path) -> Result<Seq, Error> {
    let ink = Ink { mask: Masker::default() };
    let log = AppendFile::new(HandoffLog { ink: ink.clone(), field_bytes_max: 0 }, handoff_log::NAME);
    let lines = Messages { mask: Masker::default(), text_bytes_max: 0 };
    let lines = AppendFile::new(lines, messages::NAME);
    let records = AppendFile::new(Architecture { ink }, architecture::NAME);
    let mut last = 0;
    for (below, in_communication) in [("communication", true), ("decisions", false)] {
        let path = coordination.join(below);
        let folder = match File::open(&path) {
            Ok(folder) => folder,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            Err(error) => return Err(Error::io(&path, "open the folder", error)),
        };
        let found = if in_communication {
            log.last_number(folder.as_fd(), &path)?.max(lines.last_number(folder.as_fd(), &path)?)
        } else {
            records.last_number(folder.as_fd(), &path)?
        };
        last = last.max(found);
    }
    Ok(Seq(last))
}

impl Publisher {
    /// Creates what is missing of the tree and holds it open. Where the logs end is read at the first batch.
    pub fn open(params: Params) -> Result<Self, Error> {
        let Params { coordination, memories, secrets, limits } = params;
        let mask = Masker::new(secrets);
        let ink = Ink { mask: mask.clone() };
        let log = HandoffLog { ink: ink.clone(), field_bytes_max: limits.log_field_bytes_max };
        let lines = Messages { mask, text_bytes_max: limits.message_text_bytes_max };
        Ok(Self {
            tree: Tree::open(coordination, memories)?,
            log: AppendFile::new(log, handoff_log::NAME),
            messages: AppendFile::new(lines, messages::NAME),
            records: AppendFile::new(Architecture { ink: ink.clone() }, architecture::NAME),
            ink,
            limits,
            active: HashSet::new(),
        })
    }

    /// What keeps keys out of its pages.
    pub(crate) fn masker(&self) -> Masker {
        self.ink.mask.clone()
    }

    /// The highest number among the last entries of the logs. A new journal must go on from there (the logs are kept in
    /// version control and `.synod` is not): entries with lower numbers would count as written already.
    ///
    /// # Errors
    /// When a log cannot be read.
    pub fn last_number(&self) -> Result<Seq, Error> {
        let shown = self.tree.path(&Dir::Communication, "");
        let folder = self.tree.handle(&Dir::Communication)?;
        let logs = self.log.last_number(folder, &shown)?.max(self.messages.last_number(folder, &shown)?);
        let shown = self.tree.path(&Dir::Decisions, "");
        Ok(Seq(logs.max(self.records.last_number(self.tree.handle(&Dir::Decisions)?, &shown)?)))
    }

    /// Writes every page of the batch, in order; on return all of it survives a power cut. All pages of one event must
    /// come in one batch, and sequence numbers must not fall. After an error publish the same batch again.
    pub fn publish(&mut self, batch: &[(Seq, Page)], blobs: Loader<'_>) -> Result<(), Error> {
        if batch.is_empty() {
            return Ok(());
        }
        let done = self.write(batch, blobs);
        if done.is_err() {
            // What was remembered may no longer be so.
            self.active.clear();
            self.tree.forget();
            self.log.forget();
            self.messages.forget();
            self.records.forget();
        }
        done
    }

    fn write(&mut self, batch: &[(Seq, Page)], blobs: Loader<'_>) -> Result<(), Error> {
        let only_messages = batch.iter().all(|(_, page)| matches!(page, Page::Message(_)));
        // A folder that is away is made again by who writes into it, and by nobody else.
        let made = if only_messages && self.tree.stands(&Dir::Communication) { false } else { self.tree.refresh()? };
        let mut stage = self.sort(batch, blobs)?;
        for path in &stage.taken {
            flush::taken(&mut self.tree, path)?;
        }
        for closing in &stage.closings {
            flush::close(&mut self.tree, closing)?;
            self.active.remove(&closing.task);
        }
        flush::files(&mut self.tree, &self.ink, blobs, &stage.take_files())?;
        for refused in &stage.refused {
            flush::refuse(&mut self.tree, &self.ink, refused)?;
        }
        self.append(&stage)?;
        if made || !only_messages {
            return self.tree.sync();
        }
        // A flush of the whole file system would wait for whatever else the machine has written.
        let shown = self.tree.path(&Dir::Communication, "");
        self.messages.sync(self.tree.handle(&Dir::Communication)?, &shown)
    }

    /// What becomes of each page, before anything is written.
    fn sort(&mut self, batch: &[(Seq, Page)], blobs: Loader<'_>) -> Result<Stage, Error> {
        let mut places = Places { tree: &self.tree, active: &mut self.active };
        let mut renderer = Renderer { ink: &self.ink, limits: &self.limits, blobs, stage: Stage::default() };
        for (seq, page) in stage::standing(batch) {
            renderer.page(*seq, page, &mut places)?;
        }
        Ok(renderer.stage)
    }

    fn append(&mut self, stage: &Stage) -> Result<(), Error> {
        let entries: Vec<_> = stage.log.iter().map(|(seq, entry)| (*seq, entry)).collect();
        let lines: Vec<_> = stage.messages.iter().map(|(seq, line)| (*seq, line)).collect();
        let records: Vec<_> = stage.records.iter().map(|(seq, record)| (*seq, record)).collect();
        let shown = self.tree.path(&Dir::Communication, "");
        let folder = self.tree.handle(&Dir::Communication)?;
        self.log.append(folder, &shown, &entries)?;
        self.messages.append(folder, &shown, &lines)?;
        let shown = self.tree.path(&Dir::Decisions, "");
        self.records.append(self.tree.handle(&Dir::Decisions)?, &shown, &records)
    }

    /// What a person should know since the last call, a sentence each: a folder that was missing was made again, something
    /// stood in the way and was set aside.
    pub fn take_notices(&mut self) -> Vec<String> {
        std::mem::take(&mut self.tree.notices)
    }
}

/// Where the files of tasks stand: remembered for open ones, looked up after a restart.
struct Places<'a> {
    tree: &'a Tree,
    active: &'a mut HashSet<TaskId>,
}

impl Places<'_> {
    /// The task is accepted: its files stand in `active/`, or will when the page that ended it comes again.
    fn accepted(&mut self, task: &TaskId) {
        self.active.insert(task.clone());
    }

    /// The folder in which the task's files stand.
    fn of(&mut self, task: &TaskId) -> Result<Dir, Error> {
        if self.active.contains(task) {
            return Ok(Dir::Active);
        }
        let page = format!("{task}.md");
        if self.tree.size(&Dir::Active, &page)?.is_none() {
            for ended in [Dir::Done, Dir::Failed] {
                if self.tree.size(&ended, &page)?.is_some() {
                    return Ok(ended);
                }
            }
        }
        self.accepted(task);
        Ok(Dir::Active)
    }
}
