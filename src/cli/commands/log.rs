//! `synod log`: the handoff log, its end, as it grows, or checked.

use crate::api::{Handle, Reply, Request};
use crate::app;
use crate::cli::exit::Exit;
use crate::cli::interrupts::Interrupts;
use crate::cli::report::Failure;
use crate::cli::session::Session;
use clap::Subcommand;
use serde_json::json;
use std::time::Duration;

/// How long one question for news may wait.
const NEWS_WAIT_MS: u64 = 30_000;
/// Pause before the file is read again while an event is stored and not yet written.
const WRITE_PAUSE: Duration = Duration::from_millis(50);
/// Entries read at once while following; more than one batch of the daemon writes.
const FOLLOW_ENTRIES: usize = 500;
/// How the comment begins that ends each entry and holds its number (the log's form is fixed).
const MARK: &str = "<!-- synod:";

/// Show the handoff log: who handed what to whom
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  synod log -n 3\n  synod log -f                follow it as it grows\n  synod log verify            check its chain of hashes",
    args_conflicts_with_subcommands = true
)]
pub(in crate::cli) struct Args {
    /// The last so many entries
    #[arg(short = 'n', long, value_name = "N", default_value_t = 10)]
    entries: usize,
    /// Go on printing entries as they come, until Ctrl-C
    #[arg(short, long)]
    follow: bool,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Check that no entry was altered, removed or put in
    Verify,
}

pub(super) async fn run(session: &Session, args: Args) -> Result<Exit, Failure> {
    match args {
        Args { command: Some(Command::Verify), .. } => verify(session).await,
        Args { follow: true, entries, .. } => follow(session, entries).await,
        Args { entries, .. } => {
            let (reply, _) = super::ask(session, Request::Log { entries }).await?;
            let Reply::Log { entries } = &reply else { return Err(super::unexpected()) };
            session.out.put(&reply, || entries.join("\n"))?;
            Ok(Exit::Ok)
        }
    }
}

async fn verify(session: &Session) -> Result<Exit, Failure> {
    let (reply, _) = super::ask(session, Request::VerifyLog).await?;
    let Reply::LogVerified { entries, broken } = &reply else { return Err(super::unexpected()) };
    session.out.put(&reply, || match broken {
        None => format!("the log is whole: {entries} entries"),
        Some(what) => format!("the log was altered: {what}"),
    })?;
    Ok(if broken.is_none() { Exit::Ok } else { Exit::Failed })
}

async fn follow(session: &Session, entries: usize) -> Result<Exit, Failure> {
    let Some(handle) = app::connect(&session.place()?).await? else {
        return Err(Failure::new(Exit::Failed, "no daemon is running, so the log does not grow")
            .hint("show its end with: synod log, or start a daemon with: synod up"));
    };
    let mut interrupts = Interrupts::catch()?;
    tokio::select! {
        ended = print_as_it_grows(session, &handle, entries) => ended,
        () = interrupts.next() => Ok(Exit::Ok),
    }
}

async fn print_as_it_grows(session: &Session, handle: &Handle, entries: usize) -> Result<Exit, Failure> {
    let mut shown = print(session, handle, entries, None).await?;
    loop {
        let Reply::Status(status) = handle.ask(Request::Status).await? else { return Err(super::unexpected()) };
        shown = print(session, handle, FOLLOW_ENTRIES, shown).await?.or(shown);
        if status.published < status.seq {
            tokio::time::sleep(WRITE_PAUSE).await;
        } else {
            handle.ask(Request::Notices { after: status.seq, task: None, wait_ms: NEWS_WAIT_MS }).await?;
        }
    }
}

/// Prints the entries after number `shown` and gives the last one's number.
async fn print(session: &Session, handle: &Handle, entries: usize, shown: Option<u64>) -> Result<Option<u64>, Failure> {
    let Reply::Log { entries } = handle.ask(Request::Log { entries }).await? else { return Err(super::unexpected()) };
    for entry in entries.iter().filter(|entry| number(entry) > shown) {
        session.out.put(&json!({ "entry": entry }), || entry.clone())?;
    }
    Ok(entries.last().and_then(|entry| number(entry)))
}

/// The number in an entry's closing comment. A model's text cannot hold one, because it is escaped.
fn number(entry: &str) -> Option<u64> {
    let rest = &entry[entry.rfind(MARK)? + MARK.len()..];
    rest.split(':').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::number;

    #[test]
    fn an_entrys_number_stands_in_its_last_comment() {
        assert_eq!(number("## x\ntext\n<!-- synod:412:abc -->\n\n---\n"), Some(412));
        assert_eq!(number("## x"), None);
    }
}
