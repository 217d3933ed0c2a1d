//! `/metrics`: the board's numbers in the text format that Prometheus reads. Made at each question from what every face can
//! ask, so nothing is counted twice and nothing stays behind. Labels are names of workers and fixed words only.

use super::problem::Problem;
use super::routes::Asked;
use crate::api::{Reply, Report, Request, Status, WorkerRow};
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};
use std::sync::atomic::AtomicU64;

/// What tells one series of a metric from another.
type Labels = Vec<(&'static str, String)>;
/// A sum that only grows.
type Count = Family<Labels, Counter>;
/// The same in parts.
type Sum = Family<Labels, Counter<f64, AtomicU64>>;
/// How something stands.
type Level = Family<Labels, Gauge>;

/// The format's name, as its standard gives it.
const FORMAT: HeaderValue = HeaderValue::from_static("application/openmetrics-text; version=1.0.0; charset=utf-8");

/// Answers with the numbers.
pub(super) async fn metrics(State(asked): State<Asked>) -> Result<Response, Problem> {
    let mut registry = Registry::with_prefix("synod");
    if let Reply::Status(status) = asked.ask(Request::Status).await?.0 {
        standing(&mut registry, &status);
    }
    if let Reply::Workers { workers } = asked.ask(Request::Workers).await?.0 {
        running(&mut registry, &workers);
    }
    if let Reply::Report(report) = asked.ask(Request::Report { by: None, since: None }).await?.0 {
        records(&mut registry, &report);
    }
    let mut text = String::new();
    // Writing into a text cannot fail.
    let _ = encode(&mut text, &registry);
    Ok(([(header::CONTENT_TYPE, FORMAT)], text).into_response())
}

fn of(name: &'static str, value: &str) -> Labels {
    vec![(name, value.to_owned())]
}

/// A number as a gauge takes it.
fn level(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn standing(registry: &mut Registry, status: &Status) {
    let info = Level::default();
    info.get_or_create(&of("version", &status.version)).set(1);
    registry.register("info", "The daemon; the number is always 1", info);

    let tasks = Level::default();
    for phase in ["waiting", "working", "awaiting_person"] {
        let open = status.phases.get(phase).copied().unwrap_or_default();
        tasks.get_or_create(&of("phase", phase)).set(level(open));
    }
    registry.register("tasks_open", "Tasks that have not ended, by how they stand", tasks);

    let trouble = Gauge::<i64>::default();
    trouble.set(i64::from(status.trouble.is_some()));
    registry.register("trouble", "1 while something keeps the daemon from taking work", trouble);

    let unwritten = Gauge::<i64>::default();
    unwritten.set(level(status.seq.0.saturating_sub(status.published.0)));
    registry.register("events_unwritten", "Events that do not stand in files yet", unwritten);

    let events = Counter::<u64>::default();
    events.inc_by(status.seq.0);
    registry.register("events", "Events in the journal, ever", events);
}

fn running(registry: &mut Registry, workers: &[WorkerRow]) {
    let (running, ready) = (Level::default(), Level::default());
    for worker in workers {
        running.get_or_create(&of("worker", &worker.name)).set(i64::from(worker.running));
        let is_ready = worker.standing.starts_with("ready");
        ready.get_or_create(&of("worker", &worker.name)).set(i64::from(is_ready));
    }
    registry.register("calls_running", "Calls running now, by worker", running);
    registry.register("worker_ready", "1 while the worker may be asked, 0 while it rests or is blocked", ready);
}

fn records(registry: &mut Registry, report: &Report) {
    let ended = Count::default();
    for (ending, count) in
        [("done", report.ended.done), ("failed", report.ended.failed), ("cancelled", report.ended.cancelled)]
    {
        ended.get_or_create(&of("ending", ending)).inc_by(count);
    }
    registry.register("tasks_ended", "Ended tasks, by how they ended", ended);

    let (calls, tokens) = (Count::default(), Count::default());
    let (cached, recovered, unpriced) = (Count::default(), Count::default(), Count::default());
    let (seconds, cost) = (Sum::default(), Sum::default());
    for row in &report.workers {
        let with = |name: &'static str, value: &str| vec![("worker", row.name.clone()), (name, value.to_owned())];
        let stopped = row.calls.saturating_sub(row.answered + row.failed);
        for (result, count) in [("answered", row.answered), ("failed", row.failed), ("stopped", stopped)] {
            calls.get_or_create(&with("result", result)).inc_by(count);
        }
        for (direction, count) in [("input", row.input_tokens), ("output", row.output_tokens)] {
            tokens.get_or_create(&with("direction", direction)).inc_by(count);
        }
        let worker = of("worker", &row.name);
        cached.get_or_create(&worker).inc_by(row.cached);
        recovered.get_or_create(&worker).inc_by(row.recovered);
        unpriced.get_or_create(&worker).inc_by(row.unpriced);
        seconds.get_or_create(&worker).inc_by(row.seconds);
        cost.get_or_create(&worker).inc_by(row.cost_usd);
    }
    registry.register("calls", "Calls that have ended, by worker and result", calls);
    registry.register("tokens", "Tokens sent and received, by worker", tokens);
    registry.register_with_unit("call", "Seconds that calls ran, by worker", Unit::Seconds, seconds);
    registry.register_with_unit("cost", "Known cost in US dollars, by worker", Unit::Other("usd".to_owned()), cost);
    registry.register("calls_unpriced", "Calls whose cost nobody knows, by worker", unpriced);
    registry.register("answers_cached", "Answers that came from the cache, by worker", cached);
    registry.register("recoveries", "Answers that came where a call had failed before, by worker", recovered);
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failing test may stop where it stands")]
mod tests {
    use super::*;
    use crate::api::{ReportEndings, ReportRow, Seq};

    #[test]
    fn every_number_has_its_series() {
        let status = Status {
            pid: 1,
            version: "0.1.0".to_owned(),
            workspace: "/w".to_owned(),
            open_tasks: 3,
            phases: [("working".to_owned(), 3)].into(),
            running_calls: 1,
            seq: Seq(9),
            published: Seq(7),
            listen: None,
            trouble: Some("disk full".to_owned()),
        };
        let worker = WorkerRow {
            name: "claude".to_owned(),
            provider: "claude-code".to_owned(),
            model: "m".to_owned(),
            tier: 1,
            family: "anthropic".to_owned(),
            standing: "resting until x".to_owned(),
            running: 1,
        };
        let row = ReportRow {
            name: "a\"b".to_owned(),
            calls: 10,
            answered: 7,
            failed: 2,
            seconds: 1.5,
            input_tokens: 100,
            output_tokens: 20,
            cost_usd: 0.25,
            ..ReportRow::default()
        };
        let report = Report {
            since: None,
            ended: ReportEndings { done: 4, failed: 1, cancelled: 2 },
            total: ReportRow::default(),
            workers: vec![row],
            roles: Vec::new(),
            kinds: Vec::new(),
            days: Vec::new(),
            records: Vec::new(),
            panel: crate::api::PanelRecord::default(),
        };
        let mut registry = Registry::with_prefix("synod");
        standing(&mut registry, &status);
        running(&mut registry, &[worker]);
        records(&mut registry, &report);
        let mut text = String::new();
        encode(&mut text, &registry).unwrap();
        for line in [
            r#"synod_info{version="0.1.0"} 1"#,
            r#"synod_tasks_open{phase="working"} 3"#,
            r#"synod_tasks_open{phase="waiting"} 0"#,
            "synod_trouble 1",
            "synod_events_unwritten 2",
            "synod_events_total 9",
            r#"synod_calls_running{worker="claude"} 1"#,
            r#"synod_worker_ready{worker="claude"} 0"#,
            r#"synod_tasks_ended_total{ending="done"} 4"#,
            r#"synod_calls_total{worker="a\"b",result="answered"} 7"#,
            r#"synod_calls_total{worker="a\"b",result="stopped"} 1"#,
            r#"synod_tokens_total{worker="a\"b",direction="output"} 20"#,
            r#"synod_call_seconds_total{worker="a\"b"} 1.5"#,
            r#"synod_cost_usd_total{worker="a\"b"} 0.25"#,
            "# TYPE synod_calls counter",
            "# EOF",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
        }
    }
}
