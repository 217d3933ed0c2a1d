//! Replies as text for people: short, aligned, the important first. Pure functions; JSON never passes through here.

mod decision;
mod doctor;
mod memory;
mod number;
mod people;
pub(super) mod report;
mod task;

pub(super) use doctor::findings;
pub(super) use memory::{memories, memory_hits, revisions};
pub(super) use number::{money, seconds};
pub(super) use people::{route, workers};
pub(super) use task::{conclusion, task, tasks};
#[cfg(test)]
mod tests;
