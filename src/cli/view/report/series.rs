//! The days of a report as an even series: days without anything are there too, and where there are more days than places
//! several stand together. Pure.

use crate::api::ReportRow;
use chrono::{Days, NaiveDate};
use std::collections::BTreeMap;

/// One place of the series.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Bucket {
    /// Its first day.
    pub(super) day: NaiveDate,
    pub(super) answered: u64,
    pub(super) failed: u64,
    pub(super) tokens: u64,
    pub(super) cost_usd: f64,
    pub(super) seconds: f64,
    pub(super) recovered: u64,
}

impl Bucket {
    /// Calls that answered or failed by themselves.
    pub(super) fn trials(&self) -> u64 {
        self.answered + self.failed
    }

    /// The share of those that answered, 0 to 1; `None` when there were none.
    pub(super) fn success(&self) -> Option<f64> {
        super::share(self.answered, self.trials())
    }

    fn add(&mut self, row: &ReportRow) {
        self.answered += row.answered;
        self.failed += row.failed;
        self.tokens = self.tokens.saturating_add(row.input_tokens).saturating_add(row.output_tokens);
        self.cost_usd += row.cost_usd;
        self.seconds += row.seconds;
        self.recovered += row.recovered;
    }
}

/// The series, in at most `places`, and how many days stand together in each. Empty when no day can be read.
pub(super) fn series(days: &[ReportRow], places: usize) -> (Vec<Bucket>, u64) {
    let read = |row: &ReportRow| NaiveDate::parse_from_str(&row.name, "%Y-%m-%d").ok();
    let by_day: BTreeMap<NaiveDate, &ReportRow> = days.iter().filter_map(|row| Some((read(row)?, row))).collect();
    let (Some((first, _)), Some((last, _))) = (by_day.first_key_value(), by_day.last_key_value()) else {
        return (Vec::new(), 1);
    };
    let span = u64::try_from((*last - *first).num_days()).unwrap_or_default() + 1;
    let places = u64::try_from(places.max(1)).unwrap_or(u64::MAX);
    let together = span.div_ceil(places);
    // Counted from the end, so that the last place is a whole one.
    let count = span.div_ceil(together);
    let begin = last.checked_sub_days(Days::new(count * together - 1)).unwrap_or(*first);
    let day_of = |place: u64| begin.checked_add_days(Days::new(place * together)).unwrap_or(begin);
    let mut buckets: Vec<Bucket> = (0..count).map(|place| Bucket { day: day_of(place), ..Bucket::default() }).collect();
    for (day, row) in by_day {
        let place =
            usize::try_from((day - begin).num_days()).unwrap_or_default() / usize::try_from(together).unwrap_or(1);
        if let Some(bucket) = buckets.get_mut(place) {
            bucket.add(row);
        }
    }
    (buckets, together)
}
