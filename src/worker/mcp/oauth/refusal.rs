//! What it means that a server did not let a worker in: no login, a login that has ended, or too few rights. It reads that out
//! of whatever failed, and says what a person can do.

use super::Oauth;
use crate::config::LoginBy;
use crate::worker::cli::trouble::Trouble;
use reqwest::Url;
use rmcp::service::{ClientInitializeError, ServiceError};
use rmcp::transport::auth::{AuthError, WWWAuthenticateParams};
use rmcp::transport::streamable_http_client::{AuthRequiredError, InsufficientScopeError};
use std::error::Error;

/// Longest list of rights that is kept of what a server asks for.
const SCOPES_MAX: usize = 64;

/// Why a server did not let a worker in.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::worker::mcp) enum Refusal {
    /// It wants a login, or another one than was shown.
    NoLogin {
        /// The header in which it says so, where it did.
        challenge: Option<String>,
    },
    /// The login does not reach so far.
    TooFewRights {
        /// The header in which it says so.
        challenge: String,
    },
    /// The login could not be renewed for now.
    NotRenewed {
        /// What was said about it.
        why: String,
    },
}

impl Refusal {
    /// Reads what failed at connecting.
    pub(in crate::worker::mcp) fn at_start(error: &ClientInitializeError) -> Option<Self> {
        match error {
            ClientInitializeError::TransportError { error, .. } => Self::behind(error.error.as_ref()),
            ClientInitializeError::LegacyFallbackFailed { discover, fallback } => {
                Self::at_start(fallback).or_else(|| Self::at_start(discover))
            }
            _ => None,
        }
    }

    /// Reads what failed in a call.
    pub(in crate::worker::mcp) fn in_call(error: &ServiceError) -> Option<Self> {
        match error {
            ServiceError::TransportSend(error) => Self::behind(error.error.as_ref()),
            _ => None,
        }
    }

    /// Looks through the causes of an error.
    fn behind(error: &(dyn Error + 'static)) -> Option<Self> {
        let mut cause = Some(error);
        while let Some(error) = cause {
            if let Some(required) = error.downcast_ref::<AuthRequiredError>() {
                return Some(Self::NoLogin { challenge: Some(required.www_authenticate_header.clone()) });
            }
            if let Some(scope) = error.downcast_ref::<InsufficientScopeError>() {
                return Some(Self::TooFewRights { challenge: scope.www_authenticate_header.clone() });
            }
            match error.downcast_ref::<AuthError>() {
                Some(AuthError::AuthorizationRequired) => return Some(Self::NoLogin { challenge: None }),
                Some(other) => return Some(Self::NotRenewed { why: other.to_string() }),
                None => {}
            }
            cause = error.source();
        }
        // A refusal without the header that belongs to it comes as plain words.
        error.to_string().contains("HTTP 401").then_some(Self::NoLogin { challenge: None })
    }

    /// The header in which the server said so.
    pub(in crate::worker::mcp) fn challenge(&self) -> Option<&str> {
        match self {
            Self::NoLogin { challenge } => challenge.as_deref(),
            Self::TooFewRights { challenge } => Some(challenge),
            Self::NotRenewed { .. } => None,
        }
    }
}

impl Oauth {
    /// The refusal as it is to be taken: a login that holds nothing to renew it with has ended.
    pub(in crate::worker::mcp) fn taken(&self, refusal: Refusal) -> Refusal {
        let renews = || self.keep.read().is_ok_and(|kept| kept.token.is_some_and(|token| token.refresh.is_some()));
        match refusal {
            Refusal::NotRenewed { .. } if !renews() => Refusal::NoLogin { challenge: None },
            other => other,
        }
    }

    /// What the worker's caller is told, and what is kept for the next login.
    pub(in crate::worker::mcp) fn refused(&self, refusal: &Refusal) -> Trouble {
        let name = &self.name;
        match (self.login.by, refusal) {
            (_, Refusal::NotRenewed { why }) => {
                Trouble::transient(&self.masked(format!("the login of {name} could not be renewed: {why}")))
            }
            (LoginBy::Nobody, _) => {
                Trouble::blocked("the server wants a login, and the settings say that nobody logs in")
            }
            (LoginBy::Client, Refusal::NoLogin { .. }) => {
                let client = self.login.client_id.as_deref().unwrap_or_default();
                Trouble::blocked(&format!("the server does not take the login of the client `{client}`"))
            }
            (LoginBy::Person, Refusal::NoLogin { .. }) => {
                let had = self.keep.read().is_ok_and(|kept| kept.token.is_some());
                let what = if had { "the server no longer takes the login" } else { "the server wants a login" };
                Trouble::blocked(&format!("{what}: synod login {name}"))
            }
            (by, Refusal::TooFewRights { challenge }) => self.too_few_rights(by, challenge),
        }
    }

    fn too_few_rights(&self, by: LoginBy, challenge: &str) -> Trouble {
        let wanted = scopes(challenge, &self.url);
        let list = if wanted.is_empty() { "rights that it does not name".to_owned() } else { wanted.join(" ") };
        let kept = self.keep.read().unwrap_or_default();
        let missing = wanted.iter().any(|scope| !kept.granted.contains(scope));
        if by != LoginBy::Person || !missing {
            return Trouble::blocked(&format!(
                "the server wants {list} for this tool and does not take the login for it; whoever runs the server must grant it"
            ));
        }
        let noted = self.keep.change(|kept| {
            for scope in &wanted {
                if !kept.wanted.contains(scope) && kept.wanted.len() < SCOPES_MAX {
                    kept.wanted.push(scope.clone());
                }
            }
        });
        if let Err(error) = noted {
            tracing::warn!(worker = self.name, %error, "the rights that the server wants could not be kept");
        }
        Trouble::blocked(&format!("the login lacks the rights {list}: synod login {}", self.name))
    }
}

/// The rights that a challenge names.
fn scopes(challenge: &str, url: &Url) -> Vec<String> {
    let named = WWWAuthenticateParams::parse(challenge, url).scope.unwrap_or_default();
    named.split_whitespace().take(SCOPES_MAX).map(str::to_owned).collect()
}
