//! A real project in git and workers that change it, each in its own way: one well, with commits of its own; one that breaks
//! the project's test; one that leaves junk and meddles with git. The user's tree and repository stay as they are, down to the
//! byte, until somebody has a patch put in place; and nothing is left over, whenever the daemon is killed.

use super::crash::Rig;
use crate::support::model_server::ModelServer;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(120);

/// What each worker does; every one reads its prompt whole.
const WORKERS: [(&str, &str); 3] = [
    (
        "good",
        "cat >/dev/null; sed -i 's/return 1/return 2/' src/calc.sh; git add -A; git -c user.name=x -c user.email=x@x commit -qm mine; \
         git branch side; git checkout -q side; sleep 0.1; echo 'I made it return 2.'",
    ),
    ("breaks", "cat >/dev/null; printf 'return oops\\n' > src/calc.sh; sleep 0.15; echo 'It is done, I am sure.'"),
    (
        "vandal",
        "cat >/dev/null; sed -i 's/return 1/return 2/' src/calc.sh; git config core.bare true; \
         printf '#!/bin/sh\\ntouch \"$HOME/hooked\"\\n' > .git/hooks-x; mkdir -p .git/hooks __pycache__; \
         cp .git/hooks-x .git/hooks/pre-commit; chmod +x .git/hooks/pre-commit; git config core.hooksPath .git/hooks; \
         printf junk > __pycache__/junk.pyc; printf '*\\n' > .gitignore; printf notes > notes.txt; rm -rf .git/refs; \
         mkdir -p ro/x; touch ro/x/y; chmod 500 ro/x ro; echo 'Done too.'",
    ),
];

fn rig(more: &str) -> Rig {
    let rig = Rig { workspace: super::harness::Workspace::new(&settings(more)), server: ModelServer::start() };
    let root = rig.workspace.root();
    std::fs::create_dir_all(root.join("home")).unwrap();
    for (name, script) in WORKERS {
        std::fs::write(root.join("home").join(name), script).unwrap();
    }
    shell(
        root,
        "mkdir src; printf 'calc() {\\nreturn 1\\n}\\n' > src/calc.sh; printf '. ./src/calc.sh\\ncalc; [ $? = 2 ]\\n' > check.sh; \
         printf 'home/\\n*.err\\n' > .gitignore; git init -q -b main; git add src check.sh .gitignore; \
         git -c user.name=me -c user.email=me@x commit -qm first; git branch other; git status >/dev/null",
    );
    rig
}

fn settings(more: &str) -> String {
    let limits = "[limits]\nrescan_interval = \"200ms\"\nbackoff_initial = \"20ms\"\nmax_concurrent_calls = 6\n[http]\nlisten = \"off\"\n";
    let worker = |(name, _): &(&str, &str)| {
        format!(
            "[workers.{name}]\nprovider = \"command\"\ncommand = [\"sh\", \"-e\", \"HOME/{name}\"]\nfamily = \"{name}\"\nmax_concurrent = 3\n"
        )
    };
    // The script is outside the tree, so its path is written out below, once the folder is known.
    let workers: String = WORKERS.iter().map(worker).collect();
    format!("{limits}{more}\n{workers}")
}

/// Writes the scripts' paths into the settings.
fn placed(rig: &Rig) {
    let path = rig.workspace.root().join("synod.toml");
    let home = rig.workspace.root().join("home").display().to_string();
    let text = std::fs::read_to_string(&path).unwrap().replace("\"HOME/", &format!("\"{home}/"));
    std::fs::write(path, text).unwrap();
}

#[expect(clippy::disallowed_methods, reason = "the test does what a user does in a shell")]
fn shell(folder: &Path, script: &str) -> String {
    let out = Command::new("sh").args(["-ec", script]).current_dir(folder).output().unwrap();
    assert!(out.status.success(), "{script}: {}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8_lossy(&out.stdout).into_owned()
}

#[expect(clippy::disallowed_methods, reason = "the test starts the product as a process")]
fn synod(rig: &Rig, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_synod"));
    command.arg("-C").arg(rig.workspace.root()).args(args).env_clear();
    command.env("PATH", std::env::var_os("PATH").unwrap()).env("HOME", rig.workspace.root().join("home"));
    command.output().unwrap()
}

fn drop_task(rig: &Rig, name: &str) {
    let text = format!(
        "---\nkind: implementation\nworkspace: worktree\nvalidate: sh check.sh\nmodels: [good, breaks, vandal]\n\
         plan: {{ steps: [ {{ id: make, do: \"Let calc return 2 ({name})\", workers: 3 }} ] }}\n---\nLet calc return 2 ({name}).\n"
    );
    rig.workspace.drop_file(&format!("{name}.md"), text);
}

/// Every byte of the user's repository and files.
fn snapshot(root: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let (mut found, mut open) = (BTreeMap::new(), vec![root.join(".git"), root.join("src")]);
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path)
            } else {
                drop(found.insert(path.clone(), std::fs::read(&path).unwrap()))
            }
        }
    }
    for file in ["check.sh", ".gitignore"] {
        found.insert(root.join(file), std::fs::read(root.join(file)).unwrap());
    }
    found
}

fn messages(rig: &Rig) -> Vec<Value> {
    let log = rig.workspace.read_so_far("communication/model_messages.log");
    log.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

fn until(rig: &Rig, what: &str, mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < PATIENCE, "it never came true that {what}; the daemon says:\n{}", rig.said());
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// What is left of trees.
fn left(rig: &Rig) -> Vec<String> {
    let below =
        |folder: PathBuf| std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.file_name());
    let folder = rig.workspace.root().join(".synod/worktrees");
    let names = below(folder.clone()).chain(below(folder.join(".own"))).map(|name| name.to_string_lossy().into_owned());
    names.filter(|name| name != ".own").collect()
}

fn end(rig: &Rig, mut child: Child) {
    until(rig, "the daemon can be told to end", || rig.is_up(&child));
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    assert!(child.wait().unwrap().success(), "{}", rig.said());
}

#[test]
fn three_ways_of_changing_a_project_give_three_patches_and_the_users_files_wait_for_apply() {
    let rig = rig("");
    placed(&rig);
    let root = rig.workspace.root();
    let before = snapshot(root);
    let child = rig.start(&[]);
    drop_task(&rig, "fix");
    until(&rig, "the task is decided", || rig.workspace.read_so_far("decisions/fix.md").contains("fix"));
    until(&rig, "it has ended", || !rig.workspace.names("tasks/active").iter().any(|name| name == "fix.md"));

    let mut tried: BTreeMap<String, Value> = BTreeMap::new();
    until(&rig, "all three were tried", || {
        let lines = messages(&rig).into_iter().filter(|line| line["event"] == "attempt_validated");
        tried = lines.map(|line| (line["worker"].as_str().unwrap().to_owned(), line["validation"].clone())).collect();
        tried.len() == 3
    });
    let passed = |worker: &str| tried[worker]["passed"].as_bool().unwrap();
    assert_eq!((passed("good"), passed("breaks"), passed("vandal")), (true, false, true), "{tried:?}");
    assert!(tried.values().all(|tried| tried["passes_without_change"] == false), "{tried:?}");

    let names = rig.workspace.names("outputs/fix");
    let patch = |worker: &str| {
        let name = names.iter().find(|name| name.ends_with(&format!("{worker}.patch"))).unwrap();
        rig.workspace.read(&format!("outputs/fix/{name}"))
    };
    let good = patch("good");
    assert!(good.contains("-return 1\n+return 2"), "what was committed is in it: {good}");
    assert_eq!(good.matches("diff --git").count(), 1, "{good}");
    let vandal = patch("vandal");
    assert!(
        vandal.contains("b/notes.txt") && !vandal.contains("junk.pyc"),
        "no rule of its own hides anything: {vandal}"
    );
    let log = rig.workspace.read("communication/INTERCOMMUNICATION_LOG.md");
    assert!(log.contains("src/calc.sh"), "the log names what was changed: {log}");
    assert!(!root.join("home/hooked").exists(), "nothing that it wrote was run");
    assert!(snapshot(root) == before, "the user's repository or files have changed");
    until(&rig, "no tree is left", || left(&rig).is_empty());

    let applied = synod(&rig, &["apply", "fix", "--worker", "good"]);
    assert!(applied.status.success(), "{}", String::from_utf8_lossy(&applied.stderr));
    assert_eq!(shell(root, "git diff --stat -- src; sh check.sh && echo well").lines().last(), Some("well"));
    let again = synod(&rig, &["apply", "fix", "--worker", "good"]);
    assert!(String::from_utf8_lossy(&again.stderr).contains("stands there already"), "{again:?}");
    let other = synod(&rig, &["apply", "fix", "--worker", "breaks"]);
    assert!(!other.status.success(), "it does not fit on the other one: {other:?}");
    let reverted = synod(&rig, &["apply", "fix", "--worker", "good", "--revert"]);
    assert!(reverted.status.success(), "{}", String::from_utf8_lossy(&reverted.stderr));
    let after = snapshot(root);
    assert!(after.iter().all(|(path, bytes)| path.ends_with("index") || before[path] == *bytes), "all is as before");
    let placed = |name: &str| messages(&rig).iter().filter(|line| line["event"] == name).count();
    until(&rig, "both are in the log", || (placed("patch_applied"), placed("patch_reverted")) == (1, 1));
    end(&rig, child);
}

#[test]
fn who_changes_files_when_asked_to_look_changes_only_its_own_and_what_passes_is_put_in_place() {
    let rig = rig("");
    placed(&rig);
    let root = rig.workspace.root();
    let before = snapshot(root);
    let child = rig.start(&[]);
    // Each makes a candidate, and each is asked to check the others' with the same script.
    let head = "kind: implementation\nmode: complex\nworkspace: worktree\nvalidate: sh check.sh\nmodels: [breaks, good, vandal]";
    rig.workspace.drop_file("fix.md", format!("---\n{head}\n---\nLet calc return 2.\n"));
    until(&rig, "it has ended", || rig.workspace.names("tasks/done").contains(&"fix_state.json".to_owned()));
    until(&rig, "no tree is left", || left(&rig).is_empty());
    assert!(rig.workspace.names("outputs/fix").iter().any(|name| name.contains("-check-")), "they were asked to look");
    assert!(snapshot(root) == before, "the user's repository or files have changed");
    let decision = rig.workspace.decision("fix");
    assert!(["good", "vandal"].contains(&decision["answer_by"].as_str().unwrap()), "{decision:#}");
    let applied = synod(&rig, &["apply", "fix"]);
    assert!(applied.status.success(), "{}", String::from_utf8_lossy(&applied.stderr));
    assert_eq!(shell(root, "sh check.sh && echo well").trim(), "well");
    end(&rig, child);
}

#[test]
fn killed_at_any_moment_no_tree_is_left_and_nothing_is_tried_twice() {
    let rig = rig("");
    placed(&rig);
    let root = rig.workspace.root();
    let before = snapshot(root);
    let tasks = ["one", "two", "three", "four"];
    for name in tasks {
        drop_task(&rig, name);
    }
    for kill in 0..24u64 {
        let mut child = rig.start(&[]);
        // From the start of the daemon over its calls to the trials of what they made.
        std::thread::sleep(Duration::from_millis(60 + kill * 37 % 900));
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let child = rig.start(&[]);
    until(&rig, "every task is done", || rig.done() >= tasks.len());
    until(&rig, "no tree is left", || left(&rig).is_empty());
    end(&rig, child);
    assert_eq!(left(&rig), [""; 0]);
    let mut tried: BTreeMap<(String, u64), u32> = BTreeMap::new();
    for line in messages(&rig).iter().filter(|line| line["event"] == "attempt_validated") {
        let key = (line["task"].as_str().unwrap().to_owned(), line["attempt"].as_u64().unwrap());
        *tried.entry(key).or_default() += 1;
    }
    assert_eq!(tried.len(), 3 * tasks.len(), "what each made was tried: {tried:?}");
    assert!(tried.values().all(|times| *times == 1), "{tried:?}");
    assert!(snapshot(root) == before, "the user's repository or files have changed");
}
