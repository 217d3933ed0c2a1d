//! `synod why`: the sum behind a decision.

use crate::api::{Reply, Request, TaskId};
use crate::cli::exit::Exit;
use crate::cli::report::Failure;
use crate::cli::session::Session;
use crate::cli::words;

/// Show how a decision came about, as a sum that can be redone on paper
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  synod why review-auth\n  synod why review-auth --json | jq .decision.sums")]
pub(in crate::cli) struct Args {
    /// The task's id
    #[arg(value_parser = words::task)]
    id: TaskId,
}

pub(super) async fn run(session: &Session, args: Args) -> Result<Exit, Failure> {
    let (reply, _) = super::ask(session, Request::Why { task: args.id }).await?;
    let Reply::Why { text, .. } = &reply else { return Err(super::unexpected()) };
    session.out.put(&reply, || text.clone())?;
    Ok(Exit::Ok)
}
