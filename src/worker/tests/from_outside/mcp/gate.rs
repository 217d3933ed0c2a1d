//! The gate of the login tests: an MCP server that lets in only who shows a token, with its authorization server beside it, on one
//! loopback port. Whatever can be odd about either is a switch.

use super::server::Server;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use reqwest::Url;
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::transport::{StreamableHttpServerConfig, StreamableHttpService};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;

/// What is odd, and what happened so far.
#[derive(Default)]
pub(crate) struct Odd {
    /// Put over the authorization server's metadata; `null` takes a key away.
    pub(crate) metadata: Value,
    /// Stands in the place of the whole metadata.
    pub(crate) metadata_body: Option<String>,
    /// There is no metadata of any kind.
    pub(crate) no_metadata: bool,
    /// The metadata is somewhere else, says a redirect.
    pub(crate) metadata_moved: Option<String>,
    /// How long tokens live, in seconds.
    pub(crate) lives_s: u64,
    /// What the token endpoint answers instead, by grant.
    pub(crate) token_fails: BTreeMap<&'static str, (u16, Value)>,
    /// The right without which tools are not called, beside `use`.
    pub(crate) right: Option<&'static str>,
    /// Tokens that are let in, with their rights.
    pub(crate) tokens: BTreeMap<String, String>,
    /// Each request to the token endpoint.
    pub(crate) exchanges: Vec<BTreeMap<String, String>>,
    /// How often a client was registered.
    pub(crate) registered: u32,
    /// The rights that were last asked for.
    pub(crate) asked: String,
}

/// The gate.
#[derive(Clone)]
pub(crate) struct Gate {
    pub(crate) odd: Arc<Mutex<Odd>>,
    pub(crate) port: u16,
}

impl Gate {
    pub(crate) async fn open(odd: Odd) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let gate = Self { odd: Arc::new(Mutex::new(odd)), port };
        let server = Server::default();
        let config = StreamableHttpServerConfig::default();
        let service =
            StreamableHttpService::new(move || Ok(server.clone()), Arc::new(LocalSessionManager::default()), config);
        let behind = Router::new().nest_service("/mcp", service).layer(from_fn_with_state(gate.clone(), guard));
        let app = Router::new()
            .route("/.well-known/oauth-protected-resource/mcp", get(resource))
            .route("/.well-known/oauth-authorization-server", get(metadata))
            .route("/register", post(register))
            .route("/authorize", get(authorize))
            .route("/token", post(token))
            .with_state(gate.clone())
            .merge(behind);
        tokio::spawn(async move { axum::serve(listener, app).await.expect("it serves") });
        gate
    }

    pub(crate) fn home(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The settings of a worker behind it.
    pub(crate) fn settings(&self, more: &str) -> String {
        format!("provider = 'mcp'\nurl = '{}/mcp'\ntool = 'say'\n{more}", self.home())
    }

    pub(crate) fn odd(&self) -> std::sync::MutexGuard<'_, Odd> {
        self.odd.lock().expect("nobody panicked")
    }

    fn challenge(&self) -> String {
        format!("Bearer scope=\"use\", resource_metadata=\"{}/.well-known/oauth-protected-resource/mcp\"", self.home())
    }
}

/// Lets in who shows a token with the rights that are needed.
async fn guard(State(gate): State<Gate>, request: Request, next: Next) -> Response {
    let shown = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let shown = shown.and_then(|value| value.strip_prefix("Bearer ")).unwrap_or_default().to_owned();
    let (rights, needed) = {
        let odd = gate.odd();
        (odd.tokens.get(&shown).cloned(), odd.right)
    };
    let Some(rights) = rights else {
        return (StatusCode::UNAUTHORIZED, [(header::WWW_AUTHENTICATE, gate.challenge())]).into_response();
    };
    if let Some(right) = needed.filter(|right| !rights.split(' ').any(|have| have == *right)) {
        let challenge = format!("Bearer error=\"insufficient_scope\", scope=\"{right}\"");
        return (StatusCode::FORBIDDEN, [(header::WWW_AUTHENTICATE, challenge)]).into_response();
    }
    next.run(request).await
}

async fn resource(State(gate): State<Gate>) -> Response {
    if gate.odd().no_metadata {
        return StatusCode::NOT_FOUND.into_response();
    }
    let resource = format!("{}/mcp", gate.home());
    Json(json!({ "resource": resource, "authorization_servers": [gate.home()] })).into_response()
}

async fn metadata(State(gate): State<Gate>) -> Response {
    let odd = gate.odd();
    if odd.no_metadata {
        return StatusCode::NOT_FOUND.into_response();
    }
    if let Some(to) = &odd.metadata_moved {
        return (StatusCode::FOUND, [(header::LOCATION, to.clone())]).into_response();
    }
    if let Some(body) = &odd.metadata_body {
        return body.clone().into_response();
    }
    let home = gate.home();
    let mut metadata = json!({
        "issuer": home,
        "authorization_endpoint": format!("{home}/authorize"),
        "token_endpoint": format!("{home}/token"),
        "registration_endpoint": format!("{home}/register"),
        "response_types_supported": ["code"],
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": true,
    });
    for (key, value) in odd.metadata.as_object().into_iter().flatten() {
        metadata[key] = value.clone();
    }
    metadata.as_object_mut().expect("an object").retain(|_, value| !value.is_null());
    Json(metadata).into_response()
}

async fn register(State(gate): State<Gate>, Json(asked): Json<Value>) -> Response {
    let mut odd = gate.odd();
    odd.registered += 1;
    let id = format!("client-{}", odd.registered);
    (StatusCode::CREATED, Json(json!({ "client_id": id, "redirect_uris": asked["redirect_uris"] }))).into_response()
}

/// Somebody who agrees at once.
async fn authorize(State(gate): State<Gate>, request: Request) -> Response {
    let url = Url::parse(&format!("http://x{}", request.uri())).expect("an address");
    let asked: BTreeMap<String, String> = url.query_pairs().into_owned().collect();
    gate.odd().asked = asked.get("scope").cloned().unwrap_or_default();
    let mut back = Url::parse(&asked["redirect_uri"]).expect("an address");
    back.query_pairs_mut().append_pair("code", "the-secret-code").append_pair("state", &asked["state"]);
    back.query_pairs_mut().append_pair("iss", &gate.home());
    (StatusCode::FOUND, [(header::LOCATION, back.to_string())]).into_response()
}

async fn token(State(gate): State<Gate>, headers: HeaderMap, body: String) -> Response {
    let form = Url::parse(&format!("http://x/?{body}")).expect("a form");
    let mut form: BTreeMap<String, String> = form.query_pairs().into_owned().collect();
    if let Some(basic) = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()) {
        form.insert("authorization".to_owned(), basic.to_owned());
    }
    let mut odd = gate.odd();
    let grant = form["grant_type"].clone();
    odd.exchanges.push(form);
    if let Some((status, answer)) = odd.token_fails.get(grant.as_str()) {
        return (StatusCode::from_u16(*status).expect("a status"), Json(answer.clone())).into_response();
    }
    let number = odd.exchanges.len();
    let (access, lives_s, asked) = (format!("access-token-{number}"), odd.lives_s, odd.asked.clone());
    odd.tokens = BTreeMap::from([(access.clone(), asked)]);
    let mut answer = json!({ "access_token": access, "token_type": "Bearer", "expires_in": lives_s });
    if grant != "client_credentials" {
        answer["refresh_token"] = json!(format!("refresh-token-{number}"));
    }
    Json(answer).into_response()
}
