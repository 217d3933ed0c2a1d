//! Workers that a test plays: each call waits until the test answers it, or is answered by a rule.

use crate::board::{AttemptKey, Failure, FailureClass, Usage, WorkerName};
use crate::daemon::{Caller, Calling};
use crate::worker::{Call, Outcome, Reply};
use std::collections::BTreeMap;
use std::hash::{Hash, Hasher};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

/// How long anything may take before the test fails. Generous: the machine may be busy.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);

/// A call that waits for its answer.
pub(super) struct Asked {
    pub(super) worker: String,
    pub(super) call: Call,
    pub(super) stop: CancellationToken,
    answer: oneshot::Sender<Outcome>,
}

impl Asked {
    /// Waits until it is told to stop.
    pub(super) async fn stopped(&self) {
        tokio::time::timeout(PATIENCE, self.stop.cancelled()).await.expect("the call is not stopped");
    }

    pub(super) fn say(self, text: &str) {
        let _ = self.answer.send(said(text));
    }

    pub(super) fn end(self, outcome: Outcome) {
        let _ = self.answer.send(outcome);
    }

    pub(super) fn fail(self, class: FailureClass, message: &str) {
        let _ = self.answer.send(failed(class, message));
    }
}

type Rule = dyn Fn(&str, &Call) -> Outcome + Send + Sync;

/// Everything a test wants to know of its workers, and how they answer.
pub(super) struct Workers {
    rule: Option<Box<Rule>>,
    asked: mpsc::UnboundedSender<Asked>,
    asks: tokio::sync::Mutex<mpsc::UnboundedReceiver<Asked>>,
    /// Worker and key of every call, in order.
    calls: Mutex<Vec<(String, AttemptKey)>>,
    /// What is left of calls of an earlier daemon, with what they came to.
    left: Mutex<BTreeMap<AttemptKey, oneshot::Receiver<Outcome>>>,
    /// Calls that were forgotten.
    forgotten: Mutex<Vec<AttemptKey>>,
    /// The most a call can cost, in USD; `None`: nobody knows.
    pub(super) most_usd: Mutex<Option<f64>>,
    /// Whether answers are kept for identical calls.
    pub(super) kept: AtomicBool,
    panics: bool,
}

impl Workers {
    fn new(rule: Option<Box<Rule>>, panics: bool) -> Arc<Self> {
        let (asked, asks) = mpsc::unbounded_channel();
        Arc::new(Self {
            rule,
            asked,
            asks: tokio::sync::Mutex::new(asks),
            calls: Mutex::default(),
            left: Mutex::default(),
            forgotten: Mutex::default(),
            most_usd: Mutex::default(),
            kept: AtomicBool::default(),
            panics,
        })
    }

    /// Each call waits for the test.
    pub(super) fn played() -> Arc<Self> {
        Self::new(None, false)
    }

    /// Each call is answered at once.
    pub(super) fn ruled(rule: impl Fn(&str, &Call) -> Outcome + Send + Sync + 'static) -> Arc<Self> {
        Self::new(Some(Box::new(rule)), false)
    }

    /// Each call breaks.
    pub(super) fn broken() -> Arc<Self> {
        Self::new(None, true)
    }

    /// Something of this call is left from an earlier daemon; the sender says what it comes to.
    pub(super) fn leave(&self, key: &AttemptKey) -> oneshot::Sender<Outcome> {
        let (sender, receiver) = oneshot::channel();
        self.left.lock().unwrap().insert(key.clone(), receiver);
        sender
    }

    /// The next call that is made.
    pub(super) async fn next(&self) -> Asked {
        let mut asks = self.asks.lock().await;
        tokio::time::timeout(PATIENCE, asks.recv()).await.expect("no call came").unwrap()
    }

    /// Whether no call waits for the test.
    pub(super) async fn is_quiet(&self) -> bool {
        self.asks.lock().await.is_empty()
    }

    pub(super) fn calls(&self) -> Vec<(String, AttemptKey)> {
        self.calls.lock().unwrap().clone()
    }

    /// How many calls each worker got.
    pub(super) fn counts(&self) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for (worker, _) in self.calls() {
            *counts.entry(worker).or_default() += 1;
        }
        counts
    }

    pub(super) fn forgotten(&self) -> Vec<AttemptKey> {
        self.forgotten.lock().unwrap().clone()
    }
}

/// An answer.
pub(super) fn said(text: &str) -> Outcome {
    Ok(Reply {
        text: text.to_owned(),
        structured: None,
        model: "model-1".to_owned(),
        session: None,
        usage: Usage { input_tokens: 10, output_tokens: 5, cached_tokens: 0, cost_usd: Some(0.25) },
        files_modified: Vec::new(),
    })
}

/// A failure.
pub(super) fn failed(class: FailureClass, message: &str) -> Outcome {
    Err(Failure { class, message: message.to_owned(), after_s: 0.5, usage: Usage::default() })
}

/// A verdict block as a model would write it.
pub(super) fn verdict(stance: &str) -> String {
    format!(
        "I looked.\n\n```json\n{{\"verdict\": \"{stance}\", \"claims\": [], \"confidence\": 0.9, \"would_change_my_mind\": \"\"}}\n```\n"
    )
}

impl Caller for Arc<Workers> {
    fn call(&self, worker: &WorkerName, call: Call, stop: CancellationToken) -> Calling {
        self.calls.lock().unwrap().push((worker.as_str().to_owned(), call.key.clone()));
        assert!(!self.panics, "the worker is broken");
        if let Some(rule) = &self.rule {
            let outcome = rule(worker.as_str(), &call);
            return Box::pin(async move { outcome });
        }
        let (answer, answered) = oneshot::channel();
        let asked = Asked { worker: worker.as_str().to_owned(), call, stop: stop.clone(), answer };
        self.asked.send(asked).unwrap();
        Box::pin(async move {
            tokio::select! {
                Ok(outcome) = answered => outcome,
                () = stop.cancelled() => failed(FailureClass::Cancelled, "stopped"),
            }
        })
    }

    fn hold(&self, _: &WorkerName, _: &mut Call) -> Option<f64> {
        *self.most_usd.lock().unwrap()
    }

    fn likeness(&self, worker: &WorkerName, call: &Call) -> Option<String> {
        let mut hasher = std::hash::DefaultHasher::new();
        (worker, &call.system, &call.prompt).hash(&mut hasher);
        self.kept.load(Ordering::Relaxed).then(|| format!("{:x}", hasher.finish()))
    }

    fn resume(&self, _: &WorkerName, key: &AttemptKey, stop: CancellationToken) -> Option<Calling> {
        let left = self.left.lock().unwrap().remove(key)?;
        Some(Box::pin(async move {
            tokio::select! {
                outcome = left => outcome.unwrap_or_else(|_| failed(FailureClass::Interrupted, "it died")),
                () = stop.cancelled() => failed(FailureClass::Cancelled, "stopped"),
            }
        }))
    }

    fn forget(&self, key: &AttemptKey) {
        self.left.lock().unwrap().remove(key);
        self.forgotten.lock().unwrap().push(key.clone());
    }

    fn kept(&self) -> Vec<AttemptKey> {
        self.left.lock().unwrap().keys().cloned().collect()
    }
}
