//! The daemon at work in a temporary folder, with a real store and real pages and with workers that a test plays by hand.
//! What the loop is built of is tested here; whole ways of a task through the product are tested in `src/app/tests/from_outside`.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::await_holding_invalid_type,
    reason = "a test that cannot go on should end where it stands, and one waiter at a time takes the next call"
)]

mod budgets;
mod caching;
mod calling;
mod conversations;
mod desk;
mod ending;
mod engine;
mod intake;
mod jobs;
mod listing;
mod memories;
mod mirrored;
mod notices;
mod orders;
mod prompting;
mod requests;
mod rig;
mod starting;
mod workers;
