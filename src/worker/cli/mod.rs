//! The command-line workers: what each program is given, and how what it prints is read. Reading is pure, over the exit
//! code and the texts; running is `process`. Each program has a file of its own, and a part in `docs/cli-workers.md`.

mod claude_code;
mod codex;
mod command;
mod copilot_cli;
mod gemini_cli;
mod grok_cli;
mod opencode;
mod prompt;
#[cfg(test)]
mod samples;
mod session;
mod space;
#[cfg(test)]
mod tests;
pub(super) mod trouble;
mod worker;

pub(super) use prompt::whole as whole_prompt;
pub(crate) use worker::{Bounds, CliWorker, Places};

use super::Reply;
use super::process::Asked;
use crate::config::{self, Provider};
use serde_json::Value;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use trouble::Trouble;

/// What an adapter is told when it plans a call.
struct Scene<'a> {
    /// The worker as configured.
    config: &'a config::Worker,
    /// The value of the worker's key, if there is one.
    key: Option<&'a str>,
    /// The user's home, to look into.
    home: Option<PathBuf>,
    /// The call's spool folder, for files that the program is to write.
    spool: &'a Path,
    /// A folder that belongs to this worker alone, for configuration that the program only takes from files.
    own: PathBuf,
    /// The folder that the worker sees as its own.
    folder: &'a Path,
    /// What the model is told, without NUL; whether it needs guarding is the adapter's to know.
    prompt: String,
    /// The schema of the wanted answer.
    schema: Option<&'a Value>,
    /// The session to go on with, without what Synod had noted behind it.
    session: Option<String>,
    /// The same with what Synod had noted, for the order.
    asked_session: Option<&'a str>,
    /// The time it has, in milliseconds.
    time_left_ms: u64,
    /// What it may cost, in USD, where somebody set that.
    ceiling_usd: Option<f64>,
}

impl Scene<'_> {
    /// The configured address without the slash at its end.
    fn base_url(&self) -> Option<&str> {
        self.config.base_url.as_deref().map(|url| url.trim_end_matches('/'))
    }

    /// The configured address without `/v1`, for programs that add it.
    fn root_url(&self) -> Option<&str> {
        self.base_url().map(|url| url.strip_suffix("/v1").unwrap_or(url))
    }

    /// The model, where one is configured.
    fn model(&self) -> Option<&str> {
        self.config.model.as_deref()
    }
}

/// What is to be run.
#[derive(Debug, Default)]
struct Plan {
    /// Its arguments; the worker's own `args` are put where `Plan::OWN_ARGS` stands, or at the end.
    args: Vec<String>,
    /// Variables besides the allow-listed ones.
    env: Vec<(&'static str, OsString)>,
    /// Its stdin.
    stdin: String,
    /// Files in the spool folder.
    files: Vec<(&'static str, String)>,
    /// Files in the worker's own folder, by path below it.
    own_files: Vec<(&'static str, String)>,
    /// The folder to start in, where it is not the worker's.
    folder: Option<PathBuf>,
}

impl Plan {
    /// Stands among the arguments where the worker's configured ones go.
    const OWN_ARGS: &'static str = "\0own";

    /// Adds arguments.
    fn args<const N: usize>(&mut self, args: [&str; N]) {
        self.args.extend(args.iter().map(|arg| (*arg).to_owned()));
    }

    /// Adds a variable.
    fn env(&mut self, name: &'static str, value: impl Into<OsString>) {
        self.env.push((name, value.into()));
    }
}

/// A program that left by itself, as the readers see it.
#[derive(Clone, Copy, Debug)]
struct Run<'a> {
    /// Its exit code.
    code: i32,
    /// What it printed.
    stdout: &'a str,
    /// The end of what it complained.
    stderr: &'a str,
    /// The file of figures that it wrote apart, where it does; else empty.
    figures: &'a str,
    /// What was asked.
    asked: &'a Asked,
}

/// Plans a call for the provider's program.
fn plan(provider: Provider, scene: &Scene<'_>) -> Result<Plan, Trouble> {
    match provider {
        Provider::ClaudeCode => claude_code::plan(scene),
        Provider::Codex => codex::plan(scene),
        Provider::GeminiCli => gemini_cli::plan(scene),
        Provider::CopilotCli => copilot_cli::plan(scene),
        Provider::Opencode => opencode::plan(scene),
        Provider::GrokCli => grok_cli::plan(scene),
        _ => command::plan(scene),
    }
}

/// Reads what the provider's program printed. Exit code 0 is necessary for success, never enough.
fn read(provider: Provider, run: &Run<'_>) -> Result<Reply, Trouble> {
    let reply = match provider {
        Provider::ClaudeCode => claude_code::read(run),
        Provider::Codex => codex::read(run),
        Provider::GeminiCli => gemini_cli::read(run),
        Provider::CopilotCli => copilot_cli::read(run),
        Provider::Opencode => opencode::read(run),
        Provider::GrokCli => grok_cli::read(run),
        _ => command::read(run),
    }?;
    if run.code != 0 {
        return Err(Trouble::told(None, &format!("ended with code {}: {}", run.code, trouble::complaint(run.stderr)))
            .spent(reply.usage));
    }
    if reply.text.trim().is_empty() {
        return Err(Trouble::transient("gave an empty answer").spent(reply.usage));
    }
    Ok(reply)
}

/// The JSON records of an output with one on a line; other lines are talk.
fn records(stdout: &str) -> impl DoubleEndedIterator<Item = Value> + '_ {
    stdout.lines().filter(|line| line.starts_with('{')).filter_map(|line| serde_json::from_str(line).ok())
}

/// The text at a path of keys (`/part/text`).
fn text<'a>(record: &'a Value, pointer: &str) -> Option<&'a str> {
    record.pointer(pointer)?.as_str()
}

/// The count at a path of keys; 0 when there is none.
fn count(record: &Value, pointer: &str) -> u64 {
    record.pointer(pointer).and_then(Value::as_u64).unwrap_or_default()
}

/// The HTTP status at a path of keys.
fn status(record: &Value, pointer: &str) -> Option<u16> {
    u16::try_from(record.pointer(pointer)?.as_u64()?).ok()
}
