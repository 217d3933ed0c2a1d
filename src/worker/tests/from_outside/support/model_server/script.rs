//! What the server is told to answer: replies, and the rules that choose one for a call.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::record::Seen;

/// One answer of the server.
#[derive(Clone, Debug)]
pub(crate) enum Reply {
    /// A whole answer that ends of its own accord.
    Text(String),
    /// A whole answer with the token counts and price it reports.
    Priced { text: String, usage: Usage },
    /// The model asks for tools to be run; the next call of the conversation carries their results.
    Tools(Vec<ToolCall>),
    /// An HTTP error. Without a body it is the one this wire's provider would send for the code.
    Status { code: u16, retry_after: Option<String>, body: Option<Value> },
    /// Takes the call and never sends a byte.
    HangForever,
    /// Half of the answer, then silence with the connection open.
    HangMidStream(String),
    /// Waits, then answers.
    Delay(Duration, Box<Reply>),
    /// Waits until the test opens the gate, then answers.
    Held(Gate, Box<Reply>),
    /// Half of the answer, then the connection is cut.
    TruncateMidStream(String),
    /// Half of the answer, then the wire's own error event and a proper end.
    SseError(String),
    /// A well-formed answer without any text.
    EmptyText,
    /// HTTP 200 and nothing else.
    EmptyBody,
    /// HTTP 200 with a page of HTML, as a gateway in the way would send.
    Html,
    /// The provider's safety stop, after this text.
    RefusalStop(String),
    /// Cut off by the token limit after this text.
    LengthStop(String),
}

impl Reply {
    /// A whole answer.
    pub(crate) fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// An HTTP error with the provider's own body.
    pub(crate) fn status(code: u16) -> Self {
        Self::Status { code, retry_after: None, body: None }
    }

    /// A rate limit that says how long to wait, in seconds.
    pub(crate) fn rate_limited(retry_after_s: u64) -> Self {
        Self::Status { code: 429, retry_after: Some(retry_after_s.to_string()), body: None }
    }
}

/// A tool the model asks for, by the name the client offered it under; `NAMESPACE/NAME` where the Responses wire offered it
/// inside a namespace.
#[derive(Clone, Debug)]
pub(crate) struct ToolCall {
    pub(crate) name: String,
    pub(crate) input: Value,
}

/// Token counts, and the price in USD where the wire reports one (`usage.cost`).
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Usage {
    pub(crate) input: u64,
    pub(crate) output: u64,
    pub(crate) cached: u64,
    pub(crate) cost_usd: f64,
}

/// A latch the test opens once, for answers whose moment the test decides.
#[derive(Clone, Debug)]
pub(crate) struct Gate(Arc<tokio::sync::watch::Sender<bool>>);

impl Gate {
    /// A closed gate.
    pub(crate) fn closed() -> Self {
        Self(Arc::new(tokio::sync::watch::Sender::new(false)))
    }

    /// Lets every held answer go, now and later.
    pub(crate) fn open(&self) {
        self.0.send_replace(true);
    }

    /// Waits until the gate is open.
    pub(super) async fn passed(&self) {
        let mut state = self.0.subscribe();
        // The sender lives as long as this gate, so waiting cannot fail before the gate opens.
        let _ = state.wait_for(|open| *open).await;
    }
}

/// Which calls a rule is for. Every part that is set must hold.
#[derive(Clone, Debug, Default)]
pub(crate) struct On {
    model: Option<String>,
    prompt: Option<String>,
}

impl On {
    /// Every call.
    pub(crate) fn any() -> Self {
        Self::default()
    }

    /// Calls for exactly this model.
    pub(crate) fn model(name: &str) -> Self {
        Self { model: Some(name.to_owned()), prompt: None }
    }

    /// Calls whose last user message holds this text.
    pub(crate) fn prompt(part: &str) -> Self {
        Self { model: None, prompt: Some(part.to_owned()) }
    }

    /// Both: narrows the rule to prompts that hold this text.
    pub(crate) fn and_prompt(self, part: &str) -> Self {
        Self { prompt: Some(part.to_owned()), ..self }
    }

    fn matches(&self, call: &Seen) -> bool {
        self.model.as_ref().is_none_or(|name| *name == call.model)
            && self.prompt.as_ref().is_none_or(|part| call.prompt.contains(part))
    }
}

type Answer = Arc<dyn Fn(&Seen) -> Reply + Send + Sync>;

enum Rule {
    Queue(On, VecDeque<Reply>),
    Always(On, Reply),
}

/// The rules in the order they were made, and the answer for everything else.
pub(super) struct Script {
    rules: Vec<Rule>,
    otherwise: Answer,
}

impl Default for Script {
    fn default() -> Self {
        Self { rules: Vec::new(), otherwise: Arc::new(|_| Reply::text("MODEL-OK")) }
    }
}

impl Script {
    pub(super) fn queue(&mut self, on: On, replies: impl IntoIterator<Item = Reply>) {
        self.rules.push(Rule::Queue(on, replies.into_iter().collect()));
    }

    pub(super) fn always(&mut self, on: On, reply: Reply) {
        self.rules.push(Rule::Always(on, reply));
    }

    pub(super) fn otherwise(&mut self, answer: Answer) {
        self.otherwise = answer;
    }

    /// The first rule's reply; or the closure to ask, which the caller runs without holding the script.
    pub(super) fn choose(&mut self, call: &Seen) -> Result<Reply, Answer> {
        for rule in &mut self.rules {
            match rule {
                Rule::Queue(on, replies) if on.matches(call) => {
                    if let Some(reply) = replies.pop_front() {
                        return Ok(reply);
                    }
                }
                Rule::Always(on, reply) if on.matches(call) => return Ok(reply.clone()),
                Rule::Queue(..) | Rule::Always(..) => {}
            }
        }
        Err(Arc::clone(&self.otherwise))
    }
}
