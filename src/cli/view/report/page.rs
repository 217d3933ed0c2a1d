//! The report as one page: tables and charts in a single file that needs nothing from elsewhere.

use super::chart::{self, Layer, Trouble};
use super::series::{Bucket, series};
use super::{COLUMNS, cells, heading, unpriced};
use crate::api::{Report, ReportBy, ReportRow};
use crate::cli::view::number::money;

/// Places of the charts over days.
const PLACES: usize = 60;
/// Bars of one chart.
const BARS: usize = 15;

const STYLE: &str = "\
:root{color-scheme:light dark}\
body{font:15px/1.5 system-ui,sans-serif;max-width:62rem;margin:2rem auto;padding:0 1rem}\
h1{font-size:1.5rem;margin-bottom:0}h2{font-size:1.1rem;margin:2rem 0 .5rem}p{margin:.3rem 0}\
.charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(24rem,1fr));gap:1rem}\
figure{margin:0}figcaption{font-weight:600}svg{width:100%;height:auto}\
.scroll{overflow-x:auto}table{border-collapse:collapse;font-variant-numeric:tabular-nums}\
th,td{padding:.2rem .7rem;text-align:right;white-space:nowrap;border-bottom:1px solid #8884}\
th:first-child,td:first-child{text-align:left}tr.total td{font-weight:600}.good{color:#2e86c1}.bad{color:#cb4335}";

/// The page.
///
/// # Errors
/// When a chart cannot be drawn.
pub(in crate::cli) fn page(report: &Report) -> Result<String, Trouble> {
    let mut body = format!("<h1>Synod: what the workers did</h1>\n<p>{}</p>\n", escaped(heading(report).trim()));
    if report.is_empty() {
        body.push_str("<p>Nothing was counted yet. Records come by themselves as tasks are worked on.</p>\n");
    } else {
        if report.total.unpriced > 0 {
            body.push_str(&format!("<p>+: {}</p>\n", escaped(&unpriced(report.total.unpriced))));
        }
        body.push_str(&over_days(report)?);
        for by in ReportBy::ALL.into_iter().filter(|by| !report.side(*by).is_empty()) {
            body.push_str(&side(by, report)?);
        }
        if !report.days.is_empty() {
            let newest: Vec<&ReportRow> = report.days.iter().rev().collect();
            body.push_str(&format!("<h2>By day</h2>\n{}", table("day", &newest, None)));
        }
    }
    Ok(format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" \
         content=\"width=device-width,initial-scale=1\">\n<title>Synod report</title>\n<style>{STYLE}</style>\n</head>\n<body>\n{body}</body>\n</html>\n"
    ))
}

fn over_days(report: &Report) -> Result<String, Trouble> {
    let (buckets, together) = series(&report.days, PLACES);
    if buckets.is_empty() {
        return Ok(String::new());
    }
    let each = if together == 1 { "a day".to_owned() } else { format!("in {together} days") };
    let answered = Layer { value: &|bucket: &Bucket| bucket.answered as f64, bad: false };
    let failed = Layer { value: &|bucket: &Bucket| bucket.failed as f64, bad: true };
    let cost = Layer { value: &|bucket: &Bucket| bucket.cost_usd, bad: false };
    let tokens = Layer { value: &|bucket: &Bucket| bucket.tokens as f64, bad: false };
    let calls = format!("Calls {each}: <span class=\"good\">answered</span>, <span class=\"bad\">failed</span>");
    let figures = [
        figure(&calls, &chart::columns(&buckets, &[answered, failed], &chart::whole)?),
        figure("Success: the share of calls that answered", &chart::rate(&buckets, &Bucket::success)?),
        figure(&format!("Cost {each}"), &chart::columns(&buckets, &[cost], &|usd| money(*usd))?),
        figure(&format!("Tokens {each}"), &chart::columns(&buckets, &[tokens], &chart::whole)?),
    ];
    Ok(format!("<h2>Over time</h2>\n<div class=\"charts\">\n{}</div>\n", figures.concat()))
}

fn side(by: ReportBy, report: &Report) -> Result<String, Trouble> {
    let rows = report.side(by);
    let called: Vec<(&str, f64, f64)> = rows
        .iter()
        .filter(|row| row.answered + row.failed > 0)
        .take(BARS)
        .map(|row| (row.name.as_str(), row.answered as f64, row.failed as f64))
        .collect();
    let mut text = format!("<h2>By {by}</h2>\n");
    if !called.is_empty() {
        let caption = "Calls: <span class=\"good\">answered</span>, <span class=\"bad\">failed</span>";
        text.push_str(&figure(caption, &chart::bars(&called)?));
    }
    text.push_str(&table(by.as_str(), &rows.iter().collect::<Vec<_>>(), Some(&report.total)));
    Ok(text)
}

/// A chart with what it shows. The caption is our own, the chart's words are escaped by who draws it.
fn figure(caption: &str, svg: &str) -> String {
    format!("<figure>\n<figcaption>{caption}</figcaption>\n{svg}\n</figure>\n")
}

fn table(first: &str, rows: &[&ReportRow], total: Option<&ReportRow>) -> String {
    let head: Vec<String> = std::iter::once(first)
        .chain(COLUMNS)
        .map(|name| format!("<th>{}</th>", escaped(&name.to_lowercase())))
        .collect();
    let row = |class: &str, row: &ReportRow| {
        let cells: Vec<String> = cells(row).iter().map(|cell| format!("<td>{}</td>", escaped(cell))).collect();
        format!("<tr{class}>{}</tr>\n", cells.concat())
    };
    let lines: Vec<String> = rows.iter().map(|each| row("", each)).collect();
    let total = total.filter(|_| rows.len() > 1).map_or_else(String::new, |total| row(" class=\"total\"", total));
    format!("<div class=\"scroll\"><table>\n<tr>{}</tr>\n{}{total}</table></div>\n", head.concat(), lines.concat())
}

/// Text as it must stand in a page: names come from files that others wrote.
fn escaped(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut out, c| {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
        out
    })
}
