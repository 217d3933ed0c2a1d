//! Who may ask: every request is looked at before any route sees it. A web page in the user's browser can reach the port,
//! under any name that resolves to this machine (DNS rebinding); so the names in Host and Origin are checked, then the
//! token. Connections to the socket have shown who they are by reaching it.

use super::problem::Problem;
use super::token::Token;
use crate::api::{Error, ErrorKind};
use axum::http::{HeaderMap, HeaderValue, Request, StatusCode, header};
use axum::response::{IntoResponse, Response};
use std::net::SocketAddr;

/// Header fields of a request.
const HEADERS_MAX: usize = 100;

/// Names and values of a request's header fields together, with its path, in bytes.
const HEAD_BYTES_MAX: usize = 32 << 10;

/// Which way a connection came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// Over the workspace's socket.
    Socket,
    /// Over the TCP port.
    Port,
}

/// What the port asks of a request.
#[derive(Debug)]
pub(super) struct Guard {
    /// The names under which the port may be addressed, with its number; none while no port is served.
    hosts: Vec<String>,
    /// The same as origins.
    origins: Vec<String>,
    token: Option<Token>,
}

impl Guard {
    /// A guard of the socket, and of a port with its token.
    pub(super) fn new(port: Option<(SocketAddr, Token)>) -> Self {
        let Some((address, token)) = port else { return Self { hosts: Vec::new(), origins: Vec::new(), token: None } };
        let number = address.port();
        let mut hosts = vec![address.to_string(), format!("localhost:{number}")];
        if number == 80 {
            // The port that goes without saying.
            hosts.extend([address.to_string().trim_end_matches(":80").to_owned(), "localhost".to_owned()]);
        }
        let origins = hosts.iter().map(|host| format!("http://{host}")).collect();
        Self { hosts, origins, token: Some(token) }
    }

    /// Lets a request pass, or says why not.
    pub(super) fn check<B>(&self, way: Way, request: &Request<B>) -> Result<(), Box<Response>> {
        let headers = request.headers();
        if headers.len() > HEADERS_MAX || head_bytes(request) > HEAD_BYTES_MAX {
            let error = Error::new(ErrorKind::Invalid, "the request's head is too large")
                .hint(format!("at most {HEADERS_MAX} fields and {HEAD_BYTES_MAX} bytes are read"));
            return Err(refusal(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, error));
        }
        if headers.get_all(header::ORIGIN).iter().any(|origin| !is_one_of(origin, &self.origins)) {
            let error = Error::new(ErrorKind::Invalid, "a page of another origin may not ask here");
            return Err(refusal(
                StatusCode::FORBIDDEN,
                error.hint("ask without the Origin header, or from the daemon's own page"),
            ));
        }
        match way {
            Way::Socket => Ok(()),
            Way::Port => self.look_at_port(request),
        }
    }

    fn look_at_port<B>(&self, request: &Request<B>) -> Result<(), Box<Response>> {
        let headers = request.headers();
        let mut hosts = headers.get_all(header::HOST).iter();
        let (Some(host), None) = (hosts.next(), hosts.next()) else {
            let error = Error::new(ErrorKind::Invalid, "a request must name its host once");
            return Err(refusal(StatusCode::BAD_REQUEST, error.hint("send one Host header")));
        };
        // A request may name the host in its first line too, and then that one counts (RFC 9112, 3.2.2).
        let other = request.uri().authority().map(|authority| authority.as_str().as_bytes());
        let known = |name: &[u8]| self.hosts.iter().any(|host| host.as_bytes().eq_ignore_ascii_case(name));
        if !known(host.as_bytes()) || !other.is_none_or(known) {
            let error = Error::new(ErrorKind::Invalid, "the daemon is not called so");
            return Err(refusal(StatusCode::FORBIDDEN, error.hint(format!("ask it as {}", self.hosts.join(" or ")))));
        }
        if request.uri().path().starts_with("/.well-known/") {
            // Not a 401: a client would look there for a way to log in, and there is none.
            let error = Error::new(ErrorKind::NotFound, "nothing is published here");
            return Err(refusal(StatusCode::NOT_FOUND, error.hint("the token stands in .synod/token")));
        }
        self.look_at_token(headers)
    }

    fn look_at_token(&self, headers: &HeaderMap) -> Result<(), Box<Response>> {
        let mut shown = headers.get_all(header::AUTHORIZATION).iter();
        let (what, challenge) = match (shown.next(), shown.next()) {
            (None, _) => ("a token is needed", r#"Bearer realm="synod""#),
            (Some(value), None) if self.opens(value) => return Ok(()),
            (Some(_), _) => ("the token is not the right one", r#"Bearer realm="synod", error="invalid_token""#),
        };
        let error = Error::new(ErrorKind::Invalid, what)
            .hint("send `Authorization: Bearer` with what stands in .synod/token, or ask over .synod/synod.sock");
        let mut response = refusal(StatusCode::UNAUTHORIZED, error);
        response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        Err(response)
    }

    fn opens(&self, value: &HeaderValue) -> bool {
        let (scheme, shown) = value.as_bytes().split_at_checked(7).unwrap_or_default();
        let right = self.token.as_ref().is_some_and(|token| token.is(shown));
        scheme.eq_ignore_ascii_case(b"Bearer ") && right
    }
}

fn refusal(status: StatusCode, error: Error) -> Box<Response> {
    Box::new(Problem::with_status(status, error).into_response())
}

fn is_one_of(value: &HeaderValue, allowed: &[String]) -> bool {
    allowed.iter().any(|one| one.as_bytes().eq_ignore_ascii_case(value.as_bytes()))
}

fn head_bytes<B>(request: &Request<B>) -> usize {
    let fields = request.headers().iter().map(|(name, value)| name.as_str().len() + value.len());
    let uri = request.uri();
    fields.sum::<usize>() + uri.path().len() + uri.query().map_or(0, str::len)
}
