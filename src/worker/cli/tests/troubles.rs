//! Failures: the class that status and words give, the message that is passed on, and what is kept out of it.

use crate::board::FailureClass;
use crate::worker::cli::prompt::{begun, guarded, whole};
use crate::worker::cli::session::Session;
use crate::worker::cli::trouble::{Trouble, complaint};
use std::time::Duration;

fn class(status: Option<u16>, message: &str) -> &'static str {
    Trouble::told(status, message).class.as_str()
}

#[test]
fn a_status_alone_decides() {
    for (statuses, wanted) in [
        (&[401, 402, 403][..], "worker_blocked"),
        (&[429], "rate_limited"),
        (&[408, 409, 425, 500, 502, 503, 504, 529, 599], "transient"),
        (&[400, 404, 405, 410, 413, 415, 422, 451, 499], "request_refused"),
        (&[200, 302, 399, 600], "transient"),
    ] {
        for status in statuses {
            assert_eq!(class(Some(*status), "words"), wanted, "{status}");
        }
    }
}

#[test]
fn words_decide_without_a_status_and_against_some() {
    for (status, message, wanted) in [
        (Some(429), "code insufficient_quota", "worker_blocked"),
        (Some(400), "Your credit balance is too low", "worker_blocked"),
        (Some(403), "usage limit reached", "worker_blocked"),
        (Some(500), "maximum context length is 8192 tokens", "request_refused"),
        (Some(429), "too many tokens in the prompt", "request_refused"),
        (None, "rate_limit_error", "rate_limited"),
        (None, "Too Many Requests", "rate_limited"),
        (None, "Incorrect API key provided", "worker_blocked"),
        (None, "API key not valid. Please pass a valid one", "worker_blocked"),
        (None, "Missing environment variable: `KEY`", "worker_blocked"),
        (None, "model not found: x", "request_refused"),
        (None, "There's an issue with the selected model (x)", "request_refused"),
        (None, "violates our usage policy", "request_refused"),
        (None, "fetch failed", "transient"),
        (None, "ECONNREFUSED 127.0.0.1:9", "transient"),
        (None, "", "transient"),
    ] {
        assert_eq!(class(status, message), wanted, "{message}");
    }
}

#[test]
fn a_status_in_the_words_counts_only_where_it_is_one() {
    for (message, wanted) in [
        ("status 401", "worker_blocked"),
        ("last status: 429", "rate_limited"),
        ("API Error: 500 oops", "transient"),
        ("error 404 not found", "request_refused"),
        ("{\"code\":403", "worker_blocked"),
        ("{\"code\":404,", "request_refused"),
        ("rejected (422)", "request_refused"),
        ("error: 4040", "transient"),
        ("error: 40", "transient"),
        ("status 200, then status 401", "worker_blocked"),
        ("line 401 of the file", "transient"),
        ("error: x401", "transient"),
    ] {
        assert_eq!(class(None, message), wanted, "{message}");
    }
}

#[test]
fn a_wait_is_passed_on_in_seconds() {
    for (message, wait) in [
        ("retry after 5s", Some(5)),
        ("Please Retry After 600 seconds", Some(600)),
        ("retry after soon", None),
        ("slow down", None),
        ("retry after 99999999999999999999", None),
    ] {
        let retry_after = wait.map(Duration::from_secs);
        assert_eq!(Trouble::told(Some(429), message).class, FailureClass::RateLimited { retry_after }, "{message}");
    }
}

#[test]
fn what_a_provider_wrapped_in_json_is_unwrapped() {
    for (message, wanted) in [
        ("\"in quotes\"", "in quotes"),
        ("{\"error\":{\"message\":\"bad\"}}", "bad"),
        ("{\"error\":{\"message\":\"bad\",\"code\":\"x\"}}", "bad (x)"),
        ("{\"message\":\"bad\",\"code\":\"x\"}", "bad (x)"),
        ("{\"error\":{\"message\":\"bad\",\"code\":5}}", "bad"),
        ("{\"other\":1}", "{\"other\":1}"),
        ("[1]", "[1]"),
        ("{broken", "{broken"),
        ("42", "42"),
    ] {
        assert_eq!(Trouble::told(None, message).message, wanted);
    }
}

#[test]
fn a_message_is_one_line_without_what_a_terminal_obeys() {
    for (message, line) in [
        ("a\nb\r\n\tc", "a b c"),
        ("\u{1b}[91m\u{1b}[1mError: \u{1b}[0mx", "Error: x"),
        ("bell\u{7}s", "bell s"),
        ("  ", ""),
        ("nul\0byte", "nul byte"),
        ("\u{1b}", ""),
        ("é漢🦀", "é漢🦀"),
    ] {
        assert_eq!(Trouble::transient(message).message, line, "{message:?}");
    }
}

#[test]
fn no_part_of_the_key_stays_wherever_the_message_is_cut() {
    let key = "k-0123456789-secret";
    for before in 0..320 {
        let message = format!("{}{key}{}", "x".repeat(before), "y".repeat(400));
        let shown = Trouble::transient(&message).failure(Duration::ZERO, Some(key)).message;
        assert!(!shown.contains("k-0"), "{before}: {shown}");
        assert_eq!(shown.chars().count(), 301, "{before}");
        assert!(shown.ends_with('…'));
    }
}

#[test]
fn a_message_that_fits_is_whole_and_a_short_value_is_no_key() {
    let exact = "é".repeat(300);
    assert_eq!(Trouble::transient(&exact).failure(Duration::ZERO, None).message, exact);
    let failure = Trouble::refused("abcde is short").failure(Duration::from_millis(1500), Some("abcde"));
    assert_eq!((failure.message.as_str(), failure.after_s), ("abcde is short", 1.5));
    assert_eq!(failure.class, FailureClass::RequestRefused);
    let masked = Trouble::blocked("abcdef is long").failure(Duration::ZERO, Some("abcdef"));
    assert_eq!((masked.message.as_str(), masked.class), ("[key] is long", FailureClass::WorkerBlocked));
}

#[test]
fn the_line_that_names_an_error_is_the_complaint() {
    for (text, line) in [
        ("", "it said nothing"),
        ("\n \n", "it said nothing"),
        ("one\ntwo\n", "two"),
        ("error: first\nsee --help", "error: first"),
        ("Error: first\nError: second\n    at x", "Error: second"),
        ("error TS1: x\nmore", "error TS1: x"),
        ("no errors here\nlast", "last"),
        ("  indented error: x  \nlast", "indented error: x"),
    ] {
        assert_eq!(complaint(text), line, "{text:?}");
    }
}

#[test]
fn prompts_are_made_text() {
    assert_eq!(whole(None, "a\0b\0"), "ab");
    assert_eq!(whole(Some("s\0y"), ""), "sy\n\n");
    for text in ["/x", "-x", "!x", "#x", "", "\n/x"] {
        assert_eq!(begun(text), format!("Carry out what follows.\n\n{text}"));
        assert_eq!(guarded(text), begun(text), "without an at sign nothing is escaped");
    }
    assert_eq!(guarded("a@b \\@c"), "Carry out what follows. In it, \\@ stands for an at sign.\n\na\\@b \\\\@c");
}

#[test]
fn a_session_reads_as_it_was_written_and_bad_figures_count_as_none() {
    for (text, id, used) in [
        ("s", "s", (0, 0, 0, None)),
        ("", "", (0, 0, 0, None)),
        ("s used=1/2/3/0.5", "s", (1, 2, 3, Some(0.5))),
        ("s used=1/2/3/", "s", (1, 2, 3, None)),
        ("s used=1", "s", (1, 0, 0, None)),
        ("s used=x/-2/3.5/y", "s", (0, 0, 0, None)),
        ("a b used=1/2/3/4", "a b", (1, 2, 3, Some(4.0))),
    ] {
        let Session { id: read, used: usage } = Session::parse(text);
        assert_eq!(read, id, "{text}");
        assert_eq!((usage.input_tokens, usage.cached_tokens, usage.output_tokens, usage.cost_usd), used, "{text}");
        assert_eq!(Session::parse(&Session { id: read, used: usage }.text()).used, usage);
    }
}
