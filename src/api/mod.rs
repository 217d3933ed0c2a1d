//! The small language that all faces speak: requests, replies, notices, and a handle that carries them.
//! It knows what can be asked, not how it is answered (that is the daemon) nor how it looks (that is a face).

mod error;
mod fault;
mod handle;
mod memory;
mod notice;
mod records;
mod reply;
mod report;
mod request;
#[cfg(test)]
mod tests;
mod view;

pub use error::{Error, ErrorKind};
pub use fault::MemoryFault;
pub use handle::{Answering, Board, Handle};
pub use memory::{LeaseView, MemoryHit, MemoryRow, RevisionRow, Work};
pub use notice::Notice;
pub use records::{PanelRecord, WorkerRecord};
pub use reply::{Reply, Status, WorkerRow};
pub use report::{Report, ReportBy, ReportEndings, ReportRow};
pub use request::{EditMode, NewTask, Overrides, Request};
pub use view::{AttemptView, StepView, TASK_STATES, TaskRow, TaskView};

/// The board's words that requests and replies are made of, so that a face needs to know nothing below this room.
pub use crate::board::consensus::VotingRule;
pub use crate::board::{
    Decision, Ending, Kind, MemoryChange, MemoryName, Mode, Priority, Role, Route, RoutedStep, Seq, Severity, Stance,
    StepId, TaskId, Timestamp, WorkerName,
    decision::{FailedWorker, Issue, IssueStatus, Recommendation, Vote},
};
