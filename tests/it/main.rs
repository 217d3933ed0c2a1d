//! The product as a whole: engines in this process with scripted workers, and the binary itself where processes matter.

#[path = "../support/mod.rs"]
mod support;

mod cli;
mod crash;
mod dropped;
mod flow;
mod full_board;
mod harness;
