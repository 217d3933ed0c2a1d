//! Workers that nobody configured: known programs on PATH, keys in the environment, Ollama on its port.
//! What is looked for is the catalog's `discovery`; whether a found worker really answers is `synod doctor`'s to try.

use std::path::Path;

use indexmap::IndexMap;
use toml::Table;

use super::environment::Environment;
use super::provider::Provider;
use super::worker::Worker;
use super::{duration, ollama, program};

/// What was found on this machine, and what was looked for in vain.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Discovery {
    /// Workers that can be used, strongest tier first.
    pub found: IndexMap<String, Found>,
    /// What was looked for and cannot be used.
    pub missing: Vec<Missing>,
    /// Names of the quickest ones to get, for a person who has none.
    pub quickest: Vec<String>,
}

/// A worker made of something found.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// The worker with its settings.
    pub worker: Worker,
    /// What it was made of, for people: a program's path, a variable's name, an address. Never a key.
    pub evidence: String,
}

/// Something that was looked for and cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// The name the worker would have.
    pub name: String,
    /// What was not there.
    pub why: String,
    /// How to get it.
    pub get: String,
}

impl Discovery {
    /// The quickest ways to get a worker, for a person who has none.
    pub fn quickest_ways(&self) -> impl Iterator<Item = &Missing> {
        self.quickest.iter().filter_map(|name| self.missing.iter().find(|missing| missing.name == *name))
    }

    /// The found workers by name.
    #[must_use]
    pub fn workers(&self) -> IndexMap<String, Worker> {
        self.found.iter().map(|(name, found)| (name.clone(), found.worker.clone())).collect()
    }
}

/// Looks for workers. Asks Ollama's port, so it may block for up to a second; nothing is called that costs money.
///
/// `catalog` is [`Settings::catalog`](super::Settings::catalog).
#[must_use]
pub fn discover(environment: &Environment, catalog: &Table) -> Discovery {
    let empty = Table::new();
    let discovery = catalog.get("discovery").and_then(toml::Value::as_table).unwrap_or(&empty);
    let mut out = Discovery { quickest: texts(discovery, "quickest"), ..Discovery::default() };
    for (name, entry) in tables(discovery, "cli") {
        out.add(name, entry, cli(name, entry, environment));
    }
    for (name, entry) in tables(discovery, "key") {
        out.add(name, entry, key(name, entry, environment));
    }
    if let Some(entry) = discovery.get("ollama").and_then(toml::Value::as_table) {
        out.add("ollama", entry, local(entry, environment));
    }
    // Stable: within a tier the order of the catalog stays.
    out.found.sort_by(|_, one, _, other| one.worker.tier.cmp(&other.worker.tier));
    out
}

impl Discovery {
    /// Files one result.
    fn add(&mut self, name: &str, entry: &Table, result: Result<Found, Lack>) {
        match result {
            Ok(found) => {
                self.found.insert(name.to_owned(), found);
            }
            Err(Lack { why, mend }) => self.missing.push(Missing {
                name: name.to_owned(),
                why,
                get: text(entry, mend).unwrap_or_default().to_owned(),
            }),
        }
    }
}

/// Why something cannot be used, and which key of its entry says what to do about that.
struct Lack {
    why: String,
    mend: &'static str,
}

impl<T: Into<String>> From<T> for Lack {
    fn from(why: T) -> Self {
        Self { why: why.into(), mend: "get" }
    }
}

/// A program on PATH that can log in.
fn cli(name: &str, entry: &Table, environment: &Environment) -> Result<Found, Lack> {
    let mut worker = worker(name, entry, None)?;
    let wanted =
        worker.provider.program().ok_or_else(|| format!("provider {} runs no program", worker.provider.as_str()))?;
    let path = program::find(Path::new(wanted), environment).ok_or_else(|| format!("no program `{wanted}` on PATH"))?;
    let home = environment.home();
    let has_file = home.is_some_and(|home| texts(entry, "login_files").iter().any(|file| home.join(file).exists()));
    let variables = texts(entry, "login_env");
    let variable = variables.iter().find(|name| environment.get(name).is_some());
    match (has_file, variable) {
        (true, _) => {}
        // Without a login of its own the program needs the key, so the worker names it.
        (false, Some(variable)) => worker.api_key_env = Some(variable.clone()),
        (false, None) if entry.get("login_required").and_then(toml::Value::as_bool) == Some(true) => {
            let keys = match variables.as_slice() {
                [] => String::new(),
                [one] => format!(" and {one} is not set"),
                several => format!(" and none of {} is set", several.join(", ")),
            };
            let why = format!("{} is there, but it is not logged in{keys}", path.display());
            return Err(Lack { why, mend: "login" });
        }
        (false, None) => {}
    }
    Ok(Found { worker, evidence: path.display().to_string() })
}

/// A key in the environment.
fn key(name: &str, entry: &Table, environment: &Environment) -> Result<Found, Lack> {
    let variable = text(entry, "variable").ok_or("the catalog names no variable for it")?;
    if environment.get(variable).is_none() {
        return Err(format!("{variable} is not set").into());
    }
    let mut worker = worker(name, entry, text(entry, "model"))?;
    worker.api_key_env = Some(variable.to_owned());
    Ok(Found { worker, evidence: format!("{variable} is set") })
}

/// A local Ollama with a model that can talk.
fn local(entry: &Table, environment: &Environment) -> Result<Found, Lack> {
    let address = ollama::address(environment);
    let models = ollama::models(address).ok_or_else(|| format!("nothing answers as Ollama at {address}"))?;
    let wanted = text(entry, "model").filter(|model| models.iter().any(|other| other == model));
    let model = wanted
        .or_else(|| models.iter().map(String::as_str).find(|model| !model.contains("embed")))
        .ok_or_else(|| format!("Ollama at {address} has no model"))?;
    let mut worker = Worker::new("ollama", Provider::Ollama, Some(model));
    dress(&mut worker, entry)?;
    worker.base_url = Some(format!("http://{address}/v1/"));
    Ok(Found { worker, evidence: format!("Ollama at {address} has {model}") })
}

/// The worker that an entry of the catalog describes.
fn worker(name: &str, entry: &Table, model: Option<&str>) -> Result<Worker, String> {
    let provider =
        text(entry, "provider").and_then(Provider::parse).ok_or("the catalog names no known provider for it")?;
    let mut worker = Worker::new(name, provider, model.or_else(|| text(entry, "model")));
    dress(&mut worker, entry)?;
    Ok(worker)
}

/// Takes tier, time, roles and strengths from an entry of the catalog.
fn dress(worker: &mut Worker, entry: &Table) -> Result<(), String> {
    let whole = |key: &str| entry.get(key).and_then(toml::Value::as_integer);
    if let Some(tier) = whole("tier") {
        worker.tier = u8::try_from(tier)
            .ok()
            .filter(|tier| (1..=5).contains(tier))
            .ok_or("the catalog gives it a tier outside 1 to 5")?;
    }
    if let Some(count) = whole("max_concurrent") {
        worker.max_concurrent = usize::try_from(count)
            .ok()
            .filter(|count| *count > 0)
            .ok_or("the catalog's max_concurrent must be at least 1")?;
    }
    worker.timeout = text(entry, "timeout")
        .map(duration::parse)
        .transpose()
        .map_err(|what| format!("the catalog's timeout {what}"))?;
    worker.roles = texts(entry, "roles");
    worker.strengths = texts(entry, "strengths");
    Ok(())
}

/// The tables below a key, in the order they were written, without those a workspace skips.
fn tables<'a>(table: &'a Table, key: &str) -> impl Iterator<Item = (&'a str, &'a Table)> {
    let inner = table.get(key).and_then(toml::Value::as_table);
    let entries = inner.into_iter().flatten().filter_map(|(name, value)| Some((name.as_str(), value.as_table()?)));
    entries.filter(|(_, entry)| entry.get("skip").and_then(toml::Value::as_bool) != Some(true))
}

/// A text of an entry.
fn text<'a>(entry: &'a Table, key: &str) -> Option<&'a str> {
    entry.get(key).and_then(toml::Value::as_str)
}

/// A list of texts of an entry.
fn texts(entry: &Table, key: &str) -> Vec<String> {
    let items = entry.get(key).and_then(toml::Value::as_array);
    items.into_iter().flatten().filter_map(|item| item.as_str().map(str::to_owned)).collect()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failing test may stop where it stands")]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;
    use std::path::PathBuf;

    /// A home with these programs in `bin` and these files, and nothing on Ollama's port.
    struct Machine {
        _folder: tempfile::TempDir,
        home: PathBuf,
        variables: Vec<(String, String)>,
    }

    impl Machine {
        fn new(programs: &[&str], files: &[&str], variables: &[(&str, &str)]) -> Self {
            let folder = tempfile::tempdir().unwrap();
            let home = folder.path().canonicalize().unwrap();
            std::fs::create_dir(home.join("bin")).unwrap();
            for name in programs {
                let path = home.join("bin").join(name);
                std::fs::write(&path, "").unwrap();
                std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
            }
            for file in files {
                std::fs::create_dir_all(home.join(file).parent().unwrap()).unwrap();
                std::fs::write(home.join(file), "{}").unwrap();
            }
            let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
            let mut all = vec![
                ("HOME".to_owned(), home.display().to_string()),
                ("PATH".to_owned(), home.join("bin").display().to_string()),
                ("OLLAMA_HOST".to_owned(), closed.to_string()),
            ];
            all.extend(variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
            Self { _folder: folder, home, variables: all }
        }

        fn discover(&self) -> Discovery {
            discover(&Environment::of(self.variables.clone()), &crate::config::catalog())
        }
    }

    #[test]
    fn an_empty_machine_says_how_to_get_each() {
        let discovery = Machine::new(&[], &[], &[]).discover();
        assert!(discovery.found.is_empty());
        assert_eq!(discovery.missing.len(), 12);
        assert_eq!(discovery.quickest_ways().count(), 3);
        for missing in &discovery.missing {
            assert!(!missing.why.is_empty() && !missing.get.is_empty(), "{missing:?}");
        }
    }

    #[test]
    fn programs_and_keys_become_workers_strongest_first() {
        let machine = Machine::new(
            &["claude", "codex", "gemini"],
            &[".codex/auth.json"],
            &[("GEMINI_API_KEY", "abc"), ("ANTHROPIC_API_KEY", "abc")],
        );
        let discovery = machine.discover();
        let names: Vec<&str> = discovery.found.keys().map(String::as_str).collect();
        assert_eq!(names, ["claude", "anthropic", "codex", "gemini", "gemini-api"]);
        let codex = &discovery.found["codex"];
        assert_eq!(codex.evidence, machine.home.join("bin/codex").display().to_string());
        assert_eq!(codex.worker.api_key_env, None, "it has a login of its own");
        assert_eq!(discovery.found["gemini"].worker.api_key_env.as_deref(), Some("GEMINI_API_KEY"));
        assert_eq!(discovery.found["gemini"].worker.family, "google");
    }

    #[test]
    fn a_program_that_cannot_log_in_is_not_used() {
        let discovery = Machine::new(&["codex", "opencode", "claude"], &[], &[]).discover();
        let names: Vec<&str> = discovery.found.keys().map(String::as_str).collect();
        assert_eq!(names, ["claude"]);
        let codex = discovery.missing.iter().find(|missing| missing.name == "codex").unwrap();
        assert!(codex.why.contains("not logged in") && codex.why.contains("OPENAI_API_KEY"), "{}", codex.why);
        assert!(codex.get.starts_with("`codex login`"), "it is installed already: {}", codex.get);
    }

    #[test]
    fn no_key_is_ever_shown() {
        let discovery = Machine::new(&["gemini"], &[], &[("GEMINI_API_KEY", "secret-value")]).discover();
        assert!(!format!("{discovery:?}").contains("secret-value"));
    }

    #[test]
    fn a_workspace_can_change_what_is_looked_for() {
        let machine = Machine::new(&[], &[], &[("MY_KEY", "abc")]);
        let text = "[catalog.discovery.key.mine]\nvariable = 'MY_KEY'\nprovider = 'openai'\nmodel = 'm1'\ntier = 2\n[catalog.discovery.cli.grok]\nskip = true";
        let catalog = crate::config::parse(text).unwrap().settings.catalog;
        let discovery = discover(&Environment::of(machine.variables), &catalog);
        assert_eq!(discovery.found["mine"].worker.model.as_deref(), Some("m1"));
        assert!(!discovery.missing.iter().any(|missing| missing.name == "grok"));
    }
}
