//! The records as faces ask for them: the report, and taking over what another system kept.

use super::incoming::Query;
use super::local::{LocalBoard, fingerprint};
use crate::api::{Error, ErrorKind, Reply, ReportBy};
use crate::board::consensus::{self, WhatIf};
use crate::board::replay::{NoReplay, Replayed};
use crate::board::tally::metrics_file;
use crate::board::{Day, Input, TaskId, Timestamp};
use std::time::Duration;

/// Days in a week.
const WEEK: u64 = 7;
/// A day.
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

impl LocalBoard {
    pub(super) async fn report(&self, by: Option<ReportBy>, since: Option<&str>) -> Result<Reply, Error> {
        let since = since.map(|since| first_day(since, self.clock.now())).transpose()?;
        let report = self.query(|reply| Query::Report(by, since, reply)).await?;
        Ok(Reply::Report(report))
    }

    /// A task's decision made again from what was recorded.
    pub(super) async fn replay(&self, task: TaskId, what_if: WhatIf) -> Result<Reply, Error> {
        let found = self.query(|reply| Query::Replay(task.clone(), what_if.clone(), reply)).await?;
        let replayed = found.map_err(super::local::internal)?.ok_or_else(|| super::local::unknown(&task))?;
        let Replayed { recorded, decision } = *replayed.map_err(|why| {
            let (kind, hint) = match &why {
                NoReplay::NoSuchWorker { .. } => (ErrorKind::Invalid, "name one of them"),
                NoReplay::NoAnswer { left_out: true, .. } => (ErrorKind::Conflict, "leave fewer workers out"),
                NoReplay::NoAnswer { left_out: false, .. } => {
                    (ErrorKind::Conflict, "see how it stands with: synod show")
                }
            };
            Error::new(kind, why.to_string()).hint(hint)
        })?;
        let changes = recorded.as_ref().map(|recorded| consensus::differences(recorded, &decision));
        Ok(Reply::Replayed {
            text: consensus::told(recorded.as_ref(), &decision, &what_if),
            changes: changes.unwrap_or_default(),
            recorded: recorded.map(Box::new),
            decision: Box::new(decision),
        })
    }

    /// Reads the file beside the loop; what it holds is one input.
    pub(super) async fn import_records(&self, file: String, content: String, by: String) -> Result<Reply, Error> {
        let (at, hash) = (self.clock.now(), fingerprint(content.as_bytes()));
        let read = self.jobs.blocking(move || metrics_file::read(&content, at)).await;
        let read = read.map_err(super::local::internal)?.map_err(|why| {
            Error::new(ErrorKind::Invalid, format!("{file} cannot be imported: {why}"))
                .hint("it should be the older system's metrics file: for each role entries with timestamp, task_type, seconds, tokens and success")
        })?;
        let metrics_file::Read { records, entries, unread, told } = read;
        let file = self.masker.text(&file).into_owned();
        self.input(Input::ImportRecords { at, by, file, hash, records }).await?;
        Ok(Reply::RecordsImported { entries, unread, told })
    }
}

/// The first day of a stretch of time: `2026-11-20`, or so many days or weeks with today (`1d` is today alone).
fn first_day(since: &str, now: Timestamp) -> Result<Day, Error> {
    let since = since.trim();
    if let Some(day) = Day::parse(since) {
        return Ok(day);
    }
    let span = |unit: char| since.strip_suffix(unit).and_then(|number| number.parse::<u32>().ok()).map(u64::from);
    let days = span('d').or_else(|| span('w').map(|weeks| weeks * WEEK)).filter(|days| *days > 0);
    let Some(back) = days.and_then(|days| DAY.checked_mul(u32::try_from(days - 1).ok()?)) else {
        return Err(Error::new(ErrorKind::Invalid, format!("`{since}` is neither a day nor a number of days"))
            .hint("write a day as 2026-11-20, or the last days as 7d or 4w"));
    };
    let back = i64::try_from(back.as_millis()).unwrap_or(i64::MAX);
    Ok(Day::of(Timestamp(now.0.saturating_sub(back).max(0))))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failing test may stop where it stands")]
mod tests {
    use super::*;

    #[test]
    fn a_stretch_of_time_ends_today() {
        let now = Timestamp(1_795_202_782_000);
        let first = |since: &str| first_day(since, now).map(|day| day.to_string());
        assert_eq!(first("2026-01-02").unwrap(), "2026-01-02");
        assert_eq!(
            [first("1d").unwrap(), first("7d").unwrap(), first(" 2w ").unwrap()],
            ["2026-11-20", "2026-11-14", "2026-11-07"]
        );
        assert_eq!(first("4000000000d").unwrap(), "1970-01-01", "longer ago than anything");
        for wrong in ["", "0d", "-1d", "d", "2026-13-01", "yesterday", "7", "99999999999d"] {
            assert!(first(wrong).is_err(), "{wrong}");
        }
    }
}
