//! `synod mcp`: the bridge between a client that speaks MCP over standard streams and the daemon.

use crate::app::{self, Bridge, Options};
use crate::cli::args::Global;
use crate::cli::exit::Exit;
use crate::cli::out::Out;
use crate::cli::report::Failure;
use std::process::ExitCode;

/// Connect an MCP client (Claude Code, Codex, Gemini CLI, Cursor, VS Code …) to this workspace
///
/// A client starts it and speaks MCP over its standard streams; people need it only in a client's settings. The daemon is
/// started when none runs. Lines pass through unchanged, and stdout carries nothing else.
#[derive(Debug, clap::Args)]
#[command(after_help = "In a client's settings:\n  command: synod\n  args:    [\"-C\", \"/path/to/project\", \"mcp\"]")]
pub(in crate::cli) struct Args {
    /// Call the client so in the log and in memories, instead of by the name it gives itself
    #[arg(long, value_name = "CLIENT")]
    name: Option<String>,
}

/// Runs until the client closes its side. No session and one thread, because a client starts one for itself every time.
pub(in crate::cli) fn run(global: &Global, args: &Args) -> ExitCode {
    let options = Options { start: global.dir.clone(), flags: global.set.clone() };
    let ended = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => {
            let ended = runtime.block_on(carry(&options, args));
            // A thread may still wait for a line that nobody will send.
            runtime.shutdown_background();
            ended
        }
        Err(error) => Err(Failure::new(Exit::Failed, format!("the system gave no runtime: {error}"))),
    };
    match ended {
        Ok(exit) => exit.into(),
        Err(failure) => failure.report(&Out::new(false, false, true)).into(),
    }
}

/// The same on a runtime that is there already.
pub(super) async fn carry(options: &Options, args: &Args) -> Result<Exit, Failure> {
    let client = args.name.as_deref().map(|name| name.chars().filter(|c| !c.is_control()).collect());
    let bridge = Bridge { start: options.start.clone(), flags: options.flags.clone(), client };
    app::bridge(bridge).await?;
    Ok(Exit::Ok)
}
