//! What arrives on the loop's one channel. One channel, because two give no order.

use super::trouble::Where;
use crate::api::{Notice, Report, ReportBy, Status, TaskRow, WorkerRow};
use crate::board::consensus::WhatIf;
use crate::board::memory::{Lease, MemoryAct, MemoryName};
use crate::board::replay::{NoReplay, Replayed};
use crate::board::{Day, Input, Needs, Refusal, Route, Seq, Source, Task, TaskId, TaskSpec};
use crate::store::Revision;
use tokio::sync::oneshot;

/// Something for the loop.
#[derive(Debug)]
pub(super) enum Incoming {
    /// Decide on this. The sender is told once it is stored, or why it was refused.
    Input(Box<Input>, Option<oneshot::Sender<Result<(), Refusal>>>),
    /// Decide on this act. The sender is told how the memory stands once it is stored, or why it was refused.
    Memory {
        /// The act.
        act: Box<MemoryAct>,
        /// Who.
        by: String,
        /// Who waits for what came of it.
        reply: oneshot::Sender<Result<Acted, Refusal>>,
    },
    /// Files hold what the bus holds, durably.
    Mirrored {
        /// Which revision each file holds; `None`: there is no file.
        marks: Vec<(MemoryName, Option<u64>)>,
        /// Up to which taking the names that changed have been seen to.
        taking: u64,
    },
    /// Decide on this offer, after finding it a free name.
    Offer(Box<RawOffer>, oneshot::Sender<Result<TaskId, Refusal>>),
    /// Look something up.
    Query(Query),
    /// Everything up to this event stands in files.
    Published(Seq),
    /// Something outside is in trouble (disk full, folder gone), or no longer.
    Trouble {
        /// Where.
        at: Where,
        /// What; `None`: it is mended.
        what: Option<String>,
    },
    /// End.
    Stop {
        /// At once.
        hard: bool,
    },
    /// A call's job is over, whatever came of it.
    CallOver,
}

/// How a memory stands after an act on it.
#[derive(Clone, Debug)]
pub(super) struct Acted {
    /// The memory; after a rename under its new name.
    pub(super) name: MemoryName,
    /// Its newest revision.
    pub(super) revision: u64,
    /// The hash of what stands; `None`: nothing does.
    pub(super) hash: Option<String>,
    /// Whether something stood before.
    pub(super) stood: bool,
    /// The lease, whether or not its time is over.
    pub(super) lease: Option<Lease>,
    /// Who acted.
    pub(super) by: String,
    /// The text that was found in the folder is an earlier one: the file lags behind, and nothing was done.
    pub(super) lags_at: Option<u64>,
}

/// A task handed in, before it has a name.
#[derive(Debug)]
pub(super) struct RawOffer {
    /// The name it would like.
    pub(super) wanted: TaskId,
    /// What is asked.
    pub(super) spec: TaskSpec,
    /// Its text, whole.
    pub(super) words: String,
    /// Where it came from.
    pub(super) source: Source,
    /// What it brings along.
    pub(super) needs: Needs,
}

/// A question that changes nothing.
#[derive(Debug)]
pub(super) enum Query {
    /// A task as it stands; `None` when nobody knows it.
    Task(TaskId, oneshot::Sender<Result<Option<Box<Task>>, String>>),
    /// The same, answered when nothing more happens unless a person acts.
    Rested(TaskId, oneshot::Sender<Result<Option<Box<Task>>, String>>),
    /// A page of tasks, newest first.
    Rows {
        /// Only those in this state.
        state: Option<String>,
        /// At most so many.
        limit: usize,
        /// Where the last page ended.
        before: Option<u64>,
        /// Who asks.
        reply: oneshot::Sender<Result<Rows, String>>,
    },
    /// What a text would be taken for.
    Route(Box<RawOffer>, oneshot::Sender<Result<Box<Route>, Refusal>>),
    /// The workers.
    Workers(oneshot::Sender<Vec<WorkerRow>>),
    /// A task's decision made again; `None`: there is no such task.
    Replay(TaskId, WhatIf, oneshot::Sender<Result<Option<Replay>, String>>),
    /// What happened after a point; answered when there is something.
    Notices(NoticeQuery),
    /// The report over the records, from one side or all, since a day.
    Report(Option<ReportBy>, Option<Day>, oneshot::Sender<Box<Report>>),
    /// Revisions of a memory, newest first: those before one, at most so many.
    MemoryHistory(MemoryName, Option<u64>, usize, oneshot::Sender<Result<Vec<Revision>, String>>),
    /// One revision of a memory.
    MemoryRevision(MemoryName, u64, oneshot::Sender<Result<Option<Revision>, String>>),
    /// How the daemon is.
    Status(oneshot::Sender<Status>),
}

/// A decision made again, or why not.
pub(super) type Replay = Result<Box<Replayed>, NoReplay>;

/// A page of tasks, and where it ends.
pub(super) type Rows = (Vec<TaskRow>, Option<u64>);

/// Who waits for notices, and for which.
#[derive(Debug)]
pub(super) struct NoticeQuery {
    /// The last event already known.
    pub(super) after: Seq,
    /// Only those of this task.
    pub(super) task: Option<TaskId>,
    /// Whether to wait until there is something to tell.
    pub(super) waits: bool,
    /// Who asks.
    pub(super) reply: oneshot::Sender<(Vec<Notice>, Seq)>,
}
