//! Tests of cassettes, of recording them, and of the roster that reaches any worker by its name.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should end where it stands")]

mod cassettes;
mod rosters;
