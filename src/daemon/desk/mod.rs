//! The desk at which outside agents take work. A call of a worker that somebody outside plays (`provider = "external"`) puts
//! a slip here and waits; an agent claims it for a lease, renews the lease, and submits. Everything about a slip is on disk,
//! so a claim outlives the daemon. How long an attempt may wait in all, and what follows from a failure, is the board's.
//!
//! A lease that lapses puts the slip back for whoever asks next. As long as nobody has asked, the old holder may still renew
//! and submit: throwing done work away would help nobody. Once another has it, the old holder is refused and told who.

mod claim;
mod person;
mod requests;
mod slip;

use crate::api::Work;
use crate::board::{Ask, AttemptKey, Failure, FailureClass, TaskId, Timestamp, Usage, WorkerName};
use crate::daemon::Calling;
use crate::worker::Outcome;
pub(super) use person::PersonsAnswer;
pub(super) use requests::{FrontDesk, Submission};

use claim::{End, Fingerprint, Holder, Over};
use slip::{Given, Slip, Standing};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{Notify, oneshot};
use tokio_util::sync::CancellationToken;

/// What the desk is set up with.
#[derive(Clone, Debug)]
pub struct DeskParams {
    /// Where the slips are kept (`.synod/desk`).
    pub folder: PathBuf,
    /// The workers that somebody outside plays.
    pub workers: BTreeSet<WorkerName>,
    /// Those of them that are people.
    pub people: BTreeSet<WorkerName>,
    /// How long a claim holds without being renewed.
    pub lease: Duration,
    /// Longest answer, in bytes.
    pub answer_bytes_max: usize,
}

/// Why something was not done at the desk.
#[derive(Debug, thiserror::Error)]
pub enum DeskError {
    /// A file of the desk.
    #[error("cannot {what} {}: {source}", path.display())]
    File {
        /// What was tried.
        what: &'static str,
        /// On which path.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Nobody ever made this claim, or it is long over.
    #[error("there is no such claim, or it ended long ago")]
    Unknown,
    /// The lease lapsed and the step went to somebody else.
    #[error("the claim lapsed and the step was given to {to}")]
    Lapsed {
        /// Who has it now.
        to: String,
    },
    /// It was handed in before.
    #[error("the claim has been submitted already, with something else")]
    Submitted,
    /// It was handed in, so that there is nothing left to renew.
    #[error("the claim has been submitted already; there is nothing left to renew")]
    Done,
    /// No step of the task waits for a person.
    #[error("no step of {task} waits for a person's answer")]
    NobodyAsked {
        /// Which task.
        task: TaskId,
    },
    /// More than one step waits, and which is meant was not said.
    #[error("several steps wait for a person's answer: {}", steps.join(", "))]
    Several {
        /// The steps, each with its worker.
        steps: Vec<String>,
    },
    /// Nobody waits for it any more.
    #[error("the step was withdrawn: its task was cancelled, ran out of time or no longer needs it")]
    Withdrawn,
}

use DeskError as Error;

impl DeskError {
    fn file(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::File { what, path, source }
    }

    /// Whether it is for want of space, so that it may be tried again later.
    pub(super) fn is_full(&self) -> bool {
        let full = |kind| matches!(kind, io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded);
        matches!(self, Self::File { source, .. } if full(source.kind()))
    }
}

/// The desk.
#[derive(Debug)]
pub struct Desk {
    params: DeskParams,
    slips: Mutex<Slips>,
    /// Rings when there may be something to claim.
    bell: Notify,
    /// Cancelled when the daemon ends: nobody waits at the desk any more, and what lies there stays.
    closed: CancellationToken,
}

#[derive(Debug, Default)]
struct Slips {
    lying: BTreeMap<AttemptKey, Lying>,
    over: Over,
    /// The order of the next slip.
    next: u64,
}

#[derive(Debug)]
struct Lying {
    slip: Slip,
    prompt: Arc<str>,
    /// The attempt's call. A slip that no call waits for is given to nobody.
    waiter: Option<oneshot::Sender<Outcome>>,
}

impl Desk {
    /// Opens the desk with what an earlier daemon left on it. Blocks for as long as reading that takes.
    ///
    /// # Errors
    /// When the folder cannot be made or read.
    pub fn open(params: DeskParams) -> Result<Self, DeskError> {
        make(&params.folder)?;
        let mut slips = Slips::default();
        for (slip, prompt) in slip::read_all(&params.folder)? {
            slips.next = slips.next.max(slip.order + 1);
            slips.lying.insert(slip.key.clone(), Lying { slip, prompt: prompt.into(), waiter: None });
        }
        Ok(Self { params, slips: Mutex::new(slips), bell: Notify::new(), closed: CancellationToken::new() })
    }

    /// Whether this worker is played from outside.
    pub(super) fn serves(&self, worker: &WorkerName) -> bool {
        self.params.workers.contains(worker)
    }

    /// Puts an attempt on the desk. Blocks for a short write.
    pub(super) fn lay(&self, ask: &Ask, prompt: &str, now: Timestamp) -> Result<(), Error> {
        let mut slips = self.lock();
        // Somebody may have cleaned up; what is about to be written must have a place.
        make(&self.params.folder)?;
        let slip = Slip::of(ask, slips.next, now);
        slip.write_prompt(&self.params.folder, prompt)?;
        slip.write(&self.params.folder)?;
        slips.next += 1;
        slips.lying.insert(ask.key.clone(), Lying { slip, prompt: prompt.into(), waiter: None });
        Ok(())
    }

    /// Waits for what comes of an attempt on the desk; from here on it can be claimed. `None` when it is not there.
    /// Ends after `time_left`, and soon after `stop`; then the slip is withdrawn.
    pub(super) fn wait(
        self: &Arc<Self>,
        key: &AttemptKey,
        time_left: Duration,
        stop: CancellationToken,
    ) -> Option<Calling> {
        let (sender, receiver) = oneshot::channel();
        let worker;
        {
            let mut slips = self.lock();
            let lying = slips.lying.get_mut(key)?;
            worker = lying.slip.worker.clone();
            match &lying.slip.standing {
                // Handed in when no daemon was there to hear it, or just before one was killed.
                Standing::Given { holder, given } => drop(sender.send(given.clone().outcome(&holder.by, 0.0))),
                Standing::Waiting | Standing::Claimed { .. } => lying.waiter = Some(sender),
            }
        }
        self.bell.notify_waiters();
        let (desk, key, began) = (Arc::clone(self), key.clone(), Instant::now());
        Some(Box::pin(async move {
            let (class, why) = tokio::select! {
                biased;
                Ok(outcome) = receiver => return outcome,
                () = stop.cancelled() => (FailureClass::Cancelled, "it was stopped".to_owned()),
                () = tokio::time::sleep(time_left) => (FailureClass::Timeout, desk.why_late(&key, &worker)),
            };
            // What was handed in at the very last moment counts all the same.
            desk.withdraw_unless_given(&key).unwrap_or_else(|| {
                let after_s = began.elapsed().as_secs_f64();
                Err(Failure { class, message: why, after_s, usage: Usage::default() })
            })
        }))
    }

    fn why_late(&self, key: &AttemptKey, worker: &WorkerName) -> String {
        match self.lock().lying.get(key).map(|lying| &lying.slip.standing) {
            Some(Standing::Claimed { holder, .. }) => format!("{} claimed it and did not submit in time", holder.by),
            _ if self.is_person(worker) => format!("{worker} did not answer in time"),
            _ => "no agent claimed it in time".to_owned(),
        }
    }

    /// What was handed in, which stays here until the journal has it; else the slip is taken away.
    fn withdraw_unless_given(&self, key: &AttemptKey) -> Option<Outcome> {
        if let Some(Standing::Given { holder, given }) = self.lock().lying.get(key).map(|lying| &lying.slip.standing) {
            return Some(given.clone().outcome(&holder.by, 0.0));
        }
        self.forget(key);
        None
    }

    /// Throws away what lies here for an attempt whose outcome is in the journal, or that nobody waits for.
    pub(super) fn forget(&self, key: &AttemptKey) {
        let mut slips = self.lock();
        let Some(Lying { slip, .. }) = slips.lying.remove(key) else { return };
        if let Err(error) = slip.remove(&self.params.folder) {
            tracing::warn!(%key, %error, "a step that is over stays on the desk's disk until the next start");
        }
        for holder in slip.former {
            slips.over.note(holder.claim, End::Withdrawn);
        }
        match slip.standing {
            Standing::Waiting => {}
            Standing::Claimed { holder, .. } => slips.over.note(holder.claim, End::Withdrawn),
            Standing::Given { holder, given } => slips.over.note(holder.claim, End::Submitted(print_of(&given))),
        }
    }

    /// The attempts that lie here.
    pub(super) fn kept(&self) -> Vec<AttemptKey> {
        self.lock().lying.keys().cloned().collect()
    }

    /// Nobody is waited for any more; what lies here stays for the next daemon.
    pub(super) fn close(&self) {
        self.closed.cancel();
    }

    /// Returns once the desk is closed.
    pub(super) async fn is_closed(&self) {
        self.closed.cancelled().await;
    }

    /// Gives the oldest free step to `by`. Blocks for a short write.
    fn claim(&self, worker: Option<&WorkerName>, by: &str, now: Timestamp) -> Result<Option<Work>, Error> {
        let mut slips = self.lock();
        let wanted = |lying: &&mut Lying| {
            lying.waiter.is_some()
                && lying.slip.is_free(now)
                && worker.is_none_or(|worker| lying.slip.worker == *worker)
        };
        let Some(lying) = slips.lying.values_mut().filter(wanted).min_by_key(|lying| lying.slip.order) else {
            return Ok(None);
        };
        let claim = claim::new_claim();
        let until = now.after(self.params.lease).min(lying.slip.deadline);
        let mut slip = lying.slip.clone();
        slip.take(Holder { claim: Fingerprint::of(&claim), by: by.to_owned() }, until);
        slip.write(&self.params.folder)?;
        if let Some(before) = slip.former.last().filter(|_| slip.former.len() > lying.slip.former.len()) {
            tracing::info!(attempt = %slip.key, before = before.by, by, "a claim lapsed and its step was given to another");
        } else {
            tracing::info!(attempt = %slip.key, by, "a step was claimed");
        }
        lying.slip = slip;
        Ok(Some(lying.work(claim, until)))
    }

    /// Keeps a claimed step for another lease. Blocks for a short write.
    fn renew(&self, claim: &str, now: Timestamp) -> Result<Work, Error> {
        let mut slips = self.lock();
        let lying = slips.held(claim)?;
        let mut slip = lying.slip.clone();
        let until = now.after(self.params.lease).min(slip.deadline);
        match &mut slip.standing {
            Standing::Claimed { until: held, .. } => *held = until,
            Standing::Waiting | Standing::Given { .. } => return Err(Error::Done),
        }
        slip.write(&self.params.folder)?;
        lying.slip = slip;
        Ok(lying.work(claim.to_owned(), until))
    }

    /// Takes what came of a claimed step. Once this returns it is on disk. The same thing handed in again is taken for the
    /// repetition it is. Blocks for a short write.
    fn submit(&self, claim: &str, given: Given) -> Result<(), Error> {
        let mut slips = self.lock();
        if let Some(End::Submitted(before)) = slips.over.end(&Fingerprint::of(claim)) {
            return if *before == print_of(&given) { Ok(()) } else { Err(Error::Submitted) };
        }
        let lying = slips.held(claim)?;
        let mut slip = lying.slip.clone();
        let holder = match slip.standing {
            Standing::Given { given: before, .. } if before == given => return Ok(()),
            Standing::Given { .. } | Standing::Waiting => return Err(Error::Submitted),
            Standing::Claimed { holder, .. } => holder,
        };
        let outcome = given.clone().outcome(&holder.by, 0.0);
        tracing::info!(attempt = %slip.key, by = holder.by, well = outcome.is_ok(), "a claimed step was submitted");
        slip.standing = Standing::Given { holder, given };
        slip.write(&self.params.folder)?;
        lying.slip = slip;
        // A call that is just ending finds it when it withdraws the slip.
        if let Some(waiter) = lying.waiter.take() {
            drop(waiter.send(outcome));
        }
        Ok(())
    }

    /// How long until the first lease lapses, after which its step can be claimed.
    fn next_lapse(&self, now: Timestamp) -> Option<Duration> {
        let slips = self.lock();
        let until = slips.lying.values().filter_map(|lying| match lying.slip.standing {
            Standing::Claimed { until, .. } if until > now => Some(until.since(now)),
            Standing::Waiting | Standing::Claimed { .. } | Standing::Given { .. } => None,
        });
        until.min()
    }

    /// How an attempt on the desk stands, for people. `None` when it is not here, or no longer or not yet waited for.
    fn note(&self, key: &AttemptKey, now: Timestamp) -> Option<String> {
        let slips = self.lock();
        let lying = slips.lying.get(key)?;
        Some(match &lying.slip.standing {
            Standing::Waiting | Standing::Claimed { .. } if lying.waiter.is_none() => return None,
            Standing::Waiting if self.is_person(&lying.slip.worker) => {
                format!("waits for {} to answer", lying.slip.worker)
            }
            Standing::Waiting => "waits for an agent to claim it".to_owned(),
            Standing::Claimed { holder, until } if *until > now => format!("claimed by {} until {until}", holder.by),
            Standing::Claimed { holder, .. } => {
                format!("waits for an agent to claim it; the claim of {} lapsed", holder.by)
            }
            Standing::Given { holder, .. } => format!("submitted by {}", holder.by),
        })
    }

    /// How a worker stands that is played from outside.
    fn standing(&self, worker: &WorkerName, now: Timestamp) -> String {
        let slips = self.lock();
        let of_worker = || slips.lying.values().map(|lying| &lying.slip).filter(|slip| slip.worker == *worker);
        let free = of_worker().filter(|slip| slip.is_free(now)).count();
        let holders: BTreeSet<&str> = of_worker()
            .filter_map(|slip| match &slip.standing {
                Standing::Claimed { holder, until } if *until > now => Some(holder.by.as_str()),
                Standing::Waiting | Standing::Claimed { .. } | Standing::Given { .. } => None,
            })
            .collect();
        let held = if holders.is_empty() {
            String::new()
        } else {
            format!("; claimed by {}", holders.into_iter().collect::<Vec<_>>().join(", "))
        };
        match free {
            0 => format!("ready: waits for an agent to claim work{held}"),
            1 => format!("ready: 1 step waits for an agent to claim it{held}"),
            many => format!("ready: {many} steps wait for an agent to claim them{held}"),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Slips> {
        // Every change is made whole under the lock, so what a panic leaves behind is whole too.
        self.slips.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Slips {
    /// The slip that a claim holds, also one that has lapsed while nobody else took it.
    fn held(&mut self, claim: &str) -> Result<&mut Lying, Error> {
        let print = Fingerprint::of(claim);
        let ended = match self.over.end(&print) {
            // Who hands in was answered before this: only a renewal comes here.
            Some(End::Submitted(_)) => Error::Done,
            Some(End::Withdrawn) => Error::Withdrawn,
            None => Error::Unknown,
        };
        let holds = |holder: &Holder| holder.claim == print;
        for lying in self.lying.values_mut() {
            let now = match &lying.slip.standing {
                Standing::Waiting => continue,
                Standing::Claimed { holder, .. } | Standing::Given { holder, .. } => holder,
            };
            if holds(now) {
                return Ok(lying);
            }
            if lying.slip.former.iter().any(holds) {
                return Err(Error::Lapsed { to: now.by.clone() });
            }
        }
        Err(ended)
    }
}

impl Lying {
    fn work(&self, claim: String, lease_until: Timestamp) -> Work {
        let slip = &self.slip;
        Work {
            claim,
            task: slip.key.task.clone(),
            step: slip.step.clone(),
            worker: slip.worker.clone(),
            role: slip.role.clone(),
            prompt: self.prompt.to_string(),
            lease_until,
            deadline: slip.deadline,
        }
    }
}

/// Makes the desk's folder, which only this user can enter.
fn make(folder: &Path) -> Result<(), Error> {
    let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.map_err(Error::file("create", folder))
}

/// What tells two submissions apart.
fn print_of(given: &Given) -> Fingerprint {
    Fingerprint::of(&match given {
        Given::Text { text, .. } => format!("text {text}"),
        Given::Failed { reason } => format!("failed {reason}"),
    })
}
