//! Gemini CLI: its arguments, the settings it only takes from a file, and reading its JSON from stdout or, for errors,
//! from the end of stderr.

use super::trouble::{Trouble, complaint};
use super::{Plan, Run, Scene, count, prompt, status, text};
use crate::board::Usage;
use crate::config::Permission;
use crate::worker::Reply;
use serde_json::{Value, json};

/// More is cut in silence, and then no request is made at all.
const PROMPT_BYTES_MAX: usize = 7_000_000;
/// The user's own settings, below the home folder.
const SETTINGS: &str = ".gemini/settings.json";

pub(super) fn plan(scene: &Scene<'_>) -> Result<Plan, Trouble> {
    // `@file` in the prompt is replaced by the file's text.
    let stdin = prompt::guarded(&scene.prompt);
    if stdin.len() > PROMPT_BYTES_MAX {
        return Err(Trouble::refused("the prompt is longer than the 8 MB that Gemini CLI takes"));
    }
    let mut plan = Plan { stdin, ..Plan::default() };
    plan.args(["--skip-trust", "-o", "json"]);
    if let Some(model) = scene.model() {
        plan.args(["-m", model]);
    }
    match scene.config.permission {
        Permission::Read => {}
        Permission::Edit => plan.args(["--approval-mode", "auto_edit"]),
        Permission::Full => plan.args(["--approval-mode", "yolo"]),
    }
    if let Some(session) = &scene.session {
        plan.args(["--resume", session]);
    }
    // Relaunched, it does not hear SIGTERM.
    plan.env("GEMINI_CLI_NO_RELAUNCH", "true");
    // Its error reports hold the whole conversation; they belong where the call's own files are.
    plan.env("TMPDIR", scene.spool.as_os_str());
    if let Some(key) = scene.key {
        plan.env("GEMINI_API_KEY", key);
    }
    if let Some(url) = scene.root_url() {
        plan.env("GOOGLE_GEMINI_BASE_URL", url.strip_suffix("/v1beta").unwrap_or(url));
    }
    if needs_own_settings(scene) {
        plan.env("GEMINI_CLI_HOME", scene.own.as_os_str());
        plan.own_files.push((SETTINGS, settings().to_string()));
    }
    Ok(plan)
}

/// Another address works only with a chosen way of login, and that is read from a file alone. Where the user has no
/// such file, or the address is configured here, the program gets a home of its own; the user's is never written to.
fn needs_own_settings(scene: &Scene<'_>) -> bool {
    let has_settings = scene.home.as_ref().is_some_and(|home| home.join(SETTINGS).is_file());
    scene.key.is_some() && (scene.base_url().is_some() || !has_settings)
}

fn settings() -> Value {
    json!({
        "security": { "auth": { "selectedType": "gemini-api-key" } },
        "privacy": { "usageStatisticsEnabled": false },
        // Ten attempts of its own would last four minutes.
        "general": { "enableAutoUpdate": false, "maxAttempts": 1, "retryFetchErrors": false },
    })
}

pub(super) fn read(run: &Run<'_>) -> Result<Reply, Trouble> {
    let Ok(answer) = serde_json::from_str::<Value>(run.stdout.trim()) else {
        return Err(trouble(run));
    };
    let usage = usage(&answer);
    // It ends with code 0 and joined halves of an answer when the stream broke; only this key tells.
    if let Some(error) = answer.get("error").filter(|error| !error.is_null()) {
        return Err(reported(error, run.code).spent(usage));
    }
    Ok(Reply {
        text: text(&answer, "/response").unwrap_or_default().to_owned(),
        structured: None,
        model: model(&answer).or_else(|| run.asked.model.clone()).unwrap_or_default(),
        session: text(&answer, "/session_id").map(str::to_owned),
        usage,
        files_modified: Vec::new(),
    })
}

/// The failure of a run without an answer: its JSON stands at the end of stderr, behind warnings and stack traces.
fn trouble(run: &Run<'_>) -> Trouble {
    let starts =
        run.stderr.match_indices('{').map(|(at, _)| at).filter(|at| run.stderr.get(..*at).is_some_and(ends_line));
    let object = starts.filter_map(|at| serde_json::from_str::<Value>(run.stderr.get(at..)?.trim()).ok()).next();
    match object.as_ref().and_then(|object| object.get("error")) {
        Some(error) => reported(error, run.code),
        None if run.code == BAD_INPUT => Trouble::refused(complaint(run.stderr)),
        None => Trouble::told(status_of(run.code), complaint(run.stderr)),
    }
}

/// Its exit code for input or options that it does not take.
const BAD_INPUT: i32 = 42;
/// Its exit code when there is no login.
const NO_LOGIN: i32 = 41;

fn ends_line(text: &str) -> bool {
    text.is_empty() || text.ends_with('\n')
}

/// The message can itself be the provider's JSON.
fn reported(error: &Value, code: i32) -> Trouble {
    let message = text(error, "/message").unwrap_or("reported an error");
    let inner: Value = serde_json::from_str(message).unwrap_or_default();
    let message = text(&inner, "/error/message").unwrap_or(message);
    match code {
        NO_LOGIN => Trouble::blocked(message),
        BAD_INPUT => Trouble::refused(message),
        _ => Trouble::told(status(&inner, "/error/code").or_else(|| status_of(code)), message),
    }
}

/// Its exit code is the HTTP status, of which a process can only show the lowest byte.
fn status_of(code: i32) -> Option<u16> {
    let status = u16::try_from(code).ok()? + 256;
    matches!(status, 400 | 401 | 403 | 404 | 408 | 413 | 429 | 500..=511).then_some(status)
}

fn models(answer: &Value) -> impl Iterator<Item = (&String, &Value)> {
    answer.pointer("/stats/models").and_then(Value::as_object).into_iter().flatten()
}

fn usage(answer: &Value) -> Usage {
    let mut usage = Usage::default();
    for (_, model) in models(answer) {
        usage.input_tokens += count(model, "/tokens/prompt") + count(model, "/tokens/tool");
        usage.output_tokens += count(model, "/tokens/candidates") + count(model, "/tokens/thoughts");
        usage.cached_tokens += count(model, "/tokens/cached");
    }
    usage
}

/// The model in the main part; a smaller one may have chosen it.
fn model(answer: &Value) -> Option<String> {
    models(answer).max_by_key(|(_, model)| count(model, "/tokens/total")).map(|(name, _)| name.clone())
}
