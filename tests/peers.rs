//! The real model command lines and LiteLLM's proxy against the scripted model server, without the product: proof
//! that the peers are installed as they should be and that the server is good enough for them.
//!
//! Each test is skipped, with a loud line, where its peer is not installed; `tests/run.sh` installs them.

#[path = "../src/worker/tests/from_outside/support/mod.rs"]
mod support;

#[path = "peers/answers.rs"]
#[expect(clippy::expect_used, reason = "a test fails by panicking")]
mod answers;
#[path = "peers/conduct.rs"]
mod conduct;
#[path = "peers/library.rs"]
#[expect(clippy::expect_used, reason = "a test fails by panicking")]
mod library;
#[path = "peers/lines.rs"]
mod lines;
#[path = "peers/manifests.rs"]
mod manifests;
#[path = "peers/proxy.rs"]
#[expect(clippy::expect_used, reason = "a test fails by panicking")]
mod proxy;
