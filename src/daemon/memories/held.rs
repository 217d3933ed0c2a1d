//! What each memory's file holds, as far as its text has been seen to. The mirror's thread keeps it; who looks at a file
//! compares with it, to tell a file that was changed a moment ago from one that is not written yet.

use crate::board::TaskId;
use crate::board::memory::MemoryName;
use crate::daemon::local::fingerprint;
use crate::folder::blank_shared_context;
use crate::folder::mirror::{Glance, Look};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::watch;

/// How long a reader waits for a text that is on its way to the bus.
const ON_ITS_WAY_MAX: Duration = Duration::from_secs(2);

/// What a file holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::daemon) struct Held {
    /// SHA-256 of its text, lower-case hex.
    pub(in crate::daemon) hash: String,
    /// The revision with this text; 0: it is none, and is left alone.
    pub(in crate::daemon) revision: u64,
}

/// All files. Clones share it.
#[derive(Clone, Debug)]
pub(in crate::daemon) struct HeldFiles(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    by_name: Mutex<BTreeMap<MemoryName, Held>>,
    changed: watch::Sender<()>,
}

impl HeldFiles {
    pub(super) fn new(by_name: BTreeMap<MemoryName, Held>) -> Self {
        Self(Arc::new(Shared { by_name: Mutex::new(by_name), changed: watch::Sender::new(()) }))
    }

    /// What a memory's file holds.
    pub(super) fn get(&self, name: &MemoryName) -> Option<Held> {
        self.lock().get(name).cloned()
    }

    /// A memory's file holds this, or is not there.
    pub(super) fn set(&self, name: &MemoryName, held: Option<Held>) {
        match held {
            Some(held) => drop(self.lock().insert(name.clone(), held)),
            None => drop(self.lock().remove(name)),
        }
        self.0.changed.send_replace(());
    }

    /// A memory's file was seen to hold this, unless it holds a later revision by now.
    pub(super) fn advance(&self, name: &MemoryName, held: Held) {
        let mut by_name = self.lock();
        if by_name.get(name).is_none_or(|known| known.revision < held.revision) {
            by_name.insert(name.clone(), held);
        }
        drop(by_name);
        self.0.changed.send_replace(());
    }

    /// Whether the text with this hash, which the mirror has come across in the file, has been seen to. If so and something
    /// else stands, the file is what lags.
    pub(super) fn has_seen(&self, name: &MemoryName, hash: &str) -> bool {
        self.lock().get(name).is_some_and(|held| held.hash == hash)
    }

    /// Waits until that is so, for a moment at most.
    pub(super) async fn seen(&self, name: &MemoryName, hash: &str) {
        let mut changed = self.0.changed.subscribe();
        let wait = async { while !self.has_seen(name, hash) && changed.changed().await.is_ok() {} };
        // A text that cannot be taken in is told of elsewhere; what stands is read meanwhile.
        let _ = tokio::time::timeout(ON_ITS_WAY_MAX, wait).await;
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<MemoryName, Held>> {
        self.0.by_name.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The page that a task's shared context begins with; `None`: the name is no shared context's.
fn beginning(name: &MemoryName) -> Option<String> {
    let task = name.as_str().strip_prefix("orchestration/current-task/")?.strip_suffix("/shared-context")?;
    Some(blank_shared_context(&TaskId::slug(task)))
}

/// Whether a text is the page that a task's shared context begins with. It is nobody's words, so it is no revision.
pub(super) fn is_blank(name: &MemoryName, hash: &str) -> bool {
    beginning(name).is_some_and(|blank| fingerprint(blank.as_bytes()) == hash)
}

/// The page that a task's shared context begins with, where its file holds it still.
pub(super) fn blank(name: &MemoryName, glance: &Glance) -> Option<String> {
    let blank = beginning(name)?;
    let hash = match glance.look(name) {
        Look::Same => glance.known(name)?,
        Look::Changed(found) => found.hash,
        Look::Away | Look::Unfit(_) => return None,
    };
    (hash == fingerprint(blank.as_bytes())).then_some(blank)
}
