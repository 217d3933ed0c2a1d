//! Claude Code (`claude -p`): its arguments, and reading its one JSON object.

use super::session::Session;
use super::trouble::{Trouble, complaint};
use super::{Plan, Run, Scene, count, prompt, records, status, text};
use crate::board::Usage;
use crate::config::Permission;
use crate::worker::Reply;
use serde_json::Value;

/// The program refuses more on stdin ("exceeds 10MB").
const PROMPT_BYTES_MAX: usize = 10_000_000;

pub(super) fn plan(scene: &Scene<'_>) -> Result<Plan, Trouble> {
    // `/x` at the start would be a command, `@path` anywhere would be read and sent without any permission.
    let stdin = prompt::guarded(&scene.prompt);
    if stdin.len() > PROMPT_BYTES_MAX {
        return Err(Trouble::refused("the prompt is longer than the 10 MB that Claude Code takes"));
    }
    let mut plan = Plan { stdin, ..Plan::default() };
    plan.args(["-p", "--output-format", "json"]);
    if let Some(model) = scene.model() {
        plan.args(["--model", model]);
    }
    match scene.config.permission {
        Permission::Read => plan.args(["--tools", "Read,Grep,Glob"]),
        // Without --restricted, accepted edits would let simple shell redirects through too.
        Permission::Edit => plan.args(["--restricted", "--permission-mode", "acceptEdits"]),
        Permission::Full => plan.args(["--dangerously-skip-permissions"]),
    }
    if let Some(session) = &scene.session {
        plan.args(["--resume", session]);
    }
    if let Some(usd) = scene.ceiling_usd {
        // It looks after each answer of the model, so the last one may lie beyond.
        plan.args(["--max-budget-usd", &usd.to_string()]);
    }
    if let Some(schema) = scene.schema {
        plan.args(["--json-schema", &schema.to_string()]);
    }
    plan.env("DISABLE_AUTOUPDATER", "1");
    plan.env("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "1");
    // Its own ten retries would multiply ours and eat the attempt's time (three minutes for a bad key).
    plan.env("CLAUDE_CODE_MAX_RETRIES", "1");
    plan.env("API_TIMEOUT_MS", scene.time_left_ms.to_string());
    if let Some(url) = scene.root_url() {
        plan.env("ANTHROPIC_BASE_URL", url);
    }
    if let Some(key) = scene.key {
        plan.env("ANTHROPIC_API_KEY", key);
    }
    Ok(plan)
}

pub(super) fn read(run: &Run<'_>) -> Result<Reply, Trouble> {
    let Some(result) = records(run.stdout).rfind(|record| text(record, "/type") == Some("result")) else {
        let message = if run.stdout.trim().is_empty() { complaint(run.stderr) } else { complaint(run.stdout) };
        return Err(Trouble::told(None, message));
    };
    let session = Session::parse(run.asked.session.as_deref().unwrap_or_default());
    let usage = usage(&result, &session);
    if result.get("is_error") != Some(&Value::Bool(false)) || text(&result, "/subtype") != Some("success") {
        return Err(trouble(&result).spent(usage));
    }
    let structured = result.get("structured_output").filter(|value| !value.is_null()).cloned();
    let said = text(&result, "/result").unwrap_or_default();
    // With a schema the text can be empty: then the structured part is all that was said.
    let said = if said.trim().is_empty() {
        structured.as_ref().map(Value::to_string).unwrap_or_default()
    } else {
        said.to_owned()
    };
    let used = Usage { cost_usd: result.get("total_cost_usd").and_then(Value::as_f64), ..Usage::default() };
    Ok(Reply {
        text: said,
        structured,
        model: model(&result).or_else(|| run.asked.model.clone()).unwrap_or_default(),
        session: text(&result, "/session_id").map(|id| Session { id: id.to_owned(), used }.text()),
        usage,
        files_modified: Vec::new(),
    })
}

/// Its tokens are this run's, its cost is the whole session's.
fn usage(result: &Value, session: &Session) -> Usage {
    let cached_tokens = count(result, "/usage/cache_read_input_tokens");
    let fresh = count(result, "/usage/input_tokens") + count(result, "/usage/cache_creation_input_tokens");
    let total = Usage { cost_usd: result.get("total_cost_usd").and_then(Value::as_f64), ..Usage::default() };
    Usage {
        input_tokens: fresh + cached_tokens,
        output_tokens: count(result, "/usage/output_tokens"),
        cached_tokens,
        cost_usd: session.share(total).cost_usd,
    }
}

/// The model that wrote most; small ones also run beside it for titles and the like.
fn model(result: &Value) -> Option<String> {
    let models = result.get("modelUsage")?.as_object()?;
    models.iter().max_by_key(|(_, usage)| count(usage, "/outputTokens")).map(|(name, _)| name.clone())
}

/// `subtype` may say "success" all the same; what counts are the status, the terminal reason and the words.
fn trouble(result: &Value) -> Trouble {
    let errors = result
        .get("errors")
        .and_then(Value::as_array)
        .map(|errors| errors.iter().filter_map(Value::as_str).collect::<Vec<_>>().join("; "));
    let message =
        text(result, "/result").map(str::to_owned).or(errors).unwrap_or_else(|| "reported an error".to_owned());
    let refused = matches!(text(result, "/terminal_reason"), Some("prompt_too_long" | "budget_exhausted"))
        || text(result, "/stop_reason") == Some("refusal");
    if refused { Trouble::refused(&message) } else { Trouble::told(status(result, "/api_error_status"), &message) }
}
