//! Asking a local Ollama what models it has: one short question over plain HTTP, so that discovery needs no client.

use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

use super::environment::Environment;

/// Longest wait for a connection; a server on this machine answers at once or not at all.
const CONNECT_TIMEOUT: Duration = Duration::from_millis(200);
/// Longest silence of the answer.
const READ_TIMEOUT: Duration = Duration::from_secs(1);
/// Longest answer, in bytes.
const ANSWER_BYTES_MAX: u64 = 1 << 20;
/// Ollama's usual port.
const PORT: u16 = 11434;

/// Where Ollama is asked: `$OLLAMA_HOST` where it is an IP address or `localhost`, else the usual port on loopback.
#[must_use]
pub(super) fn address(environment: &Environment) -> SocketAddr {
    environment
        .text("OLLAMA_HOST")
        .and_then(parse)
        .unwrap_or_else(|| SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), PORT))
}

/// Reads `host`, `host:port`, `:port`, each also as an address. Names other than `localhost` are not looked up:
/// that could take long, and a server elsewhere is better configured by hand.
fn parse(text: &str) -> Option<SocketAddr> {
    let bare = text.strip_prefix("http://").unwrap_or(text).trim_end_matches('/');
    let (host, port) = match bare.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') || host.ends_with(']') => (host, port.parse().ok()?),
        _ => (bare, PORT),
    };
    let host: IpAddr = match host.trim_start_matches('[').trim_end_matches(']') {
        "" | "localhost" => IpAddr::V4(Ipv4Addr::LOCALHOST),
        other => other.parse().ok()?,
    };
    // A server told to listen everywhere is reached on loopback.
    let host = if host.is_unspecified() { IpAddr::V4(Ipv4Addr::LOCALHOST) } else { host };
    Some(SocketAddr::new(host, port))
}

/// The names of the models a server has, the latest first as it lists them; none when nothing answers there.
#[must_use]
pub(super) fn models(address: SocketAddr) -> Option<Vec<String>> {
    let mut stream = TcpStream::connect_timeout(&address, CONNECT_TIMEOUT).ok()?;
    stream.set_read_timeout(Some(READ_TIMEOUT)).ok()?;
    stream.set_write_timeout(Some(READ_TIMEOUT)).ok()?;
    // HTTP/1.0, so that the answer comes in one piece and ends with the connection.
    stream.write_all(format!("GET /api/tags HTTP/1.0\r\nHost: {address}\r\n\r\n").as_bytes()).ok()?;
    let mut answer = Vec::new();
    stream.take(ANSWER_BYTES_MAX).read_to_end(&mut answer).ok()?;
    let answer = String::from_utf8_lossy(&answer);
    let (head, body) = answer.split_once("\r\n\r\n")?;
    if !head.lines().next()?.contains(" 200") {
        return None;
    }
    let body: serde_json::Value = serde_json::from_str(body).ok()?;
    let names = body.get("models")?.as_array()?.iter();
    Some(names.filter_map(|model| Some(model.get("name")?.as_str()?.to_owned())).collect())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failing test may stop where it stands")]
mod tests {
    use super::*;
    use std::net::TcpListener;

    #[test]
    fn the_host_variable_is_read_in_all_its_forms() {
        for (text, expected) in [
            ("127.0.0.1:5000", "127.0.0.1:5000"),
            ("http://127.0.0.1:5000/", "127.0.0.1:5000"),
            ("localhost", "127.0.0.1:11434"),
            (":5000", "127.0.0.1:5000"),
            ("0.0.0.0", "127.0.0.1:11434"),
            ("[::1]:5000", "[::1]:5000"),
            ("::1", "[::1]:11434"),
            ("some.other.host:1", "127.0.0.1:11434"),
        ] {
            let environment = Environment::of([("OLLAMA_HOST", text)]);
            assert_eq!(address(&environment).to_string(), expected, "{text}");
        }
        assert_eq!(address(&Environment::default()).port(), PORT);
    }

    /// A server on loopback that reads one request and gives one answer.
    fn answering(answer: &'static str) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 1024];
            let count = stream.read(&mut request).unwrap();
            assert!(request[..count].starts_with(b"GET /api/tags "));
            stream.write_all(answer.as_bytes()).unwrap();
        });
        address
    }

    #[test]
    fn models_are_listed() {
        let body = "HTTP/1.0 200 OK\r\ncontent-type: application/json\r\n\r\n{\"models\":[{\"name\":\"qwen2.5-coder:32b\"},{\"name\":\"llama3.1:8b\"}]}";
        assert_eq!(models(answering(body)).unwrap(), ["qwen2.5-coder:32b", "llama3.1:8b"]);
    }

    #[test]
    fn another_server_on_the_port_is_not_taken_for_ollama() {
        assert_eq!(models(answering("HTTP/1.0 404 Not Found\r\n\r\n{}")), None);
        assert_eq!(models(answering("SSH-2.0-OpenSSH\r\n")), None);
        let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        assert_eq!(models(closed), None);
    }
}
