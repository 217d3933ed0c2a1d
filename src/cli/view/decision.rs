//! A decision for people: the advice first, then what is wrong, who disagreed, the votes.

use super::number::{seconds, spent};
use super::people::list;
use crate::api::{Decision, Issue, Vote};
use crate::cli::table::Table;

/// The decision without the answer; `unknown`: how many answers' cost nobody told.
pub(super) fn decision(decision: &Decision, unknown: u32) -> String {
    let mut text = head(decision, unknown);
    text.push_str(&issues(&decision.issues));
    text.push_str(&votes(&decision.votes));
    let failed = decision.failed_workers.iter();
    let failed: Vec<String> =
        failed.map(|one| format!("{}: {} (after {})", one.worker, one.error, seconds(one.after_s))).collect();
    text.push_str(&list("gave nothing", &failed));
    if decision.needs_human_review {
        text.push_str(&list("a person should look, because", &decision.review_reasons));
    }
    text
}

fn head(decision: &Decision, unknown: u32) -> String {
    let mut table = Table::headless();
    let mut row = |name: &str, value: String| table.row([name.to_owned(), value]);
    row("advice", decision.recommendation.as_str().replace('_', " "));
    row("verdict", decision.verdict.as_str().replace('_', " "));
    row(
        "confidence",
        format!(
            "{:.2} ({:.2} is needed at priority {})",
            decision.overall_confidence,
            decision.threshold,
            decision.priority.as_str()
        ),
    );
    row("models", format!("{}, worth {:.1} independent votes", decision.model_count, decision.effective_votes));
    if decision.has_conflict {
        row("conflict", "yes".to_owned());
    }
    if !decision.dissenters.is_empty() {
        let names: Vec<&str> = decision.dissenters.iter().map(|worker| worker.as_str()).collect();
        row("dissent", names.join(", "));
    }
    let calls = if decision.attempts == 1 { "call" } else { "calls" };
    row(
        "spent",
        format!(
            "{} in {}, {} {calls}",
            spent(decision.cost_usd, unknown),
            seconds(decision.duration_s),
            decision.attempts
        ),
    );
    table.text()
}

fn issues(issues: &[Issue]) -> String {
    let lines: Vec<String> = issues
        .iter()
        .flat_map(|issue| {
            let by: Vec<&str> = issue.raised_by.iter().map(|worker| worker.as_str()).collect();
            let place = if issue.claim.place.is_empty() { String::new() } else { format!(" {}", issue.claim.place) };
            let what = one_line(&issue.claim.what);
            let first = format!("{}{place}: {what} ({})", issue.severity().as_str(), by.join(", "));
            let fix = (!issue.claim.fix.is_empty()).then(|| format!("  fix: {}", one_line(&issue.claim.fix)));
            std::iter::once(first).chain(fix)
        })
        .collect();
    list("issues", &lines)
}

fn votes(votes: &[Vote]) -> String {
    if votes.is_empty() {
        return String::new();
    }
    let mut table = Table::new(&["VOTE OF", "ON", "VERDICT", "WEIGHT", "FAMILY", "PIVOTAL"]);
    for vote in votes {
        table.row([
            vote.worker.to_string(),
            vote.candidate.map_or_else(|| "the matter".to_owned(), |number| format!("attempt {number}")),
            vote.verdict.as_str().replace('_', " "),
            format!("{:.2}", vote.weight * vote.family_discount),
            vote.family.clone(),
            if vote.pivotal { "yes" } else { "no" }.to_owned(),
        ]);
    }
    table.text()
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
