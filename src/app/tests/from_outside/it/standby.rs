//! Helper processes that stand ready: the next call is begun by one that was started before it, with that call's own
//! variables; one that was ended meanwhile costs nothing; and none is left when whoever started them goes.

#![expect(
    clippy::disallowed_methods,
    reason = "the helpers of this process are ended from outside, by name of the file"
)]

use indexmap::IndexMap;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};
use synod::board::{AttemptKey, TaskId, WorkerName};
use synod::config::{Environment, Provider, Settings, Worker};
use synod::worker::{Call, Pace, Roster, RosterParts, ShimProgram};
use tokio_util::sync::CancellationToken;

/// How long a process may take to come or go on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

fn roster(root: &Path) -> Roster {
    let command = ["sh", "-c", "echo $PPID; echo $SYNOD_CALL"].map(str::to_owned).to_vec();
    let worker = Worker { command, ..Worker::new("teller", Provider::Command, None) };
    Roster::new(RosterParts {
        workers: &IndexMap::from([("teller".to_owned(), worker)]),
        environment: &Environment::of([("PATH".to_owned(), "/usr/bin:/bin".to_owned())]),
        limits: &Settings::default().limits,
        spool: root.join("spool"),
        homes: root.join("homes"),
        shim: ShimProgram {
            program: env!("CARGO_BIN_EXE_synod").into(),
            args: vec!["shim".to_owned()],
            env: Vec::new(),
            standby_max: 1,
        },
        pace: Pace::Instant,
        recorder: None,
    })
}

/// Makes a call; who began it, and the spool folder that its program was told.
async fn call(roster: &Roster, root: &Path, number: u32) -> (u32, String) {
    let call = Call {
        key: AttemptKey { task: TaskId::slug("tell"), number },
        system: None,
        prompt: "go".to_owned(),
        schema: None,
        time_left: PATIENCE,
        session: None,
        history: Vec::new(),
        images: Vec::new(),
        wishes: Default::default(),
        ceiling: Default::default(),
        own_tree: None,
        folder: root.to_owned(),
    };
    let reply = roster.call(&WorkerName::new("teller"), call, CancellationToken::new()).await.unwrap();
    let (helper, spool) = reply.text.trim().split_once('\n').unwrap();
    (helper.parse().unwrap(), spool.to_owned())
}

/// The helpers of this process that stand ready: its children that run the binary and were told no folder.
fn standing_by() -> BTreeSet<u32> {
    let own = format!("\nPPid:\t{}\n", std::process::id());
    let entries = fs::read_dir("/proc").unwrap().flatten();
    let numbers = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let stands = |number: &u32| {
        let read = |name: &str| fs::read_to_string(format!("/proc/{number}/{name}")).unwrap_or_default();
        read("status").contains(&own) && read("cmdline").ends_with("synod\0shim\0")
    };
    numbers.filter(stands).collect()
}

/// Waits for a helper that stands ready and is none of these: a process has its name a moment after it has its number.
async fn ready(none_of: &[u32]) -> u32 {
    let fresh = || standing_by().into_iter().find(|helper| !none_of.contains(helper));
    until(|| fresh().is_some()).await;
    fresh().unwrap()
}

#[tokio::test]
async fn the_next_call_is_begun_by_a_helper_that_stands_ready() {
    let folder = tempfile::tempdir().unwrap();
    let roster = roster(folder.path());
    let (first, _) = call(&roster, folder.path(), 1).await;
    let waits = ready(&[first]).await;
    let (second, spool) = call(&roster, folder.path(), 2).await;
    assert_eq!(second, waits);
    assert_eq!(spool, folder.path().join("spool/tell-2").display().to_string(), "the call's own variables");

    let ended = ready(&[first, second]).await;
    assert!(Command::new("kill").args(["-9", &ended.to_string()]).status().unwrap().success());
    let status = || fs::read_to_string(format!("/proc/{ended}/status")).unwrap_or_default();
    until(|| !status().contains("State:\tR") && !status().contains("State:\tS")).await;
    let (third, _) = call(&roster, folder.path(), 3).await;
    assert_ne!(third, ended);

    let last = ready(&[first, second, ended, third]).await;
    drop(roster);
    until(|| !standing_by().contains(&last)).await;
}

async fn until(so: impl Fn() -> bool) {
    let began = Instant::now();
    while !so() {
        assert!(began.elapsed() < PATIENCE, "it never came true");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
