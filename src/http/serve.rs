//! The server's life: it takes connections up to a bound, refuses those beyond it, and ends by answering what it has begun.

use super::connection::{self, Service, Way};
use super::limits::Limits;
use super::mounts::{Mounts, Spawn, Streams};
use super::problem::Problem;
use super::routes;
use crate::api::{Error, ErrorKind, Handle};
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::UnixListener;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How long the face rests after the system refused it a connection (no more file descriptors), so that it does not
/// ask again at once for ever.
const ACCEPT_REST: Duration = Duration::from_millis(100);

/// Connections at once that are told that there is no place; those beyond are dropped without a word.
const TURNED_AWAY_MAX: usize = 32;

/// What the face is made of.
pub struct Face {
    /// The way to the board.
    pub handle: Handle,
    /// Its bounds.
    pub limits: Limits,
    /// What else it serves.
    pub mounts: Mounts,
    /// How it starts the work of a connection.
    pub spawn: Spawn,
    /// Set to end it.
    pub stop: CancellationToken,
}

/// Answers requests on the socket until the face is stopped, then finishes what it has begun within `limits.drain` and
/// removes the socket's file. Requests that wait for something are told at once that the daemon ends.
pub async fn serve(face: Face, socket: UnixListener) {
    let Face { handle, limits, mounts, spawn, stop } = face;
    let file = SocketFile(socket.local_addr().ok().and_then(|address| Some(address.as_pathname()?.to_owned())));
    let streams = Streams { spawn: Arc::clone(&spawn), stop: stop.clone(), drain: limits.drain };
    let router = routes::router(handle, &limits, stop.clone()).merge(mounts.router(&streams));
    let service = Arc::new(Service { router, limits, stop: stop.clone() });
    let open = TaskTracker::new();
    let door = Door::new(Way::Socket, &service, &spawn, &open);
    let accept = || async { Ok(socket.accept().await?.0) };
    tokio::select! {
        () = door.keep(accept) => {}
        () = stop.cancelled() => {}
    }
    open.close();
    // Every connection ends itself within the drain's time; this only waits for them.
    open.wait().await;
    drop(file);
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

/// Where connections come in, with its places.
struct Door {
    way: Way,
    service: Arc<Service>,
    spawn: Spawn,
    open: TaskTracker,
    places: Arc<Semaphore>,
    turned_away: Arc<Semaphore>,
}

impl Door {
    fn new(way: Way, service: &Arc<Service>, spawn: &Spawn, open: &TaskTracker) -> Self {
        let places = service.limits.connections_max.min(Semaphore::MAX_PERMITS);
        Self {
            way,
            service: Arc::clone(service),
            spawn: Arc::clone(spawn),
            open: open.clone(),
            places: Arc::new(Semaphore::new(places)),
            turned_away: Arc::new(Semaphore::new(TURNED_AWAY_MAX)),
        }
    }

    /// Takes connections for ever. Who finds no place is told so, because waiting in the kernel's queue looks like a
    /// daemon that hangs.
    async fn keep<S, A>(&self, accept: impl Fn() -> A)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
        A: Future<Output = io::Result<S>>,
    {
        loop {
            match accept().await {
                Ok(stream) => self.admit(stream),
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be taken");
                    tokio::time::sleep(ACCEPT_REST).await;
                }
            }
        }
    }

    fn admit<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(&self, stream: S) {
        let token = self.open.token();
        let (service, way) = (Arc::clone(&self.service), self.way);
        if let Ok(place) = Arc::clone(&self.places).try_acquire_owned() {
            (self.spawn)(Box::pin(async move {
                connection::attend(stream, place, service, way).await;
                drop(token);
            }));
        } else if let Ok(few) = Arc::clone(&self.turned_away).try_acquire_owned() {
            (self.spawn)(Box::pin(async move {
                connection::refuse(stream, full()).await;
                drop((few, token));
            }));
        }
    }
}

fn full() -> Problem {
    let error = Error::new(ErrorKind::Busy, "too many connections are open")
        .hint("close some, or raise limits.http_connections_max in synod.toml");
    Problem::with_status(axum::http::StatusCode::SERVICE_UNAVAILABLE, error)
}
