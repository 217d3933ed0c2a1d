//! Workers that are reached over HTTP: OpenAI chat completions and Responses, Anthropic, Gemini, xAI, OpenRouter, Ollama.
//!
//! One call is one streamed request; it ends with an answer, a classified failure, the deadline or the stop token.
//! No retry, rest or fallback happens here, with one exception: a server that refuses the JSON schema is asked once more
//! without it. The wire formats come from `genai`; every guard that it needs is in this folder (`docs/http-workers.md`).

mod base64;
mod classify;
mod client;
mod error_body;
mod fault;
mod finish;
mod frames;
mod redact;
mod retry_after;
mod stream;
mod usage;
mod wire;

pub(super) use client::build as client;
pub use client::install_tls;
pub use usage::Rates;
pub(super) use wire::is_local;

use super::wishes::Grant;
use super::{Call, Image, Outcome, Reply};
use crate::board::{Failure, FailureClass};
use crate::config::{Limits, Provider, Worker};
use fault::{Fault, Kind, Named};
use finish::{Asked, Denied, finish};
use genai::adapter::AdapterKind;
use genai::chat::{ChatMessage, ChatOptions, ChatRequest, ContentPart, JsonSpec, MessageContent};
use genai::resolver::{AuthData, Endpoint};
use genai::{Headers, ModelIden, ServiceTarget};
use redact::Hidden;
use reqwest::Url;
use reqwest::header::HeaderMap;
use secrecy::{ExposeSecret, SecretString};
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};
use stream::{Broken, Heard, SharedNotes, hear, lock};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// Why a worker cannot be made from its settings.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The provider is not one that is reached over HTTP.
    #[error("workers.{worker}.provider: `{provider}` is not reached over HTTP")]
    NotHttp {
        /// The worker.
        worker: String,
        /// Its provider.
        provider: &'static str,
    },
    /// No model was named.
    #[error("workers.{worker}.model: name the model that `{provider}` is to use")]
    ModelMissing {
        /// The worker.
        worker: String,
        /// Its provider.
        provider: &'static str,
    },
    /// The model's name cannot be sent as it stands.
    #[error("workers.{worker}.model: must not be empty or hold `::`, spaces or control characters")]
    ModelName {
        /// The worker.
        worker: String,
    },
    /// The address cannot be used. It is not shown, because it may hold a password.
    #[error("workers.{worker}.base_url: {why}")]
    Address {
        /// The worker.
        worker: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The provider wants a key and there is none.
    #[error(
        "workers.{worker}: `{variable}` is not set; put the key for `{provider}` there or name its variable in `api_key_env`"
    )]
    KeyMissing {
        /// The worker.
        worker: String,
        /// The variable that was looked for.
        variable: String,
        /// Its provider.
        provider: &'static str,
    },
    /// The key cannot be sent in a header.
    #[error("workers.{worker}: the key in `{variable}` holds characters that no key has; set it again")]
    KeyUnusable {
        /// The worker.
        worker: String,
        /// The variable it came from.
        variable: String,
    },
    /// The HTTP client could not be made.
    #[error("workers.{worker}: no HTTP client could be made; are the system's root certificates installed?")]
    Client {
        /// The worker.
        worker: String,
    },
}

/// What a worker is made from.
#[derive(Debug)]
pub struct Params<'a> {
    /// Its name, for messages.
    pub name: &'a str,
    /// Its settings.
    pub worker: &'a Worker,
    /// Its key, where one is set.
    pub key: Option<SecretString>,
    /// The bounds.
    pub limits: &'a Limits,
    /// What the shipped price table says; `workers.NAME.price` wins over it.
    pub rates: Option<Rates>,
}

/// One model behind an HTTP API. Calls may run at the same time; how many is not decided here.
pub struct HttpWorker {
    client: genai::Client,
    kind: AdapterKind,
    provider: Provider,
    model: String,
    address: Url,
    /// Host and port, for messages.
    host: String,
    key: Option<SecretString>,
    key_variable: Option<String>,
    options: ChatOptions,
    /// What of a role's wishes is sent.
    grant: Grant,
    bytes_max: usize,
    rates: Option<Rates>,
    /// Set once the server has refused a schema and answered without it; later calls do not try again.
    schema_refused: AtomicBool,
    /// The same of a temperature that a role wished for.
    temperature_refused: AtomicBool,
}

/// What of a call is sent besides its words. Servers that refuse a part are asked once more without it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Form {
    /// The answer's schema.
    schema: bool,
    /// A temperature that is the role's wish.
    temperature: bool,
    /// A longest answer that is the role's wish and no budget's.
    length: bool,
}

impl fmt::Debug for HttpWorker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpWorker").field("host", &self.host).field("model", &self.model).finish_non_exhaustive()
    }
}

/// Sent where a server wants no key but the wire has a place for one.
const NO_KEY: &str = "none";

impl HttpWorker {
    /// Makes the worker. Nothing is sent.
    ///
    /// # Errors
    /// When the settings cannot work: another kind of provider, no model, a bad address, no key for a provider's own address.
    pub fn new(params: Params<'_>) -> Result<Self, Error> {
        let Params { name, worker, key, limits, rates } = params;
        let provider = worker.provider;
        let owned = || name.to_owned();
        let not_http = || Error::NotHttp { worker: owned(), provider: provider.as_str() };
        let kind = wire::adapter(provider).ok_or_else(not_http)?;
        let model = model_name(name, worker)?;
        let address = wire::address(name, provider, worker.address().ok_or_else(not_http)?)?;
        check_key(name, worker, key.as_ref())?;
        let http = client::build(name, &address, limits.connect_timeout)?;
        let client =
            genai::Client::builder().with_reqwest(http).build().map_err(|_| Error::Client { worker: owned() })?;
        Ok(Self {
            client,
            kind,
            provider,
            options: options(kind, worker, &model, limits, is_local(&address)),
            model,
            host: host(&address),
            address,
            key,
            key_variable: worker.key_variable().map(str::to_owned),
            grant: Grant::of(worker),
            bytes_max: limits.output_bytes_max,
            rates: worker.price.map(Rates::from).or(rates),
            schema_refused: AtomicBool::new(false),
            temperature_refused: AtomicBool::new(false),
        })
    }

    /// Makes one call. It ends at once when `stop` is cancelled (class `Cancelled`; who stopped it knows why) and when
    /// `call.time_left` is over; ending means that the connection is closed.
    ///
    /// # Errors
    /// The classified failure. Its message is one line without the key and without anything of the prompt.
    pub async fn call(&self, call: &Call, stop: &CancellationToken) -> Outcome {
        let started = Instant::now();
        let notes = SharedNotes::default();
        let ended = tokio::select! {
            biased;
            () = stop.cancelled() => Err((FailureClass::Cancelled, "the call was stopped".to_owned())),
            () = tokio::time::sleep(call.time_left) => Err(self.too_late(call.time_left)),
            ended = Box::pin(self.ask(call, &notes)) => ended,
        };
        let notes = lock(&notes);
        let mut usage = notes.tokens.priced(self.rates);
        if notes.unbilled && usage.cost_usd.is_none() {
            usage.cost_usd = Some(0.0);
        }
        match ended {
            Ok(text) => Ok(Reply {
                text,
                structured: None,
                model: notes.model.clone().unwrap_or_else(|| self.model.clone()),
                session: None,
                usage,
                files_modified: Vec::new(),
            }),
            Err((class, message)) => {
                let after_s = started.elapsed().as_secs_f64();
                Err(Failure { class, message, after_s, usage })
            }
        }
    }

    fn too_late(&self, time: Duration) -> Denied {
        (FailureClass::Timeout, format!("{} gave no whole answer within {:.0} s", self.host, time.as_secs_f64()))
    }

    /// Asks, with all that is wanted, and once more without each part of it that the server refuses.
    async fn ask(&self, call: &Call, notes: &SharedNotes) -> Result<String, Denied> {
        let wished = self.form(call);
        let mut form = wished;
        loop {
            let heard = self.hear(call, form, notes).await;
            if let Some(less) = less(&heard, form) {
                form = less;
                continue;
            }
            let result = self.judge(heard, call, notes);
            if result.is_ok() {
                self.schema_refused.fetch_or(wished.schema && !form.schema, Ordering::Relaxed);
                self.temperature_refused.fetch_or(wished.temperature && !form.temperature, Ordering::Relaxed);
            }
            return result;
        }
    }

    /// All that is wanted of a call, without what the server has refused before.
    fn form(&self, call: &Call) -> Form {
        let refused = |part: &AtomicBool| part.load(Ordering::Relaxed);
        let own = &self.options;
        let temperature = own.temperature.is_none() && self.grant.temperature(call).is_some();
        Form {
            schema: call.schema.is_some() && !refused(&self.schema_refused),
            temperature: temperature && !refused(&self.temperature_refused),
            length: !self.is_bounded(call) && self.grant.answer_tokens(call).is_some(),
        }
    }

    async fn hear(&self, call: &Call, form: Form, notes: &SharedNotes) -> Heard {
        let mut request = ChatRequest::new(messages(call));
        request.system.clone_from(&call.system);
        let call_id = uuid::Uuid::new_v4().to_string();
        tracing::debug!(attempt = %call.key, host = %self.host, request = %call_id, ?form, "asking");
        let mut options =
            self.options.clone().with_extra_headers(Headers::from(("x-client-request-id", call_id.as_str())));
        options.temperature = options.temperature.or(self.grant.temperature(call).filter(|_| form.temperature));
        options.max_tokens = self.answer_tokens(call).filter(|_| form.length || self.is_bounded(call));
        if let Some(schema) = call.schema.as_ref().filter(|_| form.schema) {
            options = options.with_response_format(JsonSpec::new("answer", schema.clone()));
        }
        hear(&self.client, self.target(), request, options, notes, self.bytes_max).await
    }

    fn target(&self) -> ServiceTarget {
        let key = self.key.as_ref().map_or(NO_KEY, |key| key.expose_secret());
        ServiceTarget {
            endpoint: Endpoint::from_owned(self.address.as_str()),
            auth: AuthData::from_single(key),
            model: ModelIden::new(self.kind, self.model.as_str()),
        }
    }

    /// Whether the longest answer is more than a wish: the settings say it, or the call must keep to it.
    fn is_bounded(&self, call: &Call) -> bool {
        self.options.max_tokens.is_some() || call.ceiling.answer_tokens.is_some()
    }

    /// The longest answer that is asked for: what the settings say, else what the call must keep to, else its role's wish.
    fn answer_tokens(&self, call: &Call) -> Option<u32> {
        self.options.max_tokens.or(call.ceiling.answer_tokens).or_else(|| self.grant.answer_tokens(call))
    }

    /// Turns what was heard into the text or the class and message of the failure.
    fn judge(&self, heard: Heard, call: &Call, notes: &SharedNotes) -> Result<String, Denied> {
        let mut notes = lock(notes);
        notes.unbilled = matches!(heard.broken, Some(Broken::Status { .. } | Broken::NoLink(_) | Broken::Unusable(_)));
        let host = &self.host;
        let transient = |what: String| Err((FailureClass::Transient, what));
        match heard.broken {
            Some(Broken::Status { status, headers, body }) => {
                let body = error_body::parse(&body);
                Err(self.denied(&classify::classify(Some(status), &headers, &body, wall_clock()), call))
            }
            Some(Broken::Link(what) | Broken::NoLink(what)) => transient(format!("{host}: {what}")),
            Some(Broken::Silence) => transient(format!("{host} sent nothing for too long")),
            Some(Broken::Unusable(what)) => Err((FailureClass::WorkerBlocked, format!("{host}: {what}"))),
            Some(Broken::Told(body)) => Err(self.told(notes.error.as_ref().unwrap_or(&body), call)),
            Some(Broken::Unreadable) | None if notes.error.is_some() => {
                Err(self.told(notes.error.as_ref().unwrap_or(&serde_json::Value::Null), call))
            }
            Some(Broken::Unreadable) => transient(format!("{host} sent something that could not be read")),
            None => finish(heard, &notes, &self.asked(call)),
        }
    }

    /// An error that came within an answer.
    fn told(&self, body: &serde_json::Value, call: &Call) -> Denied {
        self.denied(&classify::classify(None, &HeaderMap::new(), body, wall_clock()), call)
    }

    fn denied(&self, fault: &Fault, call: &Call) -> Denied {
        let key_variable = self.key.as_ref().and(self.key_variable.as_deref());
        let named = Named { host: &self.host, model: &self.model, key_variable, hidden: self.hidden(call) };
        (fault.class(), fault.message(&named))
    }

    fn hidden<'a>(&'a self, call: &'a Call) -> Hidden<'a> {
        let sent = [call.system.as_deref().unwrap_or_default(), call.prompt.as_str()];
        Hidden { key: self.key.as_ref().map(|key| key.expose_secret()), sent, history: &call.history }
    }

    fn asked<'a>(&'a self, call: &'a Call) -> Asked<'a> {
        Asked {
            verdict: call.schema.is_some(),
            max_tokens: self.answer_tokens(call),
            doubts_completed: self.provider == Provider::OpenaiResponses,
            host: &self.host,
            hidden: self.hidden(call),
        }
    }
}

/// What is left of a form whose call was refused for a part of it; `None`: it was not, or nothing can be left out.
fn less(heard: &Heard, form: Form) -> Option<Form> {
    let Some(Broken::Status { status: status @ (400 | 422), headers, body }) = &heard.broken else { return None };
    let fault = classify::classify(Some(*status), headers, &error_body::parse(body), wall_clock());
    let refused = fault.kind == Kind::Refused;
    if form.temperature && refused && wire::refuses_temperature(body) {
        return Some(Form { temperature: false, ..form });
    }
    // A prompt may fit where prompt and longest answer together do not.
    if form.length && matches!(fault.kind, Kind::Refused | Kind::TooLong) && wire::refuses_length(body) {
        return Some(Form { length: false, ..form });
    }
    (form.schema && refused && wire::refuses_schema(body)).then_some(Form { schema: false, ..form })
}

/// The prompt, with its images behind it.
fn prompt(call: &Call) -> MessageContent {
    let image = |image: &Image| {
        ContentPart::from_binary_base64(image.media_type, base64::encode(&image.bytes), Some(image.name.clone()))
    };
    let text = ContentPart::from_text(call.prompt.as_str());
    MessageContent::from_parts([text].into_iter().chain(call.images.iter().map(image)).collect::<Vec<_>>())
}

/// The conversation so far and the prompt, as the messages of one request.
fn messages(call: &Call) -> Vec<ChatMessage> {
    let earlier = call.history.iter();
    let earlier = earlier
        .flat_map(|turn| [ChatMessage::user(turn.prompt.as_str()), ChatMessage::assistant(turn.answer.as_str())]);
    earlier.chain([ChatMessage::user(prompt(call))]).collect()
}

fn model_name(name: &str, worker: &Worker) -> Result<String, Error> {
    let provider = worker.provider.as_str();
    let model = worker.model.as_deref().ok_or_else(|| Error::ModelMissing { worker: name.to_owned(), provider })?;
    // The library takes `name::` for a namespace and cuts it off.
    if model.is_empty() || model.contains("::") || model.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return Err(Error::ModelName { worker: name.to_owned() });
    }
    Ok(model.to_owned())
}

/// A provider's own address wants a key; a server that somebody configured may want none.
fn check_key(name: &str, worker: &Worker, key: Option<&SecretString>) -> Result<(), Error> {
    let variable = || worker.key_variable().unwrap_or("api_key_env").to_owned();
    match key {
        Some(key) if key.expose_secret().is_empty() || !key.expose_secret().chars().all(|c| c.is_ascii_graphic()) => {
            Err(Error::KeyUnusable { worker: name.to_owned(), variable: variable() })
        }
        None if worker.base_url.is_none() && worker.provider.api_key_env().is_some() => {
            Err(Error::KeyMissing { worker: name.to_owned(), variable: variable(), provider: worker.provider.as_str() })
        }
        _ => Ok(()),
    }
}

/// The options that every call of a worker shares. What is not configured is not sent.
fn options(kind: AdapterKind, worker: &Worker, model: &str, limits: &Limits, local: bool) -> ChatOptions {
    let idle = limits.idle_timeout;
    // The library knows one time for every part of the body, so a local model keeps its loading time throughout.
    let idle = if local { idle.max(limits.local_first_byte_timeout) } else { idle };
    let mut options =
        ChatOptions::default().with_capture_usage(true).with_stream_header_timeout(idle).with_stream_read_timeout(idle);
    options.temperature = worker.temperature;
    options.max_tokens = worker.max_tokens;
    options.reasoning_effort = wire::effort(kind, model, worker.reasoning_effort);
    if kind == AdapterKind::OpenRouter {
        // Without this, older routes of OpenRouter leave the cost out.
        options = options.with_extra_body(serde_json::json!({ "usage": { "include": true } }));
    }
    options
}

fn host(address: &Url) -> String {
    let host = address.host_str().unwrap_or_default();
    address.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// The wall clock's time, which a `Retry-After` that names a date is compared with.
#[expect(clippy::disallowed_methods, reason = "a date in a header means the wall clock, and no event depends on it")]
fn wall_clock() -> SystemTime {
    SystemTime::now()
}
