//! The layers of settings and their merging: shipped defaults, the user's file, the workspace's file, the environment,
//! flags. Each layer becomes flat dotted keys with their origin; a later layer's key replaces an earlier one's.
//! What keys exist and what types they have is known to `reader` and the groups, not here.

use std::path::{Path, PathBuf};

use indexmap::IndexMap;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::problem::{Error, Origin, Problem};
use super::{catalog, checks, environment::Environment, secret, settings::Settings};

/// One value with its place.
#[derive(Debug, Clone)]
pub(super) struct Leaf {
    /// The value.
    pub(super) value: toml::Value,
    /// The text as it was given, in layers without types (environment, flags).
    pub(super) text: Option<String>,
    /// Where it was given.
    pub(super) origin: Origin,
}

/// Dotted keys and their values, in the order they first appeared.
pub(super) type Flat = IndexMap<String, Leaf>;

/// What settings are loaded from.
#[derive(Debug, Clone, Default)]
pub struct Sources<'a> {
    /// The user's own file, often absent: see [`Environment::user_settings`].
    pub user_file: Option<PathBuf>,
    /// The workspace's `synod.toml`, which may be absent.
    pub workspace_file: Option<PathBuf>,
    /// The captured environment, for `SYNOD_GROUP__KEY` variables.
    pub environment: Option<&'a Environment>,
    /// `key=value` from the command line, such as `limits.retries=2`.
    pub flags: Vec<String>,
}

/// Settings and where each of their values came from.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The merged settings.
    pub settings: Settings,
    /// The merged keys with their origins; [`Loaded::rows`] and [`Loaded::origin`] show them.
    pub(super) flat: Flat,
}

/// The shipped defaults as text.
const DEFAULTS: &str = include_str!("defaults.toml");

/// Loads settings from every layer. A file that does not exist is an empty layer.
///
/// # Errors
/// [`Error::Read`] for a file that cannot be read; [`Error::Invalid`] with every problem of every layer.
pub fn load(sources: &Sources<'_>) -> Result<Loaded, Error> {
    let mut merge = Merge::default();
    for path in [&sources.user_file, &sources.workspace_file].into_iter().flatten() {
        if let Some(text) = read(path)? {
            merge.file(&text, path);
        }
    }
    if let Some(environment) = sources.environment {
        for (name, text) in environment.settings() {
            merge.variable(&name, &text);
        }
        for name in environment.groupless() {
            merge.misspelt_variable(name);
        }
    }
    for flag in &sources.flags {
        merge.flag(flag);
    }
    merge.finish()
}

/// Settings from the text of one `synod.toml` over the defaults, as for tests and for checking a file before use.
///
/// # Errors
/// [`Error::Invalid`] with every problem.
pub fn parse(text: &str) -> Result<Loaded, Error> {
    let mut merge = Merge::default();
    merge.file(text, Path::new("synod.toml"));
    merge.finish()
}

/// The shipped defaults; the problems are empty unless the shipped file is wrong, which a test shows.
pub(super) fn defaults() -> (Settings, Vec<Problem>) {
    let (settings, problems, _) = Merge::default().build();
    (settings, problems)
}

/// The text of a file, or none when there is none.
fn read(path: &Path) -> Result<Option<String>, Error> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(Error::Read { path: path.to_owned(), source }),
    }
}

/// Layers on their way into one set of keys.
struct Merge {
    flat: Flat,
    catalog: toml::Table,
    problems: Vec<Problem>,
}

impl Default for Merge {
    /// Begins with the shipped defaults.
    fn default() -> Self {
        let mut merge = Self { flat: Flat::new(), catalog: catalog::shipped(), problems: Vec::new() };
        merge.document(DEFAULTS, &|_| Origin::Default);
        merge
    }
}

impl Merge {
    /// Adds a settings file.
    fn file(&mut self, text: &str, path: &Path) {
        self.document(text, &|at| Origin::File { path: path.to_owned(), line: line_of(text, at) });
    }

    /// Adds a TOML document; `origin` turns a byte offset into a place.
    fn document(&mut self, text: &str, origin: &dyn Fn(usize) -> Origin) {
        let (table, errors) = DeTable::parse_recoverable(text);
        for error in &errors {
            let at = error.span().map_or(0, |span| span.start);
            self.problems.push(Problem::new(origin(at), "", format!("is not TOML: {}", error.message())));
        }
        if !errors.is_empty() {
            return;
        }
        self.table("", table.get_ref(), origin);
        // The catalog is data with keys of its own; it is laid over the shipped one whole, besides its keys.
        let part = |key: &str| table.get_ref().get(key).and_then(|value| plain(value).ok());
        if let Some(toml::Value::Table(inner)) = part("catalog") {
            catalog::overlay(&mut self.catalog, inner);
        }
        // A person's own pipelines have a name of their own at the top, where they are looked for.
        if let Some(own @ toml::Value::Table(_)) = part("pipelines") {
            catalog::overlay(&mut self.catalog, toml::Table::from_iter([("pipelines".to_owned(), own)]));
        }
    }

    /// Adds the keys of a table below `prefix`.
    fn table(&mut self, prefix: &str, table: &DeTable<'_>, origin: &dyn Fn(usize) -> Origin) {
        for (key, value) in table {
            let full = super::reader::join(prefix, &quoted(key.get_ref()));
            if let DeValue::Table(inner) = value.get_ref() {
                if inner.is_empty() && worker_name(&full).is_some() {
                    self.problems.push(Problem::new(
                        origin(key.span().start),
                        full,
                        "is empty; it needs at least a provider",
                    ));
                    continue;
                }
                self.table(&full, inner, origin);
                continue;
            }
            match plain(value) {
                Ok(plain) => self.leaf(full, plain, None, origin(key.span().start)),
                Err(what) => self.problems.push(Problem::new(origin(key.span().start), full, what)),
            }
        }
    }

    /// Adds an environment variable whose name has already lost nothing: `SYNOD_LIMITS__RETRIES`.
    fn variable(&mut self, name: &str, text: &str) {
        let key = self.spelled(&name.trim_start_matches("SYNOD_").to_ascii_lowercase().replace("__", "."));
        self.untyped(key, text, Origin::Env(name.to_owned()));
    }

    /// A variable that would be a setting with one underscore more. Any other is somebody else's.
    fn misspelt_variable(&mut self, name: &str) {
        let meant = name.trim_start_matches("SYNOD_").to_ascii_lowercase();
        let same = |key: &&String| key.to_ascii_lowercase().replace(['.', '-'], "_") == meant;
        let Some(key) = self.flat.keys().find(same) else { return };
        let variable = format!("SYNOD_{}", key.to_ascii_uppercase().replace('-', "_").replace('.', "__"));
        let what = format!("is not set by {name}: two underscores stand for the dot; write {variable}");
        self.problems.push(Problem::new(Origin::Env(name.to_owned()), key.clone(), what));
    }

    /// The variable's key as the files spell it: names of workers may hold capitals and dashes, variables may not.
    fn spelled(&self, key: &str) -> String {
        let same = |other: &str| other.to_ascii_lowercase().replace('-', "_") == key;
        if let Some(exact) = self.flat.keys().find(|other| same(other)) {
            return exact.clone();
        }
        let Some((name, rest)) = key.strip_prefix("workers.").and_then(|rest| rest.split_once('.')) else {
            return key.to_owned();
        };
        let worker = self
            .flat
            .keys()
            .filter_map(|other| worker_name(other))
            .find(|other| other.to_ascii_lowercase().replace('-', "_") == name);
        format!("workers.{}.{rest}", worker.unwrap_or(name))
    }

    /// Adds a `key=value` flag.
    fn flag(&mut self, flag: &str) {
        match flag.split_once('=') {
            Some((key, text)) if !key.trim().is_empty() => {
                let key = key.trim().to_owned();
                self.untyped(key.clone(), text, Origin::Flag(key));
            }
            _ => self.problems.push(Problem::new(
                Origin::Flag(String::new()),
                "",
                "a setting is given as KEY=VALUE, such as limits.retries=2",
            )),
        }
    }

    /// Adds a value from a layer without types: TOML where it reads as such, else a text.
    fn untyped(&mut self, key: String, text: &str, origin: Origin) {
        let value = format!("v = {text}")
            .parse::<toml::Table>()
            .ok()
            .filter(|table| table.len() == 1)
            .and_then(|mut table| table.remove("v"))
            .unwrap_or_else(|| toml::Value::String(text.to_owned()));
        if let toml::Value::Table(table) = value {
            for (name, value) in table {
                self.leaf(super::reader::join(&key, &name), value, None, origin.clone());
            }
        } else {
            self.leaf(key, value, Some(text.to_owned()), origin);
        }
    }

    /// Adds one value, unless it looks like a secret.
    fn leaf(&mut self, key: String, value: toml::Value, text: Option<String>, origin: Origin) {
        if text.is_some() && (key.starts_with("catalog.") || key.starts_with("pipelines.")) {
            self.problems.push(Problem::new(origin, key, "can be set in files only"));
            return;
        }
        if secret::in_value(&value) {
            let what = "looks like a key or password, which is never written in settings; put it in an environment variable and name that in api_key_env";
            self.problems.push(Problem::new(origin, key, what));
            return;
        }
        self.flat.insert(key, Leaf { value, text, origin });
    }

    /// Reads typed settings out of the merged keys.
    fn build(self) -> (Settings, Vec<Problem>, Flat) {
        let mut problems = self.problems;
        let settings = checks::settings(&self.flat, self.catalog, &mut problems);
        (settings, problems, self.flat)
    }

    /// The settings, or every problem.
    fn finish(self) -> Result<Loaded, Error> {
        let (settings, mut problems, flat) = self.build();
        if problems.is_empty() {
            Ok(Loaded { settings, flat })
        } else {
            problems.sort_by(|one, other| one.origin.cmp(&other.origin));
            Err(Error::Invalid(problems))
        }
    }
}

/// Where a key was given, or what stands below it; for one that is missing, the first that stands beside it. A whole group
/// such as `limits` is no place.
pub(super) fn place_of<'f>(flat: &'f Flat, key: &str) -> Option<&'f Origin> {
    let mut key = key;
    loop {
        let below = |other: &str| other.strip_prefix(key).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
        if let Some((_, leaf)) = flat.iter().find(|(other, _)| below(other)) {
            return Some(&leaf.origin);
        }
        key = key.rsplit_once('.').map(|(parent, _)| parent).filter(|parent| parent.contains('.'))?;
    }
}

/// The worker a key belongs to.
pub(super) fn worker_name(key: &str) -> Option<&str> {
    key.strip_prefix("workers.")?.split('.').next()
}

/// A key that holds a dot is written in quotes, so that it is not taken for two.
fn quoted(key: &str) -> String {
    if key.contains('.') { format!("\"{key}\"") } else { key.to_owned() }
}

/// The line of a byte offset, counted from 1.
fn line_of(text: &str, at: usize) -> usize {
    text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1
}

/// A value without its spans.
fn plain(value: &Spanned<DeValue<'_>>) -> Result<toml::Value, String> {
    Ok(match value.get_ref() {
        DeValue::String(text) => toml::Value::String(text.to_string()),
        DeValue::Integer(number) => toml::Value::Integer(
            i64::from_str_radix(number.as_str(), number.radix()).map_err(|_| "is a number out of range".to_owned())?,
        ),
        DeValue::Float(number) => {
            toml::Value::Float(number.as_str().parse().map_err(|_| "is not a number".to_owned())?)
        }
        DeValue::Boolean(flag) => toml::Value::Boolean(*flag),
        DeValue::Datetime(date) => toml::Value::Datetime(*date),
        DeValue::Array(items) => toml::Value::Array(items.iter().map(plain).collect::<Result<_, _>>()?),
        DeValue::Table(table) => {
            let mut out = toml::Table::new();
            for (key, value) in table {
                out.insert(key.get_ref().to_string(), plain(value)?);
            }
            toml::Value::Table(out)
        }
    })
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failing test may stop where it stands")]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_defaults_are_valid() {
        let (settings, problems) = defaults();
        assert_eq!(problems, Vec::new());
        assert_eq!(settings.limits.max_concurrent_calls, 5);
        assert!((settings.consensus.threshold.critical - 0.9).abs() < f64::EPSILON);
        assert!(settings.consensus.require_human.critical && !settings.consensus.require_human.high);
        assert_eq!(settings, parse("").unwrap().settings);
    }

    /// A user file, a workspace file, an environment and flags, loaded.
    fn layered(user: &str, workspace: &str, variables: &[(&str, &str)], flags: &[&str]) -> Result<Loaded, Error> {
        let folder = tempfile::tempdir().unwrap();
        let (user_file, workspace_file) = (folder.path().join("config.toml"), folder.path().join("synod.toml"));
        std::fs::write(&user_file, user).unwrap();
        std::fs::write(&workspace_file, workspace).unwrap();
        load(&Sources {
            user_file: Some(user_file),
            workspace_file: Some(workspace_file),
            environment: Some(&Environment::of(variables.iter().copied())),
            flags: flags.iter().map(|flag| (*flag).to_owned()).collect(),
        })
    }

    #[test]
    fn a_variable_that_lacks_an_underscore_is_refused_with_its_right_name() {
        let problems = |variables: &[(&str, &str)]| match layered("", "", variables, &[]) {
            Err(Error::Invalid(problems)) => problems.iter().map(ToString::to_string).collect(),
            Ok(_) => Vec::new(),
            Err(other) => vec![other.to_string()],
        };
        let said = problems(&[("SYNOD_LIMITS_RETRIES", "3")]);
        assert_eq!(said.len(), 1);
        assert!(said[0].contains("limits.retries") && said[0].ends_with("write SYNOD_LIMITS__RETRIES"), "{said:?}");
        // Others that begin so are not settings at all.
        assert_eq!(problems(&[("SYNOD_LOG", "debug"), ("SYNOD_TEST_PEERS", "/x")]), Vec::<String>::new());
    }

    #[test]
    fn each_layer_wins_over_those_before_it_and_is_named() {
        let user = "[limits]\nretries = 2\nwatch_queue_max = 2\nplan_steps_max = 2\ncontext_files_max = 2";
        let workspace = "[limits]\n\nwatch_queue_max = 3\nplan_steps_max = 3\ncontext_files_max = 3";
        let variables =
            [("SYNOD_LIMITS__PLAN_STEPS_MAX", "4"), ("SYNOD_LIMITS__CONTEXT_FILES_MAX", "4"), ("SYNOD_LOG", "debug")];
        let loaded = layered(user, workspace, &variables, &["limits.context_files_max=5"]).unwrap();
        let limits = &loaded.settings.limits;
        assert_eq!(
            (limits.retries, limits.watch_queue_max, limits.plan_steps_max, limits.context_files_max),
            (2, 3, 4, 5)
        );
        assert_eq!(limits.input_queue_max, 1024);
        let origin = |key: &str| loaded.origin(key).unwrap().to_string();
        assert!(origin("limits.retries").ends_with("config.toml:2"), "{}", origin("limits.retries"));
        assert!(origin("limits.watch_queue_max").ends_with("synod.toml:3"), "{}", origin("limits.watch_queue_max"));
        assert_eq!(origin("limits.plan_steps_max"), "environment SYNOD_LIMITS__PLAN_STEPS_MAX");
        assert_eq!(origin("limits.context_files_max"), "flag limits.context_files_max");
        assert_eq!(origin("limits.input_queue_max"), "default");
    }

    #[test]
    fn files_that_are_not_there_are_empty_layers() {
        let sources = Sources { user_file: Some("/nowhere/config.toml".into()), ..Sources::default() };
        assert_eq!(load(&sources).unwrap().settings, Settings::default());
    }

    #[test]
    fn a_file_that_cannot_be_read_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let sources = Sources { workspace_file: Some(folder.path().to_owned()), ..Sources::default() };
        let message = load(&sources).unwrap_err().to_string();
        assert!(message.contains(&folder.path().display().to_string()), "{message}");
    }

    #[test]
    fn a_worker_is_put_together_from_several_layers() {
        let user = "[workers.My-GPT]\nprovider = 'openai'\nmodel = 'gpt-5'\ntier = 2\n[workers.b]\nprovider = 'human'";
        let workspace = "[workers.c]\nprovider = 'human'\n[workers.My-GPT]\ntier = 3";
        let variables = [("SYNOD_WORKERS__MY_GPT__TIMEOUT", "90s"), ("SYNOD_WORKERS__MY_GPT__MODEL", "5")];
        let loaded =
            layered(user, workspace, &variables, &["workers.My-GPT.price={ input = 1.0, output = 2.0 }"]).unwrap();
        let names: Vec<&str> = loaded.settings.workers.keys().map(String::as_str).collect();
        assert_eq!(names, ["My-GPT", "b", "c"]);
        let worker = &loaded.settings.workers["My-GPT"];
        assert_eq!((worker.tier, worker.timeout), (3, Some(std::time::Duration::from_secs(90))));
        assert_eq!(worker.model.as_deref(), Some("5"), "a text from the environment stays a text");
        assert_eq!(worker.price.unwrap().output.to_string(), "2");
        assert_eq!(worker.base_url, None);
    }

    #[test]
    fn problems_of_every_layer_come_together() {
        let error = layered(
            "[limits]\nretires = 1",
            "x = [",
            &[("SYNOD_LIMITS__RETRIES", "many")],
            &["nonsense", "limits.watch_queue_max=0"],
        );
        let message = error.unwrap_err().to_string();
        for part in [
            "config.toml:2: limits.retires",
            "synod.toml:1: is not TOML",
            "environment SYNOD_LIMITS__RETRIES: limits.retries must be a whole number",
            "KEY=VALUE",
            "flag limits.watch_queue_max: limits.watch_queue_max must be at least 1",
        ] {
            assert!(message.contains(part), "{part} is not in:\n{message}");
        }
    }

    #[test]
    fn none_takes_an_optional_value_back() {
        let loaded =
            layered("[limits]\nbudget_usd_per_day = 5", "[limits]\nbudget_usd_per_day = 'none'", &[], &[]).unwrap();
        assert_eq!(loaded.settings.limits.budget_usd_per_day, None);
    }

    #[test]
    fn the_catalog_is_laid_over_in_files_only() {
        let loaded = layered("", "[catalog.roles.reviewer]\ntemperature = 0.1", &[], &[]).unwrap();
        let reviewer = &loaded.settings.catalog["roles"]["reviewer"];
        assert_eq!(reviewer["temperature"].as_float(), Some(0.1));
        assert!(reviewer["max_tokens"].is_integer());
        assert!(layered("", "", &[], &["catalog.roles.reviewer.temperature=0.1"]).is_err());
    }

    #[test]
    fn rows_show_every_value_and_what_was_derived() {
        let loaded = layered("", "[workers.a]\nprovider = 'codex'", &[], &[]).unwrap();
        let rows = loaded.rows();
        let row = |key: &str| rows.iter().find(|row| row.key == key).unwrap();
        assert_eq!(row("limits.attempt_timeout").value, "\"60s\"");
        assert_eq!(
            (row("workers.a.family").value.as_str(), &row("workers.a.family").origin),
            ("\"openai\"", &Origin::Derived)
        );
        assert_eq!(rows.len(), rows.iter().map(|row| &row.key).collect::<std::collections::BTreeSet<_>>().len());
    }

    #[test]
    fn odd_documents_never_stop_the_program() {
        for text in [
            "\u{0}",
            "[",
            "a.b = 1\na = 2",
            "[workers]",
            "[workers.x.price]",
            "workers.x.price = 3",
            "é = 'é'",
            "[[limits]]",
            "trigger = [1]",
        ] {
            // Only that each comes back, well or not.
            let _ = parse(text);
        }
        assert!(parse("[workers.x.price]").is_err());
        assert!(parse("[[limits]]").is_err());
    }

    #[test]
    fn problems_stand_in_the_order_of_their_lines() {
        let text = format!("\na = 1\n{}b = 1", "\n".repeat(8));
        let message = parse(&text).unwrap_err().to_string();
        assert!(message.find("toml:2:").unwrap() < message.find("toml:11:").unwrap(), "{message}");
    }

    proptest::proptest! {
        #[test]
        fn no_text_stops_the_reader(text in "\\PC*", key in "[a-z.\"\\[\\]_]{0,30}", value in "\\PC{0,20}") {
            let _ = parse(&text);
            let _ = parse(&format!("{key} = {value}"));
            let _ = parse(&format!("[{key}]\nprovider = {value}"));
            let _ = layered("", "", &[("SYNOD_WORKERS__X__PRICE", &value)], &[&format!("{key}={value}")]);
        }
    }
}
