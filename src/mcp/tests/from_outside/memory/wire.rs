//! A client without a library: one line of JSON out, one line in, over the standard streams of whatever program it is given.
//! And the daemon that the bridges lead to.

use crate::it::harness::Workspace;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// No port: many daemons run side by side.
pub(crate) const SETTINGS: &str = "[http]\nlisten = \"off\"\n";

/// The binary under test in a workspace, with a home of its own: the settings of whoever runs the tests must not matter.
#[expect(clippy::disallowed_methods, reason = "the binary itself is what is tested here")]
pub(crate) fn synod(root: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_synod"));
    command.arg("-C").arg(root).args(args).env("HOME", root).env_remove("XDG_CONFIG_HOME");
    command
}

/// A running daemon, ended with the value.
pub(crate) struct Daemon(Child);

impl Daemon {
    pub(crate) fn start(workspace: &Workspace) -> Self {
        let log = std::fs::File::create(workspace.root().join("daemon.log")).unwrap();
        let mut command = synod(workspace.root(), &["up"]);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log);
        let mut daemon = Self(command.spawn().unwrap());
        let mut line = String::new();
        BufReader::new(daemon.0.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        assert!(line.starts_with("ready: "), "{line}");
        daemon
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What a tool answered.
#[derive(Clone, Debug, Default)]
pub(crate) struct Answer {
    /// The first block of its content, or the message of a protocol error.
    pub(crate) text: String,
    pub(crate) is_error: bool,
    /// What programs read.
    pub(crate) structured: Value,
}

impl Answer {
    /// The answer of a call that must have gone well.
    pub(crate) fn well(self) -> Self {
        assert!(!self.is_error, "{self:?}");
        self
    }

    /// The revision that stands now.
    pub(crate) fn revision(&self) -> u64 {
        self.structured["revision"].as_u64().unwrap_or_else(|| panic!("no revision in {self:?}"))
    }
}

/// One conversation with a server, which ends with it.
pub(crate) struct Client {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    asked: u64,
}

impl Client {
    /// A client of a workspace's daemon, known to it by this name.
    pub(crate) fn bridge(workspace: &Workspace, name: &str) -> Self {
        let mut command = synod(workspace.root(), &["mcp"]);
        command.stderr(Stdio::null());
        Self::start(command, name)
    }

    /// Starts a server and opens the conversation.
    pub(crate) fn start(mut command: Command, name: &str) -> Self {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (input, output) = (child.stdin.take(), BufReader::new(child.stdout.take().unwrap()));
        let mut client = Self { child, input, output, asked: 0 };
        let opening = json!({
            "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": { "name": name, "version": "1" }
        });
        let opened = client.ask("initialize", opening);
        assert!(opened["result"]["serverInfo"].is_object(), "{opened}");
        client.say(&json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }));
        client
    }

    /// Calls a tool.
    pub(crate) fn call(&mut self, tool: &str, arguments: Value) -> Answer {
        let mut reply = self.ask("tools/call", json!({ "name": tool, "arguments": arguments }));
        if let Some(message) = reply["error"]["message"].as_str() {
            return Answer { text: message.to_owned(), is_error: true, structured: Value::Null };
        }
        let result = &mut reply["result"];
        Answer {
            text: result["content"][0]["text"].as_str().unwrap_or_default().to_owned(),
            is_error: result["isError"].as_bool().unwrap_or(false),
            structured: result["structuredContent"].take(),
        }
    }

    /// Asks, and reads on until the answer comes: servers say other things in between.
    fn ask(&mut self, method: &str, params: Value) -> Value {
        self.asked += 1;
        self.say(&json!({ "jsonrpc": "2.0", "id": self.asked, "method": method, "params": params }));
        loop {
            let mut line = String::new();
            let read = self.output.read_line(&mut line).unwrap();
            assert!(read > 0, "the server went away while it was asked for {method}: {:?}", self.child.try_wait());
            let message: Value = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"));
            if message["id"] == self.asked {
                return message;
            }
        }
    }

    fn say(&mut self, message: &Value) {
        let line = format!("{message}\n");
        self.input.as_mut().unwrap().write_all(line.as_bytes()).unwrap();
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        // A server ends when its client says no more; one that does not must not outlive the test.
        drop(self.input.take());
        let mut rest = Vec::new();
        if std::thread::panicking() || self.output.read_to_end(&mut rest).is_err() {
            let _ = self.child.kill();
        }
        let _ = self.child.wait();
    }
}

/// Waits until a condition holds.
pub(crate) fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let start = std::time::Instant::now();
    while !holds() {
        assert!(start.elapsed() < crate::it::harness::PATIENCE, "it never came true that {what}");
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
}
