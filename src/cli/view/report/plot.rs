//! The report drawn with characters: columns by day, bars by worker. Works on any terminal that shows block characters, and
//! in a file as well.

use super::series::{Bucket, series};
use super::{cost, heading, percent, thousands};
use crate::api::{Report, ReportBy, ReportRow};
use crate::cli::table::cut;
use crate::cli::view::number::money;
use unicode_width::UnicodeWidthStr;

/// Lines that a column may take.
const HEIGHT: usize = 6;
/// Eighths of a character from below.
const BLOCKS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
/// Eighths of a character from the left.
const BARS: [char; 8] = [' ', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];
/// Columns for the numbers beside the axis.
const AXIS: usize = 10;
/// Widest column of a day.
const COLUMN_MAX: usize = 4;
/// Narrowest terminal that is drawn for.
const WIDTH_MIN: usize = 40;
/// Longest name of a bar.
const NAME_MAX: usize = 24;
/// Rows that are drawn as bars.
const BARS_SHOWN: usize = 12;

/// The report as a plot, `width` columns wide.
pub(in crate::cli) fn plot(report: &Report, width: usize) -> String {
    let width = width.max(WIDTH_MIN);
    if report.is_empty() {
        return super::report(report);
    }
    let mut text = heading(report);
    let (buckets, together) = series(&report.days, width - AXIS - 1);
    if !buckets.is_empty() {
        let each = if together == 1 { "a day".to_owned() } else { format!("in {together} days") };
        let calls: Vec<Option<f64>> = buckets.iter().map(|bucket| Some(bucket.trials() as f64)).collect();
        let rates: Vec<Option<f64>> = buckets.iter().map(Bucket::success).collect();
        let costs: Vec<Option<f64>> = buckets.iter().map(|bucket| Some(bucket.cost_usd)).collect();
        text.push_str(&columns(&format!("calls {each}"), &buckets, &calls, None, width, |most| thousands(most as u64)));
        text.push_str(&columns("success", &buckets, &rates, Some(1.0), width, |most| percent(Some(most))));
        if costs.iter().flatten().any(|cost| *cost > 0.0) {
            text.push_str(&columns(&format!("cost {each}"), &buckets, &costs, None, width, money));
        }
    }
    for by in ReportBy::ALL {
        text.push_str(&bars(by.as_str(), report.side(by), width));
    }
    text
}

/// Columns over the days. `most`: what a whole column stands for; the largest value when nobody says.
fn columns(
    title: &str,
    buckets: &[Bucket],
    values: &[Option<f64>],
    most: Option<f64>,
    width: usize,
    label: impl Fn(f64) -> String,
) -> String {
    let largest = values.iter().flatten().copied().fold(0.0, f64::max);
    let most = most.unwrap_or(largest);
    if most <= 0.0 {
        return String::new();
    }
    let wide = ((width - AXIS - 1) / values.len().max(1)).clamp(1, COLUMN_MAX);
    // A gap between columns where there is room for one.
    let (ink, gap) = if wide > 1 { (wide - 1, 1) } else { (1, 0) };
    let mut text = format!("\n{title}\n");
    for line in (0..HEIGHT).rev() {
        let mark = match line {
            _ if line + 1 == HEIGHT => label(most),
            0 => label(0.0),
            _ => String::new(),
        };
        let mut row = format!("{mark:>axis$} │", axis = AXIS - 2);
        for value in values {
            let block = value.map_or(' ', |value| block(value / most, line));
            row.push_str(&block.to_string().repeat(ink));
            row.push_str(&" ".repeat(gap));
        }
        text.push_str(row.trim_end());
        text.push('\n');
    }
    text.push_str(&format!("{:>axis$} └{}\n", "", "─".repeat(values.len() * wide), axis = AXIS - 2));
    if let (Some(first), Some(last)) = (buckets.first(), buckets.last()) {
        let (first, last) = (first.day.to_string(), last.day.to_string());
        let room = (values.len() * wide).saturating_sub(first.len() + last.len());
        let days = match (first == last, room) {
            (true, _) => first,
            (false, 0..=1) => format!("{first} … {last}"),
            (false, room) => format!("{first}{}{last}", " ".repeat(room)),
        };
        text.push_str(&format!("{:>axis$}{days}\n", "", axis = AXIS));
    }
    text
}

/// The character of a column at a line, counted from below. Whatever is there at all shows.
fn block(share: f64, line: usize) -> char {
    let eighths = (share.clamp(0.0, 1.0) * (HEIGHT * 8) as f64).round() as usize;
    let eighths = if share > 0.0 { eighths.max(1) } else { 0 };
    BLOCKS[eighths.saturating_sub(line * 8).min(8)]
}

/// A bar for each row, with what it stands for.
fn bars(side: &str, rows: &[ReportRow], width: usize) -> String {
    let most = rows.iter().map(|row| row.calls).max().unwrap_or(0);
    if most == 0 {
        return String::new();
    }
    let shown: Vec<&ReportRow> = rows.iter().filter(|row| row.calls > 0).take(BARS_SHOWN).collect();
    let names: Vec<String> = shown.iter().map(|row| cut(&row.name, NAME_MAX)).collect();
    let told: Vec<String> = shown
        .iter()
        .map(|row| {
            format!(
                "{} {}  {}  {}",
                thousands(row.calls),
                if row.calls == 1 { "call" } else { "calls" },
                percent(row.success_rate),
                cost(row)
            )
        })
        .collect();
    let widest = |texts: &[String]| texts.iter().map(|text| text.width()).max().unwrap_or(0);
    let (name_width, told_width) = (widest(&names), widest(&told));
    let room = width.saturating_sub(name_width + told_width + 4).max(4);
    let mut text = format!("\ncalls by {side}\n");
    for ((row, name), told) in shown.iter().zip(&names).zip(&told) {
        let eighths = (row.calls as f64 / most as f64 * (room * 8) as f64).round().max(1.0) as usize;
        let mut bar = "█".repeat(eighths / 8);
        if !eighths.is_multiple_of(8) {
            bar.push(BARS[eighths % 8]);
        }
        let (spaces, rest) = (" ".repeat(name_width - name.width()), " ".repeat(room.saturating_sub(bar.width())));
        text.push_str(&format!("{name}{spaces}  {bar}{rest}  {told}\n"));
    }
    if rows.iter().filter(|row| row.calls > 0).count() > BARS_SHOWN {
        text.push_str(&format!("and {} more\n", rows.len() - BARS_SHOWN));
    }
    text
}
