//! Writing a cassette while real workers work. The format is in `cassette`.

use super::cassette::{Entry, Error, Header, VERSION};
use super::{Call, Outcome};
use crate::board::WorkerName;
use secrecy::{ExposeSecret, SecretString};
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

/// What must be written before the next entry: the header of a new file, or the line end that a crash left out.
fn opening(file: &mut File) -> std::io::Result<String> {
    if file.metadata()?.len() == 0 {
        let header = Header { synod_cassette: VERSION };
        return Ok(format!("{}\n", serde_json::to_string(&header)?));
    }
    file.seek(SeekFrom::End(-1))?;
    let mut last = [0];
    file.read_exact(&mut last)?;
    Ok(if last == *b"\n" { String::new() } else { "\n".to_owned() })
}

fn masks(secrets: &[SecretString]) -> Vec<SecretString> {
    let long = secrets.iter().filter(|secret| secret.expose_secret().chars().count() >= KEY_CHARS_MIN);
    long.flat_map(|secret| {
        let quoted = serde_json::to_string(secret.expose_secret()).unwrap_or_default();
        let escaped = quoted.trim_matches('"').to_owned();
        [secret.clone(), SecretString::from(escaped)]
    })
    .filter(|mask| !mask.expose_secret().is_empty())
    .collect()
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
