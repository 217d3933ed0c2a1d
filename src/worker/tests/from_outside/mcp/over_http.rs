//! Servers over streamable HTTP: with and without a token, away, and started anew.

use super::bench::{Bench, until};
use super::server::Server;
use axum::Router;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::transport::{StreamableHttpServerConfig, StreamableHttpService};
use std::sync::Arc;
use std::time::Duration;
use synod::board::FailureClass;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// Serves until the token is cancelled; gives the address.
async fn serve(server: Server, port: u16, end: CancellationToken) -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", port)).await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let config = StreamableHttpServerConfig::default().with_cancellation_token(end.child_token());
    let service =
        StreamableHttpService::new(move || Ok(server.clone()), Arc::new(LocalSessionManager::default()), config);
    let app = Router::new().nest_service("/mcp", service).layer(from_fn(only_with_the_token));
    tokio::spawn(async move {
        tokio::select! {
            served = axum::serve(listener, app) => served.expect("it serves"),
            () = end.cancelled() => {}
        }
    });
    port
}

async fn only_with_the_token(request: Request, next: Next) -> Response {
    let given = request.headers().get("authorization").and_then(|value| value.to_str().ok());
    if given == Some("Bearer the-right-token") {
        next.run(request).await
    } else {
        StatusCode::UNAUTHORIZED.into_response()
    }
}

fn settings(port: u16, tool: &str) -> String {
    format!("provider = 'mcp'\nurl = 'http://127.0.0.1:{port}/mcp'\ntool = '{tool}'\napi_key_env = 'TOOL_TOKEN'")
}

const RIGHT: &[(&str, &str)] = &[("TOOL_TOKEN", "the-right-token")];

#[tokio::test]
async fn a_tool_answers_over_http_in_both_eras_and_the_session_is_kept() {
    for old in [false, true] {
        let end = CancellationToken::new();
        let server = Server { old, ..Server::default() };
        let port = serve(server, 0, end.clone()).await;
        let bench = Bench::new(&settings(port, "say"), RIGHT);
        assert!(bench.said("hello").await.text.ends_with("hello"));
        assert!(bench.said("again").await.text.starts_with("call 2"));
        end.cancel();
    }
}

#[tokio::test]
async fn a_wrong_or_missing_token_blocks_the_worker_and_is_not_repeated() {
    let end = CancellationToken::new();
    let port = serve(Server::default(), 0, end.clone()).await;
    for wrong in [&[][..], &[("TOOL_TOKEN", "the-wrong-token")]] {
        let failure = Bench::new(&settings(port, "say"), wrong).failure("x").await;
        assert_eq!(failure.class, FailureClass::WorkerBlocked, "{failure:?}");
        assert!(!failure.message.contains("the-wrong-token"), "{failure:?}");
    }
    end.cancel();
}

#[tokio::test]
async fn a_server_that_is_away_is_asked_again_when_it_is_back() {
    let end = CancellationToken::new();
    let port = serve(Server::default(), 0, end.clone()).await;
    let bench = Bench::new(&settings(port, "say"), RIGHT);
    bench.said("hello").await;
    end.cancel();
    until("it is away", || std::net::TcpStream::connect(("127.0.0.1", port)).is_err()).await;
    assert_eq!(bench.failure("x").await.class, FailureClass::Transient);
    let end = CancellationToken::new();
    serve(Server::default(), port, end.clone()).await;
    assert!(bench.said("hello").await.text.ends_with("hello"), "it is back");
    end.cancel();
}

#[tokio::test]
async fn a_stopped_call_is_cancelled_at_the_server() {
    for old in [false, true] {
        let (end, notes) = (CancellationToken::new(), tempfile::tempdir().expect("a folder"));
        let server = Server { old, notes: notes.path().to_owned(), ..Server::default() };
        let port = serve(server, 0, end.clone()).await;
        let bench = Bench::new(&settings(port, "slow"), RIGHT);
        let stop = CancellationToken::new();
        let stopper = async {
            until("the call has begun", || notes.path().join("begun").exists()).await;
            stop.cancel();
        };
        let (outcome, ()) = tokio::join!(bench.call_within("x", Duration::from_secs(60), stop.clone()), stopper);
        assert_eq!(outcome.expect_err("it was stopped").class, FailureClass::Cancelled);
        until("the server was told", || notes.path().join("cancelled").exists()).await;
        end.cancel();
    }
}
