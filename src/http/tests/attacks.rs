//! Hostile peers: too much, too many, too slow, broken, and from elsewhere. Each is refused with a reason and a line in the
//! log, and others are answered meanwhile.

use super::port::Log;
use super::{LIMITS, Limits, Served, served, served_within, until};
use crate::api::{Handle, Reply, Request};
use crate::http::Client;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UnixStream};

/// Times that are over soon.
const SHORT: Limits =
    Limits { head_timeout: Duration::from_millis(300), body_timeout: Duration::from_millis(300), ..LIMITS };

impl Served {
    /// The head of a request to write a memory over the port, with these lines besides.
    fn write_head(&self, more: &str) -> String {
        format!(
            "POST /api/v1/memories/write HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\n{more}\r\n\r\n",
            self.port, self.token
        )
    }

    async fn answers_others(&self) {
        assert_eq!(self.handle().await.ask(Request::Status).await, Ok(Reply::Done));
        assert!(self.well().await.starts_with("HTTP/1.1 200 "));
    }
}

/// All that comes until the other side is done.
async fn rest(stream: &mut (impl AsyncReadExt + Unpin)) -> String {
    let mut out = Vec::new();
    let reading = async {
        let mut buffer = [0; 4096];
        // A reset ends what is read like an end does.
        while let Ok(count @ 1..) = stream.read(&mut buffer).await {
            out.extend_from_slice(&buffer[..count]);
        }
    };
    tokio::time::timeout(Duration::from_secs(60), reading).await.unwrap();
    String::from_utf8_lossy(&out).into_owned()
}

#[tokio::test]
async fn a_hundred_megabytes_are_refused_at_their_head_or_at_the_bound() {
    let (log, _guard) = Log::catch();
    let served = served(Ok(Reply::Done)).await;
    let part = vec![b'x'; 1 << 20];
    for head in [served.write_head("content-length: 104857600"), served.write_head("transfer-encoding: chunked")] {
        let mut stream = TcpStream::connect(served.port).await.unwrap();
        stream.write_all(head.as_bytes()).await.unwrap();
        let chunked = head.contains("chunked");
        let (mut reading, mut writing) = stream.split();
        let sending = async {
            for _ in 0..100 {
                let size = format!("{:x}\r\n", part.len());
                let (before, after) = if chunked { (size.as_bytes(), &b"\r\n"[..]) } else { (&b""[..], &b""[..]) };
                for bytes in [before, &part, after] {
                    // The peer may close while this is still sending; what it said is read all the same.
                    if writing.write_all(bytes).await.is_err() {
                        return;
                    }
                }
            }
        };
        let ((), said) = tokio::join!(sending, rest(&mut reading));
        assert!(said.starts_with("HTTP/1.1 413 ") && said.contains("http_body_bytes_max"), "{said}");
        served.answers_others().await;
    }
    assert_eq!(log.lines(), 2, "{}", log.text());
}

#[tokio::test]
async fn a_thousand_idle_connections_exhaust_nothing() {
    let (log, _guard) = Log::catch();
    let served =
        served_within(Ok(Reply::Done), Limits { connections_max: 64, head_timeout: Duration::from_secs(2), ..LIMITS })
            .await;
    let mut idle = Vec::new();
    for _ in 0..1000 {
        idle.push(TcpStream::connect(served.port).await.unwrap());
    }
    // The port is full, the socket is not: whoever the workspace belongs to is answered.
    assert_eq!(served.handle().await.ask(Request::Status).await, Ok(Reply::Done));
    until(|| log.lines() > 0).await;
    assert!(log.text().contains("too many connections are open") && log.lines() < 50, "{}", log.text());
    let mut told = 0;
    for stream in &mut idle {
        told += usize::from(rest(stream).await.starts_with("HTTP/1.1 503 "));
    }
    assert!(told > 0, "some are told why");
    // All have been given up by now, and the port answers again.
    served.answers_others().await;
}

#[tokio::test]
async fn a_head_that_drips_is_given_up() {
    let (log, _guard) = Log::catch();
    let served = served_within(Ok(Reply::Done), SHORT).await;
    let mut stream = TcpStream::connect(served.port).await.unwrap();
    stream.write_all(b"GET /api/v1/status HTTP/1.1\r\n").await.unwrap();
    let (mut reading, mut writing) = stream.split();
    let dripping = async {
        while writing.write_all(b"x: y\r\n").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let said = tokio::select! {
        said = rest(&mut reading) => said,
        () = dripping => String::new(),
    };
    assert!(said.starts_with("HTTP/1.1 408 ") && said.contains("did not come in time"), "{said}");
    served.answers_others().await;
    assert_eq!(log.lines(), 1);
    // One that says nothing at all is closed without a word.
    let mut silent = UnixStream::connect(&served.socket).await.unwrap();
    assert_eq!(rest(&mut silent).await, "");
}

#[tokio::test]
async fn a_body_that_drips_is_given_up() {
    let (log, _guard) = Log::catch();
    let served = served_within(Ok(Reply::Done), SHORT).await;
    let mut stream = TcpStream::connect(served.port).await.unwrap();
    let begun = served.write_head("content-length: 1000") + "{\"name\":";
    stream.write_all(begun.as_bytes()).await.unwrap();
    let said = rest(&mut stream).await;
    assert!(said.starts_with("HTTP/1.1 408 ") && said.contains("the body did not come in time"), "{said}");
    served.answers_others().await;
    assert_eq!(log.lines(), 1);
}

#[tokio::test]
async fn broken_framing_is_refused() {
    let (log, _guard) = Log::catch();
    let served = served(Ok(Reply::Done)).await;
    let sent = [
        served.write_head("transfer-encoding: chunked") + "zz\r\n{}\r\n0\r\n\r\n",
        served.write_head("transfer-encoding: chunked") + "2\r\n{}xx\r\n0\r\n\r\n",
        served.write_head("transfer-encoding: chunked") + "fffffffffffffffff\r\n{}",
        served.write_head("transfer-encoding: gzip") + "{}",
        served.write_head("content-length: 2\r\ncontent-length: 3") + "{}x",
        served.write_head("content-length: -1") + "{}",
        "GET /api/v1/status SPDY/9\r\n\r\n".to_owned(),
        "\u{16}\u{3}\u{1}\u{0}hello tls\r\n\r\n".to_owned(),
        "GET /api/v1/\u{0} HTTP/1.1\r\nhost: x\r\n\r\n".to_owned(),
    ];
    for (number, text) in sent.iter().enumerate() {
        let mut stream = TcpStream::connect(served.port).await.unwrap();
        stream.write_all(text.as_bytes()).await.unwrap();
        let said = rest(&mut stream).await;
        assert!(said.starts_with("HTTP/1.1 400 "), "{text:?}: {said}");
        until(|| log.lines() == number + 1).await;
        assert_eq!(said.matches("HTTP/1.1").count(), 1, "what follows is not taken for a request: {said}");
    }
    assert_eq!(served.asked(), []);
    served.answers_others().await;
}

#[tokio::test]
async fn heads_that_are_too_large_are_refused() {
    let served = served(Ok(Reply::Done)).await;
    let many = "x: y\r\n".repeat(120);
    let large = format!("x: {}\r\n", "y".repeat(40_000));
    let path = format!("/api/v1/tasks/{}", "x".repeat(40_000));
    for (path, more, by_us) in
        [("/", many.as_str(), true), ("/", &large, true), (&path, "", true), ("/", &"x: y\r\n".repeat(5000), false)]
    {
        let said = served.raw(&format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{more}\r\n")).await;
        assert!(said.starts_with("HTTP/1.1 431 "), "{said}");
        assert_eq!(said.contains("application/problem+json"), by_us, "{said}");
    }
    served.answers_others().await;
}

#[tokio::test]
async fn paths_lead_nowhere_but_to_routes() {
    let (log, _guard) = Log::catch();
    let served = served(Ok(Reply::Done)).await;
    let long = "x".repeat(300);
    let paths = [
        "/api/v1/../../etc/passwd",
        "/api/v1/tasks/..%2f..%2fetc",
        "/api/v1/tasks/%2e%2e",
        "/api/v1/tasks/%00",
        "/api/v1/tasks/e%CC%81..",
        "//etc/passwd",
        "/api/v1/%2e%2e/status",
        "/api/v1/status/",
        "/API/V1/status",
        &format!("/api/v1/tasks/{long}"),
    ];
    for path in paths {
        let said = served.get(path).await;
        assert!(said.starts_with("HTTP/1.1 404 ") && said.contains("application/problem+json"), "{path}: {said}");
    }
    assert_eq!(served.asked(), []);
    assert!(log.lines() > 5, "{}", log.text());
}

#[tokio::test]
async fn another_user_is_kept_from_the_socket_twice() {
    // Another user must be able to start it, so it is the system's own.
    let python = std::path::Path::new("/usr/bin/python3");
    if !rustix::process::geteuid().is_root() || !python.exists() {
        eprintln!("SKIPPED: the test of another user needs root, `setpriv` and /usr/bin/python3");
        return;
    }
    let (log, _guard) = Log::catch();
    let served = served(Ok(Reply::Done)).await;
    let folder = served.socket.parent().unwrap().to_owned();
    let reach = || {
        let ask = "import socket,sys\ns=socket.socket(socket.AF_UNIX)\ns.connect(sys.argv[1])\ns.sendall(b'GET /api/v1/status HTTP/1.1\\r\\nhost: x\\r\\nconnection: close\\r\\n\\r\\n')\nb=b''\nwhile True:\n d=s.recv(9999)\n if not d: break\n b+=d\nsys.stdout.write(b.decode())";
        let mut child = std::process::Command::new("setpriv");
        child
            .args(["--reuid=65534", "--regid=65534", "--clear-groups"])
            .arg(python)
            .args(["-c", ask])
            .arg(&served.socket);
        tokio::task::spawn_blocking(move || child.output().unwrap())
    };
    let kept_out = reach().await.unwrap();
    assert!(String::from_utf8_lossy(&kept_out.stderr).contains("PermissionError"), "{kept_out:?}");
    // Somebody opens the folder and the socket: the peer itself is looked at.
    for (path, mode) in [(folder.parent().unwrap(), 0o755), (&folder, 0o755), (&served.socket, 0o666)] {
        std::fs::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
    }
    let said = String::from_utf8(reach().await.unwrap().stdout).unwrap();
    assert!(said.starts_with("HTTP/1.1 403 ") && said.contains("belongs to another user"), "{said}");
    assert_eq!(log.lines(), 1);
    assert_eq!(served.asked(), []);
    assert_eq!(Handle::new(Client::connect(&served.socket).await.unwrap()).ask(Request::Status).await, Ok(Reply::Done));
}
