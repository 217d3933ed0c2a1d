//! Cassettes: files of recorded calls, their format, and which entry answers which call (`docs/cassettes.md`).
//! Playing an entry at its pace is `replay`; writing one is `record`.

use super::{Call, Outcome, Reply};
use crate::board::{Failure, FailureClass, Usage};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// The version of the format that is written. A reader refuses others.
pub const VERSION: u32 = 1;
/// Largest cassette that is read, in bytes.
pub const BYTES_MAX: u64 = 256 << 20;

/// Why a cassette cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file cannot be opened, read or written.
    #[error("cassette {}: cannot {doing}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What was tried.
        doing: &'static str,
        /// Why not.
        source: std::io::Error,
    },
    /// A line is not what the format says.
    #[error("cassette {}, line {line}: {why}", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// Which line, from 1.
        line: usize,
        /// What is wrong.
        why: String,
    },
    /// The file is larger than [`BYTES_MAX`].
    #[error("cassette {}: larger than {BYTES_MAX} bytes", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
    },
}

/// The first line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Header {
    /// The format's version.
    pub(super) synod_cassette: u32,
}

/// One recorded call: every line after the first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Entry {
    /// The worker that was called.
    pub(super) worker: String,
    /// The task it was called for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) task: Option<String>,
    /// The attempt's number within that task.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) attempt: Option<u32>,
    /// SHA-256 of the prompt, in hexadecimal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) prompt_sha256: Option<String>,
    /// How long the call took, in milliseconds.
    #[serde(default)]
    pub(super) took_ms: u64,
    /// How it ended.
    #[serde(flatten)]
    pub(super) end: End,
}

/// How a recorded call ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum End {
    /// It gave this.
    Reply(RecordedReply),
    /// It failed so.
    Failure(RecordedFailure),
}

/// A reply as written in a cassette.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RecordedReply {
    text: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    structured: Option<serde_json::Value>,
    #[serde(default)]
    model: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    session: Option<String>,
    #[serde(default)]
    usage: Usage,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    files_modified: Vec<String>,
}

/// A failure as written in a cassette.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RecordedFailure {
    class: RecordedClass,
    /// Seconds; for `rate_limited` only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    retry_after_s: Option<f64>,
    message: String,
    #[serde(default)]
    usage: Usage,
}

/// The classes that a cassette can hold: those that a worker itself gives.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum RecordedClass {
    Transient,
    RateLimited,
    Timeout,
    WorkerBlocked,
    RequestRefused,
}

impl Entry {
    /// The entry for a call that ended. None for one that was stopped from outside, which says nothing about the worker.
    pub(super) fn of(worker: &str, call: &Call, took: Duration, outcome: &Outcome) -> Option<Self> {
        Some(Self {
            worker: worker.to_owned(),
            task: Some(call.key.task.to_string()),
            attempt: Some(call.key.number),
            prompt_sha256: Some(prompt_hash(&call.prompt)),
            took_ms: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
            end: End::of(outcome)?,
        })
    }
}

impl End {
    fn of(outcome: &Outcome) -> Option<Self> {
        let failure = match outcome {
            Ok(reply) => return Some(Self::Reply(RecordedReply::of(reply))),
            Err(failure) => failure,
        };
        let (class, retry_after) = match &failure.class {
            FailureClass::Transient => (RecordedClass::Transient, None),
            FailureClass::RateLimited { retry_after } => (RecordedClass::RateLimited, *retry_after),
            FailureClass::Timeout => (RecordedClass::Timeout, None),
            FailureClass::WorkerBlocked => (RecordedClass::WorkerBlocked, None),
            FailureClass::RequestRefused => (RecordedClass::RequestRefused, None),
            FailureClass::OverBudget | FailureClass::Interrupted | FailureClass::Cancelled => return None,
        };
        Some(Self::Failure(RecordedFailure {
            class,
            retry_after_s: retry_after.map(|wait| wait.as_secs_f64()),
            message: failure.message.clone(),
            usage: failure.usage,
        }))
    }

    fn usage(&self) -> &Usage {
        match self {
            Self::Reply(reply) => &reply.usage,
            Self::Failure(failure) => &failure.usage,
        }
    }

    /// The outcome again; `after` is how long the replay took.
    pub(super) fn outcome(&self, after: Duration) -> Outcome {
        match self {
            Self::Reply(reply) => Ok(reply.reply()),
            Self::Failure(failure) => Err(failure.failure(after)),
        }
    }
}

impl RecordedReply {
    fn of(reply: &Reply) -> Self {
        Self {
            text: reply.text.clone(),
            structured: reply.structured.clone(),
            model: reply.model.clone(),
            session: reply.session.clone(),
            usage: reply.usage,
            files_modified: reply.files_modified.clone(),
        }
    }

    fn reply(&self) -> Reply {
        Reply {
            text: self.text.clone(),
            structured: self.structured.clone(),
            model: self.model.clone(),
            session: self.session.clone(),
            usage: self.usage,
            files_modified: self.files_modified.clone(),
        }
    }
}

impl RecordedFailure {
    fn failure(&self, after: Duration) -> Failure {
        let class = match self.class {
            RecordedClass::Transient => FailureClass::Transient,
            RecordedClass::RateLimited => FailureClass::RateLimited {
                retry_after: self.retry_after_s.and_then(|wait| Duration::try_from_secs_f64(wait).ok()),
            },
            RecordedClass::Timeout => FailureClass::Timeout,
            RecordedClass::WorkerBlocked => FailureClass::WorkerBlocked,
            RecordedClass::RequestRefused => FailureClass::RequestRefused,
        };
        Failure { class, message: self.message.clone(), after_s: after.as_secs_f64(), usage: self.usage }
    }
}

/// The hash by which a prompt is recognised.
pub fn prompt_hash(prompt: &str) -> String {
    let digest = Sha256::digest(prompt.as_bytes());
    digest.iter().fold(String::with_capacity(64), |mut text, byte| {
        text.push_str(&format!("{byte:02x}"));
        text
    })
}

/// A cassette in memory. Shared by all workers that play it.
#[derive(Debug)]
pub struct Cassette {
    path: PathBuf,
    entries: Vec<Entry>,
    /// Which entries have been played.
    played: Mutex<Vec<bool>>,
}

impl Cassette {
    /// Reads a cassette file. Blocks; a cassette is read once, at the start.
    ///
    /// # Errors
    /// When the file cannot be read, is too large, or a line is not what the format says.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let fault = |source| Error::File { path: path.to_owned(), doing: "read it", source };
        if std::fs::metadata(path).map_err(fault)?.len() > BYTES_MAX {
            return Err(Error::TooLarge { path: path.to_owned() });
        }
        Self::parse(path, &std::fs::read_to_string(path).map_err(fault)?)
    }

    /// Reads a cassette's text. `path` only serves the messages. A last line that was never finished (no line end, and
    /// no JSON) is left out: that is what a crash leaves while recording.
    ///
    /// # Errors
    /// When a line is not what the format says; the message names the line.
    pub fn parse(path: &Path, text: &str) -> Result<Self, Error> {
        let fault = |line: usize, why: String| Error::Line { path: path.to_owned(), line, why };
        let mut lines = text.lines().enumerate().map(|(index, line)| (index + 1, line));
        let (_, first) = lines.next().unwrap_or((1, ""));
        let header: Header =
            serde_json::from_str(first).map_err(|_| fault(1, format!("must be {{\"synod_cassette\": {VERSION}}}")))?;
        if header.synod_cassette != VERSION {
            return Err(fault(
                1,
                format!("version {} is not known; this program reads {VERSION}", header.synod_cassette),
            ));
        }
        let unfinished = !text.ends_with('\n');
        let last = text.lines().count();
        let mut entries = Vec::new();
        for (number, line) in lines.filter(|(_, line)| !line.trim().is_empty()) {
            match serde_json::from_str(line) {
                Ok(entry) => entries.push(entry),
                Err(error) if unfinished && number == last && error.is_eof() => {}
                Err(error) => return Err(fault(number, error.to_string())),
            }
        }
        let played = Mutex::new(vec![false; entries.len()]);
        Ok(Self { path: path.to_owned(), entries, played })
    }

    /// The names of the workers that it holds entries of, each once, in order of appearance.
    pub fn workers(&self) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        for entry in &self.entries {
            if !names.contains(&entry.worker.as_str()) {
                names.push(&entry.worker);
            }
        }
        names
    }

    /// The highest cost of an entry of a worker, in USD.
    pub(super) fn dearest_usd(&self, worker: &str) -> f64 {
        let own = self.entries.iter().filter(|entry| entry.worker == worker);
        own.filter_map(|entry| entry.end.usage().cost_usd).fold(0.0, f64::max)
    }

    /// The file it came from.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The entry that answers a call, marked as played.
    ///
    /// In this order: the worker's entry with this prompt (the first not yet played, else the last: the same question has
    /// the same answer), the worker's entry for this very attempt, the worker's next entry of this task, its next at all.
    pub(super) fn take(&self, worker: &str, call: &Call) -> Option<&Entry> {
        let mut played = self.played.lock().unwrap_or_else(PoisonError::into_inner);
        let hash = prompt_hash(&call.prompt);
        let own = || self.entries.iter().enumerate().filter(|(_, entry)| entry.worker == worker);
        let same_prompt = || own().filter(|(_, entry)| entry.prompt_sha256.as_deref() == Some(hash.as_str()));
        let same_task = |entry: &Entry| entry.task.as_deref() == Some(call.key.task.as_str());
        let fresh = |index: usize| !played.get(index).copied().unwrap_or(true);
        let (index, entry) = same_prompt()
            .find(|(index, _)| fresh(*index))
            .or_else(|| same_prompt().next_back())
            .or_else(|| own().find(|(_, entry)| same_task(entry) && entry.attempt == Some(call.key.number)))
            .or_else(|| own().find(|(index, entry)| fresh(*index) && same_task(entry)))
            .or_else(|| own().find(|(index, _)| fresh(*index)))?;
        if let Some(played) = played.get_mut(index) {
            *played = true;
        }
        Some(entry)
    }
}

#[cfg(test)]
pub(super) mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that cannot go on must fail")]
    use super::*;
    use crate::board::{AttemptKey, TaskId};

    pub(in crate::worker) fn call(task: &str, number: u32, prompt: &str) -> Call {
        Call {
            key: AttemptKey { task: TaskId::slug(task), number },
            system: None,
            prompt: prompt.to_owned(),
            schema: None,
            time_left: Duration::from_secs(60),
            session: None,
            history: Vec::new(),
            images: Vec::new(),
            wishes: Default::default(),
            ceiling: Default::default(),
            own_tree: None,
            folder: PathBuf::from("."),
        }
    }

    fn cassette(lines: &[&str]) -> Result<Cassette, Error> {
        let text = format!("{{\"synod_cassette\":1}}\n{}\n", lines.join("\n"));
        Cassette::parse(Path::new("c.jsonl"), &text)
    }

    fn text(cassette: &Cassette, worker: &str, call: &Call) -> Option<String> {
        let outcome = cassette.take(worker, call)?.end.outcome(Duration::ZERO);
        Some(outcome.map_or_else(|failure| failure.message, |reply| reply.text))
    }

    #[test]
    fn the_prompt_decides_first_then_the_attempt_then_the_order() {
        let hash = prompt_hash("p");
        let cassette = cassette(&[
            r#"{"worker":"a","reply":{"text":"first"}}"#,
            r#"{"worker":"a","task":"t","attempt":2,"reply":{"text":"second of t"}}"#,
            &format!(r#"{{"worker":"a","prompt_sha256":"{hash}","failure":{{"class":"transient","message":"busy"}}}}"#),
            &format!(r#"{{"worker":"a","prompt_sha256":"{hash}","reply":{{"text":"for p"}}}}"#),
            r#"{"worker":"b","reply":{"text":"of b"}}"#,
        ])
        .unwrap();
        assert_eq!(cassette.workers(), ["a", "b"]);
        let of = |worker, task, number, prompt| text(&cassette, worker, &call(task, number, prompt));
        assert_eq!(of("a", "x", 9, "p").as_deref(), Some("busy"));
        assert_eq!(of("a", "x", 10, "p").as_deref(), Some("for p"));
        assert_eq!(of("a", "x", 11, "p").as_deref(), Some("for p"));
        assert_eq!(of("a", "t", 2, "?").as_deref(), Some("second of t"));
        assert_eq!(of("a", "x", 1, "?").as_deref(), Some("first"));
        assert_eq!(of("a", "x", 2, "?"), None);
        assert_eq!(of("c", "x", 1, "p"), None);
    }

    #[test]
    fn a_bad_line_is_named_and_an_unfinished_last_one_is_left_out() {
        let unknown = cassette(&[r#"{"worker":"a","reply":{"text":"x"},"promt":"y"}"#]).unwrap_err().to_string();
        assert!(unknown.contains("c.jsonl, line 2"), "{unknown}");
        assert!(Cassette::parse(Path::new("c"), "{\"synod_cassette\":2}\n").is_err());
        assert!(Cassette::parse(Path::new("c"), "").is_err());
        let torn = "{\"synod_cassette\":1}\n{\"worker\":\"a\",\"reply\":{\"text\":\"x\"}}\n{\"worker\":\"a\",\"rep";
        assert_eq!(Cassette::parse(Path::new("c"), torn).unwrap().entries.len(), 1);
        assert!(Cassette::parse(Path::new("c"), &format!("{torn}\n")).is_err());
    }

    #[test]
    fn what_was_stopped_from_outside_is_not_recorded() {
        let failure = |class| Err(Failure { class, message: String::new(), after_s: 0.0, usage: Usage::default() });
        assert_eq!(End::of(&failure(FailureClass::Cancelled)), None);
        assert_eq!(End::of(&failure(FailureClass::Interrupted)), None);
        let limited = failure(FailureClass::RateLimited { retry_after: Some(Duration::from_millis(1500)) });
        assert_eq!(End::of(&limited).unwrap().outcome(Duration::ZERO), limited);
    }
}
