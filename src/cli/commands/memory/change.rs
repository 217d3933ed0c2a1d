//! `synod memory delete`, `rename`, `restore`, `lease`: what changes which memory stands, or who works on it.

use super::{Author, Bus};
use crate::api::{LeaseView, Reply, Request};
use crate::cli::exit::Exit;
use crate::cli::report::Failure;
use crate::cli::words;
use std::time::Duration;

/// Take a memory away; its history stays, and any revision can be restored
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  synod memory delete notes/old")]
pub(in crate::cli) struct DeleteArgs {
    /// The memory's name
    name: String,
    /// Only if this revision stands
    #[arg(long, value_name = "N")]
    if_revision: Option<u64>,
    #[command(flatten)]
    author: Author,
}

/// Give a memory another name; mem: references to it in other memories are rewritten
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  synod memory rename auth design/auth")]
pub(in crate::cli) struct RenameArgs {
    /// The old name
    from: String,
    /// The new name; it must be free
    to: String,
    #[command(flatten)]
    author: Author,
}

/// Make an earlier revision stand again, as a new revision
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  synod memory history design/auth\n  synod memory restore design/auth 3")]
pub(in crate::cli) struct RestoreArgs {
    /// The memory's name
    name: String,
    /// Which revision
    #[arg(value_parser = words::revision())]
    revision: u64,
    #[command(flatten)]
    author: Author,
}

/// Say that you work on a memory: nobody is kept from writing it, everybody is told
///
/// The exit code is 1 when somebody else holds it.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  synod memory lease design/auth --for 30m     again before it lapses: renewed\n  synod memory lease design/auth --release"
)]
pub(in crate::cli) struct LeaseArgs {
    /// The memory's name
    name: String,
    /// How long it holds
    #[arg(long = "for", value_name = "TIME", default_value = "10m", value_parser = words::duration)]
    holds: Duration,
    /// Let it go
    #[arg(long, conflicts_with = "holds")]
    release: bool,
    #[command(flatten)]
    author: Author,
}

pub(super) async fn delete(bus: &Bus<'_>, args: DeleteArgs) -> Result<Exit, Failure> {
    let by = args.author.of(bus.session);
    let request = Request::MemoryDelete { name: args.name.clone(), if_revision: args.if_revision, by };
    let reply = bus.ask(&args.name, request).await?;
    let Reply::MemoryDeleted { name, revision } = &reply else { return Err(crate::cli::commands::unexpected()) };
    bus.session.out.put(&reply, || format!("deleted {name}"))?;
    let before = revision.saturating_sub(1);
    bus.session.out.say(&format!("undo it with: synod memory restore {name} {before}"));
    Ok(Exit::Ok)
}

pub(super) async fn rename(bus: &Bus<'_>, args: RenameArgs) -> Result<Exit, Failure> {
    let request = Request::MemoryRename { from: args.from.clone(), to: args.to, by: args.author.of(bus.session) };
    let reply = bus.ask(&args.from, request).await?;
    let Reply::MemoryRenamed { from, to, rewritten, .. } = &reply else {
        return Err(crate::cli::commands::unexpected());
    };
    bus.session.out.put(&reply, || {
        let lines = rewritten.iter().map(|name| format!("rewrote the references in {name}"));
        let lines: Vec<String> = std::iter::once(format!("renamed {from} to {to}")).chain(lines).collect();
        lines.join("\n")
    })?;
    Ok(Exit::Ok)
}

pub(super) async fn restore(bus: &Bus<'_>, args: RestoreArgs) -> Result<Exit, Failure> {
    let RestoreArgs { name, revision, author } = args;
    let request = Request::MemoryRestore { name: name.clone(), revision, by: author.of(bus.session) };
    let reply = bus.ask(&name, request).await?;
    let Reply::MemoryWritten { name, revision: stands, .. } = &reply else {
        return Err(crate::cli::commands::unexpected());
    };
    bus.session.out.put(&reply, || format!("restored revision {revision} of {name} (revision {stands})"))?;
    Ok(Exit::Ok)
}

pub(super) async fn lease(bus: &Bus<'_>, args: LeaseArgs) -> Result<Exit, Failure> {
    let holds = if args.release { Duration::ZERO } else { args.holds };
    let for_ms = u64::try_from(holds.as_millis()).unwrap_or(u64::MAX);
    let by = args.author.of(bus.session);
    let request = Request::MemoryLease { name: args.name.clone(), by, for_ms };
    let reply = bus.ask(&args.name, request).await?;
    let Reply::MemoryLeased { name, lease, granted } = &reply else {
        return Err(crate::cli::commands::unexpected());
    };
    bus.session.out.put(&reply, || match lease {
        None => format!("nobody works on {name}"),
        Some(LeaseView { by, until }) => format!("{by} works on {name} until {until}"),
    })?;
    Ok(if *granted || (args.release && lease.is_none()) { Exit::Ok } else { Exit::Failed })
}
