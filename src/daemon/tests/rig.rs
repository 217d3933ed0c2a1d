//! A workspace in a temporary folder, a daemon in it, and waiting by condition.

use super::workers::{PATIENCE, Workers};
use crate::api::{Error, Handle, NewTask, Overrides, Reply, Request, Status, TaskView};
use crate::board::prompt;
use crate::board::rules::{CallLimits, ConsensusRules, PlanLimits, SelectionRules, WorkerRule};
use crate::board::{
    self, Event, Input, Offer, Priority, Rules, Seq, Source, State, TaskId, TaskSpec, Timestamp, WorkerName, routing,
};
use crate::config::Settings;
use crate::daemon::{
    CallPlaces, Daemon, Desk, DeskParams, Facts, Jobs, LoopLimits, MemoryParts, Order, OrderLimits, Parts, Takes,
};
use crate::folder::context;
use crate::folder::intake::{self, Intake};
use crate::folder::mirror::{self, Roots};
use crate::folder::publish::{self, Publisher};
use crate::store::{AnswerLimits, Answers, Batch, Store};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// A judging task that asks everybody.
pub(super) const REVIEW: &str = "---\nkind: check\nmode: architectural\n---\nCheck the design.\n";
/// A task for one worker.
pub(super) const SIMPLE: &str = "---\nkind: documentation\nmode: simple\n---\nDescribe the design.\n";

const ANSWERS: AnswerLimits = AnswerLimits { entries_max: 100, age_max: Duration::from_secs(3600) };

/// The workspace, and how its daemon is to be.
pub(super) struct Rig {
    folder: TempDir,
    pub(super) rules: Rules,
    pub(super) limits: LoopLimits,
    pub(super) intake: bool,
    pub(super) look: bool,
    /// Workers that somebody outside plays.
    pub(super) outside: Vec<WorkerName>,
    /// Those of them that are people.
    pub(super) people: Vec<WorkerName>,
    pub(super) lease: Duration,
    /// Whether memories have files.
    pub(super) files: bool,
    pub(super) orders: Vec<Order>,
    pub(super) order_limits: OrderLimits,
    pub(super) takes: BTreeMap<WorkerName, Takes>,
}

impl Rig {
    pub(super) fn new(workers: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("memories")).unwrap();
        Self {
            folder,
            rules: rules(workers),
            limits: limits(),
            intake: false,
            look: false,
            outside: Vec::new(),
            people: Vec::new(),
            lease: Duration::from_secs(300),
            files: true,
            orders: Vec::new(),
            order_limits: OrderLimits { chain_max: 3, runs_per_hour_max: 20 },
            takes: BTreeMap::new(),
        }
    }

    pub(super) fn root(&self) -> &Path {
        self.folder.path()
    }

    pub(super) fn coordination(&self, path: &str) -> PathBuf {
        self.root().join("AI_COORDINATION").join(path)
    }

    pub(super) fn read(&self, path: &str) -> String {
        let path = self.coordination(path);
        std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    /// The names in a folder below the coordination folder.
    pub(super) fn names(&self, folder: &str) -> Vec<String> {
        let Ok(entries) = std::fs::read_dir(self.coordination(folder)) else { return Vec::new() };
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    pub(super) fn store(&self) -> Store {
        Store::open(&self.root().join(".synod/store"), &self.root().join(".synod/blobs")).unwrap().store
    }

    pub(super) fn publisher(&self) -> Publisher {
        let (coordination, memories) = (self.root().join("AI_COORDINATION"), self.root().join("memories"));
        let limits = publish::Limits::default();
        Publisher::open(publish::Params { coordination, memories, secrets: Vec::new(), limits }).unwrap()
    }

    pub(super) fn places(&self) -> CallPlaces {
        CallPlaces {
            root: self.root().to_owned(),
            coordination: self.coordination(""),
            memories: self.root().join("memories"),
            takes: self.takes.clone(),
            wishes: BTreeMap::new(),
            code_base_bytes_max: 1 << 20,
            image_bytes_max: 1 << 16,
            images_max: 2,
            role_text_bytes_max: 1 << 16,
            context: context::Limits { bytes_max: 1 << 20, file_bytes_max: 1 << 20, files_max: 100 },
            prompt: prompt::Limits { prompt_bytes_max: 1 << 20 },
        }
    }

    /// Makes these workers ones that somebody outside plays.
    pub(super) fn outside(mut self, workers: &[&str]) -> Self {
        self.outside = workers.iter().map(|name| WorkerName::new(*name)).collect();
        for rule in &mut self.rules.workers {
            rule.outside = self.outside.contains(&rule.name);
        }
        self
    }

    fn desk(&self) -> Desk {
        let folder = self.root().join(".synod/desk");
        let workers = self.outside.iter().cloned().collect();
        Desk::open(DeskParams {
            folder,
            workers,
            people: self.people.iter().cloned().collect(),
            lease: self.lease,
            answer_bytes_max: 10 << 20,
        })
        .unwrap()
    }

    fn parts(&self, workers: &Arc<Workers>) -> Parts {
        let places = intake::Places { root: self.root().to_owned(), coordination: self.root().join("AI_COORDINATION") };
        let intake_limits = intake::Limits { rescan: Duration::from_millis(200), ..intake::Limits::default() };
        let publisher = self.publisher();
        Parts {
            jobs: Jobs::new(tokio::runtime::Handle::current()),
            store: self.store(),
            publisher,
            intake: self.intake.then(|| Intake::open(&places, intake_limits.clone()).unwrap()),
            caller: Arc::new(Arc::clone(workers)),
            desk: (!self.outside.is_empty()).then(|| Arc::new(self.desk())),
            rules: self.rules.clone(),
            places: self.places(),
            intake_limits,
            handoff_log: self.coordination("communication/INTERCOMMUNICATION_LOG.md"),
            limits: self.limits.clone(),
            input_queue_max: 1024,
            facts: Facts {
                listen: None,
                workspace: "here".to_owned(),
                coordination: self.coordination(""),
                providers: BTreeMap::from([("a".to_owned(), "played".to_owned())]),
            },
            memories: self.memory_parts(),
            answers: Some(Answers::new(self.root().join(".synod/answers"), ANSWERS)),
            trees: None,
            look: self.look,
        }
    }

    /// The memory bus with the folder `memories`, the user's folder `global` and an index.
    pub(super) fn memory_parts(&self) -> MemoryParts {
        let roots = Roots { memories: self.root().join("memories"), global: Some(self.root().join("global")) };
        let limits = mirror::Limits { rescan: Duration::from_millis(300), ..mirror::Limits::default() };
        std::fs::create_dir_all(self.root().join(".synod")).unwrap();
        MemoryParts {
            folders: self.files.then_some((roots, limits)),
            index: Some(self.root().join(".synod/search.db")),
            cache_bytes_max: 1 << 20,
            orders: self.orders.clone(),
            order_limits: self.order_limits,
        }
    }

    pub(super) fn start(&self, workers: &Arc<Workers>) -> Running {
        self.start_after(workers, || {})
    }

    /// Starts after something happened to the workspace that was just opened.
    pub(super) fn start_after(&self, workers: &Arc<Workers>, happens: impl FnOnce()) -> Running {
        let parts = self.parts(workers);
        happens();
        let jobs = parts.jobs.clone();
        let daemon = Daemon::start(parts, &tokio::runtime::Handle::current()).unwrap();
        Running { handle: daemon.handle(), daemon, jobs }
    }

    /// Stores what these inputs make true, each as a batch of its own, as an earlier daemon would have; none of it stands in
    /// files. Gives the state that follows.
    pub(super) fn lived_through(&self, inputs: Vec<Input>) -> State {
        let mut store = self.store();
        let mut state = State::resume(store.globals().clone(), store.memories().unwrap());
        for batch in batches(&mut state, &self.rules, inputs) {
            store.append(&Batch { events: batch, ..Batch::default() }).unwrap();
        }
        state
    }
}

/// The events of each input, taken in turn.
pub(super) fn batches(state: &mut State, rules: &Rules, inputs: Vec<Input>) -> Vec<Vec<(Seq, Event)>> {
    let take = |input| {
        let mut events = Vec::new();
        board::take(state, rules, input, &mut |_, seq, event| events.push((seq, event))).unwrap();
        events
    };
    inputs.into_iter().map(take).collect()
}

fn rules(workers: &[&str]) -> Rules {
    let settings = Settings::default();
    let worker = |name: &&str| WorkerRule {
        name: WorkerName::new(*name),
        model: format!("model of {name}"),
        tier: 2,
        family: (*name).to_owned(),
        price: None,
        roles: Vec::new(),
        strengths: Vec::new(),
        max_concurrent: 8,
        timeout: Duration::from_secs(300),
        outside: false,
        person: false,
        window_tokens: None,
        vision: false,
        sessions: board::rules::Sessions::None,
    };
    Rules {
        workers: workers.iter().map(worker).collect(),
        limits: CallLimits {
            concurrent_calls_max: 64,
            retries_max: 1,
            backoff_first: Duration::from_millis(4),
            backoff_max: Duration::from_millis(5),
            retry_after_max: Duration::from_secs(60),
            failures_before_rest: 100,
            rest_first: Duration::from_secs(30),
            rest_max: Duration::from_secs(60),
            rate_limit_rest: Duration::from_secs(15),
            rate_limit_rest_max: Duration::from_secs(60),
            overrun_grace: Duration::from_secs(15),
            open_tasks_max: 1000,
            attempts_per_task_max: 50,
            batch_steps_max: 1,
            budget_usd_per_day: None,
        },
        consensus: ConsensusRules {
            threshold: BTreeMap::from(Priority::ALL.map(|priority| (priority, 0.7))),
            caution_margin: 0.1,
            conflict_runner_up: 0.2,
            tier_prior: [0.80, 0.775, 0.75, 0.725, 0.70],
            prior_strength: 20.0,
            family_correlation: 0.5,
            require_human: vec![Priority::Critical],
            rounds_max: 2,
            proofs_max: 2,
            early_stop: false,
        },
        catalog: routing::Catalog::read(&settings.catalog).unwrap(),
        plans: PlanLimits::default(),
        people: Default::default(),
        selection: SelectionRules::default(),
        memory: board::memory::MemoryRules::default(),
    }
}

pub(super) fn limits() -> LoopLimits {
    LoopLimits {
        batch_inputs_max: 256,
        notices_max: 1000,
        page_items_max: 200,
        shutdown_grace: Duration::from_secs(30),
        crash_after_append: None,
    }
}

/// A task as a face would hand it in, at this moment, read from `content`.
pub(super) fn offer(name: &str, content: &str, at: Timestamp, source: Option<Source>) -> Offer {
    let draft =
        intake::format::read("task.md", content.as_bytes(), Path::new("/"), &intake::Limits::default()).unwrap();
    let (words, text) = (draft.text.clone(), board::Text::short(draft.text.clone()));
    let spec: TaskSpec = draft.into_spec(text);
    let source = source.unwrap_or_else(|| Source::Face { by: "test".to_owned(), hash: format!("hash of {name}") });
    Offer { at, id: TaskId::slug(name), spec, words, source, ended: BTreeMap::new(), needs: board::Needs::default() }
}

/// The request that hands in a task under a name.
pub(super) fn submit(name: &str, content: &str) -> Request {
    Request::Submit(Box::new(NewTask {
        name: Some(name.to_owned()),
        // Different names are different tasks, so their bytes differ.
        content: format!("{content}\nThis is {name}.\n"),
        format: Some("md".to_owned()),
        overrides: Overrides::default(),
        by: "test".to_owned(),
    }))
}

pub(super) fn id(name: &str) -> TaskId {
    TaskId::slug(name)
}

/// A daemon at work.
pub(super) struct Running {
    pub(super) daemon: Daemon,
    pub(super) handle: Handle,
    pub(super) jobs: Jobs,
}

impl Running {
    pub(super) async fn ask(&self, request: Request) -> Result<Reply, Error> {
        tokio::time::timeout(PATIENCE, self.handle.ask(request)).await.expect("no reply came")
    }

    pub(super) async fn submit(&self, name: &str, content: &str) -> TaskId {
        match self.ask(submit(name, content)).await {
            Ok(Reply::Accepted { task }) => task,
            other => panic!("{name} was not accepted: {other:?}"),
        }
    }

    pub(super) async fn show(&self, name: &str) -> TaskView {
        match self.ask(Request::Show { task: id(name) }).await {
            Ok(Reply::Task(view)) => *view,
            other => panic!("{name} is not shown: {other:?}"),
        }
    }

    /// Waits until a task rests.
    pub(super) async fn rested(&self, name: &str) -> TaskView {
        match self.ask(Request::Wait { task: id(name), for_ms: u64::MAX }).await {
            Ok(Reply::Task(view)) => *view,
            other => panic!("{name} does not rest: {other:?}"),
        }
    }

    pub(super) async fn status(&self) -> Status {
        match self.ask(Request::Status).await {
            Ok(Reply::Status(status)) => status,
            other => panic!("no status: {other:?}"),
        }
    }

    /// Waits until the status is as wanted.
    pub(super) async fn until(&self, what: &str, wanted: impl Fn(&Status) -> bool) -> Status {
        let start = Instant::now();
        loop {
            let status = self.status().await;
            if wanted(&status) {
                return status;
            }
            assert!(start.elapsed() < PATIENCE, "it never came true that {what}: {status:?}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Waits until so many tasks have left the state for their histories.
    pub(super) async fn archived(&self, tasks: usize) {
        let start = Instant::now();
        loop {
            let ended = Request::Tasks { state: None, limit: None, before: Some((1 << 52) - 1) };
            match self.ask(ended).await {
                Ok(Reply::Tasks { tasks: rows, .. }) if rows.len() >= tasks => return,
                Ok(Reply::Tasks { .. }) => {}
                other => panic!("no list: {other:?}"),
            }
            assert!(start.elapsed() < PATIENCE, "{tasks} tasks were never archived");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Ends it in order.
    pub(super) async fn end(mut self) {
        self.daemon.stop(false).await;
        self.over().await.unwrap();
    }

    /// Ends it at once.
    pub(super) async fn end_hard(mut self) {
        self.daemon.stop(true).await;
        self.over().await.unwrap();
    }

    /// Waits until it is over.
    pub(super) async fn over(&mut self) -> Result<(), crate::daemon::Error> {
        let over = tokio::time::timeout(PATIENCE, self.daemon.loop_ended()).await.expect("the loop does not end");
        tokio::time::timeout(PATIENCE, self.jobs.ended()).await.expect("a job does not end");
        over
    }
}

/// Waits until a condition holds.
pub(super) async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < PATIENCE, "it never came true that {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Waits until a condition that must be asked for holds.
pub(super) async fn until_async(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let start = Instant::now();
    while !holds().await {
        assert!(start.elapsed() < PATIENCE, "it never came true that {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
