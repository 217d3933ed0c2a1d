//! The server is itself under test: each wire's shape, each reply, the rules, the record.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::{Value, json};

use super::{Auth, Gate, ModelServer, On, Outcome, Reply, Seen, ToolCall, Usage, Wire};

/// Each wire with a path and a body that asks it for an answer without a stream.
fn wires() -> Vec<(Wire, &'static str, Value)> {
    let messages = json!([{ "role": "user", "content": "say ALPHA" }]);
    let chat = json!({ "model": "m", "messages": messages });
    vec![
        (Wire::Anthropic, "/v1/messages?beta=true", chat.clone()),
        (Wire::OpenAiChat, "/v1/chat/completions", chat.clone()),
        (Wire::OpenRouter, "/api/v1/chat/completions", chat),
        (Wire::OpenAiResponses, "/v1/responses", json!({ "model": "m", "input": "say ALPHA" })),
        (
            Wire::Gemini,
            "/v1beta/models/m:generateContent?key=k",
            json!({ "contents": [{ "parts": [{ "text": "say ALPHA" }] }] }),
        ),
        (Wire::Ollama, "/api/chat", json!({ "model": "m", "stream": false, "messages": messages })),
    ]
}

/// Where each wire's document holds the text.
fn text_of(wire: Wire, document: &Value) -> &Value {
    let pointer = match wire {
        Wire::Anthropic => "/content/0/text",
        Wire::OpenAiChat | Wire::OpenRouter => "/choices/0/message/content",
        Wire::OpenAiResponses => "/output/0/content/0/text",
        Wire::Gemini => "/candidates/0/content/parts/0/text",
        Wire::Ollama => "/message/content",
    };
    document.pointer(pointer).unwrap_or(&Value::Null)
}

/// Sends a request over a connection of its own and reads to the end: the head and the body as they came.
fn send(server: &ModelServer, version: &str, method: &str, path: &str, headers: &str, body: &str) -> (String, String) {
    let mut stream = TcpStream::connect(("127.0.0.1", server.port())).expect("the server listens");
    stream.set_read_timeout(Some(Duration::from_secs(30))).expect("a read timeout");
    let length = body.len();
    let head = format!(
        "{method} {path} HTTP/{version}\r\nHost: localhost\r\nConnection: close\r\n{headers}Content-Length: {length}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).expect("the head is taken");
    stream.write_all(body.as_bytes()).expect("the body is taken");
    let mut bytes = Vec::new();
    // A connection that the script cuts ends in an error; what came before it is what the test looks at.
    let _ = stream.read_to_end(&mut bytes);
    let answer = String::from_utf8_lossy(&bytes).into_owned();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    (head.to_owned(), body.to_owned())
}

/// A POST over HTTP/1.0, whose body comes without chunk marks.
fn post(server: &ModelServer, path: &str, body: &Value) -> (String, String) {
    send(server, "1.0", "POST", path, "", &body.to_string())
}

fn chat(prompt: &str) -> Value {
    json!({ "model": "m", "messages": [{ "role": "user", "content": prompt }] })
}

const CHAT: &str = "/v1/chat/completions";

#[test]
fn every_wire_answers_in_its_own_shape() {
    let server = ModelServer::start();
    server.otherwise(|call: &Seen| Reply::Text(format!("heard: {}", call.prompt.trim())));
    for (wire, path, body) in wires() {
        let (head, answer) = post(&server, path, &body);
        assert!(head.contains(" 200 "), "{wire:?}: {head}");
        let document: Value = serde_json::from_str(&answer).expect("a JSON document");
        assert_eq!(text_of(wire, &document), "heard: say ALPHA", "{wire:?}");
    }
    let seen: Vec<(Wire, String)> = server.seen().into_iter().map(|call| (call.wire, call.model)).collect();
    let sent: Vec<(Wire, String)> = wires().into_iter().map(|(wire, ..)| (wire, "m".to_owned())).collect();
    assert_eq!(seen, sent);
    assert_eq!(server.paid_for("ALPHA"), 6);
}

#[test]
fn every_wire_streams_its_text_in_pieces() {
    let server = ModelServer::start();
    server.always(On::any(), Reply::text("abcdefgh"));
    for (wire, path, mut body) in wires() {
        body["stream"] = json!(true);
        let path = path.replace(":generateContent?", ":streamGenerateContent?alt=sse&");
        let (_, answer) = post(&server, &path, &body);
        for piece in ["\"ab\"", "\"cd\"", "\"ef\"", "\"gh\""] {
            assert!(answer.contains(piece), "{wire:?} lacks {piece}: {answer}");
        }
    }
    assert!(server.seen().iter().all(|call| call.stream && call.outcome == Outcome::Answered));
}

#[test]
fn gemini_streams_a_plain_array_when_not_asked_for_events() {
    let server = ModelServer::start();
    let body = json!({ "contents": [{ "role": "user", "parts": [{ "text": "hi" }] }] });
    let (_, answer) = post(&server, "/v1beta/models/m:streamGenerateContent", &body);
    let document: Value = serde_json::from_str(&answer).expect("a JSON document");
    assert_eq!(text_of(Wire::Gemini, &document[0]), "MODEL-OK");
}

#[test]
fn rules_are_tried_in_order_and_queues_run_dry() {
    let server = ModelServer::start();
    server.queue(On::model("m").and_prompt("BETA"), [Reply::text("first"), Reply::text("second")]);
    server.always(On::prompt("BETA"), Reply::text("for ever"));
    let texts: Vec<String> = (0..4)
        .map(|_| {
            let (_, answer) = post(&server, CHAT, &chat("BETA"));
            let document: Value = serde_json::from_str(&answer).expect("a JSON document");
            text_of(Wire::OpenAiChat, &document).as_str().unwrap_or_default().to_owned()
        })
        .collect();
    assert_eq!(texts, ["first", "second", "for ever", "for ever"]);
    assert_eq!(server.count_for("BETA"), 4);
    assert_eq!(server.count_for("GAMMA"), 0);
}

#[test]
fn failures_have_the_provider_s_own_form_and_are_not_paid() {
    let server = ModelServer::start();
    for (wire, path, body) in wires() {
        server.queue(On::any(), [Reply::rate_limited(7), Reply::status(500)]);
        let (head, answer) = post(&server, path, &body);
        assert!(head.contains(" 429 ") && head.contains("retry-after: 7"), "{wire:?}: {head}");
        let document: Value = serde_json::from_str(&answer).expect("a JSON document");
        assert!(document.get("error").is_some(), "{wire:?}: {document}");
        assert!(post(&server, path, &body).0.contains(" 500 "), "{wire:?}");
    }
    assert_eq!((server.count_for("ALPHA"), server.paid_for("ALPHA")), (12, 0));
}

#[test]
fn stops_and_prices_are_reported() {
    let server = ModelServer::start();
    let usage = Usage { input: 11, output: 7, cached: 3, cost_usd: 0.25 };
    server.queue(On::any(), [Reply::Priced { text: "dear".to_owned(), usage }]);
    let (_, answer) = post(&server, "/api/v1/chat/completions", &chat("hi"));
    let document: Value = serde_json::from_str(&answer).expect("a JSON document");
    assert_eq!(document["usage"]["cost"], 0.25);
    assert_eq!(document["usage"]["total_tokens"], 18);

    let stops = [
        (Reply::LengthStop("cut".to_owned()), "\"max_tokens\""),
        (Reply::RefusalStop("no".to_owned()), "\"refusal\""),
        (Reply::EmptyText, "\"content\":[]"),
        (Reply::Tools(vec![ToolCall { name: "Bash".to_owned(), input: json!({ "command": "id" }) }]), "\"tool_use\""),
    ];
    for (reply, mark) in stops {
        server.queue(On::any(), [reply]);
        let (_, answer) = post(&server, "/v1/messages", &chat("hi"));
        assert!(answer.contains(mark), "{mark} not in {answer}");
    }
}

#[test]
fn broken_answers_are_broken_as_scripted() {
    let server = ModelServer::start();
    let mut body = chat("hi");
    body["stream"] = json!(true);
    let text = || "abcdefgh".to_owned();
    let streamed = |reply: Reply| {
        server.queue(On::any(), [reply]);
        send(&server, "1.1", "POST", CHAT, "", &body.to_string()).1
    };
    let whole = streamed(Reply::text(text()));
    assert!(whole.contains("[DONE]") && whole.ends_with("0\r\n\r\n"), "{whole}");
    let cut = streamed(Reply::TruncateMidStream(text()));
    assert!(cut.contains("\"ab\"") && !cut.contains("[DONE]") && !cut.ends_with("0\r\n\r\n"), "{cut}");
    let failed = streamed(Reply::SseError(text()));
    assert!(failed.contains("\"error\"") && failed.ends_with("0\r\n\r\n"), "{failed}");
    assert!(!streamed(Reply::EmptyBody).contains("data:"));
    assert!(streamed(Reply::Html).contains("Bad Gateway"));
    let outcomes: Vec<Outcome> = server.seen().iter().map(|call| call.outcome).collect();
    assert_eq!(outcomes[0], Outcome::Answered);
    assert!(outcomes[1..].iter().all(|outcome| *outcome == Outcome::Failed), "{outcomes:?}");
}

#[test]
fn a_silent_call_stays_open_until_the_client_leaves() {
    let server = ModelServer::start();
    server.queue(On::any(), [Reply::HangForever, Reply::HangMidStream("abcdefgh".to_owned())]);
    let body = chat("hush").to_string();
    let mut open = Vec::new();
    for count in 1..=2 {
        let mut stream = TcpStream::connect(("127.0.0.1", server.port())).expect("the server listens");
        let head = format!("POST {CHAT} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n", body.len());
        stream.write_all(head.as_bytes()).expect("the head is taken");
        stream.write_all(body.as_bytes()).expect("the body is taken");
        open.push(stream);
        assert!(server.wait_until(Duration::from_secs(30), |calls| calls.len() == count));
    }
    assert!(server.seen().iter().all(|call| call.outcome == Outcome::Open));
    assert!(!server.wait_until(Duration::ZERO, |calls| calls.len() > 2));
    drop(open);
    let gone = |calls: &[Seen]| calls.iter().all(|call| call.outcome == Outcome::ClientGone);
    assert!(server.wait_until(Duration::from_secs(30), gone));
}

#[test]
fn held_answers_come_together_when_the_gate_opens() {
    let server = ModelServer::start();
    let gate = Gate::closed();
    let late = Reply::Delay(Duration::from_millis(1), Box::new(Reply::text("late")));
    server.always(On::any(), Reply::Held(gate.clone(), Box::new(late)));
    std::thread::scope(|scope| {
        let calls: Vec<_> = (0..8).map(|_| scope.spawn(|| post(&server, CHAT, &chat("wait")).1)).collect();
        assert!(server.wait_until(Duration::from_secs(30), |seen| seen.len() == 8));
        assert_eq!(server.paid_for("wait"), 0);
        gate.open();
        for call in calls {
            assert!(call.join().expect("the call ends").contains("late"));
        }
    });
    assert_eq!(server.paid_for("wait"), 8);
}

#[test]
fn the_record_tells_prompt_from_conversation_and_key_from_key() {
    let server = ModelServer::start();
    let body = json!({
        "model": "m", "system": [{ "type": "text", "text": "be brief" }],
        "messages": [
            { "role": "user", "content": [{ "type": "text", "text": "run it" }] },
            { "role": "assistant", "content": [{ "type": "tool_use", "id": "t", "name": "Bash", "input": {} }] },
            { "role": "user", "content": [{ "type": "tool_result", "tool_use_id": "t", "content": "done it" }] },
        ],
    });
    let keys = [
        ("x-api-key: one\r\n", Auth::ApiKeyHeader("one".to_owned())),
        ("authorization: Bearer two\r\n", Auth::Bearer("two".to_owned())),
        ("x-goog-api-key: three\r\n", Auth::GoogleHeader("three".to_owned())),
        ("", Auth::Absent),
    ];
    for (header, auth) in keys {
        send(&server, "1.0", "POST", "/v1/messages", header, &body.to_string());
        let call = server.seen().pop().expect("the call was kept");
        assert_eq!(call.auth, auth);
        assert_eq!((call.prompt.as_str(), call.tool_results), ("run it\n", 1));
        assert!(call.conversation.contains("be brief") && call.conversation.contains("done it"));
    }
    let (_, path, body) = wires().remove(4);
    post(&server, path, &body);
    let call = server.seen().pop().expect("the call was kept");
    assert_eq!(call.auth, Auth::QueryKey("k".to_owned()));
    assert!(call.headers.iter().any(|(name, _)| name == "content-length") && call.body["contents"].is_array());
    assert!(call.number == 4 && call.path.ends_with(":generateContent") && call.at.elapsed() < Duration::from_secs(60));
}

#[test]
fn small_questions_are_answered_beside_the_record() {
    let server = ModelServer::start();
    assert!(post(&server, "/v1/messages/count_tokens", &json!({})).1.contains("input_tokens"));
    assert!(send(&server, "1.0", "GET", "/v1/models", "", "").1.contains("scripted"));
    assert!(send(&server, "1.0", "GET", "/nowhere", "", "").0.contains(" 404 "));
    let upgrade = send(&server, "1.1", "GET", "/v1/responses", "Upgrade: websocket\r\n", "");
    assert!(upgrade.0.contains(" 426 "), "{}", upgrade.0);
    assert!(post(&server, CHAT, &Value::Null).0.contains(" 200 "), "odd JSON is still a call");
    assert!(send(&server, "1.0", "POST", CHAT, "", "{").0.contains(" 415 "));
    assert_eq!(server.seen().len(), 1);
    assert_eq!(server.strays().len(), 4);
    assert!(server.url().starts_with("http://127.0.0.1:") && server.v1().ends_with("/v1"));
}
