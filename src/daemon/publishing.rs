//! The thread that writes pages. It takes everything that waits, has the folder write it in one go, and reports how far it is.

use super::incoming::Incoming;
use super::jobs::Jobs;
use super::trouble::Where;
use crate::board::{Page, Seq, Text};
use crate::folder::publish::Publisher;
use crate::store::Blobs;
use std::panic::AssertUnwindSafe;
use std::sync::mpsc as thread_channel;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

/// Pause between two tries to write while the disk is full or a folder is gone.
const WRITE_RETRY_PAUSE: Duration = Duration::from_secs(1);

/// Most pages written in one go. Large, so that in a burst the pages of a whole task come together: a file that is written
/// several times in its life is then written once, and the task's folders are filled before they get their names.
const PAGES_PER_WRITE_MAX: usize = 65_536;

/// How long the pages of a round may wait for its calls. A call is on its way within a few milliseconds; pages must not
/// wait for one whose context is read from a slow disk.
const CALLS_FIRST_MAX: Duration = Duration::from_millis(20);

/// How long lines about memories wait for one another. Each flush competes with the commits of those who write meanwhile;
/// what is lost by waiting is only what a crash makes the next start write again.
const LINES_WAIT: Duration = Duration::from_millis(200);

/// How long it is at most before a page is seen that comes while lines wait.
const LINES_NAP: Duration = Duration::from_millis(20);

/// Pages on their way to the writing thread.
struct Waiting {
    pages: Vec<(Seq, Page)>,
    /// Everything up to this event is covered with them.
    upto: Seq,
    pace: Pace,
}

/// When pages are written.
pub(super) enum Pace {
    /// At once.
    Now,
    /// Once the calls of the round are on their way, which ends the channel.
    AfterCalls(thread_channel::Receiver<()>),
    /// Nobody waits for them: within [`LINES_WAIT`], with others that come meanwhile.
    Together,
}

/// Held by a call's job until its call is on its way: the pages of the round are written after that, for both need the
/// same disk and processors, and somebody waits for the call.
pub(super) type OnTheWay = thread_channel::Sender<()>;

/// What the pages of a round wait for: the jobs hold the one end, the pages the other. Nothing is sent.
pub(super) fn calls_first() -> (OnTheWay, thread_channel::Receiver<()>) {
    thread_channel::channel()
}

/// The way to the writing thread. What waits there is bounded by the number of open tasks: a task is archived only after its pages are written.
#[derive(Debug)]
pub(super) struct Pages(thread_channel::Sender<Waiting>);

impl Pages {
    /// Starts the thread.
    pub(super) fn start(
        publisher: Publisher,
        blobs: Blobs,
        sender: mpsc::Sender<Incoming>,
        jobs: &Jobs,
    ) -> std::io::Result<Self> {
        let (pages, waiting) = thread_channel::channel();
        let work = move || {
            let write = AssertUnwindSafe(|| write_all(publisher, &blobs, &waiting, &sender));
            if std::panic::catch_unwind(write).is_err() {
                let what = "the thread that writes pages broke; the daemon's log says where; restart the daemon";
                // A loop that is gone needs no news.
                let _ = sender.blocking_send(trouble(Some(what.to_owned())));
            }
        };
        jobs.thread("synod-pages", work)?;
        Ok(Self(pages))
    }

    /// Hands pages on; everything up to `upto` is then covered.
    pub(super) fn write(&self, pages: Vec<(Seq, Page)>, upto: Seq, pace: Pace) {
        if self.0.send(Waiting { pages, upto, pace }).is_err() {
            tracing::error!("the thread that writes pages is gone; they will be written at the next start");
        }
    }
}

fn trouble(what: Option<String>) -> Incoming {
    Incoming::Trouble { at: Where::Pages, what }
}

/// What waits, from the first on, in one batch.
fn together(first: Waiting, waiting: &thread_channel::Receiver<Waiting>) -> (Vec<(Seq, Page)>, Seq) {
    let Waiting { mut pages, mut upto, pace } = first;
    let mut patient_until = None;
    match pace {
        Pace::Now => {}
        // It ends one way or the other; nothing comes.
        Pace::AfterCalls(calls) => drop(calls.recv_timeout(CALLS_FIRST_MAX)),
        Pace::Together => patient_until = Some(Instant::now() + LINES_WAIT),
    }
    while pages.len() < PAGES_PER_WRITE_MAX {
        let more = match waiting.try_recv() {
            Ok(more) => more,
            // Sleeping, and not waiting for what comes: to be woken by each of many writers would disturb them.
            Err(thread_channel::TryRecvError::Empty) if patient_until.is_some_and(|until| Instant::now() < until) => {
                std::thread::sleep(LINES_NAP);
                continue;
            }
            Err(_) => break,
        };
        pages.extend(more.pages);
        upto = more.upto;
        if !matches!(more.pace, Pace::Together) {
            patient_until = None;
        }
    }
    (pages, upto)
}

fn write_all(
    mut publisher: Publisher,
    blobs: &Blobs,
    waiting: &thread_channel::Receiver<Waiting>,
    sender: &mpsc::Sender<Incoming>,
) {
    let load = |text: &Text| blobs.get(text).map_err(|error| error.to_string());
    while let Ok(first) = waiting.recv() {
        let (pages, upto) = together(first, waiting);
        let mut told = false;
        while let Err(error) = publisher.publish(&pages, &load) {
            if !told && sender.blocking_send(trouble(Some(error.to_string()))).is_err() {
                return;
            }
            told = true;
            std::thread::sleep(WRITE_RETRY_PAUSE);
            if sender.is_closed() {
                return;
            }
        }
        if told && sender.blocking_send(trouble(None)).is_err() {
            return;
        }
        for notice in publisher.take_notices() {
            tracing::warn!(notice, "folder");
        }
        if sender.blocking_send(Incoming::Published(upto)).is_err() {
            return;
        }
    }
}
