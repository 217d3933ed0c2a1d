//! `synod replay`: a decision made again from what was recorded.

use crate::api::{Reply, Request, TaskId, VotingRule, WorkerName};
use crate::cli::exit::Exit;
use crate::cli::report::Failure;
use crate::cli::session::Session;
use crate::cli::words;

/// Decide again from the recorded answers, without some workers or by another rule; nobody is asked
///
/// Without options the result is the recorded decision. The workers stand as they stood when it was decided, and its settings
/// hold. A task that is not decided yet is decided on what is there.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  synod replay review-auth --without grok\n  synod replay review-auth --rule majority\n  synod replay review-auth --rule best-single --json | jq .changes"
)]
pub(in crate::cli) struct Args {
    /// The task's id
    #[arg(value_parser = words::task)]
    id: TaskId,
    /// Leave this worker's answers out (again for more)
    #[arg(long, value_name = "WORKER")]
    without: Vec<String>,
    /// The rule by which votes weigh
    #[arg(long, value_parser = words::voting_rule(), default_value = VotingRule::Bayes.as_str())]
    rule: VotingRule,
}

pub(super) async fn run(session: &Session, args: Args) -> Result<Exit, Failure> {
    let without = args.without.into_iter().map(WorkerName::new).collect();
    let (reply, _) = super::ask(session, Request::Replay { task: args.id, without, rule: args.rule }).await?;
    let Reply::Replayed { text, .. } = &reply else { return Err(super::unexpected()) };
    session.out.put(&reply, || text.clone())?;
    Ok(Exit::Ok)
}
