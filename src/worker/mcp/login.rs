//! Logging in at the server of a worker, for a person who asks for it: whether the server wants a login at all, the address to
//! open, and what came of it.

use super::link::{Link, NoLink, Way};
use super::oauth::Refusal;
use super::oauth::login::Waiting;
use super::{McpWorker, Params};
use crate::config::{Environment, Limits, LoginBy, Worker};
use crate::worker::process::ShimProgram;
use std::path::PathBuf;
use std::time::Duration;

/// Whose login it is.
pub struct LoginParts<'a> {
    /// The worker's name.
    pub name: &'a str,
    /// Its settings.
    pub worker: &'a Worker,
    /// What this process was started with.
    pub environment: &'a Environment,
    /// The bounds of calls.
    pub limits: &'a Limits,
    /// The folder of the workers' own configuration (`.synod/homes`).
    pub homes: PathBuf,
}

/// How a login begins.
pub enum Login {
    /// The worker is let in as things are.
    NotNeeded,
    /// Synod logged in by itself, as a client.
    Done,
    /// A browser must open an address.
    Waiting(Browser),
}

/// A login that waits for its browser.
pub struct Browser(Box<Waiting>);

/// Why there is no login.
#[derive(Debug, thiserror::Error)]
pub enum LoginError {
    /// This worker has none.
    #[error("{name} logs in nowhere: {why}")]
    NoLogin {
        /// The worker.
        name: String,
        /// Why not.
        why: &'static str,
    },
    /// It did not come about.
    #[error("no login for {name}: {why}")]
    Failed {
        /// The worker.
        name: String,
        /// What happened, without secrets.
        why: String,
    },
}

/// Begins the login of a worker; `anew`: also where the worker is let in already, and as a client registered anew.
///
/// # Errors
/// When the worker has no login, the server cannot be reached, or what it says about logins cannot be taken.
pub async fn begin(parts: LoginParts<'_>, anew: bool) -> Result<Login, LoginError> {
    let LoginParts { name, worker, environment, limits, homes } = parts;
    let none = |why| LoginError::NoLogin { name: name.to_owned(), why };
    let failed = |why: String| LoginError::Failed { name: name.to_owned(), why };
    if worker.url.is_none() {
        return Err(none("only a worker with `provider = \"mcp\"` and a `url` can"));
    }
    if worker.login.by == LoginBy::Nobody {
        return Err(none("its `login` is \"nobody\""));
    }
    if environment.worker_key(worker).is_some() {
        return Err(none("it shows the key of `api_key_env`"));
    }
    let shim = &ShimProgram::of_this_binary();
    let place = homes.join(name);
    let made = McpWorker::new(Params { name, config: worker, environment, place, shim, limits });
    let Some(oauth) = &made.way.oauth else { return Err(failed("no client for https could be made".to_owned())) };
    if !oauth.is_allowed() {
        return Err(none("a token must not travel in the open; its `url` needs https"));
    }
    if oauth.is_by_client() {
        oauth.renew_as_client().await.map_err(failed)?;
        return Ok(Login::Done);
    }
    match Box::pin(Link::open(&made.way)).await {
        Ok(_) if !anew && !oauth.lacks() => return Ok(Login::NotNeeded),
        Ok(_) | Err(NoLink { refusal: Some(_), .. }) => {}
        Err(NoLink { trouble, refusal: None }) => return Err(failed(oauth.masked(trouble.message))),
    }
    // How the server asks whoever comes without anything says what to ask for.
    let bare = Way { oauth: Some(oauth.bare()), ..made.way.clone() };
    let refusal = Box::pin(Link::open(&bare)).await.err().and_then(|refused| refused.refusal);
    let challenge = refusal.as_ref().and_then(Refusal::challenge);
    let waiting = oauth.begin(challenge, anew).await.map_err(failed)?;
    Ok(Login::Waiting(Browser(Box::new(waiting))))
}

impl Browser {
    /// What the browser must open.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.0.address
    }

    /// Waits until the browser comes back, and keeps the login. Gives the rights that were granted.
    ///
    /// # Errors
    /// When it does not come back within `wait`, or there is no login all the same.
    pub async fn finish(self, name: &str, wait: Duration) -> Result<Vec<String>, LoginError> {
        let failed = |why| LoginError::Failed { name: name.to_owned(), why };
        Box::pin(self.0.finish(wait)).await.map_err(failed)
    }
}
