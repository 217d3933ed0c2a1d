//! `synod show`: all of one task.

use crate::api::{Reply, Request, TaskId};
use crate::cli::exit::Exit;
use crate::cli::report::Failure;
use crate::cli::session::Session;
use crate::cli::{view, words};

/// Show one task: how it stands, its plan, every attempt, its decision and answer
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  synod show review-auth\n  synod show review-auth --json | jq -r .answer")]
pub(in crate::cli) struct Args {
    /// The task's id, as `synod tasks` lists it
    #[arg(value_parser = words::task)]
    id: TaskId,
}

pub(super) async fn run(session: &Session, args: Args) -> Result<Exit, Failure> {
    let (reply, _) = super::ask(session, Request::Show { task: args.id }).await?;
    let Reply::Task(task) = &reply else { return Err(super::unexpected()) };
    session.out.put(&reply, || view::task(task))?;
    Ok(Exit::Ok)
}
