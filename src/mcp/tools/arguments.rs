//! The arguments of a call: read leniently (a number in quotes is a number, as agents do write it), every mistake gathered
//! before the call is refused, and unknown arguments not looked at.

use super::python;
use rmcp::model::JsonObject;
use serde_json::Value;

/// One mistake in the arguments, in the words that agents know from pydantic.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Mistake {
    field: String,
    says: String,
    kind: &'static str,
    /// The value that is wrong; for a missing one, all arguments.
    value: Value,
}

/// The arguments of one call, and the mistakes found in them so far.
#[derive(Debug)]
pub(super) struct Arguments {
    given: JsonObject,
    mistakes: Vec<Mistake>,
}

impl Arguments {
    /// What the call was given.
    pub(super) fn new(given: Option<JsonObject>) -> Self {
        Self { given: given.unwrap_or_default(), mistakes: Vec::new() }
    }

    /// Lets an older name of an argument stand for the one it has now.
    pub(super) fn alias(&mut self, old: &str, now: &str) {
        if !self.given.contains_key(now)
            && let Some(value) = self.given.get(old).cloned()
        {
            self.given.insert(now.to_owned(), value);
        }
    }

    /// A text that must be given. After a mistake it is empty, and [`Self::checked`] refuses the call.
    pub(super) fn text(&mut self, field: &str) -> String {
        if self.given.contains_key(field) {
            return self.optional_text(field).unwrap_or_default();
        }
        self.missing(field);
        String::new()
    }

    /// A text that may be given. `null` counts as not given, except where pydantic would not have it; that is the strict
    /// reading of [`Self::text`] only.
    pub(super) fn optional_text(&mut self, field: &str) -> Option<String> {
        match self.given.get(field)? {
            Value::String(text) => Some(text.clone()),
            other => {
                let other = other.clone();
                self.wrong(field, "Input should be a valid string", "string_type", other);
                None
            }
        }
    }

    /// A text, or `None` when it is absent, `null` or empty: agents fill in what they have no use for.
    pub(super) fn word(&mut self, field: &str) -> Option<String> {
        if matches!(self.given.get(field), Some(Value::Null)) {
            return None;
        }
        self.optional_text(field).filter(|text| !text.trim().is_empty())
    }

    /// A word out of a list that must be given.
    pub(super) fn choice(&mut self, field: &str, words: &[&str]) -> String {
        match self.given.get(field).cloned() {
            None => {
                self.missing(field);
                String::new()
            }
            Some(Value::String(word)) if words.contains(&word.as_str()) => word,
            Some(other) => {
                self.not_one_of(field, words, other);
                String::new()
            }
        }
    }

    /// A word out of a list that may be given.
    pub(super) fn optional_choice(&mut self, field: &str, words: &[&str]) -> Option<String> {
        let word = self.word(field)?;
        if words.contains(&word.as_str()) {
            return Some(word);
        }
        self.not_one_of(field, words, Value::String(word));
        None
    }

    /// A whole number that may be given.
    pub(super) fn whole(&mut self, field: &str) -> Option<i64> {
        let value = self.given.get(field)?.clone();
        match &value {
            Value::Null => None,
            Value::Bool(flag) => Some(i64::from(*flag)),
            Value::Number(number) => {
                let whole = number.as_i64().or_else(|| number.as_f64().and_then(whole_of));
                if whole.is_none() {
                    let says = "Input should be a valid integer, got a number with a fractional part";
                    self.wrong(field, says, "int_from_float", value);
                }
                whole
            }
            Value::String(text) => {
                let whole = text.trim().parse().ok();
                if whole.is_none() {
                    let says = "Input should be a valid integer, unable to parse string as an integer";
                    self.wrong(field, says, "int_parsing", value);
                }
                whole
            }
            Value::Array(_) | Value::Object(_) => {
                self.wrong(field, "Input should be a valid integer", "int_type", value);
                None
            }
        }
    }

    /// A whole number from 0 that may be given.
    pub(super) fn count(&mut self, field: &str) -> Option<u64> {
        let whole = self.whole(field)?;
        let count = u64::try_from(whole).ok();
        if count.is_none() {
            let says = "Input should be greater than or equal to 0";
            self.wrong(field, says, "greater_than_equal", Value::from(whole));
        }
        count
    }

    /// A whole number from 0 that must be given.
    pub(super) fn needed_count(&mut self, field: &str) -> u64 {
        if !self.given.contains_key(field) {
            self.missing(field);
        }
        self.count(field).unwrap_or_default()
    }

    /// A number that may be given.
    pub(super) fn number(&mut self, field: &str) -> Option<f64> {
        match self.given.get(field)?.clone() {
            Value::Null => None,
            Value::Number(number) => number.as_f64(),
            other => {
                self.wrong(field, "Input should be a valid number", "float_type", other);
                None
            }
        }
    }

    /// Yes or no, with what stands for it when it is not given.
    pub(super) fn flag(&mut self, field: &str, default: bool) -> bool {
        let Some(value) = self.given.get(field).cloned() else { return default };
        let read = match &value {
            Value::Null => return default,
            Value::Bool(flag) => Some(*flag),
            Value::Number(number) => number.as_i64().filter(|n| (0..=1).contains(n)).map(|n| n == 1),
            Value::String(text) => match text.trim().to_ascii_lowercase().as_str() {
                "true" | "yes" | "on" | "1" | "t" | "y" => Some(true),
                "false" | "no" | "off" | "0" | "f" | "n" => Some(false),
                _ => None,
            },
            Value::Array(_) | Value::Object(_) => None,
        };
        let Some(read) = read else {
            let (says, kind) = match &value {
                Value::Array(_) | Value::Object(_) => ("Input should be a valid boolean", "bool_type"),
                _ => ("Input should be a valid boolean, unable to interpret input", "bool_parsing"),
            };
            self.wrong(field, says, kind, value);
            return default;
        };
        read
    }

    /// Yes or no that may be given.
    pub(super) fn optional_flag(&mut self, field: &str) -> Option<bool> {
        let given = self.given.get(field).is_some_and(|value| !value.is_null());
        given.then(|| self.flag(field, false))
    }

    /// A list of texts that may be given; one text with commas counts as a list.
    pub(super) fn list(&mut self, field: &str) -> Vec<String> {
        let value = self.given.get(field).cloned().unwrap_or_default();
        let words = match &value {
            Value::Null => Some(Vec::new()),
            Value::String(text) => Some(text.split(',').map(|word| word.trim().to_owned()).collect()),
            Value::Array(items) => items.iter().map(|item| item.as_str().map(str::to_owned)).collect(),
            Value::Bool(_) | Value::Number(_) | Value::Object(_) => None,
        };
        let Some(words) = words else {
            self.wrong(field, "Input should be a valid list of strings", "list_type", value);
            return Vec::new();
        };
        words.into_iter().filter(|word: &String| !word.is_empty()).collect()
    }

    /// Adds a mistake that only the tool could find.
    pub(super) fn wrong(&mut self, field: &str, says: impl Into<String>, kind: &'static str, value: Value) {
        self.mistakes.push(Mistake { field: field.to_owned(), says: says.into(), kind, value });
    }

    /// Whether the call can be carried out.
    ///
    /// # Errors
    /// The mistakes, as one text.
    pub(super) fn checked(&self) -> Result<(), String> {
        if self.mistakes.is_empty() { Ok(()) } else { Err(self.as_pydantic()) }
    }

    fn missing(&mut self, field: &str) {
        let all = Value::Object(self.given.clone());
        self.wrong(field, "Field required", "missing", all);
    }

    fn not_one_of(&mut self, field: &str, words: &[&str], value: Value) {
        let quoted: Vec<String> = words.iter().map(|word| format!("'{word}'")).collect();
        let says = match quoted.split_last() {
            Some((last, rest)) if !rest.is_empty() => format!("Input should be {} or {last}", rest.join(", ")),
            Some((only, _)) => format!("Input should be {only}"),
            None => "Input should be absent".to_owned(),
        };
        self.wrong(field, says, "literal_error", value);
    }

    /// The text that a tool written with pydantic answers wrong arguments with.
    fn as_pydantic(&self) -> String {
        let plural = if self.mistakes.len() == 1 { "" } else { "s" };
        let mut text = format!("{} validation error{plural} for applyArguments", self.mistakes.len());
        for Mistake { field, says, kind, value } in &self.mistakes {
            let (shown, type_name) = (python::shortened(&python::repr(value)), python::type_name(value));
            text.push_str(&format!(
                "\n{field}\n  {says} [type={kind}, input_value={shown}, input_type={type_name}]\n    For further information visit https://errors.pydantic.dev/2.12/v/{kind}"
            ));
        }
        text
    }
}

/// A number without a fraction, as far as it can be told exactly.
fn whole_of(number: f64) -> Option<i64> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    let whole = number.fract() == 0.0 && number.abs() <= EXACT;
    #[expect(clippy::cast_possible_truncation, reason = "checked to be whole and within the exact range")]
    whole.then_some(number as i64)
}
