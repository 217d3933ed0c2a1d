//! An engine at work: the daemon with everything it needs, opened in order and closed in the reverse order.

use super::error::Error;
use super::faces;
use super::place::Place;
use super::rules::{orders, rules};
use crate::api::Handle;
use crate::board::routing::Catalog;
use crate::board::{WorkerName, prompt};
use crate::config::{self, Layout, Transport, Worker};
use crate::daemon::{
    CallPlaces, Caller, Daemon, Desk, DeskParams, Facts, Jobs, Lock, LoopLimits, MemoryParts, OrderLimits, Parts,
    RosterCaller, Takes,
};
use crate::folder::context;
use crate::folder::intake::{self, Intake};
use crate::folder::mirror;
use crate::folder::publish::{self, Publisher};
use crate::http;
use crate::store::{AnswerLimits, Answers, Store};
use crate::worker::worktree::{Trees, TreesParts};
use crate::worker::{Pace, Recorder, Roster, RosterParts, ShimProgram, Wishes};
use indexmap::IndexMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// How the engine is to be engaged.
#[derive(Clone, Default)]
pub struct Engage {
    /// Whether dropped files are taken in.
    pub intake: bool,
    /// Whether the socket is served.
    pub socket: bool,
    /// Whether the TCP port of the settings is served too.
    pub port: bool,
    /// Whether it may start without any worker: memories and outside agents need none, and tasks wait.
    pub workerless: bool,
    /// Only to ask and to tell: no call is started, and no worker is needed. What is open stays open.
    pub look: bool,
    /// Where calls are recorded.
    pub record: Option<PathBuf>,
    /// Kill the process right after this append (the crash test's tool).
    pub crash_after_append: Option<u64>,
    /// Workers to use instead of the configured ones (benches, tests).
    pub caller: Option<Arc<dyn Caller>>,
    /// How fast recorded answers are played.
    pub pace: Pace,
}

/// A running engine.
#[derive(Debug)]
pub struct Engine {
    daemon: Daemon,
    serving: CancellationToken,
    jobs: Jobs,
    _lock: Lock,
}

impl Engine {
    /// Starts an engine on the current runtime: lock, socket, store, folder, workers, loop.
    ///
    /// # Errors
    /// When another one serves the workspace, there is no worker, or something cannot be opened.
    pub async fn start(place: &Place, engage: Engage) -> Result<Self, Error> {
        let workers = place.workers();
        if workers.is_empty() && engage.caller.is_none() && !engage.look && !engage.workerless {
            let ways = place.discovery().quickest_ways().map(|missing| missing.get.clone()).collect();
            return Err(Error::NoWorker { ways });
        }
        let rules = rules(place, &workers).map_err(|what| Error::Settings { what })?;
        let layout = &place.layout;
        make_private(&layout.dot_synod)?;
        let lock = Lock::take(&layout.lock)?;
        let listener = if engage.socket {
            Some(http::bind(layout).map_err(|error| Error::Socket(error.to_string()))?)
        } else {
            None
        };
        let port = if engage.port { listen(place).await } else { None };
        let opened = Store::open(&layout.store, &layout.blobs)?;
        let limits = &place.loaded.settings.limits;
        let publisher = Publisher::open(publish::Params {
            coordination: layout.coordination.clone(),
            memories: layout.memories.clone(),
            secrets: place.environment.secrets(&place.loaded.settings),
            limits: publish_limits(limits),
        })?;
        let intake_limits = intake_limits(limits);
        let intake =
            if engage.intake { Some(Intake::open(&intake_places(layout), intake_limits.clone())?) } else { None };
        let jobs = Jobs::new(tokio::runtime::Handle::current());
        let providers =
            workers.iter().map(|(name, worker)| (name.clone(), worker.provider.as_str().to_owned())).collect();
        let caller = match engage.caller {
            Some(caller) => caller,
            None => Arc::new(RosterCaller::new(roster(place, &workers, engage.record.as_deref(), engage.pace)?)),
        };
        let desk = desk(place, &workers)?;
        let parts = Parts {
            jobs: jobs.clone(),
            store: opened.store,
            publisher,
            intake,
            caller,
            desk: Some(Arc::new(desk)),
            places: call_places(layout, limits, &workers, &rules.catalog),
            rules,
            intake_limits,
            handoff_log: layout.handoff_log.clone(),
            limits: loop_limits(limits, engage.crash_after_append),
            input_queue_max: limits.input_queue_max,
            facts: Facts {
                listen: port.as_ref().map(|port| port.address().to_string()),
                workspace: layout.root.display().to_string(),
                coordination: layout.coordination.clone(),
                providers,
            },
            memories: memory_parts(place),
            answers: answers(place),
            trees: Some(trees(place)),
            look: engage.look,
        };
        let daemon = Daemon::start(parts, &tokio::runtime::Handle::current())?;
        let serving = CancellationToken::new();
        if let Some(listener) = listener {
            let spawn = connections(&jobs);
            let face = http::Face {
                handle: daemon.handle(),
                limits: http::Limits::from(limits),
                mounts: faces::mounts(daemon.handle(), layout, limits, Arc::clone(&spawn), serving.clone()),
                spawn,
                stop: serving.clone(),
            };
            let face = http::serve(face, listener, port);
            jobs.start("socket", face, |said| tracing::error!(said, "the socket is no longer served"));
        }
        Ok(Self { daemon, serving, jobs, _lock: lock })
    }

    /// A way to ask it.
    pub fn handle(&self) -> Handle {
        self.daemon.handle()
    }

    /// Tells it to end; running calls get the grace unless `hard`, or unless it was told before.
    pub async fn stop(&self, hard: bool) {
        self.daemon.stop(hard).await;
    }

    /// Waits until the loop is over, then lets faces drain and the lock go.
    ///
    /// # Errors
    /// When the loop stopped because the store failed.
    pub async fn ended(&mut self) -> Result<(), Error> {
        let over = self.daemon.loop_ended().await;
        self.serving.cancel();
        self.jobs.ended().await;
        Ok(over?)
    }
}

/// Takes the port of the settings. A port that cannot be had must not keep the work from going on, so the socket is then
/// served alone.
async fn listen(place: &Place) -> Option<http::Port> {
    let config::Listen::Tcp(address) = place.loaded.settings.http.listen else { return None };
    match http::Port::listen(address, &place.layout.token).await {
        Ok(port) => {
            tracing::info!(address = %port.address(), "the HTTP face listens");
            Some(port)
        }
        Err(error) => {
            tracing::warn!(%error, "the HTTP face is served on the socket alone");
            None
        }
    }
}

/// How the HTTP face starts the work of its connections.
fn connections(jobs: &Jobs) -> http::Spawn {
    let jobs = jobs.clone();
    Arc::new(move |work| jobs.start("connection", work, |said| tracing::error!(said, "a connection was dropped")))
}

/// Makes a folder that only this user can enter.
pub(super) fn make_private(folder: &Path) -> Result<(), Error> {
    use std::os::unix::fs::DirBuilderExt;
    let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.map_err(|source| {
        let no_folder = folder.exists() && !folder.is_dir();
        let path = folder.display().to_string();
        if no_folder { Error::NoFolder { path } } else { Error::File { path, source } }
    })
}

/// The desk at which outside agents take the steps of the workers they play.
fn desk(place: &Place, workers: &IndexMap<String, Worker>) -> Result<Desk, Error> {
    let outside = workers.iter().filter(|(_, worker)| worker.provider.is_outside());
    let people = workers.iter().filter(|(_, worker)| worker.provider == config::Provider::Human);
    let limits = &place.loaded.settings.limits;
    Ok(Desk::open(DeskParams {
        folder: place.layout.dot_synod.join("desk"),
        workers: outside.map(|(name, _)| WorkerName::new(name.as_str())).collect(),
        people: people.map(|(name, _)| WorkerName::new(name.as_str())).collect(),
        lease: limits.work_lease,
        answer_bytes_max: limits.output_bytes_max,
    })?)
}

fn publish_limits(limits: &config::Limits) -> publish::Limits {
    publish::Limits {
        page_text_bytes_max: limits.page_text_bytes_max,
        memory_bytes_max: limits.memory_bytes_max,
        log_field_bytes_max: limits.log_field_bytes_max,
        message_text_bytes_max: limits.message_text_bytes_max,
    }
}

fn intake_places(layout: &Layout) -> intake::Places {
    intake::Places { root: layout.root.clone(), coordination: layout.coordination.clone() }
}

fn intake_limits(limits: &config::Limits) -> intake::Limits {
    intake::Limits {
        task_bytes_max: limits.task_bytes_max,
        plan_steps_max: limits.plan_steps_max,
        queue_max: limits.watch_queue_max,
        rescan: limits.rescan_interval,
        second_look: limits.file_settle,
        quiet: limits.empty_file_wait,
    }
}

/// What a role's settings say of the calls made in it.
fn wished((temperature, answer_tokens): (Option<f64>, Option<u64>)) -> Wishes {
    Wishes { temperature, answer_tokens }
}

fn call_places(
    layout: &Layout,
    limits: &config::Limits,
    workers: &IndexMap<String, Worker>,
    catalog: &Catalog,
) -> CallPlaces {
    let takes = |worker: &Worker| Takes {
        prompt_bytes_max: config::prompt_bytes_max(worker),
        reads_files: config::reads_files(worker),
        changes_files: worker.provider.transport() == Transport::Cli,
        sight: match (config::sees_images(worker), worker.provider.transport()) {
            (false, _) => prompt::Sight::Blind,
            (true, Transport::Http) => prompt::Sight::Sent,
            (true, Transport::Cli | Transport::Other) => prompt::Sight::Opens,
        },
    };
    CallPlaces {
        coordination: layout.coordination.clone(),
        wishes: catalog.wishes().map(|(role, wishes)| (role, wished(wishes))).collect(),
        takes: workers.iter().map(|(name, worker)| (WorkerName::new(name.as_str()), takes(worker))).collect(),
        code_base_bytes_max: limits.code_base_bytes_max,
        image_bytes_max: limits.image_bytes_max,
        images_max: limits.images_max,
        role_text_bytes_max: limits.role_text_bytes_max,
        root: layout.root.clone(),
        memories: layout.memories.clone(),
        context: context::Limits {
            bytes_max: limits.context_bytes_max,
            file_bytes_max: limits.context_file_bytes_max,
            files_max: limits.context_files_max,
        },
        prompt: prompt::Limits { prompt_bytes_max: limits.prompt_bytes_max },
    }
}

/// Where those who change files get trees of their own.
fn trees(place: &Place) -> Trees {
    let layout = &place.layout;
    Trees::new(TreesParts {
        root: &layout.root,
        apart: vec![layout.coordination.clone(), layout.memories.clone(), layout.dot_synod.clone()],
        folder: layout.worktrees.clone(),
        environment: &place.environment,
        limits: &place.loaded.settings.limits,
        shim: ShimProgram::of_this_binary(),
    })
}

/// Where answers are kept for identical calls, if they are.
fn answers(place: &Place) -> Option<Answers> {
    let cache = &place.loaded.settings.cache;
    let limits = AnswerLimits { entries_max: cache.entries_max, age_max: cache.age_max };
    cache.answers.then(|| Answers::new(place.layout.dot_synod.join("answers"), limits))
}

fn memory_parts(place: &Place) -> MemoryParts {
    let (settings, layout) = (&place.loaded.settings, &place.layout);
    let limits = &settings.limits;
    let mirror_limits = mirror::Limits {
        memory_bytes_max: limits.memory_bytes_max,
        queue_max: limits.watch_queue_max,
        rescan: limits.memory_rescan_interval,
        ..mirror::Limits::default()
    };
    MemoryParts {
        folders: Some((place.memory_roots(), mirror_limits)),
        index: Some(layout.search_index.clone()),
        cache_bytes_max: limits.memory_cache_bytes_max,
        orders: orders(&settings.triggers),
        order_limits: OrderLimits {
            chain_max: limits.trigger_chain_max,
            runs_per_hour_max: limits.trigger_runs_per_hour_max,
        },
    }
}

fn loop_limits(limits: &config::Limits, crash_after_append: Option<u64>) -> LoopLimits {
    LoopLimits {
        batch_inputs_max: limits.batch_inputs_max,
        notices_max: limits.notice_queue_max,
        page_items_max: limits.page_items_max,
        shutdown_grace: limits.shutdown_grace,
        crash_after_append,
    }
}

pub(super) fn roster(
    place: &Place,
    workers: &IndexMap<String, Worker>,
    record: Option<&Path>,
    pace: Pace,
) -> Result<Roster, Error> {
    let secrets = place.environment.secrets(&place.loaded.settings);
    let recorder = record.map(|path| Recorder::open(path, &secrets)).transpose();
    let recorder = recorder.map_err(|error| Error::Recording(error.to_string()))?;
    // Paths in the settings are meant from the workspace, wherever the program was started.
    let environment = place.environment.clone().at(&place.layout.root);
    Ok(Roster::new(RosterParts {
        workers,
        environment: &environment,
        limits: &place.loaded.settings.limits,
        spool: place.layout.spool.clone(),
        homes: place.layout.dot_synod.join("homes"),
        shim: ShimProgram::of_this_binary(),
        pace,
        recorder,
    }))
}
