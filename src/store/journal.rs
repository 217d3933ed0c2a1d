//! The store as the loop sees it: batches of events appended durably and atomically, replayed in order, moved to a task's
//! history when it ends.

use super::blobs::Blobs;
use super::draft::{Change, Draft};
use super::engine::{Engine, Order};
use super::error::Error;
use super::head::{self, Head};
use super::keys;
use super::names;
use super::opening;
use super::rows::{self, Row};
use crate::board::memory::MemoryName;
use crate::board::state::Globals;
use crate::board::{Event, Seq, TaskId};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

/// How much a probe writes, in bytes: several of the engine's segments, so that work does not stop again at once.
const PROBE_BYTES: usize = 4 * 1024 * 1024;

/// What one commit stores: all of it or nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Batch {
    /// New events, numbers ascending and beyond [`Store::last_seq`].
    pub events: Vec<(Seq, Event)>,
    /// Tasks that are over: their events, those of this batch included, leave the journal for their history.
    pub archive: Vec<Archive>,
    /// What outlives single tasks, where it changed.
    pub globals: Option<Globals>,
    /// Every event up to this one has been written where people and programs read.
    pub published: Option<Seq>,
    /// Which revision of a memory its file is known to hold durably; `None`: it has no file.
    pub mirrored: Vec<(MemoryName, Option<u64>)>,
}

/// A task that is over, and what is kept of it for lists.
#[derive(Clone, Debug, PartialEq)]
pub struct Archive {
    /// The task.
    pub task: TaskId,
    /// Anything; [`Store::ended_well`] looks at `/ending/ending`.
    pub summary: serde_json::Value,
}

/// A store that was opened.
pub struct Opened {
    /// The store.
    pub store: Store,
    /// What was found on opening it.
    pub recovered: Recovered,
}

/// What opening found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recovered {
    /// The store was made just now.
    pub created: bool,
    /// Files left by a crash that were removed.
    pub removed: Vec<PathBuf>,
    /// Events that [`Store::replay`] will bring.
    pub events: usize,
    /// Tasks they belong to.
    pub open_tasks: usize,
}

/// The store. Owned by the loop; [`Store::blobs`] gives what jobs may use.
pub struct Store {
    engine: Engine,
    blobs: Blobs,
    head: Head,
    globals: Globals,
    /// Chunks that the stored globals take.
    globals_chunks: u16,
    /// Events of open tasks.
    live: BTreeMap<TaskId, Vec<Seq>>,
    /// Events without a task that are not yet published.
    loose: BTreeSet<Seq>,
    /// A batch whose commit failed; it may or may not be on the medium.
    unfinished: Option<Box<(Batch, Change)>>,
}

impl Store {
    /// Opens the store in `store_dir` with its blobs in `blobs_dir`, making both where they are missing.
    ///
    /// # Errors
    /// [`Error::Locked`] when another process still holds it after a second; [`Error::Unopenable`] when it is damaged, says
    /// what to do, and has changed nothing; [`Error::Damaged`] names the event that cannot be read; [`Error::Full`], [`Error::Io`].
    pub fn open(store_dir: &Path, blobs_dir: &Path) -> Result<Opened, Error> {
        let created = opening::ready(store_dir, &head::first())?;
        let (engine, removed, blobs, head) = opening::undoing(store_dir, || {
            let (engine, removed) = Engine::open(store_dir)?;
            let blobs = Blobs::open(blobs_dir)?;
            let head = head::read(&engine, &blobs)?;
            Ok((engine, removed, blobs, head))
        })?;
        let (globals, globals_chunks) = head::read_globals(&engine, &blobs)?;
        let (live, loose) = (BTreeMap::new(), BTreeSet::new());
        let mut store = Self { engine, blobs, head, globals, globals_chunks, live, loose, unfinished: None };
        let events = store.index()?;
        let recovered = Recovered { created, removed, events, open_tasks: store.live.len() };
        Ok(Opened { store, recovered })
    }

    /// Appends a batch. When it returns `Ok`, all of it survives a crash of the process and of the machine; blocks on the disk.
    ///
    /// # Errors
    /// After an error the batch is not acknowledged, yet it may be on the medium: send the very same batch again until it is
    /// taken, or end the process. A different one is refused as [`Error::OutOfOrder`]. With [`Error::Full`], wait until
    /// [`Store::probe`] succeeds.
    pub fn append(&mut self, batch: &Batch) -> Result<(), Error> {
        if let Some(unfinished) = self.unfinished.take() {
            let (failed, change) = *unfinished;
            let same = failed == *batch;
            self.commit(change, || failed)?;
            if same {
                return Ok(());
            }
        }
        if *batch == Batch::default() {
            return Ok(());
        }
        let change = self.prepare(batch)?;
        self.commit(change, || batch.clone())
    }

    /// Hands every event that is still in the journal to `each`, in order: the events of open tasks, and those without a task
    /// that are not yet published. Events that a task's end has moved away are left out; [`Store::globals`] holds what they did.
    ///
    /// # Errors
    /// [`Error::Damaged`] names the first event that cannot be read; nothing is skipped.
    pub fn replay(&self, mut each: impl FnMut(Seq, Event)) -> Result<(), Error> {
        let (from, to) = rows::all_of(keys::EVENT);
        rows::scan(&self.engine, &self.blobs, &from, &to, Order::Up, |row, found| {
            let (seq, event) = head::read_event(&self.engine, row, &found?)?;
            each(seq, event);
            Ok(true)
        })
    }

    /// What outlives single tasks, as it was stored last.
    pub fn globals(&self) -> &Globals {
        &self.globals
    }

    /// Every event up to this one has been published.
    pub fn published(&self) -> Seq {
        self.head.published
    }

    /// The last event ever appended, also when its task has ended since; 0 in a new store.
    pub fn last_seq(&self) -> Seq {
        self.head.last
    }

    /// How many tasks have ended.
    pub fn finished(&self) -> u64 {
        self.head.ended
    }

    /// The blob store, for jobs.
    pub fn blobs(&self) -> &Blobs {
        &self.blobs
    }

    /// The first of `wanted`, `wanted-2`, … that no task ever bore and that is not `taken` (by a task that is decided but not
    /// yet appended). Takes the same time however many bore the name.
    ///
    /// # Errors
    /// [`Error::Damaged`] or [`Error::Io`].
    pub fn next_id(&self, wanted: &TaskId, taken: impl Fn(&TaskId) -> bool) -> Result<TaskId, Error> {
        names::free(&self.engine, &self.blobs, wanted, taken)
    }

    /// Tries whether there is space again, by writing and removing a few MiB.
    ///
    /// # Errors
    /// [`Error::Full`] or [`Error::Io`] while there is not.
    pub fn probe(&self) -> Result<(), Error> {
        let path = self.blobs.folder().join("probe");
        let write = || -> std::io::Result<()> {
            let mut file = OpenOptions::new().write(true).create(true).truncate(true).open(&path)?;
            file.write_all(&vec![0x5a; PROBE_BYTES])?;
            file.sync_all()
        };
        let written = write().map_err(|source| Error::io("writing", &path, source));
        let _ = fs::remove_file(&path);
        written
    }

    pub(super) fn engine(&self) -> &Engine {
        &self.engine
    }

    pub(super) fn head(&self) -> Head {
        self.head
    }

    pub(super) fn globals_chunks(&self) -> u16 {
        self.globals_chunks
    }

    /// Events without a task that are stored and not yet published.
    pub(super) fn loose(&self) -> &BTreeSet<Seq> {
        &self.loose
    }

    /// The numbers of a task's events in the journal.
    pub(super) fn live(&self, task: &TaskId) -> &[Seq] {
        self.live.get(task).map_or(&[], Vec::as_slice)
    }

    /// A live event.
    pub(super) fn event(&self, seq: Seq) -> Result<Event, Error> {
        let row = keys::event(seq);
        let found = self.promised(&row)?;
        Ok(head::read_event(&self.engine, &row, &found)?.1)
    }

    /// A row that another one promises.
    pub(super) fn promised(&self, row: &[u8]) -> Result<Row, Error> {
        rows::get(&self.engine, &self.blobs, row)?.ok_or_else(|| self.missing(row))
    }

    fn missing(&self, row: &[u8]) -> Error {
        Error::Damaged {
            what: keys::describe(row),
            path: self.engine.folder().to_owned(),
            why: "it is missing".to_owned(),
        }
    }

    /// Makes the in-memory index of the live events; returns how many there are.
    fn index(&mut self) -> Result<usize, Error> {
        let (mut live, mut loose, mut events) = (BTreeMap::<TaskId, Vec<Seq>>::new(), BTreeSet::new(), 0);
        self.replay(|seq, event| {
            events += 1;
            match event.task() {
                Some(task) => live.entry(task.clone()).or_default().push(seq),
                None => {
                    loose.insert(seq);
                }
            }
        })?;
        self.live = live;
        self.loose = loose;
        Ok(events)
    }

    fn prepare(&self, batch: &Batch) -> Result<Change, Error> {
        let mut draft = Draft::new(self);
        for (seq, event) in &batch.events {
            draft.take(*seq, event)?;
        }
        for archive in &batch.archive {
            draft.archive(archive)?;
        }
        if let Some(published) = batch.published {
            draft.publish(published)?;
        }
        if let Some(globals) = &batch.globals {
            draft.globals(globals)?;
        }
        for (name, revision) in &batch.mirrored {
            draft.mark(name, *revision);
        }
        draft.finish()
    }

    fn commit(&mut self, change: Change, batch: impl FnOnce() -> Batch) -> Result<(), Error> {
        match self.engine.commit(&change.ops) {
            Ok(()) => {
                self.settle(change);
                Ok(())
            }
            Err(error) => {
                self.unfinished = Some(Box::new((batch(), change)));
                Err(error)
            }
        }
    }

    /// What is durable now becomes what memory says.
    fn settle(&mut self, change: Change) {
        self.head = change.head;
        if let Some((globals, chunks)) = change.globals {
            self.globals = globals;
            self.globals_chunks = chunks;
        }
        for (task, seq) in change.appended {
            self.live.entry(task).or_default().push(seq);
        }
        for task in &change.archived {
            self.live.remove(task);
        }
        self.loose.extend(change.loose);
        self.loose = self.loose.split_off(&self.head.published.next());
        for hash in &change.unused {
            self.blobs.forget(hash);
        }
    }
}
