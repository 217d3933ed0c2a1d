//! A real daemon for peers: `synod up` in a workspace of its own, with workers that answer at once, and the proof that
//! nothing of it is left when it ends.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::process::Grouped;

/// How long the daemon may take to end, and everything that a test waits for.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);

/// How many answers the worker with recorded answers has.
const RECORDED: usize = 64;

/// Two that approve, one from a command and one from recorded answers, and one that never answers.
const SETTINGS: &str = r#"
[http]
listen = "127.0.0.1:0"

[limits]
max_concurrent_calls = 32

[workers.first]
provider = "command"
command = ["cat", "../verdict"]
max_concurrent = 8

[workers.second]
provider = "replay"
cassette = "answers.jsonl"
max_concurrent = 8

[workers.sleeper]
provider = "command"
command = ["sleep", "600"]
max_concurrent = 8
"#;

const VERDICT: &str = "It holds.\n\n```json\n{\"verdict\": \"approve\", \"claims\": [], \"confidence\": 0.9, \
                       \"would_change_my_mind\": \"\"}\n```\n";

/// A running daemon and its workspace.
pub(super) struct Board {
    // Before the folder: fields are dropped in this order, and a daemon that lives would make the folder again.
    up: Grouped,
    folder: TempDir,
    address: String,
}

impl Board {
    /// Starts one, and waits until it takes work.
    pub(super) fn start(arguments: &[&str]) -> Self {
        let folder = TempDir::with_prefix("synod-mcp-peer-").expect("a scratch folder");
        let root = folder.path().join("work");
        for made in [&root, &folder.path().join("home")] {
            std::fs::create_dir(made).expect("a folder in the scratch folder");
        }
        let verdict = folder.path().join("verdict");
        let settings = SETTINGS.replace("../verdict", &verdict.display().to_string());
        let lines = std::iter::repeat_n(json!({ "worker": "second", "reply": { "text": VERDICT } }), RECORDED);
        let cassette: String = lines.map(|line| format!("{line}\n")).collect();
        for (path, text) in [
            (verdict, VERDICT.to_owned()),
            (root.join("synod.toml"), settings),
            (root.join("answers.jsonl"), format!("{{\"synod_cassette\":1}}\n{cassette}")),
        ] {
            std::fs::write(path, text).expect("write a file of the workspace");
        }
        let mut command = synod(&folder.path().join("home"), &root);
        command
            .args(["--json", "up"])
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut up = Grouped::spawn(&mut command).expect("the daemon starts");
        let mut ready = String::new();
        BufReader::new(up.0.stdout.as_mut().expect("stdout was asked for")).read_line(&mut ready).expect("a line");
        let status: Value = serde_json::from_str(&ready).expect("the daemon says how it stands");
        let address = status["listen"].as_str().expect("it listens").to_owned();
        Self { up, folder, address }
    }

    /// Where it listens, `127.0.0.1:PORT`.
    pub(super) fn address(&self) -> &str {
        &self.address
    }

    /// The endpoint over HTTP.
    pub(super) fn url(&self) -> String {
        format!("http://{}/mcp", self.address)
    }

    /// What a request over HTTP must show.
    pub(super) fn token(&self) -> String {
        std::fs::read_to_string(self.root().join(".synod/token")).expect("the token").trim().to_owned()
    }

    /// The workspace.
    pub(super) fn root(&self) -> PathBuf {
        self.folder.path().join("work")
    }

    /// A home for the peers, with nothing of whoever runs the tests.
    pub(super) fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    /// The command by which a client starts its bridge.
    pub(super) fn bridge(&self) -> Vec<String> {
        let root = self.root().display().to_string();
        vec![PROGRAM.to_owned(), "mcp".to_owned(), "-C".to_owned(), root]
    }

    /// What `synod --json ARGUMENTS` prints in this workspace.
    pub(super) fn ask(&self, arguments: &[&str]) -> Value {
        let mut command = synod(&self.home(), &self.root());
        let output = command.arg("--json").args(arguments).stdin(Stdio::null()).output().expect("synod runs");
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{arguments:?}: {error}: {output:?}"))
    }

    /// Ends the daemon as a person would, and checks that no process has to do with the scratch folder any more.
    pub(super) fn end(mut self) {
        let pid = rustix::process::Pid::from_child(&self.up.0);
        rustix::process::kill_process(pid, rustix::process::Signal::INT).expect("the daemon can be told to end");
        let end = Instant::now() + PATIENCE;
        while self.up.0.try_wait().expect("the daemon can be waited for").is_none() {
            assert!(Instant::now() < end, "the daemon does not end");
            std::thread::sleep(Duration::from_millis(20));
        }
        all_gone(self.folder.path());
    }
}

/// Waits until no process has to do with the folder; some programs leave one behind for a moment.
pub(super) fn all_gone(folder: &Path) {
    let end = Instant::now() + PATIENCE;
    loop {
        let left = left_behind(folder);
        if left.is_empty() {
            return;
        }
        assert!(Instant::now() < end, "left behind: {left:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// The program under test.
pub(super) const PROGRAM: &str = env!("CARGO_BIN_EXE_synod");

/// `synod` in this workspace, with a home that holds nobody's settings.
pub(super) fn synod(home: &Path, root: &Path) -> Command {
    let mut command = Command::new(PROGRAM);
    let path = std::env::var("PATH").unwrap_or_default();
    command.env_clear().env("PATH", path).env("HOME", home).env("LANG", "C.UTF-8").arg("-C").arg(root);
    command
}

/// The command lines of all processes that name the folder there or in their environment, or work in it.
fn left_behind(folder: &Path) -> Vec<String> {
    let name = folder.display().to_string();
    let mut left = Vec::new();
    for entry in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
        let own = entry.path();
        let read =
            |file: &str| String::from_utf8_lossy(&std::fs::read(own.join(file)).unwrap_or_default()).into_owned();
        let line = read("cmdline").replace('\0', " ");
        let works_there = std::fs::read_link(own.join("cwd")).is_ok_and(|cwd| cwd.starts_with(folder));
        if line.contains(&name) || works_there || read("environ").contains(&name) {
            left.push(format!("{}: {line}", entry.file_name().display()));
        }
    }
    left
}
