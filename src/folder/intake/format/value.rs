//! Reading one value as what its key wants: text, list of texts, one of some words, number, duration. Every refusal names
//! the key, the line and the way out.

use super::tree::{Entry, Node, Value, reason};
use crate::board::Reason;
use crate::config;
use std::time::Duration;

/// Longest part of a person's word that is repeated in a reason, in characters.
const QUOTED_CHARS_MAX: usize = 60;

/// Items of one list at most. Steps have a limit of their own in the settings, which is lower.
const ITEMS_MAX: usize = 1000;

/// A value on the way to its key: how the key is called in sentences (`plan.steps[2].needs`), and where it stands.
#[derive(Clone, Copy)]
pub(super) struct Field<'a> {
    pub(super) name: &'a str,
    pub(super) line: u32,
    pub(super) node: &'a Node,
}

impl<'a> Field<'a> {
    /// The value of a key; it stands where its key stands, also when the value itself begins below.
    pub(super) fn of(name: &'a str, entry: &'a Entry) -> Self {
        Self { name, line: entry.line, node: &entry.value }
    }

    /// A refusal of this value.
    pub(super) fn refuse(self, what: impl AsRef<str>, mend: impl Into<String>) -> Reason {
        reason(self.line, format!("{} {}", self.name, what.as_ref()), mend)
    }

    fn not_a(self, wanted: &str, example: &str) -> Reason {
        let is = self.node.value.is_a();
        let example = match last(self.name) {
            // An item of a list has no key of its own.
            item if item.ends_with(']') => format!("write it as in {example}"),
            key => format!("write it as in {key}: {example}"),
        };
        self.refuse(format!("must be {wanted}, but is {is}"), format!("{example}, or leave {} out", self.name))
    }

    /// Text on one or more lines, not blank, without control characters that would hide something.
    pub(super) fn text(self) -> Result<String, Reason> {
        let Value::Text(text) = &self.node.value else {
            return Err(self.not_a("text", "\"some words\""));
        };
        if text.trim().is_empty() {
            return Err(self.refuse("is empty", format!("give {} a value or leave it out", self.name)));
        }
        if let Some(control) = text.chars().find(|c| c.is_control() && !matches!(c, '\n' | '\t' | '\r')) {
            return Err(self.refuse(format!("holds the control character {control:?}"), "remove that character"));
        }
        Ok(text.clone())
    }

    /// Text on one line, without white space around it.
    pub(super) fn line(self) -> Result<String, Reason> {
        let text = self.text()?;
        let text = text.trim();
        if text.contains(['\n', '\r']) {
            return Err(self.refuse("must stand on one line", format!("write {} on one line", self.name)));
        }
        Ok(text.to_owned())
    }

    /// A list, each item read by `read`, under the name `name[2]` counted from 1.
    pub(super) fn list<T>(self, read: impl Fn(Field<'_>) -> Result<T, Reason>) -> Result<Vec<T>, Reason> {
        let Value::List(items) = &self.node.value else {
            return Err(self.not_a("a list", "[\"one\", \"two\"]"));
        };
        if items.len() > ITEMS_MAX {
            let what = format!("holds {} items, which is over {ITEMS_MAX}", items.len());
            return Err(self.refuse(what, "name fewer things, or use one glob for many files"));
        }
        let each = |(index, node): (usize, &Node)| {
            read(Field { name: &format!("{}[{}]", self.name, index + 1), line: node.line, node })
        };
        items.iter().enumerate().map(each).collect()
    }

    /// The keys of a group.
    pub(super) fn map(self) -> Result<&'a [Entry], Reason> {
        match &self.node.value {
            Value::Map(entries) => Ok(entries),
            _ => Err(self.not_a("a group of keys", "{ key: value }")),
        }
    }

    /// One of some words.
    pub(super) fn choice<T: Copy>(self, words: &[(&str, T)]) -> Result<T, Reason> {
        let listed = words.iter().map(|(word, _)| *word).collect::<Vec<_>>();
        let Value::Text(text) = &self.node.value else {
            return Err(self.not_a(&format!("one of {}", listed.join(", ")), &listed.join(" | ")));
        };
        words.iter().find(|(word, _)| *word == text.as_str()).map(|(_, choice)| *choice).ok_or_else(|| {
            let meant = nearest(&text.to_lowercase(), &listed).map(|word| format!("did you mean {word}? "));
            let mend = format!("{}valid are {}", meant.unwrap_or_default(), listed.join(", "));
            self.refuse(format!("does not know \"{}\"", quoted(text)), mend)
        })
    }

    /// A whole number within bounds.
    pub(super) fn count(self, least: u32, most: u32) -> Result<u32, Reason> {
        let Value::Whole(number) = self.node.value else {
            return Err(self.not_a("a whole number", &least.max(2).to_string()));
        };
        let fits = u32::try_from(number).ok().filter(|number| (least..=most).contains(number));
        fits.ok_or_else(|| self.refuse(format!("is {number}"), format!("write a whole number from {least} to {most}")))
    }

    /// True or false.
    pub(super) fn flag(self) -> Result<bool, Reason> {
        match self.node.value {
            Value::Flag(flag) => Ok(flag),
            _ => Err(self.not_a("true or false", "true")),
        }
    }

    /// An amount of money in USD, zero or more.
    pub(super) fn money(self) -> Result<f64, Reason> {
        #[expect(clippy::cast_precision_loss, reason = "an amount beyond 2^53 dollars need not be exact")]
        let amount = match self.node.value {
            Value::Whole(number) => number as f64,
            Value::Real(number) => number,
            _ => return Err(self.not_a("a number of US dollars", "0.50")),
        };
        if !amount.is_finite() {
            return Err(self.refuse(format!("is {amount}, which is no amount"), "write dollars, as in 0.50"));
        }
        if amount < 0.0 {
            return Err(self.refuse(format!("is negative ({amount})"), "write zero or more dollars, as in 0.50"));
        }
        Ok(amount)
    }

    /// A duration with its unit.
    pub(super) fn duration(self) -> Result<Duration, Reason> {
        let Value::Text(text) = &self.node.value else {
            return Err(self.not_a("a duration with its unit", "\"10m\""));
        };
        config::parse_duration(text).map_err(|_| {
            self.refuse(
                format!("is \"{}\", which is no duration", quoted(text)),
                "write 500ms, 60s, 10m, 2h or 1d, above zero",
            )
        })
    }
}

/// The last part of a name, as it stands in the file.
fn last(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

/// A person's word, short enough to be repeated, without line breaks.
pub(super) fn quoted(word: &str) -> String {
    let clean = |c: char| if c.is_control() { ' ' } else { c };
    let head: String = word.chars().take(QUOTED_CHARS_MAX).map(clean).collect();
    if head.len() < word.len() { format!("{head}…") } else { head }
}

/// The nearest of some words, when one is near: first of all the one that lacks only a last letter. Very long words are
/// near to none.
pub(super) fn nearest<'a>(word: &str, words: &[&'a str]) -> Option<&'a str> {
    if word.len() > 4 * QUOTED_CHARS_MAX {
        return None;
    }
    let longer = words.iter().copied().find(|known| known.strip_prefix(word).is_some_and(|rest| rest.len() == 1));
    longer.or_else(|| config::nearest(word, words.iter().copied()))
}

/// Refuses keys that stand twice and keys that are not among `known`. `group` is the name before the key, with its dot.
pub(super) fn only_known(entries: &[Entry], known: &[&str], group: &str) -> Result<(), Reason> {
    let mut seen = std::collections::BTreeMap::new();
    for entry in entries {
        let (key, line) = (quoted(&entry.key), entry.line);
        if let Some(first) = seen.insert(entry.key.as_str(), line) {
            let what = format!("the key {group}{key} is given twice, first on line {first}");
            return Err(reason(line, what, format!("keep one {key}")));
        }
        if !known.contains(&entry.key.as_str()) {
            let meant = nearest(&entry.key.to_lowercase(), known).map(|word| format!("did you mean {word}? "));
            let mend = format!("{}valid keys are {}", meant.unwrap_or_default(), known.join(", "));
            return Err(reason(line, format!("there is no key {group}{key}"), mend));
        }
    }
    Ok(())
}
