//! GitHub Copilot CLI: its arguments, and reading its lines of JSON with the file of figures beside them.

use super::session::Session;
use super::trouble::{Trouble, complaint};
use super::{Plan, Run, Scene, count, prompt, records, status, text};
use crate::board::Usage;
use crate::config::{Effort, Permission};
use crate::worker::Reply;
use serde_json::Value;

/// The file in the spool folder that it writes its figures to.
pub(super) const FIGURES: &str = "usage.json";

pub(super) fn plan(scene: &Scene<'_>) -> Result<Plan, Trouble> {
    let mut plan = Plan { stdin: prompt::begun(&scene.prompt), ..Plan::default() };
    // Streamed, it would print a record for every few letters of the answer.
    plan.args(["--output-format", "json", "--stream", "off", "--no-auto-update", "--no-color"]);
    plan.args(["--usage-output-file", &scene.spool.join(FIGURES).display().to_string()]);
    match scene.config.permission {
        Permission::Read => {}
        Permission::Edit => plan.args(["--allow-tool", "write"]),
        Permission::Full => plan.args(["--allow-all-tools"]),
    }
    if let Some(effort) = scene.config.reasoning_effort {
        plan.args(["--reasoning-effort", effort_word(effort)]);
    }
    if let Some(session) = &scene.session {
        plan.args([&format!("--resume={session}")]);
    }
    match (scene.base_url(), scene.model()) {
        (Some(url), model) => {
            let model = model.ok_or_else(|| Trouble::blocked("a Copilot worker with a base_url needs a model"))?;
            plan.env("COPILOT_OFFLINE", "true");
            plan.env("COPILOT_PROVIDER_BASE_URL", url);
            plan.env("COPILOT_MODEL", model);
            // The usual key is a GitHub token, which is nobody else's business.
            if let Some(key) = scene.key.filter(|_| scene.config.api_key_env.is_some()) {
                plan.env("COPILOT_PROVIDER_API_KEY", key);
            }
        }
        (None, Some(model)) => plan.args(["--model", model]),
        (None, None) => {}
    }
    if let (None, Some(key)) = (scene.base_url(), scene.key) {
        plan.env("COPILOT_GITHUB_TOKEN", key);
    }
    Ok(plan)
}

fn effort_word(effort: Effort) -> &'static str {
    match effort {
        Effort::None => "none",
        Effort::Minimal => "minimal",
        Effort::Low => "low",
        Effort::Medium => "medium",
        Effort::High => "high",
        Effort::Max => "max",
    }
}

pub(super) fn read(run: &Run<'_>) -> Result<Reply, Trouble> {
    let mut seen = Seen { model: run.asked.model.clone().unwrap_or_default(), ..Seen::default() };
    records(run.stdout).for_each(|record| seen.take(&record));
    let session = Session::parse(run.asked.session.as_deref().unwrap_or_default());
    let total = usage(run.figures);
    let usage = session.share(total);
    if seen.exit_code != Some(0) || run.code != 0 {
        let message = seen.failed.unwrap_or_else(|| complaint(run.stderr).to_owned());
        return Err(Trouble::told(seen.status, &message).spent(usage));
    }
    Ok(Reply {
        text: seen.said,
        structured: None,
        model: seen.model,
        session: seen.session.map(|id| Session { id, used: total }.text()),
        usage,
        files_modified: seen.files,
    })
}

/// What the records say so far.
#[derive(Default)]
struct Seen {
    said: String,
    model: String,
    session: Option<String>,
    /// From the record that ends the run.
    exit_code: Option<i64>,
    /// The last failure of a call, and its HTTP status.
    failed: Option<String>,
    status: Option<u16>,
    files: Vec<String>,
}

impl Seen {
    fn take(&mut self, record: &Value) {
        match text(record, "/type") {
            Some("assistant.message") => {
                // Messages that only call tools have no content.
                if let Some(content) = text(record, "/data/content").filter(|content| !content.is_empty()) {
                    content.clone_into(&mut self.said);
                }
                if let Some(model) = text(record, "/data/model") {
                    model.clone_into(&mut self.model);
                }
            }
            Some("model.call_failure") => {
                self.status = status(record, "/data/statusCode");
                self.failed = text(record, "/data/errorMessage").map(str::to_owned);
            }
            Some("session.error") if self.failed.is_none() => {
                self.failed = text(record, "/data/message").map(str::to_owned);
            }
            Some("result") => {
                self.exit_code = record.get("exitCode").and_then(Value::as_i64);
                self.session = text(record, "/sessionId").map(str::to_owned);
                let files = record.pointer("/usage/codeChanges/filesModified").and_then(Value::as_array);
                self.files = files.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect();
            }
            _ => {}
        }
    }
}

/// The file of figures, which counts the whole session; its own units (premium requests) are no dollars.
fn usage(figures: &str) -> Usage {
    let figures: Value = serde_json::from_str(figures).unwrap_or_default();
    let mut usage = Usage::default();
    let models = figures.get("modelMetrics").and_then(Value::as_object);
    for (_, model) in models.into_iter().flatten() {
        usage.input_tokens += count(model, "/usage/inputTokens");
        usage.output_tokens += count(model, "/usage/outputTokens");
        usage.cached_tokens += count(model, "/usage/cacheReadTokens");
    }
    usage
}
