//! The six real command lines, each through its adapter and the shim, against the scripted model server: an answer, a bad
//! key, a rate limit, a server error, silence until the time is over, a stop, and a kill from outside.
//!
//! Each test is skipped, with a loud line, where its program is not installed; `tests/run.sh` installs them.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use crate::support::model_server::{ModelServer, On, Reply};
use crate::support::peers::{self, ScratchHome};
use indexmap::IndexMap;
use synod::board::{AttemptKey, TaskId, WorkerName};
use synod::config::{Environment, Permission, Provider, Settings, Worker};
use synod::worker::replay::Pace;
use synod::worker::{Call, Outcome, Roster, RosterParts, ShimProgram, shim};
use tokio_util::sync::CancellationToken;

/// Not a test: what this binary does when it is started as a shim. The spool is its last argument.
#[test]
#[ignore = "run by the other tests, as a process of its own"]
fn shim_process() {
    let spool = std::env::args().next_back().expect("a spool folder");
    shim::run(Path::new(&spool)).expect("the shim does its work");
}

/// Long enough for the slowest program's own retries on a busy machine.
const PATIENCE: Duration = Duration::from_secs(300);
/// How long a hanging call may take: the programs are warm by then and have asked the server within a few seconds.
const SHORT: Duration = Duration::from_secs(30);
const KEY: &str = "peer-key-93ab";

/// One program with a server and a home of its own; nothing in that home is configured for it.
struct Bench {
    server: ModelServer,
    scratch: ScratchHome,
    worker: Worker,
    number: AtomicU32,
}

impl Bench {
    /// `None`, after a loud line, where the program is not installed.
    fn prepare(name: &str, provider: Provider, model: &str) -> Option<Self> {
        let program = peers::program(name)?;
        let server = ModelServer::start();
        let scratch = peers::scratch_home("none", &server);
        let mut worker = Worker::new(name, provider, Some(model));
        worker.program = Some(program);
        worker.base_url = Some(format!("{}/", server.v1()));
        worker.api_key_env = Some("PEER_KEY".to_owned());
        // Grok CLI cannot be held back and is refused otherwise; the server asks for no tools here.
        if provider == Provider::GrokCli {
            worker.permission = Permission::Full;
        }
        Some(Self { server, scratch, worker, number: AtomicU32::new(0) })
    }

    fn root(&self) -> PathBuf {
        self.scratch.home().join("synod")
    }

    fn roster(&self) -> Roster {
        let env = self.scratch.env().iter().cloned().chain([("PEER_KEY".to_owned(), KEY.to_owned())]);
        let settings = Settings::default();
        let workers = IndexMap::from([("peer".to_owned(), self.worker.clone())]);
        let shim = crate::test_name(module_path!(), "shim_process");
        let args = ["--exact", shim.as_str(), "--ignored", "--nocapture", "--test-threads=1"];
        let program = std::env::current_exe().expect("this program");
        Roster::new(RosterParts {
            workers: &workers,
            environment: &Environment::of(env),
            limits: &settings.limits,
            spool: self.root().join("spool"),
            homes: self.root().join("homes"),
            shim: ShimProgram { program, args: args.map(str::to_owned).to_vec(), env: Vec::new(), standby_max: 0 },
            pace: Pace::Instant,
            recorder: None,
        })
    }

    fn key(&self) -> AttemptKey {
        let number = self.number.fetch_add(1, Ordering::Relaxed) + 1;
        AttemptKey { task: TaskId::parse("peers").expect("an id"), number }
    }

    fn asked(&self, prompt: &str, time_left: Duration) -> Call {
        Call {
            key: self.key(),
            system: Some("You are a reviewer.".to_owned()),
            prompt: prompt.to_owned(),
            schema: None,
            time_left,
            session: None,
            history: Vec::new(),
            images: Vec::new(),
            wishes: Default::default(),
            ceiling: Default::default(),
            own_tree: None,
            folder: self.scratch.work(),
        }
    }

    async fn call(&self, prompt: &str, time_left: Duration) -> Outcome {
        let call = self.asked(prompt, time_left);
        self.roster().call(&WorkerName::new("peer"), call, CancellationToken::new()).await
    }

    /// What the last call left in its spool, for a failing test.
    fn spooled(&self) -> String {
        let spool = self.root().join(format!("spool/peers-{}", self.number.load(Ordering::Relaxed)));
        let read = |name| fs::read_to_string(spool.join(name)).unwrap_or_default();
        ["exit.json", "stdout", "stderr", "shim.log"].map(|name| format!("--- {name}\n{}", read(name))).join("\n")
    }

    fn assert_class(&self, outcome: &Outcome, wanted: &str) {
        let class = match outcome {
            Ok(_) => "answered",
            Err(failure) => failure.class.as_str(),
        };
        assert_eq!(class, wanted, "{outcome:#?}\n{}", self.spooled());
        if let Err(failure) = outcome {
            assert!(!failure.message.contains(KEY) && !failure.message.contains('\n'), "{}", failure.message);
        }
    }

    /// Processes of this bench's calls that still run.
    fn left(&self) -> Vec<i32> {
        let marker = format!("SYNOD_CALL={}", self.root().display());
        let entries = fs::read_dir("/proc").expect("/proc").flatten();
        let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
        let holds = |pid: &i32| {
            let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
            String::from_utf8_lossy(&environment).contains(&marker)
        };
        pids.filter(holds).collect()
    }

    /// Every case, one after the other: they share the home, which some programs take long to fill.
    async fn all_cases(&self) {
        self.answers().await;
        self.reads_no_file_by_itself().await;
        self.goes_on_with_a_session().await;
        self.status(401, "worker_blocked").await;
        self.status(429, "rate_limited").await;
        self.status(500, "transient").await;
        self.hangs().await;
        self.is_stopped().await;
        self.is_killed().await;
    }

    async fn answers(&self) {
        self.server.always(On::prompt("CASE-OK"), Reply::text("ÄNSWER of the script"));
        let prompt = "-x\n/compact CASE-OK\nwrite to \"me\" 'now' $(id)";
        let outcome = self.call(prompt, PATIENCE).await;
        self.assert_class(&outcome, "answered");
        let reply = outcome.expect("an answer");
        assert_eq!(reply.text, "ÄNSWER of the script");
        assert_eq!(self.server.paid_for("CASE-OK"), 1);
        let seen = self.server.seen();
        let asked = seen.iter().find(|call| call.prompt.contains("CASE-OK")).expect("the call");
        assert!(asked.prompt.contains(prompt), "{}", asked.prompt);
        assert!(asked.prompt.contains("You are a reviewer."));
        assert!(format!("{:?}", asked.auth).contains(KEY), "{:?}", asked.auth);
        assert_eq!(self.left(), Vec::<i32>::new());
    }

    /// A task's text must not make the program read files and send them.
    async fn reads_no_file_by_itself(&self) {
        let (inside, outside) = (self.scratch.work().join("inside.txt"), self.scratch.home().join("outside.txt"));
        fs::write(&inside, "TEXT-INSIDE").expect("a file");
        fs::write(&outside, "TEXT-OUTSIDE").expect("a file");
        let outside = outside.display();
        let prompt =
            format!("@inside.txt @{outside} CASE-AT \\@inside.txt \"@inside.txt\" @\"inside.txt\" \\\\@{outside}");
        let outcome = self.call(&prompt, PATIENCE).await;
        self.assert_class(&outcome, "answered");
        let seen = self.server.seen();
        let calls: Vec<_> = seen.iter().filter(|call| call.prompt.contains("CASE-AT")).collect();
        assert_eq!(calls.len(), 1);
        for call in calls {
            assert!(!call.body.to_string().contains("TEXT-INSIDE"), "it sent the file inside");
            assert!(!call.body.to_string().contains("TEXT-OUTSIDE"), "it sent the file outside");
        }
    }

    async fn goes_on_with_a_session(&self) {
        let first = self.call("CASE-FIRST remember BLUEBIRD", PATIENCE).await.expect("a first answer");
        let Some(session) = first.session else {
            assert_eq!(self.worker.provider, Provider::GrokCli, "only Grok CLI has no sessions");
            return;
        };
        let mut asked = self.asked("CASE-SECOND", PATIENCE);
        asked.session = Some(session);
        let second = self.roster().call(&WorkerName::new("peer"), asked, CancellationToken::new()).await;
        self.assert_class(&second, "answered");
        let usage = (first.usage, second.expect("a second answer").usage);
        let tokens = (usage.0.input_tokens, usage.1.input_tokens);
        assert!(
            tokens.0 > 0 && tokens.1 < tokens.0 * 3 / 2,
            "the second turn must not count the first again: {tokens:?}"
        );
        let seen = self.server.seen();
        let call = seen.iter().find(|call| call.prompt.contains("CASE-SECOND")).expect("the second call");
        assert!(call.conversation.contains("BLUEBIRD"), "{}", call.conversation);
    }

    async fn status(&self, code: u16, class: &str) {
        let marker = format!("CASE-{code}");
        let reply = if code == 429 { Reply::rate_limited(1) } else { Reply::status(code) };
        self.server.always(On::prompt(&marker), reply);
        let outcome = self.call(&marker, PATIENCE).await;
        self.assert_class(&outcome, class);
        assert_eq!(self.left(), Vec::<i32>::new());
    }

    async fn hangs(&self) {
        self.server.always(On::prompt("CASE-HANG"), Reply::HangForever);
        let outcome = self.call("CASE-HANG", SHORT).await;
        self.assert_class(&outcome, "timeout");
        assert!(self.server.count_for("CASE-HANG") >= 1, "it never asked\n{}", self.spooled());
        assert_eq!(self.left(), Vec::<i32>::new());
    }

    async fn is_stopped(&self) {
        self.server.always(On::prompt("CASE-STOP"), Reply::HangForever);
        let (stop, worker, roster) = (CancellationToken::new(), WorkerName::new("peer"), self.roster());
        let call = roster.call(&worker, self.asked("CASE-STOP", PATIENCE), stop.clone());
        let stopper = async {
            self.reached("CASE-STOP").await;
            stop.cancel();
        };
        let (outcome, ()) = tokio::join!(call, stopper);
        self.assert_class(&outcome, "cancelled");
        assert_eq!(self.left(), Vec::<i32>::new());
    }

    async fn is_killed(&self) {
        self.server.always(On::prompt("CASE-KILL"), Reply::HangForever);
        let (worker, roster) = (WorkerName::new("peer"), self.roster());
        let call = roster.call(&worker, self.asked("CASE-KILL", PATIENCE), CancellationToken::new());
        let killer = async {
            self.reached("CASE-KILL").await;
            let shim = format!("peers-{}", self.number.load(Ordering::Relaxed));
            let is_shim = |pid: &i32| {
                let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
                String::from_utf8_lossy(&line).trim_end_matches('\0').ends_with(&shim)
            };
            for pid in self.left().into_iter().filter(|pid| !is_shim(pid)) {
                let pid = rustix::process::Pid::from_raw(pid).expect("a pid");
                let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
            }
        };
        let (outcome, ()) = tokio::join!(call, killer);
        self.assert_class(&outcome, "transient");
        assert_eq!(self.left(), Vec::<i32>::new());
    }

    /// Waits until the server has the call.
    async fn reached(&self, marker: &str) {
        let deadline = std::time::Instant::now() + PATIENCE;
        while self.server.count_for(marker) == 0 {
            assert!(std::time::Instant::now() < deadline, "{marker} never reached the server\n{}", self.spooled());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

/// A prompt of 1 MB reaches those programs whole that take one of that size.
#[tokio::test]
async fn a_megabyte_of_prompt_arrives_whole() {
    let takers = [
        ("claude", Provider::ClaudeCode, "claude-sonnet-4-5"),
        ("codex", Provider::Codex, "gpt-5"),
        ("gemini", Provider::GeminiCli, "gemini-2.5-flash"),
        ("opencode", Provider::Opencode, "m1"),
    ];
    for (name, provider, model) in takers {
        let Some(bench) = Bench::prepare(name, provider, model) else { continue };
        let prompt = format!("CASE-LONG {}THE END", "line with an é and a \"quote\"\n".repeat(32_000));
        assert!((950_000..1_040_000).contains(&prompt.len()), "{}", prompt.len());
        let outcome = bench.call(&prompt, PATIENCE).await;
        bench.assert_class(&outcome, "answered");
        let seen = bench.server.seen();
        assert!(seen.iter().any(|call| call.prompt.contains(&prompt)), "{name} did not send all of it");
    }
    let Some(bench) = Bench::prepare("grok", Provider::GrokCli, "grok-4") else { return };
    let outcome = bench.call(&"x".repeat(140_000), PATIENCE).await;
    bench.assert_class(&outcome, "request_refused");
    assert!(bench.server.seen().is_empty());
}

/// With the permission that is the default, no model can make its program change a file.
#[tokio::test]
async fn a_reader_writes_nothing() {
    let programs = [
        ("claude", Provider::ClaudeCode, "claude-sonnet-4-5"),
        ("codex", Provider::Codex, "gpt-5"),
        ("gemini", Provider::GeminiCli, "gemini-2.5-flash"),
        ("copilot", Provider::CopilotCli, "gpt-4.1"),
        ("opencode", Provider::Opencode, "m1"),
    ];
    for (name, provider, model) in programs {
        let Some(bench) = Bench::prepare(name, provider, model) else { continue };
        let call = peers::shell_call(name, "touch written.txt; echo x > written-too.txt");
        bench.server.queue(On::any(), [Reply::Tools(vec![call])]);
        let outcome = bench.call("CASE-TOOLS", PATIENCE).await;
        let tools = bench.server.seen().iter().map(|call| call.tool_results).max().unwrap_or_default();
        assert!(tools > 0 || outcome.is_err(), "{name}: the tool was not answered\n{}", bench.spooled());
        let left: Vec<_> =
            fs::read_dir(bench.scratch.work()).expect("the folder").flatten().map(|file| file.path()).collect();
        assert!(left.is_empty(), "{name} left {left:?}\n{}", bench.spooled());
    }
    let Some(mut bench) = Bench::prepare("grok", Provider::GrokCli, "grok-4") else { return };
    bench.worker.permission = Permission::Read;
    let outcome = bench.call("CASE-TOOLS", PATIENCE).await;
    bench.assert_class(&outcome, "worker_blocked");
}

/// A test of every case for one program.
macro_rules! program {
    ($test:ident: $name:literal, $provider:ident, $model:literal) => {
        #[tokio::test]
        async fn $test() {
            let Some(bench) = Bench::prepare($name, Provider::$provider, $model) else { return };
            bench.all_cases().await;
        }
    };
}

program!(claude_code: "claude", ClaudeCode, "claude-sonnet-4-5");
program!(codex: "codex", Codex, "gpt-5");
program!(gemini_cli: "gemini", GeminiCli, "gemini-2.5-flash");
program!(copilot_cli: "copilot", CopilotCli, "gpt-4.1");
program!(opencode: "opencode", Opencode, "m1");
program!(grok_cli: "grok", GrokCli, "grok-4");
