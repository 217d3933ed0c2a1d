//! opencode (`opencode run`): its arguments, the configuration it takes from a variable, and reading its lines of JSON.

use super::trouble::{Trouble, complaint};
use super::{Plan, Run, Scene, count, prompt, records, status, text};
use crate::board::Usage;
use crate::config::Permission;
use crate::worker::Reply;
use serde_json::{Value, json};

/// The name of a provider of our own making.
const PROVIDER: &str = "synod";
/// The variable that carries that provider's key.
const KEY_VARIABLE: &str = "SYNOD_WORKER_KEY";

pub(super) fn plan(scene: &Scene<'_>) -> Result<Plan, Trouble> {
    // Without a model and a login it sends the prompt to a free hosted model, unasked.
    let Some(model) = scene.model() else {
        return Err(Trouble::blocked(
            "an opencode worker needs a model, as PROVIDER/MODEL: without one the prompt could go to a hosted one",
        ));
    };
    let mut plan = Plan { stdin: prompt::begun(&scene.prompt), ..Plan::default() };
    let own = scene.base_url().is_some();
    let name = if own { format!("{PROVIDER}/{model}") } else { model.to_owned() };
    // With a title given it makes no second call to find one.
    plan.args(["run", "--format", "json", "-m", &name, "--title", "synod"]);
    if let Some(session) = &scene.session {
        plan.args(["-s", session]);
    }
    plan.env("OPENCODE_DISABLE_AUTOUPDATE", "1");
    if own {
        plan.env("OPENCODE_DISABLE_MODELS_FETCH", "1");
    }
    if let Some(key) = scene.key {
        plan.env(KEY_VARIABLE, key);
    }
    plan.env("OPENCODE_CONFIG_CONTENT", config(scene, model).to_string());
    Ok(plan)
}

/// The configuration that outranks the user's files: permissions, no sharing, and our provider where there is one.
fn config(scene: &Scene<'_>, model: &str) -> Value {
    let (edit, bash) = match scene.config.permission {
        Permission::Read => ("deny", "deny"),
        Permission::Edit => ("allow", "deny"),
        Permission::Full => ("allow", "allow"),
    };
    let mut config = json!({
        "autoupdate": false,
        "share": "disabled",
        "permission": { "edit": edit, "bash": bash, "external_directory": "deny" },
    });
    if !model.starts_with("opencode/") {
        config["disabled_providers"] = json!(["opencode"]);
    }
    if let Some(url) = scene.base_url() {
        let mut options = json!({ "baseURL": url });
        options["apiKey"] =
            json!(if scene.key.is_some() { format!("{{env:{KEY_VARIABLE}}}") } else { "none".to_owned() });
        let mut models = json!({});
        models[model] = json!({ "name": model });
        config["provider"] = json!({ PROVIDER: { "npm": "@ai-sdk/openai-compatible", "name": PROVIDER, "options": options, "models": models } });
    }
    config
}

pub(super) fn read(run: &Run<'_>) -> Result<Reply, Trouble> {
    let mut seen = Seen::default();
    records(run.stdout).for_each(|record| seen.take(&record));
    if let Some((status, message)) = seen.failed {
        return Err(Trouble::told(status, &message).spent(seen.usage));
    }
    if !seen.stopped {
        return Err(Trouble::told(None, complaint(run.stderr)).spent(seen.usage));
    }
    let model = run.asked.model.clone().unwrap_or_default();
    Ok(Reply {
        text: seen.said,
        structured: None,
        model,
        session: seen.session,
        usage: seen.usage,
        files_modified: seen.files,
    })
}

/// What the records say so far.
#[derive(Default)]
struct Seen {
    /// The text of the message that is being read.
    said: String,
    message: String,
    session: Option<String>,
    usage: Usage,
    /// Whether the last step ended because the model was done.
    stopped: bool,
    failed: Option<(Option<u16>, String)>,
    files: Vec<String>,
}

impl Seen {
    fn take(&mut self, record: &Value) {
        self.session = text(record, "/sessionID").map(str::to_owned).or(self.session.take());
        match text(record, "/type") {
            Some("text") => self.text(record),
            Some("step_start") => self.stopped = false,
            Some("step_finish") => {
                self.stopped = text(record, "/part/reason") == Some("stop");
                self.spend(record);
            }
            Some("tool_use") if matches!(text(record, "/part/tool"), Some("write" | "edit" | "patch")) => {
                let done = text(record, "/part/state/status") == Some("completed");
                self.files.extend(text(record, "/part/state/input/filePath").filter(|_| done).map(str::to_owned));
            }
            Some("error") => {
                let message = text(record, "/error/data/message").or_else(|| text(record, "/error/name"));
                self.failed =
                    Some((status(record, "/error/data/statusCode"), message.unwrap_or("reported an error").to_owned()));
            }
            _ => {}
        }
    }

    /// Parts of one message are joined; what was said before a tool ran is not the answer.
    fn text(&mut self, record: &Value) {
        let message = text(record, "/part/messageID").unwrap_or_default();
        if self.message != message {
            message.clone_into(&mut self.message);
            self.said.clear();
        }
        self.said.push_str(text(record, "/part/text").unwrap_or_default());
    }

    /// Each step tells its own share. A cost of 0 for tokens means that it knows no price.
    fn spend(&mut self, record: &Value) {
        let cached = count(record, "/part/tokens/cache/read");
        self.usage.cached_tokens += cached;
        self.usage.input_tokens +=
            count(record, "/part/tokens/input") + cached + count(record, "/part/tokens/cache/write");
        self.usage.output_tokens += count(record, "/part/tokens/output") + count(record, "/part/tokens/reasoning");
        if let Some(cost) = record.pointer("/part/cost").and_then(Value::as_f64).filter(|cost| *cost > 0.0) {
            self.usage.cost_usd = Some(self.usage.cost_usd.unwrap_or_default() + cost);
        }
    }
}
