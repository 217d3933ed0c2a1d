//! `synod wait`: follows one task until it rests.

use crate::api::{Reply, Request, Seq, TaskId};
use crate::cli::exit::Exit;
use crate::cli::follow::{self, Follow};
use crate::cli::interrupts::Interrupts;
use crate::cli::reach::Reached;
use crate::cli::report::Failure;
use crate::cli::session::Session;
use crate::cli::words;
use std::time::Duration;

/// Wait until a task has ended or waits for a person, then print its decision
///
/// The exit code is that of `run`: 0 proceed, 1 failed, 3 a person must look, 5 the time is over.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  synod wait review-auth\n  synod wait review-auth --timeout 10m && git push")]
pub(in crate::cli) struct Args {
    /// The task's id, as `synod tasks` lists it
    #[arg(value_parser = words::task)]
    id: TaskId,
    /// Wait at most so long, such as 90s or 10m; the task itself goes on
    #[arg(long, value_name = "TIME", value_parser = words::duration)]
    timeout: Option<Duration>,
}

pub(super) async fn run(session: &Session, args: Args) -> Result<Exit, Failure> {
    let place = session.place()?;
    let mut interrupts = Interrupts::catch()?;
    let reached = Reached::to_ask(&place).await?;
    let handle = reached.handle();
    let follow = Follow { task: args.id.clone(), after: now(&handle).await?, timeout: args.timeout };
    let ended = if reached.is_daemon() {
        follow::follow(session, &handle, follow, &mut interrupts).await
    } else {
        at_rest(session, &handle, args.id).await
    };
    let closed = reached.close().await;
    let exit = ended?;
    closed?;
    Ok(exit)
}

/// The last event, so that only what happens from now on is told.
pub(super) async fn now(handle: &crate::api::Handle) -> Result<Seq, Failure> {
    let Reply::Status(status) = handle.ask(Request::Status).await? else { return Err(super::unexpected()) };
    Ok(status.seq)
}

/// Without a daemon nothing goes on, so only a task that rests can be shown.
async fn at_rest(session: &Session, handle: &crate::api::Handle, task: TaskId) -> Result<Exit, Failure> {
    let Reply::Task(view) = handle.ask(Request::Show { task: task.clone() }).await? else {
        return Err(super::unexpected());
    };
    if !view.rests() {
        return Err(Failure::new(
            Exit::Failed,
            format!("{task} is open, and no daemon is running that could go on with it"),
        )
        .hint("start one with: synod up --detach"));
    }
    follow::conclude(session, *view)
}
