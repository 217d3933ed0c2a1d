//! A disk that fills up and is cleared again under an open store.

use super::writer;
use std::fs;
use std::path::Path;
use std::process::Command;
use synod::store::Error;

/// How big the disk is, and how much of it is taken by something else at first.
const DISK: &str = "size=24m";
const TAKEN: usize = 12 << 20;

/// The child gets a small file system of its own, which needs no rights beyond those of a user namespace.
#[test]
fn a_full_disk_loses_nothing_and_work_goes_on_after() {
    let mount = format!("mount -t tmpfs -o {DISK} none \"$0\" && exec \"$@\"");
    let scratch = tempfile::tempdir().unwrap();
    let own_disk = |command: &Command| {
        let mut unshare = Command::new("unshare");
        unshare.args(["-rm", "sh", "-c", &mount]).arg(scratch.path());
        unshare.arg(command.get_program()).args(command.get_args()).env(writer::FOLDER, scratch.path());
        unshare
    };
    if !own_disk(&Command::new("true")).output().is_ok_and(|output| output.status.success()) {
        eprintln!("SKIPPED: the full-disk test needs `unshare` and user namespaces");
        return;
    }
    let output = own_disk(&super::this_binary("full::full_disk_process")).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("went on"), "{said}{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
#[ignore = "run by the test above as a child process"]
fn full_disk_process() {
    let Some(folder) = std::env::var_os(writer::FOLDER) else { return };
    let folder = Path::new(&folder);
    fs::write(folder.join("taken"), vec![1; TAKEN]).unwrap();
    let mut store = writer::open(folder).unwrap();
    let mut acknowledged = 0;
    let is_full = |error: Error| assert!(error.is_full(), "{error}");
    // Usually the journal is the first that finds no space; where it is the blob store, nothing is left half done.
    let mut failed = None;
    while failed.is_none() {
        let first = acknowledged + 1;
        match writer::batch(first..first + 5, store.blobs()) {
            Ok(batch) => match store.append(&batch) {
                Ok(()) => acknowledged += 5,
                Err(error) => {
                    is_full(error);
                    failed = Some(batch);
                }
            },
            Err(error) => {
                is_full(error);
                break;
            }
        }
    }
    is_full(store.probe().unwrap_err());
    if let Some(batch) = &failed {
        is_full(store.append(batch).unwrap_err());
    }
    println!("full after event {acknowledged}, in the {}", if failed.is_some() { "journal" } else { "blobs" });
    fs::remove_file(folder.join("taken")).unwrap();
    store.probe().unwrap();
    if let Some(batch) = failed {
        store.append(&batch).unwrap();
        acknowledged += 5;
    }
    for _ in 0..20 {
        let batch = writer::batch(acknowledged + 1..acknowledged + 6, store.blobs()).unwrap();
        store.append(&batch).unwrap();
        acknowledged += 5;
    }
    drop(store);
    writer::compare(folder, acknowledged).unwrap();
    println!("went on to event {acknowledged}");
}
