//! The time while nothing can be stored. The loop then answers nobody, so faces look here to know why, and whoever wants
//! the end says so here as well as on the channel that is not read meanwhile.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::watch;

/// What keeps the loop from storing, and whether it is to end.
#[derive(Debug)]
pub(super) struct Outage {
    why: watch::Sender<Option<String>>,
    told_to_end: Mutex<bool>,
    told: Condvar,
}

impl Outage {
    /// Nothing is in the way.
    pub(super) fn new() -> Self {
        Self { why: watch::Sender::new(None), told_to_end: Mutex::new(false), told: Condvar::new() }
    }

    /// From here on askers are told why they get no answer.
    pub(super) fn begin(&self, why: String) {
        self.why.send_replace(Some(why));
    }

    /// The loop goes on.
    pub(super) fn over(&self) {
        self.why.send_replace(None);
    }

    /// The end is wanted.
    pub(super) fn tell_to_end(&self) {
        *self.told_to_end() = true;
        self.told.notify_all();
    }

    /// Waits for a while, blocking the thread. `false`: the end is wanted.
    pub(super) fn wait(&self, pause: Duration) -> bool {
        let waited = self.told.wait_timeout_while(self.told_to_end(), pause, |told| !*told);
        let (told, _) = waited.unwrap_or_else(PoisonError::into_inner);
        !*told
    }

    /// Ends once nothing can be stored, with the reason; it may never end.
    pub(super) async fn reason(&self) -> String {
        let mut why = self.why.subscribe();
        // The sender lives as long as this.
        let why = why.wait_for(Option::is_some).await.ok().and_then(|why| why.clone());
        match why {
            Some(why) => why,
            None => std::future::pending().await,
        }
    }

    fn told_to_end(&self) -> MutexGuard<'_, bool> {
        self.told_to_end.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
