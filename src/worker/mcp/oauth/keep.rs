//! The file in which a login is kept: which server it is for, as which client, with which tokens. One file for each worker,
//! readable by its user alone, written whole or not at all. It is bound to the server's address: a worker whose `url` was
//! changed has no login.

use async_trait::async_trait;
use rmcp::transport::auth::{AuthError, OAuthTokenResponse, StoredCredentials};
use rmcp::transport::auth::{CredentialRefreshGuard, CredentialStore};
use rustix::fs::{FlockOperation, flock};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The file's name in the worker's folder.
const FILE: &str = "login.json";
/// Longest file that is read, in bytes.
const FILE_BYTES_MAX: u64 = 1 << 20;
/// How long another process may take to renew a login before this one gives up.
const RENEWAL_MAX: Duration = Duration::from_secs(60);
/// Between two looks at the lock.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// What is kept.
#[derive(Clone, Default, Deserialize, PartialEq, Serialize)]
pub(super) struct Kept {
    /// The server's address.
    pub(super) url: String,
    /// The authorization server that gave the tokens.
    #[serde(default)]
    pub(super) issuer: Option<String>,
    /// As whom.
    #[serde(default)]
    pub(super) client: Option<KeptClient>,
    /// With which tokens.
    #[serde(default)]
    pub(super) token: Option<KeptToken>,
    /// Rights that were granted.
    #[serde(default)]
    pub(super) granted: Vec<String>,
    /// Rights that the server asked for since.
    #[serde(default)]
    pub(super) wanted: Vec<String>,
}

/// The client of a login.
#[derive(Clone, Deserialize, PartialEq, Serialize)]
pub(super) struct KeptClient {
    pub(super) id: String,
    /// The secret that the authorization server gave at the registration. One that a person configured is not kept.
    #[serde(default)]
    pub(super) secret: Option<String>,
    /// The loopback port that it was registered with.
    pub(super) redirect_port: u16,
    /// Whether Synod registered it.
    pub(super) registered: bool,
}

/// The tokens of a login.
#[derive(Clone, Deserialize, PartialEq, Serialize)]
pub(super) struct KeptToken {
    pub(super) access: String,
    #[serde(default)]
    pub(super) refresh: Option<String>,
    /// Seconds since 1970.
    #[serde(default)]
    pub(super) received_at: Option<u64>,
    /// Seconds from then on.
    #[serde(default)]
    pub(super) lives_s: Option<u64>,
}

impl KeptToken {
    /// Reads what a token endpoint answered.
    pub(super) fn of(response: &OAuthTokenResponse, received_at: Option<u64>) -> Option<Self> {
        let response = serde_json::to_value(response).ok()?;
        let text = |key: &str| response.get(key).and_then(Value::as_str).map(str::to_owned);
        Some(Self {
            access: text("access_token")?,
            refresh: text("refresh_token"),
            received_at,
            lives_s: response.get("expires_in").and_then(Value::as_u64),
        })
    }

    fn response(&self) -> Option<OAuthTokenResponse> {
        let mut response = json!({ "access_token": self.access, "token_type": "bearer" });
        if let Some(refresh) = &self.refresh {
            response["refresh_token"] = json!(refresh);
        }
        if let Some(lives_s) = self.lives_s {
            response["expires_in"] = json!(lives_s);
        }
        serde_json::from_value(response).ok()
    }

    /// The moment of its end, in seconds since 1970, where it is known.
    pub(super) fn ends_at(&self) -> Option<u64> {
        Some(self.received_at?.saturating_add(self.lives_s?))
    }
}

/// Where the login of one worker is kept.
#[derive(Clone, Debug)]
pub(super) struct Keep {
    folder: PathBuf,
    url: String,
}

impl Keep {
    /// In this folder, for this server.
    pub(super) fn new(folder: &Path, url: &str) -> Self {
        Self { folder: folder.to_owned(), url: url.to_owned() }
    }

    /// What is kept for this server; nothing when the file is of another one, or cannot be read as one of ours.
    pub(super) fn read(&self) -> io::Result<Kept> {
        let none = Kept { url: self.url.clone(), ..Kept::default() };
        let no_follow = rustix::fs::OFlags::NOFOLLOW.bits().cast_signed();
        let file = match OpenOptions::new().read(true).custom_flags(no_follow).open(self.folder.join(FILE)) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(none),
            Err(error) => return Err(error),
        };
        let mut text = String::new();
        file.take(FILE_BYTES_MAX).read_to_string(&mut text)?;
        let kept: Option<Kept> = serde_json::from_str(&text).ok();
        Ok(kept.filter(|kept| kept.url == self.url).unwrap_or(none))
    }

    /// Puts a login in the place of the one before.
    pub(super) fn write(&self, kept: &Kept) -> io::Result<()> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.folder)?;
        let aside = self.folder.join(format!("{FILE}.{}.new", std::process::id()));
        // What a crash left of an earlier try may have any mode.
        let _ = fs::remove_file(&aside);
        let mut file = OpenOptions::new().create_new(true).write(true).mode(0o600).open(&aside)?;
        file.write_all(&serde_json::to_vec_pretty(kept)?)?;
        file.sync_all()?;
        fs::rename(&aside, self.folder.join(FILE))?;
        File::open(&self.folder)?.sync_all()
    }

    /// Changes what is kept.
    pub(super) fn change(&self, change: impl FnOnce(&mut Kept)) -> io::Result<()> {
        let mut kept = self.read()?;
        let before = kept.clone();
        change(&mut kept);
        if kept == before { Ok(()) } else { self.write(&kept) }
    }
}

fn failed(error: &io::Error) -> AuthError {
    AuthError::CredentialStoreError(error.to_string())
}

#[async_trait]
impl CredentialStore for Keep {
    async fn load(&self) -> Result<Option<StoredCredentials>, AuthError> {
        let kept = self.read().map_err(|error| failed(&error))?;
        let (Some(client), Some(token)) = (kept.client, kept.token) else { return Ok(None) };
        let stored = StoredCredentials::new(client.id, token.response(), kept.granted, token.received_at);
        Ok(Some(stored.with_issuer(kept.issuer)))
    }

    async fn save(&self, stored: StoredCredentials) -> Result<(), AuthError> {
        let token = stored.token_response.as_ref();
        let token = token.and_then(|response| KeptToken::of(response, stored.token_received_at));
        let changed = self.change(|kept| {
            kept.token = token;
            kept.granted = stored.granted_scopes;
        });
        changed.map_err(|error| failed(&error))
    }

    async fn clear(&self) -> Result<(), AuthError> {
        self.change(|kept| kept.token = None).map_err(|error| failed(&error))
    }

    /// One process renews at a time: an authorization server may take a refresh token only once, and take a second use for
    /// a theft.
    async fn acquire_refresh_guard(&self) -> Result<Option<CredentialRefreshGuard>, AuthError> {
        let mut options = OpenOptions::new();
        let options = options.create(true).truncate(false).write(true).mode(0o600);
        let file = options.open(self.folder.join("login.lock")).map_err(|error| failed(&error))?;
        let wait = async {
            while flock(&file, FlockOperation::NonBlockingLockExclusive).is_err() {
                tokio::time::sleep(LOOK_AGAIN).await;
            }
        };
        let late = |_| AuthError::CredentialStoreError("another process has been renewing it for too long".to_owned());
        tokio::time::timeout(RENEWAL_MAX, wait).await.map_err(late)?;
        Ok(Some(CredentialRefreshGuard::new(file)))
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failing test may stop where it stands")]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn login(url: &str) -> Kept {
        let token = KeptToken {
            access: "access-1".to_owned(),
            refresh: Some("refresh-1".to_owned()),
            received_at: Some(100),
            lives_s: Some(60),
        };
        let client = KeptClient { id: "me".to_owned(), secret: None, redirect_port: 1, registered: true };
        Kept { url: url.to_owned(), client: Some(client), token: Some(token), ..Kept::default() }
    }

    #[tokio::test]
    async fn it_comes_back_and_nobody_else_may_read_it() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("w");
        let keep = Keep::new(&folder, "https://example.org/mcp");
        assert!(keep.load().await.unwrap().is_none());
        keep.write(&login("https://example.org/mcp")).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&folder), mode(&folder.join(FILE))), (0o700, 0o600));
        let stored = keep.load().await.unwrap().unwrap();
        assert_eq!((stored.client_id.as_str(), stored.token_received_at), ("me", Some(100)));
        let token = KeptToken::of(&stored.token_response.unwrap(), Some(100)).unwrap();
        assert_eq!(token.ends_at(), Some(160));
        assert!(token == login("").token.unwrap());
    }

    #[tokio::test]
    async fn a_login_is_for_its_server_alone() {
        let home = tempfile::tempdir().unwrap();
        Keep::new(home.path(), "https://example.org/mcp").write(&login("https://example.org/mcp")).unwrap();
        let other = Keep::new(home.path(), "https://elsewhere.org/mcp");
        assert!(other.load().await.unwrap().is_none());
        fs::write(home.path().join(FILE), "not ours").unwrap();
        assert!(Keep::new(home.path(), "https://example.org/mcp").load().await.unwrap().is_none());
    }

    #[tokio::test]
    async fn one_renews_at_a_time() {
        let home = tempfile::tempdir().unwrap();
        let keep = Keep::new(home.path(), "https://example.org/mcp");
        let first = keep.acquire_refresh_guard().await.unwrap();
        let second = keep.acquire_refresh_guard();
        assert!(tokio::time::timeout(Duration::from_millis(200), second).await.is_err());
        drop(first);
        assert!(keep.acquire_refresh_guard().await.unwrap().is_some());
    }
}
