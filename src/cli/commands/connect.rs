//! `synod connect`: the programs that people work in learn of this workspace's board.

use crate::app::{self, Became, Client, Connected, Scope, What, Wish};
use crate::cli::exit::Exit;
use crate::cli::report::Failure;
use crate::cli::session::Session;
use clap::builder::{PossibleValuesParser, TypedValueParser};

/// The name under which the server stands where nothing else is said.
const NAME: &str = "synod";
/// The name that agents look for which know Serena's memory tools.
const SERENA: &str = "serena";

/// Put Synod into the settings of Claude Code, Codex, Gemini CLI, Cursor, VS Code or JetBrains
///
/// The program then reads and writes the memories of this workspace, starts tasks and takes steps. Whatever else stands in its
/// settings stays as it is, comments and order too; --remove undoes it. The token is never written into a file.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  synod connect claude\n  synod connect codex --project         for everybody who works in this folder\n  synod connect gemini --dry-run        only show what would change\n  synod connect cursor --remove\n  synod connect jetbrains               print what to paste, and where"
)]
pub(in crate::cli) struct Args {
    /// Which program
    #[arg(value_parser = client())]
    client: Client,
    /// Into the project's settings, which others may share
    #[arg(long, conflicts_with = "user")]
    project: bool,
    /// Into your own settings, for this workspace (the default)
    #[arg(long)]
    user: bool,
    /// Over HTTP to the running daemon, instead of starting `synod mcp`
    #[arg(long)]
    http: bool,
    /// The name it stands under; `synod` where nothing is said
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Under the name `serena`, for agents that look for Serena's memory tools
    #[arg(long, conflicts_with = "name")]
    serena: bool,
    /// Print the entry and write nothing
    #[arg(long, conflicts_with_all = ["dry_run", "remove"])]
    print: bool,
    /// Say what would change and write nothing
    #[arg(long)]
    dry_run: bool,
    /// Take it out again
    #[arg(long)]
    remove: bool,
}

/// Reads the word for a program.
fn client() -> impl TypedValueParser<Value = Client> {
    PossibleValuesParser::new(Client::ALL.map(|(word, _)| word)).try_map(|word| {
        let found = Client::ALL.into_iter().find(|(one, _)| *one == word);
        found.map(|(_, client)| client).ok_or_else(|| format!("no program is called {word}"))
    })
}

pub(super) fn run(session: &Session, args: &Args) -> Result<Exit, Failure> {
    let name = if args.serena { SERENA } else { args.name.as_deref().unwrap_or(NAME) };
    let wish = Wish {
        client: args.client,
        scope: if args.project { Scope::Project } else { Scope::User },
        http: args.http,
        name: name.to_owned(),
        what: match (args.remove, args.print) {
            (true, _) => What::Remove,
            (_, true) => What::Print,
            (false, false) => What::Write,
        },
        dry: args.dry_run,
    };
    let connected = app::connect_client(&session.place()?, &wish).map_err(app::Error::from)?;
    session.out.put(&connected, || told(&connected, &wish))?;
    for note in &connected.notes {
        session.out.say(&format!("note: {note}"));
    }
    Ok(Exit::Ok)
}

/// What was done, for people.
fn told(connected: &Connected, wish: &Wish) -> String {
    let path = connected.path.as_ref().map(|path| path.display().to_string()).unwrap_or_default();
    let would = if connected.dry { "would have " } else { "" };
    let head = match (connected.became, wish.what) {
        (Became::Paste, _) => return connected.snippet.clone(),
        (Became::Unchanged, What::Remove) => format!("{path} has no {} to remove", wish.name),
        (Became::Unchanged, _) => format!("{path} says so already"),
        (Became::Made, _) => format!("{would}made {path}"),
        (Became::Changed, _) => format!("{would}changed {path}"),
        (Became::FileRemoved, _) => format!("{would}removed {path}: nothing else was in it"),
    };
    let kept = connected.backup.as_ref().map(|backup| format!("its old text is kept in {}\n", backup.display()));
    format!("{head}\n{}{}", connected.difference, kept.unwrap_or_default())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failing test may stop where it stands")]
mod tests {
    use crate::cli::args::Cli;
    use clap::Parser;

    #[test]
    fn only_programs_that_there_are_and_one_scope() {
        for line in [
            vec!["synod", "connect"],
            vec!["synod", "connect", "emacs"],
            vec!["synod", "connect", "claude", "--project", "--user"],
            vec!["synod", "connect", "claude", "--serena", "--name", "x"],
            vec!["synod", "connect", "claude", "--print", "--remove"],
        ] {
            assert!(Cli::try_parse_from(&line).is_err(), "{line:?}");
        }
        for word in ["claude", "codex", "gemini", "cursor", "vscode", "jetbrains"] {
            Cli::try_parse_from(["synod", "connect", word, "--project", "--http", "--dry-run", "--remove"]).unwrap();
        }
    }
}
