//! The daemon: one loop that owns the state, and the named jobs around it. It opens nothing by itself: the store, the
//! folder, the workers come in as values, so that a test can hand in a scripted worker and a temporary folder.

mod caller;
mod calls;
mod clock;
mod desk;
mod ending;
mod engine;
mod held;
mod incoming;
mod intake;
mod jobs;
mod local;
mod lock;
mod masking;
mod measuring;
mod memories;
mod notices;
mod outage;
mod placing;
mod preparing;
mod publishing;
mod queries;
mod records;
mod start;
#[cfg(test)]
mod tests;
mod trouble;

pub use caller::{Caller, Calling, RosterCaller};
pub use calls::{CallPlaces, Takes};
pub use clock::Clock;
pub use desk::{Desk, DeskError, DeskParams};
pub use engine::LoopLimits;
pub use jobs::Jobs;
pub use lock::{Lock, LockError};
pub use memories::{Order, OrderLimits, Woken};
pub use start::{Daemon, Error, MemoryParts, Parts};

use std::collections::BTreeMap;
use std::path::PathBuf;

/// What the daemon says of itself when asked.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// The workspace's root.
    pub workspace: String,
    /// The TCP address that is served beside the socket.
    pub listen: Option<String>,
    /// The coordination folder, in which names may stand that the store does not know.
    pub coordination: PathBuf,
    /// How each worker is reached, by name.
    pub providers: BTreeMap<String, String>,
}
