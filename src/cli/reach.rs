//! Finding the board: a running daemon where there is one, else an engine of our own for as long as the command takes.

use super::interrupts::Interrupts;
use super::out::Out;
use super::report::Failure;
use crate::api::{Handle, Request};
use crate::app::{self, Engage, Engine, Place};

/// The board, wherever it is.
#[derive(Debug)]
pub(super) enum Reached {
    /// A daemon serves the workspace.
    Daemon(Handle),
    /// This process carries the engine itself.
    Own(Box<Engine>),
}

impl Reached {
    /// The board to ask or tell something. Without a daemon the engine starts no model call: what is open stays open.
    ///
    /// # Errors
    /// When the workspace is taken by a process that does not answer, or cannot be opened.
    pub(super) async fn to_ask(place: &Place) -> Result<Self, Failure> {
        Self::open(place, Engage { look: true, ..Engage::default() }).await
    }

    /// The daemon, or an engine engaged like this.
    ///
    /// # Errors
    /// As [`Self::to_ask`].
    pub(super) async fn open(place: &Place, engage: Engage) -> Result<Self, Failure> {
        match app::connect(place).await? {
            Some(handle) => Ok(Self::Daemon(handle)),
            None => Ok(Self::Own(Box::new(Engine::start(place, engage).await?))),
        }
    }

    /// The way to ask.
    pub(super) fn handle(&self) -> Handle {
        match self {
            Self::Daemon(handle) => handle.clone(),
            Self::Own(engine) => engine.handle(),
        }
    }

    /// Whether a daemon goes on when this command ends.
    pub(super) fn is_daemon(&self) -> bool {
        matches!(self, Self::Daemon(_))
    }

    /// Ends an engine of our own: its last files are written, the workspace is let go.
    ///
    /// # Errors
    /// When the engine failed.
    pub(super) async fn close(self) -> Result<(), Failure> {
        let Self::Own(mut engine) = self else { return Ok(()) };
        engine.stop(false).await;
        Ok(engine.ended().await?)
    }

    /// [`Self::close`] for an engine that may have calls running: a signal meanwhile ends them at once.
    ///
    /// # Errors
    /// When the engine failed.
    pub(super) async fn close_working(self, out: &Out, interrupts: &mut Interrupts) -> Result<(), Failure> {
        let Self::Own(mut engine) = self else { return Ok(()) };
        engine.stop(false).await;
        until_ended(&mut engine, out, interrupts, true).await
    }
}

/// Waits until the engine is over. The first signal asks it to end and lets running calls finish within the grace, the
/// second ends them; `told`: it was asked already.
///
/// # Errors
/// When the engine failed.
pub(super) async fn until_ended(
    engine: &mut Engine,
    out: &Out,
    interrupts: &mut Interrupts,
    mut told: bool,
) -> Result<(), Failure> {
    let handle = engine.handle();
    let ended = engine.ended();
    tokio::pin!(ended);
    loop {
        tokio::select! {
            over = &mut ended => return Ok(over?),
            () = interrupts.next() => {
                out.say(if told { "ending at once" } else { "ending; running calls may finish (once more: at once)" });
                // It may be over by now, which is what was wanted.
                let _ = handle.ask(Request::Shutdown { hard: told }).await;
                told = true;
            }
        }
    }
}
