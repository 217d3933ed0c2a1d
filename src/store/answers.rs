//! Kept answers of identical calls: a small file each, `.synod/answers/<hash>.json`, apart from the journal. Losing them
//! costs a call and nothing else, so nothing here is flushed, and whatever cannot be read is no answer.

use super::error::Error;
use crate::board::Timestamp;
use crate::board::text::Text;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, UNIX_EPOCH};

/// Longest file of an answer that is read, in bytes: its text is a blob when it is long.
const FILE_BYTES_MAX: u64 = 256 * 1024;

/// How many are kept, and how long they stand.
#[derive(Clone, Copy, Debug)]
pub struct AnswerLimits {
    /// Answers kept; the oldest goes first.
    pub entries_max: usize,
    /// How long an answer stands for a new call.
    pub age_max: Duration,
}

/// An answer that was paid for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KeptAnswer {
    /// When it was given.
    pub at: Timestamp,
    /// What was said, whole.
    pub text: Text,
    /// What was given apart from the text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub structured: Option<serde_json::Value>,
    /// The model that said it.
    pub model: String,
}

/// The kept answers. Clones share them; usable from any thread.
#[derive(Clone, Debug)]
pub struct Answers {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    folder: PathBuf,
    limits: AnswerLimits,
    /// What there is, the oldest first; read from the folder when it is first needed.
    order: Mutex<Option<BTreeSet<(Timestamp, String)>>>,
}

impl Answers {
    /// The answers in `folder`. Touches no disk.
    pub fn new(folder: PathBuf, limits: AnswerLimits) -> Self {
        Self { shared: Arc::new(Shared { folder, limits, order: Mutex::default() }) }
    }

    /// The answer kept under a hash, unless it is too old by now. Blocks on the disk for a short file.
    pub fn get(&self, hash: &str, now: Timestamp) -> Option<KeptAnswer> {
        let path = self.path(hash);
        if fs::metadata(&path).ok()?.len() > FILE_BYTES_MAX {
            return None;
        }
        let kept: KeptAnswer = serde_json::from_slice(&fs::read(&path).ok()?).ok()?;
        (now.since(kept.at) <= self.shared.limits.age_max).then_some(kept)
    }

    /// Keeps an answer, and lets the oldest go. Blocks on the disk.
    ///
    /// # Errors
    /// [`Error::Full`] or [`Error::Io`]; then it is not kept, and nothing else is lost.
    pub fn put(&self, hash: &str, kept: &KeptAnswer) -> Result<(), Error> {
        let Shared { folder, limits, order } = self.shared.as_ref();
        let mut order = order.lock().unwrap_or_else(PoisonError::into_inner);
        if order.is_none() {
            fs::create_dir_all(folder).map_err(|source| Error::io("making", folder, source))?;
        }
        let order = order.get_or_insert_with(|| self.found());
        let (path, draft) = (self.path(hash), folder.join(format!("{hash}.new")));
        let json = serde_json::to_vec(kept).map_err(|error| Error::io("writing", &path, error.into()))?;
        let written = fs::write(&draft, json).and_then(|()| fs::rename(&draft, &path));
        if let Err(source) = written {
            let _ = fs::remove_file(&draft);
            return Err(Error::io("writing", &path, source));
        }
        order.retain(|(_, other)| other != hash);
        order.insert((kept.at, hash.to_owned()));
        let too_old = |at: Timestamp| kept.at.since(at) > limits.age_max;
        while order.len() > limits.entries_max || order.first().is_some_and(|(at, _)| too_old(*at)) {
            let Some((_, oldest)) = order.pop_first() else { break };
            // One that stays behind is counted again at the next start.
            let _ = fs::remove_file(self.path(&oldest));
        }
        Ok(())
    }

    /// What the folder holds. The file's time stands for the answer's; drafts of a crash go.
    fn found(&self) -> BTreeSet<(Timestamp, String)> {
        let mut order = BTreeSet::new();
        for entry in fs::read_dir(&self.shared.folder).into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let Some(hash) = name.strip_suffix(".json") else {
                let _ = fs::remove_file(entry.path());
                continue;
            };
            let modified = entry.metadata().and_then(|metadata| metadata.modified()).ok();
            let since = modified.and_then(|at| at.duration_since(UNIX_EPOCH).ok()).unwrap_or_default();
            order.insert((Timestamp::default().after(since), hash.to_owned()));
        }
        order
    }

    fn path(&self, hash: &str) -> PathBuf {
        self.shared.folder.join(format!("{hash}.json"))
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that cannot go on must fail")]
    use super::*;

    fn kept(at: i64) -> KeptAnswer {
        KeptAnswer {
            at: Timestamp(at),
            text: Text::short(format!("said at {at}")),
            structured: None,
            model: "m".to_owned(),
        }
    }

    fn answers(folder: &tempfile::TempDir, entries_max: usize) -> Answers {
        let limits = AnswerLimits { entries_max, age_max: Duration::from_secs(10) };
        Answers::new(folder.path().join("answers"), limits)
    }

    #[test]
    fn an_answer_outlives_the_process_and_grows_too_old() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(answers(&folder, 5).get("a", Timestamp(0)), None);
        answers(&folder, 5).put("a", &kept(1000)).unwrap();
        let again = answers(&folder, 5);
        assert_eq!(again.get("a", Timestamp(11_000)), Some(kept(1000)));
        assert_eq!(again.get("a", Timestamp(11_001)), None);
        assert_eq!(again.get("b", Timestamp(1000)), None);
    }

    #[test]
    fn the_oldest_goes_first_also_after_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let now = 1_795_202_782_000;
        let first = answers(&folder, 3);
        for number in 0..5 {
            first.put(&format!("h{number}"), &kept(now + number)).unwrap();
        }
        let names = || fs::read_dir(folder.path().join("answers")).unwrap().count();
        assert_eq!(
            (names(), first.get("h0", Timestamp(now)), first.get("h4", Timestamp(now + 5))),
            (3, None, Some(kept(now + 4)))
        );
        let limits = AnswerLimits { entries_max: 3, age_max: Duration::from_secs(1 << 40) };
        let second = Answers::new(folder.path().join("answers"), limits);
        second.put("h9", &kept(now + 9)).unwrap();
        assert_eq!(names(), 3);
    }

    #[test]
    fn what_cannot_be_read_or_written_is_no_answer_and_no_harm() {
        let folder = tempfile::tempdir().unwrap();
        let answers = answers(&folder, 3);
        answers.put("a", &kept(1)).unwrap();
        fs::write(folder.path().join("answers/a.json"), "{\"at\":1,\"te").unwrap();
        assert_eq!(answers.get("a", Timestamp(1)), None);
        let blocked = Answers::new(folder.path().join("answers/a.json"), answers.shared.limits);
        assert!(blocked.put("b", &kept(1)).is_err());
        assert_eq!(blocked.get("b", Timestamp(1)), None);
    }
}
