//! Logins at remote MCP servers (OAuth 2.1 as the protocol wants it): what a worker is let in with, how that is renewed, and
//! what it means when the server does not let it in. A person's own part is `login`, the file `keep`, the way out `outward`.
//! Tokens and secrets leave this room only as headers of requests.

mod keep;
pub(super) mod login;
mod outward;
mod redirect;
mod refusal;

pub(super) use refusal::Refusal;

use crate::config::{self, LoginBy};
use keep::{Keep, Kept, KeptToken};
use outward::Outward;
use reqwest::Url;
use rmcp::transport::AuthClient;
use rmcp::transport::auth::{
    AuthError, AuthorizationManager, AuthorizationMetadata, ClientCredentialsConfig, OAuthClientConfig,
};
use secrecy::{ExposeSecret, SecretString};
use std::error::Error as _;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A token that ends within this time is renewed before it is used.
const RENEWED_BEFORE: Duration = Duration::from_secs(30);

/// What a login is made from.
pub(super) struct Params<'a> {
    /// The worker's name.
    pub(super) name: &'a str,
    /// How it logs in.
    pub(super) login: &'a config::Login,
    /// The secret of a client that was registered beforehand.
    pub(super) secret: Option<SecretString>,
    /// The server's address.
    pub(super) url: &'a Url,
    /// The worker's folder.
    pub(super) folder: &'a Path,
    /// Opening a connection.
    pub(super) connect_timeout: Duration,
}

/// The login of one worker.
#[derive(Clone, Debug)]
pub(super) struct Oauth {
    name: String,
    login: config::Login,
    secret: Option<SecretString>,
    url: Url,
    keep: Keep,
    outward: Arc<Outward>,
    /// Whether no token is shown, to hear how the server asks for one.
    bare: bool,
}

impl Oauth {
    /// The login with these settings; asks nobody yet.
    ///
    /// # Errors
    /// When no client for https can be made.
    pub(super) fn new(params: Params<'_>) -> Result<Self, String> {
        let Params { name, login, secret, url, folder, connect_timeout } = params;
        let outward = Outward::new(url, connect_timeout).map_err(|error| error.to_string())?;
        Ok(Self {
            name: name.to_owned(),
            login: login.clone(),
            secret,
            url: url.clone(),
            keep: Keep::new(folder, url.as_str()),
            outward: Arc::new(outward),
            bare: false,
        })
    }

    /// The same login without its tokens.
    pub(super) fn bare(&self) -> Self {
        Self { bare: true, ..self.clone() }
    }

    /// Whether tokens may be shown to the server at all.
    pub(super) fn is_allowed(&self) -> bool {
        self.login.by != LoginBy::Nobody && self.outward.permits(&self.url).is_ok()
    }

    /// The HTTP client of a connection: it shows the token, and renews it when it has ended or is not taken.
    pub(super) async fn client(&self, http: reqwest::Client) -> Result<AuthClient<reqwest::Client>, String> {
        if self.bare {
            return Ok(AuthClient::new(http, self.manager().await?));
        }
        let kept = self.kept()?;
        if self.login.by == LoginBy::Client && !kept.token.as_ref().is_some_and(is_fresh) {
            self.renew_as_client().await?;
        }
        let mut manager = self.manager().await?;
        if kept.token.as_ref().is_some_and(|token| token.refresh.is_some()) {
            // Without it the token is still shown; only that it cannot be renewed, which is said when it is needed.
            if let Err(why) = self.prepare_renewal(&mut manager, &kept).await {
                tracing::warn!(worker = self.name, why, "the login could not be made ready for its renewal");
            }
        }
        manager.set_credential_store(self.keep.clone());
        Ok(AuthClient::new(http, manager))
    }

    /// Asks for a token as the client that Synod is.
    pub(super) async fn renew_as_client(&self) -> Result<(), String> {
        let (Some(id), Some(secret)) = (&self.login.client_id, &self.secret) else {
            let variable = self.login.client_secret_env.as_deref().unwrap_or("client_secret_env");
            return Err(format!("the variable {variable} holds no secret to log in with"));
        };
        let mut manager = self.manager().await?;
        let metadata = self.discover(&mut manager, None).await?;
        let scopes = match self.login.scopes.as_slice() {
            [] => manager.select_initial_scopes(&[]).await,
            scopes => scopes.to_vec(),
        };
        let config = ClientCredentialsConfig::ClientSecret {
            client_id: id.clone(),
            client_secret: secret.expose_secret().to_owned(),
            scopes,
            resource: Some(self.url.to_string()),
        };
        let prepared = manager
            .validate_client_credentials_metadata(&config)
            .and_then(|()| manager.configure_client_credentials(&config));
        prepared.map_err(|error| self.told(&error))?;
        let given = manager.exchange_client_credentials(&config).await.map_err(|error| self.told(&error))?;
        let token = KeptToken::of(&given, Some(now())).ok_or("the authorization server gave no token")?;
        let granted = manager.get_current_scopes().await;
        let client = keep::KeptClient { id: id.clone(), secret: None, redirect_port: 0, registered: false };
        self.store(Kept {
            url: self.url.to_string(),
            issuer: metadata.issuer,
            client: Some(client),
            token: Some(token),
            granted,
            wanted: Vec::new(),
        })
    }

    /// Whether the login is made by Synod itself.
    pub(super) fn is_by_client(&self) -> bool {
        self.login.by == LoginBy::Client
    }

    /// Takes every secret out of a text.
    pub(super) fn masked(&self, text: String) -> String {
        let kept = self.keep.read().unwrap_or_default();
        let client = kept.client.and_then(|client| client.secret);
        let (access, refresh) = kept.token.map(|token| (token.access, token.refresh)).unzip();
        let configured = self.secret.as_ref().map(|secret| secret.expose_secret().to_owned());
        let secrets = [client, access, refresh.flatten(), configured];
        let secrets = secrets.into_iter().flatten().filter(|secret| secret.len() >= MASKED_BYTES_MIN);
        secrets.fold(text, |text, secret| text.replace(&secret, "[key]"))
    }

    fn kept(&self) -> Result<Kept, String> {
        self.keep.read().map_err(|error| format!("the login cannot be read: {error}"))
    }

    fn store(&self, kept: Kept) -> Result<(), String> {
        self.keep.write(&kept).map_err(|error| format!("the login cannot be kept: {error}"))
    }

    async fn manager(&self) -> Result<AuthorizationManager, String> {
        let outward = Arc::clone(&self.outward);
        let manager = AuthorizationManager::new_with_oauth_http_client(self.url.clone(), outward).await;
        manager.map_err(|error| self.told(&error))
    }

    /// Finds the authorization server that the MCP server names, and checks that its word can be taken.
    async fn discover(
        &self,
        manager: &mut AuthorizationManager,
        challenge: Option<&str>,
    ) -> Result<AuthorizationMetadata, String> {
        let found = manager.resolve_metadata_from_challenge(challenge).await.map_err(|error| self.told(&error))?;
        if !found.source.is_discovered() {
            return Err(format!("{} does not say where one logs in: it publishes no OAuth metadata", self.url));
        }
        let metadata = found.metadata;
        let ends = [Some(&metadata.authorization_endpoint), Some(&metadata.token_endpoint)];
        for end in ends.into_iter().chain([metadata.registration_endpoint.as_ref()]).flatten() {
            let url = Url::parse(end).map_err(|_| format!("the authorization server names `{end}`, no address"))?;
            self.outward.permits(&url).map_err(|refused| refused.to_string())?;
        }
        manager.set_metadata(metadata.clone());
        Ok(metadata)
    }

    /// Lets the manager renew: at the authorization server that gave the tokens and at no other.
    async fn prepare_renewal(&self, manager: &mut AuthorizationManager, kept: &Kept) -> Result<(), String> {
        let Some(client) = &kept.client else { return Ok(()) };
        let metadata = self.discover(manager, None).await?;
        if metadata.issuer != kept.issuer {
            // There is no way back: what the one gave is nothing to the other, and must not be shown to it.
            let dropped = self.keep.change(|kept| {
                if let Some(token) = &mut kept.token {
                    token.refresh = None;
                }
            });
            dropped.map_err(|error| error.to_string())?;
            let issuer = metadata.issuer.unwrap_or_default();
            return Err(format!("the server names another authorization server than before, {issuer}"));
        }
        let redirect = redirect::address(client.redirect_port);
        let mut config = OAuthClientConfig::new(client.id.clone(), redirect);
        let configured = self.secret.as_ref().map(|secret| secret.expose_secret().to_owned());
        if let Some(secret) = client.secret.clone().or(configured.filter(|_| !client.registered)) {
            config = config.with_client_secret(secret);
        }
        manager.configure_client(config).map_err(|error| self.told(&error))
    }

    /// An error with what is behind it, without secrets.
    fn told(&self, error: &AuthError) -> String {
        let mut text = error.to_string();
        let mut cause = error.source();
        while let Some(error) = cause {
            let said = error.to_string();
            if !text.contains(&said) {
                text = format!("{text}: {said}");
            }
            cause = error.source();
        }
        self.masked(text)
    }
}

/// Shorter values are no secrets; masking them would only spoil words.
const MASKED_BYTES_MIN: usize = 6;

fn is_fresh(token: &KeptToken) -> bool {
    token.ends_at().is_none_or(|end| end > now() + RENEWED_BEFORE.as_secs())
}

/// Seconds since 1970.
#[expect(
    clippy::disallowed_methods,
    reason = "when a token ends is said in wall-clock time, and no event depends on it"
)]
fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}
