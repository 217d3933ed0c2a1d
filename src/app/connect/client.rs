//! The programs that can be connected: where each keeps its servers, what an entry looks like there, and what a person must
//! know about it. Only facts of those programs stand here.

use super::edit::Format;
use super::error::Error;
use super::{Wish, shown};
use crate::config::Environment;
use serde_json::{Map, Value, json};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// The variable from which a program takes the token of the HTTP face.
const TOKEN_VARIABLE: &str = "SYNOD_TOKEN";
/// What VS Code calls the question for the token.
pub(super) const INPUT_ID: &str = "synod-token";
/// How long Codex waits for one call, in seconds. Its own limit would end a long orchestration.
const CODEX_TOOL_TIMEOUT_SEC: u64 = 3600;
/// How long Codex waits for the server to start, in seconds; it may have to start the daemon first.
const CODEX_STARTUP_TIMEOUT_SEC: u64 = 30;
/// How long Gemini CLI waits for one call, in milliseconds.
const GEMINI_TIMEOUT_MS: u64 = 3_600_000;
/// Longest name of a server.
const NAME_CHARS_MAX: usize = 64;
/// What an entry may hold that is ours to set; everything else in it stays.
const OUR_KEYS: [&str; 10] = [
    "type",
    "command",
    "args",
    "url",
    "httpUrl",
    "headers",
    "bearer_token_env_var",
    "timeout",
    "startup_timeout_sec",
    "tool_timeout_sec",
];

/// A program that speaks MCP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Client {
    /// Claude Code.
    Claude,
    /// Codex.
    Codex,
    /// Gemini CLI.
    Gemini,
    /// Cursor.
    Cursor,
    /// Visual Studio Code.
    VsCode,
    /// WebStorm and the other programs of JetBrains, with AI Assistant.
    JetBrains,
}

/// In whose settings the server stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// The user's: it is there in every folder, and always this workspace.
    User,
    /// The project's: it is there for everybody who works in this folder, and may be committed.
    Project,
}

/// Synod's server, and how it is reached.
#[derive(Clone, Debug)]
pub(super) struct Server {
    /// This program.
    pub(super) program: PathBuf,
    /// The workspace.
    pub(super) root: PathBuf,
    /// The file that holds the token of the HTTP face.
    pub(super) token: PathBuf,
    /// Where the HTTP face listens; `None`: nowhere.
    pub(super) address: Option<SocketAddr>,
}

/// What is to stand in which file.
#[derive(Clone, Debug)]
pub(super) struct Target {
    /// The file; `None`: the program has none that is documented.
    pub(super) path: Option<PathBuf>,
    /// How it is written.
    pub(super) format: Format,
    /// The server's name.
    pub(super) name: String,
    /// The entry.
    pub(super) entry: Map<String, Value>,
    /// A question of VS Code's that the entry refers to.
    pub(super) input: Option<Value>,
    /// What the person must know.
    pub(super) notes: Vec<String>,
}

/// Whether every program takes the name.
pub(super) fn check_name(name: &str) -> Result<(), Error> {
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if (1..=NAME_CHARS_MAX).contains(&name.len()) && name.chars().all(fits) {
        return Ok(());
    }
    Err(Error::Name { name: name.to_owned() })
}

impl Client {
    /// Every program, by the word that names it.
    pub const ALL: [(&'static str, Self); 6] = [
        ("claude", Self::Claude),
        ("codex", Self::Codex),
        ("gemini", Self::Gemini),
        ("cursor", Self::Cursor),
        ("vscode", Self::VsCode),
        ("jetbrains", Self::JetBrains),
    ];

    /// What people call it.
    pub fn title(self) -> &'static str {
        match self {
            Self::Claude => "Claude Code",
            Self::Codex => "Codex",
            Self::Gemini => "Gemini CLI",
            Self::Cursor => "Cursor",
            Self::VsCode => "VS Code",
            Self::JetBrains => "JetBrains AI Assistant",
        }
    }

    /// Where it keeps its servers; `None`: no file is documented.
    fn path(self, scope: Scope, root: &Path, environment: &Environment) -> Result<Option<PathBuf>, Error> {
        let own = |variable: &str| environment.get(variable).map(PathBuf::from);
        let home = || environment.home().ok_or(Error::NoHome);
        Ok(Some(match (self, scope) {
            (Self::Claude, Scope::User) => match own("CLAUDE_CONFIG_DIR") {
                Some(folder) => folder.join(".claude.json"),
                None => home()?.join(".claude.json"),
            },
            (Self::Claude, Scope::Project) => root.join(".mcp.json"),
            (Self::Codex, Scope::User) => match own("CODEX_HOME") {
                Some(folder) => folder.join("config.toml"),
                None => home()?.join(".codex/config.toml"),
            },
            (Self::Codex, Scope::Project) => root.join(".codex/config.toml"),
            (Self::Gemini, Scope::User) => home()?.join(".gemini/settings.json"),
            (Self::Gemini, Scope::Project) => root.join(".gemini/settings.json"),
            (Self::Cursor, Scope::User) => home()?.join(".cursor/mcp.json"),
            (Self::Cursor, Scope::Project) => root.join(".cursor/mcp.json"),
            (Self::VsCode, Scope::User) => vscode_profile(environment)?.join("mcp.json"),
            (Self::VsCode, Scope::Project) => root.join(".vscode/mcp.json"),
            (Self::JetBrains, _) => return Ok(None),
        }))
    }

    fn format(self) -> Format {
        match self {
            Self::Codex => Format::Toml,
            Self::VsCode => Format::Json { key: "servers" },
            Self::Claude | Self::Gemini | Self::Cursor | Self::JetBrains => Format::Json { key: "mcpServers" },
        }
    }

    /// The entry for a server that the program starts.
    fn stdio(self, scope: Scope, server: &Server) -> Value {
        let (command, args) = match (scope, self) {
            (Scope::User, _) | (_, Self::JetBrains) => {
                (shown(&server.program), vec!["mcp".to_owned(), "-C".to_owned(), shown(&server.root)])
            }
            // A committed file names no folder of one person's machine. These two do not start it in the project's folder.
            (Scope::Project, Self::Cursor | Self::VsCode) => {
                ("synod".to_owned(), ["mcp", "-C", "${workspaceFolder}"].map(str::to_owned).to_vec())
            }
            (Scope::Project, Self::Claude | Self::Codex | Self::Gemini) => ("synod".to_owned(), vec!["mcp".to_owned()]),
        };
        match self {
            Self::Claude | Self::VsCode => json!({ "type": "stdio", "command": command, "args": args }),
            Self::Cursor | Self::JetBrains => json!({ "command": command, "args": args }),
            Self::Gemini => json!({ "command": command, "args": args, "timeout": GEMINI_TIMEOUT_MS }),
            Self::Codex => json!({
                "command": command, "args": args,
                "startup_timeout_sec": CODEX_STARTUP_TIMEOUT_SEC, "tool_timeout_sec": CODEX_TOOL_TIMEOUT_SEC,
            }),
        }
    }

    /// The entry for the HTTP face. The token is referred to, never written.
    fn http(self, url: &str) -> Value {
        let bearer = |reference: &str| json!({ "Authorization": format!("Bearer {reference}") });
        match self {
            Self::Claude => json!({ "type": "http", "url": url, "headers": bearer(&format!("${{{TOKEN_VARIABLE}}}")) }),
            Self::Codex => json!({
                "url": url, "bearer_token_env_var": TOKEN_VARIABLE,
                "startup_timeout_sec": CODEX_STARTUP_TIMEOUT_SEC, "tool_timeout_sec": CODEX_TOOL_TIMEOUT_SEC,
            }),
            Self::Gemini => json!({
                "url": url, "type": "http", "headers": bearer(&format!("${{{TOKEN_VARIABLE}}}")), "timeout": GEMINI_TIMEOUT_MS,
            }),
            Self::Cursor => json!({ "url": url, "headers": bearer(&format!("${{env:{TOKEN_VARIABLE}}}")) }),
            Self::VsCode => json!({ "type": "http", "url": url, "headers": bearer(&format!("${{input:{INPUT_ID}}}")) }),
            Self::JetBrains => json!({ "url": url, "headers": bearer("PASTE-THE-TOKEN-HERE") }),
        }
    }

    /// What a person must do or know besides.
    fn notes(self, wish: &Wish, server: &Server) -> Vec<String> {
        let token = shown(&server.token);
        let mut notes = Vec::new();
        if wish.http {
            notes.push(match self {
                Self::VsCode => format!("VS Code asks for the token once; it stands in {token}"),
                Self::JetBrains => format!("put the token in place of PASTE-THE-TOKEN-HERE; it stands in {token}"),
                Self::Claude | Self::Codex | Self::Gemini | Self::Cursor => {
                    format!(
                        "{} takes the token from a variable: export {TOKEN_VARIABLE}=\"$(cat '{token}')\"",
                        self.title()
                    )
                }
            });
            notes.push("by HTTP the daemon must run: synod up --detach".to_owned());
        } else if wish.scope == Scope::Project && self != Self::JetBrains {
            notes.push("the entry says just `synod`, so it must be on the PATH of everybody who uses it".to_owned());
        }
        match (self, wish.scope) {
            (Self::Claude, Scope::Project) => {
                notes.push(
                    "Claude Code asks once whether the project's servers may be used: start `claude` here and approve"
                        .to_owned(),
                );
            }
            (Self::Codex, Scope::Project) => {
                notes.push("Codex reads a project's settings only where the project is trusted".to_owned());
            }
            (Self::Gemini, _) => notes.push("Gemini CLI starts no servers in folders that are not trusted".to_owned()),
            (Self::JetBrains, _) => notes.push(
                "paste it in Settings | Tools | AI Assistant | Model Context Protocol (MCP), with Add, As JSON"
                    .to_owned(),
            ),
            _ => {}
        }
        notes
    }
}

/// The folder of VS Code's user profile.
fn vscode_profile(environment: &Environment) -> Result<PathBuf, Error> {
    let home = environment.home().ok_or(Error::NoHome)?;
    if cfg!(target_os = "macos") {
        return Ok(home.join("Library/Application Support/Code/User"));
    }
    let base = environment.get("XDG_CONFIG_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    Ok(base.unwrap_or_else(|| home.join(".config")).join("Code/User"))
}

impl Target {
    pub(super) fn of(wish: &Wish, server: &Server, environment: &Environment) -> Result<Self, Error> {
        let client = wish.client;
        let entry = match (wish.http, server.address) {
            (false, _) => client.stdio(wish.scope, server),
            (true, Some(address)) if address.port() == 0 => return Err(Error::NoPort),
            (true, Some(address)) => client.http(&format!("http://{address}/mcp")),
            // What was put in while there was an address can be taken out without one.
            (true, None) if wish.what == super::What::Remove => Value::Null,
            (true, None) => return Err(Error::NoAddress),
        };
        let input = (wish.http && client == Client::VsCode).then(
            || json!({ "type": "promptString", "id": INPUT_ID, "description": "Synod's token", "password": true }),
        );
        Ok(Self {
            path: client.path(wish.scope, &server.root, environment)?,
            format: client.format(),
            name: wish.name.clone(),
            entry: entry.as_object().cloned().unwrap_or_default(),
            input,
            notes: client.notes(wish, server),
        })
    }

    /// The text with the entry; what a person added to an entry of ours stays.
    pub(super) fn put(&self, text: &str, present: Option<Value>) -> Result<String, String> {
        let mut entry = self.entry.clone();
        let added = present.as_ref().and_then(Value::as_object).into_iter().flatten();
        entry.extend(
            added.filter(|(key, _)| !OUR_KEYS.contains(&key.as_str())).map(|(key, value)| (key.clone(), value.clone())),
        );
        self.format.put(text, &self.name, &Value::Object(entry), self.input.as_ref())
    }

    /// The entry as a whole file.
    pub(super) fn snippet(&self) -> String {
        self.put("", None).unwrap_or_default()
    }
}

impl Server {
    /// Whether an entry is one of Synod's: it starts a program called `synod` with `mcp`, or sends Synod's token.
    pub(super) fn is_ours(&self, entry: &Value) -> bool {
        let command = entry.get("command").and_then(Value::as_str).map(Path::new);
        let starts = command
            .is_some_and(|command| command == self.program || command.file_name().is_some_and(|name| name == "synod"));
        let args = entry.get("args").and_then(Value::as_array);
        let mcp = args.is_some_and(|args| args.iter().any(|arg| arg == "mcp"));
        let text = entry.to_string();
        (starts && mcp) || text.contains(TOKEN_VARIABLE) || text.contains(INPUT_ID)
    }

    /// A word about an entry that served another workspace until now.
    pub(super) fn other_workspace(&self, text: &str, target: &Target) -> Option<String> {
        let present = target.format.get(text, &target.name).ok()??;
        let args: Vec<&str> = present.get("args")?.as_array()?.iter().filter_map(Value::as_str).collect();
        let at = args.iter().position(|arg| *arg == "-C")?;
        let other = *args.get(at + 1)?;
        let mine = target
            .entry
            .get("args")
            .is_some_and(|args| args.as_array().is_some_and(|args| args.iter().any(|arg| arg == other)));
        (!mine).then(|| format!("it served {other} until now; to have both, use --project in each, or another --name"))
    }
}
