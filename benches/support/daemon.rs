//! The real binary as a daemon of its own, started and ended like a person would.

use super::process::Process;
use super::scratch::Scratch;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use synod::api::{Handle, Request};

/// How long the daemon may take to answer.
const READY_MAX: Duration = Duration::from_secs(120);

/// A running `synod up`, ended with the value.
pub(crate) struct Daemon {
    child: Child,
    /// From the start of the process to its first answer.
    pub(crate) ready_after: Duration,
    pub(crate) handle: Handle,
}

impl Daemon {
    /// Starts the daemon of a workspace and waits until it answers.
    #[expect(clippy::disallowed_methods, reason = "the daemon under measurement is a process of its own")]
    pub(crate) async fn start(scratch: &Scratch) -> Self {
        let place = scratch.place();
        let log = std::fs::File::create(scratch.root().join("daemon.log")).unwrap();
        let start = Instant::now();
        let child = Command::new(env!("CARGO_BIN_EXE_synod"))
            .arg("-C")
            .arg(scratch.root())
            .arg("up")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        let handle = loop {
            if let Ok(Some(handle)) = synod::app::connect(&place).await {
                break handle;
            }
            assert!(
                start.elapsed() < READY_MAX,
                "the daemon never answered; see its log in {}",
                scratch.root().display()
            );
            tokio::time::sleep(Duration::from_millis(2)).await;
        };
        Self { child, ready_after: start.elapsed(), handle }
    }

    /// Asks it to end, and waits until it has.
    pub(crate) async fn end(mut self) {
        let _ = self.handle.ask(Request::Shutdown { hard: false }).await;
        self.child.wait().unwrap();
    }

    /// Its process.
    pub(crate) fn process(&self) -> Process {
        Process(self.child.id())
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // It has ended already when the bench went well.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
