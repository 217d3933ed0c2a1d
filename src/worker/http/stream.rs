//! Listening to one streamed answer: its text up to a bound, and how it broke off if it did.
//! What the result means is decided in `finish`; errors of the library are taken apart here and never printed, because
//! their texts can hold the whole prompt.

use super::frames::Notes;
use futures::StreamExt;
use genai::chat::{ChatOptions, ChatRequest, ChatStreamEvent};
use genai::webc::StreamTimeout;
use genai::{Client, ServiceTarget};
use reqwest::header::HeaderMap;
use serde_json::Value;
use std::error::Error as StdError;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tracing::instrument::WithSubscriber;

/// The notes of an answer, shared with the library's frame callback, and readable when the call is dropped half-way.
pub(super) type SharedNotes = Arc<Mutex<Notes>>;

/// The notes themselves. A poisoned lock still holds whole frames' worth of notes.
pub(super) fn lock(notes: &SharedNotes) -> MutexGuard<'_, Notes> {
    notes.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What was heard of an answer.
#[derive(Debug, Default)]
pub(super) struct Heard {
    /// The text so far.
    pub(super) text: String,
    /// Whether it was longer than the bound and the rest was not read.
    pub(super) too_long: bool,
    /// How it broke off.
    pub(super) broken: Option<Broken>,
}

/// How an answer broke off.
#[derive(Debug)]
pub(super) enum Broken {
    /// The server answered with a status that is no success.
    Status {
        /// The status.
        status: u16,
        /// The headers of that answer.
        headers: Box<HeaderMap>,
        /// Its body.
        body: String,
    },
    /// An error came within an answer that began well.
    Told(Value),
    /// The connection failed. The text says how, and names nothing.
    Link(&'static str),
    /// There was no connection, so nothing was sent. The text says why.
    NoLink(&'static str),
    /// The server cannot be trusted or the request cannot be built: repetition does not help.
    Unusable(&'static str),
    /// Nothing came for too long.
    Silence,
    /// A part of the answer could not be read.
    Unreadable,
}

/// Asks and listens to the end.
///
/// The library logs failed bodies and frames, which can hold prompts and pieces of keys, so it runs without a subscriber.
pub(super) async fn hear(
    client: &Client,
    target: ServiceTarget,
    request: ChatRequest,
    options: ChatOptions,
    notes: &SharedNotes,
    bytes_max: usize,
) -> Heard {
    let sink = Arc::clone(notes);
    let options = options.with_raw_frame_fn(move |_, frame| lock(&sink).read(frame.data));
    let listening = async {
        let mut heard = Heard::default();
        match client.exec_chat_stream(target, request, Some(&options)).await {
            Ok(mut answer) => {
                while let Some(event) = answer.stream.next().await {
                    if !heard.take(event, bytes_max) {
                        break;
                    }
                }
            }
            Err(error) => heard.broken = Some(broken_by(error)),
        }
        heard
    };
    listening.with_subscriber(tracing::Dispatch::none()).await
}

impl Heard {
    /// Takes the next event; false when there is nothing more to listen to.
    fn take(&mut self, event: genai::Result<ChatStreamEvent>, bytes_max: usize) -> bool {
        match event {
            Ok(ChatStreamEvent::Chunk(chunk)) => {
                self.text.push_str(&chunk.content);
                self.too_long = self.text.len() > bytes_max;
                if self.too_long {
                    self.text.truncate(self.text.floor_char_boundary(bytes_max));
                }
                !self.too_long
            }
            Ok(ChatStreamEvent::End(_)) => false,
            Ok(_) => true,
            Err(error) => {
                self.broken = Some(broken_by(error));
                false
            }
        }
    }
}

/// Takes an error of the library apart. A failed opening hides the library's own HTTP error in a box.
fn broken_by(error: genai::Error) -> Broken {
    match error {
        genai::Error::WebStream { error, .. } => match error.downcast::<genai::Error>() {
            Ok(inner) => broken_by(*inner),
            Err(error) => broken_link(error.as_ref()),
        },
        genai::Error::HttpError { status, headers, body, .. } => {
            Broken::Status { status: status.as_u16(), headers, body }
        }
        genai::Error::ChatResponse { body, .. } => Broken::Told(body),
        genai::Error::StreamParse { .. } | genai::Error::SerdeJson(_) | genai::Error::JsonValueExt(_) => {
            Broken::Unreadable
        }
        genai::Error::WebModelCall { webc_error: genai::webc::Error::Reqwest(error), .. } => broken_link(&error),
        _ => Broken::Unusable("the request could not be built"),
    }
}

/// What happened to the connection, in words that name neither address nor key: those of the error can.
fn broken_link(error: &(dyn StdError + Send + Sync + 'static)) -> Broken {
    if error.is::<StreamTimeout>() {
        return Broken::Silence;
    }
    let Some(http) = error.downcast_ref::<reqwest::Error>() else { return Broken::Unreadable };
    if http.is_builder() {
        Broken::Unusable("the request could not be built")
    } else if let Some(tls) = causes(http).find_map(|cause| cause.downcast_ref::<rustls::Error>()) {
        broken_tls(tls)
    } else if http.is_connect() && http.is_timeout() {
        Broken::NoLink("no connection in time")
    } else if http.is_connect() {
        Broken::NoLink(if is_name_unknown(http) {
            "the host's name is not known"
        } else {
            "no connection; is the server running?"
        })
    } else {
        Broken::Link("the connection broke off")
    }
}

/// The errors behind an error, itself not among them. What an I/O error wraps counts.
fn causes<'a>(error: &'a (dyn StdError + 'static)) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(error.source(), |cause| cause_of(*cause))
}

fn cause_of<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a (dyn StdError + 'static)> {
    match error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref) {
        Some(wrapped) => Some(wrapped),
        None => error.source(),
    }
}

/// A certificate or a server that speaks no TLS stays as it is until somebody mends it; the rest may pass.
fn broken_tls(error: &rustls::Error) -> Broken {
    match error {
        rustls::Error::InvalidCertificate(_) => Broken::Unusable("the server's certificate is not trusted"),
        rustls::Error::InvalidMessage(_) => Broken::Unusable("the server speaks no TLS; check `base_url`"),
        _ => Broken::Link("the TLS connection failed"),
    }
}

fn is_name_unknown(error: &(dyn StdError + 'static)) -> bool {
    // The resolver's error is a private type of the client library; its text is all there is.
    causes(error).any(|cause| cause.to_string().starts_with("dns error"))
}
