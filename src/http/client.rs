//! The board behind a socket: each request is one connection, which on a Unix socket costs less than keeping a pool right.

use super::mounts::{STREAM_PROTOCOL, Stream};
use super::problem;
use super::target::Target;
use crate::api::{Answering, Board, Error, ErrorKind, Reply, Request};
use axum::body::{Body, Bytes};
use axum::http;
use http_body_util::{BodyExt, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::net::UnixStream;

/// Largest reply that is read, in bytes; a task's whole answer is the largest thing the daemon sends.
const REPLY_BYTES_MAX: usize = 64 << 20;

/// How long the daemon may take beyond the time that a request itself waits.
const REPLY_WAIT_MAX: Duration = Duration::from_secs(60);

/// A way to the daemon that answers on a socket.
#[derive(Clone, Debug)]
pub struct Client {
    pub(super) socket: PathBuf,
}

impl Client {
    /// Finds out whether somebody answers on the socket, and how to speak to them.
    ///
    /// # Errors
    /// [`ErrorKind::Unreachable`] when nobody does.
    pub async fn connect(socket: &Path) -> Result<Self, Error> {
        open(socket).await?;
        Ok(Self { socket: socket.to_owned() })
    }

    /// Turns a connection to the daemon into a stream of bytes: what is written goes to whoever serves the path.
    ///
    /// # Errors
    /// [`ErrorKind::Unreachable`] when nobody answers, or why the stream was refused.
    pub async fn stream(socket: &Path, path: &str) -> Result<Stream, Error> {
        let refused = |error: hyper::Error| {
            Error::new(ErrorKind::Unreachable, format!("the daemon gives no stream: {error}"))
                .hint("it may have ended; see with: synod doctor, and start it with: synod up")
        };
        let stream = open(socket).await?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(refused)?;
        let exchange = async {
            let response = sender.send_request(ask_for_stream(path)?).await.map_err(refused)?;
            if response.status() != http::StatusCode::SWITCHING_PROTOCOLS {
                let status = response.status();
                let body = response.into_body().collect().await.map_err(refused)?.to_bytes();
                return Err(problem::read(status, &body));
            }
            hyper::upgrade::on(response).await.map(TokioIo::new).map_err(refused)
        };
        tokio::pin!(exchange);
        // The connection gives itself up as soon as it is a stream.
        tokio::select! {
            biased;
            stream = &mut exchange => stream,
            _ = connection.with_upgrades() => exchange.await,
        }
    }

    async fn exchange(&self, request: Request) -> Result<Reply, Error> {
        let patience = patience(&request);
        let target = Target::of(request).map_err(|error| unwritten(&error))?;
        let sending = self.send(target);
        let (status, body) = tokio::time::timeout(patience, sending).await.map_err(|_| {
            Error::new(ErrorKind::Unreachable, format!("the daemon on {} does not answer", self.socket.display()))
                .hint("see what it does in .synod/daemon.log; end it with: synod down --now")
        })??;
        if !status.is_success() {
            return Err(problem::read(status, &body));
        }
        serde_json::from_slice(&body).map_err(|error| {
            Error::new(ErrorKind::Internal, format!("the daemon's answer cannot be read: {error}"))
                .hint("it may be of another version; restart it with: synod down, synod up")
        })
    }

    async fn send(&self, target: Target) -> Result<(http::StatusCode, Bytes), Error> {
        let broken = |error: &dyn std::fmt::Display| {
            Error::new(ErrorKind::Unreachable, format!("the connection to the daemon broke: {error}"))
                .hint("it may have ended; see with: synod doctor, and start it with: synod up")
        };
        let stream = open(&self.socket).await?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(|error| broken(&error))?;
        let request = encode(target)?;
        let exchange = async {
            let response = sender.send_request(request).await.map_err(|error| broken(&error))?;
            let status = response.status();
            let body = Limited::new(response.into_body(), REPLY_BYTES_MAX).collect().await;
            Ok((status, body.map_err(|error| broken(&error))?.to_bytes()))
        };
        tokio::pin!(exchange);
        // The connection is driven beside the exchange, and needs no task of its own.
        tokio::select! {
            biased;
            answered = &mut exchange => answered,
            _ = connection => exchange.await,
        }
    }
}

impl Board for Client {
    fn ask(&self, request: Request) -> Answering<'_> {
        Box::pin(self.exchange(request))
    }
}

/// How long to wait for the answer.
fn patience(request: &Request) -> Duration {
    let waits = match request {
        Request::Wait { for_ms, .. } => *for_ms,
        Request::Notices { wait_ms, .. } | Request::ClaimWork { wait_ms, .. } => *wait_ms,
        Request::Submit(_)
        | Request::Tasks { .. }
        | Request::Show { .. }
        | Request::Cancel { .. }
        | Request::Retry { .. }
        | Request::Approve { .. }
        | Request::Answer { .. }
        | Request::Reject { .. }
        | Request::Apply { .. }
        | Request::Why { .. }
        | Request::Replay { .. }
        | Request::Log { .. }
        | Request::VerifyLog
        | Request::Route { .. }
        | Request::Workers
        | Request::Report { .. }
        | Request::ImportRecords { .. }
        | Request::MemoryList { .. }
        | Request::MemoryRead { .. }
        | Request::MemoryWrite { .. }
        | Request::MemoryEdit { .. }
        | Request::MemoryDelete { .. }
        | Request::MemoryRename { .. }
        | Request::MemoryHistory { .. }
        | Request::MemoryRestore { .. }
        | Request::MemorySearch { .. }
        | Request::MemoryLease { .. }
        | Request::RenewWork { .. }
        | Request::SubmitWork { .. }
        | Request::Status
        | Request::Shutdown { .. } => 0,
    };
    Duration::from_millis(waits).saturating_add(REPLY_WAIT_MAX)
}

fn encode(target: Target) -> Result<http::Request<Body>, Error> {
    let mut request =
        http::Request::builder().method(target.method).uri(target.path).header(http::header::HOST, "localhost");
    if target.body.is_some() {
        request = request.header(http::header::CONTENT_TYPE, "application/json");
    }
    request.body(target.body.map_or_else(Body::empty, Body::from)).map_err(|error| unwritten(&error))
}

fn unwritten(error: &dyn std::fmt::Display) -> Error {
    Error::new(ErrorKind::Internal, format!("the request cannot be written: {error}"))
}

fn ask_for_stream(path: &str) -> Result<http::Request<Body>, Error> {
    let request = http::Request::builder()
        .uri(path)
        .header(http::header::HOST, "localhost")
        .header(http::header::CONNECTION, "upgrade")
        .header(http::header::UPGRADE, STREAM_PROTOCOL);
    request.body(Body::empty()).map_err(|error| unwritten(&error))
}

async fn open(socket: &Path) -> Result<UnixStream, Error> {
    UnixStream::connect(socket).await.map_err(|error| {
        let (what, hint) = match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => {
                ("no daemon serves this workspace".to_owned(), "start one with: synod up")
            }
            io::ErrorKind::PermissionDenied => (
                format!("{} belongs to another user", socket.display()),
                "work as the user who started the daemon, or in a workspace of your own",
            ),
            _ => (
                format!("the daemon's socket {} cannot be used: {error}", socket.display()),
                "start a daemon with: synod up",
            ),
        };
        Error::new(ErrorKind::Unreachable, what).hint(hint)
    })
}
