//! The daemon as a process, killed with SIGKILL: after every single append of a task in turn, and at random moments under
//! load. After the restart no task is lost, no finished attempt is made again, every log entry stands once, every output is whole.

use super::harness::Workspace;
use crate::support::model_server::{ModelServer, Reply, Seen};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A worker of the `command` kind: sends what it reads to the model server and prints what comes back.
const ASK: &str = r#"
import json, sys, urllib.request
body = json.dumps({"model": sys.argv[2], "messages": [{"role": "user", "content": sys.stdin.read()}]}).encode()
request = urllib.request.Request(sys.argv[1] + "/chat/completions", body, {"content-type": "application/json"})
print(json.load(urllib.request.urlopen(request))["choices"][0]["message"]["content"])
"#;

/// Random kills; the same seed gives the same pauses.
const KILLS: u32 = 200;
const PATIENCE: Duration = Duration::from_secs(90);

/// A workspace whose workers all end at one counting server, and the daemon as a process beside it.
pub(super) struct Rig {
    pub(super) workspace: Workspace,
    pub(super) server: ModelServer,
}

impl Rig {
    /// Two workers behind command lines and one behind HTTP, all of which end at the same counting server.
    pub(super) fn new() -> Self {
        let server = ModelServer::start();
        server.otherwise(|seen: &Seen| {
            let verdict = r#"{"verdict":"approve","claims":[],"confidence":0.9,"would_change_my_mind":""}"#;
            let text = format!("I read {} bytes.\n```json\n{verdict}\n```\nEND OF ANSWER", seen.prompt.len());
            Reply::Delay(Duration::from_millis(40), Box::new(Reply::Text(text)))
        });
        let python = "python3";
        let url = server.v1();
        let settings = format!(
            r#"
[limits]
rescan_interval = "200ms"
backoff_initial = "20ms"
max_concurrent_calls = 8
[workers.one]
provider = "command"
command = ["{python}", "ask.py", "{url}", "one"]
family = "a"
max_concurrent = 3
[workers.two]
provider = "command"
command = ["{python}", "ask.py", "{url}", "two"]
family = "b"
max_concurrent = 3
[workers.three]
provider = "openai"
base_url = "{url}/"
model = "three"
family = "c"
max_concurrent = 3
"#
        );
        let workspace = Workspace::new(&settings);
        std::fs::write(workspace.root().join("ask.py"), ASK).unwrap();
        Self { workspace, server }
    }

    #[expect(clippy::disallowed_methods, reason = "the test starts the product as a process")]
    pub(super) fn start(&self, more: &[&str]) -> Child {
        let mut command = Command::new(env!("CARGO_BIN_EXE_synod"));
        let home = self.workspace.root().join("home");
        std::fs::create_dir_all(&home).unwrap();
        let path = std::env::var_os("PATH").unwrap();
        let log = std::fs::OpenOptions::new().create(true).append(true).open(self.log()).unwrap();
        command.arg("-C").arg(self.workspace.root()).arg("up").args(more);
        command.env_clear().env("PATH", path).env("HOME", home).env("OPENAI_API_KEY", "test-key");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        command.spawn().unwrap()
    }

    fn log(&self) -> PathBuf {
        self.workspace.root().join("daemon.err")
    }

    pub(super) fn said(&self) -> String {
        std::fs::read_to_string(self.log()).unwrap_or_default()
    }

    pub(super) fn is_up(&self, child: &Child) -> bool {
        let lock = std::fs::read_to_string(self.workspace.root().join(".synod/daemon.lock")).unwrap_or_default();
        lock.trim() == child.id().to_string()
    }

    pub(super) fn done(&self) -> usize {
        self.workspace.names("tasks/done").iter().filter(|name| name.ends_with(".md")).count()
    }

    fn drop_task(&self, name: &str) {
        let text = format!("---\nkind: check\nmode: architectural\n---\nCheck marker-{name}-end of the design.\n");
        self.workspace.drop_file(&format!("{name}.md"), text);
    }

    /// Lets a daemon work until so many tasks are done, then ends it in order.
    pub(super) fn work_until(&self, tasks: usize) {
        let mut child = self.start(&[]);
        let start = Instant::now();
        // The daemon holds the lock after it has begun to listen for signals; before that a polite end would kill it.
        while self.done() < tasks || !self.is_up(&child) {
            assert!(
                start.elapsed() < PATIENCE,
                "{} of {tasks} tasks are done; waiting: {:?}; active: {:?}; failed: {:?}; the daemon says:\n{}",
                self.done(),
                self.workspace.names("tasks"),
                self.workspace.names("tasks/active"),
                self.workspace.names("tasks/failed"),
                self.said()
            );
            assert!(child.try_wait().unwrap().is_none(), "the daemon ended by itself:\n{}", self.said());
            std::thread::sleep(Duration::from_millis(20));
        }
        let pid = rustix::process::Pid::from_child(&child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        assert!(child.wait().unwrap().success(), "{}", self.said());
    }

    /// Everything that must hold once all is done.
    fn check(&self, tasks: &[String]) {
        let log = self.workspace.read("communication/INTERCOMMUNICATION_LOG.md");
        let verified =
            synod::folder::handoff_log::verify(&self.workspace.coordination("communication/INTERCOMMUNICATION_LOG.md"));
        assert!(verified.unwrap().is_ok(), "the chain is broken:\n{log}");
        let lines = self.messages();
        for task in tasks {
            for kind in ["(router)", "(consensus)"] {
                let entry = format!("synod {kind} - {task}\n");
                assert_eq!(log.matches(&entry).count(), 1, "{entry} stands not once");
            }
            let mut answered: BTreeMap<&str, usize> = BTreeMap::new();
            for line in lines.iter().filter(|line| line["task"] == task.as_str() && line["event"] == "attempt_answered")
            {
                *answered.entry(line["worker"].as_str().unwrap()).or_default() += 1;
            }
            assert_eq!(answered.values().sum::<usize>(), 3, "{task}: {answered:?}");
            assert_eq!(answered.len(), 3, "{task}: each worker answers once: {answered:?}");
            self.check_calls(task, &lines);
            self.check_outputs(task);
        }
    }

    /// A command-line call that was made is never made again. An HTTP call is made at most once for each time it was started.
    fn check_calls(&self, task: &str, lines: &[serde_json::Value]) {
        let marker = format!("marker-{task}-end");
        let calls = self.server.seen();
        for worker in ["one", "two", "three"] {
            let made = calls.iter().filter(|call| call.model == worker && call.prompt.contains(&marker)).count();
            let mine = |line: &&serde_json::Value| line["task"] == task && line["worker"] == worker;
            let of = |event: &str| lines.iter().filter(mine).filter(|line| line["event"] == event).count();
            let (started, failed) = (of("attempt_started"), of("attempt_failed"));
            assert!(made >= 1, "{task}: {worker} was never called");
            if worker == "three" {
                assert!(made <= started, "{task}: {worker} was called {made} times for {started} starts");
            } else {
                assert!(made <= 1 + failed, "{task}: {worker} was called {made} times and failed {failed} times");
            }
        }
    }

    fn check_outputs(&self, task: &str) {
        let outputs = self.workspace.names(&format!("outputs/{task}"));
        assert_eq!(outputs.len(), 3, "{task}: {outputs:?}");
        for name in outputs {
            let text = self.workspace.read(&format!("outputs/{task}/{name}"));
            assert!(text.contains("END OF ANSWER"), "{task}/{name} is not whole:\n{text}");
        }
        assert_eq!(self.workspace.decision(task)["model_count"], 3);
    }

    /// The message log, each line once.
    pub(super) fn messages(&self) -> Vec<serde_json::Value> {
        let text = self.workspace.read("communication/model_messages.log");
        let lines: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let numbers: BTreeSet<u64> = lines.iter().map(|line| line["seq"].as_u64().unwrap()).collect();
        assert_eq!(numbers.len(), lines.len(), "a line stands twice");
        lines
    }
}

#[test]
fn killed_after_every_single_append_of_a_task() {
    let mut survived = 0;
    for append in 1..100 {
        let rig = Rig::new();
        let mut child = rig.start(&["--crash-after-append", &append.to_string()]);
        rig.drop_task("job");
        let start = Instant::now();
        let killed = loop {
            if child.try_wait().unwrap().is_some() {
                break true;
            }
            if rig.done() == 1 && start.elapsed() > Duration::from_secs(1) {
                break false;
            }
            assert!(start.elapsed() < PATIENCE, "append {append}: neither dead nor done:\n{}", rig.said());
            std::thread::sleep(Duration::from_millis(10));
        };
        if !killed {
            child.kill().unwrap();
            child.wait().unwrap();
        }
        rig.work_until(1);
        rig.check(&["job".to_owned()]);
        if !killed {
            survived = append;
            break;
        }
    }
    // Answers that come together are stored together, so on a busy machine it may be four: start, task, answers, end.
    assert!(survived > 4, "a task of three workers takes more appends than {survived}: was the daemon killed at all?");
}

#[test]
fn killed_at_random_moments_under_load() {
    let rig = Rig::new();
    let mut chance = 0x2545_f491_4f6c_dd1d_u64;
    let mut tasks = Vec::new();
    for kill in 0..KILLS {
        chance ^= chance << 13;
        chance ^= chance >> 7;
        chance ^= chance << 17;
        if kill % 8 == 0 {
            let name = format!("task-{kill}");
            rig.drop_task(&name);
            tasks.push(name);
        }
        let mut child = rig.start(&[]);
        std::thread::sleep(Duration::from_millis(chance % 350));
        child.kill().unwrap();
        child.wait().unwrap();
    }
    rig.work_until(tasks.len());
    rig.check(&tasks);
}
