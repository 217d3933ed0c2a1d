//! What the daemon needs of the workers: make a call, take up one that is still running, forget one that is recorded.

use crate::board::{AttemptKey, Failure, FailureClass, Usage, WorkerName};
use crate::worker::{Call, Outcome, Roster};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// A call under way.
pub type Calling = Pin<Box<dyn Future<Output = Outcome> + Send>>;

/// Makes calls. The product's is the worker room's roster; benches and tests hand in scripted ones.
pub trait Caller: Send + Sync {
    /// Makes a call. It ends by itself at the call's deadline and soon after `stop`.
    fn call(&self, worker: &WorkerName, call: Call, stop: CancellationToken) -> Calling;

    /// The most a call can cost, in USD; `None`: nobody knows. The call is told what it must keep to.
    fn hold(&self, _worker: &WorkerName, _call: &mut Call) -> Option<f64> {
        None
    }

    /// By what an identical call is recognised; `None`: the worker's answers are not kept.
    fn likeness(&self, _worker: &WorkerName, _call: &Call) -> Option<String> {
        None
    }

    /// Waits for a call that an earlier daemon started; `None` when nothing of it is left and it must be made anew.
    fn resume(&self, worker: &WorkerName, key: &AttemptKey, stop: CancellationToken) -> Option<Calling>;

    /// Throws away what is kept of a call whose outcome is in the journal.
    fn forget(&self, key: &AttemptKey);

    /// The calls of which something is kept.
    fn kept(&self) -> Vec<AttemptKey>;
}

/// The workers behind command lines and HTTP providers.
#[derive(Clone)]
pub struct RosterCaller(Arc<Roster>);

impl RosterCaller {
    /// Calls through this roster.
    pub fn new(roster: Roster) -> Self {
        Self(Arc::new(roster))
    }
}

impl Caller for RosterCaller {
    fn call(&self, worker: &WorkerName, call: Call, stop: CancellationToken) -> Calling {
        let (roster, worker) = (Arc::clone(&self.0), worker.clone());
        Box::pin(async move { roster.call(&worker, call, stop).await })
    }

    fn hold(&self, worker: &WorkerName, call: &mut Call) -> Option<f64> {
        self.0.hold(worker, call)
    }

    fn likeness(&self, worker: &WorkerName, call: &Call) -> Option<String> {
        self.0.likeness(worker, call)
    }

    fn resume(&self, worker: &WorkerName, key: &AttemptKey, stop: CancellationToken) -> Option<Calling> {
        // Nothing is begun by asking: the future does its work only when it is awaited.
        drop(self.0.resume(key, worker, stop.clone())?);
        let (roster, worker, key) = (Arc::clone(&self.0), worker.clone(), key.clone());
        Some(Box::pin(async move {
            match roster.resume(&key, &worker, stop) {
                Some(outcome) => outcome.await,
                None => Err(lost()),
            }
        }))
    }

    fn forget(&self, key: &AttemptKey) {
        if let Err(error) = self.0.forget(key) {
            tracing::warn!(%key, %error, "what a call left behind could not be removed");
        }
    }

    fn kept(&self) -> Vec<AttemptKey> {
        self.0.stray_spools().unwrap_or_else(|error| {
            tracing::warn!(%error, "the spool could not be listed");
            Vec::new()
        })
    }
}

/// What a call left behind was there a moment ago and is gone.
fn lost() -> Failure {
    Failure {
        class: FailureClass::Interrupted,
        message: "what the call left behind is gone".to_owned(),
        after_s: 0.0,
        usage: Usage::default(),
    }
}
