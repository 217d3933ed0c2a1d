//! What lies on the desk for one attempt, and its files: `NAME.prompt`, written first and once, and the small `NAME.json`,
//! rewritten whole whenever a claim is made, prolonged or answered. Nothing here knows of agents that wait.

use super::Error;
use super::claim::Holder;
use crate::board::{Ask, AttemptKey, Failure, FailureClass, Role, StepId, Timestamp, Usage, WorkerName};
use crate::worker::{Outcome, Reply};
use serde::{Deserialize, Serialize};
use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// How a file's name ends while it is being written.
const DRAFT: &str = "new";

/// One attempt that an outside agent is to carry out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Slip {
    /// The attempt.
    pub(super) key: AttemptKey,
    /// When it was laid here; 0 for those of older versions.
    #[serde(default)]
    pub(super) laid: Timestamp,
    /// Its place among the slips: the lowest is given first.
    pub(super) order: u64,
    /// The step.
    pub(super) step: StepId,
    /// As which worker.
    pub(super) worker: WorkerName,
    /// In which role.
    pub(super) role: Role,
    /// When it must be done.
    pub(super) deadline: Timestamp,
    /// How it stands.
    pub(super) standing: Standing,
    /// Whose claims lapsed before somebody else took it.
    #[serde(default)]
    pub(super) former: Vec<Holder>,
}

/// How a slip stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "standing", rename_all = "snake_case")]
pub(super) enum Standing {
    /// Nobody has it.
    Waiting,
    /// Somebody has it until a moment; after that it is anybody's who comes first, the holder included.
    Claimed {
        /// Who.
        holder: Holder,
        /// Until when.
        until: Timestamp,
    },
    /// Somebody has handed in what came of it.
    Given {
        /// Who.
        holder: Holder,
        /// What.
        given: Given,
    },
}

/// What an agent handed in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "given", rename_all = "snake_case")]
pub(super) enum Given {
    /// An answer.
    Text {
        /// The answer, whole.
        text: String,
        /// The model that did it, where it was said.
        model: Option<String>,
        /// Tokens and money, as it says.
        usage: Usage,
    },
    /// That it cannot be done by this agent.
    Failed {
        /// Why.
        reason: String,
    },
}

impl Slip {
    /// The slip of an attempt that nobody has taken yet.
    pub(super) fn of(ask: &Ask, order: u64, laid: Timestamp) -> Self {
        Self {
            key: ask.key.clone(),
            laid,
            order,
            step: ask.step.clone(),
            worker: ask.worker.clone(),
            role: ask.role.clone(),
            deadline: ask.deadline,
            standing: Standing::Waiting,
            former: Vec::new(),
        }
    }

    /// Whether the next agent that asks may have it.
    pub(super) fn is_free(&self, now: Timestamp) -> bool {
        match &self.standing {
            Standing::Waiting => now < self.deadline,
            Standing::Claimed { until, .. } => *until <= now && now < self.deadline,
            Standing::Given { .. } => false,
        }
    }

    /// Gives it to somebody. Who had it before is remembered, to be told so.
    pub(super) fn take(&mut self, holder: Holder, until: Timestamp) {
        let before = std::mem::replace(&mut self.standing, Standing::Claimed { holder, until });
        if let Standing::Claimed { holder, .. } = before {
            self.former.push(holder);
        }
    }

    /// Writes it, whole or not at all, and brings it to the medium: an answer that was taken survives a power cut.
    pub(super) fn write(&self, folder: &Path) -> Result<(), Error> {
        let path = self.record(folder);
        let bytes = serde_json::to_vec_pretty(self).map_err(|error| Error::file("write", &path)(error.into()))?;
        write(&path, &bytes)
    }

    /// Writes what the agent is asked.
    pub(super) fn write_prompt(&self, folder: &Path, prompt: &str) -> Result<(), Error> {
        write(&self.prompt(folder), prompt.as_bytes())
    }

    /// Removes it from the disk.
    pub(super) fn remove(&self, folder: &Path) -> Result<(), Error> {
        // The record first: a prompt alone is nothing and is swept at the next start.
        for path in [self.record(folder), self.prompt(folder)] {
            match fs::remove_file(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(Error::file("remove", &path)(error));
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn record(&self, folder: &Path) -> PathBuf {
        folder.join(format!("{}-{}.json", self.key.task, self.key.number))
    }

    fn prompt(&self, folder: &Path) -> PathBuf {
        self.record(folder).with_extension("prompt")
    }
}

/// Every slip below `folder` with its prompt, the oldest first. What cannot be read is removed: its attempt is asked anew.
pub(super) fn read_all(folder: &Path) -> Result<Vec<(Slip, String)>, Error> {
    let mut slips = Vec::new();
    let entries = fs::read_dir(folder).map_err(Error::file("list", folder))?;
    let paths: Result<Vec<PathBuf>, io::Error> = entries.map(|entry| entry.map(|entry| entry.path())).collect();
    let paths = paths.map_err(Error::file("list", folder))?;
    for path in paths.iter().filter(|path| path.extension().is_some_and(|end| end == "json")) {
        match read(path) {
            Ok(slip) => slips.push(slip),
            Err(error) => {
                tracing::warn!(path = %path.display(), %error, "a step on the desk is damaged; it is asked anew");
                fs::remove_file(path).map_err(Error::file("remove", path))?;
            }
        }
    }
    let kept: Vec<PathBuf> = slips.iter().flat_map(|(slip, _)| [slip.record(folder), slip.prompt(folder)]).collect();
    for path in paths.iter().filter(|path| is_ours(path) && !kept.contains(path) && path.is_file()) {
        // Prompts without a record, and drafts of a daemon that was killed.
        fs::remove_file(path).or_else(gone).map_err(Error::file("remove", path))?;
    }
    slips.sort_by_key(|(slip, _)| slip.order);
    Ok(slips)
}

fn is_ours(path: &Path) -> bool {
    path.extension().is_some_and(|end| end == DRAFT || end == "prompt")
}

fn gone(error: io::Error) -> io::Result<()> {
    if error.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(error) }
}

fn read(path: &Path) -> io::Result<(Slip, String)> {
    let slip: Slip = serde_json::from_slice(&fs::read(path)?)?;
    let prompt = fs::read_to_string(path.with_extension("prompt"))?;
    Ok((slip, prompt))
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let draft = path.with_extension(format!("{}.{DRAFT}", path.extension().unwrap_or_default().to_string_lossy()));
    let mut options = File::options();
    options.create(true).truncate(true).write(true).mode(0o600);
    let mut file = options.open(&draft).map_err(Error::file("create", &draft))?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(Error::file("write", &draft))?;
    fs::rename(&draft, path).map_err(Error::file("name", path))?;
    let folder = path.parent().unwrap_or(path);
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(Error::file("flush", folder))
}

impl Given {
    /// What the attempt came to.
    pub(super) fn outcome(self, by: &str, after_s: f64) -> Outcome {
        match self {
            Self::Text { text, model, usage } => Ok(Reply {
                text,
                structured: None,
                model: model.unwrap_or_else(|| by.to_owned()),
                session: None,
                usage,
                files_modified: Vec::new(),
            }),
            Self::Failed { reason } => Err(Failure {
                class: FailureClass::Transient,
                message: format!("{by} gave it up: {reason}"),
                after_s,
                usage: Usage::default(),
            }),
        }
    }
}
