//! `synod init`: makes a workspace.

use crate::app;
use crate::cli::exit::Exit;
use crate::cli::report::Failure;
use crate::cli::session::Session;
use serde_json::json;

/// Make a workspace of this folder
///
/// Makes AI_COORDINATION/ and memories/ with a README each, and has git ignore .synod/. What is there already is left as
/// it is, so it may be run again at any time. Settings are optional: `synod config show` prints the defaults.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  synod init\n  synod init -C ~/code/shop")]
pub(in crate::cli) struct Args {}

pub(super) fn run(session: &Session, _args: &Args) -> Result<Exit, Failure> {
    let made = app::init(session.options())?;
    let paths: Vec<String> = made.paths.iter().map(|path| path.display().to_string()).collect();
    session.out.put(&json!({ "made": paths, "gitignore": made.gitignore }), || {
        let mut lines: Vec<String> = paths.iter().map(|path| format!("made {path}")).collect();
        if made.gitignore {
            lines.push("added .synod to .gitignore".to_owned());
        }
        if lines.is_empty() {
            lines.push("everything stands already".to_owned());
        }
        lines.join("\n")
    })?;
    session.out.say("next: synod doctor (which models are there), then: synod run \"…\"");
    Ok(Exit::Ok)
}
