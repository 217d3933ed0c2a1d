//! Writing a cassette while real workers work. The format is in `cassette`.

use super::cassette::{Entry, Error, Header, VERSION};
use super::{Call, Outcome};
use crate::board::WorkerName;
use secrecy::{ExposeSecret, SecretString};
use serde::de::IgnoredAny;
use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// A shorter text is no key and is not masked, since it would be found inside ordinary words.
const KEY_CHARS_MIN: usize = 8;

/// Appends finished calls to a cassette file, each as one whole line in one write.
#[derive(Debug)]
pub struct Recorder {
    path: PathBuf,
    file: Mutex<File>,
    /// Each key as it stands, and as JSON would write it.
    masks: Vec<SecretString>,
}

impl Recorder {
    /// Opens the file for appending; a new one gets its first line. `secrets` are masked in everything that is written.
    ///
    /// # Errors
    /// When the file cannot be opened or written.
    pub fn open(path: &Path, secrets: &[SecretString]) -> Result<Self, Error> {
        let fault = |doing| move |source| Error::File { path: path.to_owned(), doing, source };
        let mut file = OpenOptions::new()
            .read(true)
            .append(true)
            .create(true)
            .open(path)
            .map_err(fault("open it for recording"))?;
        let start = opening(&mut file).map_err(fault("read its end"))?;
        if !start.is_empty() {
            file.write_all(start.as_bytes()).map_err(fault("write to it"))?;
        }
        Ok(Self { path: path.to_owned(), file: Mutex::new(file), masks: masks(secrets) })
    }

    /// Records a call that ended. Blocks for one short write. A call that was stopped from outside is not recorded.
    ///
    /// # Errors
    /// When the line cannot be written.
    pub fn record(&self, worker: &WorkerName, call: &Call, took: Duration, outcome: &Outcome) -> Result<(), Error> {
        let fault = |source| Error::File { path: self.path.clone(), doing: "write to it", source };
        let Some(entry) = Entry::of(worker.as_str(), call, took, outcome) else { return Ok(()) };
        let mut line = serde_json::to_string(&entry).map_err(|error| fault(error.into()))?;
        for mask in &self.masks {
            if line.contains(mask.expose_secret()) {
                line = line.replace(mask.expose_secret(), "[key]");
            }
        }
        line.push('\n');
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.write_all(line.as_bytes()).map_err(fault)
    }
}

/// What must be written before the next entry: the header of a new file, or the line end that a crash left out. Half a
/// line is cut off: with an entry behind it, the file could not be read any more.
fn opening(file: &mut File) -> std::io::Result<String> {
    let (start, last) = last_line(file)?;
    if !last.is_empty() && serde_json::from_slice::<IgnoredAny>(&last).is_ok() {
        return Ok("\n".to_owned());
    }
    if !last.is_empty() {
        file.set_len(start)?;
    }
    if start == 0 {
        let header = Header { synod_cassette: VERSION };
        return Ok(format!("{}\n", serde_json::to_string(&header)?));
    }
    Ok(String::new())
}

/// What stands behind the last line end, and where that begins. Read from the end, since a cassette may be large.
fn last_line(file: &mut File) -> std::io::Result<(u64, Vec<u8>)> {
    let length = file.metadata()?.len();
    let mut window = 64 << 10;
    loop {
        let from = length.saturating_sub(window);
        file.seek(SeekFrom::Start(from))?;
        let mut bytes = Vec::new();
        Read::by_ref(file).take(length - from).read_to_end(&mut bytes)?;
        let end = bytes.iter().rposition(|byte| *byte == b'\n').map(|at| at + 1);
        if let Some(at) = end.or_else(|| (from == 0).then_some(0)) {
            return Ok((from + at as u64, bytes.split_off(at)));
        }
        window *= 4;
    }
}

/// The longest first, so that a key that holds another goes whole.
fn masks(secrets: &[SecretString]) -> Vec<SecretString> {
    let long = secrets.iter().filter(|secret| secret.expose_secret().chars().count() >= KEY_CHARS_MIN);
    let escaped = |secret: &SecretString| {
        let quoted = serde_json::to_string(secret.expose_secret()).unwrap_or_default();
        // One quote at either end: more of them would be the key's own.
        quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or_default().to_owned()
    };
    let both = long.flat_map(|secret| [SecretString::from(escaped(secret)), secret.clone()]);
    let mut masks: Vec<SecretString> = both.filter(|mask| !mask.expose_secret().is_empty()).collect();
    masks.sort_by_key(|mask| std::cmp::Reverse(mask.expose_secret().len()));
    masks
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that cannot go on must fail")]
    use super::super::Reply;
    use super::super::cassette::{Cassette, tests::call};
    use super::*;
    use crate::board::{Failure, FailureClass, Usage};

    fn reply(text: &str) -> Outcome {
        Ok(Reply {
            text: text.to_owned(),
            structured: None,
            model: "m".to_owned(),
            session: None,
            usage: Usage { input_tokens: 3, output_tokens: 4, cached_tokens: 0, cost_usd: Some(0.5) },
            files_modified: vec!["a.rs".to_owned()],
        })
    }

    #[test]
    fn what_is_recorded_is_played_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("c.jsonl");
        let worker = WorkerName::new("a");
        let failure = Failure {
            class: FailureClass::Transient,
            message: "busy".to_owned(),
            after_s: 1.0,
            usage: Usage::default(),
        };
        let outcomes = [Err(failure), reply("pong\n\"two\"")];
        for outcome in &outcomes {
            // Opened anew each time: appending goes on where it ended.
            let recorder = Recorder::open(&path, &[]).unwrap();
            recorder.record(&worker, &call("t", 1, "p"), Duration::from_secs(1), outcome).unwrap();
        }
        let cassette = Cassette::open(&path).unwrap();
        for outcome in outcomes {
            let entry = cassette.take("a", &call("t", 1, "p")).unwrap();
            assert_eq!(entry.took_ms, 1000);
            assert_eq!(entry.end.outcome(Duration::from_secs(1)), outcome);
        }
    }

    #[test]
    fn keys_are_masked_and_prompts_are_not_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("c.jsonl");
        let secrets = [SecretString::from("mark\"er-KEY-8d1f"), SecretString::from("the")];
        let recorder = Recorder::open(&path, &secrets).unwrap();
        let call = call("t", 1, "a prompt nobody should see");
        recorder.record(&WorkerName::new("a"), &call, Duration::ZERO, &reply("the mark\"er-KEY-8d1f!")).unwrap();
        let written = std::fs::read_to_string(&path).unwrap();
        assert!(
            written.contains("the [key]!") && !written.contains("KEY-8d1f") && !written.contains("nobody"),
            "{written}"
        );
    }

    #[test]
    fn a_torn_last_line_does_not_spoil_the_next() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("c.jsonl");
        std::fs::write(&path, "{\"synod_cassette\":1}\n{\"worker\":\"a\",\"reply\":{\"text\":\"x\"}}").unwrap();
        let recorder = Recorder::open(&path, &[]).unwrap();
        recorder.record(&WorkerName::new("b"), &call("t", 1, "p"), Duration::ZERO, &reply("y")).unwrap();
        assert_eq!(Cassette::open(&path).unwrap().workers(), ["a", "b"]);
    }
}
