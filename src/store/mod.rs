//! The journal, the histories of finished tasks and the blobs: everything that must outlive the process. The only room that
//! names sled. Nothing here decides anything, writes files for people, or reads a clock.
//!
//! How it lies on the medium, byte by byte, and why: `docs/design/store.md`.

mod answers;
mod blobs;
mod check;
mod draft;
mod engine;
mod error;
mod finished;
mod head;
mod journal;
mod keys;
mod medium;
mod memories;
mod names;
mod opening;
mod record;
mod rows;
mod tallies;
#[cfg(test)]
mod tests;

pub use answers::{AnswerLimits, Answers, KeptAnswer};
pub use blobs::{BLOB_BYTES_MAX, Blobs};
pub use check::{Damage, Report, verify};
pub use error::Error;
pub use finished::{Finished, SUMMARIES_MAX};
pub use journal::{Archive, Batch, Opened, Recovered, Store};
pub use memories::{REVISIONS_MAX, Revision};
