//! The intake at work: events, listings and waits become reports, in bounded batches. One caller awaits it; nothing runs
//! on its own but the watcher's thread.

use super::folders::Folders;
use super::ledger::{At, Ledger, Pace};
use super::listing::Listing;
use super::pickup;
use super::spot::{Place, Spot};
use super::watch::Seen;
use super::{Error, Found, Limits, Places};
use crate::board::Reason;
use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::time::Duration;
use tokio::time::Instant;

/// Files looked at before what was found is handed over.
const LOOKS_AT_ONCE: usize = 256;

/// Events taken from the queue before files are looked at.
const EVENTS_AT_ONCE: usize = 4096;

/// How long after a folder is newly watched it is listed again: files that came between its making and its watch are found.
const RELIST_AFTER: Duration = Duration::from_millis(50);

/// Watches the folders and reports what is found in them.
pub struct Intake {
    pub(super) root: PathBuf,
    pub(super) coordination: PathBuf,
    pub(super) limits: Limits,
    pub(super) ledger: Ledger,
    pub(super) found: Vec<Found>,
    folders: Folders,
    wanted: BTreeSet<Place>,
    listing: Option<(Listing, Instant)>,
    listings: u64,
    /// Names in the drop folder that are no UTF-8 text, with the last listing that showed them.
    strange: BTreeMap<String, u64>,
    rescan_at: Option<Instant>,
    relist_at: Option<Instant>,
}

impl Intake {
    /// Begins to watch; missing folders are made. The first [`Self::next`] also reports what was dropped before.
    ///
    /// # Errors
    /// The workspace root is not there, or one of the folders cannot be made. That they cannot be watched is no error: it is
    /// reported, and they are listed every few seconds.
    pub fn open(places: &Places, limits: Limits) -> Result<Self, Error> {
        let mut intake = Self {
            root: places.root.clone(),
            coordination: places.coordination.clone(),
            folders: Folders::open(places, &limits)?,
            limits,
            ledger: Ledger::default(),
            found: Vec::new(),
            wanted: BTreeSet::new(),
            listing: None,
            listings: 0,
            strange: BTreeMap::new(),
            rescan_at: None,
            relist_at: None,
        };
        intake.rescan(true);
        Ok(intake)
    }

    /// Waits until something is found, and reports it: at most a few hundred things, at least one. Cancel-safe: nothing is
    /// lost when the future is dropped. Reads files synchronously, a batch at a time.
    pub async fn next(&mut self) -> Vec<Found> {
        loop {
            self.take_events();
            self.run_clocks(Instant::now());
            self.step_listing();
            self.look();
            if !self.found.is_empty() {
                return std::mem::take(&mut self.found);
            }
            if self.ledger.has_ready() || self.listing.is_some() || !self.wanted.is_empty() {
                tokio::task::yield_now().await;
                continue;
            }
            let clock = [self.rescan_at, self.relist_at, self.ledger.next_due()].into_iter().flatten().min();
            tokio::select! {
                seen = self.folders.event() => self.take_event(seen),
                () = until(clock) => {}
            }
        }
    }

    /// What was reported under this name (in `tasks/`) or path (relative to the coordination folder) is dealt with: it is not
    /// reported again unless its content changes. `hash` is the one reported, so that newer content is not settled by mistake.
    pub fn settle(&mut self, path: &str, hash: &str) {
        if let Some(spot) = Spot::parse(path) {
            self.ledger.settle(&spot, hash);
        }
    }

    /// What was reported under this name or path cannot be dealt with yet: it is reported again at the next listing, or when
    /// [`Self::retry_now`] is called.
    pub fn retry_later(&mut self, path: &str) {
        if let Some(spot) = Spot::parse(path) {
            self.ledger.retry_later(&spot);
        }
    }

    /// Leaves task files in their folder while `held`: who takes them has enough. Answering files are reported all the same.
    pub fn hold_tasks(&mut self, held: bool) {
        self.ledger.hold(held);
    }

    /// Reports again what was put off by [`Self::retry_later`].
    pub fn retry_now(&mut self) {
        self.ledger.retry_now();
    }

    pub(super) fn at(&self, now: Instant) -> At {
        let Limits { second_look, quiet, rescan, .. } = self.limits;
        let again_after = if rescan.is_zero() { quiet } else { rescan };
        At { now, listing: self.listings, pace: Pace { second_look, quiet, again_after } }
    }

    fn take_events(&mut self) {
        for _ in 0..EVENTS_AT_ONCE {
            let Some(seen) = self.folders.try_event() else { return };
            self.take_event(seen);
        }
    }

    fn take_event(&mut self, seen: Seen) {
        match seen {
            Seen::Landed(place, name) => self.ledger.landed(Spot { place, name }),
            Seen::Vanished(place, name) => self.ledger.vanished(&Spot { place, name }),
            Seen::Made(place, name) => self.made(Spot { place, name }),
            Seen::Folder => {
                self.folders.doubt();
                self.rescan(false);
            }
            Seen::Lost => {
                self.ledger.events_lost();
                self.rescan(true);
            }
        }
    }

    /// A file that is written is closed later. A link or a pipe is only ever made, and a hard link is whole at once.
    fn made(&mut self, spot: Spot) {
        match spot.below(&self.coordination).symlink_metadata() {
            Ok(meta) if meta.is_file() && meta.nlink() == 1 => self.ledger.made(spot),
            Ok(_) => self.ledger.landed(spot),
            Err(_) => {}
        }
    }

    fn run_clocks(&mut self, now: Instant) {
        self.ledger.run_due(now);
        if self.relist_at.is_some_and(|moment| moment <= now) {
            self.relist_at = None;
            self.wanted.extend(Place::ALL);
        }
        if self.rescan_at.is_some_and(|moment| moment <= now) {
            self.rescan(false);
        }
    }

    /// Sees to the folders and to what is known in those that need no listing.
    fn rescan(&mut self, all: bool) {
        let now = Instant::now();
        let checked = self.folders.check(now, all);
        self.found.extend(checked.said);
        if checked.new {
            self.relist_at = Some(now + RELIST_AFTER);
        }
        for place in Place::ALL {
            if !checked.list.contains(&place) {
                self.sight(self.ledger.known(place), now);
            }
        }
        self.wanted.extend(checked.list);
        self.rescan_at = self.folders.rescan().map(|pause| now + pause);
    }

    /// Looks up how files stand that are not queued already.
    fn sight(&mut self, spots: Vec<Spot>, now: Instant) {
        let at = self.at(now);
        for spot in spots {
            if self.ledger.listed(&spot, at.listing) {
                match pickup::stamp(&spot.below(&self.coordination)) {
                    Some(stamp) => self.ledger.sighted(spot, stamp, at),
                    None => self.ledger.vanished(&spot),
                }
            }
        }
    }

    fn step_listing(&mut self) {
        let now = Instant::now();
        let Some((mut listing, began)) = self.listing.take().or_else(|| self.begin_listing(now)) else { return };
        match listing.step() {
            Ok(piece) => {
                self.sight(piece.spots, now);
                for name in piece.strange {
                    self.leave_strange(name);
                }
                if piece.last {
                    self.ledger.listing_done(listing.place, listing.number);
                    self.strange.retain(|_, seen| listing.place != Place::Tasks || *seen == listing.number);
                    self.folders.listed(listing.place, now, now.duration_since(began));
                } else {
                    self.listing = Some((listing, began));
                }
            }
            // The folder was removed meanwhile: the check says so and makes it again.
            Err(_) => self.rescan_at = Some(now + RELIST_AFTER),
        }
    }

    fn begin_listing(&mut self, now: Instant) -> Option<(Listing, Instant)> {
        let place = self.wanted.pop_first()?;
        self.listings += 1;
        let begun = Listing::begin(place, self.listings, self.folders.path(place)?);
        if begun.is_err() {
            self.rescan_at = Some(now + RELIST_AFTER);
        }
        Some((begun.ok()?, now))
    }

    fn look(&mut self) {
        for _ in 0..LOOKS_AT_ONCE {
            let Some(look) = self.ledger.take() else { return };
            self.examine(look, Instant::now());
        }
    }

    /// A name that is no text cannot be asked about on disk; it is known by how it is shown.
    fn leave_strange(&mut self, shown: String) {
        let path = format!("{}/{shown}", Place::Tasks.path());
        if self.strange.insert(shown, self.listings).is_none() {
            let what = format!("{path} is left where it is: its name is not UTF-8 text");
            let reason = Reason { what, line: None, mend: "rename the file".to_owned() };
            self.found.push(Found::Left { path, reason });
        }
    }
}

async fn until(clock: Option<Instant>) {
    match clock {
        Some(moment) => tokio::time::sleep_until(moment).await,
        None => std::future::pending().await,
    }
}
