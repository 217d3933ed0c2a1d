//! The product as a whole: engines in this process with scripted workers, and the binary itself where processes matter.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on should end where it stands")]

mod batching;
mod cli;
mod connect;
mod crash;
mod doctor;
mod dropped;
mod flow;
mod full_board;
pub(crate) mod harness;
mod hostile;
mod http_names;
mod lean;
mod long_plan;
mod mega;
mod memories;
mod obstacles;
mod parity;
mod people;
mod sessions;
mod standby;
mod stdin;
mod worktrees;
