//! Several agents write to one memory at the same time. Who compares loses nothing; who does not finds every version that was
//! ever written in the history.

use super::wire::{Client, Daemon, SETTINGS};
use crate::it::harness::Workspace;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};

const CLIENTS: usize = 4;
/// How often each of them writes.
const EACH: usize = 1000;
const NAME: &str = "plan/log";

/// Each client in a thread of its own, all on one daemon; what they come to.
fn all<T: Send>(workspace: &Workspace, act: impl Fn(usize, Client) -> T + Sync) -> Vec<T> {
    std::thread::scope(|scope| {
        let act = &act;
        let clients: Vec<_> = (0..CLIENTS)
            .map(|number| scope.spawn(move || act(number, Client::bridge(workspace, &format!("agent-{number}")))))
            .collect();
        clients.into_iter().map(|client| client.join().unwrap()).collect()
    })
}

/// Every revision of the memory, the first one first.
fn history(client: &mut Client) -> Vec<Value> {
    let (mut revisions, mut before) = (Vec::new(), Value::Null);
    loop {
        let mut arguments = json!({ "memory_name": NAME });
        if !before.is_null() {
            arguments["before"] = before.take();
        }
        let mut page = client.call("memory_history", arguments).well().structured;
        revisions.extend(page["revisions"].as_array().unwrap().iter().cloned());
        before = page["next"].take();
        if before.is_null() {
            revisions.reverse();
            return revisions;
        }
    }
}

/// Revisions without a gap, none by anybody but the clients, and as many by each as it wrote.
fn assert_whole(revisions: &[Value]) {
    let numbers: Vec<u64> = revisions.iter().map(|row| row["revision"].as_u64().unwrap()).collect();
    assert_eq!(numbers, (1..=(CLIENTS * EACH) as u64).collect::<Vec<_>>());
    let mut by = BTreeMap::new();
    for row in revisions {
        *by.entry(row["by"].as_str().unwrap()).or_insert(0) += 1;
    }
    let wanted = ["agent-0", "agent-1", "agent-2", "agent-3"].map(|name| (name, EACH));
    assert_eq!(by.into_iter().collect::<Vec<_>>(), wanted);
}

fn line(client: usize, number: usize) -> String {
    format!("{client}-{number:03}\n")
}

fn sha256(text: &str) -> String {
    Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Appends one line to what stands, and begins anew whenever somebody was quicker; how often that was.
fn append(client: &mut Client, line: &str) -> usize {
    for conflicts in 0.. {
        let read = client.call("read_memory", json!({ "memory_name": NAME }));
        let (text, revision) = if read.is_error { (String::new(), 0) } else { (read.text.clone(), read.revision()) };
        let write = json!({ "memory_name": NAME, "content": text + line, "if_revision": revision });
        let written = client.call("write_memory", write);
        if !written.is_error {
            return conflicts;
        }
        assert!(written.text.contains("RevisionError"), "{written:?}");
        assert!(written.revision() > revision, "{written:?}");
    }
    unreachable!("the loop ends with a write")
}

#[test]
fn four_clients_append_to_one_memory_and_nothing_is_lost() {
    let workspace = Workspace::with_workers(&["one"], SETTINGS);
    let _daemon = Daemon::start(&workspace);
    let conflicts =
        all(&workspace, |number, mut client| (0..EACH).map(|at| append(&mut client, &line(number, at))).sum::<usize>());
    println!("conflicts of each client: {conflicts:?}");
    let mut reader = Client::bridge(&workspace, "reader");
    let text = reader.call("read_memory", json!({ "memory_name": NAME })).well().text;
    for number in 0..CLIENTS {
        let own: String =
            text.lines().filter(|line| line.starts_with(&format!("{number}-"))).map(|l| format!("{l}\n")).collect();
        assert!(own == (0..EACH).map(|at| line(number, at)).collect::<String>(), "client {number}'s lines: {own}");
    }
    assert_eq!(text.lines().count(), CLIENTS * EACH);
    let revisions = history(&mut reader);
    assert_whole(&revisions);
    // Each revision is the one before with a line more.
    let mut end = 0;
    for row in &revisions {
        end += line(0, 0).len();
        assert_eq!(row["hash"], sha256(&text[..end]), "{row}");
    }
    assert!(conflicts.iter().sum::<usize>() > 0, "they never met, so nothing was shown");
    let file = workspace.root().join("memories").join(NAME).with_extension("md");
    super::wire::eventually("the file holds every line", || {
        std::fs::read_to_string(&file).is_ok_and(|held| held == text)
    });
}

#[test]
fn every_version_of_those_who_do_not_compare_is_in_the_history() {
    let workspace = Workspace::with_workers(&["one"], SETTINGS);
    let _daemon = Daemon::start(&workspace);
    let written: BTreeSet<String> = all(&workspace, |number, mut client| {
        let write = |at: usize| {
            let text = format!("version {at} of agent {number}");
            client.call("write_memory", json!({ "memory_name": NAME, "content": text })).well();
            sha256(&text)
        };
        (0..EACH).map(write).collect::<Vec<_>>()
    })
    .concat()
    .into_iter()
    .collect();
    assert_eq!(written.len(), CLIENTS * EACH);
    let mut reader = Client::bridge(&workspace, "reader");
    let revisions = history(&mut reader);
    assert_whole(&revisions);
    let kept: BTreeSet<String> = revisions.iter().map(|row| row["hash"].as_str().unwrap().to_owned()).collect();
    assert!(kept == written, "the history holds {} of {} versions", kept.intersection(&written).count(), written.len());
    // And not only their hashes.
    for row in revisions.iter().step_by(97) {
        let read = reader.call("read_memory", json!({ "memory_name": NAME, "revision": row["revision"] })).well();
        assert_eq!(row["hash"], sha256(&read.text), "{row}");
    }
}
