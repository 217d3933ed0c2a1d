//! The report over what the workers did: the same numbers on every face. Made from the records; how it looks is a face's
//! business.

use super::records::{PanelRecord, WorkerRecord, records};
use crate::board::tally::{Endings, Slice};
use crate::board::{Day, Tallies, Tally};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// From which side the records are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReportBy {
    /// A row for each worker.
    Worker,
    /// A row for each role.
    Role,
    /// A row for each kind of task.
    Kind,
}

impl ReportBy {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Self; 3] = [Self::Worker, Self::Role, Self::Kind];

    /// The word on every face.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Worker => "worker",
            Self::Role => "role",
            Self::Kind => "kind",
        }
    }
}

impl fmt::Display for ReportBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What the workers did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Report {
    /// The first day that is counted, as `2026-11-20`; absent: everything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    /// Tasks by how they ended.
    pub ended: ReportEndings,
    /// Everything together.
    pub total: ReportRow,
    /// By worker, those with the most calls first; empty when another side was asked for.
    pub workers: Vec<ReportRow>,
    /// By role.
    pub roles: Vec<ReportRow>,
    /// By kind of task.
    pub kinds: Vec<ReportRow>,
    /// By day, the oldest first; days without anything are left out.
    pub days: Vec<ReportRow>,
    /// How often each worker was right, over all time whatever day was asked for; those with the most outcomes first.
    #[serde(default)]
    pub records: Vec<WorkerRecord>,
    /// The panel beside the worker that would have been asked alone.
    #[serde(default)]
    pub panel: PanelRecord,
}

/// Tasks by how they ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReportEndings {
    /// With a decision.
    pub done: u64,
    /// Without one, or refused by a person.
    pub failed: u64,
    /// By a person.
    pub cancelled: u64,
}

/// What was counted under one name, or on one day.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ReportRow {
    /// The worker, role, kind or day; `total` for the sum.
    pub name: String,
    /// Ended tasks in which it took part.
    pub tasks: u64,
    /// Those of them that ended with a decision.
    pub done: u64,
    /// Calls that have ended, stopped ones included.
    pub calls: u64,
    /// Calls that gave an answer.
    pub answered: u64,
    /// Calls that gave none for a reason of their own.
    pub failed: u64,
    /// `answered / (answered + failed)`, 0 to 1; absent when there were none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub success_rate: Option<f64>,
    /// Seconds of all calls together.
    pub seconds: f64,
    /// Mean seconds of a call that was made; absent when there were none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mean_seconds: Option<f64>,
    /// Tokens sent.
    pub input_tokens: u64,
    /// Tokens received.
    pub output_tokens: u64,
    /// Known cost in USD.
    pub cost_usd: f64,
    /// Calls whose cost nobody knows; `cost_usd` lacks them.
    pub unpriced: u64,
    /// Answers from the cache.
    pub cached: u64,
    /// Answers that came where a call had failed before.
    pub recovered: u64,
    /// Outcomes that were right, where the outcome became known.
    pub right: u64,
    /// Outcomes that were wrong.
    pub wrong: u64,
}

impl Report {
    /// The report over the records since a day (with it), from one side or from all.
    pub fn of(tallies: &Tallies, by: Option<ReportBy>, since: Option<&Day>) -> Self {
        let slice = tallies.since(since);
        let wanted = |side: ReportBy| by.is_none_or(|by| by == side);
        let days = tallies.days.iter().filter(|(day, _)| since.is_none_or(|since| *day >= since));
        let workers = slice.workers.iter().map(|(name, tally)| (name.as_str(), tally));
        let roles = slice.roles.iter().map(|(name, tally)| (name.as_str(), tally));
        let kinds = slice.kinds.iter().map(|(name, tally)| (name.as_str(), tally));
        Self {
            since: since.map(ToString::to_string),
            ended: (&slice.ended).into(),
            total: ReportRow::of("total", &slice.total()),
            workers: if wanted(ReportBy::Worker) { rows(workers) } else { Vec::new() },
            roles: if wanted(ReportBy::Role) { rows(roles) } else { Vec::new() },
            kinds: if wanted(ReportBy::Kind) { rows(kinds) } else { Vec::new() },
            days: days
                .map(|(day, slice): (_, &std::sync::Arc<Slice>)| ReportRow::of(day.as_str(), &slice.total()))
                .collect(),
            records: if wanted(ReportBy::Worker) { records(tallies) } else { Vec::new() },
            panel: PanelRecord::of(&slice.duel),
        }
    }

    /// Whether nothing was counted.
    pub fn is_empty(&self) -> bool {
        self.total.calls == 0 && self.total.tasks == 0
    }

    /// The rows of one side.
    pub fn side(&self, by: ReportBy) -> &[ReportRow] {
        match by {
            ReportBy::Worker => &self.workers,
            ReportBy::Role => &self.roles,
            ReportBy::Kind => &self.kinds,
        }
    }
}

impl ReportRow {
    fn of(name: &str, tally: &Tally) -> Self {
        Self {
            name: name.to_owned(),
            tasks: tally.tasks,
            done: tally.done,
            calls: tally.attempts,
            answered: tally.answered,
            failed: tally.failed,
            success_rate: tally.success(),
            seconds: tally.seconds,
            mean_seconds: tally.mean_seconds(),
            input_tokens: tally.input_tokens,
            output_tokens: tally.output_tokens,
            cost_usd: tally.cost_usd,
            unpriced: tally.unpriced,
            cached: tally.cached,
            recovered: tally.recovered,
            right: tally.right,
            wrong: tally.wrong,
        }
    }
}

impl From<&Endings> for ReportEndings {
    fn from(ended: &Endings) -> Self {
        Self { done: ended.done, failed: ended.failed, cancelled: ended.cancelled }
    }
}

/// Rows, those with the most calls first, then by name.
fn rows<'a>(tallies: impl Iterator<Item = (&'a str, &'a Tally)>) -> Vec<ReportRow> {
    let mut rows: Vec<ReportRow> = tallies.map(|(name, tally)| ReportRow::of(name, tally)).collect();
    rows.sort_by(|a, b| (b.calls, b.tasks, &a.name).cmp(&(a.calls, a.tasks, &b.name)));
    rows
}
