//! The real model command lines and LiteLLM's proxy against the scripted model server, without the product: proof
//! that the peers are installed as they should be and that the server is good enough for them.
//!
//! Each test is skipped, with a loud line, where its peer is not installed; `tests/run.sh` installs them.

#[expect(clippy::expect_used, reason = "a test fails by panicking")]
mod answers;
mod conduct;
#[expect(clippy::expect_used, reason = "a test fails by panicking")]
mod library;
mod lines;
mod manifests;
#[expect(
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::unreachable,
    reason = "a test fails by panicking, and peers are processes"
)]
mod mcp;
#[expect(clippy::expect_used, reason = "a test fails by panicking")]
mod proxy;
