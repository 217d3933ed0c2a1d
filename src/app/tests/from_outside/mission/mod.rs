//! The mission tables, row by row: each row of what the product was asked for is a test of its own that drops a file and
//! looks at what comes of it. The models are scripted, the wire to them and all of the engine is real.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on should end where it stands")]

mod hybrid;
mod imports;
mod mega_run;
mod pipelines;
mod plan_and_execute;
mod process;
mod programs;
mod rig;
mod roles;
mod runner;
mod team;
mod wanted;
mod ways;
