//! The only place that starts background work. Every job has a name; a job that panics is reported, never silent.

use futures::FutureExt;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use tokio::runtime::Handle;
use tokio_util::task::TaskTracker;

/// Starts jobs and knows when all have ended.
#[derive(Clone, Debug)]
pub struct Jobs {
    runtime: Handle,
    running: TaskTracker,
}

impl Jobs {
    /// Jobs on this runtime.
    pub fn new(runtime: Handle) -> Self {
        Self { runtime, running: TaskTracker::new() }
    }

    /// Starts a job. `panicked` runs when it ends by a panic, with what it said.
    pub fn start(
        &self,
        name: impl Into<String>,
        job: impl Future<Output = ()> + Send + 'static,
        panicked: impl FnOnce(String) + Send + 'static,
    ) {
        let name = name.into();
        let guarded = async move {
            if let Err(panic) = AssertUnwindSafe(job).catch_unwind().await {
                let said = panic_text(panic.as_ref());
                tracing::error!(job = name, said, "a job panicked");
                panicked(said);
            }
        };
        self.running.spawn_on(guarded, &self.runtime);
    }

    /// Runs blocking work on a thread of its own until it returns.
    ///
    /// # Errors
    /// What it said when it panicked.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that spawns")]
    pub async fn blocking<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, String> {
        let joined = self.runtime.spawn_blocking(work).await;
        joined.map_err(
            |error| if error.is_panic() { panic_text(error.into_panic().as_ref()) } else { "ended".to_owned() },
        )
    }

    /// Starts a named thread, for work that blocks for its whole life.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn thread(
        &self,
        name: &str,
        work: impl FnOnce() + Send + 'static,
    ) -> Result<std::thread::JoinHandle<()>, std::io::Error> {
        std::thread::Builder::new().name(name.to_owned()).spawn(work)
    }

    /// Waits until every job has ended. No job may be started any more.
    pub async fn ended(&self) {
        self.running.close();
        self.running.wait().await;
    }
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "it said nothing".to_owned())
}
