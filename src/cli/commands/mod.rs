//! One file a command: its arguments with their help, and what it does.

pub(super) mod act;
pub(super) mod answer;
pub(super) mod apply;
mod completions;
pub(super) mod config;
pub(super) mod connect;
pub(super) mod demo;
pub(super) mod doctor;
pub(super) mod down;
pub(super) mod drop;
pub(super) mod init;
pub(super) mod log;
pub(super) mod login;
pub(super) mod mcp;
pub(super) mod memory;
mod nearest_task;
pub(super) mod replay;
pub(super) mod report;
pub(super) mod route;
pub(super) mod run;
pub(super) mod shim;
pub(super) mod show;
pub(super) mod tasks;
pub(super) mod up;
pub(super) mod wait;
pub(super) mod why;
pub(super) mod workers;

use super::args::Command;
use super::exit::Exit;
use super::reach::Reached;
use super::report::Failure;
use super::session::Session;
use crate::api::{Error, ErrorKind, Reply, Request};

/// Carries out one command.
///
/// # Errors
/// Why it could not be done.
pub(super) async fn run(session: &Session, command: Command) -> Result<Exit, Failure> {
    match command {
        Command::Init(args) => init::run(session, &args),
        Command::Up(args) => up::run(session, args).await,
        Command::Down(args) => down::run(session, &args).await,
        Command::Run(args) => run::run(session, *args).await,
        Command::Drop(args) => drop::run(session, &args).await,
        Command::Tasks(args) => tasks::run(session, args).await,
        Command::Show(args) => show::run(session, args).await,
        Command::Wait(args) => wait::run(session, args).await,
        Command::Cancel(args) => act::cancel(session, args).await,
        Command::Retry(args) => act::retry(session, args).await,
        Command::Approve(args) => act::approve(session, args).await,
        Command::Answer(args) => answer::run(session, args).await,
        Command::Reject(args) => act::reject(session, args).await,
        Command::Apply(args) => apply::run(session, args).await,
        Command::Why(args) => why::run(session, args).await,
        Command::Replay(args) => replay::run(session, args).await,
        Command::Log(args) => log::run(session, args).await,
        Command::Route(args) => route::run(session, args).await,
        Command::Workers(args) => workers::run(session, &args).await,
        Command::Report(args) => report::run(session, args).await,
        Command::Memory(command) => memory::run(session, command).await,
        Command::Doctor(args) => doctor::run(session, &args).await,
        Command::Config(command) => config::run(session, &command),
        Command::Login(args) => Box::pin(login::run(session, &args)).await,
        Command::Connect(args) => connect::run(session, &args),
        Command::Demo(args) => demo::run(session, args).await,
        Command::Completions { shell } => completions::run(shell),
        Command::Mcp(args) => mcp::carry(session.options(), &args).await,
        Command::Shim { dir } => Ok(shim::exit(dir.as_deref())),
    }
}

/// Asks one thing and lets go of the board.
///
/// # Errors
/// Why the board could not be reached, or refused.
async fn ask(session: &Session, request: Request) -> Result<(Reply, bool), Failure> {
    let reached = Reached::to_ask(&session.place()?).await?;
    let daemon = reached.is_daemon();
    let named = nearest_task::named(&request);
    let mut reply = reached.handle().ask(request).await;
    if let (Err(error), Some(task)) = (&reply, &named) {
        reply = Err(nearest_task::with_hint(&reached.handle(), task, error.clone()).await);
    }
    let closed = reached.close().await;
    let reply = reply?;
    closed?;
    Ok((reply, daemon))
}

/// What to say when the board answers something that was not asked for.
fn unexpected() -> Failure {
    Error::new(ErrorKind::Internal, "the daemon answered something else than was asked")
        .hint("it may be of another version; restart it with: synod down, synod up")
        .into()
}
