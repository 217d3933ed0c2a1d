//! The thread that holds the memories' files and the bus together: what the folder found goes to the loop, what the loop
//! decided goes into files, and which revision each file is known to hold is told to the loop, to be stored.

use super::dirty::{Dirty, Taken};
use super::held::{Held, HeldFiles, is_blank};
use super::shelf::Shelf;
use super::writing::FILE;
use crate::board::Refusal;
use crate::board::memory::{Hashed, MemoryAct, MemoryChange, MemoryName, MemoryRefusal, Standing};
use crate::daemon::incoming::{Acted, Incoming, Query};
use crate::daemon::jobs::Jobs;
use crate::daemon::trouble::Where;
use crate::folder::mirror::{Change, Found, Mirror, MirrorError, Wrote};
use crate::folder::task_inbox;
use crate::store::{Blobs, Revision};
use std::collections::{BTreeMap, BTreeSet};
use std::panic::AssertUnwindSafe;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

/// Pause between two tries to write what could not be written.
const RETRY_PAUSE: Duration = Duration::from_secs(1);

/// How long files may stand before they are made durable and told of. Each flush competes with the commits of those who write
/// meanwhile; what is lost by waiting is only what a crash makes this thread look up again.
const FLUSH_PAUSE: Duration = Duration::from_millis(200);

/// How long what changed waits for more after files were written last. A single change is in its file at once; of many that
/// follow each other the files are written together, and one that changes often is written once.
const FOLLOW_PAUSE: Duration = Duration::from_millis(50);

/// How often one file is tried in one go: each time somebody else's text came in between.
const TRIES_MAX: usize = 20;

/// Revisions that a stray text is compared with.
const REVISIONS_LOOKED_AT_MAX: usize = 1000;

/// The thread and what it works with.
pub(in crate::daemon) struct MirrorJob {
    pub(in crate::daemon) mirror: Mirror,
    pub(in crate::daemon) shelf: Shelf,
    pub(in crate::daemon) blobs: Blobs,
    pub(in crate::daemon) dirty: Arc<Dirty>,
    pub(in crate::daemon) sender: mpsc::Sender<Incoming>,
    /// The memories folder and the coordination folder, between which dropped tasks are moved.
    pub(in crate::daemon) places: (PathBuf, PathBuf),
    /// What each file holds.
    pub(in crate::daemon) held: HeldFiles,
    /// What is to be told once it is durable.
    pub(in crate::daemon) marks: BTreeMap<MemoryName, Option<u64>>,
    /// When that is.
    pub(in crate::daemon) flush_at: Option<Instant>,
    /// Before when what changed waits for more.
    pub(in crate::daemon) follow_at: Option<Instant>,
    /// What could not be written and is tried again.
    pub(in crate::daemon) undone: BTreeSet<MemoryName>,
    /// What is wrong, by what it is about.
    pub(in crate::daemon) troubles: BTreeMap<String, String>,
    /// To be rung once everything that the folder held at the start has been taken in.
    pub(in crate::daemon) looked: CancellationToken,
}

/// The loop is gone.
struct Over;

impl MirrorJob {
    /// Starts the thread; when it breaks, everyone who asks is told.
    pub(in crate::daemon) fn start(self, jobs: &Jobs) -> std::io::Result<()> {
        let (sender, looked) = (self.sender.clone(), self.looked.clone());
        let work = move || {
            // However the thread ends, nobody waits for it any more.
            let _rung = looked.drop_guard();
            if std::panic::catch_unwind(AssertUnwindSafe(|| self.run())).is_err() {
                let what =
                    "the thread that mirrors the memories broke; the daemon's log says where; restart the daemon";
                // A loop that is gone needs no news.
                let _ = sender.blocking_send(Incoming::Trouble { at: Where::Memories, what: Some(what.to_owned()) });
            }
        };
        jobs.thread("synod-mirror", work).map(drop)
    }

    fn run(mut self) {
        while self.round().is_ok() {}
    }

    /// One look at the folder, then one at what the loop decided.
    fn round(&mut self) -> Result<(), Over> {
        let retry = (!self.undone.is_empty()).then_some(RETRY_PAUSE);
        let until = |at: Instant| at.saturating_duration_since(Instant::now());
        let pause = [retry, self.flush_at.map(until), self.follow_at.map(until)].into_iter().flatten().min();
        let changes = self.mirror.next(pause);
        if changes.is_empty() {
            self.looked.cancel();
        }
        for change in changes {
            self.take(change)?;
        }
        let now = Instant::now();
        if self.follow_at.is_some_and(|at| now < at) && !self.dirty.is_pressing() {
            return Ok(());
        }
        let Taken { mut names, taking, hurries, ended, .. } = self.dirty.take();
        if ended {
            return Err(Over);
        }
        let told = !names.is_empty();
        self.follow_at = told.then(|| now + FOLLOW_PAUSE);
        names.append(&mut self.undone);
        let before = self.troubles.clone();
        self.troubles.retain(|about, _| about != WRITING);
        for name in &names {
            self.follow(name)?;
        }
        if told || !self.marks.is_empty() || self.flush_at.is_some() {
            let at = *self.flush_at.get_or_insert(now + FLUSH_PAUSE);
            if hurries || at <= now {
                self.settle(taking)?;
            }
        }
        if before == self.troubles { Ok(()) } else { self.tell() }
    }

    /// Makes durable what was written, and tells the loop. It may wait for the files before it ends, so it is told even when
    /// nothing is to be stored; and only its hearing of the marks counts as done, for else it would end without them.
    fn settle(&mut self, taking: u64) -> Result<(), Over> {
        let durable = self.flush();
        self.flush_at = (!self.marks.is_empty()).then(|| Instant::now() + RETRY_PAUSE);
        let marks = durable.into_iter().collect();
        self.sender.blocking_send(Incoming::Mirrored { marks, taking }).map_err(|_| Over)
    }

    fn take(&mut self, change: Change) -> Result<(), Over> {
        match change {
            Change::Found(found) => self.found(found),
            Change::Gone { name, .. } => self.gone(&name),
            Change::Stray(found) => self.stray(found),
            Change::Skipped(skipped) => {
                tracing::warn!(path = %skipped.path.display(), why = skipped.why, "a file of the memories is left alone");
                Ok(())
            }
            Change::RootMissing { root } => {
                let what = format!(
                    "the folder {} is gone; make it again, and the memories are written into it",
                    root.display()
                );
                self.troubles.insert(root.display().to_string(), what);
                self.tell()
            }
            Change::RootBack { root, lacks } => {
                for name in &lacks {
                    self.let_go(name);
                }
                self.undone.extend(lacks);
                self.troubles.remove(&root.display().to_string());
                self.tell()
            }
            Change::Unwatched { why } => {
                self.troubles.insert("watching".to_owned(), why);
                self.tell()
            }
        }
    }

    /// A text that the folder holds and nobody knew of.
    fn found(&mut self, found: Found) -> Result<(), Over> {
        if let Some(task) = found.name.inbox_name() {
            let task = task.to_owned();
            return self.hand_in(&found.name, &task);
        }
        let Found { name, text, hash, moved_from, .. } = found;
        if is_blank(&name, &hash) {
            self.held.set(&name, Some(Held { hash, revision: 0 }));
            return Ok(());
        }
        let Some(content) = self.keep(&name, &text, &hash) else { return Ok(()) };
        let known = self.held.get(&name).map(|held| held.revision);
        match self.act(MemoryAct::Found { name: name.clone(), content, known, moved_from })? {
            Ok(Acted { lags_at: Some(revision), .. }) => {
                self.hold(&name, hash, revision);
                self.undone.insert(name);
            }
            Ok(acted) => {
                if acted.hash.as_ref() == Some(&hash) {
                    self.hold(&name, hash, acted.revision);
                } else {
                    self.undone.insert(name);
                }
            }
            Err(Refusal::Memory(refusal)) => {
                tracing::warn!(%refusal, "a file of the memories is left alone");
                self.held.set(&name, Some(Held { hash, revision: 0 }));
            }
            Err(refusal) => {
                tracing::warn!(%refusal, "a file of the memories could not be taken in");
                self.mirror.doubt(&name);
            }
        }
        Ok(())
    }

    /// A file is not there any more.
    fn gone(&mut self, name: &MemoryName) -> Result<(), Over> {
        let known = self.let_go(name).map(|held| held.revision);
        if known == Some(0) && self.shelf.get(name).is_none() {
            return Ok(());
        }
        match self.act(MemoryAct::Gone { name: name.clone(), known })? {
            Ok(_) | Err(Refusal::Memory(MemoryRefusal::Own { .. } | MemoryRefusal::Ignored { .. })) => {}
            // The bus has moved on: what stands there is written again.
            Err(_) => {
                self.undone.insert(name.clone());
            }
        }
        Ok(())
    }

    /// A text that a cut-off write left under another name goes into the history, unless it is there. What stood goes on
    /// standing.
    fn stray(&mut self, found: Found) -> Result<(), Over> {
        let Found { name, text, hash, .. } = found;
        let (reply, replied) = oneshot::channel();
        let query = Query::MemoryHistory(name.clone(), None, REVISIONS_LOOKED_AT_MAX, reply);
        self.sender.blocking_send(Incoming::Query(query)).map_err(|_| Over)?;
        let rows = replied.blocking_recv().map_err(|_| Over)?.unwrap_or_default();
        let same = |row: &Revision| row.content.as_ref().is_some_and(|content| content.hash == hash);
        if rows.iter().any(same) {
            return Ok(());
        }
        let Some(content) = self.keep(&name, &text, &hash) else { return Ok(()) };
        let stood = self.shelf.get(&name);
        if self.act(MemoryAct::Found { name: name.clone(), content, known: Some(0), moved_from: None })?.is_err() {
            return Ok(());
        }
        let back = match stood {
            Some(stood) => {
                let change = MemoryChange::Restored { revision: stood.revision };
                let Standing { content, .. } = stood.standing.clone();
                MemoryAct::Write { name, content, if_revision: None, change }
            }
            None => MemoryAct::Delete { name, if_revision: None },
        };
        self.act(back).map(drop)
    }

    /// A file in the inbox is a dropped task: it goes where dropped tasks are taken in.
    fn hand_in(&mut self, name: &MemoryName, task: &str) -> Result<(), Over> {
        let (memories, coordination) = &self.places;
        if let Err(error) = task_inbox::hand_over(&memories.join(name.file()), coordination, task) {
            tracing::error!(%error, "a task that was written as a memory could not be handed in");
            self.mirror.doubt(name);
        }
        Ok(())
    }

    /// Brings a file to what stands.
    fn follow(&mut self, name: &MemoryName) -> Result<(), Over> {
        for _ in 0..TRIES_MAX {
            let held = self.held.get(name);
            let wrote = match (self.shelf.get(name), &held) {
                (Some(copied), Some(held)) if copied.standing.content.hash == held.hash => {
                    self.hold(name, held.hash.clone(), copied.revision);
                    return Ok(());
                }
                (Some(copied), held) => {
                    let content = &copied.standing.content;
                    let text = match self.shelf.text(&content.text) {
                        Ok(text) => text,
                        Err(error) => return self.unwritten(name, &error.to_string()),
                    };
                    let wrote = self.mirror.write(name, &text, held.as_ref().map(|held| held.hash.as_str()));
                    if matches!(wrote, Ok(Wrote::Done)) {
                        self.hold(name, content.hash.clone(), copied.revision);
                    }
                    wrote
                }
                (None, None | Some(Held { revision: 0, .. })) => return Ok(()),
                (None, Some(held)) => {
                    let wrote = self.mirror.remove(name, &held.hash);
                    if matches!(wrote, Ok(Wrote::Done)) {
                        self.let_go(name);
                    }
                    wrote
                }
            };
            match wrote {
                Ok(Wrote::Done) => return Ok(()),
                Ok(Wrote::Found(found)) => self.found(found)?,
                Ok(Wrote::Gone) => self.gone(name)?,
                Err(MirrorError::Refused { path, why }) => {
                    tracing::error!(path = %path.display(), why, "a memory cannot be written into its file");
                    return Ok(());
                }
                Err(error) => return self.unwritten(name, &error.to_string()),
            }
        }
        self.undone.insert(name.clone());
        Ok(())
    }

    /// A file could not be written: it is tried again.
    fn unwritten(&mut self, name: &MemoryName, why: &str) -> Result<(), Over> {
        self.troubles.insert(WRITING.to_owned(), why.to_owned());
        self.undone.insert(name.clone());
        Ok(())
    }

    fn hold(&mut self, name: &MemoryName, hash: String, revision: u64) {
        self.held.set(name, Some(Held { hash, revision }));
        self.marks.insert(name.clone(), Some(revision));
    }

    /// The file is not there any more.
    fn let_go(&mut self, name: &MemoryName) -> Option<Held> {
        let held = self.held.get(name);
        self.held.set(name, None);
        self.marks.insert(name.clone(), None);
        held
    }

    /// Stores a text. When there is no space, the file is handed out again later.
    fn keep(&mut self, name: &MemoryName, text: &str, hash: &str) -> Option<Hashed> {
        match self.blobs.put(text) {
            Ok(text) => Some(Hashed { text, hash: hash.to_owned() }),
            Err(error) => {
                self.troubles.insert(WRITING.to_owned(), error.to_string());
                std::thread::sleep(RETRY_PAUSE);
                self.mirror.doubt(name);
                None
            }
        }
    }

    /// Makes what was written durable, and gives the marks of it. Those of what could not be made durable wait.
    fn flush(&mut self) -> BTreeMap<MemoryName, Option<u64>> {
        self.troubles.remove(FLUSHING);
        if !self.marks.is_empty()
            && let Err(error) = self.mirror.flush()
        {
            self.troubles.insert(FLUSHING.to_owned(), error.to_string());
            return BTreeMap::new();
        }
        std::mem::take(&mut self.marks)
    }

    /// Has the loop decide on an act.
    fn act(&self, act: MemoryAct) -> Result<Result<Acted, Refusal>, Over> {
        let (reply, replied) = oneshot::channel();
        let incoming = Incoming::Memory { act: Box::new(act), by: FILE.to_owned(), reply };
        self.sender.blocking_send(incoming).map_err(|_| Over)?;
        replied.blocking_recv().map_err(|_| Over)
    }

    fn tell(&self) -> Result<(), Over> {
        let told: Vec<&str> = self.troubles.values().map(String::as_str).collect();
        let what = (!told.is_empty()).then(|| told.join("; "));
        self.sender.blocking_send(Incoming::Trouble { at: Where::Memories, what }).map_err(|_| Over)
    }
}

/// A trouble with writing or storing.
const WRITING: &str = "writing";

/// A trouble with making durable.
const FLUSHING: &str = "flushing";
