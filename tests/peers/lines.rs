//! The command lines by which the peers run headless, without the product.

use std::path::PathBuf;
use std::time::Duration;

use crate::support::model_server::ModelServer;
use crate::support::peers::{self, ScratchHome};
use crate::support::process::{self, Finished};

/// The slowest peers need half a minute for their first run in a new home on a loaded machine.
const DEADLINE: Duration = Duration::from_secs(240);

/// A peer with a model server and a home of its own.
pub(crate) struct Peer {
    pub(crate) name: &'static str,
    pub(crate) server: ModelServer,
    pub(crate) scratch: ScratchHome,
    program: PathBuf,
}

impl Peer {
    /// `None`, after a loud line, where the peer is not installed.
    pub(crate) fn prepare(name: &'static str) -> Option<Self> {
        let program = if name == "codex" { peers::native_codex() } else { peers::program(name) }?;
        let server = ModelServer::start();
        let scratch = peers::scratch_home(name, &server);
        Some(Self { name, server, scratch, program })
    }

    /// Runs it to its end with this prompt: on stdin, but for the one that reads none.
    pub(crate) fn run(&self, prompt: &str) -> Finished {
        self.run_within(prompt, DEADLINE)
    }

    /// The same with a deadline, past which the whole group is killed.
    pub(crate) fn run_within(&self, prompt: &str, deadline: Duration) -> Finished {
        let mut command = self.scratch.command(&self.program);
        command.args(self.args());
        if self.name == "grok" {
            command.args(["-p", prompt]);
            return process::run(&mut command, "", deadline);
        }
        process::run(&mut command, prompt, deadline)
    }

    /// Every peer may run shell commands: the scripts that tell it to are the tests' own.
    fn args(&self) -> Vec<String> {
        let line = match self.name {
            "claude" => "-p --output-format json --model sonnet --permission-mode acceptEdits --allowedTools Bash",
            "codex" => {
                "exec --json --skip-git-repo-check -m gpt-5 -s danger-full-access -c model_provider=p \
                 -c analytics.enabled=false -c check_for_update_on_startup=false --disable plugins --disable apps \
                 --disable shell_snapshot --disable unbounded_connection_retries"
            }
            "gemini" => "--skip-trust -o json -m gemini-2.5-flash --approval-mode yolo",
            "opencode" => "run --format json -m peer/m1 --title t",
            "copilot" => "--output-format json --no-auto-update --no-color --allow-all-tools",
            _ => "",
        };
        let mut args: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        if self.name == "codex" {
            args.extend(["-c".to_owned(), self.codex_provider(), "-".to_owned()]);
        }
        args
    }

    /// Codex takes its provider from settings alone; its own retries are kept to one.
    fn codex_provider(&self) -> String {
        let url = self.server.v1();
        format!(
            "model_providers.p={{name=\"p\",base_url=\"{url}\",env_key=\"PEER_KEY\",wire_api=\"responses\",\
             request_max_retries=1,stream_max_retries=1,stream_idle_timeout_ms=60000}}"
        )
    }
}
