//! YAML into the tree, under a budget: no anchors, aliases, merge keys or second document, so that a small file cannot
//! become a large one.

use super::tree::{DEPTH_MAX, Entry, Node, Value, reason};
use crate::board::Reason;
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::budget::BudgetBreach;
use serde_saphyr::options::{DuplicateKeyPolicy, MergeKeyPolicy, NonFiniteFloatPolicy};
use serde_saphyr::{Error, Options, Spanned};
use std::fmt;

/// Lists, maps and values in one task file at most.
const NODES_MAX: usize = 50_000;

/// Reads a YAML document; `lines_before` lines of the file stand before `text`.
///
/// # Errors
/// Where it is not YAML, over the budget, or has a key twice.
pub(super) fn read(text: &str, lines_before: u32) -> Result<Node, Reason> {
    let located: Located =
        serde_saphyr::from_str_with_options(text, options()).map_err(|error| refusal(&error, lines_before))?;
    Ok(located.shifted(lines_before))
}

fn options() -> Options {
    serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_aliases: 0,
            max_anchors: 0,
            max_documents: 1,
            max_depth: DEPTH_MAX,
            max_nodes: NODES_MAX,
        },
        duplicate_keys: DuplicateKeyPolicy::Error,
        merge_keys: MergeKeyPolicy::Error,
        non_finite_float_policy: NonFiniteFloatPolicy::PassThrough,
        strict_booleans: true,
        reject_unsupported_tags: true,
        emit_comments: false,
        with_snippet: false,
    }
}

fn refusal(error: &Error, lines_before: u32) -> Reason {
    let error = error.without_snippet();
    let line = error.location().map(|at| at.line()).filter(|line| *line > 0).map(|line| narrow(line, lines_before));
    match error {
        Error::DuplicateMappingKey { key: Some(key), .. } => {
            reason(line, format!("the key {key} is given twice"), format!("keep one {key}"))
        }
        Error::Budget { breach, .. } => over_limits(line, breach),
        Error::AliasError { .. } | Error::UnknownAnchor { .. } => {
            reason(line, "an alias (*) stands in the YAML", "write the value out where it is used")
        }
        Error::MergeKeyNotAllowed { .. } => {
            reason(line, "a merge key (<<) stands in the YAML", "write the keys out where they belong")
        }
        Error::MultipleDocuments { .. } => reason(
            line,
            "the file holds more than one YAML document",
            "keep one document; put each task into a file of its own",
        ),
        other => reason(
            line,
            format!("the YAML cannot be read: {}", told(other)),
            "correct the YAML near that line; put texts that hold : # or quotes into \"…\"",
        ),
    }
}

fn over_limits(line: Option<u32>, breach: &BudgetBreach) -> Reason {
    let (what, mend) = match breach {
        BudgetBreach::Anchors { .. } | BudgetBreach::Aliases { .. } => (
            "the YAML uses anchors (&) or aliases (*), which are not taken".to_owned(),
            "write each value out where it is used; put a text that begins with & or * into quotes",
        ),
        BudgetBreach::Depth { .. } => (
            format!("the YAML is nested more than {DEPTH_MAX} levels deep"),
            "a task needs few levels; remove the others",
        ),
        BudgetBreach::Nodes { .. } | BudgetBreach::Events { .. } => {
            (format!("the YAML holds more than {NODES_MAX} values"), "write fewer values, or split the task")
        }
        BudgetBreach::Documents { .. } => {
            ("the file holds more than one YAML document".to_owned(), "keep one document")
        }
        _ => ("the YAML is larger than a task may be".to_owned(), "write less, or split the task"),
    };
    reason(line, what, mend)
}

/// The parser's message on one line, without the place, which the reason carries itself.
fn told(error: &Error) -> String {
    let message = error.to_string();
    let message = message.split(" at line ").next().unwrap_or_default();
    let message = message.strip_prefix("error: ").unwrap_or(message);
    message.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ")
}

/// A value with the place the parser saw it at.
struct Located(Spanned<Raw>);

enum Raw {
    Plain(Value),
    List(Vec<Located>),
    Map(Vec<(Spanned<String>, Located)>),
}

impl Located {
    fn shifted(self, by: u32) -> Node {
        let line = lines(&self.0, by);
        let value = match self.0.value {
            Raw::Plain(value) => value,
            Raw::List(items) => Value::List(items.into_iter().map(|item| item.shifted(by)).collect()),
            Raw::Map(items) => {
                let entry = |(key, value): (Spanned<String>, Self)| Entry {
                    line: lines(&key, by),
                    key: key.value,
                    value: value.shifted(by),
                };
                Value::Map(items.into_iter().map(entry).collect())
            }
        };
        Node { line, value }
    }
}

fn lines<T>(spanned: &Spanned<T>, by: u32) -> u32 {
    narrow(spanned.referenced.line(), by)
}

/// A line of the document as a line of the file.
fn narrow(line: u64, by: u32) -> u32 {
    u32::try_from(line).unwrap_or(u32::MAX).saturating_add(by)
}

impl<'de> Deserialize<'de> for Located {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Spanned::deserialize(deserializer).map(Self)
    }
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RawVisitor)
    }
}

struct RawVisitor;

impl<'de> Visitor<'de> for RawVisitor {
    type Value = Raw;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_unit<E>(self) -> Result<Raw, E> {
        Ok(Raw::Plain(Value::Null))
    }

    fn visit_none<E>(self) -> Result<Raw, E> {
        Ok(Raw::Plain(Value::Null))
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Raw, E> {
        Ok(Raw::Plain(Value::Flag(flag)))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Raw, E> {
        Ok(Raw::Plain(Value::Whole(number.into())))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Raw, E> {
        Ok(Raw::Plain(Value::Whole(number.into())))
    }

    fn visit_i128<E>(self, number: i128) -> Result<Raw, E> {
        Ok(Raw::Plain(Value::Whole(number)))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Raw, E> {
        Ok(Raw::Plain(Value::Real(number)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Raw, E> {
        Ok(Raw::Plain(Value::Text(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Raw, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Raw::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut items: A) -> Result<Raw, A::Error> {
        let mut map = Vec::new();
        while let Some(entry) = items.next_entry()? {
            map.push(entry);
        }
        Ok(Raw::Map(map))
    }
}
