//! The binary as a person and a script use it: exit codes, what goes to which stream, with a daemon and without.
#![expect(clippy::disallowed_methods, reason = "the binary itself is what is tested here")]

use super::harness::Workspace;
use serde_json::Value;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

/// A worker that reads its prompt and approves.
pub(super) const APPROVES: &str = r#"
[workers.one]
provider = "command"
command = ["sh", "-c", "cat >/dev/null; echo '{\"verdict\":\"approve\",\"claims\":[],\"confidence\":0.9,\"would_change_my_mind\":\"\"}'"]
tier = 1
"#;
/// A worker that never answers.
const HANGS: &str = "[workers.one]\nprovider = \"command\"\ncommand = [\"sleep\", \"600\"]\n";

pub(super) fn synod(root: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_synod"));
    // A home of its own: the settings and logins of whoever runs the tests must not matter.
    command.arg("-C").arg(root).args(args).env("HOME", root).env_remove("XDG_CONFIG_HOME").stdin(Stdio::null());
    command
}

pub(super) fn run(root: &Path, args: &[&str]) -> Output {
    synod(root, args).output().unwrap()
}

pub(super) fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

pub(super) fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

pub(super) fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"))
}

/// A daemon in the background of the test, ended with it.
pub(super) struct Up(Child);

impl Up {
    pub(super) fn start(root: &Path) -> Self {
        let child = synod(root, &["up"]).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut up = Self(child);
        let mut line = String::new();
        BufReader::new(up.0.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        assert!(line.starts_with("ready: "), "{line}");
        up
    }

    fn signal(&self) {
        let pid = rustix::process::Pid::from_child(&self.0);
        rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    }
}

impl Drop for Up {
    fn drop(&mut self) {
        // It is gone already where the test ended it.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_task_runs_without_a_daemon_and_can_be_asked_about_afterwards() {
    let workspace = Workspace::new(APPROVES);
    let ran =
        run(workspace.root(), &["run", "Check the design", "--kind", "code-review", "--mode", "simple", "--json"]);
    let view = json(&ran);
    assert_eq!(view["state"], "done", "{ran:?}");
    assert_eq!(err(&ran), "", "a program wants no talk");
    let id = view["id"].as_str().unwrap();
    let shown = run(workspace.root(), &["show", id, "--json"]);
    assert_eq!(json(&shown)["decision"], view["decision"]);
    assert_eq!(ran.status.code(), run(workspace.root(), &["wait", id]).status.code());
    assert!(out(&run(workspace.root(), &["why", id])).contains(id));
    assert!(out(&run(workspace.root(), &["tasks"])).contains(id));
    assert!(out(&run(workspace.root(), &["log", "verify"])).starts_with("the log is whole"));
    assert_eq!(workspace.names("tasks/done").len(), 2);
}

#[test]
fn a_person_answers_without_a_daemon() {
    let workspace = Workspace::new(APPROVES);
    for (name, answer, state) in
        [("yes", vec!["approve", "yes"], "done"), ("no", vec!["reject", "no", "--why", "not so"], "failed")]
    {
        std::fs::write(workspace.root().join(format!("{name}.md")), format!("Check the {name} design")).unwrap();
        let file = workspace.root().join(format!("{name}.md"));
        let ran = run(workspace.root(), &["run", file.to_str().unwrap(), "--priority", "critical"]);
        assert_eq!(ran.status.code(), Some(3), "{ran:?}");
        assert!(out(&ran).contains(&format!("synod approve {name}")), "{ran:?}");
        assert_eq!(run(workspace.root(), &answer).status.code(), Some(0));
        assert_eq!(json(&run(workspace.root(), &["show", name, "--json"]))["state"], state);
        // Once is enough.
        let again = run(workspace.root(), &answer);
        assert_eq!(again.status.code(), Some(1), "{again:?}");
    }
}

#[test]
fn a_daemon_takes_what_is_dropped_and_run_and_ends_when_told() {
    let workspace = Workspace::new(APPROVES);
    let root = workspace.root();
    let mut up = Up::start(root);
    let second = run(root, &["up"]);
    assert_eq!(second.status.code(), Some(1));
    assert!(err(&second).contains(&up.0.id().to_string()), "{second:?}");
    std::fs::write(root.join("look.md"), "Look at the design").unwrap();
    let dropped = run(root, &["drop", root.join("look.md").to_str().unwrap(), "--json"]);
    assert_eq!(json(&dropped)["daemon"], true);
    let handed = run(root, &["run", "Look at the code", "--no-wait"]);
    let id = out(&handed).trim().to_owned();
    assert_ne!(run(root, &["wait", &id, "--timeout", "60s", "-q"]).status.code(), Some(5));
    let down = run(root, &["down"]);
    assert_eq!((down.status.code(), out(&down)), (Some(0), format!("ended (process {})\n", up.0.id())));
    assert_eq!(up.0.wait().unwrap().code(), Some(0));
    assert_eq!(out(&run(root, &["down"])), "no daemon serves this workspace\n");
}

#[test]
fn time_is_up_and_the_task_goes_on() {
    let workspace = Workspace::new(HANGS);
    let root = workspace.root();
    let up = Up::start(root);
    let ran = run(root, &["run", "Look", "--timeout", "300ms"]);
    assert_eq!(ran.status.code(), Some(5), "{ran:?}");
    assert!(err(&ran).contains("synod wait look"), "{ran:?}");
    assert_eq!(json(&run(root, &["show", "look", "--json"]))["state"], "working");
    assert_eq!(run(root, &["cancel", "look"]).status.code(), Some(0));
    assert_eq!(run(root, &["wait", "look"]).status.code(), Some(1));
    drop(up);
}

#[test]
fn two_interrupts_end_a_daemon_that_has_calls_running() {
    let workspace = Workspace::new(HANGS);
    let root = workspace.root();
    let mut up = Up::start(root);
    run(root, &["run", "Look", "--no-wait"]);
    up.signal();
    up.signal();
    assert_eq!(up.0.wait().unwrap().code(), Some(0));
    assert!(!root.join(".synod/synod.sock").exists());
}

#[test]
fn a_daemon_in_the_background_answers_before_the_command_returns() {
    let workspace = Workspace::new(APPROVES);
    let up = run(workspace.root(), &["up", "--detach", "--json"]);
    assert_eq!(up.status.code(), Some(0), "{up:?}");
    let pid = json(&up)["pid"].as_u64().unwrap();
    let again = run(workspace.root(), &["up", "--detach", "--json"]);
    assert_eq!(json(&again)["pid"].as_u64(), Some(pid));
    assert_eq!(json(&run(workspace.root(), &["down", "--now", "--json"]))["ended"].as_u64(), Some(pid));
}

#[test]
fn mistakes_have_their_exit_codes_and_say_what_to_do() {
    let workspace = Workspace::new(APPROVES);
    let root = workspace.root();
    for (args, code, says) in [
        (vec!["run", "taks.md"], 2, "there is no file"),
        (vec!["run", "x", "--priority", "top"], 2, "critical"),
        (vec!["run", "x", "--models", "nobody"], 2, "nobody"),
        (vec!["run", "x", "--spec", "specs/none.md"], 2, "specs/none.md"),
        (vec!["--set", "limits.retires=1", "tasks"], 2, "limits.retries"),
        (vec!["config", "show", "limit"], 2, "synod config show"),
        (vec!["show", "nope"], 1, "synod tasks"),
        (vec!["log", "-f"], 1, "synod up"),
        (vec!["drop", "/etc/hostname"], 2, ".yaml"),
    ] {
        let ran = run(root, &args);
        assert_eq!(ran.status.code(), Some(code), "{args:?}: {ran:?}");
        assert!(err(&ran).contains(says) && out(&ran).is_empty(), "{args:?}: {ran:?}");
    }
    let nowhere = tempfile::tempdir().unwrap();
    let ran = run(nowhere.path(), &["tasks", "--json"]);
    assert_eq!(ran.status.code(), Some(2));
    let said: Value = serde_json::from_str(&err(&ran)).unwrap();
    assert!(said["error"]["what"].as_str().unwrap().contains("synod init"), "{said}");
}

#[test]
fn a_key_that_a_program_prints_as_it_fails_is_told_nowhere() {
    let key = "sk-proj-abcdefghijklmnopqrstuvwxyz0123456789";
    let prints =
        format!("[workers.one]\nprovider = \"command\"\ncommand = [\"sh\", \"-c\", \"echo no {key} >&2; exit 3\"]\n");
    let workspace = Workspace::new(&prints.replace(key, "sk-proj-'abcdefghijklmnopqrstuvwxyz0123456789'"));
    let root = workspace.root();
    for (args, says) in [
        (vec!["run", "Review it", "--set", "limits.retries=0"], "[masked]"),
        (vec!["show", "review-it"], "[masked]"),
        (vec!["show", "review-it", "--json"], "[masked]"),
        (vec!["doctor"], "by hand"),
    ] {
        let ran = run(root, &args);
        let told = out(&ran) + &err(&ran);
        assert!(!told.contains(&key[8..]) && told.contains(says), "{args:?}: {told}");
    }
}

#[test]
fn what_is_said_to_an_ended_task_is_answered_with_its_end() {
    let workspace = Workspace::new(APPROVES);
    let root = workspace.root();
    assert_eq!(run(root, &["run", "Review it"]).status.code(), Some(0));
    for args in [vec!["approve", "review-it"], vec!["reject", "review-it", "--why", "no"], vec!["cancel", "review-it"]]
    {
        let ran = run(root, &args);
        assert_eq!(ran.status.code(), Some(1), "{ran:?}");
        assert!(err(&ran).contains("review-it has ended already"), "{args:?}: {ran:?}");
    }
}

#[test]
fn a_journal_that_is_behind_the_logs_is_not_passed_over() {
    let workspace = Workspace::new(APPROVES);
    let root = workspace.root();
    let first = run(root, &["run", "Review it"]);
    assert!(!err(&first).contains("does not hold"), "{first:?}");
    std::fs::remove_dir_all(root.join(".synod/store")).unwrap();
    let behind = run(root, &["run", "Review this"]);
    assert!(behind.status.success() && err(&behind).contains("the logs tell of events that the journal does not hold"));
    assert!(!err(&run(root, &["run", "Review that"])).contains("does not hold"), "once");
}

#[test]
fn a_file_in_a_folders_place_is_named() {
    let workspace = Workspace::new(APPROVES);
    let root = workspace.root();
    std::fs::write(root.join(".synod"), "").unwrap();
    let ran = run(root, &["run", "Review it"]);
    assert_eq!(ran.status.code(), Some(1));
    assert!(err(&ran).contains(".synod is not a folder: move it aside"), "{ran:?}");
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let workspace = Workspace::new(APPROVES);
    // More than a pipe holds, so that the program writes into a pipe that nobody reads.
    let mut child =
        synod(workspace.root(), &["completions", "zsh"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert_eq!((child.wait().unwrap().code(), said.as_str()), (Some(0), ""));
}

#[test]
fn the_demo_works_in_an_empty_folder_and_leaves_its_files() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("demo");
    let ran = run(home.path(), &["demo", folder.to_str().unwrap(), "--fast"]);
    assert_eq!(ran.status.code(), Some(0), "{ran:?}");
    assert!(err(&ran).contains("no model is called"), "{ran:?}");
    assert!(folder.join("AI_COORDINATION/decisions/review-login.md").exists());
    assert!(out(&ran).contains("SQL injection"), "{ran:?}");
}
