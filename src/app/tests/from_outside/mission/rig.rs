//! One workspace, one engine, the models of a table on a scripted server, a dropped file: what every row of the mission
//! tables is tested with.

use crate::it::harness::{Workspace, end, rested, until};
use crate::support::model_server::{ModelServer, Reply, Seen};
use serde_json::{Value, json};
use synod::api::{Request, TaskView};
use synod::app::{Engage, Engine};

/// A model of a table: its name (of the worker and of the model alike), its tier, whose it is.
pub(super) type Model = (&'static str, u8, &'static str);

/// The plan-and-execute document's models.
pub(super) const PLAN_AND_EXECUTE: &[Model] = &[
    ("o3", 1, "openai-reasoning"),
    ("gpt-5", 2, "openai"),
    ("gpt-5-chat", 3, "openai-chat"),
    ("gpt-4o", 3, "openai-vision"),
    ("gpt-5-mini", 4, "openai-mini"),
    ("o4-mini", 5, "openai-small"),
];

/// The role document's models.
pub(super) const ROLES: &[Model] = &[
    ("gemini-1.5-pro", 2, "google"),
    ("qwen2.5-coder:32b", 4, "alibaba"),
    ("claude-3-5-sonnet", 1, "anthropic"),
    ("gpt-4o-mini", 5, "openai"),
];

/// The parallel runner's models.
pub(super) const RUNNER: &[Model] =
    &[("claude-code", 1, "anthropic"), ("codex", 2, "openai"), ("gemini", 3, "google"), ("grok", 4, "xai")];

/// The team's models, with the tiers of the hybrid document.
pub(super) const TEAM: &[Model] = &[
    ("claude-sonnet-4-5", 1, "anthropic"),
    ("gpt-5-codex-high", 2, "openai"),
    ("gpt-5-codex-medium", 2, "openai"),
    ("gpt-5-codex-low", 2, "openai"),
    ("cheetah", 3, "cursor"),
    ("code-supernova-1-million", 4, "windsurf"),
    ("gpt-5-high", 5, "openai"),
    ("gpt-5-medium", 5, "openai"),
    ("gpt-5-low", 5, "openai"),
    ("gemini-2.5-pro", 5, "google"),
    ("gemini-2.5-flash", 5, "google"),
    ("grok-4-code", 5, "xai"),
];

/// A running engine with scripted models.
pub(super) struct Rig {
    pub(super) workspace: Workspace,
    pub(super) server: ModelServer,
    engine: Engine,
}

impl Rig {
    /// With these models, each answering in the form that it is asked for.
    pub(super) async fn new(models: &[Model]) -> Self {
        Self::with(models, "", |_| {}).await
    }

    /// With further settings, and whatever is to be there before the engine starts.
    pub(super) async fn with(models: &[Model], more: &str, prepare: impl FnOnce(&Workspace)) -> Self {
        let server = ModelServer::start();
        server.otherwise(|seen| Reply::text(fitting(seen)));
        let workspace = Workspace::new(&settings(models, &server.v1(), more));
        prepare(&workspace);
        let engage = Engage { intake: true, ..Engage::default() };
        let engine = Engine::start(&workspace.place(), engage).await.unwrap();
        Self { workspace, server, engine }
    }

    /// Drops a file and waits until its task rests.
    pub(super) async fn drop(&self, name: &str, content: &str) -> TaskView {
        self.workspace.drop_file(name, content);
        self.rested(name.split('.').next().unwrap()).await
    }

    /// Waits until a task rests.
    pub(super) async fn rested(&self, task: &str) -> TaskView {
        rested(&self.engine.handle(), task).await
    }

    /// Asks the engine as a face does.
    pub(super) async fn ask(&self, request: Request) -> synod::api::Reply {
        self.engine.handle().ask(request).await.unwrap()
    }

    /// The same for a task of this text, with these lines of front matter.
    pub(super) async fn task(&self, front: &str, text: &str) -> TaskView {
        let content = if front.is_empty() { format!("{text}\n") } else { format!("---\n{front}\n---\n{text}\n") };
        self.drop("row.md", &content).await
    }

    /// The models that were called, in the order in which they were.
    pub(super) fn called(&self) -> Vec<String> {
        self.server.seen().into_iter().map(|seen| seen.model).collect()
    }

    /// The calls of one model.
    pub(super) fn calls_of(&self, model: &str) -> Vec<Seen> {
        self.server.seen().into_iter().filter(|seen| seen.model == model).collect()
    }

    /// The decision of the task `row` as programs read it, once it is written.
    pub(super) async fn decision(&self) -> Value {
        let path = self.workspace.coordination("decisions/row.json");
        until("the decision is written", || path.is_file()).await;
        self.workspace.decision("row")
    }

    /// The handoff log.
    pub(super) fn log(&self) -> String {
        self.workspace.read("communication/INTERCOMMUNICATION_LOG.md")
    }

    pub(super) async fn end(self) {
        end(self.engine).await;
    }
}

/// Who has a seat in a step.
pub(super) fn seated(view: &TaskView, step: &str) -> Vec<String> {
    let found = view.steps.iter().find(|other| other.id.as_str() == step);
    let found = found.unwrap_or_else(|| panic!("no step {step} among {:?}", view.steps));
    found.workers.iter().map(|worker| worker.as_str().to_owned()).collect()
}

/// Who answered, in the order of the attempts.
pub(super) fn answered(view: &TaskView) -> Vec<String> {
    let answered = view.attempts.iter().filter(|attempt| attempt.state == "answered");
    answered.map(|attempt| attempt.worker.as_str().to_owned()).collect()
}

fn settings(models: &[Model], url: &str, more: &str) -> String {
    let worker = |(name, tier, family): &Model| {
        format!(
            "[workers.\"{}\"]\nprovider = \"openai\"\nbase_url = \"{url}/\"\nmodel = \"{name}\"\ntier = {tier}\nfamily = \"{family}\"\n",
            name.replace([':', '.'], "-")
        )
    };
    let workers: String = models.iter().map(worker).collect();
    let limits = "[limits]\nmax_concurrent_calls = 64\nbackoff_initial = \"10ms\"\nrescan_interval = \"200ms\"\n";
    format!("{limits}{more}\n{workers}")
}

/// What a model says that does as it is told: an object of the form that the call asks for, else a text with its name.
pub(super) fn fitting(seen: &Seen) -> String {
    match seen.body.pointer("/response_format/json_schema/schema") {
        Some(schema) => format!("I did.\n\n```json\n{}\n```\n", sample(schema)),
        None => format!("made by {}", seen.model),
    }
}

/// An object of this form: of several words the first, no claims, and for each candidate one verdict.
fn sample(schema: &Value) -> Value {
    if let Some(words) = schema["enum"].as_array() {
        return words[0].clone();
    }
    match schema["type"].as_str() {
        Some("object") => {
            let fields = schema["properties"].as_object().into_iter().flatten();
            Value::Object(fields.map(|(name, form)| (name.clone(), sample(form))).collect())
        }
        Some("array") => match schema.pointer("/items/properties/candidate/enum").and_then(Value::as_array) {
            Some(labels) => {
                let mut verdicts = vec![sample(&schema["items"]); labels.len()];
                for (verdict, label) in verdicts.iter_mut().zip(labels) {
                    verdict["candidate"] = label.clone();
                }
                Value::Array(verdicts)
            }
            None => json!([]),
        },
        Some("number" | "integer") => json!(0.9),
        Some("boolean") => json!(false),
        _ => json!("as asked"),
    }
}

/// A verdict block.
pub(super) fn verdict(stance: &str, claims: &Value) -> String {
    let block = json!({"verdict": stance, "claims": claims, "confidence": 0.9, "would_change_my_mind": ""});
    format!("I looked at it.\n\n```json\n{block}\n```\n")
}
