//! `synod cancel`, `retry`, `approve`, `reject`: what a person does to a task.

use crate::api::{Reply, Request, TaskId};
use crate::cli::exit::Exit;
use crate::cli::report::Failure;
use crate::cli::session::Session;
use crate::cli::words;

/// Stop a task; its running calls are ended
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  synod cancel review-auth\n\nThe same with a file: touch AI_COORDINATION/tasks/active/review-auth.cancel"
)]
pub(in crate::cli) struct CancelArgs {
    /// The task's id
    #[arg(value_parser = words::task)]
    id: TaskId,
}

/// Try once more: an ended task under a new id; one that waits for a person goes on with the steps that failed
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  synod retry review-auth")]
pub(in crate::cli) struct RetryArgs {
    /// The task's id
    #[arg(value_parser = words::task)]
    id: TaskId,
}

/// Accept a decision that waits for a person
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  synod tasks --state awaiting_person\n  synod approve review-auth\n\nThe same with a file: touch AI_COORDINATION/decisions/review-auth.approve"
)]
pub(in crate::cli) struct ApproveArgs {
    /// The task's id
    #[arg(value_parser = words::task)]
    id: TaskId,
}

/// Refuse a decision that waits for a person; the task has failed then
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  synod reject review-auth --why \"the second finding is wrong\"\n\nThe same with a file whose text is the reason: AI_COORDINATION/decisions/review-auth.reject"
)]
pub(in crate::cli) struct RejectArgs {
    /// The task's id
    #[arg(value_parser = words::task)]
    id: TaskId,
    /// Why; it is written into the log
    #[arg(long, value_name = "TEXT")]
    why: String,
}

pub(super) async fn cancel(session: &Session, args: CancelArgs) -> Result<Exit, Failure> {
    let request = Request::Cancel { task: args.id.clone(), by: session.by() };
    done(session, request, &format!("cancelled {}", args.id)).await
}

pub(super) async fn approve(session: &Session, args: ApproveArgs) -> Result<Exit, Failure> {
    let request = Request::Approve { task: args.id.clone(), by: session.by() };
    done(session, request, &format!("approved {}", args.id)).await
}

pub(super) async fn reject(session: &Session, args: RejectArgs) -> Result<Exit, Failure> {
    if args.why.trim().is_empty() {
        return Err(Failure::usage("a rejection needs a reason").hint("say it with: --why \"…\""));
    }
    let request = Request::Reject { task: args.id.clone(), by: session.by(), why: args.why };
    done(session, request, &format!("rejected {}", args.id)).await
}

pub(super) async fn retry(session: &Session, args: RetryArgs) -> Result<Exit, Failure> {
    let request = Request::Retry { task: args.id.clone(), by: session.by() };
    let (reply, daemon) = super::ask(session, request).await?;
    // A task that waits for a person goes on under its own id; one that has ended begins anew under another.
    let (task, said) = match &reply {
        Reply::Accepted { task } => (task, task.to_string()),
        Reply::Done => (&args.id, format!("trying again what failed in {}", args.id)),
        _ => return Err(super::unexpected()),
    };
    session.out.put(&reply, || said)?;
    session.out.say(&if daemon { format!("follow it with: synod wait {task}") } else { NO_DAEMON.to_owned() });
    Ok(Exit::Ok)
}

/// What is said of a task that was taken in while nobody works.
pub(super) const NO_DAEMON: &str = "no daemon is running; the task starts when one does: synod up";

async fn done(session: &Session, request: Request, text: &str) -> Result<Exit, Failure> {
    let (reply, _) = super::ask(session, request).await?;
    session.out.put(&reply, || text.to_owned())?;
    Ok(Exit::Ok)
}
