//! The decision as files: `decisions/<id>.json` for programs and `decisions/<id>.md` for people, both saying the same.

use super::number::{count, money, seconds, share, words};
use super::output::limited;
use crate::board::decision::{Decision, Evidence, Issue, IssueStatus, Vote};
use crate::board::verdict::Reading;
use crate::board::{Severity, Stance, WorkerName};
use crate::folder::ink::Ink;
use serde_json::Value;
use std::fmt::Write;

/// `decisions/<id>.json`: the form of `docs/schema/decision.json`. `answer` is the text, loaded whole.
pub(crate) fn json(ink: &Ink, decision: &Decision, answer: &str) -> Value {
    let mut value = serde_json::to_value(decision).unwrap_or_default();
    if let Some(slot) = value.get_mut("answer") {
        *slot = Value::String(answer.to_owned());
    }
    ink.mask.value(&mut value, usize::MAX);
    value
}

/// `decisions/<id>.md`.
pub(crate) fn page(ink: &Ink, decision: &Decision, answer: &str, text_bytes_max: usize) -> String {
    let mut out = heading(ink, decision);
    push_issues(&mut out, ink, decision);
    push_dissent(&mut out, ink, decision);
    push_evidence(&mut out, ink, decision);
    push_rounds(&mut out, ink, decision);
    push_votes(&mut out, ink, decision);
    push_failed(&mut out, ink, decision);
    push_facts(&mut out, ink, decision);
    let by =
        decision.answer_by.as_ref().map_or_else(String::new, |worker| format!(" of {}", ink.line(worker.as_str())));
    let attempt = decision.answer_attempt.map_or_else(String::new, |number| format!(" (attempt {number})"));
    let _infallible = write!(out, "\n## Answer{by}{attempt}\n\n");
    if answer.is_empty() {
        out.push_str("There is none.\n");
    } else {
        out.push_str(&ink.fenced(&limited(ink, answer, text_bytes_max), "markdown"));
    }
    out
}

/// The recommendation with what it rests on: the part that a hurried person reads.
fn heading(ink: &Ink, decision: &Decision) -> String {
    let mut out = format!("# {}: {}\n\n", decision.task, words(decision.recommendation.as_str()));
    out.push_str(&summary(decision));
    out.push('\n');
    if decision.needs_human_review {
        let reasons: Vec<_> = decision.review_reasons.iter().map(|reason| ink.line(reason)).collect();
        let why = if reasons.is_empty() { String::new() } else { format!(": {}", reasons.join("; ")) };
        let task = &decision.task;
        let _infallible = write!(
            out,
            "\n**A person should look**{why}.\nWhile it stands in `tasks/active/` it waits for you: answer with a file `{task}.approve`, or `{task}.reject` with the reason in it, beside this one.\n"
        );
    }
    if !decision.reasoning.trim().is_empty() {
        let _infallible = write!(out, "\n{}\n", ink.paragraph(&decision.reasoning));
    }
    out
}

/// One sentence: the verdict, its confidence, what was needed, and who counted.
pub(crate) fn summary(decision: &Decision) -> String {
    format!(
        "The verdict is **{}** with confidence {}; {} is needed at priority {}. {} answer{} worth {:.1} independent votes{}.",
        words(decision.verdict.as_str()),
        share(decision.overall_confidence),
        share(decision.threshold),
        decision.priority.as_str(),
        decision.model_count,
        if decision.model_count == 1 { " is" } else { "s are" },
        decision.effective_votes,
        if decision.has_conflict { "; **they contradict each other**" } else { "" },
    )
}

fn push_issues(out: &mut String, ink: &Ink, decision: &Decision) {
    if decision.issues.is_empty() {
        return;
    }
    out.push_str("\n## Issues\n");
    for severity in [Severity::Critical, Severity::High, Severity::Medium, Severity::Low] {
        let mut some = decision.issues.iter().filter(|issue| issue.severity() == severity).peekable();
        if some.peek().is_some() {
            let word = severity.as_str();
            let _infallible = write!(out, "\n### {}{}\n\n", word[..1].to_uppercase(), &word[1..]);
        }
        some.for_each(|issue| push_issue(out, ink, issue));
    }
}

/// One issue as a list item.
pub(crate) fn push_issue(out: &mut String, ink: &Ink, issue: &Issue) {
    let place =
        if issue.claim.place.is_empty() { String::new() } else { format!("{}: ", ink.code(&issue.claim.place)) };
    let status = match issue.status {
        IssueStatus::Claimed => "",
        IssueStatus::Confirmed => " **Confirmed.**",
        IssueStatus::Refuted => " **Refuted.**",
    };
    let what = if place.is_empty() { ink.start(&issue.claim.what) } else { ink.line(&issue.claim.what) };
    let _infallible = writeln!(out, "- {place}{what}{status} ({})", names(ink, &issue.raised_by));
    if !issue.claim.fix.is_empty() {
        let _infallible = writeln!(out, "  - To mend it: {}", ink.line(&issue.claim.fix));
    }
}

/// The names in a row: `claude, gemini`.
pub(crate) fn names(ink: &Ink, workers: &[WorkerName]) -> String {
    workers.iter().map(|worker| ink.line(worker.as_str())).collect::<Vec<_>>().join(", ")
}

fn push_dissent(out: &mut String, ink: &Ink, decision: &Decision) {
    if decision.dissenters.is_empty() {
        return;
    }
    out.push_str("\n## Who disagreed, and why\n\n");
    for worker in &decision.dissenters {
        push_dissenter(out, ink, decision, worker);
    }
}

/// What one worker said against the result: its votes and the issues it raised.
pub(crate) fn push_dissenter(out: &mut String, ink: &Ink, decision: &Decision, worker: &WorkerName) {
    let votes: Vec<_> = decision.votes.iter().filter(|vote| vote.worker == *worker).map(judgement).collect();
    let votes = if votes.is_empty() { "no vote".to_owned() } else { votes.join(", ") };
    let _infallible = writeln!(out, "- **{}**: {votes}", ink.line(worker.as_str()));
    let mut raised = decision.issues.iter().filter(|issue| issue.raised_by.contains(worker)).peekable();
    if raised.peek().is_none() {
        out.push_str("  - It named no issue.\n");
    }
    for issue in raised {
        let _infallible = writeln!(out, "  - {}: {}", issue.severity().as_str(), ink.line(&issue.claim.what));
    }
}

fn judgement(vote: &Vote) -> String {
    let on = vote.candidate.map_or_else(String::new, |number| format!(" on candidate {number}"));
    let mended = if vote.reading == Reading::Repaired { " (mended JSON)" } else { "" };
    format!("{}{on}{mended}", words(vote.verdict.as_str()))
}

/// What was tried instead of argued about.
fn push_evidence(out: &mut String, ink: &Ink, decision: &Decision) {
    if decision.evidence.is_empty() {
        return;
    }
    out.push_str("\n## Evidence\n\n");
    for evidence in &decision.evidence {
        match evidence {
            Evidence::Validation { candidate, worker, command, passed, exit, at_base, .. } => {
                let how = match (passed, exit) {
                    (true, _) => "**passed**".to_owned(),
                    (false, Some(code)) => format!("**failed**, exit code {code}"),
                    (false, None) => "**failed**: it did not end by itself".to_owned(),
                };
                let base = if *passed || *at_base { "" } else { "; it fails without the change as well" };
                let (command, worker) = (ink.code(command), ink.line(worker.as_str()));
                let _infallible = writeln!(out, "- {command} on candidate {candidate} of {worker}: {how}{base}");
            }
            Evidence::Proof { claim, raised_by, worker, attempt, status, why, reproduction, .. } => {
                let place =
                    if claim.place.is_empty() { String::new() } else { format!(" at {}", ink.code(&claim.place)) };
                let became = match status {
                    IssueStatus::Confirmed => "**confirmed** by",
                    IssueStatus::Refuted => "**refuted** by",
                    IssueStatus::Claimed => "neither shown nor refuted by",
                };
                let _infallible = writeln!(
                    out,
                    "- The claim of {}{place}, {}: {became} {} (attempt {attempt}). {}",
                    names(ink, raised_by),
                    ink.line(&claim.what),
                    ink.line(worker.as_str()),
                    ink.line(why)
                );
                if let Some(shown) = reproduction {
                    let (command, observed) = (ink.code(&shown.command), ink.line(&shown.observed));
                    let _infallible =
                        writeln!(out, "  - To see it again (nobody has run this): {command} gives {observed}");
                }
            }
        }
    }
}

/// Who changed its verdict in a further round, and which way.
pub(crate) fn push_rounds(out: &mut String, ink: &Ink, decision: &Decision) {
    for round in &decision.rounds {
        let on = round.candidate.map_or_else(String::new, |number| format!(" on candidate {number}"));
        let why = ink.line(&round.why);
        let _infallible = write!(
            out,
            "\n## Round {}\n\nAsked once more{on}, with the others' answers and no names: {why}.\n\n",
            round.round
        );
        for answer in &round.answers {
            let before = words(answer.before.as_str());
            let became = match answer.after {
                None => format!("gave no answer, so {before} stands"),
                Some(after) if answer.changed => format!("went from {before} to {}", words(after.as_str())),
                Some(Stance::Abstain) if answer.before != Stance::Abstain => format!("abstained, so {before} stands"),
                Some(_) => format!("kept {before}"),
            };
            let _infallible = writeln!(out, "- **{}** {became}", ink.line(answer.worker.as_str()));
        }
    }
}

fn push_votes(out: &mut String, ink: &Ink, decision: &Decision) {
    if decision.votes.is_empty() {
        return;
    }
    out.push_str(
        "\n## Votes\n\n| worker | verdict | weight | family | family share | says of itself | pivotal |\n| --- | --- | ---: | --- | ---: | ---: | --- |\n",
    );
    for vote in &decision.votes {
        let _infallible = writeln!(
            out,
            "| {} | {} | {} | {} | {} | {} | {} |",
            ink.cell(vote.worker.as_str()),
            judgement(vote),
            share(vote.weight),
            ink.cell(&vote.family),
            share(vote.family_discount),
            vote.stated_confidence.map_or_else(|| "-".to_owned(), share),
            if vote.pivotal { "yes" } else { "no" },
        );
    }
    if !decision.posteriors.is_empty() {
        let each = |class: &crate::board::decision::ClassPosterior| {
            format!("{} {}", ink.line(&words(&class.class)), share(class.posterior))
        };
        let all: Vec<_> = decision.posteriors.iter().map(each).collect();
        let _infallible = write!(out, "\nProbabilities: {}.\n", all.join(", "));
    }
}

fn push_failed(out: &mut String, ink: &Ink, decision: &Decision) {
    if decision.failed_workers.is_empty() {
        return;
    }
    out.push_str("\n## Gave nothing\n\n");
    for failed in &decision.failed_workers {
        let name = ink.line(failed.worker.as_str());
        let _infallible = writeln!(out, "- {name}: {} after {}", ink.line(&failed.error), seconds(failed.after_s));
    }
}

/// What is known to have been spent: nothing known is not nothing spent.
fn spent(decision: &Decision) -> String {
    match decision.cost_unknown {
        0 => money(decision.cost_usd),
        _ if decision.cost_usd > 0.0 => format!("At least {}", money(decision.cost_usd)),
        _ => "Nobody told the cost".to_owned(),
    }
}

fn push_facts(out: &mut String, ink: &Ink, decision: &Decision) {
    let _infallible = write!(
        out,
        "\n## Cost and time\n\n- {} for {} tokens in and {} out\n- {} in {} attempt{}\n- Kind {}, mode {}\n",
        spent(decision),
        count(decision.tokens.input),
        count(decision.tokens.output),
        seconds(decision.duration_s),
        decision.attempts,
        if decision.attempts == 1 { "" } else { "s" },
        ink.code(decision.kind.as_str()),
        ink.line(&decision.mode),
    );
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    const ANSWER: &str = "Do not merge.\n```sql\nselect 1\n```\n## Votes\nforged";

    fn sample() -> Decision {
        serde_json::from_str(include_str!("../../../tests/fixtures/decision_event.json")).unwrap()
    }

    fn rendered() -> Value {
        json(&Ink::default(), &sample(), ANSWER)
    }

    fn validator() -> jsonschema::Validator {
        let schema = serde_json::from_str(include_str!("../../../docs/schema/decision.json")).unwrap();
        jsonschema::validator_for(&schema).unwrap()
    }

    #[test]
    fn a_cost_that_nobody_told_is_not_nothing() {
        let mut decision = Decision { cost_usd: 0.0, cost_unknown: 2, ..sample() };
        assert!(page(&Ink::default(), &decision, ANSWER, 10_000).contains("- Nobody told the cost for "));
        decision.cost_usd = 0.5;
        assert!(page(&Ink::default(), &decision, ANSWER, 10_000).contains("- At least $0.5000 for "));
    }

    #[test]
    fn the_json_fits_the_shipped_schema_and_the_answer_is_a_text() {
        let rendered = rendered();
        let faults: Vec<String> = validator().iter_errors(&rendered).map(|fault| fault.to_string()).collect();
        assert_eq!(faults, Vec::<String>::new());
        assert_eq!(rendered["answer"], ANSWER);
    }

    #[test]
    fn any_member_that_is_missing_or_of_another_type_does_not_fit() {
        let (validator, whole) = (validator(), rendered());
        for name in whole.as_object().unwrap().keys() {
            let mut less = whole.clone();
            less.as_object_mut().unwrap().remove(name);
            let optional = matches!(name.as_str(), "answer_by" | "answer_attempt");
            assert_eq!(validator.is_valid(&less), optional, "{name}");
            let mut other = whole.clone();
            other[name] = serde_json::json!([["no such thing"]]);
            assert!(!validator.is_valid(&other), "{name}");
        }
    }

    #[test]
    fn the_page_says_the_same_for_a_person() {
        let page = page(&Ink::default(), &sample(), ANSWER, 1000);
        assert_eq!(page, include_str!("../../../tests/fixtures/decision_page.md"));
    }

    #[test]
    fn an_answer_that_is_too_long_for_a_page_says_how_much_is_missing() {
        let page = page(&Ink::default(), &sample(), &"x".repeat(2000), 1000);
        assert!(page.ends_with("x\n[… 1,000 more bytes]\n```\n"), "{page}");
    }
}
