//! `synod down`: ends the daemon and waits until it has.

use crate::api::{Reply, Request};
use crate::app::{self, Place};
use crate::cli::exit::Exit;
use crate::cli::report::Failure;
use crate::cli::session::Session;
use serde_json::json;
use std::time::Duration;

/// Pause between two looks whether it is gone.
const LOOK_PAUSE: Duration = Duration::from_millis(30);
/// How long it may take beyond twice the shutdown grace (one for calls that may finish, one for those told to stop).
const END_WAIT_EXTRA: Duration = Duration::from_secs(20);

/// End the daemon
///
/// Running calls may finish within limits.shutdown_grace; what still runs then is stopped, and asked again by the next daemon.
/// Nothing that was accepted is lost, and nothing that was answered is paid again.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  synod down\n  synod down --now            stop running calls at once")]
pub(in crate::cli) struct Args {
    /// Do not wait for running calls: stop them at once
    #[arg(long)]
    now: bool,
}

pub(super) async fn run(session: &Session, args: &Args) -> Result<Exit, Failure> {
    let place = session.place()?;
    let Some(handle) = app::connect(&place).await? else {
        session.out.put(&json!({ "ended": null }), || "no daemon serves this workspace".to_owned())?;
        return Ok(Exit::Ok);
    };
    let Reply::Status(status) = handle.ask(Request::Status).await? else { return Err(super::unexpected()) };
    handle.ask(Request::Shutdown { hard: args.now }).await?;
    if status.running_calls > 0 && !args.now {
        session
            .out
            .say(&format!("waiting for {} running call(s); not to wait: synod down --now", status.running_calls));
    }
    let patience = place.loaded.settings.limits.shutdown_grace * 2 + END_WAIT_EXTRA;
    match tokio::time::timeout(patience, gone(&place)).await {
        Ok(over) => over?,
        Err(_) => {
            return Err(Failure::new(Exit::Failed, format!("the daemon (process {}) has not ended", status.pid))
                .hint(format!("see {}; as the last means: kill {}", place.layout.daemon_log.display(), status.pid)));
        }
    }
    session.out.put(&json!({ "ended": status.pid }), || format!("ended (process {})", status.pid))?;
    Ok(Exit::Ok)
}

async fn gone(place: &Place) -> Result<(), Failure> {
    while app::connect(place).await.map_or_else(still_ending, |handle| Ok(handle.is_some()))? {
        tokio::time::sleep(LOOK_PAUSE).await;
    }
    Ok(())
}

/// A daemon that says that it is ending is still there.
fn still_ending(error: app::Error) -> Result<bool, Failure> {
    match &error {
        app::Error::Api(refused) if refused.kind == crate::api::ErrorKind::Stopping => Ok(true),
        _ => Err(error.into()),
    }
}
