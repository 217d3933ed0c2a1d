//! The command line as clap reads it: global flags and the list of commands. What each command takes stands with the
//! command; here nothing is opened or checked against the disk.

use super::commands;
use clap::{ArgAction, Parser, Subcommand};
use clap_complete::Shell;
use std::path::PathBuf;

/// What the top help ends with.
const AFTER_HELP: &str = "\
First steps:
  synod demo                             see it work, with composed answers and without a key
  synod init                             make a workspace of this folder
  synod doctor                           see which models were found, and try each
  synod run \"Review src/login.py\"        hand in a task and wait for the decision
  synod up                               keep a daemon that takes every file dropped into AI_COORDINATION/tasks/

Exit codes:
  0  done
  1  failed, or the task failed or was cancelled
  2  the command line, a task file or the settings are not right
  3  a person must look: the task waits for one, or its decision does not advise to proceed
  4  no worker can take the task
  5  the time given with --timeout is over (the task itself goes on)

stdout is data, stderr is talk; --json prints each reply as one line of JSON.";

/// Several AI models work on one task through a shared blackboard.
///
/// Hand in a task: the right models are asked in parallel, what each said, a decision that can be recomputed by hand and
/// a readable log are written into AI_COORDINATION/, and no finished model call is ever paid twice.
#[derive(Debug, Parser)]
#[command(name = "synod", version, after_help = AFTER_HELP, max_term_width = 100, infer_long_args = true)]
pub(super) struct Cli {
    #[command(flatten)]
    pub(super) global: Global,
    #[command(subcommand)]
    pub(super) command: Command,
}

/// Flags that every command takes.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Everywhere")]
pub(super) struct Global {
    /// Work in the workspace that holds this folder, instead of the current one
    #[arg(short = 'C', long = "dir", value_name = "DIR", global = true)]
    pub(super) dir: Option<PathBuf>,
    /// Print the reply as one line of JSON
    #[arg(long, global = true)]
    pub(super) json: bool,
    /// Set a setting for this run, such as limits.retries=0; outranks every file
    #[arg(long, value_name = "KEY=VALUE", global = true)]
    pub(super) set: Vec<String>,
    /// Say more of what is going on (-vv: still more)
    #[arg(short, long, action = ArgAction::Count, global = true)]
    pub(super) verbose: u8,
    /// Say nothing but errors
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(super) quiet: bool,
    /// No colours; the variable NO_COLOR does the same
    #[arg(long, global = true)]
    pub(super) no_color: bool,
}

/// The commands, in the order in which the help lists them.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    Init(commands::init::Args),
    Up(commands::up::Args),
    Down(commands::down::Args),
    Run(Box<commands::run::Args>),
    Drop(commands::drop::Args),
    Tasks(commands::tasks::Args),
    Show(commands::show::Args),
    Wait(commands::wait::Args),
    Cancel(commands::act::CancelArgs),
    Retry(commands::act::RetryArgs),
    Approve(commands::act::ApproveArgs),
    Answer(commands::answer::Args),
    Reject(commands::act::RejectArgs),
    Apply(commands::apply::Args),
    Why(commands::why::Args),
    Replay(commands::replay::Args),
    Log(commands::log::Args),
    Route(commands::route::Args),
    Workers(commands::workers::Args),
    Report(commands::report::Args),
    /// Read and write the shared memories
    #[command(subcommand)]
    Memory(commands::memory::Command),
    Doctor(commands::doctor::Args),
    Login(commands::login::Args),
    /// Show the settings
    #[command(subcommand)]
    Config(commands::config::Command),
    Mcp(commands::mcp::Args),
    Connect(commands::connect::Args),
    Demo(commands::demo::Args),
    /// Print the completions for a shell
    ///
    /// For bash: synod completions bash > ~/.local/share/bash-completion/completions/synod
    Completions {
        /// Which shell
        shell: Shell,
    },
    /// Stand beside one call of a command-line model; started by the daemon, not by people
    #[command(hide = true)]
    Shim {
        /// The folder that holds the call; without it, stand ready to be told of one
        dir: Option<PathBuf>,
    },
}

impl Command {
    /// Whether it carries the engine until it is told to end.
    pub(super) fn is_daemon(&self) -> bool {
        matches!(self, Self::Up(args) if !args.detach)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failing test may stop where it stands")]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_definition_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_explains_itself() {
        let mut open: Vec<clap::Command> = Cli::command().get_subcommands().cloned().collect();
        while let Some(command) = open.pop().filter(|command| !command.is_hide_set()) {
            assert!(command.get_about().is_some(), "{} has no help", command.get_name());
            for argument in command.get_arguments() {
                assert!(argument.get_help().is_some(), "{} {} has no help", command.get_name(), argument.get_id());
            }
            open.extend(command.get_subcommands().cloned());
        }
    }

    #[test]
    fn global_flags_stand_before_or_behind_the_command() {
        for line in [["synod", "--json", "tasks"], ["synod", "tasks", "--json"]] {
            assert!(Cli::try_parse_from(line).unwrap().global.json);
        }
    }

    #[test]
    fn a_text_may_begin_with_a_hyphen_after_two() {
        let cli = Cli::try_parse_from(["synod", "run", "--", "-rf is dangerous"]).unwrap();
        assert!(matches!(cli.command, Command::Run(args) if args.what == "-rf is dangerous"));
    }

    #[test]
    fn mistakes_are_mistakes() {
        for line in [
            vec!["synod"],
            vec!["synod", "run"],
            vec!["synod", "run", "x", "--priority", "top"],
            vec!["synod", "tasks", "--state", "asleep"],
            vec!["synod", "show", "../x"],
            vec!["synod", "reject", "x"],
            vec!["synod", "wait", "x", "--timeout", "soon"],
            vec!["synod", "tasks", "-q", "-v"],
            vec!["synod", "tasks", "--limit", "0"],
            vec!["synod", "report", "--by", "colour"],
            vec!["synod", "report", "import"],
            vec!["synod", "memory"],
            vec!["synod", "memory", "search"],
            vec!["synod", "memory", "read", "x", "--revision", "0"],
            vec!["synod", "memory", "write", "x", "text", "--file", "f"],
            vec!["synod", "memory", "edit", "x", "--needle", "a"],
            vec!["synod", "memory", "lease", "x", "--for", "1h", "--release"],
        ] {
            assert!(Cli::try_parse_from(&line).is_err(), "{line:?}");
        }
    }
}
