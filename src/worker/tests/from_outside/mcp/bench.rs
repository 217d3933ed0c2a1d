//! What the tests share: a folder, a worker with one tool of a server, and waiting by condition.

use indexmap::IndexMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use synod::board::{AttemptKey, Failure, TaskId, WorkerName};
use synod::config::{Environment, Settings, Worker};
use synod::worker::{Call, Outcome, Pace, Reply, Roster, RosterParts, ShimProgram, shim};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

/// How long a condition may take to come true on a machine that is busy with other things.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Not a test: what this binary does when it is started as a helper. Its folder is the last argument.
#[test]
#[ignore = "run by the other tests, as a process of its own"]
fn shim_process() {
    let folder = std::env::args().next_back().expect("a folder");
    shim::run(Path::new(&folder)).expect("the helper does its work");
}

/// This binary's arguments to run one of the processes that are no tests.
pub(crate) fn as_process(module: &str, name: &str) -> Vec<String> {
    let name = crate::test_name(module, name);
    ["--exact", name.as_str(), "--ignored", "--nocapture", "--test-threads=1"].map(str::to_owned).to_vec()
}

/// This binary.
pub(crate) fn this_program() -> PathBuf {
    std::env::current_exe().expect("this program")
}

/// A scratch folder with a roster in which one worker, `w`, is a tool.
pub(crate) struct Bench {
    folder: TempDir,
    roster: Option<Roster>,
}

impl Bench {
    /// With a worker of these settings. `more` is added to what its server may see.
    pub(crate) fn new(settings: &str, more: &[(&str, &str)]) -> Self {
        let folder = TempDir::with_prefix("synod-mcp-").expect("a scratch folder");
        Self { roster: Some(roster(folder.path(), settings, more)), folder }
    }

    /// With this tool of the test's own server, run as a child.
    pub(crate) fn child(tool: &str, more: &[(&str, &str)]) -> Self {
        Self::new(&child_settings(tool), more)
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn has(&self, note: &str) -> bool {
        self.path().join(note).exists()
    }

    pub(crate) async fn call(&self, prompt: &str) -> Outcome {
        self.call_within(prompt, PATIENCE, CancellationToken::new()).await
    }

    pub(crate) async fn call_within(&self, prompt: &str, time_left: Duration, stop: CancellationToken) -> Outcome {
        let call = Call {
            key: AttemptKey { task: TaskId::slug("job"), number: 1 },
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
            folder: self.path().to_owned(),
        };
        let roster = self.roster.as_ref().expect("it has not ended");
        roster.call(&WorkerName::new("w"), call, stop).await
    }

    pub(crate) async fn said(&self, prompt: &str) -> Reply {
        self.call(prompt).await.expect("an answer")
    }

    pub(crate) async fn failure(&self, prompt: &str) -> Failure {
        self.call(prompt).await.expect_err("no answer")
    }

    /// Ends the workers, as the daemon's end does.
    pub(crate) fn end(&mut self) {
        self.roster = None;
    }

    /// Processes that belong to the servers of this bench.
    pub(crate) fn processes(&self) -> usize {
        marked(self.path())
    }
}

/// The settings of a worker with this tool of the test's own server.
pub(crate) fn child_settings(tool: &str) -> String {
    let command = std::iter::once(this_program().display().to_string()).chain(super::server::process());
    let command: Vec<String> = command.collect();
    format!("provider = 'mcp'\ncommand = {command:?}\ntool = '{tool}'\nenv = ['TEST_NOTES', 'TEST_OLD']")
}

/// A roster with this worker below a folder.
pub(crate) fn roster(folder: &Path, settings: &str, more: &[(&str, &str)]) -> Roster {
    let text = format!("[limits]\nworker_grace = '300ms'\n[workers.w]\n{settings}");
    let Settings { workers, limits, .. } = synod::config::parse(&text).expect("settings").settings;
    let workers: IndexMap<String, Worker> = workers;
    let notes = folder.display().to_string();
    let path = std::env::var("PATH").unwrap_or_default();
    let base = [("PATH", path.as_str()), ("TEST_NOTES", notes.as_str())];
    let environment = Environment::of(base.into_iter().chain(more.iter().copied())).at(folder);
    let args = as_process(module_path!(), "shim_process");
    Roster::new(RosterParts {
        workers: &workers,
        environment: &environment,
        limits: &limits,
        spool: folder.join("spool"),
        homes: folder.join("homes"),
        shim: ShimProgram { program: this_program(), args, env: Vec::new(), standby_max: 0 },
        pace: Pace::Instant,
        recorder: None,
    })
}

/// How many processes carry the mark of a server below this folder.
pub(crate) fn marked(folder: &Path) -> usize {
    let mark = format!("SYNOD_CALL={}", folder.display());
    let holds = |environ: Vec<u8>| environ.split(|byte| *byte == 0).any(|entry| entry.starts_with(mark.as_bytes()));
    let processes = std::fs::read_dir("/proc").expect("/proc").flatten();
    let live = |path: &PathBuf| !std::fs::read_to_string(path.join("stat")).unwrap_or_default().contains(") Z ");
    processes
        .map(|entry| entry.path())
        .filter(live)
        .filter(|path| std::fs::read(path.join("environ")).is_ok_and(holds))
        .count()
}

/// Waits until a condition holds.
pub(crate) async fn until(what: &str, holds: impl Fn() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < PATIENCE, "it never came true that {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
