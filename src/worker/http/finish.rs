//! When a heard answer is an answer: the success rules. A status of 200 is not one of them.
//!
//! - No stop reason: the answer was cut short, whatever else came. Transient.
//! - The token limit, or our own bound on bytes: where a verdict was wanted the request is refused, because half a verdict
//!   must never count; any other text is kept, and its last line says that it was cut.
//! - A filter or a refusal: the request is refused.
//! - No text: transient.

use super::frames::Notes;
use super::redact::{Hidden, shown};
use super::stream::Heard;
use crate::board::FailureClass;
use genai::chat::StopReason;

/// Stop words of compatible servers that mean a natural end and that the library does not know.
const NATURAL: [&str; 5] = ["eos", "eos_token", "end", "stop_token", "end_of_text"];

/// A class and the line for a person; the line still lacks the host's name.
pub(super) type Denied = (FailureClass, String);

/// What the call asked for, as far as the rules need it.
pub(super) struct Asked<'a> {
    /// Whether a verdict was wanted.
    pub(super) verdict: bool,
    /// The configured token limit.
    pub(super) max_tokens: Option<u32>,
    /// Whether the server may call a cut answer complete (llama.cpp does on the Responses wire).
    pub(super) doubts_completed: bool,
    /// Host and port, for the messages.
    pub(super) host: &'a str,
    /// What the messages must not show.
    pub(super) hidden: Hidden<'a>,
}

/// Applies the rules to an answer that did not break off.
pub(super) fn finish(heard: Heard, notes: &Notes, asked: &Asked<'_>) -> Result<String, Denied> {
    let host = asked.host;
    if let Some(reason) = &notes.refused {
        return Err((FailureClass::RequestRefused, format!("{host} refused the content{}", plain(reason, asked))));
    }
    if heard.too_long {
        return cut(heard.text, asked, "the answer was longer than `limits.output_bytes_max`");
    }
    match notes.stop.clone().map(StopReason::from) {
        None if notes.frames == 0 => {
            Err((FailureClass::Transient, format!("{host} answered with something that is no event stream")))
        }
        None => Err((FailureClass::Transient, format!("the answer of {host} was cut short"))),
        Some(StopReason::MaxTokens(_)) => cut(heard.text, asked, "the answer reached its token limit"),
        Some(StopReason::ContentFilter(word)) => {
            Err((FailureClass::RequestRefused, format!("{host} refused the content{}", plain(&word, asked))))
        }
        Some(StopReason::Completed(_)) if asked.doubts_completed && reached(notes, asked) => {
            cut(heard.text, asked, "the answer reached its token limit")
        }
        Some(StopReason::Completed(_) | StopReason::StopSequence(_)) => whole(heard.text, host),
        Some(StopReason::Other(word)) if NATURAL.contains(&word.to_lowercase().as_str()) => whole(heard.text, host),
        Some(StopReason::Other(word) | StopReason::ToolCall(word)) => {
            Err((FailureClass::Transient, format!("{host} stopped for an unexpected reason{}", plain(&word, asked))))
        }
    }
}

fn whole(text: String, host: &str) -> Result<String, Denied> {
    if text.trim().is_empty() {
        return Err((FailureClass::Transient, format!("{host} gave an empty answer")));
    }
    Ok(text)
}

/// An answer that is not whole: refused where a verdict was wanted, else kept with a last line that says so.
fn cut(text: String, asked: &Asked<'_>, why: &str) -> Result<String, Denied> {
    if asked.verdict || text.trim().is_empty() {
        let limit = asked.max_tokens.map(|max| format!(" (max_tokens = {max})")).unwrap_or_default();
        let message = format!("{why}{limit}, so it cannot be used; raise the limit or ask for less");
        return Err((FailureClass::RequestRefused, message));
    }
    Ok(format!("{}\n\n[cut: {why}]", text.trim_end()))
}

fn reached(notes: &Notes, asked: &Asked<'_>) -> bool {
    asked.max_tokens.is_some_and(|max| notes.tokens.output() >= u64::from(max))
}

/// A provider's stop word in brackets, where it is a word and may be shown.
fn plain(word: &str, asked: &Asked<'_>) -> String {
    let is_word = !word.is_empty() && word.len() <= 40 && !word.contains(char::is_whitespace);
    let word = if is_word { shown(word, asked.hidden) } else { None };
    word.map(|word| format!(" ({word})")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Asked<'_> = Asked {
        verdict: false,
        max_tokens: Some(10),
        doubts_completed: false,
        host: "h",
        hidden: Hidden { key: None, sent: ["", ""], history: &[] },
    };
    const VERDICT: Asked<'_> = Asked { verdict: true, ..PLAIN };

    fn end(text: &str, frame: &str, asked: &Asked<'_>) -> Result<String, FailureClass> {
        let mut notes = Notes::default();
        notes.read(frame);
        let heard = Heard { text: text.to_owned(), ..Heard::default() };
        finish(heard, &notes, asked).map_err(|(class, _)| class)
    }

    fn stop(reason: &str) -> String {
        format!(r#"{{"choices":[{{"finish_reason":"{reason}"}}],"usage":{{"completion_tokens":10}}}}"#)
    }

    #[test]
    fn only_a_natural_stop_with_text_is_an_answer() {
        assert_eq!(end("pong", &stop("stop"), &PLAIN), Ok("pong".into()));
        assert_eq!(end("pong", &stop("eos_token"), &PLAIN), Ok("pong".into()));
        assert_eq!(end(" \n", &stop("stop"), &PLAIN), Err(FailureClass::Transient));
        assert_eq!(end("pong", "{}", &PLAIN), Err(FailureClass::Transient));
        assert_eq!(end("", "", &PLAIN), Err(FailureClass::Transient));
        assert_eq!(end("pong", &stop("error"), &PLAIN), Err(FailureClass::Transient));
        assert_eq!(end("pong", &stop("tool_calls"), &PLAIN), Err(FailureClass::Transient));
    }

    #[test]
    fn refused_content_is_refused() {
        for reason in ["content_filter", "refusal", "SAFETY"] {
            assert_eq!(end("so", &stop(reason), &PLAIN), Err(FailureClass::RequestRefused), "{reason}");
        }
        let refusal = r#"{"choices":[{"delta":{"refusal":"no"},"finish_reason":"stop"}]}"#;
        assert_eq!(end("", refusal, &PLAIN), Err(FailureClass::RequestRefused));
    }

    #[test]
    fn a_cut_verdict_is_refused_and_a_cut_text_says_so() {
        assert_eq!(end("half", &stop("length"), &VERDICT), Err(FailureClass::RequestRefused));
        assert_eq!(end("", &stop("length"), &PLAIN), Err(FailureClass::RequestRefused));
        let text = end("half", &stop("length"), &PLAIN).unwrap_or_default();
        assert!(text.starts_with("half\n\n[cut: "), "{text}");
    }

    #[test]
    fn a_server_that_calls_a_cut_answer_complete_is_not_believed() {
        let doubting = Asked { doubts_completed: true, ..VERDICT };
        assert_eq!(end("half", &stop("completed"), &doubting), Err(FailureClass::RequestRefused));
        assert_eq!(end("half", &stop("completed"), &VERDICT), Ok("half".into()));
    }
}
