//! One connection from its first byte to its last: it reads requests, has them answered, and keeps nobody waiting for
//! ever who sends nothing, too slowly, or does not read what it asked for.

use super::guard::{Guard, Way};
use super::limits::Limits;
use super::mounts::OverSocket;
use super::patience::{Patient, Timely};
use super::problem::{Problem, Refused};
use super::refusals::Refusals;
use crate::api::{Error, ErrorKind};
use axum::Router;
use axum::body::{Body, HttpBody};
use axum::http::{Request, StatusCode};
use axum::response::Response;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::OwnedSemaphorePermit;
use tokio_util::sync::CancellationToken;
use tower_service::Service as _;

/// Header fields of a request, read at most. The face itself refuses far fewer, with a reason.
const HEADERS_MAX: usize = 256;

/// Bytes of a request's head that are kept while it is read.
const HEAD_BUFFER_BYTES_MAX: usize = 128 << 10;

/// How long a connection that was told its last word is read on, so that a peer which is still sending gets to read
/// the answer instead of a reset.
const LINGER: Duration = Duration::from_secs(2);

/// What all connections share.
pub(super) struct Service {
    /// Every path.
    pub(super) router: Router,
    /// Who may ask.
    pub(super) guard: Guard,
    /// Where refusals are logged.
    pub(super) refusals: Refusals,
    /// The bounds.
    pub(super) limits: Limits,
    /// Set when the face ends.
    pub(super) stop: CancellationToken,
}

impl Service {
    async fn answer(&self, request: Request<Incoming>, way: Way) -> Response {
        let response = match self.guard.check(way, &request) {
            Ok(()) => self.pass_on(request, way).await,
            Err(refused) => *refused,
        };
        if let Some(Refused(why)) = response.extensions().get::<Refused>() {
            self.refusals.note(way, response.status().as_u16(), why);
        }
        response
    }

    async fn pass_on(&self, mut request: Request<Incoming>, way: Way) -> Response {
        if way == Way::Socket {
            request.extensions_mut().insert(OverSocket);
        }
        let until = self.limits.body_timeout;
        let request = request.map(|body| {
            // Most requests have no body, and need no watch on it.
            if body.is_end_stream() { Body::empty() } else { Body::new(Timely::new(body, until)) }
        });
        match self.router.clone().call(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        }
    }
}

/// Serves a connection until it ends, or until the face does and the connection has had its time to finish.
pub(super) async fn attend<S>(stream: S, place: OwnedSemaphorePermit, shared: Arc<Service>, way: Way)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let Limits { head_timeout, write_timeout, drain, .. } = shared.limits;
    let stop = shared.stop.clone();
    let serving = Arc::clone(&shared);
    let service = service_fn(move |request| {
        let shared = Arc::clone(&serving);
        async move { Ok::<_, Infallible>(shared.answer(request, way).await) }
    });
    let io = TokioIo::new(Patient::new(stream, write_timeout, place));
    let mut connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(head_timeout)
        .max_headers(HEADERS_MAX)
        .max_buf_size(HEAD_BUFFER_BYTES_MAX)
        .serve_connection(io, service)
        .with_upgrades();
    let ended = tokio::select! {
        ended = &mut connection => Some(ended),
        () = stop.cancelled() => None,
    };
    let Some(ended) = ended else {
        Pin::new(&mut connection).graceful_shutdown();
        if tokio::time::timeout(drain, connection).await.is_err() {
            tracing::warn!("a request was still open at the end and was dropped");
        }
        return;
    };
    // A connection that became a stream has no parts left: its handler has them.
    let Some(parts) = connection.into_parts() else { return };
    let begun = !parts.read_buf.is_empty();
    let stream = parts.io.into_inner();
    match ended {
        Err(error) if error.is_timeout() && begun => shared.turn_away(stream, way, too_slow()).await,
        // Nothing was asked, so nothing is said.
        Err(error) if error.is_timeout() => {}
        Err(error) => {
            if error.is_parse() {
                shared.refusals.note(way, 400, &format!("what was sent is no HTTP: {error}"));
            } else {
                tracing::debug!(%error, "a connection ended early");
            }
            linger(stream).await;
        }
        Ok(()) => linger(stream).await,
    }
}

impl Service {
    /// Tells a new connection why it is not served, and closes it. It may ask first: an answer that comes before the
    /// question is a broken one to many clients.
    pub(super) async fn refuse(&self, mut stream: impl AsyncRead + AsyncWrite + Unpin, way: Way, problem: Problem) {
        let mut begin = [0; 1024];
        // Who asks nothing in this time is told all the same.
        let _ = tokio::time::timeout(LINGER, stream.read(&mut begin)).await;
        self.turn_away(stream, way, problem).await;
    }

    /// Tells a connection why it is not served any more, and closes it.
    async fn turn_away(&self, mut stream: impl AsyncRead + AsyncWrite + Unpin, way: Way, problem: Problem) {
        let (status, why) = problem.said();
        self.refusals.note(way, status, why);
        let said = async {
            stream.write_all(&problem.into_bytes()).await?;
            stream.shutdown().await
        };
        // Who does not take even this is not waited for.
        if matches!(tokio::time::timeout(LINGER, said).await, Ok(Ok(()))) {
            linger(stream).await;
        }
    }
}

/// Reads and drops what still comes, for a moment. Closing with unread bytes would reset the connection, and the peer
/// might lose the answer it has not read yet (RFC 9112, 9.6).
async fn linger(mut stream: impl AsyncRead + Unpin) {
    let mut buffer = [0; 4096];
    let reading = async { while matches!(stream.read(&mut buffer).await, Ok(1..)) {} };
    // What matters is that the peer had the time, not whether it took it.
    let _ = tokio::time::timeout(LINGER, reading).await;
}

fn too_slow() -> Problem {
    let error = Error::new(ErrorKind::Invalid, "the request's head did not come in time").hint("send it again, whole");
    Problem::with_status(StatusCode::REQUEST_TIMEOUT, error)
}
