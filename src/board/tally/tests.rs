//! The older metrics file in the shapes in which it is about.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should end where it stands")]

use super::metrics_file::{Read, read};
use crate::board::Timestamp;

const TODAY: Timestamp = Timestamp(1_795_202_782_000);

fn lines(read: &Read) -> Vec<String> {
    let records = read.records.iter().map(|record| {
        let tally = &record.tally;
        format!(
            "{} {} {}: {}/{} {} s {}+{} ${}",
            record.day,
            record.worker,
            record.kind,
            tally.done,
            tally.tasks,
            tally.seconds,
            tally.input_tokens,
            tally.output_tokens,
            tally.cost_usd
        )
    });
    records.collect()
}

fn shape(text: &str) -> Vec<String> {
    lines(&read(text, TODAY).unwrap())
}

#[test]
fn entries_by_role_are_summed_by_day_and_kind() {
    let text = r#"{
        "sisyphus": [
            {"timestamp": "2026-01-05T10:00:00.123456", "task_type": "planning", "seconds": 2.5, "tokens": 1000, "success": true},
            {"timestamp": "2026-01-05T11:00:00Z", "task_type": "planning", "seconds": 1.5, "tokens": 500, "success": false}
        ],
        "oracle": [{"timestamp": 1767780000, "task_type": "review", "duration_ms": 900, "input_tokens": 7, "output_tokens": 3, "cost": 0.5, "success": 1}]
    }"#;
    let expected =
        ["2026-01-05 sisyphus planning: 1/2 4 s 1500+0 $0", "2026-01-07 oracle code-review: 1/1 0.9 s 7+3 $0.5"];
    assert_eq!(shape(text), expected);
    assert_eq!(read(text, TODAY).unwrap().told, Vec::<String>::new());
}

#[test]
fn other_shapes_say_the_same() {
    let one = ["2026-01-05 librarian research: 1/1 2 s 10+5 $0"];
    let entry = r#"{"agent": "librarian", "time": "2026-01-05 09:00:00", "type": "search", "duration": "2", "usage": {"prompt_tokens": 10, "completion_tokens": 5}, "status": "completed"}"#;
    assert_eq!(shape(&format!("[{entry}]")), one, "a list");
    assert_eq!(shape(entry), one, "one entry");
    assert_eq!(shape(&format!("{entry}\n\n{entry}\n")).join(""), one[0].replace("1/1 2 s 10+5", "2/2 4 s 20+10"));
    assert_eq!(shape(&format!(r#"{{"version": 1, "metrics": {{"librarian": {{"history": [{entry}]}}}}}}"#)), one);
    assert_eq!(shape(&format!(r#"{{"metrics": {{"2026-01-05": [{entry}]}}}}"#)), one, "by day");
}

#[test]
fn sums_are_taken_where_there_are_no_entries_and_only_there() {
    let sums = r#""total_tasks": 4, "successful_tasks": 3, "total_time": 8.0, "total_tokens": 100"#;
    let text = format!(r#"{{"oracle": {{{sums}, "last_used": "2026-01-05"}}}}"#);
    assert_eq!(shape(&text), ["2026-01-05 oracle unknown: 3/4 8 s 100+0 $0"]);
    let both = format!(r#"{{"oracle": {{{sums}, "tasks": [{{"timestamp": "2026-01-05", "success": true}}]}}}}"#);
    assert_eq!(shape(&both), ["2026-01-05 oracle unknown: 1/1 0 s 0+0 $0"]);
    assert_eq!(
        shape(r#"{"a": {"count": 10, "success_rate": 90, "avg_time": 2}}"#),
        ["2026-11-20 a unknown: 9/10 20 s 0+0 $0"]
    );
}

#[test]
fn what_cannot_be_read_is_told() {
    let text = r#"{
        "oracle": [{"timestamp": "2026-01-05", "seconds": 1}, 7, {"success": true}, {"success": "perhaps"}, {"foo": 1}],
        "hephaestus": {"total_tasks": 1, "successful_tasks": 2}
    }"#;
    let read = read(text, TODAY).unwrap();
    assert_eq!((read.entries, read.unread), (1, 5));
    let expected = [
        "oracle[0] does not say whether it succeeded",
        "oracle[1] is no entry",
        "oracle[3] does not say whether it succeeded",
        "oracle[4] says neither whether it succeeded nor how many did",
        "hephaestus gives sums that do not fit each other",
        "1 entries name no time and were counted on the day of the import",
    ];
    assert_eq!(read.told, expected);
}

#[test]
fn nonsense_is_refused_and_never_believed() {
    for text in ["", "no", "[]", "{}", "7", "null", r#"{"a": []}"#, r#"{"a": {"b": 1}}"#, r#"[{"success": true}]"#] {
        assert!(read(text, TODAY).is_err(), "{text}");
    }
    let huge = r#"{"a": [{"success": true, "tokens": 1e300, "seconds": -5, "cost": "NaN", "timestamp": 1e40}]}"#;
    assert_eq!(shape(huge), ["2026-11-20 a unknown: 1/1 0 s 0+0 $0"]);
    let deep = format!("{}1{}", "[".repeat(100), "]".repeat(100));
    assert!(read(&deep, TODAY).is_err());
    let name = format!(r#"{{"{}": [{{"success": true}}]}}"#, "x\\u0000y".repeat(100));
    assert_eq!(read(&name, TODAY).unwrap().records[0].worker.as_str().chars().count(), 64);
}

#[test]
fn means_under_their_many_names_count_and_what_is_missing_is_told() {
    let of = |more: &str| {
        read(&format!(r#"{{"a": {{"count": 10, "success_rate": 90, "date": "2026-01-05"{more}}}}}"#), TODAY).unwrap()
    };
    for more in [r#", "avg_seconds": 2"#, r#", "average_duration_seconds": 2"#, r#", "mean_latency_ms": 2000"#] {
        let read = of(more);
        assert_eq!(lines(&read), ["2026-01-05 a unknown: 9/10 20 s 0+0 $0"], "{more}");
        assert_eq!(read.told, Vec::<String>::new());
    }
    assert_eq!(of("").told, ["a does not say how long its tasks took, so they count as 0 s"]);
    let odd = read(r#"{"a": [{"timestamp": "last Tuesday", "seconds": 1, "success": true}]}"#, TODAY).unwrap();
    assert_eq!(odd.told, ["a[0] gives a time that cannot be read, and was counted on the day of the import"]);
}
