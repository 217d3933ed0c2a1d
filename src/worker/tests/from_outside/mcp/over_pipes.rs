//! Servers that are programs on stdin and stdout: kept, ended, replaced, and never left behind.

use super::bench::{Bench, PATIENCE, as_process, child_settings, marked, roster, this_program, until};
use std::process::{Command, Stdio};
use std::time::Duration;
use synod::board::{AttemptKey, FailureClass, TaskId, WorkerName};
use synod::worker::Call;
use tokio_util::sync::CancellationToken;

#[tokio::test]
async fn a_tool_answers_and_its_server_is_kept_for_the_next_call() {
    for old in [&[][..], &[("TEST_OLD", "1")]] {
        let bench = Bench::child("say", old);
        let first = bench.said("-hello /there \"@\"").await;
        let second = bench.said("again").await;
        assert!(first.text.starts_with("call 1 of") && first.text.ends_with("-hello /there \"@\""), "{}", first.text);
        assert_eq!(
            first.text.split(':').next().map(|head| head.replace("call 1", "call 2")).as_deref(),
            second.text.split(':').next()
        );
        assert_eq!(first.model, "workbench 7");
        let large = "x".repeat(1 << 20);
        assert!(bench.said(&large).await.text.ends_with(&large));
    }
}

#[tokio::test]
async fn calls_at_the_same_time_share_one_server() {
    let bench = Bench::child("say", &[]);
    let replies = futures::future::join_all((0..20).map(|_| bench.said("go"))).await;
    let pids: std::collections::BTreeSet<&str> =
        replies.iter().filter_map(|reply| reply.text.split(' ').nth(3)).collect();
    assert_eq!(pids.len(), 1, "{pids:?}");
}

#[tokio::test]
async fn settings_that_do_not_fit_the_server_are_told_with_what_would() {
    let failure = Bench::child("sya", &[]).failure("x").await;
    assert_eq!(failure.class, FailureClass::WorkerBlocked);
    assert!(
        failure.message.contains("no tool `sya`; did you mean `say`?") && failure.message.contains("pair"),
        "{failure:?}"
    );
    let failure = Bench::child("pair", &[]).failure("x").await;
    assert_eq!(failure.class, FailureClass::WorkerBlocked);
    assert!(failure.message.contains("several texts (`left`, `right`)"), "{failure:?}");
    let both = format!("{}\narguments = {{ left = 'l' }}", child_settings("pair"));
    assert_eq!(Bench::new(&both, &[]).said("r").await.text, r#"{"left":"l","right":"r"}"#);
    let nowhere = Bench::new("provider = 'mcp'\ncommand = ['no-such-program']\ntool = 't'", &[]).failure("x").await;
    assert_eq!(nowhere.class, FailureClass::WorkerBlocked);
    assert!(nowhere.message.contains("no-such-program"), "{nowhere:?}");
}

#[tokio::test]
async fn what_a_tool_says_of_its_failure_decides_its_class() {
    let bench = Bench::child("fail", &[]);
    assert_eq!(bench.failure("API Error: 401 invalid api key").await.class, FailureClass::WorkerBlocked);
    assert_eq!(bench.failure("Input validation error: 'x'").await.class, FailureClass::RequestRefused);
    assert_eq!(bench.failure("it broke").await.class, FailureClass::Transient);
    assert_eq!(Bench::child("nothing", &[]).failure("x").await.class, FailureClass::Transient);
}

#[tokio::test]
async fn a_server_that_dies_is_told_with_its_last_words_and_replaced() {
    let bench = Bench::child("die", &[]);
    for _ in 0..2 {
        let failure = bench.failure("x").await;
        assert_eq!(failure.class, FailureClass::Transient, "{failure:?}");
        assert!(failure.message.contains("ended in the middle"), "{failure:?}");
    }
    until("nothing is left of it", || bench.processes() == 0).await;
    let ends = Bench::new("provider = 'mcp'\ncommand = ['sh', '-c', 'echo error: no licence >&2']\ntool = 't'", &[]);
    let failure = ends.failure("x").await;
    assert_eq!(failure.class, FailureClass::Transient);
    assert!(failure.message.contains("ended before") && failure.message.contains("no licence"), "{failure:?}");
}

#[tokio::test]
async fn a_stopped_call_is_cancelled_at_the_server_which_lives_on() {
    let bench = Bench::child("slow", &[]);
    let stop = CancellationToken::new();
    let stopper = async {
        until("the call has begun", || bench.has("begun")).await;
        stop.cancel();
    };
    let (outcome, ()) = tokio::join!(bench.call_within("x", PATIENCE, stop.clone()), stopper);
    assert_eq!(outcome.expect_err("it was stopped").class, FailureClass::Cancelled);
    until("the server was told", || bench.has("cancelled")).await;
    std::fs::remove_file(bench.path().join("cancelled")).expect("a note");
    let late = bench.call_within("x", Duration::from_millis(200), CancellationToken::new()).await;
    assert_eq!(late.expect_err("its time was over").class, FailureClass::Timeout);
    until("the server was told again", || bench.has("cancelled")).await;
    assert!(bench.processes() >= 1, "the server is kept");
}

#[tokio::test]
async fn a_program_that_says_nothing_is_given_up_and_ended() {
    let bench = Bench::new("provider = 'mcp'\ncommand = ['sleep', '600']\ntool = 't'", &[]);
    let late = bench.call_within("x", Duration::from_millis(300), CancellationToken::new()).await;
    assert_eq!(late.expect_err("nobody spoke").class, FailureClass::Timeout);
    until("it was ended", || bench.processes() == 0).await;
    let noise = Bench::new("provider = 'mcp'\ncommand = ['yes']\ntool = 't'", &[]);
    let late = noise.call_within("x", Duration::from_millis(300), CancellationToken::new()).await;
    assert!(late.is_err(), "noise is no answer");
    until("it was ended", || noise.processes() == 0).await;
}

#[tokio::test]
async fn the_end_of_the_workers_ends_their_servers_and_all_those_started() {
    let mut bench = Bench::child("litter", &[]);
    bench.said("x").await;
    assert!(bench.processes() >= 3, "helper, server and what it left");
    bench.end();
    until("nothing is left", || bench.processes() == 0).await;
    let homes = std::fs::read_dir(bench.path().join("homes/w")).expect("a folder");
    assert_eq!(homes.count(), 0, "no file of a server stays");
}

/// Not a test: a daemon that makes one call, says so, and waits to be killed.
#[test]
#[ignore = "run by the other tests, as a process of its own"]
fn daemon_process() {
    let folder = std::path::PathBuf::from(std::env::var_os("TEST_FOLDER").expect("a folder"));
    let roster = roster(&folder, &child_settings("litter"), &[]);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let key = AttemptKey { task: TaskId::slug("job"), number: 1 };
        let (time_left, folder) = (PATIENCE, folder.clone());
        let prompt = "x".to_owned();
        let call = Call {
            key,
            system: None,
            prompt,
            schema: None,
            time_left,
            session: None,
            history: Vec::new(),
            images: Vec::new(),
            wishes: Default::default(),
            ceiling: Default::default(),
            own_tree: None,
            folder: folder.clone(),
        };
        roster.call(&WorkerName::new("w"), call, CancellationToken::new()).await.expect("an answer");
        std::fs::write(folder.join("called"), "").expect("a note");
        tokio::time::sleep(PATIENCE).await;
    });
}

#[tokio::test]
async fn a_daemon_that_is_killed_leaves_no_server_behind() {
    let folder = tempfile::tempdir().expect("a scratch folder");
    let mut daemon = Command::new(this_program());
    daemon.args(as_process(module_path!(), "daemon_process")).env("TEST_FOLDER", folder.path()).stdout(Stdio::null());
    let mut daemon = daemon.spawn().expect("a daemon");
    until("it has called", || folder.path().join("called").exists()).await;
    assert!(marked(folder.path()) >= 3);
    daemon.kill().expect("a kill");
    daemon.wait().expect("its end");
    until("nothing is left", || marked(folder.path()) == 0).await;
}
