//! Claude Code, Codex and Gemini CLI themselves, with Synod put into their settings by `synod connect` and a scripted model
//! behind them: the program says that the server is connected, the model asks for `write_memory` and `orchestrate`, and what
//! they do is on the board.

use std::path::PathBuf;
use std::process::Command;

use serde_json::{Value, json};

use super::board::{self, Board, PATIENCE};
use crate::support::model_server::{ModelServer, Reply, Seen, ToolCall};
use crate::support::peers::{self, ScratchHome};
use crate::support::process::{self, Finished};

/// What the model is asked, and what it says when its tools have run.
const PROMPT: &str = "Note it on the board. MARK-4B";
const ANSWER: &str = "It stands on the board.";

/// An agent in a home of its own, before a model that asks for two tools, and a board.
struct Agent {
    name: &'static str,
    program: PathBuf,
    scratch: ScratchHome,
    server: ModelServer,
    board: Board,
}

impl Agent {
    /// `None`, after a loud line, where the program is not installed.
    fn prepare(name: &'static str) -> Option<Self> {
        let program = if name == "codex" { peers::native_codex() } else { peers::program(name) }?;
        let server = ModelServer::start();
        server.otherwise(move |seen| next(name, seen));
        let scratch = peers::scratch_home(name, &server);
        let agent = Self { name, program, scratch, server, board: Board::start(&[]) };
        agent.settle_in();
        Some(agent)
    }

    /// What a person has done before: a provider chosen, a folder trusted.
    fn settle_in(&self) {
        let root = self.board.root().display().to_string();
        let (path, text) = match self.name {
            "codex" => (".codex/config.toml", codex_settings(&self.server)),
            "gemini" => (".gemini/trustedFolders.json", json!({ root: "TRUST_FOLDER" }).to_string()),
            _ => return,
        };
        let path = self.scratch.home().join(path);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("make a settings folder");
        std::fs::write(path, text).expect("write the settings");
    }

    /// Runs `synod connect` in the agent's home.
    fn connect(&self, more: &[&str]) -> Finished {
        let mut command = board::synod(&self.scratch.home(), &self.board.root());
        process::run(command.args(["connect", self.name]).args(more), "", PATIENCE)
    }

    /// The program in the workspace's folder.
    fn command(&self) -> Command {
        let mut command = self.scratch.command(&self.program);
        command.current_dir(self.board.root());
        command
    }

    /// What it says of its servers.
    fn listed(&self) -> String {
        let finished = process::run(self.command().args(["mcp", "list"]), "", 3 * PATIENCE);
        assert!(finished.ok(), "{finished:#?}");
        // One of them writes its list to stderr.
        finished.stdout + &finished.stderr
    }

    /// Runs it headless with the prompt. Its own questions before a tool runs are answered by these flags, as narrowly as the
    /// program allows.
    fn run(&self) -> Finished {
        let line = match self.name {
            "claude" => "-p --output-format json --model sonnet --allowedTools mcp__synod",
            "codex" => {
                "exec --json --skip-git-repo-check -m gpt-5 -s read-only \
                 -c mcp_servers.synod.default_tools_approval_mode=\"approve\" --disable plugins --disable apps \
                 --disable shell_snapshot --disable unbounded_connection_retries -"
            }
            _ => "-o json -m gemini-2.5-flash --approval-mode yolo",
        };
        process::run(self.command().args(line.split_whitespace()), PROMPT, 3 * PATIENCE)
    }
}

/// The model: first the memory, then the task, then the answer. Other calls, such as one for a title, get a word.
fn next(name: &str, seen: &Seen) -> Reply {
    let tool =
        |tool: &str, input: Value| Reply::Tools(vec![ToolCall { name: peers::tool_name(name, "synod", tool), input }]);
    match seen.tool_results {
        _ if !seen.conversation.contains("MARK-4B") => Reply::text("ok"),
        0 => tool("write_memory", json!({ "memory_name": format!("notes/{name}"), "content": format!("by {name}") })),
        1 => {
            let task = json!({ "task": "Review the design", "name": format!("asked-by-{name}"), "kind": "code-review",
                               "models": ["first", "second"] });
            tool("orchestrate", task)
        }
        _ => Reply::text(ANSWER),
    }
}

/// Codex takes its provider from settings alone.
fn codex_settings(server: &ModelServer) -> String {
    format!(
        "# my own settings\nmodel_provider = \"p\"\ncheck_for_update_on_startup = false\n\n[analytics]\nenabled = false\n\n\
         [model_providers.p]\nname = \"p\"\nbase_url = \"{}\"\nenv_key = \"PEER_KEY\"\nwire_api = \"responses\"\n\
         request_max_retries = 1\nstream_max_retries = 1\nstream_idle_timeout_ms = 60000\n",
        server.v1()
    )
}

/// The whole story of one agent; `connected` is its word for a server that answered.
fn joins_the_board(name: &'static str, connected: &str) {
    let Some(agent) = Agent::prepare(name) else { return };
    let done = agent.connect(&[]);
    assert!(done.ok(), "{done:#?}");
    let listed = agent.listed();
    assert!(listed.lines().any(|line| line.contains("synod") && line.contains(connected)), "{listed}");

    let finished = agent.run();
    assert!(finished.ok(), "{finished:#?}\nstrays: {:?}", agent.server.strays());
    assert!(finished.stdout.contains(ANSWER), "{finished:#?}");

    let board = &agent.board;
    let memory = board.root().join(format!("memories/notes/{name}.md"));
    assert_eq!(std::fs::read_to_string(memory).ok(), Some(format!("by {name}")), "{finished:#?}");
    let task = board.ask(&["show", &format!("asked-by-{name}")]);
    assert_eq!((&task["state"], &task["decision"]["recommendation"]), (&json!("done"), &json!("proceed")), "{task}");
    // What the board answered reached the model: it was told of both.
    let last = agent.server.seen().into_iter().rfind(|seen| seen.tool_results == 2).expect("a call with both results");
    assert!(last.body.to_string().contains("proceed"), "{}", last.body);

    let undone = agent.connect(&["--remove"]);
    assert!(undone.ok(), "{undone:#?}");
    let left = agent.listed();
    assert!(!left.lines().any(|line| line.contains("synod") && line.contains(connected)), "{left}");
    board::all_gone(&agent.scratch.home());
    agent.board.end();
}

#[test]
fn claude_code_joins_the_board() {
    joins_the_board("claude", "Connected");
}

#[test]
fn codex_joins_the_board() {
    joins_the_board("codex", "enabled");
}

#[test]
fn gemini_cli_joins_the_board() {
    joins_the_board("gemini", "Connected");
}
