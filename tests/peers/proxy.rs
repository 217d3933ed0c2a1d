//! LiteLLM's proxy: its canned answers and errors, and a hop through it to the model server.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::litellm::{self, LiteLlm};
use crate::support::model_server::{Auth, ModelServer, On, Reply, Wire};
use crate::support::peers;

/// Asks for a chat completion; the status line and headers in lower case, and the document.
fn ask(proxy: &LiteLlm, model: &str, prompt: &str) -> (String, Value) {
    let body = json!({ "model": model, "messages": [{ "role": "user", "content": prompt }] }).to_string();
    let address = proxy.url().replace("http://", "");
    let mut stream = TcpStream::connect(address).expect("the proxy listens");
    stream.set_read_timeout(Some(Duration::from_secs(60))).expect("a read timeout");
    let head = format!(
        "POST /v1/chat/completions HTTP/1.0\r\nHost: localhost\r\nAuthorization: Bearer {}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        litellm::KEY,
        body.len()
    );
    stream.write_all(head.as_bytes()).expect("the head is taken");
    stream.write_all(body.as_bytes()).expect("the body is taken");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("the answer is text");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
    (head.to_lowercase(), serde_json::from_str(body).expect("a JSON document"))
}

#[test]
fn the_proxy_answers_fails_and_hops() {
    let server = ModelServer::start();
    let Some(proxy) = litellm::start(peers::root(), &server) else {
        return;
    };

    let (_, canned) = ask(&proxy, "canned-openai", "hi");
    assert_eq!(canned["choices"][0]["message"]["content"], "canned openai answer", "{}", proxy.log());

    let (head, _) = ask(&proxy, "fails-429", "hi");
    assert!(head.contains(" 429 "), "{head}");

    server.always(On::prompt("HOP-ONE"), Reply::text("from the other wire"));
    for (model, wire) in [("hop-openai", Wire::OpenAiChat), ("hop-anthropic", Wire::Anthropic)] {
        let (head, answer) = ask(&proxy, model, "HOP-ONE");
        assert_eq!(answer["choices"][0]["message"]["content"], "from the other wire", "{head}\n{}", proxy.log());
        let call = server.seen().pop().expect("the hop arrived");
        assert_eq!((call.wire, call.model.as_str()), (wire, model));
        assert_ne!(call.auth, Auth::Absent);
    }

    server.queue(On::prompt("HOP-TWO"), [Reply::rate_limited(3)]);
    let (head, _) = ask(&proxy, "hop-openai", "HOP-TWO");
    assert!(head.contains(" 429 ") && head.contains("retry-after: 3"), "{head}");
    assert_eq!(server.count_for("HOP-TWO"), 1, "the proxy must not retry behind the test's back");
}
