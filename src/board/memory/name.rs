//! The names of memories: how a spelling becomes a name, and why one cannot be a name. Which folder a name lies in is
//! decided here too, but nothing here touches a disk.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;

/// Longest name, in bytes.
pub const NAME_BYTES_MAX: usize = 1024;

/// Longest part of a name, in bytes. File systems take 255; the rest is left for `.md` and the ending of a temporary file.
pub const PART_BYTES_MAX: usize = 236;

/// The first part of the names that lie in the user's own folder instead of the workspace's.
const GLOBAL: &str = "global";

/// Below these Synod writes its own pages.
const OWN: [&str; 4] = [
    "orchestration/current-task/",
    "orchestration/model-outputs/",
    "orchestration/coordination/",
    "orchestration/history/",
];

/// What is written here is a dropped task.
const INBOX: &str = "orchestration/inbox/";

/// The name of a memory: slash-separated, without `.md`, in Unicode form C, no empty, `.` or `..` part. Parsing a name gives
/// the same name again.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct MemoryName(String);

/// The folder that a list is narrowed to: `design`, `design/`, `global`; empty: everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Topic(String);

/// Why a spelling is no name. The sentences are those that agents know from Serena, where it has one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameFault {
    /// It has a `..` part.
    #[error("Memory name cannot contain '..' segments. Got: {0}")]
    Dots(String),
    /// It is absolute, empty or has an empty part.
    #[error("Memory name cannot be absolute or contain empty path segments. Got: {0}")]
    Empty(String),
    /// It is the folder of the global memories.
    #[error("Bare \"global\" is not a valid memory name. Use \"global/<name>\" to address a global memory.")]
    BareGlobal,
    /// It has a NUL character.
    #[error("Memory name cannot contain a NUL character (embedded null byte).")]
    Nul,
    /// It has a control character, which no list could show.
    #[error("Memory name cannot contain control characters. Got: {}", .0.escape_debug())]
    Control(String),
    /// A part is too long for a file name.
    #[error("Memory name has a part of {bytes} bytes; the longest possible has {PART_BYTES_MAX}.")]
    PartTooLong {
        /// Its length in bytes.
        bytes: usize,
    },
    /// It is too long.
    #[error("Memory name has {bytes} bytes; the longest possible has {NAME_BYTES_MAX}.")]
    TooLong {
        /// Its length in bytes.
        bytes: usize,
    },
}

impl MemoryName {
    /// Reads a spelling. `mem:` before it, `.md` behind it and `.` parts are taken off until none is left, so that every
    /// spelling of a name, the name itself included, leads to the one name.
    ///
    /// # Errors
    /// Why it is no name.
    pub fn parse(spelling: &str) -> Result<Self, NameFault> {
        // Before anything is copied: whoever sends a megabyte as a name gets a short answer.
        if spelling.len() > 4 * NAME_BYTES_MAX {
            return Err(NameFault::TooLong { bytes: spelling.len() });
        }
        check_characters(spelling)?;
        let name = plain(&composed(spelling))?;
        if name == GLOBAL {
            return Err(NameFault::BareGlobal);
        }
        Ok(Self(name))
    }

    /// The memory whose file lies at this path below its folder; for a global one the path begins with `global/`. `None` for
    /// a path that no name leads back to (`mem:a.md`, `a.md.md`, one that is not in Unicode form C): two files would share a
    /// name.
    pub fn of_file(path: &str) -> Option<Self> {
        let name = Self::parse(path.strip_suffix(".md")?).ok()?;
        (name.file() == path).then_some(name)
    }

    /// The path of its file below the folder of the memories.
    pub fn file(&self) -> String {
        format!("{}.md", self.0)
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it lies in the user's folder and is shared by all workspaces.
    pub fn is_global(&self) -> bool {
        self.0.strip_prefix(GLOBAL).is_some_and(|rest| rest.starts_with('/'))
    }

    /// Whether it is a page that Synod writes itself. A running task's `shared-context` is not: anybody may write it.
    pub fn is_own_page(&self) -> bool {
        OWN.iter().any(|folder| self.0.starts_with(folder)) && !self.is_shared_context()
    }

    /// `orchestration/current-task/<id>/shared-context`.
    fn is_shared_context(&self) -> bool {
        let task = self.0.strip_prefix(OWN[0]).and_then(|rest| rest.strip_suffix("/shared-context"));
        task.is_some_and(|task| !task.is_empty() && !task.contains('/'))
    }

    /// The rest of the name, where writing it drops a task (`orchestration/inbox/<name>`).
    pub fn inbox_name(&self) -> Option<&str> {
        self.0.strip_prefix(INBOX)
    }

    /// Whether it lies below a topic, or bears the very name.
    pub fn is_below(&self, topic: &Topic) -> bool {
        if topic.0.is_empty() {
            return true;
        }
        self.0.strip_prefix(topic.0.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

impl Topic {
    /// Reads a topic; a slash behind it may stand or be left out.
    ///
    /// # Errors
    /// Why it leads nowhere: the same reasons as for names, but `global` alone is a topic.
    pub fn parse(spelling: &str) -> Result<Self, NameFault> {
        if spelling.len() > 4 * NAME_BYTES_MAX {
            return Err(NameFault::TooLong { bytes: spelling.len() });
        }
        check_characters(spelling)?;
        let spelling = composed(spelling);
        let trimmed = spelling.strip_suffix('/').filter(|rest| !rest.is_empty()).unwrap_or(&spelling);
        if matches!(trimmed, "" | "." | "mem:") {
            return Ok(Self::default());
        }
        plain(trimmed).map(Self)
    }

    /// The folder's name; empty: everything.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for MemoryName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// Unicode form C: two ways to write `é` are one name.
fn composed(spelling: &str) -> String {
    spelling.nfc().collect()
}

fn check_characters(spelling: &str) -> Result<(), NameFault> {
    if spelling.contains('\0') {
        return Err(NameFault::Nul);
    }
    if spelling.contains(char::is_control) {
        return Err(NameFault::Control(spelling.to_owned()));
    }
    Ok(())
}

/// Takes off what may be left out, and checks what remains.
fn plain(spelling: &str) -> Result<String, NameFault> {
    let mut name = bare(spelling).to_owned();
    loop {
        let parts: Vec<&str> = name.split('/').collect();
        if parts.contains(&"..") {
            return Err(NameFault::Dots(bare(spelling).to_owned()));
        }
        if parts.contains(&"") {
            return Err(NameFault::Empty(bare(spelling).to_owned()));
        }
        let kept: Vec<&str> = parts.into_iter().filter(|part| *part != ".").collect();
        let joined = kept.join("/");
        let next = bare(&joined);
        if next == name {
            break;
        }
        name = next.to_owned();
    }
    if let Some(part) = name.split('/').find(|part| part.len() > PART_BYTES_MAX) {
        return Err(NameFault::PartTooLong { bytes: part.len() });
    }
    if name.len() > NAME_BYTES_MAX {
        return Err(NameFault::TooLong { bytes: name.len() });
    }
    Ok(name)
}

/// The spelling without one `mem:` before it and one `.md` behind it.
fn bare(spelling: &str) -> &str {
    let spelling = spelling.strip_prefix("mem:").unwrap_or(spelling);
    spelling.strip_suffix(".md").unwrap_or(spelling)
}
