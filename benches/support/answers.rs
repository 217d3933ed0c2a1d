//! Workers inside the bench's own process: each answers, after a pause, fails, or hangs, and all calls are counted.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use synod::board::{AttemptKey, Failure, FailureClass, Usage, WorkerName};
use synod::daemon::{Caller, Calling};
use synod::worker::{self, Call};
use tokio_util::sync::CancellationToken;

/// A judgement as a model would write it.
const VERDICT: &str = "I looked at it and it is sound.\n\n```json\n{\"verdict\": \"approve\", \"claims\": [], \"confidence\": 0.9, \"would_change_my_mind\": \"a failing test\"}\n```\n";

/// What a worker does with a call.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Act {
    /// Answers after this long.
    Answer(Duration),
    /// Fails at once, for good.
    Fail,
    /// Never answers.
    Hang,
    /// Answers once [`Answers::open`] was called.
    Hold,
}

/// Workers that do as a rule says.
pub(crate) struct Answers {
    rule: fn(&str) -> Act,
    calls: AtomicUsize,
    first: Mutex<Option<Instant>>,
    /// Whether calls that are held may go on.
    open: tokio::sync::watch::Sender<bool>,
}

impl Answers {
    pub(crate) fn new(rule: fn(&str) -> Act) -> Arc<Self> {
        let open = tokio::sync::watch::Sender::new(false);
        Arc::new(Self { rule, calls: AtomicUsize::new(0), first: Mutex::new(None), open })
    }

    /// Lets the calls that are held go on, now and later.
    pub(crate) fn open(&self) {
        self.open.send_replace(true);
    }

    /// Calls since the last time this was asked, and the moment of the first of them.
    pub(crate) fn take(&self) -> (usize, Option<Instant>) {
        (self.calls.swap(0, Ordering::Relaxed), self.first.lock().unwrap().take())
    }
}

impl Caller for Answers {
    fn call(&self, worker: &WorkerName, call: Call, stop: CancellationToken) -> Calling {
        self.calls.fetch_add(1, Ordering::Relaxed);
        self.first.lock().unwrap().get_or_insert_with(Instant::now);
        let (act, model) = ((self.rule)(worker.as_str()), worker.as_str().to_owned());
        let mut open = self.open.subscribe();
        Box::pin(async move {
            if let Act::Hold = act {
                // The sender lives as long as the workers, so waiting cannot fail before it opens.
                let _ = open.wait_for(|open| *open).await;
            }
            let failed = |class, message: &str| {
                Err(Failure { class, message: message.to_owned(), after_s: 0.0, usage: Usage::default() })
            };
            match act {
                Act::Answer(_) | Act::Hold => {
                    if let Act::Answer(pause) = act
                        && !pause.is_zero()
                    {
                        tokio::time::sleep(pause).await;
                    }
                    let usage = Usage { input_tokens: 10, output_tokens: 5, cached_tokens: 0, cost_usd: Some(0.001) };
                    let text = VERDICT.to_owned();
                    Ok(worker::Reply {
                        text,
                        structured: None,
                        model,
                        session: None,
                        usage,
                        files_modified: Vec::new(),
                    })
                }
                Act::Fail => failed(FailureClass::RequestRefused, "refused"),
                Act::Hang => tokio::select! {
                    () = tokio::time::sleep(call.time_left) => failed(FailureClass::Timeout, "no answer in time"),
                    () = stop.cancelled() => failed(FailureClass::Cancelled, "stopped"),
                },
            }
        })
    }

    fn resume(&self, _: &WorkerName, _: &AttemptKey, _: CancellationToken) -> Option<Calling> {
        None
    }

    fn forget(&self, _: &AttemptKey) {}

    fn kept(&self) -> Vec<AttemptKey> {
        Vec::new()
    }
}
