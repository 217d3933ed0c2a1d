//! What servers and the networks before them do wrong: each must end as the right class, at once, and within bounds.

use std::io::{Read, Write};
use std::time::Duration;

use serde_json::json;
use synod::board::FailureClass;
use synod::config::{Provider, Worker};
use synod::worker::http::{Error, HttpWorker, Params};
use synod::worker::{Call, Wishes};
use tokio_util::sync::CancellationToken;

use super::desk::{
    answer, ask, call, checked, chunk, event, failure, limited, limits, settings, verdict_call, worker, worker_of,
};
use super::odd_server::{Answer, OddServer, events, response};

const JSON: (&str, &str) = ("content-type", "application/json");

/// How one call of a chat completions worker to this server fails.
async fn fails(server: &OddServer) -> (FailureClass, String) {
    let failure = failure(&worker(Provider::Openai, &server.v1(), "m"), &call()).await;
    (failure.class, failure.message)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_event_stream_is_transient() {
    let page = "<html><head><title>Sign in</title></head><body>gateway</body></html>";
    let bodies = [
        response(200, &[("content-type", "text/html")], page),
        response(200, &[JSON], r#"{"id": "x", "choices": ["#),
        response(200, &[JSON], r#"{"error":{"message":"Provider returned error","code":502}}"#),
        response(200, &[JSON], ""),
    ];
    for body in bodies {
        let (class, message) = fails(&OddServer::saying(body)).await;
        assert_eq!(class, FailureClass::Transient);
        assert!(message.ends_with("answered with something that is no event stream"), "{message}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_error_inside_a_stream_counts_as_what_it_says() {
    let begun = chunk("first ", None);
    let inside =
        |error: serde_json::Value| OddServer::saying(events(&format!("{begun}{}", event(&json!({ "error": error })))));
    let (class, message) = fails(&inside(json!({"message": "Provider disconnected", "code": 502}))).await;
    assert_eq!(class, FailureClass::Transient);
    assert!(message.ends_with("failed (502): Provider disconnected"), "{message}");
    assert_eq!(fails(&inside(json!({"message": "pay", "code": 402}))).await.0, FailureClass::WorkerBlocked);
    let limit = fails(&inside(json!({"message": "slow", "code": "rate_limit_exceeded"}))).await.0;
    assert_eq!(limit, FailureClass::RateLimited { retry_after: None });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redirect_is_not_followed_and_the_key_stays_here() {
    let elsewhere = OddServer::saying(events(&format!("{}data: [DONE]\n\n", chunk("stolen", Some("stop")))));
    let target = format!("{}chat/completions", elsewhere.v1());
    for status in [301, 302, 307, 308] {
        let (class, message) = fails(&OddServer::saying(response(status, &[("location", &target)], ""))).await;
        assert_eq!(class, FailureClass::WorkerBlocked, "{status}");
        assert!(message.contains("base_url"), "{message}");
    }
    assert!(elsewhere.seen().is_empty(), "the redirect was followed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_without_its_end_is_cut_short() {
    let (class, message) = fails(&OddServer::saying(events(&chunk("first ", None)))).await;
    assert_eq!(class, FailureClass::Transient);
    assert!(message.ends_with("was cut short"), "{message}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_that_named_its_stop_reason_needs_no_end_mark() {
    let server = OddServer::saying(events(&chunk("pong", Some("stop"))));
    assert_eq!(answer(&worker(Provider::Openai, &server.v1(), "m"), &call()).await.text, "pong");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_shorter_than_announced_is_transient() {
    let mut cut = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: 5000\r\n\r\n".to_vec();
    cut.extend(chunk("first ", None).into_bytes());
    let (class, message) = fails(&OddServer::saying(cut)).await;
    assert_eq!(class, FailureClass::Transient);
    assert!(message.ends_with("the connection broke off"), "{message}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bytes_that_are_no_text_and_frames_that_are_no_json_are_transient() {
    let mut bytes = events("data: ");
    bytes.extend([0xff, 0xfe, b'\n', b'\n']);
    assert_eq!(fails(&OddServer::saying(bytes)).await.0, FailureClass::Transient);
    assert_eq!(fails(&OddServer::saying(events("data: {\"id\":\n\n"))).await.0, FailureClass::Transient);
    assert_eq!(fails(&OddServer::saying("SSH-2.0-odd\r\n")).await.0, FailureClass::Transient);
    assert_eq!(fails(&OddServer::saying("")).await.0, FailureClass::Transient);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_listening_is_transient_and_names_the_address() {
    let port = std::net::TcpListener::bind(("127.0.0.1", 0)).and_then(|socket| socket.local_addr()).expect("a port");
    let failure = failure(&worker(Provider::Openai, &format!("http://{port}/v1"), "m"), &call()).await;
    assert_eq!(failure.class, FailureClass::Transient);
    assert_eq!(failure.message, format!("{port}: no connection; is the server running?"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unknown_host_is_transient_and_tls_without_tls_is_told_apart() {
    let unknown = failure(&worker(Provider::Openai, "http://no-such-host.invalid/v1", "m"), &call()).await;
    assert_eq!(unknown.class, FailureClass::Transient);
    // A server that speaks plain HTTP, also to a client that begins with TLS.
    let plain = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let address = format!("https://{}/v1", plain.local_addr().expect("the bound address"));
    std::thread::spawn(move || {
        for mut stream in plain.incoming().flatten() {
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n");
            let _ = stream.read(&mut [0; 4096]);
        }
    });
    let refused = failure(&worker(Provider::Openai, &address, "m"), &call()).await;
    assert_eq!(refused.class, FailureClass::WorkerBlocked, "{}", refused.message);
    assert!(refused.message.ends_with("the server speaks no TLS; check `base_url`"), "{}", refused.message);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_wait_is_read_from_whichever_header_names_it() {
    let date = ("date", "Fri, 20 Nov 2026 19:26:22 GMT");
    let cases: [(&[(&str, &str)], FailureClass); 7] = [
        (&[("retry-after", "7")], limited(7_000)),
        (&[("retry-after-ms", "1250"), ("retry-after", "2")], limited(1_250)),
        (&[("llm_provider-retry-after", "60")], limited(60_000)),
        (&[date, ("retry-after", "Fri, 20 Nov 2026 19:27:52 GMT")], limited(90_000)),
        (&[], FailureClass::RateLimited { retry_after: None }),
        (&[("retry-after", "soon")], FailureClass::RateLimited { retry_after: None }),
        (&[("retry-after", "7"), ("x-should-retry", "false")], FailureClass::RequestRefused),
    ];
    for (headers, expected) in cases {
        let server = OddServer::saying(response(429, headers, r#"{"error":{"message":"slow down"}}"#));
        assert_eq!(fails(&server).await.0, expected, "{headers:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_and_texts_of_gateways_are_summed_up() {
    let page = "<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>";
    let (class, message) = fails(&OddServer::saying(response(502, &[], page))).await;
    assert_eq!(class, FailureClass::Transient);
    assert!(message.ends_with("failed (502): a web page titled \"502 bad gateway\""), "{message}");
    let (class, message) = fails(&OddServer::saying(response(524, &[], "error code: 524"))).await;
    assert_eq!((class, message.ends_with("failed (524): error code: 524")), (FailureClass::Transient, true));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn silence_ends_by_the_idle_time_before_and_within_an_answer() {
    let mut bounds = limits();
    (bounds.idle_timeout, bounds.local_first_byte_timeout) = (Duration::from_millis(800), Duration::from_millis(800));
    for bytes in [Vec::new(), events(&chunk("first ", None))] {
        let server = OddServer::start(move |_| Answer::Hold(bytes.clone()));
        let worker = worker_of(&settings(Provider::Openai, &server.v1(), "m"), &bounds);
        let failure = failure(&worker, &call()).await;
        assert_eq!(failure.class, FailureClass::Transient);
        assert!(failure.message.ends_with("sent nothing for too long"), "{}", failure.message);
        assert!(server.client_left(), "the connection was kept");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_deadline_and_the_stop_token_close_the_connection() {
    for bytes in [Vec::new(), events(&chunk("first ", None))] {
        let server = OddServer::start(move |_| Answer::Hold(bytes.clone()));
        let worker = worker(Provider::Openai, &server.v1(), "m");
        let mut short = call();
        short.time_left = Duration::from_secs(1);
        assert_eq!(failure(&worker, &short).await.class, FailureClass::Timeout);
        assert!(server.client_left(), "the connection was kept after the deadline");

        let stop = CancellationToken::new();
        let whole = call();
        let calling = worker.call(&whole, &stop);
        let stopping = async {
            while server.seen().len() < 2 {
                tokio::task::yield_now().await;
            }
            stop.cancel();
        };
        let (outcome, ()) = tokio::join!(calling, stopping);
        assert_eq!(checked(outcome).expect_err("a stopped call").class, FailureClass::Cancelled);
        assert!(server.client_left(), "the connection was kept after the stop");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_endless_answer_is_bounded() {
    let mut bounds = limits();
    bounds.output_bytes_max = 1000;
    let server = OddServer::start(|_| Answer::Flood(events(""), chunk("äöü ", None).into_bytes()));
    let worker = worker_of(&settings(Provider::Openai, &server.v1(), "m"), &bounds);
    let text = answer(&worker, &call()).await.text;
    assert!(text.contains("\n\n[cut: the answer was longer than"), "{text}");
    assert!(text.len() < 1100, "{} bytes", text.len());
    assert!(server.client_left(), "the flood went on");
    let refused = failure(&worker, &verdict_call()).await;
    assert_eq!(refused.class, FailureClass::RequestRefused);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_refuses_the_schema_is_asked_once_more_and_remembered() {
    let server = OddServer::start(|request| {
        Answer::Close(if request.body.get("response_format").is_some() {
            response(
                400,
                &[JSON],
                r#"{"error":{"message":"response_format is not supported","type":"invalid_request_error"}}"#,
            )
        } else {
            events(&chunk("pong", Some("stop")))
        })
    });
    let worker = worker(Provider::Openai, &server.v1(), "m");
    for _ in 0..2 {
        assert_eq!(answer(&worker, &verdict_call()).await.text, "pong");
    }
    let with_schema: Vec<bool> =
        server.seen().iter().map(|request| request.body.get("response_format").is_some()).collect();
    assert_eq!(with_schema, [true, false, false]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_refuses_what_a_role_wishes_is_asked_once_more_without_it() {
    let server = OddServer::start(|request| {
        let refuse = |what: &str| {
            let body = json!({ "error": { "message": what, "type": "invalid_request_error" } });
            response(400, &[JSON], &body.to_string())
        };
        Answer::Close(match (request.body.get("temperature"), request.body.get("max_tokens")) {
            (Some(_), _) => refuse("Unsupported value: 'temperature' does not support 0.3 with this model"),
            (None, Some(_)) => refuse("max_tokens is too large: 8192"),
            (None, None) => events(&chunk("pong", Some("stop"))),
        })
    });
    let worker = worker(Provider::Openai, &server.v1(), "m");
    let call = Call { wishes: Wishes { temperature: Some(0.3), answer_tokens: Some(8192) }, ..call() };
    for _ in 0..2 {
        assert_eq!(answer(&worker, &call).await.text, "pong");
    }
    let sent: Vec<(bool, bool)> = server
        .seen()
        .iter()
        .map(|request| (request.body.get("temperature").is_some(), request.body.get("max_tokens").is_some()))
        .collect();
    let (first, again) = ([(true, true), (false, true), (false, false)], [(false, true), (false, false)]);
    assert_eq!(sent, [&first[..], &again[..]].concat(), "a temperature is refused for good, a length for this prompt");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn other_refusals_are_not_repeated() {
    let body = r#"{"error":{"message":"Unsupported value: 'temperature'","type":"invalid_request_error"}}"#;
    let server = OddServer::saying(response(400, &[JSON], body));
    let failure = failure(&worker(Provider::Openai, &server.v1(), "m"), &verdict_call()).await;
    assert_eq!((failure.class, server.seen().len()), (FailureClass::RequestRefused, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn names_reach_every_wire_whole_and_nothing_unasked_is_sent() {
    let server = OddServer::saying(response(418, &[JSON], "{}"));
    for (provider, _) in super::desk::WIRES {
        for model in ["qwen3-max", "mistral-medium", "gpt-5.1-codex-max", "x-zero", "org/model-high", "m:free"] {
            let _teapot = ask(&worker(provider, &server.v1(), model), &call()).await;
            let request = server.seen().pop().expect("a request");
            let named = request.body["model"].as_str() == Some(model)
                || request.head.lines().next().is_some_and(|line| line.contains(&format!("/{model}:")));
            assert!(named, "{provider:?} {model}: {request:?}");
            for unasked in
                ["reasoning_effort", "reasoning", "thinking", "temperature", "generationConfig", "output_config"]
            {
                let sent = request.body.get(unasked).filter(|value| **value != json!({}));
                assert!(sent.is_none(), "{provider:?} {model} sent {unasked}: {sent:?}");
            }
            assert!(request.head.contains("user-agent: synod/"), "{}", request.head);
        }
    }
}

#[test]
fn settings_that_cannot_work_are_refused_before_any_call() {
    let bounds = limits();
    let made = |settings: &Worker, key: Option<&str>| {
        let key = key.map(secrecy::SecretString::from);
        HttpWorker::new(Params { name: "w", worker: settings, key, limits: &bounds, rates: None }).map(|_| ())
    };
    let with = |change: fn(&mut Worker)| {
        let mut worker = settings(Provider::Openai, "http://127.0.0.1:1/v1", "m");
        change(&mut worker);
        worker
    };
    assert!(made(&with(|_| {}), None).is_ok(), "a server of one's own may want no key");
    assert!(matches!(made(&with(|w| w.base_url = None), None), Err(Error::KeyMissing { .. })));
    assert!(matches!(made(&with(|w| w.model = None), None), Err(Error::ModelMissing { .. })));
    assert!(matches!(made(&with(|w| w.model = Some("openai::m".into())), None), Err(Error::ModelName { .. })));
    assert!(matches!(made(&with(|w| w.provider = Provider::Codex), None), Err(Error::NotHttp { .. })));
    assert!(matches!(made(&with(|w| w.base_url = Some("http://a:b@h/".into())), None), Err(Error::Address { .. })));
    let error = match made(&with(|_| {}), Some("two\nlines")) {
        Err(error @ Error::KeyUnusable { .. }) => error.to_string(),
        other => panic!("{other:?}"),
    };
    assert!(error.contains("A_KEY") && !error.contains("lines"), "{error}");
}
