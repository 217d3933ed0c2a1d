//! The workers by name, built once from the settings, and the one call that reaches any of them.

use super::cassette::Cassette;
use super::ceiling::Bound;
use super::cli::{Bounds, CliWorker, Places};
use super::http::{self, HttpWorker, Rates};
use super::likeness;
use super::mcp::{self, McpWorker};
use super::process::{self, ShimProgram, Standby};
use super::record::Recorder;
use super::replay::{Pace, ReplayWorker};
use super::{Call, Outcome};
use crate::board::{AttemptKey, Failure, FailureClass, Usage, WorkerName};
use crate::config::{Environment, Limits, Provider, Transport, Worker, prices};
use indexmap::IndexMap;
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;
use tokio_util::sync::CancellationToken;

/// What the roster is built from.
pub struct RosterParts<'a> {
    /// The workers by name.
    pub workers: &'a IndexMap<String, Worker>,
    /// What this process was started with: keys and the search path.
    pub environment: &'a Environment,
    /// The bounds of calls.
    pub limits: &'a Limits,
    /// The folder of the spools (`.synod/spool`).
    pub spool: PathBuf,
    /// The folder of the workers' own configuration (`.synod/homes`).
    pub homes: PathBuf,
    /// How command-line calls are detached.
    pub shim: ShimProgram,
    /// How fast recorded answers are played.
    pub pace: Pace,
    /// Where every call that ends is recorded, if anywhere.
    pub recorder: Option<Recorder>,
}

/// Every worker that can be called.
pub struct Roster {
    workers: HashMap<WorkerName, Reach>,
    /// What bounds the cost of each one's calls.
    bounds: HashMap<WorkerName, Bound>,
    /// What the answers of each one depend on besides the call, for those whose answers are kept.
    likeness: HashMap<WorkerName, String>,
    spool: PathBuf,
    recorder: Option<Recorder>,
}

/// How a worker is reached.
enum Reach {
    Cli(Box<CliWorker>),
    Http(Box<HttpWorker>),
    Mcp(Box<McpWorker>),
    Replay(ReplayWorker),
    /// Not at all: it is settings that cannot work, or somebody else who claims the work. Says which.
    Nowhere(String),
}

impl Roster {
    /// Builds every worker; calls nobody. A worker whose settings cannot work is in the roster too: asking it gives
    /// [`FailureClass::WorkerBlocked`] with the reason, so one wrong key does not take the others down.
    pub fn new(parts: RosterParts<'_>) -> Self {
        let mut cassettes = Cassettes::default();
        let standby = Arc::new(Standby::new(parts.shim.clone()));
        let workers = parts.workers.iter().map(|(name, worker)| {
            let reach = reach(&parts, &standby, (name, worker), &mut cassettes).unwrap_or_else(Reach::Nowhere);
            (WorkerName::new(name.as_str()), reach)
        });
        let workers: HashMap<WorkerName, Reach> = workers.collect();
        let bounds = parts.workers.iter().map(|(name, worker)| {
            let name = WorkerName::new(name.as_str());
            let bound = match workers.get(&name) {
                Some(Reach::Replay(replay)) => Bound::Said(replay.dearest_usd()),
                _ => Bound::of(worker, parts.limits),
            };
            (name, bound)
        });
        let likeness = parts
            .workers
            .iter()
            .filter_map(|(name, worker)| Some((WorkerName::new(name.as_str()), likeness::of_worker(name, worker)?)));
        let (bounds, likeness) = (bounds.collect(), likeness.collect());
        Self { workers, bounds, likeness, spool: parts.spool, recorder: parts.recorder }
    }

    /// The most a call can cost, in USD; `None`: nobody knows. The call is told what it must keep to.
    pub fn hold(&self, worker: &WorkerName, call: &mut Call) -> Option<f64> {
        self.bounds.get(worker)?.hold(call)
    }

    /// By what an identical call is recognised; `None`: this worker's answers are not kept.
    pub fn likeness(&self, worker: &WorkerName, call: &Call) -> Option<String> {
        likeness::of_call(self.likeness.get(worker)?, call)
    }

    /// Asks a worker. `stop` ends the call; dropping the future leaves a command-line call running for `resume`.
    /// A call whose attempt was begun before is gone on with, never made twice.
    pub async fn call(&self, worker: &WorkerName, call: Call, stop: CancellationToken) -> Outcome {
        let began = Instant::now();
        let outcome = match self.workers.get(worker) {
            Some(Reach::Cli(cli)) => Box::pin(cli.call(&call, stop)).await,
            Some(Reach::Http(http)) => Box::pin(http.call(&call, &stop)).await,
            Some(Reach::Mcp(mcp)) => Box::pin(mcp.call(&call, &stop)).await,
            Some(Reach::Replay(replay)) => replay.call(&call, &stop).await,
            Some(Reach::Nowhere(why)) => Err(blocked(why)),
            None => Err(blocked(&format!("there is no worker `{worker}` in the settings"))),
        };
        if let Some(recorder) = &self.recorder
            && let Err(error) = recorder.record(worker, &call, began.elapsed(), &outcome)
        {
            tracing::warn!(%worker, %error, "the call is not in the recording");
        }
        outcome
    }

    /// Goes on with a call of an earlier daemon: adopts it while it runs, reads what it gave when it has ended. `None`
    /// when nothing of it is there, and then it must be asked anew. A lost call gives [`FailureClass::Interrupted`].
    pub fn resume<'a>(
        &'a self,
        key: &AttemptKey,
        worker: &WorkerName,
        stop: CancellationToken,
    ) -> Option<impl Future<Output = Outcome> + Send + use<'a>> {
        match self.workers.get(worker) {
            Some(Reach::Cli(cli)) => cli.resume(key, stop),
            _ => None,
        }
    }

    /// Removes what a call left on disk. To be called once its answer is journaled, and not before.
    pub fn forget(&self, key: &AttemptKey) -> Result<(), process::Error> {
        process::Spool::of(&self.spool, key).remove()
    }

    /// The attempts that still have something on disk, by task and number.
    pub fn stray_spools(&self) -> Result<Vec<AttemptKey>, process::Error> {
        process::strays(&self.spool)
    }
}

/// Cassettes by path: workers that play the same file share what was played.
type Cassettes = HashMap<PathBuf, Arc<Cassette>>;

fn reach(
    parts: &RosterParts<'_>,
    standby: &Arc<Standby>,
    (name, worker): (&str, &Worker),
    cassettes: &mut Cassettes,
) -> Result<Reach, String> {
    match (worker.provider, worker.provider.transport()) {
        (_, Transport::Cli) => Ok(Reach::Cli(Box::new(cli(parts, standby, name, worker)))),
        (_, Transport::Http) => {
            let key = parts.environment.worker_key(worker);
            let params = http::Params { name, worker, key, limits: parts.limits, rates: rates(worker) };
            HttpWorker::new(params).map(|http| Reach::Http(Box::new(http))).map_err(|error| error.to_string())
        }
        (Provider::Replay, _) => {
            let path = worker.cassette.as_ref().ok_or_else(|| format!("workers.{name} needs a `cassette`"))?;
            let path = parts.environment.current_dir().join(path);
            let cassette = match cassettes.get(&path) {
                Some(cassette) => Arc::clone(cassette),
                None => Arc::new(Cassette::open(&path).map_err(|error| error.to_string())?),
            };
            cassettes.insert(path, Arc::clone(&cassette));
            Ok(Reach::Replay(ReplayWorker::new(WorkerName::new(name), cassette, parts.pace)))
        }
        (Provider::Mcp, _) => {
            let place = parts.homes.join(name);
            let (environment, shim, limits) = (parts.environment, &parts.shim, parts.limits);
            let params = mcp::Params { name, config: worker, environment, place, shim, limits };
            Ok(Reach::Mcp(Box::new(McpWorker::new(params))))
        }
        (provider, Transport::Other) => {
            Err(format!("a worker behind `{}` is not called; it claims work", provider.as_str()))
        }
    }
}

fn cli(parts: &RosterParts<'_>, standby: &Arc<Standby>, name: &str, worker: &Worker) -> CliWorker {
    CliWorker {
        name: name.to_owned(),
        config: worker.clone(),
        environment: parts.environment.clone(),
        places: Places { spool: parts.spool.clone(), homes: parts.homes.clone() },
        bounds: Bounds {
            output_bytes: parts.limits.output_bytes_max,
            stderr_bytes: parts.limits.stderr_bytes_max,
            grace: parts.limits.worker_grace,
        },
        standby: Arc::clone(standby),
    }
}

/// What the price table says about the worker's model.
fn rates(worker: &Worker) -> Option<Rates> {
    prices::price(worker).map(|price| Rates::from(&price))
}

fn blocked(message: &str) -> Failure {
    Failure { class: FailureClass::WorkerBlocked, message: message.to_owned(), after_s: 0.0, usage: Usage::FREE }
}
