//! The daemon's process begins again with an allocator that gives memory back, and leaves alone what its user has said of that.

#![cfg(all(target_os = "linux", target_env = "gnu"))]

use super::harness::{Workspace, until};
use std::process::{Command, Stdio};

/// Starts a daemon with these variables of the allocator; those that its process has in the end, and its command line.
#[expect(clippy::disallowed_methods, reason = "the test starts the daemon and ends it")]
async fn told(variables: &[(&str, &str)]) -> (Vec<String>, String) {
    let workspace = Workspace::with_workers(&["one"], "[http]\nlisten = \"off\"\n");
    let mut command = Command::new(env!("CARGO_BIN_EXE_synod"));
    for name in
        ["MALLOC_ARENA_MAX", "MALLOC_TRIM_THRESHOLD_", "MALLOC_TOP_PAD_", "MALLOC_MMAP_THRESHOLD_", "GLIBC_TUNABLES"]
    {
        command.env_remove(name);
    }
    command.arg("-C").arg(workspace.root()).arg("up").envs(variables.iter().copied());
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let socket = workspace.root().join(".synod/synod.sock");
    until("the daemon listens", || socket.exists()).await;
    let of = |what: &str| std::fs::read_to_string(format!("/proc/{}/{what}", child.id())).unwrap();
    let mut found: Vec<String> =
        of("environ").split('\0').filter(|entry| entry.starts_with("MALLOC_")).map(str::to_owned).collect();
    found.sort();
    let line = of("cmdline").replace('\0', " ");
    child.kill().unwrap();
    child.wait().unwrap();
    (found, line)
}

#[tokio::test]
async fn a_daemon_keeps_its_memory_small_unless_its_user_has_said_how_to() {
    let (found, line) = told(&[]).await;
    assert_eq!(found, ["MALLOC_ARENA_MAX=2", "MALLOC_TOP_PAD_=16384", "MALLOC_TRIM_THRESHOLD_=65536"]);
    assert!(line.starts_with(env!("CARGO_BIN_EXE_synod")) && line.trim_end().ends_with("up"), "{line}");
    let (found, _) = told(&[("MALLOC_ARENA_MAX", "4")]).await;
    assert_eq!(found, ["MALLOC_ARENA_MAX=4"]);
}
