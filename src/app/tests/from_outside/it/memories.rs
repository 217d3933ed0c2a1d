//! The memory bus from the command line, with the daemon and without: every command once, and what a script relies on.

use super::cli::{APPROVES, Up, err, json, out, run, synod};
use super::harness::Workspace;
use std::io::Write;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

/// Writes a memory from stdin.
fn write(root: &Path, args: &[&str], text: &str) -> std::process::Output {
    let mut command = synod(root, &[&["memory", "write"], args].concat());
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

/// What a memory's file holds. The files of writes that come close together are written together, a moment later.
fn in_file(path: &Path) -> String {
    let began = Instant::now();
    while !path.is_file() && began.elapsed() < Duration::from_secs(20) {
        std::thread::sleep(Duration::from_millis(10));
    }
    std::fs::read_to_string(path).unwrap()
}

/// The life of a memory.
fn lived_through(root: &Path) {
    let text = "# Auth\r\n\nThe refresh token lives for an hour: «é».\n\n";
    assert_eq!(write(root, &["design/auth"], text).status.code(), Some(0));
    assert_eq!(out(&run(root, &["memory", "read", "mem:design/auth.md"])), text, "byte for byte");
    assert_eq!(in_file(&root.join("memories/design/auth.md")), text);

    let refused = run(root, &["memory", "write", "design/auth", "x", "--if-revision", "0"]);
    assert_eq!(refused.status.code(), Some(1), "{refused:?}");
    let edited =
        run(root, &["memory", "edit", "design/auth", "--needle", "an hour", "--replacement", "a day", "--json"]);
    assert_eq!((json(&edited)["revision"].as_u64(), json(&edited)["replaced"].as_u64()), (Some(2), Some(1)));

    let found = run(root, &["memory", "search", "refresh tok*", "--json"]);
    assert_eq!(json(&found)["hits"][0]["name"], "design/auth", "{found:?}");
    assert!(out(&run(root, &["memory", "search", "token -hour"])).contains("    # Auth The refresh «token»"));

    write(root, &["notes"], "see mem:design/auth\n");
    let renamed = run(root, &["memory", "rename", "design/auth", "design/login"]);
    assert!(out(&renamed).contains("rewrote the references in notes"), "{renamed:?}");
    let missing = run(root, &["memory", "read", "login"]);
    assert!(missing.status.code() == Some(1) && err(&missing).contains("did you mean design/login?"), "{missing:?}");

    assert!(out(&run(root, &["memory", "list", "design"])).contains("design/login"));
    assert_eq!(run(root, &["memory", "lease", "design/login", "--by", "ann"]).status.code(), Some(0));
    assert_eq!(run(root, &["memory", "lease", "design/login", "--by", "bob"]).status.code(), Some(1));
    assert_eq!(run(root, &["memory", "delete", "design/login"]).status.code(), Some(0));
    let history = run(root, &["memory", "history", "design/login", "--json"]);
    let deleted = json(&history)["revisions"][0].clone();
    assert_eq!(deleted["change"]["did"], "deleted", "{history:?}");
    let before = (deleted["revision"].as_u64().unwrap() - 1).to_string();
    assert_eq!(run(root, &["memory", "restore", "design/login", &before]).status.code(), Some(0));
    assert!(out(&run(root, &["memory", "read", "design/login"])).contains("a day"));
}

#[test]
fn a_memory_lives_through_every_command_without_a_daemon() {
    let workspace = Workspace::new(APPROVES);
    lived_through(workspace.root());
}

#[test]
fn a_memory_lives_through_every_command_with_a_daemon() {
    let workspace = Workspace::new(APPROVES);
    let _up = Up::start(workspace.root());
    lived_through(workspace.root());
}
