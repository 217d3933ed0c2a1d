//! MCP workers against real servers: one of our own as a child process and over HTTP, in both eras of the protocol; programs
//! that are no servers; and Claude Code's own server where `tests/run.sh` installed it.

#[path = "mcp/bench.rs"]
#[expect(
    clippy::expect_used,
    clippy::disallowed_methods,
    reason = "a test fails by panicking, and it is several processes"
)]
mod bench;
#[path = "mcp/claude.rs"]
mod claude;
#[path = "mcp/gate.rs"]
#[expect(clippy::expect_used, clippy::disallowed_methods, reason = "a test fails by panicking, and runs a server")]
mod gate;
#[path = "mcp/logins.rs"]
#[expect(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
mod logins;
#[path = "mcp/over_http.rs"]
#[expect(clippy::expect_used, clippy::disallowed_methods, reason = "a test fails by panicking, and runs a server")]
mod over_http;
#[path = "mcp/over_pipes.rs"]
#[expect(
    clippy::expect_used,
    clippy::disallowed_methods,
    reason = "a test fails by panicking, and it is several processes"
)]
mod over_pipes;
#[path = "mcp/server.rs"]
#[expect(
    clippy::expect_used,
    clippy::disallowed_methods,
    reason = "a test fails by panicking, and a server may fail too"
)]
mod server;
