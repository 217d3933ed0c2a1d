//! `synod route`: what a text would be taken for.

use crate::api::{Kind, Mode, Overrides, Priority, Reply, Request, Role, WorkerName};
use crate::cli::exit::Exit;
use crate::cli::report::Failure;
use crate::cli::session::Session;
use crate::cli::{view, words};

/// Show what a text would be taken for, who would be asked, and why; no model is called
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  synod route \"Review the login code for SQL injection\"\n  synod route \"Design the cache\" --explain\n  synod route \"Rename foo to bar\" --json"
)]
pub(in crate::cli) struct Args {
    /// The text of the task
    text: String,
    /// As if the task said this priority
    #[arg(long, value_parser = words::priority())]
    priority: Option<Priority>,
    /// As if the task said this mode
    #[arg(long, value_parser = words::mode())]
    mode: Option<Mode>,
    /// As if the task said this kind
    #[arg(long, value_name = "KIND", value_parser = |text: &str| Ok::<_, String>(Kind::new(text)))]
    kind: Option<Kind>,
    /// As if the task said this role
    #[arg(long, value_name = "ROLE", value_parser = |text: &str| Ok::<_, String>(Role::new(text)))]
    role: Option<Role>,
    /// As if the task named these workers
    #[arg(long, value_name = "WORKER", value_delimiter = ',', value_parser = |text: &str| Ok::<_, String>(WorkerName::new(text)))]
    models: Vec<WorkerName>,
    /// As if the task named this pipeline
    #[arg(long, value_name = "NAME")]
    pipeline: Option<String>,
    /// As if the task named this team
    #[arg(long, value_name = "NAME", conflicts_with = "pipeline")]
    team: Option<String>,
    /// As if the task named these files, as globs from the workspace's folder; may be given again
    #[arg(long, value_name = "GLOB")]
    context: Vec<String>,
    /// Show too how each reason came about: every word that counted, and each step with its workers
    #[arg(long)]
    explain: bool,
}

pub(super) async fn run(session: &Session, args: Args) -> Result<Exit, Failure> {
    let Args { text, priority, mode, kind, role, models, pipeline, team, context, explain } = args;
    let overrides = Overrides { priority, mode, kind, role, models, pipeline, team, context, ..Overrides::default() };
    let (reply, _) = super::ask(session, Request::Route { text, overrides }).await?;
    let Reply::Route(route) = &reply else { return Err(super::unexpected()) };
    session.out.put(&reply, || view::route(route, explain))?;
    Ok(Exit::Ok)
}
