//! A change of a settings file's text, whatever its language: the entry is put in or taken out, and then the new text is read
//! again to see that it says what it should and nothing else has changed.

use super::{json, toml};
use serde_json::{Map, Value};

/// What is said when a change would change more than it should.
const CANNOT: &str = "the entry cannot be changed without changing something else";

/// How a file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// JSON, with comments and closing commas where there are some.
    Json {
        /// The key of the object that holds the servers.
        key: &'static str,
    },
    /// TOML, with the servers in `mcp_servers`.
    Toml,
}

impl Format {
    /// The entry of this name.
    ///
    /// # Errors
    /// Why the text cannot be read.
    pub(super) fn get(self, text: &str, name: &str) -> Result<Option<Value>, String> {
        let all = self.read(text)?;
        Ok(all.get(self.key()).and_then(|servers| servers.get(name)).cloned())
    }

    /// The text with this entry.
    ///
    /// # Errors
    /// Why the text cannot be read or changed.
    pub(super) fn put(self, text: &str, name: &str, entry: &Value, input: Option<&Value>) -> Result<String, String> {
        let before = self.read(text)?;
        if before.get(self.key()).and_then(|servers| servers.get(name)) == Some(entry)
            && input.is_none_or(|input| has_input(&before, input))
        {
            return Ok(text.to_owned());
        }
        let after = match self {
            Self::Json { key } => json::put(text, key, name, entry, input)?,
            Self::Toml => toml::put(text, name, entry)?,
        };
        let mut expected = before;
        expected[self.key()][name] = entry.clone();
        if let Some(input) = input.filter(|input| !has_input(&expected, input)) {
            match expected["inputs"].as_array_mut() {
                Some(inputs) => inputs.push(input.clone()),
                None => expected["inputs"] = Value::Array(vec![input.clone()]),
            }
        }
        if self.read(&after)? == expected { Ok(after) } else { Err(CANNOT.to_owned()) }
    }

    /// The text without the entry of this name and without the input of this id.
    ///
    /// # Errors
    /// Why the text cannot be read or changed.
    pub(super) fn remove(self, text: &str, name: &str, input: &str) -> Result<String, String> {
        let mut expected = self.read(text)?;
        let after = match self {
            Self::Json { key } => json::remove(text, key, name, input)?,
            Self::Toml => toml::remove(text, name)?,
        };
        if let Some(servers) = expected.get_mut(self.key()).and_then(Value::as_object_mut) {
            servers.shift_remove(name);
        }
        if let Some(inputs) = expected.get_mut("inputs").and_then(Value::as_array_mut) {
            inputs.retain(|one| one.get("id").and_then(Value::as_str) != Some(input));
        }
        // What is left empty may stay or go.
        let bare = |mut all: Value| {
            if let Some(all) = all.as_object_mut() {
                all.retain(|key, value| {
                    let empty =
                        value.as_object().is_some_and(Map::is_empty) || value.as_array().is_some_and(Vec::is_empty);
                    !(empty && (key == self.key() || key == "inputs"))
                });
            }
            all
        };
        if bare(self.read(&after)?) == bare(expected) { Ok(after) } else { Err(CANNOT.to_owned()) }
    }

    /// Whether nothing is said in the text.
    pub(super) fn is_empty(self, text: &str) -> bool {
        let bare = match self {
            Self::Json { .. } => !text.contains("//") && !text.contains("/*"),
            Self::Toml => !text.contains('#'),
        };
        bare && self.read(text).is_ok_and(|all| all.as_object().is_none_or(Map::is_empty))
    }

    fn key(self) -> &'static str {
        match self {
            Self::Json { key } => key,
            Self::Toml => toml::KEY,
        }
    }

    fn read(self, text: &str) -> Result<Value, String> {
        let all = match self {
            Self::Json { .. } => json::read(text)?,
            Self::Toml => toml::read(text)?,
        };
        match all.get(self.key()) {
            None | Some(Value::Object(_)) => Ok(all),
            Some(_) => Err(format!("`{}` in it is not a table of servers", self.key())),
        }
    }
}

/// Whether the file asks for this already.
pub(super) fn has_input(all: &Value, input: &Value) -> bool {
    let inputs = all.get("inputs").and_then(Value::as_array);
    inputs.is_some_and(|inputs| inputs.iter().any(|one| one.get("id") == input.get("id")))
}

/// The lines in which two texts differ: what is the same at the beginning and at the end is left out.
pub(super) fn difference(before: &str, after: &str) -> String {
    let (old, new): (Vec<&str>, Vec<&str>) = (before.lines().collect(), after.lines().collect());
    let same = |pairs: &mut dyn Iterator<Item = (&&str, &&str)>| pairs.take_while(|(one, other)| one == other).count();
    let head = same(&mut old.iter().zip(&new));
    let tail = same(&mut old[head..].iter().rev().zip(new[head..].iter().rev()));
    let lines =
        |lines: &[&str], mark: char| -> String { lines.iter().map(|line| format!("{mark} {line}\n")).collect() };
    lines(&old[head..old.len() - tail], '-') + &lines(&new[head..new.len() - tail], '+')
}
