//! The real model command lines that `tests/run.sh` installed: where they are, and a home for each to run in.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::json;
use tempfile::TempDir;

use super::model_server::{ModelServer, ToolCall};

/// Why there is no peer at all.
pub(crate) const NO_ROOT: &str = "SYNOD_TEST_PEERS is not set; tests/run.sh sets it";

/// Where `tests/run.sh` installed the peers, when it did.
pub(crate) fn root() -> Option<PathBuf> {
    std::env::var_os("SYNOD_TEST_PEERS").filter(|root| !root.is_empty()).map(PathBuf::from)
}

/// The program as it would stand on a user's PATH: `claude`, `codex`, `gemini`, `opencode`, `copilot`, `grok`.
/// `None`, with a loud line, when it is not installed or its install was found not to work.
pub(crate) fn program(name: &str) -> Option<PathBuf> {
    let found = root().ok_or_else(|| NO_ROOT.to_owned());
    match found.and_then(|root| installed(&root, name, &format!("node_modules/.bin/{name}"))) {
        Ok(path) => Some(path),
        Err(why) => {
            skipped(name, &why);
            None
        }
    }
}

/// Codex without its node wrapper: a kill of the wrapper alone leaves the agent running.
pub(crate) fn native_codex() -> Option<PathBuf> {
    program("codex")?;
    let scope = root()?.join("node_modules/@openai");
    let platform = entries(&scope).into_iter().find(|path| path.join("vendor").is_dir())?;
    let target = entries(&platform.join("vendor")).into_iter().next()?;
    Some(target.join("bin/codex")).filter(|path| path.is_file())
}

/// Says on the real stderr, past the test runner's capture, that a test proves nothing here.
pub(crate) fn skipped(name: &str, why: &str) {
    let _ = writeln!(std::io::stderr(), "SKIPPED PEER: {name}: {why}");
}

/// The peer's file below the root, unless the install noted in `skipped` why this peer does not work.
pub(crate) fn installed(root: &Path, name: &str, file: &str) -> Result<PathBuf, String> {
    let listed = std::fs::read_to_string(root.join("skipped")).unwrap_or_default();
    let why = listed.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    if let Some(why) = why {
        return Err(why.to_owned());
    }
    let path = root.join(file);
    if path.is_file() { Ok(path) } else { Err(format!("{} is not there", path.display())) }
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> =
        std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    paths.sort();
    paths
}

/// A home and a working folder for one run, both gone when this is dropped, and the environment that goes with them.
pub(crate) struct ScratchHome {
    folder: TempDir,
    env: Vec<(String, String)>,
}

impl ScratchHome {
    /// `$HOME` of the run.
    pub(crate) fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    /// The working folder of the run: empty, and no git repository.
    pub(crate) fn work(&self) -> PathBuf {
        self.folder.path().join("work")
    }

    /// The whole environment of the run; nothing else of the test's own reaches the program.
    pub(crate) fn env(&self) -> &[(String, String)] {
        &self.env
    }

    /// A command for the program in this home, with this environment alone.
    pub(crate) fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        let env = self.env.iter().map(|(key, value)| (key, value));
        command.env_clear().envs(env).current_dir(self.work());
        command
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.home().join(path);
        std::fs::create_dir_all(path.parent().expect("a file has a folder")).expect("make a settings folder");
        std::fs::write(path, text).expect("write a settings file");
    }
}

/// A home in which this program asks the model server with the key `peer-key`, reaches nothing else, and has the
/// settings it cannot do without. An unknown name gets a bare home.
pub(crate) fn scratch_home(name: &str, server: &ModelServer) -> ScratchHome {
    let folder = TempDir::with_prefix(format!("synod-{name}-")).expect("a scratch folder");
    let mut scratch = ScratchHome { folder, env: Vec::new() };
    std::fs::create_dir_all(scratch.home().join("tmp")).expect("make the home");
    std::fs::create_dir_all(scratch.work()).expect("make the working folder");
    let base = [
        ("HOME", scratch.home().display().to_string()),
        ("TMPDIR", scratch.home().join("tmp").display().to_string()),
        ("PATH", std::env::var("PATH").unwrap_or_default()),
        ("LANG", "C.UTF-8".to_owned()),
    ];
    let own = settings(name, server);
    scratch.env = base.into_iter().chain(own).map(|(key, value)| (key.to_owned(), value)).collect();
    match name {
        "gemini" => scratch.write(".gemini/settings.json", GEMINI_SETTINGS),
        "opencode" => scratch.write(".config/opencode/opencode.json", &opencode_settings(server)),
        _ => {}
    }
    scratch
}

/// The variables by which each program finds the server and leaves the internet alone.
fn settings(name: &str, server: &ModelServer) -> Vec<(&'static str, String)> {
    let key = || "peer-key".to_owned();
    let yes = |value: &str| value.to_owned();
    match name {
        "claude" => vec![
            ("ANTHROPIC_API_KEY", key()),
            ("ANTHROPIC_BASE_URL", server.url()),
            ("DISABLE_AUTOUPDATER", yes("1")),
            ("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", yes("1")),
            ("CLAUDE_CODE_MAX_RETRIES", yes("2")),
        ],
        "codex" => vec![("PEER_KEY", key())],
        "gemini" => vec![
            ("GEMINI_API_KEY", key()),
            ("GOOGLE_GEMINI_BASE_URL", server.url()),
            ("GEMINI_CLI_NO_RELAUNCH", yes("true")),
        ],
        "opencode" => vec![("OPENCODE_DISABLE_AUTOUPDATE", yes("1")), ("OPENCODE_DISABLE_MODELS_FETCH", yes("1"))],
        "copilot" => vec![
            ("COPILOT_OFFLINE", yes("true")),
            ("COPILOT_PROVIDER_BASE_URL", server.v1()),
            ("COPILOT_PROVIDER_API_KEY", key()),
            ("COPILOT_MODEL", yes("gpt-4.1")),
        ],
        "grok" => vec![("GROK_API_KEY", key()), ("GROK_BASE_URL", server.v1())],
        _ => Vec::new(),
    }
}

/// The tool call by which a model has this program run a command in a shell.
pub(crate) fn shell_call(name: &str, command: &str) -> ToolCall {
    let (tool, input) = match name {
        "claude" => ("Bash", json!({ "command": command, "description": "run it" })),
        "codex" => ("exec_command", json!({ "cmd": command })),
        "gemini" => ("run_shell_command", json!({ "command": command })),
        "opencode" | "copilot" => ("bash", json!({ "command": command, "description": "run it" })),
        _ => ("bash", json!({ "command": command })),
    };
    ToolCall { name: tool.to_owned(), input }
}

/// The name under which this program offers its model a tool of a connected MCP server.
pub(crate) fn tool_name(name: &str, server: &str, tool: &str) -> String {
    match name {
        "gemini" => format!("mcp_{server}_{tool}"),
        "codex" => format!("mcp__{server}/{tool}"),
        _ => format!("mcp__{server}__{tool}"),
    }
}

/// Without a chosen key type the program refuses to run against another base URL.
const GEMINI_SETTINGS: &str = r#"{"security":{"auth":{"selectedType":"gemini-api-key"}},"privacy":{"usageStatisticsEnabled":false},"general":{"enableAutoUpdate":false}}"#;

/// The provider `peer` with the model `m1`.
fn opencode_settings(server: &ModelServer) -> String {
    let provider = json!({
        "npm": "@ai-sdk/openai-compatible",
        "name": "Peer",
        "options": { "baseURL": server.v1(), "apiKey": "peer-key" },
        "models": { "m1": { "name": "m1" } },
    });
    json!({ "provider": { "peer": provider }, "autoupdate": false, "share": "disabled" }).to_string()
}

mod proof {
    //! What holds of this module on every machine, with or without the peers.

    use super::{ModelServer, native_codex, program, scratch_home, shell_call};

    #[test]
    fn codex_comes_with_its_own_binary() {
        assert_eq!(native_codex().is_some(), program("codex").is_some());
    }

    #[test]
    fn a_name_that_is_no_peer_is_skipped() {
        assert_eq!(program("no-such-peer"), None);
    }

    #[test]
    fn a_scratch_home_has_only_its_own_environment() {
        let server = ModelServer::start();
        let scratch = scratch_home("gemini", &server);
        assert!(scratch.home().join(".gemini/settings.json").is_file());
        assert!(scratch.work().is_dir());
        assert!(scratch.env().contains(&("GOOGLE_GEMINI_BASE_URL".to_owned(), server.url())));
        let output = scratch.command("/usr/bin/env".as_ref()).output().expect("env runs");
        let printed = String::from_utf8_lossy(&output.stdout).lines().count();
        assert_eq!(printed, scratch.env().len());
    }

    #[test]
    fn a_shell_call_carries_the_command() {
        for name in ["claude", "codex", "copilot", "gemini", "grok", "opencode"] {
            assert!(shell_call(name, "ls -l").input.to_string().contains("ls -l"), "{name}");
        }
    }
}
