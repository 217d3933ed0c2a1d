//! The product as a process of its own, in a workspace with scripted programs on its PATH and a scripted model server: for
//! rows about programs, keys, crashes and faces.

use crate::it::harness::{PATIENCE, Workspace};
use crate::support::model_server::ModelServer;
use serde_json::Value;
use std::cell::RefCell;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// A program that keeps how it was started and what it was told beside itself, and prints what the test laid there.
const PROGRAM: &str = r#"#!/bin/sh
here=$(dirname "$0"); me=$(basename "$0")
echo "$*" >> "$here/$me.args"
cat >> "$here/$me.told"
cat "$here/$me.says"
"#;

pub(super) struct Process {
    pub(super) workspace: Workspace,
    pub(super) server: ModelServer,
    keys: Vec<(&'static str, &'static str)>,
    daemon: RefCell<Option<Child>>,
}

impl Process {
    /// Nothing runs yet. The settings may name the server's address.
    pub(super) fn new(settings: impl FnOnce(&ModelServer) -> String) -> Self {
        let server = ModelServer::start();
        let limits = "[limits]\nbackoff_initial = \"10ms\"\nrescan_interval = \"200ms\"\nmax_concurrent_calls = 16\n";
        let workspace = Workspace::new(&format!("{limits}{}", settings(&server)));
        std::fs::create_dir_all(workspace.root().join("home")).unwrap();
        std::fs::create_dir_all(workspace.root().join("bin")).unwrap();
        Self { workspace, server, keys: Vec::new(), daemon: RefCell::new(None) }
    }

    /// A key in the environment of everything that is started from now on.
    pub(super) fn key(mut self, name: &'static str, value: &'static str) -> Self {
        self.keys.push((name, value));
        self
    }

    /// A program on the PATH that prints this whenever it is started.
    pub(super) fn program(&self, name: &str, says: &str) {
        std::fs::write(self.beside(name, "says"), says).unwrap();
        self.script(name, PROGRAM);
    }

    /// A program on the PATH with a text of its own.
    pub(super) fn script(&self, name: &str, text: &str) {
        let program = self.workspace.root().join("bin").join(name);
        std::fs::write(&program, text).unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// What a program left beside itself: `args` or `told`.
    pub(super) fn left(&self, name: &str, what: &str) -> String {
        std::fs::read_to_string(self.beside(name, what)).unwrap_or_default()
    }

    fn beside(&self, name: &str, what: &str) -> PathBuf {
        self.workspace.root().join(format!("bin/{name}.{what}"))
    }

    #[expect(clippy::disallowed_methods, reason = "the binary itself is what is tested here")]
    pub(super) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_synod"));
        let root = self.workspace.root();
        let path = format!("{}:{}", root.join("bin").display(), std::env::var("PATH").unwrap());
        command.arg("-C").arg(root).args(args).env_clear().env("PATH", path).env("HOME", root.join("home"));
        command.envs(self.keys.iter().copied()).stdin(Stdio::null());
        command
    }

    /// Runs a command to its end.
    pub(super) fn synod(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    /// Runs a command that must go well; what it printed, as JSON.
    pub(super) fn json(&self, args: &[&str]) -> Value {
        let output = self.synod(&[args, &["--json"]].concat());
        assert!(output.status.success(), "{args:?}: {output:?}");
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"))
    }

    /// Starts the daemon and waits until it says that it is ready.
    pub(super) fn up(&self) {
        let log = std::fs::OpenOptions::new().create(true).append(true).open(self.said_path()).unwrap();
        let mut child = self.command(&["up"]).stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        assert!(line.starts_with("ready: "), "{line}{}", self.said());
        self.daemon.replace(Some(child));
    }

    /// Kills the daemon as a crash would.
    pub(super) fn kill(&self) {
        let mut child = self.daemon.take().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// What the daemon said on stderr.
    pub(super) fn said(&self) -> String {
        std::fs::read_to_string(self.said_path()).unwrap_or_default()
    }

    fn said_path(&self) -> PathBuf {
        self.workspace.root().join("home/daemon.log")
    }

    /// Drops a file and waits for its decision.
    pub(super) fn task(&self, front: &str, text: &str) -> Value {
        self.workspace.drop_file("row.md", format!("---\n{front}\n---\n{text}\n"));
        self.decision("row")
    }

    /// The decision of a task, once it is written.
    pub(super) fn decision(&self, task: &str) -> Value {
        let path = format!("decisions/{task}.json");
        self.until(&format!("{task} is decided"), || !self.workspace.read_so_far(&path).is_empty());
        self.workspace.decision(task)
    }

    /// Waits until a condition holds.
    pub(super) fn until(&self, what: &str, mut holds: impl FnMut() -> bool) {
        let start = Instant::now();
        while !holds() {
            let log = || self.workspace.read_so_far("communication/model_messages.log");
            assert!(start.elapsed() < PATIENCE, "it never came true that {what}\n{}\n{}", self.said(), log());
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if let Some(mut child) = self.daemon.take() {
            // Gone already where the test ended it.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
