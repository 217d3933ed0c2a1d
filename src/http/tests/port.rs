//! The port: what a request must show, what is refused before any route is reached, and that each refusal is logged.

use super::super::token::{Token, TokenError};
use super::super::{Port, PortError};
use super::{LIMITS, Served, mounted, served, served_with};
use crate::api::Reply;
use std::io::Write;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// What is logged by this thread, on which a test and all that it starts run.
#[derive(Clone, Default)]
pub(super) struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Log {
    /// Catches what is logged until the guard is dropped.
    pub(super) fn catch() -> (Self, tracing::subscriber::DefaultGuard) {
        let log = Self::default();
        let writer = log.clone();
        let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone()).finish();
        (log, tracing::subscriber::set_default(subscriber))
    }

    pub(super) fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }

    pub(super) fn lines(&self) -> usize {
        self.text().lines().filter(|line| line.contains("a request was refused")).count()
    }
}

impl Served {
    /// Sends these lines as a request's head to the port, and reads until the other side is done.
    pub(super) async fn head(&self, lines: &[&str]) -> String {
        let mut stream = TcpStream::connect(self.port).await.unwrap();
        let head = lines.join("\r\n") + "\r\nconnection: close\r\n\r\n";
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut out = Vec::new();
        stream.read_to_end(&mut out).await.unwrap();
        String::from_utf8(out).unwrap()
    }

    fn host(&self) -> String {
        format!("host: {}", self.port)
    }

    fn bearer(&self) -> String {
        format!("authorization: Bearer {}", self.token)
    }

    /// Asks for the status as one should.
    pub(super) async fn well(&self) -> String {
        self.head(&["GET /api/v1/status HTTP/1.1", &self.host(), &self.bearer()]).await
    }
}

fn is_problem(said: &str, status: u16) {
    assert!(said.starts_with(&format!("HTTP/1.1 {status} ")), "{said}");
    assert!(said.contains("content-type: application/problem+json\r\n"), "{said}");
    assert!(!said.to_lowercase().contains("access-control"), "{said}");
}

#[tokio::test]
async fn with_its_token_the_port_answers_under_both_its_names() {
    let served = served_with(Ok(Reply::Done), LIMITS, mounted()).await;
    assert!(served.well().await.starts_with("HTTP/1.1 200 "));
    let (host, bearer) =
        (format!("HOST: LocalHost:{}", served.port.port()), format!("authorization: bearer {}", served.token));
    let origin = format!("origin: http://{}", served.port);
    for path in ["/api/v1/status", "/mcp/x"] {
        let said = served.head(&[&format!("GET {path} HTTP/1.1"), &host, &bearer, &origin]).await;
        assert!(said.starts_with("HTTP/1.1 200 ") && !said.contains("access-control"), "{said}");
    }
    let stream = served.head(&["GET /mcp/stream HTTP/1.1", &host, &bearer, "upgrade: synod-stream"]).await;
    is_problem(&stream, 403);
}

#[tokio::test]
async fn names_that_are_not_its_own_are_refused() {
    let (log, _guard) = Log::catch();
    let served = served(Ok(Reply::Done)).await;
    let (host, bearer, port) = (served.host(), served.bearer(), served.port.port());
    let first = "GET /api/v1/status HTTP/1.1";
    let elsewhere = format!("GET http://evil.test:{port}/api/v1/status HTTP/1.1");
    let refused: &[&[&str]] = &[
        &[first, &format!("host: evil.test:{port}"), &bearer],
        &[first, "host: 127.0.0.1", &bearer],
        &[first, "host: localhost", &bearer],
        &[first, &format!("host: 127.0.0.1:{}", port.wrapping_add(1)), &bearer],
        &[first, &format!("host: localhost.:{port}"), &bearer],
        &[first, &format!("host: 127.0.0.1.evil.test:{port}"), &bearer],
        &[first, &format!("host: 0.0.0.0:{port}"), &bearer],
        &[first, &format!("host: [::1]:{port}"), &bearer],
        &[first, &format!("host: user@127.0.0.1:{port}"), &bearer],
        &[&elsewhere, &host, &bearer],
        &[first, &host, &bearer, "origin: null"],
        &[first, &host, &bearer, "origin:"],
        &[first, &host, &bearer, "origin: https://evil.test"],
        &[first, &host, &bearer, "origin: http://localhost"],
        &[first, &host, &bearer, &format!("origin: https://127.0.0.1:{port}")],
        &[first, &host, &bearer, &format!("origin: http://127.0.0.1:{port}.evil.test")],
        &[first, &host, &bearer, &format!("origin: http://127.0.0.1:{port}"), "origin: http://evil.test"],
    ];
    for (number, lines) in refused.iter().enumerate() {
        is_problem(&served.head(lines).await, 403);
        assert_eq!(log.lines(), number + 1, "each leaves a line: {lines:?}");
    }
    is_problem(&served.head(&[first, &bearer]).await, 400);
    is_problem(&served.head(&[first, &host, "host: evil.test", &bearer]).await, 400);
    assert_eq!(served.asked(), []);
    assert!(!log.text().contains(&served.token));
    assert!(served.well().await.starts_with("HTTP/1.1 200 "));
}

#[tokio::test]
async fn a_token_that_is_missing_or_near_is_refused() {
    let (log, _guard) = Log::catch();
    let served = served(Ok(Reply::Done)).await;
    let (host, token) = (served.host(), served.token.clone());
    assert_eq!(token.len(), 64);
    let other = if token.ends_with('0') { '1' } else { '0' };
    let shown = [
        format!("authorization: Bearer {}{other}", &token[..63]),
        format!("authorization: Bearer {}", &token[..63]),
        format!("authorization: Bearer {token}0"),
        format!("authorization: Bearer  {token}"),
        format!("authorization: Bearer {}", token.to_uppercase().replace(char::is_numeric, "A")),
        format!("authorization: Basic {token}"),
        format!("authorization: {token}"),
        format!("authorization: Bearer{token}"),
        "authorization: Bearer ".to_owned(),
        "authorization:".to_owned(),
        format!("authorization: Bearer {token}\r\nauthorization: Bearer {token}"),
        format!("cookie: token={token}"),
    ];
    for path in ["/api/v1/status", "/", "/mcp", "/no/such/thing", &format!("/api/v1/status?token={token}")] {
        let said = served.head(&[&format!("GET {path} HTTP/1.1"), &host]).await;
        is_problem(&said, 401);
        assert!(said.contains("www-authenticate: Bearer realm=\"synod\"\r\n"), "{said}");
    }
    for line in &shown {
        let said = served.head(&["POST /api/v1/shutdown HTTP/1.1", &host, line, "content-length: 0"]).await;
        is_problem(&said, 401);
        assert!(said.contains("www-authenticate: Bearer "), "{said}");
    }
    assert_eq!(log.lines(), 5 + shown.len());
    assert!(!log.text().contains(&token), "a token never stands in the log");
    assert_eq!(served.asked(), []);
}

#[tokio::test]
async fn nothing_is_published_for_those_who_look_for_a_way_to_log_in() {
    let served = served(Ok(Reply::Done)).await;
    for path in ["/.well-known/oauth-protected-resource", "/.well-known/oauth-authorization-server/mcp"] {
        is_problem(&served.head(&[&format!("GET {path} HTTP/1.1"), &served.host()]).await, 404);
    }
    // A browser that asks whether it may ask is not told so.
    let preflight = [
        "OPTIONS /api/v1/status HTTP/1.1",
        &served.host(),
        "origin: http://evil.test",
        "access-control-request-method: POST",
    ];
    is_problem(&served.head(&preflight).await, 403);
}

#[tokio::test]
async fn the_socket_needs_no_token_and_hears_no_other_origin() {
    let served = served(Ok(Reply::Done)).await;
    assert!(served.get("/api/v1/status").await.starts_with("HTTP/1.1 200 "));
    let said =
        served.raw("GET /api/v1/status HTTP/1.1\r\nhost: x\r\norigin: http://evil.test\r\nconnection: close\r\n\r\n");
    is_problem(&said.await, 403);
}

#[tokio::test]
async fn a_token_is_made_once_and_is_the_users_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("token");
    let first = Token::at(&path).unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    assert_eq!(std::fs::metadata(&path).unwrap().mode() & 0o7777, 0o600);
    assert!(text.len() == 65 && text.trim_end().bytes().all(|byte| byte.is_ascii_hexdigit()), "{text}");
    assert_eq!(format!("{first:?}"), "Token(…)");
    assert!(Token::at(&path).unwrap().is(text.trim_end().as_bytes()), "the same at the next start");
    let other = folder.path().join("other");
    assert!(!Token::at(&other).unwrap().is(text.trim_end().as_bytes()), "no two are alike");

    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o644)).unwrap();
    let (log, _guard) = Log::catch();
    Token::at(&path).unwrap();
    assert_eq!(std::fs::metadata(&path).unwrap().mode() & 0o7777, 0o600);
    assert!(log.text().contains("others could read the token"));
}

#[test]
fn a_file_that_cannot_be_the_token_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("token");
    for text in
        ["", "short", &"x".repeat(600), &format!("{} {}", "x".repeat(20), "y".repeat(20)), "\u{fc}".repeat(20).as_str()]
    {
        std::fs::write(&path, text).unwrap();
        assert!(matches!(Token::at(&path), Err(TokenError::Unreadable { .. })), "{text:?}");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
    }
    let link = folder.path().join("link");
    std::os::unix::fs::symlink(&path, &link).unwrap();
    assert!(matches!(Token::at(&link), Err(TokenError::NotOurs { .. })));
    assert!(matches!(Token::at(folder.path()), Err(TokenError::NotOurs { .. })));
}

#[tokio::test]
async fn a_port_that_is_taken_or_open_to_others_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let token = folder.path().join("token");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let error = Port::listen(taken.local_addr().unwrap(), &token).await.unwrap_err();
    assert!(matches!(error, PortError::Taken { .. }) && error.to_string().contains("[http]"), "{error}");
    let error = Port::listen("0.0.0.0:0".parse().unwrap(), &token).await.unwrap_err();
    assert!(matches!(error, PortError::NotLoopback { .. }), "{error}");
}
