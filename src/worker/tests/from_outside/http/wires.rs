//! Every wire against the scripted model server: answers, failures, silence, cuts, prices, schemas.

use std::time::Duration;

use synod::board::FailureClass;
use synod::config::{Effort, Price, Provider};
use synod::worker::http::HttpWorker;
use synod::worker::{Call, Image, Turn, Wishes};
use tokio_util::sync::CancellationToken;

use super::desk::{
    KEY, PROMPT, WIRES, answer, call, checked, failure, limited, limits, settings, verdict_call, worker, worker_of,
};
use crate::support::model_server::{Auth, ModelServer, On, Outcome, Reply, Usage, Wire};

const SOON: Duration = Duration::from_secs(20);

/// A worker of each wire at this server.
fn workers(server: &ModelServer) -> Vec<(Provider, HttpWorker)> {
    let of = |(provider, path): (Provider, &str)| {
        (provider, worker(provider, &format!("{}{path}", server.url()), "test-model"))
    };
    WIRES.into_iter().map(of).collect()
}

/// The class by which each wire's call fails when the server answers so.
async fn all_fail(reply: Reply, expected: FailureClass) {
    let server = ModelServer::start();
    server.always(On::any(), reply.clone());
    for (provider, worker) in workers(&server) {
        let failure = failure(&worker, &call()).await;
        assert_eq!(failure.class, expected, "{provider:?} {reply:?}: {}", failure.message);
    }
    assert_eq!(server.seen().len(), WIRES.len(), "one request a call: {:?}", server.strays());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_wire_answers_with_text_model_and_usage() {
    let server = ModelServer::start();
    let usage = Usage { input: 100, output: 20, cached: 60, cost_usd: 0.125 };
    server.always(On::any(), Reply::Priced { text: "pong, all: ä🦀".to_owned(), usage });
    for (provider, worker) in workers(&server) {
        let reply = answer(&worker, &call()).await;
        assert_eq!((reply.text.as_str(), reply.model.as_str()), ("pong, all: ä🦀", "test-model"), "{provider:?}");
        let counts = (reply.usage.input_tokens, reply.usage.output_tokens, reply.usage.cached_tokens);
        // Anthropic counts what its cache gave apart from what it calls input.
        let input = if provider == Provider::Anthropic { 160 } else { 100 };
        assert_eq!(counts, (input, 20, 60), "{provider:?}");
        let charged = (provider == Provider::Openrouter).then_some(0.125);
        assert_eq!(reply.usage.cost_usd, charged, "{provider:?}");
        let seen = server.seen().pop().expect("the call");
        assert!(seen.stream, "{provider:?} did not ask for a stream");
        // The library ends a part of Gemini's wire with a line end.
        assert_eq!(seen.prompt.trim_end(), PROMPT, "{provider:?}");
        assert!(seen.conversation.contains("SYSTEM-MARKER"), "{provider:?} lost the system prompt");
        let auth = match seen.wire {
            Wire::Anthropic => Auth::ApiKeyHeader(KEY.to_owned()),
            Wire::Gemini => Auth::GoogleHeader(KEY.to_owned()),
            _ => Auth::Bearer(KEY.to_owned()),
        };
        assert_eq!(seen.auth, auth, "{provider:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_wire_is_told_a_conversation_again_before_what_is_new() {
    let server = ModelServer::start();
    server.always(On::any(), Reply::text("third answer"));
    let turn = |prompt: &str, answer: &str| Turn { prompt: prompt.to_owned(), answer: answer.to_owned() };
    let history = vec![turn("first prompt", "first answer"), turn("second prompt", "second answer")];
    let call = Call { history, ..call() };
    for (provider, worker) in workers(&server) {
        assert_eq!(answer(&worker, &call).await.text, "third answer", "{provider:?}");
        let seen = server.seen().pop().expect("the call");
        assert_eq!(seen.prompt.trim_end(), PROMPT, "{provider:?}: what is new comes last");
        let parts = ["first prompt", "first answer", "second prompt", "second answer", PROMPT];
        let body = seen.body.to_string();
        let places: Vec<Option<usize>> = parts.iter().map(|part| body.find(part)).collect();
        assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{provider:?} {places:?}: {body}");
        let spoken = body.matches("assistant").count() + body.matches("\"model\"}").count();
        let by_model = body.matches("\"role\":\"model\"").count();
        assert!(spoken.max(by_model) >= 2, "{provider:?}: its own words are its own: {body}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_wire_shows_an_image_behind_the_prompt() {
    let server = ModelServer::start();
    server.always(On::any(), Reply::text("a cat"));
    let image = Image { name: "docs/cat.png".to_owned(), media_type: "image/png", bytes: b"foobar".to_vec() };
    let call = Call { images: vec![image], ..call() };
    for (provider, worker) in workers(&server) {
        assert_eq!(answer(&worker, &call).await.text, "a cat", "{provider:?}");
        let seen = server.seen().pop().expect("the call");
        let body = seen.body.to_string();
        assert!(body.contains("Zm9vYmFy") && body.contains("image/png"), "{provider:?}: {body}");
        assert!(body.find(PROMPT) < body.find("Zm9vYmFy"), "{provider:?}: {body}");
        assert_eq!(seen.prompt.trim_end(), PROMPT, "{provider:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_error_that_repeats_the_conversation_is_not_shown() {
    let server = ModelServer::start();
    let told = "SYSTEM-MARKER of an earlier turn that nobody else may read";
    let body = serde_json::json!({ "error": { "message": format!("cannot take: {told}") } });
    server.always(On::any(), Reply::Status { code: 400, retry_after: None, body: Some(body) });
    let history = vec![Turn { prompt: told.to_owned(), answer: "yes".to_owned() }];
    for (_, worker) in workers(&server) {
        failure(&worker, &Call { history: history.clone(), ..call() }).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_wire_classifies_what_the_provider_refuses() {
    all_fail(Reply::status(401), FailureClass::WorkerBlocked).await;
    all_fail(Reply::status(404), FailureClass::WorkerBlocked).await;
    all_fail(Reply::rate_limited(7), limited(7_000)).await;
    all_fail(Reply::status(500), FailureClass::Transient).await;
    all_fail(Reply::status(400), FailureClass::RequestRefused).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_each_wire_only_a_whole_answer_is_one() {
    all_fail(Reply::TruncateMidStream("half of the answer".to_owned()), FailureClass::Transient).await;
    all_fail(Reply::SseError("half of the answer".to_owned()), FailureClass::Transient).await;
    all_fail(Reply::EmptyText, FailureClass::Transient).await;
    all_fail(Reply::EmptyBody, FailureClass::Transient).await;
    all_fail(Reply::Html, FailureClass::Transient).await;
    all_fail(Reply::RefusalStop("I will".to_owned()), FailureClass::RequestRefused).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_wire_tells_an_answer_cut_by_the_token_limit() {
    let server = ModelServer::start();
    server.always(On::any(), Reply::LengthStop("half".to_owned()));
    for (provider, worker) in workers(&server) {
        let text = answer(&worker, &call()).await.text;
        assert!(text.starts_with("half\n\n[cut: "), "{provider:?}: {text}");
        let refused = failure(&worker, &verdict_call()).await;
        assert_eq!(refused.class, FailureClass::RequestRefused, "{provider:?}");
        assert!(refused.usage.output_tokens > 0, "{provider:?}: what was paid is told");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hanging_server_ends_by_the_deadline_and_is_left() {
    for reply in [Reply::HangForever, Reply::HangMidStream("half of the answer".to_owned())] {
        let server = ModelServer::start();
        server.always(On::any(), reply);
        // All at once, with time enough for each to have arrived also on a busy machine.
        let calls = workers(&server).into_iter().map(|(provider, worker)| async move {
            let mut short = call();
            short.time_left = Duration::from_secs(2);
            assert_eq!(failure(&worker, &short).await.class, FailureClass::Timeout, "{provider:?}");
        });
        futures::future::join_all(calls).await;
        let left = |calls: &[crate::support::model_server::Seen]| {
            calls.len() == WIRES.len() && calls.iter().all(|call| call.outcome == Outcome::ClientGone)
        };
        assert!(server.wait_until(SOON, left), "a connection was kept");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stopped_call_leaves_at_once() {
    let server = ModelServer::start();
    server.always(On::any(), Reply::HangMidStream("half of the answer".to_owned()));
    for (number, (provider, worker)) in workers(&server).into_iter().enumerate() {
        let (stop, call) = (CancellationToken::new(), call());
        let stopping = async {
            while server.seen().len() <= number {
                tokio::task::yield_now().await;
            }
            stop.cancel();
        };
        let (outcome, ()) = tokio::join!(worker.call(&call, &stop), stopping);
        assert_eq!(checked(outcome).expect_err("stopped").class, FailureClass::Cancelled, "{provider:?}");
    }
    assert!(server.wait_until(SOON, |calls| calls.iter().all(|call| call.outcome == Outcome::ClientGone)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_goes_on_after_failures() {
    let server = ModelServer::start();
    server.queue(On::any(), [Reply::status(500), Reply::TruncateMidStream("half".to_owned())]);
    let worker = worker(Provider::Openai, &server.v1(), "test-model");
    for _ in 0..2 {
        assert_eq!(failure(&worker, &call()).await.class, FailureClass::Transient);
    }
    assert_eq!(answer(&worker, &call()).await.text, "MODEL-OK");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_schema_stands_where_each_wire_wants_it() {
    let server = ModelServer::start();
    for (provider, worker) in workers(&server) {
        let place = match provider {
            Provider::OpenaiResponses => "/text/format/schema/properties/stance",
            Provider::Anthropic => "/output_config/format/schema/properties/stance",
            Provider::Gemini => "/generationConfig/responseJsonSchema/properties/stance",
            _ => "/response_format/json_schema/schema/properties/stance",
        };
        answer(&worker, &call()).await;
        let plain = server.seen().pop().expect("the call").body;
        assert!(plain.pointer(place).is_none(), "{provider:?}: {plain}");
        answer(&worker, &verdict_call()).await;
        let body = server.seen().pop().expect("the call").body;
        assert!(body.pointer(place).is_some(), "{provider:?}: {body}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_configured_is_sent_and_priced() {
    let server = ModelServer::start();
    let usage = Usage { input: 1_000_000, output: 500_000, cached: 0, cost_usd: 0.0 };
    server.always(On::any(), Reply::Priced { text: "pong".to_owned(), usage });
    let mut settings = settings(Provider::Openai, &server.v1(), "gpt-5");
    settings.temperature = Some(0.5);
    settings.max_tokens = Some(900);
    settings.reasoning_effort = Some(Effort::High);
    settings.price = Some(Price { input: 1.25, output: 10.0 });
    let reply = answer(&worker_of(&settings, &limits()), &call()).await;
    assert_eq!(reply.usage.cost_usd, Some(6.25));
    let body = server.seen().pop().expect("the call").body;
    assert_eq!(body["temperature"], 0.5);
    assert_eq!(body["max_completion_tokens"], 900);
    assert_eq!(body["reasoning_effort"], "high");
}

/// What a call in a role that wants this sends: temperature and longest answer, wherever the wire has them.
async fn wished(provider: Provider, path: &str, model: &str, change: fn(&mut Call)) -> (Option<f64>, Option<u64>) {
    let server = ModelServer::start();
    server.always(On::any(), Reply::text("pong"));
    let worker = worker(provider, &format!("{}{path}", server.url()), model);
    let mut call = Call { wishes: Wishes { temperature: Some(0.3), answer_tokens: Some(8192) }, ..call() };
    change(&mut call);
    answer(&worker, &call).await;
    let body = server.seen().pop().expect("the call").body;
    let first = |places: &[&str]| places.iter().find_map(|place| body.pointer(place).cloned());
    let lengths = ["/max_tokens", "/max_completion_tokens", "/max_output_tokens", "/generationConfig/maxOutputTokens"];
    let temperature = first(&["/temperature", "/generationConfig/temperature"]).and_then(|value| value.as_f64());
    (temperature, first(&lengths).and_then(|value| value.as_u64()))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_role_wishes_is_sent_on_every_wire() {
    for (provider, path) in WIRES {
        assert_eq!(wished(provider, path, "house-model", |_| {}).await, (Some(0.3), Some(8192)), "{provider:?}");
        let under_budget = |call: &mut Call| call.ceiling.answer_tokens = Some(500);
        let sent = wished(provider, path, "house-model", under_budget).await;
        assert_eq!(sent, (Some(0.3), Some(500)), "{provider:?}: no more than what was set aside for");
    }
    let thinks = wished(Provider::Openai, "/v1", "gpt-5", |_| {}).await;
    assert_eq!(thinks, (None, Some(32_768)), "no temperature, and room to think");
    let planner = |call: &mut Call| call.wishes.answer_tokens = Some(2_000_000);
    let cut = wished(Provider::Openai, "/v1", "gpt-4o", planner).await;
    assert_eq!(cut, (Some(0.3), Some(16_384)), "cut to what the model gives");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_missing_model_is_named() {
    let server = ModelServer::start();
    server.always(On::any(), Reply::status(404));
    for (provider, worker) in workers(&server) {
        let message = failure(&worker, &call()).await.message;
        assert!(message.contains("`test-model`"), "{provider:?}: {message}");
    }
}
