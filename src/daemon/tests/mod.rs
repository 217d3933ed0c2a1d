//! The daemon at work in a temporary folder, with a real store and real pages and with workers that a test plays by hand.
//! What the loop is built of is tested here; whole ways of a task through the product are tested in `tests/it`.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on should end where it stands")]

mod calling;
mod ending;
mod engine;
mod jobs;
mod listing;
mod notices;
mod requests;
mod rig;
mod starting;
mod workers;
