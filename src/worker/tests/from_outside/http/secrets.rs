//! The key and the prompt never leave by an error or a log line, however a server provokes it: not even at `trace`.

use std::io::Write;
use std::sync::{Arc, Mutex};

use serde_json::json;
use synod::config::Provider;
use tracing_subscriber::fmt::MakeWriter;

use super::desk::{KEY, PROMPT, WIRES, ask, call, event, verdict_call, worker};
use super::odd_server::{Answer, OddServer, events, response};

/// A log that the test can read.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;
    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// Answers that repeat what they were sent, key included, in every place a server has.
fn echoes() -> Vec<Vec<u8>> {
    let line = format!("you sent Bearer {KEY} and {PROMPT}");
    let body = json!({ "error": { "message": line, "type": "odd", "code": line } }).to_string();
    let mut answers: Vec<Vec<u8>> = [302, 400, 401, 402, 403, 404, 408, 413, 418, 422, 429, 500, 503, 529]
        .into_iter()
        .map(|status| response(status, &[("location", &line), ("retry-after", &line)], &body))
        .collect();
    answers.extend([
        response(500, &[], &line),
        response(200, &[], &line),
        events(&event(&serde_json::from_str(&body).unwrap())),
        events(&event(&json!({ "type": "error", "code": "server_error", "message": line }))),
        events(&format!("event: error\n{}", event(&json!({ "type": "error", "error": { "message": line } })))),
        events(&event(&json!({ "type": "response.failed", "response": { "error": { "message": line } } }))),
        events(&event(&json!({ "choices": [{ "delta": { "refusal": line }, "finish_reason": "stop" }] }))),
        events(&event(&json!({ "choices": [{ "delta": {}, "finish_reason": line }] }))),
        events(&event(&json!({ "promptFeedback": { "blockReason": line } }))),
        events(&format!("data: {line}\n\n")),
        Vec::from(line.as_bytes()),
    ]);
    answers
}

#[tokio::test(flavor = "current_thread")]
async fn no_failure_and_no_log_line_shows_the_key_or_the_prompt() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(log.clone()).finish();
    let _logging = tracing::subscriber::set_default(subscriber);
    for bytes in echoes() {
        let server = OddServer::start(move |_| Answer::Close(bytes.clone()));
        for (provider, _) in WIRES {
            let worker = worker(provider, &server.v1(), "m");
            for call in [call(), verdict_call()] {
                // The checks of every failure are made inside.
                ask(&worker, &call).await.expect_err("an echo is no answer");
            }
            assert!(!format!("{worker:?}").contains(KEY));
        }
        assert!(server.seen().iter().all(|request| request.head.contains(&KEY.to_lowercase())), "the key is sent");
    }
    let written = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(written.contains("asking"), "the log works");
    for secret in [KEY, "PROMPT-MARKER", "SYSTEM-MARKER"] {
        let line = written.lines().find(|line| line.contains(secret));
        assert!(line.is_none(), "{line:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_key_is_in_a_header_and_never_in_the_address() {
    let server = OddServer::saying(response(418, &[], ""));
    for (provider, _) in WIRES {
        let _teapot = ask(&worker(provider, &server.v1(), "m"), &call()).await;
        let request = server.seen().pop().expect("a request");
        let line = request.head.lines().next().unwrap_or_default().to_owned();
        assert!(!line.contains("key"), "{provider:?}: {line}");
    }
    assert_eq!(Provider::ALL.iter().filter(|p| p.transport() == synod::config::Transport::Http).count(), WIRES.len());
}
