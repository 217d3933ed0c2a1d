//! One configured command-line worker: making the order of a call, seeing it run, and turning how it ended into an
//! outcome. What each program is told and says is in the files named for them.

use super::prompt;
use super::session::Session;
use super::space::{self, Unwritten};
use super::trouble::{Trouble, complaint};
use super::{Plan, Run, Scene, copilot_cli};
use crate::board::{AttemptKey, Failure, FailureClass, Usage};
use crate::config::{self, Environment, Permission, Provider};
use crate::worker::process::{
    Asked, Begin, Ended, Ending, Error, Exit, MARK_VARIABLE, Order, Spool, Standby, Variables, attend,
};
use crate::worker::{Call, Outcome, OwnTree, Reply};
use secrecy::{ExposeSecret, SecretString};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

/// Where calls leave their files.
#[derive(Clone, Debug)]
pub(crate) struct Places {
    /// Holds the spool folder of every call.
    pub(crate) spool: PathBuf,
    /// Holds a folder for each worker's own configuration.
    pub(crate) homes: PathBuf,
}

/// The limits that a command-line call keeps.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    /// Longest answer, in bytes.
    pub(crate) output_bytes: usize,
    /// What is kept of the end of stderr, in bytes.
    pub(crate) stderr_bytes: usize,
    /// From the polite end signal to the hard one.
    pub(crate) grace: Duration,
}

/// Programs that print records print the answer more than once, with names around every few letters.
const RECORDS_PER_ANSWER: u64 = 4;

/// A configured command-line worker.
#[derive(Clone, Debug)]
pub(crate) struct CliWorker {
    /// Its name.
    pub(crate) name: String,
    /// Its settings.
    pub(crate) config: config::Worker,
    /// What this process was started with; the program gets an excerpt.
    pub(crate) environment: Environment,
    /// Where files go.
    pub(crate) places: Places,
    /// What it may use.
    pub(crate) bounds: Bounds,
    /// How calls are detached.
    pub(crate) standby: Arc<Standby>,
}

impl CliWorker {
    /// Makes the call, or goes on with it when somebody has begun it already: the same call never runs twice.
    pub(crate) async fn call(&self, call: &Call, stop: CancellationToken) -> Outcome {
        let began = Instant::now();
        if stop.is_cancelled() {
            return Err(self.failure(stopped(), began.elapsed()));
        }
        let spool = Spool::of(&self.places.spool, &call.key);
        let mut waited = Duration::ZERO;
        let prepare = || {
            let left = call.time_left.saturating_sub(waited);
            self.prepare(&spool, call, left).inspect_err(|_| waited = began.elapsed())
        };
        let prepared = space::wait_for(call.time_left, &stop, prepare).await;
        // Nothing was started, so nothing was paid.
        let env = prepared.map_err(|trouble| self.failure(trouble.spent(Usage::FREE), began.elapsed()))?;
        self.go_on(spool, env, stop).await
    }

    /// Goes on with a call that was begun; `None` when there is none, and then it has to be asked anew.
    pub(crate) fn resume<'a>(
        &'a self,
        key: &AttemptKey,
        stop: CancellationToken,
    ) -> Option<impl Future<Output = Outcome> + Send + use<'a>> {
        let spool = Spool::of(&self.places.spool, key);
        match spool.discard_unbegun() {
            Ok(true) => None,
            // What cannot be removed shows again, with its path, when the call is seen to.
            Ok(false) | Err(_) => Some(self.go_on(spool, None, stop)),
        }
    }

    /// Sees a spooled call to its end and reads what it gave. `env` begins it; without, somebody else has.
    async fn go_on(&self, spool: Spool, env: Option<Variables>, stop: CancellationToken) -> Outcome {
        let began = Instant::now();
        let begin = env.as_deref().map(|env| Begin { standby: &self.standby, env });
        let (trouble, after) = match attend(&spool, begin, &stop).await {
            Ok(Ending::Ended(exit)) => match self.read(&spool, &exit, &stop) {
                Ok(reply) => return Ok(reply),
                Err(trouble) => (trouble, Duration::from_millis(exit.ran_ms)),
            },
            // The shim can be told to stop before it listens; then it just ends.
            Ok(Ending::Lost | Ending::Overdue) | Err(_) if stop.is_cancelled() => (stopped(), began.elapsed()),
            Ok(Ending::Lost) => {
                (Trouble::new(FailureClass::Interrupted, "the call was lost with its helper process"), began.elapsed())
            }
            Ok(Ending::Overdue) => {
                (Trouble::new(FailureClass::Timeout, "the call did not end in time and was killed"), began.elapsed())
            }
            Err(error) => (Trouble::transient(&error.to_string()), began.elapsed()),
        };
        Err(self.failure(trouble, after))
    }

    fn failure(&self, trouble: Trouble, after: Duration) -> Failure {
        trouble.failure(after, self.key().as_ref().map(ExposeSecret::expose_secret))
    }

    /// Writes the spool of a call that nobody has begun; what its program may see.
    fn prepare(&self, spool: &Spool, call: &Call, time_left: Duration) -> Result<Option<Variables>, Unwritten> {
        let told = |error: Error| {
            let trouble = Trouble::transient(&error.to_string());
            if error.is_full() { Unwritten::NoSpace(trouble) } else { Unwritten::Failed(trouble) }
        };
        if !spool.discard_unbegun().map_err(told)? {
            return Ok(None);
        }
        let key = self.key();
        let key = key.as_ref().map(ExposeSecret::expose_secret);
        let config = self.config_for(call);
        let scene = Scene { time_left_ms: millis(time_left), config: &config, ..self.scene(spool, call, key) };
        let plan = super::plan(self.config.provider, &scene)?;
        for (name, text) in &plan.own_files {
            write_own(&scene.own.join(name), text)?;
        }
        let program = config::worker_program(&self.config, &self.environment);
        let program = program.map_err(|error| Trouble::blocked(&error.to_string()))?;
        let mut env = self.variables(spool, &plan);
        if let Some(OwnTree { above, .. }) = &call.own_tree {
            // A tree that was emptied must not lead git to the user's repository above it.
            env.retain(|(name, _)| name != "GIT_CEILING_DIRECTORIES");
            env.push(("GIT_CEILING_DIRECTORIES".into(), above.as_os_str().to_owned()));
        }
        let order = self.order(program, &scene, &plan, &env);
        spool.create(&order, plan.stdin.as_bytes(), &plan.files).map_err(told)?;
        Ok(Some(env))
    }

    /// The settings of a call. Who gets a tree of its own to change files in may do so.
    fn config_for(&self, call: &Call) -> config::Worker {
        let mut config = self.config.clone();
        let is_to_change = call.own_tree.as_ref().is_some_and(|tree| tree.to_change);
        if is_to_change && config.permission == Permission::Read {
            config.permission = Permission::Edit;
        }
        config
    }

    fn scene<'a>(&'a self, spool: &'a Spool, call: &'a Call, key: Option<&'a str>) -> Scene<'a> {
        Scene {
            config: &self.config,
            key,
            home: self.environment.home(),
            spool: spool.folder(),
            own: self.places.homes.join(&self.name),
            folder: &call.folder,
            prompt: prompt::whole(call.system.as_deref(), &call.prompt),
            schema: call.schema.as_ref(),
            session: call.session.as_deref().map(|text| Session::parse(text).id),
            asked_session: call.session.as_deref(),
            time_left_ms: millis(call.time_left),
            ceiling_usd: call.ceiling.usd,
        }
    }

    fn order(&self, program: PathBuf, scene: &Scene<'_>, plan: &Plan, env: &Variables) -> Order {
        let mut args = plan.args.clone();
        let at = args.iter().position(|arg| arg == Plan::OWN_ARGS);
        let range = at.map_or(args.len()..args.len(), |at| at..at + 1);
        args.splice(range, self.config.args.iter().cloned());
        let output = self.bounds.output_bytes as u64;
        let plain = self.config.provider == Provider::Command;
        Order {
            program,
            args,
            folder: plan.folder.clone().unwrap_or_else(|| scene.folder.to_owned()),
            env: env.iter().filter_map(|(name, _)| name.to_str().map(str::to_owned)).collect(),
            prompt_bytes: plan.stdin.len() as u64,
            time_left_ms: scene.time_left_ms,
            grace_ms: millis(self.bounds.grace),
            stdout_bytes_max: if plain { output } else { output.saturating_mul(RECORDS_PER_ANSWER) },
            stderr_bytes_max: self.bounds.stderr_bytes as u64,
            asked: Asked { model: self.config.model.clone(), session: scene.asked_session.map(str::to_owned) },
        }
    }

    /// What the program may see: the allow-list, its key, what its adapter sets, and the mark it can be found by.
    fn variables(&self, spool: &Spool, plan: &Plan) -> Variables {
        let mut env = self.environment.for_worker(&self.config);
        let mark = (MARK_VARIABLE, spool.folder().as_os_str().to_owned());
        for (name, value) in plan.env.iter().cloned().chain([mark]) {
            env.retain(|(there, _)| there != name);
            env.push((name.into(), value));
        }
        env
    }

    fn key(&self) -> Option<SecretString> {
        self.environment.worker_key(&self.config)
    }

    /// Reads how the call ended. Only a program that left by itself can have succeeded.
    fn read(&self, spool: &Spool, exit: &Exit, stop: &CancellationToken) -> Result<Reply, Trouble> {
        let told = |error: Error| Trouble::transient(&error.to_string());
        match &exit.ended {
            Ended::Exited => {}
            Ended::TimedOut => {
                return Err(Trouble::new(FailureClass::Timeout, "it had not answered when its time was over"));
            }
            Ended::Stopped if stop.is_cancelled() => {
                return Err(Trouble::new(FailureClass::Cancelled, "it was stopped"));
            }
            Ended::Stopped => {
                return Err(Trouble::new(FailureClass::Interrupted, "its helper process was told to end"));
            }
            Ended::TooMuchOutput => {
                return Err(Trouble::refused("it printed more than `limits.output_bytes_max` allows"));
            }
            Ended::SpoolFailed { error } => {
                return Err(Trouble::transient(&format!("its output could not be written: {error}")));
            }
            Ended::StartFailed { error } => return Err(Trouble::blocked(&format!("cannot start {error}"))),
        }
        let stderr = spool.text("stderr").map_err(told)?;
        let Some(code) = exit.code else {
            let signal = exit.signal.unwrap_or_default();
            return Err(Trouble::transient(&format!("it was killed by signal {signal}: {}", complaint(&stderr))));
        };
        let stdout = spool.text("stdout").map_err(told)?;
        let figures = spool.text(copilot_cli::FIGURES).map_err(told)?;
        let asked = spool.order().map_err(told)?.asked;
        let run = Run { code, stdout: &stdout, stderr: &stderr, figures: &figures, asked: &asked };
        let mut reply = super::read(self.config.provider, &run).map_err(|trouble| {
            let usage = self.priced(trouble.usage);
            trouble.spent(usage)
        })?;
        reply.usage = self.priced(reply.usage);
        if reply.text.len() > self.bounds.output_bytes {
            return Err(Trouble::refused("its answer is longer than `limits.output_bytes_max`").spent(reply.usage));
        }
        Ok(reply)
    }
}

impl CliWorker {
    /// The usage with its cost from the price table where the program told tokens only.
    fn priced(&self, mut usage: Usage) -> Usage {
        if usage.cost_usd.is_none() && (usage.input_tokens > 0 || usage.output_tokens > 0) {
            let price = config::prices::price(&self.config);
            usage.cost_usd =
                price.map(|price| price.usd(usage.input_tokens, usage.cached_tokens, 0, usage.output_tokens));
        }
        usage
    }
}

fn stopped() -> Trouble {
    Trouble::new(FailureClass::Cancelled, "it was stopped")
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// Numbers the drafts of this process.
static DRAFTS: AtomicU64 = AtomicU64::new(0);

/// Writes a file of a worker's own configuration, unless it says the same already: calls run at the same time.
fn write_own(path: &Path, text: &str) -> Result<(), Unwritten> {
    if fs::read_to_string(path).is_ok_and(|there| there == text) {
        return Ok(());
    }
    let written = path.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| {
        // Two calls that begin at once must not write into one draft.
        let number = DRAFTS.fetch_add(1, Ordering::Relaxed);
        let draft = path.with_extension(format!("{}-{number}.new", std::process::id()));
        fs::write(&draft, text).and_then(|()| fs::rename(&draft, path))
    });
    written
        .map_err(|error| Unwritten::of(&error, Trouble::blocked(&format!("cannot write {}: {error}", path.display()))))
}
