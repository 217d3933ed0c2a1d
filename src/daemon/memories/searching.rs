//! The thread that keeps the search index up to date, and the searches. The index is a projection: it follows by the number
//! of the last event that is in it, and is made anew from what stands when it is missing, damaged or too far behind.

use super::desk::Desk;
use super::dirty::{Dirty, Taken};
use super::shelf::{Copied, Shelf};
use crate::api::{Error, ErrorKind, MemoryHit, Reply};
use crate::board::Seq;
use crate::board::memory::MemoryName;
use crate::daemon::incoming::Incoming;
use crate::daemon::jobs::Jobs;
use crate::daemon::local::{LocalBoard, internal};
use crate::daemon::trouble::Where;
use crate::search::{self, Entry, Hits, Index, Query};
use std::collections::BTreeSet;
use std::panic::AssertUnwindSafe;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::{mpsc, watch};

/// Pause between two tries while the disk is full or the file cannot be opened.
const RETRY_PAUSE: Duration = Duration::from_secs(1);

/// Longest sleep without anything to do; only so that an end that was missed is noticed.
const SLEEP_MAX: Duration = Duration::from_secs(600);

/// How long memories wait for one another before the index takes them in, unless somebody searches. Taking in a text costs
/// more than storing it, and those who write meanwhile need the same disk and processors.
const PATIENCE: Duration = Duration::from_millis(200);

/// Most memories that one write of the index takes in, so that their texts do not all lie in memory at once.
const ENTRIES_MAX: usize = 200;

/// How long a search waits for the index to reach what was written before it.
const CATCH_UP_MAX: Duration = Duration::from_secs(10);

/// Searches the index. Cheap to clone.
#[derive(Clone, Debug)]
pub(in crate::daemon) struct Searcher {
    index: Arc<Index>,
    /// The last event that is in the index.
    upto: watch::Receiver<Seq>,
    /// Set by who found it damaged: the thread makes it anew.
    damaged: Arc<AtomicBool>,
    dirty: Arc<Dirty>,
}

/// What the index starts from.
pub(in crate::daemon) struct Beginning {
    /// What was opened.
    pub(in crate::daemon) opened: search::Opened,
    /// From this event on it is known which memories changed.
    pub(in crate::daemon) known_from: Seq,
    /// Those that changed after it, each with its last event.
    pub(in crate::daemon) changed: Vec<(Seq, MemoryName)>,
}

/// Opens the index; one that cannot be opened is no reason not to start.
pub(in crate::daemon) fn open(path: &Path) -> Option<search::Opened> {
    match Index::open(path) {
        Ok(opened) => {
            if let Some(why) = &opened.thrown_away {
                tracing::warn!(why, "the search index is made anew");
            }
            Some(opened)
        }
        Err(error) => {
            tracing::error!(%error, "memories cannot be searched");
            None
        }
    }
}

impl Searcher {
    /// Starts the thread that follows `dirty`.
    pub(in crate::daemon) fn start(
        beginning: Beginning,
        shelf: Shelf,
        dirty: Arc<Dirty>,
        sender: mpsc::Sender<Incoming>,
        jobs: &Jobs,
    ) -> std::io::Result<Self> {
        let Beginning { opened, known_from, changed } = beginning;
        let whole = opened.cursor < known_from;
        if whole {
            dirty.add(shelf.names(), shelf.upto());
        } else {
            dirty.add(changed.into_iter().filter(|(seq, _)| *seq > opened.cursor).map(|(_, name)| name), shelf.upto());
        }
        let index = Arc::new(opened.index);
        let (told, upto) = watch::channel(Seq(0));
        let damaged = Arc::new(AtomicBool::new(whole));
        let keeper = Keeper {
            index: Arc::clone(&index),
            shelf,
            dirty: Arc::clone(&dirty),
            told,
            sender: sender.clone(),
            damaged: Arc::clone(&damaged),
            troubled: false,
        };
        let work = move || {
            if std::panic::catch_unwind(AssertUnwindSafe(|| keeper.run())).is_err() {
                let what =
                    "the thread that keeps the search index broke; the daemon's log says where; restart the daemon";
                // A loop that is gone needs no news.
                let _ = sender.blocking_send(trouble(Some(what.to_owned())));
            }
        };
        jobs.thread("synod-search", work)?;
        Ok(Self { index, upto, damaged, dirty })
    }

    /// Has it made anew.
    fn start_over(&self, shelf: &Shelf) {
        self.damaged.store(true, Ordering::Release);
        self.dirty.add(shelf.names(), shelf.upto());
    }

    /// Waits until everything up to an event can be found.
    async fn reach(&self, seq: Seq) -> Result<(), Error> {
        let mut upto = self.upto.clone();
        if *upto.borrow() < seq {
            self.dirty.want();
        }
        let reached = tokio::time::timeout(CATCH_UP_MAX, upto.wait_for(|upto| *upto >= seq)).await;
        match reached {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(Error::new(ErrorKind::Busy, "the search index is not up to date yet")
                .hint("try again in a moment; `synod doctor` says what is in its way")),
        }
    }
}

fn trouble(what: Option<String>) -> Incoming {
    Incoming::Trouble { at: Where::Search, what }
}

/// The thread's belongings.
struct Keeper {
    index: Arc<Index>,
    shelf: Shelf,
    dirty: Arc<Dirty>,
    told: watch::Sender<Seq>,
    sender: mpsc::Sender<Incoming>,
    /// What is in the index is not known: it is made anew.
    damaged: Arc<AtomicBool>,
    troubled: bool,
}

impl Keeper {
    fn run(mut self) {
        let mut seen = Seq(0);
        loop {
            let Taken { mut names, upto, taking, ended, .. } = self.dirty.wait(seen, SLEEP_MAX, PATIENCE);
            // The end comes last: what was added before it is still taken in.
            if ended && names.is_empty() {
                return;
            }
            while let Err(error) = self.keep(&names, upto) {
                if error.is_damaged() {
                    self.damaged.store(true, Ordering::Release);
                }
                if self.damaged.load(Ordering::Acquire) {
                    names = self.shelf.names().into_iter().collect();
                }
                self.tell(Some(error.to_string()));
                std::thread::sleep(RETRY_PAUSE);
                if self.sender.is_closed() {
                    return;
                }
            }
            self.tell(None);
            self.dirty.done(taking);
            seen = upto;
            self.told.send_replace(upto);
        }
    }

    /// Brings the index up to what stands under these names.
    fn keep(&mut self, names: &BTreeSet<MemoryName>, upto: Seq) -> Result<(), search::Error> {
        if self.damaged.load(Ordering::Acquire) {
            self.index.start_over()?;
            self.damaged.store(false, Ordering::Release);
        }
        let all: Vec<&MemoryName> = names.iter().collect();
        for some in all.chunks(ENTRIES_MAX) {
            let held: Vec<(&MemoryName, Option<(Arc<Copied>, Arc<str>)>)> =
                some.iter().map(|name| (*name, self.standing(name))).collect();
            let entries: Vec<Entry<'_>> = held
                .iter()
                .map(|(name, standing)| match standing {
                    Some((copied, text)) => Entry::Put { name, revision: copied.revision, text },
                    None => Entry::Remove { name },
                })
                .collect();
            // Only the last part brings the cursor on: after a crash in between everything is looked at again.
            let is_last = some.last() == all.last();
            if is_last {
                return self.index.apply(&entries, upto);
            }
            self.index.apply(&entries, Seq(0))?;
        }
        self.index.apply(&[], upto)
    }

    /// What stands, with its text. A text that cannot be read is not searched; reading it says why.
    fn standing(&self, name: &MemoryName) -> Option<(Arc<Copied>, Arc<str>)> {
        let copied = self.shelf.get(name)?;
        let text = self.shelf.text(&copied.standing.content.text);
        let text = text.inspect_err(|error| tracing::error!(%name, %error, "a memory cannot be searched")).ok()?;
        Some((copied, text))
    }

    fn tell(&mut self, what: Option<String>) {
        let troubled = what.is_some();
        if troubled || self.troubled {
            // A loop that is gone needs no news.
            let _ = self.sender.blocking_send(trouble(what));
        }
        self.troubled = troubled;
    }
}

impl LocalBoard {
    pub(super) async fn memory_search(
        &self,
        query: String,
        topic: Option<String>,
        after: u64,
        limit: Option<usize>,
    ) -> Result<Reply, Error> {
        let topic = Desk::topic(topic.as_deref())?;
        let limit = self.memories.page_rows(limit);
        let unsearchable = || {
            Error::new(ErrorKind::Internal, "memories cannot be searched: the index could not be opened")
                .hint("the daemon's log says why; restart it once that is mended")
        };
        let searcher = self.memories.searcher.clone().ok_or_else(unsearchable)?;
        searcher.reach(self.memories.shelf.upto()).await?;
        let again = searcher.clone();
        let search = move || {
            let topic = Some(topic.as_str()).filter(|topic| !topic.is_empty());
            searcher.index.search(&Query { text: &query, topic, offset: after, limit })
        };
        let found: Hits = self.jobs.blocking(search).await.map_err(internal)?.map_err(|error| match error {
            search::Error::Query(fault) => Error::new(ErrorKind::Invalid, fault.to_string())
                .hint("words must all occur; \"two words\" is a phrase, auth* a beginning, -word must not occur"),
            error => {
                if error.is_damaged() {
                    again.start_over(&self.memories.shelf);
                }
                internal(error.to_string()).hint("it is made again from the memories; try again in a moment")
            }
        })?;
        let next = found.more.then(|| after + found.hits.len() as u64);
        let seen =
            |name: &str| MemoryName::parse(name).is_ok_and(|name| self.memories.rules.ignored.fitting(&name).is_none());
        let hits = found.hits.into_iter().filter(|hit| seen(&hit.name));
        let hits = hits.map(|hit| MemoryHit {
            name: hit.name,
            revision: hit.revision,
            snippet: hit.snippet,
            score: hit.score,
        });
        Ok(Reply::MemoryHits { hits: hits.collect(), next })
    }
}
