//! What other faces hang into this one, so that it serves them without knowing them: routers below a path of their own,
//! and byte streams that a connection to the socket turns into.

use super::problem::Problem;
use crate::api::{Error, ErrorKind};
use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use futures::future::BoxFuture;
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// The protocol that is named when a connection becomes a byte stream (RFC 9110, 7.8).
pub const STREAM_PROTOCOL: &str = "synod-stream";

/// The bytes of a connection that was HTTP before.
pub type Stream = TokioIo<Upgraded>;

/// Speaks on a byte stream until it ends. When the face ends, the future is given the drain's time and then dropped.
pub type StreamHandler = Arc<dyn Fn(Stream) -> BoxFuture<'static, ()> + Send + Sync>;

/// Starts background work: the composition root gives the one way there is to do so.
pub type Spawn = Arc<dyn Fn(BoxFuture<'static, ()>) + Send + Sync>;

/// What is hung into the face. Everything passes the same checks as the face's own paths.
#[derive(Clone, Default)]
pub struct Mounts {
    /// Routers, each with the path below which it answers (`/mcp`). Bodies are bounded by the routers themselves.
    pub routers: Vec<(String, Router)>,
    /// Handlers of byte streams, each with its path (`/mcp/stream`). Only connections to the socket can become one:
    /// `GET` with `Connection: upgrade` and `Upgrade: synod-stream`.
    pub streams: Vec<(String, StreamHandler)>,
}

impl std::fmt::Debug for Mounts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let routers: Vec<&str> = self.routers.iter().map(|(path, _)| path.as_str()).collect();
        let streams: Vec<&str> = self.streams.iter().map(|(path, _)| path.as_str()).collect();
        f.debug_struct("Mounts").field("routers", &routers).field("streams", &streams).finish()
    }
}

/// Marks a request that came over the socket; it alone may become a stream.
#[derive(Clone, Copy, Debug)]
pub(super) struct OverSocket;

/// What a stream needs besides its handler.
#[derive(Clone)]
pub(super) struct Streams {
    /// Starts the handler beside the connection.
    pub(super) spawn: Spawn,
    /// Set when the face ends.
    pub(super) stop: CancellationToken,
    /// How long a handler may go on after that.
    pub(super) drain: std::time::Duration,
}

impl Mounts {
    /// The routers and streams as one router.
    pub(super) fn router(self, streams: &Streams) -> Router {
        let mut all = Router::new();
        for (path, handler) in self.streams {
            let streams = streams.clone();
            let upgrade = move |request: Request| async move { streams.upgrade(request, handler) };
            all = all.route(&path, get(upgrade));
        }
        for (path, router) in self.routers {
            all = all.nest_service(&path, router);
        }
        all
    }
}

impl Streams {
    /// Answers that the connection becomes a stream, and starts its handler for the moment when it has.
    fn upgrade(&self, mut request: Request, handler: StreamHandler) -> Response {
        if request.extensions().get::<OverSocket>().is_none() {
            let error = Error::new(ErrorKind::Invalid, "streams are only to be had over the socket");
            return Problem::with_status(StatusCode::FORBIDDEN, error.hint("connect to .synod/synod.sock"))
                .into_response();
        }
        let asked = request.headers().get(header::UPGRADE);
        if !asked.is_some_and(|protocol| protocol.as_bytes().eq_ignore_ascii_case(STREAM_PROTOCOL.as_bytes())) {
            return not_asked_to_upgrade();
        }
        let upgrading = hyper::upgrade::on(&mut request);
        let (stop, drain) = (self.stop.clone(), self.drain);
        (self.spawn)(Box::pin(async move {
            let late = async {
                stop.cancelled().await;
                tokio::time::sleep(drain).await;
            };
            let speaking = async {
                match upgrading.await {
                    Ok(stream) => handler(TokioIo::new(stream)).await,
                    // The client went away between asking and being answered.
                    Err(error) => tracing::debug!(%error, "a connection did not become a stream"),
                }
            };
            tokio::select! {
                () = speaking => {}
                () = late => tracing::warn!("a stream was still open at the end and was dropped"),
            }
        }));
        let headers = [
            (header::CONNECTION, HeaderValue::from_static("upgrade")),
            (header::UPGRADE, HeaderValue::from_static(STREAM_PROTOCOL)),
        ];
        (StatusCode::SWITCHING_PROTOCOLS, headers).into_response()
    }
}

fn not_asked_to_upgrade() -> Response {
    let error = Error::new(ErrorKind::Invalid, "this path is a stream of bytes, not a page")
        .hint(format!("ask with `Connection: upgrade` and `Upgrade: {STREAM_PROTOCOL}`"));
    let mut response = Problem::with_status(StatusCode::UPGRADE_REQUIRED, error).into_response();
    let headers = response.headers_mut();
    headers.insert(header::UPGRADE, HeaderValue::from_static(STREAM_PROTOCOL));
    headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
    response
}
