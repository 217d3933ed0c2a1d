//! Printing the sum behind a decision so that a person can redo it on paper. It reads nothing but the decision.

use super::super::decision::{Decision, Sum, Vote};
use super::super::id::WorkerName;
use super::super::verdict::Stance;
use super::explain_rounds;
use std::collections::BTreeMap;
use std::fmt::Write;

/// Prints the whole sum behind a decision, as Markdown: each vote, its weight and discount, the sums, the probabilities,
/// the threshold and what follows from it.
pub fn explain(decision: &Decision) -> String {
    let mut text = String::new();
    // Writing into a `String` cannot fail.
    let _ = write(&mut text, decision);
    text
}

fn write(out: &mut String, decision: &Decision) -> std::fmt::Result {
    writeln!(out, "# Why {}: {}\n", decision.task, decision.recommendation.as_str())?;
    writeln!(out, "{}\n", decision.reasoning)?;
    if decision.votes.is_empty() {
        writeln!(out, "Nobody voted.\n")?;
    } else {
        votes(out, decision)?;
    }
    super::explain_records::records(out, decision)?;
    families(out, decision)?;
    explain_rounds::evidence(out, decision)?;
    explain_rounds::rounds(out, decision)?;
    for sum in &decision.sums {
        addition(out, decision, sum)?;
    }
    conclusion(out, decision)
}

fn votes(out: &mut String, decision: &Decision) -> std::fmt::Result {
    writeln!(out, "## Votes\n")?;
    writeln!(out, "| worker | on | said | counts as | α | β | weight | discount | adds | pivotal |")?;
    writeln!(out, "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |")?;
    for vote in &decision.votes {
        let on = vote.candidate.map_or_else(|| "the matter".to_owned(), |number| format!("candidate {number}"));
        let pivotal = if vote.pivotal { "yes" } else { "no" };
        writeln!(
            out,
            "| {} | {on} | {} | {} | {:.4} | {:.4} | {:.4} | {:.4} | {:+.4} | {pivotal} |",
            vote.worker,
            vote.verdict.as_str(),
            counted(vote).as_str(),
            vote.alpha,
            vote.beta,
            vote.weight,
            vote.family_discount,
            contribution(vote),
        )?;
    }
    writeln!(
        out,
        "\nα is what the worker's tier assumes and its record shows in right answers, β in wrong ones. The weight is \
         ψ(α) − ψ(β), about ln((α − ½) / (β − ½)), at most 3; it is 0 when the worker may well be worse than a coin \
         (with a chance above 20 %). What a worker says of its own confidence does not count.\n"
    )
}

fn counted(vote: &Vote) -> Stance {
    vote.reading.counted(vote.verdict)
}

pub(super) fn contribution(vote: &Vote) -> f64 {
    let weight = vote.weight * vote.family_discount;
    match counted(vote) {
        Stance::Approve | Stance::ApproveWithChanges => weight,
        Stance::Reject => -weight,
        Stance::Abstain => 0.0,
    }
}

/// The working behind each discount that is not 1.
fn families(out: &mut String, decision: &Decision) -> std::fmt::Result {
    let mut groups: BTreeMap<(Option<u32>, bool, &str), Vec<&Vote>> = BTreeMap::new();
    for vote in decision.votes.iter().filter(|vote| contribution(vote).abs() > 0.0) {
        let key = (vote.candidate, contribution(vote) > 0.0, vote.family.as_str());
        groups.entry(key).or_default().push(vote);
    }
    let shared: Vec<_> = groups.into_iter().filter(|(_, votes)| votes[0].family_discount < 1.0).collect();
    if shared.is_empty() {
        return Ok(());
    }
    writeln!(
        out,
        "## Families\n\nRelatives who voted alike are worth n / (1 + (n − 1) · {:.2}) votes; the k-th, heaviest first, \
         adds what that number gains by it. A relative of a candidate's maker stands behind the maker.\n",
        decision.rule.family_correlation
    )?;
    for ((candidate, _, family), votes) in shared {
        let names: Vec<&str> = votes.iter().map(|vote| vote.worker.as_str()).collect();
        let whole: f64 = votes.iter().map(|vote| vote.weight).sum();
        let on = candidate.map_or_else(String::new, |number| format!(" on candidate {number}"));
        let factor = votes[0].family_discount;
        writeln!(
            out,
            "- {family}{on}: {} together weigh {whole:.4}, of which {:.4} counts; discount {factor:.4}",
            names.join(", "),
            whole * factor
        )?;
    }
    writeln!(out)
}

fn addition(out: &mut String, decision: &Decision, sum: &Sum) -> std::fmt::Result {
    match sum.candidate {
        Some(number) => {
            let chosen = if decision.answer_attempt == Some(number) { ", chosen" } else { "" };
            let maker = sum.made_by.as_ref().map_or("", WorkerName::as_str);
            writeln!(out, "## Candidate {number} by {maker}{chosen}\n")?;
            let record = sum.maker.as_ref().map_or_else(String::new, |record| {
                format!(" = ln({:.4} / {:.4}), at most ±3", record.alpha, record.beta)
            });
            writeln!(
                out,
                "- before any check: {:+.4}, the log-odds ln(α / β){record} of its maker's record",
                sum.prior
            )?;
        }
        None => {
            writeln!(out, "## The sum\n")?;
            writeln!(out, "- before any vote: {:+.4}, even odds", sum.prior)?;
        }
    }
    let on_it = |sign: f64| {
        let parts: Vec<String> = decision
            .votes
            .iter()
            .filter(|vote| vote.candidate == sum.candidate && contribution(vote) * sign > 0.0)
            .map(|vote| format!("{} {:.4} · {:.4}", vote.worker, vote.weight, vote.family_discount))
            .collect();
        if parts.is_empty() { "none".to_owned() } else { parts.join(" + ") }
    };
    writeln!(out, "- for acceptable: {} = {:.4}", on_it(1.0), sum.in_favour)?;
    writeln!(out, "- for rejection: {} = {:.4}", on_it(-1.0), sum.against)?;
    writeln!(out, "- total: {:+.4} + {:.4} − {:.4} = {:+.4}", sum.prior, sum.in_favour, sum.against, sum.total)?;
    writeln!(out, "- probability that it is acceptable: 1 / (1 + e^({:.4})) = {:.4}", -sum.total, sum.acceptable)?;
    super::explain_records::sober(out, decision, sum)?;
    writeln!(out)
}

fn conclusion(out: &mut String, decision: &Decision) -> std::fmt::Result {
    writeln!(out, "## Conclusion\n")?;
    writeln!(
        out,
        "- verdict: {}, confidence {:.4}; votes worth {:.2} independent ones",
        decision.verdict.as_str(),
        decision.overall_confidence,
        decision.effective_votes
    )?;
    writeln!(
        out,
        "- threshold of {} priority: {:.2}; with caution from {:.2}",
        decision.priority.as_str(),
        decision.threshold,
        decision.threshold - decision.rule.caution_margin
    )?;
    super::explain_records::baseline(out, decision)?;
    let names: Vec<&str> = decision.dissenters.iter().map(WorkerName::as_str).collect();
    let dissent = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
    writeln!(out, "- dissent: {dissent}")?;
    writeln!(
        out,
        "- conflict (a contradicting side at {:.2} or more, or a grave claim against an approval): {}",
        decision.rule.conflict_runner_up,
        if decision.has_conflict { "yes" } else { "no" }
    )?;
    for reason in &decision.review_reasons {
        writeln!(out, "- a person should look: {reason}")?;
    }
    writeln!(out, "- advice: {}", decision.recommendation.as_str())
}
