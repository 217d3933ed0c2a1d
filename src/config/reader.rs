//! Turns the merged flat keys into typed settings: each key that is asked for becomes a known key, and what nobody
//! asked for is unknown. Every problem is collected, so a person mends a file in one go.
//! Reading files and merging layers is `layers`; what the values mean to each other is `checks`.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use super::duration;
use super::layers::{self, Flat, Leaf};
use super::problem::Problem;

/// A value or a group of values that can be read from the merged keys.
pub(super) trait Setting: Sized {
    /// Reads the value at `key`. Problems go to the reader, and a harmless stand-in comes back.
    fn take(reader: &Reader<'_>, key: &str) -> Self;
}

/// Reads one merged set of keys and notes what was asked for and what was wrong.
pub(super) struct Reader<'a> {
    flat: &'a Flat,
    known: RefCell<BTreeSet<String>>,
    problems: RefCell<Vec<Problem>>,
}

impl<'a> Reader<'a> {
    /// A reader over merged keys.
    pub(super) fn new(flat: &'a Flat) -> Self {
        Self { flat, known: RefCell::default(), problems: RefCell::default() }
    }

    /// Reads `prefix.name`, or `name` at the top.
    pub(super) fn take<T: Setting>(&self, prefix: &str, name: &str) -> T {
        T::take(self, &join(prefix, name))
    }

    /// The merged keys.
    pub(super) fn flat(&self) -> &Flat {
        self.flat
    }

    /// The leaf at `key`, which is a known key from now on.
    fn leaf(&self, key: &str) -> Option<&'a Leaf> {
        self.known.borrow_mut().insert(key.to_owned());
        self.flat.get(key)
    }

    /// The keys below `prefix`, which may have any name and are known from now on, without it.
    pub(super) fn open_table(&self, prefix: &str) -> Vec<(&'a str, &'a toml::Value)> {
        let below = self.flat.iter().filter_map(|(key, leaf)| Some((key, key.strip_prefix(prefix)?, &leaf.value)));
        let mut found = Vec::new();
        for (key, name, value) in below {
            self.known.borrow_mut().insert(key.clone());
            found.push((name, value));
        }
        found
    }

    /// Notes that the value at `key` is not what it must be.
    pub(super) fn fault(&self, key: &str, what: impl Into<String>) {
        let origin = layers::place_of(self.flat, key).cloned().unwrap_or_default();
        self.problems.borrow_mut().push(Problem::new(origin, key, what));
    }

    /// Reads a leaf that must be there; the shipped defaults give every such key.
    fn required<T: FromValue>(&self, key: &str) -> T {
        match self.leaf(key) {
            None => {
                self.fault(key, "is missing");
                T::stand_in()
            }
            Some(leaf) => self.convert(key, leaf).unwrap_or_else(T::stand_in),
        }
    }

    /// Converts a leaf, or notes why it cannot be.
    fn convert<T: FromValue>(&self, key: &str, leaf: &Leaf) -> Option<T> {
        match T::from_leaf(leaf) {
            Ok(value) => Some(value),
            Err(what) => {
                self.fault(key, what);
                None
            }
        }
    }

    /// The known keys and the problems, at the end of reading.
    pub(super) fn finish(self) -> (BTreeSet<String>, Vec<Problem>) {
        (self.known.into_inner(), self.problems.into_inner())
    }
}

/// `prefix.name`, or `name` alone when there is no prefix.
pub(super) fn join(prefix: &str, name: &str) -> String {
    if prefix.is_empty() { name.to_owned() } else { format!("{prefix}.{name}") }
}

/// A single value that one leaf can hold.
pub(super) trait FromValue: Sized {
    /// The value, or what was expected.
    fn from_leaf(leaf: &Leaf) -> Result<Self, String>;
    /// What stands in after a problem was noted; never reaches a caller of `load`.
    fn stand_in() -> Self;
}

impl<T: FromValue> Setting for T {
    fn take(reader: &Reader<'_>, key: &str) -> Self {
        reader.required(key)
    }
}

/// An optional value: absent, or `"none"` in a later layer to take an earlier one back.
impl<T: FromValue> Setting for Option<T> {
    fn take(reader: &Reader<'_>, key: &str) -> Self {
        let leaf = reader.leaf(key)?;
        if leaf.value.as_str() == Some("none") { None } else { reader.convert(key, leaf) }
    }
}

impl FromValue for String {
    fn from_leaf(leaf: &Leaf) -> Result<Self, String> {
        match (&leaf.text, leaf.value.as_str()) {
            // The environment and flags have no types: `5` given for a text is the text "5".
            (Some(text), None) => Ok(text.clone()),
            (_, Some(text)) => Ok(text.to_owned()),
            (None, None) => Err(expected("a text in quotes", leaf)),
        }
    }
    fn stand_in() -> Self {
        Self::new()
    }
}

impl FromValue for PathBuf {
    fn from_leaf(leaf: &Leaf) -> Result<Self, String> {
        String::from_leaf(leaf).map(Self::from)
    }
    fn stand_in() -> Self {
        Self::new()
    }
}

impl FromValue for bool {
    fn from_leaf(leaf: &Leaf) -> Result<Self, String> {
        leaf.value.as_bool().ok_or_else(|| expected("true or false", leaf))
    }
    fn stand_in() -> Self {
        false
    }
}

impl FromValue for f64 {
    fn from_leaf(leaf: &Leaf) -> Result<Self, String> {
        let number = match leaf.value {
            toml::Value::Float(number) => Some(number),
            #[expect(clippy::cast_precision_loss, reason = "settings are far below 2^53")]
            toml::Value::Integer(number) => Some(number as Self),
            _ => None,
        };
        number.filter(|number| number.is_finite()).ok_or_else(|| expected("a number", leaf))
    }
    fn stand_in() -> Self {
        0.0
    }
}

/// Whole numbers of every width that settings use.
macro_rules! whole_number {
    ($($kind:ty),*) => {$(
        impl FromValue for $kind {
            fn from_leaf(leaf: &Leaf) -> Result<Self, String> {
                leaf.value
                    .as_integer()
                    .and_then(|number| Self::try_from(number).ok())
                    .ok_or_else(|| expected(&format!("a whole number from 0 to {}", Self::MAX), leaf))
            }
            fn stand_in() -> Self {
                1
            }
        }
    )*};
}
whole_number!(u8, u16, u32, u64, usize);

impl FromValue for Duration {
    fn from_leaf(leaf: &Leaf) -> Result<Self, String> {
        let text =
            leaf.value.as_str().ok_or_else(|| expected("a duration such as \"60s\", \"5m\" or \"500ms\"", leaf))?;
        duration::parse(text)
    }
    fn stand_in() -> Self {
        Self::from_secs(1)
    }
}

impl FromValue for Vec<String> {
    fn from_leaf(leaf: &Leaf) -> Result<Self, String> {
        let items = leaf.value.as_array().ok_or_else(|| expected("a list of texts", leaf))?;
        items
            .iter()
            .map(|item| item.as_str().map(str::to_owned).ok_or_else(|| expected("a list of texts", leaf)))
            .collect()
    }
    fn stand_in() -> Self {
        Self::new()
    }
}

/// A message that names what was wanted and the type that came. The value itself stays out: it could be a secret.
pub(super) fn expected(wanted: &str, leaf: &Leaf) -> String {
    format!("must be {wanted}, not {}", type_name(&leaf.value))
}

/// How a person would call the type of a value.
fn type_name(value: &toml::Value) -> &'static str {
    match value {
        toml::Value::String(_) => "a text",
        toml::Value::Integer(_) => "a whole number",
        toml::Value::Float(_) => "a number",
        toml::Value::Boolean(_) => "true or false",
        toml::Value::Datetime(_) => "a date",
        toml::Value::Array(_) => "a list",
        toml::Value::Table(_) => "a table",
    }
}

/// Declares a group of settings once: the struct, and how it is read key by key.
macro_rules! section {
    ($(#[$meta:meta])* pub struct $name:ident { $($(#[$field_meta:meta])* pub $field:ident: $kind:ty,)* }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq)]
        pub struct $name { $($(#[$field_meta])* pub $field: $kind,)* }

        impl $crate::config::reader::Setting for $name {
            fn take(reader: &$crate::config::reader::Reader<'_>, key: &str) -> Self {
                Self { $($field: reader.take(key, stringify!($field)),)* }
            }
        }
    };
}
pub(super) use section;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::problem::Origin;

    /// One key with a value, as files give it (`text` none) or as the environment does.
    fn flat(value: toml::Value, text: Option<&str>) -> Flat {
        let leaf = Leaf { value, text: text.map(str::to_owned), origin: Origin::Env("SYNOD_A__B".into()) };
        Flat::from_iter([("a.b".to_owned(), leaf)])
    }

    /// What reading the one key gives, and the problems.
    fn read<T: Setting>(flat: &Flat) -> (T, Vec<Problem>) {
        let reader = Reader::new(flat);
        let value = reader.take("a", "b");
        let (known, problems) = reader.finish();
        assert!(known.contains("a.b"), "what is asked for is known");
        (value, problems)
    }

    #[test]
    fn a_text_from_a_layer_without_types_may_look_like_anything() {
        let number = toml::Value::Integer(5);
        assert_eq!(read::<String>(&flat(number.clone(), Some("5"))), ("5".to_owned(), Vec::new()));
        let (_, problems) = read::<String>(&flat(number, None));
        assert_eq!(problems[0].to_string(), "environment SYNOD_A__B: a.b must be a text in quotes, not a whole number");
    }

    #[test]
    fn whole_numbers_serve_as_numbers_but_not_the_reverse() {
        assert!((read::<f64>(&flat(toml::Value::Integer(2), None)).0 - 2.0).abs() < f64::EPSILON);
        assert_eq!(read::<u32>(&flat(toml::Value::Float(2.0), None)).1.len(), 1);
        assert_eq!(read::<f64>(&flat(toml::Value::Float(f64::INFINITY), None)).1.len(), 1);
        assert_eq!(read::<u8>(&flat(toml::Value::Integer(256), None)).1.len(), 1);
        assert_eq!(read::<u8>(&flat(toml::Value::Integer(255), None)).0, 255);
    }

    #[test]
    fn lists_hold_texts_alone() {
        let list = |items: Vec<toml::Value>| flat(toml::Value::Array(items), None);
        assert_eq!(read::<Vec<String>>(&list(vec!["x".into(), "y".into()])).0, ["x", "y"]);
        assert_eq!(read::<Vec<String>>(&list(vec!["x".into(), 1.into()])).1.len(), 1);
        assert_eq!(read::<Vec<String>>(&list(Vec::new())), (Vec::new(), Vec::new()));
    }

    #[test]
    fn a_missing_value_is_a_problem_only_where_it_is_required() {
        let empty = Flat::new();
        assert_eq!(read::<Option<u32>>(&empty), (None, Vec::new()));
        assert_eq!(read::<u32>(&empty).1[0].to_string(), "default: a.b is missing");
        assert_eq!(read::<Option<u32>>(&flat("none".into(), None)), (None, Vec::new()));
        assert_eq!(read::<Option<u32>>(&flat("some".into(), None)).1.len(), 1);
    }
}
