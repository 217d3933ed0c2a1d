//! From a batch to the changes of the tree that store it. Reads the store; changes nothing but blobs that nothing names yet.

use super::blobs::Hash;
use super::engine::Ops;
use super::error::Error;
use super::finished;
use super::head::{self, Head};
use super::journal::{Archive, Store};
use super::keys;
use super::memories::{self, Changes};
use super::names::Names;
use super::rows;
use super::tallies;
use crate::board::state::Globals;
use crate::board::{Event, MemoryName, Seq, TaskId};
use std::collections::{BTreeMap, BTreeSet};
use std::io;

/// What a batch does to the tree and, once that is durable, to memory.
pub(super) struct Change {
    pub(super) ops: Ops,
    pub(super) head: Head,
    /// The globals, and how many chunks they take.
    pub(super) globals: Option<(Globals, u16)>,
    /// Events that join the journal, with their tasks.
    pub(super) appended: Vec<(TaskId, Seq)>,
    /// Tasks that leave the journal.
    pub(super) archived: BTreeSet<TaskId>,
    /// Events without a task that join the journal.
    pub(super) loose: Vec<Seq>,
    /// Blobs that only removed rows named.
    pub(super) unused: Vec<Hash>,
}

/// An event of the batch.
struct Fresh {
    /// The task it belongs to.
    task: Option<TaskId>,
    /// It is about a memory.
    of_memory: bool,
    json: Vec<u8>,
}

/// A change in the making.
pub(super) struct Draft<'a> {
    store: &'a Store,
    names: Names<'a>,
    memories: Changes<'a>,
    /// The batch's events that go into the journal, as JSON.
    events: BTreeMap<Seq, Fresh>,
    /// The same by task, so that archiving many tasks at once looks at each event once.
    of_task: BTreeMap<TaskId, Vec<Seq>>,
    change: Change,
}

impl<'a> Draft<'a> {
    pub(super) fn new(store: &'a Store) -> Self {
        let change = Change {
            ops: Ops::new(),
            head: store.head(),
            globals: None,
            appended: Vec::new(),
            archived: BTreeSet::new(),
            loose: Vec::new(),
            unused: Vec::new(),
        };
        let names = Names::new(store.engine(), store.blobs());
        let memories = Changes::new(store.engine(), store.blobs());
        Self { store, names, memories, events: BTreeMap::new(), of_task: BTreeMap::new(), change }
    }

    /// A new event.
    pub(super) fn take(&mut self, seq: Seq, event: &Event) -> Result<(), Error> {
        let last = self.change.head.last;
        if seq <= last {
            return Err(Error::OutOfOrder { first: seq, last });
        }
        self.change.head.last = seq;
        if let Event::TaskAccepted { task, .. } = event {
            self.names.used(task)?;
        }
        if let Some(task) = event.task() {
            self.of_task.entry(task.clone()).or_default().push(seq);
        }
        let of_memory = self.memories.take(&mut self.change.ops, seq, event)?;
        let fresh = Fresh { task: event.task().cloned(), of_memory, json: self.json(event)? };
        self.events.insert(seq, fresh);
        Ok(())
    }

    /// A task's events leave the journal for its history.
    pub(super) fn archive(&mut self, archive: &Archive) -> Result<(), Error> {
        let task = &archive.task;
        let mut history = self.earlier_history(task)?;
        for seq in self.store.live(task) {
            let row = keys::event(*seq);
            let found = self.store.promised(&row)?;
            rows::remove(&mut self.change.ops, &row, found.chunks);
            self.change.unused.extend(found.blob);
            history.push((*seq, found.content));
        }
        for seq in self.of_task.remove(task).unwrap_or_default() {
            history.extend(self.events.remove(&seq).map(|fresh| (seq, fresh.json)));
        }

        self.change.head.ended += 1;
        let number = self.change.head.ended;
        finished::put_history(&mut self.change.ops, self.store, number, &history)?;
        finished::put_summary(&mut self.change.ops, self.store, number, archive)?;
        self.names.ended(task, number)?;
        self.change.archived.insert(task.clone());
        Ok(())
    }

    /// Which revision a memory's file is known to hold.
    pub(super) fn mark(&mut self, name: &MemoryName, revision: Option<u64>) {
        memories::put_mark(&mut self.change.ops, name, revision);
    }

    /// Everything up to an event is published; those without a task need not be replayed any more. Those about memories go:
    /// the revisions' rows say the same.
    pub(super) fn publish(&mut self, published: Seq) -> Result<(), Error> {
        self.change.head.published = self.change.head.published.max(published);
        for seq in self.store.loose().range(..=published) {
            let row = keys::event(*seq);
            let found = self.store.promised(&row)?;
            rows::remove(&mut self.change.ops, &row, found.chunks);
            self.change.unused.extend(found.blob);
            let (_, event) = head::read_event(self.store.engine(), &row, &found)?;
            if event.is_of_memory() {
                continue;
            }
            let row = keys::numbered(keys::LOOSE, seq.0);
            rows::put(&mut self.change.ops, self.store.blobs(), &row, false, &found.content)?;
        }
        Ok(())
    }

    /// The globals change.
    pub(super) fn globals(&mut self, globals: &Globals) -> Result<(), Error> {
        let json = self.json(globals)?;
        let row = head::globals_row();
        rows::remove(&mut self.change.ops, &row, self.store.globals_chunks());
        let chunks = rows::put(&mut self.change.ops, self.store.blobs(), &row, false, &json)?;
        self.change.unused.extend(tallies::put(self.store, &mut self.change.ops, &globals.tallies)?);
        self.change.globals = Some((globals.clone(), chunks));
        Ok(())
    }

    /// The change, whole.
    pub(super) fn finish(mut self) -> Result<Change, Error> {
        for (seq, Fresh { task, of_memory, json }) in self.events {
            // One that is published with the very batch that brings it goes where published ones are.
            let published = task.is_none() && seq <= self.change.head.published;
            if published && of_memory {
                continue;
            }
            let row = keys::numbered(if published { keys::LOOSE } else { keys::EVENT }, seq.0);
            rows::put(&mut self.change.ops, self.store.blobs(), &row, false, &json)?;
            match task {
                Some(task) => self.change.appended.push((task, seq)),
                None if published => {}
                None => self.change.loose.push(seq),
            }
        }
        self.names.store(&mut self.change.ops);
        self.memories.store(&mut self.change.ops)?;
        head::put(&mut self.change.ops, &self.change.head);
        Ok(self.change)
    }

    /// What an earlier archiving of the same task stored. It happens only when an event came after the task had left; the
    /// history then moves on to the new number, so that nothing is lost.
    fn earlier_history(&mut self, task: &TaskId) -> Result<Vec<(Seq, Vec<u8>)>, Error> {
        let Some(number) = self.names.get(task)?.and_then(|name| name.end) else { return Ok(Vec::new()) };
        let row = keys::numbered(keys::HISTORY, number);
        let found = self.store.promised(&row)?;
        let events = finished::unpack(self.store.engine(), &row, &found)?;
        let summary = keys::numbered(keys::SUMMARY, number);
        let summary_found = self.store.promised(&summary)?;
        rows::remove(&mut self.change.ops, &row, found.chunks);
        rows::remove(&mut self.change.ops, &summary, summary_found.chunks);
        self.change.unused.extend(found.blob.into_iter().chain(summary_found.blob));
        events.iter().map(|(seq, event)| Ok((*seq, self.json(event)?))).collect()
    }

    fn json(&self, value: &impl serde::Serialize) -> Result<Vec<u8>, Error> {
        serde_json::to_vec(value).map_err(|error| {
            Error::io("making the JSON of an entry of", self.store.engine().folder(), io::Error::from(error))
        })
    }
}
