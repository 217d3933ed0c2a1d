//! The decision as memories for agents: `orchestration/coordination/<id>/consensus`, `…/conflicts`, `…/decisions`.

use super::decision::{names, push_dissenter, push_issue, push_rounds, summary};
use super::number::words;
use super::output::limited;
use crate::board::Decision;
use crate::folder::ink::Ink;
use std::fmt::Write;

/// What the workers agree on, and how firmly.
pub(crate) fn consensus(ink: &Ink, decision: &Decision) -> String {
    let mut out = format!(
        "# Consensus: {}\n\nRecommendation: **{}**\n\n{}\n\n{}\n",
        decision.task,
        words(decision.recommendation.as_str()),
        summary(decision),
        ink.paragraph(&decision.reasoning),
    );
    if !decision.review_reasons.is_empty() {
        out.push_str("\nA person should look:\n\n");
        for reason in &decision.review_reasons {
            let _infallible = writeln!(out, "- {}", ink.start(reason));
        }
    }
    out
}

/// What they do not agree on.
pub(crate) fn conflicts(ink: &Ink, decision: &Decision) -> String {
    let mut out = format!("# Conflicts: {}\n\n", decision.task);
    if decision.dissenters.is_empty() && !decision.has_conflict {
        out.push_str("None.\n");
        push_rounds(&mut out, ink, decision);
        return out;
    }
    if decision.has_conflict {
        out.push_str("The answers contradict each other.\n\n");
    }
    decision.dissenters.iter().for_each(|worker| push_dissenter(&mut out, ink, decision, worker));
    push_rounds(&mut out, ink, decision);
    out
}

/// What was decided, and what is to be done about the issues.
pub(crate) fn decisions(ink: &Ink, decision: &Decision, answer: &str, bytes_max: usize) -> String {
    let mut out =
        format!("# Decisions: {}\n\nRecommendation: **{}**\n", decision.task, words(decision.recommendation.as_str()));
    if !decision.dissenters.is_empty() {
        let _infallible = write!(out, "\nAgainst: {}\n", names(ink, &decision.dissenters));
    }
    if !decision.issues.is_empty() {
        out.push_str("\n## Issues\n\n");
        decision.issues.iter().for_each(|issue| push_issue(&mut out, ink, issue));
    }
    if !answer.is_empty() {
        let room = bytes_max.saturating_sub(out.len() + 2000);
        let _infallible = write!(out, "\n## Answer\n\n{}", ink.fenced(&limited(ink, answer, room), "markdown"));
    }
    crate::board::text::cut(&out, bytes_max).to_owned()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn sample() -> Decision {
        serde_json::from_str(include_str!("../../../tests/fixtures/decision_event.json")).unwrap()
    }

    #[test]
    fn conflicts_name_who_and_why_or_say_that_there_are_none() {
        let mut decision = sample();
        assert_eq!(
            conflicts(&Ink::default(), &decision),
            "# Conflicts: review\n\nThe answers contradict each other.\n\n- **grok**: approve (mended JSON)\n  - low: naming\n\n\
             ## Round 2\n\nAsked once more, with the others' answers and no names: the other verdict keeps a probability of 0.310.\n\n\
             - **claude** kept reject\n- **gemini** went from approve to reject\n- **grok** gave no answer, so approve stands\n"
        );
        decision.rounds.clear();
        decision.dissenters.clear();
        decision.has_conflict = false;
        assert_eq!(conflicts(&Ink::default(), &decision), "# Conflicts: review\n\nNone.\n");
    }

    #[test]
    fn the_consensus_tells_the_number_and_the_decisions_tell_what_to_do() {
        let (ink, decision) = (Ink::default(), sample());
        let consensus = consensus(&ink, &decision);
        assert!(
            consensus.contains("confidence 0.87; 0.90 is needed") && consensus.contains("- priority is critical"),
            "{consensus}"
        );
        let decisions = decisions(&ink, &decision, &"x".repeat(9000), 5000);
        assert!(decisions.contains("  - To mend it: bind the parameters") && decisions.len() <= 5000, "{decisions}");
    }
}
