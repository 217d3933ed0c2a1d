//! How a worker behind a remote MCP server logs in: as which client, for which rights, and whether a person or Synod itself
//! does it. Data alone; the flow is the worker room's.

use super::checks::{is_address, is_loopback, is_variable};
use super::layers::Leaf;
use super::reader::{FromValue, Reader, expected};
use super::worker::{Worker, choice};

choice! {
    /// Who logs in at the authorization server of a remote MCP server.
    pub enum LoginBy: "a way to log in, in quotes" {
        /// A person, with `synod login`.
        Person = "person",
        /// Synod itself, as the client it is: `client_id` and the secret are enough.
        Client = "client",
        /// Nobody: a server that wants a login is not logged in to.
        Nobody = "nobody",
    } stand_in Nobody
}

choice! {
    /// What becomes of questions that a server asks in the middle of a call.
    pub enum Questions: "a way to treat questions, in quotes" {
        /// The server is told that nobody answers questions.
        Refuse = "refuse",
        /// Forms are answered from `answers` and from the defaults that they name.
        Answer = "answer",
    } stand_in Refuse
}

/// The login of a worker.
#[derive(Debug, Clone, PartialEq)]
pub struct Login {
    /// Who logs in.
    pub by: LoginBy,
    /// The client that was registered beforehand; absent: Synod registers itself.
    pub client_id: Option<String>,
    /// Name of the environment variable that holds the secret of that client.
    pub client_secret_env: Option<String>,
    /// Https address of a document that describes this client, used as its id where the authorization server takes such ids.
    pub client_metadata_url: Option<String>,
    /// The rights that are asked for; empty: those that the server names.
    pub scopes: Vec<String>,
    /// The loopback port that the browser comes back to; absent: any that is free.
    pub redirect_port: Option<u16>,
}

impl Default for Login {
    fn default() -> Self {
        Self {
            by: LoginBy::Person,
            client_id: None,
            client_secret_env: None,
            client_metadata_url: None,
            scopes: Vec::new(),
            redirect_port: None,
        }
    }
}

impl Login {
    /// Reads the login of the worker whose keys begin with `key`.
    pub(super) fn read(reader: &Reader<'_>, key: &str) -> Self {
        Self {
            by: reader.take::<Option<LoginBy>>(key, "login").unwrap_or(LoginBy::Person),
            client_id: reader.take(key, "client_id"),
            client_secret_env: reader.take(key, "client_secret_env"),
            client_metadata_url: reader.take(key, "client_metadata_url"),
            scopes: reader.take::<Option<Vec<String>>>(key, "scopes").unwrap_or_default(),
            redirect_port: reader.take(key, "redirect_port"),
        }
    }
}

/// What the login of a worker must be, and who has none.
pub(super) fn check(fault: &dyn Fn(&str, &str), worker: &Worker) {
    let login = &worker.login;
    if worker.url.is_none() {
        if *login != Login::default() {
            fault("login", "and its keys are for the provider `mcp` with a `url`");
        }
        return;
    }
    if login.client_secret_env.as_deref().is_some_and(|name| !is_variable(name)) {
        fault("client_secret_env", "must be the name of an environment variable, not a secret");
    }
    if login.client_secret_env.is_some() && login.client_id.is_none() {
        fault("client_secret_env", "goes with `client_id`");
    }
    if login.by == LoginBy::Client && (login.client_id.is_none() || login.client_secret_env.is_none()) {
        fault("login", "as `client` needs `client_id` and `client_secret_env`");
    }
    if login.client_metadata_url.as_deref().is_some_and(|url| !url.starts_with("https://") || !is_address(url)) {
        fault("client_metadata_url", "must be an https address");
    }
    if login.scopes.iter().any(|scope| scope.is_empty() || scope.contains(char::is_whitespace)) {
        fault("scopes", "must hold one right each, without spaces");
    }
    let plain = worker.url.as_deref().is_some_and(|url| url.starts_with("http://") && !is_loopback(url));
    if plain && *login != Login::default() && login.by != LoginBy::Nobody {
        fault("login", "needs an https `url`, except on this machine: a token must not travel in the open");
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failing test may stop where it stands")]
mod tests {
    use super::*;
    use crate::config::parse;

    fn read(more: &str) -> Result<Worker, String> {
        let text = format!("[workers.w]\nprovider = 'mcp'\ntool = 't'\n{more}");
        let loaded = parse(&text).map_err(|error| error.to_string())?;
        Ok(loaded.settings.workers["w"].clone())
    }

    #[test]
    fn every_key_reaches_its_field_and_none_is_needed() {
        let more = "url = 'https://example.org/mcp'\nlogin = 'client'\nclient_id = 'me'\nclient_secret_env = 'ME_SECRET'\n\
                    client_metadata_url = 'https://example.org/me.json'\nscopes = ['a', 'b']\nredirect_port = 8123\n\
                    questions = 'answer'\n[workers.w.answers]\nsure = true";
        let worker = read(more).unwrap();
        let expected = Login {
            by: LoginBy::Client,
            client_id: Some("me".into()),
            client_secret_env: Some("ME_SECRET".into()),
            client_metadata_url: Some("https://example.org/me.json".into()),
            scopes: vec!["a".into(), "b".into()],
            redirect_port: Some(8123),
        };
        assert_eq!(worker.login, expected);
        assert_eq!((worker.questions, worker.answers["sure"].as_bool()), (Questions::Answer, Some(true)));
        let plain = read("url = 'http://127.0.0.1:1/mcp'").unwrap();
        assert_eq!((plain.login, plain.questions), (Login::default(), Questions::Refuse));
    }

    #[test]
    fn what_cannot_be_is_said() {
        let https = "url = 'https://example.org/mcp'\n";
        for (more, expected) in [
            ("command = ['x']\nclient_id = 'me'", "for the provider `mcp` with a `url`"),
            (&format!("{https}client_secret_env = 'S'"), "goes with `client_id`"),
            (&format!("{https}client_id = 'a'\nclient_secret_env = 'not a name'"), "name of an environment variable"),
            (&format!("{https}login = 'client'\nclient_id = 'a'"), "needs `client_id` and `client_secret_env`"),
            (&format!("{https}client_metadata_url = 'http://example.org/x'"), "must be an https address"),
            (&format!("{https}scopes = ['a b']"), "one right each"),
            (&format!("{https}login = 'me'"), "must be one of person, client, nobody"),
            ("url = 'http://example.org/mcp'\nclient_id = 'a'", "must not travel in the open"),
            (&format!("{https}answers = {{ a = 1 }}"), "goes with `questions"),
        ] {
            let said = read(more).unwrap_err();
            assert!(said.contains(expected), "{more}: {said}");
        }
        assert!(read("url = 'http://localhost:8080/mcp'\nclient_id = 'a'").is_ok());
    }
}
