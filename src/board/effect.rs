//! What must be done outside once the events that caused it are stored.

use super::attempt::Ask;
use super::evidence::ValidationOrder;
use super::id::AttemptKey;
use super::memory::MemoryName;
use super::page::Page;

/// Something to do.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Call a worker; the job reports `Answered` or `Failed`.
    Ask(Box<Ask>),
    /// Try what an attempt made; the job reports `Validated`.
    Validate(Box<ValidationOrder>),
    /// Stop a call, or the trying of what it gave; its report is not waited for.
    Stop(AttemptKey),
    /// The memory changed: its file, the search index and standing orders must follow.
    Remember(MemoryName),
    /// Write a page; pages are written in the order in which they come.
    Publish(Page),
}
