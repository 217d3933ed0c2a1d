//! What these tests share: making a worker for an address, making a call, and the marker key that must never be seen.

use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;
use serde_json::{Value, json};
use synod::board::{AttemptKey, Failure, FailureClass, TaskId};
use synod::config::{Limits, Provider, Settings, Worker};
use synod::worker::http::{HttpWorker, Params};
use synod::worker::{Call, Outcome, Reply};
use tokio_util::sync::CancellationToken;

/// The key of every worker here. No message and no log line may hold it.
pub(crate) const KEY: &str = "marker-KEY-5f0c2d77";
/// The prompt of every call here. No message and no log line may hold it.
pub(crate) const PROMPT: &str = "PROMPT-MARKER please say pong to the whole team";

/// The wires, each with the path below the server's root at which it begins.
pub(crate) const WIRES: [(Provider, &str); 7] = [
    (Provider::Openai, "/v1"),
    (Provider::OpenaiResponses, "/v1"),
    (Provider::Anthropic, "/v1"),
    (Provider::Gemini, "/v1beta"),
    (Provider::Xai, "/v1"),
    (Provider::Openrouter, "/api/v1"),
    (Provider::Ollama, "/v1"),
];

/// The shipped bounds.
pub(crate) fn limits() -> Limits {
    Settings::default().limits
}

/// A worker's settings for an address.
pub(crate) fn settings(provider: Provider, address: &str, model: &str) -> Worker {
    let mut worker = Worker::new("w", provider, Some(model));
    worker.base_url = Some(address.to_owned());
    worker.api_key_env = Some("A_KEY".to_owned());
    worker
}

/// A worker with these settings and bounds, and the marker key.
pub(crate) fn worker_of(settings: &Worker, limits: &Limits) -> HttpWorker {
    let key = Some(SecretString::from(KEY));
    HttpWorker::new(Params { name: "w", worker: settings, key, limits, rates: None }).expect("a worker")
}

/// A worker of this wire at this address.
pub(crate) fn worker(provider: Provider, address: &str, model: &str) -> HttpWorker {
    worker_of(&settings(provider, address, model), &limits())
}

/// A call with a minute of time.
pub(crate) fn call() -> Call {
    Call {
        key: AttemptKey { task: TaskId::slug("t"), number: 1 },
        system: Some("SYSTEM-MARKER you are a careful reviewer".to_owned()),
        prompt: PROMPT.to_owned(),
        schema: None,
        time_left: Duration::from_secs(60),
        session: None,
        history: Vec::new(),
        images: Vec::new(),
        wishes: Default::default(),
        ceiling: Default::default(),
        own_tree: None,
        folder: PathBuf::from("."),
    }
}

/// A call that wants a verdict.
pub(crate) fn verdict_call() -> Call {
    let schema = json!({
        "type": "object",
        "properties": { "stance": { "type": "string", "enum": ["approve", "reject"] } },
        "required": ["stance"],
        "additionalProperties": false,
    });
    Call { schema: Some(schema), ..call() }
}

/// Makes the call to its end.
pub(crate) async fn ask(worker: &HttpWorker, call: &Call) -> Outcome {
    checked(worker.call(call, &CancellationToken::new()).await)
}

/// The answer of a call that must succeed.
pub(crate) async fn answer(worker: &HttpWorker, call: &Call) -> Reply {
    ask(worker, call).await.expect("an answer")
}

/// The failure of a call that must fail.
pub(crate) async fn failure(worker: &HttpWorker, call: &Call) -> Failure {
    ask(worker, call).await.expect_err("a failure")
}

/// What holds of every failure: one line, no key, no prompt.
pub(crate) fn checked(outcome: Outcome) -> Outcome {
    if let Err(failure) = &outcome {
        let line = &failure.message;
        assert!(!line.is_empty() && !line.contains('\n') && line.chars().count() < 400, "not one line: {line}");
        for secret in [KEY, "marker-K", "PROMPT-MARKER", "SYSTEM-MARKER"] {
            assert!(!line.contains(secret), "shows {secret}: {line}");
        }
    }
    outcome
}

/// The class for a rate limit of so many milliseconds.
pub(crate) fn limited(milliseconds: u64) -> FailureClass {
    FailureClass::RateLimited { retry_after: Some(Duration::from_millis(milliseconds)) }
}

/// One chunk of a streamed chat completion as an event.
pub(crate) fn chunk(text: &str, finish: Option<&str>) -> String {
    event(&json!({
        "id": "x", "object": "chat.completion.chunk", "model": "m",
        "choices": [{ "index": 0, "delta": { "content": text }, "finish_reason": finish }],
    }))
}

/// A document as an event.
pub(crate) fn event(data: &Value) -> String {
    format!("data: {data}\n\n")
}
