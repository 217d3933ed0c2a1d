//! A person's login: the server is asked what it wants, the browser is sent to its authorization server, and what it comes back
//! with is exchanged for tokens, which are kept. Who opens the browser is the caller's business.

use super::keep::{Kept, KeptClient, KeptToken};
use super::redirect::{self, Callback};
use super::{Oauth, now};
use reqwest::Url;
use rmcp::transport::auth::{AuthorizationManager, AuthorizationMetadata, OAuthClientConfig};
use secrecy::ExposeSecret;
use serde_json::Value;
use std::time::Duration;
use tokio::net::TcpListener;

/// What Synod calls itself where it registers.
const CLIENT_NAME: &str = "Synod";

/// A login that waits for its browser.
pub(in crate::worker::mcp) struct Waiting {
    oauth: Oauth,
    manager: AuthorizationManager,
    metadata: AuthorizationMetadata,
    listener: TcpListener,
    client: KeptClient,
    asked: Vec<String>,
    state: String,
    /// What the browser must open.
    pub(in crate::worker::mcp) address: String,
}

impl Oauth {
    /// Rights that the server asked for since the last login.
    pub(in crate::worker::mcp) fn lacks(&self) -> bool {
        self.keep.read().is_ok_and(|kept| !kept.wanted.is_empty())
    }

    /// Begins a login. `challenge`: how the server said that it wants one; `anew`: as a client registered anew.
    ///
    /// # Errors
    /// Why there can be none, in words for the person.
    pub(in crate::worker::mcp) async fn begin(&self, challenge: Option<&str>, anew: bool) -> Result<Waiting, String> {
        let kept = self.kept()?;
        let mut manager = self.manager().await?;
        let metadata = self.discover(&mut manager, challenge).await?;
        proves_keys(&metadata)?;
        let before = kept
            .client
            .clone()
            .filter(|client| client.registered && !anew && kept.issuer.is_some() && kept.issuer == metadata.issuer);
        let listener = listen(self.login.redirect_port, before.as_ref()).await?;
        let port = listener.local_addr().map_err(|error| error.to_string())?.port();
        let asked = self.scopes(&manager, &metadata, &kept).await;
        let before = before.filter(|client| client.redirect_port == port);
        let client = self.identify(&mut manager, &metadata, &asked, port, before).await?;
        let names: Vec<&str> = asked.iter().map(String::as_str).collect();
        let address = manager.get_authorization_url(&names).await.map_err(|error| self.told(&error))?;
        let parsed = Url::parse(&address).map_err(|error| error.to_string())?;
        let state = parsed.query_pairs().find(|(name, _)| name == "state").map(|(_, state)| state.into_owned());
        let state = state.ok_or("the login has no state to be known by")?;
        Ok(Waiting { oauth: self.clone(), manager, metadata, listener, client, asked, state, address: parsed.into() })
    }

    /// The rights to ask for: those of the settings, else those that were granted and those that turned out to be needed, else
    /// those that the server names.
    async fn scopes(
        &self,
        manager: &AuthorizationManager,
        metadata: &AuthorizationMetadata,
        kept: &Kept,
    ) -> Vec<String> {
        let mut scopes = self.login.scopes.clone();
        if !kept.wanted.is_empty() {
            scopes.extend(kept.granted.iter().chain(&kept.wanted).cloned());
        }
        if scopes.is_empty() {
            return manager.select_initial_scopes(&[]).await;
        }
        // What makes a server give a token to renew with, where it has such a right.
        let supported = metadata.scopes_supported.as_deref().unwrap_or_default();
        scopes.extend(supported.iter().filter(|scope| *scope == "offline_access").cloned());
        let mut seen = std::collections::BTreeSet::new();
        scopes.retain(|scope| seen.insert(scope.clone()));
        scopes
    }

    /// Settles as which client: the registered one of the settings, the document of the settings, the one of the last login, or
    /// a new one.
    async fn identify(
        &self,
        manager: &mut AuthorizationManager,
        metadata: &AuthorizationMetadata,
        asked: &[String],
        port: u16,
        before: Option<KeptClient>,
    ) -> Result<KeptClient, String> {
        let redirect = redirect::address(port);
        let takes_documents = metadata.additional_fields.get("client_id_metadata_document_supported");
        let document = self.login.client_metadata_url.as_ref().filter(|_| takes_documents == Some(&Value::Bool(true)));
        let known = |id: &str, secret: Option<String>, registered| KeptClient {
            id: id.to_owned(),
            secret,
            redirect_port: port,
            registered,
        };
        let (client, secret) = if let Some(id) = &self.login.client_id {
            (known(id, None, false), self.secret.as_ref().map(|secret| secret.expose_secret().to_owned()))
        } else if let Some(url) = document {
            (known(url, None, false), None)
        } else if let Some(before) = before {
            let secret = before.secret.clone();
            (before, secret)
        } else {
            if metadata.registration_endpoint.is_none() {
                return Err(format!(
                    "the authorization server registers no clients by itself: register Synod there with the address {redirect}, \
                     and put `client_id`, `redirect_port` and perhaps `client_secret_env` into workers.{}",
                    self.name
                ));
            }
            let names: Vec<&str> = asked.iter().map(String::as_str).collect();
            let registered = manager.register_client(CLIENT_NAME, &redirect, &names).await;
            let registered = registered.map_err(|error| self.told(&error))?;
            let secret = registered.client_secret.clone();
            return Ok(known(&registered.client_id, secret, true));
        };
        let mut config = OAuthClientConfig::new(client.id.clone(), redirect);
        if let Some(secret) = secret {
            config = config.with_client_secret(secret);
        }
        manager.configure_client(config).map_err(|error| self.told(&error))?;
        Ok(client)
    }
}

impl Waiting {
    /// Waits for the browser, exchanges what it brings, and keeps the tokens. Gives the rights that were granted.
    ///
    /// # Errors
    /// Why there is no login, in words for the person.
    pub(in crate::worker::mcp) async fn finish(self, wait: Duration) -> Result<Vec<String>, String> {
        let late = |_| "the browser did not come back in time".to_owned();
        let callback = tokio::time::timeout(wait, redirect::wait(&self.listener, &self.state)).await.map_err(late)?;
        let (code, issuer) = match callback.map_err(|error| error.to_string())? {
            Callback::Code { code, issuer } => (code, issuer),
            Callback::Denied(why) => return Err(format!("the authorization server refused: {}", one_line(&why))),
        };
        let exchanged = self.manager.exchange_code_for_token_with_issuer(&code, &self.state, issuer.as_deref()).await;
        let given = exchanged.map_err(|error| self.hidden(&self.oauth.told(&error), &code))?;
        let token = KeptToken::of(&given, Some(now())).ok_or("the authorization server gave no token")?;
        let kind =
            serde_json::to_value(&given).ok().and_then(|given| Some(given.get("token_type")?.as_str()?.to_owned()));
        if !kind.is_some_and(|kind| kind.eq_ignore_ascii_case("bearer")) {
            return Err("the authorization server gave a token of a kind that Synod cannot show".to_owned());
        }
        let granted = match self.manager.get_current_scopes().await {
            granted if granted.is_empty() => self.asked.clone(),
            granted => granted,
        };
        let kept = Kept {
            url: self.oauth.url.to_string(),
            issuer: self.metadata.issuer.clone(),
            client: Some(self.client.clone()),
            token: Some(token),
            granted: granted.clone(),
            wanted: Vec::new(),
        };
        self.oauth.store(kept)?;
        Ok(granted)
    }

    /// A message without what this login alone knows.
    fn hidden(&self, text: &str, code: &str) -> String {
        let secrets = [Some(code), self.client.secret.as_deref(), Some(self.state.as_str())];
        secrets
            .into_iter()
            .flatten()
            .filter(|secret| secret.len() >= 6)
            .fold(one_line(text), |text, secret| text.replace(secret, "[key]"))
    }
}

/// A server's words on one line of a terminal.
fn one_line(text: &str) -> String {
    let plain: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(400).collect();
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The protocol demands proof keys (PKCE) of both sides.
fn proves_keys(metadata: &AuthorizationMetadata) -> Result<(), String> {
    let methods = metadata.code_challenge_methods_supported.as_deref().unwrap_or_default();
    if methods.iter().any(|method| method == "S256") {
        return Ok(());
    }
    Err("the authorization server does not say that it checks proof keys (PKCE, S256); a login there could be stolen"
        .to_owned())
}

/// The port that the browser comes back to: the one of the settings, else the one that the client was registered with, else any.
async fn listen(configured: Option<u16>, before: Option<&KeptClient>) -> Result<TcpListener, String> {
    if let Some(port) = configured {
        let taken = |error| format!("the port {port} (`redirect_port`) cannot be listened on: {error}");
        return TcpListener::bind(("127.0.0.1", port)).await.map_err(taken);
    }
    if let Some(client) = before
        && let Ok(listener) = TcpListener::bind(("127.0.0.1", client.redirect_port)).await
    {
        return Ok(listener);
    }
    TcpListener::bind(("127.0.0.1", 0)).await.map_err(|error| format!("no port can be listened on: {error}"))
}
