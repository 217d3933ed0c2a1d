//! A workspace of its own for each test, an engine in it, workers that answer as told, and waiting by condition.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use synod::api::{Handle, Reply, Request, TaskView};
use synod::app::{Engage, Engine, Options, Place};
use synod::board::{AttemptKey, Failure, FailureClass, TaskId, Usage, WorkerName};
use synod::daemon::{Caller, Calling};
use synod::worker::{self, Call};
use tokio_util::sync::CancellationToken;

/// How long a condition may take to come true before the test fails. Generous: the machine may be busy.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A verdict block as a model would write it.
pub(crate) fn verdict(stance: &str) -> String {
    format!(
        "I looked at it.\n\n```json\n{{\"verdict\": \"{stance}\", \"claims\": [], \"confidence\": 0.9, \"would_change_my_mind\": \"\"}}\n```\n"
    )
}

/// What a scripted worker does with a call.
#[derive(Clone)]
pub(crate) enum Script {
    /// Answers.
    Say(String),
    /// Answers with everything that a worker can say of itself.
    Give(Box<worker::Reply>),
    /// Answers after a while.
    SayAfter(Duration, String),
    /// Answers once a condition holds.
    SayWhen(Arc<dyn Fn() -> bool + Send + Sync>, String),
    /// Fails.
    Fail(FailureClass, String),
    /// Never answers; ends when it is stopped or its time is up.
    Hang,
}

type Rule = dyn Fn(&str, &Call) -> Script + Send + Sync;

/// Workers that do as a rule says, and remember every call.
pub(crate) struct Scripted {
    rule: Box<Rule>,
    /// Worker and prompt of every call, in order.
    pub(crate) calls: Mutex<Vec<(String, String)>>,
}

impl Scripted {
    pub(crate) fn new(rule: impl Fn(&str, &Call) -> Script + Send + Sync + 'static) -> Arc<Self> {
        Arc::new(Self { rule: Box::new(rule), calls: Mutex::new(Vec::new()) })
    }

    /// How many calls each worker got.
    pub(crate) fn counts(&self) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for (worker, _) in self.calls.lock().unwrap().iter() {
            *counts.entry(worker.clone()).or_default() += 1;
        }
        counts
    }
}

/// A failure of a class.
pub(crate) fn failure(class: FailureClass, message: &str) -> Failure {
    Failure { class, message: message.to_owned(), after_s: 0.0, usage: Usage::default() }
}

impl Caller for Scripted {
    fn call(&self, worker: &WorkerName, call: Call, stop: CancellationToken) -> Calling {
        self.calls.lock().unwrap().push((worker.as_str().to_owned(), call.prompt.clone()));
        let script = (self.rule)(worker.as_str(), &call);
        let model = format!("{worker}-model");
        Box::pin(async move {
            let say = |text: String| {
                let usage = Usage { input_tokens: 10, output_tokens: 5, cached_tokens: 0, cost_usd: Some(0.001) };
                Ok(worker::Reply { text, structured: None, model, session: None, usage, files_modified: Vec::new() })
            };
            match script {
                Script::Say(text) => say(text),
                Script::Give(reply) => Ok(*reply),
                Script::SayAfter(pause, text) => tokio::select! {
                    () = tokio::time::sleep(pause) => say(text),
                    () = stop.cancelled() => Err(failure(FailureClass::Cancelled, "stopped")),
                },
                Script::SayWhen(holds, text) => {
                    until("the worker may answer", || holds()).await;
                    say(text)
                }
                Script::Fail(class, message) => Err(failure(class, &message)),
                Script::Hang => tokio::select! {
                    () = tokio::time::sleep(call.time_left) => Err(failure(FailureClass::Timeout, "no answer in time")),
                    () = stop.cancelled() => Err(failure(FailureClass::Cancelled, "stopped")),
                },
            }
        })
    }

    fn resume(&self, _: &WorkerName, _: &AttemptKey, _: CancellationToken) -> Option<Calling> {
        None
    }

    fn forget(&self, _: &AttemptKey) {}

    fn kept(&self) -> Vec<AttemptKey> {
        Vec::new()
    }
}

/// A workspace in a temporary folder.
pub(crate) struct Workspace {
    folder: tempfile::TempDir,
}

impl Workspace {
    /// With these settings.
    pub(crate) fn new(settings: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("synod.toml"), settings).unwrap();
        let workspace = Self { folder };
        synod::app::init(&workspace.options()).unwrap();
        workspace
    }

    /// With workers of these names, which only a scripted caller can reach. Short pauses, so that tests are quick.
    pub(crate) fn with_workers(names: &[&str], more: &str) -> Self {
        let workers: String = names
            .iter()
            .map(|name| format!("[workers.{name}]\nprovider = \"command\"\ncommand = [\"true\"]\nfamily = \"{name}\"\nmax_concurrent = 64\n"))
            .collect();
        let limits = "[limits]\nmax_concurrent_calls = 64\nbackoff_initial = \"10ms\"\nrescan_interval = \"200ms\"\n";
        Self::new(&format!("{limits}{more}\n{workers}"))
    }

    pub(crate) fn root(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn options(&self) -> Options {
        Options { start: Some(self.root().to_owned()), flags: Vec::new() }
    }

    pub(crate) fn place(&self) -> Place {
        synod::app::workspace(&self.options()).unwrap()
    }

    /// Starts an engine with these workers.
    pub(crate) async fn engine(&self, caller: Arc<dyn Caller>) -> Engine {
        let engage = Engage { intake: true, caller: Some(caller), ..Engage::default() };
        Engine::start(&self.place(), engage).await.unwrap()
    }

    /// A path below the coordination folder.
    pub(crate) fn coordination(&self, path: &str) -> PathBuf {
        self.root().join("AI_COORDINATION").join(path)
    }

    /// Drops a file as a careful program does: whole, by rename.
    pub(crate) fn drop_file(&self, name: &str, content: impl AsRef<[u8]>) {
        let draft = self.coordination(&format!("tasks/.{name}.draft"));
        std::fs::write(&draft, content).unwrap();
        std::fs::rename(&draft, self.coordination(&format!("tasks/{name}"))).unwrap();
    }

    pub(crate) fn read(&self, path: &str) -> String {
        let path = self.coordination(path);
        std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    /// What stands in a file by now, which may be nothing: for those who wait until it is written.
    pub(crate) fn read_so_far(&self, path: &str) -> String {
        std::fs::read_to_string(self.coordination(path)).unwrap_or_default()
    }

    /// The names in a folder below the coordination folder.
    pub(crate) fn names(&self, folder: &str) -> Vec<String> {
        let Ok(entries) = std::fs::read_dir(self.coordination(folder)) else { return Vec::new() };
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    pub(crate) fn decision(&self, task: &str) -> serde_json::Value {
        serde_json::from_str(&self.read(&format!("decisions/{task}.json"))).unwrap()
    }
}

/// Waits until a condition holds.
pub(crate) async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < PATIENCE, "it never came true that {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Waits until a task has ended or waits for a person.
pub(crate) async fn rested(handle: &Handle, task: &str) -> TaskView {
    let id = TaskId::parse(task).unwrap();
    let start = Instant::now();
    loop {
        match handle.ask(Request::Wait { task: id.clone(), for_ms: 5_000 }).await {
            Ok(Reply::Task(view)) if view.rests() => return *view,
            Ok(_) | Err(_) => {}
        }
        assert!(start.elapsed() < PATIENCE, "{task} never came to rest");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Checks the handoff log's chain; how many entries stand in it.
pub(crate) async fn verified(handle: &Handle) -> u64 {
    match handle.ask(Request::VerifyLog).await {
        Ok(Reply::LogVerified { entries, broken: None }) => entries,
        other => panic!("the log does not hold: {other:?}"),
    }
}

/// Ends an engine in good order.
pub(crate) async fn end(mut engine: Engine) {
    engine.stop(false).await;
    engine.ended().await.unwrap();
}
