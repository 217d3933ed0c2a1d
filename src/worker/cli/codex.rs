//! Codex (`codex exec --json`): its arguments, and reading its lines of JSON. The settings find its native binary.

use super::session::Session;
use super::trouble::{Trouble, complaint};
use super::{Plan, Run, Scene, count, records, text};
use crate::board::Usage;
use crate::config::{Effort, Permission};
use crate::worker::Reply;
use serde_json::Value;

/// The program refuses longer input (`input_too_large`).
const PROMPT_CHARS_MAX: usize = 1_048_576;
/// The variable that carries the key of a provider of our own making.
const KEY_VARIABLE: &str = "SYNOD_WORKER_KEY";
/// Where a named key is used when no other address is configured.
const OPENAI: &str = "https://api.openai.com/v1";

pub(super) fn plan(scene: &Scene<'_>) -> Result<Plan, Trouble> {
    if scene.prompt.chars().count() > PROMPT_CHARS_MAX {
        return Err(Trouble::refused("the prompt is longer than the 1048576 characters that Codex takes"));
    }
    // `/` and `@` are plain text to it, so the prompt goes as it is.
    let mut plan = Plan { stdin: scene.prompt.clone(), ..Plan::default() };
    let sandbox = match scene.config.permission {
        Permission::Read => "read-only",
        Permission::Edit => "workspace-write",
        Permission::Full => "danger-full-access",
    };
    // The sandbox flag must stand before `resume`.
    plan.args(["exec", "--json", "--skip-git-repo-check", "-s", sandbox]);
    if let Some(model) = scene.model() {
        plan.args(["-m", model]);
    }
    // Without these it asks the network for updates and statistics, and retries a dead connection for ever.
    plan.args(["-c", "analytics.enabled=false", "-c", "check_for_update_on_startup=false"]);
    plan.args(["--disable", "plugins", "--disable", "apps", "--disable", "shell_snapshot"]);
    plan.args(["--disable", "unbounded_connection_retries"]);
    plan.args(["-c", "sandbox_workspace_write.exclude_slash_tmp=true"]);
    plan.args(["-c", "sandbox_workspace_write.exclude_tmpdir_env_var=true"]);
    if let Some(effort) = scene.config.reasoning_effort {
        plan.args(["-c", &format!("model_reasoning_effort=\"{}\"", effort_word(effort))]);
    }
    // A key that was named on purpose outranks whatever login Codex has of its own.
    let named_key = scene.config.api_key_env.as_ref().and(Some(OPENAI));
    if let Some(url) = scene.base_url().or(named_key) {
        provider(&mut plan, url, scene)?;
    }
    if let Some(schema) = scene.schema.filter(|schema| strict(schema)) {
        plan.files.push(("schema.json", schema.to_string()));
        plan.args(["--output-schema", &scene.spool.join("schema.json").display().to_string()]);
    }
    plan.args([Plan::OWN_ARGS]);
    if let Some(session) = &scene.session {
        // A name that is no UUID would silently begin a new thread.
        if uuid::Uuid::parse_str(session).is_err() {
            return Err(Trouble::refused(&format!("`{session}` is no Codex thread")));
        }
        plan.args(["resume", session]);
    }
    plan.args(["-"]);
    Ok(plan)
}

/// A provider of our own: the only way to another address that does not try a WebSocket first, and the only one where
/// the retries can be turned down.
fn provider(plan: &mut Plan, url: &str, scene: &Scene<'_>) -> Result<(), Trouble> {
    if url.contains(['"', '\\', '\n']) {
        return Err(Trouble::blocked("the worker's base_url holds a quote, a backslash or a line break"));
    }
    let mut table = format!("name=\"synod\",base_url=\"{url}\",wire_api=\"responses\"");
    if let Some(key) = scene.key {
        plan.env(KEY_VARIABLE, key);
        table.push_str(&format!(",env_key=\"{KEY_VARIABLE}\""));
    }
    // Any retry would also sleep through a Retry-After of any length, in silence.
    table.push_str(&format!(
        ",request_max_retries=0,stream_max_retries=0,stream_idle_timeout_ms={}",
        scene.time_left_ms
    ));
    plan.args(["-c", "model_provider=synod", "-c", &format!("model_providers.synod={{{table}}}")]);
    Ok(())
}

fn effort_word(effort: Effort) -> &'static str {
    match effort {
        Effort::None => "none",
        Effort::Minimal => "minimal",
        Effort::Low => "low",
        Effort::Medium => "medium",
        Effort::High => "high",
        Effort::Max => "xhigh",
    }
}

/// Whether the provider takes the schema: it wants every object closed and every property required, and answers
/// anything else with a 400.
fn strict(schema: &Value) -> bool {
    match schema {
        Value::Object(map) => {
            let closed = match map.get("properties").and_then(Value::as_object) {
                Some(properties) => {
                    let required = map.get("required").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
                    map.get("additionalProperties") == Some(&Value::Bool(false))
                        && properties.keys().all(|key| required.iter().any(|name| name == key))
                }
                None => true,
            };
            closed && map.values().all(strict)
        }
        Value::Array(items) => items.iter().all(strict),
        _ => true,
    }
}

pub(super) fn read(run: &Run<'_>) -> Result<Reply, Trouble> {
    let mut seen = Seen::default();
    records(run.stdout).for_each(|record| seen.take(&record));
    let session = Session::parse(run.asked.session.as_deref().unwrap_or_default());
    let Some(total) = seen.completed else {
        let message = seen.failed.as_deref().unwrap_or_else(|| complaint(run.stderr));
        return Err(Trouble::told(None, message));
    };
    Ok(Reply {
        text: seen.said.unwrap_or_default(),
        structured: None,
        model: run.asked.model.clone().unwrap_or_default(),
        session: seen.thread.map(|id| Session { id, used: total }.text()),
        usage: session.share(total),
        files_modified: seen.files,
    })
}

/// What the records say so far.
#[derive(Default)]
struct Seen {
    thread: Option<String>,
    /// The last message of the model.
    said: Option<String>,
    /// What the whole thread has used, from the record that ends a turn.
    completed: Option<Usage>,
    failed: Option<String>,
    files: Vec<String>,
}

impl Seen {
    fn take(&mut self, record: &Value) {
        match text(record, "/type") {
            Some("thread.started") => self.thread = text(record, "/thread_id").map(str::to_owned),
            Some("turn.completed") => self.completed = Some(total(record)),
            Some("turn.failed") => {
                self.completed = None;
                self.failed = text(record, "/error/message").map(str::to_owned);
            }
            Some("error") => self.failed = text(record, "/message").map(str::to_owned),
            Some("item.completed") => self.item(record),
            _ => {}
        }
    }

    fn item(&mut self, record: &Value) {
        match text(record, "/item/type") {
            Some("agent_message") => self.said = text(record, "/item/text").map(str::to_owned),
            Some("file_change") => {
                let changes = record.pointer("/item/changes").and_then(Value::as_array).into_iter().flatten();
                self.files.extend(changes.filter_map(|change| text(change, "/path")).map(str::to_owned));
            }
            _ => {}
        }
    }
}

/// The counts of the record that ends a turn are those of the whole thread.
fn total(record: &Value) -> Usage {
    Usage {
        input_tokens: count(record, "/usage/input_tokens"),
        output_tokens: count(record, "/usage/output_tokens"),
        cached_tokens: count(record, "/usage/cached_input_tokens"),
        cost_usd: None,
    }
}
