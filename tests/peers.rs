//! The real model command lines and LiteLLM's proxy against the scripted model server, without the product: proof
//! that the peers are installed as they should be and that the server is good enough for them.
//!
//! Each test is skipped, with a loud line, where its peer is not installed; `tests/run.sh` installs them.

#[path = "support/mod.rs"]
mod support;

#[path = "peers/clis.rs"]
#[expect(clippy::expect_used, reason = "a test fails by panicking")]
mod clis;
#[path = "peers/proxy.rs"]
#[expect(clippy::expect_used, reason = "a test fails by panicking")]
mod proxy;

#[path = "peers/manifests.rs"]
mod manifests;
