//! The settings files of older systems, turned into `synod.toml`: the YAML with `agents`, `routing` and `performance`, and the
//! MCP JSON with `mcpServers` and `orchestration`. Says what became what and what has no counterpart; keeps what
//! `synod.toml` says already. Writes nothing.

mod agents;
mod orchestration;
mod servers;
#[cfg(test)]
mod tests;

use super::problem::{Error, Problem};
use super::{catalog, layers};
use serde_json::{Map, Value};
use toml_edit::{DocumentMut, Item, Table};

/// Lists, maps and values in one file at most.
const NODES_MAX: usize = 20_000;
/// Deepest nesting.
const DEPTH_MAX: usize = 32;

/// What came of a file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Import {
    /// The settings, whole, as `synod.toml` shall hold them.
    pub text: String,
    /// What became what: the key in the file, and the key here with its value.
    pub became: Vec<(String, String)>,
    /// What needs no setting or has no counterpart, and why.
    pub left: Vec<(String, String)>,
    /// Keys that stand in `synod.toml` already and stay as they are.
    pub kept: Vec<String>,
}

/// Turns `content` into settings on top of `existing`, the text of the `synod.toml` that is there (empty: none).
///
/// # Errors
/// Why it cannot be done, as a sentence: no such file as older systems write, or what came of it would not be valid.
pub fn import(content: &str, existing: &str) -> Result<Import, String> {
    let file = read(content)?;
    let document: DocumentMut = existing
        .parse()
        .map_err(|error| format!("synod.toml cannot be read, so nothing can be added to it: {error}"))?;
    let mut draft = Draft { document, import: Import::default(), roles: roles() };
    let mut known = false;
    for (key, value) in &file {
        known |= draft.part(key, value);
    }
    if !known {
        return Err("it holds none of agents, routing, performance, mcpServers and orchestration".to_owned());
    }
    draft.without_faults()?;
    let Draft { document, mut import, .. } = draft;
    import.text = document.to_string();
    Ok(import)
}

/// The file as one object, whether it is JSON or YAML.
fn read(content: &str) -> Result<Map<String, Value>, String> {
    let content = content.trim_start_matches('\u{feff}');
    let value: Value = match serde_json::from_str(content) {
        Ok(value) => value,
        Err(json) => {
            let options = serde_saphyr::options! {
                budget: serde_saphyr::budget! { max_documents: 1, max_depth: DEPTH_MAX, max_nodes: NODES_MAX, max_aliases: 0, max_anchors: 0 },
                strict_booleans: true,
                with_snippet: false,
            };
            let yaml: Result<Value, _> = serde_saphyr::from_str_with_options(content, options);
            yaml.map_err(|yaml| match content.trim_start().starts_with('{') {
                true => format!("it is no JSON: {json}"),
                false => format!("it is no YAML: {yaml}"),
            })?
        }
    };
    match value {
        Value::Object(members) => Ok(members),
        _ => Err("it holds no settings: a table of names and values was expected".to_owned()),
    }
}

/// The shipped roles with their aliases.
fn roles() -> Vec<(String, Vec<String>)> {
    let catalog = catalog::shipped();
    let roles = catalog.get("roles").and_then(toml::Value::as_table).into_iter().flatten();
    let aliases = |role: &toml::Value| {
        let aliases = role.get("aliases").and_then(toml::Value::as_array).into_iter().flatten();
        aliases.filter_map(|alias| Some(alias.as_str()?.to_owned())).collect()
    };
    roles.map(|(name, role)| (name.clone(), aliases(role))).collect()
}

/// Settings in the making.
struct Draft {
    document: DocumentMut,
    import: Import,
    roles: Vec<(String, Vec<String>)>,
}

impl Draft {
    /// One of the file's top keys; whether it is one that older systems have.
    fn part(&mut self, key: &str, value: &Value) -> bool {
        match key {
            "agents" => agents::agents(self, value),
            "routing" => agents::routing(self, value),
            "performance" => agents::performance(self, value),
            "mcpServers" | "mcp_servers" | "servers" => servers::servers(self, key, value),
            "orchestration" => orchestration::orchestration(self, value),
            _ => {
                self.left(key, "is not known, and nothing was made of it");
                return false;
            }
        }
        true
    }

    /// Sets a key, unless it stands there already.
    fn set(&mut self, from: &str, path: &[&str], value: impl Into<toml_edit::Value>) {
        let key = path.join(".");
        let value = value.into();
        let Some((last, tables)) = path.split_last() else { return };
        let mut table: &mut dyn toml_edit::TableLike = self.document.as_table_mut();
        for (depth, name) in tables.iter().enumerate() {
            // Only the innermost table gets a heading of its own.
            let implicit = depth + 1 < tables.len();
            let item = table.entry(name).or_insert_with(|| {
                let mut table = Table::new();
                table.set_implicit(implicit);
                Item::Table(table)
            });
            match item.as_table_like_mut() {
                Some(inner) => table = inner,
                None => return self.import.kept.push(key),
            }
        }
        if table.contains_key(last) {
            return self.import.kept.push(key);
        }
        let shown = value.to_string();
        table.insert(last, Item::Value(value));
        self.import.became.push((from.to_owned(), format!("{key} = {}", shown.trim())));
    }

    /// Takes out again what would not be valid here, and says so: one value that cannot be used does not keep the others out.
    fn without_faults(&mut self) -> Result<(), String> {
        loop {
            let problems = match layers::parse(&self.document.to_string()) {
                Ok(_) => return Ok(()),
                Err(Error::Invalid(problems)) => problems,
                Err(error) => return Err(error.to_string()),
            };
            let taken = problems.iter().filter(|problem| self.take_back(problem)).count();
            if taken == 0 {
                let problems: Vec<String> =
                    problems.iter().map(|problem| format!("{}: {}", problem.key, problem.what)).collect();
                return Err(format!("what comes of it would not be valid: {}", problems.join("; ")));
            }
        }
    }

    /// Takes one key out that this import has set; whether it was one.
    fn take_back(&mut self, problem: &Problem) -> bool {
        let begin = format!("{} = ", problem.key);
        let Some(at) = self.import.became.iter().position(|(_, set)| set.starts_with(&begin)) else { return false };
        let mut table: &mut dyn toml_edit::TableLike = self.document.as_table_mut();
        let mut names: Vec<&str> = problem.key.split('.').collect();
        let Some(last) = names.pop() else { return false };
        for name in names {
            match table.get_mut(name).and_then(Item::as_table_like_mut) {
                Some(inner) => table = inner,
                None => return false,
            }
        }
        if table.remove(last).is_none() {
            return false;
        }
        let (from, _) = self.import.became.remove(at);
        let why = format!("was not taken over, because {} {}", problem.key, problem.what);
        self.import.left.push((from, why));
        true
    }

    /// Says that something needs no setting, or has no counterpart.
    fn left(&mut self, from: &str, why: &str) {
        self.import.left.push((from.to_owned(), why.to_owned()));
    }

    /// Whether a worker of this name is configured already. It is left as it is.
    fn has_worker(&self, name: &str) -> bool {
        self.document.get("workers").and_then(|workers| workers.get(name)).is_some()
    }

    /// The role that a name or an alias stands for.
    fn role(&self, name: &str) -> Option<String> {
        let named = |(own, aliases): &&(String, Vec<String>)| own == name || aliases.iter().any(|alias| alias == name);
        self.roles.iter().find(named).map(|(own, _)| own.clone())
    }
}

/// A name as a worker can bear it; `None` when nothing of it is left.
fn worker_name(name: &str) -> Option<String> {
    let clean: String = name
        .to_lowercase()
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || c == '_' { c } else { '-' })
        .take(40)
        .collect();
    let clean = clean.trim_matches(|c| c == '-' || c == '_').to_owned();
    (!clean.is_empty()).then_some(clean)
}

/// Texts, as TOML.
fn texts(texts: &[&str]) -> toml_edit::Array {
    texts.iter().copied().collect()
}

/// The name of the variable in `$NAME` or `${NAME}`.
fn variable(text: &str) -> Option<&str> {
    let name = text.trim().strip_prefix('$')?;
    let name = name.strip_prefix('{').and_then(|name| name.strip_suffix('}')).unwrap_or(name);
    let fits = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    fits.then_some(name)
}

/// Whether a value could be a setting of its sort: `true` or `"true"`.
fn flag(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(flag) => Some(*flag),
        Value::String(word) => word.parse().ok(),
        Value::Null | Value::Number(_) | Value::Array(_) | Value::Object(_) => None,
    }
}
