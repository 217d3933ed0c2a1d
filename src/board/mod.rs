//! The pure core: the vocabulary and every decision. No clock, disk, network, randomness, tokio or sled.
//!
//! Three verbs: [`decide`](fn@decide) turns an input into events, [`apply`](fn@apply) makes events the state,
//! [`react`](fn@react) says what must be done outside. [`take`] does the first two for one input and all that follows from it.

mod apply;
pub mod attempt;
pub mod batching;
mod budget;
mod conclusion;
pub mod consensus;
mod conversations;
mod decide;
pub mod decision;
mod deliberation;
mod early_stop;
pub mod effect;
pub mod event;
pub mod evidence;
mod growing;
pub mod growth;
pub mod id;
pub mod input;
pub mod memory;
pub mod needs;
pub mod outcomes;
pub mod page;
pub mod patch;
pub mod patch_reader;
pub mod people;
pub mod plan;
pub mod plan_reader;
mod planning;
pub mod prompt;
pub mod proposal;
mod react;
mod recovery;
pub mod replay;
mod rests;
pub mod routing;
pub mod rules;
mod schedule;
mod selection;
mod settle;
pub mod spec;
mod spent;
mod standings;
pub mod state;
pub mod tally;
pub mod task;
pub mod text;
pub mod time;
pub mod verdict;
pub mod verdict_reader;

#[cfg(test)]
mod tests;

pub use apply::apply;
pub use attempt::{
    Answer, Ask, Attempt, AttemptState, Failure, FailureClass, Purpose, Resume, Rung, Thread, Turn, Usage,
};
pub use decide::{decide, take};
pub use decision::Decision;
pub use effect::Effect;
pub use event::{Ending, Event, Placed, Progress, Rest, Route, RoutedStep};
pub use evidence::{Validation, ValidationOrder};
pub use growth::{Change, Growth};
pub use id::{AttemptKey, Kind, Role, Seq, StepId, TaskId, WorkerName};
pub use input::{Input, Offer, PersonAnswer, Refusal};
pub use memory::{MemoryAct, MemoryChange, MemoryName, MemoryRefusal};
pub use needs::Needs;
pub use page::{LogEntry, OutputPage, Page, Reason};
pub use patch::Patch;
pub use plan::{Plan, PlanSource, Seat, Shape, Share, Step, StepAim};
pub use planning::route;
pub use proposal::{Advice, Checkpoint, Course, Proposal};
pub use react::{is_owed, is_running, pending, react, untried};
pub use rules::Rules;
pub use spec::{Mode, Priority, Source, TaskSpec, WorkspaceAccess};
pub use spent::Spent;
pub use state::State;
pub use tally::{Day, Tallies, Tally};
pub use task::{Phase, Task};
pub use text::Text;
pub use time::Timestamp;
pub use verdict::{Claim, Severity, Stance, Verdict};
