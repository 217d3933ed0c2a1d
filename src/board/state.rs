//! The whole state of the board: open tasks and the standing of workers. Finished tasks are not here; they are in the store.

use super::id::{AttemptKey, Seq, TaskId, WorkerName};
use super::memory::Memories;
use super::spec::Priority;
use super::tally::Tallies;
use super::task::Task;
use super::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

/// Everything that deciding looks at, made from the journal alone.
#[derive(Clone, Debug, Default)]
pub struct State {
    /// Open tasks, and ended ones whose files are still being written.
    pub tasks: BTreeMap<TaskId, Task>,
    /// What outlives single tasks.
    pub globals: Globals,
    /// The memory bus.
    pub memories: Memories,
    /// The last event applied.
    pub seq: Seq,
    /// Derived indexes, kept by `apply` alone.
    pub(in crate::board) index: Index,
}

/// Most moments kept for one standing order.
pub const ORDER_RUNS_MAX: usize = 1000;

/// How long they are kept.
pub const ORDER_RUNS_FOR: Duration = Duration::from_secs(60 * 60);

/// What outlives single tasks. Stored beside the journal when a task's events leave it, so it knows which events it holds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Globals {
    /// The last event that went into it.
    pub seq: Seq,
    /// How each worker stands. A worker that is not named is well.
    pub health: BTreeMap<WorkerName, Health>,
    /// What the workers did. The store keeps each part in a row of its own, so it is no part of this one.
    #[serde(skip)]
    pub tallies: Tallies,
    /// What the calls begun on a day (UTC, `2026-11-20`) have cost in USD, as far as is known; only the last days.
    #[serde(default)]
    pub spent: BTreeMap<String, f64>,
    /// When the tasks of each standing order were handed in, the oldest first: those of the last hour, at most
    /// [`ORDER_RUNS_MAX`].
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub order_runs: BTreeMap<u32, VecDeque<Timestamp>>,
}

/// How a worker stands.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Health {
    /// Transient failures since its last success.
    pub failures_in_a_row: u32,
    /// Rests since its last success; each is twice as long.
    pub rests_in_a_row: u32,
    /// Whether it may be asked.
    pub rest: Resting,
}

/// Whether a worker may be asked.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "rest", rename_all = "snake_case")]
pub enum Resting {
    /// It may.
    #[default]
    Awake,
    /// Not before a moment; the first call after it decides.
    Until {
        /// The moment.
        at: Timestamp,
    },
    /// Not until a person mends it.
    Blocked {
        /// What to mend.
        why: String,
    },
}

/// What is looked up often. Everything here follows from the tasks.
#[derive(Clone, Debug, Default)]
pub(in crate::board) struct Index {
    /// Planned attempts by worker; no queue is empty.
    pub(in crate::board) waiting: BTreeMap<WorkerName, Queue>,
    /// Running calls by worker.
    pub(in crate::board) running: BTreeMap<WorkerName, u32>,
    /// Running calls in all.
    pub(in crate::board) running_total: u32,
    /// Running calls for which money is set aside.
    pub(in crate::board) reserved: BTreeSet<AttemptKey>,
    /// Deadlines of running calls, earliest first.
    pub(in crate::board) deadlines: BTreeSet<(Timestamp, AttemptKey)>,
    /// The moment at which the consequences were last drawn.
    pub(in crate::board) settled: Timestamp,
    /// Deadlines of whole tasks, earliest first.
    pub(in crate::board) task_alarms: BTreeSet<(Timestamp, TaskId)>,
    /// Tasks by the hash of what was handed in.
    pub(in crate::board) by_hash: BTreeMap<String, TaskId>,
    /// Who waits for whom: a task and those that depend on it.
    pub(in crate::board) dependents: BTreeMap<TaskId, BTreeSet<TaskId>>,
    /// Tasks that changed since they were last settled.
    pub(in crate::board) touched: BTreeSet<TaskId>,
    /// Tasks that have ended, by the last event they caused.
    pub(in crate::board) ended: BTreeSet<(Seq, TaskId)>,
    /// The same the other way round.
    pub(in crate::board) ended_at: BTreeMap<TaskId, Seq>,
    /// Tasks that have not ended.
    pub(in crate::board) open: usize,
}

/// The planned attempts of one worker. Those that pause stand apart, so that the next to start is found at once however
/// many of them there are.
#[derive(Clone, Debug, Default)]
pub(in crate::board) struct Queue {
    /// Those that may start, in the order in which they do.
    pub(in crate::board) ready: BTreeSet<Turn>,
    /// Those that must not start before a moment, earliest first.
    pub(in crate::board) paused: BTreeSet<(Timestamp, AttemptKey)>,
}

/// A planned attempt's place in its worker's queue: higher priority first, then the older task, then the lower number.
pub(in crate::board) type Turn = (Reverse<Priority>, Timestamp, AttemptKey);

impl State {
    /// A state that goes on from what was stored beside the journal. The memories hold at least what the journal's events
    /// say of them: those change nothing when they are applied again.
    pub fn resume(globals: Globals, memories: Memories) -> Self {
        Self { globals, memories, ..Self::default() }
    }

    /// An open task.
    pub fn task(&self, id: &TaskId) -> Option<&Task> {
        self.tasks.get(id)
    }

    /// How many tasks have not ended.
    pub fn open(&self) -> usize {
        self.index.open
    }

    /// Tasks that have ended and whose last page belongs to an event up to this one.
    pub fn ended_upto(&self, upto: Seq) -> impl Iterator<Item = &Task> {
        let ended = self.index.ended.iter().take_while(move |(seq, _)| *seq <= upto);
        ended.filter_map(|(_, task)| self.tasks.get(task))
    }

    /// Whether open tasks wait for a task of this name that nobody has handed in yet.
    pub fn is_awaited(&self, id: &TaskId) -> bool {
        self.index.dependents.contains_key(id) && !self.tasks.contains_key(id)
    }

    /// How many calls of a worker are running.
    pub fn running_of(&self, worker: &WorkerName) -> u32 {
        self.index.running.get(worker).copied().unwrap_or(0)
    }

    /// How many calls are running.
    pub fn running(&self) -> u32 {
        self.index.running_total
    }
}
