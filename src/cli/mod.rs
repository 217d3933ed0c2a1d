//! The command line: arguments in, requests to the board, replies as text or JSON out. It decides nothing about tasks,
//! writes data to stdout and talk to stderr, and `report` alone turns errors into text and exit codes.

mod args;
mod commands;
mod exit;
mod follow;
mod interrupts;
mod out;
mod progress;
mod reach;
mod report;
mod session;
mod table;
mod view;
mod words;

use args::{Cli, Command};
use clap::Parser;
use exit::Exit;
use report::Failure;
use session::Session;
use std::process::ExitCode;

/// Runs the program and gives its exit code.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
    };
    // The shim stands beside one call for as long as the call runs: it needs no runtime and no session.
    if let Command::Shim { dir } = &cli.command {
        return commands::shim::run(dir.as_deref());
    }
    if let Command::Mcp(args) = &cli.command {
        return commands::mcp::run(&cli.global, args);
    }
    let session = Session::new(&cli.global, cli.command.is_daemon());
    if cli.command.is_daemon() && !session.is_told_of_memory() {
        crate::app::begin_lean();
    }
    let ended = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime.block_on(Box::pin(commands::run(&session, cli.command))),
        Err(error) => Err(Failure::new(Exit::Failed, format!("the system gave no threads: {error}"))),
    };
    match ended {
        Ok(exit) => exit.into(),
        Err(failure) => failure.report(&session.out).into(),
    }
}

/// Prints what clap has to say: help and version are data, a mistake is not.
fn usage(error: &clap::Error) -> ExitCode {
    // Nobody reads it any more when this fails.
    let _ = error.print();
    if error.use_stderr() { Exit::Usage.into() } else { Exit::Ok.into() }
}
