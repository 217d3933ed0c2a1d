//! `synod completions`: completions for shells, made from the definition of the command line itself.

use crate::cli::args::Cli;
use crate::cli::exit::Exit;
use crate::cli::report::Failure;
use clap::CommandFactory;
use clap_complete::Shell;
use std::io::Write;

pub(super) fn run(shell: Shell) -> Result<Exit, Failure> {
    std::io::stdout().lock().write_all(&script(shell))?;
    Ok(Exit::Ok)
}

fn script(shell: Shell) -> Vec<u8> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "synod", &mut script);
    script
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shell_gets_every_command_but_the_hidden_one() {
        for shell in [Shell::Bash, Shell::Zsh, Shell::Fish, Shell::Elvish, Shell::PowerShell] {
            let script = String::from_utf8_lossy(&script(shell)).into_owned();
            for command in ["approve", "doctor", "memory", "restore", "completions"] {
                assert!(script.contains(command), "{shell}: {command}");
            }
        }
    }
}
