//! The groups that say how money is saved: `[selection]` and `[cache]`. What may be spent stands in `[limits]`, what a
//! model costs in `prices`; how either is used is the board's and the daemon's business.

use std::time::Duration;

use super::reader::{Reader, section};
use super::settings::Settings;

section! {
    /// How the cheapest reliable worker is chosen.
    pub struct Selection {
        /// Whether outcomes may change the order in which workers are asked; `false`: the catalog's order stands.
        pub cheapest: bool,
        /// Known outcomes of a worker on a kind of task below which its record counts for nothing.
        pub trials_min: u32,
        /// Success rate on the kind, 0 to 1, that a worker preferred for its price must reach with 95 % certainty.
        pub success_min: f64,
        /// Share of tasks, 0 to 1, on which a cheaper worker that is not known well enough is tried first.
        pub explore: f64,
    }
}

section! {
    /// Kept answers of identical calls.
    pub struct Cache {
        /// Whether identical calls are answered from the store.
        pub answers: bool,
        /// Answers kept; the oldest goes first.
        pub entries_max: usize,
        /// How long an answer may stand for a new call.
        pub age_max: Duration,
    }
}

/// Shares within 0 to 1, and bounds that leave something.
pub(super) fn check(reader: &Reader<'_>, settings: &Settings) {
    let selection = &settings.selection;
    for (key, share) in [("success_min", selection.success_min), ("explore", selection.explore)] {
        if !(0.0..=1.0).contains(&share) {
            reader.fault(&format!("selection.{key}"), "must be from 0 to 1");
        }
    }
    if selection.trials_min == 0 {
        reader.fault("selection.trials_min", "must be at least 1; `cheapest = false` leaves the order alone");
    }
    if settings.cache.entries_max == 0 {
        reader.fault("cache.entries_max", "must be at least 1; `answers = false` turns the cache off");
    }
}
