//! Following one task until it rests: its progress on stderr as it comes, its decision on stdout at the end.

use super::exit::Exit;
use super::interrupts::Interrupts;
use super::progress::Progress;
use super::report::Failure;
use super::session::Session;
use super::view;
use crate::api::{Error, ErrorKind, Handle, Notice, Recommendation, Reply, Request, Seq, TaskId, TaskView};
use std::time::Duration;

/// How long one question may wait; then it is asked again.
const QUESTION_WAIT_MS: u64 = 30_000;
/// How long the last notices are waited for once the task rests.
const LAST_WAIT_MS: u64 = 50;

/// What is followed.
#[derive(Debug)]
pub(super) struct Follow {
    /// The task.
    pub(super) task: TaskId,
    /// The last event that is known already.
    pub(super) after: Seq,
    /// How long at most.
    pub(super) timeout: Option<Duration>,
}

/// Why the following ended.
enum End {
    /// The task rests.
    Rested(Box<TaskView>),
    /// The time is over.
    TimedOut,
    /// The person does not want to wait longer.
    Interrupted,
}

/// Follows a task, prints its decision, and gives the exit code that fits it.
///
/// # Errors
/// When there is no such task, or the board is gone.
pub(super) async fn follow(
    session: &Session,
    handle: &Handle,
    follow: Follow,
    interrupts: &mut Interrupts,
) -> Result<Exit, Failure> {
    let mut progress = Progress::new(&session.out);
    let task = follow.task.clone();
    let end = tokio::select! {
        view = watch(handle, &follow, &mut progress) => End::Rested(view?),
        () = over(follow.timeout) => End::TimedOut,
        () = interrupts.next() => End::Interrupted,
    };
    progress.end();
    match end {
        End::Rested(view) => conclude(session, *view),
        End::TimedOut => Err(Failure::new(Exit::TimedOut, format!("the time is over and {task} has not ended"))
            .hint(format!("it goes on while a daemon runs; look again with: synod wait {task}"))),
        End::Interrupted => {
            session.out.say(&format!("{task} goes on while a daemon runs (synod up); to stop it: synod cancel {task}"));
            Ok(Exit::Failed)
        }
    }
}

/// Prints how a task that rests stands, and gives the exit code that fits it.
///
/// # Errors
/// When stdout fails.
pub(super) fn conclude(session: &Session, view: TaskView) -> Result<Exit, Failure> {
    let exit = exit(&view);
    let text = view::conclusion(&view);
    session.out.put(&Reply::Task(Box::new(view)), || text)?;
    Ok(exit)
}

/// What a task that rests means to the caller.
fn exit(view: &TaskView) -> Exit {
    let advice = view.decision.as_ref().map(|decision| decision.recommendation);
    match (view.row.state.as_str(), advice) {
        ("awaiting_person", _) => Exit::NeedsPerson,
        ("done", Some(Recommendation::ReviewRequired | Recommendation::ConflictResolutionNeeded)) => Exit::NeedsPerson,
        ("done", _) => Exit::Ok,
        _ => Exit::Failed,
    }
}

async fn over(timeout: Option<Duration>) {
    match timeout {
        Some(timeout) => tokio::time::sleep(timeout).await,
        None => std::future::pending().await,
    }
}

/// Tells what happens until the task rests.
async fn watch(handle: &Handle, follow: &Follow, progress: &mut Progress) -> Result<Box<TaskView>, Failure> {
    let rested = rested(handle, &follow.task);
    tokio::pin!(rested);
    let mut after = follow.after;
    let view = loop {
        let news = news(handle, &follow.task, after, QUESTION_WAIT_MS);
        tokio::pin!(news);
        // Whatever was asked first is answered: dropping the question for news would drop news.
        tokio::select! {
            biased;
            told = &mut news => after = tell(progress, told?),
            view = &mut rested => break view?,
        }
    };
    // The last notices may still be on their way; without them the progress is only less complete.
    if let Ok(told) = news(handle, &follow.task, after, LAST_WAIT_MS).await {
        tell(progress, told);
    }
    Ok(view)
}

fn tell(progress: &mut Progress, (notices, upto): (Vec<Notice>, Seq)) -> Seq {
    for notice in &notices {
        progress.hear(notice);
    }
    upto
}

async fn news(handle: &Handle, task: &TaskId, after: Seq, wait_ms: u64) -> Result<(Vec<Notice>, Seq), Error> {
    match handle.ask(Request::Notices { after, task: Some(task.clone()), wait_ms }).await? {
        Reply::Notices { notices, upto } => Ok((notices, upto)),
        _ => Err(Error::new(ErrorKind::Internal, "the daemon answered something else than was asked")),
    }
}

async fn rested(handle: &Handle, task: &TaskId) -> Result<Box<TaskView>, Error> {
    loop {
        match handle.ask(Request::Wait { task: task.clone(), for_ms: QUESTION_WAIT_MS }).await? {
            Reply::Task(view) if view.rests() => return Ok(view),
            Reply::Task(_) => {}
            _ => return Err(Error::new(ErrorKind::Internal, "the daemon answered something else than was asked")),
        }
    }
}
