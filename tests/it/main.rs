//! The product as a whole: engines in this process with scripted workers, and the binary itself where processes matter.

#[path = "../support/mod.rs"]
#[expect(dead_code, unreachable_pub, reason = "each test binary uses its own part of the support")]
mod support;

mod cli;
mod dropped;
mod flow;
mod full_board;
mod harness;
