//! Reads the metrics file of the older system (`.agent/multi_model_metrics.json`): for each role entries with a time, a task
//! type, seconds, tokens and success. Several shapes of it are about, so names and places are taken as they come; what cannot
//! be read is told, never guessed. Pure.

use super::entry_fields::{self as fields, Entry};
use super::{Day, Imported, Tally};
use crate::board::id::{Kind, Role, WorkerName};
use crate::board::time::Timestamp;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Most records (day, worker, role and kind) that one file may come to.
pub const RECORDS_MAX: usize = 20_000;

/// Most sentences about what could not be read; more are counted.
const TOLD_MAX: usize = 20;

/// Deepest nesting that is looked into.
const DEPTH_MAX: usize = 6;

/// Members that hold entries without naming anybody.
const WRAPPERS: [&str; 12] =
    ["metrics", "agents", "roles", "models", "entries", "history", "records", "tasks", "calls", "runs", "data", "log"];

/// What a file holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Read {
    /// The records, one for each day, worker, role and kind.
    pub records: Vec<Imported>,
    /// Entries that were read.
    pub entries: u64,
    /// Entries that were not.
    pub unread: u64,
    /// What could not be read or had to be assumed, a sentence each.
    pub told: Vec<String>,
}

/// Reads a file, as JSON or as one JSON value a line. `today` is the day of entries that name no time.
///
/// # Errors
/// Why nothing of it can be read, as a sentence.
pub fn read(text: &str, today: Timestamp) -> Result<Read, String> {
    let whole: Value = match serde_json::from_str(text.trim_start_matches('\u{feff}')) {
        Ok(whole) => whole,
        Err(error) => lines(text).ok_or_else(|| format!("it is no JSON: {error}"))?,
    };
    let mut reader = Reader { today, sums: BTreeMap::new(), read: Read::default(), undated: 0 };
    reader.value(&whole, None, "", 0);
    reader.finish()
}

/// A file with one JSON value a line, as a list.
fn lines(text: &str) -> Option<Value> {
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    let values: Option<Vec<Value>> = lines.map(|line| serde_json::from_str(line).ok()).collect();
    values.filter(|values| !values.is_empty()).map(Value::Array)
}

struct Reader {
    today: Timestamp,
    sums: BTreeMap<(Day, WorkerName, Role, Kind), Tally>,
    read: Read,
    undated: u64,
}

impl Reader {
    /// Looks into a value that belongs to `name`, where one is known.
    fn value(&mut self, value: &Value, name: Option<&str>, path: &str, depth: usize) {
        match value {
            Value::Array(items) if depth < DEPTH_MAX => {
                for (number, item) in items.iter().enumerate() {
                    self.value(item, name, &format!("{path}[{number}]"), depth + 1);
                }
            }
            Value::Object(members) if depth < DEPTH_MAX => self.object(members, name, path, depth),
            _ => self.unread(path, "is no entry"),
        }
    }

    /// An entry, sums of a role, or a folder of more.
    fn object(&mut self, members: &Map<String, Value>, name: Option<&str>, path: &str, depth: usize) {
        let entry = Entry(members);
        if entry.is_one() {
            return self.entry(&entry, name, path);
        }
        let (mut inside, mut below) = (false, false);
        for (key, value) in members {
            let at = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
            let wraps = WRAPPERS.contains(&key.as_str());
            if value.is_object() || value.is_array() {
                let by_day = Day::parse(key).is_some();
                let name = if wraps || by_day { name } else { Some(key.as_str()) };
                below = true;
                inside |= wraps;
                self.value(value, name, &at, depth + 1);
            }
        }
        // Sums beside the entries that they sum up must not count twice.
        if !inside && entry.is_summed() {
            self.summed(&entry, name, path);
        } else if !below && !members.is_empty() && !entry.is_aside() {
            self.unread(path, "says neither whether it succeeded nor how many did");
        }
    }

    fn entry(&mut self, entry: &Entry<'_>, name: Option<&str>, path: &str) {
        let Some(success) = entry.success() else { return self.unread(path, "does not say whether it succeeded") };
        let Some(name) = entry.name().or_else(|| name.and_then(fields::cleaned)) else {
            return self.unread(path, "names neither a role nor a model");
        };
        let (input_tokens, output_tokens) = entry.tokens();
        let cost = entry.cost();
        let tally = Tally {
            tasks: 1,
            done: u64::from(success),
            attempts: 1,
            answered: u64::from(success),
            failed: u64::from(!success),
            seconds: entry.seconds().unwrap_or_default(),
            input_tokens,
            output_tokens,
            cost_usd: cost.unwrap_or_default(),
            unpriced: u64::from(cost.is_none() && (input_tokens > 0 || output_tokens > 0)),
            ..Tally::default()
        };
        self.read.entries += 1;
        self.count(entry, &name, &tally, path);
    }

    /// Sums that an older version kept instead of entries.
    fn summed(&mut self, entry: &Entry<'_>, name: Option<&str>, path: &str) {
        let Some((tasks, good)) = entry.sums().filter(|(tasks, good)| good <= tasks) else {
            return self.unread(path, "gives sums that do not fit each other");
        };
        let Some(name) = entry.name().or_else(|| name.and_then(fields::cleaned)) else {
            return self.unread(path, "names neither a role nor a model");
        };
        let (input_tokens, output_tokens) = entry.tokens();
        let cost = entry.cost();
        let seconds = entry.seconds().or_else(|| entry.mean_seconds().map(|mean| mean * tasks as f64));
        let tally = Tally {
            tasks,
            done: good,
            attempts: tasks,
            answered: good,
            failed: tasks - good,
            seconds: seconds.unwrap_or_default(),
            input_tokens,
            output_tokens,
            cost_usd: cost.unwrap_or_default(),
            unpriced: if cost.is_none() && (input_tokens > 0 || output_tokens > 0) { tasks } else { 0 },
            ..Tally::default()
        };
        self.read.entries += tasks;
        self.count(entry, &name, &tally, path);
    }

    fn count(&mut self, entry: &Entry<'_>, name: &str, tally: &Tally, path: &str) {
        let day = entry.day().unwrap_or_else(|| {
            if entry.names_a_time() {
                self.tell(path, "gives a time that cannot be read, and was counted on the day of the import");
            } else {
                self.undated += tally.tasks;
            }
            Day::of(self.today)
        });
        if entry.is_summed() && tally.seconds == 0.0 && tally.tasks > 0 {
            self.tell(path, "does not say how long its tasks took, so they count as 0 s");
        }
        let kind = entry.kind().unwrap_or_else(|| Kind::new("unknown"));
        let key = (day, WorkerName::new(name), Role::new(name.to_lowercase()), kind);
        self.sums.entry(key).or_default().add(tally);
    }

    fn unread(&mut self, path: &str, why: &str) {
        self.read.unread += 1;
        self.tell(path, why);
    }

    fn tell(&mut self, path: &str, why: &str) {
        if self.read.told.len() < TOLD_MAX {
            let path = if path.is_empty() { "the file" } else { path };
            self.read.told.push(format!("{path} {why}"));
        }
    }

    fn finish(self) -> Result<Read, String> {
        let Self { sums, mut read, undated, .. } = self;
        if read.entries == 0 {
            let why = read.told.first().map_or_else(|| "it is empty".to_owned(), Clone::clone);
            return Err(format!("no entry could be read: {why}"));
        }
        if sums.len() > RECORDS_MAX {
            return Err(format!(
                "it comes to {} records by day, role and task type, and {RECORDS_MAX} is the most; split it",
                sums.len()
            ));
        }
        if undated > 0 {
            read.told.push(format!("{undated} entries name no time and were counted on the day of the import"));
        }
        if read.unread > TOLD_MAX as u64 {
            read.told.push(format!("{} entries in all could not be read", read.unread));
        }
        let records = sums.into_iter();
        read.records =
            records.map(|((day, worker, role, kind), tally)| Imported { day, worker, role, kind, tally }).collect();
        Ok(read)
    }
}
