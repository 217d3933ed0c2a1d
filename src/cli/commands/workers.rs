//! `synod workers`: who can be asked.

use crate::api::{Reply, Request};
use crate::cli::exit::Exit;
use crate::cli::report::Failure;
use crate::cli::session::Session;
use crate::cli::view;

/// List the workers and how they stand
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  synod workers\n\nTo try each with one short call: synod doctor")]
pub(in crate::cli) struct Args {}

pub(super) async fn run(session: &Session, _args: &Args) -> Result<Exit, Failure> {
    let (reply, _) = super::ask(session, Request::Workers).await?;
    let Reply::Workers { workers } = &reply else { return Err(super::unexpected()) };
    session.out.put(&reply, || view::workers(workers))?;
    if workers.is_empty() {
        return Err(Failure::new(Exit::NoWorker, "no worker is configured and none was found")
            .hint("see what was looked for, and how to get it, with: synod doctor"));
    }
    Ok(Exit::Ok)
}
