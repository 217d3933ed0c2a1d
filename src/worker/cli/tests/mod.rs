//! Tests of the command-line adapters: what each program is given, how what it prints is read, and what a failure is.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on should end where it stands")]

mod orders;
mod plans;
mod readers;
mod troubles;
