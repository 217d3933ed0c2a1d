//! What is wrong outside the loop, by where it is wrong, so that one thing that is mended does not hide another that is not.

use std::collections::BTreeMap;
use std::fmt;

/// Where something can be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Where {
    /// The journal cannot be appended to.
    Journal,
    /// A model's answer cannot be stored.
    Answers,
    /// The drop folder cannot be watched.
    DropFolder,
    /// A dropped text cannot be stored.
    DroppedTexts,
    /// Pages cannot be written.
    Pages,
    /// The memories' files cannot be watched, read or written.
    Memories,
    /// The index of the memories cannot be kept.
    Search,
}

impl fmt::Display for Where {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Journal => "the journal",
            Self::Answers => "answers",
            Self::DropFolder => "the drop folder",
            Self::DroppedTexts => "dropped texts",
            Self::Pages => "pages",
            Self::Memories => "memories",
            Self::Search => "the search index",
        })
    }
}

/// All that is wrong now.
#[derive(Debug, Default)]
pub(super) struct Troubles(BTreeMap<Where, String>);

impl Troubles {
    /// Something is wrong there, or nothing any more. Said once, however often it is reported.
    pub(super) fn set(&mut self, at: Where, what: Option<String>) {
        match what {
            Some(what) => {
                if self.0.get(&at) != Some(&what) {
                    tracing::error!(%at, what, "something outside is in trouble");
                    self.0.insert(at, what);
                }
            }
            None => {
                if self.0.remove(&at).is_some() {
                    tracing::info!(%at, "the trouble is over");
                }
            }
        }
    }

    /// In words; `None`: nothing is wrong.
    pub(super) fn told(&self) -> Option<String> {
        let told: Vec<&str> = self.0.values().map(String::as_str).collect();
        (!told.is_empty()).then(|| told.join("; "))
    }
}
