//! `synod answer`: hands in what a person says to a step that waits for one.

use crate::api::{Reply, Request, TaskId};
use crate::cli::exit::Exit;
use crate::cli::report::Failure;
use crate::cli::session::Session;
use crate::cli::words;
use std::io::Read;
use std::path::Path;

/// Answer a step that waits for a person
///
/// TEXT is the answer; a FILE that exists is read; `-` reads from stdin. Where a judgement is asked for, the first line says
/// approve, approve with changes, reject or abstain, and findings are lines such as "- high src/auth.rs:63: SQL injection".
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  synod answer review-auth approve\n  synod answer review-auth --step judge findings.md\n\nThe same with a file: AI_COORDINATION/decisions/review-auth.judge.answer"
)]
pub(in crate::cli) struct Args {
    /// The task's id
    #[arg(value_parser = words::task)]
    id: TaskId,
    /// What you say, or a file that holds it
    #[arg(value_name = "TEXT|FILE")]
    what: String,
    /// The step or the worker that is meant, when several wait
    #[arg(long, value_name = "STEP|WORKER")]
    step: Option<String>,
}

pub(super) async fn run(session: &Session, args: Args) -> Result<Exit, Failure> {
    let text = said(&args.what)?;
    let request = Request::Answer { task: args.id.clone(), step: args.step, by: session.by(), text };
    let (reply, _) = super::ask(session, request).await?;
    if !matches!(reply, Reply::Done) {
        return Err(super::unexpected());
    }
    session.out.put(&reply, || format!("answered {}", args.id))?;
    Ok(Exit::Ok)
}

fn said(what: &str) -> Result<String, Failure> {
    let unreadable = |error: std::io::Error| Failure::usage(format!("{what} cannot be read: {error}"));
    if what == "-" {
        let mut text = String::new();
        std::io::stdin().lock().read_to_string(&mut text).map_err(unreadable)?;
        return Ok(text);
    }
    let path = Path::new(what);
    if path.is_file() { std::fs::read_to_string(path).map_err(unreadable) } else { Ok(what.to_owned()) }
}
