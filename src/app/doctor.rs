//! The doctor: looks at everything the program needs, tries each worker for real with one short call, and says what to do
//! about whatever is not as it should be. It never prints a key.

use super::engine::roster;
use super::error::Error;
use super::place::Place;
use crate::board::{AttemptKey, Failure, FailureClass, Seq, TaskId, WorkerName};
use crate::config::{self, Provider, Worker};
use crate::folder::publish::last_logged;
use crate::folder::without_keys;
use crate::worker::{Call, Pace, Roster};
use futures::StreamExt;
use serde::Serialize;
use tokio_util::sync::CancellationToken;

/// What each worker is asked.
const QUESTION: &str = "Reply with the single word: ready";
/// Workers tried at once.
const TRIES_AT_ONCE: usize = 4;

/// What to look at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DoctorWhat {
    /// Read the whole store and check every record, which takes a while and needs the daemon to be down.
    pub store: bool,
    /// Do not call any worker.
    pub offline: bool,
}

/// How one thing stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// As it should be.
    Ok,
    /// Works, or is not needed, but a person may want to know.
    Warning,
    /// Does not work.
    Failed,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What.
    pub name: String,
    /// How it stands.
    pub standing: Standing,
    /// What was seen.
    pub what: String,
    /// What to do about it; empty when there is nothing to do.
    pub mend: String,
}

impl Finding {
    fn ok(name: impl Into<String>, what: impl Into<String>) -> Self {
        Self { name: name.into(), standing: Standing::Ok, what: what.into(), mend: String::new() }
    }

    fn bad(standing: Standing, name: impl Into<String>, what: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { name: name.into(), standing, what: what.into(), mend: mend.into() }
    }
}

/// Looks at everything.
///
/// # Errors
/// Only when it cannot look at all; what is wrong is a finding.
pub async fn doctor(place: &Place, what: DoctorWhat) -> Result<Vec<Finding>, Error> {
    let mut findings = vec![workspace(place), watching(), prices(place)];
    if what.store {
        findings.extend(store(place));
    }
    let workers = place.workers();
    let discovery = place.discovery();
    let configured = !place.loaded.settings.workers.is_empty();
    if workers.is_empty() {
        let ways: Vec<&str> = discovery.quickest_ways().map(|missing| missing.get.as_str()).collect();
        findings.push(Finding::bad(
            Standing::Failed,
            "workers",
            "none is configured and none was found",
            ways.join("; or "),
        ));
    }
    if what.offline {
        findings
            .extend(workers.iter().map(|(name, worker)| Finding::ok(name, format!("{} (not tried)", reached(worker)))));
    } else {
        let roster = roster(place, &workers, None, Pace::Instant)?;
        let tries = workers.iter().map(|(name, worker)| attempt(place, &roster, name, worker));
        findings.extend(futures::stream::iter(tries).buffered(TRIES_AT_ONCE).collect::<Vec<_>>().await);
    }
    if !configured {
        let missing = discovery.missing.into_iter();
        findings.extend(missing.map(|one| Finding::bad(Standing::Warning, one.name, one.why, one.get)));
    }
    Ok(findings)
}

fn workspace(place: &Place) -> Finding {
    let layout = &place.layout;
    let root = layout.root.display().to_string();
    if !layout.tasks.is_dir() {
        return Finding::bad(
            Standing::Warning,
            "workspace",
            format!("{root} has no {}", layout.tasks.display()),
            "make it with: synod init (the daemon also makes it when it starts)",
        );
    }
    Finding::ok("workspace", root)
}

/// The system's limit on watched folders; three are needed, but editors use up thousands.
fn watching() -> Finding {
    let path = "/proc/sys/fs/inotify/max_user_watches";
    match std::fs::read_to_string(path).ok().and_then(|text| text.trim().parse::<u64>().ok()) {
        Some(watches) if watches < 1024 => Finding::bad(
            Standing::Warning,
            "watching",
            format!("the system allows {watches} watched folders"),
            "raise it: sysctl fs.inotify.max_user_watches=524288 (until then the folder is listed every few seconds)",
        ),
        Some(watches) => Finding::ok("watching", format!("inotify, up to {watches} folders")),
        None => Finding::bad(
            Standing::Warning,
            "watching",
            "inotify is not there",
            "the folder is listed every few seconds instead",
        ),
    }
}

/// Which price table costs are reckoned with, and who is not in it.
fn prices(place: &Place) -> Finding {
    let source = config::prices::source();
    let release = source.releases.first().map_or("", String::as_str);
    let what = format!("{} models of {release}, taken {}", source.models, source.taken);
    let workers = place.workers();
    // What a program costs is told by the program, where anybody knows.
    let by_table = |worker: &Worker| worker.provider.transport() == config::Transport::Http;
    let unknown = workers.iter().filter(|(_, worker)| by_table(worker) && config::prices::price(worker).is_none());
    let unknown: Vec<&str> = unknown.map(|(name, _)| name.as_str()).collect();
    if unknown.is_empty() {
        return Finding::ok("prices", what);
    }
    let what = format!("{what}; nobody knows what these cost: {}", unknown.join(", "));
    let mend = "no budget lets them be asked until workers.NAME.price says it (USD per million tokens)";
    Finding::bad(Standing::Warning, "prices", what, mend)
}

/// The store, record by record, and whether it holds what the logs tell of.
fn store(place: &Place) -> Vec<Finding> {
    let failed = |what: String, mend: &str| Finding::bad(Standing::Failed, "store", what, mend);
    match crate::store::verify(&place.layout.store, &place.layout.blobs) {
        Ok(report) => {
            let whole = format!("{} events, {} ended tasks, {} blobs", report.events, report.ended, report.blobs);
            let records = if report.is_whole() {
                Finding::ok("store", format!("{whole}: all whole"))
            } else {
                let first = report.damages.first().map(|damage| damage.what.clone()).unwrap_or_default();
                failed(
                    format!("{} damaged records; the first: {first}", report.damages_total),
                    "copy .synod away before anything else; files under AI_COORDINATION are not touched by this",
                )
            };
            vec![records, logs(place, report.last)]
        }
        Err(error @ crate::store::Error::Locked { .. }) => {
            vec![failed(error.to_string(), "end the daemon first: synod down")]
        }
        // What it says tells what to do as well.
        Err(error) => vec![failed(error.to_string(), "")],
    }
}

/// Whether the journal holds what the logs tell of. The logs are kept with the project and `.synod` is not, so a journal
/// that was moved aside, restored or lost its end is seen by entries beyond its last event.
fn logs(place: &Place, journal: Seq) -> Finding {
    match last_logged(&place.layout.coordination) {
        Ok(logged) if logged > journal => Finding::bad(
            Standing::Warning,
            "logs",
            format!("they tell of events up to {}, the journal ends with {}", logged.0, journal.0),
            "if .synod was not moved aside, restored or left out of a copy, the store lost its end: look at the disk. What \
             happened in between stands in the files only and may be done again; new events are numbered behind it",
        ),
        Ok(logged) => Finding::ok("logs", format!("up to event {} of {}", logged.0, journal.0)),
        Err(error) => Finding::bad(Standing::Failed, "logs", error.to_string(), "see that the file can be read"),
    }
}

fn reached(worker: &Worker) -> String {
    if worker.provider.is_outside() {
        return worker.provider.as_str().to_owned();
    }
    let model = worker.model.as_deref().unwrap_or("its own choice of model");
    format!("{}, {model}", worker.provider.as_str())
}

/// Not every program says which model answered.
fn answered(model: &str) -> String {
    if model.is_empty() { "answered".to_owned() } else { format!("answered as {model}") }
}

async fn attempt(place: &Place, roster: &Roster, name: &str, worker: &Worker) -> Finding {
    if worker.provider.is_outside() {
        // Nobody is there to be tried: whoever plays it comes by himself.
        let lease = config::duration_text(place.loaded.settings.limits.work_lease);
        return Finding::ok(name, format!("{}: waits for an agent to claim work (leases of {lease})", reached(worker)));
    }
    let key = AttemptKey { task: TaskId::slug(&format!("doctor {name} {}", std::process::id())), number: 1 };
    let call = Call {
        key: key.clone(),
        system: None,
        prompt: QUESTION.to_owned(),
        schema: None,
        time_left: config::attempt_timeout(&place.loaded.settings, worker)
            .min(place.loaded.settings.limits.doctor_timeout),
        session: None,
        history: Vec::new(),
        images: Vec::new(),
        wishes: Default::default(),
        ceiling: Default::default(),
        own_tree: None,
        folder: place.layout.root.clone(),
    };
    let outcome = roster.call(&WorkerName::new(name), call, CancellationToken::new()).await;
    // A try leaves nothing behind; if it did, the daemon's next start sweeps it.
    let _ = roster.forget(&key);
    match outcome {
        Ok(reply) => Finding::ok(name, format!("{}: {}", reached(worker), answered(&reply.model))),
        Err(failure) => {
            let mend = mend(name, worker, &failure);
            Finding::bad(
                Standing::Failed,
                name,
                format!("{}: {}", reached(worker), without_keys(failure.message)),
                mend,
            )
        }
    }
}

fn mend(name: &str, worker: &Worker, failure: &Failure) -> String {
    if worker.provider == Provider::Command {
        return "run its `command` by hand with a question on stdin; it must answer on stdout and end with code 0"
            .to_owned();
    }
    let login = format!("synod login {name}");
    match failure.class {
        FailureClass::WorkerBlocked if failure.message.ends_with(&login) => format!("log in with: {login}"),
        FailureClass::WorkerBlocked => match worker.key_variable() {
            Some(variable) => {
                format!("check that {variable} holds a valid key with credit, or log in with the program itself")
            }
            None => "log in with the program itself, or check its installation".to_owned(),
        },
        FailureClass::RateLimited { .. } => "wait, or raise the limit with the provider".to_owned(),
        FailureClass::Timeout => "check the network and `base_url`; a local model may still be loading".to_owned(),
        FailureClass::RequestRefused => "check `model` in its settings".to_owned(),
        FailureClass::OverBudget => "raise the budget".to_owned(),
        FailureClass::Transient | FailureClass::Interrupted | FailureClass::Cancelled => {
            "try again; if it stays, check the network and `base_url`".to_owned()
        }
    }
}
