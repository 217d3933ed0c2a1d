//! Changing TOML that people wrote: comments, order and spacing stay.

use serde_json::Value;
use toml_edit::{Array, DocumentMut, InlineTable, Item, Table, TableLike};

/// The table that holds the servers.
pub(super) const KEY: &str = "mcp_servers";

/// What the text says.
pub(super) fn read(text: &str) -> Result<Value, String> {
    let table: toml::Table = toml::from_str(text).map_err(|error| error.to_string().trim().to_owned())?;
    serde_json::to_value(table).map_err(|error| error.to_string())
}

/// The text with the server `name`.
pub(super) fn put(text: &str, name: &str, entry: &Value) -> Result<String, String> {
    let mut document = parse(text)?;
    let first = document.is_empty();
    let servers = document.entry(KEY).or_insert_with(|| {
        let mut table = Table::new();
        table.set_implicit(true);
        Item::Table(table)
    });
    let inline = servers.is_inline_table();
    let servers = servers.as_table_like_mut().ok_or_else(|| format!("`{KEY}` in it is not a table"))?;
    let entry = entry.as_object().ok_or("the entry is not a table")?;
    if let Some(present) = servers.get_mut(name).and_then(Item::as_table_like_mut) {
        let gone: Vec<String> =
            present.iter().map(|(key, _)| key.to_owned()).filter(|key| !entry.contains_key(key)).collect();
        gone.iter().for_each(|key| drop(present.remove(key)));
        fill(present, entry)?;
    } else if inline {
        let mut table = InlineTable::new();
        fill(&mut table, entry)?;
        servers.insert(name, toml_edit::value(table));
    } else {
        let mut table = Table::new();
        fill(&mut table, entry)?;
        table.decor_mut().set_prefix(if first { "" } else { "\n" });
        servers.insert(name, Item::Table(table));
    }
    Ok(document.to_string())
}

/// The text without the server.
pub(super) fn remove(text: &str, name: &str) -> Result<String, String> {
    let mut document = parse(text)?;
    let Some(servers) = document.get_mut(KEY) else { return Ok(text.to_owned()) };
    // A table that is only there because something stands below it has no line of its own.
    let implicit = servers.as_table().is_some_and(Table::is_implicit);
    let Some(servers) = servers.as_table_like_mut() else { return Ok(text.to_owned()) };
    if servers.remove(name).is_some() && servers.is_empty() && implicit {
        document.remove(KEY);
    }
    Ok(document.to_string())
}

fn parse(text: &str) -> Result<DocumentMut, String> {
    text.parse().map_err(|error: toml_edit::TomlError| error.to_string().trim().to_owned())
}

/// Sets each key; one that says so already keeps its comment.
fn fill(table: &mut dyn TableLike, entry: &serde_json::Map<String, Value>) -> Result<(), String> {
    for (key, value) in entry {
        let value = item(value)?;
        let says = |item: &Item| item.as_value().map(|value| value.to_string().trim().to_owned());
        if table.get(key).and_then(says) != Some(value.to_string().trim().to_owned()) {
            match table.get_mut(key) {
                Some(slot) => *slot = Item::Value(value),
                None => drop(table.insert(key, Item::Value(value))),
            }
        }
    }
    Ok(())
}

fn item(value: &Value) -> Result<toml_edit::Value, String> {
    Ok(match value {
        Value::Null => return Err("TOML has no null".to_owned()),
        Value::Bool(value) => (*value).into(),
        Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(number), _) => number.into(),
            (None, Some(number)) => number.into(),
            (None, None) => return Err(format!("TOML has no number {number}")),
        },
        Value::String(text) => text.as_str().into(),
        Value::Array(items) => items.iter().map(item).collect::<Result<Array, _>>()?.into(),
        Value::Object(map) => {
            let mut table = InlineTable::new();
            for (key, value) in map {
                table.insert(key, item(value)?);
            }
            table.into()
        }
    })
}
