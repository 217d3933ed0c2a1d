//! The report over the records: as tables here, as a plot for the terminal and as a page beside.

mod chart;
mod page;
mod plot;
mod series;
#[cfg(test)]
mod tests;
mod workers;

pub(in crate::cli) use page::page;
pub(in crate::cli) use plot::plot;
pub(in crate::cli) use workers::workers;

use super::number::money;
use crate::api::{Report, ReportBy, ReportRow};
use crate::cli::table::Table;

/// Days that the table shows; the plot and the page show more.
const DAYS_SHOWN: usize = 14;

/// The columns of every table but its first.
const COLUMNS: [&str; 10] =
    ["TASKS", "DONE", "CALLS", "SUCCESS", "MEAN", "TOKENS IN", "OUT", "COST", "CACHED", "RECOVERED"];

/// The report as tables: one for each side that was asked for, and the last days.
pub(in crate::cli) fn report(report: &Report) -> String {
    if report.is_empty() {
        return match &report.since {
            Some(day) => format!("nothing was counted since {day}\n"),
            None => "nothing was counted yet\n".to_owned(),
        };
    }
    let mut text = heading(report);
    for by in ReportBy::ALL {
        let rows = report.side(by);
        if !rows.is_empty() {
            text.push('\n');
            text.push_str(&table(&by.as_str().to_uppercase(), rows, Some(&report.total)));
        }
    }
    let days = &report.days[report.days.len().saturating_sub(DAYS_SHOWN)..];
    if !days.is_empty() {
        text.push('\n');
        text.push_str(&table("DAY", days, None));
    }
    if report.total.unpriced > 0 {
        text.push_str(&format!("\n+: {}\n", unpriced(report.total.unpriced)));
    }
    text
}

/// The sentence about calls whose cost is not in the sums.
fn unpriced(calls: u64) -> String {
    let calls = if calls == 1 { "1 call has".to_owned() } else { format!("{calls} calls have") };
    format!("{calls} no known cost, so it is more than that; workers.NAME.price helps where tokens are told")
}

/// What the tables are about, and how the tasks ended.
fn heading(report: &Report) -> String {
    let since = report.since.as_ref().map_or_else(String::new, |day| format!(" since {day}"));
    let ended = &report.ended;
    let tasks = ended.done + ended.failed + ended.cancelled;
    let word = if tasks == 1 { "task" } else { "tasks" };
    let counts = [(ended.done, "done"), (ended.failed, "failed"), (ended.cancelled, "cancelled")];
    let counts: Vec<String> =
        counts.iter().filter(|(count, _)| *count > 0).map(|(count, name)| format!("{count} {name}")).collect();
    let how = if counts.is_empty() { String::new() } else { format!(": {}", counts.join(", ")) };
    format!("{tasks} {word} ended{since}{how}\n")
}

fn table(first: &str, rows: &[ReportRow], total: Option<&ReportRow>) -> String {
    let mut head = vec![first];
    head.extend(COLUMNS);
    let mut table = Table::of_numbers(&head);
    // The sum of one row is that row.
    let total = total.filter(|_| rows.len() > 1);
    for row in rows.iter().chain(total) {
        table.row(cells(row));
    }
    table.text()
}

fn cells(row: &ReportRow) -> Vec<String> {
    let done = share(row.done, row.tasks);
    vec![
        row.name.clone(),
        thousands(row.tasks),
        percent(done),
        thousands(row.calls),
        percent(row.success_rate),
        row.mean_seconds.map_or_else(|| "-".to_owned(), brief),
        thousands(row.input_tokens),
        thousands(row.output_tokens),
        cost(row),
        thousands(row.cached),
        thousands(row.recovered),
    ]
}

/// The part, 0 to 1; `None` of nothing.
fn share(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

fn percent(share: Option<f64>) -> String {
    match share {
        None => "-".to_owned(),
        // Nobody is told that all went well when one did not.
        Some(share) if share < 1.0 => format!("{:.0} %", (share * 100.0).floor()),
        Some(_) => "100 %".to_owned(),
    }
}

/// A span of time in a column.
fn brief(seconds: f64) -> String {
    super::seconds(seconds).replace(" min ", "m").replace(" s", "s")
}

/// What was spent; a plus where calls of unknown cost come on top.
fn cost(row: &ReportRow) -> String {
    match row.unpriced {
        0 => money(row.cost_usd),
        _ if row.cost_usd > 0.0 => format!("{}+", money(row.cost_usd)),
        _ => "unknown".to_owned(),
    }
}

/// A whole number with a comma between its thousands.
fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let groups: Vec<&str> =
        digits.as_bytes().rchunks(3).rev().filter_map(|group| std::str::from_utf8(group).ok()).collect();
    groups.join(",")
}
