//! What went wrong with a call and of which class that is, read from an HTTP status or from a program's own words.
//! Whether to try again is the board's to decide.

use crate::board::{Failure, FailureClass, Usage};
use serde_json::Value;
use std::time::Duration;

/// A failure without the time it took.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Trouble {
    /// Its class.
    pub(crate) class: FailureClass,
    /// What happened, one line. Whole: it is cut once the key is out of it, so that no half of a key stays.
    pub(crate) message: String,
    /// What it cost all the same.
    pub(crate) usage: Usage,
}

/// Longest message, in characters.
const MESSAGE_CHARS_MAX: usize = 300;

impl Trouble {
    /// A failure of this class.
    pub(crate) fn new(class: FailureClass, message: &str) -> Self {
        Self { class, message: one_line(message), usage: Usage::default() }
    }

    /// A failure that may pass.
    pub(crate) fn transient(message: &str) -> Self {
        Self::new(FailureClass::Transient, message)
    }

    /// A request that will never work with this worker.
    pub(crate) fn refused(message: &str) -> Self {
        Self::new(FailureClass::RequestRefused, message)
    }

    /// A worker that needs a person.
    pub(crate) fn blocked(message: &str) -> Self {
        Self::new(FailureClass::WorkerBlocked, message)
    }

    /// A failure whose class is read from the status of the provider's answer and the words that came with it.
    pub(crate) fn told(status: Option<u16>, message: &str) -> Self {
        Self::new(classify(status, message), &unwrapped(message))
    }

    /// The same with what was spent.
    pub(crate) fn spent(mut self, usage: Usage) -> Self {
        self.usage = usage;
        self
    }

    /// The failure as the board knows it, with the worker's key masked.
    pub(crate) fn failure(self, after: Duration, key: Option<&str>) -> Failure {
        let message = match key.filter(|key| key.len() >= MASKED_BYTES_MIN) {
            Some(key) => self.message.replace(key, "[key]"),
            None => self.message,
        };
        let message = shortened(message);
        Failure { class: self.class, message, after_s: after.as_secs_f64(), usage: self.usage }
    }
}

/// Shorter values are no keys; masking them would only spoil words.
const MASKED_BYTES_MIN: usize = 6;

/// The class of a failure. Words are looked at besides the status because several programs say no status, and because
/// "out of credit" hides behind 429.
fn classify(status: Option<u16>, message: &str) -> FailureClass {
    let low = message.to_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| low.contains(word));
    let status = status.or_else(|| status_in(&low));
    if says(OUT_OF_CREDIT) {
        return FailureClass::WorkerBlocked;
    }
    if says(TOO_LONG) {
        return FailureClass::RequestRefused;
    }
    match status {
        Some(401..=403) => FailureClass::WorkerBlocked,
        Some(429) => FailureClass::RateLimited { retry_after: retry_after(&low) },
        Some(408 | 409 | 425 | 500..=599) => FailureClass::Transient,
        Some(400..=499) => FailureClass::RequestRefused,
        _ if says(NO_LOGIN) => FailureClass::WorkerBlocked,
        _ if says(RATE) => FailureClass::RateLimited { retry_after: retry_after(&low) },
        _ if says(REFUSED) => FailureClass::RequestRefused,
        _ => FailureClass::Transient,
    }
}

/// Phrases of the providers, never a bare word: a program that fails at a task about billing has credit all the same.
const OUT_OF_CREDIT: &[&str] = &[
    "insufficient_quota",
    "current quota",
    "quota exceeded",
    "plan and billing",
    "plans & billing",
    "check your billing",
    "billing hard limit",
    "billing_hard_limit",
    "billing_error",
    "billing_not_active",
    "billing_disabled",
    "requires billing",
    "billing to be enabled",
    "billing is not enabled",
    "enable billing",
    "payment required",
    "credit balance",
    "out of credit",
    "usage limit",
];
const TOO_LONG: &[&str] = &[
    "prompt is too long",
    "context_length",
    "context window",
    "context length",
    "input exceeds",
    "input_too_large",
    "exceeds the maximum number of tokens",
    "too many tokens",
];
const NO_LOGIN: &[&str] = &[
    "not logged in",
    "invalid api key",
    "incorrect api key",
    "api key required",
    "api key not valid",
    "no authentication",
    "set an auth method",
    "invalid auth method",
    "missing environment variable",
    "unauthorized",
    "failed to authenticate",
    "permission denied",
    "not running in a trusted directory",
];
const RATE: &[&str] = &["rate limit", "rate_limit", "too many requests"];
const REFUSED: &[&str] = &[
    "model not found",
    "issue with the selected model",
    "model metadata is not",
    "not supported model",
    "unknown model",
    "safeguards flagged",
    "content policy",
    "usage policy",
    "invalid_request_error",
    "unknown option",
    "session not found",
    "no conversation found",
    "no rollout found",
    "invalid session identifier",
    "no session, task, or name matched",
];

/// A status that a program mentions in its words: `status 401`, `error: 429`, `(500)`.
fn status_in(low: &str) -> Option<u16> {
    let after = ["status: ", "status ", "error: ", "error ", "\"code\":", "rejected ("];
    let number_behind = |(at, word): (usize, &str)| {
        let digits: String = low.get(at + word.len()..)?.chars().take_while(char::is_ascii_digit).collect();
        digits.parse().ok().filter(|code| (400..=599).contains(code))
    };
    after.iter().flat_map(|word| low.match_indices(word)).find_map(number_behind)
}

/// Several programs pass a provider's message on as JSON in a string: then what stands in it.
fn unwrapped(message: &str) -> String {
    let said = match serde_json::from_str::<Value>(message) {
        Ok(Value::String(inner)) => Some(inner),
        Ok(value) => {
            let text = |pointer| value.pointer(pointer).and_then(Value::as_str);
            let code = text("/error/code").or(text("/code")).map(|code| format!(" ({code})"));
            let said = text("/error/message").or(text("/message"));
            said.map(|said| format!("{said}{}", code.unwrap_or_default()))
        }
        Err(_) => None,
    };
    said.unwrap_or_else(|| message.to_owned())
}

/// How long the provider asked to wait, where a program passes that on: `retry after 600s`.
fn retry_after(low: &str) -> Option<Duration> {
    let behind = low.split_once("retry after ")?.1;
    let number: String = behind.chars().take_while(|c| c.is_ascii_digit()).collect();
    Some(Duration::from_secs(number.parse().ok()?))
}

/// The text as one line, without what colours a terminal.
fn one_line(text: &str) -> String {
    let mut plain = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '\u{1b}' => {
                chars.by_ref().find(char::is_ascii_alphabetic);
            }
            c if c.is_whitespace() || c.is_control() => plain.push(' '),
            c => plain.push(c),
        }
    }
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The beginning of a message, with a mark when something is missing.
fn shortened(line: String) -> String {
    match line.char_indices().nth(MESSAGE_CHARS_MAX) {
        Some((end, _)) => format!("{}…", line.get(..end).unwrap_or_default()),
        None => line,
    }
}

/// The line in which a program says what went wrong: the last one that names an error, else the last that says anything.
pub(crate) fn complaint(text: &str) -> &str {
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let last = lines.clone().next_back().unwrap_or("it said nothing");
    let names_one = |line: &str| line.contains("error:") || line.starts_with("error ");
    lines.rfind(|line| names_one(&line.to_lowercase())).unwrap_or(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_decide_where_the_status_says_too_little() {
        let class = |status, text: &str| classify(status, text).as_str();
        assert_eq!(class(Some(401), "x"), "worker_blocked");
        assert_eq!(class(Some(429), "slow down"), "rate_limited");
        assert_eq!(class(Some(429), "You exceeded your current quota"), "worker_blocked");
        assert_eq!(class(Some(400), "prompt is too long"), "request_refused");
        assert_eq!(class(Some(529), "overloaded"), "transient");
        assert_eq!(class(None, "unexpected status 401 Unauthorized: x"), "worker_blocked");
        assert_eq!(class(None, "exceeded retry limit, last status: 429 Too Many Requests"), "rate_limited");
        assert_eq!(class(None, "Grok API error: 500 fake"), "transient");
        assert_eq!(class(None, "Please set an Auth method in your settings"), "worker_blocked");
        assert_eq!(class(None, "something odd"), "transient");
    }

    #[test]
    fn only_a_provider_that_wants_money_blocks_a_worker_and_not_a_task_about_money() {
        let class = |text: &str| classify(None, text).as_str();
        for refused in [
            "You exceeded your current quota, please check your plan and billing details.",
            "Your account is not active, please check your billing details on our website.",
            "Billing hard limit has been reached",
            "{\"error\":{\"type\":\"billing_error\"}}",
            "This API method requires billing to be enabled.",
            "Error: 402 Payment Required",
        ] {
            assert_eq!(class(refused), "worker_blocked", "{refused}");
        }
        for failed in [
            "error: cannot read src/billing/invoice.rs",
            "the test billing::tests::rounding failed",
            "Error: connection lost while writing docs/billing.md",
        ] {
            assert_eq!(class(failed), "transient", "{failed}");
        }
    }

    #[test]
    fn a_wait_that_a_program_passes_on_is_kept() {
        let class = classify(Some(429), "Suggested retry after 600s.");
        assert_eq!(class, FailureClass::RateLimited { retry_after: Some(Duration::from_secs(600)) });
    }

    #[test]
    fn a_message_is_one_short_line_without_colours_or_the_key() {
        let trouble = Trouble::transient(&format!("\u{1b}[91mError:\u{1b}[0m\nkey sk-secret-1 {}", "x".repeat(500)));
        let failure = trouble.failure(Duration::from_secs(2), Some("sk-secret-1"));
        assert!(failure.message.starts_with("Error: key [key] xxx"), "{}", failure.message);
        assert!(failure.message.chars().count() <= MESSAGE_CHARS_MAX + 1);
    }
}
