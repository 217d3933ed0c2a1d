//! The report as people see it.

#![expect(clippy::unwrap_used, reason = "a failing test may stop where it stands")]

use super::series::series;
use super::{page, plot, report, thousands, workers};
use crate::api::{PanelRecord, Report, ReportEndings, ReportRow, WorkerRecord};

fn row(name: &str, answered: u64, failed: u64) -> ReportRow {
    let calls = answered + failed;
    ReportRow {
        name: name.to_owned(),
        tasks: calls,
        done: answered,
        calls,
        answered,
        failed,
        success_rate: (calls > 0).then(|| answered as f64 / calls as f64),
        seconds: 90.0 * calls as f64,
        mean_seconds: (calls > 0).then_some(90.0),
        input_tokens: 1_234_567,
        output_tokens: 1000,
        cost_usd: 0.25 * calls as f64,
        ..ReportRow::default()
    }
}

fn record(kind: Option<&str>, right: u64, outcomes: u64) -> WorkerRecord {
    WorkerRecord {
        worker: "claude".to_owned(),
        kind: kind.map(ToOwned::to_owned),
        outcomes,
        right,
        accuracy: right as f64 / outcomes as f64,
        low: 0.7639,
        high: 0.9911,
        stated: outcomes,
        brier: kind.is_none().then_some(0.0629),
    }
}

fn some() -> Report {
    Report {
        since: None,
        ended: ReportEndings { done: 3, failed: 1, cancelled: 0 },
        total: ReportRow { unpriced: 1, ..row("total", 3, 1) },
        workers: vec![row("claude", 2, 0), ReportRow { unpriced: 1, recovered: 1, ..row("<b>&", 1, 1) }],
        roles: vec![row("reviewer", 3, 1)],
        kinds: Vec::new(),
        days: vec![row("2026-11-01", 1, 1), row("2026-11-04", 2, 0)],
        records: vec![record(None, 19, 20), record(Some("code-review"), 3, 3)],
        panel: PanelRecord {
            tasks: 12,
            panel_right: 10,
            single_right: 2,
            panel_only: 9,
            single_only: 1,
            chance: 0.0215,
        },
    }
}

fn nothing() -> Report {
    Report {
        since: None,
        ended: ReportEndings::default(),
        total: ReportRow { name: "total".to_owned(), ..ReportRow::default() },
        workers: Vec::new(),
        roles: Vec::new(),
        kinds: Vec::new(),
        days: Vec::new(),
        records: Vec::new(),
        panel: PanelRecord::default(),
    }
}

#[test]
fn tables_line_up_and_end_with_the_sum() {
    let text = report(&some());
    let expected = "\
4 tasks ended: 3 done, 1 failed

WORKER  TASKS   DONE  CALLS  SUCCESS   MEAN  TOKENS IN    OUT      COST  CACHED  RECOVERED
claude      2  100 %      2    100 %  1m30s  1,234,567  1,000   $0.5000       0          0
<b>&        2   50 %      2     50 %  1m30s  1,234,567  1,000  $0.5000+       0          1
total       4   75 %      4     75 %  1m30s  1,234,567  1,000    $1.00+       0          0
";
    assert!(text.starts_with(expected), "{text}");
    assert!(text.contains("\nROLE ") && !text.contains("\nKIND "), "{text}");
    assert!(text.ends_with(
        "+: 1 call has no known cost, so it is more than that; workers.NAME.price helps where tokens are told\n"
    ));
}

#[test]
fn records_are_shown_with_their_intervals_and_the_panel_beside_its_best_worker() {
    let text = workers(&some());
    let expected = "\
WORKER         KIND  OUTCOMES  RIGHT  ACCURACY      95 %  STATED  BRIER
claude        (all)        20     19      95 %  76-100 %      20  0.063
claude  code-review         3      3     100 %  76-100 %       3      -
";
    assert!(text.starts_with(expected), "{text}");
    assert!(text.contains("On 12 tasks the panel was right 10 times, the worker with the best record alone 2 times."));
    assert!(text.contains("probability 0.021") || text.contains("probability 0.022"), "{text}");
    assert_eq!(workers(&nothing()), "no outcome is known yet\n");
}

#[test]
fn nothing_counted_is_said_on_every_form() {
    assert_eq!(report(&nothing()), "nothing was counted yet\n");
    assert_eq!(plot(&nothing(), 80), "nothing was counted yet\n");
    assert!(page(&nothing()).unwrap().contains("Nothing was counted yet"));
    let since = Report { since: Some("2026-11-20".to_owned()), ..nothing() };
    assert_eq!(report(&since), "nothing was counted since 2026-11-20\n");
}

#[test]
fn days_without_anything_are_in_the_series_and_many_days_stand_together() {
    let (buckets, together) = series(&some().days, 10);
    assert_eq!((buckets.len(), together), (4, 1));
    assert_eq!(buckets.iter().map(|bucket| bucket.answered).collect::<Vec<_>>(), [1, 0, 0, 2]);
    let (buckets, together) = series(&some().days, 3);
    assert_eq!((buckets.len(), together), (2, 2));
    assert_eq!(buckets.iter().map(|bucket| bucket.trials()).collect::<Vec<_>>(), [2, 2]);
    assert_eq!(series(&[row("never", 1, 1)], 3).0.len(), 0);
}

#[test]
fn a_plot_stays_within_its_width() {
    let many: Vec<ReportRow> = (1..=30).map(|day| row(&format!("2026-11-{day:02}"), day, 30 - day)).collect();
    for days in [some().days, many] {
        for width in [0, 40, 80, 200] {
            let text = plot(&Report { days: days.clone(), ..some() }, width);
            let widest = text.lines().map(|line| line.chars().count()).max().unwrap();
            assert!(widest <= width.max(40), "{widest} columns for {width}:\n{text}");
        }
    }
    let text = plot(&some(), 80);
    assert!(text.contains("calls a day") && text.contains("success") && text.contains("cost a day"), "{text}");
    assert!(text.contains("calls by worker") && text.contains("2026-11-01"), "{text}");
}

#[test]
fn the_page_needs_nothing_from_elsewhere_and_believes_no_name() {
    let page = page(&some()).unwrap();
    assert!(page.starts_with("<!doctype html>") && page.ends_with("</html>\n"));
    assert_eq!(page.matches("<svg").count(), 6, "four over time, one for each side");
    assert!(!page.contains("<b>&") && page.contains("&lt;b&gt;&amp;"), "names are escaped, in the charts too");
    let outside = page.replace("http://www.w3.org/2000/svg", "");
    assert!(!outside.contains("http") && !outside.contains("<script") && !outside.contains("src="));
}

#[test]
fn thousands_are_told_apart() {
    assert_eq!(
        [thousands(0), thousands(999), thousands(1000), thousands(1_234_567)],
        ["0", "999", "1,000", "1,234,567"]
    );
}
