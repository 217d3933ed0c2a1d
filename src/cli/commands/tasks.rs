//! `synod tasks`: the list.

use crate::api::{Reply, Request};
use crate::cli::exit::Exit;
use crate::cli::report::Failure;
use crate::cli::session::Session;
use crate::cli::{view, words};

/// List the tasks, open ones first, then ended ones from the newest
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  synod tasks\n  synod tasks --state awaiting_person     those that wait for you\n  synod tasks --limit 5 --json"
)]
pub(in crate::cli) struct Args {
    /// Only those that stand like this
    #[arg(long, value_parser = words::state())]
    state: Option<String>,
    /// At most so many
    #[arg(long, short = 'n', value_name = "N", default_value = "20", value_parser = words::count())]
    limit: usize,
    /// Go on where an earlier list ended
    #[arg(long, value_name = "NUMBER")]
    before: Option<u64>,
}

pub(super) async fn run(session: &Session, args: Args) -> Result<Exit, Failure> {
    let request = Request::Tasks { state: args.state, limit: Some(args.limit), before: args.before };
    let (reply, _) = super::ask(session, request).await?;
    let Reply::Tasks { tasks, next } = &reply else { return Err(super::unexpected()) };
    session.out.put(&reply, || view::tasks(tasks))?;
    if tasks.is_empty() {
        session.out.say("no such tasks; hand one in with: synod run \"…\"");
    }
    if let Some(next) = next {
        session.out.say(&format!("there are more: synod tasks --before {next}"));
    }
    Ok(Exit::Ok)
}
