//! TOML into the tree.

use super::tree::{Entry, Node, Value, reason};
use crate::board::Reason;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Reads a TOML document. The parser itself refuses keys given twice and nesting deeper than 80.
///
/// # Errors
/// Where it is not TOML.
pub(super) fn read(text: &str) -> Result<Node, Reason> {
    let lines = Lines::of(text);
    let table = DeTable::parse(text).map_err(|error| {
        let line = error.span().map(|span| lines.at(span.start));
        let what = format!("the file is not valid TOML: {}", error.message().lines().collect::<Vec<_>>().join(", "));
        reason(line, what, "correct the TOML near that line; texts stand in quotes, and each key stands once")
    })?;
    Ok(Node { line: 1, value: map(table.into_inner(), &lines)? })
}

/// Where each line begins, so that a place in the text becomes a line without counting from the start each time.
struct Lines(Vec<usize>);

impl Lines {
    fn of(text: &str) -> Self {
        Self(text.match_indices('\n').map(|(at, _)| at).collect())
    }

    /// The line of a byte, from 1.
    fn at(&self, byte: usize) -> u32 {
        u32::try_from(self.0.partition_point(|end| *end < byte) + 1).unwrap_or(u32::MAX)
    }
}

fn map(table: DeTable<'_>, lines: &Lines) -> Result<Value, Reason> {
    let mut entries = Vec::with_capacity(table.len());
    for (key, value) in table {
        let line = lines.at(key.span().start);
        entries.push(Entry { key: key.into_inner().into_owned(), line, value: node(value, lines)? });
    }
    Ok(Value::Map(entries))
}

fn node(value: Spanned<DeValue<'_>>, lines: &Lines) -> Result<Node, Reason> {
    let line = lines.at(value.span().start);
    let value = match value.into_inner() {
        DeValue::String(text) => Value::Text(text.into_owned()),
        DeValue::Integer(number) => {
            let whole = i128::from_str_radix(number.as_str(), number.radix());
            Value::Whole(whole.map_err(|_| reason(line, "a number is out of range", "write a smaller number"))?)
        }
        DeValue::Float(number) => {
            let real = number.as_str().parse();
            Value::Real(real.map_err(|_| reason(line, "a number cannot be read", "write it as in 0.50"))?)
        }
        DeValue::Boolean(flag) => Value::Flag(flag),
        DeValue::Datetime(_) => Value::Moment,
        DeValue::Array(items) => {
            Value::List(items.into_iter().map(|item| node(item, lines)).collect::<Result<_, _>>()?)
        }
        DeValue::Table(table) => map(table, lines)?,
    };
    Ok(Node { line, value })
}
