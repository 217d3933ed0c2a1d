//! LiteLLM's proxy on the wires it speaks: wire formats and error bodies that nobody of this project wrote.

use std::time::Duration;

use secrecy::SecretString;
use synod::board::{Failure, FailureClass};
use synod::config::Provider;
use synod::worker::http::{HttpWorker, Params};
use tokio_util::sync::CancellationToken;

use super::desk::{call, checked, limits, settings};
use crate::support::litellm::{self, LiteLlm};
use crate::support::model_server::{ModelServer, On, Reply};
use crate::support::peers;

fn worker(proxy: &LiteLlm, provider: Provider, path: &str, model: &str, key: &str) -> Result<HttpWorker, String> {
    let settings = settings(provider, &format!("{}{path}", proxy.url()), model);
    let key = Some(SecretString::from(key));
    HttpWorker::new(Params { name: "w", worker: &settings, key, limits: &limits(), rates: None })
        .map_err(|error| error.to_string())
}

/// Asks the proxy for one answer.
async fn ask(proxy: &LiteLlm, provider: Provider, path: &str, model: &str) -> Result<String, Failure> {
    let refused =
        |message| Failure { class: FailureClass::WorkerBlocked, message, after_s: 0.0, usage: Default::default() };
    let worker = worker(proxy, provider, path, model, litellm::KEY).map_err(refused)?;
    checked(worker.call(&call(), &CancellationToken::new()).await).map(|reply| reply.text)
}

async fn class(proxy: &LiteLlm, provider: Provider, path: &str, model: &str) -> (Option<FailureClass>, String) {
    match ask(proxy, provider, path, model).await {
        Ok(text) => (None, text),
        Err(failure) => (Some(failure.class), failure.message),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_proxy_is_understood_on_every_wire_it_streams() {
    let server = ModelServer::start();
    let Some(proxy) = litellm::start(peers::root(), &server) else {
        return;
    };
    server.otherwise(|_| Reply::text("hopped over"));

    // Streams that end in a real hop, on each wire that the proxy translates.
    for (provider, path) in [
        (Provider::Openai, "/v1"),
        (Provider::Anthropic, "/v1"),
        (Provider::OpenaiResponses, "/v1"),
        (Provider::Gemini, "/v1beta"),
    ] {
        for model in ["hop-openai", "hop-anthropic"] {
            let told = ask(&proxy, provider, path, model).await;
            assert!(told.as_deref() == Ok("hopped over"), "{provider:?} {model}: {told:?}\n{}", proxy.log());
        }
    }
    let canned = ask(&proxy, Provider::Openai, "/v1", "canned-openai").await;
    assert_eq!(canned.as_deref(), Ok("canned openai answer"));

    // Its own errors.
    let of = async |model| class(&proxy, Provider::Openai, "/v1", model).await;
    let (limit, message) = of("fails-429").await;
    assert!(matches!(limit, Some(FailureClass::RateLimited { .. })), "{limit:?} {message}");
    assert_eq!(of("fails-400-context").await.0, Some(FailureClass::RequestRefused));
    assert_eq!(of("fails-500").await.0, Some(FailureClass::Transient));
    let inside = of("fails-inside-stream").await;
    assert_eq!(inside.0, Some(FailureClass::Transient), "{}", inside.1);
    assert_eq!(of("no-such-model").await.0, Some(FailureClass::WorkerBlocked));

    // Its own limit, with the header that only it has.
    assert_eq!(of("one-a-minute").await.0, None);
    let minute = FailureClass::RateLimited { retry_after: Some(Duration::from_secs(60)) };
    assert_eq!(of("one-a-minute").await.0, Some(minute));

    // Errors that it passes on.
    server.queue(On::model("hop-openai"), [Reply::rate_limited(3), Reply::status(401)]);
    let (passed_on, message) = of("hop-openai").await;
    assert!(matches!(passed_on, Some(FailureClass::RateLimited { retry_after: Some(_) })), "{passed_on:?} {message}");
    assert_eq!(of("hop-openai").await.0, Some(FailureClass::WorkerBlocked));
}
