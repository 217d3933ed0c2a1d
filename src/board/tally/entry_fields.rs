//! One entry of an older metrics file, whatever its members are called. Which entries there are is `metrics_file`'s business.

use super::Day;
use crate::board::id::Kind;
use crate::board::time::Timestamp;
use chrono::{DateTime, NaiveDate, NaiveDateTime};
use serde_json::{Map, Value};

/// Longest name that is taken over, in characters.
const NAME_MAX: usize = 64;

/// Largest number that is believed: beyond it a count is a mistake, and sums would lose their last digits.
const NUMBER_MAX: f64 = 1e15;

/// What tells whether it went well.
const SUCCESS: [&str; 6] = ["success", "successful", "succeeded", "ok", "status", "result"];
/// How many went well, and how many there were.
const GOOD: [&str; 5] = ["successful_tasks", "success_count", "successes", "tasks_succeeded", "succeeded_tasks"];
const BAD: [&str; 5] = ["failed_tasks", "failure_count", "failures", "tasks_failed", "errors"];
const ALL: [&str; 7] =
    ["total_tasks", "task_count", "tasks_total", "total_calls", "call_count", "count", "total_requests"];

/// What tells when it happened.
const WHEN: [&str; 9] =
    ["timestamp", "time", "at", "date", "ts", "created_at", "started_at", "completed_at", "last_used"];

/// An entry.
pub(super) struct Entry<'a>(pub(super) &'a Map<String, Value>);

impl Entry<'_> {
    /// Whether it is one call: it says something of its success, or looks like one that forgot to.
    pub(super) fn is_one(&self) -> bool {
        if self.is_summed() {
            return false;
        }
        let says = SUCCESS.iter().any(|name| self.0.get(*name).is_some_and(|value| !value.is_object()));
        says || (self.day().is_some() && self.seconds().is_some())
    }

    /// Whether it gives sums instead of a call.
    pub(super) fn is_summed(&self) -> bool {
        self.number(&ALL).is_some() || (self.number(&GOOD).is_some() && self.number(&BAD).is_some())
    }

    /// Whether it says something else beside the entries, such as a version.
    pub(super) fn is_aside(&self) -> bool {
        self.0.keys().all(|key| matches!(key.as_str(), "version" | "updated" | "last_updated" | "created" | "schema"))
    }

    /// Whether it went well.
    pub(super) fn success(&self) -> Option<bool> {
        for name in SUCCESS {
            match self.0.get(name) {
                Some(Value::Bool(success)) => return Some(*success),
                Some(Value::Number(number)) if !matches!(name, "status" | "result") => {
                    return Some(number.as_f64()? > 0.0);
                }
                Some(Value::String(word)) => match word.to_lowercase().as_str() {
                    "true" | "yes" | "ok" | "success" | "successful" | "succeeded" | "completed" | "done"
                    | "passed" => {
                        return Some(true);
                    }
                    "false" | "no" | "failed" | "failure" | "error" | "timeout" | "cancelled" => return Some(false),
                    _ => {}
                },
                _ => {}
            }
        }
        let error = self.0.get("error").filter(|error| !matches!(error, Value::Null | Value::Bool(false)));
        error.map(|_| false)
    }

    /// How many tasks there were, and how many went well.
    pub(super) fn sums(&self) -> Option<(u64, u64)> {
        let (all, good, bad) = (self.number(&ALL), self.number(&GOOD), self.number(&BAD));
        // A rate may stand in per cent.
        let rate = self.number(&["success_rate"]).map(|rate| if rate > 1.0 { rate / 100.0 } else { rate });
        let all = all.or_else(|| Some(good? + bad?))?;
        let good = good.or_else(|| bad.map(|bad| all - bad)).or_else(|| rate.map(|rate| (all * rate).round()))?;
        Some((whole(all)?, whole(good)?))
    }

    /// Who did it, where the entry says so itself.
    pub(super) fn name(&self) -> Option<String> {
        let names = ["agent", "role", "agent_name", "worker", "model_name", "model", "name"];
        names.iter().find_map(|name| self.0.get(*name)?.as_str().and_then(cleaned))
    }

    /// The kind of task, with the older system's four words turned into ours.
    pub(super) fn kind(&self) -> Option<Kind> {
        let names = ["task_type", "tasktype", "type", "kind", "category"];
        let word = names.iter().find_map(|name| self.0.get(*name)?.as_str().and_then(cleaned))?.to_lowercase();
        Some(Kind::new(match word.as_str() {
            "coding" | "code" | "implement" | "implementation" => "implementation",
            "plan" | "planning" => "planning",
            "review" | "validation" | "code_review" | "validate" => "code-review",
            "search" | "research" | "lookup" => "research",
            "document" | "documentation" | "docs" => "documentation",
            "test" | "testing" => "testing",
            other => return Some(Kind::new(other.replace(['_', ' '], "-"))),
        }))
    }

    /// The day it happened on.
    pub(super) fn day(&self) -> Option<Day> {
        WHEN.iter().find_map(|name| moment(self.0.get(*name)?)).map(Day::of)
    }

    /// Seconds it took.
    pub(super) fn seconds(&self) -> Option<f64> {
        let seconds = [
            "seconds",
            "duration",
            "duration_seconds",
            "duration_s",
            "duration_sec",
            "elapsed",
            "elapsed_seconds",
            "execution_time",
            "response_time",
            "time_taken",
            "latency",
            "total_time",
            "total_seconds",
            "total_duration",
        ];
        let thousandths = ["duration_ms", "latency_ms", "elapsed_ms", "execution_time_ms", "total_time_ms"];
        self.number(&seconds).or_else(|| self.number(&thousandths).map(|ms| ms / 1000.0))
    }

    /// Mean seconds, beside sums.
    pub(super) fn mean_seconds(&self) -> Option<f64> {
        let (seconds, thousandths) = (
            &["seconds", "time", "duration", "time_seconds", "duration_seconds", "response_time"],
            &["ms", "time_ms", "duration_ms", "latency_ms"],
        );
        let mean = |names: &[&str]| {
            let named = names.iter().flat_map(|name| ["average", "avg", "mean"].map(|mean| format!("{mean}_{name}")));
            named.into_iter().find_map(|name| self.number(&[&name]))
        };
        mean(seconds).or_else(|| mean(thousandths).map(|ms| ms / 1000.0))
    }

    /// Whether it means to say when it happened, in whatever form.
    pub(super) fn names_a_time(&self) -> bool {
        WHEN.iter().any(|name| self.0.get(*name).is_some_and(|value| !value.is_null()))
    }

    /// Tokens sent and received. A sum that is not divided counts as sent.
    pub(super) fn tokens(&self) -> (u64, u64) {
        let nested = ["tokens", "usage"].iter().find_map(|name| self.0.get(*name)?.as_object());
        let from = nested.map_or(Self(self.0), Entry);
        let input = from.number(&["input_tokens", "prompt_tokens", "input", "prompt", "tokens_in"]);
        let output = from.number(&["output_tokens", "completion_tokens", "output", "completion", "tokens_out"]);
        let total = from.number(&["tokens", "tokens_used", "total_tokens", "token_count", "total"]);
        let (input, output) = match (input, output, total) {
            (None, None, total) => (total, None),
            (None, Some(output), Some(total)) => (Some((total - output).max(0.0)), Some(output)),
            (Some(input), None, Some(total)) => (Some(input), Some((total - input).max(0.0))),
            (input, output, _) => (input, output),
        };
        let count = |number: Option<f64>| number.and_then(whole).unwrap_or_default();
        (count(input), count(output))
    }

    /// What it cost, in USD.
    pub(super) fn cost(&self) -> Option<f64> {
        self.number(&["cost_usd", "cost", "total_cost", "price"])
    }

    /// The first of these members that is a number that can be meant.
    fn number(&self, names: &[&str]) -> Option<f64> {
        let numbers = names.iter().filter_map(|name| match self.0.get(*name)? {
            Value::Number(number) => number.as_f64(),
            Value::String(text) => text.trim().parse().ok(),
            _ => None,
        });
        numbers.into_iter().find(|number| (0.0..=NUMBER_MAX).contains(number))
    }
}

/// A name without what could not stand in a table or a key; `None` when nothing is left.
pub(super) fn cleaned(name: &str) -> Option<String> {
    let clean: String = name.trim().chars().filter(|c| !c.is_control()).take(NAME_MAX).collect();
    (!clean.is_empty()).then_some(clean)
}

fn whole(number: f64) -> Option<u64> {
    // The caller's bound keeps it far below 2^52.
    (0.0..=NUMBER_MAX).contains(&number).then_some(number.round() as u64)
}

/// A moment as RFC 3339, without a zone (then UTC), as a day, or as seconds or milliseconds since 1970.
fn moment(value: &Value) -> Option<Timestamp> {
    match value {
        Value::Number(number) => {
            let number = number.as_f64().filter(|number| *number > 0.0 && *number <= NUMBER_MAX)?;
            // Seconds reach this size in the year 5138, milliseconds had it in 1973.
            let ms = if number < 1e11 { number * 1000.0 } else { number };
            Some(Timestamp(ms as i64))
        }
        Value::String(text) => {
            let text = text.trim();
            let zoned = DateTime::parse_from_rfc3339(text).map(|at| at.timestamp_millis());
            let plain = || {
                ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"]
                    .iter()
                    .find_map(|form| NaiveDateTime::parse_from_str(text, form).ok())
                    .map(|at| at.and_utc().timestamp_millis())
            };
            let day = || {
                let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
                Some(day.and_hms_opt(0, 0, 0)?.and_utc().timestamp_millis())
            };
            zoned.ok().or_else(plain).or_else(day).filter(|ms| *ms > 0).map(Timestamp)
        }
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}
