//! The client library that the HTTP workers ride on, without the workers: it reads every wire of the model server as it
//! would read the provider's, text, counts and reason alike.

use futures::StreamExt;
use genai::adapter::AdapterKind;
use genai::chat::{ChatMessage, ChatOptions, ChatRequest, ChatStreamEvent, StopReason, StreamEnd};
use genai::resolver::{AuthData, Endpoint};
use genai::{Client, ModelIden, ServiceTarget};

use crate::support::model_server::{ModelServer, On, Reply, Seen, Usage, Wire};

/// Each wire with the library's name for it and the path below the server's root where its base lies.
const WIRES: [(Wire, AdapterKind, &str); 6] = [
    (Wire::Anthropic, AdapterKind::Anthropic, "v1/"),
    (Wire::OpenAiChat, AdapterKind::OpenAI, "v1/"),
    (Wire::OpenRouter, AdapterKind::OpenAI, "api/v1/"),
    (Wire::OpenAiResponses, AdapterKind::OpenAIResp, "v1/"),
    (Wire::Gemini, AdapterKind::Gemini, "v1beta/"),
    (Wire::Ollama, AdapterKind::Ollama, ""),
];

/// Asks on one wire and reads the stream to its end: the text, and what the library says of the end.
async fn ask(server: &ModelServer, adapter: AdapterKind, base: &str, prompt: &str) -> (String, Option<StreamEnd>) {
    // Whoever was first has installed the same provider.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let http = reqwest::Client::builder().no_proxy().tls_certs_only(std::iter::empty()).build().expect("a client");
    let target = ServiceTarget {
        endpoint: Endpoint::from_owned(format!("{}/{base}", server.url())),
        auth: AuthData::from_single("library-key"),
        model: ModelIden::new(adapter, "some-model"),
    };
    let request = ChatRequest::new(vec![ChatMessage::system("be brief"), ChatMessage::user(prompt)]);
    let options = ChatOptions::default().with_capture_usage(true);
    let client = Client::builder().with_reqwest(http).build().expect("a library client");
    let mut stream = client.exec_chat_stream(target, request, Some(&options)).await.expect("a stream").stream;
    let (mut text, mut end) = (String::new(), None);
    while let Some(Ok(event)) = stream.next().await {
        match event {
            ChatStreamEvent::Chunk(chunk) => text.push_str(&chunk.content),
            ChatStreamEvent::End(found) => end = Some(found),
            _ => {}
        }
    }
    (text, end)
}

#[tokio::test]
async fn every_wire_reads_as_its_provider_s() {
    let server = ModelServer::start();
    let usage = Usage { input: 21, output: 9, cached: 0, cost_usd: 0.5 };
    server.always(On::prompt("COUNT"), Reply::Priced { text: "füll text".to_owned(), usage });
    server.always(On::prompt("CUT"), Reply::LengthStop("not all".to_owned()));
    for (wire, adapter, base) in WIRES {
        let (text, end) = ask(&server, adapter, base, "COUNT me").await;
        let end = end.expect("the stream has an end");
        assert_eq!(text, "füll text", "{wire:?}");
        assert!(matches!(end.captured_stop_reason, Some(StopReason::Completed(_))), "{wire:?}: {end:?}");
        let counted = end.captured_usage.expect("the counts");
        assert_eq!((counted.prompt_tokens, counted.completion_tokens), (Some(21), Some(9)), "{wire:?}");

        let (_, end) = ask(&server, adapter, base, "CUT me").await;
        let reason = end.and_then(|end| end.captured_stop_reason);
        assert!(matches!(reason, Some(StopReason::MaxTokens(_))), "{wire:?}: {reason:?}");
    }
    let seen = server.seen();
    let asked: Vec<Wire> = seen.iter().step_by(2).map(|call| call.wire).collect();
    assert_eq!(asked, WIRES.map(|(wire, ..)| wire));
    let whole = |call: &Seen| call.stream && call.model == "some-model" && call.conversation.contains("be brief");
    assert!(seen.iter().all(whole), "{seen:?}");
}

#[tokio::test]
async fn a_stream_that_breaks_has_no_end() {
    let server = ModelServer::start();
    server.always(On::prompt("CUT"), Reply::TruncateMidStream("half of it".to_owned()));
    server.always(On::prompt("FAIL"), Reply::SseError("half of it".to_owned()));
    for (wire, adapter, base) in WIRES {
        for prompt in ["CUT me", "FAIL me"] {
            let (text, end) = ask(&server, adapter, base, prompt).await;
            assert!(end.is_none_or(|end| end.captured_stop_reason.is_none()), "{wire:?} {prompt}");
            assert_ne!(text, "half of it", "{wire:?} {prompt}");
        }
    }
}
