//! `synod memory list`, `read`, `search`, `history`: what changes nothing.

use super::Bus;
use crate::api::{Reply, Request};
use crate::cli::exit::Exit;
use crate::cli::report::Failure;
use crate::cli::{view, words};

/// List the memories in the order of their names
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  synod memory list\n  synod memory list design      those below design/\n  synod memory list --json | jq -r '.memories[].name'"
)]
pub(in crate::cli) struct ListArgs {
    /// Only those below this folder; the ended tasks' memories are listed below orchestration/history alone
    topic: Option<String>,
}

/// Print a memory, byte for byte
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  synod memory read design/auth\n  synod memory read design/auth --revision 3 > auth-3.md"
)]
pub(in crate::cli) struct ReadArgs {
    /// The memory's name; mem: before it and .md behind it may stand
    name: String,
    /// An earlier revision; see them with: synod memory history NAME
    #[arg(long, value_name = "N", value_parser = words::revision())]
    revision: Option<u64>,
}

/// Search the memories' names and texts, best first
///
/// All words must occur, in any case and with or without accents. "two words" is a phrase, auth* a beginning, -word must
/// not occur.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  synod memory search refresh token\n  synod memory search '\"refresh token\" auth* -jwt'      quote what the shell would take\n  synod memory search cache --topic design --json"
)]
pub(in crate::cli) struct SearchArgs {
    /// What to look for
    #[arg(required = true, value_name = "WORDS")]
    words: Vec<String>,
    /// Only below this folder
    #[arg(long, value_name = "FOLDER")]
    topic: Option<String>,
    /// At most so many
    #[arg(long, short = 'n', value_name = "N", default_value = "10", value_parser = words::count())]
    limit: usize,
    /// Pass over so many, to go on where an earlier search ended
    #[arg(long, value_name = "N")]
    after: Option<u64>,
}

/// List a memory's revisions, newest first; also of one that was deleted
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  synod memory history design/auth\n  synod memory restore design/auth 3      make one stand again"
)]
pub(in crate::cli) struct HistoryArgs {
    /// The memory's name
    name: String,
    /// At most so many
    #[arg(long, short = 'n', value_name = "N", default_value = "20", value_parser = words::count())]
    limit: usize,
    /// Only those before this revision, to go on where an earlier list ended
    #[arg(long, value_name = "REVISION")]
    before: Option<u64>,
}

/// All pages as one.
pub(super) async fn list(bus: &Bus<'_>, args: ListArgs) -> Result<Exit, Failure> {
    let mut all = Vec::new();
    let mut after = None;
    loop {
        let request = Request::MemoryList { topic: args.topic.clone(), after, limit: None };
        let Reply::Memories { memories, next } = bus.handle.ask(request).await? else {
            return Err(crate::cli::commands::unexpected());
        };
        all.extend(memories);
        after = next;
        if after.is_none() {
            break;
        }
    }
    let reply = Reply::Memories { memories: all, next: None };
    let Reply::Memories { memories, .. } = &reply else { return Err(crate::cli::commands::unexpected()) };
    bus.session.out.put(&reply, || view::memories(memories))?;
    if memories.is_empty() {
        bus.session.out.say("no such memories; write one with: synod memory write NAME \"…\"");
    }
    Ok(Exit::Ok)
}

pub(super) async fn read(bus: &Bus<'_>, args: ReadArgs) -> Result<Exit, Failure> {
    let request = Request::MemoryRead { name: args.name.clone(), revision: args.revision };
    let reply = bus.ask(&args.name, request).await?;
    let Reply::Memory { text, .. } = &reply else { return Err(crate::cli::commands::unexpected()) };
    bus.session.out.put_exactly(&reply, text)?;
    Ok(Exit::Ok)
}

pub(super) async fn search(bus: &Bus<'_>, args: SearchArgs) -> Result<Exit, Failure> {
    let query = args.words.join(" ");
    let request = Request::MemorySearch { query, topic: args.topic, after: args.after, limit: Some(args.limit) };
    let reply = bus.handle.ask(request).await?;
    let Reply::MemoryHits { hits, next } = &reply else { return Err(crate::cli::commands::unexpected()) };
    bus.session.out.put_marked(&reply, ("«", "»"), || view::memory_hits(hits))?;
    if hits.is_empty() {
        bus.session.out.say("nothing was found");
    }
    if let Some(next) = next {
        bus.session.out.say(&format!("there are more: --after {next}"));
    }
    Ok(Exit::Ok)
}

pub(super) async fn history(bus: &Bus<'_>, args: HistoryArgs) -> Result<Exit, Failure> {
    let request = Request::MemoryHistory { name: args.name.clone(), before: args.before, limit: Some(args.limit) };
    let reply = bus.ask(&args.name, request).await?;
    let Reply::MemoryHistory { name, revisions, next } = &reply else {
        return Err(crate::cli::commands::unexpected());
    };
    bus.session.out.put(&reply, || view::revisions(revisions))?;
    if let Some(next) = next {
        bus.session.out.say(&format!("there are more: synod memory history {name} --before {next}"));
    }
    Ok(Exit::Ok)
}
