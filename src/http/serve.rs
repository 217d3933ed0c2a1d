//! The server's life: it takes connections up to a bound, and ends by answering what it has begun.

use super::limits::Limits;
use super::routes;
use crate::api::Handle;
use axum::serve::Listener;
use std::io;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::unix::SocketAddr;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

/// Why the server ended otherwise than by being told to.
#[derive(Debug, thiserror::Error)]
#[error("the HTTP face failed: {0}")]
pub struct ServeError(#[from] io::Error);

/// Answers requests on the socket until `stop`, then finishes what it has begun within `limits.drain` and removes the
/// socket's file. Requests that wait for something are told at once that the daemon ends.
///
/// # Errors
/// [`ServeError`] when the socket itself fails.
pub async fn serve(
    handle: Handle,
    listener: UnixListener,
    limits: Limits,
    stop: CancellationToken,
) -> Result<(), ServeError> {
    let file = SocketFile(listener.local_addr().ok().and_then(|address| Some(address.as_pathname()?.to_owned())));
    let router = routes::router(handle, &limits, stop.clone());
    let places = Arc::new(Semaphore::new(limits.connections_max.min(Semaphore::MAX_PERMITS)));
    let serving =
        axum::serve(Bounded { listener, places }, router).with_graceful_shutdown(stop.clone().cancelled_owned());
    let late = async {
        stop.cancelled().await;
        tokio::time::sleep(limits.drain).await;
    };
    let ended = tokio::select! {
        ended = serving => ended,
        () = late => {
            tracing::warn!("requests were still open at the end and were dropped");
            Ok(())
        }
    };
    drop(file);
    Ok(ended?)
}

/// The socket's file; it goes with the server, also when the server's future is dropped.
struct SocketFile(Option<PathBuf>);

impl Drop for SocketFile {
    fn drop(&mut self) {
        if let Some(path) = &self.0 {
            // A file that is gone already is as it should be; one that stays is cleared by the next daemon.
            let _ = std::fs::remove_file(path);
        }
    }
}

/// A listener that takes the next connection only when there is a place for it.
struct Bounded {
    listener: UnixListener,
    places: Arc<Semaphore>,
}

impl Listener for Bounded {
    type Io = Placed;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Placed, SocketAddr) {
        // The semaphore is never closed; without a permit the connection would only go uncounted.
        let place = Arc::clone(&self.places).acquire_owned().await.ok();
        let (stream, address) = Listener::accept(&mut self.listener).await;
        (Placed { stream, _place: place }, address)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// A connection with its place.
struct Placed {
    stream: UnixStream,
    _place: Option<OwnedSemaphorePermit>,
}

impl AsyncRead for Placed {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Placed {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
