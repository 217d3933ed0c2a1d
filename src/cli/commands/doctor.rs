//! `synod doctor`: looks at everything and says what to do.

use crate::app::{self, DoctorWhat, Finding, Standing};
use crate::cli::exit::Exit;
use crate::cli::report::Failure;
use crate::cli::session::Session;
use crate::cli::view;
use serde_json::json;

/// Look at everything Synod needs, try each worker with one short call, and say what to do about the rest
///
/// A worker is asked to reply with one word, which costs a fraction of a cent where calls cost anything. Keys are never
/// printed.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  synod doctor\n  synod doctor --offline      call no model\n  synod doctor --store        read the whole store too (the daemon must be down)"
)]
pub(in crate::cli) struct Args {
    /// Read the whole store and check every record
    #[arg(long)]
    store: bool,
    /// Call no model
    #[arg(long)]
    offline: bool,
}

pub(super) async fn run(session: &Session, args: &Args) -> Result<Exit, Failure> {
    let place = session.place()?;
    let what = DoctorWhat { store: args.store, offline: args.offline };
    if !args.offline {
        session.out.say("trying each worker with one short call …");
    }
    let findings = Box::pin(app::doctor(&place, what)).await?;
    session.out.put(&json!({ "findings": findings }), || view::findings(&findings))?;
    Ok(exit(&findings))
}

/// No worker at all has an exit code of its own; a single one that fails is only a failure.
fn exit(findings: &[Finding]) -> Exit {
    let failed = |finding: &&Finding| finding.standing == Standing::Failed;
    if findings.iter().filter(failed).any(|finding| finding.name == "workers") {
        return Exit::NoWorker;
    }
    if findings.iter().any(|finding| failed(&finding)) { Exit::Failed } else { Exit::Ok }
}
