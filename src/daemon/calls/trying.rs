//! Trying what attempts made: a fresh tree of base and patch, the task's command in it, and the outcome to the loop. What was
//! being tried when a daemon died is tried again by the next; only what is in the journal counts.

use super::Calls;
use crate::board::{AttemptKey, Input, TaskId, Text, Validation, ValidationOrder};
use crate::daemon::clock::Clock;
use crate::daemon::incoming::Incoming;
use crate::daemon::jobs::Jobs;
use crate::folder::without_keys;
use crate::store::Blobs;
use crate::worker::worktree::{Trees, Tried};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{OnceCell, mpsc, oneshot};
use tokio_util::sync::CancellationToken;

/// How the plain base fares, for each task, base and command: asked once.
type AtBase = Arc<Mutex<BTreeMap<(TaskId, String, String), Arc<OnceCell<bool>>>>>;

/// How many of these are remembered. Forgotten ones are tried again.
const BASES_MAX: usize = 200;

/// Pause between two tries to make a tree while the disk is full.
const SPACE_PAUSE: Duration = Duration::from_secs(1);

/// What is being tried.
#[derive(Default)]
pub(super) struct Trials {
    stops: BTreeMap<AttemptKey, CancellationToken>,
    at_base: AtBase,
}

impl Trials {
    /// Stops the trying of what an attempt made.
    pub(super) fn stop(&mut self, key: &AttemptKey) {
        if let Some(stop) = self.stops.remove(key) {
            stop.cancel();
        }
    }
}

impl Calls {
    /// Tries what an attempt made.
    pub(in crate::daemon) fn try_out(&mut self, order: ValidationOrder) {
        let stop = self.ending.child_token();
        self.trials.stops.retain(|_, stop| !stop.is_cancelled());
        self.trials.stops.insert(order.key.clone(), stop.clone());
        let (key, command) = (order.key.clone(), order.command.clone());
        let trial = Trial {
            order,
            trees: self.trees.clone(),
            at_base: Arc::clone(&self.trials.at_base),
            blobs: self.blobs.clone(),
            jobs: self.jobs.clone(),
            clock: self.clock,
            stop,
        };
        let (sender, clock) = (self.sender.clone(), self.clock);
        let job = {
            let sender = sender.clone();
            async move { trial.run(sender).await }
        };
        let (report_key, jobs) = (key.clone(), self.jobs.clone());
        self.jobs.start(format!("trying {key}"), job, move |said| {
            let tried = Tried::not_begun(format!("the job that tried it broke: {said}"));
            let validation = validation(&command, &tried, Text::short(tried.output.clone()), false);
            let input = Input::Validated { at: clock.now(), key: report_key, validation: Box::new(validation) };
            let report = async move { drop(sender.send(Incoming::Input(Box::new(input), None)).await) };
            jobs.start("report of a broken trial", report, drop);
        });
    }

    /// Removes every tree but those of calls that were adopted; their removal itself takes its time beside the loop.
    pub(in crate::daemon) fn sweep_trees(&self, adopted: &[AttemptKey]) {
        let Some(trees) = self.trees.clone() else { return };
        trees.sweep(adopted);
        let jobs = self.jobs.clone();
        let clear = async move { drop(jobs.blocking(move || trees.clear()).await) };
        self.jobs.start("removal of old worktrees", clear, drop);
    }
}

struct Trial {
    order: ValidationOrder,
    trees: Option<Trees>,
    at_base: AtBase,
    blobs: Blobs,
    jobs: Jobs,
    clock: Clock,
    stop: CancellationToken,
}

impl Trial {
    async fn run(self, sender: mpsc::Sender<Incoming>) {
        if let Some(validation) = self.tried().await {
            let (key, at) = (self.order.key.clone(), self.clock.now());
            let input = Input::Validated { at, key, validation: Box::new(validation) };
            let (stored, when_stored) = oneshot::channel();
            // A loop that is gone has it tried again at the next start; one that no longer waits needs no more of it.
            if sender.send(Incoming::Input(Box::new(input), Some(stored))).await.is_ok() {
                drop(when_stored.await);
            }
        }
        // Over, for those who look which are not.
        self.stop.cancel();
    }

    /// How it went; `None`: it was stopped, and nobody waits for it.
    async fn tried(&self) -> Option<Validation> {
        let text = match self.blobs.get(&self.order.patch.text) {
            Ok(text) => text,
            Err(error) => return Some(self.outcome(Tried::not_begun(error.to_string()), false).await),
        };
        let (tried, at_base) = tokio::join!(self.in_tree(Some(text)), self.at_base());
        Some(self.outcome(tried?, at_base?).await)
    }

    /// Whether the command passes on the plain base. Asked once for all attempts on the same one.
    async fn at_base(&self) -> Option<bool> {
        let (task, base) = (self.order.key.task.clone(), self.order.patch.base.clone());
        let cell = {
            let mut known = self.at_base.lock().unwrap_or_else(PoisonError::into_inner);
            if known.len() >= BASES_MAX {
                known.clear();
            }
            Arc::clone(known.entry((task, base, self.order.command.clone())).or_default())
        };
        let passes = cell.get_or_try_init(|| async {
            let tried = self.in_tree(None).await.ok_or(())?;
            Ok::<bool, ()>(tried.exit == Some(0))
        });
        passes.await.ok().copied()
    }

    /// Runs the command in a fresh tree, with the patch or without.
    async fn in_tree(&self, patch: Option<String>) -> Option<Tried> {
        let Some(trees) = &self.trees else { return Some(Tried::not_begun("there are no worktrees here")) };
        let base = patch.is_none();
        let tree = loop {
            let (trees, order, text) = (trees.clone(), self.order.clone(), patch.clone());
            let make = move || trees.trial(&order.key, &order.patch, text.as_deref());
            match self.jobs.blocking(make).await {
                Ok(Ok(tree)) => break tree,
                Ok(Err(error)) if error.is_full() => {}
                Ok(Err(error)) => return Some(Tried::not_begun(format!("it could not be tried: {error}"))),
                Err(said) => return Some(Tried::not_begun(format!("it could not be tried: {said}"))),
            }
            tokio::select! {
                () = tokio::time::sleep(SPACE_PAUSE) => {}
                () = self.stop.cancelled() => return None,
            }
        };
        let left = self.order.deadline.map_or(Duration::MAX, |deadline| deadline.since(self.clock.now()));
        let ran = trees.run(&self.order.command, &tree.work, left, &self.stop).await;
        let (trees, key) = (trees.clone(), self.order.key.clone());
        // What could not be removed is swept at the next start.
        drop(self.jobs.blocking(move || trees.tried(&key, base)).await);
        ran.unwrap_or_else(|error| Some(Tried::not_begun(format!("it could not be tried: {error}"))))
    }

    async fn outcome(&self, tried: Tried, at_base: bool) -> Validation {
        let (blobs, text) = (self.blobs.clone(), without_keys(tried.output.clone()));
        let short = Text::short(text.clone());
        let kept = self.jobs.blocking(move || blobs.put(&text)).await;
        // On a full disk its beginning is all that is kept of what it printed.
        let output = kept.ok().and_then(Result::ok).unwrap_or(short);
        validation(&self.order.command, &tried, output, at_base)
    }
}

fn validation(command: &str, tried: &Tried, output: Text, at_base: bool) -> Validation {
    let (exit, seconds) = (tried.exit, tried.seconds);
    Validation { command: command.to_owned(), passed: exit == Some(0), exit, output, seconds, at_base }
}
