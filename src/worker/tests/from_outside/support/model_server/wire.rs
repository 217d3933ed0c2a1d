//! The wires the server speaks: how a path names one, and what each wire's errors look like.

use serde_json::{Value, json};

use super::script::{ToolCall, Usage};
use super::{anthropic, gemini, ollama, openai_chat, openai_responses};

/// A provider's way of asking for an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wire {
    /// `POST /v1/messages`.
    Anthropic,
    /// `POST /v1/chat/completions`: OpenAI, xAI, and every compatible server, Ollama's included.
    OpenAiChat,
    /// `POST /api/v1/chat/completions`: the same, with `usage.cost`.
    OpenRouter,
    /// `POST /v1/responses`.
    OpenAiResponses,
    /// `POST /v1beta/models/M:generateContent` and `:streamGenerateContent`.
    Gemini,
    /// `POST /api/chat`, newline-delimited JSON.
    Ollama,
}

/// Why the model stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    End,
    Length,
    Refusal,
    Tools,
}

/// An answer before it has the shape of a wire.
pub(super) struct Answer<'a> {
    pub(super) id: String,
    pub(super) model: &'a str,
    pub(super) text: &'a str,
    pub(super) tools: &'a [ToolCall],
    pub(super) stop: Stop,
    pub(super) usage: Usage,
}

impl Answer<'_> {
    /// The text in a few pieces, as a model would stream it; none for an empty text.
    pub(super) fn pieces(&self) -> Vec<String> {
        let letters: Vec<char> = self.text.chars().collect();
        let size = letters.len().div_ceil(4).clamp(1, 4096);
        letters.chunks(size).map(|piece| piece.iter().collect()).collect()
    }
}

impl Wire {
    /// The wire that a POST to this path speaks.
    pub(super) fn of_path(path: &str) -> Option<Self> {
        if path.contains("/models/") && (path.ends_with(":generateContent") || path.ends_with(":streamGenerateContent"))
        {
            return Some(Self::Gemini);
        }
        match path {
            "/api/chat" => Some(Self::Ollama),
            "/api/v1/chat/completions" => Some(Self::OpenRouter),
            "/v1/messages" | "/messages" => Some(Self::Anthropic),
            "/v1/chat/completions" | "/chat/completions" => Some(Self::OpenAiChat),
            "/v1/responses" | "/responses" => Some(Self::OpenAiResponses),
            _ => None,
        }
    }

    /// The answer as one JSON document.
    pub(super) fn whole(self, answer: &Answer<'_>) -> Value {
        match self {
            Self::Anthropic => anthropic::whole(answer),
            Self::OpenAiChat => openai_chat::whole(answer, false),
            Self::OpenRouter => openai_chat::whole(answer, true),
            Self::OpenAiResponses => openai_responses::whole(answer),
            Self::Gemini => gemini::whole(answer),
            Self::Ollama => ollama::whole(answer),
        }
    }

    /// The answer as the frames of a stream, in order.
    pub(super) fn frames(self, answer: &Answer<'_>) -> Vec<String> {
        match self {
            Self::Anthropic => anthropic::frames(answer),
            Self::OpenAiChat => openai_chat::frames(answer, false),
            Self::OpenRouter => openai_chat::frames(answer, true),
            Self::OpenAiResponses => openai_responses::frames(answer),
            Self::Gemini => gemini::frames(answer),
            Self::Ollama => ollama::frames(answer),
        }
    }

    /// The frame by which this wire reports a failure inside a stream that began well.
    pub(super) fn error_frame(self) -> String {
        match self {
            Self::Anthropic => event("error", &self.error_body(529)),
            Self::OpenAiResponses => openai_responses::failed_frame(),
            Self::OpenAiChat | Self::OpenRouter | Self::Gemini => data(&self.error_body(503)),
            Self::Ollama => format!("{}\n", self.error_body(500)),
        }
    }

    pub(super) fn stream_type(self) -> &'static str {
        if self == Self::Ollama { "application/x-ndjson" } else { "text/event-stream" }
    }

    /// The error document this wire's provider sends with an HTTP status.
    pub(super) fn error_body(self, code: u16) -> Value {
        let message = format!("scripted failure {code}: {}", reason(code));
        match self {
            Self::Anthropic => anthropic::error_body(code, &message),
            Self::Gemini => gemini::error_body(code, &message),
            Self::Ollama => json!({ "error": message }),
            Self::OpenRouter => json!({ "error": { "code": code, "message": message } }),
            Self::OpenAiChat | Self::OpenAiResponses => openai_chat::error_body(code, &message),
        }
    }
}

/// A server-sent event with a name.
pub(super) fn event(name: &str, value: &Value) -> String {
    format!("event: {name}\ndata: {value}\n\n")
}

/// A server-sent event without a name.
pub(super) fn data(value: &Value) -> String {
    format!("data: {value}\n\n")
}

fn reason(code: u16) -> &'static str {
    match code {
        401 => "the key is not valid",
        402 => "out of credit",
        403 => "not permitted",
        404 => "no such model",
        413 => "the request is too large",
        429 => "too many requests, slow down",
        503 | 529 => "overloaded",
        400..=499 => "the request is wrong",
        _ => "the server failed",
    }
}
