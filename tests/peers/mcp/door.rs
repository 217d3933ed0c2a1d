//! A door for a client that can show no token: it passes every request on to a daemon's port and shows the token for it.
//! What else a request says, a wrong Host or Origin for one, the daemon is told as it came.

use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::JoinHandle;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

/// A door that stands open until it is dropped.
pub(super) struct Door {
    address: SocketAddr,
    stop: Option<tokio::sync::oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// Where it leads.
struct Beyond {
    own: String,
    address: String,
    token: String,
    client: reqwest::Client,
}

impl Door {
    /// Opens one in front of this address (`127.0.0.1:PORT`).
    pub(super) fn open(address: &str, token: &str) -> Self {
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("bind a loopback port");
        listener.set_nonblocking(true).expect("a non-blocking listener");
        let own = listener.local_addr().expect("the bound address");
        // Whoever was first has installed the same provider.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client =
            reqwest::Client::builder().no_proxy().tls_certs_only(std::iter::empty()).build().expect("a client");
        let (address, token) = (address.to_owned(), format!("Bearer {token}"));
        let beyond = Arc::new(Beyond { own: own.to_string(), address, token, client });
        let (stop, stopped) = tokio::sync::oneshot::channel();
        let thread = std::thread::spawn(move || serve(listener, beyond, stopped));
        Self { address: own, stop: Some(stop), thread: Some(thread) }
    }

    /// The daemon's endpoint, through the door.
    pub(super) fn url(&self) -> String {
        format!("http://{}/mcp", self.address)
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic of the thread has been printed; failing again inside a drop would hide the test's own.
            let _ = thread.join();
        }
    }
}

fn serve(listener: std::net::TcpListener, beyond: Arc<Beyond>, stopped: tokio::sync::oneshot::Receiver<()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime for the door");
    runtime.block_on(async move {
        let listener = tokio::net::TcpListener::from_std(listener).expect("a listener on the runtime");
        let router = axum::Router::new().fallback(pass).with_state(beyond);
        tokio::select! {
            served = axum::serve(listener, router) => served.expect("the door serves"),
            _ = stopped => {}
        }
    });
}

/// Passes one request on. A client that goes away takes the daemon's side with it: the stream of the answer is dropped.
async fn pass(State(beyond): State<Arc<Beyond>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let mut headers = parts.headers;
    for name in [header::HOST, header::ORIGIN] {
        let said = headers
            .get(&name)
            .and_then(|value| value.to_str().ok())
            .map(|text| text.replace(&beyond.own, &beyond.address));
        if let Some(value) = said.and_then(|text| HeaderValue::from_str(&text).ok()) {
            headers.insert(name, value);
        }
    }
    headers.insert(header::AUTHORIZATION, HeaderValue::from_str(&beyond.token).expect("a token is plain text"));
    // The length stands; how this connection was cut into chunks does not.
    headers.remove(header::TRANSFER_ENCODING);
    headers.remove(header::CONNECTION);
    let url = format!("http://{}{}", beyond.address, parts.uri);
    let body = reqwest::Body::wrap_stream(body.into_data_stream());
    match beyond.client.request(parts.method, url).headers(headers).body(body).send().await {
        Ok(answer) => {
            let mut response = Response::new(Body::empty());
            *response.status_mut() = answer.status();
            *response.headers_mut() = answer.headers().clone();
            response.headers_mut().remove(header::TRANSFER_ENCODING);
            *response.body_mut() = Body::from_stream(answer.bytes_stream());
            response
        }
        Err(error) => (StatusCode::BAD_GATEWAY, format!("the door leads nowhere: {error}")).into_response(),
    }
}
