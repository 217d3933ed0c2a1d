//! The loopback port that a browser comes back to after a login. Anybody on this machine can knock there, so only the request
//! with the right path, host and state counts; every other is told no, and the wait goes on.

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use reqwest::Url;
use std::time::Duration;
use subtle::ConstantTimeEq;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Where the browser comes back to.
const PATH: &str = "/callback";
/// Longest head of a request, in bytes. Codes of some servers are long.
const HEAD_BYTES_MAX: usize = 16 * 1024;
/// Connections at once; browsers open some that they never use.
const CONNECTIONS_MAX: usize = 32;
/// One request.
const REQUEST_MAX: Duration = Duration::from_secs(10);

/// What the authorization server sent the browser back with.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Callback {
    /// A code to exchange.
    Code {
        /// The code.
        code: String,
        /// The authorization server, where it says so.
        issuer: Option<String>,
    },
    /// It refused, and said why.
    Denied(String),
}

/// The address of the port.
pub(super) fn address(port: u16) -> String {
    format!("http://127.0.0.1:{port}{PATH}")
}

/// Waits for the browser that brings this state.
pub(super) async fn wait(listener: &TcpListener, state: &str) -> std::io::Result<Callback> {
    let port = listener.local_addr()?.port();
    let mut open = FuturesUnordered::new();
    loop {
        tokio::select! {
            accepted = listener.accept(), if open.len() < CONNECTIONS_MAX => {
                // One connection that failed is not the one that is waited for.
                if let Ok((stream, _)) = accepted {
                    open.push(tokio::time::timeout(REQUEST_MAX, serve(stream, port, state)));
                }
            }
            Some(served) = open.next(), if !open.is_empty() => {
                if let Ok(Some(callback)) = served {
                    return Ok(callback);
                }
            }
        }
    }
}

/// Answers one request; gives what it brought when it is the right one.
async fn serve(mut stream: TcpStream, port: u16, state: &str) -> Option<Callback> {
    let mut head = Vec::new();
    let mut part = [0; 2048];
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        let read = stream.read(&mut part).await.ok().filter(|read| *read > 0)?;
        head.extend_from_slice(part.get(..read)?);
        if head.len() > HEAD_BYTES_MAX {
            return None;
        }
    }
    let callback = std::str::from_utf8(&head).ok().and_then(|head| read(head, port, state));
    let page = match &callback {
        Some(Callback::Code { .. }) => reply("200 OK", "The login came back to Synod. You can close this page."),
        Some(Callback::Denied(_)) => reply("200 OK", "The login was refused. Synod says more where it was started."),
        None => reply("400 Bad Request", "This is not the login that Synod waits for."),
    };
    let _ = stream.write_all(page.as_bytes()).await;
    let _ = stream.shutdown().await;
    callback
}

fn reply(status: &str, text: &str) -> String {
    let page = format!("<!doctype html><meta charset=\"utf-8\"><title>Synod</title><p>{text}</p>\n");
    format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {}\r\nCache-Control: no-store\r\n\
         Referrer-Policy: no-referrer\r\nContent-Security-Policy: default-src 'none'\r\nConnection: close\r\n\r\n{page}",
        page.len()
    )
}

/// Reads the head of a request; nothing unless it is the one that is waited for.
fn read(head: &str, port: u16, state: &str) -> Option<Callback> {
    let mut lines = head.split("\r\n");
    let target =
        lines.next()?.strip_prefix("GET ")?.strip_suffix(" HTTP/1.1").filter(|target| target.starts_with('/'))?;
    let mut hosts = lines.filter_map(|line| line.split_once(':')).filter(|(name, _)| name.eq_ignore_ascii_case("host"));
    // Another name for this machine is somebody's page that had its own name point here.
    let host = hosts.next()?.1.trim();
    if host != format!("127.0.0.1:{port}") || hosts.next().is_some() {
        return None;
    }
    let url = Url::parse(&format!("http://127.0.0.1{target}")).ok().filter(|url| url.path() == PATH)?;
    let one = |key: &str| {
        let mut values = url.query_pairs().filter(|(name, _)| name == key).map(|(_, value)| value.into_owned());
        values.next().filter(|_| values.next().is_none())
    };
    if !bool::from(one("state")?.as_bytes().ct_eq(state.as_bytes())) {
        return None;
    }
    if let Some(error) = one("error") {
        let more = one("error_description").map(|more| format!(": {more}")).unwrap_or_default();
        return Some(Callback::Denied(format!("{error}{more}")));
    }
    Some(Callback::Code { code: one("code")?, issuer: one("iss") })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(target: &str, host: &str) -> Option<Callback> {
        read(&format!("GET {target} HTTP/1.1\r\nAccept: */*\r\nHost: {host}\r\n\r\n"), 9, "right")
    }

    #[test]
    fn only_the_request_that_is_waited_for_counts() {
        let right = taken("/callback?code=a%20b&state=right&iss=https%3A%2F%2Fx.org", "127.0.0.1:9");
        let expected = Callback::Code { code: "a b".to_owned(), issuer: Some("https://x.org".to_owned()) };
        assert_eq!(right, Some(expected));
        for (target, host) in [
            ("/callback?code=a&state=wrong", "127.0.0.1:9"),
            ("/callback?code=a", "127.0.0.1:9"),
            ("/callback?state=right", "127.0.0.1:9"),
            ("/callback?code=a&state=right&state=wrong", "127.0.0.1:9"),
            ("/callback?code=a&code=b&state=right", "127.0.0.1:9"),
            ("/other?code=a&state=right", "127.0.0.1:9"),
            ("/callback?code=a&state=right", "evil.example:9"),
            ("/callback?code=a&state=right", "127.0.0.1:10"),
            ("@evil.example/callback?code=a&state=right", "127.0.0.1:9"),
        ] {
            assert_eq!(taken(target, host), None, "{target} {host}");
        }
        let denied = taken("/callback?error=access_denied&error_description=no&state=right", "127.0.0.1:9");
        assert_eq!(denied, Some(Callback::Denied("access_denied: no".to_owned())));
        assert_eq!(
            taken("/callback?error=access_denied&state=wrong", "127.0.0.1:9"),
            None,
            "nobody else ends the wait"
        );
    }
}
