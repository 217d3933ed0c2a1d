//! The worker that answers from a cassette: no model is called. The cassette's format is in `cassette`.

use super::cassette::Cassette;
use super::{Call, Outcome};
use crate::board::{Failure, FailureClass, Usage, WorkerName};
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How much of a recorded call's time a replay takes.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Pace {
    /// None of it.
    #[default]
    Instant,
    /// The recorded time multiplied by this; 1.0 is as recorded. Not negative.
    Scaled(f64),
}

impl Pace {
    fn of(self, took_ms: u64) -> Duration {
        let recorded = Duration::from_millis(took_ms);
        match self {
            Self::Instant => Duration::ZERO,
            Self::Scaled(scale) => {
                Duration::try_from_secs_f64(recorded.as_secs_f64() * scale.max(0.0)).unwrap_or(Duration::MAX)
            }
        }
    }
}

/// A worker that plays the entries that a cassette holds under its name.
#[derive(Clone, Debug)]
pub struct ReplayWorker {
    name: WorkerName,
    cassette: Arc<Cassette>,
    pace: Pace,
}

impl ReplayWorker {
    /// Makes the worker.
    pub fn new(name: WorkerName, cassette: Arc<Cassette>, pace: Pace) -> Self {
        Self { name, cassette, pace }
    }

    /// The highest cost that the cassette tells of one of this worker's calls, in USD.
    pub fn dearest_usd(&self) -> f64 {
        self.cassette.dearest_usd(self.name.as_str())
    }

    /// Plays the entry that answers this call, at the worker's pace, within the call's time, until `stop` is cancelled.
    ///
    /// # Errors
    /// The recorded failure; `RequestRefused` when no entry answers the call; `Timeout` and `Cancelled` as for any worker.
    pub async fn call(&self, call: &Call, stop: &CancellationToken) -> Outcome {
        let Some(entry) = self.cassette.take(self.name.as_str(), call) else {
            return Err(failure(FailureClass::RequestRefused, self.nothing_fits(), Duration::ZERO));
        };
        let wait = self.pace.of(entry.took_ms);
        let stopped = || failure(FailureClass::Cancelled, "the call was stopped".to_owned(), Duration::ZERO);
        if stop.is_cancelled() {
            return Err(stopped());
        }
        if wait.is_zero() {
            return entry.end.outcome(wait);
        }
        tokio::select! {
            biased;
            () = stop.cancelled() => Err(stopped()),
            () = tokio::time::sleep(wait.min(call.time_left)) => {
                if wait <= call.time_left {
                    entry.end.outcome(wait)
                } else {
                    let message = format!("the recorded answer takes longer than {:.1} s", call.time_left.as_secs_f64());
                    Err(failure(FailureClass::Timeout, message, call.time_left))
                }
            }
        }
    }

    fn nothing_fits(&self) -> String {
        let path = self.cassette.path().display();
        let known = self.cassette.workers();
        if known.contains(&self.name.as_str()) {
            format!("the cassette {path} has no further answer of {}; record it again with --record", self.name)
        } else {
            format!("the cassette {path} has no answer of {}; it holds those of {}", self.name, known.join(", "))
        }
    }
}

fn failure(class: FailureClass, message: String, after: Duration) -> Failure {
    Failure { class, message, after_s: after.as_secs_f64(), usage: Usage::default() }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that cannot go on must fail")]
    use super::super::cassette::tests::call;
    use super::*;
    use std::path::Path;

    fn worker(name: &str, pace: Pace) -> ReplayWorker {
        let text = "{\"synod_cassette\":1}\n{\"worker\":\"a\",\"took_ms\":40000,\"reply\":{\"text\":\"pong\",\"model\":\"m\"}}\n";
        let cassette = Cassette::parse(Path::new("demo.jsonl"), text).unwrap();
        ReplayWorker::new(WorkerName::new(name), Arc::new(cassette), pace)
    }

    #[tokio::test]
    async fn an_entry_is_played_and_then_nothing_is_left() {
        let worker = worker("a", Pace::Instant);
        let stop = CancellationToken::new();
        assert_eq!(worker.call(&call("t", 1, "p"), &stop).await.unwrap().text, "pong");
        let failure = worker.call(&call("t", 2, "p"), &stop).await.unwrap_err();
        assert_eq!(failure.class, FailureClass::RequestRefused);
        assert!(failure.message.contains("demo.jsonl") && failure.message.contains("--record"), "{}", failure.message);
    }

    #[tokio::test]
    async fn an_unknown_worker_is_told_whose_answers_there_are() {
        let failure = worker("b", Pace::Instant).call(&call("t", 1, "p"), &CancellationToken::new()).await.unwrap_err();
        assert!(failure.message.ends_with("holds those of a"), "{}", failure.message);
    }

    #[tokio::test(flavor = "current_thread")]
    async fn the_recorded_time_can_be_taken_cut_short_and_stopped() {
        let stop = CancellationToken::new();
        let slow = worker("a", Pace::Scaled(0.001));
        assert!(slow.call(&call("t", 1, "p"), &stop).await.is_ok());
        let mut hurried = call("t", 1, "p");
        hurried.time_left = Duration::from_millis(5);
        let late = worker("a", Pace::Scaled(1.0)).call(&hurried, &stop).await.unwrap_err();
        assert_eq!(late.class, FailureClass::Timeout);
        stop.cancel();
        let stopped = worker("a", Pace::Scaled(1.0)).call(&call("t", 1, "p"), &stop).await.unwrap_err();
        assert_eq!(stopped.class, FailureClass::Cancelled);
    }
}
