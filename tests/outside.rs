//! Every test that sees a room from outside, in one binary: each links the whole product, and linking is what a full
//! test run waits for and fills the disk with.
//!
//! The tests themselves stand beside their rooms; a new one is one `#[path]` line here. Two more binaries stand apart:
//! the library's own tests, and `tests/tidy.rs`, which needs nothing of the product and says at once what is untidy.
//!
//! cargo-nextest gives every test a process of its own; `cargo test` does not, so a test that changes what belongs to
//! the whole process (environment, current folder, limits, signals) does so in a child of its own: see [`test_name`].

#[path = "../src/worker/tests/from_outside/support/mod.rs"]
mod support;

#[path = "../src/folder/tests/from_outside/handoff_log.rs"]
mod handoff_log;
#[path = "../src/worker/tests/from_outside/http.rs"]
mod http_workers;
#[path = "../src/folder/tests/from_outside/intake.rs"]
mod intake;
#[path = "../src/app/tests/from_outside/it/mod.rs"]
mod it;
#[path = "../src/mcp/tests/from_outside/conformance/mod.rs"]
mod mcp_conformance;
#[path = "../src/mcp/tests/from_outside/memory/mod.rs"]
mod mcp_memory;
#[path = "../src/mcp/tests/from_outside/serena.rs"]
mod mcp_serena;
#[path = "../src/worker/tests/from_outside/mcp.rs"]
mod mcp_workers;
#[path = "../src/daemon/tests/from_outside/mirror_torture.rs"]
mod mirror_torture;
#[path = "../src/app/tests/from_outside/mission/mod.rs"]
mod mission;
#[path = "../src/board/tests/from_outside/mission_tables.rs"]
mod mission_tables;
#[path = "peers/mod.rs"]
mod peers;
#[path = "../src/folder/tests/from_outside/publish.rs"]
mod publish;
#[path = "../src/worker/tests/from_outside/real_clis.rs"]
mod real_clis;
#[path = "../src/board/tests/from_outside/routing.rs"]
mod routing;
#[path = "../src/board/tests/from_outside/routing_choice.rs"]
mod routing_choice;
#[path = "../src/board/tests/from_outside/sim/mod.rs"]
mod sim;
#[path = "../src/store/tests/from_outside/crash/mod.rs"]
mod store_crash;
#[path = "../src/store/tests/from_outside/million.rs"]
mod store_million;
#[path = "../src/folder/tests/from_outside/task_files.rs"]
mod task_files;
#[path = "../src/worker/tests/from_outside/process.rs"]
mod worker_process;

/// What the test runner calls a test of the module that says its `module_path!()`: for a test that starts this binary
/// again to run another of its tests as a process of its own.
pub(crate) fn test_name(module: &str, test: &str) -> String {
    let inside = module.split_once("::").map_or("", |(_, inside)| inside);
    format!("{inside}::{test}")
}
