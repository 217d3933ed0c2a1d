//! Tasks for people: the list, all of one, and what is said of one at its end.

use super::decision::decision;
use super::number::{money, seconds, spent};
use super::people::list;
use crate::api::{AttemptView, Ending, TaskRow, TaskView};
use crate::cli::table::{Table, cut};

/// Columns of a title in a list.
const TITLE_WIDTH_MAX: usize = 60;
/// Columns of a failed call's message in a table.
const ERROR_WIDTH_MAX: usize = 80;

/// The list.
pub(in crate::cli) fn tasks(tasks: &[TaskRow]) -> String {
    let mut table = Table::new(&["ID", "STATE", "ADVICE", "PRIORITY", "KIND", "ACCEPTED", "COST", "TITLE"]);
    for task in tasks {
        table.row([
            task.id.to_string(),
            task.state.clone(),
            task.recommendation.clone().unwrap_or_else(|| "-".to_owned()),
            task.priority.as_str().to_owned(),
            task.kind.to_string(),
            task.accepted.rfc3339(),
            spent(task.cost_usd, task.cost_unknown),
            cut(&task.title, TITLE_WIDTH_MAX),
        ]);
    }
    table.text()
}

/// All of one task.
pub(in crate::cli) fn task(view: &TaskView) -> String {
    let mut parts = vec![head(view)];
    if !view.steps.is_empty() {
        parts.push(steps(view));
    }
    if !view.attempts.is_empty() {
        parts.push(attempts(&view.attempts));
    }
    parts.extend(end(view));
    parts.join("\n")
}

/// What is said of a task that rests: how it stands, the decision, the answer, what to do.
pub(in crate::cli) fn conclusion(view: &TaskView) -> String {
    let id = &view.row.id;
    let stands = match (&view.row.ending, view.row.state.as_str()) {
        (Some(Ending::Done), _) => format!("{id}: done\n"),
        (Some(Ending::Failed { why }), _) => format!("{id}: failed: {why}\n"),
        (Some(Ending::Cancelled { by }), _) => format!("{id}: cancelled by {by}\n"),
        (None, "awaiting_person") => {
            format!("{id}: waits for you: synod approve {id}, or: synod reject {id} --why \"…\"\n")
        }
        (None, state) => format!("{id}: {}\n", state.replace('_', " ")),
    };
    [vec![stands], end(view)].concat().join("\n")
}

/// The decision and the answer, each where there is one.
fn end(view: &TaskView) -> Vec<String> {
    let answer = view.answer.as_deref().map(without_verdict).filter(|answer| !answer.trim().is_empty()).map(|answer| {
        let by = view.decision.as_ref().and_then(|decision| decision.answer_by.as_ref());
        let by = by.map(|worker| format!(" ({worker})")).unwrap_or_default();
        format!("answer{by}\n\n{}\n", answer.trim_end())
    });
    view.decision.as_ref().map(|made| decision(made, view.row.cost_unknown)).into_iter().chain(answer).collect()
}

/// An answer without the verdict block at its end, whose content stands above it as issues and votes.
fn without_verdict(answer: &str) -> &str {
    let block = answer.rfind("```json").filter(|at| {
        let block = &answer[*at..];
        block.trim_end().ends_with("```") && block.contains("\"verdict\"")
    });
    block.map_or(answer, |at| &answer[..at])
}

fn head(view: &TaskView) -> String {
    let row = &view.row;
    let mut table = Table::headless();
    let mut line = |name: &str, value: String| table.row([name.to_owned(), value]);
    line("task", row.id.to_string());
    line("title", row.title.clone());
    let state = row.state.replace('_', " ");
    line(
        "state",
        match &row.ending {
            Some(Ending::Failed { why }) => format!("{state}: {why}"),
            Some(Ending::Cancelled { by }) => format!("{state} by {by}"),
            Some(Ending::Done) | None => state,
        },
    );
    line("kind", format!("{}, {} mode, priority {}", row.kind, view.mode.as_str(), row.priority.as_str()));
    line("accepted", row.accepted.rfc3339());
    if let Some(ended) = row.ended {
        let took = seconds(ended.since(row.accepted).as_secs_f64());
        line("ended", format!("{} (after {took})", ended.rfc3339()));
    }
    line("cost", spent(row.cost_usd, row.cost_unknown));
    if !view.waits_for.is_empty() {
        let names: Vec<String> = view.waits_for.iter().map(ToString::to_string).collect();
        line("waits for", names.join(", "));
    }
    table.text() + &list("routed so, because", &view.why_routed)
}

fn steps(view: &TaskView) -> String {
    let mut table = Table::new(&["STEP", "ROLE", "NEEDS", "WORKERS"]);
    for step in &view.steps {
        let needs: Vec<&str> = step.needs.iter().map(|step| step.as_str()).collect();
        let workers: Vec<&str> = step.workers.iter().map(|worker| worker.as_str()).collect();
        let needs = if needs.is_empty() { "-".to_owned() } else { needs.join(", ") };
        table.row([step.id.to_string(), step.role.to_string(), needs, workers.join(", ")]);
    }
    table.text()
}

/// A call that gave an answer has cost something, whether its worker said how much or not.
fn cost(attempt: &AttemptView) -> String {
    let untold = if attempt.state == "answered" { "unknown" } else { "-" };
    attempt.cost_usd.map_or_else(|| untold.to_owned(), money)
}

fn attempts(attempts: &[AttemptView]) -> String {
    let mut table = Table::new(&["ATTEMPT", "STEP", "WORKER", "STATE", "TIME", "COST", "ERROR"]);
    let dash = || "-".to_owned();
    for attempt in attempts {
        table.row([
            attempt.number.to_string(),
            attempt.step.to_string(),
            attempt.worker.to_string(),
            attempt.note.as_ref().map_or_else(|| attempt.state.clone(), |note| format!("{}: {note}", attempt.state)),
            attempt.seconds.map_or_else(dash, seconds),
            cost(attempt),
            attempt.error.as_deref().map(|error| cut(error, ERROR_WIDTH_MAX)).unwrap_or_default(),
        ]);
    }
    table.text()
}
