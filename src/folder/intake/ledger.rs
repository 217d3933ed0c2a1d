//! What is known of the files in the watched folders: which to look at now, which to look at again later, which were
//! reported. Moments come in as values; nothing here touches the disk.

use super::pickup::Stamp;
use super::spot::{Place, Spot};
use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::time::Duration;
use tokio::time::Instant;

/// How a file that was looked at stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    /// It was reported and nothing has come of it yet.
    Reported(Instant),
    /// It was reported, and the reader asked for it to be told again.
    Later,
    /// It was reported and is dealt with, or it is left where it is and that was said.
    Settled,
}

#[derive(Clone, Debug)]
struct Known {
    stamp: Stamp,
    hash: String,
    standing: Standing,
    listing: u64,
}

/// A file that is waited for: until when, and how it stood when the wait began.
#[derive(Clone, Copy, Debug)]
struct Waiting {
    due: Instant,
    stamp: Stamp,
    wait: Wait,
    listing: u64,
}

/// A file to look at now.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Look {
    pub(super) spot: Spot,
    pub(super) why: Why,
}

/// How long a file is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wait {
    /// A moment, to see whether it is still being written.
    Moment,
    /// Long enough that nothing more is expected of it.
    Quiet,
}

/// Why a file is looked at.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Why {
    /// An event said that it is whole, or it was whole when it was reported before.
    Whole,
    /// Its wait is over; it stood so when the wait began.
    Waited(Stamp, Wait),
}

/// The book of files.
#[derive(Default)]
pub(super) struct Ledger {
    /// Task files to look at.
    ready: VecDeque<Look>,
    /// Answering files to look at. They come first: a person waits for them, and they may make room for tasks.
    answers: VecDeque<Look>,
    /// Whether task files are left where they are for now.
    held: bool,
    queued: HashSet<Spot>,
    waiting: HashMap<Spot, Waiting>,
    due: BTreeSet<(Instant, Spot)>,
    known: HashMap<Spot, Known>,
    being_written: HashSet<Spot>,
}

impl Ledger {
    /// An event said that the file is whole.
    pub(super) fn landed(&mut self, spot: Spot) {
        self.being_written.remove(&spot);
        self.look(spot, Why::Whole);
    }

    /// An event said that the file was made: it is not taken by a listing before it is closed.
    pub(super) fn made(&mut self, spot: Spot) {
        self.stop_waiting(&spot);
        self.being_written.insert(spot);
    }

    /// The file is gone.
    pub(super) fn vanished(&mut self, spot: &Spot) {
        self.being_written.remove(spot);
        self.known.remove(spot);
        self.stop_waiting(spot);
    }

    /// Events were lost, so that none of them can be waited for.
    pub(super) fn events_lost(&mut self) {
        self.being_written.clear();
    }

    fn look(&mut self, spot: Spot, why: Why) {
        self.stop_waiting(&spot);
        if self.queued.insert(spot.clone()) {
            let queue = if spot.place == Place::Tasks { &mut self.ready } else { &mut self.answers };
            queue.push_back(Look { spot, why });
        }
    }

    fn stop_waiting(&mut self, spot: &Spot) {
        if let Some(waiting) = self.waiting.remove(spot) {
            self.due.remove(&(waiting.due, spot.clone()));
        }
    }

    /// Looks again after a wait, to see whether the file still stands as `stamp`.
    pub(super) fn wait(&mut self, spot: Spot, wait: Wait, stamp: Stamp, at: At) {
        self.stop_waiting(&spot);
        let due = at.now + if wait == Wait::Quiet { at.pace.quiet } else { at.pace.second_look };
        self.due.insert((due, spot.clone()));
        self.waiting.insert(spot, Waiting { due, stamp, wait, listing: at.listing });
    }

    /// The next file to look at.
    pub(super) fn take(&mut self) -> Option<Look> {
        let task = |ledger: &mut Self| if ledger.held { None } else { ledger.ready.pop_front() };
        let look = self.answers.pop_front().or_else(|| task(self))?;
        self.queued.remove(&look.spot);
        Some(look)
    }

    pub(super) fn has_ready(&self) -> bool {
        !self.answers.is_empty() || (!self.held && !self.ready.is_empty())
    }

    /// Leaves task files where they are until told otherwise; answering files are looked at all the same.
    pub(super) fn hold(&mut self, held: bool) {
        self.held = held;
    }

    /// The moment at which the earliest wait is over.
    pub(super) fn next_due(&self) -> Option<Instant> {
        self.due.first().map(|(due, _)| *due)
    }

    /// Files whose wait is over are to be looked at.
    pub(super) fn run_due(&mut self, now: Instant) {
        while let Some((due, spot)) = self.due.first().cloned() {
            if due > now {
                break;
            }
            if let Some(waiting) = self.waiting.get(&spot).copied() {
                self.look(spot, Why::Waited(waiting.stamp, waiting.wait));
            }
        }
    }

    /// Whether a listed file needs its stamp to be looked up. A file that is queued, waited for or being written does not.
    pub(super) fn listed(&mut self, spot: &Spot, listing: u64) -> bool {
        if let Some(known) = self.known.get_mut(spot) {
            known.listing = listing;
        }
        if let Some(waiting) = self.waiting.get_mut(spot) {
            waiting.listing = listing;
            return false;
        }
        !self.queued.contains(spot) && !self.being_written.contains(spot)
    }

    /// A listed file stands as `stamp`.
    pub(super) fn sighted(&mut self, spot: Spot, stamp: Stamp, at: At) {
        match self.known.get(&spot) {
            Some(known) if known.stamp == stamp => match known.standing {
                Standing::Settled => {}
                Standing::Reported(told) if at.is_recent(told) => {}
                Standing::Reported(_) | Standing::Later => self.look(spot, Why::Whole),
            },
            _ => self.wait(spot, Wait::Moment, stamp, at),
        }
    }

    /// A listing of a place is complete: what it did not show is gone.
    pub(super) fn listing_done(&mut self, place: Place, listing: u64) {
        let gone = |spot: &Spot, seen: u64| spot.place == place && seen != listing;
        self.known.retain(|spot, known| !gone(spot, known.listing));
        let over: Vec<Spot> =
            self.waiting.iter().filter(|(spot, wait)| gone(spot, wait.listing)).map(|(spot, _)| spot.clone()).collect();
        for spot in over {
            self.stop_waiting(&spot);
        }
    }

    /// Whether a file that was just read is news: not the same content that was reported a moment ago, is settled, or was
    /// said to be left. Notes it as reported.
    pub(super) fn report(&mut self, spot: &Spot, stamp: Stamp, hash: &str, at: At) -> bool {
        let same = |known: &&Known| known.hash == hash && known.stamp.inode == stamp.inode;
        // An answer often says nothing but its name: given once more, it is a new one.
        let again = |known: &&Known| spot.place == Place::Tasks || known.stamp == stamp;
        let old = self.known.get(spot).filter(same).filter(again);
        let standing = match old.map(|known| known.standing) {
            Some(Standing::Settled) => Standing::Settled,
            Some(Standing::Reported(told)) if at.is_recent(told) => Standing::Reported(told),
            _ => Standing::Reported(at.now),
        };
        let news = old.is_none_or(|known| known.standing != standing);
        let known = Known { stamp, hash: hash.to_owned(), standing, listing: at.listing };
        self.known.insert(spot.clone(), known);
        news
    }

    /// Whether it is news that a file is left where it is. Notes it as said.
    pub(super) fn leave(&mut self, spot: &Spot, stamp: Stamp, at: At) -> bool {
        let news = self.known.get(spot).is_none_or(|known| known.stamp != stamp);
        let known = Known { stamp, hash: String::new(), standing: Standing::Settled, listing: at.listing };
        self.known.insert(spot.clone(), known);
        news
    }

    /// A report was dealt with: the file is not told again unless its content changes.
    pub(super) fn settle(&mut self, spot: &Spot, hash: &str) {
        if let Some(known) = self.known.get_mut(spot).filter(|known| known.hash == hash) {
            known.standing = Standing::Settled;
        }
    }

    /// A report could not be dealt with yet: it is told again at the next listing.
    pub(super) fn retry_later(&mut self, spot: &Spot) {
        if let Some(known) = self.known.get_mut(spot) {
            known.standing = Standing::Later;
        }
    }

    /// Files that are to be told again, now.
    pub(super) fn retry_now(&mut self) {
        let later = self.known.iter().filter(|(_, known)| known.standing == Standing::Later);
        let mut later: Vec<Spot> = later.map(|(spot, _)| spot.clone()).collect();
        later.sort();
        for spot in later {
            self.look(spot, Why::Whole);
        }
    }

    /// The files that were reported or left: a change of their content does not show in their folder.
    pub(super) fn known(&self, place: Place) -> Vec<Spot> {
        self.known.keys().filter(|spot| spot.place == place).cloned().collect()
    }
}

/// When something happens: the moment, the listing under way or last begun, and the pauses that count.
#[derive(Clone, Copy, Debug)]
pub(super) struct At {
    pub(super) now: Instant,
    pub(super) listing: u64,
    pub(super) pace: Pace,
}

impl At {
    /// Whether something told at that moment need not be told again yet.
    fn is_recent(&self, told: Instant) -> bool {
        self.now.duration_since(told) < self.pace.again_after
    }
}

/// The pauses that a ledger minds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    /// Between two looks at a file that no event announced as whole.
    pub(super) second_look: Duration,
    /// After which nothing more is expected of an empty file.
    pub(super) quiet: Duration,
    /// After which a report that was not dealt with is repeated.
    pub(super) again_after: Duration,
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot go on should end where it stands")]
mod tests {
    use super::*;

    fn at(now: Instant, listing: u64) -> At {
        let [second_look, quiet, again_after] = [100, 2000, 5000].map(Duration::from_millis);
        At { now, listing, pace: Pace { second_look, quiet, again_after } }
    }

    fn spot(name: &str) -> Spot {
        Spot { place: Place::Tasks, name: name.to_owned() }
    }

    fn stamp(text: &str) -> Stamp {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        super::super::pickup::stamp(file.path()).unwrap()
    }

    #[test]
    fn a_file_is_queued_once_however_often_it_lands() {
        let mut ledger = Ledger::default();
        ledger.landed(spot("a"));
        ledger.landed(spot("a"));
        assert_eq!(ledger.take(), Some(Look { spot: spot("a"), why: Why::Whole }));
        assert_eq!(ledger.take(), None);
    }

    #[test]
    fn answers_come_first_and_are_not_held_back() {
        let mut ledger = Ledger::default();
        let answer = Spot { place: Place::Decisions, name: "a.approve".to_owned() };
        ledger.landed(spot("a"));
        ledger.landed(answer.clone());
        ledger.hold(true);
        assert_eq!(ledger.take(), Some(Look { spot: answer, why: Why::Whole }));
        assert!(!ledger.has_ready());
        assert_eq!(ledger.take(), None);
        ledger.hold(false);
        assert!(ledger.has_ready());
        assert_eq!(ledger.take(), Some(Look { spot: spot("a"), why: Why::Whole }));
    }

    #[test]
    fn a_listed_file_is_looked_at_after_a_moment() {
        let (mut ledger, start, stamp) = (Ledger::default(), Instant::now(), stamp("x"));
        assert!(ledger.listed(&spot("a"), 1));
        ledger.sighted(spot("a"), stamp, at(start, 1));
        ledger.run_due(start + Duration::from_millis(99));
        assert_eq!(ledger.take(), None);
        ledger.run_due(start + Duration::from_millis(100));
        assert_eq!(ledger.take().unwrap().why, Why::Waited(stamp, Wait::Moment));
        assert_eq!(ledger.next_due(), None);
    }

    #[test]
    fn what_is_being_written_is_left_to_its_close() {
        let mut ledger = Ledger::default();
        ledger.made(spot("a"));
        assert!(!ledger.listed(&spot("a"), 1));
        ledger.events_lost();
        assert!(ledger.listed(&spot("a"), 2));
    }

    #[test]
    fn a_report_is_repeated_only_after_a_while_and_never_once_settled() {
        let (mut ledger, start, stamp) = (Ledger::default(), Instant::now(), stamp("x"));
        let later = start + Duration::from_secs(6);
        assert!(ledger.report(&spot("a"), stamp, "h", at(start, 1)));
        assert!(!ledger.report(&spot("a"), stamp, "h", at(start, 1)));
        ledger.sighted(spot("a"), stamp, at(start, 1));
        assert_eq!(ledger.take(), None);
        ledger.sighted(spot("a"), stamp, at(later, 2));
        assert!(ledger.take().is_some());
        assert!(ledger.report(&spot("a"), stamp, "h", at(later, 2)));
        ledger.settle(&spot("a"), "h");
        ledger.sighted(spot("a"), stamp, at(later + Duration::from_secs(6), 3));
        assert_eq!(ledger.take(), None);
        assert!(!ledger.report(&spot("a"), stamp, "h", at(later, 3)));
        assert!(ledger.report(&spot("a"), stamp, "other", at(later, 3)));
    }

    #[test]
    fn settling_other_content_changes_nothing() {
        let (mut ledger, start, stamp) = (Ledger::default(), Instant::now(), stamp("x"));
        ledger.report(&spot("a"), stamp, "h", at(start, 1));
        ledger.settle(&spot("a"), "older");
        ledger.sighted(spot("a"), stamp, at(start + Duration::from_secs(6), 2));
        assert!(ledger.take().is_some());
    }

    #[test]
    fn what_is_to_be_retried_is_told_again_at_once_when_asked() {
        let (mut ledger, start, stamp) = (Ledger::default(), Instant::now(), stamp("x"));
        ledger.report(&spot("a"), stamp, "h", at(start, 1));
        ledger.retry_later(&spot("a"));
        ledger.retry_now();
        assert!(ledger.take().is_some());
        assert!(ledger.report(&spot("a"), stamp, "h", at(start, 1)));
    }

    #[test]
    fn what_a_listing_does_not_show_is_forgotten() {
        let (mut ledger, start, stamp) = (Ledger::default(), Instant::now(), stamp("x"));
        ledger.report(&spot("a"), stamp, "h", at(start, 1));
        ledger.wait(spot("b"), Wait::Quiet, stamp, at(start, 1));
        ledger.listing_done(Place::Decisions, 2);
        assert_eq!(ledger.known(Place::Tasks).len(), 1);
        ledger.listing_done(Place::Tasks, 2);
        assert_eq!(ledger.known(Place::Tasks), []);
        assert_eq!(ledger.next_due(), None);
    }
}
