//! The face over a real Unix socket with a scripted board behind it: every request there and back, every error, the
//! bounds, the socket's permissions and its clearing away.
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "a failing test may stop where it stands, and it starts both ends itself"
)]

mod attacks;
mod notices;
mod openapi;
mod port;

use super::socket::bind_at;
use super::{BindError, Client, Face, Limits, Mounts, Port, Spawn, StreamHandler, serve};
use crate::api::{
    Answering, Board, EditMode, Error, ErrorKind, Handle, Kind, Mode, NewTask, Overrides, Priority, Reply, ReportBy,
    Request, Role, Seq, Status, TaskId, VotingRule, WorkerName,
};
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio_util::sync::CancellationToken;

/// A board that writes down what it was asked and answers everything alike; `Wait` is never answered.
#[derive(Clone)]
struct Scripted {
    asked: Arc<Mutex<Vec<Request>>>,
    answer: Result<Reply, Error>,
}

impl Board for Scripted {
    fn ask(&self, request: Request) -> Answering<'_> {
        Box::pin(async move {
            let endless = matches!(request, Request::Wait { for_ms: u64::MAX, .. });
            self.asked.lock().unwrap().push(request);
            if endless {
                std::future::pending::<()>().await;
            }
            self.answer.clone()
        })
    }
}

/// A served board in a folder of its own.
struct Served {
    _folder: tempfile::TempDir,
    socket: PathBuf,
    asked: Arc<Mutex<Vec<Request>>>,
    /// Where the port listens, and what its token is.
    port: SocketAddr,
    token: String,
    stop: CancellationToken,
    serving: tokio::task::JoinHandle<()>,
}

const LIMITS: Limits = Limits {
    body_bytes_max: 4096,
    connections_max: 8,
    head_timeout: Duration::from_secs(10),
    body_timeout: Duration::from_secs(10),
    write_timeout: Duration::from_secs(10),
    drain: Duration::from_secs(10),
};

async fn served(answer: Result<Reply, Error>) -> Served {
    served_within(answer, LIMITS).await
}

async fn served_within(answer: Result<Reply, Error>, limits: Limits) -> Served {
    served_with(answer, limits, Mounts::default()).await
}

async fn served_with(answer: Result<Reply, Error>, limits: Limits, mounts: Mounts) -> Served {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let board = Scripted { asked: Arc::clone(&asked), answer };
    Served { asked, ..served_by(board, limits, mounts).await }
}

async fn served_by(board: impl Board + 'static, limits: Limits, mounts: Mounts) -> Served {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("run/s.sock");
    let listener = bind_at(&socket).unwrap();
    let token = folder.path().join("run/token");
    let port = Port::listen("127.0.0.1:0".parse().unwrap(), &token).await.unwrap();
    let address = port.address();
    let stop = CancellationToken::new();
    let spawn: Spawn = Arc::new(|work| drop(tokio::spawn(work)));
    let face = Face { handle: Handle::new(board), limits, mounts, spawn, stop: stop.clone() };
    let serving = tokio::spawn(serve(face, listener, Some(port)));
    let token = std::fs::read_to_string(token).unwrap().trim_end().to_owned();
    Served { _folder: folder, socket, asked: Arc::default(), port: address, token, stop, serving }
}

impl Served {
    async fn handle(&self) -> Handle {
        Handle::new(Client::connect(&self.socket).await.unwrap())
    }

    /// Sends bytes as they are and reads until the other side is done.
    async fn raw(&self, text: &str) -> String {
        let mut stream = UnixStream::connect(&self.socket).await.unwrap();
        stream.write_all(text.as_bytes()).await.unwrap();
        let mut out = Vec::new();
        stream.read_to_end(&mut out).await.unwrap();
        String::from_utf8(out).unwrap()
    }

    async fn post(&self, path: &str, kind: &str, body: &str) -> String {
        let length = body.len();
        self.raw(&format!(
            "POST {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\n\r\n{body}"
        ))
        .await
    }

    async fn get(&self, path: &str) -> String {
        self.raw(&format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")).await
    }

    fn asked(&self) -> Vec<Request> {
        std::mem::take(&mut self.asked.lock().unwrap())
    }
}

fn task(id: &str) -> TaskId {
    TaskId::parse(id).unwrap()
}

/// One of each request, with nothing left at its default.
fn every_request() -> Vec<Request> {
    let overrides = Overrides {
        kind: Some(Kind::new("check")),
        priority: Some(Priority::Critical),
        mode: Some(Mode::Complex),
        role: Some(Role::new("critic")),
        models: vec![WorkerName::new("a"), WorkerName::new("b")],
        pipeline: Some("review".into()),
        team: Some("core".to_owned()),
        context: vec!["src/**".into()],
        spec: Some("spec.md".into()),
        memories: vec!["design/auth".into()],
        depends_on: vec![task("first")],
        no_cache: true,
    };
    let new = NewTask {
        name: Some("n".into()),
        content: "text with \"quotes\"\n& signs".into(),
        format: Some("md".into()),
        overrides: overrides.clone(),
        by: "cli".into(),
    };
    let (id, by) = (task("登录-2"), || "anna & co".to_owned());
    vec![
        Request::Submit(Box::new(new)),
        Request::Tasks { state: Some("done".into()), limit: Some(7), before: Some(41) },
        Request::Tasks { state: None, limit: None, before: None },
        Request::Show { task: id.clone() },
        Request::Wait { task: id.clone(), for_ms: 12 },
        Request::Cancel { task: id.clone(), by: by() },
        Request::Retry { task: id.clone(), by: by() },
        Request::Approve { task: id.clone(), by: by() },
        Request::Reject { task: id.clone(), by: by(), why: "wrong?\n100 %".into() },
        Request::Apply {
            task: id.clone(),
            worker: Some(WorkerName::new("a & b")),
            allow_dirty: true,
            revert: true,
            by: by(),
        },
        Request::Answer {
            task: id.clone(),
            step: Some("look & see".into()),
            by: by(),
            text: "approve\n- low: naming".into(),
        },
        Request::Answer { task: id.clone(), step: None, by: by(), text: "done".into() },
        Request::Why { task: id.clone() },
        Request::Replay { task: id.clone(), without: Vec::new(), rule: VotingRule::Bayes },
        Request::Replay {
            task: id.clone(),
            without: vec![WorkerName::new("a"), WorkerName::new("b-2")],
            rule: VotingRule::BestSingle,
        },
        Request::Log { entries: 3 },
        Request::VerifyLog,
        Request::Route { text: "look".into(), overrides },
        Request::Workers,
        Request::Report { by: Some(ReportBy::Kind), since: Some("7d & more".into()) },
        Request::Report { by: None, since: None },
        Request::ImportRecords { file: "m.json".into(), content: "{\n\"a\": []}".into(), by: by() },
        Request::Notices { after: Seq(9), task: Some(id), wait_ms: 5 },
        Request::Status,
        Request::Shutdown { hard: true },
    ]
    .into_iter()
    .chain(requests_about_memories())
    .chain(requests_about_work())
    .collect()
}

fn requests_about_memories() -> Vec<Request> {
    let (name, by) = (|| "design/a ü&b=c/..%2f".to_owned(), || "anna & co".to_owned());
    let text = "a \"text\"\n\t\u{0}\u{1f600}\r\n".to_owned();
    vec![
        Request::MemoryList { topic: Some(name()), after: Some("x y".into()), limit: Some(3) },
        Request::MemoryList { topic: None, after: None, limit: None },
        Request::MemoryRead { name: name(), revision: Some(2) },
        Request::MemoryRead { name: String::new(), revision: None },
        Request::MemoryWrite { name: name(), text: text.clone(), if_revision: Some(0), by: by() },
        Request::MemoryEdit {
            name: name(),
            needle: "a+".into(),
            replacement: "$!1".into(),
            mode: EditMode::Regex,
            all: true,
            if_revision: Some(u64::MAX),
            by: by(),
        },
        Request::MemoryDelete { name: name(), if_revision: Some(1), by: by() },
        Request::MemoryRename { from: name(), to: "b".into(), by: by() },
        Request::MemoryHistory { name: name(), before: Some(9), limit: Some(4) },
        Request::MemoryRestore { name: name(), revision: 7, by: by() },
        Request::MemorySearch { query: text, topic: Some("t".into()), after: Some(5), limit: Some(6) },
        Request::MemoryLease { name: name(), by: by(), for_ms: 0 },
    ]
}

fn requests_about_work() -> Vec<Request> {
    let claim = || "c/1".to_owned();
    vec![
        Request::ClaimWork { worker: Some(WorkerName::new("agent")), by: "me".into(), wait_ms: 9 },
        Request::RenewWork { claim: claim() },
        Request::SubmitWork {
            claim: claim(),
            text: "done\n".into(),
            failed: Some("no".into()),
            model: Some("m".into()),
            input_tokens: Some(1),
            output_tokens: Some(2),
            cost_usd: Some(0.1 + 0.2),
        },
    ]
}

/// One number for each request there is: a new one does not compile here until it is counted, and the next test does not
/// pass until it is sent.
fn number(request: &Request) -> usize {
    match request {
        Request::Submit(_) => 0,
        Request::Tasks { .. } => 1,
        Request::Show { .. } => 2,
        Request::Wait { .. } => 3,
        Request::Cancel { .. } => 4,
        Request::Retry { .. } => 5,
        Request::Approve { .. } => 6,
        Request::Answer { .. } => 33,
        Request::Reject { .. } => 7,
        Request::Why { .. } => 8,
        Request::Replay { .. } => 31,
        Request::Log { .. } => 9,
        Request::VerifyLog => 10,
        Request::Route { .. } => 11,
        Request::Workers => 12,
        Request::Notices { .. } => 13,
        Request::MemoryList { .. } => 14,
        Request::MemoryRead { .. } => 15,
        Request::MemoryWrite { .. } => 16,
        Request::MemoryEdit { .. } => 17,
        Request::MemoryDelete { .. } => 18,
        Request::MemoryRename { .. } => 19,
        Request::MemoryHistory { .. } => 20,
        Request::MemoryRestore { .. } => 21,
        Request::MemorySearch { .. } => 22,
        Request::MemoryLease { .. } => 23,
        Request::ClaimWork { .. } => 24,
        Request::RenewWork { .. } => 25,
        Request::SubmitWork { .. } => 26,
        Request::Status => 27,
        Request::Shutdown { .. } => 28,
        Request::Report { .. } => 29,
        Request::ImportRecords { .. } => 30,
        Request::Apply { .. } => 32,
    }
}

#[test]
fn every_request_is_sent_by_the_tests_and_has_its_own_route() {
    let sent: BTreeSet<usize> = every_request().iter().map(number).collect();
    assert_eq!(sent, (0..34).collect());
    let routes = super::routes::table();
    assert_eq!(routes.len(), sent.len());
    let names: BTreeSet<&str> = routes.iter().map(|route| route.name).collect();
    assert_eq!(names.len(), routes.len(), "two routes have one name");
}

#[tokio::test]
async fn every_request_arrives_as_it_was_sent() {
    let served = served(Ok(Reply::Done)).await;
    let handle = served.handle().await;
    for request in every_request() {
        assert_eq!(handle.ask(request.clone()).await, Ok(Reply::Done), "{request:?}");
        assert_eq!(served.asked(), [request]);
    }
}

#[tokio::test]
async fn the_numbers_are_told_in_prometheus_form() {
    let served = served(Ok(Reply::Done)).await;
    let answer = served.get("/metrics").await;
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("application/openmetrics-text"), "{answer}");
    assert!(answer.contains("# EOF"), "{answer}");
    assert_eq!(served.asked().len(), 3, "status, workers and report");
}

#[tokio::test]
async fn a_reply_comes_back_whole() {
    let status = Status {
        pid: 7,
        version: "1".into(),
        workspace: "/w ö".into(),
        open_tasks: 2,
        phases: Default::default(),
        running_calls: 3,
        seq: Seq(4),
        published: Seq(3),
        listen: Some("127.0.0.1:4820".into()),
        trouble: Some("the disk is full".into()),
    };
    for reply in [
        Reply::Status(status),
        Reply::Accepted { task: task("x") },
        Reply::Log { entries: vec!["a\n".repeat(100_000)] },
        Reply::LogVerified { entries: 2, broken: None },
        Reply::Placed {
            task: task("x"),
            attempt: 2,
            worker: WorkerName::new("a"),
            files: vec!["ü.rs".into()],
            added: 1,
            removed: 0,
            note: None,
            reverted: true,
        },
    ] {
        let served = served(Ok(reply.clone())).await;
        assert_eq!(served.handle().await.ask(Request::Status).await, Ok(reply));
    }
}

#[tokio::test]
async fn every_kind_of_error_has_its_status_and_comes_back_whole() {
    for (kind, status) in [
        (ErrorKind::Invalid, "400 Bad Request"),
        (ErrorKind::NotFound, "404 Not Found"),
        (ErrorKind::Conflict, "409 Conflict"),
        (ErrorKind::NoWorker, "503 Service Unavailable"),
        (ErrorKind::Busy, "429 Too Many Requests"),
        (ErrorKind::Stopping, "503 Service Unavailable"),
        (ErrorKind::Unreachable, "502 Bad Gateway"),
        (ErrorKind::Internal, "500 Internal Server Error"),
    ] {
        let error = Error::new(kind, "what is wrong").hint("what to do");
        let served = served(Err(error.clone())).await;
        assert_eq!(served.handle().await.ask(Request::Workers).await, Err(error));
        let raw = served.get("/api/v1/workers").await;
        assert!(raw.starts_with(&format!("HTTP/1.1 {status}\r\n")), "{raw}");
        assert!(raw.contains("content-type: application/problem+json\r\n"), "{raw}");
        assert_eq!(raw.contains("retry-after: 1\r\n"), kind == ErrorKind::Busy);
    }
}

#[tokio::test]
async fn a_problem_is_written_as_the_standard_says() {
    let served = served(Err(Error::new(ErrorKind::NotFound, "no task is called x"))).await;
    let raw = served.get("/api/v1/tasks/x").await;
    let body = raw.split("\r\n\r\n").nth(1).unwrap();
    assert_eq!(body, r#"{"title":"Not Found","status":404,"detail":"no task is called x","kind":"not_found"}"#);
}

#[tokio::test]
async fn what_is_not_said_has_its_default() {
    let served = served(Ok(Reply::Done)).await;
    let new = NewTask { content: "look".into(), by: "http".into(), ..NewTask::default() };
    for (sent, asked) in [
        (served.post("/api/v1/tasks", "application/json", r#"{"content":"look"}"#).await, Request::Submit(new.into())),
        (
            served.post("/api/v1/tasks/x/cancel", "application/json; charset=utf-8", "{}").await,
            Request::Cancel { task: task("x"), by: "http".into() },
        ),
        (served.get("/api/v1/log").await, Request::Log { entries: 20 }),
        (served.get("/api/v1/notices").await, Request::Notices { after: Seq(0), task: None, wait_ms: 0 }),
        (served.get("/api/v1/tasks/x/wait").await, Request::Wait { task: task("x"), for_ms: 0 }),
    ] {
        assert!(sent.starts_with("HTTP/1.1 200 OK\r\n"), "{sent}");
        assert_eq!(served.asked.lock().unwrap().remove(0), asked);
    }
}

#[tokio::test]
async fn what_cannot_be_read_is_refused_before_the_board_is_asked() {
    let served = served(Ok(Reply::Done)).await;
    let long = format!(r#"{{"content":"{}"}}"#, "x".repeat(5000));
    for (sent, status, says) in [
        (served.post("/api/v1/tasks", "application/json", &long).await, 413, "http_body_bytes_max"),
        (served.post("/api/v1/tasks", "text/plain", "{}").await, 415, "application/json"),
        (served.post("/api/v1/tasks", "application/json", "{").await, 400, "EOF"),
        (served.post("/api/v1/tasks", "application/json", r#"{"content":"x","mood":1}"#).await, 422, "mood"),
        (
            served.post("/api/v1/tasks", "application/json", r#"{"content":"x","overrides":{"priority":"top"}}"#).await,
            422,
            "critical",
        ),
        (served.get("/api/v1/tasks?limit=many").await, 400, "limit"),
        (served.get("/api/v1/tasks?colour=red").await, 400, "colour"),
        (served.get("/api/v1/tasks/..%2Fetc").await, 404, "no task is called"),
        (served.get("/api/v1/tasks/%ff").await, 400, "UTF-8"),
        (served.get("/api/v2/tasks").await, 404, "/api/v1"),
        (served.get("/api/v1/shutdown").await, 405, "GET"),
    ] {
        assert!(sent.starts_with(&format!("HTTP/1.1 {status} ")), "{sent}");
        assert!(sent.contains("application/problem+json") && sent.contains(says), "{says}: {sent}");
    }
    assert_eq!(served.asked(), []);
}

#[tokio::test]
async fn the_end_answers_those_who_wait_and_removes_the_socket() {
    let served = served(Ok(Reply::Done)).await;
    let handle = served.handle().await;
    let waiting = tokio::spawn(async move { handle.ask(Request::Wait { task: task("x"), for_ms: u64::MAX }).await });
    until(|| !served.asked.lock().unwrap().is_empty()).await;
    served.stop.cancel();
    assert_eq!(waiting.await.unwrap().unwrap_err().kind, ErrorKind::Stopping);
    served.serving.await.unwrap();
    assert!(!served.socket.exists());
    assert_eq!(Client::connect(&served.socket).await.unwrap_err().kind, ErrorKind::Unreachable);
}

#[tokio::test]
async fn a_silent_connection_does_not_hold_up_the_end() {
    let served = served(Ok(Reply::Done)).await;
    let _silent = UnixStream::connect(&served.socket).await.unwrap();
    served.handle().await.ask(Request::Status).await.unwrap();
    served.stop.cancel();
    served.serving.await.unwrap();
}

#[tokio::test]
async fn connections_beyond_the_bound_are_told_so() {
    let served = served_within(Ok(Reply::Done), Limits { connections_max: 1, ..LIMITS }).await;
    let silent = UnixStream::connect(&served.socket).await.unwrap();
    let handle = Handle::new(Client { socket: served.socket.clone() });
    let refused = handle.ask(Request::Status).await.unwrap_err();
    assert_eq!(refused.kind, ErrorKind::Busy);
    assert!(refused.hint.contains("http_connections_max"), "{refused:?}");
    assert_eq!(served.asked(), []);
    drop(silent);
    // The place is free as soon as the server has seen the end of the silent one.
    let answered = async { while handle.ask(Request::Status).await.is_err() {} };
    tokio::time::timeout(Duration::from_secs(30), answered).await.unwrap();
}

/// Says back what it hears.
fn echo() -> StreamHandler {
    Arc::new(|stream| {
        Box::pin(async move {
            let (mut reading, mut writing) = tokio::io::split(stream);
            let _ = tokio::io::copy(&mut reading, &mut writing).await;
        })
    })
}

fn mounted() -> Mounts {
    let router =
        axum::Router::new().fallback(|request: axum::extract::Request| async move { request.uri().to_string() });
    Mounts { routers: vec![("/mcp".into(), router)], streams: vec![("/mcp/stream".into(), echo())] }
}

#[tokio::test]
async fn what_is_mounted_answers_below_its_path() {
    let served = served_with(Ok(Reply::Done), LIMITS, mounted()).await;
    for path in ["/mcp", "/mcp/x?y=1"] {
        let said = served.get(path).await;
        assert!(said.starts_with("HTTP/1.1 200 ") && said.ends_with(path.trim_start_matches("/mcp")), "{said}");
    }
    assert!(served.get("/other").await.contains("there is nothing at /other"));
    assert!(served.get("/api/v1/status").await.starts_with("HTTP/1.1 200 "));
}

#[tokio::test]
async fn a_connection_becomes_a_stream_and_ends_with_the_face() {
    let served = served_with(Ok(Reply::Done), Limits { drain: Duration::ZERO, ..LIMITS }, mounted()).await;
    let mut stream = Client::stream(&served.socket, "/mcp/stream").await.unwrap();
    for said in [b"hello".as_slice(), &[b'x'; 5000]] {
        let mut heard = vec![0; said.len()];
        stream.write_all(said).await.unwrap();
        stream.read_exact(&mut heard).await.unwrap();
        assert_eq!(heard, said);
    }
    served.stop.cancel();
    assert_eq!(stream.read(&mut [0; 9]).await.unwrap_or_default(), 0, "the other side is gone");
    served.serving.await.unwrap();
}

#[tokio::test]
async fn a_stream_must_be_asked_for_and_be_there() {
    let served = served_with(Ok(Reply::Done), LIMITS, mounted()).await;
    let said = served.get("/mcp/stream").await;
    assert!(said.starts_with("HTTP/1.1 426 ") && said.contains("upgrade: synod-stream\r\n"), "{said}");
    let refused = Client::stream(&served.socket, "/api/none").await.unwrap_err();
    assert_eq!(refused.kind, ErrorKind::NotFound);
}

#[tokio::test]
async fn nobody_there_says_how_to_start_one() {
    let folder = tempfile::tempdir().unwrap();
    let absent = Client::connect(&folder.path().join("none")).await.unwrap_err();
    assert_eq!((absent.kind, absent.hint.as_str()), (ErrorKind::Unreachable, "start one with: synod up"));
    // A socket whose daemon died is still a file.
    let dead = folder.path().join("dead");
    drop(std::os::unix::net::UnixListener::bind(&dead).unwrap());
    assert_eq!(Client::connect(&dead).await.unwrap_err(), absent);
}

#[tokio::test]
async fn a_peer_that_is_no_daemon_is_told_apart() {
    for (says, kind) in [
        ("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello", ErrorKind::Internal),
        ("HTTP/1.1 500 Oh\r\ncontent-length: 2\r\n\r\nno", ErrorKind::Internal),
        ("HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{", ErrorKind::Unreachable),
        ("SSH-2.0\r\n", ErrorKind::Unreachable),
        ("", ErrorKind::Unreachable),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("s");
        let listener = tokio::net::UnixListener::bind(&socket).unwrap();
        let peer = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut buffer = [0; 1024];
            let _ = stream.read(&mut buffer).await.unwrap();
            stream.write_all(says.as_bytes()).await.unwrap();
        });
        let error = Handle::new(Client { socket }).ask(Request::Status).await.unwrap_err();
        assert_eq!(error.kind, kind, "{says:?}: {error}");
        assert!(!error.hint.is_empty());
        peer.await.unwrap();
    }
}

#[tokio::test]
async fn the_socket_is_for_the_user_alone() {
    let served = served(Ok(Reply::Done)).await;
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().mode() & 0o7777;
    assert_eq!(mode(&served.socket), 0o600);
    assert_eq!(mode(served.socket.parent().unwrap()), 0o700);
}

#[tokio::test]
async fn a_folder_that_was_open_is_closed_and_a_dead_socket_cleared() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o755)).unwrap();
    let socket = folder.path().join("s");
    drop(std::os::unix::net::UnixListener::bind(&socket).unwrap());
    let listener = bind_at(&socket).unwrap();
    assert_eq!(std::fs::metadata(folder.path()).unwrap().mode() & 0o7777, 0o700);
    drop(listener);
}

#[tokio::test]
async fn what_cannot_be_a_socket_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("s");
    std::fs::write(&file, "mine").unwrap();
    assert!(matches!(bind_at(&file), Err(BindError::InTheWay { .. })));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "mine");

    let long = folder.path().join("x".repeat(200));
    let error = bind_at(&long).unwrap_err();
    assert!(error.to_string().contains("XDG_RUNTIME_DIR"), "{error}");

    let link = folder.path().join("link");
    std::os::unix::fs::symlink(folder.path(), &link).unwrap();
    assert!(matches!(bind_at(&link.join("s2")), Err(BindError::NotOurs { .. })));
    assert!(matches!(bind_at(&folder.path().join("no/such/s")), Err(BindError::Io { .. })));
}

/// Waits for a condition; the deadline only keeps a broken test from hanging.
async fn until(condition: impl Fn() -> bool) {
    let waiting = async {
        while !condition() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), waiting).await.unwrap();
}
