//! A tool of another MCP server as a worker. One connection is kept and used by all calls; one that died is made anew at the
//! next call. Connecting is `link`, what the tool is given `tool`, how its result reads `answer`, logging in `oauth`, what a
//! server's questions are answered with `questions`.

mod answer;
mod link;
pub mod login;
mod oauth;
mod questions;
mod tool;

use super::cli::trouble::Trouble;
use super::cli::whole_prompt;
use super::process::ShimProgram;
use super::{Call, Outcome, Reply};
use crate::board::{FailureClass, Usage};
use crate::config::{self, Environment, Limits};
use link::{Link, NoLink, Way};
use oauth::{Oauth, Refusal};
use reqwest::Url;
use secrecy::ExposeSecret;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::OnceCell;
use tokio_util::sync::CancellationToken;

/// Longest start of a server: some are fetched from the network by the very command that starts them. The protocol's own
/// handshake has no limit.
const START_MAX: Duration = Duration::from_secs(120);

/// What a worker is built from.
pub(super) struct Params<'a> {
    /// Its name.
    pub(super) name: &'a str,
    /// Its settings.
    pub(super) config: &'a config::Worker,
    /// What this process was started with.
    pub(super) environment: &'a Environment,
    /// Holds a folder for each running server.
    pub(super) place: PathBuf,
    /// How a server's helper is started.
    pub(super) shim: &'a ShimProgram,
    /// The bounds of calls.
    pub(super) limits: &'a Limits,
}

/// A configured tool.
pub(super) struct McpWorker {
    way: Way,
    answer_bytes_max: usize,
    /// The connection, or where it will stand once somebody has made it. Never held over an await.
    link: Mutex<Arc<OnceCell<Link>>>,
}

impl McpWorker {
    /// The worker; connects to nobody yet.
    pub(super) fn new(params: Params<'_>) -> Self {
        let oauth = login_of(&params);
        let Params { name, config, environment, place, shim, limits } = params;
        let way = Way {
            oauth,
            name: name.to_owned(),
            config: config.clone(),
            environment: environment.clone(),
            place,
            shim: shim.clone(),
            connect_timeout: limits.connect_timeout,
            grace: limits.worker_grace,
            stderr_bytes_max: limits.stderr_bytes_max,
        };
        Self { way, answer_bytes_max: limits.output_bytes_max, link: Mutex::default() }
    }

    /// Makes the call. When it is stopped or takes too long, the server is told that it is cancelled; the connection stays.
    pub(super) async fn call(&self, call: &Call, stop: &CancellationToken) -> Outcome {
        let began = Instant::now();
        let asked = Box::pin(self.ask(call));
        let outcome = tokio::select! {
            biased;
            () = stop.cancelled() => Err(Trouble::new(FailureClass::Cancelled, "it was stopped")),
            asked = tokio::time::timeout(call.time_left, asked) => asked.unwrap_or_else(|_| {
                Err(Trouble::new(FailureClass::Timeout, "it had not answered when its time was over"))
            }),
        };
        outcome.map_err(|trouble| {
            let key = self.way.environment.worker_key(&self.way.config);
            let trouble = match &self.way.oauth {
                Some(oauth) => Trouble { message: oauth.masked(trouble.message), ..trouble },
                None => trouble,
            };
            trouble.failure(began.elapsed(), key.as_ref().map(ExposeSecret::expose_secret))
        })
    }

    async fn ask(&self, call: &Call) -> Result<Reply, Trouble> {
        let refused = match self.ask_once(call).await {
            Ok(reply) => return Ok(reply),
            Err(refused) => refused,
        };
        // A client's own token has no other way to be renewed: once, then its end is the server's last word.
        match &self.way.oauth {
            Some(oauth) if oauth.is_by_client() && matches!(refused.refusal, Some(Refusal::NoLogin { .. })) => {
                oauth.renew_as_client().await.map_err(|why| Trouble::blocked(&why))?;
                self.ask_once(call).await.map_err(|refused| refused.trouble)
            }
            _ => Err(refused.trouble),
        }
    }

    async fn ask_once(&self, call: &Call) -> Result<Reply, NoLink> {
        let slot = self.slot();
        let link = self.connected(&slot).await?;
        let prompt = whole_prompt(call.system.as_deref(), &call.prompt);
        let arguments = tool::arguments(&self.way.config.arguments, &link.tool.input_schema, &prompt);
        let arguments = arguments.map_err(|what| {
            let (name, tool) = (&self.way.name, &link.tool.name);
            Trouble::blocked(&format!("workers.{name}, tool `{tool}`: {what}"))
        })?;
        let result = link.call(arguments).await;
        let result = result.map_err(|error| NoLink::in_call(&self.way, &error, link.complaint().as_deref()))?;
        let given = answer::read(result)?;
        if given.text.len() > self.answer_bytes_max {
            return Err(Trouble::refused("its answer is longer than `limits.output_bytes_max`").into());
        }
        let model = self.way.config.model.clone().unwrap_or_else(|| link.server.clone());
        let (text, structured) = (given.text, given.structured);
        Ok(Reply { text, structured, model, session: None, usage: Usage::default(), files_modified: Vec::new() })
    }

    /// Connects, or waits for somebody else who is doing so.
    async fn connected<'a>(&self, slot: &'a OnceCell<Link>) -> Result<&'a Link, NoLink> {
        let open = async {
            let late = |_| Trouble::new(FailureClass::Timeout, "the server does not get ready");
            // On the heap: the handshake's state is large, and every caller would carry it.
            tokio::time::timeout(START_MAX, Box::pin(Link::open(&self.way))).await.map_err(late)?
        };
        slot.get_or_try_init(|| open).await
    }

    /// Where the connection stands or will stand. A dead one makes way for a new one; calls that still hold it see its end.
    fn slot(&self) -> Arc<OnceCell<Link>> {
        let mut slot = self.link.lock().unwrap_or_else(PoisonError::into_inner);
        if slot.get().is_some_and(Link::is_dead) {
            *slot = Arc::default();
        }
        Arc::clone(&slot)
    }
}

/// The login at the server of a worker: none for a program, for one that is shown a key, and for an address that is none.
fn login_of(params: &Params<'_>) -> Option<Oauth> {
    let Params { name, config, environment, place, limits, .. } = params;
    if environment.worker_key(config).is_some() {
        return None;
    }
    let url = Url::parse(config.url.as_deref()?).ok()?;
    let made = Oauth::new(oauth::Params {
        name,
        login: &config.login,
        secret: environment.client_secret(config),
        url: &url,
        folder: place,
        connect_timeout: limits.connect_timeout,
    });
    made.map_err(|why| tracing::warn!(worker = name, why, "there can be no login")).ok()
}
