//! Every request that a login makes goes through here: to https or this machine only, to no address inside the network that
//! the server itself is not in, without following redirects, bounded in time and length. What a server's metadata says is
//! somebody else's word, and must not lead elsewhere.

use crate::worker::http;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::{Client, Url, redirect};
use rmcp::transport::auth::{OAuthHttpClient, OAuthHttpClientFuture, OAuthHttpRequest};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

/// Longest answer that is read, in bytes.
const ANSWER_BYTES_MAX: usize = 256 * 1024;
/// One request.
const REQUEST_MAX: Duration = Duration::from_secs(20);

/// Why a request was not made, or its answer not taken.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refused {
    /// The address is none that may be gone to.
    #[error("{0} is not asked: {1}")]
    Address(String, &'static str),
    /// The answer is too long.
    #[error("the answer of {0} is longer than {ANSWER_BYTES_MAX} bytes")]
    TooLong(String),
    /// The client could not be made.
    #[error("no client for https could be made")]
    Client,
}

/// Where one may go.
#[derive(Clone, Debug)]
struct Bounds {
    /// The host of the MCP server.
    home: String,
    /// Whether that server is on this machine.
    local: bool,
}

impl Bounds {
    /// Whether the MCP server is named by an address inside the network.
    fn is_inside(&self) -> bool {
        let home = self.home.trim_start_matches('[').trim_end_matches(']');
        home.parse().is_ok_and(|home: IpAddr| is_inside(home) && !home.is_loopback())
    }
}

/// The way to the authorization server.
#[derive(Debug)]
pub(super) struct Outward {
    client: Client,
    bounds: Bounds,
}

impl Outward {
    /// For the login at this server.
    ///
    /// # Errors
    /// When no client can be made, such as on a machine without certificates.
    pub(super) fn new(server: &Url, connect_timeout: Duration) -> Result<Self, Refused> {
        let bounds = Bounds { home: server.host_str().unwrap_or_default().to_owned(), local: http::is_local(server) };
        http::install_tls();
        let mut builder = Client::builder()
            .redirect(redirect::Policy::none())
            .user_agent(concat!("synod/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(connect_timeout)
            .timeout(REQUEST_MAX)
            .dns_resolver(Arc::new(bounds.clone()));
        if bounds.local {
            builder = builder.no_proxy();
            if server.scheme() == "http" {
                // A machine without certificates can still use a server of its own.
                builder = builder.tls_certs_only(std::iter::empty());
            }
        }
        Ok(Self { client: builder.build().map_err(|_| Refused::Client)?, bounds })
    }

    /// Whether this address may be gone to, with a browser too.
    ///
    /// # Errors
    /// Why not.
    pub(super) fn permits(&self, url: &Url) -> Result<(), Refused> {
        let no = |why| Err(Refused::Address(shown(url), why));
        if !url.username().is_empty() || url.password().is_some() {
            return no("it holds a user name");
        }
        if http::is_local(url) {
            return if self.bounds.local { Ok(()) } else { no("a server elsewhere must not lead to this machine") };
        }
        if url.scheme() != "https" {
            return no("only https is, except on this machine");
        }
        let host = url.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
        match host.parse::<IpAddr>() {
            Ok(IpAddr::V4(address)) if address.is_link_local() => no("it is an address of the machine's own link"),
            Ok(address) if is_inside(address) && !self.bounds.is_inside() => no("it is an address inside the network"),
            _ => Ok(()),
        }
    }
}

/// An address for messages, without what follows its path.
fn shown(url: &Url) -> String {
    let mut url = url.clone();
    url.set_query(None);
    url.set_fragment(None);
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.to_string()
}

/// Whether an address is of this machine or of the network around it.
fn is_inside(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            let shared = v4.octets()[0] == 100 && (64..128).contains(&v4.octets()[1]);
            v4.is_loopback() || v4.is_private() || v4.is_link_local() || is_nowhere_v4(v4) || shared
        }
        IpAddr::V6(v6) => match v6.to_ipv4() {
            // Also `::` and `::1`, which this reads as 0.0.0.0 and 0.0.0.1.
            Some(v4) => is_inside(IpAddr::V4(v4)),
            None => v6.is_unique_local() || v6.is_unicast_link_local() || v6.is_multicast(),
        },
    }
}

fn is_nowhere_v4(v4: std::net::Ipv4Addr) -> bool {
    v4.octets()[0] == 0 || v4.is_multicast() || v4.is_broadcast()
}

impl Resolve for Bounds {
    fn resolve(&self, name: Name) -> Resolving {
        let (bounds, name) = (self.clone(), name.as_str().to_owned());
        Box::pin(async move {
            let all: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            // A server inside the network may have its authorization server there too; one on the internet may not.
            let free = bounds.local || name == bounds.home || at_home(&bounds.home).await;
            let allowed: Vec<SocketAddr> = all.into_iter().filter(|to| free || !is_inside(to.ip())).collect();
            if allowed.is_empty() {
                let why = Refused::Address(name, "its name leads to an address inside the network");
                return Err(Box::new(why) as Box<dyn std::error::Error + Send + Sync>);
            }
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

/// Whether the MCP server itself is inside the network.
async fn at_home(home: &str) -> bool {
    let home = home.trim_start_matches('[').trim_end_matches(']');
    match tokio::net::lookup_host((home, 0)).await {
        Ok(mut found) => found.any(|to| is_inside(to.ip()) && !to.ip().is_loopback()),
        Err(_) => false,
    }
}

impl OAuthHttpClient for Outward {
    fn execute(&self, request: OAuthHttpRequest) -> OAuthHttpClientFuture<'_> {
        Box::pin(async move {
            let request = reqwest::Request::try_from(request.request)?;
            self.permits(request.url())?;
            let to = shown(request.url());
            let mut response = self.client.execute(request).await.map_err(reqwest::Error::without_url)?;
            let mut answer = hyper::Response::builder().status(response.status());
            for (name, value) in response.headers() {
                answer = answer.header(name, value);
            }
            let mut body = Vec::new();
            while let Some(chunk) = response.chunk().await.map_err(reqwest::Error::without_url)? {
                if body.len() + chunk.len() > ANSWER_BYTES_MAX {
                    return Err(Refused::TooLong(to).into());
                }
                body.extend_from_slice(&chunk);
            }
            Ok(answer.body(body)?)
        })
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failing test may stop where it stands")]
mod tests {
    use super::*;

    fn permits(server: &str, url: &str) -> bool {
        let outward = Outward::new(&Url::parse(server).unwrap(), Duration::from_secs(1)).unwrap();
        outward.permits(&Url::parse(url).unwrap()).is_ok()
    }

    #[test]
    fn only_https_or_this_machine() {
        let far = "https://mcp.example.org/mcp";
        assert!(permits(far, "https://login.example.org/authorize"));
        for url in [
            "http://login.example.org/authorize",
            "http://127.0.0.1:9/token",
            "https://localhost/token",
            "https://[::1]/token",
            "https://10.0.0.7/token",
            "https://169.254.169.254/latest/meta-data",
            "https://[::ffff:10.0.0.7]/token",
            "https://[fd00::1]/token",
            "https://0.0.0.0/token",
            "https://me:pass@login.example.org/authorize",
            "file:///etc/passwd",
            "javascript:alert(1)",
        ] {
            assert!(!permits(far, url), "{url}");
        }
        assert!(permits("https://10.0.0.1/mcp", "https://10.0.0.7/token"), "both are inside");
        assert!(!permits("https://10.0.0.1/mcp", "https://127.0.0.1/token"));
        assert!(!permits("https://10.0.0.1/mcp", "https://169.254.169.254/token"));
        assert!(permits("http://127.0.0.1:1/mcp", "http://localhost:9/token"));
        assert!(permits("http://127.0.0.1:1/mcp", "https://login.example.org/token"));
        assert!(!permits("http://127.0.0.1:1/mcp", "http://login.example.org/token"));
    }

    #[tokio::test]
    async fn a_name_that_leads_inside_is_not_followed() {
        let bounds = Bounds { home: "example.invalid".to_owned(), local: false };
        let found = bounds.resolve("localhost".parse().unwrap()).await;
        assert!(found.err().unwrap().to_string().contains("inside the network"));
    }
}
