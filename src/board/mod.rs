//! The pure core: the vocabulary and every decision. No clock, disk, network, randomness, tokio or sled.
//!
//! Three verbs: `decide` turns an input into events, `apply` makes events the state, `react` says what must be done outside.

pub mod attempt;
pub mod consensus;
pub mod decision;
pub mod effect;
pub mod event;
pub mod id;
pub mod input;
pub mod page;
pub mod plan;
pub mod prompt;
pub mod routing;
pub mod rules;
pub mod spec;
pub mod state;
pub mod task;
pub mod text;
pub mod time;
pub mod verdict;
pub mod verdict_reader;

pub use attempt::{Answer, Ask, Attempt, AttemptState, Failure, FailureClass, Purpose, Usage};
pub use decision::Decision;
pub use effect::Effect;
pub use event::{Ending, Event, Rest, Route};
pub use id::{AttemptKey, Kind, Role, Seq, StepId, TaskId, WorkerName};
pub use input::{Input, Offer, PersonAnswer, Refusal};
pub use page::{LogEntry, OutputPage, Page, Reason};
pub use plan::{Plan, PlanSource, Seat, Shape, Step, StepAim};
pub use rules::Rules;
pub use spec::{Mode, Priority, Source, TaskSpec, WorkspaceAccess};
pub use state::State;
pub use task::{Phase, Task};
pub use text::Text;
pub use time::Timestamp;
pub use verdict::{Claim, Severity, Stance, Verdict};
