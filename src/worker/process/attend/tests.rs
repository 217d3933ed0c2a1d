//! How a spool stands, for every combination of the files that a crash can leave in it, and what is made of each.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should end where it stands")]

use super::{Ending, Error, Spool, Standing, attend, standing};
use crate::board::{AttemptKey, TaskId};
use crate::worker::process::spool::{own_mark, strays};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use tokio_util::sync::CancellationToken;

const ORDER: &str = r#"{"program":"/x","args":[],"folder":"/","env":[],"prompt_bytes":2,"time_left_ms":50,"grace_ms":1,
    "stdout_bytes_max":1,"stderr_bytes_max":1,"asked":{"model":null,"session":null}}"#;
const EXIT: &str = r#"{"ended":{"ended":"exited"},"code":0,"signal":null,"ran_ms":5,"left_behind":0}"#;

fn key(number: u32) -> AttemptKey {
    AttemptKey { task: TaskId::parse("fix").unwrap(), number }
}

fn spool(root: &Path, files: &[(&str, &str)]) -> Spool {
    let spool = Spool::of(root, &key(1));
    fs::create_dir_all(spool.folder()).unwrap();
    files.iter().for_each(|(name, text)| fs::write(spool.path(name), text).unwrap());
    spool
}

fn mark(pid: i32, ticks: u64, boot: &str) -> String {
    format!("{{\"pid\":{pid},\"started_ticks\":{ticks},\"boot\":\"{boot}\"}}")
}

fn word(standing: Result<Standing, Error>) -> String {
    match standing {
        Ok(Standing::NotBegun) => "not begun".to_owned(),
        Ok(Standing::Running(_)) => "running".to_owned(),
        Ok(Standing::Ended(exit)) => format!("ended {:?}", exit.code),
        Ok(Standing::Died) => "died".to_owned(),
        Err(error) => error.to_string(),
    }
}

#[test]
fn the_files_that_are_there_tell_how_it_stands() {
    let own = own_mark().unwrap();
    let (live, boot) = (mark(own.pid, own.started_ticks, &own.boot), own.boot.as_str());
    let (reused, rebooted) = (mark(own.pid, own.started_ticks + 1, boot), mark(own.pid, own.started_ticks, "another"));
    let gone = mark(i32::MAX, 1, boot);
    for (files, wanted) in [
        (vec![], "not begun"),
        (vec![("call.json", ORDER)], "not begun"),
        (vec![("call.json", ORDER), ("prompt", "xx"), ("lock", "")], "not begun"),
        (vec![("stdout", "half")], "not begun"),
        (vec![("shim.json", live.as_str())], "running"),
        (vec![("shim.json", live.as_str()), ("stdout", "half"), ("exit.json.new", EXIT)], "running"),
        (vec![("shim.json", reused.as_str())], "died"),
        (vec![("shim.json", rebooted.as_str())], "died"),
        (vec![("shim.json", gone.as_str()), ("stdout", "whole"), ("stderr", "")], "died"),
        (vec![("shim.json", &mark(0, 1, boot))], "died"),
        (vec![("shim.json", &mark(-1, 1, boot))], "died"),
        (vec![("shim.json", "")], "died"),
        (vec![("shim.json", &live[..20])], "died"),
        (vec![("shim.json", "\0\0\0\0")], "died"),
        (vec![("shim.json", live.as_str()), ("exit.json", EXIT)], "ended Some(0)"),
        (vec![("shim.json", gone.as_str()), ("exit.json", EXIT)], "ended Some(0)"),
        (vec![("shim.json", ""), ("exit.json", EXIT)], "ended Some(0)"),
        (vec![("exit.json", EXIT)], "ended Some(0)"),
    ] {
        let root = tempfile::tempdir().unwrap();
        assert_eq!(word(standing(&spool(root.path(), &files))), wanted, "{files:?}");
    }
    let root = tempfile::tempdir().unwrap();
    let damaged = word(standing(&spool(root.path(), &[("exit.json", "{")])));
    assert!(damaged.contains("exit.json is damaged: ") && damaged.ends_with("remove the folder it is in"), "{damaged}");
}

#[test]
fn only_a_call_that_nobody_began_is_removed() {
    for (files, removed) in [
        (vec![], true),
        (vec![("call.json", ORDER), ("prompt", "xx")], true),
        (vec![("call.json", ORDER), ("lock", "")], true),
        (vec![("stdout", "x")], true),
        (vec![("shim.json", "{}")], false),
        (vec![("shim.json", "")], false),
        (vec![("exit.json", EXIT)], false),
    ] {
        let root = tempfile::tempdir().unwrap();
        let spool = spool(root.path(), &files);
        assert_eq!(spool.discard_unbegun().unwrap(), removed, "{files:?}");
        assert_eq!(spool.folder().exists(), !removed, "{files:?}");
        spool.remove().unwrap();
        assert!(spool.discard_unbegun().unwrap(), "what is not there is not begun");
        spool.remove().unwrap();
    }
}

#[test]
fn a_call_whose_lock_is_held_is_not_removed() {
    let root = tempfile::tempdir().unwrap();
    let spool = spool(root.path(), &[("call.json", ORDER)]);
    let lock = spool.lock().unwrap();
    assert!(lock.is_some() && spool.locked().unwrap());
    assert!(!spool.discard_unbegun().unwrap());
    drop(lock);
    assert!(!spool.locked().unwrap());
    assert!(spool.discard_unbegun().unwrap());
}

#[test]
fn a_spool_is_written_whole_for_its_owner_alone() {
    let root = tempfile::tempdir().unwrap();
    let spool = Spool::of(&root.path().join("deep/spool"), &key(7));
    let draft = root.path().join("deep/spool/.fix-7.new");
    fs::create_dir_all(&draft).unwrap();
    fs::write(draft.join("prompt"), "left by a crash").unwrap();
    spool.create(&serde_json::from_str(ORDER).unwrap(), b"hi", &[("schema.json", "{}".to_owned())]).unwrap();
    assert!(!draft.exists());
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(
        (mode(spool.folder()), mode(&spool.path("prompt")), mode(&spool.path("call.json"))),
        (0o700, 0o600, 0o600)
    );
    assert_eq!((spool.text("prompt").unwrap(), spool.text("schema.json").unwrap()), ("hi".to_owned(), "{}".to_owned()));
    assert_eq!(spool.text("none").unwrap(), "");
    assert_eq!(spool.order().unwrap().prompt_bytes, 2);
    assert!(spool.open_prompt(2).is_ok() && spool.open_prompt(3).is_err());
    fs::write(spool.path("stderr"), b"caf\xe9").unwrap();
    assert_eq!(spool.text("stderr").unwrap(), "caf\u{fffd}");
    assert!(spool.create(&serde_json::from_str(ORDER).unwrap(), b"", &[]).is_err(), "no other call takes its place");
    assert_eq!(spool.text("prompt").unwrap(), "hi");
}

#[test]
fn strays_are_the_folders_of_calls_and_nothing_else() {
    let root = tempfile::tempdir().unwrap();
    for folder in ["fix-2", "fix-10", "a-b-1", ".fix-3.new", ".keep", "nonumber", "fix-x", "a b-1", "-1"] {
        fs::create_dir(root.path().join(folder)).unwrap();
    }
    for file in ["fix-4", ".hidden", ".fix-5.new", "readme.txt"] {
        fs::write(root.path().join(file), "").unwrap();
    }
    let found: Vec<String> = strays(root.path()).unwrap().iter().map(ToString::to_string).collect();
    assert_eq!(found, ["a-b#1", "fix#2", "fix#10"]);
    assert!(!root.path().join(".fix-3.new").exists(), "the draft of a killed daemon goes");
    assert!(
        root.path().join(".keep").exists()
            && root.path().join(".hidden").exists()
            && root.path().join(".fix-5.new").exists()
    );
}

#[tokio::test]
async fn a_call_without_a_beginning_is_an_error_that_tells_what_its_helper_said() {
    for (log, said) in [("", "it said nothing"), ("one\nlast words\n", "last words")] {
        let root = tempfile::tempdir().unwrap();
        let spool = spool(root.path(), &[("call.json", ORDER), ("shim.log", log)]);
        let error = attend(&spool, None, &CancellationToken::new()).await.unwrap_err().to_string();
        assert_eq!(error, format!("the helper process for {} ended at once: {said}", spool.folder().display()));
    }
}

#[tokio::test]
async fn what_has_ended_or_died_needs_no_waiting() {
    let root = tempfile::tempdir().unwrap();
    let gone = mark(i32::MAX, 1, "x");
    let dead = spool(root.path(), &[("call.json", ORDER), ("shim.json", &gone)]);
    assert!(matches!(attend(&dead, None, &CancellationToken::new()).await.unwrap(), Ending::Lost));
    fs::write(dead.path("exit.json"), EXIT).unwrap();
    let ended = attend(&dead, None, &CancellationToken::new()).await.unwrap();
    assert!(matches!(ended, Ending::Ended(exit) if exit.ran_ms == 5));
}
