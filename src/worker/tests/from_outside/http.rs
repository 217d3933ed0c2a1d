//! HTTP workers against real sockets: a server that misbehaves, the scripted model server on every wire, and LiteLLM's
//! proxy where `tests/run.sh` installed it.

#[path = "http/desk.rs"]
#[expect(clippy::expect_used, reason = "a test fails by panicking")]
mod desk;
#[path = "http/odd.rs"]
#[expect(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
mod odd;
#[path = "http/odd_server.rs"]
#[expect(clippy::expect_used, reason = "a test fails by panicking")]
mod odd_server;
#[path = "http/proxy.rs"]
mod proxy;
#[path = "http/secrets.rs"]
#[expect(clippy::expect_used, clippy::unwrap_used, reason = "a test fails by panicking")]
mod secrets;
#[path = "http/wires.rs"]
#[expect(clippy::expect_used, reason = "a test fails by panicking")]
mod wires;
