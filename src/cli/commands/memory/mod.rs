//! `synod memory`: the memory bus from the command line. Here stand what each command takes and the way to the board; what
//! each does is in the files beside this one.

mod change;
mod look;
mod nearest;
mod text;

use crate::api::{Handle, Reply, Request};
use crate::cli::exit::Exit;
use crate::cli::reach::Reached;
use crate::cli::report::Failure;
use crate::cli::session::Session;
use clap::Subcommand;

/// What to do with the memories.
#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Command {
    List(look::ListArgs),
    Read(look::ReadArgs),
    Write(text::WriteArgs),
    Edit(text::EditArgs),
    Delete(change::DeleteArgs),
    Rename(change::RenameArgs),
    Search(look::SearchArgs),
    History(look::HistoryArgs),
    Restore(change::RestoreArgs),
    Lease(change::LeaseArgs),
}

/// Who is named as the author.
#[derive(Debug, clap::Args)]
struct Author {
    /// In whose name, when you work for somebody else
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
}

impl Author {
    /// The name; without one, the user of the command line.
    fn of(self, session: &Session) -> String {
        self.by.unwrap_or_else(|| session.by())
    }
}

/// A session that has reached the board, so that one command can ask more than one thing.
struct Bus<'a> {
    session: &'a Session,
    handle: Handle,
    /// Longest text of a memory, in bytes.
    bytes_max: usize,
}

pub(super) async fn run(session: &Session, command: Command) -> Result<Exit, Failure> {
    let place = session.place()?;
    let reached = Reached::to_ask(&place).await?;
    let bytes_max = place.loaded.settings.limits.memory_bytes_max;
    let bus = Bus { session, handle: reached.handle(), bytes_max };
    let done = bus.carry_out(command).await;
    let closed = reached.close().await;
    let exit = done?;
    closed?;
    Ok(exit)
}

impl Bus<'_> {
    async fn carry_out(&self, command: Command) -> Result<Exit, Failure> {
        match command {
            Command::List(args) => look::list(self, args).await,
            Command::Read(args) => look::read(self, args).await,
            Command::Write(args) => text::write(self, args).await,
            Command::Edit(args) => text::edit(self, args).await,
            Command::Delete(args) => change::delete(self, args).await,
            Command::Rename(args) => change::rename(self, args).await,
            Command::Search(args) => look::search(self, args).await,
            Command::History(args) => look::history(self, args).await,
            Command::Restore(args) => change::restore(self, args).await,
            Command::Lease(args) => change::lease(self, args).await,
        }
    }

    /// Asks about the memory of this name. When there is none, the hint names the one that was most likely meant.
    async fn ask(&self, name: &str, request: Request) -> Result<Reply, Failure> {
        match self.handle.ask(request).await {
            Ok(reply) => Ok(reply),
            Err(error) => Err(nearest::with_hint(&self.handle, name, error).await.into()),
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failing test may stop where it stands")]
mod tests;
