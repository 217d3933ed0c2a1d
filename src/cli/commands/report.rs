//! `synod report`: what the workers did, as tables, a plot or a page; and what an older system kept of it.

use crate::api::{Reply, ReportBy, Request};
use crate::cli::exit::Exit;
use crate::cli::report::Failure;
use crate::cli::session::Session;
use crate::cli::view;
use crate::cli::words;
use clap::Subcommand;
use serde_json::json;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// Show what the workers did: tasks, success, time, tokens, cost, recoveries
///
/// DONE is the share of tasks that ended with a decision, SUCCESS the share of calls that answered (those that were stopped
/// do not count), RECOVERED the answers that came where a call had failed before.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  synod report\n  synod report --by worker --since 7d\n  synod report --workers              who was right how often\n  synod report --plot                 drawn for the terminal\n  synod report --html report.html     one page for the browser, with charts\n  synod report import .agent/multi_model_metrics.json",
    args_conflicts_with_subcommands = true
)]
pub(in crate::cli) struct Args {
    /// From this side only, instead of all three
    #[arg(long, value_parser = words::side())]
    by: Option<ReportBy>,
    /// Only since a day (2026-11-20), or over the last days (7d, 4w) with today
    #[arg(long, value_name = "DAY")]
    since: Option<String>,
    /// How often each worker was right, by kind, with 95 % intervals; and the panel beside its best worker alone
    ///
    /// Outcomes come from tests that passed or failed, a person's approval or rejection, patches applied or reverted. BRIER
    /// scores the confidence that a worker states for itself: 0 is a prophet, 0.25 a coin.
    #[arg(long, conflicts_with_all = ["by", "since", "plot", "html"])]
    workers: bool,
    /// Draw it for the terminal
    #[arg(long)]
    plot: bool,
    /// Write it as one page with charts into this file
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Take over the metrics file of the older multi-model system
    ///
    /// The file (.agent/multi_model_metrics.json) holds entries with timestamp, task type, seconds, tokens and success for each
    /// role. What cannot be read is said. A file counts once, however often it is imported.
    #[command(after_help = "Examples:\n  synod report import .agent/multi_model_metrics.json")]
    Import {
        /// The file
        file: PathBuf,
    },
}

pub(super) async fn run(session: &Session, args: Args) -> Result<Exit, Failure> {
    if let Some(Command::Import { file }) = &args.command {
        return import(session, file).await;
    }
    let (reply, _) = super::ask(session, Request::Report { by: args.by, since: args.since }).await?;
    let Reply::Report(report) = &reply else { return Err(super::unexpected()) };
    if let Some(file) = &args.html {
        let page = view::report::page(report).map_err(|why| {
            Failure::new(Exit::Failed, format!("the charts could not be drawn: {why}"))
                .hint("see the same as tables with: synod report")
        })?;
        let path = session.path(file);
        std::fs::write(&path, page).map_err(|error| unwritable(&path, &error))?;
        session.out.say(&format!("wrote {}", path.display()));
        // The numbers stand in the page; a program gets them as well.
        if !args.plot && !session.out.is_json() {
            return Ok(Exit::Ok);
        }
    }
    let columns = session.columns();
    session.out.put(&reply, || match (args.workers, args.plot) {
        (true, _) => view::report::workers(report),
        (false, true) => view::report::plot(report, columns),
        (false, false) => view::report::report(report),
    })?;
    if report.is_empty() && report.since.is_none() {
        session.out.say("records come by themselves as tasks are worked on; hand one in with: synod run \"…\"");
    }
    Ok(Exit::Ok)
}

fn unwritable(path: &Path, error: &std::io::Error) -> Failure {
    let failure = Failure::file("write", path, error);
    match error.kind() {
        ErrorKind::NotFound => failure.hint("make the folder first, or name another one"),
        ErrorKind::IsADirectory => failure.hint("name a file in it, such as report.html"),
        _ => failure,
    }
}

async fn import(session: &Session, file: &Path) -> Result<Exit, Failure> {
    let path = session.path(file);
    let bytes = std::fs::read(&path).map_err(|error| Failure::file("read", &path, &error))?;
    let content =
        String::from_utf8(bytes).map_err(|_| Failure::usage(format!("{} is no text (UTF-8)", path.display())))?;
    let name = file.file_name().map_or_else(|| file.display().to_string(), |name| name.to_string_lossy().into_owned());
    let (reply, _) = super::ask(session, Request::ImportRecords { file: name, content, by: session.by() }).await?;
    let Reply::RecordsImported { entries, unread, told } = &reply else { return Err(super::unexpected()) };
    session.out.put(&json!({ "entries": entries, "unread": unread, "told": told }), || {
        format!("{entries} entries imported, {unread} could not be read")
    })?;
    for sentence in told {
        session.out.say(&format!("  {sentence}"));
    }
    session.out.say("see them with: synod report");
    Ok(Exit::Ok)
}
