//! The server's life: it takes connections up to a bound, refuses those beyond it, and ends by answering what it has begun.

use super::connection::{self, Service};
use super::guard::{Guard, Way};
use super::limits::Limits;
use super::mounts::{Mounts, Spawn, Streams};
use super::port::Port;
use super::problem::Problem;
use super::refusals::Refusals;
use super::routes;
use crate::api::{Error, ErrorKind, Handle};
use rustix::process::geteuid;
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

/// The user who may do everything anyway.
const ROOT: u32 = 0;

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

/// Answers requests on the socket, and on a port where there is one, until the face is stopped, then finishes what it has begun within `limits.drain` and
/// removes the socket's file. Requests that wait for something are told at once that the daemon ends.
pub async fn serve(face: Face, socket: UnixListener, port: Option<Port>) {
    let Face { handle, limits, mounts, spawn, stop } = face;
    let file = SocketFile(socket.local_addr().ok().and_then(|address| Some(address.as_pathname()?.to_owned())));
    let streams = Streams { spawn: Arc::clone(&spawn), stop: stop.clone(), drain: limits.drain };
    let router = routes::router(handle, &limits, stop.clone()).merge(mounts.router(&streams));
    let guard = Guard::new(port.as_ref().map(|port| (port.address(), port.token.clone())));
    let service = Arc::new(Service { router, guard, refusals: Refusals::default(), limits, stop: stop.clone() });
    let open = TaskTracker::new();
    let on_socket = keep_socket(Door::new(Way::Socket, &service, &spawn, &open), socket);
    let on_port = keep_port(Door::new(Way::Port, &service, &spawn, &open), port);
    tokio::select! {
        ((), ()) = futures::future::join(on_socket, on_port) => {}
        () = stop.cancelled() => {}
    }
    open.close();
    // Every connection ends itself within the drain's time; this only waits for them.
    open.wait().await;
    drop(file);
}

/// Takes connections of the socket for ever.
async fn keep_socket(door: Door, socket: UnixListener) {
    let us = geteuid().as_raw();
    loop {
        match socket.accept().await {
            // The modes of file and folder keep others out; this holds when somebody has opened them.
            Ok((stream, _)) => match stream.peer_cred().map(|peer| peer.uid()) {
                Ok(uid) if uid == us || uid == ROOT => door.admit(stream),
                Ok(_) | Err(_) => door.turn_away(stream, somebody_else()),
            },
            Err(error) => door.rest(&error).await,
        }
    }
}

/// Takes connections of the port for ever; without one there is nothing to take.
async fn keep_port(door: Door, port: Option<Port>) {
    let Some(Port { listener, .. }) = port else { return std::future::pending().await };
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                // Replies are written whole; waiting for more to send would only delay them. One that stays slow is no harm.
                let _ = stream.set_nodelay(true);
                door.admit(stream);
            }
            Err(error) => door.rest(&error).await,
        }
    }
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

    /// Serves a connection. Who finds no place is told so, because waiting in the kernel's queue looks like a daemon that
    /// hangs.
    fn admit<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(&self, stream: S) {
        let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else { return self.turn_away(stream, full()) };
        let (service, way, token) = (Arc::clone(&self.service), self.way, self.open.token());
        (self.spawn)(Box::pin(async move {
            connection::attend(stream, place, service, way).await;
            drop(token);
        }));
    }

    /// Tells a connection why it is not served; when many are being told, without a word.
    fn turn_away<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(&self, stream: S, why: Problem) {
        let Ok(place) = Arc::clone(&self.turned_away).try_acquire_owned() else {
            let (status, why) = why.said();
            return self.service.refusals.note(self.way, status, why);
        };
        let (service, way, token) = (Arc::clone(&self.service), self.way, self.open.token());
        (self.spawn)(Box::pin(async move {
            service.refuse(stream, way, why).await;
            drop((place, token));
        }));
    }

    async fn rest(&self, error: &io::Error) {
        tracing::warn!(way = ?self.way, %error, "a connection could not be taken");
        tokio::time::sleep(ACCEPT_REST).await;
    }
}

fn somebody_else() -> Problem {
    let error = Error::new(ErrorKind::Invalid, "the socket belongs to another user")
        .hint("work as the user who started the daemon, or in a workspace of your own");
    Problem::with_status(axum::http::StatusCode::FORBIDDEN, error)
}

fn full() -> Problem {
    let error = Error::new(ErrorKind::Busy, "too many connections are open")
        .hint("close some, or raise limits.http_connections_max in synod.toml");
    Problem::with_status(axum::http::StatusCode::SERVICE_UNAVAILABLE, error)
}
