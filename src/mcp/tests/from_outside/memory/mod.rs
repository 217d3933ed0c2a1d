//! The shared memory as agents meet it: real bridges (`synod mcp`) in front of a real daemon, several at once, and Serena
//! itself beside them.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test that cannot go on should end where it stands, and says what it found"
)]

mod beside_serena;
mod contention;
mod sequences;
pub(crate) mod wire;
