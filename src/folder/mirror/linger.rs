//! Files that were replaced or removed are kept for a moment under their temporary name: an editor that had one open may
//! still be writing into it. What it wrote goes back to its place.

use super::known::Hash;
use super::place::{Place, Renamed, Stands};
use super::roots::Spot;
use super::stamp::Stamp;
use crate::board::MemoryName;
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Files kept at once, each with its folder open; above it the oldest one's time is over.
const KEPT_MAX: usize = 64;

/// How often a file that is just being written gets more time.
const MORE_MAX: u32 = 30;

/// A file that is kept.
#[derive(Debug)]
pub(super) struct Kept {
    pub(super) name: MemoryName,
    pub(super) spot: Spot,
    pub(super) place: Place,
    /// Its temporary name.
    pub(super) temporary: String,
    /// What it held when it was put there.
    pub(super) hash: Hash,
    pub(super) stamp: Stamp,
    /// What was put in its place; `None`: it was removed.
    pub(super) ours: Option<Hash>,
    pub(super) due: Instant,
    /// How often it got more time.
    pub(super) more: u32,
}

/// What became of a file that was kept.
#[derive(Debug)]
pub(super) enum End {
    /// Nobody wrote into it; it is removed.
    Same,
    /// Somebody did. It stands at its place again.
    Back,
    /// Somebody did, and something newer stands at its place: this text belongs into the history.
    Stray(String, Hash, Stamp),
}

impl Kept {
    /// Ends it; `None` when somebody is just writing into it, and it gets more time.
    fn end(&mut self, now: Instant, wait: Duration, bytes_max: usize) -> Option<End> {
        let (hash, stamp, text) = match self.place.stands(&self.temporary, bytes_max) {
            Stands::File(hash, _, _) if hash == self.hash => {
                self.place.unlink(&self.temporary);
                return Some(End::Same);
            }
            Stands::File(hash, stamp, text) => (hash, stamp, text),
            Stands::Nothing | Stands::Other => return Some(End::Same),
        };
        if (stamp != self.stamp || stamp.size == 0) && self.more < MORE_MAX {
            self.stamp = stamp;
            self.due = now + wait;
            self.more += 1;
            return None;
        }
        let back = match &self.ours {
            None => matches!(self.place.rename_new(&self.temporary, &self.place.file), Ok(Renamed::Done)),
            Some(ours) => self.swap_back(ours, bytes_max),
        };
        if back {
            return Some(End::Back);
        }
        let Some(text) = text else { return Some(End::Same) };
        self.place.unlink(&self.temporary);
        Some(End::Stray(text, hash, stamp))
    }

    /// Exchanges it with ours, if ours still stands at its place.
    fn swap_back(&self, ours: &Hash, bytes_max: usize) -> bool {
        let is_ours =
            |name: &str| matches!(self.place.stands(name, bytes_max), Stands::File(hash, ..) if hash == *ours);
        if !is_ours(&self.place.file)
            || !matches!(self.place.exchange(&self.temporary, &self.place.file), Ok(Renamed::Done))
        {
            return false;
        }
        if is_ours(&self.temporary) {
            self.place.unlink(&self.temporary);
            return true;
        }
        // Somebody was quicker: theirs is the newest, and goes back.
        let _theirs_stands = self.place.exchange(&self.temporary, &self.place.file);
        false
    }
}

/// The files that are kept, the oldest first.
#[derive(Debug, Default)]
pub(super) struct Linger(VecDeque<Kept>);

impl Linger {
    pub(super) fn keep(&mut self, kept: Kept) {
        self.0.push_back(kept);
    }

    /// Whether there are so many that the oldest should end now.
    pub(super) fn is_full(&self) -> bool {
        self.0.len() > KEPT_MAX
    }

    /// When the first one's time is over.
    pub(super) fn next_due(&self) -> Option<Instant> {
        self.0.iter().map(|kept| kept.due).min()
    }

    /// Ends those whose time is over.
    pub(super) fn end(&mut self, now: Instant, wait: Duration, bytes_max: usize) -> Vec<(End, Kept)> {
        let mut ended = Vec::new();
        for _ in 0..self.0.len() {
            let Some(mut kept) = self.0.pop_front() else { break };
            if kept.due > now && self.0.len() < KEPT_MAX {
                self.0.push_back(kept);
                continue;
            }
            match kept.end(now, wait, bytes_max) {
                Some(end) => ended.push((end, kept)),
                None => self.0.push_back(kept),
            }
        }
        ended
    }

    /// Removes those into which nobody wrote; the next start finds the others.
    pub(super) fn drop_all(&mut self) {
        for kept in self.0.drain(..) {
            if let Stands::File(hash, ..) = kept.place.stands(&kept.temporary, kept_bytes_max(&kept))
                && hash == kept.hash
            {
                kept.place.unlink(&kept.temporary);
            }
        }
    }
}

/// Enough to read what was put there: anything longer is another text.
fn kept_bytes_max(kept: &Kept) -> usize {
    usize::try_from(kept.stamp.size).unwrap_or(usize::MAX - 1)
}
