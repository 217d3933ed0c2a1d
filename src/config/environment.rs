//! A snapshot of the environment, taken once: the only place that reads it. Everyone else is given this value,
//! so a test can hand in its own, and a child process gets only what the allow-list lets through.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret, SecretString};

use super::provider::Provider;
use super::settings::{GlobalFolder, MemoryBus, Settings};
use super::worker::Worker;

/// The variables, current folder and user of this process when it started.
#[derive(Clone, Default)]
pub struct Environment {
    variables: BTreeMap<OsString, OsString>,
    current_dir: PathBuf,
    user_id: u32,
}

/// Variables every child process may see, by exact name.
const ALLOWED: [&str; 35] = [
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "SHELL",
    "LANG",
    "LANGUAGE",
    "TERM",
    "TZ",
    "TMPDIR",
    "TMP",
    "TEMP",
    "COLORTERM",
    "NO_COLOR",
    "XDG_CONFIG_HOME",
    "XDG_DATA_HOME",
    "XDG_STATE_HOME",
    "XDG_CACHE_HOME",
    "XDG_RUNTIME_DIR",
    "XDG_CONFIG_DIRS",
    "XDG_DATA_DIRS",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "NODE_EXTRA_CA_CERTS",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "all_proxy",
    "no_proxy",
    "DBUS_SESSION_BUS_ADDRESS",
    "CODEX_HOME",
    "CLAUDE_CONFIG_DIR",
];

/// How names of variables end that hold keys.
const KEY_ENDINGS: [&str; 5] = ["_API_KEY", "_TOKEN", "_SECRET", "_SECRET_KEY", "_PASSWORD"];
/// Shortest value that is masked, in bytes.
const SECRET_BYTES_MIN: usize = 8;

impl Environment {
    /// Takes the snapshot of this process.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the environment")]
    pub fn capture() -> Self {
        Self {
            variables: std::env::vars_os().collect(),
            current_dir: std::env::current_dir().unwrap_or_default(),
            user_id: rustix::process::getuid().as_raw(),
        }
    }

    /// An environment made of these variables, for tests and for embedding.
    #[must_use]
    pub fn of<K: Into<OsString>, V: Into<OsString>>(variables: impl IntoIterator<Item = (K, V)>) -> Self {
        let variables = variables.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
        Self { variables, current_dir: PathBuf::from("/"), user_id: 0 }
    }

    /// The same environment as seen from another folder.
    #[must_use]
    pub fn at(mut self, current_dir: &Path) -> Self {
        self.current_dir = current_dir.to_owned();
        self
    }

    /// The folder the process was started in.
    #[must_use]
    pub fn current_dir(&self) -> &Path {
        &self.current_dir
    }

    /// The user's number.
    #[must_use]
    pub fn user_id(&self) -> u32 {
        self.user_id
    }

    /// The value of a variable; an empty one counts as absent.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&OsStr> {
        self.variables.get(OsStr::new(name)).map(OsString::as_os_str).filter(|value| !value.is_empty())
    }

    /// The value of a variable that is text; an empty one counts as absent.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name).and_then(OsStr::to_str)
    }

    /// A key from a variable, wrapped so that no message shows it.
    #[must_use]
    pub fn secret(&self, name: &str) -> Option<SecretString> {
        self.text(name).map(|value| SecretString::from(value.trim().to_owned()))
    }

    /// The user's home.
    #[must_use]
    pub fn home(&self) -> Option<PathBuf> {
        self.get("HOME").map(PathBuf::from)
    }

    /// The user's own settings file, `$XDG_CONFIG_HOME/synod/config.toml` or `~/.config/synod/config.toml`.
    /// A relative `$XDG_CONFIG_HOME` is ignored, as its specification demands.
    #[must_use]
    pub fn user_settings(&self) -> Option<PathBuf> {
        let base = self.get("XDG_CONFIG_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
        Some(base.or_else(|| Some(self.home()?.join(".config")))?.join("synod/config.toml"))
    }

    /// Where `global/` memories have their files; `None`: nowhere.
    pub fn global_memories(&self, memory: &MemoryBus) -> Option<PathBuf> {
        match &memory.global {
            None => Some(self.user_settings()?.with_file_name("memories")),
            Some(GlobalFolder::Off) => None,
            Some(GlobalFolder::At(folder)) => Some(folder.clone()),
            Some(GlobalFolder::InHome(below)) => Some(self.home()?.join(below)),
        }
    }

    /// The variables that are settings: `SYNOD_GROUP__KEY`. Others that begin with `SYNOD_` are not.
    pub(super) fn settings(&self) -> impl Iterator<Item = (String, String)> {
        self.variables.iter().filter_map(|(name, value)| {
            let name = name.to_str().filter(|name| name.starts_with("SYNOD_") && name.contains("__"))?;
            Some((name.to_owned(), value.to_string_lossy().into_owned()))
        })
    }

    /// Names of variables that begin like settings and have no group: `SYNOD_LIMITS_RETRIES`.
    pub(super) fn groupless(&self) -> impl Iterator<Item = &str> {
        let names = self.variables.keys().filter_map(|name| name.to_str());
        names.filter(|name| name.starts_with("SYNOD_") && !name.contains("__"))
    }

    /// What a task's own command may see: the allow-list alone, and no key.
    #[must_use]
    pub fn for_command(&self) -> Vec<(OsString, OsString)> {
        let passes = |name: &str| ALLOWED.contains(&name) || name.starts_with("LC_");
        let seen = self.variables.iter().filter(|(name, _)| name.to_str().is_some_and(passes));
        seen.map(|(name, value)| (name.clone(), value.clone())).collect()
    }

    /// What a worker's process may see: the allow-list, the worker's own key, and what its settings add by name.
    #[must_use]
    pub fn for_worker(&self, worker: &Worker) -> Vec<(OsString, OsString)> {
        let own = worker.key_variable();
        let passes = |name: &str| {
            ALLOWED.contains(&name)
                || name.starts_with("LC_")
                || own == Some(name)
                || worker.env.iter().any(|extra| extra == name)
        };
        self.variables
            .iter()
            .filter(|(name, _)| name.to_str().is_some_and(passes))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect()
    }

    /// The worker's key, where one is set.
    #[must_use]
    pub fn worker_key(&self, worker: &Worker) -> Option<SecretString> {
        self.secret(worker.key_variable()?)
    }

    /// The secret of the client that a worker logs in as, where one is set.
    #[must_use]
    pub fn client_secret(&self, worker: &Worker) -> Option<SecretString> {
        self.secret(worker.login.client_secret_env.as_deref()?)
    }

    /// Every value that must be masked in whatever is written: the keys these settings can use, and whatever else is
    /// named like a key. Values below eight bytes are left out, because masking them would tear ordinary words.
    #[must_use]
    pub fn secrets(&self, settings: &Settings) -> Vec<SecretString> {
        let usual = Provider::ALL.iter().filter_map(|provider| provider.api_key_env());
        let clients = settings.workers.values().filter_map(|worker| worker.login.client_secret_env.as_deref());
        let keys = settings.workers.values().filter_map(Worker::key_variable);
        let named: BTreeSet<&str> = keys.chain(clients).chain(usual).collect();
        let is_key = |name: &str| named.contains(name) || KEY_ENDINGS.iter().any(|ending| name.ends_with(ending));
        self.variables
            .keys()
            .filter_map(|name| name.to_str())
            .filter(|name| is_key(name))
            .filter_map(|name| self.secret(name))
            .filter(|secret| secret.expose_secret().len() >= SECRET_BYTES_MIN)
            .collect()
    }
}

impl fmt::Debug for Environment {
    /// Shows names only: values can be keys.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Environment")
            .field("current_dir", &self.current_dir)
            .field("variables", &self.variables.keys())
            .finish()
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failing test may stop where it stands")]
mod tests {
    use super::*;

    #[test]
    fn a_worker_sees_the_allowed_its_own_key_and_what_it_names() {
        let environment = Environment::of([
            ("PATH", "/bin"),
            ("LC_ALL", "C"),
            ("OPENAI_API_KEY", "one"),
            ("ANTHROPIC_API_KEY", "two"),
            ("MY_EXTRA", "three"),
            ("OTHER", "four"),
            ("SYNOD_LIMITS__RETRIES", "1"),
        ]);
        let mut worker = Worker::new("codex", Provider::Codex, None);
        worker.env = vec!["MY_EXTRA".into()];
        let names = |worker: &Worker| -> Vec<String> {
            environment.for_worker(worker).into_iter().map(|(name, _)| name.into_string().unwrap()).collect()
        };
        assert_eq!(names(&worker), ["LC_ALL", "MY_EXTRA", "OPENAI_API_KEY", "PATH"]);
        worker.api_key_env = Some("OTHER".into());
        assert_eq!(names(&worker), ["LC_ALL", "MY_EXTRA", "OTHER", "PATH"], "the usual key is not its own then");
        assert_eq!(environment.worker_key(&worker).unwrap().expose_secret(), "four");
    }

    #[test]
    fn the_user_file_follows_the_xdg_rules() {
        let at = |variables: &[(&str, &str)]| Environment::of(variables.iter().copied()).user_settings();
        assert_eq!(at(&[("HOME", "/h")]), Some("/h/.config/synod/config.toml".into()));
        assert_eq!(at(&[("HOME", "/h"), ("XDG_CONFIG_HOME", "/x")]), Some("/x/synod/config.toml".into()));
        assert_eq!(at(&[("HOME", "/h"), ("XDG_CONFIG_HOME", "x")]), Some("/h/.config/synod/config.toml".into()));
        assert_eq!(at(&[("HOME", "/h"), ("XDG_CONFIG_HOME", "")]), Some("/h/.config/synod/config.toml".into()));
        assert_eq!(at(&[]), None);
    }

    #[test]
    fn global_memories_are_beside_the_users_settings_unless_said_otherwise() {
        let home = Environment::of([("HOME", "/h")]);
        let at = |text: &str| home.global_memories(&crate::config::parse(text).unwrap().settings.memory);
        assert_eq!(at(""), Some("/h/.config/synod/memories".into()));
        assert_eq!(at("[memory]\nglobal = '~/notes'"), Some("/h/notes".into()));
        assert_eq!(at("[memory]\nglobal = 'off'"), None);
        assert_eq!(Environment::default().global_memories(&Settings::default().memory), None);
    }

    #[test]
    fn every_usable_key_is_known_for_masking_and_none_is_shown() {
        let loaded =
            crate::config::parse("[workers.a]\nprovider = 'openai'\nmodel = 'm'\napi_key_env = 'HOUSE'").unwrap();
        let environment = Environment::of([
            ("HOUSE", "value-one"),
            ("XAI_API_KEY", "value-two"),
            ("GH_TOKEN", "value-three"),
            ("OTHER", "value-four"),
            ("OPENAI_API_KEY", "short"),
        ]);
        let mut secrets: Vec<String> =
            environment.secrets(&loaded.settings).iter().map(|secret| secret.expose_secret().to_owned()).collect();
        secrets.sort();
        assert_eq!(secrets, ["value-one", "value-three", "value-two"]);
        assert!(!format!("{environment:?}").contains("value-"));
    }
}
