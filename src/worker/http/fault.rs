//! A failed call as a value, the failure class it means, and the one line a person reads about it.

use super::redact::{Hidden, shown};
use crate::board::FailureClass;
use std::time::Duration;

/// What went wrong with a call that reached a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Too many requests.
    RateLimit,
    /// Out of credit or allowance; waiting does not help.
    Quota,
    /// The key is wrong or may not do this.
    Auth,
    /// The model or the address does not exist.
    NotFound,
    /// The prompt does not fit.
    TooLong,
    /// The content was refused.
    Filtered,
    /// The request was refused for another reason.
    Refused,
    /// The server failed.
    Server,
    /// The server has too much to do.
    Overloaded,
    /// The server gave up waiting.
    Slow,
    /// The server points elsewhere; we do not follow.
    Redirected,
}

/// A failed call.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Fault {
    /// What went wrong.
    pub(super) kind: Kind,
    /// The HTTP status, or the one the error named.
    pub(super) status: Option<u16>,
    /// What the server itself says about trying again (`x-should-retry`).
    pub(super) should_retry: Option<bool>,
    /// How long it asked to wait.
    pub(super) retry_after: Option<Duration>,
    /// The provider's own words, not yet fit to be shown.
    pub(super) said: Option<String>,
}

/// What a message may name.
pub(super) struct Named<'a> {
    /// Host and port of the server.
    pub(super) host: &'a str,
    /// The model.
    pub(super) model: &'a str,
    /// The variable that holds the key, where one is used.
    pub(super) key_variable: Option<&'a str>,
    /// What must not be shown.
    pub(super) hidden: Hidden<'a>,
}

impl Fault {
    /// Whether the same call may succeed later. The server's own word counts, except about keys, credit and models, which
    /// no repetition mends.
    pub(super) fn may_pass(&self) -> bool {
        match self.kind {
            Kind::Quota | Kind::Auth | Kind::NotFound | Kind::Redirected => false,
            Kind::RateLimit | Kind::Server | Kind::Overloaded | Kind::Slow => self.should_retry.unwrap_or(true),
            Kind::TooLong | Kind::Filtered | Kind::Refused => self.should_retry.unwrap_or(false),
        }
    }

    /// The class that decides about retry and rest.
    pub(super) fn class(&self) -> FailureClass {
        match self.kind {
            Kind::Quota | Kind::Auth | Kind::NotFound | Kind::Redirected => FailureClass::WorkerBlocked,
            _ if !self.may_pass() => FailureClass::RequestRefused,
            Kind::RateLimit => FailureClass::RateLimited { retry_after: self.retry_after },
            // An overloaded server that names a time asks for the same rest as one that limits.
            Kind::Overloaded if self.retry_after.is_some() => {
                FailureClass::RateLimited { retry_after: self.retry_after }
            }
            _ => FailureClass::Transient,
        }
    }

    /// The line for a person: what happened, what to do where something can be done, and the provider's words.
    pub(super) fn message(&self, named: &Named<'_>) -> String {
        let host = named.host;
        let status = self.status.map(|status| format!(" ({status})")).unwrap_or_default();
        let line = match self.kind {
            Kind::RateLimit => match self.retry_after {
                Some(wait) => {
                    format!("{host} had too many requests{status} and asks to wait {} s", wait.as_secs_f64().ceil())
                }
                None => format!("{host} had too many requests{status}"),
            },
            Kind::Quota => {
                format!("{host} says the credit or allowance is used up{status}; add credit or change the plan")
            }
            Kind::Auth => match named.key_variable {
                Some(variable) => format!("{host} refused the key in {variable}{status}; set a valid one"),
                None => format!("{host} wants a key{status}; name its variable in `api_key_env`"),
            },
            Kind::NotFound => {
                format!("{host} has no model `{}` at this address{status}; check `model` and `base_url`", named.model)
            }
            Kind::TooLong => format!("the prompt is too long for `{}`{status}", named.model),
            Kind::Filtered => format!("{host} refused the content{status}"),
            Kind::Refused => format!("{host} refused the request{status}"),
            Kind::Server => format!("{host} failed{status}"),
            Kind::Overloaded => format!("{host} is overloaded{status}"),
            Kind::Slow => format!("{host} gave up waiting{status}"),
            Kind::Redirected => format!("{host} points to another address{status}; set `base_url` to the final one"),
        };
        match self.words(named.hidden) {
            Some(said) => format!("{line}: {said}"),
            None => line,
        }
    }

    /// The provider's words, where they add something. About a key they never do, and they may quote it.
    fn words(&self, hidden: Hidden<'_>) -> Option<String> {
        if matches!(self.kind, Kind::Auth | Kind::Redirected) {
            return None;
        }
        self.said.as_deref().and_then(|said| shown(said, hidden))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(kind: Kind) -> Fault {
        Fault {
            kind,
            status: Some(400),
            should_retry: None,
            retry_after: None,
            said: Some("the key marker-KEY-8d1f\nis odd".into()),
        }
    }

    fn say(fault: &Fault) -> String {
        let hidden = Hidden { key: Some("marker-KEY-8d1f"), sent: ["", ""], history: &[] };
        fault.message(&Named { host: "h:1", model: "m-1", key_variable: Some("A_KEY"), hidden })
    }

    const ALL: [Kind; 11] = [
        Kind::RateLimit,
        Kind::Quota,
        Kind::Auth,
        Kind::NotFound,
        Kind::TooLong,
        Kind::Filtered,
        Kind::Refused,
        Kind::Server,
        Kind::Overloaded,
        Kind::Slow,
        Kind::Redirected,
    ];

    #[test]
    fn every_message_is_one_line_without_the_key() {
        for kind in ALL {
            let line = say(&fault(kind));
            assert!(!line.contains('\n') && !line.contains("marker"), "{line}");
        }
    }

    #[test]
    fn a_missing_model_and_a_bad_key_name_what_to_mend() {
        assert!(say(&fault(Kind::NotFound)).contains("`m-1`"));
        assert!(say(&fault(Kind::Auth)).contains("A_KEY"));
    }

    #[test]
    fn the_servers_word_about_retrying_counts_where_repetition_can_help() {
        let with = |kind, should_retry| Fault { should_retry, ..fault(kind) }.class();
        assert_eq!(with(Kind::Server, None), FailureClass::Transient);
        assert_eq!(with(Kind::Server, Some(false)), FailureClass::RequestRefused);
        assert_eq!(with(Kind::Refused, Some(true)), FailureClass::Transient);
        assert_eq!(with(Kind::Quota, Some(true)), FailureClass::WorkerBlocked);
    }

    #[test]
    fn a_named_wait_rests_the_worker() {
        let wait = Some(Duration::from_secs(7));
        let of = |kind| Fault { retry_after: wait, ..fault(kind) }.class();
        assert_eq!(of(Kind::RateLimit), FailureClass::RateLimited { retry_after: wait });
        assert_eq!(of(Kind::Overloaded), FailureClass::RateLimited { retry_after: wait });
        assert_eq!(of(Kind::Server), FailureClass::Transient);
    }
}
