//! `synod apply`: a task's patch on the user's files, or off them.

use crate::api::{Reply, Request, TaskId, WorkerName};
use crate::cli::exit::Exit;
use crate::cli::report::Failure;
use crate::cli::session::Session;
use crate::cli::words;
use std::fmt::Write;

/// Put the patch of a task on your files, or take it off again; nothing is committed
///
/// Only a task with `workspace: worktree` has patches. The one that the decision chose is taken, or that of the worker you name.
/// It is put in place whole or not at all: on the working tree alone, without touching the index or the branch.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  synod apply add-login\n  synod apply add-login --worker codex\n  synod apply add-login --revert\n\nThe patches themselves: AI_COORDINATION/outputs/add-login/*.patch"
)]
pub(in crate::cli) struct Args {
    /// The task's id
    #[arg(value_parser = words::task)]
    id: TaskId,
    /// Whose patch, instead of the one that the decision chose
    #[arg(long, value_name = "NAME")]
    worker: Option<String>,
    /// Also where files have changes that are not committed
    #[arg(long)]
    allow_dirty: bool,
    /// Take it off again
    #[arg(long)]
    revert: bool,
}

pub(super) async fn run(session: &Session, args: Args) -> Result<Exit, Failure> {
    let Args { id, worker, allow_dirty, revert } = args;
    let worker = worker.map(WorkerName::new);
    let request = Request::Apply { task: id, worker, allow_dirty, revert, by: session.by() };
    let (reply, _) = super::ask(session, request).await?;
    let Reply::Placed { worker, files, added, removed, note, reverted, .. } = &reply else {
        return Err(super::unexpected());
    };
    let did = if *reverted { "took off" } else { "put in place" };
    session.out.put(&reply, || {
        let mut text = format!("{did} the patch of {worker}: {} file(s), +{added} -{removed}", files.len());
        for file in files {
            let _infallible = write!(text, "\n  {file}");
        }
        text
    })?;
    if let Some(note) = note {
        session.out.say(note);
    }
    session.out.say(if *reverted {
        "nothing was committed"
    } else {
        "look at it with: git diff; nothing was committed"
    });
    Ok(Exit::Ok)
}
