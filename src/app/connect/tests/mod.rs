//! Settings files as people really have them, connected and disconnected, compared to the byte.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a failing test may stop where it stands")]

mod files;
mod undone;
mod written;

use super::client::{Client, Scope, Server};
use super::{Connected, Error, What, Wish, carry_out};
use crate::config::Environment;
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A home and a workspace of their own.
struct Desk {
    folder: TempDir,
    server: Server,
    environment: Environment,
}

impl Desk {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        fs::create_dir(root.join("home")).unwrap();
        fs::create_dir(root.join("work")).unwrap();
        let server = Server {
            program: PathBuf::from("/opt/bin/synod"),
            root: root.join("work"),
            token: root.join("work/.synod/token"),
            address: Some("127.0.0.1:4820".parse().unwrap()),
        };
        let environment = Environment::of([("HOME", root.join("home"))]);
        Self { folder, server, environment }
    }

    fn path(&self, path: &str) -> PathBuf {
        self.folder.path().canonicalize().unwrap().join(path)
    }

    fn put(&self, path: &str, text: &str) -> PathBuf {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }

    fn run(&self, wish: &Wish) -> Result<Connected, Error> {
        carry_out(wish, &self.server, &self.environment)
    }
}

/// The plain wish.
fn wish(client: Client, scope: Scope) -> Wish {
    Wish { client, scope, http: false, name: "synod".to_owned(), what: What::Write, dry: false }
}

fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap()
}

/// Where each program keeps its servers, from the home or the workspace.
const FILES: [(Client, Scope, &str); 10] = [
    (Client::Claude, Scope::User, "home/.claude.json"),
    (Client::Claude, Scope::Project, "work/.mcp.json"),
    (Client::Codex, Scope::User, "home/.codex/config.toml"),
    (Client::Codex, Scope::Project, "work/.codex/config.toml"),
    (Client::Gemini, Scope::User, "home/.gemini/settings.json"),
    (Client::Gemini, Scope::Project, "work/.gemini/settings.json"),
    (Client::Cursor, Scope::User, "home/.cursor/mcp.json"),
    (Client::Cursor, Scope::Project, "work/.cursor/mcp.json"),
    (Client::VsCode, Scope::User, "home/.config/Code/User/mcp.json"),
    (Client::VsCode, Scope::Project, "work/.vscode/mcp.json"),
];

/// Files that have something in them already, in the ways in which people and programs write.
fn lived_in(client: Client) -> Vec<String> {
    if client == Client::Codex {
        let full = "# my settings\nmodel = \"gpt-5\"   # the big one\n\n[mcp_servers.docs]\ncommand = \"npx\" # old\nargs = [\n  \"-y\",\n  \"docs\", # last\n]\n\n[mcp_servers.docs.env]\nKEY = 'v'\n\n# projects\n[projects.\"/a b\"]\ntrust_level = \"trusted\"\n";
        return vec![
            full.to_owned(),
            full.trim_end().to_owned(),
            full.replace('\n', "\r\n"),
            "mcp_servers = { docs = { command = \"npx\" } }\n".to_owned(),
            "mcp_servers.docs.command = \"npx\"\n[tui]\nx = 1\n".to_owned(),
            "# nothing but a comment\n".to_owned(),
            "[mcp_servers]\n".to_owned(),
            "\n\n".to_owned(),
        ];
    }
    let key = if client == Client::VsCode { "servers" } else { "mcpServers" };
    let full = format!(
        "{{\n  // mine\n  \"theme\": \"dark\",   /* as it is */\n  \"{key}\": {{\n    \"docs\": {{ \"command\": \"npx\", \"args\": [\"-y\", \"docs\"] }} // last\n  }},\n  \"projects\": {{\"/a\": {{\"history\": []}}}}\n}}\n"
    );
    vec![
        full.clone(),
        full.trim_end().to_owned(),
        full.replace('\n', "\r\n"),
        full.replace("  ", "\t"),
        full.replace("  ", "    "),
        format!("\u{feff}{full}"),
        full.replace("\"docs\"] } // last\n", "\"docs\"] }, // last\n"),
        format!("{{\"{key}\":{{\"docs\":{{\"command\":\"npx\"}}}},\"other\":1}}"),
        format!("{{\n  \"other\": 1\n}}"),
        format!("{{\n  \"{key}\": {{}}\n}}\n"),
        "{}".to_owned(),
        "{}\n".to_owned(),
        "{ }\n".to_owned(),
        "// nothing but a comment\n{}\n".to_owned(),
        "{\n  \"a\": 1, // one\n  // two\n}\n".to_owned(),
        format!("{{\n  \"{key}\": {{\n    // none yet\n  }},\n  \"inputs\": []\n}}\n"),
        String::new(),
    ]
}
