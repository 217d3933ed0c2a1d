//! The doctor with workers that are small shell programs, one for each way to be ill.
#![expect(clippy::disallowed_methods, reason = "the binary itself is what is tested here")]

use super::harness::Workspace;
use serde_json::Value;
use std::process::{Command, Stdio};

const PATIENTS: &str = r#"
[limits]
doctor_timeout = "2s"
worker_grace = "100ms"
[workers.well]
provider = "command"
command = ["sh", "-c", "cat >/dev/null; echo ready"]
[workers.missing]
provider = "command"
command = ["/nowhere/at/all"]
[workers.failing]
provider = "command"
command = ["sh", "-c", "cat >/dev/null; echo 'something broke' >&2; exit 3"]
[workers.unpaid]
provider = "command"
command = ["sh", "-c", "cat >/dev/null; echo '401 Unauthorized: invalid API key' >&2; exit 1"]
[workers.limited]
provider = "command"
command = ["sh", "-c", "cat >/dev/null; echo '429 Too Many Requests: rate limit exceeded' >&2; exit 1"]
[workers.hanging]
provider = "command"
command = ["sh", "-c", "cat >/dev/null; sleep 600"]
"#;

#[test]
fn each_illness_is_named_and_what_to_do_about_it() {
    let workspace = Workspace::new(PATIENTS);
    let mut command = Command::new(env!("CARGO_BIN_EXE_synod"));
    let root = workspace.root();
    command.arg("-C").arg(root).args(["--json", "doctor"]).env("HOME", root).env_remove("XDG_CONFIG_HOME");
    let output = command.stdin(Stdio::null()).output().unwrap();
    assert!(!output.status.success(), "somebody is ill: {output:?}");
    let findings: Value = serde_json::from_slice(&output.stdout).unwrap();
    let all = findings.as_array().or_else(|| findings["findings"].as_array()).unwrap();
    let of = |name: &str| all.iter().find(|finding| finding["name"] == name).unwrap_or_else(|| panic!("no {name}"));
    assert_eq!(of("well")["standing"], "ok", "{}", of("well"));
    // All of them are programs of the user's own: whatever the illness, they are tried by hand.
    let ill = [
        ("missing", "nowhere"),
        ("failing", "something broke"),
        ("unpaid", "401"),
        ("limited", "429"),
        ("hanging", "time"),
    ];
    for (name, what) in ill {
        let finding = of(name);
        assert_eq!(finding["standing"], "failed", "{finding}");
        for (key, wanted) in [("what", what), ("mend", "by hand")] {
            assert!(finding[key].as_str().unwrap().contains(wanted), "{name}: {wanted} is not in {finding}");
        }
    }
    let spool = root.join(".synod/spool");
    let left = std::fs::read_dir(spool).map_or(0, Iterator::count);
    assert_eq!(left, 0, "a try leaves nothing behind");
}

#[test]
fn a_journal_that_is_behind_its_logs_is_noticed() {
    let workspace = Workspace::new("[workers.well]\nprovider = \"command\"\ncommand = [\"echo\", \"ready\"]\n");
    let root = workspace.root();
    let synod = |args: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_synod"));
        command.arg("-C").arg(root).arg("--json").args(args).env("HOME", root).env_remove("XDG_CONFIG_HOME");
        command.stdin(Stdio::null()).output().unwrap()
    };
    let logs = || {
        let output = synod(&["doctor", "--store", "--offline"]);
        let findings: Value = serde_json::from_slice(&output.stdout).unwrap();
        let all = findings.as_array().or_else(|| findings["findings"].as_array()).unwrap();
        all.iter().find(|finding| finding["name"] == "logs").unwrap_or_else(|| panic!("no logs in {findings}")).clone()
    };
    synod(&["run", "Check one thing."]);
    assert_eq!(logs()["standing"], "ok", "{}", logs());
    let (dot, kept) = (root.join(".synod"), root.join("kept"));
    let copied = Command::new("cp").arg("-a").arg(&dot).arg(&kept).status().unwrap();
    assert!(copied.success());
    synod(&["run", "Check another thing."]);
    assert_eq!(logs()["standing"], "ok", "{}", logs());
    std::fs::remove_dir_all(&dot).unwrap();
    std::fs::rename(&kept, &dot).unwrap();
    let finding = logs();
    assert_eq!(finding["standing"], "warning", "{finding}");
    assert!(finding["mend"].as_str().unwrap().contains("disk"), "{finding}");
}
