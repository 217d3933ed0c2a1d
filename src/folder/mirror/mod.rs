//! The memory folder and the bus held together, the folder's side of it: names ↔ files, what people and programs change
//! below the root, and writing a memory without ever losing what somebody else wrote meanwhile. Which revision a text
//! becomes is not known here; what was last known to be in a file is remembered by its hash and its stamp.
//!
//! One thread owns the [`Mirror`]: it waits in [`Mirror::next`], writes and removes. Everybody else looks through a
//! [`Glance`], which costs one `stat` while nothing has changed.

mod change;
mod doubts;
mod error;
mod exchange;
mod glance;
mod known;
mod limits;
mod linger;
mod names;
mod pages;
mod patterns;
mod place;
mod roots;
mod run;
mod sight;
mod stamp;
mod take;
#[cfg(test)]
mod tests;
mod through;
mod unflushed;
mod walk;
mod watch;
mod write;

pub use change::{Change, Found, Look, Skipped, Wrote};
pub use error::MirrorError;
pub use glance::Glance;
pub use limits::Limits;
pub use pages::Listed;
pub use patterns::Patterns;
pub use roots::Roots;
pub use run::{Mirror, Waker};
pub use stamp::Stamp;
