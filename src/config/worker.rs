//! One configured worker: which model, behind what, with which strengths, bounds and price.
//! Finding workers that nobody configured is `discovery`; running one belongs to the worker room.

use std::path::PathBuf;
use std::time::Duration;

use super::family;
use super::layers::Leaf;
use super::login::{Login, Questions};
use super::provider::Provider;
use super::reader::{FromValue, Reader, expected};

/// One configured model behind a CLI, an HTTP API, an MCP server, an outside agent or a person.
#[derive(Debug, Clone, PartialEq)]
pub struct Worker {
    /// How it is reached.
    pub provider: Provider,
    /// The model's name as the provider knows it; absent: the program's own choice.
    pub model: Option<String>,
    /// Strength, 1 (strongest) to 5.
    pub tier: u8,
    /// Whose votes are not independent of this one's; by default the vendor of the model.
    pub family: String,
    /// Roles it prefers, by name.
    pub roles: Vec<String>,
    /// Kinds, categories or words it is good at.
    pub strengths: Vec<String>,
    /// Calls of this worker at once.
    pub max_concurrent: usize,
    /// One attempt, instead of `limits.attempt_timeout`.
    pub timeout: Option<Duration>,
    /// Address of the server, ending in `/`; absent: the provider's own.
    pub base_url: Option<String>,
    /// Name of the environment variable that holds the key; absent: the provider's usual one, if it is set.
    pub api_key_env: Option<String>,
    /// How hard the model should think; sent only when given.
    pub reasoning_effort: Option<Effort>,
    /// Sampling temperature, 0 to 2; sent only when given.
    pub temperature: Option<f64>,
    /// Longest answer, in tokens; sent only when given.
    pub max_tokens: Option<u32>,
    /// Price that overrides the shipped table.
    pub price: Option<Price>,
    /// Tokens a prompt may have; absent: what the shipped table says of the model.
    pub context_window: Option<u64>,
    /// Whether it can be shown images; absent: what is known of the model.
    pub vision: Option<bool>,
    /// Whether later steps of a task go on with its conversation, instead of `limits.sessions`.
    pub sessions: Option<bool>,
    /// The most one call can cost, in US dollars, for a worker whose cost no price bounds (programs, tools).
    pub call_usd_max: Option<f64>,
    /// Whether identical calls may be answered from the cache; absent: yes for HTTP providers, no for all others.
    pub cache: Option<bool>,
    /// For `mcp`: the server's streamable HTTP address, instead of a command.
    pub url: Option<String>,
    /// For `mcp`: the tool that is called.
    pub tool: Option<String>,
    /// For `mcp`: what the tool is given; `{{prompt}}` in a text is filled in. Empty: the prompt goes where the tool wants a text.
    pub arguments: serde_json::Map<String, serde_json::Value>,
    /// For `mcp` over HTTP: how it logs in.
    pub login: Login,
    /// For `mcp`: what becomes of questions that the server asks in the middle of a call.
    pub questions: Questions,
    /// For `mcp`: what such questions are answered with, by the name of the form's field.
    pub answers: serde_json::Map<String, serde_json::Value>,
    /// For `mcp`: the program of a server that is spoken to over stdin and stdout, and its arguments. For `command`: program and arguments; `{model}` and `{workdir}` are filled in, the prompt comes on stdin.
    pub command: Vec<String>,
    /// The program of a CLI provider: a name looked up on PATH, or a path.
    pub program: Option<PathBuf>,
    /// Further arguments for a CLI provider, before ours end.
    pub args: Vec<String>,
    /// Names of environment variables it gets besides the allow-list.
    pub env: Vec<String>,
    /// For `replay`: the file of recorded answers.
    pub cassette: Option<PathBuf>,
    /// What a CLI may do to files.
    pub permission: Permission,
}

/// Price in US dollars per million tokens.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Price {
    /// For tokens sent.
    pub input: f64,
    /// For tokens answered, thinking included.
    pub output: f64,
}

/// An enum of settings: names, and the value of each.
macro_rules! choice {
    ($(#[$meta:meta])* pub enum $name:ident: $what:literal { $($(#[$variant_meta:meta])* $variant:ident = $text:literal,)* } stand_in $stand_in:ident) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $name { $($(#[$variant_meta])* $variant,)* }

        impl $name {
            /// The name in settings.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }
        }

        impl FromValue for $name {
            fn from_leaf(leaf: &Leaf) -> Result<Self, String> {
                match leaf.value.as_str() {
                    $(Some($text) => Ok(Self::$variant),)*
                    Some(_) => Err(format!("must be one of {}", [$($text),*].join(", "))),
                    None => Err(expected($what, leaf)),
                }
            }
            fn stand_in() -> Self { Self::$stand_in }
        }
    };
}

pub(super) use choice;

choice! {
    /// How hard a model should think before it answers.
    pub enum Effort: "an effort in quotes" {
        /// Not at all, where the model allows it.
        None = "off",
        /// The least a reasoning model does.
        Minimal = "minimal",
        /// Little.
        Low = "low",
        /// Some.
        Medium = "medium",
        /// Much.
        High = "high",
        /// As much as the provider offers.
        Max = "max",
    } stand_in Medium
}

choice! {
    /// What a CLI worker may do to files.
    pub enum Permission: "a permission in quotes" {
        /// Look only.
        Read = "read",
        /// Edit files in the folder it is started in; whether it may for a task is the task's `workspace`.
        Edit = "edit",
        /// Edit and run commands there.
        Full = "full",
    } stand_in Read
}

impl Worker {
    /// A worker of a provider with everything else at its default. `name` is the worker's own, for its family.
    #[must_use]
    pub fn new(name: &str, provider: Provider, model: Option<&str>) -> Self {
        Self {
            provider,
            model: model.map(str::to_owned),
            tier: DEFAULT_TIER,
            family: family::of(name, provider, model),
            roles: Vec::new(),
            strengths: Vec::new(),
            max_concurrent: DEFAULT_CONCURRENT,
            timeout: None,
            base_url: None,
            api_key_env: None,
            reasoning_effort: None,
            temperature: None,
            max_tokens: None,
            price: None,
            context_window: None,
            vision: None,
            sessions: None,
            call_usd_max: None,
            cache: None,
            url: None,
            tool: None,
            arguments: serde_json::Map::new(),
            login: Login::default(),
            questions: Questions::Refuse,
            answers: serde_json::Map::new(),
            command: Vec::new(),
            program: None,
            args: Vec::new(),
            env: Vec::new(),
            cassette: None,
            permission: Permission::Read,
        }
    }

    /// Where calls go: the configured address or the provider's own; none for what is not HTTP.
    #[must_use]
    pub fn address(&self) -> Option<&str> {
        self.base_url.as_deref().or(self.provider.base_url())
    }

    /// The variable that holds the key: the configured one or the provider's usual one.
    #[must_use]
    pub fn key_variable(&self) -> Option<&str> {
        self.api_key_env.as_deref().or(self.provider.api_key_env())
    }

    /// Reads the worker whose keys begin with `key` (`workers.NAME`).
    pub(super) fn read(reader: &Reader<'_>, key: &str, name: &str) -> Self {
        let provider: Provider = reader.take(key, "provider");
        let model: Option<String> = reader.take(key, "model");
        let family: Option<String> = reader.take(key, "family");
        Self {
            tier: list(reader.take(key, "tier"), DEFAULT_TIER),
            family: family.unwrap_or_else(|| family::of(name, provider, model.as_deref())),
            provider,
            model,
            roles: list(reader.take(key, "roles"), Vec::new()),
            strengths: list(reader.take(key, "strengths"), Vec::new()),
            max_concurrent: list(reader.take(key, "max_concurrent"), DEFAULT_CONCURRENT),
            timeout: reader.take(key, "timeout"),
            base_url: reader.take::<Option<String>>(key, "base_url").map(with_slash),
            api_key_env: reader.take(key, "api_key_env"),
            reasoning_effort: reader.take(key, "reasoning_effort"),
            temperature: reader.take(key, "temperature"),
            max_tokens: reader.take(key, "max_tokens"),
            price: price(reader, key),
            context_window: reader.take(key, "context_window"),
            vision: reader.take(key, "vision"),
            sessions: reader.take(key, "sessions"),
            call_usd_max: reader.take(key, "call_usd_max"),
            cache: reader.take(key, "cache"),
            url: reader.take(key, "url"),
            tool: reader.take(key, "tool"),
            arguments: table(reader, key, "arguments"),
            login: Login::read(reader, key),
            questions: list(reader.take(key, "questions"), Questions::Refuse),
            answers: table(reader, key, "answers"),
            command: list(reader.take(key, "command"), Vec::new()),
            program: reader.take(key, "program"),
            args: list(reader.take(key, "args"), Vec::new()),
            env: list(reader.take(key, "env"), Vec::new()),
            cassette: reader.take(key, "cassette"),
            permission: list(reader.take(key, "permission"), Permission::Read),
        }
    }
}

/// The keys below `table`, which are the tool's own and of any name.
fn table(reader: &Reader<'_>, key: &str, table: &str) -> serde_json::Map<String, serde_json::Value> {
    let mut all = serde_json::Map::new();
    for (name, value) in reader.open_table(&format!("{key}.{table}.")) {
        // A table inside was taken apart at its dots as well; quotes guard names that hold one.
        let path: Vec<&str> =
            if name.starts_with('"') { vec![name.trim_matches('"')] } else { name.split('.').collect() };
        put(&mut all, &path, serde_json::to_value(value).unwrap_or_default());
    }
    // Whatever stands there as one value is said to be wrong by this.
    let _: Option<Table> = reader.take(key, table);
    all
}

/// Puts a value where `path` leads, making the tables on the way.
fn put(table: &mut serde_json::Map<String, serde_json::Value>, path: &[&str], value: serde_json::Value) {
    match path {
        [] => {}
        [last] => drop(table.insert((*last).to_owned(), value)),
        [first, rest @ ..] => {
            let inner = table.entry(*first).or_insert_with(|| serde_json::Value::Object(serde_json::Map::new()));
            if let serde_json::Value::Object(inner) = inner {
                put(inner, rest, value);
            }
        }
    }
}

/// Stands for a key that only its own sub-keys may follow.
struct Table;

impl FromValue for Table {
    fn from_leaf(_: &Leaf) -> Result<Self, String> {
        Err("must be a table, such as { prompt = \"{{prompt}}\" }".to_owned())
    }
    fn stand_in() -> Self {
        Self
    }
}

/// Tier of a worker that does not say.
const DEFAULT_TIER: u8 = 3;
/// Calls at once of a worker that does not say.
const DEFAULT_CONCURRENT: usize = 2;

/// The value that was given, or the default.
fn list<T>(given: Option<T>, default: T) -> T {
    given.unwrap_or(default)
}

/// Joining paths to an address needs its trailing slash.
fn with_slash(mut url: String) -> String {
    if !url.ends_with('/') {
        url.push('/');
    }
    url
}

/// Both halves of a price, or none.
fn price(reader: &Reader<'_>, key: &str) -> Option<Price> {
    let key = format!("{key}.price");
    match (reader.take(&key, "input"), reader.take(&key, "output")) {
        (Some(input), Some(output)) => Some(Price { input, output }),
        (None, None) => None,
        _ => {
            reader.fault(&key, "needs both input and output, in US dollars per million tokens");
            None
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failing test may stop where it stands")]
mod tests {
    use super::*;
    use crate::config::parse;

    #[test]
    fn every_key_of_a_worker_reaches_its_field() {
        let text = r#"
            [workers.gpt]
            provider = "openai"
            base_url = "http://127.0.0.1:9000/v1"
            api_key_env = "HOUSE_KEY"
            model = "gpt-5"
            tier = 2
            family = "house"
            roles = ["architect", "chair"]
            strengths = ["architecture"]
            max_concurrent = 4
            timeout = "5m"
            reasoning_effort = "high"
            temperature = 0.3
            max_tokens = 8192
            price = { input = 1.25, output = 10.0 }
            env = ["EXTRA"]
        "#;
        let worker = parse(text).unwrap().settings.workers.shift_remove("gpt").unwrap();
        let mut expected = Worker::new("gpt", Provider::Openai, Some("gpt-5"));
        expected.base_url = Some("http://127.0.0.1:9000/v1/".into());
        expected.api_key_env = Some("HOUSE_KEY".into());
        expected.tier = 2;
        expected.family = "house".into();
        expected.roles = vec!["architect".into(), "chair".into()];
        expected.strengths = vec!["architecture".into()];
        expected.max_concurrent = 4;
        expected.timeout = Some(Duration::from_secs(300));
        expected.reasoning_effort = Some(Effort::High);
        expected.temperature = Some(0.3);
        expected.max_tokens = Some(8192);
        expected.price = Some(Price { input: 1.25, output: 10.0 });
        expected.env = vec!["EXTRA".into()];
        assert_eq!(worker, expected);
    }

    #[test]
    fn programs_have_keys_of_their_own() {
        let text = r#"
            [workers.house]
            provider = "command"
            command = ["/opt/ask", "--model", "{model}"]
            [workers.codex]
            provider = "codex"
            program = "~/bin/codex"
            args = ["--strict"]
            permission = "edit"
            [workers.tool]
            provider = "mcp"
            command = ["claude", "mcp", "serve"]
            tool = "Agent"
            arguments = { description = "synod", prompt = "{{prompt}}", deep = { count = 3, list = ["a"] }, "dotted.name" = true }
            [workers.tape]
            provider = "replay"
            cassette = "demo.json"
        "#;
        let workers = parse(text).unwrap().settings.workers;
        assert_eq!(workers["house"].command, ["/opt/ask", "--model", "{model}"]);
        assert_eq!(workers["house"].permission, Permission::Read);
        let codex = &workers["codex"];
        assert_eq!(codex.program.as_deref(), Some(std::path::Path::new("~/bin/codex")));
        assert_eq!((codex.args.as_slice(), codex.permission), (["--strict".to_owned()].as_slice(), Permission::Edit));
        let expected = serde_json::json!({ "description": "synod", "prompt": "{{prompt}}", "deep": { "count": 3, "list": ["a"] }, "dotted.name": true });
        assert_eq!(serde_json::Value::Object(workers["tool"].arguments.clone()), expected);
        assert_eq!((workers["tool"].tool.as_deref(), workers["tool"].command.len()), (Some("Agent"), 3));
        assert_eq!(workers["tape"].cassette.as_deref(), Some(std::path::Path::new("demo.json")));
    }

    #[test]
    fn what_is_not_given_is_the_same_for_configured_and_found_workers() {
        let read = parse("[workers.a]\nprovider = 'claude-code'").unwrap().settings.workers.shift_remove("a").unwrap();
        assert_eq!(read, Worker::new("a", Provider::ClaudeCode, None));
        assert_eq!(read.key_variable(), Some("ANTHROPIC_API_KEY"));
        assert_eq!(read.address(), None);
        let local = Worker::new("b", Provider::Ollama, Some("llama3.1:8b"));
        assert_eq!(local.address(), Some("http://127.0.0.1:11434/v1/"));
        assert_eq!((local.family.as_str(), local.key_variable()), ("meta", None));
    }
}
