//! The signals with which a person or a service manager ends the program: the first is polite, the second is not.

use super::exit::Exit;
use super::report::Failure;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// SIGINT and SIGTERM as they come.
#[derive(Debug)]
pub(super) struct Interrupts {
    interrupt: Signal,
    terminate: Signal,
}

impl Interrupts {
    /// From here on the signals no longer end the process by themselves.
    ///
    /// # Errors
    /// When the system does not let them be caught.
    pub(super) fn catch() -> Result<Self, Failure> {
        let catch = |kind| {
            signal(kind).map_err(|error| Failure::new(Exit::Failed, format!("signals cannot be caught: {error}")))
        };
        Ok(Self { interrupt: catch(SignalKind::interrupt())?, terminate: catch(SignalKind::terminate())? })
    }

    /// The next one. May be dropped and asked again without losing any.
    pub(super) async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
