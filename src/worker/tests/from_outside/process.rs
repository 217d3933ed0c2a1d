//! Calls of the `command` provider through the real shim with real children: bounds, endings, what a crash leaves and
//! what a later daemon makes of it. After each, no process of the call may be left.

#![expect(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#![expect(
    clippy::disallowed_methods,
    reason = "this test starts daemons and shims of its own and tells them what to do"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use indexmap::IndexMap;
use synod::board::{AttemptKey, FailureClass, TaskId, WorkerName};
use synod::config::{Environment, Provider, Settings, Worker};
use synod::worker::replay::Pace;
use synod::worker::{Call, Outcome, Roster, RosterParts, ShimProgram, shim};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

/// How long a condition may take to come true on a machine that is busy with other things.
const PATIENCE: Duration = Duration::from_secs(60);

/// Not a test: what this binary does when it is started as a shim. The spool is its last argument.
#[test]
#[ignore = "run by the other tests, as a process of its own"]
fn shim_process() {
    let spool = std::env::args().next_back().expect("a spool folder");
    shim::run(Path::new(&spool)).expect("the shim does its work");
}

/// Not a test: a daemon that makes one call and is then killed. The workshop's folder and script are in its environment.
#[test]
#[ignore = "run by the other tests, as a process of its own"]
fn daemon_process() {
    let folder = std::env::var_os("TEST_FOLDER").expect("a folder");
    let script = std::env::var("TEST_SCRIPT").expect("a script");
    let workshop = Workshop::at(PathBuf::from(folder), &["sh", "-c", &script]);
    runtime().block_on(workshop.call("go")).ok();
}

/// A spool, a folder for the worker, and the worker itself.
struct Workshop {
    _scratch: Option<TempDir>,
    folder: PathBuf,
    roster: Roster,
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime")
}

fn own_shim() -> ShimProgram {
    let shim = crate::test_name(module_path!(), "shim_process");
    let args = ["--exact", shim.as_str(), "--ignored", "--nocapture", "--test-threads=1"];
    let program = std::env::current_exe().expect("this program");
    ShimProgram { program, args: args.map(str::to_owned).to_vec(), env: Vec::new(), standby_max: 0 }
}

impl Workshop {
    /// A worker that runs this script in a shell.
    fn shell(script: &str) -> Self {
        Self::of(&["sh", "-c", script])
    }

    fn of(command: &[&str]) -> Self {
        let scratch = TempDir::with_prefix("synod-process-").expect("a scratch folder");
        let mut workshop = Self::at(scratch.path().to_owned(), command);
        workshop._scratch = Some(scratch);
        workshop
    }

    fn at(folder: PathBuf, command: &[&str]) -> Self {
        fs::create_dir_all(folder.join("work")).expect("a working folder");
        let roster = roster(&folder, command, own_shim());
        Self { _scratch: None, folder, roster }
    }

    fn work(&self) -> PathBuf {
        self.folder.join("work")
    }

    fn asked(&self, prompt: &str, time_left: Duration) -> Call {
        Call {
            key: key(),
            system: None,
            prompt: prompt.to_owned(),
            schema: None,
            time_left,
            session: None,
            history: Vec::new(),
            images: Vec::new(),
            wishes: Default::default(),
            ceiling: Default::default(),
            own_tree: None,
            folder: self.work(),
        }
    }

    async fn call(&self, prompt: &str) -> Outcome {
        self.roster.call(&worker(), self.asked(prompt, PATIENCE), CancellationToken::new()).await
    }

    /// Calls, and stops the call once the script has made the file `started`.
    async fn call_and_stop(&self) -> Outcome {
        let stop = CancellationToken::new();
        let stopper = async {
            until("the script starts", || self.has("started")).await;
            stop.cancel();
        };
        let worker = worker();
        let call = self.roster.call(&worker, self.asked("go", PATIENCE), stop.clone());
        tokio::join!(call, stopper).0
    }

    fn has(&self, name: &str) -> bool {
        self.work().join(name).exists()
    }

    fn lines(&self, name: &str) -> usize {
        fs::read_to_string(self.work().join(name)).unwrap_or_default().lines().count()
    }

    /// Processes that carry this workshop's spool in their environment.
    fn left(&self) -> Vec<String> {
        let spool = self.folder.join("spool").display().to_string();
        let own = std::process::id().to_string();
        let entries = fs::read_dir("/proc").expect("/proc").flatten();
        let pids = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
        let marked = |pid: &String| {
            let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
            String::from_utf8_lossy(&environment).contains(&format!("SYNOD_CALL={spool}"))
        };
        pids.filter(|pid| pid.parse::<u32>().is_ok() && *pid != own).filter(marked).collect()
    }

    fn assert_nothing_left(&self) {
        let left = self.left();
        assert!(left.is_empty(), "these processes are left: {left:?}");
    }
}

fn roster(folder: &Path, command: &[&str], shim: ShimProgram) -> Roster {
    let mut worker = Worker::new("tool", Provider::Command, Some("m1"));
    worker.command = command.iter().map(|part| (*part).to_owned()).collect();
    worker.api_key_env = Some("TOOL_KEY".to_owned());
    let path = std::env::var("PATH").expect("a search path");
    let environment = Environment::of([
        ("PATH", path.as_str()),
        ("HOME", "/nowhere"),
        ("TOOL_KEY", "tool-key-5f1c"),
        ("SOMEBODY_ELSES_KEY", "not-for-the-tool"),
    ]);
    let mut limits = Settings::default().limits;
    limits.output_bytes_max = 2_000_000;
    limits.worker_grace = Duration::from_millis(300);
    let workers = IndexMap::from([("tool".to_owned(), worker)]);
    Roster::new(RosterParts {
        workers: &workers,
        environment: &environment,
        limits: &limits,
        spool: folder.join("spool"),
        homes: folder.join("homes"),
        shim,
        pace: Pace::Instant,
        recorder: None,
    })
}

fn worker() -> WorkerName {
    WorkerName::new("tool")
}

fn key() -> AttemptKey {
    AttemptKey { task: TaskId::parse("a-task-2").expect("an id"), number: 7 }
}

/// Waits until the condition holds.
async fn until(what: &str, reached: impl Fn() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !reached() {
        assert!(Instant::now() < deadline, "waited in vain until {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

fn class(outcome: &Outcome) -> &'static str {
    match outcome {
        Ok(_) => "answered",
        Err(failure) => failure.class.as_str(),
    }
}

fn text(outcome: Outcome) -> String {
    outcome.unwrap_or_else(|failure| panic!("no answer: {failure:?}")).text
}

#[tokio::test]
async fn any_prompt_reaches_the_program_as_text() {
    let workshop = Workshop::of(&["cat"]);
    for prompt in ["--help\n-x", "/compact", "@/etc/hostname", "a\nb 'c' \"d\" $(e) \u{1f600}"] {
        assert_eq!(text(workshop.call(prompt).await), prompt);
        workshop.roster.forget(&key()).expect("forgotten");
    }
    assert_eq!(text(workshop.call("a\0b").await), "ab");
    workshop.roster.forget(&key()).expect("forgotten");
    let long = "long line é\n".repeat(90_000);
    assert!(long.len() > 1_048_576);
    assert_eq!(text(workshop.call(&long).await), long);
    workshop.assert_nothing_left();
}

#[tokio::test]
async fn the_template_is_filled_in_once() {
    let workshop = Workshop::of(&["printf", "%s|", "{model}", "{folder}", "{prompt_file}", "{{model}}", "a b"]);
    let printed = text(workshop.call("{folder}").await);
    let prompt_file = workshop.folder.join("spool/a-task-2-7/prompt");
    assert_eq!(printed, format!("m1|{}|{}|{{m1}}|a b|", workshop.work().display(), prompt_file.display()));
}

#[tokio::test]
async fn the_program_sees_the_allow_list_its_own_key_and_no_other() {
    let workshop = Workshop::of(&["env"]);
    let printed = text(workshop.call("go").await);
    let mut names: Vec<&str> = printed.lines().filter_map(|line| Some(line.split_once('=')?.0)).collect();
    names.sort_unstable();
    assert_eq!(names, ["HOME", "PATH", "SYNOD_CALL", "TOOL_KEY"]);
    let order = fs::read_to_string(workshop.folder.join("spool/a-task-2-7/call.json")).expect("the order");
    assert!(order.contains("TOOL_KEY") && !order.contains("tool-key-5f1c"), "{order}");
}

#[tokio::test]
async fn a_failing_program_is_a_failure_with_the_end_of_its_stderr_and_no_key() {
    let workshop = Workshop::shell("echo half; echo noise >&2; echo \"bad $TOOL_KEY\" >&2; exit 3");
    let failure = workshop.call("go").await.expect_err("it failed");
    assert_eq!(failure.class, FailureClass::Transient);
    assert_eq!(failure.message, "ended with code 3: bad [key]");
    let workshop = Workshop::shell("kill -9 $$");
    assert_eq!(class(&workshop.call("go").await), "transient");
    let workshop = Workshop::shell("true");
    assert_eq!(class(&workshop.call("go").await), "transient", "an empty answer is none");
    let workshop = Workshop::of(&["no-such-program-here"]);
    assert_eq!(class(&workshop.call("go").await), "worker_blocked");
    let workshop = Workshop::of(&["/etc/hostname"]);
    assert_eq!(class(&workshop.call("go").await), "worker_blocked", "a file that is no program");
}

#[tokio::test]
async fn a_program_that_takes_too_long_is_ended_with_all_it_started() {
    let workshop = Workshop::shell("sleep 1000 & setsid sleep 1000 & touch started; wait");
    let asked = workshop.asked("go", Duration::from_millis(800));
    let outcome = workshop.roster.call(&worker(), asked, CancellationToken::new()).await;
    assert_eq!(class(&outcome), "timeout");
    workshop.assert_nothing_left();
}

#[tokio::test]
async fn a_stopped_call_leaves_nothing_also_when_the_program_does_not_listen() {
    let polite = Workshop::shell("sleep 1000 & touch started; wait");
    assert_eq!(class(&polite.call_and_stop().await), "cancelled");
    polite.assert_nothing_left();
    let stubborn = Workshop::shell("trap '' TERM INT HUP; touch started; while :; do sleep 1; done");
    assert_eq!(class(&stubborn.call_and_stop().await), "cancelled");
    stubborn.assert_nothing_left();
}

#[tokio::test]
async fn children_that_hold_the_output_do_not_hold_up_the_answer() {
    let script = "setsid sh -c 'trap \"\" TERM HUP; sleep 1000' & (sh -c 'sleep 1000 & sleep 1000' &) ; echo done";
    let workshop = Workshop::shell(script);
    assert_eq!(text(workshop.call("go").await), "done\n");
    workshop.assert_nothing_left();
}

#[tokio::test]
async fn a_flood_is_ended_and_its_head_kept() {
    let workshop = Workshop::shell("yes & yes >&2 & wait");
    let failure = workshop.call("go").await.expect_err("too much");
    assert_eq!(failure.class, FailureClass::RequestRefused);
    assert!(failure.message.contains("limits.output_bytes_max"), "{}", failure.message);
    let spool = workshop.folder.join("spool/a-task-2-7");
    assert_eq!(fs::metadata(spool.join("stdout")).expect("the head").len(), 2_000_000);
    assert!(fs::metadata(spool.join("stderr")).expect("the end").len() <= 65_536);
    workshop.assert_nothing_left();
    for _ in 0..5 {
        let short = Workshop::shell("head -c 2000001 /dev/zero");
        assert_eq!(class(&short.call("go").await), "request_refused", "one byte too many, also when it ends by itself");
        let whole = Workshop::shell("head -c 2000000 /dev/zero");
        assert_eq!(text(whole.call("go").await).len(), 2_000_000);
    }
}

/// A script that says that it ran, waits for the file `go`, and answers.
const PATIENT: &str = "echo ran >> runs; touch started; while [ ! -e go ]; do sleep 0.02; done; echo answer";

#[tokio::test]
async fn a_call_whose_future_was_dropped_is_adopted_and_never_made_twice() {
    let workshop = Workshop::shell(PATIENT);
    tokio::select! {
        _ = workshop.call("go") => panic!("it cannot have answered"),
        () = until("the script starts", || workshop.has("started")) => {}
    }
    let later = Workshop::at(workshop.folder.clone(), &["sh", "-c", PATIENT]);
    assert_eq!(later.roster.stray_spools().expect("strays"), [key()]);
    let adopted = later.roster.resume(&key(), &worker(), CancellationToken::new()).expect("there is a spool");
    fs::write(workshop.work().join("go"), "").expect("let it go on");
    assert_eq!(text(adopted.await), "answer\n");
    let harvested = later.roster.resume(&key(), &worker(), CancellationToken::new()).expect("still there");
    assert_eq!(text(harvested.await), "answer\n");
    assert_eq!(text(later.call("go").await), "answer\n", "asking again gives what is there");
    assert_eq!(workshop.lines("runs"), 1);
    later.roster.forget(&key()).expect("forgotten");
    assert!(later.roster.resume(&key(), &worker(), CancellationToken::new()).is_none());
    assert_eq!(later.roster.stray_spools().expect("strays"), []);
    workshop.assert_nothing_left();
}

#[tokio::test]
async fn a_call_outlives_a_daemon_that_is_killed_and_can_still_be_stopped() {
    for stop_it in [false, true] {
        let workshop = Workshop::shell(PATIENT);
        let mut daemon = Command::new(std::env::current_exe().expect("this program"))
            .args(["--exact", &crate::test_name(module_path!(), "daemon_process"), "--ignored", "--test-threads=1"])
            .env("TEST_FOLDER", &workshop.folder)
            .env("TEST_SCRIPT", PATIENT)
            .stdout(Stdio::null())
            .spawn()
            .expect("a daemon");
        until("the script starts", || workshop.has("started")).await;
        daemon.kill().expect("killed");
        daemon.wait().expect("gone");
        let stop = CancellationToken::new();
        let adopted = workshop.roster.resume(&key(), &worker(), stop.clone()).expect("there is a spool");
        if stop_it {
            stop.cancel();
            assert_eq!(class(&adopted.await), "cancelled");
        } else {
            fs::write(workshop.work().join("go"), "").expect("let it go on");
            assert_eq!(text(adopted.await), "answer\n");
        }
        assert_eq!(workshop.lines("runs"), 1);
        workshop.assert_nothing_left();
    }
}

#[tokio::test]
async fn the_deadline_holds_without_a_daemon() {
    let workshop = Workshop::shell(PATIENT);
    let (asked, worker) = (workshop.asked("go", Duration::from_secs(2)), worker());
    tokio::select! {
        _ = workshop.roster.call(&worker, asked, CancellationToken::new()) => panic!("it cannot have ended"),
        () = until("the script starts", || workshop.has("started")) => {}
    }
    let exit = workshop.folder.join("spool/a-task-2-7/exit.json");
    until("the shim ends it", || exit.exists()).await;
    until("the shim is gone too", || workshop.left().is_empty()).await;
    let harvested = workshop.roster.resume(&key(), &worker, CancellationToken::new()).expect("a spool");
    assert_eq!(class(&harvested.await), "timeout");
}

#[tokio::test]
async fn a_killed_shim_is_an_interruption_and_what_it_ran_is_swept() {
    let workshop = Workshop::shell("setsid sleep 1000 & echo ran >> runs; touch started; sleep 1000");
    let killer = async {
        until("the script starts", || workshop.has("started")).await;
        let mark = fs::read_to_string(workshop.folder.join("spool/a-task-2-7/shim.json")).expect("the mark");
        let mark: serde_json::Value = serde_json::from_str(&mark).expect("a record");
        let pid = mark["pid"].as_i64().and_then(|pid| i32::try_from(pid).ok()).and_then(rustix::process::Pid::from_raw);
        rustix::process::kill_process(pid.expect("a pid"), rustix::process::Signal::KILL).expect("killed");
    };
    let (outcome, ()) = tokio::join!(workshop.call("go"), killer);
    assert_eq!(class(&outcome), "interrupted");
    until("everything is gone", || workshop.left().is_empty()).await;
    // The lost call is not run again under the same number, until it is forgotten.
    assert_eq!(class(&workshop.call("go").await), "interrupted");
    assert_eq!(workshop.lines("runs"), 1);
}

#[tokio::test]
async fn a_call_that_nobody_began_has_to_be_asked_anew() {
    let workshop = Workshop::shell("echo ran >> runs; echo answer");
    let nothing =
        ShimProgram { program: PathBuf::from("/bin/true"), args: Vec::new(), env: Vec::new(), standby_max: 0 };
    let broken = roster(&workshop.folder, &["sh", "-c", "echo answer"], nothing);
    let outcome = broken.call(&worker(), workshop.asked("go", PATIENCE), CancellationToken::new()).await;
    assert_eq!(class(&outcome), "transient");
    assert_eq!(workshop.roster.stray_spools().expect("strays"), [key()]);
    assert!(workshop.roster.resume(&key(), &worker(), CancellationToken::new()).is_none());
    assert_eq!(workshop.roster.stray_spools().expect("strays"), []);
    assert_eq!(text(workshop.call("go").await), "answer\n");
    assert_eq!(workshop.lines("runs"), 1);
}

#[tokio::test]
async fn of_several_shims_for_one_call_one_runs_it() {
    let workshop = Workshop::shell("echo ran >> runs; sleep 0.2; echo answer");
    let nothing =
        ShimProgram { program: PathBuf::from("/bin/true"), args: Vec::new(), env: Vec::new(), standby_max: 0 };
    let writer = roster(&workshop.folder, &["sh", "-c", "echo ran >> runs; sleep 0.2; echo answer"], nothing);
    let _ = writer.call(&worker(), workshop.asked("go", PATIENCE), CancellationToken::new()).await;
    let own = own_shim();
    let spool = workshop.folder.join("spool/a-task-2-7");
    let start =
        || Command::new(&own.program).args(&own.args).arg(&spool).stdout(Stdio::null()).spawn().expect("a shim");
    let shims: Vec<_> = (0..4).map(|_| start()).collect();
    for mut shim in shims {
        assert!(shim.wait().expect("it ends").success());
    }
    let harvested = workshop.roster.resume(&key(), &worker(), CancellationToken::new()).expect("a spool");
    assert_eq!(text(harvested.await), "answer\n");
    assert_eq!(workshop.lines("runs"), 1);
}
