//! Workers, and what a text is taken for.

use crate::api::{Route, RoutedStep, StepId, WorkerName, WorkerRow};
use crate::cli::table::Table;

/// The workers in order of preference.
pub(in crate::cli) fn workers(workers: &[WorkerRow]) -> String {
    let mut table = Table::new(&["WORKER", "PROVIDER", "MODEL", "TIER", "FAMILY", "RUNNING", "STANDING"]);
    for worker in workers {
        let (tier, running) = (worker.tier.to_string(), worker.running.to_string());
        let cells = [&worker.name, &worker.provider, &worker.model, &tier, &worker.family, &running, &worker.standing];
        table.row(cells.map(Clone::clone));
    }
    table.text()
}

/// What a text is taken for, who would be asked, and why.
pub(in crate::cli) fn route(route: &Route, explain: bool) -> String {
    let workers: Vec<&str> = route.workers.iter().map(|worker| worker.as_str()).collect();
    let mut table = Table::headless();
    for (name, value) in [
        ("kind", route.kind.as_str()),
        ("category", route.category.as_deref().unwrap_or("none")),
        ("mode", route.mode.as_str()),
        ("priority", route.priority.as_str()),
        ("workers", &if workers.is_empty() { "none".to_owned() } else { workers.join(", ") }),
    ] {
        table.row([name.to_owned(), value.to_owned()]);
    }
    let mut text = table.text();
    text.push_str(&list("why", &route.why));
    if explain {
        let steps: Vec<String> = route.steps.iter().map(step).collect();
        text.push_str(&list("steps", &steps));
    }
    text
}

/// "review (reviewer, check) after implement: claude, gemini".
fn step(step: &RoutedStep) -> String {
    let names = |names: &[WorkerName]| names.iter().map(WorkerName::as_str).collect::<Vec<_>>().join(", ");
    let needs: Vec<&str> = step.needs.iter().map(StepId::as_str).collect();
    let after = if needs.is_empty() { String::new() } else { format!(" after {}", needs.join(", ")) };
    format!("{} ({}, {}){after}: {}", step.step, step.role, step.aim, names(&step.workers))
}

/// A heading with a line for each item; nothing when there is none.
pub(super) fn list(heading: &str, items: &[String]) -> String {
    if items.is_empty() {
        return String::new();
    }
    let lines: Vec<String> = items.iter().map(|item| format!("  {item}\n")).collect();
    format!("{heading}\n{}", lines.concat())
}
